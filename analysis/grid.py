"""The grid under every map: H3 cells of the city's land, their neighbours, and how large they should be.

Points that reports of several days share: corners, blocks, stations; and land as it counts where reports stand on
such points.

A file that moves each report to the nearest corner makes every corner a heap: beside the land around it a cell with a
corner is dense and one without is empty, though nothing happened but a move. So the land is moved as the reports are.
Of all reports the share s stands on shared points; that share of every piece of land is counted at the shared point
nearest to it, the rest stays where it is:

    reference(cell) = (1 - s) land(cell) + s sum of the land whose nearest shared point lies in the cell.

The sum over all cells is the land, and nothing moves farther than to the next point. Reports that fall anywhere alike
and are then moved have exactly this density; where no point is shared (s = 0) it is the land.

What shares a point on one day alone may be one event told by many people, and makes no shared point.

The land as small pixels: the smoothed local baseline of clusters, and the ground of the density map.

How much of each small square a polygon covers, exactly and in a time that grows with its outline and the squares.

The smoothed local baseline: how many alerts each fine cell would have if only the broad density of the city
counted.

The land as small square pixels, and what lies on it spread by a Gaussian: the ground of the density map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import h3.api.numpy_int as h3
import h3ronpy
import h3ronpy.vector
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from scipy import sparse
from scipy.ndimage import binary_dilation, correlate1d, find_objects, gaussian_filter, label, maximum_filter, zoom
from scipy.signal import oaconvolve
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from analysis.stats.intervals import Choice
from curim_data.model import (
    CELL_RESOLUTIONS,
    MAP_RESOLUTIONS,
    MOST_MAP_CELLS,
    N_,
    BoolArray,
    CityProfile,
    FloatArray,
    IntArray,
    Message,
    Translator,
)
from curim_data.model.progress import report

# The finest resolution that is chosen unasked: cells of about 130 m. A patrol, a lamp or a crossing serves a place of
# that size, and finer cells split one street corner into several.
FINEST: Final = 10
COARSEST: Final = 8
# Below this mean count in a cell and its six neighbours cells become coarser. The exact test needs no more: simulated,
# a spot of 90 m with a tenth of 60 alerts is found in 47 % of maps on cells of 130 m, in 22 % on cells of 350 m.
MIN_IN_WINDOW: Final = 0.5
MOST_MATRICES: Final = 20  # of neighbours, and of rings, that are cached
_DIGITS: Final = 15
_ALL_SEVEN: Final = (1 << 3 * _DIGITS) - 1


def neighbours(cells: Any, k: int = 1) -> sparse.csr_array:
    """Which cells lie within `k` rings of which.

    Parameters
    ----------
    cells : array of int64, shape (m,)
        Distinct H3 cells of one resolution, in any order: the study mask.
    k : int
        Number of rings; 0 is the cell itself.

    Returns
    -------
    scipy.sparse.csr_array, shape (m, m)
        One where a cell of the mask lies at most `k` grid steps away, itself included; rows and columns in the order
        of `cells`. Cells outside the mask have no column, so sums over a row see the edge of the land.
    """
    return _disc(np.ascontiguousarray(cells, dtype=np.int64).tobytes(), int(k))


@lru_cache(maxsize=MOST_MATRICES)
def _disc(mask: bytes, k: int) -> sparse.csr_array:
    cells = np.frombuffer(mask, dtype=np.int64)
    count = len(cells)
    if not count:
        return sparse.csr_array((0, 0))
    discs = pa.array(h3ronpy.grid_disk(cells.astype(np.uint64), k, flatten=False))
    rows = np.repeat(np.arange(count), discs.value_lengths().to_numpy())
    found = discs.flatten().to_numpy().astype(np.int64)
    order = np.argsort(cells, kind="stable")
    columns = order[np.clip(np.searchsorted(cells[order], found), 0, count - 1)]
    inside = cells[columns] == found
    return sparse.csr_array((np.ones(int(inside.sum())), (rows[inside], columns[inside])), shape=(count, count))


def centres(cells: Any) -> tuple[Any, Any]:
    """Longitude and latitude (degrees, WGS84) of the centres of cells: two arrays of shape (m,), for reading only."""
    return _centres(np.ascontiguousarray(cells, dtype=np.int64).tobytes())


@lru_cache(maxsize=8)
def _centres(cells: bytes) -> tuple[Any, Any]:
    points = pa.record_batch(h3ronpy.vector.cells_to_coordinates(np.frombuffer(cells, dtype=np.uint64)))
    longitude, latitude = (points[name].to_numpy().copy() for name in ("lng", "lat"))
    longitude.flags.writeable = latitude.flags.writeable = False
    return longitude, latitude


def centres_in_metres(cells: Any, city: CityProfile) -> tuple[FloatArray, FloatArray]:
    """Centres of H3 cells in the city's projection: x and y in metres."""
    return city.project(*centres(cells))


def ring(cells: Any, inner: int, outer: int) -> sparse.csr_array:
    """Which cells of the mask lie more than `inner` and at most `outer` rings from which; shape as `neighbours`."""
    return _ring(np.ascontiguousarray(cells, dtype=np.int64).tobytes(), int(inner), int(outer))


@lru_cache(maxsize=MOST_MATRICES)
def _ring(mask: bytes, inner: int, outer: int) -> sparse.csr_array:
    around = sparse.csr_array(_disc(mask, outer) - _disc(mask, inner))
    around.eliminate_zeros()
    return around


def parents(cells: IntArray, resolution: int) -> IntArray:
    """The H3 cells of a coarser resolution (or the same) that hold cells; by their bits, for many at once."""
    unused = np.int64(_ALL_SEVEN >> 3 * resolution)
    return np.asarray((cells & ~np.int64(15 << 52)) | np.int64(resolution << 52) | unused)


def square_side(resolution: int, cells: Any = None) -> float:
    """Side in metres of a square as large as a cell: measured on `cells`, else the mean of all cells on Earth."""
    if cells is None or len(cells) == 0:
        return float(np.sqrt(h3.average_hexagon_area(resolution, unit="m^2")))
    sample = np.asarray(cells, dtype=np.int64)[:: max(1, len(cells) // 50)].astype(np.uint64)
    moved = h3.cell_to_center_child if resolution > h3.get_resolution(sample[0]) else h3.cell_to_parent
    return float(np.sqrt(np.mean([h3.cell_area(moved(cell, resolution), unit="m^2") for cell in sample])))


def resolution_for(
    n: float,
    land_km2: float,
    coordinate_precision_m: float = 1.0,
    finest: int = FINEST,
    cells: Any = None,
    affordable: int | None = None,
    maps: int = 1,
) -> Choice:
    """Choose how large the cells are, and say why.

    The finest resolution, from about 130 m on, at which a cell and its six neighbours hold at least half an alert in
    the mean, a cell is at least twice as wide as the coordinates are precise, the audience may look (`finest`), and
    the land needs no more than 100,000 cells. Only the last makes cells coarser than 900 m, as for a country.

    Parameters
    ----------
    n : float
        Alerts on the map, or on the smaller one of two.
    land_km2 : float
        Land of the city in square kilometres.
    coordinate_precision_m : float
        Step of the coordinates in metres (three decimals of a degree are about 100 m).
    finest : int
        The finest H3 resolution that the audience may see.
    cells : array of int64, optional
        Some cells of the city, of any resolution: the size of a cell is then measured there.
    affordable : int, optional
        The finest H3 resolution in which all the land can be had (`CityProfile.finest_affordable`); estimated from the
        area when left out.
    maps : int
        How many maps of that many are laid over each other.
    """
    reason = Message("an intervention serves a place of that size")
    chosen = FINEST
    while chosen > min(MAP_RESOLUTIONS):
        side = square_side(chosen, cells)
        window = maps * n / land_km2 * 7 * side**2 / 1e6
        too_many = land_km2 * 1e6 / side**2 > MOST_MAP_CELLS if affordable is None else chosen > affordable
        if chosen <= COARSEST and not too_many:
            break
        if too_many:
            reason = too_large(land_km2)
        elif chosen > finest:
            reason = Message("finer cells could point at single persons")
        elif side < 2 * coordinate_precision_m:
            reason = Message(
                "the coordinates are only precise to {metres} m", {"metres": round(coordinate_precision_m)}
            )
        elif window < MIN_IN_WINDOW:
            reason = Message("there are too few alerts for finer cells")
        else:
            break
        chosen -= 1
    return Choice(
        "resolution",
        chosen,
        Message(
            "Cells are as large as a square of {metres} m, because {reason}.",
            {"metres": round(square_side(chosen, cells)), "reason": reason},
        ),
    )


def too_large(land_km2: float, most: int = MOST_MAP_CELLS) -> Message:
    """Why cells are no finer: the end of a sentence."""
    return Message(
        "the area is {area} km² and takes more than {most} finer ones", {"area": round(land_km2), "most": most}
    )


# Reports of so many days make a point one that is shared.
LEAST_DAYS: Final = 2
# Under this share of the reports on shared points land counts as it lies: the move would change next to nothing.
LEAST_SHARE: Final = 0.1
# Pieces of land of which the nearest point is looked for: cells two sizes finer than those counted in, or one.
MOST_PIECES: Final = 600_000
FINER: Final = (2, 1)
NEXT_TO_NOTHING: Final = 1e-9  # of a square: what rounding leaves where there is no land
_BY_POINTS: Final = N_("Places are compared by the land that their points serve, since alerts stand on shared points.")


@dataclass(frozen=True)
class SharedPoints:
    """Points (metres of the city) with their cells of the finest resolution stored; `share` of all reports there."""

    x: FloatArray
    y: FloatArray
    cells: IntArray
    share: float

    @property
    def choice(self) -> Choice:
        """What places are compared by, in words."""
        return Choice(
            "points",
            self.share,
            Message(_BY_POINTS),
        )


def with_points(t: Translator, sentence: str, choices: Sequence[Choice]) -> str:
    """A sentence about places, and that they are compared by points where a choice says so."""
    return f"{sentence} {t(_BY_POINTS)}" if any(choice.name == "points" for choice in choices) else sentence


def land_by_points(land: pd.Series, points: SharedPoints, city: CityProfile) -> pd.Series:
    """Land (km²) as it counts where reports stand on shared points.

    Parameters
    ----------
    land : Series, index cell (int64, H3 of one resolution)
        Square kilometres of land of every cell of the study mask.
    points : SharedPoints
        Those outside the mask hold nothing.
    city : CityProfile
        For metres.

    Returns
    -------
    Series
        With the index and the sum of `land`.
    """
    index, size = np.asarray(land.index, dtype=np.int64), land.to_numpy(float)
    resolution = int(index[0] >> 52 & 15)
    order = np.argsort(index)
    own = parents(points.cells, resolution)
    place = order[np.clip(np.searchsorted(index[order], own), 0, len(index) - 1)]
    inside = index[place] == own
    if not inside.any():
        return land
    # Cells of a finer resolution of which those of the mask consist, and the place of each one's parent.
    finer = next((more for more in FINER if len(index) * 7**more <= MOST_PIECES), FINER[-1])
    children = h3ronpy.change_resolution_list(index.astype(np.uint64), min(resolution + finer, max(CELL_RESOLUTIONS)))
    lists = pa.array(children)
    pieces = lists.flatten().to_numpy().astype(np.int64)
    cell = np.repeat(np.arange(len(index)), lists.value_lengths().to_numpy())
    tree = cKDTree(np.column_stack([points.x[inside], points.y[inside]]))
    _, nearest = tree.query(np.column_stack(centres_in_metres(pieces, city)))
    moved = np.bincount(place[inside][nearest], (size / np.bincount(cell, minlength=len(index)))[cell], len(index))
    return pd.Series((1 - points.share) * size + points.share * moved, index=land.index)


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
    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shape)))
    at, ring = shapely.get_coordinates(rings, return_index=True)
    at = (at - (west, south)) / side
    sides = (ring[1:] == ring[:-1]) & (at[1:, 1] != at[:-1, 1])
    start, end = _cut(at[:-1][sides], at[1:][sides], rows, columns)
    middle, climb = (start + end) / 2, start[:, 1] - end[:, 1]
    row = np.floor(middle[:, 1]).astype(np.int64)
    column = np.clip(np.floor(middle[:, 0]), -1, columns).astype(np.int64) + 1
    inside = (row >= 0) & (row < rows) & (climb != 0)
    row, column, climb = row[inside], column[inside], climb[inside]
    # Left of the grid everything to the right is covered in full; right of it nothing is.
    right = np.where(column == 0, 0.0, 1 - np.clip(middle[inside, 0] - (column - 1), 0, 1))
    place, later = row * (columns + 2) + column, column <= columns
    # The cell itself gets the part to its right, the next one the rest of the height.
    places = np.concatenate([place, place[later] + 1])
    gains = np.concatenate([climb * right, (climb * (1 - right))[later]])
    gain = np.bincount(places, gains, rows * (columns + 2)).reshape(rows, columns + 2)
    share = np.minimum(np.cumsum(gain, axis=1)[:, 1 : columns + 1], 1.0)
    return np.where(share < NEXT_TO_NOTHING, 0.0, share)


def _cut(start: FloatArray, end: FloatArray, rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """The sides of rings, cut at every line of the grid: starts and ends, in squares."""
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


# Wider than a hot spot, narrower than a quarter: a spot of 100 m cannot hide in it, a quarter of 800 m is followed.
SPREAD_M: Final = 200.0
WIDEST_M: Final = 500.0
# Alerts that the smoothing should reach in the mean, lest it follow each of a few alerts.
MIN_REACHED: Final = 20.0
PIXEL_M: Final = 20.0
# What lies farther than this from the centre of any cell of the land is open water: narrower water parts nothing.
OPEN_WATER_M: Final = 40.0
REACH: Final = 3.0  # standard deviations after which a Gaussian is cut off
PIXELS_A_BLOCK: Final = 16
MAX_PIXELS: Final = 6_000_000
MAX_SHEET: Final = 16_000_000  # pixels with what lies between: 256 MB where a Gaussian is taken
WIDER: Final = 1.25
MAX_BLOCKS_A_SIDE: Final = 6_000
SQUARES_IN: Final = 5.0  # a Gaussian or a disc is taken on squares a fifth of its width wide, or on smaller ones
FINE_PARTS: Final = 16  # in which the edge of a wide disc is measured, to a square
WATER_PIXELS: Final = 4  # to a square in which the nearness of water is looked at; they divide a block
DRY_SHARE: Final = 0.25  # a pixel with less land than that is water
_STEPS: Final = 7


def smoothing_width_for(n: float, land_km2: float) -> float:
    """Choose the standard deviation of the smoothing: 200 m, more (up to 500 m) where it would reach under 20 alerts.

    A Gaussian of standard deviation s averages over an area of 4 pi s².
    """
    wanted = 1000 * float(np.sqrt(MIN_REACHED * land_km2 / (4 * np.pi * max(n, 1e-9))))
    return float(np.clip(round(wanted, -1), SPREAD_M, WIDEST_M))


class AlertGround:
    """The land round some alerts as small squares ("pixels"), with Gaussians, sums over discs and lines of sight.

    What lies farther from every alert than the smoothing reaches is left out, and the parts that are left are laid
    side by side: memory and time grow with the land near alerts, not with the country. Inside, positions are metres
    east and north of the corner of that sheet (`enter`); two alerts of one part keep their distance, and those of
    two parts are never near each other.

    Parameters
    ----------
    land : polygon or multipolygon
        The land in metres.
    x, y : arrays, shape (m,)
        Where alerts are, in metres.
    spread : float
        Standard deviation in metres of the widest Gaussian that is asked for.
    """

    def __init__(self, land: BaseGeometry, x: FloatArray, y: FloatArray, spread: float) -> None:
        # Beyond three standard deviations nothing is expected, and as far again the land still counts.
        reach = 2 * REACH * spread
        self._west, self._south = float(x.min() - 2 * reach), float(y.min() - 2 * reach)
        per_block, self.side = PIXELS_A_BLOCK, PIXEL_M / WIDER
        extent = max(np.ptp(x), np.ptp(y)) + 4 * reach
        blocks = rows = columns = MAX_SHEET
        # Wider pixels where the land near alerts would need too many, or the sheet, as of alerts along a slanting road.
        while blocks * per_block**2 > MAX_PIXELS or rows * columns * per_block**2 > MAX_SHEET:
            self.side *= WIDER
            self._block = per_block * self.side
            if extent / self._block > MAX_BLOCKS_A_SIDE:
                continue
            self._parts, boxes = _parts_near(
                self._blocks(x), self._blocks(y, north=True), int(np.ceil(reach / self._block))
            )
            corners, (rows, columns) = _side_by_side(boxes)
            blocks = int((self._parts > 0).sum())
        self.shape = (rows * per_block, columns * per_block)
        self._near_water: dict[int, BoolArray] = {}
        self._shift = np.array(
            [
                [(column - box[1].start) * self._block, (row - box[0].start) * self._block]
                for box, (row, column) in zip(boxes, corners, strict=True)
            ]
        )
        share = np.zeros(self.shape)
        for number, (box, (row, column)) in enumerate(zip(boxes, corners, strict=True)):
            report(number / len(boxes))
            high, wide = ((end.stop - end.start) * per_block for end in box)
            west, south = self._west + box[1].start * self._block, self._south + box[0].start * self._block
            piece = shapely.clip_by_rect(land, west - 1, south - 1, west + wide * self.side, south + high * self.side)
            part = covered_share(piece, west, south, self.side, high, wide)
            up, right = row * per_block, column * per_block
            share[up : up + high, right : right + wide] = part
        share *= self.side**2 / 1e6
        self.land: FloatArray = share.ravel()

    def _blocks(self, at: FloatArray, *, north: bool = False) -> IntArray:
        return ((at - (self._south if north else self._west)) // self._block).astype(np.int64)

    def enter(self, x: Any, y: Any) -> FloatArray:
        """Positions (metres) as positions on the sheet, shape (m, 2). They must be near an alert of the ground."""
        at = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
        part = self._parts[self._blocks(at[:, 1], north=True), self._blocks(at[:, 0])] - 1
        return np.asarray(at - (self._west, self._south) + self._shift[part])

    def nearest(self, x: FloatArray, y: FloatArray, pixels: IntArray) -> tuple[FloatArray, IntArray]:
        """Where those of some positions (metres) stand that lie on the sheet, and which of them is nearest to each of
        some pixels."""
        column, row = self._blocks(x), self._blocks(y, north=True)
        held = (column >= 0) & (row >= 0) & (column < self._parts.shape[1]) & (row < self._parts.shape[0])
        held[held] = self._parts[row[held], column[held]] > 0
        at = self.enter(x[held], y[held])
        if not len(at):
            return at, np.zeros(0, dtype=np.int64)
        up, right = np.divmod(pixels, self.shape[1])
        _, found = cKDTree(at).query((np.column_stack([right, up]) + 0.5) * self.side)
        return at, np.asarray(found, dtype=np.int64)

    def pixel(self, at: FloatArray) -> IntArray:
        """The pixel of each position on the sheet."""
        column = np.minimum(np.maximum((at[..., 0] / self.side).astype(np.int64), 0), self.shape[1] - 1)
        row = np.minimum(np.maximum((at[..., 1] / self.side).astype(np.int64), 0), self.shape[0] - 1)
        return np.asarray(row * self.shape[1] + column)

    def smooth(self, pixel: IntArray, values: Any, spread: float) -> FloatArray:
        """Spread `values` at pixels by a Gaussian (metres) over the land: same total, nothing lost to the sea.

        Density by f = G(values) / G(land), the Gaussian filter of the values over that of the land (edge correction
        of Diggle 1985, uniform form), times the land of each pixel, scaled to the total.

        The density is found on squares of some pixels, at most a fifth of the standard deviation wide: what is at a
        pixel is shared among the squares whose middles lie round it, and the density is read between the middles. Both
        widen the Gaussian by a known variance, by which it is taken narrower.
        """
        times = _pixels_in(spread / self.side)
        counts = np.bincount(pixel, values, len(self.land)).astype(float, copy=False)
        weight, near = (
            gaussian_filter(
                _shared_out(one.reshape(self.shape), times),
                float(np.sqrt((spread / self.side / times) ** 2 - _added(times))),
                mode="constant",
                truncate=REACH,
            )
            for one in (counts, self.land)
        )
        expected: FloatArray = _between(weight / np.maximum(near, 1e-12), times).ravel()
        expected *= self.land
        total = expected.sum()
        if total > 0:
            expected *= np.sum(values) / total
        return expected

    def disc_sums(self, values: FloatArray, radius: float) -> FloatArray:
        """Sum of `values` (by pixel) within `radius` metres of each pixel, to the pixel.

        A wide disc is summed on squares of some pixels and read between their middles, as in `smooth`.
        """
        times = _pixels_in(radius / self.side)
        disc = self._disc(radius)[0] if times == 1 else _wide_disc(radius / self.side, times)
        return np.asarray(
            _between(
                np.maximum(oaconvolve(_shared_out(values.reshape(self.shape), times), disc, mode="same"), 0), times
            ).ravel()
        )

    def disc_sums_at(self, values: FloatArray, pixel: IntArray, radius: float) -> FloatArray:
        """The same at some pixels alone."""
        disc, away = self._disc(radius)
        up, right = np.nonzero(disc)
        inside = np.clip(pixel[:, None] + ((up - away) * self.shape[1] + right - away), 0, len(values) - 1)
        return np.asarray(values[inside].sum(axis=1) * disc.max())

    def _disc(self, radius: float) -> tuple[FloatArray, int]:
        away = int(np.ceil(radius / self.side))
        step = np.arange(-away, away + 1) * self.side
        disc = (np.hypot(*np.meshgrid(step, step)) <= radius).astype(float)
        return disc * (np.pi * radius**2 / (disc.sum() * self.side**2)), away

    @cached_property
    def water(self) -> BoolArray:
        """Which pixels are open water."""
        reach = max(1, round(OPEN_WATER_M / self.side))
        away = np.arange(-reach, reach + 1)
        disc = np.hypot(*np.meshgrid(away, away)) <= reach
        return np.asarray(
            ~binary_dilation((self.land > DRY_SHARE * self.side**2 / 1e6).reshape(self.shape), disc).ravel()
        )

    def near_water(self, reach: float) -> BoolArray:
        """Which pixels have open water within `reach` metres, or nearly so: from others no line so long crosses any.

        Looked at in squares of some pixels: as far as the farthest point of such a square is from another.
        """
        away = int(np.ceil(reach / (WATER_PIXELS * self.side)))
        if away not in self._near_water:
            rows, columns = (size // WATER_PIXELS for size in self.shape)
            held = self.water.reshape(rows, WATER_PIXELS, columns, WATER_PIXELS).any(axis=(1, 3))
            near = maximum_filter(held, size=2 * away + 1, mode="constant")
            self._near_water[away] = near.repeat(WATER_PIXELS, axis=1).repeat(WATER_PIXELS, axis=0).ravel()
        return self._near_water[away]

    def by_land(self, start: FloatArray, end: FloatArray) -> BoolArray:
        """Whether the straight lines between positions on the sheet cross no open water.

        Looked at in steps of a seventh of the line. Water up to 80 m wide does not count: a canal or a basin between
        two quays parts no place.
        """
        way = (end - start) / _STEPS
        return np.asarray(~np.any([self.water[self.pixel(start + step * way)] for step in range(1, _STEPS)], axis=0))


def _pixels_in(length: float) -> int:
    """How many pixels a square may be wide (1, 2 or 4, which divide a block) to be a fifth of a length in pixels."""
    return next(times for times in (4, 2, 1) if times == 1 or length >= SQUARES_IN * times)


def _added(times: int) -> float:
    """Variance (in squares' sides) that sharing out to squares of so many pixels and reading between them adds."""
    return 0.0 if times == 1 else 1 / 3 + 1 / (6 * times**2)


def _wide_disc(radius: float, times: int) -> FloatArray:
    """Share of each square (so many pixels wide) in a disc whose radius is in pixels, for sums read between squares.

    Narrower by what the squares add to its variance (a quarter of the squared radius), and as much in all.
    """
    inside = np.sqrt((radius / times) ** 2 - 4 * _added(times))
    away = int(np.ceil(inside))
    step = (np.arange((2 * away + 1) * FINE_PARTS) + 0.5) / FINE_PARTS - away - 0.5
    disc = (np.hypot(*np.meshgrid(step, step)) <= inside).astype(float)
    disc = disc.reshape(2 * away + 1, FINE_PARTS, 2 * away + 1, FINE_PARTS).sum(axis=(1, 3))
    return np.asarray(disc * (np.pi * (radius / times) ** 2 / disc.sum()))


def _shared_out(values: FloatArray, times: int) -> FloatArray:
    """Values by pixel shared among squares of `times` by `times`, by how near their middles are: the total stays."""
    if times == 1:
        return values
    share = 1 - np.abs(np.arange(2 * times) + 0.5 - times) / times
    for axis in (0, 1):
        # Of an even number of shares the middle one is the first after the middle of the square.
        near = correlate1d(values, share, axis=axis, mode="reflect")
        values = near.take(np.arange(times // 2, near.shape[axis], times), axis=axis)
    return values


def _between(values: FloatArray, times: int) -> FloatArray:
    """Values at the middles of squares, read between them (linearly along both axes) at `times` by `times` pixels each.

    Outside the outermost middles they stay what they are there.
    """
    return values if times == 1 else np.asarray(zoom(values, times, order=1, mode="nearest", grid_mode=True))


def _parts_near(across: IntArray, up: IntArray, within: int) -> tuple[IntArray, list[tuple[slice, slice]]]:
    """Which connected part (from 1) each block near an alert belongs to, and the box of blocks round each part."""
    held = np.zeros((int(up.max()) + 2 * within + 2, int(across.max()) + 2 * within + 2), dtype=bool)
    held[up, across] = True
    near = maximum_filter(held, size=2 * within + 1, mode="constant")
    parts = np.asarray(label(near, structure=np.ones((3, 3)))[0], dtype=np.int64)
    return parts, [(box[0], box[1]) for box in find_objects(parts)]


def _side_by_side(boxes: list[tuple[slice, slice]]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Where each box (rows, columns) stands on one sheet, on shelves from the highest box to the lowest."""
    sizes = [(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in boxes]
    width = max(max(wide for _, wide in sizes), int(np.ceil(np.sqrt(1.1 * sum(high * wide for high, wide in sizes)))))
    corners: list[tuple[int, int]] = [(0, 0)] * len(boxes)
    bottom = left = shelf = 0
    for number in sorted(range(len(boxes)), key=lambda one: (-sizes[one][0], one)):
        high, wide = sizes[number]
        if left + wide > width:
            bottom, left, shelf = bottom + shelf, 0, 0
        corners[number] = (bottom, left)
        left, shelf = left + wide, max(shelf, high)
    return corners, (bottom + shelf, width)
