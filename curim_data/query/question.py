"""A question: a filter as an audience may ask it, the alerts that it leaves, and how counts of them are protected.

It is made once (`ask`) and passed on; every count of `curim_data.query` is one of its tables or single numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from curim_data import privacy
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import MAP_RESOLUTIONS, Audience, CityProfile, FloatArray, Message, UnknownTimeError
from curim_data.model.known_time import DIMENSION_UNITS
from curim_data.privacy import Protected
from curim_data.query._aggregate import Rows, aggregate
from curim_data.query._complete import complete_table
from curim_data.query._default_points import default_points
from curim_data.query._kept_counts import kept_counts
from curim_data.query._layout import HARM, Layout, dates, dimensions

MOST_KEPT: Final = 64  # filters of which it is kept what a named place may be


@dataclass(frozen=True)
class Question:
    """What is asked of a store. `filter` is the one that the audience was authorised for, `notes` say what changed.

    `once`: alerts of one incident count once, and counts are of incidents.
    """

    source: Source
    filter: AlertFilter
    audience: Audience
    notes: tuple[Message, ...]
    rows: Rows
    rule: privacy.Rule
    once: bool = False

    @property
    def city(self) -> CityProfile:
        """The city of the store."""
        return self.source.city

    @property
    def exact(self) -> bool:
        """Whether the audience sees exact counts."""
        return privacy.sees_exact(self.audience)

    @cached_property
    def upper_bound(self) -> float | None:
        """The most that all alerts may be, where one of the places that the filter names is suppressed; else None.

        Then all counts are suppressed whole: a named place is protected in the table of those places, under the rest of
        the filter.
        """
        if self.exact:
            return None
        known: dict[Hashable, float | None] = self.source.cache.setdefault("upper_bounds", {})
        key = (self.filter, dates(self.source, self.filter), self.audience, self.once, self.city.version)
        if key not in known:
            found = self._find_upper_bound()
            if len(known) >= MOST_KEPT:
                known.clear()
            known[key] = found
            return found
        return known[key]

    def _find_upper_bound(self) -> float | None:
        for name, column in sorted(self._named_places(1).items(), key=lambda item: item[1] != "cell"):
            chosen = getattr(self.filter, name)
            named = [int(cell, 16) for cell in chosen] if column == "cell" else list(chosen)
            others = ask(self.source, self.filter.without(name), self.audience, once=self.once)
            frame = others.counts([column], complete=True, resolution=self.finest_resolution).frame
            here = frame[frame[column].isin(named)]
            if here["withheld"].any():
                return float(here["high"].sum())
        return None

    @property
    def finest_resolution(self) -> int:
        """The finest H3 resolution that the audience may see."""
        return privacy.finest_resolution(self.audience, self.filter, self.city)

    def _named_places(self, least: int) -> dict[str, str]:
        """Attributes of the filter that name so many places or more, and the dimensions that hold these."""
        fields = [field for field in self.filter.fields() if field.key_variable == "place"]
        names = {name: field.dimensions.get(name, "cell") for field in fields for name in field.names}
        return {name: column for name, column in names.items() if len(getattr(self.filter, name)) >= least}

    def on_land(self) -> Question:
        """The same of alerts on the city's land alone."""
        return replace(self, rows=self.rows.where(self.rows.table.inside, named="on land"))

    def beside(self, dimensions: Sequence[str], *, alerts: bool = False) -> Question:
        """The same, counted and kept by further dimensions, by which other questions of the same alerts will be, and
        with all `alerts`, where those questions are of them.
        """
        if not (dimensions or alerts):
            return self
        return replace(self, rows=replace(self.rows, beside=tuple(dimensions), alerts_beside=alerts))

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
        privacy.check(by, resolution, self.filter, self.audience, self.city)
        return Layout(tuple(by), resolution, complete, banded=self._in_bands(by))

    def _in_bands(self, by: Sequence[str]) -> bool:
        """Whether hours come in bands, since sensitive alerts are among them."""
        if self.exact or "hour" not in by:
            return False
        by_category = not privacy.CATEGORIES.isdisjoint(by) and not asked_categories(self.filter, self.city)
        sensitive = privacy.is_sensitive(self.filter, self.city)
        return sensitive or (by_category and bool(privacy.sensitive_categories(self.source)))

    def count(self, layouts: Sequence[Layout], *, with_alerts: bool = False) -> list[pd.DataFrame]:
        """Exact tables, from one question to the engine: the columns `by` and n, and `alerts` where n are incidents and
        both are asked for. For this package alone.
        """
        points = default_points(self.source) if any("at_default" in layout.by for layout in layouts) else None
        return aggregate(self.rows, self.filter, self.city, layouts, points, with_alerts=with_alerts)

    def counts(
        self,
        by: Sequence[str],
        *,
        complete: bool = False,
        resolution: int | None = None,
        without_default_points: bool = False,
    ) -> Protected:
        """One table after disclosure control, as `curim_data.query.counts` gives it."""
        by_cell = "cell" in by
        layout = self.layout(by, resolution if by_cell else None, complete=complete)
        question = self.on_land() if by_cell else self
        if by_cell if not self.exact else without_default_points:
            question = question.without_default_points()
        return question.answer([layout])[0]

    @property
    def of_alerts(self) -> Question:
        """The same question of all alerts, where this one counts each incident once."""
        return replace(self, rows=self.rows.of_alerts, once=False)

    def answer(self, layouts: Sequence[Layout], *, at_once: bool = False) -> list[Protected]:
        """Tables after disclosure control. Those by lists and the others are two questions to the engine, or one: where
        the ones are by all columns of the others, or `at_once`, where alerts are few.
        """
        both = self.once and not self.exact
        raw = self._counted(layouts, at_once, with_alerts=both)
        if not both:
            return [self.protect(raw[layout], layout) for layout in layouts]
        parts = {layout: _apart(raw[layout]) for layout in layouts}
        return [self.protect(parts[layout][0], layout, alerts=parts[layout][1]) for layout in layouts]

    def _counted(self, layouts: Sequence[Layout], at_once: bool, *, with_alerts: bool) -> dict[Layout, pd.DataFrame]:
        listed = [layout for layout in layouts if layout.listed]
        others = [layout for layout in layouts if not layout.listed]
        known = {name for layout in listed for name in layout.by}
        if at_once or all(known.issuperset(layout.by) for layout in others):  # the listed ones tell these apart anyway
            listed, others = list(layouts), []
        raw: dict[Layout, pd.DataFrame] = {}
        for chosen in filter(None, (listed, others)):
            raw |= zip(chosen, self.count(chosen, with_alerts=with_alerts), strict=True)
        return raw

    def protect(
        self, raw: pd.DataFrame, layout: Layout, *, each_place: bool = True, alerts: pd.DataFrame | None = None
    ) -> Protected:
        """An exact table after disclosure control. `each_place`: also each of several places that the filter names.

        `alerts`: the same table of alerts, where `raw` is of incidents: what that withholds is withheld here too.
        """
        by_place = each_place and not self.exact and self.upper_bound is None
        whole = None
        if alerts is not None:
            alerts = complete_table(alerts, layout, self.source, self.filter)
            raw, n = _beside(raw, alerts, list(layout.by))
            whole = privacy.Whole(n, self.of_alerts._by_named_place(raw, layout) if by_place else ())
        elif layout.complete or not self.exact:
            raw = complete_table(raw, layout, self.source, self.filter)
        parts = self._by_named_place(raw, layout) if by_place else ()
        nested = {} if self.exact else privacy.nested_dimensions(self.city, self._kinds(layout))
        table = privacy.protect(raw, layout.by, self.audience, rule=self.rule, nested=nested, parts=parts, whole=whole)
        if self.upper_bound is not None:
            table = privacy.suppress_whole(table, self.upper_bound)
        if layout.by and not layout.complete and (table.frame["n"].to_numpy() == 0).any():
            table = replace(table, frame=table.frame[table.frame["n"] != 0].reset_index(drop=True))
        bands = Message("Hours come in bands of six, because sensitive alerts are among them.")
        return replace(table, notes=(*self.notes, bands) if layout.banded else self.notes)

    def _kinds(self, layout: Layout) -> Mapping[str, frozenset[str]]:
        """The kinds of the categories of a table, under the filter; none for a table that is not by category."""
        return self._kinds_found if "category" in layout.by else {}

    @cached_property
    def _kinds_found(self) -> Mapping[str, frozenset[str]]:
        return privacy.kinds_of_categories(self.rows.chosen)

    def _by_named_place(self, raw: pd.DataFrame, layout: Layout) -> tuple[FloatArray, ...]:
        """The rows of `raw` in each of several places that the filter names: an array for each kind of place."""
        by, found = list(layout.by), []
        for column in self._named_places(2).values():
            if column in by:
                continue
            fine = self.count([replace(layout, by=(*by, column), resolution=self.finest_resolution)])[0]
            numbered = raw[by].assign(row=np.arange(len(raw)))
            fine = fine.merge(numbered, on=by) if by else fine.assign(row=0)
            places, levels = pd.factorize(fine[column])
            counts = np.zeros((len(raw), len(levels)))
            np.add.at(counts, (fine["row"].to_numpy(int), places), fine["n"].to_numpy(float))
            found.append(counts)
        return tuple(found)

    def is_sensitive(self, by: Sequence[str] = ()) -> bool:
        """Whether the sensitive threshold holds for a table by these dimensions, or for a single number."""
        return privacy.is_sensitive(self.filter, self.city) or privacy.is_fine_table(by, self.filter)

    def number(self, n: float, by: Sequence[str] = ()) -> int | None:
        """A single number after disclosure control, that of a table by these dimensions; None where suppressed."""
        shown = privacy.protect_number(n, self.audience, sensitive=self.is_sensitive(by))
        return None if shown is None else int(shown)


def _apart(both: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table of incidents, and the same table of alerts, out of one that has both."""
    return both.drop(columns="alerts"), both.drop(columns="n").rename(columns={"alerts": "n"})


def _beside(incidents: pd.DataFrame, alerts: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, FloatArray]:
    """A table of incidents with a row for each of the same table of alerts, and the numbers of these."""
    if not by:
        return incidents, alerts["n"].to_numpy(float)
    both = alerts.rename(columns={"n": "alerts"}).merge(incidents, on=by, how="left").fillna({"n": 0.0})
    return both[[*by, "n"]], both["alerts"].to_numpy(float)


def _asked_of_reports(f: AlertFilter, city: CityProfile) -> Hashable:
    """All that the first reports of incidents depend on under a filter: what it asks of reports, and the city."""
    names = (name for field in f.fields() if field.of_report for name in field.names)
    return city.version, tuple(getattr(f, name) for name in names)


def ask(source: Source, f: AlertFilter, audience: Audience, *, once: bool = False) -> Question:
    """The question of an audience: where it sees no exact counts, picked cells hold what its map shows there.

    `once`: of incidents instead of alerts; the same where every alert reports an incident of its own.
    """
    authorised, notes = privacy.authorise(f, audience, source.city)
    once = once and source.repeated
    rows = _rows(source, authorised, once=once)
    question = Question(source, authorised, audience, notes, rows, privacy.threshold_rule(authorised, source), once)
    return question if question.exact or not authorised.cells else question.on_land().without_default_points()


def _rows(source: Source, f: AlertFilter, *, once: bool) -> Rows:
    """The alerts that a filter leaves; `once`: of each incident one."""
    days, undated = dates(source, f), f.replace(period="", start=None, end=None)
    table = source.once if once else source.narrow
    reports = tuple(f.report_tests(table, source.city)) if once else ()
    held = source.first_reports(table, _asked_of_reports(f, source.city)) if reports else None
    kept = None if held is None else held.reports(table, reports)
    if kept is not None:
        table, reports = kept, ()
    return Rows(
        table,
        tuple(f.tests(table, days, source.city, of_reports=kept is None)),
        once,
        reports,
        counted=kept_counts(source.cache),
        key=(source.city.version, undated, days),
        held=held,
    )
