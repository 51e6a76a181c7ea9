"""The land as small square pixels, and what lies on it spread by a Gaussian: the ground of the density map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import fft
from shapely.geometry.base import BaseGeometry

from analysis.grid.baseline import covered_share
from analysis.grid.cells import centres_in_metres
from analysis.stats.result import Choice
from curim_data.model import CityProfile, FloatArray, Message

# Half of the narrowest width that is tried, and more than the 22 m from corner to corner of the fine cells (H3
# resolution 12): each pixel on the land then holds the centre of one.
PIXEL_M: Final = 25.0
MIN_OVER_CELLS_M: Final = 22.0
MAX_PIXELS: Final = 1_000_000
# Cells at the shore may hold next to no land and still get the alerts of the quay.
LEAST_LAND_KM2: Final = 1e-9
LEAST_SHARE: Final = 1e-9
# Standard deviations after which nothing of a Gaussian is left: it has 2e-8 of its height there.
NOTHING: Final = 1e-18  # of a wave's height
REACH: Final = 6.0


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
        pad = int(np.ceil(REACH * widest_m / cell_m))
        self._shape = tuple(fft.next_fast_len(side + pad, real=True) for side in values.shape)
        self._spectrum = fft.rfft2(values, s=self._shape)

    def by(self, width_m: float) -> FloatArray:
        """The values spread by a Gaussian of standard deviation `width_m`: never negative, zeros outside the array."""
        if not 0 < width_m <= self._widest:
            raise ValueError(f"a width above 0 and up to {self._widest} m, not {width_m}")
        steepness = -2 * (np.pi * width_m / self._cell) ** 2
        up = np.exp(steepness * fft.fftfreq(self._shape[0]) ** 2)
        across = np.exp(steepness * fft.rfftfreq(self._shape[1]) ** 2)
        waves = int((across > NOTHING).sum())  # the finer ones add less than rounding does
        columns = fft.ifft(self._spectrum[:, :waves] * (up[:, None] * across[:waves]), axis=0, overwrite_x=True)
        spread = fft.irfft(columns[: self._rows], n=self._shape[1], axis=1)
        return np.asarray(np.maximum(spread[:, : self._columns], 0.0))


def pixel_for(width_m: float, height_m: float) -> Choice:
    """Choose the pixels: 25 m, more only where the land would need over a million of them."""
    needed = float(np.sqrt(width_m * height_m / MAX_PIXELS))
    side = PIXEL_M if needed <= PIXEL_M else float(np.ceil(needed / 5) * 5)
    return pixel_choice(side)


def pixel_choice(side: float) -> Choice:
    """The side of the pixels in metres, as a choice with its reason."""
    return Choice("pixel", side, Message("The density is drawn in squares of {metres} m.", {"metres": round(side)}))


def raster_from_polygon(land: BaseGeometry, cell_m: float | None = None) -> Raster:
    """Pixels over a polygon in metres, each with the land that it covers.

    Raises ValueError for an empty polygon, one in degrees, or more than a million pixels.
    """
    if land.is_empty or land.area <= 0:
        raise ValueError("there is no land")
    west, south, east, north = land.bounds
    if max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        raise ValueError("the land is given in degrees: project it to metres first")
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
    if rows * columns > 1.1 * MAX_PIXELS:
        raise ValueError(f"{rows * columns:,} pixels are too many: choose larger ones")
