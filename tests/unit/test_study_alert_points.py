"""Single alerts and their density from the store: which count as events, where it is high, who may see them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.alert_points import (
    DensityStudy,
    class_geojson,
    class_polygons,
    density_study,
    near_repeat_study,
    pixel_frame,
    read_events,
)
from tests.small import HERE, alert, small_city, small_source
from tests.stored import seen_by


@pytest.fixture(scope="module")
def study(source: Source) -> DensityStudy:
    return density_study(source, AlertFilter())


def test_the_surface_holds_the_alerts_of_the_map(source: Source, study: DensityStudy, t: Translator) -> None:
    on_map = query.cells(source, AlertFilter(), 12).frame["n"].sum()
    held = (study.density.values * study.density.raster.land_km2).sum() * study.density.months
    assert held == pytest.approx(on_map)
    assert study.density.n == on_map
    assert study.density.months == pytest.approx(12, rel=0.002)
    assert study.peaks[0].name(t) == "Pasalimani"


def test_a_picked_area_does_not_cut_the_surface(source: Source, study: DensityStudy) -> None:
    district = source.city.districts[0].id
    picked = density_study(source, AlertFilter(districts=(district,)))
    assert np.array_equal(picked.density.values, study.density.values)


def test_grid_and_classes_agree(source: Source, study: DensityStudy) -> None:
    table = pixel_frame(study.density, source.city)
    assert len(table) == study.density.land.sum()
    assert set(table) == {"longitude", "latitude", "land_km2", "density", "error"}
    shapes = class_polygons(study.density, source.city)
    written = json.loads(class_geojson(study.density, source.city))["features"]
    assert [shape["properties"]["from"] for shape in written] == sorted(low for low, _, _ in shapes)
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


EVER = AlertFilter(period="all")


@pytest.fixture
def plain(plain_sample: Home) -> Source:
    return open_source(plain_sample)


def _scattered(n: int, **told: object) -> list[dict[str, object]]:
    """Alerts strewn over the small city and two hundred days."""
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(23.622, 23.658, n), rng.uniform(37.932, 37.958, n)
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=int(day)) for day in rng.integers(0, 200, n)]
    x, y = small_city().project(lon, lat)
    return [
        alert(k, day=days[k], point=(float(lon[k]), float(lat[k])), x=float(x[k]), y=float(y[k]), **told)
        for k in range(n)
    ]


def _at(number: int, metres: float = 0.0, **told: object) -> dict[str, object]:
    x, y = (float(part) for part in small_city().project(*HERE))
    return alert(number, x=x + metres, y=y, **told)


@pytest.mark.slow
def test_an_excess_that_lasts_is_no_sure_repeat(plain: Source, t: Translator) -> None:
    told = {
        name: near_repeat_study(plain, AlertFilter(categories=(name,))).caution(t)
        for name in ("vandalism", "burglary", "graffiti")
    }
    assert told["vandalism"] == told["graffiti"] == ""  # it fades within a week; there is none
    assert "hardly fades with time" in told["burglary"]  # a spot of burglaries was planted in the last month


def test_scattered_alerts_have_no_pattern(tmp_path: Path, t: Translator) -> None:
    found = near_repeat_study(small_source(tmp_path, _scattered(150)), EVER)
    assert found.used == found.n == 150
    assert not found.knox.patterns
    assert "No near repeats" in found.sentence(t)


def test_the_council_is_told_no_surface_and_no_repeats(source: Source) -> None:
    for study in (density_study, near_repeat_study, read_events):
        with pytest.raises(DisclosureError, match="single alert"):
            study(seen_by(source, Audience.COUNCIL), AlertFilter())


def test_reports_of_one_event_are_one(tmp_path: Path) -> None:
    def at(number: int, metres: float, hour: int, **told: Any) -> dict[str, Any]:
        moment = dt.datetime(2025, 6, 2, hour, tzinfo=dt.UTC)
        return _at(number, metres, hours=[hour], occurred_from=moment, **told)

    rows = [
        at(1, 0.0, 12),
        at(2, 0.5, 14),  # another alert two hours later, half a metre away
        at(3, 0.5, 15),  # an hour after the second, which is not the first
        at(4, 60.0, 12),  # another place
        at(5, 300.0, 20, incident_id="a1"),  # the same number, elsewhere and later
        at(6, 0.0, 12, category="noise"),
    ]
    found = read_events(small_source(tmp_path, rows), EVER)
    assert len(found.frame) == 4
    assert found.again == 2
    assert found.n == 6
    assert set(found.frame) == {"x", "y", "day"}
