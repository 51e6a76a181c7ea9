"""Streets that a map can carry: as many as there is room for, the main ones first, no finer than a pixel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from curim_data.model import CityProfile
from curim_data.model.city import MAJOR, MINOR, PATH, Area

# Corners of streets in the whole map: about 20 bytes each, so that a map stays under half a megabyte.
MOST_CORNERS: Final = 20_000
PIXELS_ACROSS: Final = 900  # a map of the whole city
CLOSER: Final = 4  # how many times closer a reader may look before a street looks angular
MOST_COVER: Final = 0.1  # part of a map's pixels that lines of other than main roads may take, lest they hide the cells
CLASSES: Final = (MAJOR, "", MINOR, PATH)
MAIN: Final = 2  # the first of them, of which as many are drawn as there is room for
Drawn = tuple[tuple[str, BaseGeometry], ...]


def streets_of_city(city: CityProfile) -> Drawn:
    """The streets of the whole map by class, one shape a class, the widest last; kept with the city."""
    kept: dict[str, Drawn] = city.__dict__
    if "_drawn_streets" not in kept:
        kept["_drawn_streets"] = drawn(city.streets, city.land.bounds)
    return kept["_drawn_streets"]


def streets_near(city: CityProfile, box: tuple[float, float, float, float]) -> Drawn:
    """The streets within a box (west, south, east, north in degrees), for a map that is turned to a place.

    None where the map of the whole city has room for all of them.
    """
    kept = city.__dict__
    if sum(len(shapely.get_coordinates(street.polygon)) for street in city.streets) <= MOST_CORNERS:
        return ()
    if "_streets_in_degrees" not in kept:
        kept["_streets_in_degrees"] = shapely.STRtree([street.polygon for street in city.streets])
    found = kept["_streets_in_degrees"].query(shapely.box(*box), predicate="intersects")
    near = [city.streets[number] for number in np.sort(found)]
    cut = [Area(street.id, {}, shapely.clip_by_rect(street.polygon, *box), street.kind) for street in near]
    return drawn([street for street in cut if not street.polygon.is_empty], box)


def drawn(streets: Sequence[Area], box: tuple[float, float, float, float], most: int = MOST_CORNERS) -> Drawn:
    """Streets of a map of a box by class, paths first.

    Lines are simplified to a quarter of a pixel of the whole map and rounded to a metre. Of main roads (and streets of
    unknown class) the longest are taken while there is room; other streets, and paths after them, all or none.
    """
    if not streets:
        return ()
    west, _, east, _ = box
    fine = (east - west) / PIXELS_ACROSS / CLOSER
    lines = shapely.simplify(shapely.force_2d(np.array([street.polygon for street in streets])), fine)
    lines = shapely.set_precision(lines, 1e-5, mode="pointwise")
    rank = np.array([CLASSES.index(street.kind) if street.kind in CLASSES else 1 for street in streets])
    order = np.lexsort((-shapely.length(lines), rank))
    corners = np.cumsum(shapely.get_num_coordinates(lines)[order])
    length = np.cumsum(shapely.length(lines)[order]) / (east - west) / PIXELS_ACROSS
    room = corners <= most
    for number in range(MAIN, len(CLASSES)):
        own = rank[order] == number
        room[own] = bool((room[own] & (length[own] <= MOST_COVER)).all())
    found = []
    for number in reversed(range(len(CLASSES))):
        chosen = order[room & (rank[order] == number)]
        parts = list(_strings(lines[chosen]))
        if parts:
            found.append((CLASSES[number], shapely.MultiLineString(parts)))
    return tuple(found)


def _strings(lines: Iterable[BaseGeometry]) -> Iterable[BaseGeometry]:
    for part in shapely.get_parts(np.array(list(lines))):
        if part.geom_type == "LineString" and not part.is_empty and part.length > 0:
            yield part
