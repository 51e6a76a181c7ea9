"""Local Moran's I with conditional permutation: is a cell like its neighbours, and more than chance would have it?

Drawn permutations cannot give a p-value below 1 / (1 + their number): with 9,999 of them and 20,000 cells a single
cluster never passes a correction for all cells. For counts the chance of all permutations is therefore summed instead
of drawn (`_exact_tails`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any, Final

import numpy as np
from scipy import sparse

from analysis.stats.false_discovery import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray, IntArray

PERMUTATIONS: Final = 9999
# High among high, low among high, low among low, high among low, as esda numbers them.
QUADRANTS: Final = {1: "HH", 2: "LH", 3: "LL", 4: "HL"}
_BLOCK: Final = 2_000_000
# Sums of more neighbours, or over so many different and large counts, are drawn and not summed up exactly.
_MOST_NEIGHBOURS: Final = 20
_MOST_STEPS: Final = 2_000_000_000


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
    values: Any, near: sparse.csr_array, *, permutations: int | None = None, rng: np.random.Generator | None = None
) -> LocalMoran:
    """I_i = z_i / m2 * (mean of z over the neighbours of i), z = x - mean(x), m2 = sum z² / m.

    This is the form of R's spdep; esda's is (m - 1) / m times as large. Its p-value: the value of the cell is held and
    its neighbours are any choice without replacement of all other cells; p is the part of these choices at least as
    far in the tail of the cell. Nothing is assumed of the law of counts, but that without clustering any value may
    stand in any cell.

    Parameters
    ----------
    values : array, shape (m,)
        Counts or rates by cell, all known. ValueError for others.
    near : csr_array, shape (m, m)
        One for neighbours; the cell itself is left out. Weights are equal and add up to one.
    permutations : int, optional
        Choices that are drawn, shared by cells of equally many neighbours: p = (1 + those at least as far) / (1 +
        permutations). Left out, all choices are counted exactly where the values are counts; others are drawn 9,999
        times.

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
    most = int(number.max(initial=0))
    if permutations is None and tested.any() and _can_be_counted(x, most):
        p[tested] = _exact_tails(x.astype(np.int64), others, np.flatnonzero(tested), most)
    else:
        for count in np.unique(number[tested]):
            cells = np.flatnonzero(tested & (number == count))
            p[cells] = _tails(z, cells, sums[cells], int(count), permutations or PERMUTATIONS, rng)
    quadrant = np.where(z > 0, np.where(lag > 0, 1, 4), np.where(lag > 0, 2, 3)) * tested
    index = np.where(tested, z * lag / (spread or 1.0), np.nan)
    return LocalMoran(index, x.mean() + lag, quadrant, p, benjamini_hochberg(np.minimum(2 * p, 1)))


def _can_be_counted(x: FloatArray, most: int) -> bool:
    """Whether the chance of all choices can be counted: the values are counts, not too many and not too large."""
    if not len(x) or (x < 0).any() or (x != np.round(x)).any():
        return False
    steps = float(len(np.unique(x))) * most**2 * (most * float(x.max()) + 1)
    return most <= _MOST_NEIGHBOURS and steps <= _MOST_STEPS


def _exact_tails(x: IntArray, others: sparse.csr_array, cells: IntArray, most: int) -> FloatArray:
    """The smaller tail of the sum of the neighbours of some cells among all choices of as many other cells.

    Coefficient (k, s) of the product of (1 + y u^x) over all cells is the number of choices of k cells with sum s; that
    without one cell is the quotient by its factor, one subtraction for each k.
    """
    ways = _choices_by_sum(x, most)
    number = np.asarray(np.diff(others.indptr))[cells]
    sums = np.asarray(np.rint(others @ x.astype(float)), np.int64)[cells]
    p = np.ones(len(cells))
    own, back = np.unique(x[cells], return_inverse=True)
    by_own = np.split(np.argsort(back, kind="stable"), np.cumsum(np.bincount(back))[:-1])
    for value, members in zip(own.tolist(), by_own, strict=True):
        rest = ways[0]
        for count in range(1, most + 1):
            taken = ways[count].copy()
            taken[value:] -= rest[: len(rest) - value]
            rest = np.maximum(taken, 0.0)
            here = members[number[members] == count]
            if len(here):
                above, below = np.cumsum(rest[::-1])[::-1], np.cumsum(rest)
                tail = np.minimum(above[sums[here]], below[sums[here]])
                p[here] = np.minimum(tail / float(comb(len(x) - 1, count)), 1.0)
    return p


def _choices_by_sum(x: IntArray, most: int) -> FloatArray:
    """How many choices of k of the cells have the sum s: shape (most + 1, most * max + 1)."""
    ways = np.zeros((most + 1, most * int(x.max()) + 1))
    ways[0, 0] = 1.0
    for value, cells in zip(*(part.tolist() for part in np.unique(x, return_counts=True)), strict=True):
        end = most * value + 1  # the values come in order: no sum is larger so far
        for count in range(most, 0, -1):
            for taken in range(1, min(count, cells) + 1):
                shift = value * taken
                ways[count, shift:end] += float(comb(cells, taken)) * ways[count - taken, : end - shift]
    return ways


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
