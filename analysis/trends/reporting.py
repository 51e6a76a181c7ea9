"""What reporting itself does to counts: delays, categories that come into use or go out of it, and bursts of reports.

How late alerts are reported, so that the last periods are not mistaken for a fall.

Categories that came into use, or out of it, in the midst of the data: their counts are no change of risk to test.

An app that offers a new category, or a police force that renames one, makes "0 before, 319 after" out of nothing.
Whether a category is merely rare or was not in use at first is told by how unlikely its late beginning is: if the m
months with such an alert lay like all other alerts in time, none of them would lie in a first stretch that holds the
share g of the others with the chance (1 - g)^m. Months are counted, and not alerts, since alerts come in bursts.

Many reports in one place within hours or days: events of their own, neither swallowed nor called a trend.

The rule is a record: more alerts of one category within 4 hours, 24 hours or 7 days in one square of about 300 m than
ever before, in any square and any category, by two standard deviations of a count of that size. Records are rare by
themselves; what exceeds them by so much is rarer still.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from curim_data.model import FloatArray, IntArray

# Days after an event within which nearly all of its alerts are reported; those reported later are left out.
LONGEST: Final = 90
# Fewer alerts than this, or a smaller part of them whose report has a time of its own, teach nothing of delays.
_LEAST_ALERTS: Final = 100
_LEAST_PART: Final = 0.02


@dataclass(frozen=True)
class ReportingLag:
    """Which part of a day's alerts is reported so many days later.

    `shares`: by days since the event (0 to 90) the part that is reported by then, from 0 to 1, never falling; empty
    where nothing is known. `until`: the last day on which reports could reach the data.
    """

    shares: FloatArray
    until: dt.date

    @property
    def known(self) -> bool:
        """Whether the delay could be learned."""
        return len(self.shares) > 0

    def part(self, starts: Sequence[dt.date], ends: Sequence[dt.date]) -> FloatArray:
        """The part of the alerts of periods, first and last day included, that is reported; at least 1 %."""
        if not self.known or not len(starts):
            return np.ones(len(starts))
        # Sums of the shares by days since the event; all days before the table are complete.
        total = np.concatenate([[0.0], np.cumsum(self.shares)])
        last = np.array([(self.until - day).days for day in starts])
        first = np.array([(self.until - day).days for day in ends])
        days = last - first + 1
        low, high = np.clip(first, 0, len(self.shares)), np.clip(last + 1, 0, len(self.shares))
        within = total[high] - total[low]
        beyond = np.maximum(last + 1 - np.maximum(first, len(self.shares)), 0)
        return np.asarray(np.maximum((within + beyond) / days, 0.01), dtype=float)


def nothing_known(until: dt.date) -> ReportingLag:
    """The lag of data that do not tell when an alert was reported."""
    return ReportingLag(np.array([]), until)


def lag_of_reports(counts: pd.DataFrame, until: dt.date) -> ReportingLag:
    """The delay from counts by `lag` (days from event to report) and `own` (whether the report has its own time).

    `counts` has these and n. Of alerts that are only known by their report the lag is zero. Give alerts whose event
    lies at least 90 days before the last report, so that late ones are as well known as prompt ones. Where next to no
    event has a report of its own time, nothing is known.
    """
    total = float(counts["n"].sum())
    if total < _LEAST_ALERTS or float(counts.loc[counts["own"], "n"].sum()) < _LEAST_PART * total:
        return nothing_known(until)
    days = counts["lag"].to_numpy(dtype=float)
    inside = (days >= 0) & (days <= LONGEST)
    by_day = np.bincount(days[inside].astype(int), counts["n"].to_numpy(dtype=float)[inside], LONGEST + 1)
    return ReportingLag(np.cumsum(by_day) / by_day.sum(), until)


def lag_of_imports(counts: pd.DataFrame, until: dt.date) -> ReportingLag:
    """The delay from successive imports: what each brought of days that the one before it had covered.

    `counts` has `batch` (in order of time), `day` (of the event, date) and n. At each import but the last, the alerts
    known of a day so many days before that import's last day are compared with those known in the end, over days that a
    later import reaches by 30 days or more. Nothing is known without such an import.

    Lawless, J. F. (1994). Adjustments for reporting delays and the prediction of occurred but not reported events.
    Canadian Journal of Statistics 22, 15-31.
    """
    table = counts.pivot_table(index="batch", columns="day", values="n", aggfunc="sum").fillna(0).sort_index()
    days = np.array(pd.to_datetime(table.columns), dtype="datetime64[D]").astype(int)
    known = table.to_numpy(dtype=float).cumsum(axis=0)
    last_day = np.maximum.accumulate(
        np.array([days[row > 0].max(initial=days[0]) for row in table.to_numpy(dtype=float)])
    )
    then, finally_ = np.zeros(LONGEST + 1), np.zeros(LONGEST + 1)
    for at in np.flatnonzero(last_day[-1:] - last_day >= 30):
        age = last_day[at] - days
        use = (age >= 0) & (age <= LONGEST)
        then += np.bincount(age[use], known[at][use], LONGEST + 1)
        finally_ += np.bincount(age[use], known[-1][use], LONGEST + 1)
    if finally_.sum() < _LEAST_ALERTS:
        return nothing_known(until)
    return ReportingLag(
        isotonic_regression(
            np.divide(then, finally_, out=np.ones(LONGEST + 1), where=finally_ > 0), weights=np.maximum(finally_, 1e-9)
        ).x,
        until,
    )


LEVEL: Final = 0.01  # chance of calling any category of a city new, or given up, that is only rare


def category_use(counts: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """When each category was in use.

    `counts`: one row for each category and month that has an alert, with the columns category, month (Timestamp) and n.
    Gives by category: first and last (Timestamp, its first and its last month with an alert), n (alerts), new and
    given_up (bool: it came into use after the data begin, or out of it before they end, beyond chance at `level`, which
    is divided by twice the number of categories). No category is either where it is the only one.
    """
    rows = counts[counts["n"] > 0]
    grouped = rows.groupby("category", observed=True)
    use = grouped.agg(first=("month", "min"), last=("month", "max"), n=("n", "sum"), months=("month", "nunique"))
    everything = rows.groupby("month")["n"].sum()
    own = rows.set_index(["category", "month"])["n"].groupby(level=[0, 1], observed=True).sum()
    new: list[bool] = []
    given_up: list[bool] = []
    for name, first, last, months in zip(
        use.index, *(use[column] for column in ("first", "last", "months")), strict=True
    ):
        others = everything.subtract(own.loc[name], fill_value=0)
        total = others.sum()
        for found, outside in ((new, others[others.index < first]), (given_up, others[others.index > last])):
            found.append(bool(2 * len(use) * (1 - (outside.sum() / total if total > 0 else 0.0)) ** months <= level))
    return use.drop(columns="months").assign(new=new, given_up=given_up)


HOURS: Final = (4, 24, 168)
LEAST: Final = 8
# A clear event exceeds the record of all squares and categories by twice its root and by a quarter, by half where the
# past is shorter than a year; a probable one, of which a year must be known, by a quarter, or that of its own category
# by four times its root.
CLEAR_ROOTS: Final = 2.0
CLEAR_TIMES: Final = 1.25
CLEAR_TIMES_EARLY: Final = 1.5
PROBABLE_ROOTS: Final = 4.0
A_YEAR: Final = np.timedelta64(364, "D")
# Of less past than so many weeks a record says nothing.
LEAST_WEEKS: Final = 8


@dataclass(frozen=True)
class Event:
    """So many alerts (`n`) of a category in one `cell` within `hours`, the first at `start`, the last at `end`.

    `record`: the most there were before, in any cell (of this category alone where the grade is probable), since
    `past_from`. `rows`: which alerts they are.
    """

    category: str
    cell: int
    hours: int
    n: int
    start: dt.datetime
    end: dt.datetime
    record: int
    past_from: dt.date
    grade: Literal["clear", "probable"]
    rows: IntArray


def find_events(alerts: pd.DataFrame, first: dt.date, since: dt.date) -> tuple[Event, ...]:
    """The events from a day on, clear and large ones first, each once.

    Parameters
    ----------
    alerts
        One row an alert, past and period: moment (Timestamp, local), cell (int), category (str), hourly (bool: its time
        of day is known; of others spans of days count alone). Alerts that share a number of their source are one row.
        Those that can make no event need not be among them.
    first
        The day from which on the past is known.
    since
        The first day on which events are looked for; what is before is the past.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=200, freq="D")
    >>> night = pd.DatetimeIndex(["2024-07-20 23:00"] * 12)
    >>> quiet = pd.DataFrame({"moment": days, "cell": 1, "category": "theft", "hourly": True})
    >>> busy = pd.DataFrame({"moment": night, "cell": 2, "category": "theft", "hourly": True})
    >>> found = find_events(pd.concat([quiet, busy], ignore_index=True), dt.date(2024, 1, 1), dt.date(2024, 7, 15))
    >>> [(one.n, one.hours, one.record, one.grade) for one in found]
    [(12, 4, 1, 'clear')]
    """
    begin = np.datetime64(since, "m")
    moment = alerts["moment"].to_numpy("datetime64[m]")
    past_days = np.timedelta64((since - first).days, "D")
    if not len(moment) or past_days < np.timedelta64(7 * LEAST_WEEKS, "D"):
        return ()
    long = bool(past_days >= A_YEAR)
    times = CLEAR_TIMES if long else CLEAR_TIMES_EARLY
    codes, names = pd.factorize(alerts["category"])
    cells = alerts["cell"].to_numpy(np.int64)
    order = np.lexsort((moment, cells, codes))
    hourly = alerts["hourly"].to_numpy(bool)
    found: list[Event] = []
    for hours in HOURS:
        rows = order if hours > HOURS[0] else order[hourly[order]]
        n, beginning = _runs(rows, codes, cells, moment, hours)
        past = moment[rows] < begin
        record = int(n[past].max(initial=0))
        own = np.zeros(len(names), np.int64)
        np.maximum.at(own, codes[rows[past]], n[past])
        clear = n >= max(record + CLEAR_ROOTS * np.sqrt(record), times * record, LEAST)
        usual = own[codes[rows]]
        most = np.minimum(usual + PROBABLE_ROOTS * np.sqrt(usual), CLEAR_TIMES * record)
        for at in np.flatnonzero(~past & (clear | (long & (n >= np.maximum(most, LEAST))))):
            within = rows[beginning[at] : at + 1]
            found.append(
                Event(
                    category=str(names[codes[rows[at]]]),
                    cell=int(cells[rows[at]]),
                    hours=hours,
                    n=len(within),
                    start=moment[within[0]].item(),
                    end=moment[within[-1]].item(),
                    record=record if clear[at] else int(usual[at]),
                    past_from=first,
                    grade="clear" if clear[at] else "probable",
                    rows=within,
                )
            )
    return _distinct(found)


def _runs(rows: IntArray, codes: IntArray, cells: IntArray, moment: Any, hours: int) -> tuple[IntArray, IntArray]:
    """Of alerts in the order of category, cell and time, how many of the same lie within a span up to each, and the
    place of the first of those.
    """
    minutes = moment[rows].astype(np.int64)
    minutes = minutes - minutes.min(initial=0)
    same = np.diff(codes[rows], prepend=-1).astype(bool) | np.diff(cells[rows], prepend=-1).astype(bool)
    line = minutes + np.cumsum(same) * (int(minutes.max(initial=0)) + 60 * max(HOURS) + 1)
    first = np.searchsorted(line, line - 60 * hours, side="right")
    return np.arange(1, len(rows) + 1) - first, first


def _distinct(found: list[Event]) -> tuple[Event, ...]:
    """Each event once, at the shortest span unless a longer one has twice as many; clear before probable."""
    kept: list[Event] = []
    for one in sorted(found, key=lambda event: (event.grade != "clear", event.hours, -event.n)):
        same = [
            at
            for at, other in enumerate(kept)
            if (other.category, other.cell) == (one.category, one.cell) and np.isin(other.rows, one.rows).any()
        ]
        if not same:
            kept.append(one)
        elif one.n > 2 * max(kept[at].n for at in same):  # a week of which a night is a small part
            kept[same[0]] = one
    return tuple(sorted(kept, key=lambda event: (event.grade != "clear", -event.n)))
