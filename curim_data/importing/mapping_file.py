"""The file of a column mapping: TOML, written so that a person can read and mend it, and read with plain errors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from curim_data.formats.base import MOST_CHARACTERS
from curim_data.lexicon.folding import fold
from curim_data.model.alert import AgeBand, Gender, Kind, Status
from curim_data.model.i18n import Message
from curim_data.model.questions import DAY_FIRST, MONTH_FIRST, Answers
from curim_data.model.reasons import ImportProblem

ROLES: Final = (
    "alert_id", "reported_at", "occurred_from", "occurred_to", "kind", "category", "more_categories", "severity",
    "feeling", "reporter_gender", "affected_gender", "age_band", "status", "resolved_at", "confirmations", "latitude",
    "longitude", "x", "y", "point",
)  # fmt: skip
DROPPED: Final = ("personal", "text")
PARTS: Final = ("value", "date", "time", "year", "month", "day", "hour", "minute", "second", "flag", "first")
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": tuple(Kind),
    "status": tuple(Status),
    "age_band": tuple(AgeBand),
    "reporter_gender": tuple(Gender),
    "affected_gender": tuple(Gender),
}
_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "dates": (DAY_FIRST, MONTH_FIRST),
    "decimal": ("point", "comma"),
    "order": ("lat-lon", "lon-lat"),
    "ids": ("same", "own"),
}
_MUST: Final = {
    str: Message("In the mapping file, {key} must be a text in quotation marks."),
    bool: Message("In the mapping file, {key} must be true or false."),
    int: Message("In the mapping file, {key} must be a whole number above 0."),
    list: Message("In the mapping file, {key} must be a list in square brackets."),
    dict: Message("In the mapping file, {key} must be a table."),
}
_KEYS: Final = (
    "name", "format", "labels", "kind", "category", "separators", "missing", "utc", "skip_hxl", "longest", "answers",
    "columns", "words", "categories",
)  # fmt: skip


class Named(NamedTuple):
    """A column by its label: which of those with the same label (from 1), and what it gives (as `formats.base.Part`).

    Letter case, accents, and blanks against underscores do not tell labels apart.
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


@dataclass(frozen=True)
class Written:
    """What a file says; `columns` holds the roles and, as two roles more, the personal columns and those of text."""

    name: str
    labels: tuple[str, ...] = ()
    columns: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    separators: tuple[str, ...] = ()
    kind: str | None = None
    category: str | None = None
    missing: tuple[str, ...] = ()
    utc: bool = False
    skip_hxl: bool = False
    answers: Answers = field(default_factory=Answers)
    longest: int = MOST_CHARACTERS


def file_name(name: str) -> str:
    """A name for the file of a mapping: readable, safe on every system, and different for different names."""
    plain = re.sub(r"[^\w]+", "-", fold(name)).strip("-")[:40] or "mapping"
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.toml"


def write(told: Written) -> str:
    """The text of the file; what is not told is left out."""
    lines = [f"name = {_text(told.name)}", 'format = "mapped"', f"labels = {_list(told.labels)}"]
    for key in ("kind", "category"):
        if (value := getattr(told, key)) is not None:
            lines.append(f"{key} = {_text(value)}")
    for key in ("separators", "missing"):
        if values := getattr(told, key):
            lines.append(f"{key} = {_list(values)}")
    if told.longest != MOST_CHARACTERS:
        lines.append(f"longest = {told.longest}")
    lines += [f"{key} = true" for key in ("utc", "skip_hxl") if getattr(told, key)]
    answers = {
        one.name: value
        for one in dataclasses.fields(Answers)
        if (value := getattr(told.answers, one.name)) is not None and value is not False
    }
    if answers:
        lines += ["", "[answers]", *(f"{key} = {_plain(value)}" for key, value in answers.items())]
    for role, columns in told.columns.items():
        for column in columns:
            lines += ["", "[[columns]]", f"role = {_text(role)}", f"label = {_text(column.label)}"]
            if column.occurrence != 1:
                lines.append(f"occurrence = {column.occurrence}")
            if column.part != "value":
                lines.append(f"part = {_text(column.part)}")
    for role, table in told.words.items():
        lines += ["", f"[words.{role}]", *(f"{_text(word)} = {_text(value)}" for word, value in table.items())]
    if told.categories:
        lines += ["", "[categories]"]
        lines += [f"{_text(word)} = {_text(value)}" for word, value in told.categories.items()]
    return "\n".join(lines) + "\n"


def read(text: str) -> Written:
    """Read the text of a file; ImportProblem says which key is wrong and what is allowed there."""
    try:
        top = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ImportProblem(
            Message(
                "The mapping file is not written as TOML: {detail}. Correct that place, or save the mapping anew.",
                {"detail": str(error)},
            )
        ) from None
    _only(top, _KEYS, "")
    if top.get("format", "mapped") != "mapped":
        raise _not_allowed("format", ("mapped",))
    kind = _of(top, "kind", str, None)
    if kind is not None:
        _among(kind, _VALUES["kind"], "kind")
    return Written(
        _needed(top, "name", ""),
        _texts(top, "labels"),
        _columns(top),
        _words(top),
        _table(_of(top, "categories", dict, {}), "categories"),
        _texts(top, "separators"),
        kind,
        _of(top, "category", str, None),
        _texts(top, "missing"),
        _of(top, "utc", bool, False),
        _of(top, "skip_hxl", bool, False),
        _answers(_of(top, "answers", dict, {})),
        _longest(top),
    )


def _longest(top: Mapping[str, Any]) -> int:
    longest: int = _of(top, "longest", int, MOST_CHARACTERS)
    if longest < 1:
        raise _must_be("longest", int)
    return longest


def _columns(top: Mapping[str, Any]) -> dict[str, tuple[Named, ...]]:
    found: dict[str, tuple[Named, ...]] = {}
    for count, entry in enumerate(_of(top, "columns", list, []), start=1):
        where = f"columns[{count}]"
        if not isinstance(entry, dict):
            raise _must_be(where, dict)
        _only(entry, ("role", "label", "occurrence", "part"), f"{where}.")
        role, label = _needed(entry, "role", f"{where}."), _needed(entry, "label", f"{where}.")
        _among(role, (*ROLES, *DROPPED), f"{where}.role")
        part = _of(entry, "part", str, "value", f"{where}.")
        _among(part, PARTS, f"{where}.part")
        occurrence = _of(entry, "occurrence", int, 1, f"{where}.")
        if occurrence < 1:
            raise _must_be(f"{where}.occurrence", int)
        found[role] = (*found.get(role, ()), Named(label, occurrence, part))
    return found


def _words(top: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    tables = _of(top, "words", dict, {})
    _only(tables, _VALUES, "words.")
    found = {}
    for role in tables:
        found[role] = _table(_of(tables, role, dict, {}, "words."), f"words.{role}")
        for word, value in found[role].items():
            _among(value, _VALUES[role], f"words.{role}.{word}")
    return found


def _answers(table: Mapping[str, Any]) -> Answers:
    _only(table, [one.name for one in dataclasses.fields(Answers)], "answers.")
    told: dict[str, Any] = {}
    for key in table:
        kind = {"crs": int, "elsewhere": bool}.get(key, str)
        told[key] = _of(table, key, kind, None, "answers.")
        if key in _ANSWERS:
            _among(told[key], _ANSWERS[key], f"answers.{key}")
    return Answers(**told)


def _table(table: Mapping[str, Any], where: str) -> dict[str, str]:
    return {key: _of(table, key, str, "", f"{where}.") for key in table}


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = _of(table, key, list, [])
    for count, value in enumerate(values, start=1):
        if not isinstance(value, str):
            raise _must_be(f"{key}[{count}]", str)
    return tuple(values)


def _needed(table: Mapping[str, Any], key: str, where: str) -> str:
    if key not in table:
        raise ImportProblem(
            Message("The mapping file does not say {key}. Add it, or save the mapping anew.", {"key": where + key})
        )
    value: str = _of(table, key, str, "", where)
    return value


def _of(table: Mapping[str, Any], key: str, kind: type, default: Any, where: str = "") -> Any:
    """A value of the type wanted; a boolean is no number."""
    value = table.get(key, default)
    if key in table and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise _must_be(where + key, kind)
    return value


def _only(table: Mapping[str, Any], allowed: Collection[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise ImportProblem(
                Message(
                    "The mapping file has a key that nobody knows: {key}. Allowed there: {allowed}.",
                    {"key": where + key, "allowed": ", ".join(allowed)},
                )
            )


def _among(value: str, allowed: Collection[str], key: str) -> None:
    if value not in allowed:
        raise _not_allowed(key, allowed)


def _not_allowed(key: str, allowed: Collection[str]) -> ImportProblem:
    return ImportProblem(
        Message(
            "The value of {key} in the mapping file is not allowed. Allowed there: {allowed}.",
            {"key": key, "allowed": ", ".join(allowed)},
        )
    )


def _must_be(key: str, kind: type) -> ImportProblem:
    return ImportProblem(Message(_MUST[kind].text, {"key": key}))


def _plain(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else _text(value)


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, and the one control character JSON leaves is escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Collection[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"
