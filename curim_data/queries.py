"""From a filter to counts: every question is an Ibis group-by, and every answer passes the gate.

Statuses are all counted, rejected alerts too, unless the filter names some. An alert of several categories counts once
in totals and once in each of its categories; a span is shared out over its hours where hours are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, Final

import ibis
import numpy as np
import pandas as pd

from curim_data import privacy
from curim_data.access import Audience
from curim_data.alert import CELL_RESOLUTIONS
from curim_data.city import CityProfile
from curim_data.engine import Source
from curim_data.filters import FIELDS, AlertFilter, asked_categories
from curim_data.i18n import Message
from curim_data.privacy import BAND_HOURS, GateError, Protected
from curim_data.universe import complete_frame

__all__ = [
    "DIMENSIONS",
    "GateError",
    "Total",
    "cells",
    "counts",
    "dates",
    "nearest_nonempty",
    "options",
    "piles",
    "tables",
    "total",
]

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
DIMENSIONS: Final = ("cell", "year", "hour", "category", "group", *PLAIN)
PILE_LEAST: Final = 20
PILE_SHARE: Final = 0.01


@dataclass(frozen=True)
class Total:
    """How many alerts a filter leaves.

    `n` alerts, of which `mapped` lie on the city's land, `outside` beside it and `unmapped` have no coordinates;
    `piled` of all stand on piles of identical coordinates. `of`: all alerts of the store. None where withheld.
    """

    n: int | None
    mapped: int | None
    outside: int | None
    unmapped: int | None
    piled: int | None
    of: int
    threshold: int
    notes: tuple[Message, ...] = ()

    @property
    def withheld(self) -> bool:
        """Whether the number itself may not be told."""
        return self.n is None

    @property
    def said(self) -> int | Message:
        """The number, or the words that stand for it, as `AlertFilter.sentence` takes it."""
        return Message("fewer than {k}", {"k": self.threshold}) if self.n is None else self.n


def dates(source: Source, f: AlertFilter) -> tuple[Any, Any]:
    """First and last day that the filter means in this store, both included."""
    return f.resolve(source.as_of, source.first, source.meeting)


def total(source: Source, f: AlertFilter, audience: Audience) -> Total:
    """How many alerts the filter leaves, and how many of them are on the map."""
    f, notes = privacy.admit(f, audience, source.city)
    table = _chosen(source, f)
    piled = _on_piles(table, _pile_points(source))
    row = table.aggregate(
        n=table.count(),
        mapped=table.inside.fill_null(False).cast("int64").sum(),
        unmapped=table.inside.isnull().cast("int64").sum(),
        piled=piled.cast("int64").sum(),
    )
    n, mapped, unmapped, on_piles = (int(value or 0) for value in row.to_pyarrow().to_pylist()[0].values())
    strict = privacy.is_sensitive(f, source.city) or privacy.is_fine_table((), f)
    parts = pd.DataFrame({"part": ["mapped", "outside", "unmapped"], "n": [mapped, n - mapped - unmapped, unmapped]})
    told = privacy.protect(parts, ["part"], audience, sensitive=strict).frame.set_index("part")["n"]
    shown = {part: None if pd.isna(value) else int(value) for part, value in told.items()}
    number = privacy.protect_number(n, audience, sensitive=strict)
    on = privacy.protect_number(on_piles, audience, sensitive=strict)
    return Total(
        n=None if number is None else int(number),
        mapped=shown["mapped"],
        outside=shown["outside"],
        unmapped=shown["unmapped"],
        piled=None if on is None else int(on),
        of=source.count,
        threshold=privacy.threshold(audience, strict),
        notes=notes,
    )


def counts(
    source: Source,
    f: AlertFilter,
    by: Sequence[str],
    audience: Audience,
    *,
    complete: bool = False,
    resolution: int | None = None,
    without_piles: bool = False,
) -> Protected:
    """Alerts by the dimensions `by` (names of `DIMENSIONS`; none is one row with the number of alerts).

    Dates come as timestamps; what is missing is a row of its own, missing. `cell` needs its `resolution` and counts
    alerts on the city's land. With `complete`, weeks, months, days, hours, weekdays, districts, cells and the values of
    enums that have no alert get a row with a true zero. The counts are whole but for hours. Where the filter names
    categories only those are told apart. Raises GateError for what the audience may not ask, ValueError for an unknown
    dimension.
    """
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown or len(set(by)) != len(by):
        raise ValueError(f"counts cannot be made by {', '.join(unknown or by)}; use each once: {', '.join(DIMENSIONS)}")
    if "cell" in by and resolution not in CELL_RESOLUTIONS:
        raise ValueError(f"counts by cell need a resolution out of {CELL_RESOLUTIONS}")
    f, notes = privacy.admit(f, audience, source.city)
    privacy.check(by, resolution if "cell" in by else None, f, audience, source.city)
    city = source.city
    table = _chosen(source, f)
    if without_piles:
        table = table.filter(~_on_piles(table, _pile_points(source)))
    if "cell" in by:
        table = table.filter(table.inside.fill_null(False))
    banded = _needs_bands(by, f, audience, city)
    raw = _counted(table, f, by, city, resolution, banded)
    if banded:
        notes += (Message("Hours are told in bands of six, because sensitive alerts are among them."),)
    settings = {"complete": complete, "resolution": resolution, "banded": banded}
    return replace(_told(raw, source, f, by, audience, **settings), notes=notes)


def tables(
    source: Source, f: AlertFilter, tables: Sequence[Sequence[str]], audience: Audience
) -> tuple[Protected, ...]:
    """Several tables of counts, each as `counts` gives it, from one count with categories and one without.

    Dimensions: categories (not groups) and those that every alert has once; no hours, cells or years.
    """
    f, notes = privacy.admit(f, audience, source.city)
    table, finest, answers = _chosen(source, f), {}, []
    for themed in (False, True):
        used = {name for by in tables if ("category" in by) == themed for name in by}
        finest[themed] = _counted(table, f, sorted(used), source.city, None, False)
    for by in tables:
        privacy.check(by, None, f, audience, source.city)
        fine = finest["category" in by]
        raw = pd.DataFrame({"n": [fine["n"].sum()]})
        if by:
            raw = fine.groupby(list(by), dropna=False, sort=True)["n"].sum().reset_index()
        answers.append(replace(_told(raw, source, f, by, audience), notes=notes))
    return tuple(answers)


def _told(
    raw: pd.DataFrame, source: Source, f: AlertFilter, by: Sequence[str], audience: Audience, **settings: Any
) -> Protected:
    """What was counted, made complete (`settings`: complete, resolution, banded) and put through the gate."""
    complete = settings.get("complete", False)
    if complete or not privacy.sees_exact(audience):
        asked = settings.get("resolution"), settings.get("banded", False)
        raw = complete_frame(raw, by, source, f, dates(source, f), *asked)
    strict, coarser = _strict_rows(raw, by, f, source.city), _coarser(f, source.city)
    told = privacy.protect(raw, by, audience, sensitive=strict, coarser=coarser)
    return told if complete or not by else replace(told, frame=told.frame[told.frame["n"] != 0].reset_index(drop=True))


def cells(
    source: Source, f: AlertFilter, resolution: int, audience: Audience, *, without_piles: bool = True
) -> Protected:
    """Alerts by map cell: the index is every cell of the city's land (int64), zeros included.

    The column `land_km2` is the land in the cell. Piles of identical coordinates are set aside and counted (`piled`);
    alerts whose cell has no land are counted (`off_mask`) and belong to no cell.
    """
    f, notes = privacy.admit(f, audience, source.city)
    privacy.check(["cell"], resolution, f, audience, source.city)
    land = source.city.land_cells(resolution)
    table = _chosen(source, f).filter(lambda alerts: alerts.inside.fill_null(False))
    on_piles = _on_piles(table, _pile_points(source))
    piled = int(table.aggregate(n=on_piles.cast("int64").sum()).to_pyarrow()["n"][0].as_py() or 0)
    counted = _counted(table.filter(~on_piles) if without_piles else table, f, ["cell"], source.city, resolution, False)
    found = counted.set_index("cell")["n"]
    raw = pd.DataFrame({"cell": land.index, "n": found.reindex(land.index, fill_value=0).to_numpy(float)})
    strict = privacy.is_sensitive(f, source.city) or privacy.is_fine_table(["cell"], f)
    told = privacy.protect(raw, ["cell"], audience, sensitive=strict, coarser=_coarser(f, source.city))
    frame = told.frame.set_index("cell").reindex(land.index).assign(land_km2=land)

    def number(n: float) -> int | None:
        safe = privacy.protect_number(n, audience, sensitive=strict)
        return None if safe is None else int(safe)

    off_mask = number(float(found.sum() - raw["n"].sum()))
    return replace(told, frame=frame, piled=number(piled if without_piles else 0), off_mask=off_mask, notes=notes)


def piles(source: Source, f: AlertFilter, audience: Audience) -> pd.DataFrame:
    """Identical coordinates that more than max(20, 1 % of the mapped alerts) of the store share.

    Columns longitude, latitude, n (alerts under the filter; NaN where withheld), stored (alerts in the whole store).
    """
    f, _ = privacy.admit(f, audience, source.city)
    points = _pile_points(source)
    table = _chosen(source, f)
    table = table.filter(_on_piles(table, points))
    found = table.group_by(["longitude", "latitude"]).aggregate(n=table.count()).to_pandas()
    frame = points.merge(found, on=["longitude", "latitude"], how="left").fillna({"n": 0})
    strict = privacy.is_sensitive(f, source.city) or privacy.is_fine_table(["cell"], f)
    frame["n"] = [
        np.nan if privacy.protect_number(n, audience, sensitive=strict) is None else n for n in frame["n"].astype(float)
    ]
    return frame[["longitude", "latitude", "n", "stored"]]


def options(source: Source, f: AlertFilter, field: str, audience: Audience) -> Protected:
    """Counts for each choice of a field of the filter bar, under the rest of the filter.

    `field` is an attribute of the filter ("districts", "affected", "groups", "dark", ...). KeyError for a field without
    a column of its own (period, cells).
    """
    return counts(source, f.without(field), [OPTION_COLUMNS[field]], audience, complete=True)


OPTION_COLUMNS: Final[Mapping[str, str]] = {
    "categories": "category",
    "groups": "group",
    "kinds": "kind",
    "affected": "affected_gender",
    "reporters": "reporter_gender",
    "dark": "dark",
    "hours": "hour",
    "weekdays": "weekday",
    "districts": "district",
    "places": "place",
    "statuses": "status",
    "severities": "severity",
}


def nearest_nonempty(source: Source, f: AlertFilter, audience: Audience) -> tuple[AlertFilter, Message] | None:
    """For a filter that leaves nothing: the filter without the one field that, left out, leaves most, and why.

    None where the filter leaves something, or where no single field helps. A period is widened to all dates.
    """
    if total(source, f, audience).n != 0:
        return None
    best: tuple[float, AlertFilter, Message] | None = None
    for field in FIELDS:
        wider = f.replace(period="all") if "period" in field.names else f.without(field.names[0])
        if wider == f:
            continue
        found = total(source, wider, audience)
        n = 0.5 if found.n is None else found.n
        if n and (best is None or n > best[0]):
            told = Message("Without “{field}” there are alerts: {n}.", {"field": field.title, "n": found.said})
            best = (n, wider, told)
    return best[1:] if best else None


def _chosen(source: Source, f: AlertFilter) -> Any:
    """The table under the filter."""
    return source.table.filter(f.predicate(source.table, dates(source, f), source.city))


def _counted(
    table: Any, f: AlertFilter, by: Sequence[str], city: CityProfile, resolution: int | None, banded: bool
) -> pd.DataFrame:
    """The group-by itself: the columns `by` and n."""
    columns: dict[str, Any] = {}
    lists: dict[str, Any] = {}
    weight: Any = ibis.literal(1)
    for name in by:
        if name in PLAIN:
            columns[name] = table[name]
        elif name == "cell":
            columns[name] = table[f"cell_{resolution}"]
        elif name == "year":
            columns[name] = table.local_date.year()
        elif name == "hour":
            lists[name] = _hour_list(table, banded)
            weight = 1.0 / lists[name].length()
        else:
            lists[name] = _category_list(table) if name == "category" else _group_list(table, city)
    narrow = table.select(**columns, **lists, weight=weight)
    for name in lists:  # one after the other: two in one selection would run side by side
        narrow = narrow.mutate(**{name: narrow[name].unnest()})
    wanted = _wanted(f, city)
    for name in ("category", "group"):
        if name in by and wanted[name]:
            narrow = narrow.filter(narrow[name].isin(sorted(wanted[name])))
    if by:
        frame: pd.DataFrame = narrow.group_by(list(by)).aggregate(n=narrow.weight.sum()).to_pandas()
    else:
        frame = narrow.aggregate(n=narrow.weight.sum().fill_null(0)).to_pandas()
    frame["n"] = frame["n"].astype(float).round(9)
    for name in {"week", "month", "local_date"} & set(by):
        frame[name] = pd.to_datetime(frame[name])
    return frame.sort_values(list(by), ignore_index=True) if by else frame


def _category_list(table: Any) -> Any:
    further = table.more_categories.fill_null(ibis.literal([], type="array<string>"))
    return ibis.array([table.category]).concat(further).unique()


def _group_list(table: Any, city: CityProfile) -> Any:
    known = {category.id: category.group for category in city.categories.values()}
    if not known:
        return ibis.array([ibis.literal("")])
    return _category_list(table).map(lambda category: category.cases(*known.items(), else_="")).unique()


def _hour_list(table: Any, banded: bool) -> Any:
    """The hours of each alert; where they are not known, one that is missing."""
    hours = table.hours.map(lambda hour: hour - hour % BAND_HOURS) if banded else table.hours
    missing = ibis.array([ibis.null("int8")])
    return ibis.ifelse(table.hours.length() > 0, hours.cast("array<int8>"), missing)


def _wanted(f: AlertFilter, city: CityProfile) -> dict[str, frozenset[str]]:
    categories = asked_categories(f, city)
    groups = {city.categories[c].group if c in city.categories else "" for c in categories}
    return {"category": categories, "group": frozenset({*f.groups, *groups}) if categories or f.groups else frozenset()}


def _needs_bands(by: Sequence[str], f: AlertFilter, audience: Audience, city: CityProfile) -> bool:
    if privacy.sees_exact(audience) or "hour" not in by:
        return False
    by_category = not privacy.CATEGORIES.isdisjoint(by) and not asked_categories(f, city)
    return privacy.is_sensitive(f, city) or (by_category and bool(city.sensitive))


def _coarser(f: AlertFilter, city: CityProfile) -> int:
    """The threshold of the filter's coarser tables: the stricter one only where sensitive categories are asked for."""
    return privacy.K_SENSITIVE if privacy.is_sensitive(f, city) else privacy.K_ORDINARY


def _strict_rows(raw: pd.DataFrame, by: Sequence[str], f: AlertFilter, city: CityProfile) -> Any:
    """Whether the stricter threshold holds: for the table, or for its rows of sensitive categories."""
    if privacy.is_sensitive(f, city) or privacy.is_fine_table(by, f):
        return True
    strict = np.zeros(len(raw), bool)
    if "category" in by:
        strict |= raw["category"].isin(city.sensitive).to_numpy()
    if "group" in by:
        groups = {category.group for category in city.categories.values() if category.sensitive}
        strict |= raw["group"].isin(groups).to_numpy()
    return strict


def _pile_points(source: Source) -> pd.DataFrame:
    """The piles of the store: longitude, latitude, stored."""
    mapped = source.table.filter(source.table.longitude.notnull() & source.table.latitude.notnull())
    number = int(mapped.count().to_pyarrow().as_py())
    least = max(PILE_LEAST, PILE_SHARE * number)
    points = mapped.group_by(["longitude", "latitude"]).aggregate(stored=mapped.count())
    points = points.filter(points.stored > least).order_by([ibis.desc("stored"), "longitude", "latitude"])
    found: pd.DataFrame = points.to_pandas()
    return found


def _on_piles(table: Any, points: pd.DataFrame) -> Any:
    """Whether an alert stands on one of the piles."""
    if points.empty:
        return table.alert_id.isnull() & False
    pairs = zip(points["longitude"], points["latitude"], strict=True)
    tests = ((table.longitude == float(x)) & (table.latitude == float(y)) for x, y in pairs)
    return reduce(or_, tests).fill_null(False)
