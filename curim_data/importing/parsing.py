"""Tolerant parsers for text columns. Each decides over the whole column and says which values it could not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.model.questions import DAY_FIRST, MONTH_FIRST

BoolArray = npt.NDArray[np.bool_]

# One order of day and month may contradict the other in this share of the values that tell: those are mistakes.
MINORITY: Final = 0.05

# Bytes with which a blank may begin or end: those of ASCII up to the blank, and all beyond ASCII.
_MAY_BE_BLANK: Final = np.array([0 < byte <= ord(" ") or byte >= 0x80 for byte in range(256)])


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


def trimmed(column: Any) -> Any:
    """The text without blanks around it."""
    if isinstance(column, pa.LargeStringArray) and not _MAY_BE_BLANK[edges(column)].any():
        return column
    return pc.utf8_trim_whitespace(column)


def edges(column: pa.LargeStringArray) -> npt.NDArray[np.uint8]:
    """The first and the last byte of each text (2, n); 0 where it is empty or missing."""
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    if data is None or not data.size:
        return np.zeros((2, len(column)), np.uint8)
    letters = np.frombuffer(data, np.uint8)
    begins, ends = places[:-1], places[1:]
    found = np.stack([letters[np.minimum(begins, len(letters) - 1)], letters[np.maximum(ends - 1, 0)]])
    found[:, begins == ends] = 0
    return found


def filled(column: Any) -> BoolArray:
    """Which values of a trimmed column are not empty."""
    return np.asarray(pc.not_equal(column, "").to_numpy(False), bool)


def _matches(column: Any, pattern: str) -> BoolArray:
    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy(False), bool)


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


def glued(columns: Sequence[Any], separator: str, *, skip: bool = False) -> Any:
    """Texts of several columns (large_string) as one; with `skip`, missing ones are left out."""
    mark = pa.scalar(separator, pa.large_string())
    return pc.binary_join_element_wise(*columns, mark, null_handling="skip" if skip else "emit_null")


def distinct(column: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Codes and distinct values of a text column."""
    encoded = (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column).dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(False), np.int64), encoded.dictionary.to_pylist()
