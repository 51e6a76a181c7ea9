"""Workbooks, JSON and XML: the same alerts come out of each as the same texts, and broken files are refused."""

from __future__ import annotations

import datetime as dt
import io
import random
import tracemalloc
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyproj
import pytest
import shapely

from curim_data.containers import open_file
from curim_data.model import ImportProblem, Question, Reason
from tests.in_files import (
    ALERTS,
    LABELS,
    TEXTS,
    XLS,
    Opener,
    dumped,
    every,
    frame,
    geoparquet,
    layers,
    objects,
    open_json,
    open_parquet,
    open_vector,
    open_workbook,
    open_xml,
    parquet,
    records,
    rows,
    shapefile,
    shared,
    xlsx,
    xml,
)


@pytest.mark.parametrize("kind", ["xlsx", "ods", "json", "page", "lines", "xml", "parquet"])
def test_the_same_texts_come_out_of_every_table(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    opened = opener(data, f"alerts.{kind}")
    assert opened.facts.labels == LABELS
    assert rows(opened) == TEXTS
    assert rows(opened) == TEXTS, "the blocks can be read again"
    assert [block.rows.tolist() for block in opened.blocks()] == [[1, 2, 3]]


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shp", "geoparquet"])
def test_geometry_becomes_columns_beside_the_same_texts(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    opened = opener(data, f"alerts.{kind}")
    found = records(opened)
    assert [tuple(record[label] for label in LABELS) for record in found] == TEXTS
    places = [(float(record["geometry.longitude"]), float(record["geometry.latitude"])) for record in found]
    assert places == [(alert[4], alert[5]) for alert in ALERTS]
    assert all("e" not in record["geometry.longitude"] for record in found)
    assert opened.facts.crs in ("EPSG:4326", "OGC:CRS84")


def test_an_old_workbook_keeps_zeros_signs_and_greek() -> None:
    opened = open_workbook(XLS, "a.xls")
    assert opened.facts.container == "xls"
    assert rows(opened) == [
        ("007", "2024-03-01T22:15:30", "Παρενόχληση", "-23.646123", "37.94", "5"),
        ("008", "2024-03-02T00:05:00", "Κλοπή", "23.65", "-37.9", "12"),
    ]


def test_a_workbook_with_two_tables_asks_which_and_takes_the_answer() -> None:
    other = [("name", "population"), *((f"district {at}", at) for at in range(9))]
    data = xlsx(Alerts=[LABELS, *ALERTS], Districts=other, Empty=[])
    with pytest.raises(Question) as asked:
        open_workbook(data, "two.xlsx")
    assert asked.value.about == "sheet"
    assert [choice.value for choice in asked.value.choices] == ["Alerts", "Districts"]
    assert rows(open_workbook(data, "two.xlsx", "districts"))[0] == ("district 0", "0")
    with pytest.raises(ImportProblem, match="Alerts, Districts, Empty"):
        open_workbook(data, "two.xlsx", "Nope")
    with pytest.raises(ImportProblem, match="no rows"):
        open_workbook(data, "two.xlsx", "Empty")


def test_notes_beside_a_large_sheet_are_no_question() -> None:
    data = xlsx(Notes=[("what", "who"), ("exported", "me")], Alerts=[("id", "when"), *((at, "x") for at in range(100))])
    opened = open_workbook(data, "notes.xlsx")
    assert (opened.facts.sheet, len(rows(opened))) == ("Alerts", 100)


def test_titles_over_a_table_empty_rows_in_it_and_columns_beside_it() -> None:
    lines: list[tuple[Any, ...]] = [
        ("Alerts of March",), (), ("id", "when", None, "category"), ("1", "2024-03-01", None, "a", "said"),
        (), ("2", "2024-03-02", None, "b"), ("Σύνολο", 2), (None, None),
    ]  # fmt: skip
    opened = open_workbook(xlsx(One=lines), "titled.xlsx")
    block = next(iter(opened.blocks()))
    assert opened.facts.labels == ("id", "when", "category", "")
    assert opened.facts.skipped == ("Alerts of March",)
    assert rows(opened) == [("1", "2024-03-01", "a", "said"), ("2", "2024-03-02", "b", "")]
    assert block.rows.tolist() == [1, 3]
    assert [(record.row, record.reason) for record in block.refused] == [(2, Reason.EMPTY_ROW), (4, Reason.TOTALS_ROW)]


def test_cells_far_apart_and_passwords_are_refused_in_words() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", "b"
    target = io.BytesIO()
    book.save(target)
    with pytest.raises(ImportProblem, match="MB of memory"):
        open_file(target.getvalue(), "far.xlsx")
    locked = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(ImportProblem, match="password"):
        open_workbook(locked, "locked.xlsx")


def test_durations_times_and_dates_without_time() -> None:
    lines = [("at", "for", "on"), (dt.time(7, 5), dt.timedelta(hours=30, seconds=1), dt.date(2024, 2, 29))]
    assert rows(open_workbook(xlsx(One=lines), "times.xlsx")) == [("07:05:00", "30:00:01", "2024-02-29")]


def test_the_open311_and_seeclickfix_samples() -> None:
    folder = ("exports", "headers")
    (request,) = records(open_json(shared(*folder, "open311_georeport_v2_requests.json"), "r.json"))
    assert (request["service_request_id"], request["zipcode"], request["long"]) == ("12345", "06515", "-72.951125")
    assert request["media_url"] == ""
    (issue,) = records(open_json(shared(*folder, "seeclickfix_api_v2_issue.json"), "issue.json"))
    assert issue["point.coordinates"] == "-76.9680328369141|38.9246253967285"
    assert issue["reporter.name"] == "An anonymous SeeClickFix user"
    opened = open_xml(shared(*folder, "open311_georeport_v2_requests.xml"), "r.xml")
    requests = records(opened)
    assert [record["service_request_id"] for record in requests] == ["638344", "638345", "638346"]
    assert (requests[2]["description"], requests[0]["long"]) == ("", "0.01578")
    assert opened.facts.sheet == "request"


def test_numbers_keep_their_digits_and_columns_are_those_of_all_records() -> None:
    data = b'[{"a":1.50,"b":1e5,"c":12345678901234567890},{"d":[1,null,"x"],"a":-0.10,"e":{"f":[],"g":{}}},7]'
    opened = open_json(data, "n.json")
    assert opened.facts.labels == ("a", "b", "c", "d", "e.f", "e.g", "")
    assert rows(opened) == [
        ("1.50", "100000", "12345678901234567890", "", "", "", ""),
        ("-0.10", "", "", "1||x", "", "", ""),
        ("", "", "", "", "", "", "7"),
    ]


def test_lists_of_objects_in_a_record_are_joined_and_do_not_become_the_table() -> None:
    issue = {"id": 1, "a": 1, "b": 2, "c": 3, "comments": [{"by": "x", "says": "y"}, {"by": "z"}]}
    assert records(open_json(dumped(issue), "one.json"))[0]["comments.by"] == "x|z"
    data = dumped({"requests": [issue, issue], "people": [{"id": at} for at in range(30)], "page": 1})
    with pytest.raises(Question) as asked:
        open_json(data, "two.json")
    assert [choice.value for choice in asked.value.choices] == ["requests", "people"]
    assert len(rows(open_json(data, "two.json", "people"))) == 30
    assert len(rows(open_json(dumped({"data": {"issues": [issue, issue]}}), "deep.json"))) == 2


def test_json_in_utf16_and_with_a_mark() -> None:
    text = dumped(objects()).decode()
    for encoding in ("utf-16", "utf-8-sig"):
        opened = open_json(text.encode(encoding), "m.json")
        assert rows(opened) == TEXTS
        assert opened.facts.encoding == encoding


@pytest.mark.parametrize("data", [b"[1,2]", b"7", b"[]", b"{}", b"[" * 100_000, b'{"a":' * 50_000, b"", b'[{"a":NaN}]'])
def test_json_that_is_no_table(data: bytes) -> None:
    with pytest.raises(ImportProblem):
        rows(open_json(data, "no.json"))


def test_broken_json_says_after_how_many_records() -> None:
    with pytest.raises(ImportProblem, match="after 2 whole records"):
        open_json(b'[{"a":1},{"a":2},{"a":', "cut.json")


def test_the_crs_member_of_geojson_is_honoured_and_metres_without_one_stay_metres() -> None:
    place = {"type": "Point", "coordinates": [470000.25, 4198000.5]}
    features = [{"type": "Feature", "id": "a1", "properties": {"k": 1}, "geometry": place}] * 2
    features.append({"type": "Feature", "properties": None, "geometry": None})  # type: ignore[dict-item]
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2100"}}
    opened = open_json(dumped({"type": "FeatureCollection", "features": features, "crs": named}), "g.geojson")
    found = records(opened)
    x, y = pyproj.Transformer.from_crs(2100, 4326, always_xy=True).transform(470000.25, 4198000.5)
    assert opened.facts.crs == "EPSG:2100"
    assert float(found[0]["geometry.longitude"]) == pytest.approx(x, abs=1e-8)
    assert float(found[0]["geometry.latitude"]) == pytest.approx(y, abs=1e-8)
    assert found[0]["id"] == "a1"
    assert len(found) == 2, "the feature with nothing in it is an empty row"
    bare = open_json(dumped({"type": "FeatureCollection", "features": features}), "g.geojson")
    assert (bare.facts.crs, records(bare)[0]["x"], records(bare)[0]["y"]) == ("", "470000.25", "4198000.5")
    named["properties"] = {"name": "EPSG:999999"}
    with pytest.raises(ImportProblem, match="not known"):
        open_json(dumped({"type": "FeatureCollection", "features": features, "crs": named}), "g.geojson")


@pytest.mark.parametrize("encoding", ["windows-1253", "iso-8859-7", "utf-16"])
def test_xml_in_its_declared_encoding(encoding: str) -> None:
    assert rows(open_xml(xml(encoding), "e.xml")) == TEXTS


def test_xml_of_attributes_namespaces_nested_and_repeated_elements() -> None:
    data = b"""<r xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><rows>
        <row id="7" i:type="a"><at lat="1.50"><name>n</name></at><tag>a</tag><tag>b</tag></row><row id="8">text</row>
        </rows></r>"""
    opened = open_xml(data, "a.xml")
    assert opened.facts.labels == ("@id", "at.@lat", "at.name", "tag", "text")
    assert rows(opened) == [("7", "1.50", "n", "a|b", ""), ("8", "", "", "", "text")]


def test_entity_bombs_are_refused() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><x>&b;</x><x>&b;</x></r>'
    with pytest.raises(ImportProblem, match="entities"):
        open_xml(bomb, "bomb.xml")
    outside = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r><x>&a;</x></r>'
    with pytest.raises(ImportProblem):
        open_xml(outside, "outside.xml")


@pytest.mark.slow
@pytest.mark.parametrize("opener", [open_xml, open_json])
def test_memory_does_not_grow_with_the_number_of_records(opener: Opener) -> None:
    def peak(count: int) -> int:
        if opener is open_xml:
            data = b"<r>" + b"<a><id>1</id><text>some words</text></a>" * count + b"</r>"
        else:
            data = dumped({"alerts": [{"id": 1, "text": "some words"}] * count})
        tracemalloc.start()
        opener(data, "many")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(20_000) < peak(2_000) + 500_000


@pytest.mark.parametrize("crs", [2100, 32634, 3857])
def test_layers_in_metres_come_back_to_degrees(crs: int, tmp_path: Path) -> None:
    near = frame().iloc[[0]].set_geometry([shapely.Point(23.65, 37.94)]).set_crs(4326, allow_override=True).to_crs(crs)
    for opened in (
        open_vector(layers(tmp_path, near=near), "n.gpkg"),
        open_vector(shapefile(tmp_path, near), "n.zip", kind="shp"),
        open_parquet(geoparquet(near), "n.parquet"),
    ):
        (record,) = records(opened)
        assert opened.facts.crs == f"EPSG:{crs}"
        assert float(record["geometry.longitude"]) == pytest.approx(23.65, abs=1e-6)
        assert float(record["geometry.latitude"]) == pytest.approx(37.94, abs=1e-6)


def test_a_shapefile_without_prj_keeps_its_metres(tmp_path: Path) -> None:
    data = shapefile(tmp_path, frame(2100), without=(".prj",))
    opened = open_vector(data, "bare.zip", kind="shp")
    assert (opened.facts.crs, opened.facts.labels[-2:]) == ("", ("x", "y"))
    assert float(records(opened)[1]["x"]) == pytest.approx(frame(2100).geometry.x[1])


@pytest.mark.parametrize("part", [".dbf", ".shp"])
def test_a_shapefile_with_a_part_cut_off_is_refused(part: str, tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(shapefile(tmp_path, frame()))) as whole, zipfile.ZipFile(target, "w") as cut:
        for member in whole.namelist():
            data = whole.read(member)
            cut.writestr(member, data[: len(data) - 40] if member.lower().endswith(part) else data)
    with pytest.raises(ImportProblem, match="damaged"):
        rows(open_vector(target.getvalue(), "cut.zip", kind="shp"))
    with pytest.raises(ImportProblem, match=r"lacks its \.dbf part"):
        open_vector(shapefile(tmp_path, frame(), without=(".dbf",)), "cut.zip", kind="shp")


@pytest.mark.parametrize("without", [(), (".cpg",)])
@pytest.mark.parametrize("encoding", ["CP1253", "UTF-8"])
def test_the_encoding_of_a_shapefile(encoding: str, without: tuple[str, ...], tmp_path: Path) -> None:
    data = shapefile(tmp_path, frame(), without=without, encoding=encoding)
    assert [record["category"] for record in records(open_vector(data, "e.zip", kind="shp"))] == [
        line[3] for line in TEXTS
    ]


def test_several_layers_are_a_question(tmp_path: Path) -> None:
    data = layers(tmp_path, march=frame(), april=frame().iloc[[0, 1]])
    with pytest.raises(Question) as asked:
        open_vector(data, "two.gpkg")
    assert [choice.value for choice in asked.value.choices] == ["march", "april"]
    assert len(rows(open_vector(data, "two.gpkg", "april"))) == 2


def test_missing_geometry_is_an_empty_text(tmp_path: Path) -> None:
    gappy = frame().set_geometry([None, shapely.Point(), shapely.box(1, 2, 3, 4)], crs=4326)
    for opened in (open_vector(layers(tmp_path, gappy=gappy), "g.gpkg"), open_parquet(geoparquet(gappy), "g.parquet")):
        found = [(record["geometry.longitude"], record["geometry.latitude"]) for record in records(opened)]
        assert found == [("", ""), ("", ""), ("2", "3")]


def test_nothing_but_a_database_is_opened_as_one() -> None:
    linked = b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/vsicurl/http://127.0.0.1:9/a.gpkg"
    with pytest.raises(ImportProblem, match="damaged"):
        open_vector(linked, "a.gpkg")


def test_every_type_of_column_becomes_text() -> None:
    moment = dt.datetime(2024, 7, 1, 10, 0, 0, 120000)
    values = {
        "naive": pa.array([moment, None], pa.timestamp("us")),
        "zoned": pa.array([moment, None], pa.timestamp("ms", "Europe/Athens")),
        "utc": pa.array([moment.replace(microsecond=0), None], pa.timestamp("us", "UTC")),
        "time": pa.array([dt.time(7, 30), None], pa.time64("us")),
        "words": pa.array(["Κλοπή", None]).dictionary_encode(), "exact": pa.array([Decimal("1.50"), None]),
        "large": pa.array([12345678901.5, None]), "whole": pa.array([12345678901.0, np.nan]),
        "single": pa.array([0.1, None], pa.float32()), "list": pa.array([["a", None, "b"], None]),
        "lists": pa.array([[[1], [2]], None]), "in": pa.array([{"x": 1, "y": {"z": dt.date(2024, 1, 2)}}, None]),
        "bytes": pa.array([b"x", None]), "nothing": pa.nulls(2),
    }  # fmt: skip
    opened = open_parquet(parquet(pa.table({**values, "id": ["1", "2"]})), "t.parquet")
    first, second = records(opened)
    assert first == {
        "naive": "2024-07-01T10:00:00.12", "zoned": "2024-07-01T13:00:00.12+03:00", "utc": "2024-07-01T10:00:00Z",
        "time": "07:30:00", "words": "Κλοπή", "exact": "1.50", "large": "12345678901.5", "whole": "12345678901",
        "single": "0.1", "list": "a||b", "lists": "[[1],[2]]", "in.x": "1", "in.y.z": "2024-01-02", "nothing": "",
        "id": "1",
    }  # fmt: skip
    assert {text for label, text in second.items() if label != "id"} == {""}


def read_or_refused(opener: Opener, data: bytes, kind: str) -> int | None:
    """How many rows were read, or none where the file was refused."""
    try:
        return sum(block.read for block in opener(data, f"broken.{kind}").blocks())
    except ImportProblem:
        return None


KINDS = ["xlsx", "ods", "xls", "json", "page", "lines", "geojson", "xml", "gpkg", "shp", "parquet", "geoparquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_files_are_refused_and_nothing_else(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    whole = read_or_refused(opener, data, kind)
    assert whole
    ends = {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 12, len(data))}
    read = {end: read_or_refused(opener, data[:end], kind) for end in sorted(ends)}
    if kind == "lines":
        assert set(read.values()) <= {None, 1, 2}
    elif kind in ("xls", "json", "page", "geojson", "xml", "shp", "gpkg"):
        assert set(read.values()) <= {None, whole}, read
    else:
        assert set(read.values()) == {None}, read


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_lead_to_no_other_exception(kind: str, tmp_path: Path) -> None:
    opener, data = every(tmp_path)[kind]
    chance = random.Random(kind)
    for _ in range(60):
        flipped = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            flipped[chance.randrange(len(data))] = chance.randrange(256)
        read_or_refused(opener, bytes(flipped), kind)
