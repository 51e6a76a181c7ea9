"""The finest time that is known of a city's alerts: what may be counted by, and what is said where it may not.

A study asks before it counts: `KnownTime.unit("week")` is the step to count by, `KnownTime.lacks("hour")` the sentence
that takes the place of a figure. A count by a finer time than is known raises `UnknownTimeError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from curim_data.model.i18n import Message

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


class UnknownTimeError(ValueError):
    """A count by a finer time than is known of the alerts, with the sentence for its reader."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message
