"""Column mappings: what the columns of an export mean, as a person decided; kept in the home and offered next month.

A mapping is kept as a TOML file (described in docs/mapping.md) that a person can read and edit. Columns are identified
by their label, so that a file whose columns come in another order fits as well. An export that was imported is known
again by its signature: column statistics in a few hundred values. No free text and nothing personal: of columns without
a role only the heading is kept (its number, where it cannot be the name of a column: a file may lack its header),
values only of the categorical columns, and of these only what can be a name and occurs at least five times.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import Field

from curim_data.containers.base import ArrowText
from curim_data.formats.base import MOST_CHARACTERS, CellReading, Layout, Part, is_name
from curim_data.formats.columns import in_one_piece, trimmed
from curim_data.formats.guess.headings import names_person, names_text, read_heading
from curim_data.formats.tables import ROLES, VALUES, one_of, read, table
from curim_data.importing.profiling import FileProfile
from curim_data.lexicon.words import fold
from curim_data.model import (
    BY_NAMES,
    DAY_FIRST,
    EACH_EVENT,
    EACH_ROW,
    MONTH_FIRST,
    Answers,
    ImportProblem,
    Kind,
    Message,
)
from curim_data.model.prepared import write_whole
from curim_data.store import Home

FORMAT: Final = "mapped"
FOLDER: Final = "mappings"
DROPPED: Final = ("personal", "text")
PARTS: Final = ("value", "date", "time", "year", "month", "day", "hour", "minute", "second", "flag", "first")


# What a mapping says in the same words as a layout.
_SHARED: Final = tuple(one.name for one in fields(CellReading))


class MappedColumn(NamedTuple):
    """A column by its label: which of those with the same label (from 1), and its part of a role (`formats.base.Part`).

    Labels are compared without letter case and accents; blanks and underscores are equal.
    """

    label: str
    occurrence: int = 1
    part: str = "value"

    @property
    def key(self) -> tuple[str, int]:
        """What two columns of different files must share to be the same column."""
        return fold(self.label), self.occurrence

    def __str__(self) -> str:
        return self.label if self.occurrence == 1 else f"{self.label} ({self.occurrence})"


# What an answer may be, where not anything.
ALLOWED_ANSWERS: Final[Mapping[str, Collection[str]]] = {
    "dates": (DAY_FIRST, MONTH_FIRST),
    "decimal": ("point", "comma"),
    "order": ("lat-lon", "lon-lat"),
    "ids": ("same", "own"),
    "kind": (BY_NAMES, *Kind),
    "counts": (EACH_EVENT, EACH_ROW),
    "gender": ("affected", "reporter", "none"),
    "midnight": ("unknown", "known"),
    "older": ("keep", "replace"),
    "gone": ("keep", "withdrawn"),
}


# Answers about one file, and none for the next one.
OF_ONE_FILE: Final[Mapping[str, Any]] = {
    "ids": None, "elsewhere": False, "area": None, "older": None, "gone": None, "covers": None,
}  # fmt: skip


def unknown_answer(name: str, answer: object, allowed: str) -> ImportProblem:
    """Why an answer cannot be used; `allowed`: what it may be, or an example."""
    values = {"answer": f"{name}={answer}", "allowed": allowed}
    return ImportProblem(Message("{answer} is not known. Say one of these: {allowed}.", values))


def check_answers(answers: Answers) -> None:
    """ImportProblem where an answer is none of those that there are."""
    for name, allowed in ALLOWED_ANSWERS.items():
        if (answer := getattr(answers, name)) is not None and answer not in allowed:
            raise unknown_answer(name, answer, ", ".join(allowed))
    if answers.timezone is not None:
        try:
            ZoneInfo(answers.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise unknown_answer("timezone", answers.timezone, "Europe/Athens, Europe/Paris …") from error


def covered_days(answer: str | None) -> tuple[dt.date, dt.date] | None:
    """The days that a person says a file covers; ImportProblem where that cannot be."""
    if answer is None:
        return None
    with suppress(ValueError):
        first, last = map(dt.date.fromisoformat, map(str.strip, answer.split("/")))
        if first <= last:
            return first, last
    raise unknown_answer("covers", answer, "2025-01-01/2025-03-31")


_ANSWERS: Final = table(
    **{
        name: (one_of(ALLOWED_ANSWERS[name]) | None if name in ALLOWED_ANSWERS else kind, getattr(Answers, name))
        for name, kind in get_type_hints(Answers).items()
        if name != "area"  # of one file alone
    }
)
_COLUMN: Final = table(
    role=(one_of((*ROLES, *DROPPED)), ...),
    label=(str, ...),
    occurrence=(int, Field(1, ge=1)),
    part=(one_of(PARTS), "value"),
)
_WORDS: Final = table(
    **{role: (dict[str, one_of(values)] | None, None) for role, values in VALUES.items()}  # type: ignore[misc]
)
_FILE: Final = table(
    name=(str, ...),
    format=(one_of((FORMAT,)), FORMAT),
    labels=(list[str], []),
    kind=(one_of(tuple(Kind)) | None, None),
    nature=(one_of(tuple(Kind)) | None, None),
    category=(str | None, None),
    separators=(list[str], []),
    missing=(list[str], []),
    utc=(bool, False),
    skip_hxl=(bool, False),
    longest=(int, Field(MOST_CHARACTERS, ge=1)),
    answers=(_ANSWERS, _ANSWERS()),
    columns=(list[_COLUMN], []),  # type: ignore[valid-type]
    words=(_WORDS, _WORDS()),
    categories=(dict[str, str], {}),
)


@dataclass(frozen=True)
class ColumnMapping(CellReading):
    """The columns of a header and the roles they give, by label.

    `roles` maps a role to its columns; `personal` and `text` are columns that are dropped at import and reported;
    `labels` is the header it was made for; `answers` what a person said of such files.
    """

    name: str
    roles: Mapping[str, tuple[MappedColumn, ...]]
    labels: tuple[str, ...] = ()
    personal: tuple[MappedColumn, ...] = ()
    text: tuple[MappedColumn, ...] = ()
    answers: Answers = field(default_factory=Answers)
    format: str = FORMAT

    @classmethod
    def from_layout(
        cls, layout: Layout, labels: Sequence[str], *, answers: Answers | None = None, name: str = ""
    ) -> ColumnMapping:
        """Make the mapping that says the same as a layout of this header."""
        named = named_columns(labels)

        def mapped(parts: Iterable[Part]) -> tuple[MappedColumn, ...]:
            return tuple(named[part.place]._replace(part=part.part) for part in parts)

        return cls(
            name,
            {role: mapped(parts) for role, parts in layout.roles.items()},
            tuple(labels),
            mapped(map(Part, layout.personal)),
            mapped(map(Part, layout.text)),
            answers=replace(answers, area=None) if answers else Answers(),
            **{name: getattr(layout, name) for name in _SHARED},
        )

    def layout(self, labels: Sequence[str]) -> Layout:
        """Apply the mapping to a header; ImportProblem names the columns that the header lacks.

        Columns that the mapping does not know are judged by their headings: personal, free text, or unused.
        """
        if absent := self._absent(labels):
            raise ImportProblem(
                Message(
                    "The mapping {name} needs columns that this file does not have: {columns}. "
                    "Choose another mapping, or map the columns again.",
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
        known = _places(self.labels)
        for column, place in places.items():
            if column not in known and place not in given | personal | text:
                head = read_heading(labels[place])
                if names_person(head):
                    personal.add(place)
                elif names_text(head):
                    text.add(place)
        return Layout(
            self.format,
            roles,
            tuple(sorted(personal)),
            tuple(sorted(text)),
            tuple(place for place in range(len(labels)) if place not in given | personal | text),
            **{name: getattr(self, name) for name in _SHARED},
        )

    def fits(self, labels: Sequence[str]) -> bool:
        """Whether a header has every column that the mapping needs."""
        return not self._absent(labels)

    def to_toml(self) -> str:
        """Write the text of the file; defaults are left out."""
        optional = ("kind", "nature", "category", "separators", "missing", "longest", "utc", "skip_hxl")
        head = {"name": self.name, "format": FORMAT, "labels": self.labels}
        head |= {key: getattr(self, key) for key in optional if getattr(self, key) != getattr(ColumnMapping, key)}
        if self.missing:
            head["missing"] = sorted(self.missing)
        columns = [
            {"role": role}
            | {key: value for key, value in one._asdict().items() if value != MappedColumn._field_defaults.get(key)}
            for role, some in {**self.roles, "personal": self.personal, "text": self.text}.items()
            for one in some
        ]
        answers = {key: value for key, value in asdict(self.answers).items() if value not in (None, False)}
        words = {f"[words.{role}]": table for role, table in self.words.items()}
        quoted = {**words, **({"[categories]": self.categories} if self.categories else {})}
        blocks: list[tuple[str, Mapping[str, Any]]] = [("", head), *([("[answers]", answers)] if answers else [])]
        blocks += [("[[columns]]", column) for column in columns]
        blocks += [(title, {_toml(word): value for word, value in table.items()}) for title, table in quoted.items()]
        return (
            "\n\n".join(
                "\n".join([title] * bool(title) + [f"{key} = {_toml(value)}" for key, value in table.items()])
                for title, table in blocks
            )
            + "\n"
        )

    @classmethod
    def from_toml(cls, text: str, name: str = "mapping.toml") -> ColumnMapping:
        """Read the text of a file; ImportProblem names it and says which key is wrong and what is allowed there."""
        file = read(text.encode(), _FILE, name)
        roles: dict[str, tuple[MappedColumn, ...]] = dict.fromkeys(DROPPED, ())
        for one in file.pop("columns"):
            role = one.pop("role")
            roles[role] = (*roles.get(role, ()), MappedColumn(**one))
        file |= {key: tuple(file[key]) for key in ("labels", "separators")}
        file |= {"missing": frozenset(file["missing"]), "answers": Answers(**file["answers"])}
        return cls(**file, personal=roles.pop("personal"), text=roles.pop("text"), roles=roles)

    def _absent(self, labels: Sequence[str]) -> tuple[str, ...]:
        places = _places(labels)
        absent = (column for columns in self.roles.values() for column in columns if column.key not in places)
        return tuple(dict.fromkeys(str(column) for column in absent))


def save(home: Home, mapping: ColumnMapping) -> Path:
    """Save a mapping in a home under its name, replacing one of the same name; return the path of the file."""
    path = home.path / FOLDER / file_name(mapping.name)
    write_whole(path, lambda part: part.write_text(mapping.to_toml(), "utf-8"))
    return path


def saved(home: Home) -> tuple[ColumnMapping, ...]:
    """Load the mappings of a home, by name; a file that cannot be read is skipped and stays where it is."""
    found = []
    for path in sorted((home.path / FOLDER).glob("*.toml")):
        with suppress(ImportProblem, OSError, UnicodeDecodeError):
            found.append(ColumnMapping.from_toml(path.read_text("utf-8")))
    return tuple(sorted(found, key=lambda mapping: mapping.name))


def best(home: Home, labels: Sequence[str]) -> ColumnMapping | None:
    """Find the saved mapping that was made for this header, or for one to which only columns were added since.

    Of several that fit equally well, the one that was saved last.
    """

    def rank(mapping: ColumnMapping) -> tuple[int, int, str]:
        latest = -(home.path / FOLDER / file_name(mapping.name)).stat().st_mtime_ns
        return len(changed_columns(mapping, labels)[0]), latest, mapping.name

    able = (one for one in saved(home) if one.roles and one.fits(labels) and not changed_columns(one, labels)[1])
    return min(able, key=rank, default=None)


def changed_columns(mapping: ColumnMapping, labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns added since the mapping was made, and those removed, each in the order of its header."""
    old, new = ({one.key: one.label for one in named_columns(some)} for some in (mapping.labels, labels))
    appeared = tuple(label for key, label in new.items() if key not in old)
    return appeared, tuple(label for key, label in old.items() if key not in new)


def named_columns(labels: Sequence[str]) -> tuple[MappedColumn, ...]:
    """Name the columns of a header by label, and those of the same label by their number, counted from 1."""
    seen: Counter[str] = Counter()
    named = []
    for label in labels:
        seen[fold(label)] += 1
        named.append(MappedColumn(label, seen[fold(label)]))
    return tuple(named)


def _places(labels: Sequence[str]) -> dict[tuple[str, int], int]:
    return {column.key: place for place, column in enumerate(named_columns(labels))}


def _toml(value: Any) -> str:
    """Write a text, number, truth value or list as TOML: as JSON does, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def file_stem(name: str) -> str:
    """What a mapping of a file is called: its name without folders and endings."""
    return Path(name).name.partition(".")[0] or name


def file_name(name: str) -> str:
    """Make a file name for a mapping: readable, safe on every system, and different for different names."""
    plain = re.sub(r"[^\w]+", "-", fold(name)).strip("-")[:40] or "mapping"
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.toml"


# In the metadata of a file of quarantined rows: how their file was read, as a mapping (mended rows are read alike), and
# its format, the source of its alerts.
SETTLED: Final = b"curim.settled"
FORMAT_NAME: Final = b"curim.format"
OWN: Final = ("row", "column", "value", "reason")


def settled_for(folder: Path, labels: Sequence[str]) -> ColumnMapping | None:
    """How the file was read of which rows with these columns were quarantined; None without any.

    `labels`: of the columns after our own. A mapping without roles holds the answers alone: of a known format. Of
    several files with these columns it is that of the last one; None where they were not all read alike, since a row
    does not say of which it is.
    """
    found: ColumnMapping | None = None
    for path in sorted(folder.glob("*.parquet"), reverse=True):
        schema = pq.read_schema(path)
        metadata = schema.metadata or {}
        text = metadata.get(SETTLED)
        if text is None or schema.names[len(OWN) :] != list(labels):
            continue
        mapping = ColumnMapping.from_toml(text.decode())
        mapping = replace(mapping, format=metadata.get(FORMAT_NAME, mapping.format.encode()).decode())
        if found is None:
            found = mapping
        elif _reading(mapping) != _reading(found):
            return None
    return found


def _reading(mapping: ColumnMapping) -> ColumnMapping:
    """What of a mapping says how rows are read."""
    return replace(mapping, name="", answers=replace(mapping.answers, sheet=None, **OF_ONE_FILE))


Signature: TypeAlias = Mapping[str, Any]  # plain values, as JSON holds them
ColumnSignature: TypeAlias = Mapping[str, Any]

LISTED_ROLES: Final = frozenset(
    {"kind", "category", "more_categories", "severity", "feeling", "reporter_gender", "affected_gender", "age_band"}
    | {"status"}
)
MOST_VALUES: Final = 40
LEAST_ALIKE: Final = 5
MOST_COLUMNS: Final = 400
MOST_LABEL: Final = 60
KINDS: Final[Mapping[str, str]] = {
    "whole": r"^[+-]?\d+$",
    "decimal": r"^[+-]?\d+[.,]\d+$",
    "iso": r"^\d{4}-\d{1,2}(?:-\d{1,2}.*)?$",
    "date": r"^\d{1,2} ?[/.\-] ?\d{1,2} ?[/.\-] ?\d{2,4}.*$",
    "text": "",
}


def signature_of(
    labels: Sequence[str],
    layout: Layout,
    profile: FileProfile | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> Signature:
    """The signature of a file as plain values, its columns described from the sample of its profile.

    `labels`: the header; `layout`: which columns give which role; `first` and `last`: the days of the file's alerts.
    """
    named, sample = signature_labels(labels), None if profile is None else profile.sample[0]
    columns: dict[str, Any] = {}
    for role, parts in layout.roles.items():
        for part in parts:
            columns.setdefault(named[part.place], _described(role, None if sample is None else sample[part.place]))
    return {
        "version": 1,
        "format": layout.format,
        "rows": 0 if profile is None else profile.rows,
        "labels": named[:MOST_COLUMNS],
        "columns": columns,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
    }


def _described(role: str, column: ArrowText | None) -> ColumnSignature:
    """Role, share of empty cells, shares of the kinds of texts, of the values and the median of some columns."""
    texts = trimmed(pa.array([], pa.large_string()) if column is None else in_one_piece(column))
    filled = texts.filter(pc.not_equal(texts, ""))
    counted = pc.value_counts(filled)  # each value once
    rest, times = counted.field("values"), counted.field("counts")
    values, given = Counter(dict(zip(rest.to_pylist(), times.to_pylist(), strict=True))), max(len(filled), 1)
    kinds = {}
    for kind, pattern in KINDS.items():
        matched = pc.match_substring_regex(rest, pattern)
        if n := pc.sum(times.filter(matched)).as_py():
            kinds[kind] = round(n / given, 4)
        rest, times = (one.filter(pc.invert(matched)) for one in (rest, times))
    described = {"role": role, "empty": round(1 - len(filled) / max(len(texts), 1), 4), "kinds": kinds}
    if role in LISTED_ROLES:
        described["values"] = {
            value: round(n / given, 4)
            for value, n in [(value, n) for value, n in values.most_common() if n >= LEAST_ALIKE and is_name(value)][
                :MOST_VALUES
            ]
        }
    if role in ("latitude", "longitude", "x", "y"):
        points = pc.replace_substring(filled, ",", ".")
        numbers = points.filter(pc.match_substring_regex(points, r"^[+-]?\d+([.]\d+)?$")).cast(pa.float64())
        if len(numbers):
            described["middle"] = round(float(np.median(numbers.to_numpy())), 1)
    return described


def signature_labels(labels: Sequence[str]) -> list[str]:
    """The headings as a signature keeps them: cut off, and by their number where they may be no names."""
    return [label[:MOST_LABEL] if is_name(label[:MOST_LABEL]) else f"#{at}" for at, label in enumerate(labels, 1)]
