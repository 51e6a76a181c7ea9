"""What a place is compared with beside its land: all alerts, or residents; and rates by cell on such a base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.stats.empirical_bayes import SmoothedRates, empirical_bayes, shrinkage_weights
from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message, Num

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


@dataclass(frozen=True)
class CellRates:
    """Rates by cell, shrunk towards the mean of the city (`analysis.stats.empirical_bayes`); NaN without a known base.

    `mean` and `variance` (never negative) of the distribution that the rates are shrunk towards; `scatter` is the
    variance that chance gives to a rate on a base of one.
    """

    raw: FloatArray
    smooth: FloatArray
    mean: float
    variance: float
    scatter: float

    def of(self, count: float, base: float) -> float:
        """The rate of several cells together, shrunk in the same way; NaN without a base."""
        if not base > 0:
            return float("nan")
        weight = float(shrinkage_weights(self.variance, self.scatter, np.asarray(base, dtype=float)))
        return weight * count / base + (1 - weight) * self.mean


def cell_rates(counts: FloatArray, base: FloatArray, *, shares: bool = False) -> CellRates:
    """Rates of cells with empirical Bayes shrinkage; `shares`: the alerts counted are part of the base.

    Parameters
    ----------
    counts, base : arrays, shape (m,)
        Alerts and base by cell, NaN where they are not known. Only cells with both, and with a base above
        zero, get a rate and enter the mean and the spread.
    """
    known = np.isfinite(counts) & np.isfinite(base) & (base > 0)
    raw, smooth = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    if known.sum() < MIN_CELLS or not counts[known].sum():
        mean = float(counts[known].sum() / base[known].sum()) if known.any() else float("nan")
        raw[known] = counts[known] / base[known]
        smooth[known] = mean
        return CellRates(raw, smooth, mean, 0.0, 0.0)
    found: SmoothedRates = empirical_bayes(counts[known], base[known], shares=shares)
    raw[known], smooth[known] = found.raw, found.rates
    return CellRates(raw, smooth, found.mean, found.variance, found.scatter)


def rate_choices(kind: DenominatorKind, rates: CellRates) -> tuple[Choice, ...]:
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
