"""Which column holds the date of the event: what a person answered, and the question where several can be it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from curim_data.formats.base import EventCandidate, Layout, Part, Recognition
from curim_data.importing.hour_profile import text_bars
from curim_data.importing.mapping import named_columns
from curim_data.lexicon.folding import fold
from curim_data.model import ImportProblem, Message, Question
from curim_data.model.questions import Choice

ROLE: Final = "occurred_from"


def event_place(labels: Sequence[str], event: str | None, name: str) -> int | None:
    """Return the place of the column that a person named, None where nobody did.

    Raises
    ------
    ImportProblem
        Where the header has no such column.
    """
    if event is None:
        return None
    columns = named_columns(labels)
    for place, column in enumerate(columns):
        if fold(str(column)) == fold(event):
            return place
    raise ImportProblem(
        Message(
            "{name}: no column is called {event}, so it cannot be the date of the event. These columns are there: "
            "{labels}.",
            {"name": name, "event": event, "labels": ", ".join(map(str, columns[:40]))},
        )
    )


def with_event(layout: Layout, place: int | None, guessed: Layout | None = None) -> Layout:
    """Give a known or saved layout the column of the event's date that a person named, unless it has it already.

    Its time of day comes with it where `guessed`, what the same header is taken for, knows of a column for it.
    """
    if place is None or any(part.place == place for part in layout.roles.get(ROLE, ())):
        return layout
    own = () if guessed is None else guessed.roles.get(ROLE, ())
    parts_of_event = own if place in {part.place for part in own} else (Part(place),)
    taken = {part.place for part in parts_of_event}
    roles = {role: tuple(part for part in parts if part.place not in taken) for role, parts in layout.roles.items()}
    roles = {role: parts for role, parts in roles.items() if parts and role != ROLE}
    return replace(
        layout,
        roles={ROLE: parts_of_event, **roles},
        unused=tuple(one for one in layout.unused if one not in taken),
        text=tuple(one for one in layout.text if one not in taken),
        personal=tuple(one for one in layout.personal if one not in taken),
    )


def ask_event(recognition: Recognition, labels: Sequence[str], name: str) -> None:
    """Raise a Question where several columns can hold the date of the event, showing rows and hours of each."""
    if len(recognition.events) < 2:
        return
    columns = named_columns(labels)
    choices = tuple(Choice(str(columns[one.place]), _shown(one, str(columns[one.place]))) for one in recognition.events)
    raise Question(
        "event",
        "--event",
        Message(
            "{name}: several columns can hold the date of the event, and neither their names nor their values tell "
            "which ({columns}). Say which of them says when it happened.",
            {"name": name, "columns": ", ".join(choice.value for choice in choices)},
        ),
        choices,
    )


def _shown(one: EventCandidate, label: str) -> Message:
    """A column, its first dates, and its hours as bars from midnight on."""
    values = {"column": label, "rows": "; ".join(one.rows)}
    if not one.hours:
        return Message("{column}: {rows}; no time of day", values)
    return Message("{column}: {rows}; hours from 0 to 23: {hours}", values | {"hours": text_bars(one.hours)})
