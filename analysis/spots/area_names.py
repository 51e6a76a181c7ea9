"""Where an area of map cells lies, in words: the streets that cross it, or the nearest landmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import h3.api.basic_str as h3
import numpy as np
import shapely

from analysis.spots.naming import name_spot
from curim_data.model import CityProfile, Translator, cell_polygons

MOST_STREETS: Final = 3
# Metres of a street in an area from which on it is one of its streets, and does not only touch it.
LEAST_LENGTH: Final = 25.0


def area_in_words(cells: Sequence[str], city: CityProfile, t: Translator) -> str:
    """The streets of an area, longest within it first, else the place named after its middle; and its size in cells.

    `cells`: H3 cells by their names, at least one.
    """
    size = t.n("{n} cell of the map", "{n} cells of the map", len(cells))
    return t("{where} ({size})", where=_streets(cells, city, t) or _near(cells, city, t), size=size)


def _streets(cells: Sequence[str], city: CityProfile, t: Translator) -> str:
    """The names of the longest streets within an area; empty where the city gave none there."""
    if not city.streets:
        return ""
    area = _in_metres(cells, city)
    lengths: dict[str, float] = {}
    for at in city.street_tree.query(area, predicate="intersects").tolist():
        if name := t.label(city.streets[at].labels):
            within = float(shapely.length(shapely.intersection(city.street_lines[at], area)))
            lengths[name] = lengths.get(name, 0.0) + within
    names = sorted((name for name in lengths if lengths[name] >= LEAST_LENGTH), key=lambda name: -lengths[name])
    more = len(names) - MOST_STREETS
    if more <= 0:
        return t.join(names) if names else ""
    first = ", ".join(names[:MOST_STREETS])
    return t.n("{streets} and {n} more street", "{streets} and {n} more streets", more, streets=first)


def _near(cells: Sequence[str], city: CityProfile, t: Translator) -> str:
    middle = shapely.centroid(shapely.union_all(_hexagons(cells)))
    return name_spot(float(middle.x), float(middle.y), city)(t)


def _in_metres(cells: Sequence[str], city: CityProfile) -> shapely.Geometry:
    hexagons = _hexagons(cells)
    x, y = city.project(*shapely.get_coordinates(hexagons).T)
    found: shapely.Geometry = shapely.union_all(shapely.set_coordinates(hexagons.copy(), np.column_stack([x, y])))
    return found


def _hexagons(cells: Sequence[str]) -> np.ndarray:
    return cell_polygons([h3.str_to_int(cell) for cell in cells])
