from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data import formats
from curim_data.formats import FORMATS, KnownFormat
from curim_data.model import ImportProblem
from tests.headers import (
    FMS,
    FMS_GROUPS,
    FMS_UPDATES,
    SAFECITY_SHEET,
    V2_NEWS,
    V2_PLAIN,
    V2_PLUGIN,
    V3_NATIVE,
    V3_OLD,
    V3_SURVEYS,
    read,
    sample_of,
    table,
)

DOCS = Path(__file__).resolve().parents[2]

WRITTEN = {
    "v2 plain": (V2_PLAIN, "ushahidi2"),
    "v2 plugin": (V2_PLUGIN, "ushahidi2"),
    "v2 news": (V2_NEWS, "ushahidi2"),
    "v3 native": (V3_NATIVE, "ushahidi3"),
    "v3 old": (V3_OLD, "ushahidi3"),
    "v3 surveys": (V3_SURVEYS, "ushahidi3"),
    "fixmystreet": (FMS, "fixmystreet"),
    "fixmystreet groups": (FMS_GROUPS, "fixmystreet"),
    "fixmystreet updates": (FMS_UPDATES, "fixmystreet"),
    "safecity sheet": (SAFECITY_SHEET, "safecity"),
    "curim": ("alert_id,reported_at,kind,category,status,latitude,longitude", "curim"),
    "curim without places": ("reported_at,category,kind,status", "curim"),
}
FILES = {
    "2018-11-city-of-london-street.csv": "policeuk",
    "2018-12-city-of-london-street.csv": "policeuk",
    "safecity_reports_no_text.csv": "safecity",
    "ushahidi_haiti_2010_no_text.csv": "ushahidi2",
    "lancashire_asb.csv": None,
    "madrid_bike_accidents_2019.csv": None,
    "nyc_311_illegal_animals.csv": None,
    "nypd_shootings_historic.csv": None,
    "chicago_aggravated_assaults.csv.gz": None,
    "cincinnati_burglary.csv.gz": None,
    "vancouver_thefts.csv.gz": None,
    "headers/policeuk_street.csv": "policeuk",
    "headers/safecity_scrape.csv": "safecity",
    "headers/seeclickfix_api_csv.csv": "seeclickfix",
    "headers/seeclickfix_city_export_xlsx_as_csv.csv": "seeclickfix",
    "headers/seeclickfix_api_v2_issue.json": "seeclickfix",
    "headers/open311_georeport_v2_requests.json": "open311",
    "headers/open311_georeport_v2_requests.xml": "open311",
    "headers/ushahidi_v2_haiti.csv": "ushahidi2",
    "headers/chicago_crimes_2001_present.csv": None,
    "headers/lapd_crime_2020_present.csv": None,
    "headers/madrid_accidents_semicolon_bom.csv": None,
    "headers/nyc_311.csv": None,
    "headers/nypd_complaint_header_only.csv": None,
    "headers/nypd_hate_crimes.csv": None,
    "headers/nypd_shooting_historic.csv": None,
    "headers/vancouver_utm.csv": None,
}


def only(labels: list[str], sample: pa.Table | None, expected: str | None) -> None:
    scores = {name: form.recognise(labels, sample).score for name, form in FORMATS.items()}
    assert {name for name, score in scores.items() if score >= formats.ENOUGH} == ({expected} if expected else set())
    assert all(0 <= score <= 1 for score in scores.values())


@pytest.mark.parametrize(("header", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_a_header_is_known_as_what_it_is_and_as_nothing_else(header: str, expected: str) -> None:
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
    page = DOCS / form.documentation
    assert page.is_file()
    assert f"| `{form.name}` |" in (DOCS / "docs/formats/README.md").read_text("utf-8")
    assert formats.documentation(form.name) == form.documentation


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(ImportProblem, match=r"a\.csv: the format excel is not known.*curim, .*guessed, open311.*ushah"):
        formats.recognise(["a"], name="a.csv", format="excel")


def test_a_format_that_a_person_names_is_taken_and_refused_without_a_date() -> None:
    labels = ["Crime type", "Latitude"]
    found = formats.recognise(labels, name="a.csv", format="policeuk")
    assert found.layout.format == "policeuk"
    with pytest.raises(
        ImportProblem, match=r"(?s)policeuk these columns are missing: reported_at\. docs/formats/police"
    ):
        formats.refuse(found, labels, "a.csv")


def test_two_columns_for_one_role_are_refused_with_their_names() -> None:
    labels = [*V2_NEWS.split(","), "Incident date"]
    with pytest.raises(ImportProblem, match=r"2 columns claim to be occurred_from .INCIDENT DATE, Incident date"):
        formats.refuse(formats.recognise(labels), labels, "a.csv")


def test_coordinates_are_not_required_and_a_date_is() -> None:
    labels = ["reported_at", "category", "kind", "status"]
    formats.refuse(formats.recognise(labels), labels, "a.csv")
    with pytest.raises(ImportProblem, match="these columns are missing: reported_at"):
        formats.refuse(formats.recognise(labels[1:], format="curim"), labels[1:], "a.csv")


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


HEADINGS = sorted(
    {label for header, _ in WRITTEN.values() for label in header.split(",")} | {"", "lat", "tags", "geom"}
)


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
