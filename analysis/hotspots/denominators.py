"""What a place is compared with beside its land: all alerts, or residents; and shrunken rates on such a base.

Empirical Bayes: rates of small areas shrunk towards the common mean.

What a place is compared with beside its land: all alerts, or residents; and rates by cell on such a base.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message, Num


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

    def of(self, count: float, base: float) -> float:
        """The rate of several cells together, shrunk in the same way; NaN without a base."""
        if not base > 0:
            return float("nan")
        weight = float(shrinkage_weights(self.variance, self.scatter, np.asarray(base, dtype=float)))
        return weight * count / base + (1 - weight) * self.mean


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


DenominatorKind = Literal["land", "alerts", "residents"]
LAND: Final = "land"
# Rates by residents are given for so many of them.
RATE_PER: Final = 1000
# Cells without a base say nothing; fewer cells than this show no spread between cells.
MIN_CELLS: Final = 3


@dataclass(frozen=True)
class Denominator:
    """The base population of every cell.

    kind : "alerts" (all alerts of the same period) or "residents".
    frame : DataFrame, index cell (int64)
        n, least (what a place of that cell alone counts as at least, so that a sliver of land is not tested against
        next to nobody; 0 for alerts). A cell of the mask that is absent, or whose n is NaN, has no known base: it is
        not tested, and its alerts are left out.
    choices : how the base was made.
    """

    kind: DenominatorKind
    frame: pd.DataFrame
    choices: tuple[Choice, ...] = ()

    @classmethod
    def of(cls, counts: pd.Series, kind: DenominatorKind = "alerts", choices: tuple[Choice, ...] = ()) -> Denominator:
        """A base that is known exactly (Series, index cell)."""
        return cls(kind, pd.DataFrame({"n": counts, "least": 0.0}), choices)

    @property
    def total(self) -> float:
        """The base of the whole city: sum over cells."""
        return float(self.frame["n"].sum())


def cell_rates(counts: FloatArray, base: FloatArray, *, shares: bool = False) -> SmoothedRates:
    """Rates of cells with empirical Bayes shrinkage; `shares`: the alerts counted are part of the base.

    Parameters
    ----------
    counts, base : arrays, shape (m,)
        Alerts and base by cell, NaN where they are not known. Only cells with both, and with a base above
        zero, get a rate and enter the mean and the spread.
    """
    known = np.isfinite(counts) & np.isfinite(base) & (base > 0)
    if known.sum() < MIN_CELLS or not counts[known].sum():
        mean = float(counts[known].sum() / base[known].sum()) if known.any() else float("nan")
        some = np.ones(int(known.sum()))
        found = SmoothedRates(mean * some, counts[known] / base[known], 0 * some, mean, 0.0, 0.0)
    else:
        found = empirical_bayes(counts[known], base[known], shares=shares)
    rates, raw, weights = np.full((3, len(counts)), np.nan)
    rates[known], raw[known], weights[known] = found.rates, found.raw, found.weights
    return SmoothedRates(rates, raw, weights, found.mean, found.variance, found.scatter)


def rate_choices(kind: DenominatorKind, rates: SmoothedRates) -> tuple[Choice, ...]:
    """How the rates were made, and what they cannot say."""
    if kind == "alerts":
        message = Message(
            "Shares by place are shrunk towards that of the city ({mean} %) by as much as chance could have moved "
            "them (empirical Bayes), so that three alerts of four do not look like a share of 75 %.",
            {"mean": Num(100 * rates.mean, 1)},
        )
    else:
        message = Message(
            "Rates by place are shrunk towards that of the city ({mean} per 1,000 residents) by as much as chance "
            "could have moved them (empirical Bayes).",
            {"mean": Num(RATE_PER * rates.mean, 1)},
        )
    return (Choice("rates", rates.variance, message),)
