"""What a file does not say is asked, with counts, choices and a default, and the answer is applied."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curim_data import formats
from curim_data.cli import main
from curim_data.containers.text import one_byte_encoding
from curim_data.engine import open_source
from curim_data.formats.base import Layout, fold
from curim_data.formats.columns import DateFormat, parse_dates
from curim_data.importing.pipeline import ImportReport, import_file, preview
from curim_data.importing.questions import meanings
from curim_data.model import DAY_FIRST, MOST_QUESTIONS, Answers, ImportProblem, translator
from curim_data.store import Home, Store
from curim_data.store.commits import covered
from curim_data.store.erase import erase

T = translator("en")
CATEGORIES = ("Geluid", "Afval", "Diefstal", "Vernieling")


def export(columns: dict[str, Sequence[Any]], n: int = 240) -> bytes:
    rows = [
        ";".join([
            f"M-{1000 + at}", f"2025-{1 + at % 6:02}-{1 + at % 28:02}", CATEGORIES[at % 4],
            f"{52.09 + at % 17 / 900:.5f}", f"{5.11 + at % 13 / 700:.5f}",
            *(str(values[at % len(values)]) for values in columns.values()),
        ])
        for at in range(n)
    ]  # fmt: skip
    return "\n".join([";".join(["nummer", "datum", "categorie", "latitude", "longitude", *columns]), *rows]).encode()


def brought(home: Path, content: bytes, **answers: Any) -> ImportReport:
    return import_file(Home(home), content, "meldingen.csv", city_name="Utrecht", answers=Answers(**answers))


def asked(report: ImportReport) -> dict[str, tuple[str, str | None]]:
    return {one.about: (T(one.message), one.default) for one in report.questions}


def stored(home: Path, column: str) -> dict[str, int]:
    values = Store(Home(home)).read([column])[column].to_pylist()
    return {value: values.count(value) for value in dict.fromkeys(values)}


def test_words_of_genders_and_states_that_nobody_knows_are_asked_and_answered(tmp_path: Path) -> None:
    """Of Turkish words only those of men are known: nobody is taken for not known in silence."""
    content = export({"geslacht": ["Kadın", "Man", "Kadın", "Man", "Kadın"], "status": ["Nieuw", "Kwijtgeraakt"]})
    report = brought(tmp_path / "a", content)
    assert [(T(one.message), one.default) for one in report.questions[:3]] == [
        ("geslacht: Kadın 144, Man 96. Whose gender is it?", "affected"),
        ("geslacht: “Kadın” 144 (known: Man 96). What does “Kadın” mean?", "Kadın=unknown"),
        ("status: “Kwijtgeraakt” 120 (known: Nieuw 120). What does “Kwijtgeraakt” mean?", "Kwijtgeraakt=open"),
    ]
    assert stored(tmp_path / "a", "affected_gender") == {"unknown": 144, "man": 96}
    brought(tmp_path / "b", content, means="Kadın=woman; Kwijtgeraakt=rejected", gender="reporter")
    assert stored(tmp_path / "b", "reporter_gender") == {"woman": 144, "man": 96}
    assert stored(tmp_path / "b", "affected_gender") == {"unknown": 240}
    assert stored(tmp_path / "b", "status") == {"open": 120, "rejected": 120}
    brought(tmp_path / "b", content.replace(b"M-", b"N-"), means="Kwijtgeraakt=open")  # and the rest is remembered
    assert stored(tmp_path / "b", "reporter_gender") == {"woman": 288, "man": 192}
    with pytest.raises(ImportProblem, match="means=Kadın=dame is not known"):
        brought(tmp_path / "c", content, means="Kadın=dame")
    assert list(meanings(Answers(means="Open; zo=resolved;Man = man"))) == [fold("Open; zo"), "man"]


def test_a_column_that_may_hold_a_gender_is_asked_about_and_not_used_before(tmp_path: Path) -> None:
    content = export({"wie": ["Vrouw", "Man", "Groep", "Bedrijf"]})
    report = brought(tmp_path / "a", content)
    assert asked(report)["gender"][1] == "none"
    assert stored(tmp_path / "a", "affected_gender") == {"unknown": 240}
    brought(tmp_path / "b", content, gender="affected")
    assert stored(tmp_path / "b", "affected_gender") == {"woman": 60, "man": 60, "unknown": 120}


def test_midnight_in_excess_is_no_hour_unless_a_person_says_so(tmp_path: Path) -> None:
    content = export({"tijdstip": ["00:00", "08:15", "17:40", "22:05"]})
    report = brought(tmp_path / "a", content)
    assert asked(report)["midnight"][1] == "unknown"
    assert "60 of 240 times are exactly 00:00" in asked(report)["midnight"][0]
    assert stored(tmp_path / "a", "hour") == {None: 60, 8: 60, 17: 60, 22: 60}
    brought(tmp_path / "b", content, midnight="known")
    assert stored(tmp_path / "b", "hour") == {0: 60, 8: 60, 17: 60, 22: 60}
    even = export({"tijdstip": [f"{hour:02}:00" for hour in range(24)]})
    assert "midnight" not in asked(brought(tmp_path / "c", even))
    brought(tmp_path / "c", even.replace(b"M-", b"N-"), midnight="unknown")  # what a person says holds in any file
    assert stored(tmp_path / "c", "hour")[0] == 10 == stored(tmp_path / "c", "hour")[None]


def _month(numbers: Iterable[int], status: str = "Nieuw", month: int = 1) -> bytes:
    day = {n: f"2025-{month:02}-{1 + n % 28:02};{CATEGORIES[n % 4]};{52.09 + n % 17 / 900}" for n in numbers}
    rows = (f"M-{n};{said};{5.11 + n % 13 / 700};{status}" for n, said in day.items())
    return "\n".join(["nummer;datum;categorie;latitude;longitude;status", *rows]).encode()


def test_an_older_file_takes_no_correction_back_unless_a_person_says_so(tmp_path: Path) -> None:
    january = _month(range(100, 160))
    february = _month(range(200, 260), month=2) + b"\nM-99;2025-01-27;Afval;52.09;5.11;Nieuw"
    parts = (_month(range(100, 124), "Afgehandeld"), _month(range(124, 160)), february)
    later = b"\n".join(part.split(b"\n", 1)[1] if at else part for at, part in enumerate(parts))
    for content in (january, later):
        brought(tmp_path, content)
    report = brought(tmp_path, january)
    assert (report.batch.updated, report.batch.duplicate) == (0, 60)
    assert asked(report)["older"][1] == "keep"
    assert "would change back: 24." in asked(report)["older"][0]
    assert stored(tmp_path, "status") == {"resolved": 24, "open": 97}
    assert brought(tmp_path, january, gone="withdrawn").batch.withdrawn == 0  # of alerts that came after it
    assert brought(tmp_path, january, older="replace").batch.updated == 24
    assert stored(tmp_path, "status") == {"open": 121}
    # Neither days without alerts that a file is said to cover nor one mistyped date make the next file an older one.
    mistyped = january.replace(b"M-100;2025-01-17", b"M-100;2025-12-01")
    for name, first, covers in (("b", january, "2025-01-01/2025-01-31"), ("c", mistyped, None)):
        brought(tmp_path / name, first, covers=covers)
        report = brought(tmp_path / name, parts[0] + b"\n" + parts[1].split(b"\n", 1)[1])
        assert (report.batch.updated, asked(report).get("older")) == (24, None)


def test_alerts_that_the_file_lacks_are_asked_about_and_can_be_withdrawn(tmp_path: Path) -> None:
    """Of 60 alerts five are gone: kept, or rejected; an undo gives them back, and a file that has them again too."""
    whole, part = _month(range(100, 160)), _month([n for n in range(100, 160) if n % 12])
    brought(tmp_path, whole)
    report = brought(tmp_path, part)
    assert "5 of 60 alerts" in asked(report)["gone"][0]
    assert (asked(report)["gone"][1], stored(tmp_path, "status")) == ("keep", {"open": 60})
    report = brought(tmp_path, part, gone="withdrawn")
    assert (report.batch.withdrawn, report.batch.duplicate) == (5, 55)
    assert stored(tmp_path, "status") == {"open": 55, "rejected": 5}
    assert not brought(tmp_path, part).changes.missing.n
    assert Store(Home(tmp_path)).undo(report.batch.id).restored == 5
    assert stored(tmp_path, "status") == {"open": 60}
    brought(tmp_path, part, gone="withdrawn")
    assert brought(tmp_path, whole).batch.updated == 5
    assert stored(tmp_path, "status") == {"open": 60}
    brought(tmp_path / "b", whole + b"\nM-120;2025-01-09;Fietsen;52.09;5.11;Nieuw")
    brought(tmp_path / "b", part, gone="withdrawn")
    assert erase(Home(tmp_path / "b"), ["M-120"]).alerts == 1  # and its other victim stays
    brought(tmp_path / "b", whole)
    assert "M-120" not in stored(tmp_path / "b", "alert_id")


def test_blanks_separate_the_answers_of_a_form_unless_a_person_says_no(tmp_path: Path) -> None:
    several = ["theft", "noise theft", "litter", "theft litter poor_light", "noise", "poor_light", "litter noise"]
    rows = [f"2025-01-{1 + n % 28:02},{52 + n % 17 / 900},{5 + n % 13 / 700},{several[n % 7]}" for n in range(140)]
    content = "\n".join(["day,lat,lon,incident_type", *rows]).encode()
    report = brought(tmp_path / "a", content)
    assert asked(report)["separator"][1] == "space"
    found = Store(Home(tmp_path / "a")).read(["category", "more_categories"]).to_pylist()
    assert {row["category"] for row in found} == {"theft", "noise", "litter", "poor_light"}
    assert sum(len(row["more_categories"] or ()) for row in found) == 80
    brought(tmp_path / "b", content, separator="none")
    assert len(stored(tmp_path / "b", "category")) == 7


def test_a_column_that_nobody_understands_can_be_named_as_the_category(tmp_path: Path) -> None:
    content = re.sub(rb"Gel\w+|Af\w+|Dief\w+|Vern\w+", lambda one: one[0][::-1], export({})).replace(
        b"categorie", b"druh"
    )
    assert "druh" in asked(brought(tmp_path / "a", content))["category"][0]
    report = brought(tmp_path / "b", content, category="Druh")
    assert "category" not in asked(report)
    assert len(stored(tmp_path / "b", "category")) == len(CATEGORIES)
    assert not any("is answered by" in T(one) for one in report.decisions)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "dátum;kategória\nKözterületi szemét\nZajongás éjjel\nŐrült sofőr, űrhajó, nő\nRossz közvilágítás"),
        ("iso-8859-2", "data zgłoszenia\nKradzież roweru\nHałas nocą\nDzikie wysypisko śmieci\nŹle oświetlenie"),
        ("cp1257", "ziņojuma veids\nZādzība\nTroksnis naktī\nvīrietis\nSlikts apgaismojums, ķīmija, ļoti, ģimene, žū"),
        ("cp1254", "kategori\nHırsızlık\nGürültü şikayeti\naçık\nkadın\nÇöp, ışıklandırma, yağma, ağır, şüpheli"),
        ("cp1252", "número;categoría\nRobo con intimidación\nniño, señal\niluminación, agresión"),
        ("windows-1252", "flokkur\nþjófnaður\nhávaði um nótt\nbíll á gangstétt\nveggjakrot, ölvun, sæmd, ýmislegt"),
        ("cp1252", "Kategorie/categoria\nLärm\nDiebstahl in der Straße\nCittà, verrà, più, così\nÜberfall"),
        ("cp1252", "Ort;catégorie\nGenève;bruit\nZürich;Lärm\nNeuchâtel;Diebstahl, Körperverletzung"),
        ("cp1252", "category;place\nTheft over £100;Café Nero"),
        ("cp1253", "Ημερομηνία;Κατηγορία\nΚλοπή\nΘόρυβος τη νύχτα\nΆνδρας"),
    ],
)
def test_letters_of_each_language_are_read(encoding: str, text: str) -> None:
    assert text.encode(encoding).decode(one_byte_encoding(text.encode(encoding))) == text


def test_each_import_keeps_the_days_that_it_covers(tmp_path: Path) -> None:
    brought(tmp_path, _month(range(100, 160)), covers="2025-01-01/2025-01-31")
    brought(tmp_path, _month(range(200, 260), month=2))
    brought(tmp_path, _month(range(300, 360), month=5))
    spans = covered(Store(Home(tmp_path)).batches())["guessed"]
    assert [f"{first}/{last}" for first, last in spans] == ["2025-01-01/2025-02-28", "2025-05-01/2025-05-28"]
    few = _month([n for n in range(300, 360) if n % 28 != 27], month=5)  # nothing of the last day
    assert "2 of 60 alerts" in asked(brought(tmp_path, few, covers="2025-05-01/2025-05-31"))["gone"][0]
    assert not asked(brought(tmp_path, few)).get("gone")
    with pytest.raises(ImportProblem, match="covers=May is not known"):
        brought(tmp_path, few, covers="May")


def test_days_that_imports_declare_are_covered_and_those_between_them_are_not(tmp_path: Path) -> None:
    brought(tmp_path, _month(range(100, 160)), covers="2025-01-01/2025-03-31")
    brought(tmp_path, _month(range(300, 360), month=5), covers="2025-05-01/2025-05-31")
    gaps = [f"{gap.first}/{gap.last}" for gap in open_source(Home(tmp_path)).coverage.gaps]
    assert gaps == ["2025-04-01/2025-04-30"]  # nothing happened in February and March


def test_the_command_has_the_questions_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"geslacht": ["Kadın", "Man", "Belirsiz"], "tijdstip": ["00:00", "09:30"], "status": ["Kwijt", "Zoek"]}
    (tmp_path / "a.csv").write_bytes(export(columns))
    words = ["import", str(tmp_path / "a.csv"), "--city", "Utrecht", "--dry-run", "--home", str(tmp_path / "home")]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["files"][0]["questions"]
    listed = preview(tmp_path / "a.csv", "a.csv", None).report.questions
    assert [(one["about"], one["default"]) for one in told] == [(one.about, one.default) for one in listed]
    assert (len(told), told[0]["about"]) == (MOST_QUESTIONS, "midnight")
    assert main([*words, "--gender", "affected"]) == 0
    said = capsys.readouterr().out
    assert "Unless you say otherwise: Not known. Answer with: --means" in said
    assert "--gender" not in said
    assert main([*words, "--means", "Kadın=woman"]) == 0
    assert "Belirsiz=" in capsys.readouterr().out


def test_a_question_of_a_written_import_says_the_way_that_works(tmp_path: Path, capsys: Any) -> None:
    """An import of known alerts keeps their hours, and a city that is there its area and the kinds of its list."""
    file, home = tmp_path / "a.csv", ["--home", str(tmp_path / "home")]
    file.write_bytes(export({"tijdstip": ["00:00", "08:15", "17:40", "22:05"]}))
    assert main(["import", str(file), "--city", "Utrecht", *home]) == 0
    said = capsys.readouterr().out
    batch = Store(Home(tmp_path / "home")).batches()[0].id
    assert f"undo this import (curim undo {batch}), then import the file again with: --midnight" in said
    assert "--kind" not in said
    assert "--area" not in said
    assert main(["undo", batch, *home]) == 0
    assert main(["import", str(file), "--midnight", "known", *home]) == 0
    assert stored(tmp_path / "home", "hour") == {0: 60, 8: 60, 17: 60, 22: 60}


def test_an_answer_without_effect_is_named(tmp_path: Path) -> None:
    content = export({"status": ["Nieuw"]})
    answers = {"gender": "affected", "midnight": "unknown", "means": "Kwijt=open;Nieuw=open", "category": "Afval"}
    idle = "gender=affected, midnight=unknown, category=Afval, Kwijt=open"
    for home, told, named in (("a", answers, idle), ("b", {}, ""), ("a", {"kind": "risk"}, "kind=risk")):
        said = [T(one) for one in brought(tmp_path / home, content, **told).decisions]  # without what is remembered
        assert (f"Nothing in this file is answered by {named}." in said) is bool(told)
    both = export({"geslacht slachtoffer": ["Vrouw", "Man"], "geslacht melder": ["Man", "Vrouw"]})
    report = brought(tmp_path / "c", both, gender="none")
    assert "Nothing in this file is answered by gender=none." in [T(one) for one in report.decisions]
    assert stored(tmp_path / "c", "affected_gender") == {"woman": 120, "man": 120}
    assert set(stored(tmp_path / "c", "reporter_gender")) == {"woman", "man"}


def _given(head: str, rows: Iterator[str], folder: Path | None = None) -> tuple[dict[str, str], Layout]:
    labels, cells = head.split(";"), zip(*(row.split(";") for row in rows), strict=True)
    table = pa.table({str(at): pa.array(texts, pa.large_string()) for at, texts in enumerate(cells)})
    found = formats.recognise(labels, table, apps=folder).layout
    return {role: labels[parts[0].place] for role, parts in found.roles.items()}, found


def test_exports_of_apps_are_known_by_their_own_columns(tmp_path: Path) -> None:
    """Clerks are dropped, the end of filling in is no date of an alert, and numbers of supporters are no events."""
    at = [f"2025-03-{1 + n % 28:02} {n % 24:02}:15:22" for n in range(60)]
    kobo, layout = _given(
        "start;end;incident_type;when;_uuid;_submission_time;_index;_id;_submitted_by;_status;status",
        (f"{day}+02:00;{day}+02:00;{CATEGORIES[n % 4]};2025-02-{1 + n % 28:02};u{n:06}f;{day};{n};{n};Anna Berg;"
         f"submitted_via_web;{('open', 'closed')[n % 2]}"
         for n, day in enumerate(at)),
    )  # fmt: skip
    assert kobo.pop("alert_id") == "_uuid"
    assert kobo == {"reported_at": "start", "occurred_from": "when", "category": "incident_type", "status": "status"}
    assert layout.personal == (8,)
    survey, layout = _given(
        "ObjectID;GlobalID;Type;CreationDate;Creator;EditDate;Editor;x;y",
        (f"{n};A{n:07};{CATEGORIES[n % 4]};{day};an;{day};an;23.6{n:04};37.9{n:04}" for n, day in enumerate(at)),
    )
    assert (survey["longitude"], survey["reported_at"]) == ("x", "CreationDate")
    assert layout.utc, "Survey123 writes UTC"
    decidim, _ = _given(
        "id;category/name/en;state;endorsements/total_count;published_at;component/id;participatory_space/id",
        (f"{n + 900};{CATEGORIES[n % 4]};accepted;{n % 17};{day} UTC;4;7" for n, day in enumerate(at)),
    )
    assert (decidim["confirmations"], decidim["category"]) == ("endorsements/total_count", "category/name/en")
    (tmp_path / "own.toml").write_text(
        '[Hotline.roles]\nlatitude = ["y"]\nlongitude = ["x"]\nreported_at = ["logged"]\n'
        '[[Hotline.scores]]\nneeded = [["logged"]]\ntelling = ["logged", "agent"]\n'
    )
    own, _ = _given(
        "agent;logged;soort;x;y", (f"x;{day};{CATEGORIES[n % 4]};0;0" for n, day in enumerate(at)), tmp_path
    )
    assert own == {"reported_at": "logged", "category": "soort", "latitude": "y", "longitude": "x"}


BROKEN = tomllib.loads(Path(__file__).with_name("broken_tables.toml").read_text("utf-8"))["format"]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one["told"])
def test_a_broken_format_of_a_home_says_what_is_wrong_where_it_could_be_meant(tmp_path: Path, broken: Any) -> None:
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "hotline.toml").write_text(broken["text"])
    with pytest.raises(ImportProblem, match=broken["told"]):
        _given("datum;soort", (f"2025-01-{1 + n % 28:02};Afval" for n in range(60)), tmp_path / "formats")
    row = iter(["2025-01-02;Litter;open;37.9;23.6"])
    known, _ = _given("reported_at;category;status;latitude;longitude", row, tmp_path / "formats")
    assert known["reported_at"] == "reported_at"


def test_metres_are_used_where_marks_hide_the_decimals_of_degrees() -> None:
    given, _ = _given(
        "Data;Tipus;Coordenada_UTM_X;Coordenada_UTM_Y;Longitud;Latitud",
        (f"1{n % 9}/02/2025;{CATEGORIES[n % 4]};43{n:04},17;458{n:04},25;21.7{n:02}.900.375.572;413.8{n:02}.016.372"
         for n in range(60)),
    )  # fmt: skip
    assert (given["x"], given["y"], given.get("longitude")) == ("Coordenada_UTM_X", "Coordenada_UTM_Y", None)


@pytest.mark.parametrize("text", ["01/03/2025 UTC", "2025-03-01 UTC", "20250301 GMT", "1 March 2025 UTC", "01/03/25Z"])
def test_a_date_without_a_time_is_that_day_whatever_the_zone(text: str) -> None:
    found = parse_dates(pa.array([text], pa.large_string()), DateFormat("UTC", DAY_FIRST, day_zone="Europe/Athens"))
    assert (f"{found.timestamps[0]}", bool(found.day_only[0])) == ("2025-02-28 22:00:00+00:00", True)


@pytest.mark.parametrize("text", ["2025-03-01 10:15:00 UTC", "01/03/2025 10:15 UTC", "20250301T101500Z"])
def test_dates_that_say_utc_are_utc(text: str) -> None:
    found = parse_dates(pa.array([text], pa.large_string()), DateFormat("Europe/Athens", DAY_FIRST))
    assert f"{found.timestamps[0]}" == "2025-03-01 10:15:00+00:00"
