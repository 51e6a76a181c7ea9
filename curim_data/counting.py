"""Counting itself: one Ibis group-by over a chosen table, exact, before the gate. Only `queries` may call this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

import ibis
import numpy as np
import pandas as pd

from curim_data.city import CityProfile
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.privacy import BAND_HOURS

PLAIN: Final = (
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
# The columns from which dimensions with several values an alert are made.
READ: Final = {
    "hour": ("hours",),
    "category": ("category", "more_categories"),
    "group": ("category", "more_categories"),
}
MANIFOLD: Final = frozenset(READ)
PILE_LEAST: Final = 20
PILE_SHARE: Final = 0.01


def counted(
    table: Any, f: AlertFilter, by: Sequence[str], city: CityProfile, resolution: int | None, banded: bool
) -> pd.DataFrame:
    """The group-by itself: the columns `by` and n."""
    return counted_each(table, f, [by], city, resolution, banded)[0]


def counted_each(
    table: Any,
    f: AlertFilter,
    tables: Sequence[Sequence[str]],
    city: CityProfile,
    resolution: int | None,
    banded: bool,
) -> tuple[pd.DataFrame, ...]:
    """Several tables, each as `counted` gives it, from one question to the engine.

    Alerts that are alike in all that is asked are counted by the engine. What an alert has several of (categories,
    hours) is told apart afterwards: there are far fewer lists than alerts.
    """
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for by in tables for name in by):
        if name in PLAIN:
            columns[name] = table[name]
        elif name == "cell":
            columns[name] = table[f"cell_{resolution}"]
        elif name == "year":
            columns[name] = table.local_date.year()
        else:
            columns |= {f"raw_{raw}": table[raw] for raw in READ[name]}
    narrow = table.select(**columns, weight=ibis.literal(1))
    if columns:
        fine: pd.DataFrame = narrow.group_by(list(columns)).aggregate(n=narrow.weight.sum()).to_pandas()
    else:
        fine = narrow.aggregate(n=narrow.weight.sum().fill_null(0)).to_pandas()
    fine["n"] = fine["n"].astype(float)
    for name in {"week", "month", "local_date"} & set(fine):
        fine[name] = pd.to_datetime(fine[name])
    wanted = _wanted(f, city)
    return tuple(_table(fine, by, wanted, city, banded) for by in tables)


def _table(
    fine: pd.DataFrame, by: Sequence[str], wanted: Mapping[str, frozenset[str]], city: CityProfile, banded: bool
) -> pd.DataFrame:
    """One table of what was counted."""
    lists = [name for name in by if name in READ]
    needed = [name for name in by if name not in READ] + [f"raw_{raw}" for name in lists for raw in READ[name]]
    frame = fine[[*dict.fromkeys(needed), "n"]]
    for name in lists:
        frame = _told_apart(frame, name, city, banded)
        if wanted.get(name):
            frame = frame[frame[name].isin(wanted[name])]
    if not by:
        return pd.DataFrame({"n": [float(frame["n"].sum())]})
    if lists or len(frame.columns) < len(fine.columns):
        frame = frame.groupby(list(by), dropna=False, sort=False)["n"].sum().reset_index()
    frame = frame[[*by, "n"]].assign(n=frame["n"].round(9))
    return frame.sort_values(list(by), ignore_index=True)


def _told_apart(frame: pd.DataFrame, name: str, city: CityProfile, banded: bool) -> pd.DataFrame:
    """A row for each value that an alert has of a dimension; over its hours an alert is shared out."""
    raw = [frame[f"raw_{column}"] for column in READ[name]]
    keys = np.empty(len(frame), object)
    keys[:] = [tuple(_several(value) for value in values) for values in zip(*raw, strict=True)]
    codes, distinct = pd.factorize(keys)
    values = [_values(name, key, city, banded) for key in distinct]
    sizes = np.array([len(value) for value in values], int)
    rows = sizes[codes]
    at = np.repeat(np.arange(len(frame)), rows)
    within = np.arange(len(at)) - np.repeat(np.cumsum(rows) - rows, rows)
    flat = pd.Series([value for several in values for value in several], dtype="float64" if name == "hour" else "str")
    if name == "hour" and flat.notna().all():
        flat = flat.astype("int8")
    out = frame.iloc[at].reset_index(drop=True)
    out[name] = flat.take((np.cumsum(sizes) - sizes)[codes][at] + within).array
    if name == "hour":
        out["n"] /= rows[at]
    return out


def _several(value: Any) -> tuple[Any, ...]:
    """The values of a column of lists, or of one value, as a tuple; nothing where it is missing."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if hasattr(value, "__len__") else ()


def _values(name: str, key: tuple[tuple[Any, ...], ...], city: CityProfile, banded: bool) -> list[Any]:
    """What an alert has of a dimension: its categories, their groups, or its hours (one that is missing for none)."""
    if name == "hour":
        hours: list[float] = [int(hour) for hour in key[0]] or [float("nan")]
        return [hour - hour % BAND_HOURS for hour in hours] if banded else hours
    categories = dict.fromkeys(category for several in key for category in several)
    if name == "category":
        return list(categories)
    tree = city.categories
    return list(dict.fromkeys(tree[category].group if category in tree else "" for category in categories))


def _wanted(f: AlertFilter, city: CityProfile) -> dict[str, frozenset[str]]:
    categories = asked_categories(f, city)
    groups = {city.categories[c].group if c in city.categories else "" for c in categories}
    return {"category": categories, "group": frozenset({*f.groups, *groups}) if categories or f.groups else frozenset()}


def pile_points(source: Source) -> pd.DataFrame:
    """The piles of the store: longitude, latitude, stored. Found once for each version of the store."""
    if "piles" not in source.kept:
        source.kept["piles"] = _pile_points(source)
    found: pd.DataFrame = source.kept["piles"]
    return found.copy()


def _pile_points(source: Source) -> pd.DataFrame:
    mapped = source.table.filter(source.table.longitude.notnull() & source.table.latitude.notnull())
    number = int(mapped.count().to_pyarrow().as_py())
    least = max(PILE_LEAST, PILE_SHARE * number)
    points = mapped.group_by(["longitude", "latitude"]).aggregate(stored=mapped.count())
    points = points.filter(points.stored > least).order_by([ibis.desc("stored"), "longitude", "latitude"])
    found: pd.DataFrame = points.to_pandas()
    return found


def on_piles(table: Any, points: pd.DataFrame) -> Any:
    """Whether an alert stands on one of the piles."""
    if points.empty:
        return table.local_date.isnull() & False
    pairs = zip(points["longitude"], points["latitude"], strict=True)
    tests = ((table.longitude == float(x)) & (table.latitude == float(y)) for x, y in pairs)
    return reduce(or_, tests).fill_null(False)
