"""The exact binomial test of many counts at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import binom

from curim_data.model import FloatArray, IntArray

# Probabilities that differ by less than this part of them are equal (as in `scipy.stats.binomtest`).
_SAME: Final = 1e-7


def binomial_two_sided(k: IntArray, n: IntArray, share: float) -> FloatArray:
    """Two-sided p-values of k of n against a share: the probability of all counts that are no more probable than k.

    Arrays of one length, n at least 1. The same as `scipy.stats.binomtest` for each, in one search for all of them.

    Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of the
    binomial. Biometrika 26, 404-413.

    >>> binomial_two_sided(np.array([3, 5]), np.array([15, 10]), 0.1).round(4).tolist()
    [0.1841, 0.0016]
    """
    k, n = np.asarray(k, np.int64), np.asarray(n, np.int64)
    limit, middle = binom.pmf(k, n, share) * (1 + _SAME), n * share
    below = k < middle
    # From the middle to the end on the other side probabilities fall: from where on are they no larger than k's?
    near = np.where(below, np.ceil(middle), np.floor(middle)).astype(np.int64)
    far = np.where(below, n + 1, -1)
    step = np.where(below, 1, -1)
    low, high = np.zeros(len(k), np.int64), (far - near) * step
    while (low < high).any():
        half = (low + high) // 2
        larger = binom.pmf(near + step * half, n, share) > limit
        low, high = np.where(larger & (low < high), half + 1, low), np.where(larger, high, half)
    at = near + step * low
    own = np.where(below, binom.cdf(k, n, share), binom.sf(k - 1, n, share))
    other = np.where(below, binom.sf(at - 1, n, share), binom.cdf(at, n, share))
    return np.asarray(np.where(k == middle, 1.0, np.minimum(own + other, 1.0)), float)
