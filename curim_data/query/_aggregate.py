"""Counting itself: one group-by over the chosen alerts, exact, before disclosure control. For this package alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from curim_data.engine.columns import cell_column, split_list
from curim_data.engine.first_reports import FirstReportsOf
from curim_data.engine.types import IbisBoolean, IbisTable
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CityProfile, FloatArray, IntArray
from curim_data.model.shore import counted_cells
from curim_data.privacy import BAND_HOURS
from curim_data.query._default_points import at_points
from curim_data.query._layout import HARM, MADE_OF, Layout
from curim_data.query.categoricals import Categorical, encode_column, encode_values, sum_by


def _is_first(joined: IbisTable) -> IbisBoolean:
    return joined.report == joined.first.fill_null(0)


@dataclass(frozen=True)
class Rows:
    """The narrow alerts for which all of some tests hold: one step for the engine, however many tests there are.

    `once`: of the alerts of one incident the first counts and no other, where and when it was: so an incident lies in
    one place and one period, and areas and periods add up. The first is that of the reports for which `reports` hold
    (tests of what each report may say differently), if there are any; none without `once`. `table` then has the columns
    `incident` and `report`. `kept`: where the first reports for which `reports` hold are kept, for further questions.
    """

    table: IbisTable
    tests: tuple[IbisBoolean, ...]
    once: bool = False
    reports: tuple[IbisBoolean, ...] = ()
    kept: FirstReportsOf | None = None

    def where(self, *tests: IbisBoolean) -> Rows:
        """Those of them for which these hold too; `tests` are over `table`."""
        return replace(self, tests=(*self.tests, *tests))

    @property
    def chosen(self) -> IbisTable:
        """The alerts themselves."""
        if not self.once:
            return self.table.filter(*self.tests)
        if not self.reports:
            return self.table.filter(*self.tests, self.table.report == 0)
        joined = self._beside_first(self.table.filter(*self.tests))
        return joined.filter(_is_first(joined))

    def columns(
        self, make: Callable[[IbisTable], dict[str, Any]], *, with_alerts: bool
    ) -> tuple[IbisTable, dict[str, Any], IbisBoolean | None]:
        """The alerts, their columns as `make` has them of a table, and nothing; `with_alerts`: all alerts for which the
        tests hold, and of which each incident's count is made.

        Only what is asked for goes through a join: the engine has to name each column of it.
        """
        if not (self.once and self.reports):
            table = self.table.filter(*self.tests) if with_alerts else self.chosen
            return table, make(table), table.report == 0 if with_alerts else None
        table = self.table.filter(*self.tests)
        made = make(table)
        joined = self._beside_first(table.select(**made, incident=table.incident, report=table.report))
        if not with_alerts:
            joined = joined.filter(_is_first(joined))
        return joined, {name: joined[name] for name in made}, _is_first(joined) if with_alerts else None

    def _beside_first(self, table: IbisTable) -> IbisTable:
        """With the first report of the alert's incident for which `reports` hold: `first`, where that is not 0."""
        if self.kept is None:
            return table.left_join(self._later_first(), "incident")
        return table.left_join(self.kept.table(self.table.op().source, self._later_first), "incident")

    def _later_first(self) -> IbisTable:
        """By incident the first report for which `reports` hold, where that is not 0."""
        shared = self.table.filter(self.table.incident.notnull(), *self.reports)
        found = shared.group_by("incident").aggregate(first=shared.report.min())
        return found.filter(found.first > 0)

    def off(self, points: pd.DataFrame) -> Rows:
        """Those of them that have the coordinates of none of the points."""
        return self if points.empty else self.where(~at_points(self.table, points))


def aggregate(
    rows: Rows,
    f: AlertFilter,
    city: CityProfile,
    layouts: Sequence[Layout],
    points: pd.DataFrame | None = None,
    *,
    with_alerts: bool = False,
) -> list[pd.DataFrame]:
    """Tables, each with the columns `by` and n, from one question to the engine; their resolutions are the same.

    `points`: the default coordinates, for tables by `at_default`. `with_alerts`: where n are incidents, also all their
    alerts (`alerts`), with a row where n is zero. Alerts that are alike in all that is asked are counted by the engine.
    Of what an alert has several (categories, hours) the values are separated afterwards: there are far fewer lists than
    alerts.
    """
    with_alerts = with_alerts and rows.once
    asked_for = {name: layout.resolution for layout in layouts for name in layout.by}
    table, columns, counts = rows.columns(partial(_columns, asked_for, points), with_alerts=with_alerts)
    grouped = table.group_by(**columns) if columns else table
    alerts = table.count()
    numbers = {"n": alerts} if counts is None else {"n": counts.sum(), "alerts": alerts}
    counted = grouped.aggregate(**numbers).to_pyarrow()
    if "cell" in columns and not counted["cell"].null_count:
        cells = pa.array(counted_cells(city, counted["cell"].to_numpy().astype(np.int64)))
        counted = counted.set_column(counted.column_names.index("cell"), "cell", cells)
    fine = {name: encode_column(counted[name]) for name in columns}
    asked = _asked_values(f, city)
    n, *more = (counted[name].fill_null(0).to_numpy().astype(float) for name in numbers)  # a sum of nothing is missing
    tables = [_table(fine, n, layout, asked, city) for layout in layouts]
    for others in more:
        tables = [
            table.assign(alerts=_table(fine, others, layout, asked, city)["n"])
            for table, layout in zip(tables, layouts, strict=True)
        ]
    return tables


def _columns(asked: Mapping[str, int | None], points: pd.DataFrame | None, table: IbisTable) -> dict[str, Any]:
    """The columns that some dimensions are made of, and the resolution of cells."""
    columns: dict[str, Any] = {}
    for name, resolution in asked.items():
        if name == "cell":
            columns[name] = cell_column(table, resolution or 0)
        elif name == "year":
            columns[name] = table.local_date.year()
        elif name == "at_default" and points is not None:
            columns[name] = at_points(table, points)
        else:
            column = MADE_OF.get(name, name)
            columns[column] = table[column]
    return columns


def _table(
    fine: Mapping[str, Categorical],
    n: FloatArray,
    layout: Layout,
    asked: Mapping[str, frozenset[str]],
    city: CityProfile,
) -> pd.DataFrame:
    """One table of what was counted; of categories and groups only those that the filter asks for."""
    rows, columns = np.arange(len(n)), dict[str, Categorical]()
    for name in layout.by:
        if name in MADE_OF:
            at, columns[name] = _separate(fine[MADE_OF[name]].take(rows), name, city, layout.banded)
            if name == "hour":
                n = n / np.bincount(at, minlength=len(n))
            if asked.get(name):
                kept = np.flatnonzero(columns[name].levels.isin(list(asked[name]))[columns[name].codes])
                at, columns[name] = at[kept], columns[name].take(kept)
            columns = {other: column if other == name else column.take(at) for other, column in columns.items()}
            rows, n = rows[at], n[at]
    return sum_by({name: columns.get(name) or fine[name].take(rows) for name in layout.by}, n)


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
