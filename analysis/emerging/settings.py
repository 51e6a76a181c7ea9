"""What is chosen for the reader of emerging hot spots, and the reason shown: steps, window, correction, trend test."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import pandas as pd

from analysis.stats.result import Choice
from curim_data.model import Message, Num

Unit = Literal["month", "week"]

# Cells times steps: the tests and their arrays of a larger cube would take minutes and gigabytes.
MOST_COUNTS: Final = 5_000_000
# In fewer steps no class is given: hot in two of two would be called persistent.
CLASS_STEPS: Final = 6
# Fewer steps show no trend: classes are then given without one.
MIN_STEPS: Final = 10
# Steps that are permuted together: a quarter of months, where the series is long enough to have eight such blocks.
BLOCK: Final = 3
BLOCKS_FROM: Final = 24
# Fewer alerts than this in the mean window of a week (its cells, the week and the week before) are too few for weeks.
MIN_IN_WEEK: Final = 0.5


@dataclass(frozen=True)
class Periods:
    """The steps of the cube: months or weeks that lie wholly within the data, by their first day, and why."""

    unit: Unit
    starts: pd.DatetimeIndex
    choice: Choice


def periods_for(first: dt.date, last: dt.date, n: float, windows: float) -> Periods:
    """Choose months or weeks, and take only whole ones: a month of which some days are missing would look cold.

    Months from ten whole months on: decisions are taken by the month, and a week seldom holds enough. Below that weeks,
    if there are at least ten and the mean window holds half an alert or more; else months, and no trend is reported.

    Parameters
    ----------
    first, last : date
        First and last day that the data cover.
    n : float
        Alerts on the map.
    windows : float
        Windows that cover the land once: cells divided by the cells in a window.
    """
    months, weeks = whole_periods("month", first, last), whole_periods("week", first, last)
    if len(months) >= MIN_STEPS:
        reason = Message("there are {n} whole months, enough for a trend", {"n": len(months)})
    elif len(weeks) < MIN_STEPS:
        reason = Message("the time is too short for a trend either way")
    elif 2 * n / len(weeks) / max(windows, 1) < MIN_IN_WEEK:
        values = {"n": round(n)}
        reason = Message("there are too few alerts for weeks: {n}", values)
    else:
        message = Message(
            "Time is divided into weeks, because there are only {n} whole months and a trend needs ten.",
            {"n": len(months)},
        )
        return Periods("week", weeks, Choice("unit", "week", message))
    message = Message("Time is divided into months, because {reason}.", {"reason": reason})
    return Periods("month", months, Choice("unit", "month", message))


@lru_cache(maxsize=64)
def whole_periods(unit: Unit, first: dt.date, last: dt.date) -> pd.DatetimeIndex:
    """First days of the months or weeks (from Monday) that lie wholly between two days, both included."""
    frequency = "MS" if unit == "month" else "W-MON"
    after = pd.Timestamp(last) + pd.Timedelta(days=1)
    starts = pd.date_range(pd.Timestamp(first), after, freq=frequency)
    return starts[:-1]


def unit_of(starts: Any) -> Unit:
    """Whether steps are months (all begin on the first of one) or weeks.

    Raises ValueError where they are neither, out of order or have gaps.
    """
    index = pd.DatetimeIndex(starts)
    for unit, frequency in (("month", "MS"), ("week", "7D")):
        if len(index) and index.equals(pd.DatetimeIndex(pd.date_range(index[0], periods=len(index), freq=frequency))):
            return "month" if unit == "month" else "week"
    raise ValueError("the steps must be the first days of months or of weeks, in order and without gaps")


def block_for(steps: int) -> int:
    """Steps that the trend test permutes together: 3 from 24 steps on, below that 1, for want of blocks."""
    return BLOCK if steps >= BLOCKS_FROM else 1


@dataclass(frozen=True)
class EmergingSettings:
    """What an analysis was made with: side of a cell in metres, rings of the window and of its surroundings, ..."""

    side: float
    k: int
    outer: int
    lag: int
    margin: float
    alpha: float
    steps: int


def setting_choices(chosen: EmergingSettings) -> tuple[Choice, ...]:
    """The settings of an analysis, each with its sentence."""
    side, k, outer, lag, steps = chosen.side, chosen.k, chosen.outer, chosen.lag, chosen.steps
    margin, alpha = chosen.margin, chosen.alpha
    window = Message(
        "A place is a cell with what lies up to {metres} m from its centre, in a step of time and {lag} before it; the "
        "first steps have fewer before them.",
        {"metres": round((k + 0.5) * side), "lag": lag},
    )
    compared = Message(
        "A place is compared with its own surroundings up to {metres} m in the same steps: neither a dense "
        "quarter nor a month of many alerts everywhere is a hot spot.",
        {"metres": round((outer + 0.5) * side)},
    )
    excess = Message(
        "Hot means more than {margin} times as dense as what it is compared with, beyond chance (exact test).",
        {"margin": Num(margin, 2)},
    )
    corrected = Message(
        "Corrected for having looked at every cell in every step: of the marks at most {percent} % are expected to be "
        "chance, and each group of marks that touch, or follow each other in time, stands out by itself in the map of "
        "one of its steps.",
        {"percent": Num(100 * alpha, 0)},
    )
    return (
        Choice("window", k, window),
        Choice("lag", lag, Message("Steps that a window reaches back: {lag}; one is usual.", {"lag": lag})),
        Choice("against", "surroundings", compared),
        Choice("margin", margin, excess),
        Choice("alpha", alpha, corrected),
        Choice("trend", "permutation" if steps >= MIN_STEPS else "none", _trend(steps)),
    )


def _trend(steps: int) -> Message:
    if steps < MIN_STEPS:
        return Message(
            "{n} steps are too few for a trend (it needs {least}): lasting places are called persistent, and whether "
            "they grow or fade is not reported.",
            {"n": steps, "least": MIN_STEPS},
        )
    return Message(
        "Trend: Mann–Kendall on Gi*, corrected for the number of lasting cells; its chance is found by putting the "
        "steps in random order ({block} at a time) and computing the windows again, since windows share steps.",
        {"block": block_for(steps)},
    )
