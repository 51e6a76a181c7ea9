"""Tolerant parsers for text columns. Each decides over the whole column and says which values it could not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import fold

BoolArray = npt.NDArray[np.bool_]
DAY_FIRST, MONTH_FIRST = "day-first", "month-first"

_ISO: Final = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.]\d+)?)?)?( ?(Z|[+-]\d{2}:?\d{2}))?$"
_DATE_WITH_OFFSET: Final = r"^(\d{4}-\d{1,2}-\d{1,2}) ?(?:Z|[+-]\d{2}:?\d{2})$"  # a date has no need of one
_OFFSET: Final = r"\d:\d{2}.*( ?(Z|[+-]\d{2}:?\d{2}))$"
_NUMERIC: Final = (
    r"^(?P<one>\d{1,2})[/.\-](?P<two>\d{1,2})[/.\-](?P<year>\d{4})"
    r"(?:,?[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?$"
)
# One order of day and month may contradict the other in this share of the values that tell: those are mistakes.
MINORITY: Final = 0.05


@dataclass(frozen=True)
class Order:
    """What a column says of its dates: values that can only be day first, only month first, and either."""

    day_first: int = 0
    month_first: int = 0
    either: int = 0

    def __add__(self, other: Order) -> Order:
        return Order(self.day_first + other.day_first, self.month_first + other.month_first, self.either + other.either)

    @property
    def verdict(self) -> str | None:
        """The order, or none where no value tells or the values contradict each other."""
        telling = self.day_first + self.month_first
        if telling and self.month_first <= MINORITY * telling:
            return DAY_FIRST
        if telling and self.day_first <= MINORITY * telling:
            return MONTH_FIRST
        return None

    @property
    def needed(self) -> bool:
        """Whether any value needs the order to be read."""
        return bool(self.day_first + self.month_first + self.either)


@dataclass(frozen=True)
class Moments:
    """A column of instants (UTC), with masks: given, unreadable, and known by their date alone."""

    instants: pd.Series
    given: BoolArray
    bad: BoolArray
    day_only: BoolArray


def trimmed(column: Any) -> Any:
    """The text without blanks around it."""
    return pc.utf8_trim_whitespace(column)


def filled(column: Any) -> BoolArray:
    """Which values of a trimmed column are not empty."""
    return np.asarray(pc.not_equal(column, "").to_numpy(False), bool)


def date_order(column: Any) -> Order:
    """Count over a trimmed column what its dates say of their order; ISO dates say nothing."""
    parts = _numeric_parts(column)
    one, two = parts["one"], parts["two"]
    known = (one > 0) & (two > 0)
    return Order(
        int((known & (one > 12) & (two <= 12)).sum()),
        int((known & (two > 12) & (one <= 12)).sum()),
        int((known & (one <= 12) & (two <= 12)).sum()),
    )


def parse_moments(column: Any, zone: str, order: str | None) -> Moments:
    """Read a trimmed column of dates: ISO with or without offset, or day and month in the order given.

    A time without offset is local time of `zone`; one that the change to winter time repeats is taken as its first
    occurrence, one that the change to summer time skips is moved to the end of the gap.
    """
    given = filled(column)
    column = pc.replace_substring_regex(column, _DATE_WITH_OFFSET, r"\1")
    instants = pd.Series(pd.NaT, index=range(len(given)), dtype="datetime64[us, UTC]")
    iso = _matches(column, _ISO) & given
    offset = iso & _matches(column, _OFFSET)
    texts = column.to_pandas() if iso.any() else None
    if texts is not None and offset.any():
        instants[offset] = pd.to_datetime(
            texts[offset].str.replace(" ?Z$", "+00:00", regex=True), utc=True, format="ISO8601", errors="coerce"
        ).dt.as_unit("us")
    if texts is not None and (plain := iso & ~offset).any():
        instants[plain] = _localised(pd.to_datetime(texts[plain], format="ISO8601", errors="coerce"), zone)
    numeric = given & ~iso
    if order and numeric.any():
        where = np.flatnonzero(numeric)
        parts = _numeric_parts(column.take(pa.array(where)))
        day, month = ("one", "two") if order == DAY_FIRST else ("two", "one")
        stamp = pd.to_datetime(
            pd.DataFrame(
                {"year": parts["year"], "month": parts[month], "day": parts[day]}
                | {unit: parts[unit].clip(0) for unit in ("hour", "minute", "second")}
            ),
            errors="coerce",
        )
        stamp = stamp.mask((parts["hour"] > 23) | (parts["minute"] > 59) | (parts["second"] > 59))
        instants.iloc[where] = _localised(stamp, zone).to_numpy()
    believable = (instants.dt.year >= 1900) & (instants.dt.year <= 2200)
    instants = instants.where(believable)
    bad = given & instants.isna().to_numpy()
    return Moments(instants, given, bad, given & ~bad & ~_matches(column, r"\d:\d{2}"))


def _localised(stamps: pd.Series, zone: str) -> pd.Series:
    first = np.ones(len(stamps), bool)
    local = stamps.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    utc: pd.Series = local.dt.tz_convert("UTC").dt.as_unit("us")
    return utc


def _matches(column: Any, pattern: str) -> BoolArray:
    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy(False), bool)


def _numeric_parts(column: Any) -> pd.DataFrame:
    """Numbers of dates such as 01/03/2025 22:15: one, two, year, hour, minute, second; -1 where there is none."""
    found = pc.extract_regex(column, _NUMERIC)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    parts = {}
    for name in ("one", "two", "year", "hour", "minute", "second"):
        text = pc.if_else(pc.equal(pc.struct_field(found, name), ""), None, pc.struct_field(found, name))
        text = pc.if_else(pc.is_valid(found), text, None)
        parts[name] = pc.fill_null(pc.cast(text, pa.int64()), -1).to_numpy(zero_copy_only=False)
    return pd.DataFrame(parts)


@dataclass(frozen=True)
class Numbers:
    """A column of numbers (NaN where none), with masks: given, unreadable, written with a decimal comma."""

    values: npt.NDArray[np.float64]
    given: BoolArray
    bad: BoolArray
    comma: BoolArray


def parse_numbers(column: Any) -> Numbers:
    """Read a trimmed column of decimal numbers; a single comma is a decimal comma."""
    given = filled(column)
    number = r"^[+\-]?(\d+([.,]\d*)?|[.,]\d+)$"
    good = given & _matches(column, number)
    comma = good & np.asarray(pc.match_substring(column, ",").to_numpy(False), bool)
    text = pc.replace_substring(column, ",", ".")
    text = pc.replace_substring_regex(text, r"^\+", "")
    text = pc.if_else(pa.array(good), text, None)
    values = np.asarray(pc.cast(text, pa.float64()).to_numpy(False), float)
    good &= np.isfinite(values)
    return Numbers(np.where(good, values, np.nan), given, given & ~good, comma & good)


@dataclass(frozen=True)
class Words:
    """A column of known words: their values (none where empty or unknown) and which given values are unknown."""

    values: npt.NDArray[np.object_]
    given: BoolArray
    unknown: BoolArray


def parse_words(column: Any, words: Mapping[str, str]) -> Words:
    """Read a trimmed column of words, whatever their case and accents, by a table from folded word to value."""
    codes, unique = distinct(column)
    values = np.array([words.get(fold(word)) for word in unique] or [None], object)[codes]
    given = filled(column)
    return Words(values, given, given & pd.isna(values))


def glued(columns: Sequence[Any], separator: str, *, skip: bool = False) -> Any:
    """Texts of several columns (large_string) as one; with `skip`, missing ones are left out."""
    mark = pa.scalar(separator, pa.large_string())
    return pc.binary_join_element_wise(*columns, mark, null_handling="skip" if skip else "emit_null")


def distinct(column: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Codes and distinct values of a text column."""
    encoded = (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column).dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(False), np.int64), encoded.dictionary.to_pylist()
