"""Places: figures from other counts, order, alerts above expected, and what their alerts weigh."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Literal

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, poisson
from sklearn.cluster import KMeans

from analysis.grid import neighbours
from analysis.hotspots import grouping
from analysis.hotspots.cell_significance import HotCells, hot_cells
from analysis.hotspots.grouping import (
    LEAST_FOR_PLAN,
    Spot,
    cold_spots,
    excess,
    excess_of,
    hot_spots,
    in_order,
    marked_by,
    published_q,
    ratio_says_something,
    spots_of,
    two_means,
    worth_a_plan,
)
from analysis.stats.intervals import UNKNOWN, Estimate, weighted_sum
from curim_data.model import CityProfile, translator
from pages.parts.charts.tables import expected_count
from tests.effort import effort

COUNTS, SHARES = st.integers(0, 5_000), st.floats(0.001, 5)


@dataclass(frozen=True)
class Place:
    id: str = "a"
    n: int = 35
    expected: float = 5.0
    ratio: float = 7.0
    low: float = 4.0
    high: float = 12.0
    q: float = 0.01
    excess: Estimate = field(default=Estimate(30, 18, 43))


@given(COUNTS, COUNTS, SHARES)
def test_the_interval_holds_the_value_and_is_that_of_the_slow_twin(inside: int, outside: int, share: float) -> None:
    found = excess(inside, outside, share)
    assert found.low <= found.value <= found.high
    own, other = (
        (chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, chi2.ppf(0.975, 2 * count + 2) / 2)
        for count in (inside, outside)
    )
    assert found.value == pytest.approx(inside - share * outside, abs=1e-6)
    assert found.low == pytest.approx(
        found.value - math.sqrt((inside - own[0]) ** 2 + (share * (other[1] - outside)) ** 2), abs=1e-6
    )
    assert found.high == pytest.approx(
        found.value + math.sqrt((own[1] - inside) ** 2 + (share * (outside - other[0])) ** 2), abs=1e-6
    )


def test_poisson_limits_are_those_of_the_published_table() -> None:
    """Garwood 1936, as in Ulm 1990 (American Journal of Epidemiology 131, 373–375): 10 events, 4.80 to 18.39."""
    for count, limits in ((0, (0.0, 3.689)), (10, (4.795, 18.390)), (100, (81.364, 121.627))):
        found = weighted_sum(count, count, 1.0)
        assert (found.low, found.high) == pytest.approx(limits, abs=0.001)


def test_few_alerts_beside_empty_land_come_after_many_above_expected() -> None:
    """35 where 0.06 are expected come before 8 where none are, and after 96 where 11 are."""
    empty, village, centre = (
        Place("empty", 8, 0.0, math.inf, 30.7, math.inf, 1e-7, excess(8, 0, 0.06)),
        Place("village", 35, 0.06, 630, 106, 25_600, 2e-36, excess(35, 1, 0.06)),
        Place("centre", 96, 11, 8.7, 7, 11, 1e-40, excess(96, 110, 0.1)),
    )
    assert [place.id for place in in_order([empty, village, centre])] == ["centre", "village", "empty"]
    assert [place.id for place in in_order([empty, village, centre], "ratio")] == ["village", "empty", "centre"]
    assert [place.id for place in in_order([empty, village, centre], "alerts")] == ["centre", "village", "empty"]
    assert [place.id for place in in_order([empty, village, centre], "p")] == ["centre", "village", "empty"]
    assert [ratio_says_something(place) for place in (empty, village, centre)] == [False, False, True]


def test_a_cluster_has_the_excess_of_its_ratio() -> None:
    cluster = SimpleNamespace(n=40, expected=10.0, ratio=4.0, low=2.9, high=5.4)
    found = excess_of(cluster)
    assert (found.value, found.low, found.high) == pytest.approx((30, 19, 44))
    assert excess(5, 0, math.inf) == UNKNOWN


def test_the_least_number_for_a_plan_lets_a_fall_by_seventy_per_cent_show() -> None:
    assert LEAST_FOR_PLAN == 10

    def chance(n: int) -> float:
        """The slow twin: of n and 30 % of n alerts, so few in the second period by tossing coins."""
        after = round(0.3 * n)
        return sum(math.comb(n + after, k) for k in range(after + 1)) / 2 ** (n + after)

    assert chance(10) <= 0.05
    assert all(chance(n) > 0.05 for n in range(1, 10))
    many, few = worth_a_plan([Place(n=9), Place(n=10), Place(n=50)])
    assert [place.n for place in many] == [10, 50]
    assert [place.n for place in few] == [9]
    assert poisson.cdf(3, 10) < 0.05  # as one count against a known mean


@pytest.mark.parametrize(
    ("expected", "told"),
    [(0.135, "where 0.14 would"), (0.0556, "where below 0.1 would"), (3.14159, "where 3.14 would")],
)
def test_a_sentence_has_more_digits_only_beside_a_ratio(expected: float, told: str) -> None:
    spot = Spot(
        id="quay", rank=1, cells=(), n=12, expected=expected, ratio=12 / expected, low=6 / expected, high=20 / expected,
        q=0.001, land_km2=0.1, longitude=0.0, latitude=0.0, excess=Estimate(11, 5, 18),
    )  # fmt: skip
    assert told in spot.sentence(translator("en"))
    listed = expected_count(translator("en"), spot)
    assert f"where {listed} would" in spot.sentence(translator("en"))


@pytest.mark.parametrize("seed", range(effort(8, 40)))
def test_two_parts_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 400))
    at = rng.normal(size=(count, 2)) * (0.01, 0.003) + (-87.6, 41.8)
    weight = rng.integers(0, 5, count) + 1e-9
    along = at @ rng.normal(size=2)
    ends = at[[along.argmin(), along.argmax()]]
    slow = KMeans(2, init=ends, n_init=1).fit(at, sample_weight=weight).labels_ == 1
    np.testing.assert_array_equal(two_means(at, weight, ends), slow)


def test_places_too_few_for_a_plan_have_the_last_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are more surely above expected, so that ranks follow one another wherever a list is shown."""
    usual = Spot("", (), 0.0, 0.0, 0, 0, 1.0, 9.0, 2.0, 20.0, 0.01, 0.1, 5.0)
    places = [
        replace(usual, id=name, n=n, excess=Estimate(low + 2.0, low, low + 9.0))
        for name, n, low in (("a", 9, 6.0), ("b", 12, 3.0), ("c", 40, 30.0), ("d", 8, 2.0))
    ]
    monkeypatch.setattr(grouping, "_places", lambda *_: places)
    found = hot_spots(None)  # type: ignore[arg-type]
    assert [(spot.id, spot.rank) for spot in found] == [("c", 1), ("b", 2), ("a", 3), ("d", 4)]


CENTRE = h3.latlng_to_cell(41.80, -87.60, 9)
# Land on which hardly anything happens, and three places: a cell beside that land, a square and a corner.
QUIET = h3.grid_disk(h3.latlng_to_cell(41.786, -87.590, 9), 1)[:2]
DENSE = (
    h3.grid_disk(QUIET[0], 1)[-1:],
    h3.grid_disk(CENTRE, 1),
    h3.grid_disk(h3.latlng_to_cell(41.812, -87.605, 9), 1)[:2],
)


def table(seed: int, dense: float = 140.0, quiet: float = 0.2) -> pd.DataFrame:
    """Counts of a city of cells, each with land of its own."""
    rng = np.random.default_rng(seed)
    index = np.array(sorted(h3.grid_disk(CENTRE, 14)), np.int64)
    expected = np.full(len(index), 30.0)
    for place in DENSE:
        expected[np.isin(index, place)] = dense
    expected[np.isin(index, QUIET)] = quiet
    land = np.random.default_rng(0).uniform(0.08, 0.12, len(index))
    return pd.DataFrame(
        {"n": rng.poisson(expected).astype(float), "land_km2": land}, index=pd.Index(index, name="cell")
    )


@pytest.fixture(scope="module")
def theirs() -> HotCells:
    return hot_cells(table(1))


@pytest.fixture(scope="module")
def told() -> HotCells:
    """Other counts of the same city, in which the places are a little less dense."""
    return hot_cells(table(2, dense=100.0, quiet=8.0))


def by_hand(result: HotCells, spot: Spot, listed: Iterable[Spot], mark: Literal["hot", "cold"]) -> dict[str, float]:
    """Expected count of a place from its surroundings and, where it may be compared with that, from the city."""
    frame, own = result.frame, set(spot.cells)
    land, around = ("size", "occupied") if mark == "hot" else ("occupied", "size")
    left_out = {cell for one in listed for cell in one.cells} if mark == "hot" else {*frame.index[frame["hot"]]}
    near, ring = (
        set().union(*(h3.grid_disk(cell, k) for cell in own)) for k in (result.setting.k, result.setting.outer)
    )

    def scaled(cells: Iterable[int], column: str) -> float:
        there = frame.loc[[cell for cell in cells if cell in frame.index]]
        there = there[there["size"] > 0]
        return float(there["n"].sum() * frame.loc[list(own), land].sum() / there[column].sum())

    found = {"surroundings": scaled(ring - near - left_out, around)}
    if mark == "hot":
        rest = frame.index[frame["city"] > 0]
        found["city"] = scaled(set(rest) - own, "city")
    return found


@pytest.mark.parametrize("mark", ["hot", "cold"])
def test_figures_are_sums_of_the_counts(theirs: HotCells, mark: Literal["hot", "cold"]) -> None:
    places = hot_spots(theirs) if mark == "hot" else cold_spots(theirs)
    assert places
    for spot in places:
        counts = theirs.frame.loc[list(spot.cells)]
        assert (spot.n, spot.land_km2) == (counts["n"].sum(), pytest.approx(counts["land_km2"].sum()))
        expected = by_hand(theirs, spot, places, mark)
        assert spot.expected == pytest.approx(expected[spot.against])
        assert spot.ratio == pytest.approx(spot.n / spot.expected)
        assert (spot.low > 1) if mark == "hot" else (spot.high < 1)
        assert spot.excess.value == pytest.approx(spot.n - spot.expected)
        if mark == "hot":  # with what it stands out from more surely
            city = theirs.frame[(theirs.frame["city"] > 0) & ~theirs.frame.index.isin(spot.cells)]
            outside = float(city["n"].sum())
            share = expected["city"] / outside
            assert spot.excess.low >= excess(spot.n, outside, share, theirs.dispersion).low - 1e-9


def test_places_of_other_counts_keep_their_order_and_those_elsewhere_are_left_out(
    theirs: HotCells, told: HotCells
) -> None:
    places = hot_spots(theirs)
    found = spots_of(told, places)
    for spot, place in zip(found, places, strict=True):
        kept = ("id", "rank", "longitude", "latitude")
        assert [getattr(spot, name) for name in kept] == [getattr(place, name) for name in kept]
        counts = told.frame.loc[list(place.cells)]
        assert (spot.n, spot.land_km2) == (counts["n"].sum(), pytest.approx(counts["land_km2"].sum()))
    assert {spot.n for spot in found} != {place.n for place in places}
    away = replace(places[0], id="away", cells=(h3.latlng_to_cell(10.0, 10.0, 9),))
    assert spots_of(told, [away]) == spots_of(told, []) == ()
    assert [one.id for one in spots_of(told, [away, *places])] == [one.id for one in places]


def same(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def coarser(frame: pd.DataFrame) -> pd.DataFrame:
    parents = pd.Index([h3.cell_to_parent(cell, 8) for cell in frame.index], name="cell")
    return frame[["n", "land_km2"]].groupby(parents).sum().sort_index()


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(n=30.0)


@pytest.mark.parametrize("change", [coarser, flat, same])
def test_of_other_counts_there_are_no_figures_whatever_their_cells(
    theirs: HotCells, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    """Nor of any other place, so that their absence tells nothing of one."""
    places, result = hot_spots(theirs), hot_cells(change(table(2, dense=100.0)))
    found = spots_of(result, places)
    assert len(found) == len(places)
    for spot, place in zip(found, places, strict=True):
        held = {h3.cell_to_parent(cell, result.setting.resolution) for cell in place.cells}
        assert set(spot.cells) == held
        assert spot.n == result.frame.loc[list(held), "n"].sum()
        for name in ("expected", "ratio", "low", "high"):
            assert np.isnan(getattr(spot, name)), name
        assert np.isnan(spot.excess.low)
        assert (spot.id, spot.rank, spot.q, spot.against) == (place.id, place.rank, published_q(place.q), place.against)
        steps = [step for step in (1.0, 1.5, 2.0, 3.0, 5.0, 10.0) if step <= place.low]
        assert spot.times == (steps[-1] if steps else 1.0)


def test_ratio_and_q_are_told_in_steps_and_never_above_what_was_found(theirs: HotCells) -> None:
    place, result = hot_spots(theirs)[0], hot_cells(coarser(table(2)))
    for low, step in ((0.9, 1.0), (1.49, 1.0), (1.5, 1.5), (2.99, 2.0), (3.0, 3.0), (9.0, 5.0), (80.0, 10.0)):
        assert spots_of(result, [replace(place, low=low)])[0].times == step
    assert [published_q(q) for q in (0.0, 1e-131, 0.001, 0.0011, 0.05, 0.2)] == [0.001, 0.001, 0.001, 0.01, 0.05, 1.0]
    assert np.isnan(published_q(float("nan")))


def test_the_marks_of_cells_are_those_of_the_places(theirs: HotCells, told: HotCells) -> None:
    hot, cold = spots_of(told, hot_spots(theirs)), spots_of(told, cold_spots(theirs))
    marked = marked_by(told, hot, cold)
    for name, spots in (("hot", hot), ("cold", cold)):
        assert set(marked.frame.index[marked.frame[name]]) == {cell for spot in spots for cell in spot.cells}
    pd.testing.assert_series_equal(marked.frame["n"], told.frame["n"])


RESOLUTION = 10


def drawn_map(city: CityProfile, seed: int = 0) -> pd.DataFrame:
    """Counts on the city's cells, with two dense places, and a quarter that is dense as a whole."""
    random = np.random.default_rng(seed)
    land = city.land_cells(RESOLUTION)
    n = random.poisson(3.0, len(land)).astype(float)
    near = neighbours(np.asarray(land.index, np.int64), 1)
    for at in (len(land) // 3, 2 * len(land) // 3):
        n[near.indices[near.indptr[at] : near.indptr[at + 1]]] += 40
    near = neighbours(np.asarray(land.index, np.int64), 6)
    n[near.indices[near.indptr[len(land) // 2] : near.indptr[len(land) // 2 + 1]]] += 20
    return pd.DataFrame({"n": n, "land_km2": land.to_numpy()}, index=land.index)


def test_a_hot_spot_is_compared_with_the_cells_that_a_slow_twin_finds(city: CityProfile) -> None:
    """Cell by cell: the ring round the place without other hot cells, and everything else for the rest of the city."""
    frame = drawn_map(city)
    result = hot_cells(frame)
    assert {spot.against for spot in hot_spots(result)} == {"surroundings", "city"}
    n = frame["n"].to_dict()
    for spot in hot_spots(result):
        inside = set(spot.cells)
        beyond = slow_surroundings(result, inside) if spot.against == "surroundings" else set(frame.index) - inside
        share = sum(result.frame.loc[c, "size"] for c in inside) / sum(result.frame.loc[c, "size"] for c in beyond)
        own, around = (sum(n[cell] for cell in cells) for cells in (inside, beyond))
        assert (spot.n, spot.expected) == (own, pytest.approx(share * around))
        assert (spot.excess.low, spot.excess.high) == pytest.approx(slow_limits(own, around, share))


def slow_surroundings(result: HotCells, inside: set[int]) -> set[int]:
    index = np.asarray(result.frame.index, np.int64)
    at = [int(np.flatnonzero(index == cell)[0]) for cell in inside]
    close, far = set(inside), set(inside)
    for k, into in ((result.setting.k, close), (result.setting.outer, far)):
        near = neighbours(index, k)
        for one in at:
            into.update(index[near.indices[near.indptr[one] : near.indptr[one + 1]]].tolist())
    hot = set(index[result.frame["local"].to_numpy(bool)].tolist())
    return far - close - hot


def slow_limits(own: float, around: float, share: float) -> tuple[float, float]:
    """Garwood's limits as chi-squared quantiles, put together by MOVER."""
    (a, b), (c, d) = ((chi2.ppf(0.025, 2 * n) / 2, chi2.ppf(0.975, 2 * n + 2) / 2) for n in (own, around))
    value = own - share * around
    return (
        value - math.sqrt((own - a) ** 2 + (share * (d - around)) ** 2),
        value + math.sqrt((b - own) ** 2 + (share * (around - c)) ** 2),
    )
