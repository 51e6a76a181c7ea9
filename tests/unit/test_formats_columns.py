from __future__ import annotations

import pytest

from curim_data import formats
from curim_data.formats import FORMATS
from curim_data.formats.base import Part, fold
from curim_data.model import ImportProblem, Kind, Status
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
    named,
    read,
    sample_of,
    table,
    told,
)

fixmystreet, open311, policeuk, safecity, seeclickfix, ushahidi2, ushahidi3 = (
    FORMATS[name]
    for name in ("fixmystreet", "open311", "policeuk", "safecity", "seeclickfix", "ushahidi2", "ushahidi3")
)


def test_ushahidi_2() -> None:
    labels = V2_PLUGIN.split(",")
    layout = (found := ushahidi2.recognise(labels)).layout
    assert not found.missing
    assert not found.doubled
    assert told(labels, found) == {
        "alert_id": ["#"], "occurred_from": ["INCIDENT DATE"], "category": ["CATEGORY"], "latitude": ["LATITUDE"],
        "longitude": ["LONGITUDE"], "status": ["APPROVED", "VERIFIED"],
    }  # fmt: skip
    assert named(labels, layout.personal) == ["Phone of witness", "FIRST NAME", "LAST NAME", "EMAIL"]
    assert named(labels, layout.text) == ["INCIDENT TITLE", "LOCATION", "DESCRIPTION"]
    assert named(labels, layout.unused) == ["How many"]
    assert (layout.separators, layout.kind) == ((", ",), Kind.RISK)
    news = V2_NEWS.split(",")
    assert "NEWS LINKS" in named(news, ushahidi2.recognise(news).layout.text)


def test_the_words_of_haiti_are_known_and_its_categories_part_at_the_comma() -> None:
    labels, rows = read("ushahidi_haiti_2010_no_text.csv")
    layout = ushahidi2.recognise(labels).layout
    at = {label: place for place, label in enumerate(labels)}
    states = {fold(f"{row[at['APPROVED']]}|{row[at['VERIFIED']]}") for row in rows}
    assert states <= set(layout.words["status"])
    assert layout.words["status"]["yes|yes"] == Status.CONFIRMED
    assert layout.words["status"]["yes|no"] == layout.words["status"]["no|no"] == Status.OPEN
    cells = [row[at["CATEGORY"]] for row in rows]
    names = {name for cell in cells for name in cell.split(layout.separators[0])} - {""}
    assert all(name[0].isdecimal() and "," not in name for name in names)


def test_ushahidi_3() -> None:
    labels = V3_SURVEYS.split(",")
    layout = (found := ushahidi3.recognise(labels)).layout
    assert told(labels, found) == {
        "alert_id": ["Post ID"], "status": ["Post Status"], "reported_at": ["Post Date (UTC)", "Created (UTC)"],
        "latitude": ["Home.lat", "Place.lat"], "longitude": ["Home.lon", "Place.lon"],
        "category": ["Κατηγορίες", "Categories.0", "Categories.1"],
    }  # fmt: skip
    assert {part.part for part in layout.roles["reported_at"]} == {"first"}
    assert {part.part for part in layout.roles["category"]} == {"value"}
    assert named(labels, layout.personal) == ["Contact ID", "Contact", "Data Source ID", "E-mail"]
    assert named(labels, layout.text) == ["Unstructured Description", "Title", "Title"]
    assert layout.utc
    assert layout.skip_hxl
    assert layout.words["status"] == {"published": "open", "draft": "open", "archived": "resolved"}


def test_the_point_that_most_posts_fill_comes_first() -> None:
    labels = V3_SURVEYS.split(",")
    home, place = labels.index("Home.lat"), labels.index("Place.lat")
    found = ushahidi3.recognise(labels, table({home: ["37.9", "", " "], place: ["37.9", "37.8", ""]}, labels))
    assert found.layout.roles["latitude"] == (Part(place, "first"), Part(home, "first"))
    assert found.layout.roles["longitude"] == (Part(place + 1, "first"), Part(home + 1, "first"))


def test_points_of_one_label_are_paired_in_their_order() -> None:
    labels = [*V3_NATIVE.split(","), "At.lat", "At.lon", "At.lat", "At.lon"]
    roles = ushahidi3.recognise(labels).layout.roles
    assert [part.place for part in roles["latitude"]] == [11, 13]
    assert [part.place for part in roles["longitude"]] == [12, 14]
    apart = [*V3_NATIVE.split(","), "At.lat", "At.lat", "At.lon", "At.lon"]
    roles = ushahidi3.recognise(apart).layout.roles
    assert [part.place for part in roles["latitude"]] == [11, 12]
    assert [part.place for part in roles["longitude"]] == [13, 14]


def test_the_survey_is_the_category_where_there_is_no_other() -> None:
    labels = V3_OLD.split(",")
    assert told(labels, ushahidi3.recognise(labels))["category"] == ["Survey"]
    for label in ("Tags", "Catégorie", "Type de catégorie", "Kategorie", "Ετικέτες", "Category.3"):
        assert told([*labels, label], ushahidi3.recognise([*labels, label]))["category"] == [label]
    assert told([*labels, "Stage"], ushahidi3.recognise([*labels, "Stage"]))["category"] == ["Survey"]


def test_fixmystreet() -> None:
    labels = FMS_GROUPS.split(",")
    layout = (found := fixmystreet.recognise(labels)).layout
    assert told(labels, found) == {
        "alert_id": ["Report ID"], "reported_at": ["Created"], "status": ["Status"], "latitude": ["Latitude"],
        "longitude": ["Longitude"], "category": ["Subcategory", "Category"], "resolved_at": ["Fixed", "Closed"],
    }  # fmt: skip
    assert {part.part for role in ("category", "resolved_at") for part in layout.roles[role]} == {"first"}
    assert named(labels, layout.personal) == ["User Name", "Device Type", "Reported As", "Staff User"]
    assert named(labels, layout.text) == ["Title", "Detail", "Query", "Report URL"]
    assert "Easting" in named(labels, layout.unused)
    assert layout.kind == Kind.INCIVILITY
    plain = FMS.split(",")
    assert fixmystreet.recognise(plain).layout.roles["category"] == (Part(4),)


def test_the_states_of_fixmystreet() -> None:
    words = fixmystreet.words["status"]
    for text, status in {
        "confirmed": "open", "Action scheduled": "confirmed", "in progress": "confirmed", "closed": "resolved",
        "fixed - council": "resolved", "Fixed - User": "resolved", "unable to fix": "rejected", "hidden": "rejected",
    }.items():  # fmt: skip
        assert words[fold(text)] == status


def test_updates_are_known_and_refused_with_what_to_export_instead() -> None:
    labels = FMS_UPDATES.split(",")
    with pytest.raises(ImportProblem, match=r"^up\.csv: these are updates .* Export the problems"):
        formats.refuse(formats.recognise(labels), labels, "up.csv")


@pytest.mark.parametrize("name", ["open311_georeport_v2_requests.json", "open311_georeport_v2_requests.xml"])
def test_open311(name: str) -> None:
    labels, _ = read(f"headers/{name}")
    layout = (found := open311.recognise(labels)).layout
    assert told(labels, found) == {
        "alert_id": ["service_request_id"], "reported_at": ["requested_datetime"], "category": ["service_name"],
        "status": ["status"], "latitude": ["lat"], "longitude": ["long"],
    }  # fmt: skip
    assert {"description", "status_notes", "service_notice"} <= set(named(labels, layout.text))
    assert not layout.personal
    assert layout.words["status"]["closed"] == Status.RESOLVED
    assert layout.words["status"]["investigating"] == Status.CONFIRMED


def test_seeclickfix_of_the_api() -> None:
    labels, rows = read("headers/seeclickfix_api_v2_issue.json")
    layout = (found := seeclickfix.recognise(labels, sample_of(labels, rows))).layout
    assert told(labels, found) == {
        "alert_id": ["id"], "reported_at": ["created_at"], "status": ["status"], "resolved_at": ["closed_at"],
        "latitude": ["lat"], "longitude": ["lng"], "confirmations": ["rating"],
    }  # fmt: skip
    assert {"reporter.name", "reporter.id", "reporter.avatar.full"} <= set(named(labels, layout.personal))
    assert {"summary", "description", "address", "url", "html_url", "media.image_full"} <= set(
        named(labels, layout.text)
    )
    expanded = [*labels, "request_type.title"]
    assert told(expanded, seeclickfix.recognise(expanded))["category"] == ["request_type.title"]


def test_seeclickfix_of_a_city() -> None:
    labels, rows = read("headers/seeclickfix_city_export_xlsx_as_csv.csv")
    layout = (found := seeclickfix.recognise(labels, sample_of(labels, rows))).layout
    roles = told(labels, found)
    assert roles["category"] == ["Category"]
    assert roles["reported_at"] == ["Created At Local"]
    assert roles["resolved_at"] == ["Closed At Local"]
    assert roles["confirmations"] == ["Rating"]
    assert named(labels, layout.personal) == ["Reporter Display", "Reported Using Mobile?", "Assignee Name"]
    states = {fold(row[labels.index("Status Translated")]) for row in rows}
    assert states <= set(layout.words["status"])


def test_texts_under_rating_are_no_counts() -> None:
    labels, rows = read("headers/seeclickfix_api_csv.csv")
    layout = seeclickfix.recognise(labels, sample_of(labels, rows)).layout
    assert "confirmations" not in layout.roles
    assert {"rating", "description"} <= set(named(labels, layout.text))


@pytest.mark.parametrize("month", ["2018-11", "2018-12"])
def test_the_words_of_police_uk_are_known(month: str) -> None:
    labels, rows = read(f"{month}-city-of-london-street.csv")
    layout = (found := policeuk.recognise(labels)).layout
    assert told(labels, found) == {
        "alert_id": ["Crime ID"], "occurred_from": ["Month"], "category": ["Crime type"], "kind": ["Crime type"],
        "status": ["Last outcome category"], "latitude": ["Latitude"], "longitude": ["Longitude"],
    }  # fmt: skip
    crimes = {fold(row[labels.index("Crime type")]) for row in rows}
    assert len(crimes) > 10
    assert crimes <= set(layout.words["kind"])
    assert {word for word, kind in layout.words["kind"].items() if kind != Kind.OFFENCE} == {"anti_social_behaviour"}
    outcomes = {fold(row[labels.index("Last outcome category")]) for row in rows} - {""}
    assert len(outcomes) > 10
    assert outcomes <= set(layout.words["status"])
    assert layout.words["status"]["under_investigation"] == Status.CONFIRMED
    assert layout.words["status"]["unable_to_prosecute_suspect"] == Status.RESOLVED
    assert named(labels, layout.text) == ["Location", "Context"]
    assert not layout.personal


def test_safecity_as_a_list() -> None:
    labels, rows = read("safecity_reports_no_text.csv")
    layout = (found := safecity.recognise(labels, sample_of(labels, rows))).layout
    assert told(labels, found) == {
        "alert_id": ["incident_id"], "latitude": ["lat"], "longitude": ["lon"], "occurred_from": ["date"],
        "category": ["tags"],
    }  # fmt: skip
    assert named(labels, layout.text) == ["title", "short_desc", "location"]
    assert layout.kind == Kind.OFFENCE
    tags = {row[labels.index("tags")] for row in rows}
    assert not any(layout.separators[0] in tag for tag in tags)
    assert "0" in tags & layout.missing


def test_safecity_as_a_sheet() -> None:
    labels = SAFECITY_SHEET.split(",")
    found = safecity.recognise(labels)
    roles = told(labels, found)
    first, last = labels.index("Catcalls/Whistles"), labels.index("Others")
    assert roles["category"] == labels[first : last + 1]
    assert {part.part for part in found.layout.roles["category"]} == {"flag"}
    assert found.layout.roles["occurred_from"] == (Part(2, "date"), Part(5, "time"))
    assert named(labels, found.layout.text) == ["INCIDENT TITLE", "DESCRIPTION", "Location"]
    assert {"VERBAL ABUSE", "SERIOUS PHYSICAL ABUSE", "YEAR", "City Code"} <= set(named(labels, found.layout.unused))


def test_a_new_category_of_safecity_is_known_by_its_place_and_values() -> None:
    labels = SAFECITY_SHEET.split(",")
    new, group = labels.index("Cyber"), labels.index("VERBAL ABUSE")
    sample = table({new: ["0", "1"], group: ["1", "0"], labels.index("YEAR"): ["1", "1"]}, labels)
    assert told(labels, safecity.recognise(labels, sample))["category"][-1] == "Cyber"
    words = table({new: ["0", "of friends"]}, labels)
    assert told(labels, safecity.recognise(labels, words))["category"][-1] == "Others"


def test_a_geometry_stands_in_for_missing_coordinates() -> None:
    labels = [*V2_PLAIN.split(","), "geometry.longitude", "geometry.latitude"]
    roles = told(labels, ushahidi2.recognise(labels))
    assert (roles["latitude"], roles["longitude"]) == (["geometry.latitude"], ["geometry.longitude"])
    own = [*V2_NEWS.split(","), "geometry.longitude", "geometry.latitude"]
    assert told(own, ushahidi2.recognise(own))["latitude"] == ["LATITUDE"]
