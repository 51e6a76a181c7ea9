"""How overdispersed counts and shares are, learned from their own past, and what tests and intervals make of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from analysis.stats.bursts import burst_factor, neighbours
from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message, Num, Translator

# Of this many independent squares or more a dispersion is known.
LEAST_FREEDOM: Final = 8.0
# Squares of neighbouring differences share a period: two of them hold as much as 4/3 independent ones.
_SHARED: Final = 1.5
# The squares of a row with V on average scatter as those of normal ones times (1 + _SMALL / V).
_SMALL: Final = 2.0
# A dispersion is itself estimated: it is raised by as much as Student's quantile exceeds the normal one here.
_ALLOWED_AT: Final = 1e-3
# A dispersion under which nobody would call reports overdispersed.
HARDLY: Final = 1.1
_NOTED: Final = 1.25  # times as wide, from which a reader is told that it is because of a short past
ONE_BY_ONE: Final = Message("Reports here come one by one: counts scattered no more in the past than chance explains.")


@dataclass(frozen=True)
class Dispersion:
    """How many times the variance of counts is that of independent ones: `phi`, at least 1.

    `freedom`: of how many independent squares it is made. `known`: whether the past says it, and not only hints at it.
    """

    phi: float
    freedom: float
    known: bool = True

    @cached_property
    def value(self) -> float:
        """The dispersion with the allowance for being estimated: at 1 in 1,000 Student's quantile by the normal one,
        squared; with 10 degrees of freedom 1.8, with 100 1.05.
        """
        if not self.known or not np.isfinite(self.freedom):
            return max(1.0, self.phi)
        return max(1.0, self.phi * float((stdtrit(self.freedom, _ALLOWED_AT) / ndtri(_ALLOWED_AT)) ** 2))

    @property
    def widening(self) -> float:
        """How many times as wide an interval is."""
        return float(np.sqrt(self.value))

    def sentence(self, t: Translator) -> str:
        """How much wider intervals are, or that it is not known."""
        return t(self.message)

    @property
    def message(self) -> Message:
        """The sentence, for a setting that tells itself."""
        if not self.known:
            return Message(
                "Whether reports here come in bursts cannot be told from so short a past: what is found may be less "
                "sure than it looks."
            )
        if np.isinf(self.freedom) and self.value == 1:
            return Message("Counts are taken as independent of one another.")
        values = {"times": Num(self.widening, 1)}
        if self.phi >= HARDLY:
            return Message(
                "Reports here come in bursts, as they did in the past: intervals are {times} times as wide.", values
            )
        if self.widening < _NOTED:
            return ONE_BY_ONE
        return Message(
            "Counts here scattered no more in the past than chance explains, but that past is short: intervals are "
            "{times} times as wide, to be safe.",
            values,
        )

    @property
    def choice(self) -> Choice:
        """The setting that tells itself."""
        return Choice("dispersion", self.value, self.message)

    @property
    def told(self) -> tuple[Choice, ...]:
        """The setting where it was looked at: nothing for counts that are taken as independent without a look."""
        return () if self == INDEPENDENT else (self.choice,)


INDEPENDENT: Final = Dispersion(1.0, float("inf"))
UNKNOWN: Final = Dispersion(1.0, 0.0, known=False)


def dispersion_of_series(counts: Any, totals: Any = None, population: Any = None) -> Dispersion:
    """The dispersion of rows of counts from neighbouring periods (`analysis.stats.bursts.burst_factor`).

    Parameters
    ----------
    counts, totals, population
        As for `burst_factor`: shape (rows, periods), what the rows are parts of, and of how many where they are shares.

    Returns
    -------
    Dispersion
        `UNKNOWN` where the past holds nothing, and not `known` where it holds fewer than `LEAST_FREEDOM` squares.

    Examples
    --------
    >>> dispersion_of_series([[4, 6, 5, 5, 4, 6, 5, 5] * 4]).phi
    1.0
    """
    table = np.asarray(counts, float)
    if not len(table) or table.shape[1] < 2:
        return UNKNOWN
    _, spread = neighbours(table, totals, population)
    pairs = (spread > 0).sum(axis=1)
    mean = spread.sum(axis=1) / np.maximum(pairs, 1)
    held = 1 - 1 / len(table) if totals is not None and len(table) > 1 else 1.0  # rows of one whole add up to it
    freedom = held * float((pairs / _SHARED * mean / (mean + _SMALL)).sum())
    if not freedom:
        return UNKNOWN
    return Dispersion(
        float(burst_factor(table, totals=totals, population=population)[0]), freedom, freedom >= LEAST_FREEDOM
    )


def dispersion_of_shares(part: Any, whole: Any) -> Dispersion:
    """The dispersion of shares (women among women and men, say) of rows, from neighbouring periods.

    The later part of both is expected in the proportion of the later whole and of the share of all rows then: a change
    common to all is no burst. `part`, `whole`: arrays of shape (rows, periods).
    """
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    expected = whole
    if len(part) > 1:
        sums = np.nansum(whole, axis=0)
        share = np.divide(np.nansum(part, axis=0), sums, out=np.zeros_like(sums), where=sums > 0)
        expected = whole * share
    return dispersion_of_series(part, expected, whole)


def spread_p(p: Any, dispersion: Any, *, tails: int = 2) -> FloatArray:
    """P-values of exact tests under counts whose variance is `dispersion` times as large.

    The normal quantile of each p is divided by the root of the dispersion. For laws with no continuous form
    (hypergeometric) this stands in for effective counts x / dispersion: both divide the log likelihood ratio by the
    dispersion. `tails`: 2 for two-sided p-values; one-sided ones above a half stay as they are.
    """
    scale = np.sqrt(np.maximum(np.asarray(dispersion, float), 1.0))
    values, scale = np.broadcast_arrays(np.asarray(p, float), scale)
    tail = ndtr(ndtri(np.minimum(values / tails, 0.5)) / scale)
    return np.where((scale > 1) & (values / tails < 0.5), np.minimum(1.0, tails * tail), values)
