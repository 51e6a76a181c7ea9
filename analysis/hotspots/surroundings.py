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

What a place is compared with beside its land: all alerts, or residents; and rates by cell on such a base,
shrunk towards the common mean (empirical Bayes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from analysis.grid import centres, neighbours, parents, square_side
from analysis.stats.intervals import Choice
from curim_data.model import BoolArray, FloatArray, IntArray, Message, Num
from curim_data.model.alert import CellArray

# A place is what lies within 200 m of a cell's centre, its surroundings what lies beyond.
PLACE_M: Final = 200
SURROUNDINGS_M: Final = 450
WIDE_SURROUNDINGS_M: Final = 700
MANY_IN_PLACE: Final = 5

# A place is also hot that is more than so many times as dense as all the rest of the city's occupied land: a quarter
# twice as dense as the city, which no intervention of a place serves, does not pass.
CITY_MARGIN: Final = 2.0


def window_for(side: float) -> int:
    """Rings of cells that, with the cell itself, make a place: those within 200 m; none where cells are that large."""
    return int(PLACE_M // side)


def surroundings_for(side: float, k: int, mean_place: float) -> int:
    """The last ring of cells that counts as surroundings, at least one beyond the place.

    Within 450 m; within 700 m where the mean place holds under five alerts, since the near surroundings would be all
    but empty (simulated: with 60 alerts, six of them in one spot, that finds 47 % instead of 27 %, and so few alerts
    show no smooth quarter either way).
    """
    return max(k + 1, int((SURROUNDINGS_M if mean_place >= MANY_IN_PLACE else WIDE_SURROUNDINGS_M) // side))


def margin_for(k: int, sided: bool = False) -> float:
    """Ratio to the surroundings that a smooth, dense quarter reaches by itself, found by simulation.

    1.25 for cells of a place's fraction, 1.15 where they are compared with each half of their surroundings too
    (`sided`); 1.35 where a single cell is the place (`k` = 0), as its surroundings then reach beyond the quarter.
    """
    if not k:
        return 1.35
    return 1.15 if sided else 1.25


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
        return self.among(self.cells, cells)

    def among(self, members: frozenset[int], cells: CellArray) -> BoolArray:
        """Which of some cells lie in one of some members of this resolution, or hold one."""
        if not len(cells):
            return np.zeros(0, dtype=bool)
        size, known = int(cells[0] >> 52 & 15), np.fromiter(members, dtype=np.int64, count=len(members))
        if size >= self.resolution:
            return np.isin(parents(cells, self.resolution), known)
        return np.isin(cells, parents(known, size))

    @property
    def choice(self) -> Choice:
        """What was left out of the comparison, in words."""
        return Choice(
            "occupied",
            self.share,
            Message(
                "Only land on which alerts occur is compared: {share} % of the city's land.",
                {"share": Num(100 * self.share, 0)},
            ),
        )


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
    reached = np.cumsum(counts[order[::-1]])  # half the alerts lie in denser land than the median one
    median = density[order[::-1]][np.searchsorted(reached, reached[-1] / 2)]
    city = occupied & (density >= _THIN * median)
    share = float(land[occupied].sum() / land.sum())
    own, beside, rest = (frozenset(index[mask].tolist()) for mask in (occupied, around, city))
    return OccupiedLand(own, beside, rest, resolution, share, round(total), round((rings + 0.5) * side))


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


def against_each_half(
    p: FloatArray,
    inside: FloatArray,
    size_in: FloatArray,
    counts: FloatArray,
    size: FloatArray,
    rule: Rule,
    ground: tuple[CellArray, sparse.csr_array, float],
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
    ground : tuple
        The cells, their surroundings (shape (cells, cells), one where a cell surrounds that of the row), and the side
        of a cell in metres.
    """
    cells, surroundings, side = ground
    rows = np.flatnonzero(p <= rule.level)
    if not len(rows):
        return p
    half_km2 = int(np.diff(surroundings.indptr).max(initial=0)) / 2 * side**2 / 1e6  # where all of it is land
    largest = p[rows]
    for at, to in _halves(cells, surroundings[rows], rows):
        around, beyond = (np.asarray(np.bincount(at, values[to], len(rows)), float) for values in (counts, size))
        found = rule.test(inside[rows], around, size_in[rows], beyond)
        largest = np.maximum(largest, np.where(beyond >= LEAST_LAND * half_km2, found, 0.0))
    raised = p.copy()
    raised[rows] = largest
    return raised


def _halves(cells: CellArray, near: sparse.csr_array, rows: CellArray) -> Iterator[tuple[IntArray, IntArray]]:
    """For each direction the pairs of a cell (its number among `rows`) and one in that half of its surroundings."""
    longitude, latitude = centres(cells)
    number, to = np.repeat(np.arange(len(rows)), np.diff(near.indptr)), near.indices.astype(np.int64)
    at = rows[number]
    east = (longitude[to] - longitude[at]) * np.cos(np.radians(latitude[at]))
    north = latitude[to] - latitude[at]
    for turn in _TURN + np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS:
        beyond: BoolArray = east * np.cos(turn) + north * np.sin(turn) > 0
        yield number[beyond], to[beyond]


@dataclass(frozen=True)
class SmoothedRates:
    """Rates shrunk towards the common mean: `rates`, `raw` and `weights` (0 to 1: how far a rate stands by itself).

    `mean` is the common rate, `variance` the spread between areas (never negative), `scatter` that which chance gives
    to a rate on a base of one.
    """

    rates: FloatArray
    raw: FloatArray
    weights: FloatArray
    mean: float
    variance: float
    scatter: float

    def of(self, count: float, base: float) -> float:
        """The rate of several cells together, shrunk in the same way; NaN without a base."""
        if not base > 0:
            return float("nan")
        weight = float(shrinkage_weights(self.variance, self.scatter, np.asarray(base, dtype=float)))
        return weight * count / base + (1 - weight) * self.mean


def empirical_bayes(events: ArrayLike, base: ArrayLike, *, shares: bool = False) -> SmoothedRates:
    """Rates of small areas, shrunk towards the mean by as much as chance could have moved them.

    With r_i = e_i / b_i, m = Σe / Σb, s² = Σ b_i (r_i - m)² / Σb and A = max(0, s² - m / mean(b)):
    w_i = A / (A + m / b_i), rate_i = w_i r_i + (1 - w_i) m. A = 0 means that chance alone explains the
    spread, and every area then gets the mean.

    That is for events that are rare on their base. A share of one half moves by chance half as much: with `shares`
    events are binomial and E s² = A + (m (1 - m) - A) / mean(b). Hence A is (s² - m (1 - m) / mean(b)) over
    (1 - 1 / mean(b)), kept between 0 and m (1 - m), and w_i = A / (A + (m (1 - m) - A) / b_i): the mean of the beta
    distribution given e_i. The shares of an event and of all else then still add up to one.

    Parameters
    ----------
    events, base
        Counts and their base (residents, visits, or all alerts), same length, base above zero.
    shares
        Whether the events are part of the base; none is then greater than its base.

    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40,
    283-294. Martuzzi, M. & Elliott, P. (1996). Empirical Bayes estimation of small area prevalence of non-rare
    conditions. Statistics in Medicine 15, 1867-1873. Kleinman, J. C. (1973). Proportions with extraneous variance:
    single and independent samples. JASA 68, 46-54.
    """
    e, b = np.asarray(events, dtype=float), np.asarray(base, dtype=float)
    raw = e / b
    mean, size = float(e.sum() / b.sum()), float(b.mean())
    spread = float((b * (raw - mean) ** 2).sum() / b.sum())
    if shares:
        most = mean * (1 - mean)
        variance = min(max(0.0, (spread - most / size) / (1 - 1 / size)), most) if size > 1 else 0.0
        scatter = most - variance
    else:
        variance, scatter = max(0.0, spread - mean / size), mean
    weights = shrinkage_weights(variance, scatter, b)
    return SmoothedRates(weights * raw + (1 - weights) * mean, raw, weights, mean, variance, scatter)


def shrinkage_weights(variance: float, scatter: float, base: FloatArray) -> FloatArray:
    """How far rates on a base stand by themselves, 0 (not at all) to 1: the share of their spread that is no chance."""
    return variance / (variance + scatter / base) if variance > 0 else np.zeros_like(base)


DenominatorKind = Literal["land", "alerts", "residents"]
LAND: Final = "land"
# Rates by residents are given for so many of them.
RATE_PER: Final = 1000
# Cells without a base say nothing; fewer cells than this show no spread between cells.
MIN_CELLS: Final = 3


@dataclass(frozen=True)
class Denominator:
    """The base population of every cell.

    kind : "alerts" (all alerts of the same period) or "residents".
    frame : DataFrame, index cell (int64)
        n, least (what a place of that cell alone counts as at least, so that a sliver of land is not tested against
        next to nobody; 0 for alerts). A cell of the mask that is absent, or whose n is NaN, has no known base: it is
        not tested, and its alerts are left out.
    choices : how the base was made.
    """

    kind: DenominatorKind
    frame: pd.DataFrame
    choices: tuple[Choice, ...] = ()

    @classmethod
    def of(cls, counts: pd.Series, kind: DenominatorKind = "alerts", choices: tuple[Choice, ...] = ()) -> Denominator:
        """A base that is known exactly (Series, index cell)."""
        return cls(kind, pd.DataFrame({"n": counts, "least": 0.0}), choices)

    @property
    def total(self) -> float:
        """The base of the whole city: sum over cells."""
        return float(self.frame["n"].sum())


def cell_rates(counts: FloatArray, base: FloatArray, *, shares: bool = False) -> SmoothedRates:
    """Rates of cells with empirical Bayes shrinkage; `shares`: the alerts counted are part of the base.

    Parameters
    ----------
    counts, base : arrays, shape (m,)
        Alerts and base by cell, NaN where they are not known. Only cells with both, and with a base above
        zero, get a rate and enter the mean and the spread.
    """
    known = np.isfinite(counts) & np.isfinite(base) & (base > 0)
    if known.sum() < MIN_CELLS or not counts[known].sum():
        mean = float(counts[known].sum() / base[known].sum()) if known.any() else float("nan")
        some = np.ones(int(known.sum()))
        found = SmoothedRates(mean * some, counts[known] / base[known], 0 * some, mean, 0.0, 0.0)
    else:
        found = empirical_bayes(counts[known], base[known], shares=shares)
    rates, raw, weights = np.full((3, len(counts)), np.nan)
    rates[known], raw[known], weights[known] = found.rates, found.raw, found.weights
    return SmoothedRates(rates, raw, weights, found.mean, found.variance, found.scatter)
