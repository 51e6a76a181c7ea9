"""Land on which alerts occur: what a place is compared with leaves out farmland, water and airfields.

A village in the fields is not dense against the fields: nobody is there to report. Land is called occupied where all
alerts of the city's history, smoothed over some hundred metres, are dense enough that together such land holds 95 % of
them. No filter moves it, and land that is added far away, where no alert ever was, changes nothing.

Smoothing blurs the edge of a village into the fields. So of the occupied land only that counts as surroundings which,
smoothed over a ring less, is at least a quarter as dense as the thinnest of it.

The rest of the city is the occupied land that is at least a quarter as dense as where the median alert lies (half of
all alerts lie in denser land; the mean would follow the hot spots themselves). Wide land with a tenth of a town's
density would hold many of the 95 %, make the mean of the city thin, and the whole town twice as dense as that.

For hot cells occupied land only narrows the surroundings, while the place itself counts with all its land; so whatever
land it leaves out, a cell of a given count never gets a smaller p-value by it. It also says how many cells are looked
at. Smoothing reaches so far that the mean disc holds ten alerts: where alerts are spread by chance hardly any disc is
thin, and nearly all cells are looked at, so that the correction keeps its level (`tests/oracles/test_false_alarms.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from analysis.grid.cells import neighbours, parents, square_side
from analysis.stats.result import Choice
from curim_data.model import BoolArray, FloatArray, Message, Num
from curim_data.model.types import CellArray

# Occupied land holds this share of all alerts ever reported.
HELD: Final = 0.95
# Alerts in the mean disc over which the density is smoothed, and the widest disc in rings of cells.
MEAN_IN_DISC: Final = 10.0
MOST_RINGS: Final = 6
# Surroundings are at least so dense, relative to the thinnest occupied land; the rest of the city, relative to the land
# of the median alert.
_THIN: Final = 0.25
# The least share of a cell that land counts as, as in the test (`cell_significance.MIN_LAND_SHARE`).
_LEAST_SHARE: Final = 0.25


@dataclass(frozen=True)
class OccupiedLand:
    """Which cells of one resolution are occupied: `cells` those that are, `resolution` theirs.

    `around`: those of them that count as surroundings, `city`: as the rest of the city. `share` of the land that is
    occupied, `n` alerts from which that was found, `reach` of the smoothing in metres.
    """

    cells: frozenset[int]
    around: frozenset[int]
    city: frozenset[int]
    resolution: int
    share: float
    n: int
    reach: int

    def holds(self, cells: CellArray) -> BoolArray:
        """Which of some cells (int64, of one resolution) are occupied: they lie in an occupied one, or hold one."""
        return self._among(self.cells, cells)

    def surrounds(self, cells: CellArray) -> BoolArray:
        """Which of some cells count as surroundings of others."""
        return self._among(self.around, cells)

    def is_city(self, cells: CellArray) -> BoolArray:
        """Which of some cells count as the rest of the city."""
        return self._among(self.city, cells)

    def _among(self, members: frozenset[int], cells: CellArray) -> BoolArray:
        found = np.ascontiguousarray(cells, dtype=np.int64)
        return _which(members, self.resolution, found.tobytes()) if len(found) else np.zeros(0, dtype=bool)

    @property
    def choice(self) -> Choice:
        """What was left out of the comparison, in words."""
        message = Message(
            "Compared is land on which alerts occur: the {share} % of the city's land that holds {held} % of the "
            "mapped alerts of all years, whatever their category, smoothed over {metres} m. Farmland, water and "
            "airfields, where hardly anyone is there to report, do not count as surroundings. The rest of the city "
            "means the part of this land that is at least a quarter as dense as where the median alert lies.",
            {"share": Num(100 * self.share, 0), "held": Num(100 * HELD, 0), "metres": self.reach},
        )
        return Choice("occupied", self.share, message)


@lru_cache(maxsize=16)
def _which(members: frozenset[int], resolution: int, cells: bytes) -> BoolArray:
    """Which cells lie in a member of a resolution or hold one, for reading only: every filter asks it of one map."""
    found = np.frombuffer(cells, dtype=np.int64)
    size = int(found[0] >> 52 & 15)
    known = np.fromiter(members, dtype=np.int64, count=len(members))
    inside = np.isin(parents(found, resolution), known) if size >= resolution else np.isin(found, parents(known, size))
    inside.flags.writeable = False
    return np.asarray(inside)


def occupied_land(cells: pd.DataFrame) -> OccupiedLand | None:
    """Find the occupied land from the whole history of alerts; None where they are too few to tell.

    Parameters
    ----------
    cells : DataFrame, index cell (int64, H3 of one resolution, of about 350 m)
        The whole study mask with columns land_km2 and n.
    """
    index = np.asarray(cells.index, dtype=np.int64)
    counts = cells["n"].to_numpy(float)
    land = cells["land_km2"].to_numpy(float)
    total = counts.sum()
    resolution, side = int(index[0] >> 52 & 15), square_side(int(index[0] >> 52 & 15), index)
    for rings in range(1, MOST_RINGS + 1):
        near = neighbours(index, rings)
        inside = near @ counts
        if inside.mean() >= MEAN_IN_DISC:
            break
    else:
        return None
    least = _LEAST_SHARE * side**2 / 1e6
    density = inside / np.maximum(near @ land, least)
    order = np.argsort(-density, kind="stable")
    enough = int(np.searchsorted(np.cumsum(counts[order]), HELD * total - 1e-9))
    thinnest = density[order[enough]]
    occupied = (density >= thinnest) & (density > 0)
    closer = neighbours(index, rings - 1)
    around = occupied & (closer @ counts >= _THIN * thinnest * np.maximum(closer @ land, least))
    city = occupied & (density >= _THIN * _at_median(density, counts))
    share = float(land[occupied].sum() / land.sum())
    own, beside, rest = (frozenset(index[mask].tolist()) for mask in (occupied, around, city))
    return OccupiedLand(own, beside, rest, resolution, share, round(total), round((rings + 0.5) * side))


def _at_median(density: FloatArray, counts: FloatArray) -> float:
    """The density where the median alert lies: half the alerts lie in denser land."""
    order = np.argsort(density)
    reached = np.cumsum(counts[order])
    return float(density[order][np.searchsorted(reached, reached[-1] / 2)])
