"""The land as small pixels: the smoothed local baseline of clusters, and the ground of the density map.

How much of each small square a polygon covers, exactly and in a time that grows with its outline and the squares.

The smoothed local baseline: how many alerts each fine cell would have if only the broad density of the city
counted.

The land as small square pixels, and what lies on it spread by a Gaussian: the ground of the density map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from scipy import fft
from scipy.ndimage import binary_dilation, correlate1d, find_objects, gaussian_filter, label, maximum_filter, zoom
from scipy.signal import oaconvolve
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from analysis.grid.cells import centres_in_metres
from analysis.stats.result import Choice
from curim_data.model import BoolArray, CityProfile, FloatArray, IntArray, Message
from curim_data.model.progress import report


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


# Wider than a hot spot, narrower than a quarter: a spot of 100 m cannot hide in it, a quarter of 800 m is followed.
SPREAD_M: Final = 200.0
WIDEST_M: Final = 500.0
# Alerts that the smoothing should reach in the mean, lest it follow each of a few alerts.
MIN_REACHED: Final = 20.0
PIXEL_M: Final = 20.0
# What lies farther than this from the centre of any cell of the land is open water: narrower water parts nothing.
SHORE_M: Final = 40.0
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


def smoothing_width_for(n: float, land_km2: float) -> Choice:
    """Choose the standard deviation of the smoothing: 200 m, more (up to 500 m) where it would reach under 20 alerts.

    A Gaussian of standard deviation s averages over an area of 4 pi s².
    """
    wanted = 1000 * float(np.sqrt(MIN_REACHED * land_km2 / (4 * np.pi * max(n, 1e-9))))
    spread = float(np.clip(round(wanted, -1), SPREAD_M, WIDEST_M))
    message = (
        Message(
            "Expected counts follow the density of the city smoothed over {metres} m: wider than a hot spot, narrower "
            "than a quarter.",
            {"metres": round(spread)},
        )
        if spread == SPREAD_M
        else Message(
            "Expected counts follow the density of the city smoothed over {metres} m, because the alerts are few.",
            {"metres": round(spread)},
        )
    )
    return Choice("spread", spread, message)


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

    def holds(self, x: FloatArray, y: FloatArray) -> BoolArray:
        """Which positions (metres) lie on the sheet."""
        column, row = self._blocks(x), self._blocks(y, north=True)
        inside = (column >= 0) & (row >= 0) & (column < self._parts.shape[1]) & (row < self._parts.shape[0])
        inside[inside] = self._parts[row[inside], column[inside]] > 0
        return np.asarray(inside)

    def nearest(self, x: FloatArray, y: FloatArray, pixels: IntArray) -> tuple[FloatArray, IntArray]:
        """Where those of some positions (metres) stand that lie on the sheet, and which of them is nearest to each of
        some pixels."""
        held = self.holds(x, y)
        at = self.enter(x[held], y[held])
        if not len(at):
            return at, np.zeros(0, dtype=np.int64)
        up, right = np.divmod(pixels, self.shape[1])
        _, found = cKDTree(at).query((np.column_stack([right, up]) + 0.5) * self.side)
        return at, np.asarray(found, dtype=np.int64)

    def pixel(self, at: FloatArray) -> IntArray:
        """The pixel of each position on the sheet."""
        return self.place(at[..., 0], at[..., 1])

    def place(self, x: Any, y: Any) -> IntArray:
        """The pixel of each position on the sheet, given by its coordinates."""
        column = np.minimum(np.maximum((x / self.side).astype(np.int64), 0), self.shape[1] - 1)
        row = np.minimum(np.maximum((y / self.side).astype(np.int64), 0), self.shape[0] - 1)
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
        sums = oaconvolve(_shared_out(values.reshape(self.shape), times), disc, mode="same")
        return np.asarray(_between(np.maximum(sums, 0), times).ravel())

    def disc_sums_at(self, values: FloatArray, pixel: IntArray, radius: float) -> FloatArray:
        """The same at some pixels alone."""
        disc, away = self._disc(radius)
        up, right = np.nonzero(disc)
        offset = (up - away) * self.shape[1] + right - away
        inside = np.clip(pixel[:, None] + offset, 0, len(values) - 1)
        return np.asarray(values[inside].sum(axis=1) * disc.max())

    def _disc(self, radius: float) -> tuple[FloatArray, int]:
        away = int(np.ceil(radius / self.side))
        step = np.arange(-away, away + 1) * self.side
        disc = (np.hypot(*np.meshgrid(step, step)) <= radius).astype(float)
        return disc * (np.pi * radius**2 / (disc.sum() * self.side**2)), away

    @cached_property
    def water(self) -> BoolArray:
        """Which pixels are open water."""
        reach = max(1, round(SHORE_M / self.side))
        away = np.arange(-reach, reach + 1)
        disc = np.hypot(*np.meshgrid(away, away)) <= reach
        land = (self.land > DRY_SHARE * self.side**2 / 1e6).reshape(self.shape)
        return np.asarray(~binary_dilation(land, disc).ravel())

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
        crosses = np.zeros(len(start), dtype=bool)
        for step in range(1, _STEPS):
            crosses |= self.water[self.pixel(start + step * way)]
        return ~crosses


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


# Half of the narrowest width that is tried, and more than the 22 m from corner to corner of the fine cells (H3
# resolution 12): each pixel on the land then holds the centre of one.
DENSITY_PIXEL_M: Final = 25.0
MIN_OVER_CELLS_M: Final = 22.0
MOST_DENSITY_PIXELS: Final = 1_000_000
# Cells at the shore may hold next to no land and still get the alerts of the quay.
LEAST_LAND_KM2: Final = 1e-9
LEAST_SHARE: Final = 1e-9
# Standard deviations after which nothing of a Gaussian is left: it has 2e-8 of its height there.
NOTHING: Final = 1e-18  # of a wave's height
DENSITY_REACH: Final = 6.0


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels of `cell_m` metres over the land, anchored at multiples of `cell_m` so that two maps share their pixels.

    land_km2 : array, shape (rows, columns)
        Land of each pixel; row 0 is the southernmost, column 0 the westernmost.
    x0, y0 : float
        South-western corner in metres.
    """

    land_km2: FloatArray
    x0: float
    y0: float
    cell_m: float

    @cached_property
    def total_km2(self) -> float:
        """All the land."""
        return float(self.land_km2.sum())

    def with_points(self, x: Any, y: Any) -> Raster:
        """The same with pixels under all of these points (metres): where there is no land, next to none (a quay)."""
        rows, columns = self.land_km2.shape
        across = np.floor((np.asarray(x, float) - self.x0) / self.cell_m).astype(int)
        up = np.floor((np.asarray(y, float) - self.y0) / self.cell_m).astype(int)
        if not len(across):
            return self
        west, south = max(0, -int(across.min())), max(0, -int(up.min()))
        east, north = max(0, int(across.max()) + 1 - columns), max(0, int(up.max()) + 1 - rows)
        land = np.pad(self.land_km2, ((south, north), (west, east)))
        _guard(*land.shape)
        at = (up + south, across + west)
        land[at] = np.maximum(land[at], LEAST_LAND_KM2)
        return Raster(land, self.x0 - west * self.cell_m, self.y0 - south * self.cell_m, self.cell_m)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north end in metres."""
        rows, columns = self.land_km2.shape
        return self.x0, self.y0, self.x0 + columns * self.cell_m, self.y0 + rows * self.cell_m

    def place(self, x: Any, y: Any) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Number of the pixel (row · columns + column) of each point; -1 outside the pixels that touch the land."""
        rows, columns = self.land_km2.shape
        across = np.floor((np.asarray(x, float) - self.x0) / self.cell_m)
        up = np.floor((np.asarray(y, float) - self.y0) / self.cell_m)
        inside = (across >= 0) & (across < columns) & (up >= 0) & (up < rows)  # false for NaN too
        at = np.where(inside, up * columns + across, 0).astype(np.intp)
        return np.where(inside & (self.land_km2.ravel()[at] > 0), at, -1)

    def sums(self, place: Any, weights: Any = None) -> FloatArray:
        """Sum of the weights (or number of points) by pixel, from `place`; what is outside is left out."""
        inside = place >= 0
        kept = None if weights is None else np.asarray(weights, float)[inside]
        flat = np.bincount(place[inside], weights=kept, minlength=self.land_km2.size)
        return np.asarray(flat, dtype=float).reshape(self.land_km2.shape)


class GaussianSmoother:
    """Values by pixel, ready to be spread by Gaussians of any width up to `widest_m`.

    G_h(v) = v * K_h by Fourier transforms: one of the values, then one back for every width, whatever the width. The
    array is padded by six standard deviations of the widest, so that nothing comes round from the other side.
    """

    def __init__(self, values: FloatArray, cell_m: float, widest_m: float) -> None:
        self._rows, self._columns = values.shape
        self._cell, self._widest = cell_m, widest_m
        pad = int(np.ceil(DENSITY_REACH * widest_m / cell_m))
        self._shape = tuple(fft.next_fast_len(side + pad, real=True) for side in values.shape)
        self._spectrum = fft.rfft2(values, s=self._shape)

    def by(self, width_m: float) -> FloatArray:
        """The values spread by a Gaussian of standard deviation `width_m`: never negative, zeros outside the array."""
        steepness = -2 * (np.pi * width_m / self._cell) ** 2
        up = np.exp(steepness * fft.fftfreq(self._shape[0]) ** 2)
        across = np.exp(steepness * fft.rfftfreq(self._shape[1]) ** 2)
        waves = int((across > NOTHING).sum())  # the finer ones add less than rounding does
        columns = fft.ifft(self._spectrum[:, :waves] * (up[:, None] * across[:waves]), axis=0, overwrite_x=True)
        spread = fft.irfft(columns[: self._rows], n=self._shape[1], axis=1)
        return np.asarray(np.maximum(spread[:, : self._columns], 0.0))


def pixel_for(width_m: float, height_m: float) -> Choice:
    """Choose the pixels: 25 m, more only where the land would need over a million of them."""
    needed = float(np.sqrt(width_m * height_m / MOST_DENSITY_PIXELS))
    side = DENSITY_PIXEL_M if needed <= DENSITY_PIXEL_M else float(np.ceil(needed / 5) * 5)
    return pixel_choice(side)


def pixel_choice(side: float) -> Choice:
    """The side of the pixels in metres, as a choice with its reason."""
    return Choice("pixel", side, Message("The density is drawn in squares of {metres} m.", {"metres": round(side)}))


def raster_from_polygon(land: BaseGeometry, cell_m: float | None = None) -> Raster:
    """Pixels over a polygon in metres, each with the land that it covers.

    Raises ValueError for an empty polygon, or more than a million pixels.
    """
    if land.is_empty or land.area <= 0:
        raise ValueError("there is no land")
    west, south, east, north = land.bounds
    cell = float(cell_m or pixel_for(east - west, north - south).value)
    x0, y0 = np.floor(west / cell) * cell, np.floor(south / cell) * cell
    columns, rows = int(np.floor((east - x0) / cell)) + 1, int(np.floor((north - y0) / cell)) + 1
    _guard(rows, columns)
    share = covered_share(land, float(x0), float(y0), cell, rows, columns)
    share[share < LEAST_SHARE] = 0.0  # of rounding, where there is no land
    return Raster(share * cell**2 / 1e6, float(x0), float(y0), cell)


def raster_from_cells(land_km2: pd.Series, city: CityProfile, cell_m: float | None = None) -> Raster:
    """Pixels over fine H3 cells (resolution 12), each with the land of the cells whose centre it holds.

    A centre stands for its cell, so that nothing moves by more than the 11 m from there to a corner of the cell.

    Parameters
    ----------
    land_km2 : Series, index cell (int64)
        Land of each cell of the study mask, as `CityProfile.land_cells` gives it.
    cell_m : float, optional
        Side of a pixel, at least 22 m, lest some hold no centre; `pixel_for` when left out.
    """
    if not len(land_km2) or float(land_km2.sum()) <= 0:
        raise ValueError("there is no land")
    x, y = centres_in_metres(land_km2.index.to_numpy(), city)
    cell = float(cell_m or pixel_for(float(np.ptp(x)), float(np.ptp(y))).value)
    if cell < MIN_OVER_CELLS_M:
        raise ValueError(f"pixels of {cell} m are smaller than the cells: at least {MIN_OVER_CELLS_M} m")
    x0, y0 = np.floor(x.min() / cell) * cell, np.floor(y.min() / cell) * cell
    column, row = np.floor((x - x0) / cell).astype(int), np.floor((y - y0) / cell).astype(int)
    rows, columns = int(row.max()) + 1, int(column.max()) + 1
    _guard(rows, columns)
    land = np.maximum(land_km2.to_numpy(dtype=float), LEAST_LAND_KM2)
    area = np.bincount(row * columns + column, weights=land, minlength=rows * columns).astype(float)
    return Raster(area.reshape(rows, columns), float(x0), float(y0), cell)


def _guard(rows: int, columns: int) -> None:
    if rows * columns > 1.1 * MOST_DENSITY_PIXELS:
        raise ValueError(f"{rows * columns:,} pixels are too many: choose larger ones")
