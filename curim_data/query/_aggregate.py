"""Counting itself: one group-by over the chosen alerts, exact, before disclosure control. For this package alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.engine.columns import cell_column, split_list
from curim_data.engine.packed import Packing
from curim_data.engine.types import IbisBoolean, IbisTable
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import SCHEMA, BoolArray, CityProfile, FloatArray, IntArray
from curim_data.model.shore import counted_cells
from curim_data.privacy import BAND_HOURS
from curim_data.query._all_dates import (
    AREAS,
    CELLS,
    OFF_POINTS,
    AllDates,
    Asked,
    KeptAllDates,
    columns_of,
    counted_size,
)
from curim_data.query._default_points import at_points
from curim_data.query._kept_counts import FineCounts, KeptCounts
from curim_data.query._layout import HARM, MADE_OF, Layout
from curim_data.query._written import LATER, Written, ask_written
from curim_data.query.categoricals import Categorical, CodedTable, encode_codes, encode_column, encode_values, sum_codes


@dataclass(frozen=True)
class Rows:
    """The narrow alerts for which all of some tests hold: one step for the engine, however many tests there are.

    `counted`: where counts are kept, by `key` and the `periods` (of the first test), which say of which alerts they
    are. `beside`: dimensions by which further questions of the same alerts will be; what is counted is kept by these
    too. `packing`: how its columns are packed, where it has words. `written`: where questions are kept, by `key`, on
    DuckDB. `all_dates`: where counts of all dates are kept, by `anywhere`, which says of which alerts, wherever they
    lie; `cells`: those that the filter names.
    """

    table: IbisTable
    make_tests: Callable[[], tuple[IbisBoolean, ...]]  # that of the dates first
    counted: KeptCounts | None = None
    key: tuple[Hashable, ...] = ()
    periods: tuple[tuple[dt.date, dt.date], ...] = ()
    beside: tuple[str, ...] = ()
    packing: Packing | None = None
    written: Written | None = None
    all_dates: KeptAllDates | None = None
    anywhere: Hashable = None
    cells: tuple[str, ...] = ()

    def where(self, *tests: IbisBoolean, named: Hashable = None) -> Rows:
        """Those of them for which these hold too; `tests` are over `table`. `named`: what tells them from others, or
        else neither their counts nor questions are kept.
        """
        of_all = replace(self, make_tests=lambda: (*self.tests, *tests), key=(*self.key, named))
        return replace(of_all, counted=None, written=None, all_dates=None) if named is None else of_all

    @cached_property
    def tests(self) -> tuple[IbisBoolean, ...]:
        """The tests, made where somebody asks for them: a question that is written already needs none."""
        return self.make_tests()

    @property
    def of(self) -> Hashable:
        """What says of which alerts counts are."""
        return self.key, self.periods

    @property
    def chosen(self) -> IbisTable:
        """The alerts themselves."""
        return self.table.filter(*self.tests) if self.tests else self.table

    def off(self, points: pd.DataFrame) -> Rows:
        """Those of them that have the coordinates of none of the points."""
        return self if points.empty else self.where(~at_points(self.table, points), named=OFF_POINTS)


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
    asked_for = {name: layout.resolution for layout in layouts for name in layout.by}
    counted = _fine_counts(rows, city, asked_for, points)
    summed = _Summed(counted.columns, _asked_values(f, city), city)
    return [summed.table(layout, counted.n) for layout in layouts]


def _fine_counts(
    rows: Rows, city: CityProfile, asked_for: Mapping[str, int | None], points: pd.DataFrame | None
) -> FineCounts:
    """The counts by all columns that some dimensions are made of: kept ones, or else the engine's, kept from now on."""
    wanted = frozenset(MADE_OF.get(name, name) for name in asked_for)
    known = rows.counted and rows.counted.find(rows.of, wanted, asked_for.get("cell"))
    known = known or _of_all_dates(rows, city, wanted, asked_for.get("cell"))
    if known:
        return known
    if rows.counted:
        asked_for = {**dict.fromkeys(rows.beside), **asked_for}
    grouping = _Grouping(asked_for, points, rows.packing)
    counted = _encoded(_asked(rows, grouping), grouping, city)
    if rows.counted:
        rows.counted.keep(rows.of, counted)
    return counted


def _asked(rows: Rows, grouping: _Grouping, *, since: dt.date | None = None) -> pa.Table:
    """What the engine counts by the columns of a grouping; `since`: and by whether an alert is of that day or later."""
    if rows.written is None:
        table = rows.chosen
        columns = grouping.of(table) | ({} if since is None else {LATER: table.local_date >= since})
        found: pa.Table = _sums(table, columns).to_pyarrow()
        return found

    def counted(table: IbisTable) -> IbisTable:
        return _sums(table, grouping.of(table) | ({} if since is None else {LATER: table[LATER]}))

    undated = replace(rows, make_tests=lambda: rows.tests[1:])
    sql = rows.written.alerts(rows.key, rows.table, lambda: undated.chosen)
    key = (*grouping.asked.items(), grouping.points is None, since is None)
    return ask_written(rows.table, sql, rows.periods, since, rows.written.counting(key, rows.table, counted))


def _of_all_dates(rows: Rows, city: CityProfile, wanted: frozenset[str], resolution: int | None) -> FineCounts | None:
    """What is a sum of the counts of all dates (`keep_all_dates`); None where none are kept, or it is not."""
    if rows.all_dates is None:
        return None
    _, _, *named = rows.key
    asked = Asked(rows.periods[0], rows.cells, named, resolution)
    for word in (CELLS, AREAS):
        counted = rows.all_dates.find((rows.anywhere, word))
        found = None if counted is None else counted.answer(asked, wanted, city)
        if found is not None:
            return found
    return None


def keep_all_dates(rows: Rows, days: tuple[dt.date, dt.date], points: pd.DataFrame, resolution: int | None) -> None:
    """Count the alerts of all dates, of a filter without cells, by week, by month and by map cells up to a resolution,
    once: what is asked of some of them by cell, week or month, with the same filter, is a sum of these counts. Without
    a resolution by category, district and place instead.

    `days`: the first and the last of all alerts; `points`: the default coordinates. Nothing is asked on another engine,
    nor of a city with very many cells.
    """
    if rows.written is None or rows.packing is None or rows.all_dates is None:
        return
    finest, by_cell = counted_size(resolution), resolution is not None
    word, columns = columns_of(rows.packing, finest)
    key = rows.anywhere, word
    known = rows.all_dates.find(key)
    if not columns or (known and known.finest >= finest) or rows.all_dates.is_too_much(key, finest):
        return
    by_points, ((since, _),) = by_cell or points.empty, rows.periods
    grouping = _Grouping(dict.fromkeys((*columns, *(["at_default"] if by_points else []))), points, rows.packing)
    if grouping.packed.keys() != {word}:
        return
    found = _asked(replace(rows, periods=(days,)), grouping, since=since)
    at_default = None
    if by_points:
        at_default = np.zeros(len(found), bool) if points.empty else _flags(found["at_default"])
    counted = AllDates(
        packing=rows.packing,
        word=word,
        columns=columns,
        words=found[word].to_numpy(),
        at_default=at_default,
        later=_flags(found[LATER]),
        n=found["n"].to_numpy().astype(np.int32),
        finest=finest,
        since=since,
        days=days,
    )
    rows.all_dates.keep(key, counted)


def _flags(column: pa.ChunkedArray) -> BoolArray:
    return np.asarray(column.to_numpy(), bool)


def _sums(table: IbisTable, columns: Mapping[str, Any]) -> IbisTable:
    """How many alerts are alike in some columns."""
    return (table.group_by(**columns) if columns else table).aggregate(n=table.count())


def _encoded(found: pa.Table, grouping: _Grouping, city: CityProfile) -> FineCounts:
    """What the engine gave, in codes."""
    fine = grouping.codes(found)
    if "cell" in fine and fine["cell"].levels.dtype == np.int64:  # none is missing
        cells, codes = np.unique(counted_cells(city, fine["cell"].levels.to_numpy()), return_inverse=True)
        fine["cell"] = Categorical(codes[fine["cell"].codes], pd.Index(cells))
    return FineCounts(fine, found["n"].to_numpy().astype(float), grouping.asked.get("cell"))


def _narrowed(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as an alert has it: some engines have no number of one byte."""
    kind = SCHEMA.field(name).type if name in SCHEMA.names else None
    return column.cast(kind) if kind is not None and pa.types.is_int8(kind) and column.type != kind else column


def count_both(before: Rows, after: Rows, since: dt.date, city: CityProfile, layouts: Sequence[Layout]) -> None:
    """Keep the counts of two periods, of which the later one begins on a day, from one question to the engine.

    The rows differ in their dates alone. Nothing is asked where counts are not kept, or are already; nor where the
    alerts were put into a faster table between both, which no single question can read.
    """
    if not before.table.equals(after.table):
        return
    asked_for = {name: layout.resolution for layout in layouts for name in layout.by}
    wanted, resolution = frozenset(MADE_OF.get(name, name) for name in asked_for), asked_for.get("cell")
    if any(rows.counted is None or rows.counted.find(rows.of, wanted, resolution) for rows in (before, after)):
        return

    grouping = _Grouping(asked_for, None, before.packing)

    def tests() -> tuple[IbisBoolean, ...]:
        return before.tests[0] | after.tests[0], *before.tests[1:]

    either = replace(before, make_tests=tests, periods=(*before.periods, *after.periods))
    found = _asked(either, grouping, since=since)
    for rows, later in ((before, False), (after, True)):
        mine = found.filter(pc.equal(found[LATER], later))
        if rows.counted:
            rows.counted.keep(rows.of, _encoded(mine, grouping, city))


@dataclass(frozen=True)
class _Grouping:
    """The columns by which the engine counts for some dimensions (`asked`, with the resolution of cells), as many as
    can be as numbers in which they are packed. `points`: the default coordinates, where any are asked for.
    """

    asked: Mapping[str, int | None]
    points: pd.DataFrame | None
    packing: Packing | None

    @cached_property
    def packed(self) -> dict[str, tuple[str, ...]]:
        """The words that are asked for, and of which columns."""
        return {} if self.packing is None else self.packing.choose(self._columns.values())

    @cached_property
    def _columns(self) -> dict[str, str]:
        """The column of the alerts that each name stands for, where it is one of theirs."""
        columns = {MADE_OF.get(name, name): MADE_OF.get(name, name) for name in self.asked}
        if "cell" in columns:
            columns["cell"] = f"cell_{self.asked['cell']}"
        return columns

    def _own(self) -> list[str]:
        """What is asked for by its own name."""
        packed = {name for names in self.packed.values() for name in names}
        return [name for name, column in self._columns.items() if column not in packed and not self._is_false(name)]

    def _is_false(self, name: str) -> bool:
        """Whether it is known to be false of all alerts, beside something that is asked for."""
        none = self.points is not None and self.points.empty
        return name == "at_default" and none and len(self._columns) > 1

    def of(self, table: IbisTable) -> dict[str, Any]:
        """The columns of a table."""
        columns: dict[str, Any] = {}
        for name in self._own():
            if name == "cell":
                columns[name] = cell_column(table, self.asked[name] or 0)
            elif name == "year":
                columns[name] = table.local_date.year()
            elif name == "at_default" and self.points is not None:
                columns[name] = at_points(table, self.points)
            else:
                columns[name] = table[name]
        for word, names in self.packed.items():
            assert self.packing is not None
            columns[word] = self.packing.number(table, word, names)
        return columns

    def codes(self, found: pa.Table) -> dict[str, Categorical]:
        """What the engine gave by these columns, in codes, by the name that each was asked for."""
        fine = {name: encode_column(_narrowed(name, found[name])) for name in self._own()}
        for name in filter(self._is_false, self._columns):
            fine[name] = Categorical(np.zeros(len(found), np.int64), pd.Index([False]))
        named = {column: name for name, column in self._columns.items()}
        for word, names in self.packed.items():
            assert self.packing is not None
            numbers = found[word].to_numpy()
            for column in names:
                codes = self.packing.codes(numbers, word, column)
                fine[named[column]] = encode_codes(codes, self.packing.values[column])
        return fine


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
