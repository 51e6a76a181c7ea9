"""Exact two-sided tests of many counts at once: binomial, and Fisher's of two by two tables.

The exact binomial test of many counts at once.

Fisher's exact test of many tables of two rows and two columns at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom, hypergeom

from curim_data.model import BoolArray, FloatArray, IntArray

# Probabilities that differ by less than this part of them are equal (as in `scipy.stats.binomtest`).
_SAME_BINOMIAL: Final = 1e-7


def binomial_two_sided(k: IntArray, n: IntArray, share: float) -> FloatArray:
    """Two-sided p-values of k of n against a share: the probability of all counts that are no more probable than k.

    Arrays of one length, n at least 1. The same as `scipy.stats.binomtest` for each, in one search for all of them.

    Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of the
    binomial. Biometrika 26, 404-413.

    >>> binomial_two_sided(np.array([3, 5]), np.array([15, 10]), 0.1).round(4).tolist()
    [0.1841, 0.0016]
    """
    k, n = np.asarray(k, np.int64), np.asarray(n, np.int64)
    limit, middle = binom.pmf(k, n, share) * (1 + _SAME_BINOMIAL), n * share
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


Law = tuple[IntArray, IntArray, IntArray]  # of each table all, those of the first row, and those of the first column

# Probabilities that differ by less than this part of them are equal (as in `scipy.stats.fisher_exact`).
_SAME: Final = 1e-14
# A probability below it is no longer told from its neighbours by its logarithm.
_LEAST: Final = 1e-290
# Counts by which a guess may be wrong: it is of logarithms, which are good to eight digits.
_WRONG: Final = 3


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
    own = _hypergeometric_tail(np.where(below, a, a - 1), below, law)
    end = np.where(below, drawn, 0)
    # From the mode to the end on the other side probabilities fall: where do they reach that of the table?
    low, high = np.where(below, mode, 0), np.where(below, drawn, mode)
    sign = np.where(below, -1.0, 1.0)
    at = _last_at_most(low, high, sign, limit, law)
    other = _hypergeometric_tail(at, ~below, law)
    p = np.where(hypergeom.pmf(end, *law) > limit, own, np.minimum(own + other, 1.0))
    with np.errstate(invalid="ignore"):
        alike = np.abs(exact - most) / np.maximum(exact, most) <= _SAME
    empty = (first == 0) | (second == 0) | (drawn == 0) | (b + d == 0)
    return np.where(alike | empty, 1.0, p)


def _hypergeometric_tail(counts: IntArray, lower: BoolArray, law: Law) -> FloatArray:
    """The probability of at most so many, where `lower`, or of more."""
    found = np.empty(len(counts))
    for rows, tail in ((lower, hypergeom.cdf), (~lower, hypergeom.sf)):
        found[rows] = tail(counts[rows], *(part[rows] for part in law))
    return found


def _last_at_most(low: IntArray, high: IntArray, sign: FloatArray, limit: FloatArray, law: Law) -> IntArray:
    """For each table the last count from `low` to `high` with sign * probability <= sign * limit; one less than `low`
    where there is none. Probabilities fall or rise from `low` to `high`.

    Logarithms of probabilities are quick: by them the count is guessed, by the probabilities themselves it is judged.
    """

    def at_most(counts: IntArray, rows: IntArray) -> FloatArray:
        return np.asarray(sign[rows] * hypergeom.pmf(counts, *(part[rows] for part in law)) - sign[rows] * limit[rows])

    at, unsure = low - 1, np.flatnonzero(limit > _LEAST)
    every, first, drawn = (part[unsure] for part in law)
    at[unsure] = _guess(low[unsure], high[unsure], sign[unsure], limit[unsure], (every, first, drawn))
    for _ in range(_WRONG):
        here, after = at[unsure], at[unsure] + 1
        beyond = (here >= low[unsure]) & (at_most(here, unsure) > 0)
        short = (after <= high[unsure]) & (at_most(after, unsure) <= 0)
        at[unsure] += short.astype(np.int64) - beyond
        unsure = unsure[beyond | short]
        if not len(unsure):
            break
    rest = np.union1d(unsure, np.flatnonzero(~(limit > _LEAST)))
    if len(rest):
        at[rest] = _searched(low[rest], high[rest], lambda counts: at_most(counts, rest))
    return at


def _guess(low: IntArray, high: IntArray, sign: FloatArray, limit: FloatArray, law: Law) -> IntArray:
    """About the count of `_last_at_most`, by logarithms of probabilities."""
    every, first, drawn = law
    second = every - first
    constant = gammaln(first + 1) + gammaln(second + 1) + gammaln(drawn + 1) + gammaln(every - drawn + 1)
    constant -= gammaln(every + 1) + np.log(limit)

    def at_most(counts: IntArray) -> FloatArray:
        cells = (counts, first - counts, drawn - counts, second - drawn + counts)  # a negative one: impossible
        return np.asarray(sign * (constant - sum(gammaln(np.maximum(cell + 1, 0)) for cell in cells)))

    return _searched(low, high, at_most)


def _searched(low: IntArray, high: IntArray, at_most: Callable[[IntArray], FloatArray]) -> IntArray:
    """For each table the last count from `low` to `high` of which `at_most` is not above zero; one less than `low`
    where there is none.
    """
    low, high, found = low.copy(), high.copy(), np.full(len(low), -1)
    while (open_ := (low < high) & (found < 0)).any():
        middle = low + (high - low) // 2
        beyond = at_most(middle)
        found = np.where(open_ & (beyond == 0), middle, found)
        low = np.where(open_ & (beyond < 0), middle + 1, low)
        high = np.where(open_ & (beyond > 0), middle - 1, high)
    return np.where(found >= 0, found, np.where(at_most(low) <= 0, low, low - 1))
