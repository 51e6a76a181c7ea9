"""Did a measure work: fewer alerts than the comparison area lets expect, and how sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.displacement import NO_AREA, Difference, Pair, Quotient, relative_effect, wdd, wdq
from analysis.rates import UNKNOWN, Estimate
from analysis.result import Choice
from curim_data.i18n import Message, Num, Translator

Test = Literal["wdd", "ratio"]
# Areas whose counts before differ by more than this factor are too unlike for a difference in alerts.
_ALIKE: Final = 1.5
# "No sign that it moved" is said only where the interval excludes a doubling next door.
_DOUBLED: Final = 2.0


@dataclass(frozen=True)
class VisibleDrop:
    """The smallest fall that the test would find with the wished power.

    `share` and `alerts` are None where not even a complete stop would be found. `before`: alerts expected in the
    treated area without the measure, `alerts` of them prevented.
    """

    share: float | None
    alerts: float | None
    before: float
    power: float
    choices: tuple[Choice, ...]

    def sentence(self, t: Translator) -> str:
        """How large a fall must be to be seen."""
        values = {"power": Num(100 * self.power, 0), "before": Num(self.before, 0)}
        if self.share is None or self.alerts is None:
            return t(
                "With {before} alerts to expect, not even a complete stop would be seen with certainty enough.",
                **values,
            )
        return t(
            "A fall of at least {share} % ({alerts} of {before} alerts) would be seen with {power} % certainty; "
            "a smaller one would probably be missed.",
            share=Num(100 * self.share, 0),
            alerts=Num(self.alerts, 0),
            **values,
        )


def smallest_visible_drop(
    treated_before: float,
    control_before: float,
    *,
    buffer_before: float = 0,
    control_buffer_before: float = 0,
    time_weights: Pair = (1, 1),
    area_weights: tuple[float, float, float, float] = (1, 1, 1, 1),
    test: Test = "wdd",
    alpha: float = 0.05,
    two_sided: bool = True,
    power: float = 0.8,
    draws: int = 4000,
    seed: int = 8,
) -> VisibleDrop:
    """The smallest fall that the evaluation would find with a power of 80 %, by simulation with the plan's own counts.

    Counts before and after are drawn as Poisson with the means given (after: brought to its length by `time_weights`),
    the treated area's after lowered by a share; the share is raised in steps of one percent (found by bisection) until
    the named test finds a fall in `power` of the draws. `draws` of 4,000 know the power to ± 1.3 points.
    """
    rng = np.random.default_rng(seed)
    length = time_weights[1] / time_weights[0]
    means = np.array([control_before, treated_before, control_buffer_before, buffer_before], dtype=float)
    before = rng.poisson(means, size=(draws, 4))
    after = rng.poisson(means * length, size=(draws, 4))
    # One uniform number a draw decides the treated count after for every share, so that power rises smoothly with it.
    luck = rng.random(draws)
    quantile = float(stats.norm.isf(alpha / 2 if two_sided else alpha))
    weight = np.outer(area_weights, time_weights)

    def found(percent: int) -> float:
        outcome = after.copy()
        outcome[:, 1] = stats.poisson.ppf(luck, means[1] * length * (1 - percent / 100))
        return float(np.mean(_score(before, outcome, weight, test) <= -quantile))

    told = Message("Simulated {draws} times with the plan's own counts.", {"draws": draws})
    choices = (Choice("test", test, told),)
    expected = treated_before * length
    if expected <= 0 or found(100) < power:
        return VisibleDrop(None, None, expected, power, choices)
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return VisibleDrop(high / 100, expected * high / 100, expected, power, choices)


def _score(before: Any, after: Any, weight: Any, test: Test) -> Any:
    """The test's z for each draw; columns: control, treated, control buffer, buffer."""
    if test == "ratio":
        counts = np.maximum(np.column_stack([before[:, :2], after[:, :2]]).astype(float), 0.5)
        logs = np.log(counts)
        return (logs[:, 3] - logs[:, 1] - logs[:, 2] + logs[:, 0]) / np.sqrt((1 / counts).sum(axis=1))
    change = (after / weight[:, 1] - before / weight[:, 0]) @ np.array([-1, 1, -1, 1])
    variance = (after / weight[:, 1] ** 2 + before / weight[:, 0] ** 2).sum(axis=1)
    return change / np.sqrt(np.maximum(variance, 1e-9))


@dataclass(frozen=True)
class Areas:
    """Counts (before, after) of a plan's areas.

    `control_buffer`: comparison area of the buffer, if it has its own. `time_weights`: length of the period before and
    after. `sizes`: how many times as large as the treated area and the buffer their comparison areas are; None lets
    `evaluate` choose.
    """

    treated: Pair
    control: Pair
    buffer: Pair | None = None
    control_buffer: Pair | None = None
    time_weights: Pair = (1, 1)
    sizes: Pair | None = None


@dataclass(frozen=True)
class Evaluation:
    """What became of a plan.

    `difference`: WDD of treated against comparison area (alerts, for the length of the period after). `total`: with the
    buffer. `ratio`: relative effect. `moved`: change of the buffer relative to the comparison area (a ratio; above one:
    more than expected), unknown without a buffer. `quotient`: WDQ. `warnings`: what to beware of.
    """

    areas: Areas
    difference: Difference
    total: Difference
    ratio: Estimate
    moved: Estimate
    quotient: Quotient
    n: int
    choices: tuple[Choice, ...]
    warnings: tuple[Message, ...]

    def sentence(self, t: Translator) -> str:
        """How many fewer or more than expected, how sure, and whether the problem moved next door."""
        return " ".join(part for part in (self._effect(t), self._next_door(t)) if part)

    def _effect(self, t: Translator) -> str:
        effect = self.difference.estimate
        count = round(abs(effect.value))
        values = {"low": _amount(effect.low, t), "high": _amount(effect.high, t)}
        if count == 0:
            return t("As many alerts as expected (from {low} to {high}).", **values)
        if effect.value < 0:
            start = t.n(
                "{n} alert fewer than expected (from {low} to {high})",
                "{n} alerts fewer than expected (from {low} to {high})",
                count,
                **values,
            )
            if effect.high < 0:
                return t("{start}: a fall is shown.", start=start)
            if stats.norm.cdf(self.difference.z) < 0.1:
                return t("{start}: a fall is likely but not shown.", start=start)
            return t("{start}: no change is shown.", start=start)
        start = t.n(
            "{n} alert more than expected (from {low} to {high})",
            "{n} alerts more than expected (from {low} to {high})",
            count,
            **values,
        )
        return (
            t("{start}: a rise is shown.", start=start)
            if effect.low > 0
            else t("{start}: no change is shown.", start=start)
        )

    def _next_door(self, t: Translator) -> str:
        if self.areas.buffer is None:
            return ""
        if not self.moved.known:
            return t("Too few alerts next door to say whether the problem moved there.")
        if self.moved.low > 1:
            return t("Next door there were more alerts than expected: the problem may have moved.")
        if self.moved.high < 1:
            return t("Next door there were fewer alerts than expected too: the benefit may have spread.")
        if self.moved.high > _DOUBLED:
            return t("Too few alerts next door to say whether the problem moved there.")
        return t("No sign that the problem moved next door.")


def evaluate(areas: Areas, level: float = 0.95) -> Evaluation:
    """Compare the treated area with its comparison area, before and after, and look next door.

    Counts before are brought to the length of the period after, so "fewer" reads in alerts of that period. Where an
    area and its comparison differ in alerts before by more than half, the comparison is brought to the area's size (as
    area weight): a change in number means little between unlike areas. The buffer is judged by its ratio against its
    own comparison area, or where it has none against that of the treated area.
    """
    scaled = (areas.time_weights[0] / areas.time_weights[1], 1.0)
    buffer, control_buffer = areas.buffer or NO_AREA, areas.control_buffer or NO_AREA
    sizes = areas.sizes or (_size(areas.treated, areas.control), _size(buffer, control_buffer))
    weights = (sizes[0], 1.0, sizes[1], 1.0)
    difference = wdd(areas.control, areas.treated, time_weights=scaled, area_weights=weights, level=level)
    total = wdd(
        areas.control,
        areas.treated,
        control_buffer,
        buffer,
        time_weights=scaled,
        area_weights=weights,
        level=level,
    )
    pairs = (areas.treated, areas.control, buffer, control_buffer)
    return Evaluation(
        areas=areas,
        difference=difference,
        total=total,
        ratio=relative_effect(areas.treated, areas.control, level),
        moved=relative_effect(buffer, areas.control_buffer or areas.control, level) if areas.buffer else UNKNOWN,
        quotient=wdq(areas.treated, buffer, areas.control) if areas.buffer else Quotient(None, None, None, None),
        n=int(sum(sum(pair) for pair in pairs)),
        choices=_choices(sizes[0]),
        warnings=_warnings(areas),
    )


def by_gender(areas: Mapping[str, Areas], level: float = 0.95) -> pd.DataFrame:
    """One row a gender: before, after, difference, low, high (alerts), ratio, ratio_low, ratio_high (NaN: too few)."""
    rows = []
    for gender, counts in areas.items():
        result = evaluate(counts, level)
        effect, ratio = result.difference.estimate, result.ratio
        rows.append(
            (gender, *counts.treated, effect.value, effect.low, effect.high, ratio.value, ratio.low, ratio.high)
        )
    names = ["gender", "before", "after", "difference", "low", "high", "ratio", "ratio_low", "ratio_high"]
    return pd.DataFrame(rows, columns=names)


def _size(area: Pair, comparison: Pair) -> float:
    """Weight of a comparison area: 1 where the areas are alike before, else how many times as many alerts it had."""
    if min(area[0], comparison[0]) <= 0:
        return 1.0
    size = comparison[0] / area[0]
    return 1.0 if 1 / _ALIKE <= size <= _ALIKE else size


def _choices(size: float) -> tuple[Choice, ...]:
    if size == 1:
        told = Message(
            "Expected: what the treated area would have had if it had changed by as many alerts as the comparison area."
        )
    else:
        told = Message(
            "The comparison area had {size} times as many alerts before, so its change was brought to the size of the "
            "treated area.",
            {"size": Num(size, 2)},
        )
    return (Choice("comparison_size", size, told),)


def _warnings(areas: Areas) -> tuple[Message, ...]:
    found = [
        Message(
            "Places chosen because they were bad tend to get better by themselves (regression to the mean). The "
            "comparison area guards against this only where it was as bad before."
        )
    ]
    treated, control = areas.treated[0], areas.control[0]
    if min(treated, control) <= 0 or not 1 / _ALIKE <= treated / control <= _ALIKE:
        found.append(
            Message(
                "Before the measure the treated area had {treated} alerts and the comparison area {control}: they are "
                "unlike, so the comparison is weaker.",
                {"treated": int(treated), "control": int(control)},
            )
        )
    if min(*areas.treated, *areas.control) < 10:
        found.append(Message("Some counts are below 10: intervals are rough and a real effect can easily be missed."))
    return tuple(found)


def _amount(value: float, t: Translator) -> str:
    """A difference in words: "44 fewer", "1 more"."""
    count = round(abs(value))
    return t.n("{n} fewer", "{n} fewer", count) if value < 0 else t.n("{n} more", "{n} more", count)
