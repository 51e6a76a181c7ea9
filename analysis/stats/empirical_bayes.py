"""Empirical Bayes: rates of small areas shrunk towards the common mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from curim_data.model import FloatArray


@dataclass(frozen=True)
class SmoothedRates:
    """Rates shrunk towards the common mean: `rates`, `raw` and `weights` (0 to 1: how far a rate stands by itself).

    `mean` is the common rate, `variance` the spread between areas (never negative), `scatter` that which chance gives
    to a rate on a base of one.
    """

    rates: FloatArray
    raw: FloatArray
    weights: FloatArray
    mean: float
    variance: float
    scatter: float


def empirical_bayes(events: ArrayLike, base: ArrayLike, *, shares: bool = False) -> SmoothedRates:
    """Rates of small areas, shrunk towards the mean by as much as chance could have moved them.

    With r_i = e_i / b_i, m = Σe / Σb, s² = Σ b_i (r_i - m)² / Σb and A = max(0, s² - m / mean(b)):
    w_i = A / (A + m / b_i), rate_i = w_i r_i + (1 - w_i) m. A = 0 means that chance alone explains the
    spread, and every area then gets the mean.

    That is for events that are rare on their base. A share of one half moves by chance half as much: with `shares`
    events are binomial and E s² = A + (m (1 - m) - A) / mean(b). Hence A is (s² - m (1 - m) / mean(b)) over
    (1 - 1 / mean(b)), kept between 0 and m (1 - m), and w_i = A / (A + (m (1 - m) - A) / b_i): the mean of the beta
    distribution given e_i. The shares of an event and of all else then still add up to one.

    Parameters
    ----------
    events, base
        Counts and their base (residents, visits, or all alerts), same length, base above zero.
    shares
        Whether the events are part of the base; none is then greater than its base.

    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40,
    283-294. Martuzzi, M. & Elliott, P. (1996). Empirical Bayes estimation of small area prevalence of non-rare
    conditions. Statistics in Medicine 15, 1867-1873. Kleinman, J. C. (1973). Proportions with extraneous variance:
    single and independent samples. JASA 68, 46-54.
    """
    e, b = np.asarray(events, dtype=float), np.asarray(base, dtype=float)
    if e.shape != b.shape or e.ndim != 1 or e.size == 0:
        raise ValueError("events and base must be two lists of one length")
    if (e < 0).any() or not (b > 0).all():
        raise ValueError("events must not be negative and every base must be above zero")
    if shares and (e > b).any():
        raise ValueError("events that are part of their base must not be more than it")
    raw = e / b
    mean, size = float(e.sum() / b.sum()), float(b.mean())
    spread = float((b * (raw - mean) ** 2).sum() / b.sum())
    if shares:
        most = mean * (1 - mean)
        variance = min(max(0.0, (spread - most / size) / (1 - 1 / size)), most) if size > 1 else 0.0
        scatter = most - variance
    else:
        variance, scatter = max(0.0, spread - mean / size), mean
    weights = shrinkage_weights(variance, scatter, b)
    return SmoothedRates(weights * raw + (1 - weights) * mean, raw, weights, mean, variance, scatter)


def shrinkage_weights(variance: float, scatter: float, base: FloatArray) -> FloatArray:
    """How far rates on a base stand by themselves, 0 (not at all) to 1: the share of their spread that is no chance."""
    return variance / (variance + scatter / base) if variance > 0 else np.zeros_like(base)
