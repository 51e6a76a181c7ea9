"""A question: a filter as it may be asked of a source, the alerts that it leaves, and how counts of them are protected.

It is made once (`ask`) and passed on; every count of `curim_data.query` is one of its tables or single numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from curim_data import privacy
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import MAP_RESOLUTIONS, CityProfile, Message, UnknownTimeError
from curim_data.model.absence import DIMENSION_UNITS
from curim_data.privacy import Counted
from curim_data.query._aggregate import Rows, aggregate
from curim_data.query._complete import complete_table
from curim_data.query._default_points import default_points
from curim_data.query._layout import HARM, Layout, dates, dimensions


@dataclass(frozen=True)
class Question:
    """What is asked of a store. `filter` is the one that was authorised, `notes` say what changed."""

    source: Source
    filter: AlertFilter
    notes: tuple[Message, ...]
    rows: Rows
    rule: privacy.Rule

    @property
    def city(self) -> CityProfile:
        """The city of the store."""
        return self.source.city

    @property
    def exact(self) -> bool:
        """Whether the counts are exact."""
        return not self.source.protected

    @property
    def finest_resolution(self) -> int:
        """The finest H3 resolution that the audience may see."""
        return privacy.finest_resolution(self.source, self.filter)

    def on_land(self) -> Question:
        """The same of alerts on the city's land alone."""
        return replace(self, rows=self.rows.where("inside"))

    def without_default_points(self) -> Question:
        """The same without the alerts at default coordinates."""
        return replace(self, rows=self.rows.off(default_points(self.source)))

    def layout(self, by: Sequence[str], resolution: int | None = None, *, complete: bool = False) -> Layout:
        """A table that the audience may ask for; ValueError, UnknownTimeError or DisclosureError for another."""
        known = (*dimensions(), HARM) if self.exact else dimensions()
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
        return Layout(tuple(by), resolution, complete, banded=not self.exact and "hour" in by)

    def count(self, layouts: Sequence[Layout]) -> list[pd.DataFrame]:
        """Exact tables, from one question to the engine: the columns `by` and n. For this package alone."""
        points = default_points(self.source) if any("at_default" in layout.by for layout in layouts) else None
        return aggregate(self.rows, self.filter, self.city, layouts, points)

    def counts(
        self,
        by: Sequence[str],
        *,
        complete: bool = False,
        resolution: int | None = None,
        without_default_points: bool = False,
    ) -> Counted:
        """One table after disclosure control, as `curim_data.query.counts` gives it."""
        by_cell = "cell" in by
        layout = self.layout(by, resolution if by_cell else None, complete=complete)
        question = self.on_land() if by_cell else self
        if without_default_points:
            question = question.without_default_points()
        return question.answer([layout])[0]

    def answer(self, layouts: Sequence[Layout]) -> list[Counted]:
        """Tables for the audience. Those by lists and the others are two questions to the engine, or one, where the
        ones are by all columns of the others.
        """
        listed = [layout for layout in layouts if layout.listed]
        others = [layout for layout in layouts if not layout.listed]
        known = {name for layout in listed for name in layout.by}
        if all(known.issuperset(layout.by) for layout in others):  # the listed ones tell these apart anyway
            listed, others = list(layouts), []
        raw: dict[Layout, pd.DataFrame] = {}
        for chosen in filter(None, (listed, others)):
            raw |= zip(chosen, self.count(chosen), strict=True)
        return [self.protect(raw[layout], layout) for layout in layouts]

    def protect(self, raw: pd.DataFrame, layout: Layout) -> Counted:
        """A table for the audience."""
        if layout.complete:
            raw = complete_table(raw, layout, self.source, self.filter)
        table = privacy.protect(raw, layout.by, self.source, self.rule)
        if layout.by and not layout.complete:
            kept = table.frame["n"].to_numpy() != 0
            if not kept.all():
                least = table.least if np.ndim(table.least) == 0 else np.asarray(table.least)[kept]
                table = replace(table, frame=table.frame[kept].reset_index(drop=True), least=least)
        bands = Message("Hours come in bands of six.")
        return replace(table, notes=(*self.notes, bands) if layout.banded else self.notes)

    def is_sensitive(self) -> bool:
        """Whether the filter asks for sensitive categories."""
        return privacy.is_sensitive(self.filter, self.city)


def ask(source: Source, f: AlertFilter) -> Question:
    """What a filter asks of a source. RuntimeError where a home's own alerts are taken for their protected copy."""
    if source.exact is None and source.city.prepared is not None and source.protected:
        raise RuntimeError("these are the alerts of a home: open their protected copy")
    authorised, notes = privacy.authorise(f, source)
    rows = _rows(source, authorised)
    return Question(source, authorised, notes, rows, privacy.threshold_rule(authorised, source))


def _rows(source: Source, f: AlertFilter) -> Rows:
    """The alerts that a filter leaves."""
    return Rows(source.alerts, tuple(f.conditions(dates(source, f), source.city, source.alerts.levels)))
