"""The finest time that is known of a city's alerts: what may be counted by, and what is said where it may not.

A study asks before it counts: `KnownTime.unit("week")` is the step to count by, `Source.lacks("hour")` the sentence
that takes the place of a figure. A count by a finer time than is known raises `UnknownTimeError`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from curim_data.model.i18n import Message, MessageError, Num

# Share of alerts with a time of day from which on hours, daylight and darkness are shown: of fewer, they would speak
# for alerts that they do not know. Below the second one it is said of how many they are.
HOUR_SHARE: Final = 0.5
ALL_HOURS_SHARE: Final = 0.95
# So few alerts with a time of day, or without, are told by no share: beside the number of all it would give theirs.
FEW: Final = 10

TimeUnit = Literal["hour", "weekday", "day", "week", "month"]
CalendarUnit = Literal["day", "week", "month"]


class KnownTime(StrEnum):
    """The finest time that is known of the alerts of a store."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    def knows(self, unit: TimeUnit) -> bool:
        """Whether counts by this unit mean something."""
        return _REACH[unit] >= _REACH[self.value]

    def unit(self, asked: CalendarUnit) -> CalendarUnit:
        """The step to count by: the one that was asked for, or months where nothing finer is known."""
        return asked if self.knows(asked) else "month"

    def lacks(self, unit: TimeUnit) -> Message | None:
        """Why nothing is shown by this unit, and what to ask for; None where it is known."""
        if self.knows(unit):
            return None
        if self is KnownTime.MONTH:
            return Message(
                "This export gives only the month of an alert, not its day or hour. Ask whoever provides it for date "
                "and time."
            )
        return Message(
            "This export gives the date of an alert, not its hour. Ask whoever provides it for the time of day."
        )


# Weeks and weekdays are known where the day is. The larger, the coarser.
_REACH: Final[Mapping[TimeUnit, int]] = {"hour": 0, "day": 1, "weekday": 1, "week": 1, "month": 2}
# What has to be known of an alert for a dimension of counts to mean something.
DIMENSION_UNITS: Final[Mapping[str, TimeUnit]] = {
    "hour": "hour",
    "dark": "hour",
    "weekday": "weekday",
    "local_date": "day",
    "week": "week",
}


def too_few_hours(timed: int, of: int) -> Message | None:
    """Why hours, daylight and darkness are not shown where `timed` of all `of` alerts have a time of day; None where
    that is a share from which on they are, or none.
    """
    if not 0 < timed < HOUR_SHARE * of:
        return None
    if timed < FEW and of < 100 * FEW:
        return Message(
            "Fewer than half of all alerts have a time of day: too few for hours, daylight and darkness, which are "
            "shown where half of them have one. Ask whoever provides the export for the time of each alert."
        )
    if timed < of / 100:
        return Message(
            "Below 1 % of all alerts have a time of day: too few for hours, daylight and darkness, which are shown "
            "where half of them have one. Ask whoever provides the export for the time of each alert."
        )
    return Message(
        "Only {share} % of all alerts have a time of day: too few for hours, daylight and darkness, which are shown "
        "where half of them have one. Ask whoever provides the export for the time of each alert.",
        {"share": Num(math.floor(100 * timed / of), 0)},
    )


def some_hours(timed: int, of: int) -> Message | None:
    """What is said beside hours, daylight and darkness where `timed` of all `of` alerts have a time of day; None where
    nearly all have one, or so few that nothing is shown.
    """
    if not HOUR_SHARE * of <= timed < ALL_HOURS_SHARE * of:
        return None
    if min(timed, of - timed) < FEW:
        return Message("Some alerts have no time of day: hours, daylight and darkness are those of all others.")
    return Message(
        "{share} % of all alerts have a time of day: hours, daylight and darkness are those of these alone.",
        {"share": Num(math.floor(100 * timed / of), 0)},
    )


class UnknownTimeError(MessageError, ValueError):
    """A count by a finer time than is known of the alerts, with the sentence for its reader."""
