"""The command line: one JSON object, exit codes, one line for what cannot be used, the record, the city's profile."""

from __future__ import annotations

import csv
import datetime as dt
import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely

import sample_data
from curim_data.cli.app import language, main, program
from curim_data.cli.commands import COMMANDS
from curim_data.export.safe_csv import safe_cell, safe_csv
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import LANGUAGES, CityProfile, translator
from curim_data.plans.database import Database
from curim_data.plans.record import NO_LIMITS, Refusal, SignIns
from curim_data.privacy import help_lines
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.commands import Curim

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture(scope="module")
def copied(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("cli") / "home"
    shutil.copytree(sample.path, path)
    return Home(path)


def test_counts(curim: Curim, copied: Home) -> None:
    told = curim.answer(copied, "counts", "--by", "district", "--period", "all", "--affected", "woman")
    assert set(told) == {*("filter", "sentence", "audience", "by", "threshold", "total", "withheld", "notes", "rows")}
    assert told["filter"] == {"period": "all", "affected": "woman"}
    assert told["total"] == sum(row["n"] for row in told["rows"])
    assert {"zone_1", "zone_5"} <= {row["district"] for row in told["rows"]}


def test_the_council_gets_no_small_counts(curim: Curim, copied: Home) -> None:
    told = curim.answer(copied, "counts", "--by", "category,affected_gender,district", "--audience", "council")
    assert told["threshold"] == 10
    assert told["withheld"] > 0
    sensitive = copied.city().sensitive
    least = {True: 10, False: 5}
    for row in told["rows"]:
        k = least[row["category"] in sensitive]
        assert set(row) == {"category", "affected_gender", "district", "n", "fewer_than"}
        assert row["fewer_than"] == (k if row["n"] is None else None)
        assert row["n"] is None or row["n"] == 0 or row["n"] >= k
    assert sum(row["n"] is None for row in told["rows"]) == told["withheld"]
    assert any(5 <= row["n"] < 10 for row in told["rows"] if row["n"] is not None)


def test_trends(curim: Curim, copied: Home) -> None:
    told = curim.answer(copied, "trends", "--by", "month")
    assert len(told["rows"]) == 12
    assert told["rows"][-1]["month"] == "2026-10-01"
    assert told["told"]
    assert {one["level"] for one in told["events"]} == {"event"}
    weeks = curim.answer(copied, "trends", "--period", "all")
    for shift in weeks["shifts"]:
        assert set(shift) == {"from", "direction", "before", "after"}
        assert shift["direction"] == ("up" if shift["after"] > shift["before"] else "down")
        assert shift["from"] in {row["week"] for row in weeks["rows"]}


def test_plans(curim: Curim, copied: Home, tmp_path: Path) -> None:
    told = curim.answer(copied, "plan", "draft", "--lang", "el")
    plan = told["plan"]
    assert plan["language"] == "el"
    assert plan["problem"]["cells"]
    listed = curim.answer(copied, "plan", "list")["plans"]
    assert plan["id"] in {entry["id"] for entry in listed}
    assert curim.answer(copied, "plan", "show", plan["id"])["plan"]["title"] == plan["title"]
    for name, start in (("plan.pdf", b"%PDF"), ("plan.docx", b"PK"), ("plan.json", b"{")):
        curim.answer(copied, "plan", "export", plan["id"], "--out", str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(start)
    home = ("--home", str(copied.path))
    assert "plan.txt" in curim.refuses("plan", "export", plan["id"], "--out", str(tmp_path / "plan.txt"), *home)
    assert "nobody" in curim.refuses("plan", "show", "nobody", *home)
    assert "--spot 99" in curim.refuses("plan", "draft", "--spot", "99", *home)


@pytest.mark.slow
def test_import_quarantine_undo(curim: Curim, home: Home, tmp_path: Path) -> None:
    dry = curim.answer(home, "import", str(sample_data.DIRTY_EXPORT), "--dry-run")["files"][0]
    assert Store(home).count() == 0
    told = curim.answer(home, "import", str(sample_data.DIRTY_EXPORT))["files"][0]
    assert {name: told[name] for name in ("read", "accepted")} == {name: dry[name] for name in ("read", "accepted")}
    assert told["accepted"] + told["updated"] + told["duplicate"] + told["quarantined"] == told["read"]
    again = curim.answer(home, "import", str(sample_data.DIRTY_EXPORT))["files"][0]
    assert (again["accepted"], again["updated"]) == (0, 0)
    out = tmp_path / "rows.csv"
    assert curim.answer(home, "quarantine", told["batch"], "--out", str(out))["rows"] == told["quarantined"]
    assert [b["undone"] for b in curim.answer(home, "batches")["batches"]] == [False, False]
    curim.answer(home, "undo", told["batch"])
    assert Store(home).count() == 0
    assert "undone" in curim.refuses("undo", told["batch"], "--home", str(home.path))


WITHOUT_AUDIENCE = [["batches"], ["quarantine", "x"], ["plan", "list"], ["plan", "export", "x"]]
UNUSABLE = [
    (["counts", "--period", "yesterday"], "--period yesterday"),
    (["counts", "--from", "1 March"], "--from 1 March: give for example 2025-03-01."),
    (["counts", "--hours", "20"], "--hours 20: give for example 20-5"),
    (["counts", "--light", "dusk"], "--light dusk: possible values are dark | day."),
    (["counts", "--from", "2025-05-01", "--to", "2025-04-01"], "1 May 2025 and “to” 1 April 2025 are in reverse order"),
    (["meetings", "add", "31.3.2026"], "curim: 31.3.2026 is not a date such as 2025-05-03."),
    (["brief", "--since", "31.3.2026"], "--since 31.3.2026 is not a date such as 2025-05-03."),
    (["counts", "--category", "nothing"], "--category nothing: possible values are graffiti, "),
    (["counts", "--by", "alert_id"], "alert_id"),
    (["counts", "--by", "week,week"], "week,week"),
    (["counts", "--by", "week", "--resolution", "9"], "--resolution"),
    (["counts", "--by", "cell", "--resolution", "3"], "4<=x<=12"),
    (["counts", "--by", "cell", "--resolution", "12", "--audience", "council"], "smaller than those of resolution 9"),
    (["counts", "--by", "week", "--out", "/proc/nothing/a.csv"], "cannot be read or written"),
    (["counts", "--by", "week", "--out", "a.txt"], ".csv"),
    (["hotspots", "--method", "clusters", "--audience", "council"], "exact alerts"),
    (["hotspots", "--method", "magic"], "magic"),
    (["undo", "nothing"], "nothing"),
    (["counts", "--lang", "de"], "de"),
    (["nothing"], "nothing"),
    (["plan"], ""),
    (["counts", "--audience", "king"], "king"),
    (["import", str(sample_data.DIRTY_EXPORT), "--home", "/proc/nothing"], "/proc/nothing"),
    *(([*path, "--audience", "council"], "--audience") for path in WITHOUT_AUDIENCE),
]


@pytest.mark.parametrize(("words", "said"), UNUSABLE, ids=lambda case: " ".join(case) if isinstance(case, list) else "")
def test_what_cannot_be_used_is_one_line(
    curim: Curim, copied: Home, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setenv("CURIM_HOME", str(copied.path))
    assert said in curim.refuses(*words)


def test_every_command_has_its_help_in_every_language() -> None:
    shown: dict[str, set[str]] = {}
    for lang in LANGUAGES:
        for name, node in nodes(program(translator(lang))):
            assert node.help, name
            shown_anyway = (option for option in node.params if hasattr(option.type, "choices") or option.default)
            assert {option.name for option in node.params if not option.help} <= {o.name for o in shown_anyway}, name
            if not getattr(node, "commands", {}):
                assert {"--json", "--lang", "--home"} <= {word for option in node.params for word in option.opts}, name
            shown.setdefault(name, set()).add(node.help)
    assert len(shown) > 30
    assert all(len(texts) == len(LANGUAGES) for texts in shown.values())


WHAT_COUNTS = {"pandas", "numpy", "scipy", "duckdb", "shapely", "h3", "pyarrow", "sqlalchemy", "rich.console"}


def test_no_command_starts_with_what_counts() -> None:
    """The help of a command, and what is wrong with its arguments, waits for nothing that only its work needs."""
    script = (
        "import sys; from curim_data.cli.app import main\n"
        "for name in sys.argv[1:]: assert main([*name.split(), '--no-such-option']) == 2\n"
        "print(*sorted(sys.modules))"
    )
    loaded = subprocess.check_output([sys.executable, "-c", script, *COMMANDS], text=True, stderr=subprocess.DEVNULL)
    assert "curim_data.filters" in loaded.split()
    assert set(loaded.split()).isdisjoint(WHAT_COUNTS)


def test_every_command_is_a_function_of_its_options() -> None:
    for path, command in COMMANDS.items():
        place, *words = command.run.split()
        module, name = place.split(".")
        function = inspect.signature(getattr(importlib.import_module(f"curim_data.cli.{module}"), name))
        function.bind(None, *words, **{option.name: None for option in command.options}), path


def nodes(node: Any, name: str = "curim") -> Iterator[tuple[str, Any]]:
    yield name, node
    for word, child in getattr(node, "commands", {}).items():
        yield from nodes(child, f"{name} {word}")


def test_help_and_the_readers_language(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["counts", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"--{word}" in printed for field in AlertFilter.fields() for word in field.words)
    assert main([]) == 0
    assert "hotspots" in capsys.readouterr().out
    assert language(["counts", "--lang", "fr"]) == language(["--lang=fr"]) == "fr"
    monkeypatch.delenv("CURIM_LANG")
    monkeypatch.setenv("LC_ALL", "el_GR.UTF-8")
    assert language([]) == "el"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert language([]) == "en"


def test_safe_csv() -> None:
    date = [dt.date(2025, 1, 1), None, dt.date(2025, 1, 3)]
    frame = pd.DataFrame({"=name": ["a,b", 'say "x"', "line\nbreak"], "n": [1.0, -2.5, None]})
    frame = frame.assign(day=pd.to_datetime(date), date=date, yes=[True, False, True])
    assert safe_csv(frame) == (
        "'=name,n,day,date,yes\r\n"
        '"a,b",1,2025-01-01,2025-01-01,true\r\n'
        '"say ""x""",-2.5,,,false\r\n'
        '"line\nbreak",,2025-01-03,2025-01-03,true\r\n'
    )
    odd = ("＝1", "\u00a0=1", "\u200b=1", " \u00a0+1", "\ufeff=1")
    for text in ("=1+1", "+1", "-1", "@a", "\tx", "\rx", "\0x", " =1", "\n=1", *odd):
        assert safe_cell(text) == f"'{text}"


def test_nothing_is_served_without_sign_in(curim: Curim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "no sign-in is configured" in curim.refuses("serve", "--address", "0.0.0.0", "--home", str(tmp_path))


ROWS = (
    "alert_id,reported_at,category,latitude,longitude\n"
    "A-1,2025-03-01T10:00,noise,37.945,23.640\n"
    "A-2,2025-03-02T23:00,noise,37.946,23.641\n"
    "A-3,2025-03-03T12:00,lighting_poor,37.947,23.642\n"
)
MORE = ROWS.replace("A-", "B-").replace("2025-03", "2025-04")


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A city with three alerts; a clerk gives the commands."""
    monkeypatch.setattr("getpass.getuser", lambda: "clerk")
    home = create_home(tmp_path / "home", sample_data.PROFILE)
    import_file(home, ROWS.encode(), "march.csv")
    (tmp_path / "april.csv").write_text(MORE, "utf-8")
    return home


@pytest.mark.slow
def test_commands_are_recorded_without_ids_of_alerts(curim: Curim, recorded: Home, tmp_path: Path) -> None:
    own, out = recorded, tmp_path / "record.csv"
    done = curim.answer(own, "import", str(tmp_path / "april.csv"))["files"][0]
    curim.answer(own, "import", str(tmp_path / "april.csv"), "--dry-run")
    curim.answer(own, "counts", "--by", "week", "--light", "dark", "--audience", "council")
    curim.answer(own, "export", "--affected", "woman", "--out", str(tmp_path / "women.csv"))
    curim.answer(own, "meetings", "add", "2025-05-03", "Plenary")
    curim.answer(own, "meetings", "list")
    curim.answer(own, "undo", done["batch"])
    curim.answer(own, "erase", "A-1", "A-2", "--yes")
    curim.refuses("counts", "--by", "nothing", "--home", str(own.path))
    told = curim.answer(own, "audit")
    assert told["n"] == len(told["record"]) == 8
    assert [(row["deed"], row["subject"], row["role"], row["query"]) for row in reversed(told["record"])] == [
        ("import", "curim import april.csv", "analyst", ""),
        ("command", "curim import april.csv", "analyst", ""),
        ("command", "curim counts", "council", "light=dark"),
        ("download", "curim export → women.csv", "analyst", "affected=woman&period=all"),
        ("change", "curim meetings add", "analyst", ""),
        ("command", "curim meetings list", "analyst", ""),
        ("undo", f"curim undo {done['batch']}", "analyst", ""),
        ("erase", "curim erase (2)", "analyst", ""),
    ]
    assert {row["who"] for row in told["record"]} == {"clerk"}
    assert not re.search(r"\b[AB]-\d", json.dumps(told))
    narrowed = curim.answer(own, "audit", "--deed", "change", "--since", "2020-01-01")["record"]
    assert [row["subject"] for row in narrowed] == ["curim meetings add"]
    for nobody in (("--who", "nobody"), ("--until", "2020-01-01")):
        assert curim.answer(own, "audit", *nobody)["n"] == 0
    assert "12 rows written" in curim.says(own, "audit", "--out", str(out)), "looking at the record is recorded too"
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)][-1] == "curim import april.csv"
    assert "Change made" in curim.says(own, "audit")


def test_sign_ins_that_go_on_are_shown_and_ended(curim: Curim, recorded: Home) -> None:
    signed, now = SignIns(Database(recorded.plans_url)), time.time()
    for key, who in (("a", "mayor@city.example"), ("b", "clerk@city.example"), ("c", "mayor@city.example")):
        assert signed.check(key, now, NO_LIMITS, who) is None
    assert "clerk@city.example" in curim.says(recorded, "sessions")
    told = curim.answer(recorded, "sessions", "--who", "Mayor@city.example", "--end")
    assert told["n"] == 2
    assert [one["who"] for one in curim.answer(recorded, "sessions")["sessions"]] == ["clerk@city.example"]
    assert signed.check("a", now, NO_LIMITS) is Refusal.SIGNED_OUT
    assert signed.check("b", now, NO_LIMITS) is None


def test_a_mark_of_history_and_record_is_told_and_asked_for(curim: Curim, recorded: Home) -> None:
    curim.says(recorded, "keep", "upgrade")
    mark = curim.answer(recorded, "keep", "verify")["holds"]["sealed"]
    assert "unchanged" in curim.says(recorded, "keep", "verify", "--mark", mark)
    assert "ffff" in curim.refuses("keep", "verify", "--mark", "ffff", "--home", str(recorded.path))


def test_what_is_not_recorded_stops_no_command(
    curim: Curim, sample: Home, tmp_path: Path, recorded: Home, caplog: pytest.LogCaptureFixture
) -> None:
    curim.says(sample, "batches")
    curim.refuses("batches", "--home", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()
    assert curim.answer(sample, "audit")["n"] == 0
    (recorded.path / "plans.sqlite").mkdir()
    assert curim.answer(recorded, "batches")["batches"]
    assert "could not be written" in caplog.text


def shapes(path: Path, **named: shapely.Geometry) -> Path:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}
        for name, shape in named.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


@pytest.mark.slow
def test_a_city_from_its_districts_on(curim: Curim, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    def answer(*words: str) -> dict[str, Any]:
        return curim.answer(home, "city", *words)

    west, east = shapely.box(2.33, 48.83, 2.35, 48.87), shapely.box(2.35, 48.83, 2.37, 48.87)
    areas = shapes(tmp_path / "Lutetia.geojson", West=west, East=east)
    told = answer("districts", str(areas), "--names-in", "fr")
    assert (told["n"], told["alerts"], told["notes"]) == (2, 0, [])
    shown = answer("show")
    assert (shown["city"], shown["provisional"], shown["districts"]) == ("Lutetia", False, ["west", "east"])
    assert (shown["epsg"], shown["timezone"]) == (32631, "Europe/Paris")
    people = tmp_path / "p.csv"
    people.write_text("district;women;men\nwest;10;11\neast;5;4\n", "utf-8")
    assert answer("population", str(people))["n"] == 2
    (tmp_path / "l.csv").write_text("name,longitude,latitude\nTower,2.35,48.85\n", "utf-8")
    assert answer("landmarks", str(tmp_path / "l.csv"))["n"] == 1
    line = shapely.LineString([(2.33, 48.83), (2.37, 48.87)])
    assert answer("streets", str(shapes(tmp_path / "s.geojson", Main=line)))["n"] == 1
    (tmp_path / "c.csv").write_text("id,kind,label_en\nnoise,incivility,Noise\n", "utf-8")
    assert answer("categories", str(tmp_path / "c.csv"))["n"] == 1
    (tmp_path / "h.csv").write_text("text_en,text_fr\n999: any emergency,999 : urgences\n", "utf-8")
    answer("helplines", str(tmp_path / "h.csv"))
    lines = [help_lines(home.city(), translator(lang)) for lang in ("en", "fr")]
    assert lines == [("999: any emergency",), ("999 : urgences",)]
    answer("land", str(shapes(tmp_path / "land.geojson", all=west)))
    answer("name", "Paris", "--timezone", "Europe/Brussels", "--epsg", "2154")
    shown = answer("show")
    assert (shown["city"], shown["landmarks"], shown["streets"], shown["population"]) == ("Paris", ["tower"], 1, True)
    assert (shown["epsg"], shown["timezone"], shown["categories"]) == (2154, "Europe/Brussels", ["noise"])
    listed = answer("versions")["versions"]
    assert [version["current"] for version in listed] == [True] + [False] * 8
    assert answer("restore", told["profile_version"])["before"] == shown["version"]
    assert answer("show")["version"] == told["profile_version"]
    assert answer("refresh")["profile_version"] == told["profile_version"]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["districts", "FILE"], "cannot be read as shapes"),
        (["population", "FILE"], "There is no city"),
        (["restore", "abc"], "There is no city"),
    ],
)
def test_what_cannot_be_used_for_a_city_is_one_line(curim: Curim, tmp_path: Path, words: list[str], match: str) -> None:
    (tmp_path / "file").write_bytes(b"nothing of use")
    given = [str(tmp_path / "file") if word == "FILE" else word for word in words]
    assert match in curim.refuses("city", *given, "--home", str(tmp_path / "home"))
    assert not Home(tmp_path / "home").has_city()


def test_help_lines_of_the_city_come_first_and_in_the_reader_s_language(city: CityProfile) -> None:
    own = replace(city, help_lines=({"en": "15900: women", "el": "15900: γυναίκες"},))
    assert help_lines(own, translator("en")) == ("15900: women",)
    assert help_lines(own, translator("el")) == ("15900: γυναίκες",)


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Nicosia"])
def test_european_help_lines_stand_in_within_the_union(city: CityProfile, zone: str) -> None:
    lines = help_lines(replace(city, help_lines=(), timezone=zone), translator("en"))
    assert [line.partition(":")[0] for line in lines] == ["112", "116 006"]


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/London", "Asia/Kolkata", "UTC"])
def test_no_help_line_is_given_where_none_is_known_to_apply(city: CityProfile, zone: str) -> None:
    assert help_lines(replace(city, help_lines=(), timezone=zone), translator("en")) == ()
