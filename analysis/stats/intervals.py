"""Shares, rates and their ratios, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import stats

from analysis.stats.exact_ratios import ratio_interval
from curim_data.model import FloatArray

RatioMethod = Literal["exact", "log"]


@dataclass(frozen=True)
class Estimate:
    """A number with its interval: `value` is NaN where there is nothing to compute it from; `low` <= `high`."""

    value: float
    low: float
    high: float
    level: float = 0.95

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return bool(np.isfinite(self.value))


UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


def wilson(k: float, n: float, level: float = 0.95) -> Estimate:
    """The share k/n with Wilson's score interval.

    With z the normal quantile: centre (k + z²/2) / (n + z²), half-width z / (n + z²) · sqrt(k (n - k) / n + z² / 4).
    Without cases (n = 0) the share is NaN and the interval is 0 to 1. Raises ValueError unless 0 <= k <= n.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.

    >>> e = wilson(8, 10)
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
    (0.8, 0.49, 0.943)
    """
    if not 0 <= k <= n:
        raise ValueError(f"a share needs 0 <= k <= n, got k={k}, n={n}")
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0, level)
    z = _quantile(level)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return Estimate(k / n, max(0.0, float(centre - half)), min(1.0, float(centre + half)), level)


def rate_ratio(
    a: float,
    b: float,
    exposure_a: float = 1,
    exposure_b: float = 1,
    *,
    level: float = 0.95,
    method: RatioMethod = "exact",
) -> Estimate:
    """The ratio of two Poisson rates, (a / exposure_a) / (b / exposure_b), with its interval.

    "exact" (the default): given a + b, a is binomial; the Clopper-Pearson interval of its probability π becomes one of
    the ratio by π / (1 - π) · exposure_b / exposure_a. It holds for any count, zeros included, and is never too narrow.
    "log": exp(ln ratio ± z · sqrt(1/a + 1/b)), Wald on the log scale; needs both counts above zero, else 0 to infinity.
    The ratio is NaN where both counts are zero and infinite where only b is. Raises ValueError on negative counts or
    exposures that are not positive.

    Przyborowski & Wilenski (1940), Biometrika 31, 313-323; Clopper & Pearson (1934), Biometrika 26, 404-413.

    >>> e = rate_ratio(20, 10)
    >>> round(e.value, 2), round(e.low, 2), round(e.high, 2)
    (2.0, 0.89, 4.78)
    """
    if min(a, b) < 0 or min(exposure_a, exposure_b) <= 0:
        raise ValueError("counts must not be negative and exposures must be above zero")
    scale = exposure_b / exposure_a
    if a == b == 0:
        return Estimate(float("nan"), 0.0, float("inf"), level)
    value = a / b * scale if b else float("inf")
    if method == "log":
        if min(a, b) == 0:
            return Estimate(value, 0.0, float("inf"), level)
        spread = _quantile(level) * np.sqrt(1 / a + 1 / b)
        return Estimate(value, float(value * np.exp(-spread)), float(value * np.exp(spread)), level)
    return Estimate(value, *ratio_interval(a, b, exposure_a, exposure_b, level)[1:], level)


def share_ratio(a: float, total_a: float, b: float, total_b: float, *, level: float = 0.95) -> Estimate:
    """The ratio of two shares, (a / total_a) / (b / total_b), with Katz's interval: `share_ratios` of one pair.

    Raises ValueError for a count that does not lie between zero and its total.
    """
    if not (0 <= a <= total_a and 0 <= b <= total_b):
        raise ValueError("each count must lie between zero and its total")
    counts = np.array([[a], [total_a], [b], [total_b]], float)
    value, low, high = share_ratios(counts[0], counts[1], counts[2], counts[3], level=level)
    return Estimate(float(value[0]), float(low[0]), float(high[0]), level)


def share_ratios(
    a: FloatArray,
    total_a: FloatArray,
    b: FloatArray,
    total_b: FloatArray,
    dispersion: float = 1.0,
    level: float = 0.95,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ratios of two shares, (a / total_a) / (b / total_b), with the ends of Katz's interval on the log scale.

    sd of ln ratio: sqrt(1/a - 1/total_a + 1/b - 1/total_b), times the root of the dispersion. Where a or b is zero,
    half an alert is added to both counts and both totals for the interval only. NaN, from 0 to infinity, where a total
    is zero or both counts are.

    Katz, D. et al. (1978). Obtaining confidence intervals for the risk ratio in cohort studies. Biometrics 34, 469-474.
    """
    nothing = (total_a == 0) | (total_b == 0) | (a + b == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(nothing, np.nan, (a / total_a) / (b / total_b))
        add = np.where((a == 0) | (b == 0), 0.5, 0.0)
        x, n, y, m = a + add, total_a + add, b + add, total_b + add
        spread = np.sqrt(dispersion) * np.sqrt(np.maximum(0.0, 1 / x - 1 / n + 1 / y - 1 / m))
        reach, middle = np.exp(_quantile(level) * spread), (x / n) / (y / m)
        low = np.where(nothing | (a == 0), 0.0, middle / reach)
        high = np.where(nothing | (b == 0), np.inf, middle * reach)
    return value, low, high


def poisson_rate(k: float, exposure: float, *, level: float = 0.95) -> Estimate:
    """The rate k / exposure with its exact interval: χ²(2k) / 2 and χ²(2k + 2) / 2 over the exposure.

    Raises ValueError on a negative count or an exposure that is not positive.

    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.

    >>> e = poisson_rate(10, 1)
    >>> round(e.low, 2), round(e.high, 2)
    (4.8, 18.39)
    """
    if k < 0 or exposure <= 0:
        raise ValueError("a rate needs a count that is not negative and an exposure above zero")
    tail = (1 - level) / 2
    low = float(stats.chi2.ppf(tail, 2 * k)) / 2 if k else 0.0
    high = float(stats.chi2.isf(tail, 2 * k + 2)) / 2
    return Estimate(k / exposure, low / exposure, high / exposure, level)


def weighted_sum(total: float, squares: float, largest: float, *, level: float = 0.95) -> Estimate:
    """The sum of the weights of Poisson events with its gamma interval.

    With y the sum of the weights, v the sum of their squares and w the largest weight that an event can have:
    v / 2y · χ²(2y² / v) and (v + w²) / 2(y + w) · χ²(2(y + w)² / (v + w²)) at the two tails. Where all weights are one
    this is the exact interval of a count (Garwood). Raises ValueError unless y, v and w are above zero.

    Fay, M. P. & Feuer, E. J. (1997). Confidence intervals for directly standardized rates: a method based on the gamma
    distribution. Statistics in Medicine 16, 791-801.

    >>> e = weighted_sum(10, 10, 1)
    >>> round(e.low, 2), round(e.high, 2)
    (4.8, 18.39)
    """
    if min(total, squares, largest) <= 0:
        raise ValueError("a sum of weights needs weights above zero")
    tail = (1 - level) / 2
    low = squares / (2 * total) * float(stats.chi2.ppf(tail, 2 * total**2 / squares))
    more, wider = total + largest, squares + largest**2
    return Estimate(total, low, wider / (2 * more) * float(stats.chi2.isf(tail, 2 * more**2 / wider)), level)


@lru_cache(maxsize=64)
def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    return float(stats.norm.isf((1 - level) / 2))
