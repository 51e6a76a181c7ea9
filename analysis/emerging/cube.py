"""The space-time cube: counts by cell and step, windows over both, their exact test, Gi*, and neighbouring marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.grid.cells import neighbours
from analysis.stats.exact_ratios import larger_rate, smaller_rate
from analysis.stats.significance import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray, IntArray
from curim_data.model.types import CellArray

# Counts of windows that are tested at once: larger arrays cost more in fetching memory than in arithmetic.
AT_ONCE: Final = 60_000


@dataclass(frozen=True)
class SpaceTimeCube:
    """Counts by cell and step, shape (m, T)."""

    cells: CellArray
    starts: pd.DatetimeIndex
    counts: FloatArray

    @classmethod
    def of(cls, counts: pd.DataFrame, cells: CellArray) -> SpaceTimeCube:
        """From a wide or a long table (see `analysis.emerging.detection.emerging_hot_spots`), for these cells in their
        order.

        Raises ValueError where a long table has neither month nor week, or a cell twice in a step, and for counts that
        are negative or infinite.
        """
        if "cell" not in counts.columns:
            wide = counts.reindex(cells).fillna(0)
            return cls(cells, pd.DatetimeIndex(counts.columns), _checked(wide.to_numpy(float)))
        column = next((name for name in ("month", "week") if name in counts.columns), None)
        if column is None:
            raise ValueError(f"counts by cell need a column month or week, not only {', '.join(counts.columns)}")
        step, starts = pd.factorize(counts[column], sort=True)
        row = pd.Index(cells).get_indexer(pd.Index(counts["cell"]))
        at = (row * len(starts) + step)[row >= 0]
        if np.bincount(at).max(initial=0) > 1:
            raise ValueError(f"counts have some cell twice in a {column}")
        table = np.zeros((len(cells), len(starts)))
        table.ravel()[at] = _checked(counts["n"].fillna(0).to_numpy(float)[row >= 0])
        return cls(cells, pd.DatetimeIndex(starts), table)


def _checked(counts: FloatArray) -> FloatArray:
    if not ((counts >= 0) & np.isfinite(counts)).all():
        raise ValueError("counts must be finite and not negative")
    return counts


def lagged_sums(values: Any, lag: int) -> FloatArray:
    """Sums over each step and the `lag` before it, along the last axis; the first steps have fewer before them."""
    total = np.array(values, dtype=float)
    for back in range(1, lag + 1):
        total[..., back:] += values[..., :-back]
    return total


def row_parts(shape: tuple[int, ...]) -> list[slice]:
    """The rows of an array of this shape, (m, T), in parts that stay within the processor's cache."""
    size = max(1, AT_ONCE // max(shape[-1], 1))
    return [slice(start, start + size) for start in range(0, shape[-2], size)]


@dataclass(frozen=True)
class Latest:
    """The windows of the last step, arrays of shape (m,): alerts and size in them, and around them."""

    inside: FloatArray
    outside: FloatArray
    size_in: FloatArray
    size_out: FloatArray

    @property
    def expected(self) -> FloatArray:
        """Counts in the windows if they were as dense as what is around them; NaN where nothing is around."""
        density = np.full(len(self.outside), np.nan)
        np.divide(self.outside, self.size_out, out=density, where=self.size_out > 0)
        return density * self.size_in


@dataclass(frozen=True)
class Windows:
    """Windows in space and time of some counts, shape (m, T), with what they are compared with.

    `place` sums over the cells of a window; `around` over its surroundings (both symmetric: who is a neighbour has
    one); `lag` steps before its own belong to a window. `size` is land, shape (m,), the same in every step; a place
    counts as at least `floor`. `dispersion`: variance of the counts of a window by that of independent ones.
    """

    counts: FloatArray
    place: sparse.csr_array
    around: sparse.csr_array
    lag: int
    size: FloatArray
    floor: float
    dispersion: float = 1.0

    def latest(self) -> Latest:
        """The windows of the last step."""
        there = self.counts[:, -self.lag - 1 :]
        steps, counts = there.shape[1], there.sum(axis=1)
        size_in, size_out = np.maximum(self.place @ self.size, self.floor), self.around @ self.size
        return Latest(self.place @ counts, self.around @ counts, steps * size_in, steps * size_out)

    def hot(self, margin: float) -> FloatArray:
        """p-values, shape (m, T), that windows are denser; see `analysis.stats.exact_ratios.larger_rate`."""
        size_in, size_out = np.maximum(self.place @ self.size, self.floor), self.around @ self.size
        return self._tested(larger_rate, self._outside, size_in[:, None], size_out[:, None], margin)

    def cold(self, hot: BoolArray, margin: float) -> FloatArray:
        """p-values, shape (m, T), that windows are thinner; what is hot is no measure for them, and the floor would
        mark the shore.
        """
        size = np.broadcast_to(self.size[:, None], self.counts.shape)
        outside = self._around_without(hot, self.counts, self._outside)
        size_out = self._around_without(hot, size, np.broadcast_to((self.around @ self.size)[:, None], size.shape))
        return self._tested(smaller_rate, outside, (self.place @ self.size)[:, None], size_out, margin)

    @cached_property
    def _outside(self) -> FloatArray:
        """Counts around each cell in each step."""
        return np.asarray(self.around @ self.counts)

    def _around_without(self, hot: BoolArray, values: FloatArray, sums: FloatArray) -> FloatArray:
        """Sums of values around each cell without what is hot: added up again where there is any."""
        found = np.array(sums)
        changed = np.flatnonzero(self.around @ hot.max(axis=1))
        found[changed] = self.around[changed] @ np.where(hot, 0.0, values)
        return found

    def _tested(
        self, test: Callable[..., FloatArray], outside: FloatArray, size_in: Any, size_out: Any, margin: float
    ) -> FloatArray:
        """The p-values of a test of each window, from counts and sizes by step."""
        shape = self.counts.shape
        sums = self.place @ self.counts, outside, np.broadcast_to(size_in, shape), np.broadcast_to(size_out, shape)
        p = np.empty(shape)
        for rows in row_parts(shape):
            p[rows] = test(*(lagged_sums(values[rows], self.lag) for values in sums), margin, self.dispersion)
        return p


@dataclass(frozen=True)
class GiStar:
    """Gi* with space-time neighbours, in the form for cells of unequal land
    (`analysis.hotspots.cell_significance.gistar_on_land`).

    With e_jt the alerts of step t shared out by land, r_jt = (x_jt - e_jt) / sqrt(e_jt) and the weights
    w_jt = sqrt(e_jt) over the window of cell i and step t (the same neighbours in t and the `lag` steps before),

        z_it = (sum w r - rbar W) / (s sqrt((n S1 - W²) / (n - 1))),    W = sum w, S1 = sum w², n = cells x steps.

    Where all e are equal this is the plain Gi* of the cube. `mean` and `spread` are rbar and s of the whole cube.
    """

    counts: FloatArray
    share: FloatArray
    near: sparse.csr_array
    lag: int
    mean: float
    spread: float

    @classmethod
    def of(cls, counts: FloatArray, size: FloatArray, near: sparse.csr_array, lag: int) -> GiStar:
        """From counts, shape (m, T), sizes, shape (m,), and the neighbours with the cell itself.

        `mean` and `spread`: with e_jt = a_j n_t the sums of r = x / sqrt(e) - sqrt(e) and of r² = x² / e - 2 x + e need
        nothing but the products of sums over cells and over steps, and what is there where something was counted.
        """
        share = size / max(size.sum(), 1e-300)
        alerts = counts.sum(axis=0)
        cell, step = np.nonzero(counts)
        expected = share[cell] * alerts[step]
        x, expected = counts[cell, step][expected > 0], expected[expected > 0]
        total = (x / np.sqrt(expected)).sum() - np.sqrt(share).sum() * np.sqrt(alerts).sum()
        square = (x * x / expected).sum() - 2 * x.sum() + share.sum() * alerts.sum()
        mean = float(total) / counts.size
        return cls(counts, share, near, lag, mean, float(np.sqrt(max(float(square) / counts.size - mean**2, 0.0))))

    def parts_of(self, cells: IntArray) -> FloatArray:
        """Shape (3, cells, T): sum w r, W and S1 of the neighbourhood of some cells (by position) in each step alone.

        They are what a permutation of the steps leaves whole.
        """
        near = self.near[cells]
        there = np.unique(near.indices)
        return np.stack([near[:, there] @ values for values in self._terms(there)])

    def z(self, parts: FloatArray) -> FloatArray:
        """z by cell and step, from `parts_of` in any order of their steps (and any choice of their cells)."""
        z: FloatArray = np.zeros(parts.shape[1:])
        n = self.counts.size
        for rows in row_parts(z.shape):
            away, weight, square = lagged_sums(parts[:, rows], self.lag)
            spread = self.spread * np.sqrt(np.maximum((n * square - weight**2) / max(n - 1, 1), 0))
            np.divide(away - self.mean * weight, spread, out=z[rows], where=spread > 1e-12)
        return z

    def latest(self) -> FloatArray:
        """z of the last step, shape (m,)."""
        terms = self._terms(slice(None), slice(-self.lag - 1, None))
        return self.z(np.stack([self.near @ values for values in terms]))[:, -1]

    def _terms(self, cells: Any, steps: slice = slice(None)) -> tuple[FloatArray, FloatArray, FloatArray]:
        """w r, w and w² of some cells: alerts above expected, the root of the expected ones, and these."""
        expected = np.outer(self.share[cells], self.counts[:, steps].sum(axis=0))
        excess = np.where(expected > 0, self.counts[cells, steps] - expected, 0.0)
        return excess, np.sqrt(expected), expected


def significant_cells(cells: CellArray, p: FloatArray, alpha: float) -> tuple[FloatArray, BoolArray]:
    """The q-values over all cells and steps, and the marks: q <= alpha, in a group whose clearest mark stands out.

    The rule of `analysis.hotspots.cell_significance.significant_cells` in space and time: Benjamini–Hochberg over all m
    T tests, and of each group of marks that hang together (neighbouring cells, in one step or in steps that follow each
    other) the smallest p times m must be at most alpha, else the group is chance. So the map of any one step, the last
    above all, has a false place in at most alpha of cases, though many true places elsewhere let Benjamini–Hochberg
    pass more. Times m T would hold that for all steps together, but then a new place is seen late (simulated: of places
    with 25 alerts in their first month on a map of 500 a month 8 of 25 instead of 24 of 25).
    """
    q = benjamini_hochberg(p)
    found: BoolArray = q <= alpha
    labels = connected_groups(neighbours(cells, 1), found)
    if labels.max(initial=-1) >= 0:
        smallest = np.full(labels.max() + 1, 1.0)
        np.minimum.at(smallest, labels[found], p[found])
        found[found] = smallest[labels[found]] * len(cells) <= alpha
    return q, found


def connected_groups(near: sparse.csr_array, marks: BoolArray) -> IntArray:
    """The number of the group of each mark, shape (m, T); -1 where there is no mark."""
    labels = np.full(marks.shape, -1)
    rows = np.flatnonzero(marks.any(axis=1))
    if not len(rows):
        return labels
    steps = marks.shape[1]
    in_time = sparse.eye_array(steps) + sparse.eye_array(steps, k=1)
    at = np.flatnonzero(marks[rows])
    graph = sparse.kron(near[rows][:, rows], in_time, format="csr")[at][:, at]
    labels[marks] = connected_components(graph, directed=False)[1]
    return labels
