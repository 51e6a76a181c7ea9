"""Many reports in one place within hours or days: events of their own, neither swallowed nor called a trend.

The rule is a record: more alerts of one category within 4 hours, 24 hours or 7 days in one square of about 300 m than
ever before, in any square and any category, by two standard deviations of a count of that size. Records are rare by
themselves; what exceeds them by so much is rarer still.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from curim_data.model import IntArray

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
        run = _Run.of(rows, codes, cells, moment, hours)
        past = moment[rows] < begin
        record = int(run.n[past].max(initial=0))
        own = np.zeros(len(names), np.int64)
        np.maximum.at(own, codes[rows[past]], run.n[past])
        clear = run.n >= max(record + CLEAR_ROOTS * np.sqrt(record), times * record, LEAST)
        usual = own[codes[rows]]
        most = np.minimum(usual + PROBABLE_ROOTS * np.sqrt(usual), CLEAR_TIMES * record)
        probable = long & (run.n >= np.maximum(most, LEAST))
        for at in np.flatnonzero(~past & (clear | probable)):
            within = rows[run.first[at] : at + 1]
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


@dataclass(frozen=True)
class _Run:
    """Of alerts in the order of category, cell and time, how many of the same lie within a span up to each (`n`), and
    the place of the first of those.
    """

    n: IntArray
    first: IntArray

    @classmethod
    def of(cls, rows: IntArray, codes: IntArray, cells: IntArray, moment: Any, hours: int) -> _Run:
        minutes = moment[rows].astype(np.int64)
        minutes = minutes - minutes.min(initial=0)
        same = np.diff(codes[rows], prepend=-1).astype(bool) | np.diff(cells[rows], prepend=-1).astype(bool)
        line = minutes + np.cumsum(same) * (int(minutes.max(initial=0)) + 60 * max(HOURS) + 1)
        first = np.searchsorted(line, line - 60 * hours, side="right")
        return cls(np.arange(1, len(rows) + 1) - first, first)


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
