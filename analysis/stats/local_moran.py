"""Local Moran's I with conditional permutation: is a cell like its neighbours, and more than chance would have it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from analysis.stats.false_discovery import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray, IntArray

PERMUTATIONS: Final = 9999
# High among high, low among high, low among low, high among low, as esda numbers them.
QUADRANTS: Final = {1: "HH", 2: "LH", 3: "LL", 4: "HL"}
_BLOCK: Final = 2_000_000


@dataclass(frozen=True)
class LocalMoran:
    """By cell, shape (m,): I, the mean of its neighbours, the quadrant (1 to 4; 0 without neighbours), p and q.

    p is one-sided, of the tail on which the cell lies; q corrects twice p, since both tails are looked at, for all
    cells that have neighbours (Benjamini-Hochberg). NaN without neighbours, or where the values do not vary.
    """

    i: FloatArray
    lag: FloatArray
    quadrant: IntArray
    p: FloatArray
    q: FloatArray

    def significant(self, alpha: float = 0.05) -> BoolArray:
        """Cells with q at most alpha."""
        return np.asarray(np.nan_to_num(self.q, nan=1.0) <= alpha)


def local_moran(
    values: Any, near: sparse.csr_array, *, permutations: int = PERMUTATIONS, rng: np.random.Generator | None = None
) -> LocalMoran:
    """I_i = z_i / m2 * (mean of z over the neighbours of i), z = x - mean(x), m2 = sum z² / m.

    This is the form of R's spdep; esda's is (m - 1) / m times as large. Its p-value: the value of the cell is held and
    its neighbours are drawn without replacement from all other cells, `permutations` times; p = (1 + those at least as
    far in the tail of the cell) / (1 + permutations). Draws are shared by cells of equally many neighbours. Nothing is
    assumed of the law of counts, but that without clustering any value may stand in any cell.

    Parameters
    ----------
    values : array, shape (m,)
        Counts or rates by cell, all known. ValueError for others.
    near : csr_array, shape (m, m)
        One for neighbours; the cell itself is left out. Weights are equal and add up to one.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association - LISA. Geographical Analysis 27, 93-115.
    """
    x = np.asarray(values, dtype=float)
    if not np.isfinite(x).all():
        raise ValueError("every cell needs a value")
    rng = rng or np.random.default_rng(0)
    pairs = sparse.coo_array(near)
    apart = (pairs.row != pairs.col) & (pairs.data != 0)
    others = sparse.csr_array((np.ones(int(apart.sum())), (pairs.row[apart], pairs.col[apart])), shape=pairs.shape)
    number = np.asarray(np.diff(others.indptr))
    z = x - x.mean()
    spread = float((z**2).mean())
    tested = (number > 0) & (spread > 1e-12 * max(float((x**2).mean()), 1e-300))
    sums = others @ z
    lag = np.divide(sums, number, out=np.full(len(x), np.nan), where=number > 0)
    p = np.full(len(x), np.nan)
    for count in np.unique(number[tested]):
        cells = np.flatnonzero(tested & (number == count))
        p[cells] = _tails(z, cells, sums[cells], int(count), permutations, rng)
    quadrant = np.where(z > 0, np.where(lag > 0, 1, 4), np.where(lag > 0, 2, 3)) * tested
    index = np.where(tested, z * lag / (spread or 1.0), np.nan)
    return LocalMoran(index, x.mean() + lag, quadrant, p, benjamini_hochberg(np.minimum(2 * p, 1)))


def _tails(
    z: FloatArray, cells: IntArray, sums: FloatArray, count: int, permutations: int, rng: np.random.Generator
) -> FloatArray:
    """The smaller tail of the sum over `count` others for each cell; equal sums belong to both tails."""
    others = len(z) - 1
    drawn = _without_replacement(others, count, permutations, rng)
    above, below = np.zeros(len(cells)), np.zeros(len(cells))
    slack = 1e-9 * float(np.abs(z).max()) * count
    rows = max(1, _BLOCK // (count * permutations))
    for first in range(0, len(cells), rows):
        block = slice(first, first + rows)
        own = cells[block, None, None]
        came = z[drawn[None] + (drawn[None] >= own)].sum(axis=2)
        above[block] = (came >= sums[block, None] - slack).sum(axis=1)
        below[block] = (came <= sums[block, None] + slack).sum(axis=1)
    return np.asarray((1 + np.minimum(above, below)) / (1 + permutations))


def _without_replacement(others: int, count: int, permutations: int, rng: np.random.Generator) -> IntArray:
    """Draws of `count` different numbers below `others`, shape (permutations, count)."""
    if 4 * count * count > others:
        return np.stack([rng.permutation(others)[:count] for _ in range(permutations)])
    drawn = rng.integers(0, others, (permutations, count))
    while True:
        ordered = np.sort(drawn, axis=1)
        again = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        if not again.any():
            return drawn
        drawn[again] = rng.integers(0, others, (int(again.sum()), count))
