"""The smoothed local baseline: how many alerts each fine cell would have if only the broad density of the city
counted."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.signal import fftconvolve

from analysis.grid.cells import centres
from analysis.stats.result import Choice
from curim_data.model import BoolArray, CityProfile, FloatArray, Message

# Wider than a hot spot, narrower than a quarter: a spot of 100 m cannot hide in it, a quarter of 800 m is followed.
SPREAD_M: Final = 200.0
WIDEST_M: Final = 500.0
# Alerts that the smoothing should reach in the mean, lest it follow each of a few alerts.
MIN_REACHED: Final = 20.0
PIXEL_M: Final = 20.0
# Of a large city, or of two cities far apart, the pixels are larger.
MOST_PIXELS: Final = 8_000_000
# What lies farther than this from the centre of any cell of the land is open water: narrower water parts nothing.
SHORE_M: Final = 40.0
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


class LandGrid:
    """Fine cells laid out in metres, with quick sums over discs and Gaussians by way of small square pixels.

    Parameters
    ----------
    x, y : arrays, shape (m,)
        Centres of the cells of the land in metres.
    land_km2 : array, shape (m,)
        Land of each cell.
    """

    def __init__(self, x: FloatArray, y: FloatArray, land_km2: FloatArray) -> None:
        self.x, self.y, self.land = x, y, land_km2
        self.pixel_m = max(PIXEL_M, float(np.sqrt(np.ptp(x) * np.ptp(y) / MOST_PIXELS)))
        self._column = ((x - x.min()) // self.pixel_m).astype(int)
        self._row = ((y - y.min()) // self.pixel_m).astype(int)
        self._shape = (int(self._row.max()) + 1, int(self._column.max()) + 1)

    def smooth(self, values: Any, spread: float) -> FloatArray:
        """Spread `values` by a Gaussian (metres) over the land: same total, nothing lost to the sea.

        Density by f = G(values) / G(land), the Gaussian filter of the values over that of the land (edge correction
        of Diggle 1985, uniform form), times the land of each cell, scaled to the total.
        """
        sigma = spread / self.pixel_m
        weight = gaussian_filter(self._raster(values), sigma, mode="constant", truncate=3)
        land = gaussian_filter(self._raster(self.land), sigma, mode="constant", truncate=3)
        at = self._row, self._column
        density = weight[at] / np.maximum(land[at], 1e-12)
        expected = density * self.land
        total = expected.sum()
        scaled: FloatArray = expected * (np.sum(values) / total) if total > 0 else expected
        return scaled

    def disc_sums(self, values: Any, radius: float) -> FloatArray:
        """Sum of `values` within `radius` metres of each cell, to the pixel."""
        reach = int(np.ceil(radius / self.pixel_m))
        step = np.arange(-reach, reach + 1) * self.pixel_m
        disc = (np.hypot(*np.meshgrid(step, step)) <= radius).astype(float)
        disc *= np.pi * radius**2 / (disc.sum() * self.pixel_m**2)
        sums = fftconvolve(self._raster(values), disc, mode="same")
        found: FloatArray = np.maximum(sums[self._row, self._column], 0)
        return found

    @cached_property
    def _water(self) -> tuple[BoolArray, FloatArray]:
        """Which pixels are open water, and how far (metres) every cell lies from the next one."""
        dry = self._raster(np.ones(len(self.x))) > 0
        water = self.pixel_m * distance_transform_edt(~dry) > max(SHORE_M, self.pixel_m)
        away = self.pixel_m * distance_transform_edt(~water) if water.any() else np.full(self._shape, np.inf)
        return water, away[self._row, self._column]

    def by_land(self, start: Any, end: Any) -> BoolArray:
        """Whether the straight line between two cells (positions, arrays of one shape) crosses no open water.

        Looked at in steps of a seventh of the line. Water up to 80 m wide does not count: a canal or a basin between
        two quays parts no place.
        """
        water, away = self._water
        step_x, step_y = self.x[end] - self.x[start], self.y[end] - self.y[start]
        clear: BoolArray = away[start] > np.hypot(step_x, step_y)
        open_to = np.flatnonzero(~clear)  # the rest cannot reach the water
        x, y = self.x[start][open_to] - self.x.min(), self.y[start][open_to] - self.y.min()
        step_x, step_y = step_x[open_to] / _STEPS, step_y[open_to] / _STEPS
        crosses = np.zeros(len(open_to), dtype=bool)
        for step in range(1, _STEPS):
            row, column = (
                ((y + step * step_y) // self.pixel_m).astype(int),
                ((x + step * step_x) // self.pixel_m).astype(int),
            )
            crosses |= water[row, column]
        clear[open_to] = ~crosses
        return clear

    def _raster(self, values: Any) -> FloatArray:
        flat: FloatArray = np.bincount(
            self._row * self._shape[1] + self._column,
            weights=np.asarray(values, dtype=float),
            minlength=self._shape[0] * self._shape[1],
        ).astype(float)
        return flat.reshape(self._shape)


def centres_in_metres(cells: Any, city: CityProfile) -> tuple[FloatArray, FloatArray]:
    """Centres of H3 cells in the city's projection: x and y in metres."""
    return city.project(*centres(cells))
