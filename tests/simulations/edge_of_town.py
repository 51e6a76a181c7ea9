"""A town without any hot spot beside thinner land: of 2.5 km radius (1.25 km: small) in a square of 12 km.

Each map goes the way of the page: occupied land from the same alerts in cells of 350 m, hot cells of 130 m, places of
at least ten alerts.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd

from analysis.grid import centres, parents
from analysis.hotspots.cell_significance import HotCells, hot_cells
from analysis.hotspots.grouping import Spot, hot_spots, worth_a_plan
from analysis.hotspots.surroundings import occupied_land

AT, SIDE_KM, FINE, COARSE = (41.85, -87.65), 12.0, 12, 9
RADIUS = 2_500.0


@dataclass(frozen=True)
class Drawn:
    """One map: its hot cells, its places that stand in the list, and where each cell lies."""

    hot: HotCells
    listed: tuple[Spot, ...]


class Region:
    """Cells of a square of land, in metres from its middle; densities are summed over fine cells."""

    def __init__(self, resolution: int = 10, side_km: float = SIDE_KM) -> None:
        north = side_km / 2 / 111.2
        east = north / np.cos(np.radians(AT[0]))
        corners = [(AT[0] + a * north, AT[1] + b * east) for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
        fine = np.sort(np.asarray(h3.h3shape_to_cells(h3.LatLngPoly(corners), FINE), dtype=np.int64))
        longitude, latitude = centres(fine)
        self.x = (longitude - AT[1]) * 111_200 * np.cos(np.radians(AT[0]))
        self.y = (latitude - AT[0]) * 111_200
        area = h3.cell_area(np.uint64(fine[len(fine) // 2]), unit="km^2")
        self.cells, self.at = np.unique(parents(fine, resolution), return_inverse=True)
        self.land = np.bincount(self.at) * area
        self.coarse, self.coarse_at = np.unique(parents(self.cells, COARSE), return_inverse=True)
        self.coarse_land = np.bincount(self.coarse_at, self.land)

    def town(self, shape: str, hinterland: float) -> np.ndarray:
        """The density of each fine cell: one in the town."""
        distance = np.hypot(self.x, self.y)
        if shape == "square":
            return np.where(np.maximum(abs(self.x), abs(self.y)) < 0.886 * RADIUS, 1.0, hinterland)
        if shape == "soft":
            return hinterland + (1 - hinterland) / (1 + np.exp((distance - RADIUS) / 100))
        radius = RADIUS / 2 if shape == "small" else RADIUS
        own = np.where(distance < radius, 1.0, hinterland)
        if shape == "quarter":
            own = own + 1 / (1 + np.exp((np.hypot(self.x - 500, self.y + 600) - 400) / 50))
        return own

    def draw(self, rng: np.random.Generator, n: int, density: np.ndarray) -> Drawn:
        """A map of n alerts in the mean, as the page finds its places."""
        weight = np.bincount(self.at, density)
        counts = rng.poisson(n * weight / weight.sum())
        history = np.bincount(self.coarse_at, counts)
        land = occupied_land(_frame(self.coarse, history, self.coarse_land))
        hot = hot_cells(_frame(self.cells, counts, self.land), occupied=land)
        return Drawn(hot, worth_a_plan(hot_spots(hot))[0])


def _frame(cells: np.ndarray, counts: np.ndarray, land: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"n": counts.astype(float), "land_km2": land}, index=pd.Index(cells, name="cell"))
