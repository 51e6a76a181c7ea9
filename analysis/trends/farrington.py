"""Farrington flexible: the algorithm of national surveillance, for weekly counts of three years or more.

Noufaily, A., Enki, D. G., Farrington, P., Garthwaite, P., Andrews, N. and Charlett, A. (2013). An improved algorithm
for outbreak detection in multiple surveillance systems. Statistics in Medicine 32, 1206-1222. Implemented by others as
farringtonFlexible in the R package surveillance (Salmon, M. et al. 2016, JSS 70(10)).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from curim_data.model import FloatArray, IntArray

WEEKS_A_YEAR: Final = 52
_HALF_WINDOW: Final = 3
_LEFT_OUT: Final = 26
_PERIODS: Final = 10
_FAR: Final = 2.58
_STEPS: Final = 50


@dataclass(frozen=True)
class FarringtonWeek:
    """One week judged: what its baseline lets expect, its threshold, and how far the count lies towards it.

    `score`: (count - expected) / (upper - expected), above 1 for an alarm; 0 with fewer than five alerts in the last
    four weeks. `dispersion`: variance over mean in the baseline. `trend`: whether a trend was kept in the model.
    """

    expected: float
    upper: float
    score: float
    dispersion: float
    trend: bool


def seasonal_periods(position: int, years: int, excluded: Collection[int] = ()) -> tuple[IntArray, IntArray]:
    """Baseline weeks of a week (their positions) and the period of the year, from 0, to which each belongs.

    Period 0 are the seven weeks round the same week of each year before; the other 45 weeks of a year make nine periods
    as equal as can be. The last 26 weeks are left out, and `excluded` ones.
    """
    first = position - years * WEEKS_A_YEAR - _HALF_WINDOW
    weeks = np.arange(max(first, 0), position - _LEFT_OUT)
    weeks = weeks[~np.isin(weeks, list(excluded))] if excluded else weeks
    # Weeks since the beginning of the last window round the same week of a year.
    since = (weeks - position + _HALF_WINDOW) % WEEKS_A_YEAR
    window = 2 * _HALF_WINDOW + 1
    rest = WEEKS_A_YEAR - window
    part = 1 + ((since - window) * (_PERIODS - 1)) // rest
    return weeks, np.where(since < window, 0, part).astype(np.int64)


def farrington(
    counts: ArrayLike,
    position: int,
    *,
    years: int = 5,
    alpha: float = 0.005,
    excluded: Collection[int] = (),
) -> FarringtonWeek | None:
    """Judge the count at a position by at most so many years before it.

    Quasi-Poisson regression on trend and ten periods of the year; baseline weeks with an Anscombe residual above 2.58
    are weighted down by its square; the trend is left out where it expects more than the largest baseline count. The
    threshold is a quantile of the negative binomial with the expected mean and the dispersion that was found
    (`nbPlugin` of the package). None where fewer than three years lie before.
    """
    values = np.asarray(counts, dtype=float)
    years = min(years, (position - _HALF_WINDOW) // WEEKS_A_YEAR)
    if years < 3 or not np.isfinite(values[position]):
        return None
    weeks, period = seasonal_periods(position, years, excluded)
    known = np.isfinite(values[weeks])
    weeks, period = weeks[known], period[known]
    if len(weeks) < 2 * WEEKS_A_YEAR or not (period == 0).any():
        return None
    base = values[weeks]
    kinds = np.unique(period)
    seasons = (period[:, None] == kinds[None, 1:]).astype(float)
    time = weeks.astype(float)
    design = np.column_stack([np.ones(len(weeks)), seasons, time - position])
    fit = _weighted_fit(design, base)
    kept = bool(np.exp(fit.coefficients[0]) <= base.max())
    if not kept:
        fit = _weighted_fit(design[:, :-1], base)
    expected = float(np.exp(fit.coefficients[0]))
    upper = threshold(expected, fit.dispersion, alpha)
    recent = values[max(position - 3, 0) : position + 1]
    enough = np.nansum(recent) >= 5
    score = (values[position] - expected) / max(upper - expected, 1e-9) if enough else 0.0
    return FarringtonWeek(expected, upper, float(score), fit.dispersion, kept)


def threshold_two_thirds(expected: float, dispersion: float, variance: float, alpha: float) -> float:
    """The threshold on the scale of the two-thirds power (Farrington et al. 1996); `variance` of the expected mean."""
    tau = (dispersion * expected + variance) / expected**2
    return float(expected * max(1 + 2 / 3 * stats.norm.isf(alpha) * np.sqrt(tau), 0) ** 1.5)


def threshold(expected: float, dispersion: float, alpha: float) -> float:
    """The count that quiet weeks exceed with a probability of at most alpha."""
    if dispersion <= 1:
        return float(stats.poisson.isf(alpha, expected))
    return float(stats.nbinom.isf(alpha, expected / (dispersion - 1), 1 / dispersion))


@dataclass(frozen=True)
class _Fit:
    coefficients: FloatArray
    dispersion: float


def _weighted_fit(design: FloatArray, counts: FloatArray) -> _Fit:
    """Fit, weigh far weeks down by their Anscombe residuals, fit again."""
    ones = np.ones(len(counts))
    first, fitted, leverage = _glm(design, counts, ones)
    residual = 1.5 * (counts ** (2 / 3) - fitted ** (2 / 3)) / (fitted ** (1 / 6) * np.sqrt(first.dispersion))
    residual = residual / np.sqrt(np.maximum(1 - leverage, 1e-9))
    return _glm(design, counts, outbreak_weights(residual))[0]


def outbreak_weights(residual: FloatArray, limit: float = _FAR) -> FloatArray:
    """Weights of the baseline weeks: those with a residual above the limit by its inverse square; their mean is one."""
    far = residual > limit
    weights = np.where(far, 1 / np.where(far, residual, 1) ** 2, 1.0)
    return np.asarray(weights * len(residual) / weights.sum(), dtype=float)


def _glm(design: FloatArray, counts: FloatArray, weights: FloatArray) -> tuple[_Fit, FloatArray, FloatArray]:
    """Quasi-Poisson regression with log link by iteratively reweighted least squares."""
    fitted = counts + 0.1
    deviance = np.inf
    for _ in range(_STEPS):
        predictor = np.log(fitted)
        heavy = weights * fitted
        cross = design.T @ (heavy[:, None] * design)
        target = design.T @ (heavy * (predictor + (counts - fitted) / fitted))
        coefficients = np.linalg.solve(cross + 1e-10 * np.eye(len(cross)), target)
        fitted = np.exp(np.clip(design @ coefficients, -20, 20))
        new = 2 * float((weights * (special.xlogy(counts, counts / fitted) - (counts - fitted))).sum())
        if abs(new - deviance) < 1e-10 * (abs(new) + 0.1):
            break
        deviance = new
    free = max(len(counts) - design.shape[1], 1)
    dispersion = max(float((weights * (counts - fitted) ** 2 / fitted).sum()) / free, 1.0)
    heavy = weights * fitted
    inverse = np.linalg.inv(design.T @ (heavy[:, None] * design) + 1e-10 * np.eye(design.shape[1]))
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design) * heavy
    return _Fit(np.asarray(coefficients, dtype=float), dispersion), fitted, leverage
