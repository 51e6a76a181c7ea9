"""The verdict on a plan: how strongly its sentence may speak, given how it was planned and what like areas tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.plans.evaluation import DetectableDrop, EffectTest, amount_in_words, percent_in_words
from analysis.plans.placebo import Expectation, PlaceboModel, ratio_estimate
from analysis.stats.intervals import UNKNOWN, Estimate
from analysis.stats.result import Choice
from curim_data.model import Message, Num, Translator

# From so many placebos on something can be shown or likely.
ENOUGH_PLACEBOS: Final = 20
# Like areas come out so low (or so high) by themselves in fewer cases than this: a fall (a rise) is shown, or likely.
SHOWN_TAIL: Final = 0.025
LIKELY_TAIL: Final = 0.04


class Strength(StrEnum):
    """How strongly a verdict may speak."""

    SHOWN = "shown"
    LIKELY = "likely"
    NOT_SHOWN = "not_shown"
    CANNOT_TELL = "cannot_tell"


class Unknown(StrEnum):
    """Why nothing can be told."""

    PLACEBOS = "placebos"
    HISTORY = "history"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class PlanTiming:
    """When a plan's areas, dates and test were set: `fixed` where the history proves that it was before the start.

    `set_on`: the day of the last change of them, None where there is no history.
    """

    fixed: bool
    set_on: dt.date | None = None

    def sentence(self, t: Translator) -> str:
        """When they were set, in words."""
        if self.fixed:
            return t("Areas, dates and test were fixed before the start, as the history of the plan shows.")
        if self.set_on is None:
            return t("Nothing shows that areas, dates and test were fixed before the start.")
        return t("Areas, dates or test were set afterwards, on {day}.", day=self.set_on)


@dataclass(frozen=True)
class Verdict:
    """What became of a plan against like areas without a measure.

    `direction`: -1 for fewer than expected, 1 for more, 0 for neither; `ratio`: observed to expected with its interval;
    `before`: alerts of the treated area in the period before, brought to the length of the period after; `city`: what
    they would have become had they changed as all like areas did; `expected`: with the return to the mean;
    `placebos`: how many, `areas` of them in the same weeks, the others earlier periods of these.
    `unknown`: why nothing can be told, where it cannot.
    """

    strength: Strength
    direction: int
    test: EffectTest
    observed: float
    before: float
    city: float
    expected: float
    ratio: Estimate
    placebos: int
    areas: int
    phi: float
    tau2: float
    fixed: bool
    unknown: Unknown | None = None

    @property
    def n(self) -> int:
        """Alerts behind the verdict, in the treated area after the start."""
        return round(self.observed)

    def rounded(self, step: int) -> Verdict:
        """The same with its counts rounded to multiples of `step`."""

        def told(count: float) -> float:
            return float(step * round(count / step)) if np.isfinite(count) else count

        return replace(
            self,
            observed=told(self.observed),
            before=told(self.before),
            city=told(self.city),
            expected=told(self.expected),
        )

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What expected means, and how uncertain counts are here."""
        if self.unknown is not None:
            return ()
        values = {"n": self.areas, "periods": round(self.placebos / max(self.areas, 1)) - 1}
        expected = (
            Message(
                "Expected: what the treated area would have had by its counts before, as {n} similar areas without the "
                "measure changed in the same weeks, and by how they changed in {periods} earlier periods.",
                values,
            )
            if values["periods"] > 0
            else Message(
                "Expected: what the treated area would have had by its counts before, as {n} similar areas without the "
                "measure changed in the same weeks.",
                values,
            )
        )
        wider = float(np.sqrt((self.phi * self.expected + self.tau2 * self.expected**2) / max(self.expected, 1e-9)))
        width = Message(
            "The counts of similar areas vary {times} times as much as those of independent alerts; so does the "
            "interval.",
            {"times": Num(wider, 1)},
        )
        return Choice("placebos", self.placebos, expected), Choice("dispersion", round(wider, 3), width)

    def sentence(self, t: Translator) -> str:
        """How many fewer or more than expected, and how sure."""
        if self.unknown is not None:
            return t(_REASONS[self.unknown])
        start = self._in_percent(t) if self.test == "ratio" else self._in_alerts(t)
        match self.strength, self.direction:
            case Strength.SHOWN, -1:
                return t("{start}: a fall is shown.", start=start)
            case Strength.SHOWN, 1:
                return t("{start}: a rise is shown.", start=start)
            case Strength.LIKELY, -1:
                return t("{start}: a fall is likely but not shown.", start=start)
            case Strength.LIKELY, 1:
                return t("{start}: a rise is likely but not shown.", start=start)
        if self.ratio.low <= 1 <= self.ratio.high:
            return t("{start}: no change is shown.", start=start)
        if not self.fixed:
            return t(
                "{start}. That shows neither a fall nor a rise: areas, dates and test were not fixed before the start.",
                start=start,
            )
        return t(
            "{start}. That shows neither a fall nor a rise: there are fewer than {n} similar areas.",
            start=start,
            n=ENOUGH_PLACEBOS,
        )

    def return_sentence(self, t: Translator) -> str:
        """How much was to be expected without the measure: the city's change and the return to the mean."""
        if self.unknown is not None or self.before <= 0:
            return ""
        values = {"before": Num(self.before, 0), "city": Num(self.city, 0), "expected": Num(self.expected, 0)}
        return t(
            "{before} alerts before; {city} if the area had changed as similar areas did; {expected} when the "
            "return of places to their usual level (regression to the mean) is taken in; {observed} were counted.",
            observed=Num(self.observed, 0),
            **values,
        )

    def _in_alerts(self, t: Translator) -> str:
        low, high = (self.expected * (x - 1) for x in (self.ratio.low, self.ratio.high))
        values = {"low": amount_in_words(low, t), "high": amount_in_words(high, t)}
        count = round(abs(self.observed - self.expected))
        if count == 0:
            return t("As many alerts as expected (from {low} to {high})", **values)
        if self.observed < self.expected:
            return t.n(
                "{n} alert fewer than expected (from {low} to {high})",
                "{n} alerts fewer than expected (from {low} to {high})",
                count,
                **values,
            )
        return t.n(
            "{n} alert more than expected (from {low} to {high})",
            "{n} alerts more than expected (from {low} to {high})",
            count,
            **values,
        )

    def _in_percent(self, t: Translator) -> str:
        values = {"low": percent_in_words(self.ratio.low, t), "high": percent_in_words(self.ratio.high, t)}
        share = t.percent(abs(self.ratio.value - 1))
        if share == t.percent(0):
            return t("As many alerts as expected (from {low} to {high})", **values)
        if self.ratio.value < 1:
            return t("{share} fewer alerts than expected (from {low} to {high})", share=share, **values)
        return t("{share} more alerts than expected (from {low} to {high})", share=share, **values)


_REASONS: Final = {
    Unknown.PLACEBOS: Message(
        "It is not possible to say whether this plan changed anything: there are too few similar areas to know "
        "how much counts change by themselves. The figures below only describe."
    ),
    Unknown.HISTORY: Message(
        "It is not possible to say whether this plan changed anything: the data reach back too short a "
        "time before its start. The figures below only describe."
    ),
    Unknown.OUTSIDE: Message(
        "It is not possible to say whether this plan changed anything: no other area has nearly as many alerts as "
        "the treated one. The figures below only describe."
    ),
}


def placebo_verdict(
    model: PlaceboModel | None,
    observed: float,
    history: ArrayLike,
    *,
    before: float,
    growth: float,
    covariates: ArrayLike = (),
    test: EffectTest = "ratio",
    fixed: bool = False,
) -> Verdict:
    """Judge a treated area by what like areas did.

    Shown: the interval leaves 1 out; likely: like areas come out so low (or so high) by themselves in fewer than 4 % of
    cases. Neither is said of a plan that was not fixed beforehand, or beside fewer than 20 placebos: how often that
    would be false is not known. Cannot be told: no model (`fit_placebos`), or an expectation beyond twice the largest
    placebo's.

    Parameters
    ----------
    model : of `fit_placebos`; None: too few placebos
    observed, before : alerts of the treated area after, and before (brought to the length of the period after)
    history : its counts in the windows of the model's history
    growth : what all like areas' counts after are to theirs before, both of the lengths of the periods compared
    fixed : areas, dates and test were set before the start (`PlanTiming`)
    """
    if model is None:
        return unknown_verdict(Unknown.PLACEBOS, observed, before, test=test, fixed=fixed)
    expected = model.expect(history, covariates)
    if model.is_outside(expected):
        return unknown_verdict(Unknown.OUTSIDE, observed, before, test=test, fixed=fixed, placebos=model.n)
    few, many = (float(chance) for chance in model.tails(observed, expected))
    strength = Strength.NOT_SHOWN
    if fixed and model.n >= ENOUGH_PLACEBOS and min(few, many) < LIKELY_TAIL:
        strength = Strength.SHOWN if min(few, many) < SHOWN_TAIL else Strength.LIKELY
    direction = 0 if strength is Strength.NOT_SHOWN else -1 if few < many else 1
    return Verdict(
        strength=strength,
        direction=direction,
        test=test,
        observed=observed,
        before=before,
        city=before * growth,
        expected=expected.mean,
        ratio=ratio_estimate(model, observed, expected, 1 - 2 * SHOWN_TAIL),
        placebos=model.n,
        areas=model.areas,
        phi=model.phi,
        tau2=model.tau2 + expected.variance,
        fixed=fixed,
    )


def unknown_verdict(
    why: Unknown, observed: float, before: float, *, test: EffectTest, fixed: bool, placebos: int = 0
) -> Verdict:
    """The verdict where nothing can be told."""
    none = float("nan")
    return Verdict(
        Strength.CANNOT_TELL,
        0,
        test,
        observed,
        before,
        none,
        none,
        UNKNOWN,
        placebos,
        0,
        none,
        none,
        fixed,
        why,
    )


def smallest_shown_drop(model: PlaceboModel, expected: Expectation, *, power: float = 0.8) -> DetectableDrop:
    """The smallest fall that the verdict would show with a power of 80 %, given how similar areas vary by themselves.

    The largest count that the verdict would call a fall is found, then the smallest fall, in steps of one percent, that
    leads to so small a count in `power` of the cases.
    """
    counts = np.arange(0, np.ceil(expected.mean) + 1)
    called = model.tails(counts, expected)[0] < SHOWN_TAIL
    if expected.mean <= 0 or not called.any():
        return DetectableDrop(None, None, expected.mean, power)
    most = float(counts[called].max())
    shares = np.arange(1, 101) / 100
    # A count of at most `most` is a fall: its chance, whole, not by half, where the true ratio is 1 - share.
    reached = model.tails(most + 0.5, expected, np.maximum(1 - shares, 1e-9))[0]
    if not (reached >= power).any():
        return DetectableDrop(None, None, expected.mean, power)
    share = float(shares[reached >= power][0])
    return DetectableDrop(share, share * expected.mean, expected.mean, power)
