"""The sides of a place: a hot spot is denser than its surroundings on every side, the edge of a town only on one.

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
from typing import Final

import numpy as np
from scipy import sparse

from analysis.grid.cells import centres
from curim_data.model import BoolArray, FloatArray, IntArray
from curim_data.model.types import CellArray

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
