"""Delimited text, read as a stream: blocks of records with true row numbers, in memory that does not grow.

Rows are numbered from 1; the header and wholly empty lines are not counted, a line of delimiters alone is; a quoted
text with line breaks is one row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from curim_data.containers import base
from curim_data.containers._encoding import REPAIRED, UNREADABLE, as_utf8, line_feeds, lines, scan
from curim_data.containers._header import Header, find_header
from curim_data.containers._quotes import Dialect, repair_quotes
from curim_data.model import Block, Facts, ImportProblem, Message, Reason
from curim_data.model.records import BoolArray, RejectedRecord

BLOCK = base.BLOCK_BYTES  # about as many bytes as a block holds
PARSED = 1 << 21  # bytes that the parser works on at once: it takes several times their memory


def open_text(source: Path | bytes, name: str) -> DelimitedText:
    """Look at all of a delimited text file once. ImportProblem where it is none, or has no rows."""
    scanned = scan(source, base.head_of(source, name, base.CHUNK), name)
    head = next(lines(base.pieces(source, name, 2 * base.CHUNK), scanned.wide, name), b"")
    start = as_utf8(line_feeds(head), scanned.encoding) if scanned.mend else line_feeds(head)
    header = find_header(start.decode().replace("\0", ""), name)
    facts = Facts(
        name, scanned.sha256, "csv", header.labels, encoding=scanned.encoding, delimiter=header.dialect.delimiter,
        size=scanned.size, skipped=header.skipped,
    )  # fmt: skip
    opened = DelimitedText(facts, source, header, scanned.wide, scanned.mend)
    if not any(piece.strip(b"\r\n") for piece in opened.body()):
        raise base.no_rows(name)
    return opened


@dataclass(frozen=True)
class DelimitedText:
    """A delimited text file that was looked at: an `Opened`."""

    facts: Facts
    source: Path | bytes
    header: Header
    wide: str
    mend: bool

    def blocks(self) -> Iterator[Block]:
        """The records, about `BLOCK` bytes at a time. ImportProblem where the file was changed meanwhile."""
        first = 1
        for text in self._mended():
            block = self._parse(text, first)
            del text  # before the next one is read
            first += block.read
            if block.read:
                yield block
            del block  # before the next one is made

    def body(self) -> Iterator[bytes]:
        """Pieces of whole lines after the header, in the bytes and with the line ends of the file."""
        skip = self.header.lines
        for piece in lines(base.pieces(self.source, self.facts.name, BLOCK), self.wide, self.facts.name):
            start = 0
            piece = line_feeds(piece) if skip else piece
            while skip and start < len(piece):
                start = (piece.find(b"\n", start) + 1) or len(piece)
                skip -= 1
            if start < len(piece):
                yield piece[start:] if start else piece

    def _mended(self) -> Iterator[bytes]:
        """Whole records in UTF-8, their stray quotes made plain."""
        dialect, width = self.header.dialect, len(self.header.labels)
        rest = b""
        quote = dialect.quote.encode()
        for piece in self.body():
            if rest or self.mend or quote in piece:  # elsewhere the parser knows all line ends
                piece = line_feeds(piece)
            text = as_utf8(piece, self.facts.encoding) if self.mend else piece
            del piece
            text, rest = repair_quotes(rest + text if rest else text, dialect, width, last=False)
            if text:
                held = [text]
                del text
                yield held.pop()  # so that nobody holds it but who has it
        if rest:
            yield repair_quotes(rest, dialect, width, last=True)[0]

    def _parse(self, text: bytes, first: int) -> Block:
        """One block from whole records; `first` is the number of the first one."""
        width = len(self.header.labels)
        table, misfits = _table(text, self.header.dialect, width, self.facts.name)
        rows = np.arange(first, first + table.num_rows + len(misfits), dtype=np.int64)
        rows = np.delete(rows, [at for at, _ in misfits])
        cut, refused = self._sorted_out([(first + at, record) for at, record in misfits])
        if cut:
            rows = np.concatenate([rows, list(cut)])
            order = np.argsort(rows)
            rows = rows[order]
            table = pa.concat_tables([table, base.text_table(list(cut.values()), width)]).take(pa.array(order))
        repaired, unreadable = np.zeros(len(rows), bool), None
        if b"\0" in text:
            repaired, unreadable = _marked(table, REPAIRED), _marked(table, UNREADABLE)
            table = pa.table([pc.replace_substring(column, "\0", "") for column in table.columns], table.column_names)
        block = Block(table, rows, repaired, np.isin(rows, list(cut)), refused)
        return base.without_empty_and_totals(block, unreadable)

    def _sorted_out(self, misfits: list[tuple[int, str]]) -> tuple[dict[int, list[str]], tuple[RejectedRecord, ...]]:
        """Of records of another width, those that end in empty fields, cut to the width, by row; and the others."""
        width, cut, refused = len(self.header.labels), {}, []
        for row, text in misfits:
            fields = tuple(_fields(text.replace("\0", ""), self.header.dialect))
            if UNREADABLE in text:
                refused.append(RejectedRecord(row, Reason.BAD_ENCODING, fields))
            elif len(fields) > width and not any(field.strip() for field in fields[width:]):
                cut[row] = [REPAIRED * (REPAIRED in text) + fields[0], *fields[1:width]]
            else:
                refused.append(RejectedRecord(row, base.misfit_reason(fields, width), fields))
        return cut, tuple(refused)


def _table(text: bytes, dialect: Dialect, width: int, name: str) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The records of the right width, and the place (from 0) and text of the others."""
    for size in (PARSED, 0):
        with suppress(pa.ArrowInvalid):  # a record is longer
            return _parsed(text, dialect, width, size)
    raise ImportProblem(Message("{name}: the file was changed while it was read. Import it again.", {"name": name}))


def _parsed(text: bytes, dialect: Dialect, width: int, size: int) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The same, `size` bytes at once, or all (0). pa.ArrowInvalid where a record is longer, or the text is no table."""
    misfits: list[tuple[int, str]] = []
    first = b"x" + dialect.delimiter.encode() * (width - 1) + b"\n"  # fixes the number of columns for the parser
    names = [str(at) for at in range(width)]

    def set_aside(row: pacsv.InvalidRow) -> str:
        misfits.append((row.number - 2, row.text))
        return "skip"

    table = pacsv.read_csv(
        pa.BufferReader(first + text),
        read_options=pacsv.ReadOptions(
            use_threads=False, block_size=size or len(first) + len(text) + 1, column_names=names
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote,
            newlines_in_values=True,
            ignore_empty_lines=True,
            invalid_row_handler=set_aside,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
        ),
    )
    return table.slice(1), misfits


def _fields(record: str, dialect: Dialect) -> list[str]:
    """The fields of one record, its quotes as plain characters where they make no sense."""
    try:
        return next(csv.reader([record], delimiter=dialect.delimiter, quotechar=dialect.quote), [])
    except csv.Error:
        return record.split(dialect.delimiter)


def _marked(table: pa.Table, mark: str) -> BoolArray:
    found = np.zeros(table.num_rows, bool)
    for column in table.columns:
        found |= pc.match_substring(column, mark).to_numpy()
    return found
