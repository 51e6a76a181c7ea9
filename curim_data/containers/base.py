"""What all containers share: sources, sizes and signatures, the refusals, and the way from texts to blocks.

The rules for rows that hold no alert (wholly empty, a total) live here once, whatever the file was.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.model import Block, ImportProblem, Message, Reason
from curim_data.model.records import BoolArray, RejectedRecord

CHUNK: Final = 1 << 20  # bytes read at a time
BLOCK_BYTES: Final = 1 << 24  # about as much text as a block holds
HEAD: Final = 1 << 16  # bytes that are looked at to tell what a file is
UPLOAD: Final = "upload"  # name of a file that was uploaded, in the folder of its reader
MAX_LINE: Final = 1_000_000  # bytes of a single line of text

_TOTAL: Final = re.compile(
    r"^\s*(γενικ[οό]\s+)?(σ[υύ]νολο|σ[υύ]νολα|total|totals|sum|somme)(\s+g[eé]n[eé]ral)?\s*[:\d.,\s]*$", re.I
)
_TOTAL_START: Final = r"(?i)^\s*(γεν|σ[υύ]ν|tot|sum|som)"
_TOTAL_LENGTH: Final = 40
_MAY_START: Final = np.zeros(256, bool)  # first bytes of blanks and of what `_TOTAL_START` finds, in UTF-8
_MAY_START[list(b" \t\n\v\f\rsStT" + "γΓσΣ".encode()[0::2])] = True


def pieces(source: Path | bytes, name: str, size: int = CHUNK) -> Iterator[bytes]:
    """The bytes of a source, piece by piece. ImportProblem where the file cannot be opened or read."""
    if isinstance(source, bytes):
        yield from (source[at : at + size] for at in range(0, len(source), size))
        return
    try:
        with source.open("rb") as handle:
            while part := handle.read(size):
                yield part
    except OSError as error:
        raise cannot_open(name, error) from error


def stream(source: Path | bytes) -> IO[bytes]:
    """A source as an open file. OSError where it cannot be opened."""
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def head_of(source: Path | bytes, name: str, size: int = HEAD) -> bytes:
    """The first bytes of a source. ImportProblem where the file cannot be opened or read."""
    return next(pieces(source, name, size), b"")


def digest(source: Path | bytes, name: str = "") -> tuple[str, int]:
    """SHA-256 (hexadecimal) and size in bytes of a source, read piece by piece."""
    seen, size = hashlib.sha256(), 0
    for part in pieces(source, name):
        seen.update(part)
        size += len(part)
    return seen.hexdigest(), size


@contextmanager
def as_path(source: Path | bytes, name: str) -> Iterator[Path]:
    """A source as a file for libraries that need one; a temporary file of the same ending goes away afterwards.

    An upload that was put aside without an ending gets a second name with one.
    """
    if isinstance(source, Path) and source.name != UPLOAD:
        yield source
        return
    if isinstance(source, Path):
        named = source.with_name(f"file{Path(name).suffix}")
        if not named.exists():
            os.link(source, named)
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="curim-") as folder:
        path = Path(folder) / f"file{Path(name).suffix}"
        path.write_bytes(source)
        yield path


def text_blocks(labels: Sequence[str], rows: Iterable[Sequence[str]], size: int = 50_000) -> Iterator[Block]:
    """Blocks from rows of texts, each as wide as the labels; rows are numbered from 1 in their order.

    A block ends after `size` rows or `BLOCK_BYTES` characters. Wholly empty rows and totals are refused.
    """
    return table_blocks(_tables(len(labels), rows, size))


def _tables(width: int, rows: Iterable[Sequence[str]], size: int) -> Iterator[pa.Table]:
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


def text_table(rows: Sequence[Sequence[str]], width: int) -> pa.Table:
    """A table of large_string columns "0", "1", ... from rows of texts of one width."""
    columns = list(zip(*rows, strict=True)) or [()] * width
    return pa.table([pa.array(column, pa.large_string()) for column in columns], names=[str(at) for at in range(width)])


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
        yield without_empty_and_totals(Block(table, rows, repaired, np.zeros(table.num_rows, bool)))


def without_empty_and_totals(block: Block, unreadable: BoolArray | None = None) -> Block:
    """The block with its wholly empty rows, its totals and its `unreadable` rows refused."""
    empty, total = _empty_or_total(block.table)
    drop = empty | total
    if unreadable is not None:
        drop |= unreadable
    if not drop.any():
        return block
    refused = list(block.refused)
    for at in np.flatnonzero(drop):
        fields = tuple(str(column[int(at)].as_py()) for column in block.table.columns)
        broken = unreadable is not None and unreadable[at]
        reason = Reason.EMPTY_ROW if empty[at] else Reason.BAD_ENCODING if broken else Reason.TOTALS_ROW
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


def _empty_or_total(table: pa.Table) -> tuple[BoolArray, BoolArray]:
    """Rows with nothing in any field, and rows whose first filled field is a word for a total."""
    empty, total = np.ones(table.num_rows, bool), np.zeros(table.num_rows, bool)
    for column in table.columns:
        if not empty.any():
            break
        places = np.flatnonzero(empty & _may_be_empty_or_total(column))
        texts = column.take(pa.array(places))
        starts = np.asarray(pc.match_substring_regex(texts, _TOTAL_START).to_numpy())
        for at in np.flatnonzero(starts):
            text = texts[int(at)].as_py()
            total[places[at]] = len(text) <= _TOTAL_LENGTH and bool(_TOTAL.match(text))
        blank = places[np.asarray(pc.match_substring_regex(texts, r"^\s*$").to_numpy())]
        empty[:] = False
        empty[blank] = True
        total[blank] = False
    return empty, total


def _may_be_empty_or_total(column: pa.ChunkedArray) -> BoolArray:
    """Texts that are empty or begin with a blank or with a letter of a word for a total: few, in most columns."""
    found = [np.zeros(0, bool)]
    for chunk in column.chunks:
        _, ends, characters = chunk.buffers()
        offsets = np.frombuffer(ends, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        may = np.diff(offsets) == 0
        if characters is not None and len(may):
            codes = np.frombuffer(characters, np.uint8)
            may[~may] = _MAY_START[codes[offsets[:-1][~may]]]
        found.append(may)
    return np.concatenate(found)


def cannot_open(name: str, error: OSError) -> ImportProblem:
    """The refusal of a file that the system does not give."""
    return ImportProblem(
        Message(
            "{name}: the file cannot be opened ({why}). Check its path and its permissions.",
            {"name": name, "why": error.strerror or str(error)},
        )
    )


def not_a_file(name: str) -> ImportProblem:
    """The refusal of a pipe or a device: a file is read more than once."""
    return ImportProblem(
        Message("{name}: this is a pipe or a device, not a file. Save what comes out of it to a file.", {"name": name})
    )


class NoRecords(ImportProblem):
    """A file without a single record: it can be left out where others stand beside it."""


def empty_file(name: str) -> NoRecords:
    """The refusal of a file with nothing in it."""
    return NoRecords(Message("{name}: the file is empty. Export it again.", {"name": name}))


def no_rows(name: str) -> NoRecords:
    """The refusal of a header without records."""
    return NoRecords(
        Message("{name}: the file has a header and no rows. Check the period that was exported.", {"name": name})
    )


def damaged(name: str, kind: str) -> ImportProblem:
    """The refusal of a file that begins like its kind ("gzip", "ZIP", "Parquet" ...) and cannot be read to its end."""
    return ImportProblem(
        Message("{name}: the {kind} file is damaged or cut short. Export it again.", {"name": name, "kind": kind})
    )


def foreign_kind(name: str, kind: str) -> ImportProblem:
    """The refusal of a file of a kind that holds no alerts ("PNG", "PDF" ...)."""
    return ImportProblem(
        Message(
            "{name}: this is a {kind} file, not a CSV file, whatever its name says. Export the alerts as CSV.",
            {"name": name, "kind": kind},
        )
    )
