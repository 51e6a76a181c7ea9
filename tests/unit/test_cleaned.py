"""Cleaned alerts out: columns, safety, audience, kinds, and the way back in."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample_data
from curim_data.engine import Source, open_source
from curim_data.export import cleaned
from curim_data.export.safe_csv import safe_cell
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.model.extent import NESTED_CELLS
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from tests.commands import Curim
from tests.small import alert, small_source

ALL = AlertFilter(period="all")
NIGHT = dt.datetime(2025, 6, 1, 21, 30, tzinfo=dt.UTC)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    rows = [
        alert(1, occurred_from=NIGHT, more_categories=["noise", "lighting_poor"], hours=[22, 23], x=1.23456, y=2.0),
        alert(2, point=(None, None), category="=1+1", incident_id=None, occurred_from=None),
        alert(3, alert_id="a9#2", incident_id="a9", occurred_from=NIGHT, time_precision="day", hours=None),
        alert(4, occurred_from=NIGHT - dt.timedelta(minutes=30), time_precision="month", hours=None),
    ]
    return small_source(tmp_path, rows)


def test_the_csv_by_hand(source: Source) -> None:
    out = io.BytesIO()
    cleaned.write(source, ALL, out, "csv", Audience.ANALYST)
    out.seek(0)
    frame = pd.read_csv(out, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert tuple(frame.columns) == cleaned.COLUMNS
    assert frame["alert_id"].tolist() == ["a1", "", "a4", "a9"]
    assert frame["stored_id"].tolist() == ["a1", "a2", "a4", "a9#2"]
    assert frame["occurred_from"].tolist() == ["2025-06-02T00:30:00+03:00", "", "2025-06", "2025-06-02"]
    assert frame["reported_at"].tolist() == ["2025-06-02T15:00:00+03:00"] * 4
    assert frame["category"][1] == "'=1+1"
    assert frame["more_categories"].tolist() == ["noise|lighting_poor", "", "", ""]
    assert frame["hours"].tolist() == ["22|23", "22", "", ""]
    assert (frame["longitude"][0], frame["longitude"][1], frame["x"][0]) == ("23.64", "", "1.23")
    assert frame["cell_9"][0] == format(source.alerts.one("cell_9", ["alert_id = 'a1'"])["cell_9"], "x")
    assert (frame["inside"][0], frame["inside"][1]) == ("true", "")


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC, Audience.SPECIALIST])
def test_only_analysts_get_single_alerts(source: Source, audience: Audience, tmp_path: Path) -> None:
    with pytest.raises(DisclosureError):
        cleaned.write(source, ALL, tmp_path / "out.csv", "csv", audience)
    assert not (tmp_path / "out.csv").exists()


def test_parquet_and_geopackage(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cleaned.write(source, ALL, tmp_path / "out.parquet", "parquet", Audience.ANALYST) == 4
    table = pq.read_table(tmp_path / "out.parquet")
    assert tuple(table.column_names) == cleaned.COLUMNS
    assert table.schema.field("reported_at").type == pa.timestamp("us", "Europe/Athens")
    assert table["occurred_from"][0].as_py() == NIGHT
    assert table["category"][1].as_py() == "=1+1"
    monkeypatch.setattr(cleaned, "SLICE", 3)
    assert cleaned.write(source, ALL, tmp_path / "out.gpkg", "gpkg", Audience.ANALYST) == 4
    frame = pyogrio.read_dataframe(tmp_path / "out.gpkg", layer="alerts")
    assert frame.crs.to_epsg() == 4326
    assert frame["stored_id"].tolist() == ["a1", "a2", "a4", "a9#2"]
    assert frame.geometry.isna().tolist() == [False, True, False, False]
    assert (frame.geometry[0].x, frame.geometry[0].y) == (23.64, 37.945)


@pytest.mark.slow
@given(st.text(max_size=20))
def test_texts_are_as_safe_as_in_other_tables(text: str) -> None:
    made = cleaned.safe_texts(pa.chunked_array([pa.array([text], pa.string())]))
    assert made[0].as_py() == safe_cell(text)


@pytest.mark.slow
def test_the_command_writes_every_kind_and_says_what_cells_are(curim: Curim, sample: Home, tmp_path: Path) -> None:
    out = str(tmp_path / "alerts.")
    assert f"{open_source(sample).count:,} rows written" in curim.says(sample, "export", "--out", out + "csv")
    for kind in cleaned.KINDS:
        said = curim.says(sample, "export", "--period", "28d", "--out", out + kind)
        assert NESTED_CELLS.text in said
        assert f"{open_source(sample).count:,} rows written" not in said
    assert curim.answer(sample, "export", "--period", "28d", "--out", out + "csv")["notes"] == [NESTED_CELLS.text]
    assert pq.read_schema(out + "parquet").metadata[b"cells"].decode() == NESTED_CELLS.text
    assert pyogrio.read_info(out + "gpkg")["layer_metadata"]["cells"] == NESTED_CELLS.text
    home = ["--home", str(sample.path)]
    assert "analysts" in curim.refuses("export", "--out", out + "csv", "--audience", "council", *home)
    curim.refuses("export", "--out", out + "xyz", *home)


def test_the_csv_comes_back_as_the_same_alerts(home: Home, tmp_path: Path) -> None:
    import_file(home, sample_data.DIRTY_EXPORT, "dirty.csv")
    out = tmp_path / "out.csv"
    n = cleaned.write(open_source(home), ALL, out, "csv", Audience.ANALYST)
    batch = import_file(home, out, out.name).batch
    assert (batch.read, batch.duplicate) == (n, n)
