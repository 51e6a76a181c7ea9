"""What a table of counts is by, and the period that it covers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from curim_data.engine import Source
from curim_data.filters import AlertFilter

# The column of lists out of which a dimension with several values an alert is made.
LISTED: Final = {"hour": "span", "category": "theme", "group": "theme"}
# The city's harm index of an alert, for those only who see exact counts, and the column it follows from. An alert of
# several categories has the largest of theirs and is one row.
HARM: Final = "harm"
MADE_OF: Final = {**LISTED, HARM: "theme"}
DIMENSIONS: Final = (
    "cell",
    "year",
    *LISTED,
    "week",
    "month",
    "local_date",
    "weekday",
    "kind",
    "district",
    "place",
    "reporter_gender",
    "affected_gender",
    "age_band",
    "dark",
    "status",
    "severity",
    "feeling",
)


def dimensions() -> tuple[str, ...]:
    """What counts can be made by: columns of an alert, what follows from them, and what a field of the filter adds."""
    fields = (name for field in AlertFilter.fields() for name in field.dimensions.values())
    return tuple(dict.fromkeys((*DIMENSIONS, *fields)))


def dates(source: Source, f: AlertFilter) -> tuple[dt.date, dt.date]:
    """First and last day that the filter means in this store, both included."""
    return f.resolve(source.as_of, source.first, source.meeting, by_month=source.by_month)


@dataclass(frozen=True)
class Layout:
    """A table of counts: its dimensions, and the H3 resolution of its cells.

    `complete`: combinations without an alert are rows with a true zero. `banded`: hours come in bands of six. Inside
    this package a table may also be by `inside` (on the city's land; missing without a position) and by
    `at_default` (at one of the default coordinates).
    """

    by: tuple[str, ...]
    resolution: int | None = None
    complete: bool = False
    banded: bool = False

    @property
    def listed(self) -> bool:
        """Whether an alert may count in several of its rows."""
        return not LISTED.keys().isdisjoint(self.by)
