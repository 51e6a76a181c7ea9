"""The ways in which there is nothing to show, in one wording for all pages.

They are different things, and each has a sentence that takes the place of an empty chart:

- none: it was looked for, in enough alerts, and is not there: the sentence of the study, with what would have been seen
  (`ChangeStudy.smallest`, `HotSpotStudy.power`);
- not asked: the export has no such field, or the city's profile no such file: the messages below and
  `Source.lacks`, each with what to ask for;
- fewer than k: it is there, small and protected (`fewer_than`);
- too few to tell: neither its presence nor its absence can be established (`TOO_FEW`).

A study asks before it counts by time: `KnownTime.unit("week")` is the step to count by, `Source.lacks("hour")` the
sentence that takes the place of a figure. A count by a finer time than is known raises `UnknownTimeError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from curim_data.model.i18n import Message, MessageError

# Columns of an alert that an export may not have at all.
ASKED_FIELDS: Final = ("affected_gender", "reporter_gender", "feeling")

NO_AFFECTED: Final = Message(
    "This export does not ask for the gender of the person affected. Ask whoever provides it for that column."
)
NO_REPORTERS: Final = Message(
    "Who reports is not known: no column of the file holds the gender of the person who alerts. Ask whoever provides "
    "it for that column."
)
NO_GENDER: Final = Message(
    "This export does not ask for gender, neither of the person affected nor of the person who alerts. So nothing can "
    "be said here about women and men: that is not the same as no difference."
)
NO_CATEGORY: Final = Message("No alert here has a category: this export names none, or none was assigned.")
ADD_CATEGORY: Final = Message(
    "Whoever keeps the data can give all alerts of a file one category, on the page Data: by undoing its import and "
    "importing it again with that category."
)
ONE_CATEGORY: Final = Message(
    "These alerts all have one category, or state none: women and men cannot be compared by category."
)
NO_AGE: Final = Message("By age it is not known: no column of the file holds the age of the person who alerts.")
NO_FEELING: Final = Message(
    "This export does not ask how safe people felt. Ask whoever provides it for that question, from 1 (very unsafe) to "
    "5."
)
NO_DISTRICTS: Final = Message("No districts are set up yet: whoever keeps the data can add a map of them.")
NO_AREAS: Final = Message(
    "Places were not compared, since none with enough alerts is known: districts and named places are added on the "
    "page Data."
)
NO_LANDMARKS: Final = Message(
    "This city has no named places yet, so none was looked at: whoever keeps the data can add a file of them on the "
    "page Data."
)
NO_OUTLINE: Final = Message(
    "No map: this city has no outline yet. Whoever keeps the data can give its districts or its study area on the page "
    "Data, or import a file with coordinates."
)
NO_POPULATION: Final = Message(
    "No residents are loaded. Without them few alerts may simply mean few people: who hardly reports is not known. "
    "Whoever keeps the data can add a file with the columns district, women and men on the page Data."
)
NO_POSITIONS: Final = Message(
    "None of these alerts is on the map, so no place was looked at. Where they have no coordinates, ask whoever "
    "provides the export for them; where they lie outside the city, check its outline on the Data page."
)
NO_LIGHT: Final = Message(
    "It is not known whether it was dark at the time of these alerts: for that their place, or the city's place and "
    "time zone, must be known."
)
TOO_FEW: Final = Message("Too few alerts to tell a change from chance.")


def is_small(n: float, least: float) -> bool:
    """Whether a count is not written out: more than none, and below the smallest that is (`least`)."""
    return 0 < n < least


def fewer_than(k: int) -> Message:
    """A protected number: it is below `k`, and need not be zero."""
    return Message("fewer than {k}", {"k": k})


# Share of alerts with a time of day from which on hours, daylight and darkness are shown: of fewer, they would speak
# for alerts that they do not know. Below 95 % it is said that some have none; how many could tell a small number.
HOUR_SHARE: Final = 0.5
FEW_HOURS: Final = Message(
    "Fewer than half of all alerts have a time of day: too few for hours, daylight and darkness. Ask whoever provides "
    "the export for the time of each alert."
)
SOME_HOURS: Final = Message("Some alerts have no time of day: hours, daylight and darkness are those of all others.")

SEVERAL_CATEGORIES: Final = Message(
    "An alert of several categories counts once in each: together the parts can be more than the whole."
)

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
        return (
            Message(
                "This export gives only the month of an alert, not its day or hour. Ask whoever provides it for date "
                "and time."
            )
            if self is KnownTime.MONTH
            else Message(
                "This export gives the date of an alert, not its hour. Ask whoever provides it for the time of day."
            )
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
    return FEW_HOURS if 0 < timed < HOUR_SHARE * of else None


def some_hours(timed: int, of: int) -> Message | None:
    """What is said beside hours, daylight and darkness where `timed` of all `of` alerts have a time of day; None where
    nearly all have one, or so few that nothing is shown.
    """
    return SOME_HOURS if HOUR_SHARE * of <= timed < 0.95 * of else None


class UnknownTimeError(MessageError, ValueError):
    """A count by a finer time than is known of the alerts, with the sentence for its reader."""
