"""The density from the store: where it is high, by what it is measured, how it is written, and who may see it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.density import density_image
from curim_data import query
from curim_data.cli import main
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies import density
from curim_data.studies.density import DensityStudy, class_polygons, density_study, pixel_frame
from tests.stored import seen_by


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


@pytest.fixture(scope="module")
def study(source: Source) -> DensityStudy:
    return density_study(source, AlertFilter())


def test_the_surface_holds_the_alerts_of_the_map(source: Source, study: DensityStudy) -> None:
    on_map = query.cells(source, AlertFilter(), 12).frame["n"].sum()
    held = (study.density.values * study.density.raster.land_km2).sum() * study.density.months
    assert held == pytest.approx(on_map)
    assert study.density.n == on_map
    assert study.density.months == pytest.approx(12, rel=0.002)


def test_the_planted_places_are_the_highest(study: DensityStudy) -> None:
    planted = {"mikrolimano", "pasalimani", "maniatika", "peiraiki", "piraeus_station", "chatzikyriakio"}
    assert {peak.name.place for peak in study.peaks[:6]} == planted
    values = [peak.value.value for peak in study.peaks]
    assert values == sorted(values, reverse=True)
    assert all(peak.value.low < peak.value.value < peak.value.high for peak in study.peaks)


def test_the_picture_is_darkest_where_the_alerts_are(source: Source, study: DensityStudy) -> None:
    picture, city = density_image(study.density, source.city), source.city
    west, south, east, north = picture.bounds
    rows, columns = picture.rgba.shape[:2]

    def mercator(latitude: float) -> float:
        return float(np.arcsinh(np.tan(np.radians(latitude))))

    peak = study.peaks[0]
    column = int((peak.longitude - west) / (east - west) * columns)
    row = int((mercator(north) - mercator(peak.latitude)) / (mercator(north) - mercator(south)) * rows)
    darkest = [int(picture.colours[-1][i : i + 2], 16) for i in (1, 3, 5)]
    assert picture.rgba[row, column, :3].tolist() == darkest
    mark = next(one for one in city.landmarks if one.id == "pasalimani")
    assert abs(peak.longitude - mark.longitude) < 0.005
    assert abs(peak.latitude - mark.latitude) < 0.005


def test_the_council_sees_no_surface(source: Source) -> None:
    with pytest.raises(DisclosureError, match="the middles of map cells alone"):
        density_study(seen_by(source, Audience.COUNCIL), AlertFilter())


def test_a_picked_area_does_not_cut_the_surface(source: Source, study: DensityStudy) -> None:
    district = source.city.districts[0].id
    picked = density_study(source, AlertFilter(districts=(district,)))
    assert np.array_equal(picked.density.values, study.density.values)


def test_the_width_is_not_below_the_precision_of_the_coordinates(
    source: Source, study: DensityStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(density, "coordinate_step", lambda _: 150.0)
    coarse = density_study(source, AlertFilter())
    assert study.bandwidth.metres < 150 <= coarse.bandwidth.metres
    assert coarse.bandwidth.widths_m[0] >= 150
    assert coarse.density.n == study.density.n


def test_nothing_left_is_no_surface(source: Source, t: Translator) -> None:
    nothing = AlertFilter.from_query({"from": "2001-01-01", "to": "2001-01-02"}, source.city)[0]
    found = density_study(source, nothing)
    assert not found.peaks
    assert "no density to draw" in found.density.sentence(t)
    assert not class_polygons(found.density, source.city)


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


def test_peaks_without_landmarks_have_names_of_their_own(source: Source, study: DensityStudy) -> None:
    bare = replace(source.city, landmarks=(), streets=())
    names = [peak.name for peak in density.density_peaks(study.density, bare)]
    assert len(names) > 3
    told = [name(Translator("en")) for name in names]
    assert len(set(told)) == len(told)
    assert all(name.number == 1 for name in names)  # a direction tells them apart, not a count over all districts
