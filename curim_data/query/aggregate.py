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

from curim_data.engine import Source
from curim_data.engine.columns import several
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model.alert import CELL_RESOLUTIONS
from curim_data.model.city import CityProfile
from curim_data.privacy import BAND_HOURS
from curim_data.query.categoricals import Coded, coded, of_values, summed

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
    points: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, ...]:
    """Several tables, each as `counted` gives it, from one question to the engine.

    They may be by `inside` (on the city's land; missing without a position) and by `pile` too: on one of `points`.
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
        elif name == "pile" and points is not None:
            columns[name] = on_piles(table, points)
        else:
            column = READ.get(name, name)
            columns[column] = table[column]
    grouped = table.group_by(**columns) if columns else table
    found = grouped.aggregate(n=table.count()).to_pyarrow()
    fine = {name: coded(found[name]) for name in columns}
    n = found["n"].to_numpy().astype(float)
    wanted = _wanted(f, city)
    return tuple(_table(fine, n, by, wanted, city, banded) for by in tables)


def by_cell(rows: Rows, points: pd.DataFrame, resolution: int) -> pd.DataFrame:
    """Alerts by cell, those on piles apart: columns cell, pile (whether they stand on one of the `points`) and n."""
    table = rows.chosen
    grouped = table.group_by(cell=table[f"cell_{resolution}"], pile=on_piles(table, points))
    found: pd.DataFrame = grouped.aggregate(n=table.count()).to_pyarrow().to_pandas()
    return found.astype({"n": float})


def _table(
    fine: Mapping[str, Coded],
    n: NDArray[np.float64],
    by: Sequence[str],
    wanted: Mapping[str, frozenset[str]],
    city: CityProfile,
    banded: bool,
) -> pd.DataFrame:
    """One table of what was counted."""
    rows, told = np.arange(len(n)), dict[str, Coded]()
    for name in by:
        if name in READ:
            at, told[name] = _told_apart(fine[READ[name]].taken(rows), name, city, banded)
            if name == "hour":
                n = n / np.bincount(at, minlength=len(n))
            if wanted.get(name):
                kept = np.flatnonzero(told[name].levels.isin(list(wanted[name]))[told[name].codes])
                at, told[name] = at[kept], told[name].taken(kept)
            told = {other: column if other == name else column.taken(at) for other, column in told.items()}
            rows, n = rows[at], n[at]
    return summed({name: told.get(name) or fine[name].taken(rows) for name in by}, n)


def _told_apart(column: Coded, name: str, city: CityProfile, banded: bool) -> tuple[NDArray[np.int64], Coded]:
    """A row for each value that an alert has of a dimension: which row it was, and the value."""
    values = [_values(name, several(text), city, banded) for text in column.levels]
    sizes = np.array([len(value) for value in values], np.int64)
    many, first = sizes[column.codes], (np.cumsum(sizes) - sizes)[column.codes]
    rows = np.repeat(np.arange(len(many)), many)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(many) - many, many)
    flat = pd.Series([value for told in values for value in told], dtype="float64" if name == "hour" else "str")
    if name == "hour" and flat.notna().all():
        flat = flat.astype("int8")
    return rows, of_values(flat).taken(first[rows] + within)


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
