from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.density.kernel_density import (
    bandwidth_by_rule,
    bandwidth_for,
    bandwidth_from_cells,
    density_from_cells,
    distinct_points,
    widths_from,
)
from analysis.grid.baseline import GaussianSmoother, Raster, pixel_for, raster_from_cells, raster_from_polygon
from analysis.grid.cells import centres_in_metres
from analysis.stats.result import Result
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


@given(st.lists(POINT, min_size=2, max_size=20))
@settings(max_examples=20)
def test_weights_are_as_many_alerts(coast: Raster, points: list[tuple[float, float]]) -> None:
    x, y = np.array(points).T
    twice = kernel_density(np.repeat(x, 2), np.repeat(y, 2), land=coast, bandwidth=100, months=1)
    weighted = kernel_density(x, y, np.full(len(x), 2.0), land=coast, bandwidth=100, months=1)
    assert np.allclose(twice.values, weighted.values)
    assert twice.n == weighted.n
    assert np.allclose(twice.error, weighted.error)


def test_pixels_hold_the_land_and_share_their_corners(coast: Raster) -> None:
    assert coast.total_km2 == pytest.approx(COAST.area / 1e6)
    moved = raster_from_polygon(shapely.box(-310, -310, 3_000, 900))
    assert (moved.x0 % 25, moved.y0 % 25, moved.x0, moved.cell_m) == (0, 0, -325, 25)
    assert coast.place([10, -10, np.nan, 2_500], [10, 10, 5, 5]).tolist() == [0, -1, -1, -1]
    assert coast.bounds[:2] == (0, 0)


def test_pixels_grow_with_the_land() -> None:
    assert pixel_for(5_000, 4_000).value == 25
    assert pixel_for(90_000, 60_000).value == 75


@pytest.mark.parametrize(
    ("land", "cell", "why"),
    [
        (shapely.Polygon(), None, "no land"),
        (shapely.box(23.6, 37.9, 23.7, 38.0), None, "degrees"),
        (shapely.box(0, 0, 50_000, 50_000), 25.0, "4,004,001 pixels are too many"),
    ],
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
    with pytest.raises(ValueError, match="width"):
        GaussianSmoother(values, 25, 250).by(300)


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


def test_pixels_smaller_than_cells_would_have_holes(city: CityProfile, fine: pd.Series) -> None:
    with pytest.raises(ValueError, match="smaller than the cells"):
        raster_from_cells(fine, city, 20)


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
    assert found.reference is not None
    assert t(found.reference.explanation).startswith(
        f"The usual rule of thumb (normal reference) would smooth over {found.reference_m:.0f} m"
    )
    assert bandwidth_for([], [], [], land=coast).reference is None
    assert min(bandwidth_for(*points, days, land=coast, least_m=100).widths_m) == 100


def test_few_alerts_in_the_last_weeks_make_the_test_longer(coast: Raster) -> None:
    rng = np.random.default_rng(5)
    points = rng.normal([[500], [500]], 90, (2, 200))
    found = bandwidth_for(*points, rng.uniform(0, 500, 200), land=coast)
    assert found.weeks == 13


def test_the_later_weeks_are_whole_and_the_day_before_them_is_earlier(coast: Raster) -> None:
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 1000, (2, 120)) + np.array([[coast.bounds[0]], [coast.bounds[1]]])
    on_land = coast.place(x, y) >= 0
    days = np.repeat([0.0, 72.0, 73.0, 100.0], 30)
    found = bandwidth_for(x, y, days, land=coast)
    assert (found.weeks, found.early, found.later) == (4, on_land[:60].sum(), on_land[60:].sum())


@pytest.mark.parametrize(("later", "weeks"), [(20, 4), (19, 8)])
def test_twenty_places_in_the_later_weeks_are_enough_and_fewer_are_not(coast: Raster, later: int, weeks: int) -> None:
    """Twenty in the last 4 weeks, else in the last 8: a place of the eighth week before the end counts among them."""
    x, y = np.random.default_rng(9).uniform(100, 900, (2, 50 + later + 1))
    assert (coast.place(x, y) >= 0).all()
    days = np.repeat([0.0, 50.0, 100.0], [50, 1, later])  # 50 is 7 weeks and a day before the last
    found = bandwidth_for(x, y, days, land=coast)
    assert (found.weeks, found.later) == (weeks, 20)


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


def test_piles_are_cut_to_what_nine_in_ten_places_hold() -> None:
    x = np.array([*np.arange(30.0), *[50.0] * 40])
    assert distinct_points(x, x, np.ones(70))[2].tolist() == [1.0] * 31
    many = np.array([*np.repeat(np.arange(30.0), 4), *[50.0] * 400])
    assert distinct_points(many, many, np.ones(len(many)))[2].tolist() == [4.0] * 31


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


def test_no_alerts_are_a_flat_nothing(coast: Raster, t: Translator) -> None:
    found = kernel_density([], [], land=coast, bandwidth=100, months=2)
    assert found.values.max() == 0
    assert not found.peak.known
    assert found.sentence(t) == "No alerts on the land: there is no density to draw."


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"bandwidth": 20}, "narrower than a pixel"),
        ({"months": 0}, "months"),
    ],
)
def test_what_cannot_be_is_refused(coast: Raster, more: dict[str, object], why: str) -> None:
    settings_of = {"land": coast, "bandwidth": 100, "months": 1, **more}
    with pytest.raises(ValueError, match=why):
        kernel_density([10.0], [10.0], **settings_of)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf")])
def test_counts_that_cannot_be_are_refused(city: CityProfile, fine: pd.Series, count: float) -> None:
    with pytest.raises(ValueError, match="known, finite and not negative"):
        density_from_cells(pd.Series({fine.index[0]: count}), fine, city, bandwidth=100, months=1)


@given(st.lists(POINT, min_size=3, max_size=12), st.floats(20, 400))
@settings(max_examples=60, deadline=None)
def test_pixels_hold_exactly_the_land_that_they_cover(corners: list[tuple[float, float]], cell: float) -> None:
    shape = shapely.make_valid(shapely.Polygon([(1_000 + x, 1_000 + y) for x, y in corners]))
    land = shapely.buffer(shape, 5).difference(shapely.box(1_300, 1_300, 1_420, 1_520))
    raster = raster_from_polygon(land, cell)
    rows, columns = raster.land_km2.shape
    left, low = np.meshgrid(raster.x0 + cell * np.arange(columns), raster.y0 + cell * np.arange(rows))
    slow = shapely.area(shapely.intersection(shapely.box(left, low, left + cell, low + cell), land)) / 1e6
    assert np.allclose(raster.land_km2, slow, atol=1e-9)


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
