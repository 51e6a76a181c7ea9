"""Hot spots under a filter: cells denser than chance explains and their places, by land, by all alerts or by residents,
clusters of exact alerts; and which places have become hot, stay hot, or have cooled down.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely

from analysis.clusters import Clusters, find_clusters
from analysis.emerging import (
    CLASS_STEPS,
    MIN_STEPS,
    MOST_COUNTS,
    EmergingHotSpots,
    EmergingPlace,
    Periods,
    emerging_hot_spots,
    periods_for,
)
from analysis.grid import square_side
from analysis.hotspots.cell_significance import (
    MIN_LAND_SHARE,
    HotCells,
    Power,
    detection_power,
    hot_cells,
    planned_power,
)
from analysis.hotspots.grouping import (
    Spot,
    cold_spots,
    hot_spots,
    marked_by,
    spots_of,
)
from analysis.hotspots.surroundings import LAND, Denominator, DenominatorKind, OccupiedLand, occupied_land, window_for
from analysis.spots.naming import SpotName, as_known_places, known_ids, name_spots, with_known_ids
from analysis.stats.intervals import CellPlace, Choice
from analysis.trends.time_series import whole_steps
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import MOST_MAP_CELLS, CityProfile, Message, MessageError, Num, Span, Translator
from curim_data.model.extent import ask_shape
from curim_data.model.prepared import PLACES
from curim_data.privacy import Counted, finest_resolution, is_sensitive, protected_resolution
from curim_data.quality.study import coordinate_step, served_land, shared_points
from curim_data.query import Total
from curim_data.studies.cells import alert_cells, cell_size, default_coordinates, residents_by_district, whole_city
from curim_data.studies.periods import chosen_from, coverage_choices, place_bursts, place_scatter

KINDS: Final[tuple[DenominatorKind, ...]] = get_args(DenominatorKind)
# Fine cells by which residents are spread over the land of their district, or coarser ones where these are too many.
FINE: Final = 12
MOST_FINE_CELLS: Final = 150_000
SHOWN_KM2: Final = 0.005


class DenominatorError(MessageError, ValueError):
    """A base that a filter, an audience or a city has not; `message` says why."""


def all_alerts_filter(f: AlertFilter) -> AlertFilter:
    """All alerts of the filter's period: what its alerts are a share of."""
    return AlertFilter(period=f.period, start=f.start, end=f.end)


def denominator_obstacle(kind: DenominatorKind, f: AlertFilter, source: Source) -> Message | None:
    """Why a base cannot be had under a filter; None where it can."""
    if kind == "residents" and residents_by_district(source.city) is None:
        return Message("The city's profile holds no residents by district: an analyst can load them.")
    if kind == "alerts" and whole_city(f) == all_alerts_filter(f):
        return Message("There is no share to compare: the filter already holds all alerts of the period.")
    if kind == "alerts" and finest_resolution(source, f) != finest_resolution(source, all_alerts_filter(f)):
        return Message(
            "Here this audience sees these alerts and all alerts in map cells of different sizes, so that they cannot "
            "be laid over each other: compare by land, or ask as analyst or specialist."
        )
    return None


def denominator_for(source: Source, f: AlertFilter, resolution: int, kind: DenominatorKind) -> Denominator | None:
    """The base of every cell of the land; None for land itself.

    Raises DenominatorError where there is no such base (`denominator_obstacle`).
    """
    if (why := denominator_obstacle(kind, f, source)) is not None:
        raise DenominatorError(why)
    if kind == "residents":
        return _residents(source.city, resolution)
    if kind == LAND:
        return None
    frame = query.cells(source, all_alerts_filter(f), resolution).frame[["n"]].astype(float).assign(least=0.0)
    message = Message(
        "What is compared is the share of these alerts among all alerts of the period: it says nothing about how many "
        "there are."
    )
    return Denominator("alerts", frame, (Choice("base", "alerts", message),))


def occupied_land_of(source: Source) -> OccupiedLand | None:
    """The land on which alerts of all time occur; None where they are too few to tell. For who reads the protected copy
    it is that of the copy. Cached by version of the alerts and of the city.
    """
    everything = AlertFilter(period="all")
    size = protected_resolution(everything, source.city)  # of some 350 m, for every audience
    return source.once("occupied", "", lambda: occupied_land(query.cells(source, everything, size).frame))


def _residents(city: CityProfile, resolution: int) -> Denominator:
    people = residents_by_district(city)
    assert people is not None
    fine = city.land_cells(max(min(FINE, city.finest_affordable(MOST_FINE_CELLS)), resolution))
    centres = np.array([h3.cell_to_latlng(cell) for cell in np.asarray(fine.index, dtype=np.uint64)])
    district = np.full(len(fine), "", dtype=object)
    for area in city.districts:
        if area.id in people.index:
            district[ask_shape(shapely.contains_xy, area.polygon, centres[:, 1], centres[:, 0])] = area.id
    parents = [h3.latlng_to_cell(latitude, longitude, resolution) for latitude, longitude in centres]
    spread = pd.DataFrame({"cell": np.array(parents).astype(np.int64), "district": district, "land": fine.to_numpy()})
    spread = spread[spread["district"] != ""]
    land = spread.groupby("district")["land"].sum()
    spread["people"] = spread["land"] * spread["district"].map(people / land)
    cells = city.land_cells(resolution).index
    by_cell = spread.groupby("cell")[["people", "land"]].sum().reindex(cells)
    # As for land: a sliver at the shore counts as a quarter of a cell, with the residents of that much of the district.
    least = MIN_LAND_SHARE * square_side(resolution, cells) ** 2 / 1e6 * by_cell["people"] / by_cell["land"]
    frame = pd.DataFrame({"n": by_cell["people"], "least": least})
    message = Message(
        "The {people} residents are spread evenly over the land of their districts. They are the wrong base for "
        "squares, stations and shores: such places look hotter than they are for those who are there.",
        {"people": round(float(people.sum()))},
    )
    nobody = float(city.land_cells(resolution)[by_cell["people"].isna()].sum())
    outside = Message("{area} km² of the land lie in no district with residents: not tested.", {"area": Num(nobody, 2)})
    known = (Choice("base", "residents", message), Choice("unknown", nobody, outside))
    return Denominator("residents", frame, known if nobody >= SHOWN_KM2 else known[:1])


# Cells of some 2 km, of 5 km²: a neighbourhood. What is hot among larger ones is no place where something can be done.
COARSEST_TESTED: Final = 7
# Among fewer cells hardly any is left that could be the rest of the city.
LEAST_TESTED: Final = 30
EXCHANGED: Final = Message(
    "Sensitive alerts have exchanged their places in the protected copy, so whether a place stands out cannot be told "
    "from it. Whoever sees the alerts themselves, as a specialist, can tell."
)


@dataclass(frozen=True)
class ListedShares:
    """Which share of the alerts and of the land the listed hot spots hold (0 to 1, in whole per cent), in the counts
    that they were found in; `metres`: the side of a square as large as a cell of these.
    """

    alerts: float
    land: float
    metres: int


@dataclass(frozen=True)
class HotSpotStudy:
    """Where alerts are denser than expected by chance: `spots`, most alerts above expected first.

    `cells`: the counts after disclosure control. `cold`: places with fewer alerts than expected by chance,
    the most surely low first. `power`: what would have been found, for where nothing was; its sentence names the
    period. `listed`: where the places were chosen out of finer counts than those of `cells`.
    `unjudged`: why no place is judged, where none is.
    """

    total: Total
    cells: Counted
    hot: HotCells
    spots: tuple[Spot, ...]
    cold: tuple[Spot, ...]
    resolution: int
    choices: tuple[Choice, ...]
    power: Power
    listed: ListedShares | None = None
    unjudged: Message | None = None

    def sized(self, size: Choice) -> HotSpotStudy:
        """The same cells with another reason for their size, as where it was picked instead of chosen."""
        return self if self.choices[0] == size else replace(self, choices=(size, *self.choices[1:]))

    def map_cells(self) -> pd.DataFrame:
        """The cells with what a map colours them by: `n`, and the class of their excess (`HotCells.excess_classes`),
        where that may be told.
        """
        if self.unjudged is not None:  # what would stand out may come from the exchange
            return self.cells.frame
        classes = self.hot.excess_classes(self.total.threshold)
        return self.cells.frame.assign(excess=pd.Series(classes, self.hot.frame.index))

    def sentence(self, t: Translator) -> str:
        """How many places stand out, or that none could be judged; where they were found in other cells, in which."""
        if self.unjudged is not None:
            return t(self.unjudged)
        if self.listed is not None:
            return t(
                "Hot spots are found in cells of {metres} m, alike for every reader; the cells of this map that hold "
                "them are marked, and counts are those of these cells.",
                metres=self.listed.metres,
            )
        if not self.hot.n:
            return t("There is no alert on the map to test.")
        if self.spots or self.cold or not self.power.too_few:
            if not self.spots:
                return t("No hot spot stands out from chance.")
            return t.n("{n} hot spot stands out from chance.", "{n} hot spots stand out from chance.", len(self.spots))
        return t("No cell could be judged.")


def hot_spot_study(
    source: Source, f: AlertFilter, resolution: int | None = None, base: DenominatorKind = LAND
) -> HotSpotStudy:
    """Hot cells and spots under a filter; the cell size is chosen from the data unless given.

    `base`: what a place is compared with, its
    land and surroundings unless given; DenominatorError where the filter, the audience or the city has no such
    base. Places keep the ids of `known_places`. Under the filter that everybody opens, places are
    chosen for every audience alike (`selection.chosen_from`), in cells of the size that is chosen for the specialist,
    and have the figures of what the audience reads.
    """
    found = _hot_spots(source, f, resolution, base)
    whole = whole_city(f)
    chosen = chosen_from(source, whole)
    usual = resolution is None or resolution == int(hot_spot_size(source, whole).value)
    if chosen is source and source.exact is not None and is_sensitive(whole, source.city):
        return replace(found, hot=marked_by(found.hot, (), ()), spots=(), cold=(), unjudged=EXCHANGED)
    if chosen is source or not usual or base != LAND:
        return replace(found, spots=with_known_ids(found.spots, known_places(source)))
    theirs = hot_spot_study(chosen, f)
    hot, cold = spots_of(found.hot, theirs.spots), spots_of(found.hot, theirs.cold)
    listed = _listed_shares(theirs, source) if hot or cold else None
    return replace(found, hot=marked_by(found.hot, hot, cold), spots=hot, cold=cold, listed=listed)


def _listed_shares(study: HotSpotStudy, source: Source) -> ListedShares:
    frame = study.hot.frame[["n", "land_km2"]]
    listed = frame.index.isin([cell for spot in study.spots for cell in spot.cells])
    held, part = (frame[listed].sum() / frame.sum()).fillna(0.0).tolist()
    metres = round(square_side(study.resolution, source.city.sampled_cells))
    return ListedShares(round(held, 2), round(part, 2) or 0.01, metres)


def hot_spot_size(source: Source, f: AlertFilter, resolution: int | None = None) -> Choice:
    """The size of the cells in which hot spots are looked for under a filter, and why: `cell_size`, or coarser cells.

    Where no size is given, cells grow from the size of `cell_size` until the test can
    tell (`planned_power` is not `too_few`), to `COARSEST_TESTED` at most and while there are `LEAST_TESTED` of them to
    compare; where no size can tell, the first stays. One size for all bases: it is chosen for the comparison by land.

    The size makes no more false places than a size that is given: power follows from the land, the number of alerts
    on it and how overdispersed they were before, never from where on it they gather, which alone is tested, once. Found
    once for a version of the alerts and a filter.
    """
    whole = whole_city(f)
    chosen = cell_size(source, whole, resolution)
    if resolution is not None:
        return chosen
    return source.once(
        "hot spot sizes", (whole, query.dates(source, whole)), lambda: _telling_size(source, whole, chosen)
    )


def _telling_size(source: Source, whole: AlertFilter, chosen: Choice) -> Choice:
    """The first size from the chosen one on whose test can tell; the chosen one where none can."""
    occupied, first = occupied_land_of(source), int(chosen.value)
    for size in range(first, COARSEST_TESTED - 1, -1):
        counted = alert_cells(source, whole, size).frame
        n, index = round(float(counted["n"].sum())), counted.index.to_numpy()
        tested = len(index) if occupied is None else int(occupied.holds(index).sum())
        if not n or (size < first and tested < LEAST_TESTED):
            break
        if planned_power(with_served_land(source, counted, size), occupied, place_scatter(source, whole, size)).too_few:
            continue
        if size == first:
            break
        metres, finer = (round(square_side(one, source.city.sampled_cells)) for one in (size, size + 1))
        message = Message(
            "Cells are as large as a square of {metres} m, because cells of {finer} m are too small for {n} alerts: "
            "even a place ten times as dense as its surroundings would too often be missed.",
            {"metres": metres, "finer": finer, "n": n},
        )
        return Choice("resolution", size, message)
    return chosen


def with_served_land(source: Source, cells: pd.DataFrame, resolution: int) -> pd.DataFrame:
    """Counts by cell with the land that places are compared by, where alerts stand on shared points."""
    served = served_land(source, resolution)
    return cells if served is None else cells.assign(served_km2=served.reindex(cells.index))


def known_places(source: Source) -> tuple[CellPlace, ...]:
    """The hot spots of all alerts of all time: they lend ids and names to those of filters, for every audience alike.

    Cached by version of the alerts and of the city; from the home's prepared files where they are there.
    """
    source = (source.exact or source).in_full

    def find() -> tuple[CellPlace, ...]:
        if (kept := source.kept(PLACES)) is not None:
            return tuple(CellPlace(name, tuple(cells), *point) for name, cells, *point in kept)
        return as_known_places(_hot_spots(source, AlertFilter(period="all"), None, LAND).spots)

    return source.once(PLACES, "", find)


def keep_known_places(source: Source) -> None:
    """Keep the known places for later processes, beside what else is prepared for the city."""
    rows = [[one.id, list(map(int, one.cells)), one.longitude, one.latitude] for one in known_places(source)]
    source.keep(PLACES, rows)


def _hot_spots(source: Source, f: AlertFilter, resolution: int | None, base: DenominatorKind) -> HotSpotStudy:
    whole = whole_city(f)
    total = query.total(source, whole)
    chosen = hot_spot_size(source, whole, resolution)
    counted = alert_cells(source, whole, int(chosen.value))
    points = shared_points(source)
    compared = denominator_for(source, whole, int(chosen.value), base)
    scatter = place_scatter(source, whole, int(chosen.value))
    cells = with_served_land(source, counted.frame, int(chosen.value))
    hot = hot_cells(cells, base=compared, occupied=occupied_land_of(source), scatter=scatter)
    start, end = query.dates(source, whole)
    power = replace(detection_power(hot), period=Span(start, end, source.by_month))
    choices = (
        chosen,
        *hot.choices,
        *(() if points is None or hot.based else (points.choice,)),
        *default_coordinates(counted.at_default),
    )
    return HotSpotStudy(total, counted, hot, hot_spots(hot), cold_spots(hot), int(chosen.value), choices, power)


CLUSTER_RESOLUTION: Final = 12


def cluster_study(source: Source, f: AlertFilter) -> Clusters:
    """Clusters of alerts on fine cells. DisclosureError for an audience that may not see cells so fine."""
    whole = whole_city(f)
    counted = query.counts(source, whole, ["cell"], resolution=CLUSTER_RESOLUTION, without_default_points=True)
    fine = counted.frame.dropna().astype({"cell": "int64"}).set_index("cell").sort_index()
    at_default = query.total(source, whole).at_default
    bursts = place_bursts(source, whole)
    found = find_clusters(fine, source.city, step=coordinate_step(source), bursts=bursts, points=shared_points(source))
    places = with_known_ids(found.found, known_places(source))
    return replace(found, found=places, choices=(*found.choices, *default_coordinates(at_default)))


# Longer ago says nothing of what a place is now: it would have to be hot for ten years to be called persistent.
MOST_MONTHS: Final = 48


@dataclass(frozen=True)
class EmergingRow:
    """A place of the list. since: first day of the steps up to the last that are hot without a break, or None.

    `id`: that of the known place which it is (`analysis.spots.naming`), as on the other layers; else its own.
    """

    place: EmergingPlace
    rank: int
    name: SpotName
    marked: int
    since: dt.date | None
    slope: float
    p_trend: float
    q_trend: float
    id: str = ""


@dataclass(frozen=True)
class EmergingStudy:
    """Classes over time. `emerging` is None where there are no classes, and `why` then says why.

    counts : the counts behind it, as they passed the gate, by cell and step; None where none were asked for
    lines : the places, in the order of their states
    period : first and last day over which `total` counts, None where there is no whole step
    """

    total: Total
    emerging: EmergingHotSpots | None
    lines: tuple[EmergingRow, ...]
    counts: Counted | None
    resolution: int
    choices: tuple[Choice, ...]
    why: Message | None = None
    period: tuple[dt.date, dt.date] | None = None

    def sized(self, size: Choice) -> EmergingStudy:
        """The same cells with another reason for their size, as where it was picked instead of chosen."""
        return self if self.choices[0] == size else replace(self, choices=(size, *self.choices[1:]))

    def series(self, cells: tuple[int, ...]) -> pd.DataFrame:
        """Alerts of some cells together, a row a step: start, n and hot (bool: any of the cells was)."""
        if self.emerging is None or self.counts is None:
            return pd.DataFrame(columns=["start", "n", "hot"])
        frame = self.counts.frame
        chosen = frame[frame["cell"].isin(cells)]
        n = chosen.groupby(self.emerging.unit)["n"].sum().reindex(self.emerging.starts, fill_value=0)
        at = self.emerging.frame.index.get_indexer(pd.Index(cells))
        hot = self.emerging.hot[at].any(axis=0)
        return pd.DataFrame({"start": self.emerging.starts, "n": n.to_numpy(float), "hot": hot})


def emerging_study(source: Source, f: AlertFilter, resolution: int | None = None) -> EmergingStudy:
    """Classes over time under a filter, in cells as large as those of the hot-spot map.

    A class needs history, which the period of a filter does not hold: whole months before its end are judged. The whole
    city is judged, and default coordinates are left out.
    """
    whole = whole_city(f)
    size = emerging_cell_size(source, f, resolution)
    side = int(size.value)
    periods = _periods(source, whole, side)
    history = _over(whole, periods)
    about: tuple[Choice, ...] = (*periods.choices, *coverage_choices(source, source.first, source.as_of))
    period = query.dates(source, history) if len(periods.starts) else None
    if period is not None:
        message = Message(
            "A class needs history: judged from {start} on, whatever period the filter names, up to its end.",
            {"start": period[0]},
        )
        about = (Choice("history", period[0].isoformat(), message), *about)
    total = query.total(source, history)
    if (why := _obstacle(source, whole, periods)) is not None:
        short = why is not EXCHANGED and source.known_time.knows(periods.unit)
        return EmergingStudy(total, None, (), None, side, (size, *about) if short else (size,), why, period)
    counted = query.counts(source, history, ["cell", periods.unit], resolution=side, without_default_points=True)
    wide = counted.frame.pivot(index="cell", columns=periods.unit, values="n")
    steps = periods.starts.union(pd.DatetimeIndex(wide.columns))  # one that has no alert at all is there too
    served, points = served_land(source, side), shared_points(source)
    found = emerging_hot_spots(
        wide.reindex(columns=steps),
        source.city.land_cells(side) if served is None else served,
        scatter=place_scatter(source, history, side),
    )
    choices = (
        size,
        *about,
        *found.choices,
        *(() if points is None else (points.choice,)),
        *default_coordinates(total.at_default),
    )
    known = known_places(source)
    names, ids = name_spots(found.places, source.city, known), known_ids(found.places, known)
    peaks: Any = found.frame.loc[[place.peak for place in found.places]].to_dict("records")
    rows = tuple(
        EmergingRow(
            place=place,
            rank=rank,
            name=names[place.id],
            marked=int(row["hot_steps"]),
            since=None if pd.isna(row["since"]) else row["since"].date(),
            **{column: float(row[column]) for column in ("slope", "p_trend", "q_trend")},
            id=known_id,
        )
        for rank, (place, row, known_id) in enumerate(zip(found.places, peaks, ids, strict=True), 1)
    )
    return EmergingStudy(total, found, rows, counted, side, choices, None, period)


def _obstacle(source: Source, whole: AlertFilter, periods: Periods) -> Message | None:
    """Why there are no classes under a filter; None where there are."""
    if source.exact is not None and is_sensitive(whole, source.city):
        return EXCHANGED
    if (lacking := source.lacks(periods.unit)) is not None:
        return lacking
    few = Message(
        "There are too few whole months or weeks of data to class places over time: {n}, and at least {least} are "
        "needed.",
        {"n": len(periods.starts), "least": CLASS_STEPS},
    )
    return few if len(periods.starts) < CLASS_STEPS else None


def emerging_cell_size(source: Source, f: AlertFilter, resolution: int | None) -> Choice:
    """The size of the cells in which `emerging_study` judges, and why: that of the hot-spot map where it can be."""
    return cell_size(source, whole_city(f), resolution, min(MOST_MAP_CELLS, MOST_COUNTS // MOST_MONTHS))


def judged_filter(source: Source, f: AlertFilter, resolution: int) -> AlertFilter:
    """A filter of which `emerging_study` in cells of this resolution says the same: periods that end in one month share
    their history. Where history is short it is the filter itself, over the whole city.
    """
    whole = whole_city(f)
    periods = _periods(source, whole, resolution)
    return _over(whole, periods) if periods.unit == "month" and len(periods.starts) >= MIN_STEPS else whole


def _periods(source: Source, f: AlertFilter, resolution: int) -> Periods:
    """Whole months or weeks up to the end of the filter's period."""
    _, end = query.dates(source, f)
    begin, last = source.coverage.stretch(min(end, source.as_of))
    earliest = (pd.Timestamp(last) + pd.Timedelta(days=1)).to_period("M").start_time - pd.DateOffset(months=MOST_MONTHS)
    first = max(source.first, begin, earliest.date())
    cells = np.asarray(source.city.land_cells(resolution).index)
    k = window_for(square_side(resolution, cells))
    windows = len(cells) / (1 + 3 * k * (k + 1))
    if len(whole_steps(first, last, "month")) >= MIN_STEPS:
        return periods_for(first, last, 0, windows)  # months, whatever the number of alerts
    return periods_for(first, last, query.total(source, f.replace(period="", start=first, end=last)).mapped, windows)


def _over(f: AlertFilter, periods: Periods) -> AlertFilter:
    """The filter over the whole steps."""
    if not len(periods.starts):
        return f
    last = periods.starts[-1] + (pd.offsets.MonthEnd(1) if periods.unit == "month" else pd.Timedelta(days=6))
    return f.replace(period="", start=periods.starts[0].date(), end=last.date())
