"""Measures of a forecast: slow twins, properties, ends."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecast.backtest import accuracy, best_hits, hits, recapture_rate

COUNTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=6)


def slow_hits(order: tuple[int, ...], came: list[int], land: list[int], share: float) -> float:
    """Walk through the places in an order until the area is used up."""
    left, held = share * sum(land), 0.0
    for place in order:
        part = min(left, land[place])
        held += came[place] * part / land[place]
        left -= part
    return held


@given(COUNTS, st.floats(0, 1))
def test_ties_are_bounded_by_every_order(rows: list[tuple[int, int, int]], share: float) -> None:
    came, told, land = ([row[at] for row in rows] for at in range(3))
    density = [a / b for a, b in zip(told, land, strict=True)]
    every = [
        slow_hits(order, came, land, share)
        for order in permutations(range(len(rows)))
        if all(density[a] >= density[b] for a, b in pairwise(order))
    ]
    worst, mean = (hits(came, told, [share], land, ties=ties)[0] for ties in ("worst", "mean"))
    assert worst == pytest.approx(min(every))
    assert min(every) - 1e-9 <= mean <= max(every) + 1e-9
    assert best_hits(came, [share], land)[0] >= max(every) - 1e-9


@given(COUNTS)
def test_all_the_land_holds_everything(rows: list[tuple[int, int, int]]) -> None:
    came, told, land = ([row[at] for row in rows] for at in range(3))
    last = accuracy(came, told, land).iloc[-1]
    if sum(came):
        assert last["pai"] == pytest.approx(1)
        assert last["pei"] == pytest.approx(1)
        assert last["hit_rate"] == pytest.approx(1)
        assert (accuracy(came, told, land)["pei"].dropna() <= 1 + 1e-9).all()
    else:
        assert np.isnan(last["pai"])


def test_a_tie_is_shared_as_in_the_mean_of_all_orders() -> None:
    came, told = [4, 0, 2, 0], [1, 1, 1, 1]
    every = [slow_hits(order, came, [1] * 4, 0.5) for order in permutations(range(4))]
    assert hits(came, told, [0.5])[0] == pytest.approx(np.mean(every))


def test_the_densest_place_is_flagged_first_not_the_fullest() -> None:
    told = accuracy([10, 8], [10, 8], [10, 1])
    assert told["place"].tolist() == [1, 0]
    assert told["pai"].tolist() == pytest.approx([(8 / 18) / (1 / 11), 1])


def test_recapture_is_not_rri() -> None:
    assert recapture_rate(40, 100, 30, 60) == pytest.approx(1.25)
    assert np.isnan(recapture_rate(0, 100, 30, 60))


@pytest.mark.parametrize(
    ("came", "told", "land"), [([1], [1, 2], None), ([], [], None), ([-1], [1], None), ([1], [1], [0])]
)
def test_refused(came: list[int], told: list[int], land: list[int] | None) -> None:
    with pytest.raises(ValueError, match="place"):
        accuracy(came, told, land)


def test_the_best_of_as_many_places_is_not_the_best_of_the_same_land() -> None:
    """A small place with 4, a large one with 6, another with 5: two flagged hold 9 or 10, of at most 11."""
    told = accuracy([4, 6, 5], [3, 8, 2], [1, 4, 2])
    assert told["place"].tolist() == [0, 1, 2]
    assert told["pei_cells"].tolist() == [4 / 6, 10 / 11, 1]
    assert told["pei"].tolist() == pytest.approx([1, 10 / 12, 1])
