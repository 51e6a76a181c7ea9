"""Quotes that open no quoted field are made plain, so that one of them does not swallow the rows after it."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Final

from curim_data.containers.base import MAX_LINE

MAX_RECORD: Final = 1 << 24  # bytes of a record of several lines; what is longer is a stray quote
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE))  # a setting of the process; long texts are no fault


@dataclass(frozen=True)
class Dialect:
    """How fields are separated: one character between them, and one around those that hold it."""

    delimiter: str
    quote: str = '"'

    def pattern(self, written: str) -> re.Pattern[bytes]:
        """A pattern of bytes in which Q stands for the quote and D for what ends a field."""
        return re.compile(written.replace("Q", self.quote).replace("D", re.escape(self.delimiter) + r"\n").encode())


# Possessive throughout, so each byte is looked at once. A quote inside a field that began without one is plain.
_SHORT: Final = r"(?<![^D])Q(?:[^Q\n]++|QQ)*+Q(?![^D])"  # a quoted field of one line
_LONG: Final = r"(?<![^D])Q(?:[^Q]++|QQ)*+Q(?![^D])"
_LINES: Final = rf"(?:[^Q]++|(?<=[^D])Q|{_SHORT})*+"
_FIELDS: Final = rf"(?:[^Q\n]++|(?<=[^D])Q|{_LONG})*+"
_RECORD: Final = rf"{_FIELDS}(?:\n|\Z)"
_OPEN: Final = rf"{_FIELDS}(?<![^D])Q(?:[^Q]++|QQ)*+\Z"


def repair_quotes(text: bytes, dialect: Dialect, width: int, last: bool) -> tuple[bytes, bytes]:
    """Whole records of UTF-8 lines with their stray quotes made plain, and the lines that wait for the next piece.

    A quote at the beginning of a field opens a text that ends in one at the end of a field. Where that is in a line
    further down, the lines are one record unless only the first alone is as wide as the table. Where the text does not
    end so, the quotes of the line are plain characters, if their number is odd or they leave a field open. Nothing
    waits where the piece is the `last`.
    """
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    parts: list[bytes] = []
    done = at = 0
    whole, record, quoted, open_ = (dialect.pattern(written) for written in (_LINES, _RECORD, _LONG, _OPEN))
    while (stop := _end(whole, text, at)) < len(text):
        start = max(text.rfind(b"\n", at, stop) + 1, at)
        end = text.find(b"\n", start) % (len(text) + 1)  # that of the text where no line follows
        line = text[start:end]
        at = _end(record, text, start)
        if at and at - start <= MAX_RECORD:
            bare = quoted.sub(b"", text[start:at])
            if bare.count(delimiter) + 1 == width or line.count(delimiter) + 1 != width:
                continue
        if not at and not last and len(text) - start <= MAX_RECORD and open_.match(text, start):
            return b"".join([*parts, text[done:start]]), text[start:]
        at = end
        if line.count(quote) % 2 or _stays_open(line.decode(), dialect):
            fields = (quote + field.replace(quote, 2 * quote) + quote for field in line.split(delimiter))
            parts += [text[done:start], delimiter.join(fields)]
            done = end
    return (b"".join([*parts, text[done:]]) if parts else text), b""


def _end(pattern: re.Pattern[bytes], text: bytes, start: int) -> int:
    """Where the match ends that begins in a place; 0 where none does."""
    found = pattern.match(text, start)
    return found.end() if found else 0


def _stays_open(line: str, dialect: Dialect) -> bool:
    """Whether the line ends inside a quoted field."""
    reader = csv.reader([line + "\n", ""], delimiter=dialect.delimiter, quotechar=dialect.quote)
    next(reader)
    return reader.line_num > 1
