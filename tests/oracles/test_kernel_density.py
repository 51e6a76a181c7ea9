"""The density against exact sums, scipy's estimator and surfaces whose truth is known; widths, pictures, legends."""

from __future__ import annotations

import base64
import datetime as dt
import io
from itertools import pairwise

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import gaussian_kde

from analysis.density import (
    FLOOR,
    SCALE,
    WIDTHS_M,
    Density,
    DensityImage,
    GaussianSmoother,
    Raster,
    bandwidth_by_rule,
    bandwidth_for,
    bandwidth_from_cells,
    class_breaks,
    density_from_cells,
    density_image,
    raster_from_cells,
    raster_from_polygon,
    widths_from,
)
from analysis.grid import centres_in_metres
from analysis.stats.intervals import Result
from curim_data.model import CityProfile, Translator
from tests.density_of_points import kernel_density

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


COAST = shapely.Polygon([(0, 0), (2_000, 0), (2_000, 700), (900, 700), (900, 1_500), (0, 1_500)])
POINT = st.tuples(st.floats(-200, 2_200), st.floats(-200, 1_700))


@pytest.fixture(scope="module")
def coast() -> Raster:
    return raster_from_polygon(COAST)


@pytest.fixture(scope="module")
def fine(city: CityProfile) -> pd.Series:
    return city.land_cells(12)


@given(st.lists(POINT, min_size=1, max_size=40), st.floats(30, 600))
@settings(max_examples=40)
def test_alerts_are_neither_lost_nor_made(coast: Raster, points: list[tuple[float, float]], width: float) -> None:
    x, y = np.array(points).T
    found = kernel_density(x, y, land=coast, bandwidth=width, months=3)
    assert (found.values * coast.land_km2).sum() * 3 == pytest.approx(found.n, abs=1e-6)
    assert (found.values >= 0).all()
    assert found.n == (coast.place(x, y) >= 0).sum()
    assert found.outside == pytest.approx(1 - found.n / len(points))


def test_a_gaussian_does_not_come_round_from_the_other_side() -> None:
    values = np.zeros((40, 60))
    values[0, 0] = 1
    spread = GaussianSmoother(values, 25, 250).by(250)
    assert spread[-1, -1] < 1e-4 * spread[0, 0]
    rows, columns = np.indices(values.shape)
    exact = np.exp(-(rows**2 + columns**2) / 200) / (2 * np.pi * 100)
    assert np.abs(spread - exact).max() < 1e-6 * exact.max()


def test_cells_give_the_surface_of_their_points(city: CityProfile, fine: pd.Series) -> None:
    rng = np.random.default_rng(1)
    chosen = rng.choice(fine.index.to_numpy(), 300)
    counts = pd.Series(chosen).value_counts()
    counts.loc[12345] = 100  # no cell of the city
    found = density_from_cells(counts, fine, city, bandwidth=120, months=12)
    assert isinstance(found, Result)
    assert found.n == 300
    assert found.outside == pytest.approx(0.25)
    points = kernel_density(*centres_in_metres(chosen, city), land=city.land_metres, bandwidth=120, months=12)
    place = centres_in_metres(fine.index[::50].to_numpy(), city)
    both = np.array([found.at(*place), points.at(*place)])
    both = both[:, np.isfinite(both).all(axis=0)]
    assert np.corrcoef(both)[0, 1] > 0.995
    assert found.raster.total_km2 == pytest.approx(points.raster.total_km2, rel=1e-4)
    row, column = np.nonzero(points.raster.land_km2 > 0.0006)  # all but whole pixels: none is a hole
    centre = points.raster.x0 + 25 * (column + 0.5), points.raster.y0 + 25 * (row + 0.5)
    assert (found.raster.place(*centre) >= 0).all()


def test_the_width_from_cells_is_that_of_their_centres(city: CityProfile, fine: pd.Series) -> None:
    rng = np.random.default_rng(3)
    cells = rng.choice(fine.index.to_numpy()[:3_000], 600)
    weeks = rng.integers(0, 40, 600)
    rows = pd.DataFrame({"cell": cells, "day": weeks * 7, "n": 1}).groupby(["cell", "day"], as_index=False).sum()
    found = bandwidth_from_cells(rows, fine, city)
    direct = bandwidth_for(*centres_in_metres(cells, city), weeks * 7, land=raster_from_cells(fine, city))
    assert found.metres == direct.metres
    assert np.allclose(found.scores, direct.scores)
    dated = rows.assign(day=[dt.date(2024, 1, 1) + dt.timedelta(days=int(day)) for day in rows["day"]])
    assert bandwidth_from_cells(dated, fine, city).metres == found.metres
    assert bandwidth_from_cells(rows.iloc[:0], fine, city).method == "reach"


def test_the_choice_is_told(coast: Raster, t: Translator) -> None:
    rng = np.random.default_rng(4)
    points, days = rng.normal([[500], [500]], 90, (2, 700)), rng.integers(0, 140, 700)
    found = bandwidth_for(*points, days, land=coast)
    assert found.method == "prospective"
    assert found.weeks == 4
    told = t(found.choice.explanation)
    assert told.startswith(f"Smoothed over {found.metres:.0f} m: of the widths from 50 to 1,000 m")
    assert f"where the {found.later} alerts of the last 4 weeks fell" in told
    assert kernel_density(*points, land=coast, bandwidth=found.choice, months=5).choices[0] == found.choice
    assert min(bandwidth_for(*points, days, land=coast, least_m=100).widths_m) == 100


def test_the_later_weeks_are_whole_and_the_day_before_them_is_earlier(coast: Raster) -> None:
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 1000, (2, 120)) + np.array([[coast.bounds[0]], [coast.bounds[1]]])
    on_land = coast.place(x, y) >= 0
    days = np.repeat([0.0, 72.0, 73.0, 100.0], 30)
    found = bandwidth_for(x, y, days, land=coast)
    assert (found.weeks, found.early, found.later) == (4, on_land[:60].sum(), on_land[60:].sum())


def test_too_few_alerts_fall_back_on_a_rule(coast: Raster, t: Translator) -> None:
    found = bandwidth_for([100.0] * 60, [100.0] * 60, np.arange(60), land=coast)  # one pile is one place
    assert found.method == "reach"
    assert (found.early, found.later, found.weeks) == (60, 0, 0)
    assert found.metres == pytest.approx(1_000 * np.sqrt(20 * coast.total_km2 / (4 * np.pi * 60)), abs=5)
    assert t(found.explanation).startswith(f"Smoothed over {found.metres:.0f} m by a rule of thumb: there are too few")
    assert bandwidth_for([100.0] * 2_000, [100.0] * 2_000, np.arange(2_000) / 9, land=coast).method == "reach"
    assert bandwidth_by_rule(0, 10).metres == 1_000
    assert bandwidth_by_rule(10**6, 10).metres == 100
    assert bandwidth_for([], [], [], land=coast).metres == 1_000


def test_where_no_width_predicts_the_widest_is_taken(coast: Raster, t: Translator) -> None:
    rng = np.random.default_rng(6)
    early, late = rng.normal([[300], [300]], 60, (2, 300)), rng.normal([[1_800], [500]], 60, (2, 100))
    found = bandwidth_for(*np.hstack([early, late]), np.repeat([0, 60], [300, 100]), land=coast)
    assert found.metres == 1_000
    assert "better than an even spread" in t(found.explanation)


def test_the_sentence_has_mean_peak_interval_and_what_is_left_out(coast: Raster, t: Translator) -> None:
    x, y = np.full(40, 500.0), np.full(40, 500.0)
    found = kernel_density(np.append(x, -900), np.append(y, 0), land=coast, bandwidth=100, months=2)
    peak = found.peak
    assert peak.low < peak.value < peak.high
    # All at one place: the peak is as sure as a count of 40.
    assert (peak.value / found.error.max()) ** 2 == pytest.approx(40, rel=0.01)
    told = found.sentence(t)
    assert told.startswith("40 alerts, 9.4 per km² and month on average; where they are densest ")
    assert told.endswith("2.4\u00a0% of the alerts lie outside the land and are left out.")
    assert "left out" not in kernel_density(x, y, land=coast, bandwidth=100, months=2).sentence(t)


def test_points_on_the_quay_get_pixels_of_their_own_and_land_that_cannot_be_is_refused(coast: Raster) -> None:
    for land, cell, why in (
        (shapely.Polygon(), None, "no land"),
        (shapely.box(0, 0, 50_000, 50_000), 25.0, "4,004,001 pixels are too many"),
    ):
        with pytest.raises(ValueError, match=why):
            raster_from_polygon(land, cell)
    x, y = np.array([2_100.0, -40.0, 500.0]), np.array([100.0, 1_520.0, 500.0])
    wider = coast.with_points(x, y)
    assert (wider.place(x, y) >= 0).all()
    assert wider.total_km2 == pytest.approx(coast.total_km2, abs=1e-6)
    assert (wider.x0 - coast.x0) % coast.cell_m == 0
    assert coast.with_points([], []) is coast


def test_the_widths_of_a_country_are_a_ladder_of_their_own() -> None:
    assert widths_from(50)[0] == 50
    assert widths_from(100)[-1] == 1_000
    wide = widths_from(2_500)
    assert wide[0] == 2_500
    assert list(wide) == sorted(set(wide))
    assert 10_000 < wide[-1] < 100_000


TOWN = (23.6465, 37.9430)


@pytest.fixture(scope="module")
def surface(city: CityProfile) -> Density:
    x, y = city.project([TOWN[0]], [TOWN[1]])
    cluster = np.random.default_rng(0).normal(0, 150, (2, 400))
    return kernel_density(
        x + cluster[0], y + cluster[1], land=raster_from_polygon(city.land_metres), bandwidth=100, months=6
    )


@pytest.fixture(scope="module")
def picture(surface: Density, city: CityProfile) -> DensityImage:
    return density_image(surface, city)


def pixel(picture: DensityImage, longitude: float, latitude: float) -> tuple[int, int]:
    """Where a web map shows a place: even in longitude and in Web Mercator."""
    west, south, east, north = picture.bounds
    rows, columns = picture.rgba.shape[:2]
    low, at, high = (np.log(np.tan(np.pi / 4 + np.radians(angle) / 2)) for angle in (south, latitude, north))
    return int((high - at) / (high - low) * rows), int((longitude - west) / (east - west) * columns)


def test_each_place_has_the_colour_of_its_class(city: CityProfile, surface: Density, picture: DensityImage) -> None:
    rng = np.random.default_rng(1)
    longitude, latitude = TOWN[0] + rng.normal(0, 0.004, 400), TOWN[1] + rng.normal(0, 0.003, 400)
    values = surface.at(*city.project(longitude, latitude))
    wrong = checked = 0
    for place in zip(longitude, latitude, values, strict=True):
        row, column = pixel(picture, *place[:2])
        if not np.isfinite(place[2]) or not (0 <= row < len(picture.rgba) and 0 <= column < picture.rgba.shape[1]):
            continue
        shade = picture.rgba[row, column]
        number = int(np.searchsorted(picture.breaks, place[2]))
        expected = [0] if number == 0 else list(bytes.fromhex(picture.colours[number - 1][1:]))
        wrong += list(shade[:3]) != expected if number else shade[3] != 0
        checked += 1
    assert checked > 150
    assert wrong / checked < 0.15  # only at the borders of classes, by a pixel


def test_the_file_holds_the_picture_and_the_sea_is_clear(picture: DensityImage) -> None:
    opaque = picture.rgba[:, :, 3] > 0
    assert set(np.unique(picture.rgba[:, :, 3])) == {0, 215}
    assert 0.02 < opaque.mean() < 0.5
    assert (picture.rgba[~opaque][:, :3] == list(bytes.fromhex(picture.colours[0][1:]))).all()
    read = matplotlib.image.imread(io.BytesIO(picture.png))
    assert np.array_equal((read * 255).round().astype(np.uint8), picture.rgba)
    head, data = picture.data_url.split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == picture.png
    assert len(picture.png) < 60_000


@given(st.floats(1e-4, 1e6))
def test_breaks_are_nice_and_hold_the_peak(peak: float) -> None:
    breaks = class_breaks(peak)
    assert len(breaks) == len(SCALE) + 1
    assert breaks[-2] < peak <= breaks[-1]
    assert all(1.9 < high / low < 2.6 for low, high in pairwise(breaks))
    assert {f"{limit:e}"[0] for limit in breaks} <= {"1", "2", "5"}


def test_the_legend_prints_each_class(picture: DensityImage, t: Translator) -> None:
    legend = picture.legend(t)
    assert [colour for colour, _ in legend] == list(picture.colours)
    assert [words for _, words in legend] == ["10–20", "20–50", "50–100", "100–200", "200–500"]
    thin = DensityImage(picture.rgba, class_breaks(1.5), SCALE, picture.bounds)
    assert [words for _, words in thin.legend(t)] == ["0.05–0.1", "0.1–0.2", "0.2–0.5", "0.5–1", "1–2"]


def test_a_flat_surface_is_of_one_class_and_no_alerts_are_clear(city: CityProfile) -> None:
    land = raster_from_polygon(city.land_metres)
    column, row = np.meshgrid(*(np.arange(side) + 0.5 for side in land.land_km2.shape[::-1]))
    at = land.x0 + column.ravel() * land.cell_m, land.y0 + row.ravel() * land.cell_m
    flat = density_image(kernel_density(*at, land.land_km2.ravel() * 90, land=land, bandwidth=100, months=1), city)
    assert len(np.unique(flat.rgba.reshape(-1, 4)[flat.rgba.reshape(-1, 4)[:, 3] > 0], axis=0)) == 1
    nothing = density_image(kernel_density([], [], land=land, bandwidth=100, months=1), city)
    assert (nothing.rgba[:, :, 3] == 0).all()
    assert (nothing.breaks, nothing.colours) == ((), ())
