"""Dispersion of counts and shares, and bursts of reports in space.

How many times the variance of counts is their mean, because one event is reported several times.

Several people report one event, and events follow one another, so counts scatter more than a Poisson law says. The
factor is learned from neighbouring periods of many series: a rate that moves slowly hardly differs between two
neighbours, while a burst of reports falls into one of them.

How overdispersed counts and shares are, learned from their own past, and what tests and intervals make of it.

Bursts of reports in space: how many reports belong together, and how far apart they lie.

Several reports of one incident that were not recognised as such make counts scatter more, the more the larger the cells
are in which they are counted: a burst that is cut by the borders of small cells looks like single reports. With bursts
of a geometric number of reports, each N(0, sigma²) from the middle of its burst in each direction (the modified Thomas
process), the variance of the count of a square of side s is

    phi(s) = 1 + (phi - 1) h(s / (sigma sqrt 2))²,    h(u) = 2 F(u) - 1 - 2 (f(0) - f(u)) / u,

times that of single reports, with F and f the normal distribution and density, and phi = 2 m - 1 for m reports in a
burst on average: h² is the probability that of two reports of a burst both lie in one square. phi and sigma are fitted
to the dispersions of cells of several sizes, each estimated from differences in time (`analysis.stats.dispersion`), so
that a place that is always dense is no burst.

Thomas, M. (1949). A generalization of Poisson's binomial limit for use in ecology. Biometrika 36, 18-25.
Diggle, P. J. (2013). Statistical Analysis of Spatial and Spatio-Temporal Point Patterns, 3rd ed., chapter 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from scipy.stats import norm

from analysis.stats.intervals import Choice
from curim_data.model import FloatArray, IntArray, Message, Num

# A group of its own counts as much as all groups together from so many independent differences on.
PRIOR_FREEDOM: Final = 40.0
# Squared differences beyond so many times what is usual count as just that: one event is no law.
MOST_TIMES: Final = 9.0


def burst_factor(
    counts: Any,
    groups: IntArray | None = None,
    *,
    totals: Any = None,
    population: Any = None,
    prior: float = PRIOR_FREEDOM,
) -> FloatArray:
    """The variance of counts by their mean, at least 1, from the differences of neighbouring periods.

    Of two neighbours with the sum m, the later one has, were reports independent, the mean m q and the variance V = m q
    (1 - q) (1 - m / M), with q the later part of the M alerts of both periods in all that the row is a part of: what is
    common to all rows, as a season, inflates nothing (hypergeometric law). With S the squared distance from that mean,
    the factor is sum w S / sum w V over the rows, with w = 1 / (1 + mean of V a period), so that large rows, whose
    share moves in truth too, do not decide.

    Parameters
    ----------
    counts : array, shape (rows, periods)
        Counts of series in periods that follow one another. NaN where a period is not known.
    groups : array of int, shape (rows,), optional
        The group of each row. Each has a factor of its own, shrunk towards that of all rows: as many pairs with reports
        as `prior` weigh as much as all together.

    totals : array, shape (periods,) or (rows, periods), optional
        What the rows are parts of in the same periods. Without, each stands against its own past: q = 1/2, M infinite.
    population : array, shape (rows, periods), optional
        Where counts are shares: of how many alerts each is a part (M); `totals` then say in which proportion.

    Returns
    -------
    array, shape (number of groups,) or (1,)
        1 where nothing is known.

    References
    ----------
    von Neumann, J. et al. (1941). The mean square successive difference. Annals of Mathematical Statistics 12, 153-162.

    Examples
    --------
    >>> burst_factor([[4, 6, 5, 5, 4, 6, 5, 5]]).tolist()
    [1.0]
    >>> burst_factor([[0, 9, 0, 0, 12, 0, 9, 0]]).round(1).tolist()
    [10.2]
    """
    table = np.asarray(counts, float)
    if table.shape[1] < 2 or not len(table):
        return np.ones(1 if groups is None else int(np.max(groups, initial=-1)) + 1)
    squares, spread = neighbours(table, totals, population)
    pairs = (spread > 0).sum(axis=1)
    weight = 1 / (1 + spread.sum(axis=1) / np.maximum(pairs, 1))
    of_all = _factor(squares, spread, weight)
    if groups is None:
        return np.array([of_all])
    size = int(groups.max(initial=-1)) + 1
    found, freedom = np.ones(size), np.bincount(groups, pairs, size)
    for group in np.flatnonzero(freedom):
        rows = groups == group
        found[group] = _factor(squares[rows], spread[rows], weight[rows])
    return np.asarray(np.maximum(1.0, (freedom * found + prior * of_all) / (freedom + prior)))


def neighbours(counts: Any, totals: Any = None, population: Any = None) -> tuple[FloatArray, FloatArray]:
    """Of each row and pair of neighbouring periods the squared distance S from what is expected, and V; 0 for none."""
    table = np.asarray(counts, float)
    left, right = table[:, :-1], table[:, 1:]
    both, part, rest = left + right, np.array(0.5), np.array(1.0)
    if totals is not None:
        whole = np.asarray(totals, float)
        of = whole if population is None else np.asarray(population, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = whole[..., 1:] / (whole[..., :-1] + whole[..., 1:])
            rest = 1 - both / (of[..., :-1] + of[..., 1:])
    with np.errstate(invalid="ignore"):
        squares, spread = (right - both * part) ** 2, both * part * (1 - part) * rest
    known = np.isfinite(spread) & (spread > 0)
    return np.where(known, squares, 0.0), np.where(known, spread, 0.0)


def _factor(squares: FloatArray, spread: FloatArray, weight: FloatArray) -> float:
    """The weighted ratio, at least 1; squared differences beyond `MOST_TIMES` what is usual are cut, repeatedly."""
    value = 1.0
    for _ in range(8):
        cut = np.minimum(squares, MOST_TIMES * max(value, 1.0) * spread + 1.0)
        total = float((weight[:, None] * spread).sum())
        value = float((weight[:, None] * cut).sum()) / total if total else 1.0
    return max(1.0, value)


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
_NOTED: Final = 1.25  # times as wide, from which a reader is told so


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
    def choices(self) -> tuple[Choice, ...]:
        """How much wider intervals are, or that it is not known; nothing where they are hardly wider."""
        wider = float(np.sqrt(self.value))
        if not self.known:
            told = Message(
                "Whether reports here come in bursts cannot be told from so short a past: what is found may be less "
                "sure than it looks."
            )
        elif self.phi >= HARDLY or wider >= _NOTED:
            told = Message(
                "Reports here come in bursts, or may do so: intervals are {times} times as wide.",
                {"times": Num(wider, 1)},
            )
        else:
            return ()
        return (Choice("dispersion", self.value, told),)


INDEPENDENT: Final = Dispersion(1.0, float("inf"))
UNKNOWN: Final = Dispersion(1.0, 0.0, known=False)


def dispersion_of_series(counts: Any, totals: Any = None, population: Any = None) -> Dispersion:
    """The dispersion of rows of counts from neighbouring periods (`analysis.stats.dispersion.burst_factor`).

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


# Standard deviations of a burst that are tried, in metres: what scatters farther is no burst at a place.
SPREADS: Final = tuple(float(metres) for metres in np.geomspace(5, 500, 93))

# A dispersion that is taken as known exactly weighs as one that is made of so many squares.
MOST_FREEDOM: Final = 1e6


@dataclass(frozen=True)
class ReportBursts:
    """`reports` of a burst on average (geometric, at least 1), each `metres` from its middle in each direction (a
    standard deviation). `known`: whether the past says it.
    """

    reports: float
    metres: float
    known: bool = True

    @property
    def alone(self) -> bool:
        """Whether reports come one by one, as far as is known."""
        return self.reports <= 1

    def dispersion(self, side: float) -> float:
        """Of counts in squares with sides of so many metres: their variance by that of single reports."""
        return 1.0 if self.alone else float(1 + 2 * (self.reports - 1) * _together(side, self.metres))

    def sizes(self, n: int, random: np.random.Generator) -> IntArray:
        """The reports of each burst, one after the other until there are n; the last burst ends there."""
        found = np.zeros(0, dtype=np.int64)
        while found.sum() < n:
            more = int((n - found.sum()) / self.reports) + 10
            found = np.concatenate([found, random.geometric(1 / self.reports, more)])
        until = np.cumsum(found)
        last = int(np.searchsorted(until, n))
        found = found[: last + 1]
        found[-1:] -= until[last : last + 1] - n
        return found

    @property
    def choices(self) -> tuple[Choice, ...]:
        """That the random maps hold such bursts, or that it is not known; nothing where reports come one by one."""
        if not self.known:
            return UNKNOWN.choices
        told = Message("Reports here come in bursts: the random maps hold such bursts too, and intervals are wider.")
        return () if self.alone else (Choice("bursts", self.reports, told),)


SINGLE: Final = ReportBursts(1.0, 0.0)
UNKNOWN_BURSTS: Final = ReportBursts(1.0, 0.0, known=False)


def fit_bursts(by_side: Mapping[float, Dispersion]) -> ReportBursts:
    """The bursts that explain the dispersions of cells by their side in metres; `UNKNOWN_BURSTS` where none is known.

    Weighted least squares over phi, for each of `SPREADS`; weights are the squares that a dispersion is made of. Each
    has its allowance for being estimated. Dispersions under which nobody would call reports overdispersed are none.
    """
    known = {side: found for side, found in by_side.items() if found.known}
    if not known:
        return UNKNOWN_BURSTS
    sides = np.array(list(known))
    beyond = np.array([found.value - 1 for found in known.values()])
    weight = np.array([min(found.freedom, MOST_FREEDOM) / found.phi**2 for found in known.values()])
    best, fitted = np.inf, SINGLE
    for metres in SPREADS:
        share = _together(sides, metres)
        more = max(0.0, float((weight * share) @ beyond) / float((weight * share) @ share))
        error = float(weight @ (beyond - more * share) ** 2)
        if error < best:
            best, fitted = error, ReportBursts(1 + more / 2, metres)
    if fitted.dispersion(float(sides.max())) < HARDLY:
        return SINGLE
    return fitted


def _together(side: FloatArray | float, metres: float) -> FloatArray:
    """The probability that two reports of a burst, of which one is in a square, both are."""
    u = np.asarray(side, float) / (metres * np.sqrt(2))
    return np.asarray((2 * norm.cdf(u) - 1 - 2 * (norm.pdf(0) - norm.pdf(u)) / u) ** 2)
