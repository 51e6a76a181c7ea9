"""Correction for many tests: q-values (corrected p-values) by Benjamini and Hochberg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from curim_data.model import FloatArray

ALPHA: Final = 0.05
# Beyond the limit from which on q-values are 1: more than all rounding, less than what would cost time.
_HAIR: Final = 1e-6


def benjamini_hochberg(p: Any) -> FloatArray:
    """Correct p-values for the number of tests: the q-value of each.

    The smallest false discovery rate at which each test would still pass: with p sorted, q_(k) = min over j >= k of
    p_(j) m / j, at most 1. A test passes at alpha when q <= alpha, which is the step-up rule "largest k with p_(k) <=
    k alpha / m". Nothing passes when nothing should.

    Parameters
    ----------
    p : array of any shape
        p-values from 0 on; what exceeds 1 by rounding counts as 1. NaN is a test that was not made: it stays NaN and
        does not count.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57, 289–300.

    Raises
    ------
    ValueError
        For a p-value below 0.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, float("nan"), 0.03, 0.5]).round(2).tolist()
    [0.04, 0.04, nan, 0.04, 0.5]
    """
    values = np.asarray(p, dtype=float)
    q: FloatArray = np.full(values.shape, np.nan)
    tested = np.isfinite(values)
    q[tested] = 1.0
    below = tested & (values < 1)  # the others come last in the order, and their q is 1
    small = values[below]
    if (small < 0).any():
        raise ValueError("p-values lie between 0 and 1")
    order = np.argsort(small)
    stepped = small[order] * (np.count_nonzero(tested) / np.arange(1, len(small) + 1))
    small[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    q[below] = small
    return q


def told_step(q: Any, alpha: float = ALPHA) -> Any:
    """Corrected p-values for who does not see every count that they are of: `alpha` where at most that, else 1.

    The q of one test depends on the p of all others, so its digits would tell counts that are not written out. Missing
    ones stay missing. `q`: a number, an array or a series; what is told of it once is the same when told again.

    >>> told_step(np.array([0.0003, 0.05, 0.3, np.nan])).tolist()
    [0.05, 0.05, 1.0, nan]
    """
    return np.where(np.isnan(q), np.nan, np.where(np.asarray(q) <= alpha, alpha, 1.0))


def largest_corrected(p: FloatArray, tests: int, alpha: float = 1.0, *, logarithms: bool = False) -> float:
    """From which p-value on every q-value of `benjamini_hochberg` is above `alpha`, or is 1: nothing beyond it has to
    be known or sorted to tell what passes.

    Of m tests n have p below some t. Where alpha n / m <= t all with p of alpha n / m or more have p_(j) m / j >=
    alpha, those that follow them too: so is their q. So t may become alpha n / m, until no further p lies between both.

    Parameters
    ----------
    p : array, shape (k,)
        p-values, or lower bounds of them; 1 or more (of logarithms infinite) where nothing was tested. None is below 0.
    tests : int
        How many were made.
    alpha : float
        The q-value up to which is asked, above 0 and at most 1.
    logarithms : bool
        Whether `p` and what is returned are logarithms.

    Returns
    -------
    float
        A hair above the limit, lest rounding decide.
    """
    left = p[p < (float(np.log(alpha)) + _HAIR if logarithms else min(alpha * (1 + _HAIR), 1.0))]
    while True:
        n = len(left)
        share = alpha * n / tests
        limit = share * (1 + _HAIR) if not logarithms else float(np.log(share)) + _HAIR if n else -np.inf
        kept = left[left < limit]
        if len(kept) == n:
            return limit
        left = kept


@dataclass(frozen=True)
class StepUp:
    """The correction of `benjamini_hochberg` for very many tests of which few q-values are asked for.

    `ordered`: p-values in order, shape (k,), but for those that are so large that their q-values are 1; `q`: their
    q-values. What p-values are not among the corrected
    ones has no q-value here.
    """

    ordered: FloatArray
    q: FloatArray

    @classmethod
    def of(cls, p: Any) -> StepUp:
        """Correct p-values for their number; none may be missing. Raises ValueError for one below 0."""
        values = np.asarray(p, dtype=float)
        below = values[values < 1]
        ordered = np.sort(below[below < largest_corrected(below, max(values.size, 1))])
        if len(ordered) and ordered[0] < 0:
            raise ValueError("p-values lie between 0 and 1")
        stepped = ordered * (values.size / np.arange(1, len(ordered) + 1))
        return cls(ordered, np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0))

    def limit(self, alpha: float) -> float:
        """The largest p-value that passes at `alpha` (under 1): a test passes where its own is no larger. -1: none."""
        passed = int(np.searchsorted(self.q, alpha, side="right"))
        return float(self.ordered[passed - 1]) if passed else -1.0

    def q_of(self, p: FloatArray) -> FloatArray:
        """The q-values of some of the p-values that were corrected."""
        if not len(self.ordered):
            return np.ones(p.shape)
        at = np.searchsorted(self.ordered, p)
        return np.where(at < len(self.q), self.q[np.minimum(at, len(self.q) - 1)], 1.0)
