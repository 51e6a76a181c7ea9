"""Large map cells that stand for the districts and landmarks that a city has not told yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import h3.api.numpy_int as h3
import numpy as np
from h3ronpy.vector import coordinates_to_cells

from analysis.grid.cells import square_side
from analysis.spots.naming import name_area
from curim_data import query
from curim_data.engine import Source
from curim_data.geo.enrichment import parent_cells
from curim_data.model import CELL_RESOLUTIONS, CityProfile, Num, Translator


def default_cells(source: Source, resolution: int) -> np.ndarray:
    """Cells that hold default coordinates of the app: a rise there is one of reports without a place."""
    points = query.default_points(source)
    finest = coordinates_to_cells(
        points["latitude"].to_numpy(float), points["longitude"].to_numpy(float), max(CELL_RESOLUTIONS)
    )
    return parent_cells(np.asarray(finest, np.uint64).astype(np.int64), resolution)


def area_label(t: Translator, city: CityProfile, cell: str) -> str:
    """What a large map cell is called: where its middle lies, and how large it is."""
    km2 = cell_km2(h3.get_resolution(np.uint64(int(cell, 16))), city)
    return t("{place} (area of {km2} km²)", place=area_name(t, city, cell), km2=Num(km2, 0 if km2 >= 100 else 1))


def area_name(t: Translator, city: CityProfile, cell: str) -> str:
    """Where the middle of a large map cell lies, for tables that say below how large these are."""
    latitude, longitude = h3.cell_to_latlng(np.uint64(int(cell, 16)))
    return name_area(float(longitude), float(latitude), city)(t)


def area_names(t: Translator, city: CityProfile, cells: Iterable[str]) -> dict[str, str]:
    """Names of large map cells that tell them apart: of two with one name the second, by its H3 name, has a number."""
    names: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for cell in sorted(cells):
        name = area_name(t, city, cell)
        counted[name] += 1
        names[cell] = name if counted[name] == 1 else t("{place} ({number})", place=name, number=counted[name])
    return names


def cell_km2(resolution: int, city: CityProfile) -> float:
    """How large a cell is there, in square kilometres."""
    return square_side(resolution, city.sampled_cells) ** 2 / 1e6
