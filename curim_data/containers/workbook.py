"""Sheets of workbooks: XLSX, XLS and ODS. A workbook is held in memory while it is read, so its size is limited."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import IO, Any, Final
from xml.sax.saxutils import unescape

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from curim_data.containers._geometry import plain_number
from curim_data.containers._support import RereadableFile, choose_table, reader_errors
from curim_data.containers.base import BLOCK_BYTES, CHUNK, digest, head_of, pieces, stream, table_blocks
from curim_data.model import Block, Facts, ImportProblem, Message

MAX_BYTES: Final = 200_000_000  # of the file
MAX_UNPACKED: Final = 3_000_000_000  # of what is packed in it
MAX_CELLS: Final = 60_000_000  # of the rectangle of a sheet; the reader takes 32 bytes for each
KEPT_CELLS: Final = 5_000_000  # of a workbook: its sheets are not read again for the first pass over their rows
PART_ROWS: Final = 5_000  # that are made texts at a time
BLOCK_ROWS: Final = 50_000
HEADER_WITHIN: Final = 40  # rows in which the header is looked for
HEADER_SHARE: Final = 0.6  # of the fullest row: so full is a header at least, if it lacks the names of some columns
_OLD: Final = b"\xd0\xcf\x11\xe0"
_CELL: Final = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>/]*>')
# A cell with a formula and without a value. An empty text is a result, too, and is marked as a text.
_UNSTORED: Final = re.compile(
    rb'<(?:\w+:)?c\s(?![^>]*\bt="str")[^>]*?\br="([A-Z]{1,3})(\d{1,7})"(?![^>]*\bt="str")[^>]*>\s*'
    rb"<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*"
    rb"</(?:\w+:)?c>"
)
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_SHEET: Final = re.compile(rb'<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"[^>]*?\br:id="([^"]*)"')
_RELATION: Final = re.compile(rb"<Relationship\s[^>]*>")
_FORMULA_OVERLAP: Final = 1 << 14  # bytes; a formula has at most 8,192 characters
_WORDS: Final = {"xls": "Excel 97", "xlsx": "Excel", "ods": "OpenDocument"}

_MAY_BE_EMPTY: Final = {str, type(None)}  # types of an empty cell

Cells = list[Any]


@dataclass(frozen=True)
class _Frame:
    """Where the table of a sheet is: the row of its header and its last row (from 0), the columns and their labels.

    `timed` are the columns in which a date has a time, so that midnight is a time there too; `titles` the texts above
    the header.
    """

    header: int
    last: int
    columns: tuple[int, ...]
    labels: tuple[str, ...]
    timed: frozenset[int]
    titles: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows under the header; none where there is no table of two columns at least."""
        return self.last - self.header if len(self.columns) > 1 else 0


def open_workbook(source: Path | bytes, name: str, sheet: str | None = None) -> RereadableFile:
    """Open a sheet of a workbook.

    Question where several sheets hold tables; ImportProblem where the file is encrypted, damaged or too large.
    """
    sha256, size = digest(source, name)
    if size > MAX_BYTES:
        raise _too_large(name)
    kind = _kind(source, name)
    frames, kept = _frames(source, name, kind)
    chosen = choose_table(name, sheet, {key: frame.rows for key, frame in frames.items()})
    frame = frames[chosen]
    held = [kept[chosen]] if chosen in kept else []
    facts = Facts(name, sha256, kind, frame.labels, sheet=chosen, sheets=tuple(frames), size=size, skipped=frame.titles)
    return RereadableFile(facts, lambda: _blocks(source, name, kind, chosen, frame, held))


def _frames(source: Path | bytes, name: str, kind: str) -> tuple[dict[str, _Frame], dict[str, CalamineSheet]]:
    """Where the table of each sheet is, and the sheets themselves where the workbook has few cells."""
    frames: dict[str, _Frame] = {}
    kept: dict[str, CalamineSheet] = {}
    cells = 0
    with _workbook(source, name, kind) as workbook:
        for meta in workbook.sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet:
                sheet = workbook.get_sheet_by_name(meta.name)
                frames[meta.name] = _frame(sheet.iter_rows())
                cells += sheet.total_height * sheet.total_width
                kept = {**kept, meta.name: sheet} if cells <= KEPT_CELLS else {}
    return frames, kept


def _too_large(name: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: the workbook is too large to be read as a whole (limit: {limit} MB, {cells} cells in a sheet). "
            "Save the sheet as CSV and import that.",
            {"name": name, "limit": MAX_BYTES // 1_000_000, "cells": MAX_CELLS},
        )
    )


def _kind(source: Path | bytes, name: str) -> str:
    """Which kind of workbook; ImportProblem where unpacking it would not fit into memory.

    The reader ends the whole process on a rectangle of cells that is too large, and two cells far apart make one. It
    has a limit of its own for ODS.
    """
    if head_of(source, name, 4) == _OLD:
        return "xls"
    with reader_errors(name, "Excel"), stream(source) as handle, zipfile.ZipFile(handle) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
            raise _too_large(name)
        if "content.xml" in archive.namelist():
            return "ods"
        for member in archive.namelist():
            if member.endswith(".xml"):
                for measure in (_possible_extent, _extent):  # the second one takes as long as reading the sheet
                    with archive.open(member) as part:
                        width, height = _largest(part, measure)
                    if width * height <= MAX_CELLS:
                        break
                else:
                    raise _too_large(name)
    return "xlsx"


def _largest(part: IO[bytes], measure: Callable[[bytes], tuple[int, int]]) -> tuple[int, int]:
    """The number of the last column and of the last row of a sheet; each piece overlaps the one before."""
    width = height = 0
    tail = b""
    while piece := part.read(CHUNK):
        columns, rows = measure(tail + piece)
        width, height = max(width, columns), max(height, rows)
        tail = piece[-256:]
    return width, height


def _extent(text: bytes) -> tuple[int, int]:
    """The last column and the last row of the filled cells."""
    cells = _CELL.findall(text)
    return max((_column(column) for column, _ in cells), default=0), max((int(row) for _, row in cells), default=0)


def _possible_extent(text: bytes) -> tuple[int, int]:
    """The last column and the last row of whatever looks like `r="AB12"`: of empty cells too, and in other words.

    >>> _possible_extent(b'<row r="7"><c r="AB12" s="1"/><c r="C3">')
    (28, 12)
    """
    codes = np.frombuffer(text + bytes(12), np.uint8)
    at = np.flatnonzero((codes[:-2] == ord("r")) & (codes[1:-1] == ord("=")) & (codes[2:] == ord('"'))) + 3
    column, row = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    for _ in range(3):
        code = codes[at].astype(np.int64)
        letter = (code >= ord("A")) & (code <= ord("Z"))
        column = np.where(letter, column * 26 + code - (ord("A") - 1), column)
        at = at + letter
    for _ in range(7):
        code = codes[at].astype(np.int64)
        digit = (code >= ord("0")) & (code <= ord("9"))
        row = np.where(digit, row * 10 + code - ord("0"), row)
        at = at + digit
    cell = (column > 0) & (row > 0) & (codes[at] == ord('"'))
    return int(column[cell].max(initial=0)), int(row[cell].max(initial=0))


@cache
def _column(letters: bytes) -> int:
    """The number of a column, from 1 for A."""
    at = 0
    for letter in letters:
        at = at * 26 + letter - 64
    return at


@contextmanager
def _workbook(source: Path | bytes, name: str, kind: str) -> Iterator[CalamineWorkbook]:
    with reader_errors(name, _WORDS[kind]), stream(source) as handle:
        try:
            workbook = CalamineWorkbook.from_filelike(handle)
        except (CalamineError, PasswordError) as error:
            if not isinstance(error, PasswordError) and not _encrypted(source, name):
                raise
            raise ImportProblem(
                Message(
                    "{name}: the workbook is protected by a password. Save it without a password and import that.",
                    {"name": name},
                )
            ) from error
        with workbook:
            yield workbook


def _encrypted(source: Path | bytes, name: str) -> bool:
    """Whether an Excel file lies encrypted in a file of the older kind, by the name of the part that holds it."""
    part = "EncryptedPackage".encode("utf-16-le")
    tail = b""
    for piece in pieces(source, name):
        if part in tail + piece:
            return True
        tail = piece[-len(part) :]
    return False


def _frame(rows: Iterable[Cells]) -> _Frame:
    """Find the table in the rows of a sheet; one pass."""
    rows = iter(rows)
    first = list(islice(rows, HEADER_WITHIN))
    header = _header(first)
    labels = [_text(cell, False).strip() for cell in first[header]] if first else []
    used = {at for at, label in enumerate(labels) if label}
    timed: set[int] = set()
    last = header
    start, rest = header + 1, chain(first[header + 1 :], rows)
    while part := list(islice(rest, PART_ROWS)):
        for at, cells in enumerate(zip_longest(*part, fillvalue="")):
            kinds = set(map(type, cells))
            if kinds - _MAY_BE_EMPTY or any(cells):
                used.add(at)
            if dt.datetime in kinds:
                timed.add(at)
        last = next((start + at for at in reversed(range(len(part))) if _filled(part[at])), last)
        start += len(part)
    columns = tuple(sorted(used))
    above = (" ".join(filter(None, (_text(cell, False).strip() for cell in row))) for row in first[:header])
    titles = tuple(filter(None, above))
    return _Frame(header, last, columns, tuple(labels[at] for at in columns), frozenset(timed), titles)


def _filled(row: Cells) -> bool:
    return any(cell not in ("", None) for cell in row)


def _header(rows: list[Cells]) -> int:
    """The first row with the most filled cells, or one before it that is nearly as full and holds nothing but text."""
    filled = [sum(cell not in ("", None) for cell in row) for row in rows]
    most = max(filled, default=0)
    for number, (count, row) in enumerate(zip(filled, rows, strict=True)):
        words = all(isinstance(cell, str) for cell in row)
        if count == most or (words and count > 1 and count >= HEADER_SHARE * most):
            return number
    return 0


def _text(cell: Any, timed: bool) -> str:
    """A cell as text: ISO dates and times, whole numbers without ".0", no 1E+5; `timed` gives dates their midnight."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        text = repr(cell)
        plain = "e" not in text and "n" not in text  # neither 1e+16 nor nan nor inf
        return (text if plain else plain_number(Decimal(text))).removesuffix(".0")
    if isinstance(cell, dt.datetime):
        return (_whole_second(cell) if cell.microsecond else cell).isoformat()
    if isinstance(cell, dt.date):
        return f"{cell.isoformat()}T00:00:00" if timed else cell.isoformat()
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    return "" if cell is None else cell.isoformat() if isinstance(cell, dt.time) else str(cell)


def _whole_second(instant: dt.datetime) -> dt.datetime:
    """The instant without the millisecond that a fraction of a day cannot hold."""
    nearest = (instant + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    return nearest if abs(nearest - instant) <= dt.timedelta(milliseconds=1) else instant


def _unstored(source: Path | bytes, name: str, sheet: str, frame: _Frame) -> dict[int, npt.NDArray[np.int64]]:
    """By column of the table, the numbers of its rows (from 1) that hold a formula without a stored result."""
    found: dict[int, set[int]] = {}
    places = {column + 1: place for place, column in enumerate(frame.columns)}
    with reader_errors(name, "Excel"), stream(source) as handle, zipfile.ZipFile(handle) as archive:
        part = _part_of(archive, sheet)
        if part is None:
            return {}
        tail = b""
        with archive.open(part) as content:
            while piece := content.read(CHUNK):
                seen = tail + piece
                for letters, number in _UNSTORED.findall(seen) if _FORMULA.search(seen) else ():
                    row, place = int(number) - 1 - frame.header, places.get(_column(letters))
                    if place is not None and row > 0:
                        found.setdefault(place, set()).add(row)
                tail = seen[-_FORMULA_OVERLAP:]
    return {place: np.array(sorted(rows), np.int64) for place, rows in found.items()}


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The member of an Excel file that holds a sheet; None where its parts are not named as usual."""
    try:
        book, links = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return None
    ids = {unescape(name.decode("utf-8", "replace")): key for name, key in _SHEET.findall(book)}
    for link in _RELATION.findall(links):
        key, target = (re.search(rb'\b%s="([^"]*)"' % word, link) for word in (b"Id", b"Target"))
        if key and target and key[1] == ids.get(sheet):
            path = target[1].decode("utf-8", "replace")
            path = path.lstrip("/") if path.startswith("/") else f"xl/{path}"
            return path if path in archive.namelist() else None
    return None


def _marked(block: Block, unstored: Mapping[int, npt.NDArray[np.int64]]) -> Block:
    """The block with the lines whose formulas have no stored result."""
    masks = {place: np.isin(block.rows, rows) for place, rows in unstored.items()}
    return replace(block, unstored={place: mask for place, mask in masks.items() if mask.any()})


def _blocks(
    source: Path | bytes, name: str, kind: str, chosen: str, frame: _Frame, held: list[CalamineSheet]
) -> Iterator[Block]:
    """The rows of a sheet as blocks; a sheet that is `held` is let go with them."""

    def tables() -> Iterator[pa.Table]:
        if held:
            yield from _tables(held.pop().iter_rows(), frame)
            return
        with _workbook(source, name, kind) as workbook:
            yield from _tables(workbook.get_sheet_by_name(chosen).iter_rows(), frame)

    unstored = _unstored(source, name, chosen, frame) if kind == "xlsx" else {}
    blocks = table_blocks(tables())
    yield from (_marked(block, unstored) for block in blocks) if unstored else blocks


def _tables(rows: Iterable[Cells], frame: _Frame) -> Iterator[pa.Table]:
    """The rows of a table as texts, at least `BLOCK_ROWS` or `BLOCK_BYTES` at a time but for the last."""
    wanted = islice(rows, frame.header + 1, frame.last + 1)
    parts: list[pa.Table] = []
    count = size = 0
    while part := list(islice(wanted, PART_ROWS)):
        cells = list(zip(*part, strict=True))
        texts = [_texts(cells[at], at in frame.timed) for at in frame.columns]
        parts.append(pa.table(texts, names=[str(at) for at in range(len(texts))]))
        count, size = count + len(part), size + parts[-1].nbytes
        if count >= BLOCK_ROWS or size >= BLOCK_BYTES:
            yield pa.concat_tables(parts).combine_chunks()
            parts, count, size = [], 0, 0
    if parts:
        yield pa.concat_tables(parts).combine_chunks()


def _texts(cells: Sequence[Any], timed: bool) -> pa.Array:
    """The cells of a column as texts."""
    if set(map(type, cells)) != {str}:
        cells = [cell if type(cell) is str else _text(cell, timed) for cell in cells]
    return pa.array(cells, pa.large_string())
