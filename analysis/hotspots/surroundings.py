"""A place and what it is compared with: window, surroundings and their halves, occupied land, margin.

What is chosen for the reader of hot spots, and the reason shown: window, surroundings, margin, reach of Gi*.

Land on which alerts occur: what a place is compared with leaves out farmland, water and airfields.

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

The sides of a place: a hot spot is denser than its surroundings on every side, the edge of a town only on one.

Beside land with a tenth of its density the edge of a town is nearly twice as dense as the mean of what lies around it,
and nothing is hot there. So a place must also stand out from each half of its surroundings, cut by a line through it in
six directions. What is refuted is that the place is as dense as some half: the largest of the p-values is that of the
union of these hypotheses (Berger, R. L. (1982). Multiparameter hypothesis testing and acceptance sampling.
Technometrics 24, 295–300), exact as each of them, and no correction is due for their number. A half that is mostly
water, or land where nobody reports, says nothing and is left out.

The same holds for cold places, which must be thinner than each half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.grid.cells import centres, neighbours, parents, square_side
from analysis.stats.result import Choice
from curim_data.model import BoolArray, FloatArray, IntArray, Message, Num
from curim_data.model.types import CellArray

# A place is what lies within 200 m of a cell's centre, its surroundings what lies beyond.
PLACE_M: Final = 200
SURROUNDINGS_M: Final = 450
WIDE_SURROUNDINGS_M: Final = 700
MANY_IN_PLACE: Final = 5
# Gi* and its normal tail: below this mean window count more maps of pure chance show a hot cell than the 5 % meant
# (simulated on the land of Piraeus in cells of 130 m: 50 % at 2, 32 % at 5, 13 % at 19, 8 % at 56, 5 % at 226).
GISTAR_FROM: Final = 200

# A place is also hot that is more than so many times as dense as all the rest of the city's occupied land: a quarter
# twice as dense as the city, which no intervention of a place serves, does not pass.
CITY_MARGIN: Final = 2.0

INDEPENDENT: Final = Choice(
    "independent",
    1,
    Message(
        "Alerts are taken as independent, since the past is too short to learn how often one event is reported several "
        "times: where it is, a place looks surer than it is."
    ),
)


def window_for(side: float) -> int:
    """Rings of cells that, with the cell itself, make a place: those within 200 m; none where cells are that large."""
    return int(PLACE_M // side)


def surroundings_for(side: float, k: int, mean_place: float) -> int:
    """The last ring of cells that counts as surroundings, at least one beyond the place.

    Within 450 m; within 700 m where the mean place holds under five alerts, since the near surroundings would be all
    but empty (simulated: with 60 alerts, six of them in one spot, that finds 47 % instead of 27 %, and so few alerts
    show no smooth quarter either way).
    """
    reach = SURROUNDINGS_M if mean_place >= MANY_IN_PLACE else WIDE_SURROUNDINGS_M
    return max(k + 1, int(reach // side))


def margin_for(k: int, sided: bool = False) -> float:
    """Ratio to the surroundings that a smooth, dense quarter reaches by itself, found by simulation.

    1.25 for cells of a place's fraction, 1.15 where they are compared with each half of their surroundings too
    (`sided`); 1.35 where a single cell is the place (`k` = 0), as its surroundings then reach beyond the quarter.
    """
    if not k:
        return 1.35
    return 1.15 if sided else 1.25


def setting_choices(
    side: float, k: int, outer: int, margin: float, alpha: float, based: bool, mean_window: float
) -> tuple[Choice, ...]:
    """The settings of a test, each with its sentence."""
    place = (
        Message(
            "Each cell is tested alone and together with the cells around it, up to {metres} m from its centre: two "
            "sizes at once, which in simulations find more than larger cells do.",
            {"metres": round((k + 0.5) * side)},
        )
        if k
        else Message("Each cell is tested alone: it is as large as a place.")
    )
    against = (
        Message("A place is compared with all the rest of the city, by its base and not by its land.")
        if based
        else Message(
            "A place is compared with its own surroundings up to {metres} m, with all of them and with each half, so "
            "that the edge of a town is not hot beside its fields; and a second time with the rest of the city.",
            {"metres": round((outer + 0.5) * side)},
        )
    )
    excess = (
        Message(
            "Hot means more than {margin} times the rate of what it is compared with, beyond chance: a smaller "
            "difference is no reason to act on a place."
        )
        if based
        else Message(
            "Hot means more than {margin} times as dense as its surroundings, or more than {city} times as dense as "
            "the rest of the city, beyond chance: a dense quarter with soft edges reaches the first by itself, and one "
            "that is a little denser than the city is no hot spot."
        )
    )
    excess = Message(excess.text, {"margin": Num(margin, 2), "city": Num(CITY_MARGIN, 0)})
    cold = Message(
        "Cold means at most {share} times the rate of what it is compared with, where hot places are left out, beyond "
        "chance.",
        {"share": Num(1 / margin, 2)},
    )
    whole = (
        Message(
            "A hot spot in the list is compared with the surroundings of its cells, or with the rest of the city, "
            "whichever it stands out from more surely; the cells next to it and other hot spots are left out of its "
            "surroundings."
        )
        if k
        else Message(
            "A hot spot in the list is compared with the surroundings of its cells, or with the rest of the city, "
            "whichever it stands out from more surely; other hot spots are left out of its surroundings."
        )
    )
    share = Message(
        "Corrected for having looked at every cell: of the cells marked, at most {percent} % are expected to be "
        "chance, and each place by itself stands out in the whole map.",
        {"percent": Num(100 * alpha, 0)},
    )
    if mean_window < GISTAR_FROM:
        gistar = Message(
            "Gi* is shown for comparison only: with {mean} alerts on average in a cell and its surroundings it "
            "calls cells hot by chance too often. It can be read as a test from about {border} on."
        )
    elif based:
        gistar = Message(
            "Gi* is shown alongside; with {mean} alerts in the mean window its normal tail can be read. It "
            "compares with the mean of the city on the same base."
        )
    else:
        gistar = Message(
            "Gi* is shown alongside; with {mean} alerts in the mean window its normal tail can be read. It "
            "compares with the mean of the city, so that it marks dense quarters too."
        )
    gistar = Message(gistar.text, {"mean": Num(mean_window, 1), "border": GISTAR_FROM})
    return (
        Choice("window", k, place),
        Choice("surroundings", outer, against),
        *(() if based else (Choice("spots", outer, whole),)),
        Choice("margin", margin, excess),
        Choice("cold", 1 / margin, cold),
        Choice("alpha", alpha, share),
        Choice("gistar", mean_window, gistar),
    )


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


DIRECTIONS: Final = 6
# A half is compared with where so much of it is land on which alerts occur.
LEAST_LAND: Final = 0.5
# Turns the cuts off the axes of the grid, so that hardly any centre of a cell lies on a cut.
_TURN: Final = 0.2

Test = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class Rule:
    """A test (counts inside, outside, sizes inside, outside → p) and the p-value above which nothing is marked."""

    test: Test
    level: float


@dataclass(frozen=True)
class Sides:
    """The surroundings of every cell (`ground`, shape (cells, cells), one where a cell surrounds that of the row).

    `half_km2`: land of half the surroundings where all of it is land.
    """

    cells: CellArray
    ground: sparse.csr_array
    half_km2: float

    @classmethod
    def of(cls, cells: CellArray, ground: sparse.csr_array, side: float) -> Sides:
        """Of cells of a side in metres."""
        most = int(np.diff(ground.indptr).max(initial=0))
        return cls(cells, ground, most / 2 * side**2 / 1e6)

    def against_each(
        self, p: FloatArray, inside: FloatArray, size_in: FloatArray, counts: FloatArray, size: FloatArray, rule: Rule
    ) -> FloatArray:
        """The p-values of places (shape (cells,)), raised to the largest against any half of their surroundings.

        Parameters
        ----------
        p : array
            Against all surroundings. Those above the level of the rule stay as they are: they are never marked.
        inside, size_in : arrays
            Alerts and land (km²) of each place.
        counts, size : arrays
            Alerts and land of each cell, as it counts in surroundings.
        rule : Rule
            Test and level.
        """
        rows = np.flatnonzero(p <= rule.level)
        if not len(rows):
            return p
        largest = p[rows]
        for at, to in self._halves(rows):
            around, beyond = (np.asarray(np.bincount(at, values[to], len(rows)), float) for values in (counts, size))
            found = rule.test(inside[rows], around, size_in[rows], beyond)
            largest = np.maximum(largest, np.where(beyond >= LEAST_LAND * self.half_km2, found, 0.0))
        raised = p.copy()
        raised[rows] = largest
        return raised

    def _halves(self, rows: CellArray) -> Iterator[tuple[IntArray, IntArray]]:
        """For each direction the pairs of a cell (its number among `rows`) and one in that half of its surroundings."""
        longitude, latitude = centres(self.cells)
        near = self.ground[rows]
        number, to = np.repeat(np.arange(len(rows)), np.diff(near.indptr)), near.indices.astype(np.int64)
        at = rows[number]
        east = (longitude[to] - longitude[at]) * np.cos(np.radians(latitude[at]))
        north = latitude[to] - latitude[at]
        for turn in _TURN + np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS:
            beyond: BoolArray = east * np.cos(turn) + north * np.sin(turn) > 0
            yield number[beyond], to[beyond]
