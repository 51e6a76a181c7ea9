"""What the next weeks will bring by what the past ones were: a count with an interval that was tried on the past."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.stats.intervals import Estimate
from analysis.stats.result import Choice
from analysis.trends.line import read_line
from curim_data.model import Message, Translator

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

    Returns None where there are fewer weeks than forecasts can be tried on (42 to 44). Raises ValueError for missing
    counts or another number of weeks.
    """
    series = np.asarray(counts, dtype=float)
    if not 1 <= weeks <= MAX_WEEKS or not np.isfinite(series).all():
        raise ValueError(f"known counts and 1 to {MAX_WEEKS} weeks, not {weeks}")
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
