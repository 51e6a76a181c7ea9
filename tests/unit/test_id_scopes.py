"""Ids that belong to another file: numbers that restart, other sources of the same numbers, and honest updates."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest

from curim_data.cli.app import main
from curim_data.importing.pipeline import ImportReport, import_file
from curim_data.model import Answers, Question, translator
from curim_data.store import Home, Store
from tests.effort import FULL

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
Row = tuple[str, ...]

# Heading and values of small exports in several languages: id, date and hour, category, status, latitude, longitude.
HEADERS = {
    "en": ("Case number", "Date reported", "Offence", "Status", "Latitude", "Longitude"),
    "el": ("Αριθμός υπόθεσης", "Ημερομηνία", "Κατηγορία", "Κατάσταση", "Γεωγραφικό πλάτος", "Γεωγραφικό μήκος"),
    "es": ("Número de expediente", "Fecha del hecho", "Delito", "Estado", "Latitud", "Longitud"),
    "de": ("Vorgangsnummer", "Tatzeit", "Delikt", "Status", "Breitengrad", "Längengrad"),
}
CATEGORIES = {
    "en": ("Theft", "Burglary", "Graffiti"),
    "el": ("Κλοπή", "Διάρρηξη", "Γκράφιτι"),
    "es": ("Hurto", "Robo", "Vandalismo"),
    "de": ("Diebstahl", "Einbruch", "Sachbeschädigung"),
}


def table(lang: str, month: int, ids: Sequence[int], seed: int, status: str = "open") -> list[Row]:
    """Rows of one month, numbered as `ids`: dates rise with the numbers, as in a register."""
    rng = random.Random(seed)
    start = dt.datetime(2025, month, 1, 8, 0)
    rows: list[Row] = []
    for place, number in enumerate(ids):
        when = start + dt.timedelta(hours=place * 11, minutes=rng.randrange(60))
        lat, lon = 37.94 + rng.random() * 0.015, 23.63 + rng.random() * 0.02
        rows.append(
            (str(number), f"{when:%Y-%m-%d %H:%M}", rng.choice(CATEGORIES[lang]), status, f"{lat:.5f}", f"{lon:.5f}")
        )
    return rows


def as_csv(header: Sequence[str], rows: Sequence[Row]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def bring(home: Home, header: Sequence[str], rows: Sequence[Row], name: str, ids: str | None = None) -> ImportReport:
    return import_file(home, as_csv(header, rows), name, answers=Answers(ids=ids), now=NOW)


def told(report: ImportReport) -> tuple[int, int, int]:
    batch = report.batch
    assert batch.accepted + batch.updated + batch.duplicate + batch.quarantined == batch.read
    return batch.accepted, batch.updated, batch.duplicate


def stored(home: Home) -> pa.Table:
    """Every alert in every column, in the order of its id."""
    return Store(home).read().sort_by("alert_id")


YEAR_AND_MONTH = {"en": ("Year", "Month"), "el": ("Έτος", "Μήνας"), "es": ("Año", "Mes"), "de": ("Jahr", "Monat")}


def piled(rows: Sequence[Row]) -> list[Row]:
    return [(*row[:4], "37.94500", "23.64000") if place % 10 else row for place, row in enumerate(rows)]


def by_month(rows: Sequence[Row]) -> list[Row]:
    return [(row[0], row[1][:4], str(int(row[1][5:7])), *row[2:4]) for row in rows]


@pytest.mark.parametrize("lang", HEADERS if FULL else ["el"])
@pytest.mark.parametrize("kind", ["whole", "nearly all at one place", "without places", "of months"])
def test_numbers_that_begin_again_are_asked_about_and_change_nothing(home: Home, lang: str, kind: str) -> None:
    header, march, april = HEADERS[lang], table(lang, 3, range(1, 61), 1), table(lang, 4, range(1, 61), 2)
    if kind == "nearly all at one place":
        march, april = piled(march), piled(april)
    elif kind == "without places":
        header, march, april = header[:4], [row[:4] for row in march], [row[:4] for row in april]
    elif kind == "of months":
        header, march, april = (header[0], *YEAR_AND_MONTH[lang], *header[2:4]), by_month(march), by_month(april)
    bring(home, header, march, "march.csv")
    before = stored(home)
    with pytest.raises(Question) as asked:
        bring(home, header, april, "april.csv")
    assert (asked.value.about, asked.value.flag) == ("ids", "--ids")
    assert [choice.value for choice in asked.value.choices] == ["same", "own"]
    sentence = translator("en")(asked.value.message)
    assert any(f"{n} of 60" in sentence for n in range(50, 61))
    assert sentence.count("stored as 2025-03-") == sentence.count("in this file 2025-04-") == 2
    assert stored(home).equals(before)
    assert len(Store(home).batches()) == 1
    closed = [tuple("closed" if cell == "open" else cell for cell in row) for row in march]
    assert told(bring(home, header, closed, "closed.csv")) == (0, 60, 0)


def test_some_alerts_that_get_another_date_are_said_where_no_place_is_known(home: Home) -> None:
    march, april = ([row[:4] for row in table("en", month, range(1, 61), month)] for month in (3, 4))
    bring(home, HEADERS["en"][:4], march, "march.csv")
    mixed = [april[at] if at < 5 else (*row[:3], "closed") for at, row in enumerate(march)]
    report = bring(home, HEADERS["en"][:4], mixed, "m.csv")
    (said,) = [one for one in map(translator("en"), report.decisions) if "undo" in one]
    assert said.startswith("5 of 60 known alerts that this file changes get another date, and ")


@pytest.mark.parametrize("lang", HEADERS if FULL else ["el"])
def test_own_numbers_stay_apart_and_the_file_sent_again_is_known(home: Home, lang: str) -> None:
    header = HEADERS[lang]
    march, april = table(lang, 3, range(1, 61), 1), table(lang, 4, range(1, 61), 2)
    bring(home, header, march, "march.csv")
    assert told(bring(home, header, april, "april.csv", "own")) == (60, 0, 0)
    assert told(bring(home, header, april, "april.csv")) == (0, 0, 60)
    assert told(bring(home, header, april, "april.csv", "own")) == (0, 0, 60)
    assert told(bring(home, header, march, "march.csv")) == (0, 0, 60)
    corrected = [(*row[:2], CATEGORIES[lang][0], "closed", *row[4:]) for row in april]
    assert told(bring(home, header, corrected, "april corrected.csv")) == (0, 60, 0)
    assert Store(home).count() == 120
    assert "2025-04:7" in stored(home)["alert_id"].to_pylist()


def test_what_was_answered_once_holds_for_the_months_after(home: Home) -> None:
    for month, answer in ((3, None), (4, "own"), (5, None), (6, None)):
        report = bring(home, HEADERS["en"], table("en", month, range(1, 41), month), f"{month}.csv", answer)
        assert told(report) == (40, 0, 0)
    assert any("2025-06:" in str(one.values.get("id", "")) for one in report.decisions)
    assert told(bring(home, HEADERS["en"], table("en", 5, range(1, 51), 5), "5 longer.csv")) == (10, 0, 40)


@pytest.mark.parametrize("lang", HEADERS if FULL else ["el"])
def test_honest_updates_are_not_asked_about(home: Home, lang: str) -> None:
    header, march = HEADERS[lang], table(lang, 3, range(1, 61), 1)
    bring(home, header, march, "march.csv")
    closed = [(*row[:3], "closed", *row[4:]) for row in march]
    renamed = [(*row[:2], CATEGORIES[lang][place % 3], *row[3:]) for place, row in enumerate(closed)]
    assert told(bring(home, header, closed, "closed.csv")) == (0, 60, 0)
    changed = sum(one != other for one, other in zip(closed, renamed, strict=True))
    assert told(bring(home, header, renamed, "renamed.csv")) == (0, changed, 60 - changed)
    half = [(*row[:3], "open" if place % 2 else row[3], *row[4:]) for place, row in enumerate(renamed)]
    more = table(lang, 4, range(61, 91), 9)
    assert told(bring(home, header, half + more, "april.csv")) == (30, 30, 30)


def test_a_corrected_clock_or_a_better_place_is_an_update(home: Home) -> None:
    header, march = HEADERS["es"], table("es", 3, range(1, 61), 1)
    bring(home, header, march, "marzo.csv")
    hour = dt.timedelta(hours=1)
    shifted = [(row[0], f"{dt.datetime.fromisoformat(row[1]) + hour:%Y-%m-%d %H:%M}", *row[2:]) for row in march]
    assert told(bring(home, header, shifted, "hora.csv")) == (0, 60, 0)
    moved = [(*row[:4], f"{float(row[4]) + 0.004:.5f}", row[5]) for row in shifted]
    assert told(bring(home, header, moved, "lugar.csv")) == (0, 60, 0)


def test_two_registers_of_the_same_weeks_are_asked_about_though_days_agree(home: Home) -> None:
    """Numbers that follow the dates share days by chance; the places tell."""
    header = HEADERS["de"]
    days = [[(row[0], row[1][:10], *row[2:]) for row in table("de", 3, range(1, 61), seed)] for seed in (1, 2)]
    bring(home, header, days[0], "Nord.csv")
    with pytest.raises(Question) as asked:
        bring(home, header, days[1], "Süd.csv")
    sentence = translator("en")(asked.value.message)
    assert "another date, and another place" not in sentence
    n = int(re.search(r"(\d+) of 60 known alerts with coordinates", sentence)[1])  # type: ignore[index]
    assert n > 50


@pytest.mark.parametrize(("one", "other"), [("en", "el"), *([("es", "de"), ("el", "es")] if FULL else [])])
def test_another_source_that_numbers_from_one_overwrites_nothing(home: Home, one: str, other: str) -> None:
    bring(home, HEADERS[one], table(one, 3, range(1, 61), 1), "police.csv")
    before = stored(home)
    report = bring(home, HEADERS[other], table(other, 6, range(1, 61), 2), "council.csv")
    assert told(report) == (60, 0, 0)
    assert any("police.csv" in str(sentence.values) for sentence in report.decisions)
    kept = stored(home)
    assert kept.filter(pa.compute.is_in(kept["alert_id"], value_set=before["alert_id"].combine_chunks())).equals(before)
    assert told(bring(home, HEADERS[other], table(other, 6, range(1, 61), 2), "council.csv")) == (0, 0, 60)
    next_month = table(other, 7, range(61, 91), 3)
    assert told(bring(home, HEADERS[other], next_month, "council july.csv")) == (30, 0, 0)
    closed = [(*row[:3], "closed", *row[4:]) for row in next_month]
    assert told(bring(home, HEADERS[other], closed, "council august.csv")) == (0, 30, 0)


def test_another_source_near_in_time_is_asked_about(home: Home) -> None:
    bring(home, HEADERS["en"], table("en", 3, range(1, 61), 1), "police.csv")
    with pytest.raises(Question):
        bring(home, HEADERS["es"][:4], [row[:4] for row in table("es", 3, range(1, 61), 2)], "ayuntamiento.csv")


def test_another_layout_of_the_same_alerts_brings_them_up_to_date(home: Home) -> None:
    march = table("en", 3, range(1, 61), 1)
    bring(home, HEADERS["en"], march, "march.csv")
    closed = [(*row[:3], "closed", *row[4:]) for row in march]
    report = bring(home, HEADERS["de"], closed, "neu.csv")
    assert told(report) == (0, 60, 0)
    assert any("march.csv" in str(sentence.values) for sentence in report.decisions)


def test_only_the_ids_that_another_source_holds_are_set_apart(home: Home) -> None:
    """A source whose first file met nobody, and whose later numbers meet those of another."""
    police, council = HEADERS["en"], HEADERS["el"]
    bring(home, police, table("en", 3, range(100, 161), 1), "police.csv")
    first = table("el", 6, range(1, 41), 2)
    assert told(bring(home, council, first, "june.csv")) == (40, 0, 0)
    both = first + table("el", 8, range(100, 141), 3)
    for wanted in ((41, 0, 40), (0, 0, 81)):
        assert told(bring(home, council, both, "august.csv")) == wanted


def test_the_same_answer_overwrites_as_it_says(home: Home) -> None:
    bring(home, HEADERS["en"], table("en", 3, range(1, 61), 1), "march.csv")
    assert told(bring(home, HEADERS["en"], table("en", 4, range(1, 61), 2), "april.csv", "same")) == (0, 60, 0)
    with pytest.raises(Question):
        bring(home, HEADERS["en"], table("en", 5, range(1, 61), 3), "may.csv")


def test_the_command_asks_with_exit_code_2(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for month in (3, 4):
        (tmp_path / f"{month}.csv").write_bytes(as_csv(HEADERS["es"], table("es", month, range(1, 61), month)))
    where = ["--home", str(home.path), "--json"]
    assert main(["import", str(tmp_path / "3.csv"), *where]) == 0
    capsys.readouterr()
    assert main(["import", str(tmp_path / "4.csv"), *where]) == 2
    out = json.loads(capsys.readouterr().out)["files"][0]
    assert out["questions"][0]["flag"] == "--ids"
    assert "--ids same | own" in out["error"]
    assert main(["import", str(tmp_path / "4.csv"), "--ids", "own", *where]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["accepted"] == 60


@pytest.mark.parametrize("lang", HEADERS if FULL else ["el"])
def test_some_alerts_that_move_in_date_and_place_are_said_with_an_example(home: Home, lang: str) -> None:
    header, march, april = HEADERS[lang], table(lang, 3, range(1, 61), 1), table(lang, 4, range(1, 61), 2)
    bring(home, header, march, "march.csv")
    mixed = [april[at] if at < 10 else (*row[:3], "closed", *row[4:]) for at, row in enumerate(march)]
    report = bring(home, header, mixed, "march again.csv")
    assert told(report) == (0, 60, 0)
    (said,) = [one for one in map(translator("en"), report.decisions) if "another date, and another place" in one]
    assert re.match(r"(9|10) of 60 known alerts that this file changes", said)
    assert said.count("stored as 2025-03-") == said.count("in this file 2025-04-") == 1
    assert "Counted in" not in said
    closed = [(*row[:3], "open", *row[4:]) for row in mixed]
    assert not [one for one in bring(home, header, closed, "c.csv").decisions if "another date" in one.text]


def test_the_question_says_of_how_many_rows_its_counts_are(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curim_data.importing.profiling.SAMPLE_ROWS", 40)
    bring(home, HEADERS["en"], table("en", 3, range(1, 61), 1), "march.csv")
    with pytest.raises(Question) as asked:
        bring(home, HEADERS["en"], table("en", 4, range(1, 61), 2), "april.csv")
    sentence = translator("en")(asked.value.message)
    assert "of 40 known alerts" in sentence
    assert "Counted in 40 rows out of 60." in sentence


def requests(status: str = "open") -> bytes:
    one = {"service_request_id": 1, "status": status, "service_name": "Noise", "lat": 37.944, "long": 23.648}
    return json.dumps([one | {"service_code": "n", "requested_datetime": "2025-03-02T11:00:00+02:00"}]).encode()


@pytest.mark.parametrize(("answer", "ids"), [("own", ["1", "open311:1"]), ("same", ["1"])])
def test_ids_of_another_format_are_asked_about_and_go_on_as_was_answered(
    home: Home, answer: Literal["own", "same"], ids: list[str]
) -> None:
    curim = b"alert_id,reported_at,category,latitude,longitude\n1,2025-03-01T10:00,graffiti,37.943,23.647\n"
    assert told(import_file(home, curim, "curim.csv", now=NOW)) == (1, 0, 0)
    with pytest.raises(Question) as asked:
        import_file(home, requests(), "requests.json", now=NOW)
    assert (asked.value.about, [one.value for one in asked.value.choices]) == ("ids", ["same", "own"])
    assert stored(home)["alert_id"].to_pylist() == ["1"]
    first = told(import_file(home, requests(), "a.json", answers=Answers(ids=answer), now=NOW))
    assert first == ((1, 0, 0) if answer == "own" else (0, 1, 0))
    assert stored(home)["alert_id"].to_pylist() == ids
    if answer == "own":
        assert told(import_file(home, requests("closed"), "b.json", now=NOW)) == (0, 1, 0)
        assert told(import_file(home, requests("closed"), "b.json", now=NOW)) == (0, 0, 1)
        assert told(import_file(home, curim, "curim.csv", now=NOW)) == (0, 0, 1)
