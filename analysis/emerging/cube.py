"""The space-time cube: counts by cell and step, windows over both, their exact test, Gi*, and neighbouring marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.grid.cells import neighbours
from analysis.stats.exact_ratios import (
    LogFactorials,
    larger_rate,
    larger_rate_bound,
    smaller_rate,
    smaller_rate_bound,
)
from analysis.stats.false_discovery import StepUp, largest_corrected
from curim_data.model import BoolArray, FloatArray, IntArray
from curim_data.model.types import CellArray

_Test = Callable[..., FloatArray]
_Bound = Callable[..., FloatArray]

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
            return cls(cells, pd.DatetimeIndex(counts.columns), _placed(counts, cells))
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


def _placed(wide: pd.DataFrame, cells: CellArray) -> FloatArray:
    return _checked(np.asarray(wide.reindex(cells).fillna(0).to_numpy(float)))


def _checked(counts: FloatArray) -> FloatArray:
    if not ((counts >= 0) & np.isfinite(counts)).all():
        raise ValueError("counts must be finite and not negative")
    return counts


def lagged_sums(values: Any, lag: int) -> Any:
    """Sums over each step and the `lag` before it, along the last axis; the first steps have fewer before them.

    Of small whole numbers larger whole ones, else floats.
    """
    total = np.array(values, dtype=np.int32 if values.dtype == np.int16 else float)
    for back in range(1, lag + 1):
        total[..., back:] += values[..., :-back]
    return total


def _whole(counts: Any) -> IntArray:
    """Counts as whole numbers, as the tests take them."""
    return np.asarray(counts if counts.dtype.kind == "i" else np.round(counts).astype(np.int64))


def sums_over(near: sparse.csr_array, values: FloatArray) -> Any:
    """Sums over neighbours (ones in `near`) in each step; made once where all steps have the same values (a view of one
    column). Small whole numbers are summed as such, which is exact and takes a fraction of the time.
    """
    if values.ndim == 2 and values.shape[1] and not values.strides[1]:
        return np.broadcast_to(near @ values[:, :1], (near.shape[0], values.shape[1]))
    small = _as_small(values)
    if small is None:
        return near @ values
    return sparse.csr_array((np.ones(near.nnz, small.dtype), near.indices, near.indptr), shape=near.shape) @ small


def _as_small(values: FloatArray) -> np.ndarray[Any, np.dtype[np.int16]] | None:
    """The values as integers of two bytes, where they are whole and no sum of a column is too large for these."""
    if not values.size or values.min() < 0 or values.sum(axis=0).max() > np.iinfo(np.int16).max:
        return None
    small = values.astype(np.int16)
    return small if (small == values).all() else None


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
    """Windows in space and time with what they are compared with.

    `place` sums over the cells of a window; `around` over its surroundings (both symmetric: who is a neighbour has
    one); `lag` steps before its own belong to a window. `size` is land, shape (m, T); a place counts as at least
    `floor`. `dispersion`: variance of the counts of a window by that of independent ones. `kept`: sums that both tests
    need.
    """

    place: sparse.csr_array
    around: sparse.csr_array
    lag: int
    size: FloatArray
    floor: float
    dispersion: float = 1.0
    kept: dict[str, tuple[FloatArray, Any]] = field(default_factory=dict, repr=False, compare=False)

    def latest(self, counts: FloatArray) -> Latest:
        """The windows of the last step."""
        steps = slice(-self.lag - 1, None)
        size_in = np.maximum(sums_over(self.place, self.size[:, steps]), self.floor).sum(axis=1)
        size_out = self._around(self.size[:, steps]).sum(axis=1)
        there = counts[:, steps].sum(axis=1)
        inside, outside = (np.asarray(found, float) for found in (sums_over(self.place, there), self._around(there)))
        return Latest(inside, outside, size_in, size_out)

    def hot(self, counts: FloatArray, margin: float, alpha: float) -> FloatArray:
        """p-values that windows are denser; see `analysis.stats.exact_ratios.larger_rate`.

        Those alone whose q-value among all windows is at most `alpha`, and 1 for most others.
        """
        size = np.maximum(sums_over(self.place, self.size), self.floor)
        sums = self._once("place", counts), self._once("around", counts), size, self._around(self.size)
        return self._decisive(larger_rate, larger_rate_bound, sums, margin, alpha)

    def cold(self, counts: FloatArray, hot: BoolArray, margin: float, alpha: float) -> FloatArray:
        """p-values that windows are thinner; what is hot is no measure for them, and the floor would mark the shore.

        `alpha`: as for `hot`.
        """
        size = self._size_without(hot)
        sums = self._once("place", counts), self._counts_without(counts, hot), sums_over(self.place, self.size), size
        return self._decisive(smaller_rate, smaller_rate_bound, sums, margin, alpha)

    def _around(self, values: FloatArray) -> Any:
        return sums_over(self.around, values)

    def _once(self, where: str, counts: FloatArray) -> Any:
        """Sums over the places, or around them; of the same counts (the same array) they are made once."""
        known = self.kept.get(where)
        if known is None or known[0] is not counts:
            known = counts, sums_over(self.place, counts) if where == "place" else self._around(counts)
            self.kept[where] = known
        return known[1]

    def _counts_without(self, counts: FloatArray, hot: BoolArray) -> Any:
        """Counts around the windows without what is hot: whole numbers are taken off the sums with it, exactly."""
        rows = np.flatnonzero(hot.any(axis=1))
        if not len(rows):
            return self._once("around", counts)
        known = self.kept.get("around")
        if known is None or known[0] is not counts or known[1].dtype.kind != "i":
            return self._around(np.where(hot, 0.0, counts))
        left_out = np.where(hot[rows], counts[rows], 0.0).astype(known[1].dtype)
        ones = sparse.csr_array(self.around[rows], dtype=known[1].dtype)
        return known[1] - ones.T @ left_out

    def _size_without(self, hot: BoolArray) -> FloatArray:
        """The size around the windows without what is hot: added up again where there is any."""
        if not hot.any():
            return np.asarray(self._around(self.size))
        size = np.where(hot, 0.0, self.size)
        changed = np.flatnonzero(sums_over(self.around, hot.any(axis=1).astype(float)))
        found = np.array(self._around(self.size))
        found[changed] = self.around[changed] @ size
        return found

    def _decisive(self, test: _Test, bound: _Bound, sums: tuple[Any, ...], margin: float, alpha: float) -> FloatArray:
        """The test of those windows alone whose p-value may be so small that its q-value is at most `alpha`."""
        factorials = LogFactorials(self.dispersion)
        least = np.empty(self.size.shape)
        once = all(not values.strides[1] for values in sums[2:])  # of two sizes that stay the same the ratio does too
        for rows in row_parts(least.shape):
            counts = (_whole(lagged_sums(values[rows], self.lag)) for values in sums[:2])
            sizes = (values[rows, :1] if once else lagged_sums(values[rows], self.lag) for values in sums[2:])
            least[rows] = bound(*counts, *sizes, margin, factorials)
        limit = largest_corrected(least.ravel(), max(least.size, 1), alpha, logarithms=True)
        p = np.ones(least.shape)
        for rows in row_parts(p.shape):
            at = np.nonzero(least[rows] < limit)
            if len(at[0]):
                p[rows][at] = test(
                    *(lagged_sums(values[rows], self.lag)[at] for values in sums), margin, self.dispersion
                )
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
    size: FloatArray
    near: sparse.csr_array
    lag: int
    mean: float
    spread: float

    @classmethod
    def of(cls, counts: FloatArray, size: FloatArray, near: sparse.csr_array, lag: int) -> GiStar:
        """From counts, shape (m, T), sizes that are the same in every step, and the neighbours with the cell itself.

        `mean` and `spread`: with e_jt = a_j n_t the sums of r = x / sqrt(e) - sqrt(e) and of r² = x² / e - 2 x + e need
        nothing but the products of sums over cells and over steps, and what is there where something was counted.
        """
        share = size[:, 0] / max(size[:, 0].sum(), 1e-300)
        alerts = counts.sum(axis=0)
        at = np.flatnonzero(counts)
        cell, step = np.divmod(at, counts.shape[1])
        expected = share[cell] * alerts[step]
        x, expected = counts.ravel()[at][expected > 0], expected[expected > 0]
        total = (x / np.sqrt(expected)).sum() - np.sqrt(share).sum() * np.sqrt(alerts).sum()
        square = (x * x / expected).sum() - 2 * x.sum() + share.sum() * alerts.sum()
        mean = float(total) / counts.size
        return cls(counts, size, near, lag, mean, float(np.sqrt(max(float(square) / counts.size - mean**2, 0.0))))

    def parts_of(self, cells: IntArray) -> FloatArray:
        """Shape (3, cells, T): sum w r, W and S1 of the neighbourhood of some cells (by position) in each step alone.

        They are what a permutation of the steps leaves whole.
        """
        near = self.near[cells]
        there = np.unique(near.indices)
        near = near[:, there] if len(there) < len(self.counts) else near
        return np.stack([near @ values for values in self._terms(there)])

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

    @cached_property
    def _of_steps(self) -> tuple[FloatArray, FloatArray]:
        """Size and alerts of each step."""
        return self.size.sum(axis=0), self.counts.sum(axis=0)

    def _terms(self, cells: Any, steps: slice = slice(None)) -> tuple[FloatArray, FloatArray, FloatArray]:
        """w r, w and w² of some cells: alerts above expected, the root of the expected ones, and these."""
        whole, alerts = (values[steps] for values in self._of_steps)
        size, counts = self.size[cells, steps], self.counts[cells, steps]
        expected = np.divide(size, whole, out=np.zeros(size.shape), where=whole > 0) * alerts
        return np.where(expected > 0, counts - expected, 0.0), np.sqrt(expected), expected


def significant_cells(cells: CellArray, p: FloatArray, alpha: float) -> tuple[StepUp, BoolArray]:
    """The correction over all cells and steps, and the marks: q <= alpha, in a group whose clearest mark stands out.

    The rule of `analysis.hotspots.cell_significance.significant_cells` in space and time: Benjamini–Hochberg over all m
    T tests, and of each group of marks that hang together (neighbouring cells, in one step or in steps that follow each
    other) the smallest p times m must be at most alpha, else the group is chance. So the map of any one step, the last
    above all, has a false place in at most alpha of cases, though many true places elsewhere let Benjamini–Hochberg
    pass more. Times m T would hold that for all steps together, but then a new place is seen late (simulated: of places
    with 25 alerts in their first month on a map of 500 a month 8 of 25 instead of 24 of 25).
    """
    corrected = StepUp.of(p)
    found: BoolArray = p <= corrected.limit(alpha)
    labels = connected_groups(neighbours(cells, 1), found)
    if labels.max(initial=-1) >= 0:
        smallest = np.full(labels.max() + 1, 1.0)
        np.minimum.at(smallest, labels[found], p[found])
        found[found] = smallest[labels[found]] * len(cells) <= alpha
    return corrected, found


def connected_groups(near: sparse.csr_array, marks: BoolArray) -> IntArray:
    """The number of the group of each mark, shape (m, T); -1 where there is no mark."""
    labels = np.full(marks.shape, -1)
    rows = np.flatnonzero(marks.any(axis=1))
    if not len(rows):
        return labels
    numbers = np.full((len(rows), marks.shape[1] + 1), -1)  # with a step after the last that has no mark
    cell, step = np.nonzero(marks[rows])
    numbers[cell, step] = np.arange(len(cell))
    beside = sparse.csr_array(near[rows][:, rows])
    many = np.diff(beside.indptr)[cell]
    mark = np.repeat(np.arange(len(cell)), many)
    within = np.arange(len(mark)) - np.repeat(np.cumsum(many) - many, many)
    other = beside.indices[beside.indptr[cell[mark]] + within]
    ends = [(mark, numbers[other, step[mark] + later]) for later in (0, 1)]
    pairs = [(one[two >= 0], two[two >= 0]) for one, two in ends]
    one, two = (np.concatenate(part) for part in zip(*pairs, strict=True))
    graph = sparse.coo_array((np.ones(len(one), bool), (one, two)), shape=(len(cell), len(cell)))
    labels[marks] = connected_components(graph, directed=False)[1]
    return labels
