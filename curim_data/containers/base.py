"""What all containers share: sources, sizes, the refusals, the choice among tables, the way from texts to blocks, and
how much memory and time the reading of one file may take, by its size.

The rules for rows that hold no alert (wholly empty, a total) live here once, whatever the file was. Two settings take
the place of the limits, whatever the size of a file:

    CURIM_READ_MEMORY_MB=8000   # memory that reading one file may take beyond that of the libraries
    CURIM_READ_SECONDS=3600     # processor time that it may take; twice as long by the clock

They are wide for every export that was seen so far: memory grows with a workbook, whose sheet is held as a whole, and
time with JSON, which is read three times.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.model import Block, BoolArray, Choice, Facts, ImportProblem, Message, Question, Reason, RejectedRecord

ArrowText: TypeAlias = Any  # pyarrow.ChunkedArray or Array of large_string
ArrowArray: TypeAlias = Any  # pyarrow.ChunkedArray or Array of any type


MEMORY: Final = "CURIM_READ_MEMORY_MB"
SECONDS: Final = "CURIM_READ_SECONDS"
LEAST_MEMORY: Final = 1 << 30  # bytes for the smallest file
MEMORY_PER_BYTE: Final = 24
MEMORY_SHARE: Final = 0.5  # of the computer's memory at most, but never less than LEAST_MEMORY
COMPUTER_MEMORY: Final = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
LEAST_SECONDS: Final = 60
SECONDS_PER_BYTE: Final = 20 / 1_000_000
CLOCK: Final = 2  # seconds by the clock for each second of processor time
TEXT_FREE: Final = 1_000_000_000  # bytes of text that any file may give
TEXT_PER_BYTE: Final = 1000  # and beyond that for each byte of the file


@dataclass(frozen=True)
class Limits:
    """What reading one file may take: `memory` in bytes, `seconds` of processor time, `clock` in seconds, `text` in
    bytes that it gives in all and that it may write to one file."""

    memory: int
    seconds: int
    clock: float
    text: int


def limits_for(size: int) -> Limits:
    """The limits for a file of so many bytes. ImportProblem where a setting is no number.

    >>> limits_for(1_500).seconds
    60
    """
    seconds = _setting(SECONDS) or int(LEAST_SECONDS + SECONDS_PER_BYTE * size)
    most = max(LEAST_MEMORY, int(MEMORY_SHARE * COMPUTER_MEMORY))
    memory = _setting(MEMORY) * 1_000_000 or min(most, LEAST_MEMORY + MEMORY_PER_BYTE * size)
    return Limits(memory, seconds, float(CLOCK * seconds), TEXT_FREE + TEXT_PER_BYTE * size)


def size_of(source: Path | bytes) -> int:
    """Bytes of a source; 0 where it cannot be looked at."""
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError:
        return 0


def _setting(name: str) -> int:
    """A setting of the environment; 0 where it is not given."""
    given = os.environ.get(name, "").strip()
    if not given:
        return 0
    if not given.isascii() or not given.isdecimal() or not int(given[:9]):
        raise ImportProblem(
            Message(
                "{setting} is {value}: give a whole number above 0, or leave it out.", {"setting": name, "value": given}
            )
        )
    return int(given[:9])


CHUNK: Final = 1 << 20  # bytes read at a time
BLOCK_BYTES: Final = 1 << 24  # about as much text as a block holds
HEAD: Final = 1 << 16  # bytes that are looked at to tell what a file is
MAX_COLUMNS: Final = 5000
NOTES_ROWS: Final = 20  # a table of at most so many rows next to a much larger one is a note or a legend
NOTES_SHARE: Final = 0.05

_TOTAL: Final = re.compile(
    r"(?i)^\s*(γενικ[οό]\s+)?(σ[υύ]νολο|σ[υύ]νολα|total|totals|sum|somme|totale|summe|gesamt|totaal|kop[aā]|[oö]sszesen|razem)(\s+g[eé]n[eé]ral)?\s*[:\d.,\s]*$"
)


# Why files are refused. `no_rows`: a header without records; `damaged`: a file that begins like its kind ("gzip",
# "ZIP" ...) and cannot be read to its end; `foreign_kind`: one of a kind that holds no alerts ("PNG", "PDF" ...).
REFUSALS: Final = {
    "too_much": Message(
        "{name}: reading it took more than a file of its size may take ({limit}). Save only the table with the alerts "
        "as CSV, in several parts if it is large, and import that."
    ),
    "reader_stopped": Message(
        "{name}: the program that reads such files stopped at it, so the file is likely damaged. Open it where it "
        "comes from, save the table as CSV, and import that."
    ),
    "no_room": Message(
        "{name}: the file cannot be put aside to be read ({why}). Make room on the disk and import it again."
    ),
    "no_process": Message(
        "{name}: no process can be started to read the file ({why}). Ask whoever runs the dashboard."
    ),
    "cannot_open": Message("{name}: the file cannot be opened ({why}). Check its path and its permissions."),
    "not_a_file": Message("{name}: this is a pipe or a device, not a file. Save what comes out of it to a file."),
    "empty_file": Message("{name}: the file is empty. Export it again."),
    "no_rows": Message("{name}: the file has a header and no rows. Check the period that was exported."),
    "damaged": Message("{name}: the {kind} file is damaged or cut short. Export it again."),
    "foreign_kind": Message(
        "{name}: this is a {kind} file, not a CSV file, whatever its name says. Export the alerts as CSV."
    ),
    "unpacked_too_large": Message(
        "{name}: unpacked, the file would take more than half of the free disk ({room} MB). Make room on the disk, "
        "or unpack it elsewhere and import the part that holds the alerts."
    ),
    "too_deep": Message(
        "{name}: the archives lie one inside another too deep. Unpack them and import what is in them."
    ),
    "no_table_in_zip": Message("{name}: the ZIP file holds no table. Put the exported file into it."),
    "password": Message("{name}: the file is protected by a password. Save it without one and import that."),
    "packed_unusually": Message(
        "{name}: the {kind} file is packed in an unusual way. Unpack it and import what is in it."
    ),
    "no_objects": Message(
        "{name}: the JSON text holds no list of objects. Export the alerts as a list with one object for each."
    ),
    "workbook_too_large": Message(
        "{name}: the workbook is too large to be read as a whole (limit: {limit} MB). "
        "Save the sheet as CSV and import that."
    ),
    "too_many_columns": Message(
        "{name}: the table has more than {most} columns, so it is no table of alerts. Save only the columns of the "
        "alerts as CSV and import that."
    ),
}


class NoRecords(ImportProblem):
    """A file without a single record: it can be left out where others stand beside it."""


def refusal(kind: str, name: str, /, **values: str | int) -> ImportProblem:
    """The refusal of a file, of a kind that `REFUSALS` names; NoRecords where it holds none."""
    made = NoRecords if kind in ("empty_file", "no_rows") else ImportProblem
    return made(Message(REFUSALS[kind].text, {"name": name, **values}))


@dataclass(frozen=True)
class TableFile:
    """A table that was found in a file, an `Opened`: `blocks` gives its records, from the beginning of the file.

    `blocks` raises ImportProblem where the rest cannot be read.
    """

    facts: Facts
    blocks: Callable[[], Iterator[Block]]


def pieces(source: Path, name: str, size: int = CHUNK) -> Iterator[bytes]:
    """The bytes of a file, piece by piece. ImportProblem where it cannot be opened or read."""
    try:
        with source.open("rb") as handle:
            while part := handle.read(size):
                yield part
    except OSError as error:
        raise refusal("cannot_open", name, why=error.strerror or str(error)) from error


def head_of(source: Path, name: str, size: int = HEAD) -> bytes:
    """The first bytes of a file. ImportProblem where it cannot be opened or read."""
    return next(pieces(source, name, size), b"")


def ending(name: str) -> str:
    """The ending of a file's name in small letters, as that of a file of ours; empty where it is no usual one."""
    found = Path(name).suffix.lower()
    return found if found[1:].isalnum() and found.isascii() and len(found) < 10 else ""


def text_blocks(labels: Sequence[str], rows: Iterable[Sequence[str]], size: int = 50_000) -> Iterator[Block]:
    """Blocks from rows of texts, each as wide as the labels; rows are numbered from 1 in their order.

    A block ends after `size` rows or `BLOCK_BYTES` characters. Wholly empty rows and totals are refused.
    """
    width = len(labels)

    def tables() -> Iterator[pa.Table]:
        held: list[Sequence[str]] = []
        characters = 0
        for row in rows:
            held.append(row)
            characters += sum(map(len, row))
            if len(held) >= size or characters >= BLOCK_BYTES:
                yield text_table(held, width)
                held, characters = [], 0
        if held:
            yield text_table(held, width)

    return table_blocks(tables())


def text_table(rows: Sequence[Sequence[str]], width: int) -> pa.Table:
    """A table of large_string columns "0", "1", ... from rows of texts of one width."""
    columns = list(zip(*rows, strict=True)) or [()] * width
    return pa.table([pa.array(column, pa.large_string()) for column in columns], names=[str(at) for at in range(width)])


def text_of(value: Any) -> str:
    """A value as text: ISO dates and times, numbers with their digits and never as 1E+5, lists of plain values joined
    by "|", others and objects as JSON; nothing as "". Halves of characters that stand alone become question marks.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        text = repr(value)
        odd = "e" in text or "n" in text  # 1e+16, nan or inf
        return (plain_number(Decimal(text)) if odd else text).removesuffix(".0")
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return "|".join(map(text_of, value))
    if isinstance(value, list | dict):
        plain = json.dumps(
            value,
            ensure_ascii=False,
            default=lambda one: float(one) if isinstance(one, Decimal) else str(one),
            separators=(",", ":"),
        )
        return text_of(plain)
    return str(value)


def plain_number(number: Decimal) -> str:
    """A number with its digits as they stand, never in the form 1E+5."""
    return format(number, "f") if number.is_finite() and abs(number.adjusted()) <= 400 else str(number)


def table_blocks(tables: Iterable[pa.Table]) -> Iterator[Block]:
    """Blocks from tables of texts (columns in the order of the labels); rows are numbered from 1 over all tables.

    Nulls become "", zeros inside a text are left out. Wholly empty rows and totals are refused.
    """
    start = 1
    for table in tables:
        repaired = np.zeros(table.num_rows, bool)
        texts = []
        for column in table.columns:
            text = pc.fill_null(column.cast(pa.large_string()), "")
            zeros = np.asarray(pc.match_substring(text, "\0").to_numpy(zero_copy_only=False), bool)
            texts.append(pc.replace_substring(text, "\0", "") if zeros.any() else text)
            repaired |= zeros
        table = pa.table(texts, names=[str(at) for at in range(len(texts))])
        rows = np.arange(start, start + table.num_rows, dtype=np.int64)
        start += table.num_rows
        none = np.zeros(table.num_rows, bool)
        yield without_empty_and_totals(Block(table, rows, repaired, none), none)


def without_empty_and_totals(block: Block, unreadable: BoolArray) -> Block:
    """The block with its wholly empty rows, its totals and its `unreadable` rows refused."""
    size = block.table.num_rows
    empty, total = np.ones(size, bool), np.zeros(size, bool)  # totals: the first filled field is a word for one
    for column in block.table.columns:
        places = np.flatnonzero(empty)
        if not len(places):
            break
        texts = column if len(places) == size else column.take(pa.array(places))
        total[places], empty[places] = (
            np.asarray(pc.match_substring_regex(texts, pattern).to_numpy()) for pattern in (_TOTAL.pattern, r"^\s*$")
        )
    drop = empty | total | unreadable
    if not drop.any():
        return block
    refused = list(block.refused)
    for at in np.flatnonzero(drop):
        fields = tuple(str(column[int(at)].as_py()) for column in block.table.columns)
        reason = Reason.EMPTY_ROW if empty[at] else Reason.BAD_ENCODING if unreadable[at] else Reason.TOTALS_ROW
        refused.append(RejectedRecord(int(block.rows[at]), reason, fields))
    keep = ~drop
    return Block(
        block.table.filter(pa.array(keep)),
        block.rows[keep],
        block.encoding_repaired[keep],
        block.trailing_cut[keep],
        tuple(sorted(refused, key=lambda record: record.row)),
    )


def misfit_reason(fields: Sequence[str], width: int) -> Reason:
    """Why a record with another number of fields than the header is refused."""
    if not any(field.strip() for field in fields):
        return Reason.EMPTY_ROW
    if len(fields) > width:
        return Reason.TOO_MANY_FIELDS
    first = next(field for field in fields if field.strip())
    return Reason.TOTALS_ROW if _TOTAL.match(first) else Reason.TOO_FEW_FIELDS


@contextmanager
def reader_errors(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a reader of foreign bytes raises into the refusal of a damaged file; what asks for too much memory
    is told apart.

    Panics of Rust readers are no `Exception`; they are known by their name.
    """
    try:
        yield
    except (ImportProblem, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise refusal("damaged", name, kind=kind) from error


def choose_table(name: str, sheet: str | None, sizes: Mapping[str, int]) -> str:
    """The table to read, of those with their rows in `sizes`.

    The one that was asked for, or the only one with rows, or the only one that is more than notes. Question where
    there are several, ImportProblem where the one asked for does not exist or nothing has rows.
    """
    least = min(NOTES_ROWS, NOTES_SHARE * max(sizes.values(), default=0))
    real = [key for key, rows in sizes.items() if rows > least]
    if sheet is not None:
        real = [key for key in sizes if key == sheet] or [key for key in sizes if key.casefold() == sheet.casefold()]
        if not real:
            raise ImportProblem(
                Message(
                    "{name}: there is no table “{sheet}” in the file. Choose one of: {sheets}.",
                    {"name": name, "sheet": sheet, "sheets": ", ".join(sizes)},
                )
            )
    if not any(sizes[key] for key in real):
        raise refusal("no_rows", name)
    if len(real) == 1 or sheet is not None:
        return real[0]
    raise Question(
        "sheet",
        "--sheet",
        Message(
            "{name}: the file holds several tables: {sheets}. Choose the one with the alerts.",
            {"name": name, "sheets": ", ".join(real)},
        ),
        tuple(
            Choice(key, Message("{sheet} (rows: {count})", {"sheet": key, "count": rows}))
            for key, rows in sizes.items()
            if rows
        ),
    )


_Given = TypeVar("_Given")
_END = object()


def prefetch(items: Iterable[_Given]) -> Iterator[_Given]:
    """The items in their order, each fetched in a thread of its own while the caller has the one before."""
    pieces = iter(items)
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, pieces, _END)
        while (item := coming.result()) is not _END:
            coming = worker.submit(next, pieces, _END)
            yield item  # type: ignore[misc]
            del item  # before the next one is waited for
