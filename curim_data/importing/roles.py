"""Join the source columns of a file into one text column for each role; words for missing values are emptied.

Only single cells are interpreted here; what the whole column must decide comes from `decisions`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.export.safe_csv import UNSAFE
from curim_data.formats.base import Layout, Part, fold
from curim_data.importing.value_parsing import distinct, glued, in_one_piece, trimmed
from curim_data.lexicon import MISSING
from curim_data.lexicon.times import hour_of_span
from curim_data.model import IntArray

DATE_ROLES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
PLACE_ROLES: Final = ("latitude", "longitude", "x", "y", "point")
CATEGORY_ROLES: Final = ("category", "more_categories")
COUNT_ROLE: Final = "count"
MOST_EVENTS: Final = 10_000  # of one row: more is a total, or a mistake
UNIT: Final = "\x1f"  # separates the values of several category columns
_EMPTIED: Final = frozenset({*DATE_ROLES, *PLACE_ROLES, "alert_id", "severity", "feeling", "confirmations"})
_WITHOUT_APOSTROPHES: Final = frozenset({"alert_id", *CATEGORY_ROLES})
_YES: Final = frozenset(
    {"1", "1.0", "true", "yes", "y", "x", "t", "v", "on", "✓", "✔", "ναι", "αληθεσ", "oui", "vrai", "si", "s", "sim"}
    | {"verdadero", "verdadeiro", "ja", "wahr", "vero"}
)
_SAFE: Final = f"(?s)^'{UNSAFE}"
_PIECES: Final = ("year", "month", "day", "hour", "minute", "second")
_HALF: Final = r"([AaPpΠπΜμµ]\.?\s?[MmΜμµ]\.?)"
_CLOCK: Final = re.compile(
    rf"(?:^|.*[T ])(\d{{1,2}})\s?[:.hH]\s?(\d{{2}})?(?:[:.](\d{{2}})(?:[.,]\d+)?)?"
    rf"\s?(?:{_HALF}|[Uu]hr|UHR|[Hh](?:[Rr]?[Ss]?))?\.?$"
)
_HALF_ONLY: Final = re.compile(rf"^(\d{{1,2}})\s?{_HALF}$")
_HOUR_ONLY: Final = re.compile(r"^(\d{1,2})\s?(?:[Uu]hr|UHR)\.?$")
_SERIAL_DAY: Final = r"^[2-5]\d{4}(?:\.0+)?$"
_SERIAL_ORIGIN: Final = dt.date(1899, 12, 30)
_BARE: Final = re.compile(r"^(\d{1,6})(?:\.0+)?$")


class RoleColumns:
    """Text columns of a table by role: trimmed, large_string, "" where a value or the whole column is missing.

    `hours`: roles whose bare numbers of one or two digits in a column of times are hours, not minutes past midnight.
    """

    def __init__(
        self, table: pa.Table, layout: Layout, labels: Sequence[str], hours: frozenset[str] = frozenset()
    ) -> None:
        self._table, self._layout, self._labels, self._hours = table, layout, labels, hours
        self._cache: dict[str, ArrowText] = {}
        self._missing = missing_words(layout)

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self._table.num_rows)

    def has(self, role: str) -> bool:
        """Whether the file has a column for the role."""
        return role in self._layout.roles

    def label(self, role: str) -> str:
        """Return the heading of the first column of a role as the file has it."""
        return self._labels[self._layout.place(role)] if self.has(role) else role

    def __getitem__(self, role: str) -> ArrowText:
        if role not in self._cache:
            self._cache[role] = self._joined(role) if self.has(role) else empty_texts(self.size)
        return self._cache[role]

    def raw(self, place: int) -> ArrowText:
        """Return a column of the file, trimmed."""
        return trimmed(pc.cast(in_one_piece(self._table.column(place)), pa.large_string()))

    def places(self, role: str, part: str) -> tuple[int, ...]:
        """Return the places of the columns that give one part of a role."""
        return tuple(one.place for one in self._layout.roles.get(role, ()) if one.part == part)

    def _cells(self, role: str, part: Part) -> ArrowText:
        column = self.raw(part.place)
        if role in _WITHOUT_APOSTROPHES:
            column = without_apostrophes(column)
        return without_missing_words(column, self._missing) if role in _EMPTIED else column

    def _joined(self, role: str) -> ArrowText:
        parts = self._layout.roles[role]
        kinds = {part.part for part in parts}
        if len(parts) == 1 and kinds <= {"value", "first", "date"}:
            return self._cells(role, parts[0])
        if kinds == {"first"}:
            return reduce(_first, [self._cells(role, part) for part in parts])
        if role in DATE_ROLES:
            return self._date_and_time(role, parts)
        columns = [
            heading_where_yes(self.raw(part.place), self._labels[part.place])
            if part.part == "flag"
            else self._cells(role, part)
            for part in parts
        ]
        return joined(columns, UNIT if role in CATEGORY_ROLES else "|")

    def _date_and_time(self, role: str, parts: Sequence[Part]) -> ArrowText:
        """Join date and time into one text."""
        pieces: dict[str, ArrowText] = {}
        for part in parts:
            name = "date" if part.part in ("value", "first", "date") else part.part
            cells = self._cells(role, part)
            pieces[name] = _first(pieces[name], cells) if name in pieces else cells
        pieces |= {  # without the .0 that a spreadsheet adds to whole numbers
            name: pc.replace_substring_regex(pieces[name], r"^(\d+)\.0+$", r"\1") for name in _PIECES if name in pieces
        }
        date = pieces.get("date")
        if "year" in pieces:
            made = _date(pieces)
            date = made if date is None else _first(date, made)
        if date is None:
            return empty_texts(self.size)
        if "time" in pieces:
            time = clock_times(pieces["time"], role in self._hours)
        elif "hour" in pieces:
            time = _time(pieces)
        else:
            return date
        both = pc.and_(pc.not_equal(date, ""), pc.not_equal(time, ""))
        day = pc.replace_substring_regex(date, r"(\d)(?:[T, ]+(?:- )?\d{1,2}:\d{2}.*)$", r"\1")
        return pc.if_else(both, glued([_serial_days(day), time], " "), date)


def missing_words(layout: Layout) -> frozenset[str]:
    """Return the folded words that mean a missing value in a file of this layout."""
    return MISSING | layout.missing


def empty_texts(size: int) -> ArrowText:
    """Make a column of empty texts."""
    return pa.repeat(pa.scalar("", pa.large_string()), size)


def without_missing_words(column: ArrowText, missing: frozenset[str]) -> ArrowText:
    """Replace words for missing values by ""."""
    mask = pc.is_in(pc.ascii_lower(column), value_set=_spellings(missing))
    strange = pc.invert(pc.string_is_ascii(column))
    if pc.any(strange).as_py():
        codes, unique = distinct(pc.if_else(strange, column, ""))
        nothing = np.array([bool(text) and fold(text) in missing for text in unique], bool)[codes]
        mask = pc.or_(mask, pa.array(nothing))
    return pc.if_else(mask, "", column)


@lru_cache(maxsize=16)
def _spellings(missing: frozenset[str]) -> pa.Array:
    """How words for missing values are written."""
    words = {*missing, *(word.replace("_", " ") for word in missing), "-", "--", "---"}
    return pa.array(sorted(words), pa.large_string())


def without_apostrophes(column: ArrowText) -> ArrowText:
    """Remove the apostrophes that `safe_csv.safe_cell` puts before what a spreadsheet takes for a formula."""
    if not pc.any(pc.starts_with(column, "'")).as_py():
        return column
    return pc.replace_substring_regex(column, _SAFE, r"\1")


def heading_where_yes(column: ArrowText, label: str) -> ArrowText:
    """Replace each cell that says yes by the heading, any other by ""."""
    codes, unique = distinct(column)
    yes = np.array([fold(text) in _YES for text in unique], bool)[codes]
    return pc.if_else(pa.array(yes, pa.bool_()), pa.scalar(label.strip(), pa.large_string()), "")


def joined(columns: Sequence[ArrowText], separator: str) -> ArrowText:
    """Join the filled texts of several columns."""
    some = [pc.if_else(pc.equal(column, ""), None, column) for column in columns]
    # Where all are null, Arrow drops the row when it skips nulls: one empty text keeps its place.
    filled = reduce(pc.or_, [pc.is_valid(column) for column in some])
    some[0] = pc.if_else(filled, some[0], "")
    return glued(some, separator, skip=True)


def clock_times(column: ArrowText, hours: bool) -> ArrowText:
    """Write times as 08:15:00; other texts stay as they are."""
    codes, unique = distinct(column)
    return pa.array([clock_time(text, hours) for text in unique], pa.large_string()).take(pa.array(codes))


def clock_time(text: str, hours: bool = False) -> str:
    """Write a time of day as HH:MM:SS; 815 and 2230 are hours and minutes, and so is 5 (00:05) unless `hours`.

    An hour that is written with its end (22-23) is its beginning.
    """
    if not text:
        return ""
    if (begun := hour_of_span(text)) is not None:
        return f"{begun:02d}:00:00"
    if match := _BARE.match(text):
        digits = match[1]
        if len(digits) <= 2 and hours:
            return f"{int(digits):02d}:00:00"
        digits = digits.zfill(4 if len(digits) <= 4 else 6)
        return ":".join([digits[:2], digits[2:4], digits[4:] or "00"])
    if re.fullmatch(r"0?[.,]\d{3,}", text):
        seconds = round(float(text.replace(",", ".")) * 86_400)
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if match := _HALF_ONLY.match(text):
        hour, minute, second, half = match[1], "00", "00", match[2]
    elif match := _HOUR_ONLY.match(text):
        hour, minute, second, half = match[1], "00", "00", None
    elif match := _CLOCK.match(text):
        hour, minute, second, half = match[1], match[2] or "00", match[3] or "00", match[4]
    else:
        return text
    hours_of_day = int(hour)
    if half and 1 <= hours_of_day <= 12:
        hours_of_day = hours_of_day % 12 + (12 if fold(half)[0] in "pμ" else 0)
    return f"{hours_of_day:02d}:{minute}:{second}"


def _serial_days(column: ArrowText) -> ArrowText:
    """Write days that a spreadsheet counts (45321) as dates; beside a time of day they can be nothing else."""
    if not pc.any(pc.match_substring_regex(column, _SERIAL_DAY)).as_py():
        return column
    codes, unique = distinct(column)
    days = [
        (_SERIAL_ORIGIN + dt.timedelta(days=int(text[:5]))).isoformat() if re.fullmatch(_SERIAL_DAY, text) else text
        for text in unique
    ]
    return pa.array(days, pa.large_string()).take(pa.array(codes))


def _first(one: ArrowText, other: ArrowText) -> ArrowText:
    return pc.if_else(pc.equal(one, ""), other, one)


def _date(pieces: Mapping[str, ArrowText]) -> ArrowText:
    """Join year, month and day into ISO dates; a month without a day stays a month, a named month a name."""
    year = pieces["year"]
    month, day = (pieces.get(name, empty_texts(len(year))) for name in ("month", "day"))
    month = pc.replace_substring_regex(month, r"^\d{1,2}[ .\-_]*([^\d .\-_].*)$", r"\1")  # "01-Enero"
    named = pc.match_substring_regex(month, r"^\D+$")
    padded = [pc.utf8_lpad(part, 2, "0") for part in (month, day)]
    iso = glued([year, *padded], "-")
    words = glued([day, month, year], " ")
    whole = pc.if_else(named, pc.utf8_ltrim_whitespace(words), iso)
    dated = pc.if_else(pc.and_(pc.equal(day, ""), pc.invert(named)), glued([year, padded[0]], "-"), whole)
    dated = pc.if_else(pc.equal(month, ""), year, dated)
    return pc.if_else(pc.equal(year, ""), "", dated)


def _time(pieces: Mapping[str, ArrowText]) -> ArrowText:
    """Join hour, minute and second into HH:MM:SS; "" where the hour is missing."""
    hour = pieces["hour"]
    rest = [pieces.get(name, empty_texts(len(hour))) for name in ("minute", "second")]
    padded = [pc.utf8_lpad(part, 2, "0") for part in (hour, *rest)]
    return pc.if_else(pc.equal(hour, ""), "", glued(padded, ":"))


_WHOLE: Final = re.compile(r"(\d+)(?:[.,]0{1,2})?")
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+")


def count_of(text: str) -> int:
    """How many events a text says; -1 where it says none that can be right."""
    text = text.strip().removeprefix("+")
    found = _WHOLE.fullmatch(text)
    if found is None and not _GROUPED.fullmatch(text):
        return -1
    digits = found[1] if found else re.sub(r"\D", "", text)
    return int(digits) if len(digits) < 10 and int(digits) <= MOST_EVENTS else -1


def event_counts(column: ArrowText) -> IntArray:
    """How many events each text of a column says, as `count_of`."""
    codes, unique = distinct(trimmed(in_one_piece(column)))
    return np.array([count_of(text) for text in unique], np.int64)[codes]
