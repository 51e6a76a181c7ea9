"""The problem of a place in figures, the draft of an intervention plan for it, and what similar areas did in the same
weeks: counts for the placebo regression of a plan.

Counts of similar areas are exact and stay in this package; what leaves are the expectation, its interval and the
verdict, and these only where the plan's own counts may be shown.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import h3.api.basic_int as h3
import h3.api.basic_str as h3_names
import numpy as np
import pandas as pd

from analysis.clusters import Cluster
from analysis.hotspots.grouping import Spot, without_figures
from analysis.plans.drafting import PlanDraft, baseline_dates, buffer_cells, draft_plan
from analysis.plans.verdict import (
    FEWEST_OF_DATE,
    DetectableDrop,
    Expectation,
    PlaceboModel,
    alike,
    around,
    fit_placebos,
    placebo_areas,
    smallest_shown_drop,
)
from analysis.spots.naming import Labels, SpotName, name_spots
from analysis.spots.profile import problem_for as problem_of_profile
from analysis.spots.profile import profile_spot
from analysis.trends.time_series import trend_of
from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import LANGUAGES, CityProfile, Kind, is_small, translator
from curim_data.model.city import Area, Landmark
from curim_data.model.coverage import Coverage
from curim_data.model.labels import inline
from curim_data.model.plan import Areas, Caution, Objective, Problem
from curim_data.privacy import is_sensitive
from curim_data.protection import copy_of
from curim_data.studies.cells import area_cells, area_counts, area_frame, cells_to_compare, whole_city
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import DAY, YEAR, Days, reporting_lag
from curim_data.studies.spot_profiles import peak_hours, spot_shares, written_profile

# Fewer areas at the plan's own date are joined by placebo dates.
_ENOUGH_AREAS: Final = 40
_MOST_DATES: Final = 4
# The land's cells are listed up to so many.
_MOST_LAND: Final = 30_000
# What a problem still says where its alerts are too few for the council to read.
_NOT_COUNTED: Final = (
    *("spot", "place", "names", "cells", "query", "start", "end", "cautions", "not_asked", "among", "least"),
)


@dataclass(frozen=True)
class Placebos:
    """A model of how similar areas change, and an area of the plan in its terms.

    `model`: None where they are too few; `observed`: the area's alerts after, `before` in the compared period before;
    `expected`: by the model; `growth`: of all similar areas from the compared period before to after.
    """

    model: PlaceboModel | None
    observed: float
    before: float
    expected: Expectation | None = None
    growth: float = 1.0


@dataclass(frozen=True)
class Calendar:
    """Steps back from a plan's start: weeks, or whole months where nothing finer is known.

    `edges`: of the windows of the history, in steps before the start; `length`: steps of the period after.
    """

    start: dt.date
    days: int
    by_month: bool = False

    @property
    def edges(self) -> tuple[int, ...]:
        """The last 12 weeks, the 14 before, the half year and the year before that; or 3, 3, 6 and 12 months."""
        return (0, 3, 6, 12, 24) if self.by_month else (0, 12, 26, 52, 104)

    @property
    def length(self) -> int:
        """Steps of the period after, rounded up; placebo dates lie at least a quarter apart."""
        return max(math.ceil(round(self.days / (30.44 if self.by_month else 7), 1)), self.edges[1])

    def back(self, day: dt.date, steps: int) -> dt.date:
        """The day so many steps before."""
        return month_bounds(day, -steps)[0] if self.by_month else day - dt.timedelta(weeks=steps)

    def windows(self, day: dt.date, most: int = 4) -> list[Days]:
        """The windows before a day, newest first."""
        return [(self.back(day, b), self.back(day, a) - DAY) for a, b in itertools.pairwise(self.edges[: most + 1])]

    def covered(self, first: dt.date) -> int:
        """How many windows before the start the data cover."""
        return sum(self.back(self.start, edge) >= first for edge in self.edges[1:])

    def after(self, day: dt.date) -> Days:
        """The period after a day, as long as the plan's."""
        if self.by_month:
            return day, month_bounds(day, round(self.days / 30.44) - 1)[1]
        return day, day + dt.timedelta(days=self.days - 1)

    def placebo_starts(self, first: dt.date, windows: int, coverage: Coverage) -> list[dt.date]:
        """Earlier starts of placebo plans: no period after overlaps the next or a long gap, the history has so many
        windows.
        """
        days = (self.back(self.start, k * self.length) for k in range(1, _MOST_DATES + 1))
        return [
            day
            for day in days
            if self.back(day, self.edges[windows]) >= first and coverage.until(*self.after(day)) == self.after(day)[1]
        ]


def placebos(
    source: Source, f: AlertFilter, areas: Areas, before: Days, after: Days, *, by_month: bool = False
) -> dict[str, Placebos]:
    """For the treated area and the buffer: count areas like it in the same weeks, and in placebo dates where they are
    few, and fit the regression.

    Nothing where the treated area's cells are not all of one size. Similar areas are grown on the city's cells from
    those with most alerts before the start; the treated area, the buffer and all that touches them stay out.
    """
    sizes = {h3.get_resolution(h3.str_to_int(cell)) for cell in areas.treated}
    if len(sizes) != 1:
        return {}
    counting = _Counting(source, f, sizes.pop())
    calendar = Calendar(after[0], (after[1] - after[0]).days + 1, by_month)
    own = {name: _at_size(getattr(areas, name), counting.resolution) for name in ("treated", "buffer")}
    away = around([cell for cells in own.values() for cell in cells])
    return {name: _like(counting, cells, away, calendar, (before, after)) for name, cells in own.items() if cells}


def _like(
    counting: _Counting, own: Sequence[int], away: set[int], calendar: Calendar, compared: tuple[Days, Days]
) -> Placebos:
    """One area and those like it; no model where the data reach back less than half a year before the start."""
    before, observed = (counting.total(own, days) for days in compared)
    covered = calendar.covered(counting.source.first)
    if not covered:
        return Placebos(None, observed, before)
    windows = calendar.windows(calendar.start, covered)
    kept = _similar(counting, own, away, windows)
    model, used = _fit(counting, kept, calendar, covered)
    befores, afters = (float(counting.of(kept, days).sum()) for days in compared)
    return Placebos(
        model=model,
        observed=observed,
        before=before,
        expected=model.expect([counting.total(own, days) for days in windows[:used]]) if model else None,
        growth=afters / befores if befores else float("nan"),
    )


def drop_to_see(
    source: Source, f: AlertFilter, areas: Areas, days: int, until: dt.date | None = None
) -> DetectableDrop | None:
    """The smallest fall that the verdict would show over the `days` after a day (`until`; None: the last with data), by
    how similar areas varied in as many before.

    The regression is made for the last such period as if a plan had begun then; the treated area's expectation comes
    from its counts up to that day. None where there are too few similar areas or too short a history.
    """
    sizes = {h3.get_resolution(h3.str_to_int(cell)) for cell in areas.treated}
    by_month, end = source.by_month, (until or source.as_of) + DAY
    start = month_bounds(end, -max(round(days / 30.44), 1))[0] if by_month else end - days * DAY
    calendar = Calendar(start, (end - start).days, by_month)
    covered = calendar.covered(source.first)
    if len(sizes) != 1 or not covered:
        return None
    counting = _Counting(source, f, sizes.pop())
    treated = [h3.str_to_int(cell) for cell in areas.treated]
    away = around([*treated, *_at_size(areas.buffer, counting.resolution)])
    kept = _similar(counting, treated, away, calendar.windows(start, covered))
    model, used = _fit(counting, kept, calendar, covered)
    if model is None:
        return None
    expected = model.expect([counting.total(treated, window) for window in calendar.windows(end, used)])
    return None if model.is_outside(expected) else smallest_shown_drop(model, expected)


def _similar(counting: _Counting, own: Sequence[int], away: set[int], windows: Sequence[Days]) -> list[tuple[int, ...]]:
    """Areas as large as an area, with about as many alerts in the windows before."""
    past = counting.land((windows[-1][0], windows[0][1]))
    by_cell = dict(zip(past.index, past, strict=True))
    grown = placebo_areas(by_cell, len(own), away)
    totals = {i: float(sum(by_cell.get(cell, 0.0) for cell in cells)) for i, cells in enumerate(grown)}
    return [grown[i] for i in alike(totals, sum(by_cell.get(cell, 0.0) for cell in own))]


def _fit(
    counting: _Counting, kept: Sequence[Sequence[int]], calendar: Calendar, covered: int
) -> tuple[PlaceboModel | None, int]:
    """The regression and how many windows its history has.

    On the plan's own weeks; where areas are few, on placebo dates too, for which the history is cut: the longest one
    that gives enough placebos, else the one that gives most.
    """
    if len(kept) < FEWEST_OF_DATE:
        return None, covered
    starts: list[dt.date] = []
    if len(kept) < _ENOUGH_AREAS:
        source = counting.source
        found = {n: calendar.placebo_starts(source.first, n, source.coverage) for n in range(covered, 0, -1)}
        wanted = min(max(map(len, found.values())), math.ceil(_ENOUGH_AREAS / len(kept)) - 1)
        covered = next(n for n, days in found.items() if len(days) >= wanted)
        starts = found[covered][:wanted]
    days = [calendar.start, *starts]
    after = np.concatenate([counting.of(kept, calendar.after(day)) for day in days])
    past = [np.column_stack([counting.of(kept, window) for window in calendar.windows(day, covered)]) for day in days]
    dates = np.repeat(np.arange(len(days)), len(kept))
    return fit_placebos(after, np.vstack(past), dates=dates), covered


class _Counting:
    """Exact counts by cell in periods of days."""

    def __init__(self, source: Source, f: AlertFilter, resolution: int) -> None:
        self.source, self.resolution = source, resolution
        self._filter = f
        self._known: dict[Days, pd.Series] = {}

    def by_cell(self, days: Days) -> pd.Series:
        """Alerts by cell."""
        if days not in self._known:
            self._known[days] = self._count(["cell"], days).groupby("cell")["n"].sum()
        return self._known[days]

    def _count(self, by: list[str], days: Days) -> pd.DataFrame:
        f = self._filter.replace(period="", start=days[0], end=days[1])
        counted = query.counts(
            self.source.in_full, f, by, resolution=self.resolution, without_default_points=True
        ).frame.dropna(subset=["cell"])
        return counted.astype({"cell": "int64"})

    def land(self, days: Days) -> pd.Series:
        """Alerts by cell, zeros included: of the land, or where it takes many cells those with alerts and around."""
        found = self.by_cell(days)
        cells = found.index.to_numpy(np.int64)
        if self.resolution <= self.source.city.finest_affordable(_MOST_LAND):
            around_them = self.source.city.land_cells(self.resolution).index.to_numpy(np.int64)
        else:
            around_them = np.fromiter(around(cells.tolist()), np.int64)
        return found.reindex(np.union1d(cells, around_them), fill_value=0.0)

    def of(self, areas: Sequence[Sequence[int]], days: Days) -> np.ndarray:
        """Alerts of each area."""
        by_cell = self.by_cell(days).to_dict()
        return np.array([sum(by_cell.get(cell, 0.0) for cell in cells) for cells in areas], float)

    def total(self, cells: Sequence[int], days: Days) -> float:
        """Alerts of some cells."""
        return float(self.of([cells], days)[0])


def _at_size(cells: Sequence[str], resolution: int) -> list[int]:
    """Cells of a plan at one size: parents of finer ones, children of coarser ones."""
    return sorted(
        {
            part
            for cell in map(h3.str_to_int, cells)
            for part in h3.cell_to_children(
                h3.cell_to_parent(cell, min(resolution, h3.get_resolution(cell))), resolution
            )
        }
    )


def problem_of_cells(
    source: Source,
    f: AlertFilter,
    spot_cells: Sequence[str],
    *,
    study: HotSpotStudy | None = None,
) -> Problem:
    """The problem of a hot spot under a filter, or of an area of one's own.

    Parameters
    ----------
    spot_cells
        H3 names: the cells of a hot spot of `study`, the id of one, or any cells. For any cells there is no expected
        number and no p, because nobody tested just that area.
    study
        The hot spots under the filter; made here where not given.
    """
    found = study or hot_spot_study(source, f)
    wanted = frozenset(spot_cells)
    spot = next((s for s in found.spots if wanted in (frozenset(s.names), frozenset({s.id}))), None)
    if spot is not None:
        return problem_of_spot(source, f, spot, name_spots(found.spots, source.city, known_places(source))[spot.id])
    own = _own_area(source, f, sorted(wanted))
    name = name_spots([own], source.city, known_places(source))[own.id]  # as a list of any cell size calls it
    if f.cells or wanted != frozenset(area_cells(source.city, f)):
        return replace(problem_of_spot(source, f, own, name), q=None)
    # The area that the filter names: its own alerts are counted, as on the card that led here, and not those of cells.
    own = replace(own, n=round(query.counts(source, f, []).total))
    labels = _labels(source.city.landmarks, f.places) or _labels(source.city.districts, f.districts)
    place = next(iter(f.places), "")
    return replace(problem_of_spot(source, f, own, SpotName(place, next(iter(labels.values()))), f), q=None)


def _labels(areas: Sequence[Area | Landmark], names: Sequence[str]) -> dict[str, Labels]:
    return {one.id: one.labels for one in areas if one.id in names}


def problem_of_spot(
    source: Source, f: AlertFilter, spot: Spot | Cluster, name: SpotName, here: AlertFilter | None = None
) -> Problem:
    """A named hot spot's problem in figures, from counts after disclosure control; without any where these are too
    small for who reads them.

    `here`: the filter that names the area, where it is more than its cells.
    """
    like, here = here or whole_city(f), here or f.replace(districts=(), places=(), cells=spot.names)

    def counted(*by: str, among: AlertFilter = here, complete: bool = False) -> pd.DataFrame:
        if not among.cells:
            return query.counts(source, among, list(by), complete=complete).frame
        return area_frame(source, among, spot.names, by, complete=complete)

    timed = source.known_time.knows("hour")
    start, end = query.dates(source, f)
    history = here.replace(period="", start=source.first, end=end)
    categories, affected, dark = counted("category"), counted("affected_gender"), counted("dark") if timed else None
    profile = profile_spot(
        source.city,
        n=spot.n,
        categories=categories,
        hours=counted("weekday", "hour") if timed and not source.protected else None,
        affected=affected,
        dark=dark,
    )
    written = privacy.WrittenCounts.of(f, source)
    if profile.women is not None:
        profile = replace(profile, women=spot_shares(source, like, affected, spot.n).women)
    profile = written_profile(profile, categories, affected, dark, written)
    if timed and source.protected:
        profile = replace(profile, hours=peak_hours(privacy.BAND_HOURS, counted("hour")))
    kinds = counted("kind").sort_values("n", ascending=False)
    months = counted("month", among=history, complete=True)
    made = problem_of_profile(
        spot,
        name,
        replace(profile, since=_since(source, months, end)),
        query=here.replace(period="", start=start, end=end).to_query(),
        start=start,
        end=end,
        women_city=_women_city(source, f),
        cautions=_cautions(source, here),
        kinds=[str(kind) for kind in kinds.loc[kinds["n"] > 0, "kind"] if kind != Kind.UNKNOWN],
        not_asked=[name for name in ("affected_gender", "reporter_gender") if name not in source.asked],
    )
    return _readable(replace(made, among=_among(f, source.city), least=written.least()))


def _among(f: AlertFilter, city: CityProfile) -> dict[str, str]:
    """Which alerts a filter asks for, places and days apart, in each language; empty where it asks for all."""
    asked = whole_city(f).without("period")
    if not asked.active():
        return {}
    return {lang: inline(asked.subject(translator(lang), city)) for lang in LANGUAGES}


def _readable(problem: Problem) -> Problem:
    """A problem without what is counted in it where its alerts are too few to be read by whom it was counted for."""
    if not problem.hides(problem.n):
        return problem
    return Problem(**{name: getattr(problem, name) for name in _NOT_COUNTED})


def _since(source: Source, months: pd.DataFrame, end: dt.date) -> dt.date | None:
    """Month since which the place has had more alerts than is usual for it, up to the last month; else None."""
    if months.empty:
        return None
    dates = (source.first, min(end, source.as_of))
    trend = trend_of(months, dates, "month", "month", lag=reporting_lag(source), covered=source.coverage.whole)
    latest, since = trend.latest, trend.outside_since
    return None if latest is None or latest["side"] <= 0 else since


def _women_city(source: Source, f: AlertFilter) -> float | None:
    counts = query.counts(source, whole_city(f), ["affected_gender"]).frame.set_index("affected_gender")["n"]
    women, men = float(counts.get("woman", 0)), float(counts.get("man", 0))
    return women / (women + men) if women + men else None


def _cautions(source: Source, here: AlertFilter) -> tuple[Caution, ...]:
    tests = {
        Caution.PILED: bool((query.default_coordinates(source, here)["n"] > 0).any()),
        Caution.SHORT_HISTORY: source.as_of - source.first < YEAR,
    }
    return tuple(caution for caution, holds in tests.items() if holds)


def _own_area(source: Source, f: AlertFilter, cells: Sequence[str]) -> Spot:
    """Cells that were picked, in the form of a hot spot that nobody tested."""
    row = area_frame(source, f, cells)
    points = np.array([h3_names.cell_to_latlng(cell) for cell in cells])
    unknown = float("nan")
    return Spot(
        id=min(cells),
        rank=0,
        cells=tuple(h3_names.str_to_int(cell) for cell in cells),
        n=round(float(row["n"].sum())),
        expected=unknown,
        ratio=unknown,
        low=unknown,
        high=unknown,
        q=unknown,
        land_km2=unknown,
        longitude=float(points[:, 1].mean()),
        latitude=float(points[:, 0].mean()),
    )


def draft_plan_for_cells(
    source: Source,
    f: AlertFilter,
    spot_cells: Sequence[str],
    *,
    today: dt.date | None = None,
    language: str = "el",
) -> PlanDraft:
    """The draft of a plan for a hot spot or an area, with a comparison area looked for among the city's cells.

    The hot spots are found with what `audience` may see; the figures that the plan keeps are those for the council,
    because the council reads it: those of the protected copy, whose cells are larger than those of a hot spot can be.
    Its baseline is counted over as many days as a plan runs, whatever period the problem was looked at in. `today`: the
    day from which dates are proposed where the data are older; None: the data's last.
    """
    study, copy = hot_spot_study(source, f), copy_of(source)
    if copy is not source:
        asked = frozenset(spot_cells)

        def as_copied(spot: Spot) -> Spot:
            return without_figures(replace(spot, n=round(float(area_frame(copy, f, spot.names)["n"].sum()))), spot)

        spots = (as_copied(one) if asked in (frozenset(one.names), {one.id}) else one for one in study.spots)
        study = replace(study, spots=tuple(spots))
    problem = problem_of_cells(copy, f, spot_cells, study=study)
    base, year = council_baseline(source, f, problem.cells)
    cells = seen = None
    if problem.cells:
        if base.baseline and base.start is not None and base.end is not None:  # which the council may read
            areas = Areas(problem.cells, buffer_cells(problem.cells, source.city))
            readable = copy if is_sensitive(f, source.city) else source
            seen = drop_to_see(readable, year, areas, (base.end - base.start).days + 1, base.end)
        cells = cells_to_compare(source, year, h3_names.get_resolution(problem.cells[0]))
    return draft_plan(
        problem, source.city, source.as_of, today=today, cells=cells, base=base, seen=seen, language=language
    )


def council_baseline(source: Source, f: AlertFilter, cells: Sequence[str]) -> tuple[Objective, AlertFilter]:
    """Alerts of an area before a plan, 0 where they are too few for the council to read, and the filter by which they
    were counted.
    """
    start, end = baseline_dates(query.dates(source, f)[1], source.first)
    year = whole_city(f).replace(period="", start=start, end=end)
    start, end = query.dates(source, year)  # whole months where nothing finer is known
    n = float(area_counts(copy_of(source), year, {"here": cells}, ()).frame["n"].sum())
    small = is_small(n, privacy.threshold(copy_of(source), is_sensitive(f, source.city)))
    return Objective(0.0 if small else n, start, end), year
