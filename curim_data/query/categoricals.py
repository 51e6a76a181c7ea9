"""Categorical codes: a column holds each value once and an integer a row. Tables are summed by codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.types as kinds

from curim_data.model import BoolArray, FloatArray, IntArray

MOST_DENSE: Final = 500_000  # combinations of values up to which all of them are counted in one array


@dataclass(frozen=True)
class Categorical:
    """A column: for each row the place of its value among `levels`, which stand in order, a missing one last."""

    codes: IntArray
    levels: pd.Index

    def take(self, rows: IntArray) -> Categorical:
        """Some of its rows, in that order, one perhaps several times."""
        return Categorical(self.codes[rows], self.levels)


def encode_column(column: pa.ChunkedArray) -> Categorical:
    """A column as the engine gave it. Dates become timestamps, whole numbers with gaps floats.

    TypeError for a kind of values that no column of alerts is counted by.
    """
    array = column.combine_chunks().dictionary_encode()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    values = array.dictionary
    as_numbers = kinds.is_integer(values.type) or kinds.is_date(values.type)  # many, and sorted much faster
    listed = values.to_numpy(zero_copy_only=False) if as_numbers else np.array(values.to_pylist(), object)
    order = np.argsort(listed, kind="stable")
    rank = np.empty(len(order) + 1, np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = len(order)  # where a missing value, code -1, comes to stand
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Categorical(rank[codes], _index(values.take(pa.array(order)), missing=bool(array.null_count)))


def encode_codes(column: pa.ChunkedArray, values: Sequence[str]) -> Categorical:
    """A column of which the engine gave codes: places among `values`, which stand in order, missing for a missing one.
    The same as `encode_column` of the values themselves.
    """
    codes = column.fill_null(len(values)).to_numpy()
    occurs = np.zeros(len(values) + 1, bool)
    occurs[codes] = True
    known = [value for value, there in zip(values, occurs[:-1], strict=True) if there]
    return Categorical((np.cumsum(occurs) - 1)[codes], pd.Index([*known, None] if occurs[-1] else known, dtype="str"))


def encode_values(values: pd.Series) -> Categorical:
    """A column that was made here."""
    mixed = values.dtype == object  # truth values of which some are missing
    codes, levels = pd.factorize(values, sort=not mixed, use_na_sentinel=False)
    if mixed:
        order = np.array(sorted(range(len(levels)), key=lambda at: (pd.isna(levels[at]), str(levels[at]))), int)
        codes, levels = np.argsort(order)[codes], pd.Index(levels).take(order)
    return Categorical(codes.astype(np.int64), pd.Index(levels))


@dataclass(frozen=True)
class CodedTable:
    """A table of numbers `n` by some columns, each combination once, in their order, missing values last."""

    columns: Mapping[str, Categorical]
    n: FloatArray

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a frame, with the columns' names and n."""
        levels = {name: column.levels.take(column.codes) for name, column in self.columns.items()}
        return pd.DataFrame({**levels, "n": self.n})

    def where(self, kept: BoolArray) -> CodedTable:
        """Some of its rows."""
        if kept.all():
            return self
        rows = np.flatnonzero(kept)
        return CodedTable({name: column.take(rows) for name, column in self.columns.items()}, self.n[rows])


def sum_by(columns: Mapping[str, Categorical], n: FloatArray) -> pd.DataFrame:
    """n by some columns: a row for each combination that occurs, in their order, missing values last."""
    return sum_codes(columns, n).frame


def sum_codes(columns: Mapping[str, Categorical], n: FloatArray) -> CodedTable:
    """`sum_by` in codes."""
    if not columns:
        return CodedTable({}, np.array([float(n.sum())]))
    sizes = tuple(max(len(column.levels), 1) for column in columns.values())
    flat = np.ravel_multi_index([column.codes for column in columns.values()], sizes)
    if math.prod(sizes) <= MOST_DENSE:
        found = np.flatnonzero(np.bincount(flat))
        total = np.bincount(flat, weights=n)[found]
    else:
        found, rows = np.unique(flat, return_inverse=True)
        total = np.bincount(rows, weights=n, minlength=len(found))
    summed = {
        name: Categorical(codes, column.levels)
        for (name, column), codes in zip(columns.items(), np.unravel_index(found, sizes), strict=True)
    }
    return CodedTable(summed, total.astype(float).round(9))


def _index(values: pa.Array, *, missing: bool) -> pd.Index:
    if kinds.is_date(values.type):
        dates = values.to_numpy(zero_copy_only=False).astype("datetime64[s]")
        return pd.DatetimeIndex(np.append(dates, np.datetime64("NaT")) if missing else dates)
    listed: list[Any] = values.to_pylist()
    if kinds.is_timestamp(values.type):
        days: pd.Index = pd.DatetimeIndex([*listed, None] if missing else listed)
        return days
    if kinds.is_boolean(values.type):
        return pd.Index([*listed, float("nan")], dtype=object) if missing else pd.Index(listed, dtype=bool)
    if kinds.is_integer(values.type) and not missing:
        numbers: pd.Index = pd.Index(values.to_numpy(zero_copy_only=False))
        return numbers
    if kinds.is_integer(values.type) or kinds.is_floating(values.type):
        return pd.Index([*listed, float("nan")] if missing else listed, dtype=float)
    if not (kinds.is_string(values.type) or kinds.is_large_string(values.type) or kinds.is_null(values.type)):
        raise TypeError(f"alerts are not counted by values of the kind {values.type}")
    return pd.Index([*listed, None] if missing else listed, dtype="str")
