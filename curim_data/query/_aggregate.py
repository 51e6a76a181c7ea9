"""Counting itself: one group-by over the chosen alerts, exact, before disclosure control. For this package alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from curim_data.engine import Relation
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import SCHEMA, CityProfile, FloatArray, IntArray
from curim_data.model.city import counted_cells
from curim_data.model.sql import Levels, at_points, cell, split_list
from curim_data.privacy import BAND_HOURS
from curim_data.query._layout import HARM, MADE_OF, Layout
from curim_data.query.categoricals import Categorical, CodedTable, encode_codes, encode_column, encode_values, sum_codes


@dataclass(frozen=True)
class Rows:
    """The alerts of a relation for which all of some conditions hold."""

    relation: Relation
    conditions: tuple[str, ...]

    def where(self, *conditions: str) -> Rows:
        """Those of them for which these hold too."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def off(self, points: pd.DataFrame) -> Rows:
        """Those of them that have the coordinates of none of the points."""
        return self if points.empty else self.where(f"NOT {at_points(points)}")


def aggregate(
    rows: Rows, f: AlertFilter, city: CityProfile, layouts: Sequence[Layout], points: pd.DataFrame | None = None
) -> list[pd.DataFrame]:
    """Tables, each with the columns `by` and n, from one question to the engine; their resolutions are the same.

    `points`: the default coordinates, for tables by `at_default`. Alerts that are alike in all that is asked are
    counted by the engine. Of what an alert has several (categories, hours) the values are separated afterwards: there
    are far fewer lists than alerts.
    """
    return [table.frame for table in aggregate_codes(rows, f, city, layouts, points)]


def aggregate_codes(
    rows: Rows, f: AlertFilter, city: CityProfile, layouts: Sequence[Layout], points: pd.DataFrame | None = None
) -> list[CodedTable]:
    """`aggregate` in codes."""
    resolutions = {name: layout.resolution for layout in layouts for name in layout.by}
    levels = rows.relation.levels
    columns = {MADE_OF.get(name, name): _expression(name, resolutions[name], points, levels) for name in resolutions}
    counted = _count(rows, columns)
    n = counted["n"].to_numpy().astype(float)
    fine = {
        name: encode_codes(counted[name], levels[name])
        if name in levels
        else encode_column(_narrowed(name, counted[name]))
        for name in columns
    }
    if "cell" in fine and fine["cell"].levels.dtype == np.int64:  # none is missing
        cells, codes = np.unique(counted_cells(city, fine["cell"].levels.to_numpy()), return_inverse=True)
        fine["cell"] = Categorical(codes[fine["cell"].codes], pd.Index(cells))
    summed = _Summed(fine, _asked_values(f, city), city)
    return [summed.table(layout, n) for layout in layouts]


def _count(rows: Rows, columns: Mapping[str, str]) -> pa.Table:
    """How many alerts (`n`) are alike in some columns, by name and as SQL has them."""
    listed = ", ".join([*(f"{how} AS {name}" for name, how in columns.items()), "count(*) AS n"])
    grouped = ", ".join(str(at + 1) for at in range(len(columns)))
    return rows.relation.select(listed, rows.conditions, f"GROUP BY {grouped}" if grouped else "")


def _expression(name: str, resolution: int | None, points: pd.DataFrame | None, levels: Levels) -> str:
    """What a dimension is made of, in SQL."""
    column = MADE_OF.get(name, name)
    if name == "cell":
        return cell(resolution or 0)
    if name == "year":
        return "CAST(EXTRACT(YEAR FROM local_date) AS INTEGER)"
    if name == "at_default" and points is not None:
        return at_points(points)
    return f"{column}_code" if column in levels else column


def _narrowed(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as an alert has it: some engines have no number of one byte."""
    kind = SCHEMA.field(name).type if name in SCHEMA.names else None
    return column.cast(kind) if kind is not None and pa.types.is_int8(kind) and column.type != kind else column


@dataclass(frozen=True)
class _Summed:
    """Tables of what was counted by some columns (`fine`), of categories and groups only those that the filter asks for
    (`asked`). What an alert has several of is separated once for all tables.
    """

    fine: Mapping[str, Categorical]
    asked: Mapping[str, frozenset[str]]
    city: CityProfile
    separated: dict[tuple[str, bool], tuple[IntArray, Categorical]] = field(default_factory=dict)

    def table(self, layout: Layout, n: FloatArray) -> CodedTable:
        """One table, of one of the numbers of the counted rows."""
        rows: IntArray | None = None  # all of them, each once
        columns = dict[str, Categorical]()
        for name in layout.by:
            if name not in MADE_OF:
                continue
            at, columns[name] = self._values(name, layout.banded, rows)
            if name == "hour":
                n = n / np.bincount(at, minlength=len(n))
            if self.asked.get(name):
                kept = np.flatnonzero(columns[name].levels.isin(list(self.asked[name]))[columns[name].codes])
                at, columns[name] = at[kept], columns[name].take(kept)
            columns = {other: column if other == name else column.take(at) for other, column in columns.items()}
            rows, n = at if rows is None else rows[at], n[at]
        own = {name: columns.get(name) or self.fine[name] for name in layout.by}
        if rows is not None:
            own = {name: column if name in columns else column.take(rows) for name, column in own.items()}
        return sum_codes(own, n)

    def _values(self, name: str, banded: bool, rows: IntArray | None) -> tuple[IntArray, Categorical]:
        """`_separate` of some rows, or of all."""
        listed = self.fine[MADE_OF[name]]
        if rows is not None:
            return _separate(listed.take(rows), name, self.city, banded)
        if (name, banded) not in self.separated:
            self.separated[name, banded] = _separate(listed, name, self.city, banded)
        return self.separated[name, banded]


def _separate(column: Categorical, name: str, city: CityProfile, banded: bool) -> tuple[IntArray, Categorical]:
    """A row for each value that an alert has of a dimension: which row it was, and the value."""
    values = [_values(name, split_list(text), city, banded) for text in column.levels]
    sizes = np.array([len(value) for value in values], np.int64)
    many, first = sizes[column.codes], (np.cumsum(sizes) - sizes)[column.codes]
    rows = np.repeat(np.arange(len(many)), many)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(many) - many, many)
    flat = pd.Series([one for value in values for one in value], dtype="float64" if name in ("hour", HARM) else "str")
    if name == "hour" and flat.notna().all():
        flat = flat.astype("int8")
    return rows, encode_values(flat).take(first[rows] + within)


def _values(name: str, listed: tuple[str, ...], city: CityProfile, banded: bool) -> list[Any]:
    """What an alert has of a dimension: its categories, their groups, or its hours (one that is missing for none)."""
    if name == "hour":
        hours: list[float] = [int(hour) for hour in listed] or [float("nan")]
        return [hour - hour % BAND_HOURS for hour in hours] if banded else hours
    categories = list(dict.fromkeys(listed))
    if name == "category":
        return categories
    tree = city.categories
    if name == HARM:
        known = [tree[category].harm for category in categories if category in tree]
        return [max((harm for harm in known if harm is not None), default=float("nan"))]
    return list(dict.fromkeys(tree[category].group if category in tree else "" for category in categories))


def _asked_values(f: AlertFilter, city: CityProfile) -> dict[str, frozenset[str]]:
    """The categories and groups that the filter asks for; none where it asks for all."""
    categories = asked_categories(f, city)
    groups = {city.categories[c].group if c in city.categories else "" for c in categories}
    return {"category": categories, "group": frozenset({*f.groups, *groups}) if categories or f.groups else frozenset()}
