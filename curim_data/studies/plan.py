"""The problem of a place in figures, and the draft of an intervention plan for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import h3.api.basic_str as h3
import numpy as np
import pandas as pd

from analysis.clusters.detection import Cluster
from analysis.hotspots.grouping import Spot, without_figures
from analysis.plans.drafting import PlanDraft, baseline_dates, buffer_cells, draft_plan
from analysis.plans.evaluation import DetectableDrop
from analysis.spots.naming import SpotName, name_spot, name_spots
from analysis.spots.profile import problem_for as problem_of_profile
from analysis.spots.profile import profile_spot
from analysis.trends.time_series import HOURS, trend_of
from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Kind
from curim_data.model.plan import Areas, Caution, Objective, Problem
from curim_data.protection import copy_of
from curim_data.query.reporting_lag import reporting_lag
from curim_data.studies.cells import area_counts, area_frame, cells_to_compare, whole_city
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.placebos import drop_to_see
from curim_data.studies.spot_profiles import written_profile

YEAR: Final = dt.timedelta(weeks=52)
# From this part of unknown genders on, a problem says that for many alerts the gender is not known.
MANY_UNKNOWN: Final = 0.2
# A longer stretch of bands of hours says nothing of when a problem occurs.
MOST_PEAK: Final = 12


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
    problem = problem_of_spot(source, f, own, name_spot(own.longitude, own.latitude, source.city))
    return replace(problem, q=None)


def problem_of_spot(source: Source, f: AlertFilter, spot: Spot | Cluster, name: SpotName) -> Problem:
    """A named hot spot's problem in figures, from counts after disclosure control."""
    here = f.replace(districts=(), places=(), cells=spot.names)

    def counted(*by: str, among: AlertFilter = here, complete: bool = False) -> pd.DataFrame:
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
    profile = written_profile(profile, categories, affected, dark, written)
    banded = timed and source.protected
    if banded:
        profile = replace(profile, hours=_banded_hours(source, here))
    kinds = counted("kind").sort_values("n", ascending=False)
    months = counted("month", among=history, complete=True)
    return problem_of_profile(
        spot,
        name,
        replace(profile, since=_since(source, months, end)),
        query=here.to_query(),
        start=start,
        end=end,
        women_city=_women_city(source, f),
        cautions=_cautions(source, here, profile.unknown_gender),
        kinds=[str(kind) for kind in kinds.loc[kinds["n"] > 0, "kind"] if kind != Kind.UNKNOWN],
        not_asked=[name for name in ("affected_gender", "reporter_gender") if name not in source.asked],
        hours_protected=banded,
    )


def _banded_hours(source: Source, here: AlertFilter) -> tuple[int, int] | None:
    """First and last hour of the fewest bands of six that hold half of the alerts; None where that is most of a day."""
    size = privacy.BAND_HOURS
    raw = area_frame(source, here, here.cells, ["hour"]).dropna(subset=["hour"])
    bands = raw.groupby(raw["hour"] // size)["n"].sum().reindex(range(HOURS // size), fill_value=0).to_numpy(float)
    half = bands.sum() / 2
    for bands_long in range(1, MOST_PEAK // size + 1):
        sums = sum(np.roll(bands, -step) for step in range(bands_long))
        if half and np.max(sums) >= half:
            first = int(np.argmax(sums)) * size
            return first, (first + bands_long * size - 1) % HOURS
    return None


def _since(source: Source, months: pd.DataFrame, end: dt.date) -> dt.date | None:
    """Month since which the place has had more alerts than is usual for it, up to the last month; else None."""
    if months.empty:
        return None
    dates = (source.first, min(end, source.as_of))
    trend = trend_of(months, dates, "month", "month", lag=reporting_lag(source), covered=source.coverage.whole)
    latest, since = trend.latest, trend.outside_since
    return None if latest is None or latest["side"] <= 0 else since


def _women_city(source: Source, f: AlertFilter) -> float | None:
    whole = whole_city(f)
    counted = query.counts(source, whole, ["affected_gender"])
    counts = counted.frame.set_index("affected_gender")["n"]
    women, men = float(counts.get("woman", 0)), float(counts.get("man", 0))
    return women / (women + men) if women + men else None


def _cautions(source: Source, here: AlertFilter, unknown: float | None) -> tuple[Caution, ...]:
    default_counts = query.default_coordinates(source, here)["n"]
    tests = {
        Caution.PILED: bool((default_counts > 0).any()),
        Caution.UNDISCLOSED: "affected_gender" in source.asked and unknown is not None and unknown > MANY_UNKNOWN,
        Caution.SHORT_HISTORY: source.as_of - source.first < YEAR,
    }
    return tuple(caution for caution, holds in tests.items() if holds)


def _own_area(source: Source, f: AlertFilter, cells: Sequence[str]) -> Spot:
    """Cells that were picked, in the form of a hot spot that nobody tested."""
    row = area_frame(source, f, cells)
    points = np.array([h3.cell_to_latlng(cell) for cell in cells])
    unknown = float("nan")
    return Spot(
        id=min(cells),
        rank=0,
        cells=tuple(h3.str_to_int(cell) for cell in cells),
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
        spots = list(study.spots)
        for at, spot in enumerate(spots):
            if asked in (frozenset(spot.names), frozenset({spot.id})):
                n = round(float(area_frame(copy, f, spot.names)["n"].sum()))
                spots[at] = without_figures(replace(spot, n=n), spot)
        study = replace(study, spots=tuple(spots))
    problem = problem_of_cells(copy, f, spot_cells, study=study)
    base, year = council_baseline(source, f, problem.cells)
    cells = seen = None
    if problem.cells:
        seen = _drop_to_see(source, year, problem.cells, base)
        cells = cells_to_compare(source, year, h3.get_resolution(problem.cells[0]))
    return draft_plan(
        problem, source.city, source.as_of, today=today, cells=cells, base=base, seen=seen, language=language
    )


def _drop_to_see(source: Source, year: AlertFilter, cells: Sequence[str], base: Objective) -> DetectableDrop | None:
    """The smallest fall that would be seen, where the council may read how many alerts the area had."""
    if not base.baseline or base.start is None or base.end is None:
        return None
    areas = Areas(tuple(cells), buffer_cells(cells, source.city))
    return drop_to_see(source, year, areas, (base.end - base.start).days + 1)


def council_baseline(source: Source, f: AlertFilter, cells: Sequence[str]) -> tuple[Objective, AlertFilter]:
    """Alerts of an area before a plan, as the council may read them, and the filter by which they were counted."""
    start, end = baseline_dates(query.dates(source, f)[1], source.first)
    year = whole_city(f).replace(period="", start=start, end=end)
    start, end = query.dates(source, year)  # whole months where nothing finer is known
    row = area_counts(copy_of(source), year, {"here": cells}, ()).frame
    return Objective(float(row["n"].sum()), start, end), year
