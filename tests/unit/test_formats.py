"""Known formats: which one a header is of, what its columns mean, and the rows that come of them."""

from __future__ import annotations

import datetime as dt
import tomllib
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data import formats
from curim_data.formats import FORMATS, KnownFormat
from curim_data.formats.base import Layout, Part, Recognition, fold
from curim_data.formats.guess import recognise
from curim_data.formats.tables import ROLES
from curim_data.importing.decisions import decide
from curim_data.importing.profiling import FileProfile
from curim_data.importing.rows import ParsedRows, parse_rows
from curim_data.lexicon import WORDS
from curim_data.model import Answers, ImportProblem, Kind, Status
from tests import headers
from tests.blocks import block_of
from tests.headers import named, read, sample_of, table, told
from tests.small import small_city

DOCS = Path(__file__).resolve().parents[2]

WRITTEN = {
    "ushahidi2": (headers.V2_PLAIN, headers.V2_PLUGIN, headers.V2_NEWS),
    "ushahidi3": (headers.V3_NATIVE, headers.V3_OLD, headers.V3_SURVEYS),
    "fixmystreet": (headers.FMS, headers.FMS_GROUPS, headers.FMS_UPDATES),
    "safecity": (headers.SAFECITY_SHEET,),
    "curim": ("alert_id,reported_at,kind,category,status,latitude,longitude", "reported_at,category,kind,status"),
}
FILES = {
    "2018-11-city-of-london-street.csv": "policeuk", "2018-12-city-of-london-street.csv": "policeuk",
    "safecity_reports_no_text.csv": "safecity", "ushahidi_haiti_2010_no_text.csv": "ushahidi2",
    "lancashire_asb.csv": None, "madrid_bike_accidents_2019.csv": None, "nyc_311_illegal_animals.csv": None,
    "nypd_shootings_historic.csv": None, "chicago_aggravated_assaults.csv.gz": None, "cincinnati_burglary.csv.gz": None,
    "vancouver_thefts.csv.gz": None, "headers/policeuk_street.csv": "policeuk",
    "headers/safecity_scrape.csv": "safecity", "headers/seeclickfix_api_csv.csv": "seeclickfix",
    "headers/seeclickfix_city_export_xlsx_as_csv.csv": "seeclickfix",
    "headers/seeclickfix_api_v2_issue.json": "seeclickfix", "headers/open311_georeport_v2_requests.json": "open311",
    "headers/open311_georeport_v2_requests.xml": "open311", "headers/ushahidi_v2_haiti.csv": "ushahidi2",
    "headers/chicago_crimes_2001_present.csv": None, "headers/lapd_crime_2020_present.csv": None,
    "headers/madrid_accidents_semicolon_bom.csv": None, "headers/nyc_311.csv": None,
    "headers/nypd_complaint_header_only.csv": None, "headers/nypd_hate_crimes.csv": None,
    "headers/nypd_shooting_historic.csv": None, "headers/vancouver_utm.csv": None,
}  # fmt: skip


def only(labels: list[str], sample: pa.Table | None, expected: str | None) -> None:
    scores = {name: form.recognise(labels, sample).score for name, form in FORMATS.items()}
    assert {name for name, score in scores.items() if score >= formats.ENOUGH} == ({expected} if expected else set())
    assert all(0 <= score <= 1 for score in scores.values())


@pytest.mark.parametrize(("expected", "header"), [(name, one) for name, many in WRITTEN.items() for one in many])
def test_a_header_is_known_as_what_it_is_and_as_nothing_else(expected: str, header: str) -> None:
    labels = header.split(",")
    only(labels, None, expected)
    only([label.upper() for label in labels][::-1], None, expected)
    assert formats.recognise(labels).layout.format == expected


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), FILES.items(), ids=FILES)
def test_a_real_file_is_known_as_what_it_is_and_as_nothing_else(name: str, expected: str | None) -> None:
    labels, rows = read(name)
    only(labels, None, expected)
    only(labels, sample_of(labels, rows), expected)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_format_has_a_page_that_the_index_names(form: KnownFormat) -> None:
    assert (DOCS / formats.documentation(form.name)).is_file()
    assert f"| `{form.name}` |" in (DOCS / "docs/formats/README.md").read_text("utf-8")


def test_what_a_format_lacks_or_doubles_is_refused_with_its_names() -> None:
    with pytest.raises(ImportProblem, match=r"a\.csv: the format excel is not known.*curim, .*guessed, open311.*ushah"):
        formats.recognise(["a"], name="a.csv", format="excel")
    labels = ["Crime type", "Latitude"]
    found = formats.recognise(labels, name="a.csv", format="policeuk")
    assert found.layout.format == "policeuk"
    missing = r"(?s)policeuk these columns are missing: reported_at\. docs/formats/police"
    with pytest.raises(ImportProblem, match=missing):
        formats.refuse(found, labels, "a.csv")
    labels = [*headers.V2_NEWS.split(","), "Incident date"]
    with pytest.raises(ImportProblem, match=r"2 columns claim to be occurred_from .INCIDENT DATE, Incident date"):
        formats.refuse(formats.recognise(labels), labels, "a.csv")
    labels = ["reported_at", "category", "kind", "status"]
    formats.refuse(formats.recognise(labels), labels, "a.csv")  # coordinates are not required
    with pytest.raises(ImportProblem, match="these columns are missing: reported_at"):
        formats.refuse(formats.recognise(labels[1:], format="curim"), labels[1:], "a.csv")
    labels = headers.FMS_UPDATES.split(",")
    with pytest.raises(ImportProblem, match=r"^up\.csv: these are updates .* Export the problems"):
        formats.refuse(formats.recognise(labels), labels, "up.csv")


def test_a_stranger_with_a_category_is_not_taken_for_our_own_format() -> None:
    strange = ["date", "category", "lat", "lon", "time", "gender"]
    assert FORMATS["curim"].recognise(strange).score < formats.ENOUGH
    assert FORMATS["curim"].recognise(strange[:4]).score >= formats.ENOUGH


def test_what_no_format_claims_is_guessed_and_refused_without_a_date() -> None:
    labels = ["colour", "size"]
    sample = table({0: ["red", "blue"], 1: ["big", "small"]}, labels)
    found = formats.recognise(labels, sample)
    assert found.layout.format == formats.GUESSED
    with pytest.raises(ImportProblem, match=r"a\.csv: no column holds .*: colour, size\. .*docs/formats/guessed"):
        formats.refuse(found, labels, "a.csv")
    police = ["Crime ID", "Month", "Crime type", "Latitude", "Longitude", "LSOA code", "Location"]
    assert formats.recognise(police).layout.format == "policeuk"
    assert formats.recognise(police, format=formats.GUESSED).layout.format == formats.GUESSED


HEADINGS = sorted({"", "lat", "tags", "geom"}.union(*(one.split(",") for many in WRITTEN.values() for one in many)))


@given(st.lists(st.tuples(st.sampled_from(HEADINGS), st.text(max_size=3)), min_size=1, max_size=30))
def test_any_mixture_of_headings_gives_each_column_one_fate(columns: list[tuple[str, str]]) -> None:
    labels = [label for label, _ in columns]
    sample = table({at: [cell] for at, (_, cell) in enumerate(columns)}, labels)
    for name, form in FORMATS.items():
        found = form.recognise(labels, sample)
        assert 0 <= found.score <= 1
        layout = found.layout
        if name != "curim" and found.refused is None:
            fates = [*layout.places, *layout.personal, *layout.text, *layout.unused]
            assert sorted(fates) == list(range(len(labels)))


fixmystreet, policeuk, safecity, seeclickfix, ushahidi2, ushahidi3 = (
    FORMATS[name] for name in ("fixmystreet", "policeuk", "safecity", "seeclickfix", "ushahidi2", "ushahidi3")
)
# Of a header or a file the format, the columns of each role, of persons and of texts.
KNOWN = tomllib.loads(Path(__file__).with_name("known_headers.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", KNOWN)
def test_each_column_has_its_role(name: str) -> None:
    labels, rows = (getattr(headers, name).split(","), []) if hasattr(headers, name) else read(name)
    form, roles, persons, texts = (KNOWN[name][key] for key in ("format", "roles", "persons", "texts"))
    layout = (found := FORMATS[form].recognise(labels, sample_of(labels, rows) if rows else None)).layout
    assert told(labels, found) == roles
    assert set(persons) <= set(named(labels, layout.personal))
    assert bool(persons) == bool(layout.personal)
    assert set(texts) <= set(named(labels, layout.text))
    assert (found.missing, found.doubled) == ((), {})
    kinds = {"ushahidi2": Kind.RISK, "ushahidi3": Kind.RISK, "policeuk": Kind.OFFENCE, "safecity": Kind.OFFENCE}
    assert (layout.nature or layout.kind) == kinds.get(form, Kind.INCIVILITY)
    for role, column in (("status", "Status Translated"), ("status", "Last outcome category"), ("kind", "Crime type")):
        if column in labels:
            words = {fold(row[labels.index(column)]) for row in rows} - {""}
            assert words <= set(layout.words[role])


def test_words_and_marks_that_rows_do_not_show() -> None:
    words = FORMATS["open311"].recognise(["x"]).layout.words["status"]
    assert words.items() >= {"closed": Status.RESOLVED, "investigating": Status.CONFIRMED}.items()
    assert fixmystreet.recognise(headers.FMS.split(",")).layout.roles["category"] == (Part(4),)
    expanded = ["id", "status", "created_at", "lat", "lng", "rating", "request_type.title"]
    assert told(expanded, seeclickfix.recognise(expanded))["category"] == ["request_type.title"]
    labels, rows = read("safecity_reports_no_text.csv")
    layout = safecity.recognise(labels, sample_of(labels, rows)).layout
    tags = {row[labels.index("tags")] for row in rows}
    assert not any(layout.separators[0] in tag for tag in tags)
    assert "0" in tags & layout.missing


def test_the_point_that_most_posts_fill_comes_first() -> None:
    labels = headers.V3_SURVEYS.split(",")
    home, place = labels.index("Home.lat"), labels.index("Place.lat")
    found = ushahidi3.recognise(labels, table({home: ["37.9", "", " "], place: ["37.9", "37.8", ""]}, labels))
    assert found.layout.roles["latitude"] == (Part(place, "first"), Part(home, "first"))
    assert found.layout.roles["longitude"] == (Part(place + 1, "first"), Part(home + 1, "first"))


@pytest.mark.parametrize(
    ("more", "lat", "lon"), [("lat lon lat lon", [11, 13], [12, 14]), ("lat lat lon lon", [11, 12], [13, 14])]
)
def test_points_of_one_label_are_paired_in_their_order(more: str, lat: list[int], lon: list[int]) -> None:
    roles = ushahidi3.recognise([*headers.V3_NATIVE.split(","), *(f"At.{end}" for end in more.split())]).layout.roles
    assert [[part.place for part in roles[role]] for role in ("latitude", "longitude")] == [lat, lon]


def test_the_survey_is_the_category_where_there_is_no_other() -> None:
    labels = headers.V3_OLD.split(",")
    assert told(labels, ushahidi3.recognise(labels))["category"] == ["Survey"]
    for label in ("Tags", "Catégorie", "Type de catégorie", "Kategorie", "Ετικέτες", "Category.3"):
        assert told([*labels, label], ushahidi3.recognise([*labels, label]))["category"] == [label]
    assert told([*labels, "Stage"], ushahidi3.recognise([*labels, "Stage"]))["category"] == ["Survey"]


def test_safecity_as_a_sheet_and_a_new_category_by_its_place_and_values() -> None:
    labels = headers.SAFECITY_SHEET.split(",")
    found = safecity.recognise(labels)
    first, last = labels.index("Catcalls/Whistles"), labels.index("Others")
    assert told(labels, found)["category"] == labels[first : last + 1]
    assert {part.part for part in found.layout.roles["category"]} == {"flag"}
    assert found.layout.roles["occurred_from"] == (Part(2, "date"), Part(5, "time"))
    assert named(labels, found.layout.text) == ["INCIDENT TITLE", "DESCRIPTION", "Location"]
    assert {"VERBAL ABUSE", "SERIOUS PHYSICAL ABUSE", "YEAR", "City Code"} <= set(named(labels, found.layout.unused))
    new, group = labels.index("Cyber"), labels.index("VERBAL ABUSE")
    sample = table({new: ["0", "1"], group: ["1", "0"], labels.index("YEAR"): ["1", "1"]}, labels)
    assert told(labels, safecity.recognise(labels, sample))["category"][-1] == "Cyber"
    words = table({new: ["0", "of friends"]}, labels)
    assert told(labels, safecity.recognise(labels, words))["category"][-1] == "Others"


def test_a_geometry_stands_in_for_missing_coordinates() -> None:
    for header, wanted in ((headers.V2_PLAIN, "geometry.latitude"), (headers.V2_NEWS, "LATITUDE")):
        labels = [*header.split(","), "geometry.longitude", "geometry.latitude"]
        assert told(labels, ushahidi2.recognise(labels))["latitude"] == [wanted]


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
    labels = headers.V3_SURVEYS.split(",")
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
    labels = headers.V2_NEWS.split(",")
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
    labels = headers.FMS_GROUPS.split(",")
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
    labels = headers.SAFECITY_SHEET.split(",")
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
        "open": outcomes.count(""), "confirmed": at_work, "resolved": len(rows) - outcomes.count("") - at_work,
    }  # fmt: skip


# Tables of no known format: roles are guessed, of real exports and of invented ones in seven languages.

Roles = Mapping[str, str]
INVENTED = tomllib.loads(Path(__file__).with_name("invented_exports.toml").read_text("utf-8"))
REAL: Mapping[str, Roles] = tomllib.loads(Path(__file__).with_name("real_exports.toml").read_text("utf-8"))


def texts_of(labels: list[str], records: list[list[str]]) -> pa.Table:
    columns = [[record[at] for record in records] for at in range(len(labels))]
    return pa.table({str(at): pa.array(column, pa.large_string()) for at, column in enumerate(columns)})


def roles_of(layout: Layout, labels: list[str]) -> dict[str, str]:
    """The roles as the tables of this module write them."""
    return {
        role: " ".join(labels[part.place] + (f":{part.part}" if part.part != "value" else "") for part in parts)
        for role, parts in layout.roles.items()
    }


def guessed(text: str) -> tuple[Recognition, list[str]]:
    """Recognise a table written with bars between the cells and one record on each line."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return recognise(lines[0], texts_of(lines[0], lines[1:])), lines[0]


def invented(name: str) -> tuple[Recognition, list[str]]:
    """Recognise a table of `INVENTED`: one column on each line, its heading first."""
    columns = [[cell.strip() for cell in line.split("|")] for line in INVENTED[name]["columns"].strip().splitlines()]
    labels, *records = map(list, zip(*columns, strict=True))
    return recognise(labels, texts_of(labels, records)), labels


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("rows", [20, 2000])
def test_real_exports(name: str, rows: int) -> None:
    labels, records = read(name)
    sample = texts_of(labels, records[:rows])
    found = recognise(labels, sample if sample.num_rows else None)
    assert roles_of(found.layout, labels) == REAL[name]
    assert not found.missing
    assert not found.doubled
    assert 0 < found.score <= 1
    assert set(found.layout.guesses) == set(found.layout.roles)
    assert all(guess.reasons and 0 < guess.confidence <= 1 for guess in found.layout.guesses.values())


def test_real_suspects_addresses_and_other_dates_are_not_used() -> None:
    for name, wanted in {
        "headers/nypd_complaint_header_only.csv": {"SUSP_SEX", "SUSP_AGE_GROUP", "KY_CD", "Lat_Lon", "X_COORD_CD"},
        "nypd_shootings_historic.csv": {"PERP_SEX", "PERP_AGE_GROUP", "BORO"},
        "headers/chicago_crimes_2001_present.csv": {"Updated On", "District", "X Coordinate", "Year"},
        "headers/nypd_hate_crimes.csv": {"Arrest Date", "Arrest Id", "Month Number"},
    }.items():
        labels, records = read(name)
        sample = texts_of(labels, records[:50])
        layout = recognise(labels, sample if sample.num_rows else None).layout
        assert wanted <= {labels[place] for place in layout.unused}
    labels, records = read("headers/lapd_crime_2020_present.csv")
    sample = texts_of(labels, records[:50])
    assert {"LOCATION", "Cross Street"} <= {labels[place] for place in recognise(labels, sample).layout.text}


@pytest.mark.parametrize("name", INVENTED)
def test_invented_exports(name: str) -> None:
    found, labels = invented(name)
    assert roles_of(found.layout, labels) == INVENTED[name]["roles"]
    assert not found.missing
    assert not found.doubled


@pytest.mark.parametrize(
    ("name", "personal", "text"),
    [
        ("greek", {"Ονοματεπώνυμο"}, set()), ("french", set(), {"adresse"}),
        ("french requests", set(), {"commentaire"}), ("spanish", {"nombre_denunciante"}, set()),
        ("portuguese", {"e-mail"}, set()), ("german", set(), {"Sachverhalt"}),
        ("german requests", {"Telefonnummer"}, set()), ("italian", set(), {"indirizzo"}),
    ],
)  # fmt: skip
def test_persons_and_free_text_are_told_apart_in_every_language(name: str, personal: set[str], text: set[str]) -> None:
    found, labels = invented(name)
    assert {labels[place] for place in found.layout.personal} == personal
    assert {labels[place] for place in found.layout.text} >= text


SMALL = tomllib.loads(Path(__file__).with_name("small_tables.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", SMALL)
def test_small_tables(name: str) -> None:
    roles = SMALL[name]["roles"]
    found, labels = guessed(SMALL[name]["text"])
    assert roles_of(found.layout, labels) == roles
    assert (found.missing == ("reported_at",)) == (not {"reported_at", "occurred_from"} & set(roles))
    if labels[0] == "a":
        assert max(guess.confidence for guess in found.layout.guesses.values()) < 0.6


def test_data_is_a_date_in_italian_and_no_date_in_english() -> None:
    assert roles_of(recognise(["Data", "Tipo"]).layout, ["Data", "Tipo"]) == {
        "occurred_from": "Data",
        "category": "Tipo",
    }
    assert recognise(["Open Data Channel Type", "Data Source"]).missing == ("reported_at",)


@pytest.mark.parametrize("first", ["45321.25", "45321", "1715000000", "1715000000123"])
def test_numbers_that_count_days_or_seconds_are_dates_where_the_heading_says_so(first: str) -> None:
    second = str(float(first) + 1)
    found, labels = guessed(f"created_at|beat|type\n{first}|{first}|Robbery\n{second}|{second}|Theft")
    assert roles_of(found.layout, labels) == {"reported_at": "created_at", "category": "type"}
    found, _ = guessed(f"created_at|beat|type\n{first}|{first}|Robbery\n12|{second}|Theft")
    assert found.missing == ("reported_at",)


def test_names_of_things_are_not_names_of_persons() -> None:
    labels = ["Agency Name", "Service Name", "nom de l'infraction", "officer name", "complainant name", "nome", "plate"]
    personal = {labels[place] for place in recognise(labels).layout.personal}
    assert personal == {"officer name", "complainant name", "nome", "plate"}


def test_long_values_of_a_short_list_are_not_used_but_no_free_text_either() -> None:
    outcomes = ("treated at the place of the accident and sent home", "taken to the hospital for more than a day")
    rows = "\n".join(f"2025-01-{at % 28 + 1:02}|fall|{outcomes[at % 2]}" for at in range(200))
    found, labels = guessed("date|type|outcome of it\n" + rows)
    assert found.layout.text == ()
    assert [labels[place] for place in found.layout.unused] == ["outcome of it"]


def test_telephones_and_mail_are_personal_by_their_values() -> None:
    found, labels = guessed("date|a|b\n2025-01-02|x@example.org|+30 694 123 4567\n2025-01-03|y@example.org|6941234567")
    assert [labels[place] for place in found.layout.personal] == ["a", "b"]


def test_repeated_labels_give_the_first_column_that_fits() -> None:
    labels = ["type", "date", "type", "date"]
    sample = texts_of(labels, [["Robbery", "2025-01-02", "Theft", ""], ["Theft", "2025-01-03", "Noise", ""]])
    layout = recognise(labels, sample).layout
    assert (layout.place("category"), layout.place("occurred_from")) == (0, 1)
    assert set(layout.unused) == {2, 3}


CELLS = st.sampled_from(
    ["", "NULL", "2025-01-02", "13/02/2025 22:15", "815", "22:15", "37.9", "23.64671", "444.591.127", "F", "M", "Mujer",
     "open", "Theft", "x@y.gr", "(1.5, 2.5)", "25-44", "long text " * 9, "\x00", "٣", "1e999"]
)  # fmt: skip
LABELS = st.one_of(
    st.sampled_from(
        ["date", "hora", "VIC_SEX", "lat", "lon", "x", "y", "type", "id", "status", "", "Name", "Location"]
    ),
    st.text(max_size=12),
)


@given(st.data())
def test_any_table_is_read_and_every_column_has_one_meaning(data: st.DataObject) -> None:
    labels = data.draw(st.lists(LABELS, max_size=7))
    rows = data.draw(st.integers(0, 5))
    records = [[data.draw(CELLS) for _ in labels] for _ in range(rows)]
    layout = recognise(labels, texts_of(labels, records)).layout
    places = [*layout.places, *layout.personal, *layout.text, *layout.unused]
    assert sorted(places) == list(range(len(labels)))
    assert set(layout.roles) <= set(ROLES)
    assert set(layout.guesses) == set(layout.roles)


@pytest.mark.parametrize("heading", ["Nr.", "Α/Α", "N°", "lfd. Nr.", "NUMBO", "Nº", "#", "Αύξων αριθμός"])
def test_a_column_of_numbers_is_the_case_number_where_hardly_one_repeats(heading: str) -> None:
    """Rows that stand there twice and a total repeat a number or two; house numbers repeat far more often."""
    labels = [heading, "date", "category"]

    def roles(numbers: list[int]) -> dict[str, str]:
        rows = [[str(number), f"{1 + at % 28:02d}/03/2025", "noise"] for at, number in enumerate(numbers)]
        table = pa.table({str(at): pa.array([row[at] for row in rows], pa.large_string()) for at in range(3)})
        return roles_of(recognise(labels, table).layout, labels)

    assert roles([*range(1, 61), 60, 7])["alert_id"] == heading
    if heading != "NUMBO":
        assert "alert_id" not in roles([1 + at % 45 for at in range(60)])


IDS = {
    "numbers that rise": lambda at: str(40_310 + 3 * at),
    "numbers of a whole series": lambda at: str(at + 1),
    "codes": lambda at: f"IT-2025-{40_310 + 7 * at:06d}",
    "uuids": lambda at: str(uuid.UUID(int=at * 7**40 % 2**128)),
    "amounts": lambda at: str(at * 7_919 % 10_007),
    "texts": lambda at: f"Calle {at} bis",
    "decimals": lambda at: f"{at}.5",
}


@pytest.mark.parametrize("heading", ["N. pratica", "Ticket", "Sprawa", "Meldnummer"])
@pytest.mark.parametrize("kind", IDS)
def test_an_id_is_known_by_its_values_where_no_heading_says_so(kind: str, heading: str) -> None:
    rows = [f"{IDS[kind](at)}|{1 + at % 28:02d}/03/2025|theft|48.{100 + at}|2.{300 + at}" for at in range(60)]
    recognition, labels = guessed("\n".join([f"{heading}|Date|Type|Lat|Lon", *rows]))
    expected = [heading] if list(IDS).index(kind) < 4 else []
    assert [labels[part.place] for part in recognition.layout.roles.get("alert_id", ())] == expected


@pytest.mark.parametrize(("closed", "answered"), [("Chiusa", "Risposta"), ("Data fim", "Data da resposta")])
def test_a_date_that_some_alerts_have_is_of_what_followed(closed: str, answered: str) -> None:
    """The end of the case where the state says so; an answer, or an end without a state, is not used."""
    rows = []
    for at in range(80):
        day = 1 + at % 20
        done = f"{day + 6}/03/2025 10:00" if at % 3 else ""
        answer = f"{day + 3}/03/2025 09:00" if at % 5 else ""
        rows.append(f"{day}/03/2025 08:00|{answer}|{done}|theft|{'x' if done else 'y'}|48.{100 + at}|2.{300 + at}")
    head = f"Data|{answered}|{closed}|Type|Z|Lat|Lon"
    recognition, labels = guessed("\n".join([head, *rows]))
    roles = roles_of(recognition.layout, labels)
    assert (roles["occurred_from"], roles["resolved_at"]) == ("Data", closed)
    assert {"reported_at", "occurred_to"}.isdisjoint(roles)
    recognition, labels = guessed("\n".join([head, *(row.replace("|y|", "|x|") for row in rows)]))
    assert {"reported_at", "occurred_to", "resolved_at"}.isdisjoint(recognition.layout.roles)


@pytest.mark.parametrize("row", tomllib.loads(Path(__file__).with_name("languages.toml").read_text("utf-8"))["rows"])
def test_dates_people_and_states_are_known_in_many_languages(row: str) -> None:
    date, category, *two = row.split("|")
    (sex, genders), (state, states) = (cell.split(": ") for cell in two)
    women_and_men, ends = genders.split(", "), states.split(", ")
    rows = [f"{1 + at % 28:02d}/03/2025|{'abc'[at % 3] * 5}|{women_and_men[at % 2]}|{ends[at % 2]}" for at in range(40)]
    recognition, labels = guessed("\n".join([f"{date}|{category}|{sex}|{state}", *rows]))
    roles = roles_of(recognition.layout, labels)
    gender = roles.get("affected_gender") or roles.get("reporter_gender")
    when = roles.get("reported_at") or roles.get("occurred_from")
    assert (when, roles["category"], gender, roles["status"]) == (date, category, sex, state)
    assert [WORDS["affected_gender"][fold(word)] for word in women_and_men] == ["woman", "man"]
    assert [WORDS["status"][fold(word)] for word in ends] == ["resolved", "rejected"]
