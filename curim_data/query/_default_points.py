"""Default coordinates: points that many alerts share exactly, as a police station or the centre of a city."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

import h3.api.basic_int as h3
import ibis
import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.engine.types import IbisBoolean, IbisTable
from curim_data.filters import AlertFilter
from curim_data.model import CELL_RESOLUTIONS, BoolArray

LEAST: Final = 20
SHARE: Final = 0.01


def default_points(source: Source) -> pd.DataFrame:
    """Points that more than max(20, 1 % of the mapped alerts) of the store share: longitude, latitude, stored.

    Found once for each version of the store.
    """
    if "default_points" not in source.cache:
        source.cache["default_points"] = _find(source)
    found: pd.DataFrame = source.cache["default_points"]
    return found.copy()


def _find(source: Source) -> pd.DataFrame:
    mapped = source.table.filter(source.table.longitude.notnull() & source.table.latitude.notnull())
    number = int(mapped.count().to_pyarrow().as_py())
    points = mapped.group_by(["longitude", "latitude"]).aggregate(stored=mapped.count())
    points = points.filter(points.stored > max(LEAST, SHARE * number))
    found: pd.DataFrame = points.order_by([ibis.desc("stored"), "longitude", "latitude"]).to_pandas()
    return found


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
