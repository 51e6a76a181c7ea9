"""Which earlier period a period is compared with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.model import Message
from curim_data.model.i18n import Span

# Days of a year: of a longer period too much of the same weeks of the year before lies within itself.
A_YEAR: Final = 366
_WEEK: Final = 7  # days by which whole years may be missed


@dataclass(frozen=True)
class ComparedPeriods:
    """Two periods that are compared, both ends included. `same_season`: before is the same weeks of the year before.

    `before` is None where no day of data lies before the later period, or where `other_light`: the filter asks for
    alerts after dark or by day, and the days just before were longer or shorter. Then there is nothing to compare.
    `by_month`: both are whole months. `longer`: the later period is longer than a year, and compared with the time just
    before it.
    """

    before: tuple[dt.date, dt.date] | None
    after: tuple[dt.date, dt.date]
    same_season: bool
    by_month: bool = False
    other_light: bool = False
    longer: bool = False

    @property
    def lengths(self) -> tuple[int, int]:
        """Days of each; none where there is no period before."""
        if self.before is None:
            return 0, (self.after[1] - self.after[0]).days + 1
        return (self.before[1] - self.before[0]).days + 1, (self.after[1] - self.after[0]).days + 1

    @property
    def same_light(self) -> bool:
        """Whether the same hours are dark in both: the same weeks of two years, or whole years after whole years."""
        before, after = self.lengths
        whole = abs(after - 365.25 * round(after / 365.25)) <= _WEEK
        return self.same_season or (self.longer and whole and abs(after - before) <= _WEEK)

    @property
    def choice(self) -> Choice:
        """What the later period is compared with, and why."""
        if self.other_light:
            message = (
                Message(
                    "Alerts after dark or by day are compared only with the same weeks of the year before, so not "
                    "over more than a year: from one season to another the days become shorter or longer."
                )
                if self.longer
                else Message(
                    "Alerts after dark or by day are compared only with the same weeks of the year before, which "
                    "the data do not reach: from one season to another the days become shorter or longer."
                )
            )
            return Choice("reference", "", message)
        if self.before is None:
            message = Message("There is nothing to compare: no day of the data lies before this period.")
            return Choice("reference", "", message)
        if self.longer:
            message = Message(
                "Compared with the time just before ({period}), because the period is longer than a year: where the "
                "two hold other months, the season may explain a difference.",
                {"period": Span(*self.before, by_month=self.by_month)},
            )
            return Choice("reference", self.before[0].isoformat(), message)
        if self.by_month:
            months = {"period": Span(*self.before, by_month=True)}
            message = (
                Message(
                    "Compared with the same months of the year before ({period}), so that the season cancels out.",
                    months,
                )
                if self.same_season
                else Message(
                    "Compared with the months just before ({period}), because the data do not reach back a year: the "
                    "season alone may explain a difference.",
                    months,
                )
            )
            return Choice("reference", self.before[0].isoformat(), message)
        message = (
            Message(
                "Compared with the same weeks of the year before ({start} – {end}), so that the season cancels out.",
                {"start": self.before[0], "end": self.before[1]},
            )
            if self.same_season
            else Message(
                "Compared with the time just before ({start} – {end}), because the data do not reach back a year: the "
                "season alone may explain a difference.",
                {"start": self.before[0], "end": self.before[1]},
            )
        )
        return Choice("reference", self.before[0].isoformat(), message)


def compared_periods(source: Source, after: tuple[dt.date, dt.date]) -> ComparedPeriods:
    """What a period is compared with: the same weeks of the year before where the data reach back, else just before.

    Those weeks end before the period begins, so that no alert is in both: of a whole year they are a day or two fewer.
    A period of more than a year is compared with the time just before it. Days after the last alert are left out:
    nothing is known of them yet.
    """
    year = dt.timedelta(weeks=52)
    if source.by_month:
        return _months_for(source, after)
    if after[0] <= source.as_of:
        after = after[0], min(after[1], source.as_of)
    if after[0] <= source.first:
        return ComparedPeriods(None, after, False)
    length = after[1] - after[0] + dt.timedelta(days=1)
    longer = length.days > A_YEAR
    if after[0] - year >= source.first and not longer:
        return ComparedPeriods((after[0] - year, min(after[1] - year, after[0] - dt.timedelta(days=1))), after, True)
    before = max(source.first, after[0] - length), after[0] - dt.timedelta(days=1)
    return ComparedPeriods(before, after, False, longer=longer)


def _months_for(source: Source, after: tuple[dt.date, dt.date]) -> ComparedPeriods:
    """`compared_periods` where only months are known: whole months, compared with as many."""
    after = after[0].replace(day=1), min(month_bounds(after[1], 0)[1], source.as_of)
    if after[0] <= source.first or after[0] > after[1]:
        return ComparedPeriods(None, after, False, by_month=True)
    start, length = month_bounds(after[0], -12)[0], months_between(*after) + 1
    longer = length > 12
    if start >= source.first and not longer:
        return ComparedPeriods((start, month_bounds(after[1], -12)[1]), after, True, by_month=True)
    start, end = month_bounds(after[0], -length)[0], month_bounds(after[0], -1)[1]
    return ComparedPeriods((max(source.first, start), end), after, False, by_month=True, longer=longer)


def month_bounds(day: dt.date, months: int) -> tuple[dt.date, dt.date]:
    """The first and the last day of the month so many months after a date's month."""
    month = pd.Period(day, "M") + months
    return month.start_time.date(), month.end_time.date()


def months_between(start: dt.date, end: dt.date) -> int:
    """How many months the month of one date lies before that of another."""
    return 12 * (end.year - start.year) + end.month - start.month
