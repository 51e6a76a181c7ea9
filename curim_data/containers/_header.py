"""Where the table of a text file begins: its delimiter, its quote, its labels, and the lines before them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curim_data.containers._quotes import Dialect, repair_quotes
from curim_data.model import ImportProblem, Message

if TYPE_CHECKING:
    import _csv

_DELIMITERS: Final = (";", ",", "\t", "|")
_RARE: Final = ("\x1f", "^", "~", ":")  # taken only where they alone give a table
MAX_COLUMNS: Final = 5000
_SAMPLE: Final = 1000  # lines that are looked at
_TITLES: Final = 10  # lines that may stand before the header
_USUAL: Final = 0.5  # share of records as wide as the first line, from which that line is the header
_STEADY: Final = 0.9  # the same for a header further down, and for rare delimiters
_RARE_WIDTH: Final = 3
_BEFORE: Final = re.compile(r"\A(?:\s*sep=.\n)?(?:[ \t]*\n)*")


@dataclass(frozen=True)
class Header:
    """The header of a text file.

    `lines` is how many lines stand before the first record, `skipped` those among them that say something and are not
    the header.
    """

    dialect: Dialect
    labels: tuple[str, ...]
    lines: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Start:
    """One way to read the sample: with a dialect, from a line on."""

    dialect: Dialect
    line: int
    share: float = 0.0
    width: int = 0
    records: int = 0

    @property
    def rank(self) -> tuple[float, int]:
        return round(self.share, 1), self.width


def find_header(head: str, name: str) -> Header:
    """The header of a text that begins like `head` (whole lines, LF ends). ImportProblem where it is no table."""
    text = _BEFORE.sub("", head)
    before = head.count("\n") - text.count("\n")
    sample = io.StringIO(text, newline="\n").readlines()
    start = _best(sample)
    if start is None:
        raise ImportProblem(
            Message(
                "{name}: this is not a table. The first line has none of the delimiters semicolon, comma, tab or bar. "
                "Export the alerts as CSV with a header line.",
                {"name": name},
            )
        )
    reader = _reader(sample[start.line :], start.dialect)
    if start.width > MAX_COLUMNS:
        raise ImportProblem(
            Message(
                "{name}: the first line has more than {limit} columns, so this is not a table of alerts. "
                "Export the file again as CSV with one alert on each line.",
                {"name": name, "limit": MAX_COLUMNS},
            )
        )
    labels = tuple(label.strip().strip("\ufeff") for label in next(reader))
    skipped = tuple(text for line in sample[: start.line] if (text := _title(line, start.dialect)))
    return Header(start.dialect, labels, before + start.line + reader.line_num, skipped)


def _best(sample: Sequence[str]) -> _Start | None:
    """The steadiest reading; one with titles before the header only where that is plain."""
    first = max((_start(sample, 0, delimiter) for delimiter in _DELIMITERS), key=lambda start: start.rank)
    found = first if first.width else None
    usual = first.share >= _USUAL and not _is_title(sample[0], first.dialect.delimiter, first.width)
    least = max(4, 2 * first.width) if usual else max(2, first.width)
    titled = [start for delimiter in _DELIMITERS if (start := _after_titles(sample, delimiter, least))]
    if titled:
        found = max(titled, key=lambda start: start.rank)
    if found and (titled or usual):
        return found
    rare = [_start(sample, 0, delimiter) for delimiter in _RARE]
    rare = [start for start in rare if start.share >= _STEADY and start.width >= max(_RARE_WIDTH, first.width)]
    return max(rare, key=lambda start: start.rank) if rare else found


def _after_titles(sample: Sequence[str], delimiter: str, least: int) -> _Start | None:
    """The first line, after one or more titles, that begins a steady table at least so wide."""
    for line in range(1, min(_TITLES + 1, len(sample) - 1)):
        fields = _fields(sample[line], delimiter)
        if len(fields) < least or not _is_header(fields):
            continue
        if all(_is_title(text, delimiter, len(fields)) for text in sample[:line]):
            start = _start(sample, line, delimiter)
            if start.width >= least and start.share >= _STEADY and start.records > 1:
                return start
    return None


def _is_title(line: str, delimiter: str, width: int) -> bool:
    """Whether a line says too little to be one of a table so wide."""
    filled = sum(1 for field in _fields(line, delimiter) if field.strip())
    if width <= 2:
        return delimiter not in line.strip()
    return filled <= 1 or 2 * filled < width


def _is_header(fields: Sequence[str]) -> bool:
    filled = [field for field in fields if field.strip()]
    return 2 * len(filled) > len(fields) and all(any(map(str.isalpha, field)) for field in filled)


def _fields(line: str, delimiter: str) -> list[str]:
    return next(_reader([line], Dialect(delimiter)), [])


def _title(line: str, dialect: Dialect) -> str:
    return line.strip().strip(dialect.delimiter + dialect.quote + "\ufeff").strip()


def _start(sample: Sequence[str], line: int, delimiter: str) -> _Start:
    """How steady the table is that begins in a line; width 0 where it has but one column."""
    lines = sample[line : line + _SAMPLE]
    dialect = Dialect(delimiter, _quote(lines, delimiter))
    width, records = 0, list[list[str]]()
    with suppress(csv.Error):
        width = len(next(_reader(lines, dialect), []))
        repaired, _ = repair_quotes("".join(lines).encode(), dialect, width, last=True)
        records = [record for record in _reader(io.StringIO(repaired.decode(), newline="\n"), dialect) if record]
    if width < 2 or not records:
        return _Start(dialect, line)
    share = sum(len(record) == width for record in records) / len(records)
    return _Start(dialect, line, share, width, len(records))


def _quote(sample: Sequence[str], delimiter: str) -> str:
    """An apostrophe where it stands around the fields of the header and of most lines, and quotation marks nowhere."""
    text = "".join(sample)
    fields = [field for line in sample for field in line.rstrip("\n").split(delimiter)]
    opened = sum(field.startswith("'") for field in fields)
    closed = sum(len(field) > 1 and field.endswith("'") for field in fields)
    return "'" if '"' not in text and text.startswith("'") and opened == closed >= len(sample) else '"'


def _reader(lines: Iterable[str], dialect: Dialect) -> _csv.Reader:
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
