"""Quotes that open no quoted field are made plain, so that one of them does not swallow the rows after it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from curim_data.containers.base import MAX_LINE
from curim_data.model.records import BoolArray

MAX_RECORD: Final = 1 << 24  # bytes of a record of several lines; what is longer is a stray quote
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE))  # a setting of the process; long texts are no fault


@dataclass(frozen=True)
class Dialect:
    """How fields are separated: one character between them, and one around those that hold it."""

    delimiter: str
    quote: str = '"'


def repair_quotes(text: bytes, dialect: Dialect, width: int, last: bool) -> tuple[bytes, bytes]:
    """Whole records of UTF-8 lines with their stray quotes made plain, and the lines that wait for the next piece.

    A quoted text of several lines begins and ends in lines with an odd number of quotes. Such a line and the next one
    are taken as one record when the two, with what lies between, are valid CSV; otherwise the quotes of the line are
    plain characters. So are those of a line with an even number that would leave a quoted field open. Nothing waits
    where the piece is the `last`.
    """
    quote = dialect.quote.encode()
    if quote not in text:
        return text, b""
    codes = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(codes == quote[0])
    ends = np.flatnonzero(codes == ord("\n"))
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    before = np.searchsorted(quotes, ends)
    counts = np.diff(before, prepend=0)
    odd = np.flatnonzero(counts % 2)
    lines = _Lines(text, ends, dialect, width)
    whole = lines.start(int(odd[-1])) if len(odd) % 2 else len(text)  # where the last open text begins
    if len(text) - whole <= (0 if last else MAX_RECORD) and _all_proper(
        codes, quotes[: np.searchsorted(quotes, whole)], lines, odd
    ):
        return (text[:whole], text[whole:]) if whole < len(text) else (text, b"")
    border = _border(dialect) & (np.arange(256) != quote[0])
    at_start = border[codes[quotes - 1]] | (quotes == 0)
    opens = np.zeros(len(ends), bool)  # lines without a quote at the start of a field open nothing
    opens[np.repeat(np.arange(len(ends)), counts)[at_start]] = True
    rest = _pair(lines, odd.tolist(), opens, last)
    for at in _improper(codes, quotes, before, counts, dialect):
        if (
            at < rest
            and opens[at]
            and counts[at] % 2 == 0
            and not lines.inside[at]
            and _stays_open(lines.text_of(at), dialect)
        ):
            lines.make_plain(at)
    return lines.repaired(rest)


class _Lines:
    """The lines of a piece: which lie in records of several lines, and which were replaced."""

    def __init__(self, text: bytes, ends: npt.NDArray[np.int64], dialect: Dialect, width: int) -> None:
        self.text, self.ends, self.dialect, self.width = text, ends, dialect, width
        self.inside = np.zeros(len(ends), bool)
        self.replaced: dict[int, bytes] = {}

    def start(self, at: int) -> int:
        """Where a line begins."""
        return int(self.ends[at - 1]) + 1 if at else 0

    def text_of(self, first: int, last: int | None = None) -> str:
        """One line, or all from one to another, without the last line end."""
        return self.text[self.start(first) : int(self.ends[first if last is None else last])].decode()

    def make_plain(self, at: int) -> None:
        """Quote every field of the line, its own quotes doubled."""
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self.dialect.delimiter, quotechar=self.dialect.quote, lineterminator="")
        writer.writerow(self.text_of(at).split(self.dialect.delimiter))
        self.replaced[at] = line.getvalue().encode()

    def repaired(self, stop: int) -> tuple[bytes, bytes]:
        """The lines before `stop`, replaced where they were, and the others as they stand."""
        cut = self.start(stop)
        parts, place = [], 0
        for at in sorted(self.replaced):
            parts += [self.text[place : self.start(at)], self.replaced[at]]
            place = int(self.ends[at])
        return b"".join([*parts, self.text[place:cut]]), self.text[cut:]


def _pair(lines: _Lines, odd: list[int], opens: BoolArray, last: bool) -> int:
    """Pair the lines with an odd number of quotes; the first line that must wait (their number where none must)."""
    place = 0
    while place < len(odd):
        first = odd[place]
        if not opens[first]:
            place += 1
            continue
        end = odd[place + 1] if place + 1 < len(odd) else None
        if end is None and not last and len(lines.text) - lines.start(first) <= MAX_RECORD:
            return first
        if end is not None and _is_record(lines, first, end):
            lines.inside[first : end + 1] = True
            place += 2
            continue
        lines.make_plain(first)
        place += 1
    return len(lines.ends)


def _is_record(lines: _Lines, first: int, end: int) -> bool:
    if int(lines.ends[end]) - lines.start(first) > MAX_RECORD:
        return False
    fields = _strict(lines.text_of(first, end), lines.dialect)
    alone = lines.text_of(first).count(lines.dialect.delimiter) + 1
    return fields is not None and (fields == lines.width or alone != lines.width)


def _border(dialect: Dialect) -> BoolArray:
    """Bytes that may stand before a quote that opens and after one that closes."""
    border = np.zeros(256, bool)
    border[[ord(dialect.delimiter), ord(dialect.quote), ord("\n")]] = True
    return border


def _all_proper(
    codes: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], lines: _Lines, odd: npt.NDArray[np.int64]
) -> bool:
    """Whether quotes open fields at their beginning and close them at their end throughout, so nothing needs repair.

    Of texts over several lines, the records must also be as `_is_record` wants them.
    """
    border = _border(lines.dialect)
    opens, closes = quotes[0::2] - 1, quotes[1::2] + 1
    opens = opens[1:] if len(opens) and opens[0] < 0 else opens
    closes = closes[:-1] if len(closes) and closes[-1] >= len(codes) else closes
    if not (border[codes[opens]].all() and border[codes[closes]].all()):
        return False
    if len(odd) < 2:
        return True
    first, last = odd[0 : len(odd) // 2 * 2 : 2], odd[1::2]
    starts, firsts, lasts = np.concatenate([[0], lines.ends + 1])[first], lines.ends[first], lines.ends[last]
    if (lasts - starts > MAX_LINE).any():
        return False
    delimiters = np.flatnonzero(codes == ord(lines.dialect.delimiter))
    begin, end = np.searchsorted(delimiters, starts), np.searchsorted(delimiters, lasts)
    sizes = end - begin
    record = np.repeat(np.arange(len(first)), sizes)
    within = delimiters[np.arange(len(record)) + np.repeat(begin - np.cumsum(sizes) + sizes, sizes)]
    between = np.searchsorted(quotes, within) % 2 == 0
    fields = np.bincount(record[between], minlength=len(first)) + 1
    alone = np.searchsorted(delimiters, firsts) - begin + 1
    return bool(((fields == lines.width) | (alone != lines.width)).all())


def _improper(
    codes: npt.NDArray[np.uint8],
    quotes: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    dialect: Dialect,
) -> list[int]:
    """Lines in which a quote, read from their own beginning, neither opens a field, closes one, nor is doubled."""
    opens = (np.arange(len(quotes)) - np.repeat(before - counts, counts)) % 2 == 0
    neighbour = quotes + np.where(opens, -1, 1)
    outside = (neighbour < 0) | (neighbour >= len(codes))
    wrong = ~(_border(dialect)[codes[np.where(outside, 0, neighbour)]] | outside)
    found = np.zeros(len(before), bool)
    found[np.repeat(np.arange(len(before)), counts)[wrong]] = True
    lines: list[int] = np.flatnonzero(found).tolist()
    return lines


def _stays_open(line: str, dialect: Dialect) -> bool:
    """Whether the line ends inside a quoted field."""
    reader = csv.reader([line + "\n", ""], delimiter=dialect.delimiter, quotechar=dialect.quote)
    try:
        next(reader)
    except csv.Error:
        return True
    return reader.line_num > 1


def _strict(record: str, dialect: Dialect) -> int | None:
    """Number of fields of one record, or none where it is not exactly one valid record."""
    try:
        rows = list(csv.reader([record], delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True))
    except csv.Error:
        return None
    return len(rows[0]) if len(rows) == 1 else None
