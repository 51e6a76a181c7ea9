"""What the columns of an export mean, as a person settled it: used at once, kept in the home, offered next month.

Columns are told by their label, so a file whose columns come in another order fits as well. `docs/mapping.md` describes
the file.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from curim_data.formats.base import MOST_CHARACTERS, Layout, Part
from curim_data.formats.guess.headings import names_person, names_text, read_heading
from curim_data.importing.mapping_file import Named, Written, file_name, read, write
from curim_data.lexicon.folding import fold
from curim_data.model.i18n import Message
from curim_data.model.questions import Answers
from curim_data.model.reasons import ImportProblem
from curim_data.store.home import Home

FORMAT: Final = "mapped"
FOLDER: Final = "mappings"


@dataclass(frozen=True)
class ColumnMapping:
    """The columns of a header and what they give, by label; everything else as in `formats.base.Layout`.

    `roles` maps a role to its columns (`Named`: label, which of the columns with that label, part); `personal` and
    `text` are columns dropped at import and named; `labels` is the header it was made for; `answers` what a person
    told of such files.
    """

    name: str
    roles: Mapping[str, tuple[Named, ...]]
    labels: tuple[str, ...] = ()
    personal: tuple[Named, ...] = ()
    text: tuple[Named, ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    separators: tuple[str, ...] = ()
    kind: str | None = None
    category: str | None = None
    missing: frozenset[str] = frozenset()
    utc: bool = False
    skip_hxl: bool = False
    answers: Answers = field(default_factory=Answers)
    format: str = FORMAT
    longest: int = MOST_CHARACTERS

    @classmethod
    def from_layout(
        cls, layout: Layout, labels: Sequence[str], *, answers: Answers | None = None, name: str = ""
    ) -> ColumnMapping:
        """The mapping that says the same as a layout of this header."""
        named = tuple(_named(labels))

        def told(parts: Iterable[Part]) -> tuple[Named, ...]:
            return tuple(named[part.place]._replace(part=part.part) for part in parts)

        return cls(
            name,
            {role: told(parts) for role, parts in layout.roles.items()},
            tuple(labels),
            told(map(Part, layout.personal)),
            told(map(Part, layout.text)),
            {role: dict(table) for role, table in layout.words.items()},
            dict(layout.categories),
            layout.separators,
            layout.kind,
            layout.category,
            layout.missing,
            layout.utc,
            layout.skip_hxl,
            answers or Answers(),
            longest=layout.longest,
        )

    def layout(self, labels: Sequence[str]) -> Layout:
        """The layout of a header that has all the columns needed; ImportProblem names those that it has not.

        Columns that the mapping does not know are judged by their headings: personal, free text, or unused.
        """
        if absent := self._absent(labels):
            raise ImportProblem(
                Message(
                    "The mapping {name} needs columns that this file does not have: {columns}. "
                    "Choose another mapping, or say anew what the columns mean.",
                    {"name": self.name, "columns": ", ".join(absent)},
                )
            )
        places = _places(labels)
        roles = {
            role: tuple(Part(places[column.key], column.part) for column in columns)
            for role, columns in self.roles.items()
        }
        given = {part.place for parts in roles.values() for part in parts}
        personal = {places[column.key] for column in self.personal if column.key in places} - given
        text = {places[column.key] for column in self.text if column.key in places} - given - personal
        known = {column.key for column in _named(self.labels)}
        for column, place in places.items():
            if column not in known and place not in given | personal | text:
                head = read_heading(labels[place])
                if names_person(head):
                    personal.add(place)
                elif names_text(head):
                    text.add(place)
        return Layout(
            FORMAT,
            roles,
            tuple(sorted(personal)),
            tuple(sorted(text)),
            tuple(place for place in range(len(labels)) if place not in given | personal | text),
            words=self.words,
            categories=self.categories,
            separators=self.separators,
            kind=self.kind,
            category=self.category,
            missing=self.missing,
            utc=self.utc,
            skip_hxl=self.skip_hxl,
            longest=self.longest,
        )

    def fits(self, labels: Sequence[str]) -> bool:
        """Whether a header has every column that gives something."""
        return not self._absent(labels)

    def to_toml(self) -> str:
        """The text of the file."""
        return write(
            Written(
                self.name,
                self.labels,
                {**self.roles, "personal": self.personal, "text": self.text},
                self.words,
                self.categories,
                self.separators,
                self.kind,
                self.category,
                tuple(sorted(self.missing)),
                self.utc,
                self.skip_hxl,
                self.answers,
                self.longest,
            )
        )

    @classmethod
    def from_toml(cls, text: str) -> ColumnMapping:
        """Read the text of a file; ImportProblem says which key is wrong and what is allowed there."""
        told = read(text)
        columns = dict(told.columns)
        personal, free = columns.pop("personal", ()), columns.pop("text", ())
        return cls(
            told.name,
            columns,
            told.labels,
            personal,
            free,
            told.words,
            told.categories,
            told.separators,
            told.kind,
            told.category,
            frozenset(told.missing),
            told.utc,
            told.skip_hxl,
            told.answers,
            longest=told.longest,
        )

    def _absent(self, labels: Sequence[str]) -> tuple[str, ...]:
        places = _places(labels)
        absent = (column for columns in self.roles.values() for column in columns if column.key not in places)
        return tuple(dict.fromkeys(str(column) for column in absent))


def save(home: Home, mapping: ColumnMapping) -> Path:
    """Keep a mapping in a home under its name; one of the same name is replaced. The path of the file."""
    folder = home.path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(mapping.name)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(mapping.to_toml(), "utf-8")
    draft.replace(path)
    return path


def saved(home: Home) -> tuple[ColumnMapping, ...]:
    """The mappings of a home, by name; a file that cannot be read is passed over and stays where it is."""
    found = []
    for path in sorted((home.path / FOLDER).glob("*.toml")):
        try:
            found.append(ColumnMapping.from_toml(path.read_text("utf-8")))
        except (ImportProblem, OSError, UnicodeDecodeError):
            continue
    return tuple(sorted(found, key=lambda mapping: mapping.name))


def best(home: Home, labels: Sequence[str]) -> ColumnMapping | None:
    """The saved mapping that was made for this header, or for one to which only columns were added since.

    Of several that fit as well, the one that was saved last.
    """
    fitting = []
    for mapping in saved(home):
        appeared, vanished = changed_columns(mapping, labels)
        if not vanished and mapping.roles and mapping.fits(labels):
            when = (home.path / FOLDER / file_name(mapping.name)).stat().st_mtime_ns
            fitting.append((len(appeared), -when, mapping.name, mapping))
    return min(fitting, key=lambda one: one[:3])[3] if fitting else None


def changed_columns(mapping: ColumnMapping, labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns that appeared since the mapping was made, and those that vanished, each in the order of its header."""
    return _beyond(labels, mapping.labels), _beyond(mapping.labels, labels)


def _beyond(labels: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    known = _places(others)
    return tuple(column.label for column in _named(labels) if column.key not in known)


def _named(labels: Sequence[str]) -> Iterator[Named]:
    """Every column by its label and by which it is of those with the same label, counted from 1."""
    seen: Counter[str] = Counter()
    for label in labels:
        seen[fold(label)] += 1
        yield Named(label, seen[fold(label)])


def _places(labels: Sequence[str]) -> dict[tuple[str, int], int]:
    return {column.key: place for place, column in enumerate(_named(labels))}
