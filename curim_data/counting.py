"""Counting itself: one Ibis group-by over a chosen table, exact, before the gate. Only `queries` may call this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Final

import h3.api.basic_int as h3
import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curim_data.alert import CELL_RESOLUTIONS
from curim_data.city import CityProfile
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.narrow import several
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
# The column of lists from which a dimension with several values an alert is made.
READ: Final = {"hour": "span", "category": "theme", "group": "theme"}
MANIFOLD: Final = frozenset(READ)
PILE_LEAST: Final = 20
PILE_SHARE: Final = 0.01


@dataclass(frozen=True)
class Rows:
    """The narrow alerts for which all of some tests hold: one step for the engine, however many tests there are."""

    table: Any
    tests: tuple[Any, ...]

    def where(self, *tests: Any) -> Rows:
        """Those of them for which these hold too; `tests` are over `table`."""
        return Rows(self.table, (*self.tests, *tests))

    @property
    def chosen(self) -> Any:
        """The alerts themselves, as an Ibis table."""
        return self.table.filter(*self.tests)

    def off_piles(self, points: pd.DataFrame) -> Rows:
        """Those of them that stand on none of the piles."""
        return self if points.empty else self.where(~on_piles(self.table, points))


def counted(
    rows: Rows, f: AlertFilter, by: Sequence[str], city: CityProfile, resolution: int | None, banded: bool
) -> pd.DataFrame:
    """The group-by itself: the columns `by` and n."""
    return counted_each(rows, f, [by], city, resolution, banded)[0]


def counted_each(
    rows: Rows,
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
    table = rows.chosen
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for by in tables for name in by):
        if name == "cell":
            columns[name] = table[f"cell_{resolution}"]
        elif name == "year":
            columns[name] = table.local_date.year()
        else:
            column = READ.get(name, name)
            columns[column] = table[column]
    grouped = table.group_by(**columns) if columns else table
    fine: pd.DataFrame = grouped.aggregate(n=table.count()).to_pandas()
    fine["n"] = fine["n"].astype(float)
    for name in {"week", "month", "local_date"} & set(fine):
        fine[name] = pd.to_datetime(fine[name])
    wanted = _wanted(f, city)
    return tuple(_table(fine, by, wanted, city, banded) for by in tables)


def by_cell(rows: Rows, points: pd.DataFrame, resolution: int) -> pd.DataFrame:
    """Alerts by cell, those on piles apart: columns cell, pile (whether they stand on one of the `points`) and n."""
    table = rows.chosen
    grouped = table.group_by(cell=table[f"cell_{resolution}"], pile=on_piles(table, points))
    found: pd.DataFrame = grouped.aggregate(n=table.count()).to_pandas()
    return found.astype({"n": float})


def _table(
    fine: pd.DataFrame, by: Sequence[str], wanted: Mapping[str, frozenset[str]], city: CityProfile, banded: bool
) -> pd.DataFrame:
    """One table of what was counted."""
    lists = [name for name in by if name in READ]
    needed = [READ.get(name, name) for name in by]
    frame = fine[[*dict.fromkeys(needed), "n"]]
    for name in lists:
        frame = _told_apart(frame, name, city, banded)
        if wanted.get(name):
            frame = frame[frame[name].isin(wanted[name])]
    if not by:
        return pd.DataFrame({"n": [float(frame["n"].sum())]})
    return _summed(frame, by)


def _summed(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """n by some columns, in their order, missing values last."""
    parts = [_factorized(frame[name]) for name in by]
    sizes = tuple(max(len(levels), 1) for _, levels in parts)
    flat = np.ravel_multi_index([codes for codes, _ in parts], sizes)
    found, rows = np.unique(flat, return_inverse=True)
    columns = {
        name: levels.take(codes)
        for name, (_, levels), codes in zip(by, parts, np.unravel_index(found, sizes), strict=True)
    }
    n = np.bincount(rows, weights=frame["n"].to_numpy(float), minlength=len(found))
    return pd.DataFrame(columns | {"n": n.astype(float).round(9)})


def _factorized(column: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    """The position of each value among the values of a column in order, the missing one last; and those values."""
    mixed = column.dtype == object
    codes, levels = pd.factorize(column, sort=not mixed, use_na_sentinel=False)
    if mixed:  # truth values of which some are missing
        order = np.array(sorted(range(len(levels)), key=lambda at: (pd.isna(levels[at]), str(levels[at]))), int)
        codes, levels = np.argsort(order)[codes], levels.take(order).infer_objects()
    return codes, levels


def _told_apart(frame: pd.DataFrame, name: str, city: CityProfile, banded: bool) -> pd.DataFrame:
    """A row for each value that an alert has of a dimension; over its hours an alert is shared out."""
    codes, distinct = pd.factorize(frame[READ[name]].to_numpy(object), use_na_sentinel=False)
    values = [_values(name, several(text), city, banded) for text in distinct]
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


def _values(name: str, told: tuple[str, ...], city: CityProfile, banded: bool) -> list[Any]:
    """What an alert has of a dimension: its categories, their groups, or its hours (one that is missing for none)."""
    if name == "hour":
        hours: list[float] = [int(hour) for hour in told] or [float("nan")]
        return [hour - hour % BAND_HOURS for hour in hours] if banded else hours
    categories = list(dict.fromkeys(told))
    if name == "category":
        return categories
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


def may_hold(f: AlertFilter, points: pd.DataFrame) -> NDArray[np.bool_]:
    """Which points lie in the cells that a filter names; all where it names none.

    The cell of a point is, as in the store, the parent of its finest one: cells are not nested as areas.
    """
    cells = {int(name, 16) for name in f.cells}
    sizes = {h3.get_resolution(cell) for cell in cells}
    told = []
    for x, y in zip(points["longitude"], points["latitude"], strict=True):
        finest = h3.latlng_to_cell(y, x, max(CELL_RESOLUTIONS))
        told.append(not cells or any(h3.cell_to_parent(finest, size) in cells for size in sizes))
    return np.array(told, bool)
