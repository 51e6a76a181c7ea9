"""Edits of the meaning of a file's columns and values: a header and a change give a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from curim_data.formats.base import Part
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.report import Header
from curim_data.lexicon.folding import fold
from curim_data.model import Answers

UNUSED: Final = ""
DROPPED: Final = "dropped"
# Roles that several columns may give side by side.
SEVERAL: Final = frozenset({"category", "more_categories"})
_WHOLE: Final = frozenset({"value", "first"})


def option_of(role: str, part: str, use: str) -> str:
    """The option that a column has: "", "dropped", a role, or a role and its piece ("reported_at/date")."""
    if not role:
        return DROPPED if use == "dropped" else UNUSED
    return role if part == "value" else f"{role}/{part}"


def with_column(header: Header, place: int, option: str, answers: Answers) -> ColumnMapping:
    """The mapping in which the column at a place has an option; a column that had the same gives it up."""
    layout = header.layout
    role, _, piece = option.partition("/")
    part = Part(place, piece or "value")
    roles = {name: tuple(one for one in parts if one.place != place) for name, parts in layout.roles.items()}
    if role and role != DROPPED:
        roles[role] = tuple(sorted((*_beside(role, part, roles.get(role, ())), part), key=lambda one: one.place))
    given = {one.place for parts in roles.values() for one in parts}
    personal = {*layout.personal} - given - {place} | ({place} if role == DROPPED else set())
    text = {*layout.text} - given - {place}
    changed = replace(
        layout,
        roles={name: parts for name, parts in roles.items() if parts},
        personal=tuple(sorted(personal)),
        text=tuple(sorted(text)),
        unused=tuple(at for at in range(len(header.labels)) if at not in given | personal | text),
    )
    return ColumnMapping.from_layout(changed, header.labels, answers=answers)


def _beside(role: str, part: Part, others: tuple[Part, ...]) -> tuple[Part, ...]:
    """The columns of a role that stay when one is added: pieces of other kinds, and categories next to categories."""
    if role in SEVERAL:
        return others
    if part.part in _WHOLE:
        return tuple(one for one in others if part.part == one.part == "first")
    return tuple(one for one in others if one.part not in _WHOLE and one.part != part.part)


def with_word(header: Header, role: str, word: str, value: str, answers: Answers) -> ColumnMapping:
    """The mapping in which a word of a column stands for a value; "" takes that back."""
    layout, key = header.layout, fold(word)
    if role == "category":
        changed = replace(layout, categories=_with(layout.categories, key, value))
    else:
        changed = replace(layout, words={**layout.words, role: _with(layout.words.get(role, {}), key, value)})
    return ColumnMapping.from_layout(changed, header.labels, answers=answers)


def _with(table: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    kept = {fold(word): meaning for word, meaning in table.items() if fold(word) != key}
    return {**kept, key: value} if value else kept
