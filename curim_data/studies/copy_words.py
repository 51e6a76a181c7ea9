"""What is said to readers of the protected copy of its totals, where they are not those of the alerts.

Only whether they differ is told, and for no other filter than that which everybody opens: not by how many.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.query import Total
from curim_data.studies.selection import opened_by_everybody

WAITING: Final = Message(
    "Some of the newest alerts, sensitive ones above all, are not in the copy yet: numbers of the last months can be "
    "too low."
)
BY_MONTH: Final = Message(
    "Specialists read a slightly different number of alerts: the copy counts all reports of an incident in one month, "
    "and some were made in two."
)
WITHIN_A_MONTH: Final = Message(
    "Specialists read a slightly different number of alerts: in the copy alerts have exchanged days within their "
    "month, and this period begins or ends inside one."
)
NO_PLACE: Final = Message(
    "Without a place in the copy are alerts that came without a position, those at coordinates that many share, and "
    "those that too few others resemble."
)
_EVERYTHING: Final = AlertFilter(period="all")
_TAKEN: Final = "places_taken"


def copy_notes(source: Source, f: AlertFilter, total: Total) -> tuple[Message, ...]:
    """What must be known of the `total` of a filter where it is counted in the copy; nothing where in the alerts."""
    exact = source.exact
    if exact is None:
        return ()
    notes = []
    if source.count < exact.count:
        notes.append(WAITING)
    elif opened_by_everybody(f) and total.n != query.total(exact, f, Audience.ANALYST).n:
        notes.append(BY_MONTH if _whole_months(source, f) else WITHIN_A_MONTH)
    if total.unmapped and places_taken(source):
        notes.append(NO_PLACE)
    return tuple(notes)


def places_taken(source: Source) -> bool:
    """Whether more incidents are without a place in the copy than came without a position."""
    exact = source.exact
    if exact is None:
        return False
    if _TAKEN not in source.cache:
        own, came = (query.total(one, _EVERYTHING, Audience.ANALYST, once=True).unmapped for one in (source, exact))
        source.cache[_TAKEN] = own > came
    taken: bool = source.cache[_TAKEN]
    return taken


def _whole_months(source: Source, f: AlertFilter) -> bool:
    """Whether the filter's period holds whole months, as far as there are data."""
    first, last = (pd.Timestamp(day) for day in query.dates(source, f))
    return first.day == 1 and (last.is_month_end or last.date() == source.as_of)
