"""Gi*, the density and its width, and near repeats against published numbers, packages of the field, known truths."""

from __future__ import annotations

import tomllib
from typing import Any

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.ndimage import gaussian_filter
from scipy.stats import gaussian_kde, norm, poisson

import sample_data
from analysis.density import FLOOR, WIDTHS_M, Raster, bandwidth_for, normal_reference, raster_from_polygon
from analysis.hotspots.cell_significance import getis_ord, gistar_on_land
from analysis.space_time import KnoxResult, bands_for, first_alerts, knox
from analysis.stats.significance import benjamini_hochberg
from curim_data.engine import open_source
from curim_data.model import CityProfile
from curim_data.store import Home
from tests.density_of_points import kernel_density
from tests.published import published

# Six points of the esda test-suite, neighbours within 15 units.
POINTS = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
PUBLISHED = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]


def slow_twin(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The formula of Ord and Getis (1995), cell by cell."""
    n, mean = len(values), sum(values) / len(values)
    s = (sum(v * v for v in values) / n - mean**2) ** 0.5
    z = []
    for row in weights:
        total, squares = sum(row), sum(w * w for w in row)
        top = sum(w * v for w, v in zip(row, values, strict=True)) - mean * total
        z.append(top / (s * ((n * squares - total**2) / (n - 1)) ** 0.5))
    return np.array(z)


def within(points: list[tuple[int, int]], distance: float) -> sparse.csr_array:
    at = np.array(points, dtype=float)
    return sparse.csr_array((np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) <= distance).astype(float))


def test_six_points() -> None:
    assert getis_ord(VALUES, within(POINTS, 15)) == pytest.approx(PUBLISHED, abs=5e-9)


def test_all_values_of_columbus_as_r_has_them() -> None:
    """R spdep 1.3.5, localG of COL.OLD with its own neighbours, in the order of its file."""
    table = pd.read_csv(published("columbus_oldcol_gistar_localmoran.csv"))
    near = pd.read_csv(published("columbus_COLnb_binary_matrix.csv")).to_numpy(float)
    z = getis_ord(table["CRIME"], sparse.csr_array(near + np.eye(len(table))))
    assert len(z) == 49
    assert z == pytest.approx(table["GiStar"].to_numpy(), abs=1e-12)
    assert z[:5].round(11).tolist() == [-1.34000809746, -0.13173336449, 1.01302395062, 0.66136483775, -1.43277965397]
    assert (round(z.max(), 11), round(z.min(), 11)) == (3.47505135616, -2.85102317658)
    assert (int((z > 1.96).sum()), int((z < -1.96).sum())) == (10, 6)


def test_infant_deaths_in_north_carolina_as_r_has_them() -> None:
    """R spdep 1.3.5: a hundred counties, rate of sudden infant deaths 1974-78, queen neighbours."""
    counties = gpd.read_file(libpysal.examples.get_path("sids2.shp"))
    table = pd.read_csv(published("sids_gistar.csv")).set_index("FIPSNO").loc[counties["FIPSNO"]]
    queen = libpysal.weights.Queen.from_dataframe(counties, use_index=False)
    z = getis_ord(1000 * counties["SID74"] / counties["BIR74"], sparse.csr_array(queen.sparse + sparse.eye(100)))
    assert z == pytest.approx(table["GiStar_queen"].to_numpy(), abs=1e-12)


@pytest.fixture(scope="module")
def columbus() -> tuple[np.ndarray, sparse.csr_array, libpysal.weights.W]:
    frame = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    queen = libpysal.weights.Queen.from_dataframe(frame, use_index=False)
    return frame["CRIME"].to_numpy(), sparse.csr_array(queen.sparse + sparse.eye(len(frame))), queen


def test_columbus_crime(columbus: tuple[np.ndarray, sparse.csr_array, libpysal.weights.W]) -> None:
    crime, weights, queen = columbus
    z = getis_ord(crime, weights)
    assert z[:5] == pytest.approx([-1.4328, -1.3400, -0.7720, -0.1317, 1.2854], abs=5e-5)
    assert (int(z.argmax()), round(float(z.max()), 4)) == (15, 3.4751)
    assert (int(z.argmin()), round(float(z.min()), 4)) == (31, -2.8510)
    assert int((2 * norm.sf(np.abs(z)) < 0.05).sum()) == 18
    peer = esda.G_Local(crime, queen, transform="B", star=True, permutations=0)
    assert z == pytest.approx(peer.Zs, abs=1e-12)
    assert z == pytest.approx(slow_twin(crime, weights.toarray()), abs=1e-12)


def test_on_equal_land_the_form_for_unequal_land_has_the_published_values_and_a_flat_map_none() -> None:
    assert gistar_on_land(VALUES, np.full(6, 0.3), within(POINTS, 15)) == pytest.approx(PUBLISHED, abs=5e-9)
    assert getis_ord([3.3] * 6, within(POINTS, 15)).tolist() == [0] * 6


def test_on_unequal_land_it_is_the_formula_of_the_methods_page() -> None:
    """r_j = (x_j - N a_j) / sqrt(N a_j), w_ij = sqrt(a_j): nobody published values, so a slow twin stands for them."""
    land = np.array([0.1, 0.4, 0.2, 0.5, 0.3, 0.05])
    near = within(POINTS, 15)
    share = land / land.sum()
    expected = VALUES.sum() * share
    residual = [(x - e) / e**0.5 for x, e in zip(VALUES, expected, strict=True)]
    weights = np.array([[w * a**0.5 for w, a in zip(row, share, strict=True)] for row in near.toarray()])
    z = gistar_on_land(VALUES, land, near)
    assert z == pytest.approx(slow_twin(np.array(residual), weights), abs=1e-9)
    assert z != pytest.approx(PUBLISHED, abs=0.1)


@given(
    st.lists(st.integers(0, 50), min_size=6, max_size=6).filter(lambda v: len(set(v)) > 1),
    st.floats(0.01, 1000),
    st.floats(-100, 100),
)
@settings(max_examples=60, deadline=None)
def test_scaling_and_shifting_leave_gistar_as_it_is(values: list[int], factor: float, shift: float) -> None:
    weights = within(POINTS, 15)
    x = np.array(values, dtype=float)
    assert getis_ord(factor * x + shift, weights) == pytest.approx(getis_ord(x, weights), abs=1e-5)


@pytest.mark.filterwarnings("ignore:The alternative hypothesis")
def test_homicides_around_st_louis_have_no_cluster_and_the_bound_is_not_one() -> None:
    """The documentation of `esda.fdr` prints .00128... and .00064... for these: alpha / m, its answer for "none"."""
    counties = pd.read_csv(libpysal.examples.get_path("stl_hom.csv"))
    weights = libpysal.io.open(libpysal.examples.get_path("stl.gal")).read()
    moran = esda.Moran_Local(counties["HR8893"].to_numpy(), weights, permutations=999, seed=12345)
    p = np.minimum(1, 2 * moran.p_sim)  # two-sided
    for alpha, printed in ((0.1, 0.001282051282051282), (0.05, 0.000641025641025641)):
        assert esda.fdr(p, alpha) == pytest.approx(printed, rel=1e-15)
        assert printed == pytest.approx(alpha / len(p), rel=1e-15)
        assert not (benjamini_hochberg(p) <= alpha).any()
    # One-sided three pass at 10 %, and both agree on the cut-off 3 alpha / m.
    assert esda.fdr(moran.p_sim, 0.1) == pytest.approx(3 * 0.1 / 78, rel=1e-12)
    assert int((benjamini_hochberg(moran.p_sim) <= 0.1).sum()) == 3


def test_nothing_passes_when_nothing_should() -> None:
    """`esda.fdr` falls back to alpha/m and its strict comparison; ours is Benjamini and Hochberg's step-up with <=."""
    p = np.array([0.05, 0.6, 0.7])
    assert benjamini_hochberg(p).min() > 0.05
    assert (benjamini_hochberg([0.05 / 3, 0.9, 0.9]) <= 0.05).tolist() == [True, False, False]


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
    bare = gaussian_filter(land.sums(land.place(x, y)), 6, mode="constant") / pixel
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


def _chicago(name: str) -> tuple[Any, Any, Any]:
    table = pd.read_csv(published(name), header=None, names=["x", "y", "date"], parse_dates=["date"])
    return table.x, table.y, (table.date - pd.Timestamp("2015-12-31")).dt.days


def _year_of_chicago() -> tuple[Any, Any, Any]:
    table = pd.read_csv(published("chicago_burglary_2014_2017.csv"))
    date = pd.to_datetime(table.date_single, format="%d/%m/%Y")
    year = date.dt.year == 2016
    return table.x[year], table.y[year], (date[year] - pd.Timestamp("2016-01-01")).dt.days


def _half_open(file: str, space: Any, time: Any, runs: int = 999) -> KnoxResult:
    return knox(*_chicago(file), space=space, time=time, metric="manhattan", closed="left", permutations=runs)


def _observed(result: KnoxResult) -> list[list[int]]:
    times = len({band.time for band in result.bands})
    return np.array([band.observed for band in result.bands]).reshape(-1, times).tolist()


def test_burkitt() -> None:
    """pointpats, tests/test_spacetime.py; Knox 1964. Its p_poisson leaves the observed count out of the tail."""
    table = gpd.read_file(libpysal.examples.get_path("burkitt.shp"))
    result = knox(table["X"], table["Y"], table["T"], space=(20, np.inf), time=(5, np.inf), permutations=999)
    assert _observed(result) == [[13, 3416], [39, 14110]]
    closed = [band.closed_form for band in result.bands]
    # The third is published as 41.856139, one digit short: 13 + 39 pairs less 10.1438161.
    assert closed == pytest.approx([10.1438161, 3418.85618, 41.8561839, 14107.1438], rel=1e-8)
    first = result.bands[0]
    assert poisson.sf(13, first.closed_form) == pytest.approx(0.14624557, abs=1e-7)
    assert first.poisson_p == pytest.approx(0.2223, abs=5e-5)
    assert first.p == pytest.approx(0.21, abs=4 * np.sqrt(0.21 * 0.79 / 99))


CLOSED = [[342, 97, 62], [1892, 1514, 1362], [4145, 3643, 3592], [5805, 5143, 4919]]
HALF_OPEN = [[319, 106, 62], [1647, 1539, 1400], [3598, 3660, 3638], [5028, 5167, 4935]]
MANHATTAN = [[342, 97, 62], [1502, 1163, 1038], [2806, 2431, 2386], [3968, 3553, 3395]]
RATIOS = [[6.4528, 1.9796, 1.3191], [1.4172, 1.2481, 1.1407], [1.1362, 1.106, 1.1138], [1.13, 1.1003, 1.0773]]


@pytest.mark.parametrize(
    ("metric", "closed", "expected"),
    [("euclidean", "right", CLOSED), ("euclidean", "left", HALF_OPEN), ("manhattan", "right", MANHATTAN)],
)
def test_chicago_burglary(metric: Any, closed: Any, expected: list[list[int]]) -> None:
    """Davies, github.com/tobydavies/NearRepeat, notebook on the usage of the Knox test (2016, 11,701 burglaries)."""
    result = knox(
        *_year_of_chicago(), space=(0.1, 200, 400, 600), time=(7, 14, 21), metric=metric, closed=closed, permutations=99
    )
    assert result.n == 11_701
    assert _observed(result) == expected
    if expected is CLOSED:
        ratio = np.array([band.ratio_median for band in result.bands])
        spread = result.samples.std(axis=0).ravel() / np.median(result.samples, axis=0).ravel()
        # Two medians of 99 permutations, each with standard error 1.25 spread / sqrt(99).
        assert (np.abs(ratio / np.ravel(RATIOS) - 1) < 4 * 1.25 * spread * np.sqrt(2 / 99)).all()
        p = [band.p for band in result.bands]
        assert p[:2] + p[3:] == [0.01] * 11
        assert p[2] <= 0.1  # published: .05


def test_chicago_burglary_in_the_bands_of_the_calculator() -> None:
    """The same author's notebook on the Near Repeat Calculator, which says 1-100 m and 0-2 days to [1, 100), [0, 2)."""
    result = knox(
        *_year_of_chicago(), space=(1, 100, 200, 300), time=(2, 4), closed="left", permutations=1, most_pairs=10**8
    )
    assert _observed(result) == [[202, 51], [189, 143], [290, 343], [456, 526]]


def test_month_of_burglaries_as_the_r_package_has_it() -> None:
    """NearRepeat (R), vignette: Manhattan, [a, b), 999 permutations."""
    result = _half_open("chicago_be_month1.csv", (0.1, 200, 400, 600), (7, 14, 21))
    assert _observed(result) == [[28, 5, 5], [141, 69, 27], [186, 140, 100], [237, 192, 128]]
    published = [1.8027842, 0.4043552, 0.6128082, 1.4121203, 0.8621871, 0.5170609]
    published += [1.014407, 0.9499294, 1.0511474, 0.9754211, 0.9806536, 1.0071754]
    error = result.samples.std(axis=0).ravel() / result.samples.mean(axis=0).ravel() * np.sqrt(2 / 999)
    assert (np.abs(np.array([band.ratio for band in result.bands]) / published - 1) < 4 * error).all()
    median = [1.75, 0.4166667, 0.625, 1.4242424, 0.8625, 0.5192308]
    median += [1.0108696, 0.9459459, 1.0526316, 0.9753086, 0.9795918, 1.007874]
    ours = np.array([band.observed / band.ratio_median for band in result.bands])
    assert np.abs(ours - [band.observed / m for band, m in zip(result.bands, median, strict=True)]).max() < 3.5
    p = np.array([0.001, 1, 0.943, 0.001, 0.929, 1, 0.435, 0.785, 0.312, 0.696, 0.635, 0.479])
    tolerance = 4 * np.sqrt(2 * np.maximum(p * (1 - p), 0.001) / 999)
    assert (np.abs(np.array([band.p for band in result.bands]) - p) < tolerance).all()
    assert [(str(b.space), str(b.time)) for b in result.patterns] == [("[0.1, 200)", "[0, 7)")]


def test_month_of_burglaries_as_the_calculator_has_it() -> None:
    """Near Repeat Calculator 1.3 calls these bands 1-100 m and 0-7 days; what it counts is [1, 100) and [0, 7)."""
    result = _half_open("chicago_be_month1.csv", (1, 100, 200, 300, np.inf), (7, 14, 21, np.inf), 9)
    close = [[28, 5, 5, 2], [44, 13, 8, 4], [97, 56, 19, 16], [77, 67, 45, 20]]
    assert _observed(result) == [*close, [182194, 146149, 95237, 45879]]
    labels = [str(band.space) for band in result.bands[::4]]
    assert labels == ["[0, 1)", "[1, 100)", "[100, 200)", "[200, 300)", "[300, ∞)"]
    assert [str(band.time) for band in result.bands[:4]] == ["[0, 7)", "[7, 14)", "[14, 21)", "[21, ∞)"]


def test_arson_as_the_calculator_has_it() -> None:
    """Near Repeat Calculator 1.3: sixteen cells alike; two pairs lie at an edge, which makes four cells differ by 1."""
    result = _half_open("chicago_arson.csv", (1, 200, 400, 600, np.inf), (1, 2, 3, np.inf), 9)
    published = np.array([[0, 2, 0, 8], [9, 1, 1, 45], [4, 0, 0, 140], [6, 0, 0, 234], [393, 710, 770, 133658]])
    differ = np.array(_observed(result)) - published
    cells = {(str(b.space), str(b.time)): int(d) for b, d in zip(result.bands, differ.ravel(), strict=True) if d}
    assert cells == {
        ("[0, 1)", "[0, 1)"): 1,
        ("[1, 200)", "[0, 1)"): -1,
        ("[200, 400)", "[3, ∞)"): 1,
        ("[400, 600)", "[3, ∞)"): -1,
    }


def test_arson_with_the_labels_of_the_calculator() -> None:
    """The same with edges at 0.01, 201, 401 and 601: the ratios are those of 999 permutations, recomputed."""
    result = _half_open("chicago_arson.csv", (0.01, 201, 401, 601, np.inf), (1, 2, 3, np.inf))
    assert _observed(result) == [[0, 2, 0, 8], [9, 1, 1, 46], [4, 0, 0, 141], [6, 0, 0, 234], [393, 710, 770, 133656]]
    first = [band for band in result.bands if str(band.time) == "[0, 1)"]
    assert max(band.p for band in first[1:4]) < 0.01
    # The calculator's ratios (74, 12, 8) rest on 0.1 to 0.8 expected pairs in 99 runs.
    means = np.array([9, 4, 6]) / [52.89, 9.47, 7.89]
    assert (np.abs([band.mean for band in first[1:4]] - means) < 4 * np.sqrt(2 * means / 999)).all()


@pytest.fixture(scope="module")
def alerts(plain_sample: Home) -> pd.DataFrame:
    source = open_source(plain_sample)
    return source.alerts.frame("x, y, local_date, hour, category", ["x IS NOT NULL", "y IS NOT NULL"])


def _knox_of(alerts: pd.DataFrame, category: str, runs: int) -> KnoxResult:
    some = alerts[alerts.category == category]
    days = (pd.to_datetime(some.local_date) - pd.Timestamp("1970-01-01")).dt.days
    hours = 24.0 * days + some.hour
    first = first_alerts(some.x, some.y, hours, some.category, np.full(len(some), -1))
    keep = first == np.arange(len(some))
    bands = bands_for(1.0)
    return knox(some.x[keep], some.y[keep], days[keep], space=bands.space, time=bands.time, permutations=runs)


def test_near_repeats_of_the_sample_are_found_in_their_bands(alerts: pd.DataFrame, plain_sample: Home, t: Any) -> None:
    """In theirs alone, but for a hot spot of the same category that comes and goes, 240 m wide."""
    truths = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
    category = truths["near_repeat"]["category"]
    result = _knox_of(alerts, category, 499)
    first = ("(0.1, 100]", "[0, 7]")
    found = [(str(b.space), str(b.time)) for b in result.patterns]
    assert found[0] == first
    # The spot's months last four weeks, and it is wider than 100 m: weaker bands beside the first.
    assert result.patterns[0].ratio > 2
    assert result.patterns[0].ratio > 2 * result.patterns[1].ratio
    assert result.sentence(t).startswith("Within 100 m of an incident and within 7 days there are ")

    (spot,) = [spot for spot in truths["hot_spot"] if category in spot["categories"]]
    assert spot["class"] == "sporadic"
    x, y = open_source(plain_sample).city.project(spot["longitude"], spot["latitude"])
    elsewhere = _knox_of(alerts[np.hypot(alerts.x - x, alerts.y - y) > spot["radius"] + 30], category, 499)
    assert (str(elsewhere.patterns[0].space), str(elsewhere.patterns[0].time)) == first
    assert len(elsewhere.patterns) <= 2  # of twenty bands one may be chance
    assert elsewhere.patterns[0].ratio > 10


@pytest.mark.parametrize("category", ["pickpocketing", "litter_dumping"])
def test_categories_of_steady_spots_do_not_repeat(alerts: pd.DataFrame, category: str) -> None:
    """Categories of spots that come and go (parking) do, and rightly so."""
    assert not any(band.pattern for band in _knox_of(alerts, category, 199).bands)
