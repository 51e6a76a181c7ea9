"""What is said to readers of the protected copy of its totals, where they are not those of the alerts.

Only whether they differ is told, and for no other filter than that which everybody opens: not by how many.
"""

from __future__ import annotations

from typing import Final

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.query import Total
from curim_data.studies.selection import opened_by_everybody

WAITING: Final = Message(
    "Some of the newest alerts, sensitive ones above all, are not in the copy yet: numbers of the last months can be "
    "too low."
)
OTHER_DAYS: Final = Message(
    "Specialists read a slightly different number of alerts: in the copy sensitive alerts have another day, and "
    "reports that came late have the time of their incident."
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
    elif opened_by_everybody(f) and total.n != query.total(exact, f).n:
        notes.append(OTHER_DAYS)
    if total.unmapped and places_taken(source):
        notes.append(NO_PLACE)
    return tuple(notes)


def places_taken(source: Source) -> bool:
    """Whether more incidents are without a place in the copy than came without a position."""
    exact = source.exact
    if exact is None:
        return False
    if _TAKEN not in source.cache:
        own, came = (query.total(one, _EVERYTHING).unmapped for one in (source, exact))
        source.cache[_TAKEN] = own > came
    taken: bool = source.cache[_TAKEN]
    return taken
