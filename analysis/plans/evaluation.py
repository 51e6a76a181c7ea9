"""Differences of differences: what an area did against what its comparison area predicts.

Did a measure work: fewer alerts than the comparison area predicts, and how sure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.intervals import UNKNOWN, Choice, Estimate, Result, Z
from curim_data.model import Message, Num, Translator

BeforeAfter = tuple[float, float]
NO_AREA: BeforeAfter = (0, 0)


def scaled_difference(
    treated: BeforeAfter, control: BeforeAfter, *, dispersion: float = 1.0, drift: float = 0.0
) -> Estimate:
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
        risk from before to after (`analysis.plans.verdict.fit_placebos`): the variance becomes
        dispersion · (that above) + 2 drift (g T0)².

    >>> d = scaled_difference((100, 70), (200, 190))
    >>> round(d.value, 2), round(d.low, 1), round(d.high, 1)
    (-25.0, -56.2, 6.2)
    """
    (t0, t1), (c0, c1) = treated, control
    if c0 == 0:
        return UNKNOWN
    growth = c1 / c0
    variance = t1 + growth**2 * t0 + (t0 / c0) ** 2 * (max(c1, 1.0) + c1**2 / c0)
    return _normal(t1 - growth * t0, dispersion * variance + 2 * drift * (growth * t0) ** 2)


def _normal(value: float, variance: float) -> Estimate:
    reach = Z * float(np.sqrt(variance))
    return Estimate(value, value - reach, value + reach)


def wdd(
    control: BeforeAfter,
    treated: BeforeAfter,
    control_buffer: BeforeAfter = NO_AREA,
    buffer: BeforeAfter = NO_AREA,
    *,
    time_weights: BeforeAfter = (1, 1),
    area_weights: tuple[float, float, float, float] = (1, 1, 1, 1),
) -> Estimate:
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
    >>> d.value, round(d.low, 1), round(d.high, 1)
    (-10.0, -47.7, 27.7)
    """
    pairs = np.array([control, treated, control_buffer, buffer], dtype=float)
    weight = np.outer(area_weights, time_weights)
    change = np.diff(pairs / weight, axis=1).ravel() * np.array([-1, 1, -1, 1])
    return _normal(float(change.sum()), float((pairs / weight**2).sum(axis=1).sum()))


def relative_effect(
    treated: BeforeAfter, control: BeforeAfter, *, dispersion: float = 1.0, drift: float = 0.0
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
    spread = Z * float(np.sqrt(variance))
    return Estimate(value, float(value * np.exp(-spread)), float(value * np.exp(spread)))


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


# difference: alerts beyond the comparison area's growth; ratio: the same as a ratio; wdd: the published difference.
EffectTest = Literal["difference", "ratio", "wdd"]
# Areas whose counts before differ by more than this factor are reported as unlike.
_ALIKE: Final = 1.5
# "No sign that it moved" is said only where the interval excludes a doubling next door.
_DOUBLED: Final = 2.0


@dataclass(frozen=True)
class DetectableDrop:
    """The smallest fall that the test would find with the wished power.

    `share` and `alerts` are None where not even a complete stop would be found. `before`: alerts expected in the
    treated area without the measure, `alerts` of them prevented.
    """

    share: float | None
    alerts: float | None
    before: float
    power: float

    def sentence(self, t: Translator) -> str:
        """How large a fall must be to be seen."""
        values = {"power": Num(100 * self.power, 0), "before": Num(self.before, 0)}
        if self.share is None or self.alerts is None:
            return t(
                "With {before} alerts to expect, not even a complete stop would be seen with certainty enough.",
                **values,
            )
        return t(
            "A fall of at least {share} % ({alerts} of {before} alerts) would be seen with a probability of "
            "{power} %; a smaller one could be missed.",
            share=Num(100 * self.share, 0),
            alerts=Num(self.alerts, 0),
            **values,
        )


def minimum_detectable_drop(
    treated_before: float,
    control_before: float,
    *,
    test: EffectTest = "difference",
    alpha: float = 0.05,
    power: float = 0.8,
    draws: int = 4000,
    seed: int = 8,
) -> DetectableDrop:
    """The smallest fall that the evaluation would find with a power of 80 %, by simulation with the plan's own counts.

    Counts before and after are drawn as Poisson with the means given, the treated area's after lowered by a share; the
    share is raised in steps of one percent (found by bisection) until the named test finds a fall, two-sided at
    `alpha`, in `power` of the draws. `draws` of 4,000 know the power to ± 1.3 points.
    """
    rng = np.random.default_rng(seed)
    before, after = rng.poisson(np.array([control_before, treated_before], dtype=float), size=(2, draws, 2))
    # One uniform number a draw decides the treated count after for every share, so that power rises smoothly with it.
    luck = rng.random(draws)
    quantile = float(stats.norm.isf(alpha / 2))

    def found(percent: int) -> float:
        outcome = after.copy()
        outcome[:, 1] = stats.poisson.ppf(luck, treated_before * (1 - percent / 100))
        return float(np.mean(_score(before, outcome, test) <= -quantile))

    if treated_before <= 0 or found(100) < power:
        return DetectableDrop(None, None, treated_before, power)
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return DetectableDrop(high / 100, treated_before * high / 100, treated_before, power)


def _score(before: Any, after: Any, test: EffectTest) -> Any:
    """The test's z for each draw; columns: control, treated."""
    if test == "wdd":
        return (after - before) @ np.array([-1, 1]) / np.sqrt(np.maximum((after + before).sum(axis=1), 1e-9))
    c0, t0, c1, t1 = np.maximum(np.column_stack([before, after]).astype(float), 0.5).T
    if test == "ratio":
        return np.log(t1 / t0 * c0 / c1) / np.sqrt(1 / c0 + 1 / t0 + 1 / c1 + 1 / t1)
    growth = c1 / c0
    return (t1 - growth * t0) / np.sqrt(t1 + growth**2 * t0 + (growth * t0) ** 2 * (1 / c1 + 1 / c0))


@dataclass(frozen=True)
class AreaCounts:
    """Alerts (before, after) of a plan's areas; `time_weights`: length of the period before and after."""

    treated: BeforeAfter
    control: BeforeAfter
    buffer: BeforeAfter | None = None
    time_weights: BeforeAfter = (1, 1)


@dataclass(frozen=True)
class Evaluation(Result):
    """What became of a plan.

    `test`: the one named in advance, by which the sentence judges. `difference`: alerts beyond the comparison area's
    growth, for the length of the period after; `total`: the same for treated area and buffer together (None without a
    buffer). `ratio`: relative effect. `published`: the weighted displacement difference as published, counts before
    brought to the length of the period after. `moved`: change of the buffer relative to the comparison area (a ratio;
    above one: more than expected), unknown without a buffer. `quotient`: WDQ, None where it cannot be computed.
    `warnings`: what to beware of.
    """

    areas: AreaCounts
    test: EffectTest
    difference: Estimate
    total: Estimate | None
    ratio: Estimate
    published: Estimate
    moved: Estimate
    quotient: float | None
    warnings: tuple[Message, ...]

    def next_door(self, t: Translator) -> str:
        """Whether the problem moved to the buffer, or the benefit spread there."""
        if self.areas.buffer is None:
            return ""
        if self.moved.low > 1:
            return t("Next door there were more alerts than expected: the problem may have moved.")
        if self.moved.high < 1:
            return t("Next door there were fewer alerts than expected too: the benefit may have spread.")
        if self.moved.high <= _DOUBLED:
            return t("No sign that the problem moved next door.")
        return t("Too few alerts next door to say whether the problem moved there.")


def evaluate(
    areas: AreaCounts,
    test: EffectTest = "difference",
    *,
    dispersion: float = 1.0,
    drift: float = 0.0,
) -> Evaluation:
    """Compare the treated area with its comparison area, before and after, and look next door.

    Every estimate is made; `test`, the one named in advance, decides what the sentence says. The buffer is judged by
    its ratio against the comparison area. `dispersion`, `drift`: how counts vary by themselves (`scaled_difference`);
    the published difference stays as published.
    """
    spread = {"dispersion": dispersion, "drift": drift}
    treated, control, buffer = areas.treated, areas.control, areas.buffer
    both = None if buffer is None else (treated[0] + buffer[0], treated[1] + buffer[1])
    to_length = (areas.time_weights[0] / areas.time_weights[1], 1.0)
    return Evaluation(
        areas=areas,
        test=test,
        difference=scaled_difference(treated, control, **spread),
        total=None if both is None else scaled_difference(both, control, **spread),
        ratio=relative_effect(treated, control, **spread),
        published=wdd(control, treated, time_weights=to_length),
        moved=UNKNOWN if buffer is None else relative_effect(buffer, control, **spread),
        quotient=None if buffer is None else wdq(treated, buffer, control),
        n=int(sum(sum(pair) for pair in (treated, control, buffer or (0, 0)))),
        choices=(Choice("test", test, _EXPECTED["wdd" if test == "wdd" else "difference"]),),
        warnings=_warnings(areas, test),
    )


def evaluate_by_gender(areas: Mapping[str, AreaCounts], *, dispersion: float = 1.0, drift: float = 0.0) -> pd.DataFrame:
    """One row a gender: before, after, difference, low, high (alerts), ratio, ratio_low, ratio_high (NaN: too few).

    Each gender is compared with the same gender in the comparison area, so the differences need not add up to that of
    all alerts.
    """
    rows = []
    for gender, counts in areas.items():
        result = evaluate(counts, dispersion=dispersion, drift=drift)
        found = (getattr(one, end) for one in (result.difference, result.ratio) for end in ("value", "low", "high"))
        rows.append((gender, *counts.treated, *found))
    return pd.DataFrame(
        rows, columns=["gender", "before", "after", "difference", "low", "high", "ratio", "ratio_low", "ratio_high"]
    )


_EXPECTED: Final[Mapping[str, Message]] = {
    "difference": Message(
        "Expected: what the treated area would have had if it had changed by the same share as the comparison area."
    ),
    "wdd": Message(
        "Expected: what the treated area would have had if it had changed by as many alerts as the comparison area."
    ),
}


def _warnings(areas: AreaCounts, test: EffectTest) -> tuple[Message, ...]:
    treated, control = areas.treated[0], areas.control[0]
    cases = (
        (
            True,
            Message(
                "Places chosen because they were bad tend to get better by themselves (regression to the mean). The "
                "comparison area guards against this only where it was as bad before."
            ),
        ),
        (
            min(treated, control) <= 0 or not 1 / _ALIKE <= treated / control <= _ALIKE,
            Message(
                "Before the measure the treated area had {treated} alerts and the comparison area {control}: they "
                "are unlike, so the comparison is weaker.",
                {"treated": int(treated), "control": int(control)},
            ),
        ),
        (
            test == "wdd",
            Message(
                "The published difference supposes that both areas change by the same number of alerts; where all "
                "of the city grows or shrinks, it finds effects that are none."
            ),
        ),
        (
            min(*areas.treated, *areas.control) < 10,
            Message("Some counts are below 10: intervals are rough and a real effect can easily be missed."),
        ),
    )
    return tuple(warning for holds, warning in cases if holds)


def amount_in_words(value: float, t: Translator) -> str:
    """A difference in words: "44 fewer", "1 more"."""
    count = round(abs(value))
    return t.n("{n} fewer", "{n} fewer", count) if value < 0 else t.n("{n} more", "{n} more", count)


def percent_in_words(ratio: float, t: Translator) -> str:
    """A ratio in words: "20% fewer", "5% more"."""
    size = t.percent(abs(ratio - 1))
    return t("{share} fewer", share=size) if ratio < 1 else t("{share} more", share=size)
