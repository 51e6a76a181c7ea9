"""How large an area is, and how many map cells it takes: asked before any cell is made.

The cells of a country at the size of a street corner are thousands of millions. Whoever needs cells asks here first
which size it can afford; `CityProfile.land_cells` refuses what nobody should wait for.

And what is asked of shapes that threads share, such as the land of a city: one question at a time (`ask_shape`). GEOS
keeps working state in a prepared geometry. Two threads that ask the same one at once corrupt the memory of the process,
which then ends for all readers (seen with GEOS 3.14 within a second). Shapely prepares a shape unasked, too, where it
is asked about points by their coordinates. Making new shapes (buffers, intersections, distances) needs no care.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import h3.api.numpy_int as h3
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from curim_data.model.alert import BoolArray, CellArray
from curim_data.model.i18n import Message, MessageError
from curim_data.model.values import MAP_RESOLUTIONS

if TYPE_CHECKING:
    from pyproj import Geod


# Cells of the land that a map shows and a test looks at: about two seconds of work.
MOST_MAP_CELLS: Final = 100_000
# Cells of the land that are ever made, for calculations on cells finer than those of the map.
MOST_LAND_CELLS: Final = 500_000
# What a cell of a map or of a file is: said wherever its size is chosen, or cells are shown or given out.
NESTED_CELLS: Final = Message(
    "Each map cell is made up of small cells of about 20 m, so that sizes fit into each other: "
    "its edge is not that of the hexagon drawn, and about 6 % of alerts count in the hexagon next to theirs."
)

# From the middle of a cell to its farthest corner, in roots of its area: 0.62 in a regular hexagon; up to 0.70 in the
# cells of H3, all over the world and beside its pentagons.
_REACH: Final = 0.75
_SAMPLED: Final = 12  # places of an area, each way, at which the size of a cell is measured


class AreaTooLargeError(MessageError, ValueError):
    """An area that takes too many cells of a size; `message` says which area, how many, and how to mend it."""


def geodesic_area_km2(shape: BaseGeometry) -> float:
    """Square kilometres of an area on the ellipsoid (WGS84), whatever its size and place.

    Parameters
    ----------
    shape : geometry
        Longitude and latitude in degrees (WGS84); sides are straight in degrees. What is no area has none.

    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43–55 (`pyproj.Geod`).
    """
    return _measured(shape)[0]


@cache
def _earth() -> Geod:
    from pyproj import Geod  # long to load, and not needed for every command

    return Geod(ellps="WGS84")


def _measured(shape: BaseGeometry) -> tuple[float, float, int]:
    """Area (km²), length of all rings (km), and the number of rings."""
    area = length = 0.0
    rings = 0
    # Sides of polygons are straight in degrees (RFC 7946): longer ones are divided, as the geodesic leaves them.
    fine = shapely.segmentize(shape, 0.05)
    if fine.is_empty:  # coordinates that differ by next to nothing
        fine = shape
    for part in shapely.get_parts(shapely.get_parts(fine)):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            found = _earth().geometry_area_perimeter(shapely.geometry.polygon.orient(part))
            holes = [_earth().geometry_length(hole) for hole in part.interiors]  # not in the perimeter
            area, length = area + abs(found[0]) / 1e6, length + (found[1] + sum(holes)) / 1e3
            rings += 1 + len(holes)
    return area, length, rings


def sampled_cells(shape: BaseGeometry) -> CellArray:
    """Cells of the finest resolution at places all over an area and along its edge, by which a cell can be measured.

    int64, at least one and at most a few hundred, whatever the size of the area.
    """
    middle = shape.representative_point()
    west, south, east, north = shape.bounds
    steps = (np.arange(_SAMPLED) + 0.5) / _SAMPLED
    lon, lat = (side.ravel() for side in np.meshgrid(west + steps * (east - west), south + steps * (north - south)))
    inside = ask_shape(shapely.intersects_xy, shape, lon, lat)
    edge = shapely.get_coordinates(shape)
    edge = edge[:: max(1, len(edge) // 24)]  # 24 places or more
    places = np.vstack([[(middle.x, middle.y)], np.column_stack([lon[inside], lat[inside]]), edge])
    cells = {h3.latlng_to_cell(latitude, longitude, max(MAP_RESOLUTIONS)) for longitude, latitude in places}
    return np.sort(np.array(list(cells), np.uint64).astype(np.int64))


def most_cells(shape: BaseGeometry, resolution: int) -> float:
    """The most H3 cells of a resolution that can touch an area: a bound, from area and edge alone.

    A cell that touches the area lies within two reaches r of it (from its middle to its farthest corner and back). So
    the cells, which do not overlap, fit into the area widened by 2 r. With L the length of its k rings that is at most

        area + 2 r L + k π (2 r)²

    which is divided by the smallest cell there (`sampled_cells`), less a twentieth for those that were not measured.
    """
    return _bound(*_measured(shape), _cell_areas(sampled_cells(shape), resolution))


def _bound(area: float, length: float, rings: int, sizes: np.ndarray) -> float:
    wide = 2 * _REACH * float(np.sqrt(sizes.max()))
    return float((area + wide * length + rings * np.pi * wide**2) / (0.95 * sizes.min()))


def _cell_areas(cells: CellArray, resolution: int) -> np.ndarray:
    """Areas (km²) of the cells of a resolution in which the given ones lie."""
    parents = {h3.cell_to_parent(cell, resolution) for cell in cells.astype(np.uint64)}
    return np.array([h3.cell_area(cell, unit="km^2") for cell in parents])


def cell_side_m(shape: BaseGeometry, resolution: int) -> float:
    """Side in metres of a square as large as the mean cell of a resolution in an area."""
    return 1000 * float(np.sqrt(_cell_areas(sampled_cells(shape), resolution).mean()))


def finest_affordable(shape: BaseGeometry, most: float) -> int:
    """The finest resolution at which an area takes at most so many cells.

    The coarsest of all (`MAP_RESOLUTIONS`) where none is that coarse.
    """
    measured, cells = _measured(shape), sampled_cells(shape)
    for resolution in range(max(MAP_RESOLUTIONS), min(MAP_RESOLUTIONS), -1):
        if _bound(*measured, _cell_areas(cells, resolution)) <= most:
            return resolution
    return min(MAP_RESOLUTIONS)


_lock = threading.Lock()


def ask_shape(predicate: Callable[..., Any], shape: BaseGeometry, *others: Any) -> BoolArray:
    """What `predicate(shape, *others)` says, with the shape prepared; at most one thread asks at a time.

    `predicate`: one of shapely, such as `intersects`, `covers` or `contains_xy`, whose first argument may be prepared.
    """
    with _lock:
        shapely.prepare(shape)
        return np.asarray(predicate(shape, *others), bool)
