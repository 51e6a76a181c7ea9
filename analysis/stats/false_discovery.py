"""Correction for many tests: q-values (corrected p-values) by Benjamini and Hochberg."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy import stats

from curim_data.model import FloatArray

ALPHA: Final = 0.05


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
    if tested.any():
        q[tested] = stats.false_discovery_control(np.minimum(values[tested], 1.0))
    return q


def told_step(q: Any, alpha: float = ALPHA) -> Any:
    """Corrected p-values for who does not see every count that they are of: `alpha` where at most that, else 1.

    The q of one test depends on the p of all others, so its digits would tell counts that are not written out. Missing
    ones stay missing. `q`: a number, an array or a series; what is told of it once is the same when told again.

    >>> told_step(np.array([0.0003, 0.05, 0.3, np.nan])).tolist()
    [0.05, 0.05, 1.0, nan]
    """
    return np.where(np.isnan(q), np.nan, np.where(np.asarray(q) <= alpha, alpha, 1.0))
