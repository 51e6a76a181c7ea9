"""Hot spots under a filter: cells denser than chance explains, on counts after disclosure control, and their places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.grid.cells import square_side
from analysis.hotspots.cell_significance import HotCells, hot_cells
from analysis.hotspots.excess import excess_choices
from analysis.hotspots.grouping import Spot, cold_spots, hot_spots, marked_by, spots_of
from analysis.hotspots.power import Power, detection_power, planned_power
from analysis.hotspots.surroundings import LAND, DenominatorKind, OccupiedLand
from analysis.spots.naming import as_known_places, with_known_ids
from analysis.stats.result import CellPlace, Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, Message, Num, Translator
from curim_data.model.i18n import Span
from curim_data.model.prepared import PLACES
from curim_data.model.types import CellArray
from curim_data.privacy import Counted, is_sensitive
from curim_data.quality.positions import served_land, shared_points
from curim_data.query import Total
from curim_data.studies.cells import alert_cells, cell_size, default_coordinates, nested_cells, whole_city
from curim_data.studies.denominators import denominator_for, occupied_land_of
from curim_data.studies.scatter import place_scatter
from curim_data.studies.selection import chosen_from

MOST_CACHED: Final = 64
# Cells of some 2 km, of 5 km²: a neighbourhood. What is hot among larger ones is no place where something can be done.
COARSEST_TESTED: Final = 7
# Among fewer cells hardly any is left that could be the rest of the city.
LEAST_TESTED: Final = 30
# A list that holds so much of the alerts needs no reason for what it leaves out.
HELD: Final = 0.5
_ELSEWHERE: Final = N_(
    "The list holds {percent} % of the alerts of the city: the others are too thinly spread for any place "
    "to stand out from chance, half of them in cells that hold {n} at most."
)
_ELSEWHERE_FEW: Final = N_(
    "The list holds {percent} % of the alerts of the city: the others are too thinly spread for any place to stand "
    "out from chance, half of them in cells that hold fewer than {k}."
)
_FOUND_IN: Final = N_(
    "Hot spots are found in cells of {metres} m, alike for every reader; the cells of this map that hold them are "
    "marked, and counts are those of these cells."
)
EXCHANGED: Final = Message(
    "Sensitive alerts have exchanged their places in the protected copy, so whether a place stands out cannot be told "
    "from it. Whoever sees the alerts themselves, as a specialist, can tell."
)
_TOO_SMALL: Final = N_(
    "Cells are as large as a square of {metres} m, because cells of {finer} m are too small for {n} alerts: even a "
    "place ten times as dense as its surroundings would too often be missed."
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

    def sentence(self, t: Translator) -> str:
        """How many cells are hot and cold, or that none could be judged; where the places were found in other cells, in
        which.
        """
        if self.unjudged is not None:
            return t(self.unjudged)
        return cells_sentence(self.hot, self.power, t, self.listed)

    @property
    def elsewhere(self) -> Message | None:
        """Why the list holds less than half of the alerts, where it does; None where places were found elsewhere.

        Half of the others lie in cells that hold at most so many (the median over alerts, not over cells).
        """
        if not self.spots or self.hot.based or self.listed is not None:
            return None
        counts = self.hot.frame["n"]
        listed = counts.index.isin([cell for spot in self.spots for cell in spot.cells])
        inside, others = float(counts[listed].sum()), np.sort(counts[~listed].to_numpy(float))
        if inside >= HELD * counts.sum():
            return None
        most = others[np.searchsorted(np.cumsum(others), others.sum() / 2)]
        share = Num(100 * inside / float(counts.sum()), 0)
        if most < (least := self.total.threshold):
            return Message(_ELSEWHERE_FEW, {"percent": share, "k": least})
        return Message(_ELSEWHERE, {"percent": share, "n": round(most)})


def cells_sentence(hot: HotCells, power: Power, t: Translator, listed: ListedShares | None = None) -> str:
    """How many cells are hot and cold; that none could be judged where even a very dense place would be missed.

    `listed`: of places that were found in other cells, which the sentence names instead.
    """
    if listed is not None:
        return t(_FOUND_IN, metres=listed.metres)
    found = any(hot.frame[mark].to_numpy(bool).any() for mark in ("hot", "cold"))
    if found or not power.too_few or not hot.n:
        return hot.sentence(t)
    if power.alone:
        return t("No cell could be judged: the area is no larger than one place.")
    return t("No cell could be judged: there are too few alerts on the map.")


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
    hot, cold = spots_of(found.hot, theirs.spots), spots_of(found.hot, theirs.cold, "cold")
    listed = _listed_shares(theirs, source) if any(spot.times is not None for spot in (*hot, *cold)) else None
    return replace(found, hot=marked_by(found.hot, hot, cold), spots=hot, cold=cold, listed=listed)


def _listed_shares(study: HotSpotStudy, source: Source) -> ListedShares:
    counts, land = (study.hot.frame[name] for name in ("n", "land_km2"))
    listed = counts.index.isin([cell for spot in study.spots for cell in spot.cells])
    held, part = (float(values[listed].sum() / values.sum()) if values.sum() else 0.0 for values in (counts, land))
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
    kept: dict[tuple[AlertFilter, str, bool], Choice] = source.cache.setdefault("hot spot sizes", {})
    key = whole, source.city.version, source.protected
    if key not in kept:
        if len(kept) >= MOST_CACHED:
            kept.clear()
        kept[key] = _telling_size(source, whole, chosen)
    return kept[key]


def _telling_size(source: Source, whole: AlertFilter, chosen: Choice) -> Choice:
    """The first size from the chosen one on whose test can tell; the chosen one where none can."""
    occupied, first = occupied_land_of(source), int(chosen.value)
    for size in range(first, COARSEST_TESTED - 1, -1):
        counted = alert_cells(source, whole, size).frame
        n, index = round(float(counted["n"].sum())), counted.index.to_numpy()
        if not n or (size < first and looked_at(index, occupied) < LEAST_TESTED):
            break
        if planned_power(with_served_land(source, counted, size), occupied, place_scatter(source, whole, size)).too_few:
            continue
        if size == first:
            break
        sides = [round(square_side(resolution, source.city.sampled_cells)) for resolution in (size, size + 1)]
        return Choice("resolution", size, Message(_TOO_SMALL, {"metres": sides[0], "finer": sides[1], "n": n}))
    return chosen


def with_served_land(source: Source, cells: pd.DataFrame, resolution: int) -> pd.DataFrame:
    """Counts by cell with the land that places are compared by, where alerts stand on shared points."""
    served = served_land(source, resolution)
    return cells if served is None else cells.assign(served_km2=served.reindex(cells.index))


def looked_at(index: CellArray, occupied: OccupiedLand | None) -> int:
    """How many of some cells are tested."""
    return len(index) if occupied is None else int(occupied.holds(index).sum())


def known_places(source: Source) -> tuple[CellPlace, ...]:
    """The hot spots of all alerts of all time: they lend ids and names to those of filters, for every audience alike.

    Cached by version of the alerts and of the city; from the home's prepared files where they are there.
    """
    source = (source.exact or source).in_full
    key = (source.version, source.city.version, source.count)
    found = _known_places.get(key)
    if found is None:
        found = _kept_places(source)
        if found is None:
            found = as_known_places(_hot_spots(source, AlertFilter(period="all"), None, LAND).spots)
        if len(_known_places) >= MOST_CACHED:
            _known_places.clear()
        _known_places[key] = found
    return found


def keep_known_places(source: Source) -> None:
    """Keep the known places for later processes, beside what else is prepared for the city."""
    rows = [
        [place.id, [f"{cell:x}" for cell in place.cells], place.longitude, place.latitude]
        for place in known_places(source)
    ]
    source.keep(PLACES, rows)


def _kept_places(source: Source) -> tuple[CellPlace, ...] | None:
    """The known places as they were kept; None where they were not for these alerts, or cannot be read."""
    rows = source.kept(PLACES)
    try:
        if rows is None:
            return None
        return tuple(
            CellPlace(name, tuple(int(cell, 16) for cell in cells), float(longitude), float(latitude))
            for name, cells, longitude, latitude in rows
        )
    except (ValueError, TypeError):
        return None


_known_places: dict[tuple[str, str, int], tuple[CellPlace, ...]] = {}


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
    ordered = () if hot.based else excess_choices()
    choices = (
        chosen,
        *hot.choices,
        *(() if points is None or hot.based else (points.choice,)),
        *ordered,
        *power.choices,
        *default_coordinates(counted.at_default),
        *nested_cells(int(chosen.value)),
    )
    return HotSpotStudy(total, counted, hot, hot_spots(hot), cold_spots(hot), int(chosen.value), choices, power)
