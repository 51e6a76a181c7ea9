"""The questions that pages, reports and commands put: how many alerts, by what, where, and under which other filter.

Statuses are all counted, rejected alerts too, unless the filter names some. An alert of several categories counts once
in totals and once in each of its categories; a span is shared out over its hours where hours are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from curim_data import privacy
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import MAP_RESOLUTIONS, Message, Translator, UnknownTimeError
from curim_data.model.absence import DIMENSION_UNITS
from curim_data.model.city import with_shore
from curim_data.model.sql import at_points
from curim_data.privacy import Counted, WrittenCounts
from curim_data.query._aggregate import aggregate
from curim_data.query._default_points import default_points, in_named_cells
from curim_data.query._layout import HARM, Layout, complete_table, dates, dimensions

BANDS: Final = Message("Hours come in bands of six.")


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
        return 0 < self.n < self.threshold

    @property
    def said(self) -> int | Message:
        """The number, or the words that stand for it, as `AlertFilter.sentence` takes it."""
        return Message("fewer than {k}", {"k": self.threshold}) if self.withheld else self.n

    def shown(self, n: int) -> int | None:
        """One of the numbers; None where it is too small to be written out."""
        return None if 0 < n < self.threshold else n


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
        known = dimensions() if self.source.protected else (*dimensions(), HARM)
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
        return replace(table, notes=(*self.notes, BANDS) if layout.banded else self.notes)


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


def all_options(source: Source, f: AlertFilter, fields: Sequence[str]) -> dict[str, Counted]:
    """`options` of several fields."""
    return {field: options(source, f, field) for field in fields}


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
