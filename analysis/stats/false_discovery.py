"""Correction for many tests: q-values by Benjamini and Hochberg."""

from __future__ import annotations

from typing import Any

import numpy as np

from curim_data.model.types import FloatArray


def benjamini_hochberg(p: Any) -> FloatArray:
    """Benjamini–Hochberg q-values.

    The smallest share of false discoveries at which each test would still pass: with p sorted,
    q_(k) = min over j >= k of p_(j) m / j, capped at 1. A test passes at alpha when q <= alpha, which is the step-up
    rule "largest k with p_(k) <= k alpha / m". Nothing passes when nothing should.

    Parameters
    ----------
    p : array, shape (m,)
        p-values between 0 and 1.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, 0.03, 0.5]).round(2).tolist()
    [0.04, 0.04, 0.04, 0.5]
    """
    values = np.asarray(p, dtype=float)
    count = len(values)
    order = np.argsort(values)
    stepped = values[order] * count / np.arange(1, count + 1)
    q = np.empty(count)
    q[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    capped: FloatArray = np.minimum(q, 1.0)
    return capped


def benjamini_hochberg_known(p: Any) -> FloatArray:
    """Benjamini-Hochberg q-values of the tests that were made: NaN stays NaN and is not counted."""
    values = np.asarray(p, dtype=float)
    q = np.full(values.shape, np.nan)
    tested = np.isfinite(values)
    q[tested] = benjamini_hochberg(np.minimum(values[tested], 1))
    return q
