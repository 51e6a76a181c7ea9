"""The proof of an import against a slow twin over the staged table, and what looks implausible in made-up files."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sample_data
from curim_data.cli import main
from curim_data.importing import pipeline
from curim_data.importing import proof as proofs
from curim_data.importing.pipeline import import_file, preview
from curim_data.importing.proof import Proof, brief_lines, concerns, nearby_date, proof_object, row_lines
from curim_data.importing.transform import stage_alerts
from curim_data.model import LANGUAGES, Answers, CityProfile, translator
from curim_data.store import Home
from curim_data.store.home import create_home

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
EN = translator("en")


def proof_of(home: Home, rows: list[str], **answers: str) -> Proof:
    """The proof of a file of these lines, the header first."""
    report = import_file(home, "\n".join(rows).encode(), "file.csv", now=NOW, dry_run=True, answers=Answers(**answers))  # type: ignore[arg-type]
    assert report.proof is not None
    return report.proof


def codes(proof: Proof) -> list[str]:
    return [one.code for one in proof.concerns]


def texts(home: Home, proof: Proof) -> str:
    return "\n".join(brief_lines(EN, home.city(), proof))


def _place(n: int) -> str:
    return f"{37.940 + n % 17 / 2000:.5f};{23.640 + n % 13 / 2000:.5f}"


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> list[pd.DataFrame]:
    """Every staged table of the test, as pandas reads it."""
    kept: list[pd.DataFrame] = []

    def stage(*given: Any, **named: Any) -> object:
        found = stage_alerts(*given, **named)
        kept.append(pd.concat([part.to_pandas() for part in found.staging.batches()], ignore_index=True))
        return found

    monkeypatch.setattr(pipeline, "stage_alerts", stage)
    return kept


@pytest.mark.parametrize("path", [sample_data.DIRTY_EXPORT, sample_data.LATER_EXPORT], ids=["dirty", "later"])
def test_the_counts_are_those_of_the_staged_table(home: Home, staged: list[pd.DataFrame], path: Path) -> None:
    found = preview(path, path.name, home.city(), home=home, now=NOW)
    proof, table = found.report.proof, staged[0]
    assert proof is not None
    assert proof.alerts == len(table) == found.report.batch.read - found.report.batch.quarantined
    hours = table["hour"].dropna().astype(int)
    assert proof.hours == tuple(int((hours == hour).sum()) for hour in range(24))
    assert 0 < proof.with_hour == len(hours) <= len(table)
    dated = table[table["time_precision"] != "month"]
    days = pd.to_datetime(dated["local_date"])
    assert proof.weekdays == tuple(int((days.dt.day_of_week == day).sum()) for day in range(7))
    months = pd.to_datetime(table["local_date"]).dt.to_period("M").value_counts().sort_index()
    assert proof.months == tuple((month.start_time.date(), int(n)) for month, n in months.items())
    assert proof.times == table["time_precision"].value_counts().to_dict()
    for gender in proof.genders:
        assert gender.counts == table[gender.role].value_counts().to_dict()
        assert gender.columns
    assert proof.kinds == table["kind"].value_counts().to_dict()
    each = Counter(table["category"])
    for more in table["more_categories"].dropna():
        each.update(more)
    assert {one.category: one.n for one in proof.categories} == dict(
        sorted(each.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    )
    assert proof.distinct == len(each)
    for one in proof.categories:
        kinds = table.loc[table["category"] == one.category, "kind"].value_counts()
        assert set(one.kinds) == set(kinds.index)
        assert one.kinds[0] in set(kinds[kinds == kinds.max()].index)
    filled = {one.role: one.filled for one in proof.roles}
    for role in ("occurred_from", "occurred_to", "resolved_at", "severity", "feeling", "age_band", "longitude"):
        assert filled[role] == table[role].notna().sum(), role
    assert (filled["latitude"], filled["alert_id"]) == (filled["longitude"], table["incident_id"].notna().sum())
    for role in ("affected_gender", "reporter_gender"):
        assert filled[role] == table[role].isin(["woman", "man", "other"]).sum()
    assert {one.columns[0] for one in proof.roles} <= set(pd.read_csv(path, sep=";", nrows=0).columns)


@pytest.mark.parametrize(
    ("header", "row", "wanted"),
    [
        (
            "κωδικός;ημερομηνία;ώρα;κατηγορία;φύλο θύματος;γεωγραφικό πλάτος;γεωγραφικό μήκος;παρατηρήσεις;τηλέφωνο",
            "{n};{day}/03/2025;{hour}:40;Κλοπή;Γυναίκα;{lat};{lon};με έσπρωξε ο Νίκος;6971234567",
            {"ημερομηνία, ώρα": "21 Mar 2025, 14:40", "κατηγορία": "Κλοπή", "φύλο θύματος": "Women"},
        ),
        (
            "id;fecha;hora;tipo de delito;sexo;latitud;longitud;descripción;teléfono",
            "{n};{day}/03/2025;{hour}:40;Robo;Mujer;{lat};{lon};me empujó Juan en la calle;612345678",
            {"fecha, hora": "21 Mar 2025, 14:40", "tipo de delito": "Robo", "sexo": "Women"},
        ),
    ],
    ids=["el", "es"],
)
def test_rows_are_shown_as_read_and_as_understood(home: Home, header: str, row: str, wanted: dict[str, str]) -> None:
    rows = [header]
    for n in range(60):
        lat, lon = _place(n).split(";")
        rows.append(row.format(n=n + 1, day=f"{21 if n % 20 == 0 else 13 + n % 15:02d}", hour=14, lat=lat, lon=lon))
    proof = proof_of(home, rows)
    assert [one.row for one in proof.rows] == [1, 21, 41]
    city = home.city()
    lines = row_lines(EN, city, proof.rows[0])
    found = {", ".join(line.columns): line.value for line in lines}
    for column, value in wanted.items():
        assert value.casefold() in found[column].casefold(), found
    read = [text for line in lines for text in line.read]
    assert "21/03/2025" in read
    everything = json.dumps(proof_object(EN, city, proof), ensure_ascii=False) + texts(home, proof)
    for secret in ("6971234567", "612345678", "έσπρωξε", "empujó", "Juan", "Νίκος"):
        assert secret not in everything
    assert any(line.name == "Not stored: free text or personal data" for line in lines)


def test_an_unused_date_is_shown_but_no_date_of_birth_and_nothing_else() -> None:
    when = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
    assert nearby_date("2025-03-04 09:12", when) == "2025-03-04 09:12"
    assert nearby_date("04.03.2025", when) == "04.03.2025"
    for other in ("1988-03-04", "6971234567", "Maria 2025-03-04", "192.168.1.1", "", "12/05", "2025"):
        assert nearby_date(other, when) == ""


def test_a_date_is_shown_as_finely_as_it_is_known(city: CityProfile) -> None:
    """00:00 of the date that an alert has is a time, unless only the day is known; of another date it is none."""
    night, noon = (dt.datetime(2025, 3, 1, hour, tzinfo=dt.UTC) for hour in (22, 10))
    for precision, happened, reported, told in (
        ("day", noon, night, ("1 Mar 2025", "2 Mar 2025")),
        ("minute", night, noon, ("2 Mar 2025, 00:00", "1 Mar 2025, 12:00")),
    ):
        alert = {"occurred_from": happened, "reported_at": reported, "time_precision": precision}
        assert tuple(proofs._moment(EN, city, role, alert) for role in ("occurred_from", "reported_at")) == told


def test_an_empty_cell_beside_a_filled_one_is_not_named(city: CityProfile) -> None:
    for read, named in (("7", ("b",)), ("", ("a", "b"))):
        cells = tuple(proofs.CellProof(column, text, "alert", "alert_id") for column, text in (("a", ""), ("b", read)))
        assert row_lines(EN, city, proofs.RowProof(1, cells, {"kind": "risk"}))[0].columns == named


def test_control_characters_reach_no_terminal(home: Home) -> None:
    rows = ["alert_id;reported_at;category;latitude;longitude"]
    rows += [f"A{n};2025-03-01T10:00;noi\x1b[31mse;{_place(n)}" for n in range(3)]
    assert "\x1b" not in texts(home, proof_of(home, rows))


HEAD = "alert_id;occurred_from;category;latitude;longitude"


def _file(times: list[str], category: str = "") -> list[str]:
    names = ("noise", "theft", "graffiti")
    return [HEAD, *(f"A{n};{time};{category or names[n % 3]};{_place(n)}" for n, time in enumerate(times))]


def _moments(n: int, seed: int = 1) -> list[dt.datetime]:
    rng = random.Random(seed)
    start = dt.datetime(2024, 1, 1)
    return [start + dt.timedelta(minutes=rng.randrange(365 * 1440)) for _ in range(n)]


def _written(moments: Iterable[dt.datetime], form: str = "%Y-%m-%dT%H:%M") -> list[str]:
    return [f"{moment:{form}}" for moment in moments]


M200, M300, M400 = _moments(200), _moments(300), _moments(400)
MIDNIGHTS = [m.replace(hour=0, minute=0) if at % 3 == 0 else m for at, m in enumerate(M300)]
WORKDAYS = [m for m in M300 if m.weekday() < 5]
PILE = [dt.datetime(2024, 6, 5, m.hour, m.minute) if at % 3 else m for at, m in enumerate(M200)]


@pytest.mark.parametrize(
    ("times", "wanted", "said"),
    [
        (_written(M400), [], "400 of 400 alerts have an hour"),
        (_written(m.replace(hour=8 + m.hour % 9) for m in WORKDAYS), ["office_hours"],
         f"{len(WORKDAYS)} of {len(WORKDAYS)} times lie between 08:00 and 17:00"),
        (_written(m.replace(hour=17, minute=m.minute) for m in M300), [], "300 of 300 alerts have an hour"),
        (_written(MIDNIGHTS), [], "200 of 300 alerts have an hour"),
        (_written(m.replace(hour=m.hour or 12) for m in MIDNIGHTS), ["same_time"], "times are exactly 12:00"),
        (_written(MIDNIGHTS, "%Y-%m-%dT%H:%MZ"), ["utc_midnight"], "are midnight UTC"),
        (_written(m.replace(hour=m.hour % 12 + 1) for m in M300), ["half_day"], "AM and PM were lost"),
        (_written((m for m in M400 if m.weekday() < 5), "%Y-%m-%d"), ["no_weekend"], "on a Saturday or Sunday"),
        ([*_written(_moments(97)), "2031-05-01T10:00", "2029-05-01T10:00"], ["future"], "Dates in the future: 2."),
        (_written(PILE), ["one_day"], "perhaps the day of the entry"),
        (_written(m.replace(day=1) if at % 4 else m for at, m in enumerate(M200)), ["first_of_month"], "first of a m"),
        (_written(m.replace(day=1 + m.day % 12) for m in M200), ["twelve_days"], "No date lies after the 12th"),
    ],
)  # fmt: skip
def test_what_is_implausible_is_said_and_nothing_else(
    home: Home, times: list[str], wanted: list[str], said: str
) -> None:
    proof = proof_of(home, _file(times))
    assert codes(proof) == wanted
    assert said in texts(home, proof)


def test_midnight_where_the_clocks_are_utc_is_a_time_that_stands_in() -> None:
    found = Proof(100, {}, (60, *(2,) * 20, 0, 0, 0), (0,) * 7, (), (), 0, {}, (), (), ())
    assert [one.code for one in concerns(found, minutes=(50, *(0,) * 1439), days={}, utc_midnights=50)] == ["same_time"]


def test_one_month_far_dates_and_missing_months(home: Home) -> None:
    moments = M300
    one = [m.replace(month=5, day=1 + m.day % 28) if at % 20 else m for at, m in enumerate(moments)]
    assert "one_month" in codes(proof_of(home, _file(_written(one))))
    far = [m.replace(year=1900) if at < 2 else m for at, m in enumerate(moments)]
    proof = proof_of(home, _file(_written(far)))
    assert codes(proof) == ["far_dates"]
    assert "1900" in texts(home, proof)
    assert proof.by_year
    gap = [m for m in moments if m.month not in (4, 5, 9)]
    proof = proof_of(home, _file(_written(gap)))
    assert codes(proof) == ["missing_months"]
    assert "without any alert: 3 (longest gap: April 2024 – May 2024)" in texts(home, proof)
    assert [n == 0 for _, n in proof.periods] == [month in (4, 5, 9) for month in range(1, 13)]


def test_one_category_and_no_kind(home: Home) -> None:
    times = _written(_moments(100))
    proof = proof_of(home, _file(times, category="noise"))
    assert codes(proof) == ["one_category"]
    assert f"have one category, {EN.label(home.city().categories['noise'].labels)}" in texts(home, proof)
    assert "no_category" in codes(proof_of(home, _file(times, category=" ")))


def test_categories_whose_names_tell_no_kind(home: Home) -> None:
    times = _written(_moments(60))
    rows = _file(times)
    rows[1:] = [row.replace("theft", "Zorkwurz") for row in rows[1:]]
    proof = proof_of(home, rows)
    assert codes(proof) == ["no_kind"]
    assert "The kind of 20 of 60 alerts is not known, such as those of Zorkwurz." in texts(home, proof)


def test_a_long_time_is_shown_by_year_with_the_years_between() -> None:
    months = ((dt.date(2010, 5, 1), 3), (dt.date(2010, 6, 1), 1), (dt.date(2013, 7, 1), 2))
    found = Proof(6, {}, (0,) * 24, (0,) * 7, months, (), 0, {}, (), (), ())
    assert found.by_year
    assert found.periods == tuple((dt.date(year, 1, 1), n) for year, n in ((2010, 4), (2011, 0), (2012, 0), (2013, 2)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_month_files_and_files_without_rows_say_what_is_not_known(home: Home, lang: str) -> None:
    t = translator(lang)
    rows = [HEAD] + [f"A{n};2024-{1 + n % 12:02d}-01;noise;{_place(n)}" for n in range(120)]
    proof = proof_of(home, rows)
    assert (proof.with_hour, proof.with_day, proof.alerts) == (0, 0, 120)
    assert "120" in proof.hours_sentence(t)
    assert proof.weekdays_sentence(t) == t("Of {known} of {n} alerts the day is known.", known=0, n=120)
    none = proof_of(home, [HEAD, "A1;2024-13-99;noise;37.94;23.64"])
    assert list(brief_lines(t, home.city(), none)) == [t("No row of this file became an alert.")]


@pytest.mark.slow
def test_the_command_shows_the_proof_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, file = create_home(tmp_path / "own"), tmp_path / "file.csv"
    file.write_text("\n".join(_file(_written(_moments(100)), category="noise")))
    words = ["import", str(file), "--home", str(own.path), "--lang", "en"]
    assert main([*words, "--dry-run"]) == 0
    out = capsys.readouterr().out
    for said in (
        "Nothing was written.",
        "Look at this: 100 of 100 alerts have one category",
        "100 of 100 alerts have an hour (100 %).",
        "When it happened, or began: 100 % (occurred_from)",
    ):
        assert said in out
    assert main([*words, "--dry-run", "--json"]) == 0
    proof = json.loads(capsys.readouterr().out)["files"][0]["proof"]
    assert proof["alerts"] == sum(proof["hours"]["counts"]) == proof["hours"]["known"] == 100
    assert [one["code"] for one in proof["attention"]] == ["one_category"]
    assert proof["categories"][0]["kinds"] == ["incivility"]
    assert proof["genders"]["affected_gender"]["asked"] is False
    assert [row["row"] for row in proof["rows"]] == [1, 35, 68]
    assert main([*words, "--json"]) == 0
    assert "proof" not in json.loads(capsys.readouterr().out)["files"][0]
