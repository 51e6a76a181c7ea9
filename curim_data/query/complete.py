"""Every value that a dimension of counts could take, so that a true zero is a row and not a gap."""

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
from curim_data.model.alert import AgeBand
from curim_data.privacy import BAND_HOURS
from curim_data.query.categoricals import Coded, of_values, summed

MOST_ROWS: Final = 2_000_000

# Values of the dimensions that belong to no field of the filter.
_ENUMS: Final[dict[str, list[Any]]] = {
    "age_band": [band.value for band in AgeBand],
    "feeling": list(range(1, 6)),
}


def complete_frame(
    raw: pd.DataFrame,
    by: Sequence[str],
    source: Source,
    f: AlertFilter,
    dates: tuple[dt.date, dt.date],
    resolution: int | None,
    banded: bool,
) -> pd.DataFrame:
    """`raw` with a zero for every combination of `by` that has no alert, in order; missing values keep their rows.

    Dates are those of the period for which the store has data. Raises ValueError beyond two million rows.
    """
    if not by:
        return raw
    levels = [_levels(name, raw, source, f, dates, resolution, banded) for name in by]
    if len(by) == 1 and len(raw):
        return _one_dimension(raw, by[0], levels[0])
    size = math.prod(map(len, levels))
    if size > MOST_ROWS:
        raise ValueError(f"a complete table by {', '.join(by)} would have {size:,} rows: ask for fewer dimensions")
    if not len(raw):
        return pd.DataFrame(list(product(*levels)), columns=list(by)).assign(n=0.0)
    both = {
        name: of_values(pd.concat([raw[name], pd.Series(values, dtype=raw[name].dtype)], ignore_index=True))
        for name, values in zip(by, levels, strict=True)
    }
    places = np.meshgrid(*(column.codes[len(raw) :] for column in both.values()), indexing="ij")
    columns = {
        name: Coded(np.concatenate([column.codes[: len(raw)], place.ravel()]), column.levels)
        for (name, column), place in zip(both.items(), places, strict=True)
    }
    return summed(columns, np.concatenate([raw["n"].to_numpy(float), np.zeros(size)]))


def _one_dimension(raw: pd.DataFrame, name: str, levels: list[Any]) -> pd.DataFrame:
    """`complete_frame` of one dimension, each value of which `raw` has at most once, in order."""
    present = set(raw[name].dropna())
    missing = pd.DataFrame(
        {name: pd.Series([value for value in levels if value not in present], dtype=raw[name].dtype)}
    )
    if missing.empty:
        return raw[[name, "n"]].reset_index(drop=True)
    both = pd.concat([raw[[name, "n"]], missing.assign(n=0.0)], ignore_index=True)
    return both.sort_values(name, ignore_index=True)


def _levels(
    name: str,
    raw: pd.DataFrame,
    source: Source,
    f: AlertFilter,
    dates: tuple[dt.date, dt.date],
    resolution: int | None,
    banded: bool,
) -> list[Any]:
    start, end = max(dates[0], source.first), min(dates[1], source.as_of)
    found: list[Any] = raw[name].dropna().unique().tolist()
    city = source.city
    match name:
        case "local_date" | "week" | "month" | "year":
            if start > end:
                return []
            if name == "year":
                return list(range(start.year, end.year + 1))
            if name == "week":
                return list(pd.date_range(start - dt.timedelta(start.weekday()), end, freq="7D", unit="us"))
            if name == "month":
                return list(pd.date_range(start.replace(day=1), end, freq="MS", unit="us"))
            return list(pd.date_range(start, end, freq="D"))
        case "cell":
            return city.land_cells(resolution or 0).index.tolist()
    field = f.field_of(name)
    levels = _ENUMS[name] if field is None else field.levels(f, name, city)
    if name == "hour":
        return sorted({hour - hour % BAND_HOURS for hour in levels} if banded else set(levels))
    return sorted({*levels, *found})
