"""The density against exact sums, scipy's estimator, and surfaces whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from scipy.ndimage import gaussian_filter
from scipy.stats import gaussian_kde

from analysis.density import FLOOR, WIDTHS_M, Raster, bandwidth_for, normal_reference, raster_from_polygon
from curim_data.model import CityProfile
from tests.density_of_points import kernel_density
from tests.published import published

SQUARE = shapely.box(0, 0, 4_000, 4_000)


@pytest.fixture(scope="module")
def land(city: CityProfile) -> Raster:
    return raster_from_polygon(city.land_metres)


def strewn(land: Raster, n: int, rng: np.random.Generator, weights: np.ndarray | None = None) -> np.ndarray:
    """Points at random on the land, in proportion to it: x and y."""
    chance = (land.land_km2 if weights is None else weights).ravel()
    row, column = np.divmod(rng.choice(chance.size, n, p=chance / chance.sum()), land.land_km2.shape[1])
    x = land.x0 + (column + rng.random(n)) * land.cell_m
    return np.array([x, land.y0 + (row + rng.random(n)) * land.cell_m])


def test_far_from_the_shore_it_is_the_estimator_of_scipy() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 1, (2, 400))
    points -= points.mean(axis=1, keepdims=True)
    points = np.linalg.inv(np.linalg.cholesky(np.cov(points))) @ points * 250 + 2_000  # covariance 250² times one
    peer = gaussian_kde(points, bw_method=100 / 250)
    found = kernel_density(*points, land=SQUARE, bandwidth=100, months=1)
    centre = np.meshgrid(np.arange(12.5, 4_000, 25), np.arange(12.5, 4_000, 25))
    theirs = peer(np.array([part.ravel() for part in centre])).reshape(centre[0].shape) * 400 * 1e6
    ours = found.values[:160, :160]
    assert np.abs(ours - theirs).max() < 0.015 * theirs.max()
    high = theirs > 0.1 * theirs.max()
    assert np.abs(ours[high] / theirs[high] - 1).max() < 0.05


def test_alerts_spread_as_the_land_are_flat_up_to_the_shore(land: Raster) -> None:
    column, row = np.meshgrid(*(np.arange(side) + 0.5 for side in land.land_km2.shape[::-1]))
    at = land.x0 + column.ravel() * land.cell_m, land.y0 + row.ravel() * land.cell_m
    found = kernel_density(*at, land.land_km2.ravel() * 100, land=land, bandwidth=150, months=1)
    on_land = found.values[land.land_km2 > 0]
    assert on_land.min() == pytest.approx(100, rel=1e-6)
    assert on_land.max() == pytest.approx(100, rel=1e-6)


def test_without_the_correction_the_shore_would_look_quiet(land: Raster) -> None:
    x, y = strewn(land, 100_000, np.random.default_rng(4))
    found = kernel_density(x, y, land=land, bandwidth=150, months=1)
    pixel = land.cell_m**2 / 1e6
    whole = gaussian_filter((land.land_km2 > 0.99 * pixel).astype(float), 6, mode="constant")
    shore, inland = (land.land_km2 > 0) & (whole < 0.6), whole > 0.98
    bare = gaussian_filter(land.sums(land.place(x, y), np.ones(len(x))), 6, mode="constant") / pixel
    assert found.values[shore].mean() / found.values[inland].mean() == pytest.approx(1, abs=0.02)
    assert bare[shore].mean() / bare[inland].mean() < 0.6


def test_the_error_is_the_spread_of_repeated_maps(land: Raster) -> None:
    rng = np.random.default_rng(6)
    truth = land.land_km2 * 60
    maps = [
        kernel_density(*strewn(land, rng.poisson(truth.sum()), rng), land=land, bandwidth=150, months=2)
        for _ in range(150)
    ]
    spread = np.std([one.values for one in maps], axis=0)[land.land_km2 > 0]
    told = np.sqrt(np.mean([one.error**2 for one in maps], axis=0))[land.land_km2 > 0]
    assert np.median(spread / told) == pytest.approx(1, abs=0.04)
    assert (spread / told).std() < 0.15


def test_a_planted_cluster_has_its_known_height() -> None:
    # A Gaussian of s = 120 m smoothed by h = 90 m is one of sqrt(s² + h²) = 150 m: at its middle n / (2 π 150²).
    rng = np.random.default_rng(7)
    x, y = rng.normal(2_000, 120, (2, 20_000))
    found = kernel_density(x, y, land=SQUARE, bandwidth=90, months=4)
    known = 20_000 / (2 * np.pi * 0.150**2) / 4
    assert found.at([2_000], [2_000])[0] == pytest.approx(known, rel=0.03)
    assert found.peak.low < known < found.peak.high * 1.02


def test_the_width_follows_the_width_of_the_clusters(land: Raster) -> None:
    widths = []
    for sd in (40, 200, 500):
        rng = np.random.default_rng(9)
        centres = strewn(land, 6, rng)
        points = centres[:, rng.integers(0, 6, 900)] + rng.normal(0, sd, (2, 900))
        widths.append(bandwidth_for(*points, rng.integers(0, 280, 900), land=land).metres)
    assert widths == sorted(widths)
    assert widths[0] == 50
    assert 60 <= widths[1] <= 145  # s n^(-1/6) with 130 earlier alerts a cluster: 89 m
    assert 145 <= widths[2] <= 430  # 222 m


def test_the_width_of_one_normal_cluster_is_near_the_best_in_theory() -> None:
    # For a normal density of sd s in the plane the mean integrated squared error is least at h = s n^(-1/6); the
    # likelihood punishes thin tails and asks for somewhat more.
    rng = np.random.default_rng(10)
    x, y = rng.normal(2_000, 300, (2, 2_000))
    found = bandwidth_for(x, y, rng.integers(0, 200, 2_000), land=raster_from_polygon(SQUARE))
    theory = 300 * 1_700 ** (-1 / 6)
    assert 0.7 * theory < found.metres < 1.8 * theory


def test_scores_are_those_of_the_slow_twin() -> None:
    """Every later place against every earlier one, and the integral pixel by pixel."""
    rng = np.random.default_rng(11)
    coast = raster_from_polygon(
        shapely.Polygon([(0, 0), (1_500, 0), (1_500, 500), (600, 500), (600, 1_000), (0, 1_000)])
    )
    column, row = np.meshgrid(*(np.arange(side) + 0.5 for side in coast.land_km2.shape[::-1]))
    centre = np.array([coast.x0 + column * coast.cell_m, coast.y0 + row * coast.cell_m]).reshape(2, -1)
    some = rng.choice(np.flatnonzero(coast.land_km2.ravel() > 0), 120, replace=False)
    some[110:] = some[:10]  # ten later alerts lie where earlier ones did, and are foretold from the others
    points, days = centre[:, some], np.repeat([0, 100], [90, 30])
    found = bandwidth_for(*points, days, land=coast)
    assert (found.early, found.later, found.weeks) == (90, 30, 4)
    squared = ((centre[:, :, None] - points[:, None, :90]) ** 2).sum(axis=0)
    to_land = ((centre[:, :, None] - centre[:, None, :]) ** 2).sum(axis=0)
    area = coast.land_km2.ravel()
    for width, score in list(zip(found.widths_m, found.scores, strict=True))[::5]:
        ground = np.exp(-to_land / (2 * width**2)) @ area
        slow = 0.0
        for later in some[90:]:
            others = squared[:, some[:90] != later]
            surface = np.exp(-others / (2 * width**2)).sum(axis=1) / ground * (area > 0)
            whole = np.exp(-squared / (2 * width**2)).sum(axis=1) / ground @ area * others.shape[1] / 90
            slow += np.log((1 - FLOOR) * surface[later] * area.sum() / whole + FLOOR)
        assert score == pytest.approx(slow, abs=1e-4)


def test_piles_do_not_draw_the_width_to_its_lower_bound(land: Raster) -> None:
    rng = np.random.default_rng(12)
    points = strewn(land, 4, rng)[:, rng.integers(0, 4, 4_000)] + rng.normal(0, 250, (2, 4_000))
    points = points[:, land.place(*points) >= 0][:, :800]  # a part cut off by the shore would be sharper than 250 m
    days = rng.integers(0, 200, 800)
    clean = bandwidth_for(*points, days, land=land)
    pile = np.repeat(strewn(land, 2, rng), 300, axis=1)
    piled = bandwidth_for(*np.hstack([points, pile]), np.concatenate([days, rng.integers(0, 200, 600)]), land=land)
    at = WIDTHS_M.index
    assert abs(at(piled.metres) - at(clean.metres)) <= 1
    assert clean.metres >= 85
    jittered = np.hstack([points, pile + rng.normal(0, 0.5, pile.shape)])  # the same, not recognised as piles
    assert bandwidth_for(*jittered, np.concatenate([days, rng.integers(0, 200, 600)]), land=land).metres == 50


def test_one_alert_far_from_all_costs_little() -> None:
    rng = np.random.default_rng(13)
    land = raster_from_polygon(shapely.box(0, 0, 20_000, 4_000))
    points, days = rng.normal(2_000, 200, (2, 500)), rng.integers(0, 200, 500)
    near = bandwidth_for(*points, days, land=land)
    far = bandwidth_for(*np.hstack([points, [[19_000], [3_900]]]), np.append(days, 199), land=land)
    assert np.isfinite(far.scores).all()
    assert far.metres == near.metres
    assert max(near.scores) - max(far.scores) == pytest.approx(-np.log(FLOOR), abs=0.2)


def test_the_rule_of_thumb_is_the_mean_of_both_axes_and_a_peer_takes_one() -> None:
    """sfhotspot 1.0.0 gives 5,585 m for the robberies of Memphis: R's mean(x, y) trims x by y. MASS has 5,767 m."""
    table = pd.read_csv(published("memphis_robberies.csv"))
    to_metres = pyproj.Transformer.from_crs(4326, 2843, always_xy=True)
    x, y = to_metres.transform(table["longitude"], table["latitude"])
    assert len(table) == 2_245
    assert round(4 * normal_reference(x, x)) == 5_585
    assert round(4 * normal_reference(x, y)) == 5_767
    twice = np.full(len(table), 2)
    assert normal_reference(x, y, twice) == pytest.approx(normal_reference(np.tile(x, 2), np.tile(y, 2)))
    assert np.isnan(normal_reference([1.0], [2.0]))
