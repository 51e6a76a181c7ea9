"""Land as it counts where reports stand on points that they share: moved as the reports are, all of it kept."""

from __future__ import annotations

from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest

from analysis.dbscan import Baseline, Heaps, LocalDbscan, drawn_in_bursts
from analysis.grid import AlertGround, SharedPoints, centres_in_metres, land_by_points, parents, with_points
from analysis.stats.dispersion import SINGLE, ReportBursts
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, Translator
from curim_data.quality.study import served_land, shared_points
from curim_data.studies.hot_spots import cluster_study, hot_spot_study
from tests.reliability.world import World, piraeus, simulate, source_of

WORLD = World(alerts=2_000, corners=1_500, weeks=60)
YEAR = AlertFilter(period="12m")


@pytest.fixture(scope="module")
def city() -> CityProfile:
    return piraeus()


def some_points(city: CityProfile, number: int, share: float, seed: int = 1) -> SharedPoints:
    """Points in cells of the land, with their cells."""
    fine = city.land_cells(12)
    cells = np.random.default_rng(seed).choice(np.asarray(fine.index, np.int64), number, replace=False)
    x, y = centres_in_metres(cells, city)
    return SharedPoints(x, y, cells, share)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("resolution", [9, 10])
def test_land_is_moved_to_the_nearest_point_and_kept(city: CityProfile, share: float, resolution: int) -> None:
    land, points = city.land_cells(resolution), some_points(city, 200, share)
    served = land_by_points(land, points, city)
    assert served.sum() == pytest.approx(land.sum())
    slow = (1 - share) * land
    own = pd.Series(parents(points.cells, resolution))
    for cell, km2 in land.items():
        pieces = h3.cell_to_children(np.uint64(cell), resolution + 2)  # type: ignore[call-overload]
        x, y = centres_in_metres(pieces.astype(np.int64), city)
        apart = np.hypot(x[:, None] - points.x, y[:, None] - points.y)
        for point in apart.argmin(axis=1):
            slow[own[point]] += share * km2 / len(pieces)
    pd.testing.assert_series_equal(served, slow, check_names=False)


def test_without_points_in_the_mask_land_is_land(city: CityProfile) -> None:
    points = some_points(city, 5, 1.0)
    away = SharedPoints(points.x, points.y, np.full(5, int(h3.latlng_to_cell(0.0, 0.0, 12)), np.int64), 1.0)
    land = city.land_cells(10)
    assert land_by_points(land, away, city).equals(land)


def test_what_is_expected_stands_at_the_nearest_position_on_the_sheet(city: CityProfile) -> None:
    points = some_points(city, 60, 0.7)
    ground = AlertGround(city.land_metres, points.x[:40], points.y[:40], 100.0)
    density = np.where(ground.land > 0, 1.0, 0.0)
    heaps = Heaps.of(ground, density, points.x, points.y, points.share)
    search = LocalDbscan(ground, density, 60.0, heaps=heaps)
    assert search.expected.sum() == pytest.approx(density.sum())
    up, right = np.divmod(np.flatnonzero(density), ground.shape[1])
    middles = (np.column_stack([right, up]) + 0.5) * ground.side
    nearest = np.hypot(*(middles[:, None] - heaps.at[None]).transpose(2, 0, 1)).argmin(axis=1)
    assert search.heaped == pytest.approx(0.7 * np.bincount(nearest, minlength=len(heaps.at)))
    away = SharedPoints(points.x + 1e6, points.y, points.cells, 1.0)
    assert Heaps.of(ground, density, away.x, away.y, 1.0) is None


@pytest.mark.slow
@pytest.mark.parametrize("bursts", [SINGLE, ReportBursts(2.0, 60.0)])
@pytest.mark.parametrize("share", [0.6, 1.0])
def test_simulated_maps_stand_where_alerts_do(city: CityProfile, bursts: ReportBursts, share: float) -> None:
    points = some_points(city, 200, share)
    ground = AlertGround(city.land_metres, points.x, points.y, 200.0)
    density = ground.smooth(ground.pixel(ground.enter(points.x, points.y)), np.full(200, 10.0), 200.0)
    search = LocalDbscan(ground, density, 60.0, heaps=Heaps.of(ground, density, points.x, points.y, share))
    baseline, random, counts = Baseline(search), np.random.default_rng(2), np.zeros(200)
    for at in drawn_in_bursts(baseline, 2_000, 40, random, bursts):
        on = np.flatnonzero((at[:, None] == search.heaps.at[None]).all(axis=2).any(axis=0))
        assert len(on) > 100
        counts += (at[:, None] == search.heaps.at[None]).all(axis=2).sum(axis=0)
    assert counts.sum() / 80_000 == pytest.approx(share, abs=0.02)
    scale = bursts.dispersion(1_000)  # whole bursts at most
    z = (counts - 40 * search.heaped) / np.sqrt(40 * search.heaped * scale)
    assert (z**2).mean() < 1.4


def test_points_of_several_days_are_shared_and_those_of_one_day_are_not(tmp_path: Path) -> None:
    alerts = simulate(World(alerts=400, weeks=8), np.random.default_rng(3))
    n = len(alerts["x"])
    alone = source_of(alerts, tmp_path / "alone")
    assert shared_points(alone) is None
    assert served_land(alone, 10) is None
    half = n // 2
    for name in ("x", "y"):
        alerts[name][:half] = np.resize(alerts[name][half : half + 20], half)
    shared = shared_points(source_of(alerts, tmp_path / "shared"))
    assert len(shared.x) == 20
    assert shared.share == pytest.approx((half + 20) / n)
    alerts["hours"][:] = 5.0
    assert shared_points(source_of(alerts, tmp_path / "day")) is None


@pytest.mark.slow
def test_corners_of_a_quiet_city_are_no_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, t: Translator) -> None:
    """Reports anywhere, put at the nearest of 1,500 corners: beside plain land the busier corners would be clusters."""
    source = source_of(simulate(WORLD, np.random.default_rng(11)), tmp_path)
    assert not hot_spot_study(source, YEAR).spots
    found = cluster_study(source, YEAR)
    assert not found.found
    told = {choice.name: choice for choice in found.choices}
    assert told["points"].value == pytest.approx(1.0, abs=0.01)
    assert with_points(t, "Nothing.", found.choices).startswith("Nothing. Places are compared by the land that")
    assert with_points(t, "Nothing.", ()) == "Nothing."
    monkeypatch.setattr("curim_data.studies.hot_spots.shared_points", lambda _: None)
    assert len(cluster_study(source, YEAR).found) > 10


@pytest.mark.slow
def test_a_corner_with_many_times_its_share_is_a_place(tmp_path: Path) -> None:
    alerts = simulate(WORLD, np.random.default_rng(12))
    corner = alerts["x"][0], alerts["y"][0]
    moved = np.random.default_rng(1).choice(len(alerts["x"]), 90, replace=False)
    alerts["x"][moved], alerts["y"][moved] = corner
    source = source_of(alerts, tmp_path)
    (cluster,) = cluster_study(source, YEAR).found
    (spot,) = hot_spot_study(source, YEAR).spots
    for place in (cluster, spot):
        x, y = piraeus().project([place.longitude], [place.latitude])
        assert np.hypot(x[0] - corner[0], y[0] - corner[1]) < 150
