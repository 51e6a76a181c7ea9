"""Columns as codes, against pandas' own group-by."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.query.categoricals import Categorical, encode_column, encode_values, sum_by

COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "words": (pa.string(), ["b", "a", "", "ά", None]),
    "days": (pa.date32(), [dt.date(2024, 2, 1), dt.date(1969, 1, 1), None]),
    "truth": (pa.bool_(), [True, False, None]),
    "numbers": (pa.int64(), [10, 9, -1, None]),
    "cells": (pa.int64(), [617700169958293503, 617700169958293504]),
    "floats": (pa.float64(), [0.5, -2.0, None]),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, pa.ChunkedArray], np.ndarray]:
    rows = draw(st.integers(0, 30))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3, unique=True))
    columns = {}
    for name in names:
        kind, values = COLUMNS[name]
        told = draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows))
        cut = draw(st.integers(0, rows))
        columns[name] = pa.chunked_array([told[:cut], told[cut:]], type=kind)
    n = draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows))
    return columns, np.array(n, float)


@given(tables())
def test_sums_are_those_of_a_loop(table: tuple[dict[str, pa.ChunkedArray], np.ndarray]) -> None:
    columns, n = table
    codes = {name: encode_column(column) for name, column in columns.items()}
    found = sum_by(codes, n)
    with patch("curim_data.query.categoricals.MOST_DENSE", 0):
        pd.testing.assert_frame_equal(sum_by(codes, n), found)
    slow: dict[tuple[Any, ...], float] = {}
    for row, weight in zip(zip(*(column.to_pylist() for column in columns.values()), strict=True), n, strict=True):
        slow[row] = slow.get(row, 0.0) + weight
    last = sorted(slow, key=lambda row: tuple((value is None, value if value is not None else 0) for value in row))
    told = [tuple(None if pd.isna(value) else value for value in row) for row in found[list(columns)].to_numpy(object)]
    dated = [tuple(v.date() if isinstance(v, dt.datetime) else v for v in row) for row in told]
    assert dated == last
    assert found["n"].tolist() == [slow[row] for row in last]


@pytest.mark.parametrize(
    ("values", "kind", "dtype"),
    [
        (["a", None], pa.string(), "str"),
        ([dt.date(2024, 1, 1)], pa.date32(), "datetime64"),
        ([True, False], pa.bool_(), "bool"),
        ([True, None], pa.bool_(), "object"),
        ([1, 2], pa.int8(), "int8"),
        ([1, None], pa.int8(), "float64"),
        ([], pa.string(), "str"),
        ([], pa.date32(), "datetime64"),
    ],
)
def test_levels_keep_their_kind(values: list[Any], kind: pa.DataType, dtype: str) -> None:
    column = encode_column(pa.chunked_array([values], type=kind))
    assert str(column.levels.dtype).startswith(dtype)
    assert len(column.codes) == len(values)


DAYS = st.dates(dt.date(1677, 9, 22), dt.date(2262, 4, 10)) | st.none()


@given(st.lists(DAYS, min_size=1, max_size=12).filter(any))
def test_days_are_those_that_pandas_makes_of_them_one_by_one(values: list[dt.date | None]) -> None:
    column = encode_column(pa.chunked_array([values], type=pa.date32()))
    listed = [*sorted({day for day in values if day is not None}), *([None] if None in values else [])]
    pd.testing.assert_index_equal(column.levels, pd.DatetimeIndex(listed), exact=True)
    assert column.codes.tolist() == [listed.index(day) for day in values]


def test_a_row_can_be_taken_several_times() -> None:
    column = encode_values(pd.Series(["b", None, "a"], dtype="str")).take(np.array([1, 0, 0, 2]))
    assert column.levels.take(column.codes).tolist()[1:] == ["b", "b", "a"]
    assert pd.isna(column.levels.take(column.codes)[0])
    assert isinstance(column, Categorical)


def test_nothing_to_sum_by_is_one_row() -> None:
    assert sum_by({}, np.array([1.0, 2.5]))["n"].tolist() == [3.5]
    assert sum_by({}, np.array([]))["n"].tolist() == [0.0]


@pytest.mark.parametrize("values", [[True, None, False], [None, True, False], [False, True, None]])
def test_truth_with_gaps_is_in_order_however_it_came(values: list[Any]) -> None:
    for column in (
        encode_values(pd.Series(values, dtype=object)),
        encode_column(pa.chunked_array([values], type=pa.bool_())),
    ):
        assert column.levels[:2].tolist() == [False, True]
        assert pd.isna(column.levels[2])
        told = column.levels.take(column.codes)
        assert [None if pd.isna(value) else value for value in told] == values


def test_values_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="decimal128"):
        encode_column(pa.chunked_array([[1, 2]], type=pa.decimal128(5, 0)))
