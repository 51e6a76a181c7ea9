"""What an analyst notes on the time line, and meetings of the council.

Notes: days from which, or in which, counts mean something else or are missing. A meeting: the day since which changes
are told, and what it is called.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal, get_args

from curim_data.model.i18n import Message

AnnotationKind = Literal["campaign", "app", "data_break", "other", "not_covered", "nothing_happened"]
KINDS: Final[tuple[AnnotationKind, ...]] = get_args(AnnotationKind)
KIND_WORDS: Final[dict[AnnotationKind, Message]] = {
    "campaign": Message("Campaign"),
    "app": Message("New version of the app"),
    "data_break": Message("Break in the data"),
    "other": Message("Other event"),
    "not_covered": Message("Days that are not covered"),
    "nothing_happened": Message("Days in which nothing happened"),
}
# Kinds that correct which days are covered (`model.coverage`), and say nothing of what is usual.
CORRECTIONS: Final[tuple[AnnotationKind, ...]] = ("not_covered", "nothing_happened")
LONGEST_NOTE: Final = 200


@dataclass(frozen=True)
class Annotation:
    """A note on the time line. Without `end` a new level begins on `start`; with it the days to `end` are apart.

    `category`: the only category that it concerns; None: all alerts. `source`: the only source that it concerns, of a
    correction; None: all. `id`: eight hexadecimal digits.
    """

    id: str
    start: dt.date
    end: dt.date | None
    kind: AnnotationKind
    note: str
    category: str | None = None
    source: str | None = None

    @property
    def breaks(self) -> tuple[dt.date, ...]:
        """The days on which another level begins: the first one, and the day after a span."""
        if self.end is None or self.end == dt.date.max:
            return (self.start,)
        return self.start, self.end + dt.timedelta(days=1)


LONGEST_MEETING_NAME: Final = 80


@dataclass(frozen=True, order=True)
class Meeting:
    """A day of the city's calendar, and a name such as "Plenary", which may be empty. Nobody's name belongs here."""

    day: dt.date
    name: str = ""
