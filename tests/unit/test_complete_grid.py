"""The complete grid of one dimension against a slow twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from curim_data.query._complete import _one_dimension


def slow(raw: pd.DataFrame, name: str, levels: list[object]) -> dict[object, float]:
    counted = dict(zip(raw[name].tolist(), raw["n"].tolist(), strict=True))
    return {value: counted.get(value, 0.0) for value in sorted({*counted, *levels})}  # type: ignore[type-var]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("name", "values"), [("cell", range(2**60, 2**60 + 40)), ("weekday", range(40)), ("kind", "abcdefgh")]
)
def test_what_was_not_counted_is_a_zero_in_its_place(name: str, values: object, seed: int) -> None:
    rng = np.random.default_rng(seed)
    every = list(values)  # type: ignore[call-overload]
    levels = sorted(rng.choice(every, len(every) // 2, replace=False).tolist())
    counted = sorted(rng.choice(every, 1 + seed % len(every), replace=False).tolist())
    if seed % 3 == 0:
        counted = levels
    raw = pd.DataFrame(
        {name: pd.Series(counted, dtype="str" if name == "kind" else "int64"), "n": rng.random(len(counted))}
    )
    for given in (levels, np.array(levels)) if name == "cell" else (levels,):
        found = _one_dimension(raw, name, given)
        told = slow(raw, name, levels)
        assert found[name].tolist() == list(told)
        assert found["n"].tolist() == list(told.values())
        assert found[name].dtype == raw[name].dtype
        assert found.index.equals(pd.RangeIndex(len(told)))
