"""Places that are too large are split in two as k-means does it; places too few for a plan come last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import KMeans

from analysis.hotspots import grouping
from analysis.hotspots.grouping import Spot, hot_spots, two_means
from analysis.stats.intervals import Estimate


@pytest.mark.parametrize("seed", range(40))
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
    usual = Spot("", 0, (), 0, 1.0, 9.0, 2.0, 20.0, 0.01, 0.1, 0.0, 0.0, 5.0)
    places = [
        replace(usual, id=name, n=n, excess=Estimate(low + 2.0, low, low + 9.0))
        for name, n, low in (("a", 9, 6.0), ("b", 12, 3.0), ("c", 40, 30.0), ("d", 8, 2.0))
    ]
    monkeypatch.setattr(grouping, "_places", lambda *_: places)
    found = hot_spots(None)  # type: ignore[arg-type]
    assert [(spot.id, spot.rank) for spot in found] == [("c", 1), ("b", 2), ("a", 3), ("d", 4)]
