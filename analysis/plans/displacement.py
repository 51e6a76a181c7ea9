"""Differences of differences: what an area did against what its comparison area predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.stats.intervals import UNKNOWN, Estimate

BeforeAfter = tuple[float, float]
NO_AREA: BeforeAfter = (0, 0)


@dataclass(frozen=True)
class Effect:
    """An estimate with its interval (negative: fewer than expected), its standard error, and z = estimate / se."""

    estimate: Estimate
    se: float
    z: float


def scaled_difference(
    treated: BeforeAfter, control: BeforeAfter, level: float = 0.95, *, dispersion: float = 1.0, drift: float = 0.0
) -> Effect:
    """Alerts of the treated area beyond what the comparison area's growth predicts.

    d = T1 - g T0 with g = C1 / C0; its variance, for Poisson counts, by the delta method:
    T1 + g² T0 + g² T0² (1/C1 + 1/C0). It supposes that without the measure the areas would have changed by the same
    share, so neither their sizes nor the lengths of the periods matter, and a city that grows does not pass for an
    effect. Of a C1 of zero the uncertainty is taken as that of one alert. A C0 of zero gives NaN: nothing can be
    expected from an area without alerts.

    Parameters
    ----------
    treated, control
        Alerts (before, after).
    dispersion, drift
        How many times a count's variance is that of independent alerts, and the variance of the logarithm of an area's
        risk from before to after (`placebo.fit_placebos`): the variance becomes dispersion · (that above) +
        2 drift (g T0)².

    >>> d = scaled_difference((100, 70), (200, 190))
    >>> round(d.estimate.value, 2), round(d.se, 2), round(d.estimate.low, 1), round(d.estimate.high, 1)
    (-25.0, 15.9, -56.2, 6.2)
    """
    (t0, t1), (c0, c1) = treated, control
    if min(t0, t1, c0, c1) < 0:
        raise ValueError("counts must not be negative")
    if c0 == 0:
        return Effect(UNKNOWN, float("nan"), float("nan"))
    growth = c1 / c0
    variance = t1 + growth**2 * t0 + (t0 / c0) ** 2 * (max(c1, 1.0) + c1**2 / c0)
    variance = dispersion * variance + 2 * drift * (growth * t0) ** 2
    value, se = t1 - growth * t0, float(np.sqrt(variance))
    half = float(stats.norm.isf((1 - level) / 2)) * se
    return Effect(Estimate(value, value - half, value + half, level), se, value / se if se else float("nan"))


def wdd(
    control: BeforeAfter,
    treated: BeforeAfter,
    control_buffer: BeforeAfter = NO_AREA,
    buffer: BeforeAfter = NO_AREA,
    *,
    time_weights: BeforeAfter = (1, 1),
    area_weights: tuple[float, float, float, float] = (1, 1, 1, 1),
    level: float = 0.95,
) -> Effect:
    """The weighted displacement difference of counts (before, after) in treated, comparison and buffer areas.

    WDD = (T1 - T0) - (C1 - C0) + (B1 - B0) - (CB1 - CB0); its variance is the sum of all counts (Poisson). With weights
    each count is divided by its area weight times its time weight, and its part of the variance by the square of that.
    It supposes that without the measure the areas would have changed by the same number of alerts.

    Parameters
    ----------
    time_weights
        Length of the period before and after.
    area_weights
        Of control, treated, control_buffer, buffer, in this order.

    Wheeler, A. P. & Ratcliffe, J. H. (2018). A simple weighted displacement difference test to evaluate place based
    crime interventions. Crime Science 7:11.

    >>> d = wdd(control=(100, 90), treated=(100, 80))
    >>> d.estimate.value, round(d.se, 3), round(d.estimate.low, 1), round(d.estimate.high, 1)
    (-10.0, 19.235, -47.7, 27.7)
    """
    pairs = np.array([control, treated, control_buffer, buffer], dtype=float)
    weight = np.outer(area_weights, time_weights)
    if (pairs < 0).any() or not (weight > 0).all():
        raise ValueError("counts must not be negative and weights must be above zero")
    change = np.diff(pairs / weight, axis=1).ravel() * np.array([-1, 1, -1, 1])
    variance = (pairs / weight**2).sum(axis=1)
    value, se = float(change.sum()), float(np.sqrt(variance.sum()))
    half = float(stats.norm.isf((1 - level) / 2)) * se
    return Effect(Estimate(value, value - half, value + half, level), se, value / se if se else float("nan"))


def relative_effect(
    treated: BeforeAfter, control: BeforeAfter, level: float = 0.95, *, dispersion: float = 1.0, drift: float = 0.0
) -> Estimate:
    """The ratio of ratios (T1 / T0) / (C1 / C0) with its interval; below one: fewer than expected.

    sd of its logarithm: sqrt(dispersion (1/T1 + 1/T0 + 1/C1 + 1/C0) + 2 drift), both as in `scaled_difference`. It
    supposes that without the measure the areas would have changed by the same share. The lengths of the periods and the
    sizes of the areas cancel out. Any count of zero
    gives NaN.

    >>> e = relative_effect((100, 70), (200, 190))
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
    (0.737, 0.512, 1.061)
    """
    if min(*treated, *control) <= 0:
        return UNKNOWN
    value = treated[1] / treated[0] / (control[1] / control[0])
    variance = dispersion * sum(1 / x for x in (*treated, *control)) + 2 * drift
    spread = float(stats.norm.isf((1 - level) / 2)) * float(np.sqrt(variance))
    return Estimate(value, float(value * np.exp(-spread)), float(value * np.exp(spread)), level)


def wdq(treated: BeforeAfter, buffer: BeforeAfter, control: BeforeAfter) -> float | None:
    """The weighted displacement quotient (Bowers & Johnson 2003, Journal of Quantitative Criminology 19, 275-301).

    With (before, after) of treated R, buffer D and comparison C: S = Ra/Ca - Rb/Cb, below 0 where the treated area did
    better, B = Da/Ca - Db/Cb, and WDQ = B / S: below 0 displacement, above 0 diffusion of benefit. A familiar second
    number without an interval: unstable when S is near 0. None without alerts in C, or without S < 0.
    """
    if min(control) <= 0:
        return None
    (rb, ra), (db, da), (cb, ca) = treated, buffer, control
    success = ra / ca - rb / cb
    return (da / ca - db / cb) / success if success < 0 else None
