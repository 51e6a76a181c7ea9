"""Points that alerts of several days share, among all stored alerts, and land as it counts beside them."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.grid.cells import LEAST_DAYS, LEAST_SHARE, SharedPoints, land_by_points
from curim_data.engine import Source
from curim_data.model import CELL_RESOLUTIONS
from curim_data.model.sql import at_points
from curim_data.query import default_points

POINTS: Final = "shared_points"
SERVED: Final = "served_land"
_FINEST: Final = f"cell_{max(CELL_RESOLUTIONS)}"


def shared_points(source: Source) -> SharedPoints | None:
    """The points that alerts of several days share; None where hardly any alert stands on one.

    Default coordinates are none. A protected copy has none either: its alerts stand in the middles of cells. Found once
    for a version of the store.
    """
    if source.exact is not None:
        return None
    if POINTS not in source.cache:
        kept = source.kept(POINTS)
        source.cache[POINTS] = _find(source) if kept is None else _as_read(kept)
    found: SharedPoints = source.cache[POINTS]
    return found if found.share >= LEAST_SHARE else None


def keep_shared_points(source: Source) -> None:
    """Keep the shared points for later processes."""
    shared_points(source)
    found: SharedPoints = source.cache[POINTS]
    source.keep(POINTS, [found.share, found.x.tolist(), found.y.tolist(), found.cells.tolist()])


def served_land(source: Source, resolution: int) -> pd.Series | None:
    """Land (km²) that the shared points of each cell of the city serve, as `land_by_points`; None without such points.

    Found once for a version of the store and of the city.
    """
    points = shared_points(source)
    if points is None:
        return None
    known: dict[tuple[str, int], pd.Series] = source.cache.setdefault(SERVED, {})
    key = source.city.version, resolution
    if key not in known:
        known[key] = land_by_points(source.city.land_cells(resolution), points, source.city)
    return known[key]


def _find(source: Source) -> SharedPoints:
    usable = ["inside", "x IS NOT NULL", f"NOT {at_points(default_points(source))}"]
    largest = ", ".join(f"max({name}) AS {name}" for name in ("x", "y", _FINEST))
    shared = source.alerts.frame(
        f"longitude, latitude, count(*) AS n, {largest}",
        usable,
        f"GROUP BY 1, 2 HAVING count(DISTINCT local_date) >= {LEAST_DAYS} ORDER BY 1, 2",
    )
    number = source.alerts.one("count(*) AS n", usable)["n"]
    x, y = (shared[name].to_numpy(float) for name in ("x", "y"))
    return SharedPoints(x, y, shared[_FINEST].to_numpy(np.int64), float(shared["n"].sum()) / max(number, 1))


def _as_read(kept: list[object]) -> SharedPoints:
    share, x, y, cells = kept
    return SharedPoints(np.array(x, float), np.array(y, float), np.array(cells, np.int64), float(share))  # type: ignore[arg-type]
