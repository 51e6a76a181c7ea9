"""The rows of each format: recognised, decided, parsed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from curim_data import formats
from curim_data.importing.decisions import decide
from curim_data.importing.profiling import FileProfile
from curim_data.importing.rows import ParsedRows, parse_rows
from curim_data.model import Answers
from tests.blocks import block_of
from tests.headers import FMS_GROUPS, SAFECITY_SHEET, V2_NEWS, V3_SURVEYS, read
from tests.small import small_city

EMERGENCY = "1. Urgences | Emergency"
NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)


def parsed(labels: list[str], rows: list[list[str]]) -> ParsedRows:
    """Every step between the text of a file and its alerts."""
    block = block_of({str(at): [row[at] for row in rows] for at in range(len(labels))})
    found = formats.recognise(labels, block.table)
    formats.refuse(found, labels, "rows.csv")
    profile = FileProfile(found.layout, labels)
    profile.add(block)
    city = small_city()
    return parse_rows(
        block, labels, found.layout, decide(profile, found.layout, city, Answers(), "rows.csv", NOW), city
    )


def column(result: ParsedRows, name: str) -> list[Any]:
    return list(result.alerts[name].to_pylist())


def written(labels: list[str], *cells: dict[str, str]) -> ParsedRows:
    """Rows that fill some columns, by label."""
    return parsed(labels, [[cell.get(label, "") for label in labels] for cell in cells])


def test_a_row_of_hxl_tags_is_set_aside_and_no_survey_loses_its_places() -> None:
    labels = V3_SURVEYS.split(",")
    first = {"Post ID": "1", "Post Status": "published", "Post Date (UTC)": "2025-03-01 22:00:00"}
    other = {"Post ID": "2", "Post Status": "archived", "Created (UTC)": "2025-03-02 10:00:00"}
    result = written(
        labels,
        {"Post ID": "#meta+id", "Home.lat": "#geo+lat", "Home.lon": "#geo+lon"},
        {**first, "Κατηγορίες": "Noise, Theft", "Home.lat": "37.945", "Home.lon": "23.64"},
        {**other, "Categories.0": "Theft", "Categories.1": "Noise", "Place.lat": "37.95", "Place.lon": "23.65"},
    )
    assert list(result.outcomes.reason) == ["hxl_row", "", ""]
    assert column(result, "category") == ["noise", "Theft"]
    assert column(result, "more_categories") == [["Theft"], ["noise"]]
    assert column(result, "latitude") == [37.945, 37.95]
    assert column(result, "longitude") == [23.64, 23.65]
    assert column(result, "status") == ["open", "resolved"]
    assert [moment.isoformat() for moment in column(result, "reported_at")] == [
        "2025-03-01T22:00:00+00:00",
        "2025-03-02T10:00:00+00:00",
    ]


def test_bars_within_the_labels_of_ushahidi_part_nothing() -> None:
    labels = V2_NEWS.split(",")
    cells = {"INCIDENT DATE": "2025-03-01 10:00:00", "LATITUDE": "37.945", "LONGITUDE": "23.64", "APPROVED": "YES"}
    result = written(
        labels,
        {**cells, "#": "1", "VERIFIED": "YES", "CATEGORY": f"{EMERGENCY}, 3. Public Health, 8. Autre | Other, "},
        {**cells, "#": "2", "VERIFIED": "NO", "CATEGORY": f"{EMERGENCY}, "},
        {**cells, "#": "3", "VERIFIED": "NO", "APPROVED": "NO", "CATEGORY": ""},
    )
    assert column(result, "category") == [EMERGENCY, EMERGENCY, "uncategorised"]
    assert column(result, "more_categories")[0] == ["3. Public Health", "8. Autre | Other"]
    assert column(result, "status") == ["confirmed", "open", "open"]


def test_the_first_filled_column_of_fixmystreet_counts() -> None:
    labels = FMS_GROUPS.split(",")
    cells = {"Created": "2025-02-01T12:00:00", "Latitude": "37.945", "Longitude": "23.64"}
    fixed = {"Report ID": "1", "Category": "Street", "Subcategory": "Pothole", "Fixed": "2025-02-03T12:00:00"}
    closed = {"Report ID": "2", "Category": "Graffiti", "Closed": "2025-02-04T12:00:00"}
    result = written(
        labels,
        {**cells, **fixed, "Status": "fixed - council"},
        {**cells, **closed, "Status": "unable to fix"},
        {**cells, "Report ID": "3", "Category": "Graffiti", "Status": "confirmed"},
    )
    assert column(result, "category") == ["Pothole", "Graffiti", "Graffiti"]
    assert column(result, "status") == ["resolved", "rejected", "open"]
    assert [moment and moment.day for moment in column(result, "resolved_at")] == [3, 4, None]
    assert set(column(result, "kind")) == {"incivility"}


def test_flags_of_safecity_give_categories_and_two_digits_a_year() -> None:
    labels = SAFECITY_SHEET.split(",")
    none = dict.fromkeys(labels[labels.index("Catcalls/Whistles") : labels.index("Location")], "0")
    place = {"LATITUDE": "37.945", "LONGITUDE": "23.64"}
    both = {"Catcalls/Whistles": "1", "Touching /Groping": "1", "VERBAL ABUSE": "1"}
    result = written(
        labels,
        {**none, **place, **both, "INCIDENT ID": "1", "DATE": "12/31/13", "TIME": "21:30"},
        {**none, **place, "INCIDENT ID": "2", "DATE": "01/13/14", "TIME": "08:05", "Stalking": "1"},
        {**none, **place, "INCIDENT ID": "3", "DATE": "01/02/14"},
    )
    assert column(result, "category") == ["Catcalls/Whistles", "Stalking", "uncategorised"]
    assert column(result, "more_categories") == [["Touching /Groping"], None, None]
    assert [str(moment)[:16] for moment in column(result, "occurred_from")][:2] == [
        "2013-12-31 19:30",
        "2014-01-13 06:05",
    ]
    assert column(result, "time_precision") == ["minute", "minute", "day"]


def test_the_months_of_police_uk() -> None:
    labels, rows = read("2018-11-city-of-london-street.csv")
    result = parsed(labels, rows)
    assert result.alerts.num_rows == len(rows)
    assert set(column(result, "time_precision")) == {"month"}
    quiet = sum(row[labels.index("Crime type")] == "Anti-social behaviour" for row in rows)
    assert Counter(column(result, "kind")) == {"incivility": quiet, "offence": len(rows) - quiet}
    outcomes = [row[labels.index("Last outcome category")] for row in rows]
    at_work = sum(outcome in ("Under investigation", "Awaiting court outcome") for outcome in outcomes)
    assert Counter(column(result, "status")) == {
        "open": outcomes.count(""),
        "confirmed": at_work,
        "resolved": len(rows) - outcomes.count("") - at_work,
    }


def test_the_reports_of_haiti() -> None:
    labels, rows = read("ushahidi_haiti_2010_no_text.csv")
    result = parsed(labels, rows)
    cells = [[name for name in row[labels.index("CATEGORY")].split(", ") if name] for row in rows]
    assert column(result, "category") == [names[0] if names else "uncategorised" for names in cells]
    assert [more or [] for more in column(result, "more_categories")] == [
        [name for name in dict.fromkeys(names[1:]) if name != names[0]] for names in cells
    ]
    assert Counter(column(result, "status")) == {"open": 3377, "confirmed": 216}
