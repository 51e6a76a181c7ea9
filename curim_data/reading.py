"""From bytes to records: encoding, delimiter, quotes, and a true row number for every record.

What is decided, is decided over the whole file. Rows are numbered from 1; the header and wholly empty lines are not
counted, a line of delimiters alone is; a quoted text with line breaks is one row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from curim_data.decoding import CHUNK, MAX_LINE, REPAIRED, UNREADABLE, decode, load
from curim_data.i18n import Message
from curim_data.reasons import ImportProblem, Reason

_BLOCK: Final = 1 << 24
_DELIMITERS: Final = (";", ",", "\t", "|")
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE))  # a setting of the process; long texts are no fault

_TOTAL: Final = re.compile(
    r"^\s*(γενικ[οό]\s+)?(σ[υύ]νολο|σ[υύ]νολα|total|totals|sum|somme)(\s+g[eé]n[eé]ral)?\s*[:\d.,\s]*$", re.I
)


@dataclass(frozen=True)
class Refused:
    """A record that does not fit the header: its row number, why, and its fields as they stand."""

    row: int
    reason: Reason
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Records:
    """The records of a file.

    `table` holds one text column for each header field ("0", "1", ...), `rows` its row numbers; `encoding_repaired`
    and `trailing_cut` mark rows of the table.
    """

    name: str
    sha256: str
    encoding: str
    delimiter: str
    labels: tuple[str, ...]
    table: pa.Table
    rows: np.ndarray
    encoding_repaired: np.ndarray
    trailing_cut: np.ndarray
    refused: tuple[Refused, ...]

    @property
    def read(self) -> int:
        """Rows read, whatever became of them."""
        return len(self.rows) + len(self.refused)


def read_records(source: Path | bytes, name: str) -> Records:
    """Read a delimited text file; ImportProblem where it is not one."""
    data = load(source, name)
    text, encoding = decode(data, name)
    delimiter, labels, body = _header(text, name)
    return _records(text[body:], name, hashlib.sha256(data).hexdigest(), encoding, delimiter, labels)


def _header(text: bytes, name: str) -> tuple[str, tuple[str, ...], int]:
    """Delimiter, header labels, and where the records begin."""
    skip = 0
    if match := re.match(rb"\s*sep=.\n", text):
        skip = match.end()
    if match := re.compile(rb"(?:[ \t]*\n)+").match(text, skip):
        skip = match.end()
    head = text[skip : skip + CHUNK].decode("utf-8", "ignore")
    choices = [(_consistency(head, delimiter), delimiter) for delimiter in _DELIMITERS]
    best, delimiter = max(choices, key=lambda choice: choice[0])
    if best == (0.0, 0):
        raise ImportProblem(
            Message(
                "{name}: this is not a table. The first line has none of the delimiters semicolon, comma, tab or bar. "
                "Export the alerts as CSV with a header line.",
                {"name": name},
            )
        )
    stream = io.StringIO(head, newline="")
    labels = tuple(label.strip().strip("\ufeff" + REPAIRED) for label in next(csv.reader(stream, delimiter=delimiter)))
    return delimiter, labels, skip + len(_first_record(head, delimiter).encode())


def _first_record(head: str, delimiter: str) -> str:
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in head.splitlines(keepends=True):
            taken.append(line)
            yield line

    next(csv.reader(lines(), delimiter=delimiter))
    return "".join(taken)


def _consistency(head: str, delimiter: str) -> tuple[float, int]:
    """Share of the first records that have as many fields as the header, and how many those are."""
    sample = head[: head.rfind("\n")] if "\n" in head else head
    try:
        records = [
            record for _, record in zip(range(500), csv.reader(io.StringIO(sample), delimiter=delimiter), strict=False)
        ]
    except csv.Error:
        return 0.0, 0
    width = len(records[0]) if records else 0
    if width < 2:
        return 0.0, 0
    return round(sum(len(record) == width for record in records) / len(records), 1), width


def _records(body: bytes, name: str, sha256: str, encoding: str, delimiter: str, labels: tuple[str, ...]) -> Records:
    width = len(labels)
    if not body[:CHUNK].strip(b"\n") and not body.strip(b"\n"):
        raise ImportProblem(
            Message("{name}: the file has a header and no rows. Check the period that was exported.", {"name": name})
        )
    body = _mend_quotes(body, delimiter, width)
    misfits: list[tuple[int, str]] = []
    first = b"x" + delimiter.encode() * (width - 1) + b"\n"  # fixes the number of columns for the parser

    def set_aside(row: pacsv.InvalidRow) -> str:
        misfits.append((row.number - 1, row.text))
        return "skip"

    table = pacsv.read_csv(
        pa.BufferReader(first + body),
        read_options=pacsv.ReadOptions(
            use_threads=False, block_size=_BLOCK, column_names=[str(at) for at in range(width)]
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=True, invalid_row_handler=set_aside
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={str(at): pa.large_string() for at in range(width)}, strings_can_be_null=False
        ),
    ).slice(1)
    rows = np.setdiff1d(np.arange(1, table.num_rows + len(misfits) + 1), [number for number, _ in misfits])
    return _account(table, rows, misfits, (name, sha256, encoding, delimiter, labels))


def _account(
    table: pa.Table,
    rows: np.ndarray,
    misfits: list[tuple[int, str]],
    told: tuple[str, str, str, str, tuple[str, ...]],
) -> Records:
    """Sort rows that fit from those that do not; extra fields that are all empty are cut off."""
    name, sha256, encoding, delimiter, labels = told
    width = len(labels)
    repaired, unreadable = _marked(table, REPAIRED), _marked(table, UNREADABLE)
    if repaired.any() or unreadable.any():
        table = pa.table(
            [pc.replace_substring_regex(column, f"[{REPAIRED}{UNREADABLE}]", "") for column in table.columns],
            names=table.column_names,
        )
    refused: list[Refused] = []
    cut: list[tuple[int, list[str], bool]] = []
    for row, text in misfits:
        mended = REPAIRED in text
        broken = UNREADABLE in text
        fields = _fields(text.translate({0xE000: None, 0xE001: None}), delimiter)
        extra = [field for field in fields[width:] if field.strip()]
        if broken:
            refused.append(Refused(row, Reason.BAD_ENCODING, tuple(fields)))
        elif len(fields) > width and not extra:
            cut.append((row, fields[:width], mended))
        else:
            refused.append(Refused(row, _misfit(fields, width), tuple(fields)))
    empty, total = _empty_or_total(table)
    drop = empty | total | unreadable
    for at in np.flatnonzero(drop):
        fields = [str(column[int(at)].as_py()) for column in table.columns]
        reason = Reason.EMPTY_ROW if empty[at] else Reason.BAD_ENCODING if unreadable[at] else Reason.TOTALS_ROW
        refused.append(Refused(int(rows[at]), reason, tuple(fields)))
    table, rows, repaired = table.filter(pa.array(~drop)), rows[~drop], repaired[~drop]
    trailing = np.zeros(len(rows), bool)
    if cut:
        extra_table = pa.table(
            [pa.array([fields[at] for _, fields, _ in cut], pa.large_string()) for at in range(width)],
            names=table.column_names,
        )
        rows = np.concatenate([rows, [row for row, _, _ in cut]])
        order = np.argsort(rows, kind="stable")
        table = pa.concat_tables([table, extra_table]).take(pa.array(order))
        rows = rows[order]
        repaired = np.concatenate([repaired, [mended for _, _, mended in cut]]).astype(bool)[order]
        trailing = np.concatenate([trailing, np.ones(len(cut), bool)])[order]
    return Records(
        name, sha256, encoding, delimiter, labels, table, rows, repaired, trailing,
        tuple(sorted(refused, key=lambda record: record.row)),
    )  # fmt: skip


def _fields(record: str, delimiter: str) -> list[str]:
    """The fields of one record, its quotes as plain characters where they make no sense."""
    try:
        return next(csv.reader([record], delimiter=delimiter), [])
    except csv.Error:
        return record.split(delimiter)


def _misfit(fields: list[str], width: int) -> Reason:
    if not any(field.strip() for field in fields):
        return Reason.EMPTY_ROW
    if len(fields) > width:
        return Reason.TOO_MANY_FIELDS
    first = next(field for field in fields if field.strip())
    return Reason.TOTALS_ROW if _TOTAL.match(first) else Reason.TOO_FEW_FIELDS


def _marked(table: pa.Table, mark: str) -> np.ndarray:
    found = np.zeros(table.num_rows, bool)
    for column in table.columns:
        found |= pc.match_substring(column, mark).to_numpy()
    return found


def _empty_or_total(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Rows with nothing in any field, and rows whose first filled field is a word for a total."""
    empty, total = np.ones(table.num_rows, bool), np.zeros(table.num_rows, bool)
    for column in table.columns:
        blank = pc.match_substring_regex(column, r"^\s*$").to_numpy()
        short = pc.less_equal(pc.utf8_length(column), 40).to_numpy()
        for at in np.flatnonzero(empty & ~blank & short & _starts_like_total(column)):
            total[at] = bool(_TOTAL.match(column[int(at)].as_py()))
        empty &= blank
        if not empty.any():
            break
    return empty, total


def _starts_like_total(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.match_substring_regex(column, r"(?i)^\s*(γεν|σ[υύ]ν|tot|sum|som)").to_numpy())


def _mend_quotes(body: bytes, delimiter: str, width: int) -> bytes:
    """Neutralise quotes that open no quoted field, so that one of them does not swallow the rows after it.

    Only lines with an odd number of quotes can begin or end a text over several lines. Such a line and the next one
    are taken as one record when the two, with what lies between, are valid CSV; otherwise the quotes of the line are
    read as plain characters.
    """
    if b'"' not in body:
        return body
    lines = body.split(b"\n")
    odd = [at for at, line in enumerate(lines) if line.count(b'"') % 2]
    place = 0
    while place < len(odd):
        start = odd[place]
        end = odd[place + 1] if place + 1 < len(odd) else None
        alone = lines[start].decode().split(delimiter)
        joined = None if end is None else _strict(b"\n".join(lines[start : end + 1]).decode(), delimiter)
        if joined is not None and (joined == width or len(alone) != width):
            place += 2
            continue
        lines[start] = _quoted(alone, delimiter)
        place += 1
    return b"\n".join(lines)


def _strict(record: str, delimiter: str) -> int | None:
    """Number of fields of one record, or none where it is not exactly one valid record."""
    try:
        rows = list(csv.reader([record], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return len(rows[0]) if len(rows) == 1 else None


def _quoted(fields: list[str], delimiter: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(fields)
    return line.getvalue().encode()
