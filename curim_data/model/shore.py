"""In which cell of the land an alert counts whose own cell touches none.

Cells of H3 are not nested as areas: the parent of a cell on a quay may itself lie in the water. And an alert up to 30 m
off the land counts as on it. Their alerts count in the next cell of the land, at every size, so that totals agree.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import h3.api.numpy_int as h3
import h3ronpy
import h3ronpy.vector
import numpy as np
import pyarrow as pa
import shapely

from curim_data.model.shared_shapes import ask_shape
from curim_data.model.types import BoolArray, CellArray

if TYPE_CHECKING:
    from curim_data.model.city import CityProfile

_NONE = np.zeros(0, np.int64)


def counted_cells(city: CityProfile, cells: CellArray) -> CellArray:
    """For each cell the one in which its alerts count: itself where it touches the land, else that of the land nearest.

    Parameters
    ----------
    cells : int64 H3, all of one resolution
        Without making the cells of the land. A cell farther from the land than those beside it (at the finest sizes:
        than 30 m) stays itself.
    """
    if not len(cells):
        return cells
    resolution = h3.get_resolution(np.uint64(cells[0]))
    cache: dict[int, tuple[CellArray, CellArray]] = city.__dict__.setdefault("_counted_cells", {})
    known, counted = cache.get(resolution, (_NONE, _NONE))
    at = np.searchsorted(known, cells)
    if len(known) and np.array_equal(known[np.minimum(at, len(known) - 1)], cells):
        return np.asarray(counted[at], np.int64)
    new = np.setdiff1d(cells, known)
    if len(new):
        found = new.copy()
        away = np.flatnonzero(~_touch(city, new))
        found[away] = [_nearest(city, int(cell)) for cell in new[away]]
        known, counted = np.r_[known, new], np.r_[counted, found]
        order = np.argsort(known)
        known, counted = known[order], counted[order]
        cache[resolution] = known, counted
    return np.asarray(counted[np.searchsorted(known, cells)], np.int64)


def with_shore(city: CityProfile, names: Collection[str]) -> list[int]:
    """Cells by name (hexadecimal, of any resolutions), and those whose alerts count in them (`counted_cells`)."""
    of_size: dict[int, set[int]] = {}
    for cell in (int(name, 16) for name in names):
        of_size.setdefault(h3.get_resolution(np.uint64(cell)), set()).add(cell)
    found = []
    for resolution, chosen in of_size.items():
        cells = np.array(sorted(chosen), np.int64)
        near = pa.array(h3ronpy.grid_disk(cells.astype(np.uint64), _rings(resolution), flatten=True))
        beside = np.setdiff1d(near.to_numpy(zero_copy_only=False).astype(np.int64), cells)
        found += [*cells.tolist(), *beside[np.isin(counted_cells(city, beside), cells)].tolist()]
    return found


def _touch(city: CityProfile, cells: CellArray) -> BoolArray:
    """`CityProfile.on_land`, mostly decided by the centres of the cells."""
    middles = pa.record_batch(h3ronpy.vector.cells_to_coordinates(cells.astype(np.uint64)))
    touch = ask_shape(shapely.contains_xy, city.land, middles["lng"].to_numpy(), middles["lat"].to_numpy())
    touch[~touch] = city.on_land(cells[~touch])
    return touch


def _nearest(city: CityProfile, cell: int) -> int:
    """The cell of that point of the land which is nearest to the middle of a cell; itself where that is far."""
    from pyproj.enums import TransformDirection  # long to load, and not needed for every command

    latitude, longitude = h3.cell_to_latlng(np.uint64(cell))
    resolution = h3.get_resolution(np.uint64(cell))
    x, y = city.project(longitude, latitude)
    line = shapely.shortest_line(city.land_metres, shapely.Point(float(x), float(y)))
    east, north = shapely.get_coordinates(line)[0]
    longitude, latitude = city.to_metres.transform(east, north, direction=TransformDirection.INVERSE)
    found = int(h3.latlng_to_cell(latitude, longitude, resolution))
    rings = _rings(resolution)
    near = found in {int(one) for one in h3.grid_disk(np.uint64(cell), rings)}
    return found if near and bool(city.on_land(np.array([found], np.int64))[0]) else cell


def _rings(resolution: int) -> int:
    """How many rings around a cell hold the land within 30 m of it."""
    return {12: 3, 11: 2}.get(resolution, 1)
