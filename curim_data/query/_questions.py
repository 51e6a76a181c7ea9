"""From a filter to counts: every question is an Ibis group-by, and every answer passes the gate.

Statuses are all counted, rejected alerts too, unless the filter names some. An alert of several categories counts once
in totals and once in each of its categories; a span is shared out over its hours where hours are asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curim_data import privacy
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model.access import Audience
from curim_data.model.alert import CELL_RESOLUTIONS
from curim_data.model.i18n import Message, Translator
from curim_data.privacy import GateError, Protected, sensitive_categories
from curim_data.privacy.thresholds import nested, rule
from curim_data.query.aggregate import (
    MANIFOLD,
    PLAIN,
    Rows,
    by_cell,
    counted,
    counted_each,
    may_hold,
    on_piles,
    pile_points,
)
from curim_data.query.complete import complete_frame
from curim_data.query.total import Total

__all__ = [
    "GateError",
    "Total",
    "all_options",
    "cells",
    "counts",
    "dates",
    "dimensions",
    "nearest_nonempty",
    "options",
    "piles",
    "sentence",
    "tables",
    "total",
]

DIMENSIONS: Final = ("cell", "year", "hour", "category", "group", *PLAIN)
MOST_TOTALS: Final = 64


def dimensions() -> tuple[str, ...]:
    """What counts can be made by."""
    fields = (column for field in AlertFilter.fields() for column in field.dimensions.values())
    return tuple(dict.fromkeys((*DIMENSIONS, *fields)))


def _named_places(f: AlertFilter) -> dict[str, str]:
    """Attributes of the filter that name places, and the dimensions that hold them."""
    places = (field for field in f.fields() if field.key_variable == "place")
    return {name: field.dimensions.get(name, "cell") for field in places for name in field.names}


def dates(source: Source, f: AlertFilter) -> tuple[dt.date, dt.date]:
    """First and last day that the filter means in this store, both included."""
    return f.resolve(source.as_of, source.first, source.meeting, by_month=source.by_month)


def sentence(source: Source, f: AlertFilter, t: Translator, total: Total | None = None) -> str:
    """What the filter asks for, in words, with its dates in this store; and with how many alerts, where given."""
    n, of = (None, None) if total is None else (total.said, total.of)
    return f.sentence(t, source.city, n=n, total=of, dates=dates(source, f), by_month=source.by_month)


def total(source: Source, f: AlertFilter, audience: Audience) -> Total:
    """How many alerts the filter leaves, and how many of them are on the map. Asked again, it is not counted again."""
    known: dict[Any, Total] = source.kept.setdefault("totals", {})
    told = known.get(_key(source, f, audience))
    return _keep_total(source, f, audience, _total(source, f, audience)) if told is None else told


def _key(source: Source, f: AlertFilter, audience: Audience) -> Any:
    return f, dates(source, f), audience, source.city.version


def _keep_total(source: Source, f: AlertFilter, audience: Audience, told: Total) -> Total:
    known: dict[Any, Total] = source.kept.setdefault("totals", {})
    if len(known) >= MOST_TOTALS:
        known.clear()
    known[_key(source, f, audience)] = told
    return told


def _total(source: Source, f: AlertFilter, audience: Audience) -> Total:
    admitted, notes = privacy.admit(f, audience, source.city)
    table, points = _chosen(source, admitted, audience).chosen, pile_points(source)
    asked = {"n": table.count(), "mapped": table.inside.cast("int64").sum(), "unmapped": table.inside.isnull().sum()}
    if len(points):
        asked["piled"] = (on_piles(table, points) & table.inside.fill_null(False)).cast("int64").sum()
    row = {"piled": 0} | table.aggregate(**asked).to_pyarrow().to_pylist()[0]
    parts = (int(row[name] or 0) for name in ("n", "mapped", "unmapped", "piled"))
    return _total_of(source, admitted, audience, notes, *parts)


def _total_of(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    notes: tuple[Message, ...],
    n: int,
    mapped: int,
    unmapped: int,
    standing: int,
) -> Total:
    """A total out of exact numbers: all alerts, those on the map, those without a position, those on piles."""
    strict = privacy.is_sensitive(f, source.city) or privacy.is_fine_table((), f)
    most = _veiled(source, f, audience)
    if most is not None:
        k = privacy.threshold(audience, strict)
        return Total(None, None, None, None, None, source.count, k, notes, veiled=most >= k)
    parts = pd.DataFrame({"part": ["mapped", "outside", "unmapped"], "n": [mapped, n - mapped - unmapped, unmapped]})
    told = privacy.protect(parts, ["part"], audience, sensitive=strict).frame.set_index("part")["n"]
    shown = {part: None if pd.isna(value) else int(value) for part, value in told.items()}
    number = privacy.protect_number(n, audience, sensitive=strict)
    on = privacy.protect_number(standing, audience, sensitive=strict)
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
    """Alerts by the dimensions `by` (names of `dimensions`; none is one row with the number of alerts).

    Dates come as timestamps; what is missing is a row of its own, missing. `cell` needs its `resolution` and counts
    alerts on the city's land. With `complete`, weeks, months, days, hours, weekdays, districts, cells and the values of
    enums that have no alert get a row with a true zero. The counts are whole but for hours. Where the filter names
    categories only those are told apart. Where the audience sees no exact counts piles are set aside on the map and in
    picked cells, and only there. Raises GateError for what the audience may not ask, ValueError for an unknown
    dimension.
    """
    known = dimensions()
    unknown = [name for name in by if name not in known]
    if unknown or len(set(by)) != len(by):
        raise ValueError(f"counts cannot be made by {', '.join(unknown or by)}; use each once: {', '.join(known)}")
    if "cell" in by and resolution not in CELL_RESOLUTIONS:
        raise ValueError(f"counts by cell need a resolution out of {CELL_RESOLUTIONS}")
    f, notes = privacy.admit(f, audience, source.city)
    privacy.check(by, resolution if "cell" in by else None, f, audience, source.city)
    city = source.city
    rows = _chosen(source, f, audience)
    if "cell" in by if not privacy.sees_exact(audience) else without_piles:
        rows = rows.off_piles(pile_points(source))
    if "cell" in by:
        rows = rows.where(rows.table.inside)
    banded = _needs_bands(by, f, audience, source)
    raw = counted(rows, f, by, city, resolution, banded)
    if banded:
        notes += (Message("Hours are told in bands of six, because sensitive alerts are among them."),)
    veiled = _veiled(source, f, audience)
    told = _told(raw, rows, source, f, by, audience, veiled, complete=complete, resolution=resolution, banded=banded)
    return replace(told, notes=notes)


def tables(
    source: Source,
    f: AlertFilter,
    tables: Sequence[Sequence[str]],
    audience: Audience,
    *,
    complete: bool = False,
    without_piles: bool = False,
    at_once: bool = False,
    resolution: int | None = None,
) -> tuple[Protected, ...]:
    """Several tables, each as `counts` gives it: counted in two questions, or in one `at_once`, where alerts are few.

    No hours in bands. With a `resolution` all tables are by cell.
    """
    f, notes = privacy.admit(f, audience, source.city)
    rows, answers = _chosen(source, f, audience), []
    if without_piles and privacy.sees_exact(audience):
        rows = rows.off_piles(pile_points(source))
    if resolution is not None:
        rows = rows.where(rows.table.inside)
    veiled = _veiled(source, f, audience)
    themed = [at_once or not MANIFOLD.isdisjoint(by) for by in tables]
    found: dict[int, pd.DataFrame] = {}
    for kind in set(themed):
        places = [at for at, one in enumerate(themed) if one is kind]
        made = counted_each(rows, f, [tables[at] for at in places], source.city, resolution, False)
        found |= zip(places, made, strict=True)
    for at, by in enumerate(tables):
        privacy.check(by, resolution, f, audience, source.city)
        told = _told(found[at], rows, source, f, by, audience, veiled, complete=complete, resolution=resolution)
        answers.append(replace(told, notes=notes))
    return tuple(answers)


def _told(
    raw: pd.DataFrame,
    rows: Rows,
    source: Source,
    f: AlertFilter,
    by: Sequence[str],
    audience: Audience,
    veiled: float | None,
    *,
    complete: bool = False,
    resolution: int | None = None,
    banded: bool = False,
) -> Protected:
    """What was counted in a table, made complete and put through the gate; `veiled` as `_veiled` gives it."""
    exact = privacy.sees_exact(audience)
    if complete or not exact:
        raw = complete_frame(raw, by, source, f, dates(source, f), resolution, banded)
    told = privacy.protect(
        raw,
        by,
        audience,
        rule=rule(f, source),
        nested=nested(source.city),
        parts=() if exact or veiled is not None else _parts(raw, rows, source, f, by, audience, banded),
    )
    if veiled is not None:
        told = privacy.veil(told, veiled)
    return told if complete or not by else replace(told, frame=told.frame[told.frame["n"] != 0].reset_index(drop=True))


def _veiled(source: Source, f: AlertFilter, audience: Audience) -> float | None:
    """Where one of the places that the filter names is withheld in the table of those: the most that all may hold."""
    if privacy.sees_exact(audience):
        return None
    for name, column in _named_places(f).items():
        chosen = getattr(f, name)
        if not chosen:
            continue
        asked = [int(cell, 16) for cell in chosen] if column == "cell" else list(chosen)
        floor = privacy.finest_resolution(audience, f, source.city)
        told = counts(source, f.without(name), [column], audience, complete=True, resolution=floor).frame
        here = told[told[column].isin(asked)]
        if here["withheld"].any():
            return float(here["high"].sum())
    return None


def _parts(
    raw: pd.DataFrame,
    rows: Rows,
    source: Source,
    f: AlertFilter,
    by: Sequence[str],
    audience: Audience,
    banded: bool,
) -> tuple[NDArray[np.float64], ...]:
    """The rows of `raw` in each of several places that the filter names: an array for each kind of place."""
    floor = privacy.finest_resolution(audience, f, source.city)
    found = []
    for name, column in _named_places(f).items():
        if len(getattr(f, name)) < 2 or column in by:
            continue
        fine = counted(rows, f, [*by, column], source.city, floor, banded)
        numbered = raw[list(by)].assign(row=np.arange(len(raw)))
        fine = fine.merge(numbered, on=list(by)) if by else fine.assign(row=0)
        places, levels = pd.factorize(fine[column])
        apart = np.zeros((len(raw), len(levels)))
        np.add.at(apart, (fine["row"].to_numpy(int), places), fine["n"].to_numpy(float))
        found.append(apart)
    return tuple(found)


def cells(
    source: Source, f: AlertFilter, resolution: int, audience: Audience, *, without_piles: bool = True
) -> Protected:
    """Alerts by map cell: the index is every cell of the city's land (int64), zeros included.

    The column `land_km2` is the land in the cell. Piles of identical coordinates are set aside, always so where the
    audience sees no exact counts, and counted (`piled`);
    alerts whose cell has no land are counted (`off_mask`) and belong to no cell.
    """
    f, notes = privacy.admit(f, audience, source.city)
    privacy.check(["cell"], resolution, f, audience, source.city)
    without_piles = without_piles or not privacy.sees_exact(audience)
    land = source.city.land_cells(resolution)
    rows = _chosen(source, f, audience)
    counted_cells = by_cell(rows.where(rows.table.inside), pile_points(source), resolution)
    on_pile = counted_cells["pile"].to_numpy(bool)
    piled = float(counted_cells["n"].to_numpy()[on_pile].sum())
    found = counted_cells[~on_pile if without_piles else slice(None)].groupby("cell")["n"].sum()
    raw = pd.DataFrame({"cell": land.index, "n": found.reindex(land.index, fill_value=0).to_numpy(float)})
    strict = privacy.is_sensitive(f, source.city) or privacy.is_fine_table(["cell"], f)
    told = privacy.protect(raw, ["cell"], audience, rule=rule(f, source))
    veiled = _veiled(source, f, audience)
    if veiled is not None:
        told = privacy.veil(told, veiled)
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
    if (points := pile_points(source)).empty:
        return points.assign(n=0.0)[["longitude", "latitude", "n", "stored"]]
    points["n"] = 0.0
    here = points[may_hold(f, points)]
    if here.empty:
        return points[["longitude", "latitude", "n", "stored"]]
    rows = _chosen(source, f, audience)
    table = rows.where(on_piles(rows.table, here)).chosen
    found = table.group_by(["longitude", "latitude"]).aggregate(n=table.count()).to_pandas()
    frame = points.drop(columns="n").merge(found, how="left").fillna({"n": 0})
    strict = privacy.is_sensitive(f, source.city) or privacy.is_fine_table(["cell"], f)
    safe = [privacy.protect_number(float(n), audience, sensitive=strict) for n in frame["n"]]
    frame["n"] = pd.Series(safe, dtype="float64")
    return frame[["longitude", "latitude", "n", "stored"]]


def options(source: Source, f: AlertFilter, field: str, audience: Audience) -> Protected:
    """Counts for each choice of a field of the filter bar (its attribute), under the rest of the filter.

    KeyError for a field without a column of its own (period, cells).
    """
    return counts(source, f.without(field), [f.field(field).dimensions[field]], audience, complete=True)


def all_options(source: Source, f: AlertFilter, fields: Sequence[str], audience: Audience) -> dict[str, Protected]:
    """`options` of several fields, of which those that the filter leaves alone are counted together.

    Where the audience sees exact counts the same question tells the filter's `total`.
    """
    together: dict[str, Protected] = {}
    if privacy.sees_exact(audience):
        admitted, notes = privacy.admit(f, audience, source.city)
        alone = [field for field in fields if f.without(field) == f]
        asked = [[f.field(field).dimensions[field]] for field in alone]
        rows, points = _chosen(source, admitted, audience), pile_points(source)
        *raw, parts = counted_each(rows, admitted, [*asked, ["inside", "pile"]], source.city, None, False, points)
        for field, by, table in zip(alone, asked, raw, strict=True):
            told = _told(table, rows, source, admitted, by, audience, None, complete=True)
            together[field] = replace(told, notes=notes)
        n, inside, land = parts["n"], parts["inside"], parts["inside"].eq(True)
        numbers = (n.sum(), n[land].sum(), n[inside.isna()].sum(), n[land & parts["pile"].eq(True)].sum())
        _keep_total(source, f, audience, _total_of(source, admitted, audience, notes, *map(int, numbers)))
    return {field: together.get(field) or options(source, f, field, audience) for field in fields}


def nearest_nonempty(source: Source, f: AlertFilter, audience: Audience) -> tuple[AlertFilter, Message] | None:
    """For a filter that leaves nothing: the filter without the one field that, left out, leaves most, and why.

    None where the filter leaves something, or where no single field helps. A period is widened to all dates.
    """
    if total(source, f, audience).n != 0:
        return None
    best: tuple[float, AlertFilter, Message] | None = None
    for field in f.fields():
        wider = f.replace(period="all") if "period" in field.names else f.without(field.names[0])
        if wider == f:
            continue
        found = total(source, wider, audience)
        n = 0.5 if found.n is None else found.n
        if n and (best is None or n > best[0]):
            told = Message("Without “{field}” there are alerts: {n}.", {"field": field.title, "n": found.said})
            best = (n, wider, told)
    return best[1:] if best else None


def _chosen(source: Source, f: AlertFilter, audience: Audience) -> Rows:
    """The alerts under the filter; for an audience without exact counts picked cells hold what its map shows there."""
    table = source.narrow
    rows = Rows(table, tuple(f.tests(table, dates(source, f), source.city)))
    if f.cells and not privacy.sees_exact(audience):
        rows = rows.where(table.inside).off_piles(pile_points(source))
    return rows


def _needs_bands(by: Sequence[str], f: AlertFilter, audience: Audience, source: Source) -> bool:
    if privacy.sees_exact(audience) or "hour" not in by:
        return False
    by_category = not privacy.CATEGORIES.isdisjoint(by) and not asked_categories(f, source.city)
    return privacy.is_sensitive(f, source.city) or (by_category and bool(sensitive_categories(source)))
