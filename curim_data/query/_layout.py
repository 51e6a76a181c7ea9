"""What a table of counts is by, the period that it covers, and its complete grid of combinations: every value that a
dimension can have, so that a true zero is a row, not a gap.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.values import AgeBand
from curim_data.privacy import BAND_HOURS

# The column of lists out of which a dimension with several values an alert is made.
LISTED: Final = {"hour": "span", "category": "theme", "group": "theme"}
# The city's harm index of an alert, for those only who see exact counts, and the column it follows from. An alert of
# several categories has the largest of theirs and is one row.
HARM: Final = "harm"
MADE_OF: Final = {**LISTED, HARM: "theme"}
DIMENSIONS: Final = (
    "cell",
    "year",
    *LISTED,
    "week",
    "month",
    "local_date",
    "weekday",
    "kind",
    "district",
    "place",
    "reporter_gender",
    "affected_gender",
    "age_band",
    "dark",
    "status",
    "severity",
    "feeling",
)


def dimensions() -> tuple[str, ...]:
    """What counts can be made by: columns of an alert, what follows from them, and what a field of the filter adds."""
    fields = (name for field in AlertFilter.fields() for name in field.dimensions.values())
    return tuple(dict.fromkeys((*DIMENSIONS, *fields)))


def dates(source: Source, f: AlertFilter) -> tuple[dt.date, dt.date]:
    """First and last day that the filter means in this store, both included."""
    return f.resolve(source.as_of, source.first, source.meeting, by_month=source.by_month)


@dataclass(frozen=True)
class Layout:
    """A table of counts: its dimensions, and the H3 resolution of its cells.

    `complete`: combinations without an alert are rows with a true zero. `banded`: hours come in bands of six. Inside
    this package a table may also be by `inside` (on the city's land; missing without a position) and by
    `at_default` (at one of the default coordinates).
    """

    by: tuple[str, ...]
    resolution: int | None = None
    complete: bool = False
    banded: bool = False


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
    by = list(layout.by)
    if not by:
        return raw
    levels = [_levels(name, raw[name], layout, source, f) for name in by]
    size = math.prod(map(len, levels))
    if size > MOST_ROWS:
        raise ValueError(f"a complete table by {', '.join(by)} would have {size:,} rows: ask for fewer dimensions")
    known = [
        pd.Index(values, dtype=raw[name].dtype).union(pd.Index(raw[name].dropna().unique()))
        for name, values in zip(by, levels, strict=True)
    ]
    axes = [axis.append(pd.Index(raw.loc[raw[name].isna(), name][:1])) for name, axis in zip(by, known, strict=True)]
    n = np.zeros([len(axis) for axis in axes])
    n[tuple(axis.get_indexer(raw[name]) for name, axis in zip(by, axes, strict=True))] = raw["n"]
    places = np.indices(n.shape).reshape(len(by), -1)
    there = (places < np.array([[len(axis)] for axis in known])).all(axis=0) | (n.ravel() != 0)
    columns = {name: axis.take(at[there]) for name, axis, at in zip(by, axes, places, strict=True)}
    return pd.DataFrame({**columns, "n": n.ravel()[there]})


def sum_by(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The sums of n by some columns: a row for each combination, in order, missing values last; without columns one."""
    if not by:
        return pd.DataFrame({"n": [float(frame["n"].sum())]})
    summed = frame.groupby(list(by), dropna=False, as_index=False)[["n"]].sum()
    mixed = any(summed[name].dtype == object for name in by)  # truth values of which some are missing
    return summed.sort_values(list(by), ignore_index=True) if mixed else summed


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
