"""Counts of incidents beside counts of the alerts that report them: together they tell no more than the alerts do."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from curim_data.model import Audience
from curim_data.privacy import Protected, Whole, protect

COUNCIL = Audience.COUNCIL
K = 5
Told = list[tuple[list[np.ndarray[Any, np.dtype[np.int64]]], pd.DataFrame, pd.DataFrame]]


def told(alerts: Any, incidents: Any) -> Told:
    """Every table of both by each set of the dimensions: the cells of each row, then what is told of both."""
    names = [f"d{axis}" for axis in range(np.ndim(alerts))]
    where = pd.DataFrame(np.indices(np.shape(alerts)).reshape(len(names), -1).T, columns=names)
    found = []
    for size in range(len(names) + 1):
        for kept in map(list, combinations(names, size)):
            groups = list(where.groupby(kept).indices.values()) if kept else [np.arange(len(where))]
            keys = where[kept].iloc[[rows[0] for rows in groups]].reset_index(drop=True)
            sums = [[float(np.ravel(counts)[rows].sum()) for rows in groups] for counts in (alerts, incidents)]
            both = [
                protect(keys.assign(n=sums[0]), kept, COUNCIL),
                protect(keys.assign(n=sums[1]), kept, COUNCIL, whole=Whole(np.array(sums[0]))),
            ]
            found.append((groups, *(_in_order(table, keys) for table in both)))
    return found


def _in_order(table: Protected, keys: pd.DataFrame) -> pd.DataFrame:
    return keys.merge(table.frame, on=list(keys), how="left") if len(keys.columns) else table.frame


def left_by(tables: Told, alerts: Any, incidents: Any) -> dict[tuple[str, int], tuple[float, float] | None]:
    """What a reader who knows all tables, and that no cell has more incidents than alerts, can say of each small count.

    None where what is told contradicts itself.
    """
    size = np.size(alerts)
    sums, values = [], []
    bounds = [[0.0, 1e4] for _ in range(2 * size)]
    for groups, *both in tables:
        for offset, frame in zip((0, size), both, strict=True):
            for rows, n, low, high, hidden in zip(
                groups, *(frame[c] for c in ("n", "low", "high", "withheld")), strict=True
            ):
                if not hidden:
                    sums.append(np.isin(np.arange(2 * size), rows + offset).astype(float))
                    values.append(n)
                elif len(rows) == 1:
                    was = bounds[rows[0] + offset]
                    bounds[rows[0] + offset] = [max(was[0], low), min(was[1], high)]
    no_more = np.hstack([-np.eye(size), np.eye(size)])
    found = {}
    for name, offset, counts, frame in zip(
        ("alerts", "incidents"), (0, size), (alerts, incidents), tables[-1][1:], strict=True
    ):
        small = (np.ravel(counts) > 0) & (np.ravel(counts) < K) & frame["withheld"].to_numpy(bool)
        for cell in np.flatnonzero(small):
            goal = np.eye(2 * size)[cell + offset]
            ends = [
                linprog(
                    sign * goal,
                    A_eq=sums or None,
                    b_eq=values or None,
                    A_ub=no_more,
                    b_ub=np.zeros(size),
                    bounds=bounds,
                )
                for sign in (1, -1)
            ]
            found[name, int(cell)] = (ends[0].fun, -ends[1].fun) if all(end.success for end in ends) else None
    return found


def pinned(alerts: Any, incidents: Any) -> list[Any]:
    """Small counts that are worked out, or that what is told contradicts."""
    both = left_by(told(alerts, incidents), alerts, incidents)
    return [(cell, ends) for cell, ends in both.items() if ends is None or ends[1] - ends[0] < 1 - 1e-6]


@pytest.mark.parametrize(
    ("alerts", "incidents"),
    [
        # The last has at most four and at least what the others, of whom no more than their alerts are, leave.
        ([[3, 12, 6], [0, 12, 5]], [[2, 12, 5], [0, 11, 4]]),
        ([[8, 3, 5], [9, 5, 5], [3, 8, 12]], [[8, 3, 5], [8, 5, 4], [3, 7, 11]]),
        # Where the only alert is a later report of an incident elsewhere there is no incident.
        ([[11, 1, 11], [1, 6, 11]], [[10, 0, 11], [1, 6, 11]]),
        ([20, 5, 7], [20, 4, 7]),
        # The withheld alerts are three in all, so that four incidents at least are left to the shown ones.
        ([2, 6, 0, 0, 0, 1], [2, 4, 0, 0, 0, 1]),
    ],
)
def test_small_counts_do_not_follow_from_both_tables(alerts: Any, incidents: Any) -> None:
    assert pinned(np.array(alerts), np.array(incidents)) == []


@st.composite
def cities(draw: st.DrawFn) -> tuple[Any, Any]:
    shape = draw(st.sampled_from([(4,), (6,), (2, 3), (3, 3)]))
    alerts = np.array(draw(st.lists(st.integers(0, 13), min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))))
    fewer = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2, 5]), min_size=len(alerts), max_size=len(alerts)))
    return alerts.reshape(shape), np.maximum(alerts - np.array(fewer), 0).reshape(shape)


# The same tables each time: in some of all that are possible a small count follows, as `privacy.disclosure` says.
@pytest.mark.slow
@given(cities())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_small_count_follows_from_both_tables(city: tuple[Any, Any]) -> None:
    assert pinned(*city) == []


@given(cities())
@settings(max_examples=40, deadline=None)
def test_incidents_are_withheld_with_their_alerts_and_bounds_hold(city: tuple[Any, Any]) -> None:
    alerts, incidents = city
    for groups, of_alerts, of_incidents in told(alerts, incidents):
        sums = np.array([np.ravel(incidents)[rows].sum() for rows in groups])
        hidden = of_alerts["withheld"].to_numpy(bool)
        assert of_incidents["withheld"].to_numpy(bool)[hidden].all()
        assert ((of_incidents["low"] <= sums) & (sums <= of_incidents["high"])).all()
