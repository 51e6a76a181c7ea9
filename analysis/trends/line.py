"""The line of a count by week, month or day: what each period let expect before it, and where its level shifted.

One model serves band, shifts and forecast. The expected count is level x season. The season (two harmonics from two
years on; of days the weekdays) is a quasi-Poisson regression on what came before, learned anew as the past grows. The
level is a discounted mean of the periods before, since the last shift (`partition` of what came before); how fast it
forgets is chosen by what predicted best so far. The dispersion is that of the predictions themselves, so that a level
that drifts makes the band wider. No count makes the band that it is judged by.

Shifts are looked for in both directions alike. Counts are taken as quasi-Poisson round a level that is constant between
shifts, times an exposure (the season, and the part that is reported). Of all partitions into levels of at least
`shortest` periods that one is found whose deviance plus `PENALTY` · ln n · dispersion for each further level is least
(optimal partitioning). A single period that differs from both its neighbours is an event and no level: its count is
limited by theirs first.

Smith, R. L. and Miller, J. E. (1986). A non-Gaussian state space model and application to prediction of records. JRSS B
48, 79-88 (the discounted gamma level of a count). McCullagh, P. and Nelder, J. A. (1989). Generalized linear models,
2nd ed., chapters 6 and 9.

Jackson, B. et al. (2005). An algorithm for optimal partitioning of data on an interval. IEEE Signal Processing Letters
12, 105-108. Killick, R., Fearnhead, P. and Eckley, I. A. (2012). Optimal detection of changepoints with a linear
computational cost. JASA 107, 1590-1598.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from curim_data.model import FloatArray, IntArray

# What a further level costs, in logarithms of the number of periods times the dispersion.
PENALTY: Final = 3.0
# Squared differences are limited to so many times the dispersion, and what is then left of one of normal counts.
_DIFFERENCE_LIMIT: Final = float(stats.chi2.ppf(0.8, 1))
_DIFFERENCE_LEFT: Final = float(stats.chi2.cdf(_DIFFERENCE_LIMIT, 3) + 0.2 * _DIFFERENCE_LIMIT)
# How far a count may lie beyond both its neighbours, in standard deviations.
_REACH: Final = 3.0
# Distances of periods, of which the differences tell the dispersion.
_DISTANCES: Final = (1, 4, 13)


@dataclass(frozen=True)
class Partition:
    """The best partition of a series, and of all that precede its periods.

    `last`: for every number of periods k from 0 to n, where the last level of the first k periods begins. `counts`:
    with events limited; `exposure`: of each. `dispersion`: as `neighbour_dispersion`.
    """

    counts: FloatArray
    exposure: FloatArray
    last: IntArray
    dispersion: float

    @property
    def starts(self) -> list[int]:
        """Where the levels of the whole series begin, in order; the first is 0."""
        found, end = [], len(self.counts)
        while end:
            end = int(self.last[end])
            found.append(end)
        return found[::-1]

    @property
    def levels(self) -> FloatArray:
        """The level of each period: counts for an exposure of 1."""
        starts = self.starts
        if not starts:
            return np.array([])
        rate = np.add.reduceat(self.counts, starts) / np.add.reduceat(self.exposure, starts)
        return np.repeat(rate, np.diff([*starts, len(self.counts)]))


def partition(
    counts: FloatArray,
    exposure: FloatArray,
    shortest: int = 2,
    *,
    free: Collection[int] = (),
    dispersion: float | None = None,
    length: int | None = None,
) -> Partition:
    """The levels of a series.

    Parameters
    ----------
    counts, exposure
        Shape (n,), all known; exposures above zero.
    shortest
        Periods that a level lasts at least.
    free
        Positions at which a level may begin without a cost.
    dispersion
        Variance over mean, if it is known; else `neighbour_dispersion`.
    length
        The n of the cost, if it is not that of the series.
    """
    size = len(counts)
    phi = neighbour_dispersion(counts, exposure) if dispersion is None else dispersion
    y = without_events(counts, exposure, phi)
    total, mass = (np.concatenate([[0.0], np.cumsum(x)]) for x in (y, exposure))
    cost = np.full(size + 1, PENALTY * phi * np.log(max(size if length is None else length, 2)))
    cost[[0, *(at for at in free if 0 < at < size)]] = 0.0
    best, last = np.full(size + 1, -np.inf), np.zeros(size + 1, dtype=np.int64)
    best[0] = 0.0
    for end in range(shortest, size + 1):
        begin = end - shortest + 1
        n = total[end] - total[:begin]
        value = best[:begin] - cost[:begin] + 2 * special.xlogy(n, n / (mass[end] - mass[:begin]))
        last[end] = value.argmax()
        best[end] = value[last[end]]
    return Partition(y, exposure, last, phi)


def neighbour_dispersion(counts: FloatArray, exposure: FloatArray) -> float:
    """Variance over mean of the counts, at least 1, from differences of periods near each other.

    phi = sum min(d², c phi v) / (b sum v) with d the difference of two rates, v its variance if counts were Poisson,
    and b what the limit leaves of a normal difference: a shift or an event touches few of them. The largest over the
    distances of 1, 4 and 13 periods, as far as the series has eight times as many: a level that drifts makes distant
    differences larger, so that more is asked of a shift there.
    """
    found = [1.0]
    for lag in _DISTANCES:
        if lag > 1 and len(counts) < 8 * lag:
            break
        inverse = 1 / exposure[lag:] + 1 / exposure[:-lag]
        apart = (counts[lag:] / exposure[lag:] - counts[:-lag] / exposure[:-lag]) ** 2 / inverse
        level = (counts[lag:] + counts[:-lag]) / (exposure[lag:] + exposure[:-lag])
        if level.any():
            phi = float(apart.sum() / level.sum())
            for _ in range(8):
                phi = float(np.minimum(apart, _DIFFERENCE_LIMIT * phi * level).sum() / level.sum()) / _DIFFERENCE_LEFT
            found.append(phi)
    return max(found)


def without_events(counts: FloatArray, exposure: FloatArray, dispersion: float) -> FloatArray:
    """Counts with those limited that lie beyond both their neighbours by more than three standard deviations.

    The limits on the square-root scale: (sqrt(m) ± 3/2 sqrt(dispersion))², m by the nearer neighbour's rate.
    """
    if len(counts) < 2:
        return counts
    rate = counts / exposure
    left, right = np.append(rate[1], rate[:-1]), np.append(rate[1:], rate[-2])
    reach = _REACH / 2 * np.sqrt(dispersion)
    high = (np.sqrt(np.maximum(left, right) * exposure) + reach) ** 2
    low = np.maximum(np.sqrt(np.minimum(left, right) * exposure) - reach, 0) ** 2
    return np.clip(counts, low, high)


# Share of quiet periods that may lie outside the band, on both sides together.
ALPHA: Final = 0.01
# A level is another where it is so many times the one before; the second where the season is not known yet.
RATIO: Final = 1.25
RATIO_WITHOUT_SEASON: Final = 1.3
# Counted periods before the first one that is judged.
FIRST_JUDGED: Final = 8
YEARS_OF_SEASON: Final = 2
_HARMONICS: Final = 2
_WEEKS_OF_WEEKDAYS: Final = 4
# Standard deviations of the coefficients of harmonics and of weekdays before anything is known.
_SPREAD_OF_SEASON: Final = 0.3
_SPREAD_OF_WEEKDAYS: Final = 0.5
# Parts of the weight of a count that are left a period later.
_MEMORY: Final = np.array([0.4, 0.6, 0.75, 0.87, 0.94, 0.98, 1.0])
# What is left a period later of how well each predicted; and what has been seen when the first period is judged (of the
# first count nothing was predicted).
_RECALL: Final = 0.99
_ENOUGH: Final = (1 - _RECALL ** (FIRST_JUDGED - 1)) / (1 - _RECALL) - 1e-6
# The dispersion itself is known from few counts: what that adds to the variance of a prediction, as at the 99.5 % point
# of a t distribution and a little more for counts that are skewed.
_UNSURE: Final = 7.0
# What is taken to be known of the dispersion at first, and how many counts that is worth.
_FIRST_DISPERSION: Final = 3.0
_WORTH: Final = 5.0
# A count makes level and dispersion as one so many standard deviations away at most.
_LIMIT: Final = 2.58
_LEFT: Final = float(stats.chi2.cdf(_LIMIT**2, 3) + _LIMIT**2 * stats.chi2.sf(_LIMIT**2, 1))
# Relative variance of the level after a day that was noted as the first of a new one.
_BREAK: Final = 0.5
# Season and levels are learned anew whenever the past has grown by this factor.
_GROWTH: Final = 1.25


@dataclass(frozen=True)
class Shift:
    """A new level: the position of its first period, and the levels of a period before and after, without season.

    `noted`: whether it was given as a break. `recent`: whether it began within the last periods, twice as many as a
    level lasts at least: such a shift is an alarm.
    """

    at: int
    before: float
    after: float
    noted: bool = False
    recent: bool = False


@dataclass(frozen=True)
class Ahead:
    """What was to be expected of the next periods at some positions, from the counts before each.

    `mean`, `variance`: of each count, shape (positions, periods); `total`: the variance of their sum, by position.
    """

    mean: FloatArray
    variance: FloatArray
    total: FloatArray

    def bounds(self, level: float) -> tuple[FloatArray, FloatArray]:
        """The ends of the interval that holds such a share of counts, by quantiles of a negative binomial."""
        return quantiles((1 - level) / 2, self.mean, self.variance)

    def sum_bounds(self, level: float) -> tuple[FloatArray, FloatArray]:
        """The same of the sums over all periods."""
        return quantiles((1 - level) / 2, self.mean.sum(axis=1), self.total)


@dataclass(frozen=True)
class Line:
    """A series with what each period let expect.

    `expected`, `variance`: of the count of each period, before it was counted; NaN where too few came before, and where
    the period is not covered. `season`: factor of each period by what is known at the end; its mean over a year is 1.
    `shifts`: in order of time. `dispersion`: variance over mean by neighbouring differences.
    """

    expected: FloatArray
    variance: FloatArray
    season: FloatArray
    shifts: tuple[Shift, ...]
    dispersion: float
    _states: FloatArray
    _seasons: tuple[tuple[int, Season], ...]

    def bounds(self, alpha: float = ALPHA) -> tuple[FloatArray, FloatArray]:
        """Least and largest usual count: on either side lies at most alpha / 2 of quiet periods."""
        return quantiles(alpha / 2, self.expected, self.variance)

    def ahead(self, positions: Sequence[int], periods: int) -> Ahead:
        """Predict the next counts at positions from 0 to n by nothing but the counts before each; NaN where none is.

        The level is as likely to rise as to fall: with weight a and memory d its relative variance after h periods is
        phi (1 + (h - 1)(1 - d)) / a.
        """
        steps = np.arange(periods)
        rate, weight, memory, phi = self._states[list(positions)].T
        seasons = [[season for start, season in self._seasons if start <= at][-1] for at in positions]
        factor = np.array([one.factor(at + steps) for at, one in zip(positions, seasons, strict=True)])
        factor = factor.reshape(-1, periods)
        mean = rate[:, None] * factor
        spread = (phi / weight)[:, None] * (1 + steps * (1 - memory)[:, None])
        shared = spread[:, np.minimum(steps[:, None], steps)]
        total = np.einsum("pi,pij,pj->p", mean, shared, mean) + phi * mean.sum(axis=1)
        return Ahead(mean, phi[:, None] * mean + spread * mean**2, total)


@dataclass(frozen=True)
class Season:
    """Logarithms of the seasonal factor: coefficients of `design`, of which the mean over a year is taken away."""

    coefficients: FloatArray
    per_year: float
    weekdays: bool

    def factor(self, positions: FloatArray | IntArray) -> FloatArray:
        """The factor of the periods at these positions."""
        if not self.coefficients.any():
            return np.ones(len(positions))
        year = np.exp(design(np.arange(round(self.per_year)), self.per_year, self.weekdays) @ self.coefficients)
        rows = design(positions, self.per_year, self.weekdays)
        return np.asarray(np.exp(rows @ self.coefficients) / year.mean(), dtype=float)


def design(positions: FloatArray | IntArray, per_year: float, weekdays: bool) -> FloatArray:
    """Columns of the season: cosine and sine of each harmonic, of days six weekdays less a seventh."""
    angle = 2 * np.pi * np.asarray(positions) / per_year
    columns = [wave(k * angle) for k in range(1, _HARMONICS + 1) for wave in (np.cos, np.sin)]
    if weekdays:
        columns += [(np.asarray(positions) % 7 == day) - 1 / 7 for day in range(6)]
    return np.column_stack(columns).astype(float)


def fit_quasi_poisson(rows: FloatArray, counts: FloatArray, exposure: FloatArray, ridge: FloatArray) -> FloatArray:
    """Coefficients of a log-linear regression of counts with an exposure, by Newton's method.

    `ridge`: what is added to the information of each coefficient, 0: none.
    """
    found = np.zeros(rows.shape[1])
    for _ in range(50):
        mean = exposure * np.exp(np.clip(rows @ found, -20, 20))
        information = rows.T @ (rows * mean[:, None]) + np.diag(ridge)
        step = np.linalg.solve(information + 1e-9 * np.eye(len(found)), rows.T @ (counts - mean) - ridge * found)
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return found


def read_line(
    counts: ArrayLike,
    per_year: float,
    *,
    reported: ArrayLike | None = None,
    breaks: Collection[int] = (),
    shortest: int = 2,
    weekdays: bool = False,
) -> Line:
    """Read a series: what each period let expect, and where the level shifted.

    Parameters
    ----------
    counts
        Shape (n,), one entry a period; NaN where not known or not covered: neither judged nor learned from.
    per_year
        Periods of a year: 365.25, 52.18 or 12; infinite where there is no season.
    reported
        Part of each period's alerts that is reported by now, above 0 to 1; None: all.
    breaks
        Positions at which a new level begins, as was noted.
    shortest
        Periods that a level lasts at least.
    weekdays
        Whether periods are days, with a pattern of seven.
    """
    y = np.array(counts, dtype=float)
    part = np.ones(len(y)) if reported is None else np.asarray(reported, dtype=float)
    return _Reader(y, part, per_year, sorted(set(breaks)), shortest, weekdays).read()


class _Reader:
    """A series while it is read from its first period to its last."""

    def __init__(
        self, y: FloatArray, part: FloatArray, per_year: float, breaks: list[int], shortest: int, weekdays: bool
    ) -> None:
        self.y, self.part, self.per_year, self.breaks = y, part, per_year, breaks
        self.shortest, self.weekdays = shortest, weekdays
        self.known = np.flatnonzero(np.isfinite(y))
        self.free = [int(np.searchsorted(self.known, at)) for at in breaks]
        self.none = Season(np.zeros(2 * _HARMONICS + 6 * weekdays), per_year, weekdays)

    def read(self) -> Line:
        size = len(self.y)
        states = np.full((size + 1, 4), np.nan)
        spread = np.full((size, 2), np.nan)
        level = _Level()
        seasons: list[tuple[int, Season]] = []
        begin, season, found = 0, self.none, self.levels(0, self.part, 0)
        for end in _ends(size, YEARS_OF_SEASON * np.round(self.per_year)):
            season = self.learn(begin, season, found)
            seasons.append((begin, season))
            factor = season.factor(np.arange(end)) * self.part[:end]
            found = self.levels(end, factor, begin)
            for at in range(begin, end):
                self.restart(level, found, factor, at)
                states[at] = level.state()
                spread[at] = level.predict(float(factor[at]))
                level.learn(float(self.y[at]), float(factor[at]))
            begin = end
        self.restart(level, found, factor, size)
        states[size] = level.state()
        season = self.learn(size, season, found)
        factor = season.factor(np.arange(size))
        found = self.levels(size, factor * self.part, size)
        spread[(~np.isfinite(self.y))] = np.nan
        return Line(
            spread[:, 0],
            spread[:, 1],
            factor,
            self.shifts(found, bool(season.coefficients[: 2 * _HARMONICS].any()) or not np.isfinite(self.per_year)),
            found.dispersion,
            states,
            tuple(seasons),
        )

    def learn(self, end: int, before: Season, found: Partition) -> Season:
        """The season by what lies before a position, and by its levels under the season as it was known before.

        Where a part of the season is learned for the first time, the levels are found anew, after it was fitted to one
        level.
        """
        size = self.known_before(end)
        harmonics = np.isfinite(self.per_year) and size >= YEARS_OF_SEASON * round(self.per_year)
        chosen = np.repeat([harmonics, size >= _WEEKS_OF_WEEKDAYS * 7], [2 * _HARMONICS, 6])
        chosen = chosen[: len(self.none.coefficients)]
        known = self.known[:size]
        y, part = self.y[known], self.part[known]
        if not chosen.any() or not y.any():
            return self.none
        rows = np.column_stack([np.ones(size), design(known, self.per_year, self.weekdays)[:, chosen]])
        spread = np.repeat([_SPREAD_OF_SEASON, _SPREAD_OF_WEEKDAYS], [2 * _HARMONICS, 6])[: len(chosen)][chosen]

        def fit(counts: FloatArray, levels: FloatArray | float, phi: float) -> Season:
            ridge = np.concatenate([[0.0], phi / spread**2])
            coefficients = np.zeros(len(chosen))
            coefficients[chosen] = fit_quasi_poisson(rows, counts, np.maximum(levels, 1e-9) * part, ridge)[1:]
            return Season(coefficients, self.per_year, self.weekdays)

        if ((before.coefficients != 0) != chosen).any():
            factor = fit(y, y.sum() / part.sum(), 1.0).factor(known)
            found = partition(y, factor * part, self.shortest, free=self.free)
        return fit(found.counts, found.levels, found.dispersion)

    def known_before(self, end: int) -> int:
        """How many counts are known before a position."""
        return int(np.searchsorted(self.known, end))

    def levels(self, end: int, factor: FloatArray, begin: int) -> Partition:
        """The levels of all that precedes `end`, with dispersion and length of what precedes `begin`."""
        known = self.known[: self.known_before(end)]
        some = self.known[: self.known_before(begin)]
        return partition(
            self.y[known],
            factor[known],
            self.shortest,
            free=self.free,
            dispersion=neighbour_dispersion(self.y[some], factor[some]),
            length=len(some),
        )

    def restart(self, level: _Level, found: Partition, factor: FloatArray, at: int) -> None:
        """Let the level be that since the last shift, by the counts before a position; widen it at a noted day.

        A shift counts once it is no longer recent: until then the band is that of the level before it.
        """
        if at in self.breaks:
            level.forget()
            level.since = at
            return
        before = self.known_before(at)
        first = int(found.last[max(before - 2 * self.shortest, 0)])
        start = int(self.known[first]) if before else 0
        noted = max((day for day in self.breaks if day < at), default=0)
        if before > 1 and start != level.since and start >= noted:
            known = self.known[first:before]
            level.relearn(without_events(self.y[known], factor[known], found.dispersion), factor[known], at - known)
            level.since = start

    def shifts(self, found: Partition, seasonal: bool) -> tuple[Shift, ...]:
        """The shifts of the whole series: those that can be seen in the periods on both sides, four times as many as a
        level lasts at least; a season or a drift moves too little within them.
        """
        ratio = RATIO if seasonal else RATIO_WITHOUT_SEASON
        levels, shifts, size, near_by = found.levels, [], len(found.counts), 4 * self.shortest
        starts = found.starts
        for left, at, right in zip(starts, starts[1:], [*starts[2:], size], strict=False):
            near = [
                found.counts[part].sum() / found.exposure[part].sum()
                for part in (slice(max(at - near_by, left), at), slice(at, min(at + near_by, right)))
            ]
            if max(near) >= ratio * min(near):
                before, after = float(levels[at - 1]), float(levels[at])
                shifts.append(
                    Shift(int(self.known[at]), before, after, at in self.free, size - at <= 2 * self.shortest)
                )
        return tuple(shifts)


class _Level:
    """The level of a line under each memory, and how well each has predicted."""

    def __init__(self) -> None:
        self.counts, self.exposure = np.zeros(len(_MEMORY)), np.zeros(len(_MEMORY))
        self.squares, self.deviance = np.zeros(len(_MEMORY)), np.zeros(len(_MEMORY))
        self.seen, self.since = 0.0, 0

    @property
    def weight(self) -> FloatArray:
        """Counts that the level is known from; half of one before any."""
        return self.counts + 0.5

    @property
    def dispersion(self) -> FloatArray:
        """Variance over mean of what was predicted, at least 1, by memory."""
        total = self.squares + _FIRST_DISPERSION * _WORTH
        return np.asarray(np.maximum(total / (self.seen + _WORTH), 1), dtype=float)

    def state(self) -> tuple[float, float, float, float]:
        """Level, the counts that it is known from, memory and dispersion, of the memory that predicted best."""
        best = int(self.deviance.argmin())
        if not self.exposure[best]:
            return (np.nan,) * 4
        weight = self.weight[best]
        return weight / self.exposure[best], weight, _MEMORY[best], self.dispersion[best]

    def predict(self, factor: float) -> tuple[float, float]:
        """Mean and variance of the next count; NaN where too few are known."""
        if self.seen < _ENOUGH:
            return np.nan, np.nan
        rate, weight, _, phi = self.state()
        mean = rate * factor
        return mean, phi * (mean + mean**2 / weight) * (1 + _UNSURE / self.seen)

    def learn(self, count: float, factor: float) -> None:
        """Take the count of a period in; NaN: time passes."""
        if np.isfinite(count):
            if self.exposure.any():
                mean = self.weight / self.exposure * factor
                variance = mean + mean**2 / self.weight
                phi = self.dispersion
                square = np.minimum((count - mean) ** 2 / variance, _LIMIT**2 * phi)
                self.squares = _RECALL * self.squares + square / _LEFT
                self.seen = _RECALL * self.seen + 1
                off = 2 * (special.xlogy(count, count / mean) - count + mean)
                self.deviance = _RECALL * self.deviance + np.minimum(off, _LIMIT**2 * phi.min())
                reach = _LIMIT * np.sqrt(phi * variance)
                self.counts += np.clip(count, mean - reach, mean + reach)
            else:
                self.counts += count
            self.exposure += factor
        self.counts *= _MEMORY
        self.exposure *= _MEMORY

    def relearn(self, counts: FloatArray, exposure: FloatArray, age: IntArray) -> None:
        """Let the level be that of these counts alone; `age`: periods since each."""
        share = _MEMORY[:, None] ** age
        self.counts, self.exposure = share @ counts, share @ exposure

    def forget(self) -> None:
        """Know next to nothing of the level, as before a new one."""
        left = np.minimum(self.dispersion / _BREAK / self.weight, 1)
        self.counts, self.exposure = np.maximum(self.weight * left - 0.5, 0), self.exposure * left


def _ends(size: int, two_years: float) -> list[int]:
    """Where each stretch ends for which season and levels are learned from what came before; one where two years do."""
    ends = {size} | ({int(two_years)} if two_years < size else set())
    end = FIRST_JUDGED
    while end < size:
        ends.add(end)
        end = int(np.ceil(end * _GROWTH))
    return sorted(ends)


def quantiles(tail: float, mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lower and upper quantile of a negative binomial with these means and variances; NaN where unknown."""
    shape = mean**2 / np.maximum(variance - mean, 1e-6 * np.maximum(mean, 1e-9))
    share = shape / (shape + mean)
    known = np.isfinite(mean)
    low, high = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    low[known] = stats.nbinom.ppf(tail, shape[known], share[known])
    high[known] = stats.nbinom.ppf(1 - tail, shape[known], share[known])
    return low, high
