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

from curim_data.query.categoricals import encode_column, encode_values, sum_by

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
