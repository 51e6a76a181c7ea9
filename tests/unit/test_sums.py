"""Tables of counts are summed as a loop sums them, missing values last."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from curim_data.query import sum_by

COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "words": ("str", ["b", "a", "", "ά", None]),
    "days": ("datetime64[s]", [pd.Timestamp(2024, 2, 1), pd.Timestamp(1969, 1, 1), None]),
    "truth": (object, [True, False, None]),
    "numbers": (float, [10, 9, -1, None]),
    "cells": ("int64", [617700169958293503, 617700169958293504]),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 30))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3, unique=True))
    columns = {
        name: pd.Series(draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows)), dtype=kind)
        for name in names
        for kind, values in [COLUMNS[name]]
    }
    n = draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows))
    return pd.DataFrame({**columns, "n": pd.Series(n, dtype=float)})


def told(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if pd.isna(value) else value for value in row)


@given(frames())
def test_sums_are_those_of_a_loop(frame: pd.DataFrame) -> None:
    by = [name for name in frame if name != "n"]
    slow: dict[tuple[Any, ...], float] = {}
    for row, n in zip(frame[by].to_numpy(object), frame["n"], strict=True):
        slow[told(tuple(row))] = slow.get(told(tuple(row)), 0.0) + n
    last = sorted(slow, key=lambda row: tuple((value is None, value if value is not None else 0) for value in row))
    found = sum_by(frame, by)
    assert [told(tuple(row)) for row in found[by].to_numpy(object)] == last
    assert found["n"].tolist() == [slow[row] for row in last]


def test_nothing_to_sum_by_is_one_row() -> None:
    assert sum_by(pd.DataFrame({"n": [1.0, 2.5]}), [])["n"].tolist() == [3.5]
    assert sum_by(pd.DataFrame({"n": pd.Series([], dtype=float)}), [])["n"].tolist() == [0.0]
