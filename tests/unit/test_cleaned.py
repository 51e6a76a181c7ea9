"""Cleaned alerts out: columns, safety, audience, kinds, and the way back in."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.cli import main
from curim_data.engine import Source, open_source
from curim_data.export import cleaned
from curim_data.export.safe_csv import safe_cell
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.model.extent import NESTED_CELLS
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from tests.small import alert, small_source

ALL = AlertFilter(period="all")
NIGHT = dt.datetime(2025, 6, 1, 21, 30, tzinfo=dt.UTC)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """An ordinary alert, one without coordinates and with a formula for a category, a day and a month."""
    rows = [
        alert(1, occurred_from=NIGHT, more_categories=["noise", "lighting_poor"], hours=[22, 23], x=1.23456, y=2.0),
        alert(2, point=(None, None), category="=1+1", incident_id=None, occurred_from=None),
        alert(3, alert_id="a9#2", incident_id="a9", occurred_from=NIGHT, time_precision="day", hours=None),
        alert(4, occurred_from=NIGHT - dt.timedelta(minutes=30), time_precision="month", hours=None),
    ]
    return small_source(tmp_path, rows)


def _csv(source: Source, f: AlertFilter = ALL) -> pd.DataFrame:
    out = io.BytesIO()
    cleaned.write(source, f, out, "csv", Audience.ANALYST)
    out.seek(0)
    return pd.read_csv(out, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig")


ONE = "alert_id = 'a1'"


def test_the_csv_by_hand(source: Source) -> None:
    frame = _csv(source)
    assert tuple(frame.columns) == cleaned.COLUMNS
    assert frame["alert_id"].tolist() == ["a1", "", "a4", "a9"]
    assert frame["stored_id"].tolist() == ["a1", "a2", "a4", "a9#2"]
    assert frame["occurred_from"].tolist() == ["2025-06-02T00:30:00+03:00", "", "2025-06", "2025-06-02"]
    assert frame["reported_at"].tolist() == ["2025-06-02T15:00:00+03:00"] * 4
    assert frame["category"][1] == "'=1+1"
    assert frame["more_categories"].tolist() == ["noise|lighting_poor", "", "", ""]
    assert frame["hours"].tolist() == ["22|23", "22", "", ""]
    assert (frame["longitude"][0], frame["longitude"][1], frame["x"][0]) == ("23.64", "", "1.23")
    assert frame["cell_9"][0] == f"{source.alerts.one('cell_9', [ONE])['cell_9']:x}"
    assert (frame["inside"][0], frame["inside"][1]) == ("true", "")


def test_the_filter_holds(source: Source) -> None:
    assert _csv(source, ALL.replace(categories=("noise",)))["stored_id"].tolist() == ["a1"]


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC, Audience.SPECIALIST])
def test_only_analysts_get_single_alerts(source: Source, audience: Audience, tmp_path: Path) -> None:
    with pytest.raises(DisclosureError):
        cleaned.write(source, ALL, tmp_path / "out.csv", "csv", audience)
    assert not (tmp_path / "out.csv").exists()


def test_parquet_is_typed(source: Source, tmp_path: Path) -> None:
    assert cleaned.write(source, ALL, tmp_path / "out.parquet", "parquet", Audience.ANALYST) == 4
    table = pq.read_table(tmp_path / "out.parquet")
    assert tuple(table.column_names) == cleaned.COLUMNS
    assert table.schema.field("reported_at").type == pa.timestamp("us", "Europe/Athens")
    assert table["occurred_from"][0].as_py() == NIGHT
    assert table["category"][1].as_py() == "=1+1"


def test_geopackage_holds_alerts_without_a_place(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
def test_the_csv_comes_back_as_the_same_alerts(sample: Home, tmp_path: Path) -> None:
    shutil.copytree(sample.path, tmp_path / "home")
    home, out = Home(tmp_path / "home"), tmp_path / "out.csv"
    n = cleaned.write(open_source(home), ALL, out, "csv", Audience.ANALYST)
    batch = import_file(home, out, out.name).batch
    assert (batch.read, batch.duplicate) == (n, n)


@pytest.mark.slow
def test_the_command(sample: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--home", str(sample.path), "--lang", "en"]
    out = str(tmp_path / "a.csv")
    assert main(["export", *where, "--out", out]) == 0
    every = capsys.readouterr().out
    assert f"{open_source(sample).count:,} alerts written" in every
    assert main(["export", *where, "--out", out, "--period", "28d"]) == 0
    assert capsys.readouterr().out != every
    assert main(["export", *where, "--out", out, "--audience", "council"]) == 2
    assert "analysts" in capsys.readouterr().err
    assert main(["export", *where, "--out", str(tmp_path / "a.xyz")]) == 2


def test_every_way_out_says_what_cells_are(sample: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", "--period", "28d", "--home", str(sample.path), "--lang", "en", "--out"]
    for kind in cleaned.KINDS:
        assert main([*words, str(tmp_path / f"alerts.{kind}")]) == 0
        assert NESTED_CELLS.text in capsys.readouterr().out
    assert main([*words, str(tmp_path / "again.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == [NESTED_CELLS.text]
    assert pq.read_schema(tmp_path / "alerts.parquet").metadata[b"cells"].decode() == NESTED_CELLS.text
    assert pyogrio.read_info(tmp_path / "alerts.gpkg")["layer_metadata"]["cells"] == NESTED_CELLS.text
