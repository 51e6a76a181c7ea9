"""The denominator that a place is compared with, after disclosure control: all alerts of the period, or residents."""

from __future__ import annotations

from typing import Final, get_args

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely

from analysis.grid.cells import square_side
from analysis.hotspots.cell_significance import MIN_LAND_SHARE
from analysis.hotspots.surroundings import LAND, Denominator, DenominatorKind, OccupiedLand, occupied_land
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, Message, MessageError, Num
from curim_data.model.extent import ask_shape
from curim_data.privacy import finest_resolution, protected_resolution
from curim_data.studies.cells import whole_city

KINDS: Final[tuple[DenominatorKind, ...]] = get_args(DenominatorKind)
# Fine cells by which residents are spread over the land of their district, or coarser ones where these are too many.
FINE: Final = 12
MOST_FINE_CELLS: Final = 150_000
SHOWN_KM2: Final = 0.005
ALL_ALERTS: Final = Message("There is no share to compare: the filter already holds all alerts of the period.")
OTHER_CELLS: Final = Message(
    "Here this audience sees these alerts and all alerts in map cells of different sizes, so that they cannot "
    "be laid over each other: compare by land, or ask as analyst or specialist."
)
NO_RESIDENTS: Final = Message(
    "The city's profile holds no residents by district: the analyst can load them (“curim city population FILE”)."
)


class DenominatorError(MessageError, ValueError):
    """A base that a filter, an audience or a city has not; `message` says why."""


def all_alerts_filter(f: AlertFilter) -> AlertFilter:
    """All alerts of the filter's period: what its alerts are a share of."""
    return AlertFilter(period=f.period, start=f.start, end=f.end)


def denominator_obstacle(kind: DenominatorKind, f: AlertFilter, source: Source) -> Message | None:
    """Why a base cannot be had under a filter; None where it can."""
    if kind == "alerts":
        if whole_city(f) == all_alerts_filter(f):
            return ALL_ALERTS
        same = finest_resolution(source, f) == finest_resolution(source, all_alerts_filter(f))
        return None if same else OTHER_CELLS
    if kind == "residents":
        return None if residents_by_district(source.city) is not None else NO_RESIDENTS
    return None


def denominator_for(source: Source, f: AlertFilter, resolution: int, kind: DenominatorKind) -> Denominator | None:
    """The base of every cell of the land; None for land itself.

    Raises DenominatorError where there is no such base (`denominator_obstacle`).
    """
    said = denominator_obstacle(kind, f, source)
    if said is not None:
        raise DenominatorError(said)
    if kind == LAND:
        return None
    return _alerts(source, f, resolution) if kind == "alerts" else _residents(source.city, resolution)


def occupied_land_of(source: Source) -> OccupiedLand | None:
    """The land on which alerts of all time occur; None where they are too few to tell. For who reads the protected copy
    it is that of the copy. Cached by version of the alerts and of the city.
    """
    known: dict[tuple[str, bool], OccupiedLand | None] = source.cache.setdefault("occupied", {})
    key = source.city.version, source.protected
    if key not in known:
        everything = AlertFilter(period="all")
        size = protected_resolution(everything, source.city)  # of some 350 m, for every audience
        counted = query.cells(source, everything, size)
        known[key] = occupied_land(counted.frame)
    return known[key]


def residents_by_district(city: CityProfile) -> pd.Series | None:
    """Residents by district id, women and men together where no total is given; None where none are loaded."""
    people = city.population
    if people is None or "district" not in people:
        return None
    rows = people.set_index("district")
    if "total" in rows and rows["total"].notna().all():
        counts = rows["total"]
    elif {"women", "men"} <= set(rows):
        counts = rows["women"] + rows["men"]
    else:
        return None
    counts = counts.astype(float)
    known = {area.id for area in city.districts}
    counts = counts[counts.index.isin(known) & (counts > 0)]
    return None if counts.empty else counts


def _alerts(source: Source, f: AlertFilter, resolution: int) -> Denominator:
    """All alerts of the same period as a base, of which those under the filter are a part."""
    counted = query.cells(source, all_alerts_filter(f), resolution)
    frame = counted.frame[["n"]].astype(float).assign(least=0.0)
    message = Message(
        "What is compared is the share of these alerts among all alerts of the same period, {base} in all: a "
        "place where people report much of everything is not hot for that. The share says nothing about how many "
        "there are.",
        {"base": round(float(frame["n"].sum()))},
    )
    return Denominator("alerts", frame, (Choice("base", "alerts", message),))


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
        "Residents are known by district only ({districts} districts, {people} residents) and are spread evenly over "
        "the land of each. They are the wrong base for squares, stations and shores, which many people use and few "
        "live at: such places look hotter than they are for those who are there.",
        {"districts": len(people), "people": round(float(people.sum()))},
    )
    choices = [Choice("base", "residents", message)]
    unknown = float(city.land_cells(resolution)[by_cell["people"].isna()].sum())
    if unknown >= SHOWN_KM2:
        outside = Message(
            "{area} km² of the land lie in no district with residents: they are not tested.", {"area": Num(unknown, 2)}
        )
        choices.append(Choice("unknown", unknown, outside))
    return Denominator("residents", frame, tuple(choices))
