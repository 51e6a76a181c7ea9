"""Places that were found in other counts, with the figures of the counts that a reader sees, against sums by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest

from analysis.hotspots.cell_significance import HotCells, hot_cells
from analysis.hotspots.grouping import Spot, cold_spots, excess, hot_spots, marked_by, published_q, spots_of

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
def test_figures_are_sums_of_the_counts_that_are_told(
    theirs: HotCells, told: HotCells, mark: Literal["hot", "cold"]
) -> None:
    places = hot_spots(theirs) if mark == "hot" else cold_spots(theirs)
    found = spots_of(told, places, mark)
    assert len(found) == len(places) >= 1
    for spot, place in zip(found, places, strict=True):
        kept = ("id", "rank", "longitude", "latitude")
        assert [getattr(spot, name) for name in kept] == [getattr(place, name) for name in kept]
        assert spot.q == published_q(place.q)
        assert set(spot.cells) == set(place.cells)
        assert spot.times is None
        counts = told.frame.loc[list(place.cells)]
        assert spot.n == counts["n"].sum()
        assert spot.land_km2 == pytest.approx(counts["land_km2"].sum())
        expected = by_hand(told, place, places, mark)
        assert spot.expected == pytest.approx(expected[spot.against])
        assert spot.ratio == pytest.approx(spot.n / spot.expected)
        assert (spot.low > 1) if mark == "hot" else (spot.high < 1)
        assert spot.excess.value == pytest.approx(spot.n - spot.expected)
    assert {spot.n for spot in found} != {place.n for place in places}


def test_each_is_compared_with_what_it_stands_out_from_more_surely(theirs: HotCells, told: HotCells) -> None:
    places, city = hot_spots(theirs), told.frame[told.frame["city"] > 0]
    for spot in spots_of(told, places):
        outside = float(city.loc[~city.index.isin(spot.cells), "n"].sum())
        share = by_hand(told, spot, places, "hot")["city"] / outside
        assert spot.excess.low >= excess(spot.n, outside, share, told.dispersion).low - 1e-9


def test_marks_of_the_other_counts_themselves_say_nothing(theirs: HotCells, told: HotCells) -> None:
    """Only the cells of the places do: whether cells are hot in the copy is not asked."""
    unmarked = hot_cells(told.frame[["n", "land_km2"]], alpha=1e-250)
    assert not unmarked.frame["hot"].any()
    places = hot_spots(theirs)
    found = spots_of(unmarked, places)
    assert {spot.against for spot in found} == {spot.against for spot in spots_of(told, places)}
    for spot in found:
        assert spot.expected == pytest.approx(by_hand(unmarked, spot, places, "hot")[spot.against])


def coarser(frame: pd.DataFrame) -> pd.DataFrame:
    parents = pd.Index([h3.cell_to_parent(cell, 8) for cell in frame.index], name="cell")
    return frame[["n", "land_km2"]].groupby(parents).sum().sort_index()


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(n=30.0)


@pytest.mark.parametrize("change", [coarser, flat])
def test_where_cells_are_coarser_or_nothing_stands_out_there_are_no_figures(
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
        for name in ("expected", "ratio", "low", "high", "z"):
            assert np.isnan(getattr(spot, name)), name
        assert np.isnan(spot.excess.low)
        assert (spot.id, spot.rank, spot.q, spot.against) == (place.id, place.rank, published_q(place.q), place.against)
        steps = [step for step in (1.0, 1.5, 2.0, 3.0, 5.0, 10.0) if step <= place.low]
        assert spot.times == (steps[-1] if steps else 1.0)


def test_one_that_does_not_stand_out_takes_the_figures_of_all(theirs: HotCells) -> None:
    places, frame = hot_spots(theirs), table(2, dense=100.0)
    assert all(one.times is None for one in spots_of(hot_cells(frame), places))
    frame.loc[list(places[-1].cells), "n"] = 20.0
    assert all(one.times is not None for one in spots_of(hot_cells(frame), places))


def test_the_ratio_is_told_in_steps_and_never_above_what_was_found(theirs: HotCells) -> None:
    place, result = hot_spots(theirs)[0], hot_cells(coarser(table(2)))
    for low, step in ((0.9, 1.0), (1.49, 1.0), (1.5, 1.5), (2.99, 2.0), (3.0, 3.0), (9.0, 5.0), (80.0, 10.0)):
        assert spots_of(result, [replace(place, low=low)])[0].times == step


def test_a_place_on_no_cell_is_left_out(theirs: HotCells, told: HotCells) -> None:
    places = hot_spots(theirs)
    away = replace(places[0], id="away", cells=(h3.latlng_to_cell(10.0, 10.0, 9),))
    assert spots_of(told, [away]) == ()
    assert spots_of(told, []) == ()
    assert [one.id for one in spots_of(told, [away, *places])] == [one.id for one in places]


def test_the_marks_of_cells_are_those_of_the_places(theirs: HotCells, told: HotCells) -> None:
    hot, cold = spots_of(told, hot_spots(theirs)), spots_of(told, cold_spots(theirs), "cold")
    marked = marked_by(told, hot, cold)
    for name, spots in (("hot", hot), ("cold", cold)):
        assert set(marked.frame.index[marked.frame[name]]) == {cell for spot in spots for cell in spot.cells}
    pd.testing.assert_series_equal(marked.frame["n"], told.frame["n"])


def test_of_a_q_the_step_alone_is_told() -> None:
    assert [published_q(q) for q in (0.0, 1e-131, 0.001, 0.0011, 0.05, 0.2)] == [0.001, 0.001, 0.001, 0.01, 0.05, 1.0]
    assert np.isnan(published_q(float("nan")))
