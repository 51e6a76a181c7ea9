""""""

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

from analysis.density import (
    SCALE,
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


@pytest.mark.parametrize(
    ("land", "cell", "why"),
    [(shapely.Polygon(), None, "no land"), (shapely.box(0, 0, 50_000, 50_000), 25.0, "4,004,001 pixels are too many")],
)
def test_land_that_cannot_be_is_refused(land: shapely.Polygon, cell: float | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        raster_from_polygon(land, cell)


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
    assert t(found.reference.explanation).startswith(
        f"The usual rule of thumb (normal reference) would smooth over {found.reference_m:.0f} m"
    )
    assert bandwidth_for([], [], [], land=coast).reference is None
    assert min(bandwidth_for(*points, days, land=coast, least_m=100).widths_m) == 100


def test_the_later_weeks_are_whole_and_the_day_before_them_is_earlier(coast: Raster) -> None:
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 1000, (2, 120)) + np.array([[coast.bounds[0]], [coast.bounds[1]]])
    on_land = coast.place(x, y) >= 0
    days = np.repeat([0.0, 72.0, 73.0, 100.0], 30)
    found = bandwidth_for(x, y, days, land=coast)
    assert (found.weeks, found.early, found.later) == (4, on_land[:60].sum(), on_land[60:].sum())


@pytest.mark.parametrize(("crowds", "each", "alike"), [(25, 400, False), (1, 120, True)])
def test_a_width_is_called_clearly_best_where_no_other_does_as_well(
    coast: Raster, t: Translator, crowds: int, each: int, alike: bool
) -> None:
    rng = np.random.default_rng(10)
    x, y = rng.uniform([[300], [300]], [[1_600], [700]], (2, crowds)).repeat(each, axis=1)
    x, y = np.array([x, y]) + rng.normal(0, 25 if crowds > 1 else 250, (2, crowds * each))
    found = bandwidth_for(x, y, rng.integers(0, 140, x.size), land=coast)
    best = max(found.scores)
    good = [width for width, score in zip(found.widths_m, found.scores, strict=True) if best - score <= 1.92]
    assert (len(good) > 1) == alike
    assert ("clearly best" in t(found.explanation)) != alike
    assert (f"{min(good):.0f} to {max(good):.0f} m would do about as well" in t(found.explanation)) == alike


def test_too_few_alerts_fall_back_on_a_rule(coast: Raster, t: Translator) -> None:
    found = bandwidth_for([100.0] * 60, [100.0] * 60, np.arange(60), land=coast)  # one pile is one place
    assert found.method == "reach"
    assert (found.early, found.later, found.weeks) == (60, 0, 0)
    assert found.metres == pytest.approx(1_000 * np.sqrt(20 * coast.total_km2 / (4 * np.pi * 60)), abs=5)
    assert t(found.explanation).startswith(
        f"Smoothed over {found.metres:.0f} m by a rule of thumb: 60 alerts are too few"
    )
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


def test_points_on_the_quay_get_pixels_of_their_own(coast: Raster) -> None:
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
