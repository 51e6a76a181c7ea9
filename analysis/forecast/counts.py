"""What the next weeks will bring by what the past ones were: a count with an interval that was tried on the past."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.stats import nbinom, poisson

from analysis.stats.intervals import Estimate
from analysis.stats.result import Choice
from curim_data.model import BoolArray, FloatArray, Message, Translator

LEVEL: Final = 0.95
MAX_WEEKS: Final = 4
YEAR: Final = 52
SEASON_STRENGTH: Final = 50.0
# Weeks whose mean is the level. Short ones follow a change, long ones are steadier; past forecasts decide.
LEVELS: Final = (4, 8, 13, 26)
# Past forecasts that an interval is measured on before it is tried, and tries below which no forecast is made.
MIN_MEASURED: Final = 16
MIN_TRIED: Final = 8
MAX_TRIED: Final = 52


@dataclass(frozen=True, eq=False)
class CountForecast:
    """The counts of the next weeks, each and all together, with 95 % intervals, and how good those were.

    `weeks`: one estimate a week from `start` (a Monday) on. `covered` of `tried` past weeks fell inside the interval
    that would have been given for them. `past`, shape (T + 1, weeks): what the same way forecast at each week for it
    and those after it, knowing only weeks before; NaN where it could not yet.
    """

    start: dt.date
    weeks: tuple[Estimate, ...]
    total: Estimate
    covered: int
    tried: int
    n: int
    choices: tuple[Choice, ...]
    past: FloatArray = field(repr=False)

    def sentence(self, t: Translator) -> str:
        """How many are expected, and how such intervals did."""
        values: dict[str, Any] = {
            "start": self.start,
            "expected": round(self.total.value),
            "low": int(self.total.low),
            "high": int(self.total.high),
            "tried": self.tried,
            "covered": self.covered,
        }
        count = len(self.weeks)
        return t.n(
            "Expected in the next week, from {start} on: {expected} alerts (95 % interval {low} to {high}). Of "
            "{tried} past weeks that were forecast in this way, {covered} fell inside the interval.",
            "Expected in the next {n} weeks, from {start} on: {expected} alerts (95 % interval {low} to {high}). Of "
            "{tried} past weeks that were forecast in this way, {covered} fell inside the interval.",
            count,
            **values,
        )


def forecast_counts(counts: Any, start: dt.date, weeks: int = MAX_WEEKS, level: float = LEVEL) -> CountForecast | None:
    """Forecast the next weeks of a weekly series.

    The expected count is the mean of the last weeks (how many: `LEVELS`), where two whole years are known also times
    what the same weeks of earlier years were against the weeks before them. What is used is what came nearest in the
    older part of the past (least squared error over expectation). The interval is that of a negative binomial whose
    variance is phi times its mean, phi = max(1, mean of (count - expected)² / expected) over past forecasts for as many
    weeks ahead: with phi = 1 a Poisson. So phi holds both how counts scatter and how the forecast errs. Each of the
    last weeks (up to 52) is then forecast by nothing but what came before it, to see how often it falls inside.

    Parameters
    ----------
    counts : array, shape (T,)
        Whole counts of successive weeks, all known; the first forecast week begins on `start`.
    weeks : int
        1 to 4.

    Returns None where there are fewer weeks than forecasts can be tried on (about 45). Raises ValueError for missing
    counts or another number of weeks.
    """
    series = np.asarray(counts, dtype=float)
    if not 1 <= weeks <= MAX_WEEKS or not np.isfinite(series).all():
        raise ValueError(f"known counts and 1 to {MAX_WEEKS} weeks, not {weeks}")
    paths = {way: _forecasts_made(series, *way, weeks) for way in _candidates(len(series))}
    first = max((_first(way) for way in paths), default=0)
    tries = min(MAX_TRIED, len(series) - first - MIN_MEASURED - weeks)
    if tries < MIN_TRIED:
        return None
    split = len(series) - tries
    best = min(paths, key=lambda way: _loss(series, paths[way], first, split))
    path = paths[best]
    ahead = path[-1]
    spread = [_phi(series, path, first, len(series), (step, step + 1)) for step in range(weeks)]
    together = _phi(series, path, first, len(series), (0, weeks))
    inside = _covered(series, path, first, split, level)
    return CountForecast(
        start=start,
        weeks=tuple(count_interval(mean, phi, level) for mean, phi in zip(ahead, spread, strict=True)),
        total=count_interval(float(ahead.sum()), together, level),
        covered=int(inside.sum()),
        tried=len(inside),
        n=int(series.sum()),
        choices=(_choices(*best), _dispersion_choice(together)),
        past=path,
    )


def count_interval(mean: float, phi: float, level: float = LEVEL) -> Estimate:
    """A count of that mean and a variance of phi times the mean, with the central interval that covers `level`.

    Negative binomial for phi above 1, else Poisson; the ends are whole counts and belong to the interval.
    """
    low, high = count_intervals(np.array([mean]), np.array([phi]), level)
    return Estimate(max(float(mean), 0.0), float(low[0]), float(high[0]), level)


def count_intervals(mean: FloatArray, phi: FloatArray, level: float = LEVEL) -> tuple[FloatArray, FloatArray]:
    """The ends of `count_interval` for many means and dispersions."""
    tails = np.array([[(1 - level) / 2], [(1 + level) / 2]])
    wide, known = phi > 1 + 1e-9, mean > 0
    spread, centre = np.where(wide, phi, 2.0), np.where(known, mean, 1.0)
    ends = np.where(wide, nbinom.ppf(tails, centre / (spread - 1), 1 / spread), poisson.ppf(tails, centre))
    low, high = np.where(known, ends, 0.0)
    return low, high


def dispersion(counts: Any, expected: Any) -> float:
    """phi = max(1, mean of (count - expected)² / expected), over what has an expectation; 1 without any."""
    observed, mean = np.asarray(counts, dtype=float).ravel(), np.asarray(expected, dtype=float).ravel()
    known = mean > 0
    return max(1.0, float(((observed - mean)[known] ** 2 / mean[known]).mean())) if known.any() else 1.0


def _candidates(length: int) -> list[tuple[int, bool]]:
    """Weeks of the level and whether the season enters: what the length of the series allows."""
    seasons = (False, True) if length >= 3 * YEAR else (False,)
    return [(weeks, season) for weeks in LEVELS for season in seasons if length >= 2 * weeks]


def _first(way: tuple[int, bool]) -> int:
    """The first week that a way can foretell."""
    return way[0] + (YEAR if way[1] else 0)


def _forecasts_made(series: FloatArray, level: int, season: bool, weeks: int) -> FloatArray:
    """What would have been forecast at each week for it and the following ones; shape (T + 1, weeks), NaN too early.

    Row t knows only weeks before t.
    """
    length = len(series)
    sums = np.concatenate([[0.0], np.cumsum(series)])
    path = np.full((length + 1, weeks), np.nan)
    for at in range(_first((level, season)), length + 1):
        mean = (sums[at] - sums[at - level]) / level
        factor = _season(sums, at, level, weeks) if season else 1.0
        path[at] = mean * factor
    return path


def _season(sums: FloatArray, at: int, level: int, weeks: int) -> FloatArray:
    """The same weeks of earlier years against the `level` weeks before them, by week ahead.

    Each is taken with the two weeks on either side, so that one odd week does not come back every year, and shrunk to 1
    as if 50 further alerts had been just as expected: (alerts + 50) / (expected + 50).
    """
    same, expected = np.zeros(weeks), np.zeros(weeks)
    for back in range(YEAR, at - level + 1, YEAR):
        before = (sums[at - back] - sums[at - back - level]) / level
        for step in range(weeks):
            low, high = max(at - back + step - 2, 0), at - back + step + 3
            same[step] += sums[high] - sums[low]
            expected[step] += before * (high - low)
    factor: FloatArray = (same + SEASON_STRENGTH) / (expected + SEASON_STRENGTH)
    return factor


def _loss(series: FloatArray, path: FloatArray, first: int, end: int) -> float:
    """Squared error over expectation of forecasts made and fulfilled from week `first` to `end`."""
    weeks = path.shape[1]
    return float(sum(_errors(series, path, first, end, (step, step + 1)).mean() for step in range(weeks)))


def _phi(series: FloatArray, path: FloatArray, first: int, end: int, steps: tuple[int, int]) -> float:
    """phi of the sums over some steps ahead, of forecasts fulfilled before week `end`."""
    errors = _errors(series, path, first, end, steps)
    # One degree of freedom for having looked at few forecasts.
    return max(1.0, float(errors.sum() / max(len(errors) - 1, 1)))


def _errors(series: FloatArray, path: FloatArray, first: int, end: int, steps: tuple[int, int]) -> FloatArray:
    sums = np.concatenate([[0.0], np.cumsum(series)])
    made = np.arange(first, end - steps[1] + 1)
    observed = sums[made + steps[1]] - sums[made + steps[0]]
    mean = np.maximum(path[made, steps[0] : steps[1]].sum(axis=1), 1e-9)
    errors: FloatArray = (observed - mean) ** 2 / np.maximum(mean, 0.25 * (steps[1] - steps[0]))
    return errors


def _covered(series: FloatArray, path: FloatArray, first: int, split: int, level: float) -> BoolArray:
    """Whether each week from `split` on fell inside the interval that would have been given for it."""
    weeks = path.shape[1]
    made = [(at, step) for at in range(split, len(series), weeks) for step in range(min(weeks, len(series) - at))]
    phi = np.array([_phi(series, path, first, at, (step, step + 1)) for at, step in made])
    low, high = count_intervals(np.array([path[at, step] for at, step in made]), phi, level)
    observed = np.array([series[at + step] for at, step in made])
    return np.asarray((low <= observed) & (observed <= high))


def _choices(level: int, season: bool) -> Choice:
    message = (
        Message(
            "Expected is the mean of the last {weeks} weeks, moved by what the same weeks of earlier years were "
            "against the weeks before them: of the ways that were tried, this came nearest in the older part of the "
            "past.",
            {"weeks": level},
        )
        if season
        else Message(
            "Expected is the mean of the last {weeks} weeks: of the ways that were tried, this came nearest in the "
            "older part of the past.",
            {"weeks": level},
        )
    )
    return Choice("level", level, message)


def _dispersion_choice(phi: float) -> Choice:
    message = (
        Message(
            "The intervals are those of a negative binomial: past forecasts of all these weeks together missed with "
            "{phi} times the variance of pure chance.",
            {"phi": phi},
        )
        if phi > 1
        else Message("The intervals are those of pure chance (Poisson): past forecasts missed by no more.")
    )
    return Choice("phi", round(phi, 3), message)
