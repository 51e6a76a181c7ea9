"""What is usual for a period, said before it is counted: level, season and dispersion learned from what came before.

A dynamic generalised linear model of counts. The log of the rate is a level that may wander, a slope that fades, and
harmonics of the year (for days also the weekday). Each period is predicted from those before it alone, so a count
never widens the range that it is judged by, and a long history is as honest as a short one. How fast the level wanders
(q) and how much counts scatter beyond a Poisson count (phi, the variance over the mean: reports come in bursts) are not
known: models for a table of both run side by side, weighted by how well each predicted so far.

West, M., Harrison, P. J. and Migon, H. S. (1985). Dynamic generalized linear models and Bayesian forecasting. JASA 80,
73-83. Raftery, A. E., Karny, M. and Ettler, P. (2010). Online prediction under model uncertainty via dynamic model
averaging. Technometrics 52, 52-66.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from analysis.stats.intervals import Estimate
from curim_data.model import BoolArray, FloatArray

# Variance over mean of the counts, from Poisson to bursts of more than ten reports each.
_DISPERSIONS: Final = np.array([1, 1.5, 2.2, 3.3, 5, 9, 20])
# Before anything is known a dispersion of phi is phi to this power less likely than none.
_CALM: Final = 0.7
# Standard deviation of the weekly change of the log of the level.
_WANDER: Final = np.array([0.003, 0.01, 0.03, 0.08])
# Standard deviation of the coefficients of the harmonics before anything is known: ± 30 % over the year is ordinary.
_HARMONICS: Final = (0.2, 0.1, 0.06)
_WEEKDAYS: Final = 0.3
# The slope of the log of the level by week: its spread, and how much of it is left a week later.
_SLOPE: Final = 0.004
_FADE: Final = 0.98
# How much of what a model predicted well counts a week later: about four years of weeks are remembered.
_MEMORY: Final = 0.995
# A count further out than so many standard deviations moves the level only as one at the second number does: an
# outbreak is not to become usual within weeks.
_LIMIT: Final = 2.58
_OUTBREAK: Final = 1.5
_LIMIT_OF_WEIGHT: Final = 3.5
# The three as rows, and by how much of the skewness each is shifted.
_REACHES: Final = np.array([[_LIMIT], [_OUTBREAK], [_LIMIT_OF_WEIGHT]])
_SHIFTS: Final = np.array([[_LIMIT**2 - 1], [_OUTBREAK**2 - 1], [_LIMIT_OF_WEIGHT**2 - 1]])
# Standard deviation of the log of the level after a break that an analyst has marked.
_BREAK: Final = 0.7
# Periods that must have been counted before one is judged; the months or weeks of the last sums.
FIRST_JUDGED: Final = 8
MOST_AHEAD: Final = 9
_FIRST_LEVEL: Final = 4  # counts whose mean is the level at first
# Periods of the outlook: a slow rise is looked for in the last half-year of weeks.
HALF_A_YEAR: Final = 26


@dataclass(frozen=True)
class Outlook:
    """What was known before the last half-year, all models taken together, and how it goes on from there.

    `mean`, `cov`: of level, slope and season at the first of those periods; `move` and `noise`: from one period to the
    next; `design`: one row for each of them; `dispersion`: variance over mean of a count whose rate is known.
    """

    first: int
    mean: FloatArray
    cov: FloatArray
    move: FloatArray
    noise: FloatArray
    design: FloatArray
    dispersion: float

    def expected(self) -> FloatArray:
        """What was to be expected of each period."""
        rates = self._paths(np.zeros((1, len(self.design), len(self.mean))), self.mean[None, :])
        return np.asarray(rates[0], dtype=float)

    def draw(self, rng: np.random.Generator, runs: int) -> FloatArray:
        """Rates as they may have gone on if nothing happened but what happened before, one row a run."""
        start = rng.multivariate_normal(self.mean, self.cov, runs, method="eigh")
        steps = np.zeros((runs, len(self.design), len(self.mean)))
        size = steps.shape[:2]
        steps[:, :, 0] = rng.normal(0, np.sqrt(self.noise[0, 0]), size)
        steps[:, :, 1] = rng.normal(0, np.sqrt(self.noise[1, 1]), size)
        return self._paths(steps, start)

    def _paths(self, steps: FloatArray, state: FloatArray) -> FloatArray:
        rates = np.empty(steps.shape[:2])
        for at, row in enumerate(self.design):
            rates[:, at] = np.exp(np.minimum(state @ row, 30))
            state = state @ self.move.T + steps[:, at]
        return rates


@dataclass(frozen=True)
class DynamicSeason:
    """What each period let expect before it was counted.

    `expected`, `variance`, `dispersion` (variance over mean of a count whose rate is known): one entry a period, NaN
    before enough is known. `season`: the logarithm of the seasonal factor by what is known at the end. `ahead`: by k
    from 1 to 9 mean and variance of the sum of the last k periods, predicted from the time before them. `outlook`: what
    was known before the last 26 periods; None where fewer than a year lies before them.
    """

    expected: FloatArray
    variance: FloatArray
    dispersion: FloatArray
    season: FloatArray
    ahead: tuple[tuple[float, float], ...]
    outlook: Outlook | None = None

    def bounds(self, alpha: float) -> tuple[FloatArray, FloatArray]:
        """Least and largest usual count: outside on either side lies at most alpha / 2 of quiet periods.

        Quantiles of a negative binomial with the predicted mean and variance, so whole numbers.
        """
        return _quantile(alpha / 2, self.expected, self.variance), _quantile(
            1 - alpha / 2, self.expected, self.variance
        )

    def tail(self, counts: FloatArray) -> FloatArray:
        """Probability of at least so many, by period."""
        r, p = _negative_binomial(self.expected, self.variance)
        return np.asarray(stats.nbinom.sf(counts - 1, r, p), dtype=float)

    def sum_of_last(self, periods: int, level: float = 0.95) -> Estimate:
        """What the last periods together let expect, with the range that holds such a share of sums."""
        mean, variance = self.ahead[periods - 1]
        low, high = (
            float(_quantile(q, np.array([mean]), np.array([variance]))[0]) for q in ((1 - level) / 2, (1 + level) / 2)
        )
        return Estimate(mean, low, high, level)


def dynamic_season(
    counts: ArrayLike,
    per_year: float,
    *,
    complete: ArrayLike | None = None,
    breaks: Collection[int] = (),
    weekdays: bool = False,
) -> DynamicSeason:
    """Predict each count of a series from those before it.

    Parameters
    ----------
    counts
        One entry a period, NaN where not known.
    per_year
        Periods of a year: 365.25, 52.18 or 12.
    complete
        Part of each period's alerts that has been reported by now, from 0 to 1; None: all.
    breaks
        Positions at which a new level begins: what is usual is learned again from there on, the season kept.
    weekdays
        Whether periods are days, with a pattern of seven.
    """
    run = _run_of(_Series.of(counts, per_year, complete, breaks, weekdays))
    size = len(run.series.values)
    expected, variance, phi = (np.full(size, np.nan) for _ in range(3))
    seen = 0
    for at, (mean, spread, known) in enumerate(run.told):
        if seen >= FIRST_JUDGED:
            # The spread itself is known from `seen` counts only: wider, as a t distribution is.
            expected[at], variance[at], phi[at] = mean, mean + (spread - mean) * (1 + 2 / seen) + 2 / seen * mean, known
        seen += bool(np.isfinite(run.series.values[at]))
    design, half = run.design, size - HALF_A_YEAR
    outlook = run.before(half).outlook(half, design[half:]) if half >= per_year else None
    lasts = range(size - 1, max(size - MOST_AHEAD, 0) - 1, -1)
    ahead = tuple(run.before(at).sum_ahead(design[at:], run.series.reported[at:]) for at in lasts)
    return DynamicSeason(expected, variance, phi, run.end.season(design), ahead, outlook)


@dataclass(frozen=True)
class CountsAhead:
    """What was to be expected of the next periods at several positions of a series, from the counts before each.

    `mean`, `variance`: of each count, shape (positions, periods); `total`: the variance of their sum, by position.
    """

    mean: FloatArray
    variance: FloatArray
    total: FloatArray

    def last(self) -> CountsAhead:
        """What was to be expected at the last position alone."""
        return CountsAhead(self.mean[-1:], self.variance[-1:], self.total[-1:])

    def bounds(self, level: float) -> tuple[FloatArray, FloatArray]:
        """The ends of the range that holds such a share of counts, by the quantiles of a negative binomial."""
        tail = (1 - level) / 2
        return _quantile(tail, self.mean, self.variance), _quantile(1 - tail, self.mean, self.variance)

    def sum_bounds(self, level: float) -> tuple[FloatArray, FloatArray]:
        """The same of the sums over all periods."""
        tail, mean = (1 - level) / 2, self.mean.sum(axis=1)
        return _quantile(tail, mean, self.total), _quantile(1 - tail, mean, self.total)


def counts_ahead(
    counts: ArrayLike,
    per_year: float,
    periods: int,
    positions: Collection[int],
    *,
    complete: ArrayLike | None = None,
    breaks: Collection[int] = (),
) -> CountsAhead:
    """Predict the next counts at each of some positions (0 to T, in order) by nothing but the counts before it.

    `periods`: how many counts, the one at the position included; whole ones, whatever part is reported. The other
    arguments are those of `dynamic_season`.
    """
    run = _run_of(_Series.of(counts, per_year, complete, breaks))
    design, _ = _design(len(run.series.values) + periods, per_year, weekdays=False)
    whole = np.ones(periods)
    found = [run.before(at).ahead(design[at:], whole) for at in sorted(set(positions))]
    mean, variance = (np.array([one[part] for one in found]).reshape(-1, periods) for part in (0, 1))
    return CountsAhead(mean, variance, np.array([one[2] for one in found]))


@dataclass(frozen=True)
class _Series:
    """The arguments of `dynamic_season`; `values` and `reported` have an entry a period, `breaks` whether one is
    there, and of the period after the last one too.
    """

    values: FloatArray
    reported: FloatArray
    breaks: BoolArray
    per_year: float
    weekdays: bool

    @classmethod
    def of(
        cls,
        counts: ArrayLike,
        per_year: float,
        complete: ArrayLike | None,
        breaks: Collection[int],
        weekdays: bool = False,
    ) -> _Series:
        values = np.asarray(counts, dtype=float)
        reported = np.ones(len(values)) if complete is None else np.asarray(complete, dtype=float)
        at_break = np.zeros(len(values) + 1, bool)
        at_break[[at for at in breaks if 0 <= at < len(at_break)]] = True
        return cls(values, reported, at_break, per_year, weekdays)

    def alike(self, other: _Series) -> int:
        """How many periods from the first one on are the same in both."""
        if (self.per_year, self.weekdays) != (other.per_year, other.weekdays):
            return 0
        size = min(len(self.values), len(other.values))
        same = np.isclose(self.values[:size], other.values[:size], rtol=0, atol=0, equal_nan=True)
        same &= self.reported[:size] == other.reported[:size]
        same &= self.breaks[:size] == other.breaks[:size]
        return size if same.all() else int(same.argmin())

    def same(self, other: _Series) -> bool:
        """Whether all is the same in both."""
        size = len(self.values)
        return size == len(other.values) == self.alike(other) and bool(self.breaks[-1] == other.breaks[-1])


class _Run:
    """A series read from its first period to its last: what each period let expect (`told`), and the states."""

    def __init__(self, series: _Series, begun: _Run | None = None, known: int = 0) -> None:
        """`begun`: another run, which is the same in the first `known` periods: it is carried on from there."""
        self.series = series
        self.design, spread = _design(len(series.values), series.per_year, series.weekdays)
        self._first = _State(series, spread)
        self._after: list[_State] = list(begun._after[:known]) if begun is not None else []
        self.told: list[tuple[float, float, float]] = list(begun.told[:known]) if begun is not None else []
        for at in range(known, len(series.values)):
            state = self.before(at)
            self.told.append(state.predict(self.design[at], float(series.reported[at])))
            if np.isfinite(series.values[at]):
                state.learn(float(series.values[at]), float(series.reported[at]))
            self._after.append(state)

    @property
    def end(self) -> _State:
        """The state after the last period."""
        return self._after[-1] if self._after else self._first

    def before(self, at: int) -> _State:
        """A state of one's own before the count at a position."""
        state = (self._after[at - 1] if at else self._first).copy()
        state.step(bool(self.series.breaks[at]))
        return state


# The line, the alarms and the forecast of a page read one series, of which only the last periods are known differently.
RUNS: Final[deque[_Run]] = deque(maxlen=6)


def _run_of(series: _Series) -> _Run:
    """The run of a series: it begins where an earlier one is the same. Those of days are long and not kept."""
    if series.weekdays:
        return _Run(series)
    shared = [(_shared(run.series, series), run) for run in tuple(RUNS)]
    known, begun = max(shared, key=lambda pair: pair[0], default=(0, None))
    if begun is not None and begun.series.same(series):
        return begun
    run = _Run(series, begun, known) if known else _Run(series)
    RUNS.append(run)
    return run


def _shared(one: _Series, other: _Series) -> int:
    """How many periods two runs share: none where they differ among those that the first level is taken from."""
    known = one.alike(other)
    return known if np.isfinite(one.values[:known]).sum() >= _FIRST_LEVEL else 0


class _State:
    """Means and covariances of level, slope and season under every model of the table."""

    def __init__(self, series: _Series, spread: FloatArray) -> None:
        """Before the first period; `spread`: standard deviations of what is known then."""
        scale = 52.18 / series.per_year  # weeks of a period
        self.phi, wander = (side.ravel() for side in np.meshgrid(_DISPERSIONS, _WANDER))
        self.wander = wander**2 * scale
        self.slope, self.fade = _SLOPE * scale, _FADE**scale
        self.memory = _MEMORY ** max(scale, 1 / 7)
        known = series.values[np.isfinite(series.values)][: 28 if series.weekdays else _FIRST_LEVEL]
        self.inverse = 1 / self.phi
        self.mean = np.zeros((len(self.phi), len(spread)))
        self.mean[:, 0] = np.log((known.mean() if len(known) else 0) + 0.5)
        self.cov = np.tile(np.diag(np.array([1.0, self.slope, *spread[2:]]) ** 2), (len(self.phi), 1, 1))
        self.weight = -_CALM * np.log(self.phi)  # logarithms; the largest is 0, also later

    def copy(self) -> _State:
        new = object.__new__(_State)
        new.__dict__.update(self.__dict__, mean=self.mean.copy(), cov=self.cov.copy())  # no other is changed in place
        return new

    def step(self, is_break: Any = False) -> None:
        """One period on: the level follows its slope and wanders."""
        cov = self.cov
        # Views: what is written here is written there.
        pairs = (self.mean[:, 0], self.mean[:, 1]), (cov[:, 0], cov[:, 1]), (cov[:, :, 0], cov[:, :, 1])
        for level, slope in pairs:
            level += slope
        for _, slope in pairs:
            slope *= self.fade
        of_level, of_slope = cov[:, 0, 0], cov[:, 1, 1]
        of_level += (self.wander + _BREAK**2) if is_break else self.wander
        of_slope += self.slope**2 * (1 - self.fade**2)

    def shares(self) -> FloatArray:
        """The weight of each model."""
        share: FloatArray = np.exp(self.weight)
        share /= np.add.reduce(share)
        return share

    def predict(self, row: FloatArray, reported: float) -> tuple[float, float, float]:
        """Mean and variance of a count, and its dispersion, over all models; `row`: of the design, for its period."""
        self.gain = self.cov @ row
        self.var = self.gain @ row
        self.half = self.var / 2
        self.rate = np.exp(np.minimum(self.mean @ row + self.half, 30))
        self.count = self.rate * reported if reported != 1 else self.rate
        self.spread = self.phi * self.count + self.var * self.count**2
        share = self.shares()
        mean = float(share @ self.count)
        return mean, float(share @ (self.spread + (self.count - mean) ** 2)), float(share @ self.phi)

    def learn(self, count: float, reported: float) -> None:
        """Weigh the models by what they predicted, and move their levels; far counts move them no more than a limit."""
        mean, spread = self.count, self.spread
        bend = (2 * spread / mean - 1) / 6  # by the skewness of the count (Cornish and Fisher)
        limited, outbreak, near = _within(count, mean, _REACHES * np.sqrt(spread), _SHIFTS * bend)
        limited = np.where(limited == count, count, outbreak)
        r = mean**2 / np.maximum(spread - mean, 1e-6 * mean)
        both, log_rate = near + r, np.log(self.rate)
        log = special.gammaln(both) - special.gammaln(r) - special.gammaln(near + 1)
        log += near * (np.log(mean) if reported != 1 else log_rate) + r * np.log(r) - both * np.log(r + mean)
        self.weight = self.memory * self.weight + log
        self.weight -= np.maximum.reduce(self.weight)
        inverse = 1 / self.var
        shape = inverse + limited * self.inverse
        scale = inverse / self.rate + reported * self.inverse
        moved = np.log(shape / scale) - 0.5 / shape - (log_rate - self.half)
        self.mean += self.gain * (moved * inverse)[:, None]
        shrink = (1 - inverse / shape) * inverse
        self.cov -= self.gain[:, :, None] * (self.gain * shrink[:, None])[:, None, :]

    def outlook(self, at: int, design: FloatArray) -> Outlook:
        """All models taken together, before the period at a position; `design`: from that period on."""
        share = self.shares()
        mean = share @ self.mean
        apart = self.mean - mean
        cov = np.einsum("k,kij->ij", share, self.cov) + np.einsum("k,ki,kj->ij", share, apart, apart)
        move, noise = np.eye(len(mean)), np.zeros_like(cov)
        move[0, 1], move[1, 1] = 1, self.fade
        noise[0, 0], noise[1, 1] = float(share @ self.wander), self.slope**2 * (1 - self.fade**2)
        return Outlook(at, mean, cov, move, noise, design, float(share @ self.phi))

    def sum_ahead(self, design: FloatArray, reported: FloatArray) -> tuple[float, float]:
        """Mean and variance of the sum of all periods from one on, the models taken together first."""
        means, _, total = self.ahead(design, reported)
        return float(means.sum()), total

    def ahead(self, design: FloatArray, reported: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        """Mean and variance of the count of each period from one on, and the variance of their sum.

        The models are taken together first. `design`: from that period on.
        """
        known = self.outlook(0, design)
        mean, cov, move, noise, phi = known.mean, known.cov, known.move, known.noise, known.dispersion
        rates, variances = np.empty(len(reported)), np.empty(len(reported))
        lever = np.zeros(len(mean))
        # Var(sum) by the delta method: the state of each period follows from the one before it, so the covariance of
        # the sum so far with the state is carried along.
        total = 0.0
        for step, part in enumerate(reported):
            if step:
                mean, cov, lever = move @ mean, move @ cov @ move.T + noise, move @ lever
            row = design[step]
            spread = row @ cov @ row
            rate = float(np.exp(row @ mean + spread / 2) * part)
            rates[step], variances[step] = rate, phi * rate + rate**2 * float(spread)
            total += variances[step] + 2 * rate * float(row @ lever)
            lever = lever + rate * (cov @ row)
        return rates, variances, total

    def season(self, design: FloatArray) -> FloatArray:
        """The logarithm of the seasonal factor of each period of a design, by what is known at the end."""
        return np.asarray(design[:, 2:] @ (self.shares() @ self.mean)[2:], dtype=float)


def _within(count: float, mean: FloatArray, reach: FloatArray, shift: FloatArray) -> FloatArray:
    """A count, no further from each mean than its reach, one row a reach; the upper end shifted by the skewness."""
    return np.asarray(np.minimum(np.maximum(count, np.maximum(mean - reach, 0)), mean + reach + shift))


def _design(size: int, per_year: float, weekdays: bool) -> tuple[FloatArray, FloatArray]:
    """Columns level, slope (0: it acts through the level), two for each harmonic, six for weekdays; prior spreads."""
    time = np.arange(size)
    columns: list[NDArray[Any]] = [np.ones(size), np.zeros(size)]
    spread = [1.0, _SLOPE]
    for number, sd in enumerate(_HARMONICS, start=1):
        angle = 2 * np.pi * number * time / per_year
        columns += [np.cos(angle), np.sin(angle)]
        spread += [sd, sd]
    if weekdays:
        columns += [(time % 7 == day) - 1 / 7 for day in range(6)]
        spread += [_WEEKDAYS] * 6
    return np.column_stack(columns).astype(float), np.array(spread)


def _negative_binomial(mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Size and probability of a negative binomial; a Poisson count is met to a millionth."""
    r = mean**2 / np.maximum(variance - mean, 1e-6 * mean)
    return r, r / (r + mean)


def _quantile(q: float, mean: FloatArray, variance: FloatArray) -> FloatArray:
    found = np.full(mean.shape, np.nan)
    known: BoolArray = np.isfinite(mean)
    r, p = _negative_binomial(mean[known], variance[known])
    found[known] = stats.nbinom.ppf(q, r, p)
    return found
