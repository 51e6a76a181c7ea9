"""The questions that pages, reports and commands put: how many alerts, by what, where, and under which other filter.

Statuses are all counted, rejected alerts too, unless the filter names some. An alert of several categories counts once
in totals and once in each of its categories; a span is shared out over its hours where hours are asked for.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from curim_data import privacy
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message, Translator
from curim_data.model.city import with_shore
from curim_data.model.sql import at_points
from curim_data.privacy import Counted
from curim_data.query._aggregate import aggregate_codes
from curim_data.query._default_points import default_points, in_named_cells
from curim_data.query._layout import Layout, dates
from curim_data.query.categoricals import CodedTable
from curim_data.query.question import Question, ask
from curim_data.query.total import Total

MOST_TOTALS: Final = 64
# The table that a total is the sum of.
_PARTS: Final = Layout(("inside", "at_default"))


def sentence(source: Source, f: AlertFilter, t: Translator, total: Total | None = None) -> str:
    """What the filter asks for, in words, with its dates in this store; and with how many alerts, where given."""
    n, of = (None, None) if total is None else (total.said, total.of)
    return f.sentence(t, source.city, n=n, total=of, dates=dates(source, f), by_month=source.by_month)


def total(source: Source, f: AlertFilter) -> Total:
    """How many alerts the filter leaves, and how many of them are on the map. Asked again, it is not counted again."""
    known: Total | None = _totals(source).get(_key(source, f))
    if known is not None:
        return known
    question = ask(source, f)
    return _remember(source, f, _total(question, question.count([_PARTS])[0]))


def _totals(source: Source) -> dict[Hashable, Total]:
    known: dict[Hashable, Total] = source.cache.setdefault("totals", {})
    return known


def _key(source: Source, f: AlertFilter) -> Hashable:
    return f, dates(source, f), source.protected, source.city.version


def _remember(source: Source, f: AlertFilter, counted: Total) -> Total:
    known = _totals(source)
    if len(known) >= MOST_TOTALS:
        known.clear()
    known[_key(source, f)] = counted
    return counted


def _total(question: Question, parts: pd.DataFrame) -> Total:
    """A total out of the numbers of alerts on the city's land, beside it, without a position, and at defaults."""
    n, land = parts["n"].astype(float), parts["inside"].eq(True)
    mapped, unmapped = int(n[land].sum()), int(n[parts["inside"].isna()].sum())
    return Total(
        n=int(n.sum()),
        mapped=mapped,
        outside=int(n.sum()) - mapped - unmapped,
        unmapped=unmapped,
        at_default=int(n[land & parts["at_default"].eq(True)].sum()),
        of=question.source.count,
        threshold=privacy.threshold(question.source, question.is_sensitive()),
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
    return question.counts(by, complete=complete, resolution=resolution, without_default_points=without_default_points)


def tables(
    source: Source,
    f: AlertFilter,
    tables: Sequence[Sequence[str]],
    *,
    complete: bool = False,
    without_default_points: bool = False,
    resolution: int | None = None,
) -> tuple[Counted, ...]:
    """Several tables, each as `counts` gives it, from one or two questions to the engine (`Question.answer`).

    With a `resolution` all tables are by cell.
    """
    question = ask(source, f)
    if without_default_points:
        question = question.without_default_points()
    if resolution is not None:
        question = question.on_land()
    layouts = [question.layout(by, resolution, complete=complete) for by in tables]
    return tuple(question.answer(layouts))


def coded_tables(
    source: Source,
    f: AlertFilter,
    tables: Sequence[Sequence[str]],
    *,
    resolution: int | None = None,
) -> list[CodedTable]:
    """`tables` as who sees exact counts has them, in codes and from one question to the engine: for studies that sum
    them up again, and tell of them only what every audience may know.
    """
    question = ask(source.in_full, f)
    if resolution is not None:
        question = question.on_land()
    layouts = [question.layout(by, resolution) for by in tables]
    found = aggregate_codes(question.rows, question.filter, source.city, layouts)
    return [table.where(table.n != 0) for table in found]


def cells(
    source: Source,
    f: AlertFilter,
    resolution: int,
    *,
    without_default_points: bool = True,
) -> Counted:
    """Alerts by map cell: the index is every cell of the city's land (int64), zeros included.

    The column `land_km2` is the land in the cell. Alerts at default coordinates are left out and counted
    (`at_default`). An alert whose cell touches no land counts in that of the land beside it (`counted_cells`); one far
    from the land is counted (`off_mask`) and belongs to no cell.
    """
    question = ask(source, f).on_land()
    layout = question.layout(["cell"], resolution, complete=True)
    counted = question.count([Layout(("cell", "at_default"), resolution)])[0]
    left_out = counted["at_default"].to_numpy(bool) & without_default_points
    n = counted[~left_out].groupby("cell")["n"].sum()
    land = question.city.land_cells(layout.resolution or 0)
    raw = pd.DataFrame({"cell": land.index, "n": n.reindex(land.index, fill_value=0).to_numpy(float)})
    table = question.protect(raw, layout)
    return replace(
        table,
        frame=table.frame.set_index("cell").reindex(land.index).assign(land_km2=land),
        at_default=int(counted["n"][left_out].sum()),
        off_mask=int(n.sum() - raw["n"].sum()),
    )


def default_coordinates(source: Source, f: AlertFilter) -> pd.DataFrame:
    """Points that hold far more of the stored alerts than others (`geo.default_coordinates`).

    Columns longitude, latitude, n (alerts under the filter), stored (alerts in the whole store).
    """
    question, points = ask(source, f), default_points(source).assign(n=0.0)
    cells = with_shore(source.city, question.filter.cells)
    here = points[in_named_cells(question.filter.replace(cells=tuple(f"{cell:x}" for cell in cells)), points)]
    if len(here):
        rows = question.rows.where(at_points(here))
        counted = rows.relation.frame("longitude, latitude, count(*) AS n", rows.conditions, "GROUP BY 1, 2")
        points = points.drop(columns="n").merge(counted, how="left").fillna({"n": 0})
    return points[["longitude", "latitude", "n", "stored"]]


def options(source: Source, f: AlertFilter, field: str) -> Counted:
    """Counts for each choice of a field of the filter bar (its attribute), under the rest of the filter.

    KeyError for a field without a dimension of its own (period, cells).
    """
    return counts(source, f.without(field), [f.field(field).dimensions[field]], complete=True)


def all_options(source: Source, f: AlertFilter, fields: Sequence[str]) -> dict[str, Counted]:
    """`options` of several fields, of which those that the filter leaves alone are counted together.

    The same question gives the filter's `total`.
    """
    question = ask(source, f)
    alone = [field for field in fields if f.without(field) == f]
    layouts = [Layout((f.field(field).dimensions[field],), complete=True) for field in alone]
    *raw, parts = question.count([*layouts, _PARTS])
    together = dict(zip(alone, map(question.protect, raw, layouts), strict=True))
    _remember(source, f, _total(question, parts))
    return {field: together.get(field) or options(source, f, field) for field in fields}


def nearest_nonempty(source: Source, f: AlertFilter) -> tuple[AlertFilter, Message] | None:
    """For a filter that leaves nothing: the filter without the one field that, left out, leaves most, and why.

    None where the filter leaves something, or where no single field helps. A period is widened to all dates.
    """
    if total(source, f).n != 0:
        return None
    best: tuple[float, AlertFilter, Message] | None = None
    for field in f.fields():
        wider = f.replace(period="all") if "period" in field.names else f.without(field.names[0])
        if wider == f:
            continue
        found = total(source, wider)
        if found.n and (best is None or found.n > best[0]):
            reason = Message("Without “{field}” there are alerts: {n}.", {"field": field.title, "n": found.said})
            best = (found.n, wider, reason)
    return best[1:] if best else None
