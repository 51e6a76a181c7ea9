"""Text columns of Arrow: trimmed, matched, joined, each distinct value once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.types import ArrowText
from curim_data.model import BoolArray, IntArray

# Bytes with which white space may begin or end: those of ASCII up to the blank, and all beyond ASCII.
_MAY_BE_BLANK: Final = np.array([0 < byte <= ord(" ") or byte >= 0x80 for byte in range(256)])
_NO_BLANK: Final = np.array([ord(" ") < byte < 0x80 for byte in range(256)])
_ZERO: Final = np.uint8(ord("0"))


def in_one_piece(column: ArrowText) -> ArrowText:
    """A column in one piece, as it is where it has one (`combine_chunks` would copy it)."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def trimmed(column: ArrowText) -> ArrowText:
    """Remove white space around each text."""
    if isinstance(column, pa.LargeStringArray) and (
        made_of(column, _NO_BLANK) or not _MAY_BE_BLANK[edges(column)].any()
    ):
        return column
    return pc.utf8_trim_whitespace(column)


def edges(column: pa.LargeStringArray) -> npt.NDArray[np.uint8]:
    """Return the first and the last byte of each text (2, n); 0 where it is empty or missing."""
    places, letters = _bytes(column)
    begins, ends = places[:-1], places[1:]
    return np.stack([_bytes_at(letters, begins, begins == ends), _bytes_at(letters, ends - 1, begins == ends)])


def first_bytes(column: pa.LargeStringArray) -> npt.NDArray[np.uint8]:
    """Return the first byte of each text; 0 where it is empty or missing."""
    places, letters = _bytes(column)
    return _bytes_at(letters, places[:-1], places[:-1] == places[1:])


def _bytes_at(letters: npt.NDArray[np.uint8], places: IntArray, empty: BoolArray) -> npt.NDArray[np.uint8]:
    if not letters.size:
        return np.zeros(len(places), np.uint8)
    found = letters.take(places, mode="clip")
    found[empty] = 0
    return found


def made_of(column: pa.LargeStringArray, allowed: BoolArray) -> bool:
    """Whether all texts of a column hold no other bytes than the allowed ones, by their codes (256)."""
    _, letters = _bytes(column)
    if not letters.size:
        return True
    codes = np.flatnonzero(allowed)
    least, most = codes[0], codes[-1]
    if letters.min() < least or letters.max() > most:
        return False
    return len(codes) == most - least + 1 or bool(allowed[letters].all())


def written_alike(column: ArrowText) -> bool:
    """Whether the texts of a column differ in digits alone: each has one where the first has one, and no other byte.

    False too where that cannot be seen at once: a column without texts, with missing ones, or of another type.
    """
    if not isinstance(column, pa.LargeStringArray) or not len(column) or column.null_count:
        return False
    places, letters = _bytes(column)
    width = int(places[1] - places[0])
    if not width or (np.diff(places) != width).any():
        return False
    digit = (first := letters[:width]) - _ZERO < 10
    least, span = np.where(digit, _ZERO, first), np.where(digit, np.uint8(9), np.uint8(0))
    return bool((letters - np.tile(least, len(column)) <= np.tile(span, len(column))).all())


def _bytes(column: pa.LargeStringArray) -> tuple[IntArray, npt.NDArray[np.uint8]]:
    """Where each text of a column begins and the last one ends, counted from the first one, and their bytes."""
    _, offsets, data = column.buffers()
    if offsets is None or data is None or not data.size:
        return np.zeros(len(column) + 1, np.int64), np.zeros(0, np.uint8)
    places = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return places - places[0], np.frombuffer(data, np.uint8)[places[0] : places[-1]]


def filled(column: ArrowText) -> BoolArray:
    """Which values of a trimmed column are not empty."""
    return np.asarray(pc.not_equal(column, "").to_numpy(False), bool)


def matches(column: ArrowText, pattern: str) -> BoolArray:
    """Which texts match a regular expression."""
    return np.asarray(pc.match_substring_regex(column, pattern).to_numpy(False), bool)


def glued(columns: Sequence[ArrowText], separator: str, *, skip: bool = False) -> ArrowText:
    """Join several columns (large_string) row by row; with `skip`, missing values are left out."""
    mark = pa.scalar(separator, pa.large_string())
    return pc.binary_join_element_wise(*columns, mark, null_handling="skip" if skip else "emit_null")


def distinct(column: ArrowText) -> tuple[IntArray, list[str]]:
    """Return categorical codes and the distinct values of a text column."""
    encoded = in_one_piece(column).dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(False), np.int64), encoded.dictionary.to_pylist()
