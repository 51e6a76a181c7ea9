"""Which notes on the time line concern a filter, and what the models are told of them."""

from __future__ import annotations

import datetime as dt

from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.model.annotations import CORRECTIONS, Annotation


def annotations_for(source: Source, f: AlertFilter) -> tuple[Annotation, ...]:
    """Notes of all alerts, and those of a category where the filter asks for it by name."""
    notes = (one for one in source.annotations if one.kind not in CORRECTIONS)
    return tuple(one for one in notes if one.category is None or one.category in f.categories)


def level_breaks(source: Source, f: AlertFilter) -> tuple[dt.date, ...]:
    """The days on which another level begins for the alerts of a filter: noted ones, and those of `Coverage.breaks`."""
    noted = {day for one in annotations_for(source, f) for day in one.breaks}
    return tuple(sorted(noted | {one.day for one in source.coverage.breaks}))


def noted_between(source: Source, f: AlertFilter, start: dt.date, end: dt.date) -> tuple[Choice, ...]:
    """What was noted between two days, for whoever compares what lies before and after."""
    found = []
    for one in annotations_for(source, f):
        if one.start > end or (one.end or one.start) < start:
            continue
        values = {"day": one.start, "last": one.end, "note": one.note}
        text = (
            Message("Noted on {day}: {note}. A change may come from this.", values)
            if one.end is None
            else Message("Noted for {day} to {last}: {note}. A change may come from this.", values)
        )
        found.append(Choice("annotation", one.id, text))
    return tuple(found)
