"""What changed between two periods: every place and category, tested and corrected for the number of tests."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.stats.dispersion import Dispersion
from analysis.stats.harm_weights import WeighedBy
from analysis.stats.result import Choice
from analysis.trends.changes import AREA, Change, Changes, add_city_reference, changes
from analysis.trends.past_scatter import candidate_dispersions
from analysis.trends.smallest_change import SmallestChange, smallest_change
from analysis.trends.weighted_changes import BY_WEIGHT, weighted_changes
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message, Num
from curim_data.studies.annotations import noted_between
from curim_data.studies.category_use import ALWAYS_IN_USE, NotInUse, not_in_use
from curim_data.studies.coarse_areas import area_resolution, area_tables, cell_km2, count_areas
from curim_data.studies.harm import ChangeWeights, weights_of_candidates
from curim_data.studies.periods import ComparedPeriods, compared_periods
from curim_data.studies.scatter import NO_PAST, PastScatter, past_scatter


@dataclass(frozen=True)
class ChangeStudy:
    """Every change that was looked at, between two periods.

    `without_dark`: why categories after dark were left out, if they were: between the two periods nightfall moved, or
    it is not known whether it was dark. `noted`: what is noted on the time line between them.
    `past`: the dispersion of counts before the later period. `harm`: what the alerts weigh, where that was asked.
    `not_in_use`: the categories that were not compared because they came into use, or out of it, meanwhile, as far as
    the audience may be told.
    """

    periods: ComparedPeriods
    changes: Changes
    without_dark: Choice | None = None
    past: PastScatter = NO_PAST
    noted: tuple[Choice, ...] = ()
    counted: tuple[Choice, ...] = ()
    harm: ChangeWeights | None = None
    not_in_use: NotInUse = ALWAYS_IN_USE

    def smallest(self, area: bool = False) -> SmallestChange | None:
        """The smallest change of all alerts that would have been seen; with `area`, of a typical place or category.

        Typical is the candidate of median count before, among those with an alert before, to the nearest of 1, 2, 5, 10
        and so on: the median is the count of one of them, which may be too small to be written out. None where nothing
        was tested.
        """
        frame, count = self.changes.frame, self.changes.n_tested
        if self.periods.before is None or not count:
            return None
        level = self.changes.alpha / count
        whole = frame[list(self.changes.by)].isna().to_numpy().all(axis=1)
        tested = frame["p"].notna().to_numpy()
        n = {name: frame[name].to_numpy(float) for name in ("before", "after", "dispersion", "freedom")}
        city = np.flatnonzero(whole & tested)
        if not len(city):
            return None
        if not area:
            before, wider, squares = (float(n[name][city[0]]) for name in ("before", "dispersion", "freedom"))
            return smallest_change(int(before), self.periods.lengths, level=level, dispersion=wider, freedom=squares)
        rows = ~whole & tested & (n["before"] > 0)
        if not rows.any():
            return None
        before = _rounded(float(np.median(n["before"][rows])))
        base = tuple(int(n[when][city[0]]) - before for when in ("before", "after"))
        if min(base) <= 0:
            return None
        wider, squares = (float(np.median(n[name][rows])) for name in ("dispersion", "freedom"))
        return smallest_change(
            before,
            self.periods.lengths,
            base=(base[0], base[1]),
            level=level,
            dispersion=wider,
            freedom=squares,
        )

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The reference period, what is counted, whether darkness was left out, then the settings of the test."""
        dark = (self.without_dark,) if self.without_dark else ()
        weighed = self.harm.choices if self.harm is not None else ()
        told = (self.periods.choice, *self.counted, *self.noted, *dark, *self.changes.choices, *self.past.choices)
        return (*told, *weighed)


# A candidate is a theme (everything, a category, a category after dark) in an area (the city, a district, a place; a
# large map cell, by its H3 name, where the city has neither).
_THEMES: Final = ((), ("category",), ("category", "dark"))
CANDIDATE_KEYS: Final = (*AREA, "category", "dark")
DARKNESS: Final = Choice(
    "darkness",
    "",
    Message(
        "What happened after dark was not compared: between the two periods the days became shorter or longer, so that "
        "the same hours are dark in the one and light in the other."
    ),
)
UNKNOWN_DARKNESS: Final = Choice(
    "darkness", "", Message("What happened after dark was not compared: it is not known whether it was dark.")
)
MOST_KEPT: Final = 16  # pairs of filters of which the exact tables are kept
_COUNTED: Final = ("before", "after")


def change_study(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    since: dt.date | None = None,
    weight: WeighedBy | None = None,
) -> ChangeStudy:
    """What changed since a day (by default over the filter's period), everywhere, corrected for having looked.

    Places and categories are compared with what the rest of the city did, so that a rise in reporting counts once.
    Darkness is compared between the same weeks of two years only: from one season to another the same hour is dark or
    light, and counts after dark change although nothing did. `weight`: beside the counts, what the alerts weigh by
    that; DisclosureError for who sees no exact counts.
    """
    periods = filter_periods(source, f, since)
    if periods.before is None:
        return _nothing_compared(periods)
    search = _Search.of(source, f, periods, audience)
    study = search.study(audience)
    if weight is None:
        return study
    graded_too = weights_of_candidates(
        source, search.filters, search.by, audience, weight, search.candidates, search.resolution
    )
    harm = ChangeWeights(
        weighted_changes(graded_too.frame, study.changes.frame, periods.lengths), (*graded_too.choices, BY_WEIGHT)
    )
    return replace(study, harm=harm)


def changes_for_all(source: Source, f: AlertFilter) -> ChangeStudy:
    """What changed over the filter's period, out of the counts that choose what is told (`selection.chosen_from`)."""
    periods = filter_periods(source, f)
    if periods.before is None:
        return _nothing_compared(periods)
    return _Search.of(source, f, periods, Audience.SPECIALIST).study(Audience.SPECIALIST)


def _nothing_compared(periods: ComparedPeriods) -> ChangeStudy:
    nothing = pd.DataFrame(columns=[*CANDIDATE_KEYS, *_COUNTED], dtype=float)
    return ChangeStudy(periods, changes(nothing, CANDIDATE_KEYS, relative=True))


@dataclass(frozen=True)
class _Search:
    """The tables of both periods, of which candidates are the rows: a table of `by` in each of `tables`."""

    source: Source
    f: AlertFilter
    periods: ComparedPeriods
    filters: tuple[AlertFilter, AlertFilter]
    by: list[list[str]]
    resolution: int | None
    tables: tuple[list[pd.DataFrame], ...]

    @classmethod
    def of(cls, source: Source, f: AlertFilter, periods: ComparedPeriods, audience: Audience) -> _Search:
        """The tables of both periods, as an audience may see them: counted once for all who see exact counts."""
        assert periods.before is not None
        before = f.replace(period="", start=periods.before[0], end=periods.before[1])
        after = f.replace(period="", start=periods.after[0], end=periods.after[1])
        with_dark = source.lacks_light is None and periods.same_light
        themes = [theme for theme in _THEMES if "dark" not in theme or with_dark]
        resolution = area_resolution(source)
        areas = ((), ("district",), ("place",)) if resolution is None else ((), ("cell",))
        by = [[*area, *theme] for area in areas for theme in themes]
        tables = _counted(source, (before, after), by, audience, resolution)
        return cls(source, f, periods, (before, after), by, resolution, tables)

    @cached_property
    def paired(self) -> list[dict[str, np.ndarray]]:
        """The columns of each table with its counts of both periods."""
        return [_pair(old, new, names) for old, new, names in zip(*self.tables, self.by, strict=True)]

    @cached_property
    def alone(self) -> bool:
        """Whether one category holds everything, so that no table by category is looked at."""
        return _one_category(self.paired[0], self.paired[1])

    def pairs(self) -> pd.DataFrame:
        """All candidates with their counts of both periods."""
        alone = self.alone
        kept = [pair for pair, names in zip(self.paired, self.by, strict=True) if not (alone and "category" in names)]
        columns = {name: np.concatenate([pair[name] for pair in kept]) for name in (*CANDIDATE_KEYS, *_COUNTED)}
        keys = {name: pd.Series(columns[name], dtype=object) for name in CANDIDATE_KEYS}
        found = pd.DataFrame(columns | keys)
        if self.not_in_use.covers(self.f, self.source.city):
            return found.iloc[:0]
        if not self.not_in_use.all:
            return found
        return found[~found["category"].isin(self.not_in_use.all)].reset_index(drop=True)

    @cached_property
    def not_in_use(self) -> NotInUse:
        """The categories that came into use, or out of it, between the periods: no candidates."""
        return not_in_use(self.source, self.f, self.periods)

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """All candidates with the counts that they are compared with."""
        return add_city_reference(self.pairs())

    def study(self, audience: Audience) -> ChangeStudy:
        """All candidates, tested."""
        source, f, periods, alone, candidates = self.source, self.f, self.periods, self.alone, self.candidates
        assert periods.before is not None
        kinds = [
            tuple(names) for names in self.by if names and "dark" not in names and not (alone and "category" in names)
        ]
        past = past_scatter(source, f, periods, kinds, self.resolution)
        wider, squares = candidate_dispersions(candidates, past.kinds, CANDIDATE_KEYS, past.factors)
        found = changes(
            candidates,
            CANDIDATE_KEYS,
            periods.lengths,
            relative=True,
            dispersion=wider,
            freedom=squares,
            scatter=_told(candidates, past),
        )
        known_hours, known_dark = source.known_time.knows("hour"), source.lacks_light is None
        left_out = known_hours and not (known_dark and periods.same_light) and not alone and found.n_tested > 0
        return ChangeStudy(
            periods,
            found,
            without_dark=(DARKNESS if known_dark else UNKNOWN_DARKNESS) if left_out else None,
            past=past,
            noted=noted_between(source, f, periods.before[0], periods.after[1]),
            counted=_area_choice(source, self.resolution),
            not_in_use=self.not_in_use.told(source, audience),
        )


def _counted(
    source: Source,
    filters: tuple[AlertFilter, AlertFilter],
    by: list[list[str]],
    audience: Audience,
    resolution: int | None,
) -> tuple[list[pd.DataFrame], ...]:
    """The tables of each filter, counted once: nobody changes them."""
    kept: dict[Any, tuple[list[pd.DataFrame], ...]] = source.cache.setdefault("changes", {})
    key = (filters, tuple(map(tuple, by)), resolution, source.city.version)
    found = kept.get(key)
    if found is None:
        count_areas(source, filters, by, audience, resolution)
        found = tuple(area_tables(source, chosen, by, audience, resolution) for chosen in filters)
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = found
    return found


def _area_choice(source: Source, resolution: int | None) -> tuple[Choice, ...]:
    """That map cells stand for districts and landmarks, where there are none."""
    if resolution is None:
        return ()
    values = {"km2": Num(cell_km2(resolution, source.city), 1)}
    message = (
        Message(
            "No map of districts or landmarks is loaded: areas are map cells of about {km2} km², called by the names "
            "that the export gives.",
            values,
        )
        if source.city.place_names.has_areas
        else Message("No districts or landmarks are loaded: areas are map cells of about {km2} km².", values)
    )
    return (Choice("areas", resolution, message),)


def _told(candidates: pd.DataFrame, past: PastScatter) -> Dispersion:
    """The dispersion of the kind of which there are most candidates: the one that is told."""
    given = candidates[[name for name in CANDIDATE_KEYS if name != "dark"]].notna()
    kind = given.value_counts().index[0] if len(given) else ()
    return past.of(tuple(name for name, named in zip(given.columns, kind, strict=False) if named))


def _rounded(count: float) -> int:
    """The nearest of 1, 2, 5, 10, 20 and so on, by their ratio."""
    power = 10.0 ** math.floor(math.log10(count))
    return round(power * min((1, 2, 5, 10), key=lambda step: abs(math.log(count / power / step))))


def filter_periods(source: Source, f: AlertFilter, since: dt.date | None = None) -> ComparedPeriods:
    """The periods compared under a filter, since a day or over its whole period: none where it asks for another light.

    A filter for alerts after dark or by day needs the same weeks of the year before.
    """
    start, end = query.dates(source, f)
    periods = compared_periods(source, (since or start, end))
    if f.dark is None or periods.same_light or periods.before is None:
        return periods
    return replace(periods, before=None, other_light=True)


def _one_category(everything: Mapping[str, np.ndarray], categories: Mapping[str, np.ndarray]) -> bool:
    """Whether one category holds all alerts, so that it would only repeat them."""
    if len(categories["before"]) != 1:
        return False
    return all(bool((categories[when] == everything[when]).all()) for when in ("before", "after"))


def change_filter(f: AlertFilter, change: Change, periods: ComparedPeriods) -> AlertFilter:
    """The filter that shows a change: its theme and area, over the later period."""
    narrowed: dict[str, Any] = {"period": "", "start": periods.after[0], "end": periods.after[1]}
    fields = (("district", "districts"), ("place", "places"), ("cell", "cells"), ("category", "categories"))
    for key, name in fields:
        if change.key.get(key):
            narrowed[name] = (str(change.key[key]),)
    if change.key.get("category"):
        narrowed["groups"] = ()
    if change.key.get("dark"):
        narrowed["dark"] = True
    return f.replace(**narrowed)


def _pair(old: pd.DataFrame, new: pd.DataFrame, by: list[str]) -> dict[str, np.ndarray]:
    """Counts before and after side by side, in the order of their names; absent is zero. The columns CANDIDATE_KEYS
    and _COUNTED.

    Rows without a place or by daylight are no candidates.
    """
    keys = {name: np.concatenate([table[name].to_numpy(object) for table in (old, new)]) for name in by}
    known = np.ones(len(old) + len(new), bool)
    for values in keys.values():
        known &= ~pd.isna(values)
    if "dark" in by:
        known[known] &= keys["dark"][known].astype(bool)
    codes = [pd.factorize(values[known], sort=True) for values in keys.values()]
    flat = np.zeros(int(known.sum()), np.int64)
    if by:
        flat = np.ravel_multi_index([own for own, _ in codes], tuple(max(len(levels), 1) for _, levels in codes))
    found, first, rows = np.unique(flat, return_index=True, return_inverse=True)
    nothing = np.full(len(found), np.nan, object)
    pair = {name: keys[name][known][first] if name in keys else nothing for name in CANDIDATE_KEYS}
    before = known[: len(old)]
    for when, table, own, at in (
        ("before", old, before, rows[: before.sum()]),
        ("after", new, known[len(old) :], rows[before.sum() :]),
    ):
        pair[when] = np.zeros(len(found))
        pair[when][at] = table["n"].to_numpy(float)[own]
    return pair
