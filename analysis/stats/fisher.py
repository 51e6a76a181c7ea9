"""Fisher's exact test of many tables of two rows and two columns at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import hypergeom

from curim_data.model import FloatArray, IntArray

# Probabilities that differ by less than this part of them are equal (as in `scipy.stats.fisher_exact`).
_SAME: Final = 1e-14


def fisher_two_sided(a: IntArray, b: IntArray, c: IntArray, d: IntArray) -> FloatArray:
    """Two-sided p-values of the tables ((a, b), (c, d)): of all tables with their margins the probability of those that
    are no more probable. Arrays of one length; 1 where a margin is zero.

    The same as `scipy.stats.fisher_exact` for each table, in one search for all of them.

    Fisher, R. A. (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98, 39-82.

    >>> float(fisher_two_sided(*np.array([[3], [1], [1], [3]]))[0].round(4))
    0.4857
    """
    a, first, second, drawn = (np.asarray(x, np.int64) for x in (a, a + b, c + d, a + c))
    law = (first + second, first, drawn)
    mode = ((drawn + 1) * (first + 1) / (first + second + 2)).astype(np.int64)
    exact, most = hypergeom.pmf(a, *law), hypergeom.pmf(mode, *law)
    limit, below = np.asarray(exact * (1 + _SAME), float), a < mode
    own = np.where(below, hypergeom.cdf(a, *law), hypergeom.sf(a - 1, *law))
    end = np.where(below, drawn, 0)
    # From the mode to the end on the other side probabilities fall: where do they reach that of the table?
    low, high = np.where(below, mode, 0), np.where(below, drawn, mode)
    sign = np.where(below, -1.0, 1.0)
    at = _last_at_most(low, high, sign, limit, law)
    other = np.where(below, hypergeom.sf(at, *law), hypergeom.cdf(at, *law))
    p = np.where(hypergeom.pmf(end, *law) > limit, own, np.minimum(own + other, 1.0))
    with np.errstate(invalid="ignore"):
        alike = np.abs(exact - most) / np.maximum(exact, most) <= _SAME
    empty = (first == 0) | (second == 0) | (drawn == 0) | (b + d == 0)
    return np.where(alike | empty, 1.0, p)


def _last_at_most(
    low: IntArray, high: IntArray, sign: FloatArray, limit: FloatArray, law: tuple[IntArray, IntArray, IntArray]
) -> IntArray:
    """For each table the last count from `low` to `high` with sign * probability <= sign * limit; one less than `low`
    where there is none.
    """

    def at_most(counts: IntArray) -> FloatArray:
        return np.asarray(sign * hypergeom.pmf(counts, *law) - sign * limit)

    low, high, found = low.copy(), high.copy(), np.full(len(low), -1)
    while (open_ := (low < high) & (found < 0)).any():
        middle = low + (high - low) // 2
        beyond = at_most(middle)
        found = np.where(open_ & (beyond == 0), middle, found)
        low = np.where(open_ & (beyond < 0), middle + 1, low)
        high = np.where(open_ & (beyond > 0), middle - 1, high)
    return np.where(found >= 0, found, np.where(at_most(low) <= 0, low, low - 1))
