"""What only a person can say of a file, and how the dashboard asks for it.

Decisions are made over the whole file. Where its evidence is balanced, a `Question` is raised: the page shows its
choices, the command line names the flag. The answer comes back in `Answers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from curim_data.model.i18n import Message
from curim_data.model.reasons import ImportProblem

DAY_FIRST: Final = "day-first"
MONTH_FIRST: Final = "month-first"
BOTH_ORDERS: Final = "both"  # of a file that writes some dates one way and some the other: no answer
BY_NAMES: Final = "names"
EACH_EVENT: Final = "events"
EACH_ROW: Final = "rows"


@dataclass(frozen=True)
class Answers:
    """A person's answers about a file; None leaves it to the evidence.

    `dates`: "day-first" or "month-first". `crs`: the EPSG code of projected coordinates. `decimal`: "point" or
    "comma", the decimal mark of coordinates. `order`: "lat-lon" or "lon-lat" for a column that holds both. `sheet`:
    sheet, layer or member of a container. `timezone`: IANA name for times without offset. `category`: the category of
    a file that has no column for it. `ids`: "same" or "own", where another kind of export has the same ids.
    `elsewhere`: import although most of the file lies outside the city. `area`: of a first file, what the city is made
    of: "whole", "densest", or longitude, latitude and radius in kilometres, joined by commas. `kind`: of which kind the
    categories are that no city has yet: "names" (as each name says), "risk", "incivility", "offence" or
    "unknown". `event`: the
    heading of the column that says when it happened, where several can be it. `counts`: "events" or "rows", what an
    alert is in a table of counts.
    """

    dates: str | None = None
    crs: int | None = None
    decimal: str | None = None
    order: str | None = None
    sheet: str | None = None
    timezone: str | None = None
    category: str | None = None
    ids: str | None = None
    elsewhere: bool = False
    area: str | None = None
    kind: str | None = None
    event: str | None = None
    counts: str | None = None


@dataclass(frozen=True)
class Choice:
    """One possible answer: the value of the flag and what it means."""

    value: str
    label: Message


class Question(ImportProblem):
    """A file that becomes usable with one answer.

    `about` is a field of `Answers`; `flag` how the command line takes the answer (without a value where it is a
    switch); `choices` may be empty where anything may be answered.
    """

    def __init__(self, about: str, flag: str, message: Message, choices: tuple[Choice, ...] = ()) -> None:
        super().__init__(message)
        self.about, self.flag, self.choices = about, flag, choices
