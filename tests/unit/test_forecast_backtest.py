"""Measures of a forecast: slow twins, properties, ends."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecast.places import best_hits, best_hits_of, flagged_hits, hits

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
    mean = hits(came, told, [share], land)[0]
    assert min(every) - 1e-9 <= mean <= max(every) + 1e-9
    assert best_hits(came, [share], land)[0] >= max(every) - 1e-9


@given(COUNTS)
def test_all_the_land_holds_everything_and_nothing_is_better_than_the_best(rows: list[tuple[int, int, int]]) -> None:
    came, told, land = ([row[at] for row in rows] for at in range(3))
    shares = np.linspace(0, 1, 11)
    held, cells = flagged_hits(came, told, shares, land)
    assert (held[-1], cells[-1]) == (pytest.approx(sum(came)), pytest.approx(len(rows)))
    assert (held <= best_hits(came, shares, land) + 1e-9).all()
    assert (held <= best_hits_of(came, cells) + 1e-9).all()


def test_a_tie_is_shared_as_in_the_mean_of_all_orders() -> None:
    came, told = [4, 0, 2, 0], [1, 1, 1, 1]
    every = [slow_hits(order, came, [1] * 4, 0.5) for order in permutations(range(4))]
    assert hits(came, told, [0.5])[0] == pytest.approx(np.mean(every))


def test_the_densest_place_is_flagged_first_not_the_fullest() -> None:
    held, cells = flagged_hits([10, 8], [10, 8], [1 / 11, 1], [10, 1])
    assert held.tolist() == pytest.approx([8, 18])
    assert cells.tolist() == pytest.approx([1, 2])


@pytest.mark.parametrize(
    ("came", "told", "land"), [([1], [1, 2], None), ([], [], None), ([-1], [1], None), ([1], [1], [0])]
)
def test_refused(came: list[int], told: list[int], land: list[int] | None) -> None:
    with pytest.raises(ValueError, match="place"):
        hits(came, told, [1], land)


def test_the_best_of_as_many_places_is_not_the_best_of_the_same_land() -> None:
    """A small place with 4, a large one with 6, another with 5: two flagged hold 9 or 10, of at most 11."""
    came, told, land, shares = [4, 6, 5], [3, 8, 2], [1, 4, 2], np.array([1, 5, 7]) / 7
    held, cells = flagged_hits(came, told, shares, land)
    assert (held / best_hits_of(came, cells)).tolist() == pytest.approx([4 / 6, 10 / 11, 1])
    assert (held / best_hits(came, shares, land)).tolist() == pytest.approx([1, 10 / 12, 1])
