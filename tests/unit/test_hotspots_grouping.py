"""Places that are too large are split in two as k-means does it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from analysis.hotspots.grouping import two_means


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
