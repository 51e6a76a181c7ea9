"""Default coordinates: points that many alerts share exactly, as a police station or the centre of a city."""

from __future__ import annotations

from typing import Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.geo.enrichment import LEAST, default_coordinates, usual_count
from curim_data.model import CELL_RESOLUTIONS, BoolArray
from curim_data.model.sql import count_if

POINTS: Final = "default_points"
MAPPED: Final = "longitude IS NOT NULL AND latitude IS NOT NULL"
TYPES: Final = {"longitude": float, "latitude": float, "stored": int}
COLUMNS: Final = tuple(TYPES)


def default_points(source: Source) -> pd.DataFrame:
    """Default coordinates among all stored alerts (`geo.enrichment.default_coordinates`): longitude, latitude, stored.

    Found once for each version of the store. A protected copy has none: its alerts at default coordinates have no
    position.
    """
    if source.exact is not None:
        return pd.DataFrame([], columns=COLUMNS).astype(TYPES)

    def find() -> pd.DataFrame:
        kept = source.kept(POINTS)
        return _find(source) if kept is None else pd.DataFrame(kept, columns=COLUMNS).astype(TYPES)

    return source.once(POINTS, "", find).copy()


def keep_default_points(source: Source) -> None:
    """Keep the default coordinates for later processes."""
    source.keep(POINTS, default_points(source)[list(COLUMNS)].to_numpy(object).tolist())


def _find(source: Source) -> pd.DataFrame:
    sides = source.alerts.one(f"count(*) AS n, {count_if('inside')} AS inside", [MAPPED])
    counted = "SELECT longitude, latitude, inside, count(*) AS n FROM {} WHERE {} GROUP BY 1, 2, 3"
    points = f"({counted.format(source.alerts.name, MAPPED)}) AS points"
    many = source.alerts.ask(f"SELECT * FROM {points} WHERE n > {LEAST}").to_pandas()
    usual = 0
    if len(many):
        sizes = source.alerts.ask(f"SELECT n, count(*) AS points FROM {points} GROUP BY 1")
        usual = usual_count(sizes.to_pandas())
    found = default_coordinates(many, sides["inside"], sides["n"] - sides["inside"], usual, source.city.place_names)
    return found.rename(columns={"n": "stored"})


def in_named_cells(f: AlertFilter, points: pd.DataFrame) -> BoolArray:
    """Which points lie in the cells that a filter names; all where it names none.

    The cell of a point is, as in the store, the parent of its finest one: cells are not nested as areas.
    """
    cells = {int(name, 16) for name in f.cells}
    sizes = {h3.get_resolution(cell) for cell in cells}
    inside = []
    for x, y in zip(points["longitude"], points["latitude"], strict=True):
        finest = h3.latlng_to_cell(y, x, max(CELL_RESOLUTIONS))
        inside.append(not cells or any(h3.cell_to_parent(finest, size) in cells for size in sizes))
    return np.array(inside, bool)
