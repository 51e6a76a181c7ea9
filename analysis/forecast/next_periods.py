"""The counts of the next weeks or months, with intervals that were tried on the past.

What the next weeks will bring by what the past ones were: a count with an interval that was tried on the past.

The next weeks or months of a series, with intervals, shown only where the same way was better than naive before.

The forecast is the model of the expected range (`analysis.trends.line`) carried on: level and season, learned from the
counts before alone. It is tried on the past with rolling origins: at each of the last starts
it forecasts the same number of periods, and so do two naive ways, the same period a year before and the mean of as many
periods just before.

Hyndman, R. J. & Athanasopoulos, G. (2018). Forecasting: principles and practice, 2nd ed., sections 3.1 and 5.10.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.stats.intervals import Estimate
from analysis.stats.result import Choice
from analysis.trends.line import Ahead, read_line
from curim_data.model import FloatArray, IntArray, Message, Num, Translator

LEVEL: Final = 0.95
MAX_WEEKS: Final = 4
WEEKS_A_YEAR: Final = 365.25 / 7
# Weeks before the first forecast that is tried, and tries below which no forecast is made.
LEARNED: Final = 26
MIN_TRIED: Final = 16
MAX_TRIED: Final = 52
HOW: Final = Choice(
    "line",
    LEVEL,
    Message(
        "Expected is what the level of the weeks before, and from two years on their season, let expect. The intervals "
        "are those of a negative binomial, as wide as such predictions missed in the past."
    ),
)


@dataclass(frozen=True)
class CountForecast:
    """The counts of the next weeks, each and all together, with 95 % intervals, and how good those were.

    `weeks`: one estimate a week from `start` (a Monday) on. `covered` of `tried` past weeks fell inside the interval
    that would have been given for them; `n`: all counts.
    """

    start: dt.date
    weeks: tuple[Estimate, ...]
    total: Estimate
    covered: int
    tried: int
    n: int

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


def forecast_counts(counts: Any, start: dt.date, weeks: int = MAX_WEEKS) -> CountForecast | None:
    """Forecast the next weeks of a weekly series: the line of the expected range carried on (`analysis.trends.line`).

    The last weeks (up to 52) are forecast in the same way, as many at a time and by nothing but what came before them,
    to see how often they fall inside their interval.

    Parameters
    ----------
    counts : array, shape (T,)
        Whole counts of successive weeks, all known; the first forecast week begins on `start`.
    weeks : int
        1 to 4.

    Returns None where there are fewer weeks than forecasts can be tried on (42 to 44).
    """
    series = np.asarray(counts, dtype=float)
    tries = min(MAX_TRIED, len(series) - LEARNED) // weeks
    if tries * weeks < MIN_TRIED:
        return None
    positions = range(len(series) - tries * weeks, len(series) + 1, weeks)
    ahead = read_line(series, WEEKS_A_YEAR).ahead(positions, weeks)
    low, high = ahead.bounds(LEVEL)
    came = series[positions[0] :].reshape(tries, weeks)
    inside = (low[:-1] <= came) & (came <= high[:-1])
    least, most = ahead.sum_bounds(LEVEL)
    return CountForecast(
        start=start,
        weeks=tuple(map(Estimate, *(one[-1].tolist() for one in (ahead.mean, low, high)))),
        total=Estimate(float(ahead.mean[-1].sum()), float(least[-1]), float(most[-1])),
        covered=int(inside.sum()),
        tried=inside.size,
        n=int(series.sum()),
    )


Unit = Literal["week", "month"]
AHEAD: Final[Mapping[Unit, int]] = {"week": 8, "month": 2}
INNER: Final = 0.8
_SEASON: Final[Mapping[Unit, float]] = {"week": 365.25 / 7, "month": 12.0}
_A_YEAR: Final[Mapping[Unit, int]] = {"week": 52, "month": 12}
# Starts in the past on which a forecast is tried, and fewer than which tell nothing.
_MOST_STARTS: Final[Mapping[Unit, int]] = {"week": 52, "month": 24}
_LEAST_STARTS: Final[Mapping[Unit, int]] = {"week": 26, "month": 12}
# Periods before the first of them, so that the season was seen twice.
_LEARNED: Final[Mapping[Unit, int]] = {"week": 104, "month": 24}
_TOO_SHORT: Final[Mapping[Unit, Message]] = {
    "week": Message(
        "No forecast is shown: it would need {least} whole weeks of the past to be tried on, and there are {n}.",
    ),
    "month": Message(
        "No forecast is shown: it would need {least} whole months of the past to be tried on, and there are {n}.",
    ),
}


@dataclass(frozen=True)
class PastErrors:
    """How far a forecast missed a count on average (mean absolute error), and what the naive ways missed by.

    `year`: the count a year before; `recent`: the mean of as many periods before the start as are forecast. `starts`:
    how many forecasts were tried; `counts`: of how many counts they were; `covered`, `covered_inner`: how many of
    those lay within the intervals of 95 and of 80 %.
    """

    model: float
    year: float
    recent: float
    starts: int
    counts: int
    covered: int
    covered_inner: int

    @property
    def better(self) -> bool:
        """Whether the forecast missed by less than both naive ways."""
        return self.model < min(self.year, self.recent)


@dataclass(frozen=True, eq=False)
class NextPeriods:
    """The forecast of the next periods.

    `frame`, one row a period: its first day under the name of the unit (datetime64), expected, low, high (95 %),
    low_inner, high_inner (80 %). `total`: of all of them together; `n`: counts that it was learned from.
    """

    frame: pd.DataFrame
    unit: Unit
    total: Estimate
    past: PastErrors
    n: int

    def sentence(self, t: Translator) -> str:
        """How many are expected, and the interval."""
        start: dt.date = self.frame[self.unit].iloc[0].date()
        values = {
            "expected": t.n("{n} alert", "{n} alerts", round(self.total.value)),
            "low": int(self.total.low),
            "high": int(self.total.high),
            "weeks": len(self.frame),
            "months": len(self.frame),
        }
        if self.unit == "month":
            first = t.date(start, "LLLL y")
            return t(
                "Forecast for the next {months} months, from {first} on: about {expected} (95 % interval {low} to "
                "{high}).",
                first=first,
                **values,
            )
        return t(
            "Forecast for the next {weeks} weeks, from {first} on: about {expected} (95 % interval {low} to {high}).",
            first=start,
            **values,
        )

    def past_sentence(self, t: Translator) -> str:
        """How good such forecasts were, beside the naive ones, and how often the intervals held."""
        past, digits = self.past, 0 if self.past.model >= 10 else 1
        values = {
            "starts": past.starts,
            "model": Num(past.model, digits),
            "year": Num(past.year, digits),
            "recent": Num(past.recent, digits),
            "covered": t.percent(past.covered / past.counts),
            "inner": t.percent(past.covered_inner / past.counts),
        }
        if self.unit == "month":
            return t(
                "Tried on {starts} starts in the past, it missed a month by {model} on average; the same month a year "
                "before would have missed by {year}, the mean of the last months by {recent}. {covered} of the counts "
                "lay within the 95 % interval, {inner} within the 80 % interval.",
                **values,
            )
        return t(
            "Tried on {starts} starts in the past, it missed a week by {model} on average; the same week a year before "
            "would have missed by {year}, the mean of the last weeks by {recent}. {covered} of the counts lay within "
            "the 95 % interval, {inner} within the 80 % interval.",
            **values,
        )


def forecast_next(
    counts: ArrayLike,
    start: dt.date,
    unit: Unit,
    *,
    complete: ArrayLike | None = None,
    breaks: Collection[int] = (),
) -> NextPeriods | Message:
    """Forecast the next eight weeks or two months of a series, or say why none is shown.

    Parameters
    ----------
    counts : shape (T,)
        Periods in order, NaN where not covered; the first forecast period begins on `start`.
    complete, breaks
        As `reported` and `breaks` of `analysis.trends.line.read_line`.

    Withheld where the past is too short to try it on, and where it was no better than the count a year before or than
    the mean of the last periods. It is tried on the counts for which all three are known.
    """
    series = np.asarray(counts, dtype=float)
    ahead = AHEAD[unit]
    starts = past_starts(len(series), unit)
    if len(starts) < _LEAST_STARTS[unit]:
        return Message(_TOO_SHORT[unit].text, {"n": len(series), "least": _periods_needed(unit)})
    positions = [*starts.tolist(), len(series)]
    found = read_line(series, _SEASON[unit], reported=complete, breaks=breaks).ahead(positions, ahead)
    past = past_errors(series, found, starts, _A_YEAR[unit])
    if not past.counts:
        return Message(_TOO_SHORT[unit].text, {"n": int(np.isfinite(series).sum()), "least": _periods_needed(unit)})
    if not past.better:
        return _no_better(past, unit)
    last = Ahead(found.mean[-1:], found.variance[-1:], found.total[-1:])
    (low, high), (low_inner, high_inner) = last.bounds(LEVEL), last.bounds(INNER)
    sums = last.sum_bounds(LEVEL)
    days = pd.date_range(start, periods=ahead, freq="7D" if unit == "week" else "MS")
    frame = pd.DataFrame(
        {
            unit: days,
            "expected": found.mean[-1],
            "low": low[-1],
            "high": high[-1],
            "low_inner": low_inner[-1],
            "high_inner": high_inner[-1],
        }
    )
    total = Estimate(float(found.mean[-1].sum()), float(sums[0][-1]), float(sums[1][-1]))
    return NextPeriods(frame, unit, total, past, int(np.nansum(series)))


def _periods_needed(unit: Unit) -> int:
    """How many periods a forecast needs."""
    return _LEARNED[unit] + _LEAST_STARTS[unit] + AHEAD[unit] - 1


def past_starts(length: int, unit: Unit) -> IntArray:
    """The latest positions from which all periods of a forecast are known and two years lie before."""
    last = length - AHEAD[unit]
    return np.arange(max(_LEARNED[unit], last - _MOST_STARTS[unit] + 1), last + 1)


def past_errors(series: FloatArray, found: Ahead, starts: IntArray, a_year: int) -> PastErrors:
    """Compare forecasts made at `starts`, the first rows of `found`, with the counts, and with the naive ways."""
    ahead = found.mean.shape[1]
    steps = starts[:, None] + np.arange(ahead)
    observed = series[steps]
    ways = [
        found.mean[: len(starts)],
        same_a_year_before(series, steps, a_year),
        np.broadcast_to(mean_just_before(series, starts, ahead), observed.shape),
    ]
    known = np.isfinite(observed) & np.isfinite(ways).all(axis=0)
    within = []
    for level in (LEVEL, INNER):
        low, high = (side[: len(starts)] for side in found.bounds(level))
        within.append(int((known & (low <= observed) & (observed <= high)).sum()))
    model, year, recent = (mean_absolute_error(observed[known], way[known]) if known.any() else np.nan for way in ways)
    return PastErrors(
        model=model,
        year=year,
        recent=recent,
        starts=len(starts),
        counts=int(known.sum()),
        covered=within[0],
        covered_inner=within[1],
    )


def same_a_year_before(series: FloatArray, positions: IntArray, a_year: int) -> FloatArray:
    """The seasonal naive forecast of each position; it must lie no more than a year ahead of what is known."""
    return np.asarray(series[positions - a_year], dtype=float)


def mean_just_before(series: FloatArray, starts: IntArray, periods: int) -> FloatArray:
    """The mean of the last `periods` counts before each start; one column."""
    means = np.lib.stride_tricks.sliding_window_view(series, periods).mean(axis=1)
    return np.asarray(means[starts - periods][:, None], dtype=float)


def mean_absolute_error(observed: FloatArray, forecast: FloatArray) -> float:
    """The mean of the absolute differences; a single column of forecasts serves all columns."""
    return float(np.abs(observed - forecast).mean())


def _no_better(past: PastErrors, unit: Unit) -> Message:
    digits = 0 if past.model >= 10 else 1
    values = {name: Num(getattr(past, name), digits) for name in ("model", "year", "recent")}
    if past.year <= past.recent:
        return (
            Message(
                "No forecast is shown: in the past it missed a week by {model} on average, and the same week a year "
                "before by {year}, which is no worse.",
                values,
            )
            if unit == "week"
            else Message(
                "No forecast is shown: in the past it missed a month by {model} on average, and the same month a year "
                "before by {year}, which is no worse.",
                values,
            )
        )
    return (
        Message(
            "No forecast is shown: in the past it missed a week by {model} on average, and the mean of the last weeks "
            "by {recent}, which is no worse.",
            values,
        )
        if unit == "week"
        else Message(
            "No forecast is shown: in the past it missed a month by {model} on average, and the mean of the last "
            "months by {recent}, which is no worse.",
            values,
        )
    )
