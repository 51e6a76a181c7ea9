"""Positions: how exact coordinates are, points outside the city, points that many alerts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pyproj
import shapely

from analysis.grid import LEAST_DAYS, LEAST_SHARE, SharedPoints, land_by_points
from curim_data.engine import Relation, Source
from curim_data.model import CELL_RESOLUTIONS, CityProfile, Message
from curim_data.model.sql import all_of, at_points, count_if
from curim_data.query import default_points

DECIMALS: Final = (2, 3, 4, 5, 6)
METRES_A_DEGREE: Final = 111_320.0
# Coordinates that may be coarser than the step that is reported.
TOLERATED: Final = 0.05
# Steps of a grid in the city's metres, the widest first, and how near to it a position must lie.
STEPS_M: Final = (1000, 500, 250, 200, 100, 50, 25)
NEAR_M: Final = 0.5
# Points that are picked from a list: fewer than a third as many points as alerts.
SNAPPED_SHARE: Final = 1 / 3
LEAST_ALERTS: Final = 200
MOST_POINTS: Final = 20_000
MOST_CELLS: Final = 300
STEP: Final = "coordinate_step"
COARSE: Final = min(CELL_RESOLUTIONS)
MAPPED: Final = "longitude IS NOT NULL AND latitude IS NOT NULL"
_GEOD: Final = pyproj.Geod(ellps="WGS84")
_FAR_M: Final = 100_000.0


@dataclass(frozen=True)
class Precision:
    """How exact the coordinates are, over the `n` alerts with coordinates that stand on no pile.

    `decimals`: columns decimals (2: at most two; 6: six or more), n, share; of each alert the more exact of its two
    coordinates. `points`: distinct coordinates. `step_m`: metres between distinguishable positions;
    `cause`: "decimals", "grid" (whole steps of the city's metres) or "points" (few points that many alerts share).
    `finest`: the finest H3 resolution that this supports, None where not even the coarsest is.
    """

    n: int
    decimals: pd.DataFrame
    points: int
    step_m: float
    cause: str
    finest: int | None

    @property
    def reason(self) -> Message:
        """Why cells should not be finer, in one sentence."""
        values = {"step": round(self.step_m, 1 if self.step_m < 10 else 0), "n": self.n, "points": self.points}
        return Message(_CAUSES[self.cause].text, values)


_CAUSES: Final = {
    "grid": Message("The positions stand on a grid of {step} m."),
    "points": Message(
        "{n} alerts share {points} points, half of which have their next one within {step} m: positions were moved to "
        "points of a list."
    ),
    "decimals": Message(
        "At least 95 % of the coordinates have decimals enough to tell apart positions that are {step} m from each "
        "other."
    ),
}


def finest_supported(step_m: float) -> int | None:
    """The finest stored H3 resolution that positions `step_m` metres apart support; None where there is none.

    A cell must not be narrower than the step, or some cells could never hold an alert and maps show stripes. The edge
    of a cell (in metres: 531 at resolution 8, 201 at 9, 76 at 10, 29 at 11, 11 at 12) is compared, half of its width.
    """
    fit = [r for r in CELL_RESOLUTIONS if h3.average_hexagon_edge_length(r, unit="m") >= step_m]
    return max(fit, default=None)


def precision(source: Source, default_points: pd.DataFrame) -> Precision | None:
    """How exact the coordinates are; None where no alert off the piles has coordinates."""
    usable = [MAPPED, f"NOT {at_points(default_points)}"]
    rounded = " ".join(
        f"WHEN {_rounded('longitude', digits)} AND {_rounded('latitude', digits)} THEN {digits}"
        for digits in DECIMALS[:-1]
    )
    digits = f"CASE {rounded} ELSE {DECIMALS[-1]} END AS digits"
    counted = source.alerts.frame(f"{digits}, count(*) AS n", usable, "GROUP BY 1").set_index("digits")["n"]
    n = counted.reindex(DECIMALS, fill_value=0)
    total = int(n.sum())
    if not total:
        return None
    decimals = pd.DataFrame({"decimals": DECIMALS, "n": n.to_numpy(int), "share": n.to_numpy(float) / total})
    coarse = n.cumsum() / total
    usual = next(d for d in DECIMALS if coarse[d] > TOLERATED)
    step, cause = METRES_A_DEGREE * 10.0**-usual, "decimals"
    distinct = f"SELECT DISTINCT longitude, latitude FROM {source.alerts.name}{all_of(usable)}"
    points = source.alerts.ask(f"SELECT count(*) AS n FROM ({distinct}) AS points")["n"][0].as_py()
    if (grid := _grid(source.alerts, usable, total)) > step:
        step, cause = grid, "grid"
    snapped = total >= LEAST_ALERTS and points < SNAPPED_SHARE * total
    if snapped and (apart := _spacing(source.alerts, usable)) > step:
        step, cause = apart, "points"
    return Precision(total, decimals, points, step, cause, finest_supported(step))


def coordinate_step(source: Source) -> float:
    """Metres between distinguishable positions (`precision`), 1 where there are none; known by version."""
    source = source.exact or source  # a protected copy has the middles of cells
    if STEP not in source.cache:
        step = source.kept(STEP)
        if not isinstance(step, float):
            found = precision(source, default_points(source))
            step = found.step_m if found is not None else 1.0
        source.cache[STEP] = step
    return float(source.cache[STEP])


def keep_coordinate_step(source: Source) -> None:
    """Keep the metres between distinguishable positions for later processes."""
    source.keep(STEP, float(coordinate_step(source)))


def _rounded(column: str, digits: int) -> str:
    """Whether a number of degrees has so many decimals at most."""
    scaled = f"{column} * {10.0**digits!r}e0"
    return f"abs({scaled} - round({scaled})) < {10.0**digits * 1e-9!r}"


def _grid(alerts: Relation, usable: list[str], total: int) -> float:
    """The widest step of which at least 95 % of the positions, in the city's metres, are whole multiples; 0 if none."""

    def on(metres: str, step: int) -> str:
        steps = f"{metres} / {step}.0e0"
        return f"abs({steps} - round({steps})) * {step} < {NEAR_M}e0"

    both = {step: f"{on('x', step)} AND {on('y', step)}" for step in STEPS_M}
    found = alerts.one(", ".join(f"{count_if(both[step])} AS s{step}" for step in STEPS_M), usable)
    return next((float(step) for step in STEPS_M if found[f"s{step}"] >= (1 - TOLERATED) * total), 0.0)


def _spacing(alerts: Relation, usable: list[str]) -> float:
    """The median distance (metres) from a point to the next one, over at most 20,000 points; 0 without two."""
    usable = [*usable, "x IS NOT NULL", "y IS NOT NULL"]
    frame = alerts.frame("DISTINCT x, y", usable, f"ORDER BY x, y LIMIT {MOST_POINTS}")
    if len(frame) < 2:
        return 0.0
    from scipy.spatial import cKDTree  # here, since it is slow to load, and the step mostly kept

    found, _ = cKDTree(frame.to_numpy(float)).query(frame.to_numpy(float), k=2)
    return float(np.median(np.asarray(found)[:, 1]))


@dataclass(frozen=True)
class Outside:
    """Alerts with coordinates that lie outside the city's land.

    `cells`: at most 300 coarse map cells (H3 resolution 8), most alerts first: cell, longitude, latitude (the mean of
    its alerts), n, metres (to the land; from 100 km on to the middle of the city), direction (0 north, 1 north-east,
    ... 7 north-west) and reason ("zero", "swapped", "sign", "near" or ""). `n`: all such alerts, `of` all alerts with
    coordinates.
    """

    n: int
    of: int
    cells: pd.DataFrame


def outside(source: Source) -> Outside:
    """What lies outside the city: where, how far, in which direction, and why it may."""
    beside = [MAPPED, "NOT coalesce(inside, FALSE)"]
    frame = source.alerts.frame(
        f"cell_{COARSE} AS cell, count(*) AS n, avg(longitude) AS longitude, avg(latitude) AS latitude",
        beside,
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_CELLS}",
    )
    n, of = source.alerts.one("count(*) AS n", beside)["n"], source.alerts.one("count(*) AS n", [MAPPED])["n"]
    lon, lat = frame["longitude"].to_numpy(float), frame["latitude"].to_numpy(float)
    metres, direction = away(source.city, lon, lat)
    frame["metres"], frame["direction"] = metres, direction
    frame["reason"] = [_why(source.city, *at) for at in zip(lon, lat, metres, strict=True)]
    return Outside(n, of, frame[["cell", "longitude", "latitude", "n", "metres", "direction", "reason"]])


def away(city: CityProfile, longitude: Any, latitude: Any) -> tuple[np.ndarray, np.ndarray]:
    """Metres from the land (from 100 km on: from the city's middle, on the ellipsoid) and eighths of the compass."""
    lon, lat = np.atleast_1d(np.asarray(longitude, float)), np.atleast_1d(np.asarray(latitude, float))
    middle = city.land.centroid
    turn, _, far = _GEOD.inv(np.full(len(lon), middle.x), np.full(len(lat), middle.y), lon, lat)
    x, y = city.project(lon, lat)
    near = (far < _FAR_M) & np.isfinite(x)
    metres = np.asarray(far, float).copy()
    metres[near] = shapely.distance(city.land_metres, shapely.points(x[near], y[near]))
    return metres, np.round(np.asarray(turn) / 45).astype(int) % 8


def _why(city: CityProfile, longitude: float, latitude: float, metres: float) -> str:
    """A code for why a point may lie outside; "" where nothing indicates why."""
    if abs(longitude) < 0.01 and abs(latitude) < 0.01:
        return "zero"
    if metres < 1_000:
        return "near"
    area = shapely.box(*city.land.buffer(0.02).bounds)
    others = [(latitude, longitude), (-longitude, latitude), (longitude, -latitude), (-longitude, -latitude)]
    swapped, *signs = (area.covers(shapely.Point(at)) for at in others)
    return "swapped" if swapped else "sign" if any(signs) else ""


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
        share, x, y, cells = source.kept(POINTS) or (None, (), (), ())
        kept = SharedPoints(np.array(x, float), np.array(y, float), np.array(cells, np.int64), float(share or 0))
        source.cache[POINTS] = _find(source) if share is None else kept
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
