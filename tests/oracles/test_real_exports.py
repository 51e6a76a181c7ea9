"""Real exports, counted a second time by plain pandas: no row is lost, and the alerts say what the file says.

The files are public and are not part of the project; they are looked for in `../shared/data/exports`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from curim_data.cli import main
from curim_data.importing.pipeline import ImportReport, Question, import_file
from curim_data.model import Answers
from curim_data.store import Home, Store
from tests.effort import FULL, in_full, some

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class File:
    """A file and how plain pandas reads it."""

    name: str
    answers: Answers = field(default_factory=Answers)
    separator: str = ","
    encoding: str = "utf-8"


FILES = {
    file.name: file
    for file in (
        File("2018-11-city-of-london-street.csv"),
        File("2018-12-city-of-london-street.csv"),
        File("chicago_aggravated_assaults.csv.gz"),
        File("cincinnati_burglary.csv.gz"),
        File("lancashire_asb.csv"),
        File("madrid_bike_accidents_2019.csv", Answers(crs=25830), ";", "utf-8-sig"),
        File("nyc_311_illegal_animals.csv"),
        File("nypd_shootings_historic.csv"),
        File("safecity_reports_no_text.csv", Answers(area="densest")),
        File("ushahidi_haiti_2010_no_text.csv"),
        File("vancouver_thefts.csv.gz", Answers(crs=32610)),
    )
}


@dataclass(frozen=True)
class Imported:
    """A file in a home of its own, its rows as they stand, and its alerts."""

    home: Home
    report: ImportReport
    raw: pd.DataFrame
    alerts: pd.DataFrame


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Imported]:
    """Import a file once for all tests of this module."""

    @cache
    def bring(name: str) -> Imported:
        file, path = FILES[name], EXPORTS / name
        if not path.exists():
            pytest.skip("../shared/data is not here")
        home = Home(tmp_path_factory.mktemp("real") / "home")
        report = import_file(home, path, name, answers=file.answers, now=NOW)
        raw = pd.read_csv(path, sep=file.separator, encoding=file.encoding, dtype=str, keep_default_na=False)
        return Imported(home, report, raw, Store(home).read().to_pandas())

    return bring


def event(seen: Imported, zone: str) -> pd.Series:
    """When each alert happened, else was reported, by the clocks of a city."""
    when = seen.alerts["occurred_from"].fillna(seen.alerts["reported_at"])
    return when.dt.tz_convert(zone).dt.tz_localize(None)


# Each is imported twice; of the others the table of the documentation holds the counts.
TWICE = ("2018-11-city-of-london-street.csv", "madrid_bike_accidents_2019.csv", "nypd_shootings_historic.csv")


@pytest.mark.parametrize("name", FILES if FULL else TWICE)
def test_every_row_is_accounted_for(imported: Callable[[str], Imported], name: str) -> None:
    seen = imported(name)
    batch = seen.report.batch
    assert batch.read == len(seen.raw)
    assert batch.accepted + batch.updated + batch.duplicate + batch.quarantined == batch.read
    assert batch.quarantined == 0
    assert batch.accepted == len(seen.alerts) == Store(seen.home).count()
    answers = replace(FILES[name].answers, area=None)  # the city is there by now
    again = import_file(
        seen.home, EXPORTS / name, name, answers=answers, now=NOW + dt.timedelta(hours=1), dry_run=True
    ).batch
    assert (again.accepted, again.updated) == (0, 0)
    assert again.duplicate + again.quarantined == again.read


def test_madrid_needs_one_answer_only(tmp_path: Path) -> None:
    for name in ("madrid_bike_accidents_2019.csv", "vancouver_thefts.csv.gz"):
        if not (EXPORTS / name).exists():
            pytest.skip("../shared/data is not here")
        with pytest.raises(Question) as asked:
            import_file(Home(tmp_path / name), EXPORTS / name, name, now=NOW)
        assert (asked.value.about, asked.value.flag) == ("crs", "--crs")


def test_london_knows_the_month_only(imported: Callable[[str], Imported]) -> None:
    for name, month in (("2018-11-city-of-london-street.csv", 11), ("2018-12-city-of-london-street.csv", 12)):
        seen = imported(name)
        raw, alerts = seen.raw, seen.alerts
        assert set(alerts["time_precision"]) == {"month"}
        local = alerts["occurred_from"].dt.tz_convert("Europe/London")
        assert set(zip(local.dt.year, local.dt.month, local.dt.day, strict=True)) == {(2018, month, 1)}
        assert alerts["longitude"].isna().sum() == (raw["Longitude"] == "").sum()
        assert alerts["incident_id"].isna().sum() == (raw["Crime ID"] == "").sum()
        social = raw["Crime type"] == "Anti-social behaviour"
        assert (alerts["kind"] == "incivility").sum() == social.sum()


@in_full
def test_chicago_keeps_its_local_minutes(imported: Callable[[str], Imported]) -> None:
    seen = imported("chicago_aggravated_assaults.csv.gz")
    local, told = event(seen, "America/Chicago"), pd.to_datetime(seen.raw["date"])
    skipped = told[(told.dt.month == 3) & (told.dt.hour == 2)]  # the clock skips this hour once a year
    ours, theirs = local.dt.strftime("%Y-%m-%d %H:%M").value_counts(), told.dt.strftime("%Y-%m-%d %H:%M").value_counts()
    assert int((ours - theirs.reindex(ours.index).fillna(0)).clip(lower=0).sum()) <= len(skipped)
    assert seen.alerts["longitude"].isna().sum() == pd.to_numeric(seen.raw["longitude"], errors="coerce").isna().sum()


@in_full
def test_cincinnati_loses_no_row_of_an_id_that_repeats(imported: Callable[[str], Imported]) -> None:
    seen = imported("cincinnati_burglary.csv.gz")
    once = seen.raw.drop_duplicates()
    assert seen.alerts["longitude"].isna().sum() == (once["longitude"] == "NA").sum()
    by_id = seen.alerts.groupby("incident_id").size().sort_index()
    assert by_id.to_dict() == once.groupby("incident_no").size().sort_index().to_dict()


@in_full
def test_lancashire_counts_by_month(imported: Callable[[str], Imported]) -> None:
    seen = imported("lancashire_asb.csv")
    assert set(seen.alerts["time_precision"]) == {"month"}
    ours = seen.alerts["month"].astype(str).value_counts().to_dict()
    assert ours == seen.raw["month"].value_counts().to_dict()


def test_madrid_falls_in_madrid_and_keeps_its_genders(imported: Callable[[str], Imported]) -> None:
    seen = imported("madrid_bike_accidents_2019.csv")
    once, alerts = seen.raw.drop_duplicates(), seen.alerts
    words = {"Mujer": "woman", "Hombre": "man", "Desconocido": "unknown"}
    assert alerts["affected_gender"].value_counts().to_dict() == once["sexo"].map(words).value_counts().to_dict()
    assert alerts["longitude"].between(-3.9, -3.5).all()
    assert alerts["latitude"].between(40.3, 40.6).all()
    east = once["coordenada_x_utm"].str.replace(".", "").astype(float) / 1000
    assert sorted(alerts["x"].round(0)) == pytest.approx(sorted(east.round(0)), abs=2)
    moments = pd.to_datetime(once["fecha"] + " " + once["hora"], format="%d/%m/%Y %H:%M:%S")
    assert sorted(event(seen, "Europe/Madrid")) == sorted(moments)


@in_full
def test_nyc_reads_twelve_hour_dates_month_first(imported: Callable[[str], Imported]) -> None:
    seen = imported("nyc_311_illegal_animals.csv")
    once = seen.raw.drop_duplicates()
    moments = pd.to_datetime(once["Created Date"], format="%m/%d/%Y %I:%M:%S %p")
    local = seen.alerts["reported_at"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    assert sorted(local) == sorted(moments)
    assert seen.alerts["longitude"].isna().sum() == (once["Latitude"] == "").sum()
    assert seen.alerts["category"].nunique() == once["Complaint Type"].nunique()
    assert (seen.alerts["status"] == "resolved").sum() == (once["Status"] == "Closed").sum()


def test_nypd_keeps_every_victim(imported: Callable[[str], Imported]) -> None:
    seen = imported("nypd_shootings_historic.csv")
    words = {"M": "man", "F": "woman", "U": "unknown"}
    told = seen.raw["VIC_SEX"].map(words).value_counts().to_dict()
    assert seen.alerts["affected_gender"].value_counts().to_dict() == told
    assert set(seen.alerts["reporter_gender"]) == {"unknown"}
    assert (seen.alerts["age_band"] == "under_18").sum() == (seen.raw["VIC_AGE_GROUP"] == "<18").sum()
    moments = pd.to_datetime(seen.raw["OCCUR_DATE"] + " " + seen.raw["OCCUR_TIME"], format="%m/%d/%Y %H:%M:%S")
    assert sorted(event(seen, "America/New_York").dt.date) == sorted(moments.dt.date)
    assert seen.alerts.groupby("incident_id").size().max() == seen.raw.groupby("INCIDENT_KEY").size().max()


@in_full
def test_safecity_text_over_lines_is_one_row(imported: Callable[[str], Imported]) -> None:
    seen = imported("safecity_reports_no_text.csv")
    no_place = (seen.raw["lat"] == "") | ((seen.raw["lat"].astype(str) == "0.0") & (seen.raw["lon"] == "0.0"))
    assert seen.alerts["longitude"].isna().sum() == no_place.sum()


@in_full
def test_haiti_is_day_first_with_several_categories(imported: Callable[[str], Imported]) -> None:
    seen = imported("ushahidi_haiti_2010_no_text.csv")
    assert seen.report.date_order == "day-first"
    moments = pd.to_datetime(seen.raw["INCIDENT DATE"], format="%d/%m/%Y %H:%M")
    assert sorted(event(seen, seen.home.city().timezone)) == sorted(moments)
    parts = seen.raw["CATEGORY"].str.rstrip(", ").str.split(", ").map(lambda some: [one for one in some if one])
    assert seen.report.several == (parts.map(lambda some: len(set(some))) > 1).sum()
    assert seen.report.outside > 0


@in_full
def test_vancouver_falls_in_vancouver(imported: Callable[[str], Imported]) -> None:
    seen = imported("vancouver_thefts.csv.gz")
    mapped = seen.alerts.dropna(subset=["longitude"])
    assert mapped["longitude"].between(-123.3, -123.0).all()
    assert mapped["latitude"].between(49.19, 49.32).all()
    nowhere = (seen.raw[["X", "Y"]].astype(float) == 0).all(axis=1)
    assert len(seen.alerts) - len(mapped) == nowhere.sum()
    raw = seen.raw.rename(columns=str.lower)
    moments = pd.to_datetime(raw[["year", "month", "day", "hour", "minute"]].astype(int))
    assert sorted(event(seen, "America/Vancouver").dt.date) == sorted(moments.dt.date)


def documented() -> dict[str, list[str]]:
    """The rows of the tables of docs/real-exports.md by file."""
    page = Path(__file__).resolve().parents[2] / "docs" / "real-exports.md"
    told = [
        [cell.strip().strip("`") for cell in line.strip("|\n ").split("|")]
        for line in page.read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    return {line[0]: line for line in told}


def test_the_table_in_the_documentation_is_what_happens(imported: Callable[[str], Imported]) -> None:
    rows = documented()
    assert set(FILES) <= set(rows)
    for name in FILES if FULL else TWICE:
        report = imported(name).report
        batch = report.batch
        counts = (batch.read, batch.accepted, batch.repaired, batch.duplicate, batch.quarantined, batch.unmapped)
        assert rows[name][1] == report.layout.format
        assert [f"{count:,}" for count in (*counts, batch.outside)] == rows[name][2:9], name
    assert {path.name for path in EXPORTS.iterdir() if path.is_file()} <= set(rows)


@some("name", sorted(set(documented()) - set(FILES)))
def test_the_command_does_what_the_table_says(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, row = EXPORTS / "headers" / name, documented()[name]
    if not path.exists():
        pytest.skip("../shared/data is not here")
    answer = [] if row[10] == "–" else row[10].split()
    assert main(["import", str(path), *answer, "--home", str(tmp_path / "home"), "--lang", "en", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["files"][0]
    counted = ("read", "accepted", "repaired", "duplicate", "quarantined", "unmapped", "outside")
    assert [told["format"], *(f"{told[key]:,}" for key in counted)] == row[1:9]
    assert ", ".join(told["reasons"]) == row[9].replace("–", "")
