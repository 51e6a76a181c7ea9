"""Sheets of workbooks: XLSX, XLS and ODS. A workbook is held in memory while it is read, so its size is limited."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, islice, zip_longest
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import pyarrow as pa
from defusedxml import ElementTree
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from curim_data.containers.base import (
    TableFile,
    choose_table,
    head_of,
    reader_errors,
    refusal,
    table_blocks,
    text_of,
)
from curim_data.model import Block, Facts

MAX_BYTES: Final = 200_000_000  # of the file
MAX_UNPACKED: Final = 3_000_000_000  # of what is packed in it
PART_ROWS: Final = 10_000  # that are made texts at a time, and are a block
HEADER_WITHIN: Final = 40  # rows in which the header is looked for
HEADER_SHARE: Final = 0.6  # of the fullest row: so full is a header at least, if it lacks the names of some columns
_WORDS: Final = {"xls": "Excel 97", "xlsx": "Excel", "ods": "OpenDocument"}
_LINKED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


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

    def rows(self, least: int) -> int:
        """Rows under the header; none where there is no table of so many columns."""
        return self.last - self.header if len(self.columns) >= least else 0


def open_workbook(source: Path, name: str, sheet: str | None = None, least: int = 2) -> TableFile:
    """Open a sheet of a workbook that has so many columns at least.

    Question where several sheets hold tables; ImportProblem where the file is encrypted, damaged or too large.
    """
    if source.stat().st_size > MAX_BYTES:
        raise refusal("workbook_too_large", name, limit=MAX_BYTES // 1_000_000)
    kind = _kind(source, name)
    with _workbook(source, name, kind) as workbook:
        names = [meta.name for meta in workbook.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
        sheets = {one: workbook.get_sheet_by_name(one) for one in names}
        frames = {one: _frame(sheet.iter_rows()) for one, sheet in sheets.items()}
    chosen = choose_table(name, sheet, {one: frame.rows(least) for one, frame in frames.items()})
    content, frame = sheets.pop(chosen), frames[chosen]
    facts = Facts(name, "", kind, frame.labels, sheet=chosen, sheets=tuple(frames), skipped=frame.titles)
    unstored = _unstored(source, name, chosen, frame) if kind == "xlsx" else {}

    def blocks() -> Iterator[Block]:
        for block in table_blocks(_tables(content.iter_rows(), frame)):
            masks = {place: np.isin(block.rows, list(rows)) for place, rows in unstored.items()}
            yield replace(block, unstored={place: mask for place, mask in masks.items() if mask.any()})

    return TableFile(facts, blocks)


def _kind(source: Path, name: str) -> str:
    """Which kind of workbook; ImportProblem where unpacking it would not fit into memory."""
    if head_of(source, name, 4) == b"\xd0\xcf\x11\xe0":
        return "xls"
    with reader_errors(name, "Excel"), zipfile.ZipFile(source) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
            raise refusal("workbook_too_large", name, limit=MAX_BYTES // 1_000_000)
        return "ods" if "content.xml" in archive.namelist() else "xlsx"


@contextmanager
def _workbook(source: Path, name: str, kind: str) -> Iterator[CalamineWorkbook]:
    with reader_errors(name, _WORDS[kind]):
        try:
            workbook = CalamineWorkbook.from_path(source)
        except (CalamineError, PasswordError) as error:
            encrypted = "EncryptedPackage".encode("utf-16-le") in source.read_bytes()  # an Excel file in an older one
            if not isinstance(error, PasswordError) and not encrypted:
                raise
            raise refusal("password", name) from error
        with workbook:
            yield workbook


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
            if kinds - {str, type(None)} or any(cells):
                used.add(at)
            if dt.datetime in kinds:
                timed.add(at)
        filled = (start + at for at in reversed(range(len(part))) if any(cell not in ("", None) for cell in part[at]))
        last = next(filled, last)
        start += len(part)
    columns = tuple(sorted(used))
    above = (" ".join(filter(None, (_text(cell, False).strip() for cell in row))) for row in first[:header])
    titles = tuple(filter(None, above))
    return _Frame(header, last, columns, tuple(labels[at] for at in columns), frozenset(timed), titles)


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
    """A cell as text; `timed` gives dates their midnight."""
    if type(cell) is str:
        return cell
    if isinstance(cell, dt.datetime) and cell.microsecond:  # a fraction of a day cannot hold a millisecond
        nearest = (cell + dt.timedelta(milliseconds=500)).replace(microsecond=0)
        cell = nearest if abs(nearest - cell) <= dt.timedelta(milliseconds=1) else cell
    elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime) and timed:
        cell = dt.datetime.combine(cell, dt.time())
    elif isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        cell = f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    return text_of(cell)


def _unstored(source: Path, name: str, sheet: str, frame: _Frame) -> Mapping[int, set[int]]:
    """By column of the table, the rows (from 1) whose formula has no stored result; an empty text is a result, too."""
    found: dict[int, set[int]] = {}
    places = {column: place for place, column in enumerate(frame.columns)}
    with reader_errors(name, "Excel"), zipfile.ZipFile(source) as archive:
        try:
            book, links = (
                ElementTree.fromstring(archive.read(f"xl/{part}"))
                for part in ("workbook.xml", "_rels/workbook.xml.rels")
            )
            ids = {one.get("name"): one.get(_LINKED) for one in book.iterfind(".//{*}sheet")}
            targets = {one.get("Id"): one.get("Target") for one in links}
            part = archive.open(str(PurePosixPath("xl") / targets[ids[sheet]]).lstrip("/"))
        except (KeyError, TypeError):  # its parts are not named as usual
            return {}
        with part:
            for _, cell in ElementTree.iterparse(part):
                if cell.tag.endswith("}row"):
                    cell.clear()
                at = (
                    re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", cell.get("r", "")) if cell.find("{*}f") is not None else None
                )
                if at and not cell.findtext("{*}v") and cell.get("t") != "str":
                    column = reduce(lambda number, letter: number * 26 + ord(letter) - 64, at[1], 0) - 1  # from 0 for A
                    row, place = int(at[2]) - 1 - frame.header, places.get(column)
                    if place is not None and row > 0:
                        found.setdefault(place, set()).add(row)
    return found


def _tables(rows: Iterable[Cells], frame: _Frame) -> Iterator[pa.Table]:
    """The rows of a table as texts, `PART_ROWS` at a time."""
    wanted = islice(rows, frame.header + 1, frame.last + 1)
    while part := list(islice(wanted, PART_ROWS)):
        cells = list(zip(*part, strict=True))
        texts = [
            pa.array([_text(cell, at in frame.timed) for cell in cells[at]], pa.large_string()) for at in frame.columns
        ]
        yield pa.table(texts, names=[str(at) for at in range(len(texts))])
