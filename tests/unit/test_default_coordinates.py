"""Default coordinates: a pile among scattered points, and the busy corners of positions that were moved to a list."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest

from curim_data.geo.enrichment import default_coordinates, usual_count
from curim_data.model.place_names import PlaceNames


def found(counts: list[int]) -> list[int]:
    """The default coordinates among points in the city that hold so many alerts."""
    points = pd.DataFrame({"longitude": np.arange(len(counts)) / 1000, "latitude": 38.0, "inside": True, "n": counts})
    spread = points.groupby("n").size().rename("points").reset_index()
    listed = default_coordinates(points, sum(counts), 0, usual_count(spread))
    return [int(n) for n in listed["n"]]


@pytest.mark.parametrize(
    ("counts", "listed"),
    [
        ([60], [60]),
        ([30, 30], [30, 30]),
        ([1] * 500 + [21], [21]),
        ([1] * 500 + [20], []),
        ([1] * 5000 + [40], []),  # less than 1 %
        # Snapped positions: many points of ten alerts, the busiest of fifty is a corner and one of fifty-one a pile.
        ([10] * 100 + [50], []),
        ([10] * 100 + [51], [51]),
        ([1] * 94 + [10] * 6 + [45], []),
        # Few corners, each of many alerts.
        ([50] * 280 + [100] * 20 + [400], []),
        ([50] * 280 + [60] * 20 + [400], [400]),
        ([1] * 97 + [10] * 4 + [45], [45]),
    ],
)
def test_a_pile_holds_far_more_than_other_points(counts: list[int], listed: list[int]) -> None:
    assert found(counts) == listed


def test_usual_count_equals_the_slow_way() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        counts = rng.geometric(rng.uniform(0.05, 0.9), rng.integers(1, 60))
        slow = next(int(n) for n in np.sort(counts) if (counts <= n).mean() >= 0.95 - 1e-12)
        values, points = np.unique(counts, return_counts=True)
        assert usual_count(pd.DataFrame({"n": values, "points": points})) == (slow if len(counts) >= 20 else 0)


def names(*rows: tuple[str, str, float, int]) -> PlaceNames:
    """What positions are called: kind, name, longitude (latitude 38) and alerts."""
    table = pd.DataFrame(rows, columns=["kind", "name", "cell", "n"])
    cells = [h3.latlng_to_cell(38.0, at, 10) for at in table["cell"]]
    return PlaceNames(table.assign(cell=np.array(cells, np.int64)))


HIGH_STREET = [("street", "High Street", at / 100, 3) for at in (1, 2)]


@pytest.mark.parametrize(
    ("called", "kept"),
    [
        (names(), False),
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 40)), True),
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 29)), False),  # of less than half of the alerts there
        (names(("street", "High Street", 0.0, 40), ("street", "High Street", 0.01, 3)), False),  # in two cells alone
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 40), ("area", "High Street", 0.5, 3)), False),
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 12), ("street", "New Town", 0.0, 48)), False),
        (names(("area", "New Town", 0.0, 60), ("area", "New Town", 0.5, 60), ("area", "New Town", 0.7, 60)), False),
    ],
)
def test_a_point_on_a_street_is_a_place(called: PlaceNames, kept: bool) -> None:
    points = pd.DataFrame({"longitude": [0.0], "latitude": 38.0, "inside": True, "n": 60})
    assert default_coordinates(points, 560, 0, 1, called).empty is kept
