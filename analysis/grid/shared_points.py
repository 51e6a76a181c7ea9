"""Points that reports of several days share: corners, blocks, stations; and land as it counts where reports stand on
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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import h3ronpy
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.spatial import cKDTree

from analysis.grid.baseline import centres_in_metres
from analysis.grid.cells import parents
from analysis.stats.result import Choice
from curim_data.model import CELL_RESOLUTIONS, N_, CityProfile, FloatArray, IntArray, Message, Num, Translator

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
