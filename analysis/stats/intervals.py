"""What every result reports about itself, and what every place on a map has.

Shares, rates and their ratios, each with its interval.

A sum of weights of Poisson events is compound Poisson: its variance is the sum of the squared weights. Where alerts
come in bursts, so that their number varies φ times as much as a Poisson count, the sum varies at most about φ times as
much too: exactly so where all of a burst weigh alike, less where its weights are independent. So φ Σ w² is used, and
intervals hold at least what they promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats
from scipy.special import betaincinv, gammainccinv, gammaincinv
from statsmodels.stats.proportion import confint_proportions_2indep

from curim_data.model import FloatArray, Message


@dataclass(frozen=True)
class Choice:
    """A setting that was chosen for the reader: its machine name, its value, and the sentence that tells why."""

    name: str
    value: float | int | str
    explanation: Message


@dataclass(frozen=True)
class CellPlace:
    """A place on a map: its id, its H3 cells (of one resolution), and a point (WGS84, degrees)."""

    id: str
    cells: tuple[int, ...]
    longitude: float
    latitude: float

    @property
    def names(self) -> tuple[str, ...]:
        """Its cells as H3 names (hexadecimal), for a filter or a link."""
        return tuple(f"{cell:x}" for cell in self.cells)


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """What the frozen results have in common, which all have a `sentence(t)` too: `n` alerts that they are made of, and
    the settings that were chosen for the reader.
    """

    n: int
    choices: tuple[Choice, ...] = ()


# The tail of an interval of 95 % on either side, and the normal quantile there.
TAIL: Final = (1 - 0.95) / 2
Z: Final = float(stats.norm.isf(TAIL))


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval: `value` is NaN where there is nothing to compute it from; `low` <= `high`."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return bool(np.isfinite(self.value))


UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


def wilson(k: float, n: float) -> Estimate:
    """The share k/n with Wilson's score interval.

    With z the normal quantile: centre (k + z²/2) / (n + z²), half-width z / (n + z²) · sqrt(k (n - k) / n + z² / 4).
    Without cases (n = 0) the share is NaN and the interval is 0 to 1.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.

    >>> e = wilson(8, 10)
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
    (0.8, 0.49, 0.943)
    """
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    centre = (k + Z * Z / 2) / (n + Z * Z)
    half = Z / (n + Z * Z) * np.sqrt(k * (n - k) / n + Z * Z / 4)
    return Estimate(k / n, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def wilson_table(k: Any, n: Any) -> FloatArray:
    """Shares of several counts with Wilson's intervals (`wilson`); shape (counts, 3): share, low, high."""
    found = [wilson(float(part), float(whole)) for part, whole in zip(k, n, strict=True)]
    return np.array([(one.value, one.low, one.high) for one in found], float).reshape(-1, 3)


def rate_ratio(a: float, b: float, exposure_a: float = 1, exposure_b: float = 1) -> Estimate:
    """The ratio of two Poisson rates, (a / exposure_a) / (b / exposure_b), with its exact interval.

    Given a + b, a is binomial; the Clopper-Pearson interval of its probability π becomes one of the ratio by
    π / (1 - π) · exposure_b / exposure_a. It holds for any count, zeros included, and is never too narrow. The ratio is
    NaN where both counts are zero and infinite where only b is.

    Przyborowski & Wilenski (1940), Biometrika 31, 313-323; Clopper & Pearson (1934), Biometrika 26, 404-413.

    >>> e = rate_ratio(20, 10)
    >>> round(e.value, 2), round(e.low, 2), round(e.high, 2)
    (2.0, 0.89, 4.78)
    """
    if a == b == 0:
        return Estimate(float("nan"), 0.0, float("inf"))
    return Estimate(
        a / b * (exposure_b / exposure_a) if b else float("inf"), *ratio_interval(a, b, exposure_a, exposure_b)[1:]
    )


def share_ratio(a: float, total_a: float, b: float, total_b: float) -> Estimate:
    """The ratio of two shares, (a / total_a) / (b / total_b), with Katz's interval: `share_ratios` of one pair."""
    x, n, y, m = np.array([[a], [total_a], [b], [total_b]], float)
    return Estimate(*(float(part[0]) for part in share_ratios(x, n, y, m)))


def share_ratios(
    a: FloatArray, total_a: FloatArray, b: FloatArray, total_b: FloatArray, dispersion: float = 1.0
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
        reach, middle = np.exp(Z * spread), (x / n) / (y / m)
        low = np.where(nothing | (a == 0), 0.0, middle / reach)
        high = np.where(nothing | (b == 0), np.inf, middle * reach)
    return value, low, high


def ratio_interval(
    inside: float, outside: float, size_in: float, size_out: float, dispersion: float = 1.0
) -> tuple[float, float, float]:
    """Ratio of the densities inside and outside with its exact 95 % interval: (ratio, low, high).

    Clopper–Pearson limits of the binomial share of `inside` among both counts, turned into a ratio of densities by
    share / (1 - share) * size_out / size_in. `inf` where nothing was counted outside; all NaN without any count or
    size.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). Biometrika 26, 404–413.
    """
    x, rest = (float(count) for count in effective_counts(inside, outside, dispersion))
    if x + rest == 0 or size_in <= 0 or size_out <= 0:
        return float("nan"), float("nan"), float("nan")
    low = float(betaincinv(x, rest + 1, TAIL)) if x else 0.0
    high = float(betaincinv(x + 1, rest, 1 - TAIL)) if rest else 1.0

    def as_ratio(share: float) -> float:
        return float("inf") if share >= 1 else share / (1 - share) * size_out / size_in

    return as_ratio(x / (x + rest)), as_ratio(low), as_ratio(high)


def share_ratio_interval(
    inside: float, outside: float, base_in: float, base_out: float, dispersion: float = 1.0
) -> tuple[float, float, float]:
    """Ratio of both shares with its 95 % score interval: (ratio, low, high); `inf` where the rest holds none of the
    part, all NaN without any count or base. With a dispersion, of effective counts: all four divided by it.

    References
    ----------
    Koopman, P. A. R. (1984). Biometrics 40, 513–517.
    """
    (x,), (rest,), (own,), (other,) = whole_counts([inside], [outside], [base_in], [base_out])
    if x + rest == 0 or own <= 0 or other <= 0:
        return float("nan"), float("nan"), float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = (count / dispersion for count in (x, own, rest, other))
        message = confint_proportions_2indep(*effective, compare="ratio", method="score", correction=False)
    # Where a root of effective counts is double, rounding may leave it an imaginary part of 1e-9.
    low, high = (float(np.real(limit)) for limit in message)
    ratio = x / own / (rest / other) if rest else float("inf")
    return float(ratio), max(0.0, low), high if rest else float("inf")


def effective_counts(inside: Any, outside: Any, dispersion: Any) -> tuple[FloatArray, FloatArray]:
    """Whole counts, and where they scatter more than independent ones so many independent ones as tell as much."""
    x, rest = np.round(np.asarray(inside, float)), np.round(np.asarray(outside, float))
    wider = np.asarray(dispersion, float)
    return (x, rest) if (wider == 1).all() else (x / wider, rest / wider)


def whole_counts(
    inside: Any, outside: Any, base_in: Any, base_out: Any
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Whole counts; a base is never smaller than the part of it that was counted."""
    x, rest = (np.round(np.asarray(count, float)) for count in (inside, outside))
    return x, rest, np.maximum(np.round(np.asarray(base_in, float)), x), np.maximum(np.round(base_out), rest)


def poisson_rate(k: float, exposure: float) -> Estimate:
    """The rate k / exposure with its exact interval: χ²(2k) / 2 and χ²(2k + 2) / 2 over the exposure.

    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.

    >>> e = poisson_rate(10, 1)
    >>> round(e.low, 2), round(e.high, 2)
    (4.8, 18.39)
    """
    count = weighted_sum(k, k, 1.0)
    return Estimate(k / exposure, count.low / exposure, count.high / exposure)


def weighted_sum(total: float, squares: float, largest: float, dispersion: float = 1.0) -> Estimate:
    """The sum of the weights of Poisson events with its gamma interval.

    With y the sum of the weights, v the sum of their squares and w the largest weight that an event can have:
    v / 2y · χ²(2y² / v) and (v + w²) / 2(y + w) · χ²(2(y + w)² / (v + w²)) at the two tails, and from zero where there
    is no event. Where all weights are one this is the exact interval of a count (Garwood).

    `dispersion`: of the number of events. As much more varies the sum, and as much more weighs the one further event of
    the upper limit: where all weights are one these are the limits of an effective count.

    Fay, M. P. & Feuer, E. J. (1997). Confidence intervals for directly standardized rates: a method based on the gamma
    distribution. Statistics in Medicine 16, 791-801.

    >>> e = weighted_sum(10, 10, 1)
    >>> round(e.low, 2), round(e.high, 2)
    (4.8, 18.39)
    """
    squares, event = dispersion * squares, dispersion * largest
    more, wider = total + event, squares + event**2
    low = squares / total * float(gammaincinv(total**2 / squares, TAIL)) if total > 0 else 0.0
    return Estimate(total, low, wider / more * float(gammainccinv(more**2 / wider, TAIL)))
