"""Layers of features and Parquet; truncated and flipped files of every kind."""

from __future__ import annotations

import datetime as dt
import io
import random
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

from curim_data.model import ImportProblem, Question
from tests.in_files import (
    TEXTS,
    Opener,
    every,
    frame,
    geoparquet,
    layers,
    open_parquet,
    open_vector,
    parquet,
    records,
    rows,
    shapefile,
    shared,
)

# ---- layers


def test_wards_of_lancashire_lie_in_lancashire() -> None:
    opened = open_vector(shared("boundaries", "lancashire_wards.gpkg"), "wards.gpkg")
    found = records(opened)
    assert opened.facts.crs == "EPSG:27700"
    assert len(found) == len(pyogrio.read_dataframe(shared("boundaries", "lancashire_wards.gpkg")))
    for record in found:
        assert -3.2 < float(record["geometry.longitude"]) < -2.0
        assert 53.4 < float(record["geometry.latitude"]) < 54.3


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


# ---- Parquet


def test_every_type_of_column_becomes_text() -> None:
    moment = dt.datetime(2024, 7, 1, 10, 0, 0, 120000)
    values = {
        "naive": pa.array([moment, None], pa.timestamp("us")),
        "zoned": pa.array([moment, None], pa.timestamp("ms", "Europe/Athens")),
        "utc": pa.array([moment.replace(microsecond=0), None], pa.timestamp("us", "UTC")),
        "time": pa.array([dt.time(7, 30), None], pa.time64("us")),
        "words": pa.array(["Κλοπή", None]).dictionary_encode(),
        "exact": pa.array([Decimal("1.50"), None]),
        "large": pa.array([12345678901.5, None]),
        "whole": pa.array([12345678901.0, np.nan]),
        "single": pa.array([0.1, None], pa.float32()),
        "list": pa.array([["a", None, "b"], None]),
        "lists": pa.array([[[1], [2]], None]),
        "in": pa.array([{"x": 1, "y": {"z": dt.date(2024, 1, 2)}}, None]),
        "bytes": pa.array([b"x", None]),
        "nothing": pa.nulls(2),
    }
    opened = open_parquet(parquet(pa.table({**values, "id": ["1", "2"]})), "t.parquet")
    first, second = records(opened)
    assert first == {
        "naive": "2024-07-01T10:00:00.12", "zoned": "2024-07-01T13:00:00.12+03:00", "utc": "2024-07-01T10:00:00Z",
        "time": "07:30:00", "words": "Κλοπή", "exact": "1.50", "large": "12345678901.5", "whole": "12345678901",
        "single": "0.1", "list": "a||b", "lists": "[[1],[2]]", "in.x": "1", "in.y.z": "2024-01-02", "nothing": "",
        "id": "1",
    }  # fmt: skip
    assert {text for label, text in second.items() if label != "id"} == {""}


# ---- broken files


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
