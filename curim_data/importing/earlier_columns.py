"""The columns that an earlier file with the same headings was read by: the next one is read alike.

Which column holds the category, or whose gender it is, is guessed by the values of a file, and a month with other
values could change it. What was read before holds then, where the column can still be it, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pyarrow as pa

from curim_data import formats
from curim_data.formats.base import Layout, Part, Recognition
from curim_data.formats.guess.category import holds_names, of_column
from curim_data.importing.signatures import signature_labels
from curim_data.model import Message
from curim_data.store import Batch, Home, Store

_GENDERS: Final = ("reporter_gender", "affected_gender")
_AS_BEFORE: Final = Message("{column} holds the category, as in {file}, which has the same columns.")
_RATHER: Final = Message(
    "{column} holds the category, as in {file}, which has the same columns; by itself this file would have been read "
    "by {other}."
)
_NO_LONGER: Final = Message(
    "{file}, which has the same columns, was read with {column} as the category, but here {column} holds no list of "
    "names."
)
_WHOSE: Final = Message("{column} is read as in {file}, which has the same columns: {whose}.")
_OWNERS: Final = {
    "reporter_gender": Message("the gender of the person who reports"),
    "affected_gender": Message("the gender of the person affected"),
}


def as_before(recognition: Recognition, labels: Sequence[str], sample: pa.Table, home: Home | None) -> Recognition:
    """Read a table without a known format by the columns of the last one with the same headings; unchanged where there
    is none. `sample`: the first records."""
    layout = recognition.layout
    if home is None or layout.format != formats.GUESSED:
        return recognition
    batch = _last_alike(labels, home)
    if batch is None:
        return recognition
    roles = _roles_by_place(batch, labels)
    layout = _genders_as_before(layout, labels, roles, batch)
    return replace(recognition, layout=_category_as_before(layout, labels, sample, roles, batch))


def _last_alike(labels: Sequence[str], home: Home) -> Batch | None:
    """The last import, not undone, of a guessed table with these headings in any order."""
    wanted = sorted(signature_labels(labels))
    for batch in reversed(Store(home).batches()):
        alike = sorted(batch.signature.get("labels", ())) == wanted
        if alike and batch.signature.get("format") == formats.GUESSED and not batch.undone:
            return batch
    return None


def _roles_by_place(batch: Batch, labels: Sequence[str]) -> Mapping[int, str]:
    """The roles of that import's columns, by their places in this file; columns of the same heading are left out."""
    named = signature_labels(labels)
    places = {label: at for at, label in enumerate(named) if named.count(label) == 1}
    columns = batch.signature.get("columns", {})
    return {places[label]: str(column.get("role")) for label, column in columns.items() if label in places}


def _genders_as_before(layout: Layout, labels: Sequence[str], before: Mapping[int, str], batch: Batch) -> Layout:
    """A gender of nobody in particular stays that of the same person."""
    for at, role in before.items():
        now = next((name for name in _GENDERS if layout.roles.get(name) == (Part(at),)), None)
        if role not in _GENDERS or now in (None, role) or role in layout.roles:
            continue
        roles = {role if name == now else name: parts for name, parts in layout.roles.items()}
        guesses = {role if name == now else name: why for name, why in layout.guesses.items()}
        said = Message(_WHOSE.text, {"column": labels[at], "file": batch.file_name, "whose": _OWNERS[role]})
        layout = replace(layout, roles=roles, guesses=guesses, findings=(*layout.findings, said))
    return layout


def _category_as_before(
    layout: Layout, labels: Sequence[str], sample: pa.Table, before: Mapping[int, str], batch: Batch
) -> Layout:
    """The category stays in its column, where this still holds names and nothing else needs it."""
    place = next((at for at, role in before.items() if role == "category"), None)
    own = layout.roles.get("category", ())
    used = {part.place for role, parts in layout.roles.items() if role != "category" for part in parts}
    if place is None or place in {part.place for part in own} | used | {*layout.personal}:
        return layout
    values = {"column": labels[place], "file": batch.file_name}
    names = holds_names(labels, sample, place)
    found = of_column(labels, sample, place) if names else None
    if found is None:
        said = () if names is None else (Message(_NO_LONGER.text, values),)
        return replace(layout, findings=(*layout.findings, *said))
    other = labels[own[0].place] if own else ""
    said = (Message(_RATHER.text, values | {"other": other}) if own else Message(_AS_BEFORE.text, values),)
    free = {*layout.unused, *(part.place for part in own)} - {place}
    return replace(
        layout,
        roles={**layout.roles, "category": (Part(place),)},
        guesses={**layout.guesses, "category": found.why},
        separators=found.separators,
        longest=found.longest,
        text=tuple(at for at in layout.text if at != place),
        unused=tuple(sorted(free)),
        notes=(*(note for note in layout.notes if not own or other not in note.values.values()), *found.notes),
        findings=(*layout.findings, *said),
    )
