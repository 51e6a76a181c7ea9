"""Default coordinates: points that many alerts share exactly, as a police station or the centre of a city."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.engine.types import IbisBoolean, IbisTable
from curim_data.filters import AlertFilter
from curim_data.geo.default_coordinates import LEAST, default_coordinates, usual_count
from curim_data.model import CELL_RESOLUTIONS, BoolArray

POINTS: Final = "default_points"
USUAL: Final = "usual_at_points"
TYPES: Final = {"longitude": float, "latitude": float, "stored": int}
COLUMNS: Final = tuple(TYPES)


def default_points(source: Source) -> pd.DataFrame:
    """Default coordinates among all stored alerts (`geo.default_coordinates`): longitude, latitude, stored.

    Found once for each version of the store.
    """
    if POINTS not in source.cache:
        kept = source.kept(POINTS)
        source.cache[POINTS] = _find(source) if kept is None else pd.DataFrame(kept, columns=COLUMNS).astype(TYPES)
    found: pd.DataFrame = source.cache[POINTS]
    return found.copy()


def keep_default_points(source: Source) -> None:
    """Keep the default coordinates for later processes, and of how many alerts other points usually are."""
    source.keep(POINTS, default_points(source)[list(COLUMNS)].to_numpy(object).tolist())
    usual = source.cache.get(USUAL, source.learned(USUAL))
    if usual is not None:
        source.keep(USUAL, usual)


def keep_no_default_points(source: Source) -> None:
    """Take it that a source has none: its alerts at default coordinates have no position."""
    source.cache.setdefault(POINTS, pd.DataFrame({name: [] for name in COLUMNS}).astype(TYPES))


def _find(source: Source) -> pd.DataFrame:
    mapped = source.table.filter(source.table.longitude.notnull() & source.table.latitude.notnull())
    sides = mapped.aggregate(n=mapped.count(), inside=mapped.inside.fill_null(False).sum())
    number, inside = (int(value or 0) for value in sides.to_pyarrow().to_pylist()[0].values())
    points, usual = _of_earlier(source) or _of_all(source, mapped)
    found = default_coordinates(points, inside, number - inside, usual, source.city.place_names)
    return found.rename(columns={"n": "stored"})


def _of_all(source: Source, mapped: IbisTable) -> tuple[pd.DataFrame, int]:
    """All points with more than `LEAST` alerts, and `usual_count`."""
    counted = mapped.group_by(["longitude", "latitude", "inside"]).aggregate(n=mapped.count())
    points: pd.DataFrame = counted.filter(counted.n > LEAST).to_pandas()
    usual = usual_count(counted.group_by("n").aggregate(points=counted.count()).to_pandas()) if len(points) else 0
    source.cache[USUAL] = usual if len(points) else None
    return points, usual


def _of_earlier(source: Source) -> tuple[pd.DataFrame, int] | None:
    """The same of those points alone that may be default coordinates: those that were, and those of the alerts that
    were added since; `usual_count` as it was. None where no earlier version of the alerts says it.
    """
    usual, before = source.learned(USUAL), source.learned(POINTS)
    if source.earlier is None or usual is None or before is None:
        return None
    known = pd.DataFrame(before, columns=COLUMNS).astype(TYPES)
    found = source.at_points_of_added(known, LEAST)
    return found, int(usual)


def at_points(table: IbisTable, points: pd.DataFrame) -> IbisBoolean:
    """Whether an alert has exactly the coordinates of one of the points."""
    if points.empty:
        return table.local_date.isnull() & False
    pairs = zip(points["longitude"], points["latitude"], strict=True)
    tests = ((table.longitude == float(x)) & (table.latitude == float(y)) for x, y in pairs)
    return reduce(or_, tests).fill_null(False)


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
