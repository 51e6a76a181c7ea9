"""From which alerts findings are chosen, and how the counts of the protected copy differ from those of the alerts."""

from __future__ import annotations

from typing import Final

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.query import Total

# Beside comparisons of the copy, where the Briefing tells what was chosen from the alerts.
COMPARED_IN_THE_COPY: Final = Message(
    "These comparisons are of the protected copy. The Briefing chooses its changes by comparisons of the alerts "
    "themselves, so that all readers get the same, and writes the copy's counts beside them: their number, and what is "
    "beyond chance, can differ from here."
)


def chosen_from(source: Source, f: AlertFilter) -> Source:
    """The alerts out of which what is told of a filter is chosen.

    Under the filter that everybody opens, the whole city with a period by its name, it is chosen from the alerts
    themselves for every audience, so that all get the same news; the figures are those of what the audience reads. A
    handful of such choices comes with each version of the alerts and tells as much. Under any other filter who reads
    the protected copy has it chosen from the copy, since the number of filters has no limit.
    """
    exact = source.exact
    return exact if exact is not None and opened_by_everybody(f) else source


def opened_by_everybody(f: AlertFilter) -> bool:
    """Whether a filter asks for the whole city and a period by its name: all readers are told the same of it."""
    return bool(f.period) and f == AlertFilter(period=f.period)


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
    own, came = (query.total(one, _EVERYTHING).unmapped for one in (source, exact))
    return own > came
