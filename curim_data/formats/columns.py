"""Text columns of a file by role, and texts as numbers and dates, parsed over a whole column.

Source columns are joined into one text column for each role; words for missing values are emptied. Numbers: decimal
points and commas, thousands separators, decimal separators that were lost. Dates: timestamps in UTC and how precisely
they are known. Accepted: ISO 8601 with or without offset; day, month and year in either order, separated by slash,
point, hyphen or blanks, with years of two digits (00 to 68 are of this century); 24 and 12 hours; YYYYMMDD; names of
months in seven languages (CLDR, by Babel); months alone; serial numbers of spreadsheets; seconds and milliseconds since
1970. What the whole column must decide comes from `decisions`.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.formats.base import UNSAFE, Layout, Part, fold
from curim_data.lexicon import MISSING
from curim_data.lexicon.times import PLAINER, hour_of_span, month_of
from curim_data.model import DAY_FIRST, BoolArray, FloatArray, IntArray


def in_one_piece(column: ArrowText) -> ArrowText:
    """A column in one piece, as it is where it has one (`combine_chunks` would copy it)."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def trimmed(column: ArrowText) -> ArrowText:
    """Remove white space around each text."""
    return pc.utf8_trim_whitespace(column)


def filled(column: ArrowText) -> BoolArray:
    """Which values of a trimmed column are not empty."""
    return np.asarray(pc.not_equal(column, "").to_numpy(False), bool)


def matches(column: ArrowText, pattern: str) -> BoolArray:
    """Which texts match a regular expression."""
    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy(False), bool)


def glued(columns: Sequence[ArrowText], separator: str, *, skip: bool = False) -> ArrowText:
    """Join several columns (large_string) row by row; with `skip`, missing values are left out."""
    return pc.binary_join_element_wise(
        *columns, pa.scalar(separator, pa.large_string()), null_handling="skip" if skip else "emit_null"
    )


def distinct(column: ArrowText) -> tuple[IntArray, list[str]]:
    """Return categorical codes and the distinct values of a text column."""
    encoded = in_one_piece(column).dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(False), np.int64), encoded.dictionary.to_pylist()


def by_value(column: ArrowText, made: Callable[[str], int]) -> IntArray:
    """A whole number for each text of a column, made of each value once."""
    codes, unique = distinct(column)
    return np.array([made(text) for text in unique], np.int64)[codes]


def rewritten(column: ArrowText, made: Callable[[str], str]) -> ArrowText:
    """A text for each text of a column, made of each value once."""
    codes, unique = distinct(column)
    return pa.array([made(text) for text in unique], pa.large_string()).take(pa.array(codes))


# How a column of numbers is written. ANY: one separator at most, point or comma, is the decimal one. POINT and COMMA:
# that is the decimal separator, the other one separates thousands. FIRST: the first separator is the decimal one. LOST:
# separators separate thousands, and the decimal separator is missing.
ANY, POINT, COMMA, FIRST, LOST = "any", "point", "comma", "first", "lost"

_SHAPES: Final = {
    "point": r"^[+-]?(\d*\.\d{1,2}|\d*\.\d{4,}|\d{4,}\.\d{3})$",
    "comma": r"^[+-]?(\d*,\d{1,2}|\d*,\d{4,}|\d{4,},\d{3})$",
    "point_3": r"^[+-]?\d{1,3}\.\d{3}$",
    "comma_3": r"^[+-]?\d{1,3},\d{3}$",
    "points": r"^[+-]?\d{1,3}(\.\d{3}){2,}$",
    "commas": r"^[+-]?\d{1,3}(,\d{3}){2,}$",
    "points_comma": r"^[+-]?\d{1,3}(\.\d{3})+,\d+$",
    "commas_point": r"^[+-]?\d{1,3}(,\d{3})+\.\d+$",
}
_NOISE: Final = "[\\s'’\u00a0\u202f°]"


@dataclass(frozen=True)
class ParsedNumbers:
    """A column of numbers (NaN where none), with masks: given, unreadable, written with a decimal comma."""

    values: FloatArray
    given: BoolArray
    bad: BoolArray
    comma: BoolArray


def count_number_shapes(column: ArrowText) -> Counter[str]:
    """Count the shapes of a trimmed column of numbers; a number without separator is no evidence."""
    if pc.all(pc.match_substring_regex(column, rf"^([+-]?\d*|{_SHAPES['point'].strip('^$')})$")).as_py():
        return Counter(point=pc.sum(pc.match_substring(column, ".")).as_py() or 0)
    column = cleaned(column)
    marked = column.filter(pc.match_substring_regex(column, "[.,]"))
    counts = Counter[str]()
    for name, pattern in _SHAPES.items():
        found = pc.match_substring_regex(marked, pattern)
        counts[name] = pc.sum(found).as_py() or 0
        marked = marked.filter(pc.invert(found))
    return counts


def cleaned(column: ArrowText) -> ArrowText:
    """Remove blanks, apostrophes and degree signs; write minus signs as hyphens."""
    if not pc.any(pc.match_substring_regex(column, f"{_NOISE}|−")).as_py():
        return column
    column = pc.replace_substring_regex(column, rf"({_NOISE})+", "")
    return pc.replace_substring(column, "−", "-")


def parse_decimals(column: ArrowText) -> ParsedNumbers:
    """Parse a trimmed column of decimal numbers; a single comma is a decimal comma."""
    given = filled(column)
    good = given & matches(column, r"^[+\-]?(\d+([.,]\d*)?|[.,]\d+)$")
    comma = good & np.asarray(pc.match_substring(column, ",").to_numpy(False), bool)
    text = pc.replace_substring(column, ",", ".")
    text = pc.replace_substring_regex(text, r"^\+", "")
    text = pc.if_else(pa.array(good), text, None)
    values = np.asarray(pc.cast(text, pa.float64()).to_numpy(False), float)
    good &= np.isfinite(values)
    return ParsedNumbers(np.where(good, values, np.nan), given, given & ~good, comma & good)


def parse_numbers(column: ArrowText, form: str = ANY, digits: int = 0) -> ParsedNumbers:
    """Parse a trimmed column of numbers as `form` says; with LOST, `digits` stand before the decimal separator."""
    column = cleaned(column)
    given = filled(column)
    if form in (POINT, COMMA):
        decimal, group = (".", ",") if form == POINT else (",", ".")
        grouped = pc.match_substring_regex(column, rf"^[+-]?\d{{1,3}}([{group}]\d{{3}})+([{decimal}]\d*)?$")
        plain = pc.if_else(
            grouped, pc.replace_substring(column, group, ""), pc.if_else(pc.match_substring(column, group), "?", column)
        )
        parsed = parse_decimals(plain)
        return parsed if form == POINT else replace(parsed, given=given, comma=np.zeros(len(given), bool))
    if form == FIRST:
        return parse_decimals(_first_separator(column))
    if form == LOST:
        plain = pc.replace_substring_regex(column, "[.,]", "")
        parsed = parse_decimals(plain)
        lengths = pc.utf8_length(pc.replace_substring_regex(plain, r"^[+-]", "")).to_numpy(False)
        beyond = np.maximum(np.asarray(lengths, np.int64) - digits, 0)
        return ParsedNumbers(parsed.values / 10.0**beyond, given, parsed.bad, np.zeros(len(given), bool))
    return parse_decimals(column)


def _first_separator(column: ArrowText) -> ArrowText:
    """Keep only the first separator of numbers such as 40.775.434."""
    found = pc.extract_regex(column, r"^(?P<whole>[+-]?\d+)[.,](?P<rest>\d+(?:[.,]\d+)*)$")
    rest = pc.replace_substring_regex(pc.struct_field(found, "rest"), "[.,]", "")
    return pc.if_else(
        found.is_valid(), glued([pc.struct_field(found, "whole"), rest], "."), pc.cast(column, pa.large_string())
    )


def split_point_texts(column: ArrowText) -> tuple[ArrowText, ArrowText, ArrowText]:
    """Split texts such as (40.7, -73.9) into two numbers (as texts), and say which are written longitude first.

    POINT (lon lat) and the arrays of GeoJSON have the longitude first by their standards.
    """
    number = r"[+-]?\d+(?:\.\d+)?"
    found = pc.extract_regex(column, rf"^[^\d+-]*(?P<one>{number})\s*[,;\s/|·]\s*(?P<two>{number})[^\d]*$")
    comma = r"[+-]?\d+,\d+"
    other = pc.extract_regex(column, rf"^[^\d+-]*(?P<one>{comma})\s*[;\s/|·]\s*(?P<two>{comma})[^\d]*$")
    one, two = (
        pc.cast(pc.coalesce(pc.struct_field(other, name), pc.struct_field(found, name), column), pa.large_string())
        for name in ("one", "two")
    )
    return one, two, pc.match_substring_regex(column, r"(?i)^(srid=\d+;)?\s*point|^\s*\[|coordinates")


TimeArray: TypeAlias = npt.NDArray[np.datetime64]

# How a whole column is written, where a single value does not tell: numbers of days, seconds, milliseconds; times that
# are midnight throughout and therefore mean nothing; first days that stand for their month.
SERIAL, SECONDS, MILLISECONDS, DATES, MONTHS = "serial", "seconds", "milliseconds", "dates", "months"
# Numbers that may be dates: days of a spreadsheet, seconds and milliseconds since 1970 (from, to).
COUNTED: Final = {
    SERIAL: (20_000, np.nextafter(60_000, np.inf)),
    SECONDS: (1e9, 1e10),
    MILLISECONDS: (1e12, 1e13),
}
UNITS: Final = ("year", "month", "day", "hour", "minute", "second")

UTC: Final = r"(\d|[AaPp]\.?[Mm]\.?) ?(?:UTC|GMT|Z)$"
ISO_DAY: Final = r"^\d{4}-\d{2}-\d{2}(?:[T ].*)?$"
_TIME: Final = (
    r"(?:[,T ]+(?:- )?(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"(?P<half> ?[AaPpΠπΜμ]\.? ?[MmΜμ]\.?)?)?(?: ?(?:Z|UTC|GMT))?$"
)
_SEPARATOR: Final = " ?[/.-] ?"
_NUMERIC: Final = rf"^(?P<one>\d{{1,2}}){_SEPARATOR}(?P<two>\d{{1,2}}){_SEPARATOR}(?P<year>\d{{4}}|\d{{2}})\.?{_TIME}"
_LETTER: Final = r"[A-Za-z\x{80}-\x{10FFFF}]"  # all beyond ASCII: RE2 takes 20 ms to compile a pattern with \p{L}{3,12}
_NAME: Final = rf"(?P<name>{_LETTER}{{3,12}})\.?"
_WEEKDAY: Final = rf"^(?:{_LETTER}{{2,12}}\.?,? )?"
# How dates that are not ISO are written: as 01/03/2025, and as above each.
_LAYOUTS: Final = (
    _NUMERIC,
    # 2025/03/01, 2025. 03. 01.
    rf"^(?P<year>\d{{4}}){_SEPARATOR}(?P<month>\d{{1,2}}){_SEPARATOR}(?P<day>\d{{1,2}})\.?{_TIME}",
    # 20250301 2215
    r"^(?P<year>(?:19|20|21)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])"
    r"(?:[T ]?(?P<hour>\d{2}):?(?P<minute>\d{2}):?(?P<second>\d{2})?)?(?: ?(?:Z|UTC|GMT))?$",
    # 1 March 2025
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th|er|º|η)?[ ./-]*(?:de )?{_NAME},?[ ./-]*(?:de |del )?"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}",
    # March 1, 2025
    rf"{_WEEKDAY}{_NAME}[ -](?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:, ?| )(?P<year>\d{{4}}){_TIME}",
    # 2025. March 1., 2025. gada 1. martā
    rf"^(?P<year>\d{{4}})\.? {_NAME} (?P<day>\d{{1,2}})\.?{_TIME}",
    rf"^(?P<year>\d{{4}})\. gada (?P<day>\d{{1,2}})\. {_NAME}{_TIME}",
    # 2025/03
    r"^(?P<year>\d{4})[/.-](?P<month>0?[1-9]|1[0-2])$",
    # 03/2025
    r"^(?P<month>0?[1-9]|1[0-2])[/.-](?P<year>\d{4})$",
    # March 2025
    rf"^{_NAME},?[ /-](?:de |del )?(?P<year>\d{{4}})$",
)
_EARLIEST, _LATEST = np.datetime64("1900-01-01", "us"), np.datetime64("2201-01-01", "us")


@dataclass(frozen=True)
class ParsedDates:
    """A column of timestamps (UTC), with masks: given, unreadable, date without time, month without day; and of the
    unreadable ones those whose day and month can change places, in a file that writes both orders."""

    timestamps: pd.Series
    given: BoolArray
    bad: BoolArray
    day_only: BoolArray
    month_only: BoolArray
    ambiguous: BoolArray


@dataclass(frozen=True)
class DateFormat:
    """How a column of dates is written: order ("day-first", "month-first" or none), form (see above), zone of times
    without offset and zone of dates without time (IANA names)."""

    zone: str
    order: str | None = None
    form: str = ""
    day_zone: str | None = None


def parse_dates(column: ArrowText, date_format: DateFormat, orders: npt.NDArray[np.int8] | None = None) -> ParsedDates:
    """Parse a trimmed column of dates.

    `orders`: which of day and month comes first in each row (`profiling`: 1 the day, 2 the month, 0 nobody knows), in
    place of the one order of `date_format`; a date that has but one reading is then read so, whatever its row's order.

    A time without offset is local time; one that the change to winter time repeats is taken as its first occurrence,
    one that the change to summer time skips is moved to the end of the gap. A month alone is its first moment.
    """
    given = filled(column)
    size = len(given)
    at = np.full(size, np.datetime64("NaT", "us"))
    day_only, month_only, ambiguous = (np.zeros(size, bool) for _ in range(3))
    if date_format.form in (SERIAL, SECONDS, MILLISECONDS):
        numbers, days = _numbers(column, date_format)
        return _parsed(numbers, given, days, month_only, ambiguous)
    for ending, instead in PLAINER if pc.any(pc.match_substring_regex(column, "[a-zA-Z]\\.?$|T[+-]")).as_py() else ():
        column = pc.replace_substring_regex(column, ending, instead)
    column = pc.replace_substring_regex(column, UTC, r"\1Z")
    column = pc.replace_substring_regex(column, r"^(\d{4}-\d{1,2}-\d{1,2}) ?(?:Z|[+-]\d{2}:?\d{2})$", r"\1")
    if date_format.form in (DATES, MONTHS):
        column = pc.replace_substring_regex(column, r"(\d:\d{2}(?::\d{2}(?:[.]\d+)?)?) ?(?:Z|[+-]\d{2}:?\d{2})$", r"\1")
    iso = (
        matches(column, r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.]\d+)?)?)?( ?(Z|[+-]\d{2}:?\d{2}))?$")
        & given
    )
    if iso.any():
        at[iso], day_only[iso] = _iso(column.filter(pa.array(iso)), date_format)
    rest = np.flatnonzero(given & ~iso)
    if len(rest):
        own, texts = None if orders is None else orders[rest], column.take(pa.array(rest))
        utc = matches(texts, "Z$")
        parts = date_parts(texts, date_format.order, own)
        if own is not None:
            one, two, _ = numeric_pairs(texts)
            ambiguous[rest] = (own == 0) & (one > 0) & (one <= 12) & (two > 0) & (two <= 12) & (one != two)
        stamps = local_timestamps(parts)
        day_only[rest] = parts["hour"] < 0
        month_only[rest] = parts["day"] < 0
        at[rest] = np.where(utc & ~day_only[rest], stamps, _zoned(stamps, day_only[rest], date_format))
    if date_format.form in (DATES, MONTHS):
        day_only[:] = True
    if date_format.form == MONTHS:
        month_only[:] = True
    return _parsed(at, given, day_only, month_only, ambiguous)


def _parsed(
    at: TimeArray, given: BoolArray, day_only: BoolArray, month_only: BoolArray, ambiguous: BoolArray
) -> ParsedDates:
    at = np.where((at >= _EARLIEST) & (at < _LATEST), at, np.datetime64("NaT", "us"))
    bad = given & np.isnat(at)
    good = given & ~bad
    timestamps = pd.Series(at.astype("datetime64[us]")).dt.tz_localize("UTC")
    return ParsedDates(timestamps, given, bad, day_only & good, month_only & good, ambiguous & bad)


def date_parts(
    column: ArrowText,
    order: str | None,
    orders: npt.NDArray[np.int8] | None = None,
    layouts: Sequence[str] = _LAYOUTS,
) -> dict[str, IntArray]:
    """Split dates that are not ISO into their units; -1 where a unit is missing, year -1 where a date is unreadable.

    "one" and "two": the first and second number of dates such as 01/03/2025. `orders`: the order of each row, as in
    `parse_dates`.
    """
    parts = {unit: np.full(len(column), -1, np.int64) for unit in (*UNITS, "one", "two")}
    left = np.arange(len(column))
    for layout in layouts:
        if not len(left):
            break
        found = pc.extract_regex(column.take(pa.array(left)), layout)
        hit = np.asarray(found.is_valid().to_numpy(False), bool)
        if not hit.any():
            continue
        fields = found.filter(pa.array(hit))
        where = left[hit]
        for unit, values in _fields(fields, order, (None if orders is None else orders[where])).items():
            parts[unit][where] = values
        left = left[~hit]
    return parts


def numeric_pairs(column: ArrowText) -> tuple[IntArray, IntArray, dict[str, IntArray]]:
    """Return the first and second number of dates such as 01/03/2025 (-1 where none), and the parts read day first."""
    parts = date_parts(column, DAY_FIRST, layouts=(_NUMERIC,))
    return parts.pop("one"), parts.pop("two"), parts


def _fields(fields: ArrowText, order: str | None, orders: npt.NDArray[np.int8] | None = None) -> dict[str, IntArray]:
    names = {field.name for field in fields.type}
    units = {name: _whole(fields, name) for name in names - {"half", "name"}}
    if "one" in names:
        first, second = units["one"], units["two"]
        if orders is not None:
            day_first = (first > 12) | ((second <= 12) & (orders == 1))
            unclear = (orders == 0) & (first <= 12) & (second <= 12) & (first != second)
            units["year"] = np.where(unclear, -1, units["year"])
            units["day"], units["month"] = np.where(day_first, first, second), np.where(day_first, second, first)
        else:
            if order is None:
                units["year"] = np.full(len(first), -1, np.int64)
            units["day"], units["month"] = (first, second) if order == DAY_FIRST else (second, first)
    if "name" in names:
        units["month"] = by_value(pc.struct_field(fields, "name"), month_of)
    year = units["year"]
    units["year"] = year + np.where((year < 0) | (year > 99), 0, np.where(year < 69, 2000, 1900))
    if "half" in names:  # 0 before noon, 1 after, -1 of 24 hours
        half = by_value(  # π.μ. and μ.μ. in Greek
            pc.struct_field(fields, "half"),
            lambda text: {"a": 0, "π": 0, "p": 1, "μ": 1}.get(fold(text).strip(" _.")[:1], -1),
        )
        hour = units["hour"]
        units["hour"] = np.where(half < 0, hour, np.where((hour >= 1) & (hour <= 12), hour % 12 + 12 * half, 99))
    return units


def _whole(fields: ArrowText, name: str) -> IntArray:
    text = pc.struct_field(fields, name)
    text = pc.if_else(pc.equal(text, ""), "-1", text)
    return np.asarray(pc.cast(text, pa.int64()).to_numpy(False), np.int64)


def local_timestamps(parts: dict[str, IntArray]) -> TimeArray:
    """Assemble local timestamps (microseconds) from the parts of dates; NaT where there is no such moment."""
    year, month, day = parts["year"], parts["month"], np.where(parts["day"] < 0, 1, parts["day"])
    hour, minute, second = (np.maximum(parts[unit], 0) for unit in ("hour", "minute", "second"))
    good = (year >= 1900) & (year <= 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(good, day - 1, 0)
    good &= days.astype("datetime64[M]") == months
    midnight = (hour == 24) & (minute == 0) & (second == 0)
    good &= ((hour <= 23) | midnight) & (minute <= 59) & (second <= 59)
    stamps = days.astype("datetime64[us]") + ((hour * 3600 + minute * 60 + second) * 1_000_000).astype(
        "timedelta64[us]"
    )
    return np.where(good, stamps, np.datetime64("NaT", "us"))


def _iso(texts: ArrowText, date_format: DateFormat) -> tuple[TimeArray, BoolArray]:
    """Parse texts that look like ISO dates; also say which are dates without time."""
    timed = matches(texts, r"\d:\d{2}")
    alone = date_format.form in (DATES, MONTHS)
    offset = np.zeros(len(timed), bool) if alone else timed & matches(texts, r"( ?(?:Z|[+-]\d{2}:?\d{2}))$")
    at = np.full(len(timed), np.datetime64("NaT", "us"))
    if offset.any():
        read = pd.to_datetime(
            pd.Series(texts.filter(pa.array(offset)).to_pandas()).str.replace(" ?Z$", "+00:00", regex=True),
            utc=True,
            format="ISO8601",
            errors="coerce",
        )
        at[offset] = read.dt.tz_localize(None).to_numpy("datetime64[us]")
    if not offset.all():
        written = texts.filter(pa.array(~offset))
        some = pc.replace_substring_regex(written, r"^(\S+)[T ]24:00(:00)?$", r"\1")
        late = some.to_numpy(False) != written.to_numpy(False)
        read = pd.to_datetime(pd.Series(some.to_pandas()), format="ISO8601", errors="coerce")
        stamps = read.to_numpy("datetime64[us]") + late.astype("timedelta64[D]")
        at[~offset] = _zoned(stamps, ~timed[~offset], date_format)
    return at, ~timed


def _zoned(stamps: TimeArray, day_only: BoolArray, date_format: DateFormat) -> TimeArray:
    """Convert local timestamps to UTC; dates without time are in the zone of the city."""
    day_zone = date_format.day_zone or date_format.zone
    if day_zone == date_format.zone or not day_only.any():
        return local_to_utc(stamps, date_format.zone)
    return np.where(day_only, local_to_utc(stamps, day_zone), local_to_utc(stamps, date_format.zone))


def local_to_utc(stamps: TimeArray, zone: str) -> TimeArray:
    """Convert local timestamps of a zone to UTC (both datetime64[us])."""
    series = pd.Series(stamps.astype("datetime64[us]"))
    local = series.dt.tz_localize(zone, ambiguous=np.ones(len(series), bool), nonexistent="shift_forward")
    return np.asarray(local.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"))


def next_month_start(timestamps: pd.Series, zone: str) -> pd.Series:
    """Return the start of the local month after each timestamp (UTC)."""
    months = timestamps.dt.tz_convert(zone).dt.tz_localize(None).to_numpy("datetime64[M]") + 1
    starts: pd.Series = pd.Series(local_to_utc(months.astype("datetime64[us]"), zone)).dt.tz_localize("UTC")
    return starts


def _numbers(column: ArrowText, date_format: DateFormat) -> tuple[TimeArray, BoolArray]:
    """Numbers of days, seconds or milliseconds as timestamps, and which are whole days."""
    numeric = pc.if_else(pc.match_substring_regex(column, r"^\d+(\.\d+)?$"), column, None)
    values = pd.Series(pc.cast(numeric, pa.float64()).to_numpy(False))
    if date_format.form != SERIAL:
        moments = pd.to_datetime(values, unit="s" if date_format.form == SECONDS else "ms", errors="coerce")
        return moments.dt.round("us").to_numpy("datetime64[us]"), np.zeros(len(values), bool)
    local = pd.to_datetime(values, unit="D", origin="1899-12-30", errors="coerce").dt.round("s")
    day_only = (local == local.dt.normalize()).to_numpy()
    return _zoned(local.to_numpy("datetime64[us]"), day_only, date_format), day_only


MAIN_DATES: Final = ("reported_at", "occurred_from")
DATE_ROLES: Final = (*MAIN_DATES, "occurred_to", "resolved_at")
PLACE_ROLES: Final = ("latitude", "longitude", "x", "y", "point")
CATEGORY_ROLES: Final = ("category", "more_categories")
GENDER_ROLES: Final = ("reporter_gender", "affected_gender")
ENUM_ROLES: Final = ("kind", "status", *GENDER_ROLES, "age_band")
COUNT_ROLE: Final = "count"
MOST_EVENTS: Final = 10_000  # of one row: more is a total, or a mistake
UNIT: Final = "\x1f"  # separates the values of several category columns
_EMPTIED: Final = frozenset({*DATE_ROLES, *PLACE_ROLES, "alert_id", "severity", "feeling", "confirmations"})
_YES: Final = frozenset(
    {"1", "1.0", "true", "yes", "y", "x", "t", "v", "on", "✓", "✔", "ναι", "αληθεσ", "oui", "vrai", "si", "s", "sim"}
    | {"verdadero", "verdadeiro", "ja", "wahr", "vero"}
)
_HALF: Final = r"(?P<half>[AaPpΠπΜμµ]\.?\s?[MmΜμµ]\.?)"
_CLOCK: Final = re.compile(
    rf"(?:^|.*[T ])(?P<hour>\d{{1,2}})\s?[:.hH]\s?(?P<minute>\d{{2}})?"
    rf"(?:[:.](?P<second>\d{{2}})(?:[.,]\d+)?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?"
    rf"\s?(?:{_HALF}|[Uu]hr|UHR|[Hh](?:[Rr]?[Ss]?))?\.?$"
)
_SERIAL_DAY: Final = r"^[2-5]\d{4}(?:\.0+)?$"


class RoleColumns:
    """Text columns of a table by role: trimmed, large_string, "" where a value or the whole column is missing.

    `size`: number of rows.
    `hours`: roles whose bare numbers of one or two digits in a column of times are hours, not minutes past midnight.
    """

    def __init__(
        self, table: pa.Table, layout: Layout, labels: Sequence[str], hours: frozenset[str] = frozenset()
    ) -> None:
        self._table, self._layout, self._labels, self._hours = table, layout, labels, hours
        self._cache: dict[str, ArrowText] = {}
        self.size = int(table.num_rows)
        self._missing = MISSING | layout.missing

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
        if role in ("alert_id", *CATEGORY_ROLES):  # an apostrophe of `safe_csv.safe_cell`, before a seeming formula
            column = pc.replace_substring_regex(column, f"(?s)^'{UNSAFE}", r"\1")
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
        options = [self._labels[part.place] for part in parts if part.part == "flag"]
        asked = os.path.commonprefix(options)  # noqa: RUF071 - "What?/Noise", "What?/Litter"
        columns = [
            _heading_where_yes(self.raw(part.place), self._labels[part.place][asked.rfind("/") + 1 :].strip())
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
            name: pc.replace_substring_regex(pieces[name], r"^(\d+)\.0+$", r"\1") for name in UNITS if name in pieces
        }
        date = pieces.get("date")
        if "year" in pieces:
            date = _date(pieces) if date is None else _first(date, _date(pieces))
        if date is None:
            return empty_texts(self.size)
        if pieces.keys().isdisjoint(("time", "hour")):
            return date
        clock = partial(clock_time, hours=role in self._hours)
        time = rewritten(pieces["time"], clock) if "time" in pieces else _time(pieces)
        both = pc.and_(pc.not_equal(date, ""), pc.match_substring_regex(time, r"\d"))  # "not known" is no time
        day = pc.replace_substring_regex(date, r"(\d)(?:[T, ]+(?:- )?\d{1,2}:\d{2}.*)$", r"\1")
        return pc.if_else(both, glued([_serial_days(day), time], " "), date)


def empty_texts(size: int) -> ArrowText:
    """Make a column of empty texts."""
    return pa.repeat(pa.scalar("", pa.large_string()), size)


def without_missing_words(column: ArrowText, missing: frozenset[str]) -> ArrowText:
    """Replace words for missing values by ""."""
    mask = pc.is_in(
        pc.ascii_lower(column),
        value_set=pa.array(
            [*missing, *(word.replace("_", " ") for word in missing), "-", "--", "---"], pa.large_string()
        ),
    )
    strange = pc.invert(pc.string_is_ascii(column))
    if pc.any(strange).as_py():
        nothing = by_value(pc.if_else(strange, column, ""), lambda text: bool(text) and fold(text) in missing)
        mask = pc.or_(mask, pa.array(nothing > 0))
    return pc.if_else(mask, "", column)


def _heading_where_yes(column: ArrowText, heading: str) -> ArrowText:
    """Replace each cell that says yes by the heading, any other by ""."""
    return rewritten(column, lambda text: heading if fold(text) in _YES else "")


def joined(columns: Sequence[ArrowText], separator: str) -> ArrowText:
    """Join the filled texts of several columns."""
    some = [pc.if_else(pc.equal(column, ""), None, column) for column in columns]
    # Where all are null, Arrow drops the row when it skips nulls: one empty text keeps its place.
    filled = reduce(pc.or_, [pc.is_valid(column) for column in some])
    some[0] = pc.if_else(filled, some[0], "")
    return glued(some, separator, skip=True)


def clock_time(text: str, hours: bool = False) -> str:
    """Write a time of day as HH:MM:SS; 815 and 2230 are hours and minutes, and so is 5 (00:05) unless `hours`.

    An hour that is written with its end (22-23) is its beginning.
    """
    if (begun := hour_of_span(text)) is not None:
        return f"{begun:02d}:00:00"
    if match := re.match(r"^(\d{1,6})(?:\.0+)?$", text):
        digits = match[1]
        if len(digits) <= 2 and hours:
            return f"{int(digits):02d}:00:00"
        digits = digits.zfill(4 if len(digits) <= 4 else 6)
        return ":".join([digits[:2], digits[2:4], digits[4:] or "00"])
    if re.fullmatch(r"0?[.,]\d{3,}", text):
        seconds = round(float(text.replace(",", ".")) * 86_400)
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    match = (
        re.match(rf"^(?P<hour>\d{{1,2}})\s?{_HALF}$", text)
        or re.match(r"^(?P<hour>\d{1,2})\s?(?:[Uu]hr|UHR)\.?$", text)
        or _CLOCK.match(text)
    )
    if match is None:
        return text
    parts = {"half": "", "minute": "00", "second": "00"} | {name: one for name, one in match.groupdict().items() if one}
    hour = int(parts["hour"])
    if parts["half"] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if fold(parts["half"])[0] in "pμ" else 0)
    return f"{hour:02d}:{parts['minute']}:{parts['second']}"


def _serial_days(column: ArrowText) -> ArrowText:
    """Write days that a spreadsheet counts (45321) as dates; beside a time of day they can be nothing else."""
    if not pc.any(pc.match_substring_regex(column, _SERIAL_DAY)).as_py():
        return column

    first = dt.date(1899, 12, 30)
    return rewritten(
        column, lambda text: f"{first + dt.timedelta(int(text[:5]))}" if re.fullmatch(_SERIAL_DAY, text) else text
    )


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
    whole = pc.if_else(named, pc.utf8_ltrim_whitespace(glued([day, month, year], " ")), iso)
    dated = pc.if_else(pc.and_(pc.equal(day, ""), pc.invert(named)), glued([year, padded[0]], "-"), whole)
    dated = pc.if_else(pc.equal(month, ""), year, dated)
    return pc.if_else(pc.equal(year, ""), "", dated)


def _time(pieces: Mapping[str, ArrowText]) -> ArrowText:
    """Join hour, minute and second into HH:MM:SS; "" where the hour is missing."""
    hour = pieces["hour"]
    padded = [
        pc.utf8_lpad(part, 2, "0")
        for part in (hour, *[pieces.get(name, empty_texts(len(hour))) for name in ("minute", "second")])
    ]
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
    return by_value(trimmed(column), count_of)
