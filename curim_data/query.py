"""From a filter to counts: how many alerts, by what, where, and under which other filter. Each question is a group-by,
and each answer has passed disclosure control.

Statuses are all counted, rejected alerts too, unless the filter names some. An alert of several categories counts once
in totals and once in each of its categories; a span is shared out over its hours where hours are asked for.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pyarrow as pa

from curim_data import privacy
from curim_data.engine import Relation, Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.geo import enrichment
from curim_data.model import (
    CELL_RESOLUTIONS,
    MAP_RESOLUTIONS,
    BoolArray,
    CityProfile,
    Message,
    Translator,
    UnknownTimeError,
    is_small,
)
from curim_data.model.absence import DIMENSION_UNITS, fewer_than
from curim_data.model.city import counted_cells, with_shore
from curim_data.model.sql import Levels, at_points, cell, count_if, split_list
from curim_data.model.values import AgeBand
from curim_data.privacy import BAND_HOURS, Counted, WrittenCounts

# The column of lists out of which a dimension with several values an alert is made.
LISTED: Final = {"hour": "span", "category": "theme", "group": "theme"}
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


POINTS: Final = "default_points"
MAPPED: Final = "longitude IS NOT NULL AND latitude IS NOT NULL"
TYPES: Final = {"longitude": float, "latitude": float, "stored": int}
COLUMNS: Final = tuple(TYPES)


def default_points(source: Source) -> pd.DataFrame:
    """Default coordinates among all stored alerts (`geo.enrichment.default_coordinates`): longitude, latitude, stored.

    Found once for each version of the store. A protected copy has none: its alerts at default coordinates have no
    position.
    """
    if source.exact is not None:
        return pd.DataFrame([], columns=COLUMNS).astype(TYPES)

    def find() -> pd.DataFrame:
        kept = source.kept(POINTS)
        return _find(source) if kept is None else pd.DataFrame(kept, columns=COLUMNS).astype(TYPES)

    return source.once(POINTS, "", find).copy()


def keep_default_points(source: Source) -> None:
    """Keep the default coordinates for later processes."""
    source.keep(POINTS, default_points(source)[list(COLUMNS)].to_numpy(object).tolist())


def _find(source: Source) -> pd.DataFrame:
    sides = source.alerts.one(f"count(*) AS n, {count_if('inside')} AS inside", [MAPPED])
    counted = "SELECT longitude, latitude, inside, count(*) AS n FROM {} WHERE {} GROUP BY 1, 2, 3"
    points = f"({counted.format(source.alerts.name, MAPPED)}) AS points"
    many = source.alerts.ask(f"SELECT * FROM {points} WHERE n > {enrichment.LEAST}").to_pandas()
    usual = 0
    if len(many):
        sizes = source.alerts.ask(f"SELECT n, count(*) AS points FROM {points} GROUP BY 1")
        usual = enrichment.usual_count(sizes.to_pandas())
    found = enrichment.default_coordinates(
        many, sides["inside"], sides["n"] - sides["inside"], usual, source.city.place_names
    )
    return found.rename(columns={"n": "stored"})


def in_named_cells(f: AlertFilter, points: pd.DataFrame) -> BoolArray:
    """Which points lie in the cells that a filter names; all where it names none.

    The cell of a point is, as in the store, the parent of its finest one: cells are not nested as areas.
    """
    cells = {int(name, 16) for name in f.cells}
    sizes = {h3.get_resolution(cell) for cell in cells}
    inside = []
    for x, y in zip(points["longitude"], points["latitude"], strict=True):
        finest = h3.latlng_to_cell(y, x, max(CELL_RESOLUTIONS))
        inside.append(not cells or any(h3.cell_to_parent(finest, size) in cells for size in sizes))
    return np.array(inside, bool)


def aggregate(
    source: Source, f: AlertFilter, conditions: Sequence[str], layout: Layout, points: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A table with the columns `by` and n, in order, missing values last, of the alerts for which some conditions hold.

    `points`: the default coordinates, for tables by `at_default`. Alerts that are alike in all that is asked are
    counted by the engine, texts as their codes. Of what an alert has several (categories, hours) the values are joined
    afterwards: there are far fewer lists than alerts.
    """
    levels = source.alerts.levels
    columns = {LISTED.get(name, name): _expression(name, layout.resolution, points, levels) for name in layout.by}
    counted = _count(source.alerts, conditions, columns)
    if "cell" in counted and counted["cell"].dtype == np.int64:  # none is missing
        cells, at = np.unique(counted["cell"], return_inverse=True)
        counted["cell"] = counted_cells(source.city, cells)[at]
    labels = {name: pd.Index([*levels[name], None], dtype="str") for name in layout.by if name in levels}
    listed, asked = [name for name in layout.by if name in LISTED], _asked_values(f, source.city)
    for name in listed:
        values, of = source.once("listed", (name, layout.banded), partial(_listed, name, layout.banded, source))
        if of is not None:
            labels[name] = of
            wanted = of.get_indexer(pd.Index(list(asked.get(name, ())), dtype="str"))
            values = values[values[name].isin(wanted)] if len(wanted) else values
        counted = counted.merge(values, on=LISTED[name])
        counted["n"] *= counted.pop("part")
    table = sum_by(counted, layout.by) if listed or "cell" in counted else counted
    if "hour" in listed:
        table["n"] = table["n"].round(9)
        table["hour"] = table["hour"].astype("int8" if table["hour"].notna().all() else float)
    for name, of in labels.items():
        table[name] = of.take(table[name].to_numpy())
    return table


def _count(alerts: Relation, conditions: Sequence[str], columns: Mapping[str, str]) -> pd.DataFrame:
    """How many alerts (`n`) are alike in some columns, by name and as SQL has them, in order, missing values last;
    dates as timestamps.
    """
    listed = ", ".join([*(f"{how} AS {name}" for name, how in columns.items()), "count(*) AS n"])
    places = range(1, len(columns) + 1)
    order = f"ORDER BY {', '.join(f'{at} NULLS LAST' for at in places)}"
    grouped = f"GROUP BY {', '.join(map(str, places))} {order}" if columns else ""
    read = alerts.select(listed, conditions, grouped)
    frame: pd.DataFrame = read.to_pandas(date_as_object=False)
    frame["n"] = frame["n"].astype(float)
    for field in read.schema:
        if pa.types.is_date(field.type):
            frame[field.name] = frame[field.name].astype("datetime64[s]")
    return frame


def _expression(name: str, resolution: int | None, points: pd.DataFrame | None, levels: Levels) -> str:
    """What a dimension is made of, in SQL."""
    column = LISTED.get(name, name)
    if name == "cell":
        return cell(resolution or 0)
    if name == "year":
        return "CAST(EXTRACT(YEAR FROM local_date) AS INTEGER)"
    if name == "at_default" and points is not None:
        return at_points(points)
    return f"coalesce({column}_code, {len(levels[column])})" if column in levels else column


def _listed(name: str, banded: bool, source: Source) -> tuple[pd.DataFrame, pd.Index | None]:
    """What alerts have of a dimension of which one alert may have several values: the code of its list, a value, and
    how large a part of the alert that is. Texts are places among the labels, which stand beside.
    """
    texts = (*source.alerts.levels[LISTED[name]], None)
    lists = [_values(name, split_list(text), source.city, banded) for text in texts]
    sizes = np.array([len(values) for values in lists])
    values: Any = [value for values in lists for value in values]
    labels = None if name == "hour" else pd.Index(sorted(set(values)), dtype="str")
    values = np.array(values, float) if labels is None else labels.get_indexer(values)
    codes = np.repeat(np.arange(len(lists), dtype=np.int32), sizes)
    part = 1 / np.repeat(sizes, sizes) if name == "hour" else 1.0
    return pd.DataFrame({LISTED[name]: codes, name: values, "part": part}), labels


def _values(name: str, listed: tuple[str, ...], city: CityProfile, banded: bool) -> list[Any]:
    """What an alert has of a dimension: its categories, their groups, or its hours (one that is missing for none)."""
    if name == "hour":
        hours: list[float] = [int(hour) for hour in listed] or [float("nan")]
        return [hour - hour % BAND_HOURS for hour in hours] if banded else hours
    categories = list(dict.fromkeys(listed))
    if name == "category":
        return categories
    tree = city.categories
    return list(dict.fromkeys(tree[category].group if category in tree else "" for category in categories))


def _asked_values(f: AlertFilter, city: CityProfile) -> dict[str, frozenset[str]]:
    """The categories and groups that the filter asks for; none where it asks for all."""
    categories = asked_categories(f, city)
    groups = {city.categories[c].group if c in city.categories else "" for c in categories}
    return {"category": categories, "group": frozenset({*f.groups, *groups}) if categories or f.groups else frozenset()}


@dataclass(frozen=True)
class Total:
    """How many alerts a filter leaves.

    `n` alerts, of which `mapped` lie on the city's land, `outside` beside it and `unmapped` have no coordinates;
    `at_default` of all have default coordinates. `of`: all alerts of the store. `threshold`: the smallest number that
    is written out, zero apart.
    """

    n: int
    mapped: int
    outside: int
    unmapped: int
    at_default: int
    of: int
    threshold: int
    notes: tuple[Message, ...] = ()

    @property
    def nowhere(self) -> bool:
        """Whether there are alerts and none of them is on the map, so that a study of places looks at nothing."""
        return self.n != 0 and self.mapped == 0

    @property
    def withheld(self) -> bool:
        """Whether the number is too small to be written out."""
        return is_small(self.n, self.threshold)

    @property
    def said(self) -> int | Message:
        """The number, or the words that stand for it, as `AlertFilter.sentence` takes it."""
        return fewer_than(self.threshold) if self.withheld else self.n

    def shown(self, n: int) -> int | None:
        """One of the numbers; None where it is too small to be written out."""
        return None if is_small(n, self.threshold) else n


@dataclass(frozen=True)
class Question:
    """What is asked of a store. `filter` is the one that was authorised, `notes` say what changed, `conditions` are
    what it is in SQL.
    """

    source: Source
    filter: AlertFilter
    notes: tuple[Message, ...]
    conditions: tuple[str, ...]

    def layout(self, by: Sequence[str], resolution: int | None = None, *, complete: bool = False) -> Layout:
        """A table that the audience may ask for; ValueError, UnknownTimeError or DisclosureError for another."""
        known = dimensions()
        unknown = [name for name in by if name not in known]
        if unknown or len(set(by)) != len(by):
            names = ", ".join(unknown or by)
            raise ValueError(f"counts cannot be made by {names}; use each once: {', '.join(known)}")
        if "cell" in by and resolution not in MAP_RESOLUTIONS:
            raise ValueError(f"counts by cell need a resolution out of {MAP_RESOLUTIONS}")
        for unit in map(DIMENSION_UNITS.get, by):
            if unit is not None and (lacking := self.source.lacks(unit)) is not None:
                raise UnknownTimeError(lacking)
        privacy.check(by, resolution, self.filter, self.source)
        return Layout(tuple(by), resolution, complete, banded=self.source.protected and "hour" in by)

    def count(self, layout: Layout, *more: str) -> pd.DataFrame:
        """An exact table, with the columns `by` and n, of the alerts for which some more conditions hold. For this
        package alone.
        """
        points = default_points(self.source) if "at_default" in layout.by else None
        return aggregate(self.source, self.filter, (*self.conditions, *more), layout, points)

    def protect(self, raw: pd.DataFrame, layout: Layout) -> Counted:
        """A table for the audience."""
        if layout.complete:
            raw = complete_table(raw, layout, self.source, self.filter)
        elif layout.by:
            raw = raw[raw["n"] != 0]
        table = privacy.protect(raw, layout.by, self.source, self.filter)
        banded = (Message("Hours come in bands of six."),) if layout.banded else ()
        return replace(table, notes=(*self.notes, *banded))


def ask(source: Source, f: AlertFilter) -> Question:
    """What a filter asks of a source. RuntimeError where a home's own alerts are taken for their protected copy."""
    if source.exact is None and source.city.prepared is not None and source.protected:
        raise RuntimeError("these are the alerts of a home: open their protected copy")
    authorised, notes = privacy.authorise(f, source)
    conditions = authorised.conditions(dates(source, authorised), source.city, source.alerts.levels)
    return Question(source, authorised, notes, tuple(conditions))


def sentence(source: Source, f: AlertFilter, t: Translator, total: Total | None = None) -> str:
    """What the filter asks for, in words, with its dates in this store; and with how many alerts, where given."""
    n, of = (None, None) if total is None else (total.said, total.of)
    return f.sentence(t, source.city, n=n, total=of, dates=dates(source, f), by_month=source.by_month)


def total(source: Source, f: AlertFilter) -> Total:
    """How many alerts the filter leaves, and how many of them are on the map. Asked again, it is not counted again."""
    return source.once("totals", (f, dates(source, f)), lambda: _total(ask(source, f)))


def _total(question: Question) -> Total:
    """A total out of the numbers of alerts on the city's land, beside it, without a position, and at defaults."""
    parts = question.count(Layout(("inside", "at_default")))
    n, land = parts["n"].astype(float), parts["inside"].eq(True)
    mapped, unmapped = int(n[land].sum()), int(n[parts["inside"].isna()].sum())
    return Total(
        n=int(n.sum()),
        mapped=mapped,
        outside=int(n.sum()) - mapped - unmapped,
        unmapped=unmapped,
        at_default=int(n[land & parts["at_default"].eq(True)].sum()),
        of=question.source.count,
        threshold=WrittenCounts.of(question.filter, question.source).least(),
        notes=question.notes,
    )


def counts(
    source: Source,
    f: AlertFilter,
    by: Sequence[str],
    *,
    complete: bool = False,
    resolution: int | None = None,
    without_default_points: bool = False,
) -> Counted:
    """Alerts by the dimensions `by` (names of `dimensions`; none is one row with the number of alerts).

    Dates come as timestamps; what is missing is a row of its own, missing. `cell` needs its `resolution` and counts
    alerts on the city's land. With `complete`, weeks, months, days, hours, weekdays, districts, cells and the values of
    enums that have no alert get a row with a true zero. The counts are whole but for hours. Where the filter names
    categories only those are distinguished. Raises DisclosureError for what the audience may not ask,
    UnknownTimeError for a finer time than is known of the alerts, ValueError for an unknown dimension.
    """
    question = ask(source, f)
    layout = question.layout(by, resolution if "cell" in by else None, complete=complete)
    off = [f"NOT {at_points(default_points(source))}"] if without_default_points else []
    return question.protect(question.count(layout, *off, *(["inside"] if "cell" in by else [])), layout)


def cells(
    source: Source,
    f: AlertFilter,
    resolution: int,
) -> Counted:
    """Alerts by map cell: the index is every cell of the city's land (int64), zeros included.

    The column `land_km2` is the land in the cell. Alerts at default coordinates are left out and counted
    (`at_default`). An alert whose cell touches no land counts in that of the land beside it (`counted_cells`); one far
    from the land is counted (`off_mask`) and belongs to no cell.
    """
    question = ask(source, f)
    layout = question.layout(["cell"], resolution, complete=True)
    counted = question.count(Layout(("cell", "at_default"), resolution), "inside")
    left_out = counted["at_default"].to_numpy(bool)
    n = counted[~left_out].groupby("cell")["n"].sum()
    land = source.city.land_cells(layout.resolution or 0)
    raw = pd.DataFrame({"cell": land.index, "n": n.reindex(land.index, fill_value=0).to_numpy(float)})
    table = question.protect(raw, layout)
    return replace(
        table,
        frame=table.frame.set_index("cell").reindex(land.index).assign(land_km2=land),
        at_default=int(counted["n"][left_out].sum()),
        off_mask=int(n.sum() - raw["n"].sum()),
    )


def default_coordinates(source: Source, f: AlertFilter) -> pd.DataFrame:
    """Points that hold far more of the stored alerts than others (`geo.enrichment.default_coordinates`).

    Columns longitude, latitude, n (alerts under the filter), stored (alerts in the whole store).
    """
    question, points = ask(source, f), default_points(source).assign(n=0.0)
    cells = with_shore(source.city, question.filter.cells)
    here = points[in_named_cells(question.filter.replace(cells=tuple(f"{cell:x}" for cell in cells)), points)]
    if len(here):
        here_alone = (*question.conditions, at_points(here))
        counted = source.alerts.frame("longitude, latitude, count(*) AS n", here_alone, "GROUP BY 1, 2")
        points = points.drop(columns="n").merge(counted, how="left").fillna({"n": 0})
    return points[["longitude", "latitude", "n", "stored"]]


def options(source: Source, f: AlertFilter, field: str) -> Counted:
    """Counts for each choice of a field of the filter bar (its attribute), under the rest of the filter.

    KeyError for a field without a dimension of its own (period, cells).
    """
    return counts(source, f.without(field), [f.field(field).dimensions[field]], complete=True)


def nearest_nonempty(source: Source, f: AlertFilter) -> tuple[AlertFilter, Message] | None:
    """For a filter that leaves nothing: the filter without the one field that, left out, leaves most, and why.

    None where the filter leaves something, or where no single field helps. A period is widened to all dates.
    """
    if total(source, f).n != 0:
        return None
    wider = [
        (field.title, f.replace(period="all") if "period" in field.names else f.without(field.names[0]))
        for field in f.fields()
    ]
    found = [(total(source, one), title, one) for title, one in wider if one != f]
    most, title, one = max(found, key=lambda row: row[0].n, default=(None, "", f))
    if most is None or not most.n:
        return None
    return one, Message("Without “{field}” there are alerts: {n}.", {"field": title, "n": most.said})
