"""Default coordinates: a pile among scattered points, and the busy corners of positions that were moved to a list."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from curim_data.geo.default_coordinates import default_coordinates, usual_count


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
        ([1] * 95 + [10] * 5 + [45], [45]),
    ],
)
def test_a_pile_holds_far_more_than_other_points(counts: list[int], listed: list[int]) -> None:
    assert found(counts) == listed


def test_usual_count_equals_the_slow_way() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        counts = rng.geometric(rng.uniform(0.05, 0.9), rng.integers(1, 60))
        few = np.sort(counts[counts <= 20])
        slow = next((int(n) for n in few if (few <= n).mean() >= 0.95 - 1e-12), 0)
        values, points = np.unique(counts, return_counts=True)
        assert usual_count(pd.DataFrame({"n": values, "points": points})) == slow
