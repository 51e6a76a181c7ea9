"""The complete grid of combinations: every value that a dimension can have, so that a true zero is a row, not a gap."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import BoolArray, IntArray
from curim_data.model.values import AgeBand
from curim_data.privacy import BAND_HOURS
from curim_data.query._layout import Layout, dates
from curim_data.query.categoricals import Categorical, encode_values, sum_by

MOST_ROWS: Final = 2_000_000

# Values of the dimensions that no field of the filter asks for.
_NO_FIELD: Final[dict[str, list[Any]]] = {
    "age_band": [band.value for band in AgeBand],
    "feeling": list(range(1, 6)),
}


def complete_table(raw: pd.DataFrame, layout: Layout, source: Source, f: AlertFilter) -> pd.DataFrame:
    """`raw` with a zero for every combination of its dimensions that has no alert, in order.

    Missing values keep their rows. Dates are those of the period for which the store has data. Raises ValueError
    beyond two million rows.
    """
    by = layout.by
    if not by:
        return raw
    levels = [_levels(name, raw[name], layout, source, f) for name in by]
    if len(by) == 1 and len(raw):
        return _one_dimension(raw, by[0], levels[0])
    size = math.prod(map(len, levels))
    if size > MOST_ROWS:
        raise ValueError(f"a complete table by {', '.join(by)} would have {size:,} rows: ask for fewer dimensions")
    if not len(raw):
        return pd.DataFrame(list(product(*levels)), columns=list(by)).assign(n=0.0)
    both = {
        name: encode_values(pd.concat([raw[name], pd.Series(values, dtype=raw[name].dtype)], ignore_index=True))
        for name, values in zip(by, levels, strict=True)
    }
    places = np.meshgrid(*(column.codes[len(raw) :] for column in both.values()), indexing="ij")
    columns = {
        name: Categorical(np.concatenate([column.codes[: len(raw)], place.ravel()]), column.levels)
        for (name, column), place in zip(both.items(), places, strict=True)
    }
    return sum_by(columns, np.concatenate([raw["n"].to_numpy(float), np.zeros(size)]))


def _one_dimension(raw: pd.DataFrame, name: str, levels: Sequence[Any] | np.ndarray[Any, Any]) -> pd.DataFrame:
    """`complete_table` of one dimension, each value of which `raw` has at most once, in order."""
    own = raw[name]
    if name == "cell" and pd.api.types.is_integer_dtype(own.dtype):  # many, and compared much faster as numbers
        values, known = own.to_numpy(np.int64), np.asarray(levels, np.int64)
        missing = known[~_among(known, values)]
        if not len(missing):
            return raw[[name, "n"]].reset_index(drop=True)
        every = np.concatenate([values, missing])
        order = np.argsort(every, kind="stable")
        n = np.concatenate([raw["n"].to_numpy(float), np.zeros(len(missing))])
        return pd.DataFrame({name: every[order], "n": n[order]})
    if own.dtype == "str":
        return _of_texts(raw, name, levels)
    present = set(own.dropna())
    absent = pd.DataFrame({name: pd.Series([value for value in levels if value not in present], dtype=own.dtype)})
    if absent.empty:
        return raw[[name, "n"]].reset_index(drop=True)
    both = pd.concat([raw[[name, "n"]], absent.assign(n=0.0)], ignore_index=True)
    return both.sort_values(name, ignore_index=True)


def _of_texts(raw: pd.DataFrame, name: str, levels: Sequence[Any] | np.ndarray[Any, Any]) -> pd.DataFrame:
    """`_one_dimension` of texts, a missing one last."""
    known = raw[name].notna().to_numpy(bool)
    n = raw["n"].to_numpy(float)
    counted = dict(zip(raw[name][known].tolist(), n[known].tolist(), strict=True))
    every = sorted({*levels, *counted})
    missing = n[~known]
    texts = pd.Series([*every, *[None] * len(missing)], dtype="str")
    return pd.DataFrame({name: texts, "n": [*(counted.get(text, 0.0) for text in every), *missing]})


def _among(values: IntArray, ordered: IntArray) -> BoolArray:
    """Which values are among some (at least one) that stand in order."""
    found: BoolArray = ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values
    return found


def _levels(
    name: str, column: pd.Series, layout: Layout, source: Source, f: AlertFilter
) -> Sequence[Any] | np.ndarray[Any, Any]:
    """The values that a dimension can have under the filter, and those that it has."""
    if name in ("local_date", "week", "month", "year"):
        return _date_levels(name, source, f)
    if name == "cell":
        return source.city.land_cells(layout.resolution or 0).index.to_numpy()
    field = f.field_of(name)
    levels = _NO_FIELD[name] if field is None else field.levels(f, name, source.city)
    if name == "hour":
        return sorted({hour - hour % BAND_HOURS for hour in levels} if layout.banded else set(levels))
    return sorted({*levels, *column.dropna().unique().tolist()})


def _date_levels(name: str, source: Source, f: AlertFilter) -> list[Any]:
    """The days, weeks, months or years of the period for which the store has data."""
    first, last = dates(source, f)
    start, end = max(first, source.first), min(last, source.as_of)
    if start > end:
        return []
    match name:
        case "year":
            return list(range(start.year, end.year + 1))
        case "week":
            return list(pd.date_range(start - dt.timedelta(start.weekday()), end, freq="7D", unit="us"))
        case "month":
            return list(pd.date_range(start.replace(day=1), end, freq="MS", unit="us"))
    return list(pd.date_range(start, end, freq="D"))
