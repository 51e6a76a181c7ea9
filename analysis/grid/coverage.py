"""How much of each small square a polygon covers, exactly and in a time that grows with its outline and the squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from curim_data.model import FloatArray, IntArray


def covered_share(shape: BaseGeometry, west: float, south: float, side: float, rows: int, columns: int) -> FloatArray:
    """Share of each square that lies in a polygon or multipolygon, shape (rows, columns); row 0 is the southernmost.

    The outline is cut where it crosses a line of the grid. Each piece lies in one square, of which it leaves a
    trapezium to its right and, with the height that it climbs, all of the squares further right: summed along the rows
    with the sign of the direction, as renderers of letters do, that is the area, for holes too.

    Parameters
    ----------
    shape : polygon or multipolygon
        In metres.
    west, south, side : float
        The corner of the grid and the side of its squares in metres.

    References
    ----------
    Levien, R. (2016). "Inside the fastest font renderer in the world" (signed area accumulation); the idea is that of
    the scan converter of FreeType.
    """
    places, gains = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for ring, solid in _rings(shape):
        at = (shapely.get_coordinates(ring) - (west, south)) / side
        start, end = _cut(at, rows, columns)
        climb = end[:, 1] - start[:, 1]
        middle = (start + end) / 2
        row = np.floor(middle[:, 1]).astype(np.int64)
        column = np.clip(np.floor(middle[:, 0]), -1, columns).astype(np.int64) + 1
        inside = (row >= 0) & (row < rows) & (climb != 0)
        row, column, climb = row[inside], column[inside], climb[inside]
        # Left of the grid everything to the right is covered in full; right of it nothing is.
        right = np.where(column == 0, 0.0, 1 - np.clip(middle[inside, 0] - (column - 1), 0, 1))
        sign = -1.0 if shapely.is_ccw(ring) == solid else 1.0
        place = row * (columns + 2) + column
        later = column <= columns
        # The cell itself gets the part to its right, the next one the rest of the height.
        places += [place, place[later] + 1]
        gains += [sign * climb * right, sign * (climb * (1 - right))[later]]
    gain = np.bincount(np.concatenate(places), np.concatenate(gains), rows * (columns + 2)).astype(float, copy=False)
    gain = gain.reshape(rows, columns + 2)
    found: FloatArray = np.cumsum(gain, axis=1, out=gain)[:, 1 : columns + 1]
    return np.clip(found, 0.0, 1.0, out=found)


def _rings(shape: BaseGeometry) -> list[tuple[Any, bool]]:
    """The rings of the polygons, each with whether it bounds land (True) or a hole."""
    found: list[tuple[Any, bool]] = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and not part.is_empty:
            found.append((part.exterior, True))
            found += [(hole, False) for hole in part.interiors]
    return found


def _cut(at: FloatArray, rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """The sides of a ring, cut at every line of the grid: starts and ends, in squares."""
    start, end = at[:-1], at[1:]
    climbs = end[:, 1] != start[:, 1]
    start, end = start[climbs], end[climbs]
    which, along = [np.arange(len(start)), np.arange(len(start))], [np.zeros(len(start)), np.ones(len(start))]
    for axis, most in ((0, columns), (1, rows)):
        low = np.clip(np.minimum(start[:, axis], end[:, axis]), -1, most + 1)
        high = np.clip(np.maximum(start[:, axis], end[:, axis]), -1, most + 1)
        first = np.ceil(low).astype(np.int64)
        count = np.maximum(np.floor(high).astype(np.int64) - first + 1, 0)
        side: IntArray = np.repeat(np.arange(len(start)), count)
        line = np.repeat(first, count) + np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
        length = end[side, axis] - start[side, axis]
        crosses = length != 0
        which.append(side[crosses])
        along.append((line[crosses] - start[side[crosses], axis]) / length[crosses])
    sides, share = np.concatenate(which), np.clip(np.concatenate(along), 0, 1)
    order = np.lexsort((share, sides))
    sides, share = sides[order], share[order]
    points = start[sides] + share[:, None] * (end - start)[sides]
    same = sides[1:] == sides[:-1]
    return points[:-1][same], points[1:][same]
