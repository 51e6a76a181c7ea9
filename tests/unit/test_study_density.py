"""The density from the store: where it is high, by what it is measured, how it is written, and who may see it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from curim_data import query
from curim_data.cli import main
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.alert_points import DensityStudy, class_polygons, density_study, pixel_frame
from tests.stored import seen_by


@pytest.fixture(scope="module")
def study(source: Source) -> DensityStudy:
    return density_study(source, AlertFilter())


def test_the_surface_holds_the_alerts_of_the_map(source: Source, study: DensityStudy) -> None:
    on_map = query.cells(source, AlertFilter(), 12).frame["n"].sum()
    held = (study.density.values * study.density.raster.land_km2).sum() * study.density.months
    assert held == pytest.approx(on_map)
    assert study.density.n == on_map
    assert study.density.months == pytest.approx(12, rel=0.002)


def test_the_council_sees_no_surface(source: Source) -> None:
    with pytest.raises(DisclosureError, match="the middles of map cells alone"):
        density_study(seen_by(source, Audience.COUNCIL), AlertFilter())


def test_a_picked_area_does_not_cut_the_surface(source: Source, study: DensityStudy) -> None:
    district = source.city.districts[0].id
    picked = density_study(source, AlertFilter(districts=(district,)))
    assert np.array_equal(picked.density.values, study.density.values)


def test_grid_and_classes_agree(source: Source, study: DensityStudy) -> None:
    table = pixel_frame(study.density, source.city)
    assert len(table) == study.density.land.sum()
    shapes = class_polygons(study.density, source.city)
    at = table.sample(200, random_state=3)
    for row in at.itertuples():
        inside = [
            (low, high) for low, high, shape in shapes if shape.contains(shapely.Point(row.longitude, row.latitude))
        ]
        if row.density < shapes[0][0]:
            assert not inside
        else:
            ((low, high),) = inside
            assert low - 0.001 <= row.density <= high + 0.001


def test_the_command_writes_the_surface(sample: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["hotspots", "--method", "density", "--home", str(sample.path), "--lang", "en"]
    assert main([*words, "--json", "--out", str(tmp_path / "density.geojson")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "density"
    assert told["places"][0]["name"] == "Pasalimani"
    shapes = json.loads((tmp_path / "density.geojson").read_text())["features"]
    assert [shape["properties"]["from"] for shape in shapes] == sorted(s["properties"]["from"] for s in shapes)
    assert main([*words, "--out", str(tmp_path / "density.csv")]) == 0
    assert "alerts per km² and month" in capsys.readouterr().out
    assert set(pd.read_csv(tmp_path / "density.csv")) == {"longitude", "latitude", "land_km2", "density", "error"}
    assert main([*words, "--audience", "council"]) == 2
    assert main([*words, "--resolution", "9"]) == 2
