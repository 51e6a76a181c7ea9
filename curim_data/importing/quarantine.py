"""Quarantine: the rows that were not accepted, written block by block to the batch's Parquet file.

A text that may reveal a person is not kept: not the columns without a role, and no value too long for its column. In a
row with too many or too few fields it is unknown which piece is which: of such a row only the id is kept, where it
comes first. The whole row is in the file that was imported, under its row number. Of a row of an erased alert nothing
but that number is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from curim_data.formats.base import MOST_CHARACTERS, Layout, Part, fold, is_name
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.roles import CATEGORY_ROLES
from curim_data.importing.row_outcomes import RowOutcomes
from curim_data.lexicon import SCALES, scale_step
from curim_data.lexicon.months import is_misspelt_month, month_numbers
from curim_data.model import Block, Reason
from curim_data.model.records import RejectedRecord

WORD_ROLES: Final = frozenset({"kind", "reporter_gender", "affected_gender", "age_band", "status"})
_ID: Final = re.compile(r"(?=[^\d]*\d)[\w.:/#-]{1,60}")
# Words of four letters and more that occur in dates and coordinates, besides the names of months.
_PLAIN_WORDS: Final = frozenset({"point", "srid", "null", "none"})
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_PHONE: Final = re.compile(
    r"(?:\+|\b00)\d[\d ()\-]{7,}|(?<![\d.,])(?:\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}|69\d{8})(?![\d.,])"
)
_NINE_DIGITS: Final = re.compile(r"\d{9}")
ID_COLUMN: Final = b"curim.alert_id"  # metadata of the file: which column holds the ids
SETTLED: Final = b"curim.settled"  # and how the file was read, as a column mapping: mended rows are read alike
FORMAT_NAME: Final = b"curim.format"  # of that file: the source of its alerts
_OWN: Final = ("row", "column", "value", "reason")


class Quarantine:
    """Collects the quarantined rows of one file; `path` exists once there is one.

    `keep`: rows that `first` holds. `settled`: how the file was read. `numbers_only`: keep only the number of a row
    whose fields do not fit the columns, since it may be one that was erased.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        layout: Layout,
        keep: int,
        *,
        settled: ColumnMapping | None = None,
        numbers_only: bool = False,
    ) -> None:
        self.path, self.reasons = path, Counter[str]()
        self._layout, self._keep, self._numbers_only = layout, keep, numbers_only
        self._settled = settled
        self._names = _unique({place: labels[place] for place in layout.places})
        self._width = len(labels)
        self._writer: pq.ParquetWriter | None = None
        self._first: list[pa.Table] = []
        self._kept = 0

    @property
    def count(self) -> int:
        """Number of rows quarantined so far."""
        return self.reasons.total()

    def add(self, block: Block, outcomes: RowOutcomes) -> pa.Table:
        """Add the invalid rows of a block; return them as a table (row, column, value, reason, ...)."""
        table = self._table(block, outcomes)
        written = _with_own_numbers(table, block)
        self.reasons.update(table["reason"].to_pylist())
        if table.num_rows:
            if self._writer is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
            self._writer.write_table(written)
            if self._kept < self._keep:
                self._first.append(written.slice(0, self._keep - self._kept))
                self._kept += self._first[-1].num_rows
        return table

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def first(self) -> pd.DataFrame:
        """Return the first quarantined rows, in the order of the file."""
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in (*_OWN, *self._names.values())})
        return pa.concat_tables(self._first).to_pandas() if self._first else empty

    def _table(self, block: Block, outcomes: RowOutcomes) -> pa.Table:
        layout, names = self._layout, self._names
        redact = {part.place: redaction(role, layout) for role, parts in layout.roles.items() for part in parts}
        at_label = {role: layout.place(role) for role in layout.roles} | {label: at for at, label in names.items()}
        where = np.flatnonzero(outcomes.reason != "")
        raw = block.table.take(pa.array(where))
        erased = outcomes.reason[where] == Reason.ERASED.value
        columns = np.where(erased, "", outcomes.column[where])
        values = [
            redact[at_label[column]](str(value)) if column in at_label else ""
            for value, column in zip(outcomes.value[where], columns, strict=True)
        ]
        cells: dict[str, list[Any]] = {
            "row": block.rows[where].tolist(),
            "column": columns.tolist(),
            "value": values,
            "reason": outcomes.reason[where].tolist(),
        }
        for at, name in names.items():
            texts = zip(raw.column(at).to_pylist(), erased, strict=True)
            cells[name] = ["" if gone else redact[at](text) for text, gone in texts]
        for record in block.refused:
            line = self._misfit(record, redact)
            for name, column in cells.items():
                column.append(line.get(name, ""))
        order = np.argsort(np.array(cells["row"], np.int64), kind="stable")
        types = {name: pa.int64() if name == "row" else pa.string() for name in cells}
        table = pa.table({name: pa.array(column, types[name]) for name, column in cells.items()})
        place = layout.place("alert_id") if "alert_id" in layout.roles else None
        named = {ID_COLUMN: names[place].encode()} if place is not None else {}
        if self._settled is not None:
            named[SETTLED] = self._settled.to_toml().encode()
            named[FORMAT_NAME] = self._layout.format.encode()
        return table.take(pa.array(order)).replace_schema_metadata(named or None)

    def _misfit(self, record: RejectedRecord, redact: dict[int, Callable[[str], str]]) -> dict[str, Any]:
        line: dict[str, Any] = {"row": record.row, "reason": record.reason.value}
        if self._numbers_only:
            return line
        if len(record.fields) == self._width and record.reason is Reason.BAD_ENCODING:
            line |= {name: redact[at](record.fields[at]) for at, name in self._names.items()}
        elif self._layout.roles.get("alert_id") == (Part(0),) and record.fields and _is_id(record.fields[0]):
            line[self._names[0]] = record.fields[0]
        return line


def _with_own_numbers(table: pa.Table, block: Block) -> pa.Table:
    """Number quarantined rows as the file does, where its rows were repeated."""
    if block.origin is None:
        return table
    own = dict(zip(block.rows.tolist(), block.origin.tolist(), strict=True))
    own |= {record.row: record.number for record in block.refused}
    numbers = [own[row] for row in table["row"].to_pylist()]
    return table.set_column(0, table.schema.field(0), pa.array(numbers, pa.int64()))


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
        if text is None or schema.names[len(_OWN) :] != list(labels):
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
    return replace(mapping, name="", answers=replace(mapping.answers, sheet=None, ids=None, elsewhere=False, area=None))


def _unique(names: dict[int, str]) -> dict[int, str]:
    """Make the names of columns unique, and different from those of our own columns."""
    taken = set(_OWN)
    unique: dict[int, str] = {}
    for place, name in names.items():
        fresh = name or f"column {place + 1}"
        ordinal = 2
        while fresh in taken:
            fresh, ordinal = f"{name or 'column'} ({ordinal})", ordinal + 1
        taken.add(fresh)
        unique[place] = fresh
    return unique


def redaction(role: str, layout: Layout) -> Callable[[str], str]:
    """Return how a value of a role is redacted: what is too long for its column or may name a person is dropped."""
    if role in CATEGORY_ROLES:
        separators = tuple(layout.separators) if role == "category" else ("|", *layout.separators)
        return lambda text: _names(text, separators, layout.longest)
    if role in WORD_ROLES:
        return lambda text: text if is_name(text) else ""
    if role == "alert_id":
        return lambda text: text if len(text) <= MOST_CHARACTERS and "@" not in text else ""
    if role in SCALES:
        return lambda text: text if scale_step(role, text) or free_of_personal_data(text) else ""
    return lambda text: text if len(text) <= MOST_CHARACTERS and free_of_personal_data(text) else ""


def _names(text: str, separators: Sequence[str], longest: int) -> str:
    """Drop from a cell of categories the pieces that cannot be names."""
    pieces = re.split(f"({'|'.join(map(re.escape, separators))})", text) if separators else [text]
    return (
        text
        if all(is_name(piece, longest) for piece in pieces[::2])
        else "".join(piece if at % 2 or is_name(piece, longest) else "" for at, piece in enumerate(pieces))
    )


def free_of_personal_data(text: str) -> bool:
    """Whether a text in a column of dates or numbers holds no e-mail address, no telephone number and nothing like a
    name: a capitalised word, or two words, that are not of a date. The misspelt name of a month is of one, so that it
    can be mended."""
    if "@" in text or _PHONE.search(text):
        return False
    words = [
        word
        for word in _WORD.findall(text)
        if not (fold(word) in _PLAIN_WORDS or fold(word) in month_numbers() or is_misspelt_month(word))
    ]
    return len(words) < 2 and all(word.islower() for word in words)


def _is_id(text: str) -> bool:
    """Whether the first field of a broken row is an id, not a piece of a text or a telephone number."""
    return bool(_ID.fullmatch(text.strip())) and not _NINE_DIGITS.search(text)
