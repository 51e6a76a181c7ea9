"""The density of points whose places are known to the metre."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from analysis.density import Density, Raster, density_on, raster_from_polygon
from analysis.stats.intervals import Choice


def kernel_density(
    x: Any, y: Any, weights: Any = None, *, land: shapely.Geometry | Raster, bandwidth: Choice | float, months: float
) -> Density:
    """`density_on` of points in metres (arrays, shape (n,)), each so many alerts as its weight says."""
    raster = land if isinstance(land, Raster) else raster_from_polygon(land)
    weight = np.ones(np.shape(x)) if weights is None else np.asarray(weights, dtype=float)
    place = raster.place(x, y)
    held, total = float(weight[place >= 0].sum()), float(weight.sum())
    outside = 1 - held / total if total else 0.0
    return density_on(raster, raster.sums(place, weight), bandwidth, months, round(held), outside)
