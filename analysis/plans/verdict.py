"""The verdict on a plan, from areas built like the treated one all over the city.

Placebo regression: what like areas without a measure did in the same weeks says what was to be expected.

The count of each like area in the weeks after is regressed on its own counts before. The treated area's prediction then
holds the change of the whole city and the return of extreme places to the mean, because both are learnt from the other
areas; and what the regression leaves over among them is the real uncertainty: bursts of reports, drifting risk.

The verdict says how sure a difference is, given how the plan was made and what like areas tell.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from analysis.stats.intervals import UNKNOWN, Estimate
from curim_data.model import FloatArray, Message, Num, Translator
from curim_data.model.labels import grade_words

# So many areas tell all that there is to learn; more only cost time.
MOST_AREAS: Final = 300
# Areas with less than this part of the treated area's alerts before are left out while enough others stay.
_LIKE: Final = 0.2
_ENOUGH: Final = 40


def placebo_areas(
    counts: Mapping[int, float], size: int, excluded: Collection[int], most: int = MOST_AREAS
) -> tuple[tuple[int, ...], ...]:
    """Areas of `size` connected cells that do not overlap, from the cells with most alerts before on.

    From each free cell, in the order of its count (ties: lowest cell), the nearest free cells are taken ring by ring
    until there are as many as the treated area has: about a disc. What cannot grow so large is left out. The order
    looks at counts before the start only, as the regression does, so it chooses nothing by the outcome.

    Parameters
    ----------
    counts : alerts before by cell (int64 H3 of one resolution): all cells in which an area may lie
    size : number of cells of the treated area
    excluded : cells that no area may hold: the treated area, its buffer, and what touches them
    """
    free = set(counts) - set(excluded)
    cells, n = np.fromiter(counts, np.int64), np.fromiter(counts.values(), float)
    areas: list[tuple[int, ...]] = []
    for seed in cells[np.lexsort((cells, -n))].tolist():
        if len(areas) >= most:
            break
        if seed not in free:
            continue
        found = _nearest(seed, free, size)
        free.difference_update(found)
        if len(found) == size:
            areas.append(tuple(sorted(found)))
    return tuple(areas)


def _nearest(seed: int, free: Collection[int], size: int) -> list[int]:
    """Up to `size` free cells connected with the seed, nearest first."""
    found = [seed]  # grows while it is read
    for cell in found:
        if len(found) >= size:
            break
        found += sorted(near for near in h3.grid_disk(cell, 1) if near in free and near not in found)
    return found[:size]


def around(cells: Collection[int], rings: int = 1) -> set[int]:
    """Cells and those within some rings of them."""
    return {near for cell in cells for near in h3.grid_disk(cell, rings)}


def alike(totals: Mapping[int, float], treated: float) -> list[int]:
    """Which areas (keys of `totals`: alerts before) are kept: those with a fifth of the treated area's alerts or more.

    Where fewer than 40 have so many, the 40 with most.
    """
    order = sorted(totals, key=lambda key: (-totals[key], key))
    kept = [key for key in order if totals[key] >= _LIKE * treated and totals[key] > 0]
    return kept if len(kept) >= _ENOUGH else [key for key in order if totals[key] > 0][:_ENOUGH]


# Constants added to counts before their logarithm is taken, as shares of their mean: from a straight line on the log
# scale (drifting risk) to one nearly straight on the scale of counts (stable risk). The data weigh them.
_SHIFTS: Final = (0.02, 0.1, 0.25, 0.5, 1.0, 2.0)
_LEAST_SHIFT: Final = 0.25
# Slopes of the windows, newest first, before any placebo is looked at, and how far they may lie off (sd): counts of the
# past count for most of what comes, later ones for more. A tenth of what a hundred areas tell, most of what ten tell.
_PRIOR_SLOPES: Final = (0.35, 0.25, 0.2, 0.2)
_PRIOR_SUM: Final = 0.85
_PRIOR_SD: Final = 0.2
_ROUNDS: Final = 40
# The pairs of phi and tau2 between which residuals decide.
_PHIS: Final = 2.0 ** np.arange(0, 6.5, 0.5)
_TAUS2: Final = np.append(0.0, 0.005 * 2.0 ** np.arange(9))
# Placebos' residuals calibrate each side of the interval; as many pseudo-residuals as this say that it is right.
_CALIBRATION: Final = 10.0
# Residuals of counts whose risk drifts have longer tails than the model, above more than below, and what is said of
# the variance of the busiest areas is less sure than of all: Student's degrees of freedom are at most these.
_FREE: Final = (12.0, 6.0)
# An expectation this many times the largest placebo's lies outside what the placebos can tell.
_OUTSIDE: Final = 2.0
# Fewer placebos, or fewer at the plan's own date, tell nothing.
FEWEST_PLACEBOS: Final = 10
FEWEST_OF_DATE: Final = 5


@dataclass(frozen=True)
class _Fit:
    """One regression: of the counts after on log(history + shift)."""

    shift: FloatArray
    centre: FloatArray
    beta: FloatArray
    covariance: FloatArray
    phi: float
    tau2: float
    free: float
    mean: FloatArray
    leverage: FloatArray
    loss: float


@dataclass(frozen=True)
class Expectation:
    """What an area was to be expected to have: `mean`, and the variance of its logarithm from the regression."""

    mean: float
    variance: float


@dataclass(frozen=True)
class PlaceboModel:
    """What like areas tell.

    `phi`, `tau2`: the variance of a count about its prediction is phi · mean + tau2 · mean²; `free`: degrees of freedom
    of the tails, for falls and for rises; `scales`: how much wider than the model the placebos' own residuals are, for
    falls and for rises; `n`: placebos; `areas`: those at the plan's own date; `largest`: the largest mean fitted to a
    placebo.
    """

    fits: tuple[_Fit, ...]
    weights: FloatArray
    phi: float
    tau2: float
    free: tuple[float, float]
    scales: tuple[float, float]
    n: int
    areas: int
    largest: float

    def expect(self, history: ArrayLike) -> Expectation:
        """The expectation for an area at the plan's own date, from its counts in the windows of the history."""
        row = np.asarray(history, float)[None, :]
        means, variances = [], []
        for fit in self.fits:
            x = _design(row, np.zeros((1, 0)), fit.shift, fit.centre)[0]
            x = np.concatenate([x, np.zeros(len(fit.beta) - len(x))])  # the other dates' intercepts
            means.append(x @ fit.beta)
            variances.append(x @ fit.covariance @ x)
        mean = float(self.weights @ np.array(means))
        return Expectation(
            float(np.exp(mean)), float(self.weights @ (np.array(variances) + (np.array(means) - mean) ** 2))
        )

    def is_outside(self, expected: Expectation) -> bool:
        """Whether an expectation is more than twice the largest placebo's, so that nothing like it was seen."""
        return expected.mean > _OUTSIDE * self.largest

    def tails(self, observed: ArrayLike, expected: Expectation, ratio: ArrayLike = 1.0) -> tuple[Any, Any]:
        """Chances of so few, and of so many, alerts where the true ratio to the expectation is `ratio`."""
        tails = mid_tails(observed, np.asarray(ratio) * expected.mean, self.phi, self.tau2 + expected.variance)
        few, many = (
            stats.t.cdf(stats.norm.ppf(np.clip(tail, 1e-15, 1 - 1e-15)) / scale, free)
            for tail, scale, free in zip(tails, self.scales, self.free, strict=True)
        )
        return few, many


def mid_tails(observed: ArrayLike, mean: ArrayLike, phi: ArrayLike, tau2: ArrayLike) -> tuple[Any, Any]:
    """Mid-p chances of at most, and of at least, `observed` where the variance is phi · mean + tau2 · mean².

    The effective count observed / phi is taken as negative binomial with size 1 / tau2 (Poisson where tau2 is 0), in
    the continuous form by the incomplete beta function, so nothing is rounded; with phi = 1 and whole counts it is the
    exact distribution.

    >>> low, high = mid_tails(2, 4.0, 1.0, 0.0)
    >>> round(float(low), 4), round(float(high), 4)
    (0.1648, 0.8352)
    """
    m, x = np.broadcast_arrays(np.asarray(mean, float) / phi, np.asarray(observed, float) / phi)
    size = 1 / np.maximum(tau2, 1e-9)
    p = size / (size + m)
    at_most = special.betainc(size, x + 1, p)
    below = np.where(x > 0, special.betainc(size, np.maximum(x, 1e-12), p), 0.0)
    poisson = np.asarray(tau2) < 1e-6
    at_most = np.where(poisson, special.gammaincc(x + 1, m), at_most)
    below = np.where(poisson & (x > 0), special.gammaincc(np.maximum(x, 1e-12), m), below)
    low = (at_most + below) / 2
    return low, 1 - low


def fit_placebos(
    after: ArrayLike,
    history: ArrayLike,
    *,
    dates: ArrayLike | None = None,
) -> PlaceboModel | None:
    """Regress the placebos' counts after on their counts before, by quasi-likelihood with a log link.

    Variance phi · mean + tau2 · mean², both from the placebos' own residuals (pseudo-likelihood, Carroll & Ruppert
    1988); the slopes are drawn towards usual ones (ridge). The regression is made for several constants added to the
    counts before their logarithm is taken and averaged with weights exp(-loss / 2) (Buckland, Burnham & Augustin 1997,
    Biometrics 53, 603-618).

    Parameters
    ----------
    after : (n,) counts of the placebos in the window after
    history : (n, k) their counts in windows before, newest first, which should not overlap
    dates : (n,) whole numbers: 0 for the plan's own dates, others for placebo dates; each has a level of its own

    Returns
    -------
    None where there are fewer than 10 placebos, or 5 at the plan's own date, or no alerts.
    """
    y, past = np.asarray(after, float), np.asarray(history, float)
    date = np.zeros(len(y), int) if dates is None else np.asarray(dates, int)
    if len(y) < FEWEST_PLACEBOS or (date == 0).sum() < FEWEST_OF_DATE or not y.any() or not past.any():
        return None
    others = (date[:, None] == np.unique(date[date != 0])[None, :]).astype(float)
    fits = tuple(_fit(y, past, others, shift) for shift in _SHIFTS)
    loss = np.array([fit.loss for fit in fits])
    weights = np.exp((loss.min() - loss) / 2)
    weights /= weights.sum()
    best = fits[int(loss.argmin())]
    mixed = {name: float(weights @ np.array([getattr(fit, name) for fit in fits])) for name in ("phi", "tau2", "free")}
    return PlaceboModel(
        fits=fits,
        weights=weights,
        phi=mixed["phi"],
        tau2=mixed["tau2"],
        free=(min(max(mixed["free"], 2.0), _FREE[0]), min(max(mixed["free"], 2.0), _FREE[1])),
        scales=_calibration(y, best),
        n=len(y),
        areas=int((date == 0).sum()),
        largest=float(best.mean.max()),
    )


def _design(past: FloatArray, others: FloatArray, shift: FloatArray, centre: FloatArray) -> FloatArray:
    """Columns of a regression: one, the logarithms of the counts before about their means, other dates."""
    return np.column_stack([np.ones(len(past)), np.log(past + shift) - centre, others])


def _fit(y: FloatArray, past: FloatArray, others: FloatArray, share: float) -> _Fit:
    """Iteratively reweighted least squares, the two parts of the variance estimated anew in each round."""
    shift = np.maximum(_LEAST_SHIFT, share * past.mean(axis=0))
    centre = np.log(past + shift).mean(axis=0)
    x = _design(past, others, shift, centre)
    slopes = np.array([*_PRIOR_SLOPES, *[_PRIOR_SLOPES[-1]] * past.shape[1]][: past.shape[1]])
    slopes = _PRIOR_SUM * slopes / slopes.sum()
    ridge = np.diag([0.0, *[_PRIOR_SD**-2] * len(slopes), *[0.0] * others.shape[1]])
    pull = ridge @ np.concatenate([[0.0], slopes, np.zeros(others.shape[1])])
    mean, phi, tau2 = (y + y.mean()) / 2, 1.0, 0.05
    beta = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        weight = mean / (phi + tau2 * mean)
        covariance = np.linalg.inv(x.T @ (weight[:, None] * x) + ridge)
        new = covariance @ (x.T @ (weight * (np.log(mean) + (y - mean) / mean)) + pull)
        settled, beta = np.abs(new - beta).max() < 1e-6, new
        mean = np.exp(np.clip(x @ beta, -9, 14))
        leverage = mean / (phi + tau2 * mean) * np.einsum("ij,jk,ik->i", x, covariance, x)
        if settled:
            break
        phi, tau2 = _spread(y - mean, mean, leverage)
    variance = phi * mean + tau2 * mean**2
    loss = float((np.log(variance) + (y - mean) ** 2 / variance).sum())
    return _Fit(shift, centre, beta, covariance, phi, tau2, len(y) - float(leverage.sum()) - 2, mean, leverage, loss)


def _spread(residual: FloatArray, mean: FloatArray, leverage: FloatArray) -> tuple[float, float]:
    """phi >= 1 and tau2 >= 0 of a variance phi · mean + tau2 · mean²: means over the pairs that residuals allow.

    Each pair of a grid weighs exp(log likelihood) of the residuals as normal (pseudo-likelihood). The likeliest pair
    alone often has tau2 = 0 by chance, which makes the variance of areas busier than most far too small.
    """
    phi, tau2 = (part.ravel()[:, None] for part in np.meshgrid(_PHIS, _TAUS2))
    variance = phi * mean + tau2 * mean**2
    fit = -(np.log(variance) + residual**2 / np.maximum(1 - leverage, 0.1) / variance).sum(axis=1) / 2
    weights = np.exp(fit - fit.max())
    weights /= weights.sum()
    return float(weights @ phi[:, 0]), float(weights @ tau2[:, 0])


def _calibration(y: FloatArray, fit: _Fit) -> tuple[float, float]:
    """How far the placebos lie below and above their predictions, in units of the model (1 or more).

    Risk that drifts has long tails above; the root mean squares of the normal scores below and above, drawn towards 1
    as if ten more areas had been just as the model says, tell each side its own width, no narrower than the model's.
    """
    left = np.clip(1 - fit.leverage, 0.1, 1)
    low, _ = mid_tails(y, fit.mean, fit.phi * left, fit.tau2 * left)
    score = stats.norm.ppf(np.clip(low, 1e-9, 1 - 1e-9))
    return tuple(
        max(1.0, float(np.sqrt(((part**2).sum() + _CALIBRATION) / (len(part) + _CALIBRATION))))
        for part in (score[score < 0], score[score >= 0])
    )  # type: ignore[return-value]


def ratio_estimate(model: PlaceboModel, observed: float, expected: Expectation) -> Estimate:
    """Observed over expected with its interval: the ratios that the two tails do not exclude."""
    if expected.mean <= 0:
        return UNKNOWN

    def crossing(side: int) -> float:
        def gap(log_ratio: float) -> float:
            return float(model.tails(observed, expected, np.exp(log_ratio))[side]) - SHOWN_TAIL

        if gap(-12.0) * gap(12.0) > 0:
            return -np.inf if side else np.inf
        return float(optimize.brentq(gap, -12.0, 12.0, xtol=1e-7))

    low = float(np.exp(crossing(1))) if observed > 0 else 0.0
    return Estimate(observed / expected.mean, low, float(np.exp(crossing(0))))


# From so many placebos on something can be shown or likely.
ENOUGH_PLACEBOS: Final = 20
# Like areas come out so low (or so high) by themselves in fewer cases than this: a fall (a rise) is shown, or likely.
SHOWN_TAIL: Final = 0.025
LIKELY_TAIL: Final = 0.04


Grade = Literal["clear", "probable", "open"]
_OUTSIDE_ALL: Final = Message("Too few to tell: no other area has nearly as many alerts.")
_NO_PLACEBOS: Final = Message(
    "Too few to tell: too few similar areas, or too short a time before the start, to know how counts change by chance."
)
_FEW_PLACEBOS: Final = Message("Too few to tell: there are fewer than {n} similar areas.", {"n": ENOUGH_PLACEBOS})


@dataclass(frozen=True)
class PlanTiming:
    """When a plan's areas, dates and test were set: `fixed` where the history proves that it was before the start.

    `set_on`: the day of the last change of them, None where there is no history.
    """

    fixed: bool
    set_on: dt.date | None = None

    @property
    def why(self) -> Message | None:
        """Why a comparison is no test: what it compares may have been chosen by the outcome."""
        if self.fixed:
            return None
        if self.set_on is None:
            return Message("This is no test: nothing shows that areas and dates were fixed before the start.")
        return Message("This is no test: areas or dates were set on {day}, after the start.", {"day": self.set_on})


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of an area, or of the alerts of one gender there, against similar areas without the measure.

    `grade`: how sure a difference is, None where nothing is told, and then `why` not; `observed`: alerts after the
    start; `before`: those of the period before, brought to the length of the period after; `city`: what they would have
    become had they changed as all similar areas did; `expected`: with the return to the mean; `ratio`: observed to
    expected with its interval; `placebos`: how many, `areas` of them in the same weeks, the others earlier periods of
    these; `times`: how much more counts vary than those of independent alerts.
    """

    grade: Grade | None = None
    why: Message | None = None
    observed: float = float("nan")
    before: float = float("nan")
    city: float = float("nan")
    expected: float = float("nan")
    ratio: Estimate = UNKNOWN
    placebos: int = 0
    areas: int = 0
    times: float = float("nan")

    @property
    def direction(self) -> int:
        """-1 for fewer alerts than expected, 1 for more, 0 where that may be chance or is not told."""
        return int(np.sign(self.observed - self.expected)) if self.grade in ("clear", "probable") else 0

    @property
    def difference(self) -> Estimate:
        """Alerts more (or fewer, below zero) than expected, with the interval."""
        limits = (self.expected * (limit - 1) for limit in (self.ratio.low, self.ratio.high))
        return Estimate(self.observed - self.expected, *limits)

    def sentence(self, t: Translator) -> str:
        """How many fewer or more than expected, and how sure; or why nothing can be told."""
        sure = grade_words(t, self.grade, meaning=True) if self.grade else t(self.why) if self.why else ""
        return f"{self._difference_in_words(t)} {sure}".strip()

    def _difference_in_words(self, t: Translator) -> str:
        if not self.ratio.known:
            return ""
        found = self.difference
        values = {"low": amount_in_words(found.low, t), "high": amount_in_words(found.high, t)}
        n = round(found.value)
        if not n:
            return t("As many alerts as expected (from {low} to {high}).", **values)
        if n < 0:
            return t.n(
                "{n} alert fewer than expected (from {low} to {high}).",
                "{n} alerts fewer than expected (from {low} to {high}).",
                -n,
                **values,
            )
        return t.n(
            "{n} alert more than expected (from {low} to {high}).",
            "{n} alerts more than expected (from {low} to {high}).",
            n,
            **values,
        )

    def doubts(self) -> tuple[Message, ...]:
        """What the expectation rests on: similar areas, how they vary, and the return to the mean."""
        if not self.ratio.known:
            return ()
        values = {"n": self.placebos, "here": self.areas, "times": Num(self.times, 1)}
        similar = Message(
            "Expected: by {n} comparisons with similar areas without the measure, {here} of them in the same weeks. "
            "Counts vary {times} times as much as independent ones; so does the interval.",
            values,
        )
        counts = {name: Num(getattr(self, name), 0) for name in ("before", "city", "expected")}
        back = Message(
            "{before} alerts before, brought to the same length of time; {city} had the area changed as similar ones "
            "did; {expected} when the return of places to their usual level (regression to the mean) is taken in.",
            counts,
        )
        return similar, back


def amount_in_words(value: float, t: Translator) -> str:
    """A difference in words: "44 fewer", "1 more"."""
    if not np.isfinite(value):
        return t("no limit")
    count = Num(round(abs(value)), 0)
    if round(abs(value)) == 1:
        return t.c("one alert", "{n} fewer", n=count) if value < 0 else t.c("one alert", "{n} more", n=count)
    return t.c("alerts", "{n} fewer", n=count) if value < 0 else t.c("alerts", "{n} more", n=count)


def placebo_verdict(
    model: PlaceboModel | None,
    observed: float,
    expected: Expectation | None,
    *,
    before: float,
    growth: float = 1.0,
    why: Message | None = None,
) -> Verdict:
    """Judge an area by what similar areas did.

    Clear: the interval leaves 1 out; probable: similar areas come out so low (or so high) by themselves in fewer than
    4 % of cases. No grade is told where there is a reason `why` not (`PlanTiming.why`), or beside fewer than 20
    placebos: how often it would be false is not known. Nothing is told without a model (`fit_placebos`), or where more
    than twice the largest placebo's count is expected.

    Parameters
    ----------
    observed, before : alerts after, and before (brought to the length of the period after)
    expected : by the model, from the counts in the windows of its history (`PlaceboModel.expect`)
    growth : what all similar areas' counts after are to theirs before, both of the lengths of the periods compared
    """
    if model is None or expected is None or model.is_outside(expected):
        nothing = _NO_PLACEBOS if model is None or expected is None else _OUTSIDE_ALL
        return Verdict(why=nothing, observed=observed, before=before)
    tail = min(float(chance) for chance in model.tails(observed, expected))
    grade: Grade = "clear" if tail < SHOWN_TAIL else "probable" if tail < LIKELY_TAIL else "open"
    reason = why or (_FEW_PLACEBOS if model.n < ENOUGH_PLACEBOS else None)
    return Verdict(
        grade=None if reason else grade,
        why=reason,
        observed=observed,
        before=before,
        city=before * growth,
        expected=expected.mean,
        ratio=ratio_estimate(model, observed, expected),
        placebos=model.n,
        areas=model.areas,
        times=float(np.sqrt(model.phi + (model.tau2 + expected.variance) * expected.mean)),
    )


def shared_out(expected: Expectation, before: Mapping[str, float]) -> dict[str, Expectation]:
    """The expectation of an area by part, such as a gender, as its alerts before were: the parts add up to the whole.

    Each part's share is (n + ½) of all, with the variance of its logarithm for a multinomial.

    >>> parts = shared_out(Expectation(60.0, 0.0), {"women": 19.5, "men": 9.5})
    >>> parts["women"].mean, round(parts["women"].variance, 4)
    (40.0, 0.0167)
    """
    whole = sum(before.values()) + len(before) / 2
    return {
        name: Expectation(expected.mean * (n + 0.5) / whole, expected.variance + 1 / (n + 0.5) - 1 / whole)
        for name, n in before.items()
    }


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

    def stated(self, baseline: float) -> float:
        """The alerts in fives, upward: a plan keeps it, which everybody may read, and the number would tell counts.

        More than the baseline where no fall would be found: that is known, unlike a fall that is None in a plan.
        """
        return float(5 * (math.floor(baseline / 5) + 1 if self.alerts is None else math.ceil(self.alerts / 5)))

    def sentence(self, days: int, t: Translator) -> str:
        """How large a fall must be to be seen in so many days."""
        return t(NO_FALL) if self.alerts is None else fall_sentence(self.alerts, self.before, days, t)


NO_FALL: Final = Message("With so few alerts no fall could be shown: widen the area or agree on a second indicator.")
FALL_UNKNOWN: Final = Message(
    "How large a fall must be to be shown is not known, because an area, alerts, similar areas or time before are "
    "lacking: agree on a second indicator."
)


def fall_sentence(alerts: float | None, before: float, days: int, t: Translator) -> str:
    """The smallest fall that would be shown, in alerts and as a share of those before in as many days; that none could
    be; or, for None, that it is not known.
    """
    if alerts is None or alerts > before:
        return t(FALL_UNKNOWN if alerts is None else NO_FALL)
    return t(
        "Only a fall of at least {alerts} of {before} alerts in {days} days ({share}) would be shown four times in "
        "five.",
        alerts=Num(math.ceil(alerts), 0),
        before=Num(before, 0),
        days=days,
        share=t.percent(alerts / before),
    )


def smallest_shown_drop(model: PlaceboModel, expected: Expectation, *, power: float = 0.8) -> DetectableDrop:
    """The smallest fall that the verdict would show with a power of 80 %, given how similar areas vary by themselves.

    The largest count that the verdict would call a fall is found, then the smallest fall, in steps of one percent, that
    leads to so small a count in `power` of the cases.
    """
    counts, shares = np.arange(0, np.ceil(expected.mean) + 1), np.arange(1, 101) / 100
    most = counts[model.tails(counts, expected)[0] < SHOWN_TAIL].max(initial=-1)
    # A count of at most `most` is a fall: its chance, whole, not by half, where the true ratio is 1 - share.
    reached = model.tails(most + 0.5, expected, np.maximum(1 - shares, 1e-9))[0] >= power
    if expected.mean <= 0 or most < 0 or not reached.any():
        return DetectableDrop(None, None, expected.mean, power)
    share = float(shares[reached][0])
    return DetectableDrop(share, share * expected.mean, expected.mean, power)
