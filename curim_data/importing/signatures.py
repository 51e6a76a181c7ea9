"""Signatures: column statistics of an export in a few hundred values, to see next month what has changed and which
exports come from one source.

No free text and nothing personal: of columns without a role only the heading is kept (its number, where it cannot be
the name of a column: a file may lack its header), values only of the categorical columns, and of these only what can
be a name and occurs at least five times.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.types import ArrowArray, ArrowText
from curim_data.formats import GUESSED
from curim_data.formats.base import Layout, is_name
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.value_parsing import in_one_piece, trimmed, written_alike

Signature: TypeAlias = Mapping[str, Any]  # plain values, as JSON holds them

VERSION: Final = 1
LISTED_ROLES: Final = frozenset(
    {"kind", "category", "more_categories", "severity", "feeling", "reporter_gender", "affected_gender", "age_band"}
    | {"status"}
)
MEASURED_ROLES: Final = frozenset({"latitude", "longitude", "x", "y"})
MOST_VALUES: Final = 40
MOST_COUNTED: Final = 2_000
LEAST_ALIKE: Final = 5
MOST_COLUMNS: Final = 400
MOST_LABEL: Final = 60
KINDS: Final[Mapping[str, str]] = {
    "whole": r"^[+-]?\d+$",
    "decimal": r"^[+-]?\d+[.,]\d+$",
    "iso": r"^\d{4}-\d{1,2}(?:-\d{1,2}.*)?$",
    "date": r"^\d{1,2} ?[/.\-] ?\d{1,2} ?[/.\-] ?\d{2,4}.*$",
}


class SignatureBuilder:
    """Builds the signature of a file from its blocks, one after the other.

    Parameters
    ----------
    labels : sequence of str
        The header.
    layout : Layout
        Which columns give which role.
    """

    def __init__(self, labels: Sequence[str], layout: Layout) -> None:
        self._labels = signature_labels(labels)
        self._roles = {part.place: role for role, parts in layout.roles.items() for part in parts}
        self._format = layout.format
        self._rows = 0
        self._empty: Counter[int] = Counter()
        self._kinds: dict[int, Counter[str]] = {
            place: Counter(dict.fromkeys((*KINDS, "text"), 0)) for place in self._roles
        }
        self._values: dict[int, Counter[str]] = {
            p: Counter() for p, role in self._roles.items() if role in LISTED_ROLES
        }
        self._middle: dict[int, float] = {}

    def add(self, table: pa.Table) -> None:
        """Add a block's table (columns "0", "1", ... of text, empty is "")."""
        self._rows += table.num_rows
        for place, role in self._roles.items():
            column = trimmed(in_one_piece(table.column(place)))
            given = column.filter(pc.not_equal(column, ""))
            self._empty[place] += table.num_rows - len(given)
            rest = given
            times = None
            if place in self._values:  # each value once
                counted = pc.value_counts(given)
                rest, times = counted.field("values"), counted.field("counts")
                self._count(self._values[place], rest.to_pylist(), times.to_pylist())
            elif written_alike(given):  # no kind looks at which digit a digit is
                rest, times = given.slice(0, 1), pa.array([len(given)])
            for kind, pattern in KINDS.items():
                if not len(rest):
                    break
                matched = pc.match_substring_regex(rest, pattern)
                self._kinds[place][kind] += _how_many(matched if times is None else times.filter(matched))
                others = pc.invert(matched)
                rest, times = rest.filter(others), None if times is None else times.filter(others)
            self._kinds[place]["text"] += len(rest) if times is None else _how_many(times)
            if role in MEASURED_ROLES and place not in self._middle:
                self._measure(place, given)

    def _count(self, counter: Counter[str], values: Sequence[str], times: Sequence[int]) -> None:
        for value, n in zip(values, times, strict=True):
            if value in counter or len(counter) < MOST_COUNTED:
                counter[value] += n

    def _measure(self, place: int, given: ArrowText) -> None:
        texts = pc.replace_substring(given, ",", ".")
        numbers = texts.filter(pc.match_substring_regex(texts, r"^[+-]?\d+([.]\d+)?$")).cast(pa.float64())
        if len(numbers):
            self._middle[place] = round(float(np.median(numbers.to_numpy())), 1)

    def build(self, first: dt.date | None = None, last: dt.date | None = None) -> Signature:
        """Return the signature as plain values; `first` and `last` are the days of the file's alerts."""
        columns: dict[str, Any] = {}
        for place, role in self._roles.items():
            kinds, given = self._kinds[place], sum(self._kinds[place].values())
            described: dict[str, Any] = {
                "role": role,
                "empty": round(self._empty[place] / self._rows, 4) if self._rows else 0.0,
                "kinds": {kind: round(n / given, 4) for kind, n in kinds.items() if n},
            }
            if place in self._values:
                some = [(v, n) for v, n in self._values[place].most_common() if n >= LEAST_ALIKE and is_name(v)]
                described["values"] = {value: round(n / given, 4) for value, n in some[:MOST_VALUES]}
            if place in self._middle:
                described["middle"] = self._middle[place]
            columns.setdefault(self._labels[place], described)
        return {
            "version": VERSION,
            "format": self._format,
            "rows": self._rows,
            "labels": self._labels[:MOST_COLUMNS],
            "columns": columns,
            "first": first.isoformat() if first else None,
            "last": last.isoformat() if last else None,
        }


def _how_many(marks_or_counts: ArrowArray) -> int:
    return int(pc.sum(marks_or_counts).as_py() or 0)


def signature_labels(labels: Sequence[str]) -> list[str]:
    """The headings as a signature keeps them: cut off, and by their number where they may be no names."""
    return [label[:MOST_LABEL] if is_name(label[:MOST_LABEL]) else f"#{at}" for at, label in enumerate(labels, 1)]


def header_similarity(one: Signature, two: Signature) -> float:
    """Jaccard similarity of the headers of two signatures: shared headings as a share of all (0 to 1)."""
    a, b = set(one.get("labels", ())), set(two.get("labels", ()))
    return len(a & b) / len(a | b) if a | b else 0.0


def normalised_label(label: str) -> str:
    """Normalise white space and letter case of a heading, for comparison."""
    return re.sub(r"\s+", " ", label).strip().casefold()


# Formats that say nothing of where an export comes from.
OPEN_FORMATS: Final = frozenset({GUESSED, MAPPED})
# Headers so alike are of the same export.
SAME_HEADER: Final = 0.5
# Columns that the download of the quarantined rows has in addition to those of the file.
QUARANTINE_LABELS: Final = frozenset(normalised_label(label) for label in ("row", "column", "value", "reason", "mend"))


def same_source(one: Signature, two: Signature) -> bool:
    """Whether two files come from one source, by their signatures (`signatures.SignatureBuilder`).

    A named format is one source. Other tables are where they were read by a mapping of the same name, or where the
    column of the ids is called the same and at least half of all headings are shared. Rows that were mended and come
    back have fewer headings than their file.
    """
    formats = {str(one.get("format")), str(two.get("format"))}
    if not formats & OPEN_FORMATS:
        return len(formats) == 1
    if one.get("mapping") and one.get("mapping") == two.get("mapping"):
        return True
    a, b = _headings(one), _headings(two)
    if not a or not b or _id_heading(one) != _id_heading(two):
        return False
    mended = any(is_quarantine_download(signature) for signature in (one, two))
    return len(a & b) >= SAME_HEADER * (min(len(a), len(b)) if mended else len(a | b))


def is_quarantine_download(signature: Signature) -> bool:
    """Whether a file is the download of quarantined rows, by the columns that it adds."""
    return QUARANTINE_LABELS.issubset(normalised_label(label) for label in signature.get("labels", ()))


def source_code(signature: Signature) -> str:
    """Four hex digits that stand for the headings of a source."""
    return hashlib.sha256("\0".join(sorted(_headings(signature))).encode()).hexdigest()[:4]


def _headings(signature: Signature) -> frozenset[str]:
    found = frozenset(normalised_label(label) for label in signature.get("labels", ()))
    return found - QUARANTINE_LABELS if found >= QUARANTINE_LABELS else found


def _id_heading(signature: Signature) -> str:
    """How the column of the ids is called; empty where there is none."""
    columns: Mapping[str, Any] = signature.get("columns", {})
    found = (label for label, column in columns.items() if column.get("role") == "alert_id")
    return normalised_label(next(found, ""))
