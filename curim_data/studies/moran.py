"""Local Moran's I under a filter, for audiences that see exact counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.hotspots.moran_cells import MoranCells, moran_cells
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.privacy import DisclosureError, sees_exact
from curim_data.query import Total
from curim_data.studies.cells import cell_size, default_coordinates, nested_cells, whole_city
from curim_data.studies.denominators import occupied_land_of
from curim_data.studies.hot_spots import known_places

EXACT_ONLY = Message("Local Moran's I needs the exact count of every cell: ask as analyst or specialist.")


@dataclass(frozen=True)
class MoranStudy:
    """Local Moran's I of the whole city, with the names of its places by id and the size of its cells."""

    total: Total
    moran: MoranCells
    names: Mapping[str, SpotName]
    resolution: int
    at_default: int | None
    choices: tuple[Choice, ...]


def moran_study(source: Source, f: AlertFilter, audience: Audience, resolution: int | None = None) -> MoranStudy:
    """Local Moran's I on alerts by cell; the cell size is chosen from the data unless given.

    Raises DisclosureError for an audience without exact counts: a cell is judged by its own count and by those around
    it, which a protected map leaves open.
    """
    if not sees_exact(audience):
        raise DisclosureError(EXACT_ONLY)
    whole = whole_city(f)
    total = query.total(source, whole, audience)
    chosen = cell_size(source, whole, audience, resolution)
    size = int(chosen.value)
    counted = query.cells(source, whole, size, audience)
    found = moran_cells(counted.frame, occupied_land_of(source, audience))
    names = name_spots(found.places, source.city, known_places(source, audience))
    choices = (chosen, *found.choices, *default_coordinates(counted.at_default))
    choices += nested_cells(size)
    return MoranStudy(total, found, names, size, counted.at_default, choices)
