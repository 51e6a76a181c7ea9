"""The command line on the sample city: answers, one JSON object, exit codes, one line for what cannot be used."""

from __future__ import annotations

import importlib
import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sample_data
from curim_data.cli.app import language, main, program
from curim_data.cli.commands import COMMANDS
from curim_data.export.safe_csv import safe_cell, safe_csv
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, translator
from curim_data.store import Home, Store
from tests.commands import Curim

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture(scope="module")
def copied(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the sample home that a test may read from and keep plans in."""
    path = tmp_path_factory.mktemp("cli") / "home"
    shutil.copytree(sample.path, path)
    return Home(path)


@pytest.fixture
def own(sample: Home, tmp_path: Path) -> Home:
    """A copy of the sample home that one test may change."""
    shutil.copytree(sample.path, tmp_path / "home")
    return Home(tmp_path / "home")


def test_counts(curim: Curim, copied: Home) -> None:
    told = curim.answer(copied, "counts", "--by", "district", "--period", "all", "--affected", "woman")
    assert set(told) == {
        *("filter", "sentence", "audience", "by", "threshold", "total", "withheld", "notes", "rows"),
    }
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


def test_hotspots(curim: Curim, copied: Home, tmp_path: Path) -> None:
    out = tmp_path / "spots.geojson"
    told = curim.answer(copied, "hotspots", "--period", "all", "--out", str(out))
    assert len(told["spots"]) >= 5
    assert told["spots"][0]["name"]
    drawn = json.loads(out.read_text())
    assert [f["properties"]["id"] for f in drawn["features"]] == [spot["id"] for spot in told["spots"]]
    here = curim.answer(copied, "hotspots", "--period", "all", "--district", "zone_1")
    assert {spot["id"] for spot in here["spots"]} < {spot["id"] for spot in told["spots"]}
    assert curim.says(copied, "hotspots", "--out", str(tmp_path / "spots.csv")).startswith("All alerts")
    assert (tmp_path / "spots.csv").read_text("utf-8-sig").startswith("rank,id,name,n,")


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
    told = curim.answer(copied, "plan", "draft", "--lang", "el", "--who", "Test")
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
def test_import_quarantine_undo(curim: Curim, own: Home, tmp_path: Path) -> None:
    before = Store(own).count()
    dry = curim.answer(own, "import", str(sample_data.DIRTY_EXPORT), "--dry-run")["files"][0]
    assert Store(own).count() == before
    told = curim.answer(own, "import", str(sample_data.DIRTY_EXPORT))["files"][0]
    assert {name: told[name] for name in ("read", "accepted")} == {name: dry[name] for name in ("read", "accepted")}
    assert told["accepted"] + told["updated"] + told["duplicate"] + told["quarantined"] == told["read"]
    again = curim.answer(own, "import", str(sample_data.DIRTY_EXPORT))["files"][0]
    assert (again["accepted"], again["updated"]) == (0, 0)
    out = tmp_path / "rows.csv"
    assert curim.answer(own, "quarantine", told["batch"], "--out", str(out))["rows"] == told["quarantined"]
    assert [b["undone"] for b in curim.answer(own, "batches")["batches"]] == [False, False, False]
    curim.answer(own, "undo", told["batch"])
    assert Store(own).count() == before
    assert "undone" in curim.refuses("undo", told["batch"], "--home", str(own.path))


@pytest.mark.slow
def test_a_file_that_cannot_be_used_does_not_stop_the_others(capsys: Capture, tmp_path: Path) -> None:
    bad = tmp_path / "picture.csv"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    home = tmp_path / "new"
    words = ["import", str(bad), str(sample_data.LATER_EXPORT), "--home", str(home), "--json"]
    assert main(words) == 2
    printed = capsys.readouterr()
    files = json.loads(printed.out)["files"]
    assert "error" in files[0]
    assert files[1]["accepted"] > 0
    assert "picture.csv" in printed.err


@pytest.mark.slow
def test_city_show_and_refresh(curim: Curim, own: Home) -> None:
    told = curim.answer(own, "city", "show")
    assert told["alerts"] == Store(own).count()
    districts = own.city_folder / "districts.geojson"
    districts.write_text(districts.read_text().replace('"zone_1"', '"harbour"'))
    refreshed = curim.answer(own, "city", "refresh")
    assert refreshed["alerts"] == told["alerts"]
    assert refreshed["profile_version"] != told["version"]
    rows = curim.answer(own, "counts", "--by", "district", "--period", "all")["rows"]
    assert "harbour" in {row["district"] for row in rows}
    assert "zone_1" not in {row["district"] for row in rows}
    assert not curim.answer(own, "batches")["batches"][0]["undone"]


WITHOUT_AUDIENCE = [["batches"], ["quarantine", "x"], ["plan", "list"], ["plan", "show", "x"], ["plan", "export", "x"]]
UNUSABLE = [
    (["counts", "--period", "yesterday"], "--period yesterday"),
    (["counts", "--from", "1 March"], "1 March"),
    (["counts", "--category", "nothing"], "--category nothing"),
    (["counts", "--by", "alert_id"], "alert_id"),
    (["counts", "--by", "week,week"], "week,week"),
    (["counts", "--by", "week", "--resolution", "9"], "--resolution"),
    (["counts", "--by", "cell", "--resolution", "3"], "4 to 12"),
    (["counts", "--by", "cell", "--resolution", "12", "--audience", "council"], "smaller than those of resolution 9"),
    (["counts", "--by", "week", "--out", "/proc/nothing/a.csv"], "cannot be written"),
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
            assert all(getattr(option, "help", "") for option in node.params), name
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
    """A command of typer's and all below it, with their paths."""
    yield name, node
    for word, child in getattr(node, "commands", {}).items():
        yield from nodes(child, f"{name} {word}")


def test_help(capsys: Capture) -> None:
    assert main(["counts", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"--{word}" in printed for field in AlertFilter.fields() for word in field.words)
    assert main([]) == 0
    assert "hotspots" in capsys.readouterr().out


def test_the_reader_s_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language(["counts", "--lang", "fr"]) == language(["--lang=fr"]) == "fr"
    monkeypatch.delenv("CURIM_LANG")
    monkeypatch.setenv("LC_ALL", "el_GR.UTF-8")
    assert language([]) == "el"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert language([]) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@a",
        "\tx",
        "\rx",
        "\0x",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        " \u00a0+1",
        "＝1",
        "\n=1",
        "\ufeff=1",
    ],
)
def test_formulas_are_made_texts(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_safe_csv() -> None:
    import datetime as dt

    import pandas as pd

    frame = pd.DataFrame(
        {
            "=name": ["a,b", 'say "x"', "line\nbreak"],
            "n": [1.0, -2.5, None],
            "day": pd.to_datetime(["2025-01-01", None, "2025-01-03"]),
            "date": [dt.date(2025, 1, 1), None, dt.date(2025, 1, 3)],
            "yes": [True, False, True],
        }
    )
    assert safe_csv(frame) == (
        "'=name,n,day,date,yes\r\n"
        '"a,b",1,2025-01-01,2025-01-01,true\r\n'
        '"say ""x""",-2.5,,,false\r\n'
        '"line\nbreak",,2025-01-03,2025-01-03,true\r\n'
    )


def test_nothing_is_served_to_other_computers_without_sign_in(
    curim: Curim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "no sign-in is configured" in curim.refuses("serve", "--address", "0.0.0.0", "--home", str(tmp_path))
