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


def in_one_piece(column: ArrowText) -> ArrowText:
    """A column in one piece, as it is where it has one (`combine_chunks` would copy it)."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def trimmed(column: ArrowText) -> ArrowText:
    """Remove white space around each text."""
    if isinstance(column, pa.LargeStringArray) and not _MAY_BE_BLANK[edges(column)].any():
        return column
    return pc.utf8_trim_whitespace(column)


def edges(column: pa.LargeStringArray) -> npt.NDArray[np.uint8]:
    """Return the first and the last byte of each text (2, n); 0 where it is empty or missing."""
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    if data is None or not data.size:
        return np.zeros((2, len(column)), np.uint8)
    letters = np.frombuffer(data, np.uint8)
    begins, ends = places[:-1], places[1:]
    found = np.stack([letters[np.minimum(begins, len(letters) - 1)], letters[np.maximum(ends - 1, 0)]])
    found[:, begins == ends] = 0
    return found


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
