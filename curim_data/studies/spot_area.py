"""Which hot spots lie in the area that a filter names. They are looked for in the whole city, whatever that area is."""

from __future__ import annotations

from typing import Final, Protocol

import h3.api.numpy_int as h3
import numpy as np
import shapely

from analysis.spots.naming import SpotName
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, Message
from curim_data.model.extent import ask_shape

TESTED_IN_CITY: Final = Message(
    "Looked for in the whole city, since a place stands out from the city and not from the picked area: of what was "
    "found, those that lie in the area at least in part are listed."
)
OF_CITY: Final = Message("This is of the whole city, whatever area the filter names.")


class WithCells(Protocol):
    """A place made of H3 cells."""

    @property
    def cells(self) -> tuple[int, ...]:
        """H3 cells of one resolution."""


def has_area(f: AlertFilter) -> bool:
    """Whether a filter names districts, places or cells."""
    return bool(f.districts or f.places or f.cells)


def in_area(spot: WithCells, name: SpotName, f: AlertFilter, city: CityProfile) -> bool:
    """Whether a hot spot lies in the filter's districts, near its places and in its cells, at least in part.

    A cell lies where its centre lies; a picked cell holds the smaller ones within it and belongs to the larger ones.
    """
    cells = np.asarray(spot.cells, np.uint64)
    points = np.array([h3.cell_to_latlng(cell) for cell in cells]).reshape(-1, 2)
    return (
        (not f.districts or _in_districts(points, f, city))
        and (not f.places or name.place in f.places or _near_places(points, f, city))
        and (not f.cells or _shares_cells(cells, f))
    )


def _in_districts(points: np.ndarray, f: AlertFilter, city: CityProfile) -> bool:
    picked = [area.polygon for area in city.districts if area.id in f.districts]
    return any(ask_shape(shapely.intersects_xy, polygon, points[:, 1], points[:, 0]).any() for polygon in picked)


def _near_places(points: np.ndarray, f: AlertFilter, city: CityProfile) -> bool:
    x, y = city.project(points[:, 1], points[:, 0])
    for mark in (mark for mark in city.landmarks if mark.id in f.places):
        at_x, at_y = city.project(mark.longitude, mark.latitude)
        if (np.hypot(x - at_x, y - at_y) <= mark.radius).any():
            return True
    return False


def _shares_cells(cells: np.ndarray, f: AlertFilter) -> bool:
    picked = [int(name, 16) for name in f.cells]
    for size in {h3.get_resolution(cell) for cell in picked}:
        of_size = {cell for cell in picked if h3.get_resolution(cell) == size}
        for cell in cells:
            own = h3.get_resolution(cell)
            if own >= size and int(h3.cell_to_parent(cell, size)) in of_size:
                return True
            if own < size and any(int(h3.cell_to_parent(one, own)) == int(cell) for one in of_size):
                return True
    return False
