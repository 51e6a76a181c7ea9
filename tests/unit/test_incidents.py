"""The leader rule, against the same one by comparing each alert with all others, and what it must never do."""

from __future__ import annotations

from math import hypot
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.space_time import first_alerts

# On and off the limits, and beyond the next square.
PLACES = st.sampled_from([0.0, 20.0, 49.0, 50.0, 51.0, -30.0, 99.0, 1e6, float("nan")])
TIMES = st.floats(0, 12) | st.sampled_from([0.0, 2.0, 4.0, float("nan")])
ALERTS = st.lists(st.tuples(PLACES, PLACES, TIMES, st.sampled_from("ab"), st.integers(-1, 2)), max_size=25)


def columns(rows: Any) -> list[np.ndarray[Any, Any]]:
    x, y, hours, category, same = zip(*rows, strict=True) if rows else ((),) * 5
    return [np.array(x, float), np.array(y, float), np.array(hours, float), np.array(category), np.array(same, int)]


def slowly(rows: Any) -> list[int]:
    """Each alert compared with the first alerts of all incidents so far."""
    order = sorted(range(len(rows)), key=lambda row: (np.isnan(rows[row][2]), rows[row][2], row))
    first: dict[int, int] = {}
    for row in order:
        x, y, hours, category, same = rows[row]
        first[row] = row
        near = [
            other
            for other in order
            if first.get(other) == other
            and other != row
            and rows[other][3] == category
            and hypot(rows[other][0] - x, rows[other][1] - y) <= 50
            and abs(hours - rows[other][2]) <= 2
        ]
        numbered = [other for other in order if other in first and other != row and rows[other][4] == same >= 0]
        if numbered:
            first[row] = first[numbered[0]]
        elif near:
            first[row] = near[0]
    return [first[row] for row in range(len(rows))]


@given(ALERTS)
def test_it_is_what_comparing_all_with_all_gives(rows: Any) -> None:
    assert first_alerts(*columns(rows)).tolist() == slowly(rows)


@given(ALERTS, st.randoms())
def test_the_order_of_rows_does_not_matter_but_for_ties(rows: Any, random: Any) -> None:
    rows = [(x, y, hours, *rest) for (x, y, _, *rest), hours in zip(rows, np.arange(len(rows)) * 0.7, strict=True)]
    order = random.sample(range(len(rows)), len(rows))
    again = first_alerts(*columns([rows[row] for row in order]))
    assert [order[at] for at in again] == [first_alerts(*columns(rows))[row] for row in order]


@given(ALERTS)
def test_first_alerts_are_first_of_themselves_and_near_who_belongs_to_them(rows: Any) -> None:
    first = first_alerts(*columns(rows))
    assert (first[first] == first).all()
    for row, leader in enumerate(first):
        if leader != row and rows[row][4] < 0:
            assert rows[row][3] == rows[leader][3]
            assert hypot(rows[row][0] - rows[leader][0], rows[row][1] - rows[leader][1]) <= 50 + 1e-6
            assert 0 <= rows[row][2] - rows[leader][2] <= 2


@pytest.mark.parametrize("seed", range(3))
def test_a_night_at_one_square_is_no_chain(seed: int) -> None:
    """60 alerts within four hours and 25 m: two incidents or three, never one."""
    rng = np.random.default_rng(seed)
    x, y, hours = rng.uniform(0, 25, 60), rng.uniform(0, 25, 60), np.sort(rng.uniform(0, 4, 60))
    hours[[0, -1]] = 0, 4
    first = first_alerts(x, y, hours, np.full(60, "groping"), np.full(60, -1))
    assert 2 <= len(set(first.tolist())) <= 3


def test_one_number_is_one_incident_wherever_it_is() -> None:
    first = first_alerts([0, 9e5, 9e5, 0], [0, 0, 0, 0], [0, 50, 51, 1], ["a", "b", "b", "a"], [7, 7, -1, -1])
    assert first.tolist() == [0, 0, 2, 0]  # the second one begins no incident where it is


def test_many_at_one_point_take_no_time() -> None:
    n = 50_000
    first = first_alerts(np.zeros(n), np.zeros(n), np.arange(n) / 1000, np.full(n, "a"), np.full(n, -1))
    assert len(set(first.tolist())) == 25
