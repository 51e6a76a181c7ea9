"""The grid under every map: H3 cells of the city's land, their neighbours, and how large they should be.

Points that reports of several days share: corners, blocks, stations; and land as it counts where reports stand on
such points.

A file that moves each report to the nearest corner makes every corner a heap: beside the land around it a cell with a
corner is dense and one without is empty, though nothing happened but a move. So the land is moved as the reports are.
Of all reports the share s stands on shared points; that share of every piece of land is counted at the shared point
nearest to it, the rest stays where it is:

    reference(cell) = (1 - s) land(cell) + s sum of the land whose nearest shared point lies in the cell.

The sum over all cells is the land, and nothing moves farther than to the next point. Reports that fall anywhere alike
and are then moved have exactly this density; where no point is shared (s = 0) it is the land.

What shares a point on one day alone may be one event told by many people, and makes no shared point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import h3.api.numpy_int as h3
import h3ronpy
import h3ronpy.vector
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse
from scipy.spatial import cKDTree

from analysis.stats.result import Choice
from curim_data.model import (
    CELL_RESOLUTIONS,
    MAP_RESOLUTIONS,
    MOST_MAP_CELLS,
    N_,
    CityProfile,
    FloatArray,
    IntArray,
    Message,
    Num,
    Translator,
)

# The finest resolution that is chosen unasked: cells of about 130 m. A patrol, a lamp or a crossing serves a place of
# that size, and finer cells split one street corner into several.
FINEST: Final = 10
COARSEST: Final = 8
# Below this mean count in a cell and its six neighbours cells become coarser. The exact test needs no more: simulated,
# a spot of 90 m with a tenth of 60 alerts is found in 47 % of maps on cells of 130 m, in 22 % on cells of 350 m.
MIN_IN_WINDOW: Final = 0.5
MOST_MATRICES: Final = 20  # of neighbours, and of rings, that are cached
_DIGITS: Final = 15
_ALL_SEVEN: Final = (1 << 3 * _DIGITS) - 1


def neighbours(cells: Any, k: int = 1) -> sparse.csr_array:
    """Which cells lie within `k` rings of which.

    Parameters
    ----------
    cells : array of int64, shape (m,)
        Distinct H3 cells of one resolution, in any order: the study mask.
    k : int
        Number of rings; 0 is the cell itself.

    Returns
    -------
    scipy.sparse.csr_array, shape (m, m)
        One where a cell of the mask lies at most `k` grid steps away, itself included; rows and columns in the order
        of `cells`. Cells outside the mask have no column, so sums over a row see the edge of the land.
    """
    mask = np.ascontiguousarray(cells, dtype=np.int64).tobytes()
    return _disc(mask, int(k))


@lru_cache(maxsize=MOST_MATRICES)
def _disc(mask: bytes, k: int) -> sparse.csr_array:
    cells = np.frombuffer(mask, dtype=np.int64)
    count = len(cells)
    if not count:
        return sparse.csr_array((0, 0))
    discs = pa.array(h3ronpy.grid_disk(cells.astype(np.uint64), k, flatten=False))
    rows = np.repeat(np.arange(count), discs.value_lengths().to_numpy())
    found = discs.flatten().to_numpy().astype(np.int64)
    order = np.argsort(cells, kind="stable")
    place = np.clip(np.searchsorted(cells[order], found), 0, count - 1)
    columns = order[place]
    inside = cells[columns] == found
    ones = np.ones(int(inside.sum()))
    return sparse.csr_array((ones, (rows[inside], columns[inside])), shape=(count, count))


def centres(cells: Any) -> tuple[Any, Any]:
    """Longitude and latitude (degrees, WGS84) of the centres of cells: two arrays of shape (m,), for reading only."""
    return _centres(np.ascontiguousarray(cells, dtype=np.int64).tobytes())


@lru_cache(maxsize=8)
def _centres(cells: bytes) -> tuple[Any, Any]:
    points = pa.record_batch(h3ronpy.vector.cells_to_coordinates(np.frombuffer(cells, dtype=np.uint64)))
    longitude, latitude = (points[name].to_numpy().copy() for name in ("lng", "lat"))
    longitude.flags.writeable = latitude.flags.writeable = False
    return longitude, latitude


def centres_in_metres(cells: Any, city: CityProfile) -> tuple[FloatArray, FloatArray]:
    """Centres of H3 cells in the city's projection: x and y in metres."""
    return city.project(*centres(cells))


def ring(cells: Any, inner: int, outer: int) -> sparse.csr_array:
    """Which cells of the mask lie more than `inner` and at most `outer` rings from which; shape as `neighbours`."""
    return _ring(np.ascontiguousarray(cells, dtype=np.int64).tobytes(), int(inner), int(outer))


@lru_cache(maxsize=MOST_MATRICES)
def _ring(mask: bytes, inner: int, outer: int) -> sparse.csr_array:
    around = sparse.csr_array(_disc(mask, outer) - _disc(mask, inner))
    around.eliminate_zeros()
    return around


def parents(cells: IntArray, resolution: int) -> IntArray:
    """The H3 cells of a coarser resolution (or the same) that hold cells; by their bits, for many at once."""
    unused = np.int64(_ALL_SEVEN >> 3 * resolution)
    return np.asarray((cells & ~np.int64(15 << 52)) | np.int64(resolution << 52) | unused)


def square_side(resolution: int, cells: Any = None) -> float:
    """Side in metres of a square as large as a cell: measured on `cells`, else the mean of all cells on Earth."""
    if cells is None or len(cells) == 0:
        return float(np.sqrt(h3.average_hexagon_area(resolution, unit="m^2")))
    sample = np.asarray(cells, dtype=np.int64)[:: max(1, len(cells) // 50)].astype(np.uint64)
    parents = [_at(cell, resolution) for cell in sample]
    return float(np.sqrt(np.mean([h3.cell_area(cell, unit="m^2") for cell in parents])))


def _at(cell: Any, resolution: int) -> Any:
    finer = resolution > h3.get_resolution(cell)
    change: Callable[..., Any] = h3.cell_to_center_child if finer else h3.cell_to_parent
    return change(cell, resolution)


def resolution_for(
    n: float,
    land_km2: float,
    coordinate_precision_m: float = 1.0,
    finest: int = FINEST,
    cells: Any = None,
    affordable: int | None = None,
    maps: int = 1,
) -> Choice:
    """Choose how large the cells are, and say why.

    The finest resolution, from about 130 m on, at which a cell and its six neighbours hold at least half an alert in
    the mean, a cell is at least twice as wide as the coordinates are precise, the audience may look (`finest`), and
    the land needs no more than 100,000 cells. Only the last makes cells coarser than 900 m, as for a country.

    Parameters
    ----------
    n : float
        Alerts on the map, or on the smaller one of two.
    land_km2 : float
        Land of the city in square kilometres.
    coordinate_precision_m : float
        Step of the coordinates in metres (three decimals of a degree are about 100 m).
    finest : int
        The finest H3 resolution that the audience may see.
    cells : array of int64, optional
        Some cells of the city, of any resolution: the size of a cell is then measured there.
    affordable : int, optional
        The finest H3 resolution in which all the land can be had (`CityProfile.finest_affordable`); estimated from the
        area when left out.
    maps : int
        How many maps of that many are laid over each other.
    """
    reason = Message("an intervention serves a place of that size")
    chosen = FINEST
    while chosen > min(MAP_RESOLUTIONS):
        side = square_side(chosen, cells)
        window = maps * n / land_km2 * 7 * side**2 / 1e6
        too_many = land_km2 * 1e6 / side**2 > MOST_MAP_CELLS if affordable is None else chosen > affordable
        if chosen <= COARSEST and not too_many:
            break
        if too_many:
            reason = too_large(land_km2)
        elif chosen > finest:
            reason = Message("finer cells could point at single persons")
        elif side < 2 * coordinate_precision_m:
            reason = Message(
                "the coordinates are only precise to {metres} m", {"metres": round(coordinate_precision_m)}
            )
        elif window < MIN_IN_WINDOW:
            few = {"alerts": round(n)}
            reason = Message("there are too few alerts for finer cells: {alerts}", few)
        else:
            break
        chosen -= 1
    message = Message(
        "Cells are as large as a square of {metres} m, because {reason}.",
        {"metres": round(square_side(chosen, cells)), "reason": reason},
    )
    return Choice("resolution", chosen, message)


def too_large(land_km2: float, most: int = MOST_MAP_CELLS) -> Message:
    """Why cells are no finer: the end of a sentence."""
    values = {"area": round(land_km2), "most": most}
    return Message("the area is {area} km² and takes more than {most} finer ones", values)


# Reports of so many days make a point one that is shared.
LEAST_DAYS: Final = 2
# Under this share of the reports on shared points land counts as it lies: the move would change next to nothing.
LEAST_SHARE: Final = 0.1
# Pieces of land of which the nearest point is looked for: cells two sizes finer than those counted in, or one.
MOST_PIECES: Final = 600_000
FINER: Final = (2, 1)
_BY_POINTS: Final = N_("Places are compared by the land that their points serve, since alerts stand on shared points.")


@dataclass(frozen=True)
class SharedPoints:
    """Points (metres of the city) with their cells of the finest resolution stored; `share` of all reports there."""

    x: FloatArray
    y: FloatArray
    cells: IntArray
    share: float

    @property
    def choice(self) -> Choice:
        """What places are compared by, in words."""
        message = Message(
            "{percent} % of all alerts stand on points that alerts of other days share, as corners or blocks do. So "
            "much of the land counts at the point nearest to it: a place is compared by the land that its points "
            "serve, and no corner is dense only because alerts of what lies around are put there.",
            {"percent": Num(100 * self.share, 0)},
        )
        return Choice("points", self.share, message)


def with_points(t: Translator, sentence: str, choices: Sequence[Choice]) -> str:
    """A sentence about places, and that they are compared by points where a choice says so."""
    by_points = any(choice.name == "points" for choice in choices)
    return f"{sentence} {t(_BY_POINTS)}" if by_points else sentence


def land_by_points(land: pd.Series, points: SharedPoints, city: CityProfile) -> pd.Series:
    """Land (km²) as it counts where reports stand on shared points.

    Parameters
    ----------
    land : Series, index cell (int64, H3 of one resolution)
        Square kilometres of land of every cell of the study mask.
    points : SharedPoints
        Those outside the mask hold nothing.
    city : CityProfile
        For metres.

    Returns
    -------
    Series
        With the index and the sum of `land`.
    """
    index, size = np.asarray(land.index, dtype=np.int64), land.to_numpy(float)
    resolution = int(index[0] >> 52 & 15)
    order = np.argsort(index)
    own = parents(points.cells, resolution)
    place = order[np.clip(np.searchsorted(index[order], own), 0, len(index) - 1)]
    inside = index[place] == own
    if not inside.any():
        return land
    pieces, cell = _pieces(index, resolution)
    tree = cKDTree(np.column_stack([points.x[inside], points.y[inside]]))
    _, nearest = tree.query(np.column_stack(centres_in_metres(pieces, city)))
    part = (size / np.bincount(cell, minlength=len(index)))[cell]
    moved = np.bincount(place[inside][nearest], part, len(index))
    return pd.Series((1 - points.share) * size + points.share * moved, index=land.index)


def _pieces(index: IntArray, resolution: int) -> tuple[IntArray, IntArray]:
    """Cells of a finer resolution of which those of an index consist, and the place of each one's parent there."""
    finer = next((more for more in FINER if len(index) * 7**more <= MOST_PIECES), FINER[-1])
    children = h3ronpy.change_resolution_list(index.astype(np.uint64), min(resolution + finer, max(CELL_RESOLUTIONS)))
    lists = pa.array(children)
    return (
        lists.flatten().to_numpy().astype(np.int64),
        np.repeat(np.arange(len(index)), lists.value_lengths().to_numpy()),
    )
