"""The space-time cube: counts by cell and step, windows over both, their exact test, Gi*, and neighbouring marks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis.grid.cells import neighbours
from analysis.stats.exact_rates import larger_rate, smaller_rate
from analysis.stats.false_discovery import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray, IntArray
from curim_data.model.types import CellArray

# Counts of windows that are tested at once: larger arrays cost more in fetching memory than in arithmetic.
AT_ONCE: Final = 60_000


@dataclass(frozen=True)
class SpaceTimeCube:
    """Counts by cell and step; `low` and `high`, shape (m, T), are equal but where a count was withheld."""

    cells: CellArray
    starts: pd.DatetimeIndex
    low: FloatArray
    high: FloatArray
    withheld: int

    @classmethod
    def of(cls, counts: pd.DataFrame, cells: CellArray) -> SpaceTimeCube:
        """From a wide or a long table (see `analysis.emerging.detection.emerging_hot_spots`), for these cells in their
        order.

        Raises ValueError where a long table has neither month nor week, or a cell twice in a step, and for counts that
        are negative or infinite.
        """
        if "cell" not in counts.columns:
            low = _placed(counts, cells)
            return cls(cells, pd.DatetimeIndex(counts.columns), low, low, 0)
        column = next((name for name in ("month", "week") if name in counts.columns), None)
        if column is None:
            raise ValueError(f"counts by cell need a column month or week, not only {', '.join(counts.columns)}")
        if counts.duplicated(["cell", column]).any():
            raise ValueError(f"counts have some cell twice in a {column}")
        names = [name if name in counts else "n" for name in ("low", "high")]
        wide = [counts.pivot(index="cell", columns=column, values=name) for name in names]
        low = _placed(wide[0], cells)
        high = low if wide[0].equals(wide[1]) else _placed(wide[1], cells)
        withheld = int(counts["withheld"].sum()) if "withheld" in counts else 0
        return cls(cells, pd.DatetimeIndex(wide[0].columns), low, high, withheld)


def _placed(wide: pd.DataFrame, cells: CellArray) -> FloatArray:
    placed = np.asarray(wide.reindex(cells).fillna(0).to_numpy(float))
    if not ((placed >= 0) & np.isfinite(placed)).all():
        raise ValueError("counts must be finite and not negative")
    return placed


def lagged_sums(values: FloatArray, lag: int) -> FloatArray:
    """Sums over each step and the `lag` before it, along the last axis; the first steps have fewer before them."""
    total = np.array(values, dtype=float)
    for back in range(1, lag + 1):
        total[..., back:] += values[..., :-back]
    return total


def sums_over(near: sparse.csr_array, values: FloatArray) -> FloatArray:
    """Sums over neighbours in each step; made once where all steps have the same values (a view of one column)."""
    if values.strides[1]:
        summed: FloatArray = near @ values
        return summed
    return np.broadcast_to(near @ values[:, :1], (near.shape[0], values.shape[1]))


def row_parts(shape: tuple[int, ...]) -> list[slice]:
    """The rows of an array of this shape, (m, T), in parts that stay within the processor's cache."""
    size = max(1, AT_ONCE // max(shape[-1], 1))
    return [slice(start, start + size) for start in range(0, shape[-2], size)]


@dataclass(frozen=True)
class Windows:
    """Windows in space and time with what they are compared with.

    `place` sums over the cells of a window; `around` over its surroundings, None for all the rest of the city; `lag`
    steps before its own belong to a window. `size` is land or base, shape (m, T); a place counts as at least `floor`.
    """

    place: sparse.csr_array
    around: sparse.csr_array | None
    lag: int
    size: FloatArray
    floor: float

    def inside(self, values: FloatArray) -> FloatArray:
        """Sums in the windows."""
        return lagged_sums(sums_over(self.place, values), self.lag)

    def rest(self, values: FloatArray) -> FloatArray:
        """Sums around the windows, in the same steps."""
        outside = (
            values.sum(axis=0) - sums_over(self.place, values)
            if self.around is None
            else sums_over(self.around, values)
        )
        return lagged_sums(outside, self.lag)

    def size_in(self) -> FloatArray:
        """Size of the windows."""
        return lagged_sums(np.maximum(sums_over(self.place, self.size), self.floor), self.lag)

    def expected(self, low: FloatArray) -> FloatArray:
        """Counts in the windows if they were as dense as what is around them; NaN where nothing is around."""
        outside = self.rest(self.size)
        density = np.full(low.shape, np.nan)
        np.divide(self.rest(low), outside, out=density, where=outside > 0)
        return density * self.size_in()

    def last(self) -> Windows:
        """The same for the steps that the windows of the last step reach."""
        return replace(self, size=self.size[:, -self.lag - 1 :])

    def hot(self, low: FloatArray, high: FloatArray, margin: float) -> FloatArray:
        """p-values that windows are denser; see `analysis.stats.exact_rates.larger_rate`."""
        return np.concatenate(
            [
                larger_rate(part.inside(low), part.rest(high), part.size_in(), part.rest(self.size), margin)
                for part in self._parts()
            ]
        )

    def cold(self, low: FloatArray, high: FloatArray, hot: BoolArray, margin: float) -> FloatArray:
        """p-values that windows are thinner; what is hot is no measure for them, and the floor would mark the shore."""
        size = self.size
        if hot.any():
            low, size = np.where(hot, 0.0, low), np.where(hot, 0.0, size)
        return np.concatenate(
            [
                smaller_rate(part.inside(high), part.rest(low), part.inside(self.size), part.rest(size), margin)
                for part in self._parts()
            ]
        )

    def _parts(self) -> list[Windows]:
        """The windows in parts, so that what is worked out for each stays within the processor's cache."""
        if self.around is None:
            return [self]
        return [replace(self, place=self.place[rows], around=self.around[rows]) for rows in row_parts(self.size.shape)]


@dataclass(frozen=True)
class GiStar:
    """Gi* with space-time neighbours, in the form for cells of unequal land
    (`analysis.hotspots.cell_significance.gistar_on_land`).

    With e_jt the alerts of step t shared out by land (or base), r_jt = (x_jt - e_jt) / sqrt(e_jt) and the weights
    w_jt = sqrt(e_jt) over the window of cell i and step t (the same neighbours in t and the `lag` steps before),

        z_it = (sum w r - rbar W) / (s sqrt((n S1 - W²) / (n - 1))),    W = sum w, S1 = sum w², n = cells x steps.

    Where all e are equal this is the plain Gi* of the cube. `parts`, shape (3, m, T): sum w r, W and S1 of the
    neighbourhood in each step alone. They are what a permutation of the steps leaves whole.
    """

    parts: FloatArray
    mean: float
    spread: float
    lag: int

    @classmethod
    def of(cls, counts: FloatArray, size: FloatArray, near: sparse.csr_array, lag: int) -> GiStar:
        """From counts and sizes, shape (m, T), and the neighbours with the cell itself."""
        whole = size.sum(axis=0)
        share = np.divide(size, whole, out=np.zeros(size.shape), where=whole > 0)
        expected = share * counts.sum(axis=0)
        root = np.sqrt(expected)
        away = np.where(expected > 0, counts - expected, 0.0)
        residual = np.divide(away, root, out=np.zeros(counts.shape), where=expected > 0)
        mean, spread = float(residual.mean()), float(residual.std())
        parts = np.empty((3, *counts.shape))
        for rows in row_parts(counts.shape):
            for part, values in zip(parts, (away, root, expected), strict=True):
                part[rows] = near[rows] @ values
        return cls(parts, mean, spread, lag)

    def z(self, parts: FloatArray) -> FloatArray:
        """z by cell and step, from `parts` in any order of their steps (and any choice of their cells)."""
        z: FloatArray = np.zeros(parts.shape[1:])
        n = self.parts[0].size
        for rows in row_parts(z.shape):
            away, weight, square = lagged_sums(parts[:, rows], self.lag)
            spread = self.spread * np.sqrt(np.maximum((n * square - weight**2) / max(n - 1, 1), 0))
            np.divide(away - self.mean * weight, spread, out=z[rows], where=spread > 1e-12)
        return z


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
    follow = sparse.csr_array(np.eye(steps) + np.eye(steps, k=1) + np.eye(steps, k=-1))
    at = np.flatnonzero(marks[rows])
    graph = sparse.kron(near[rows][:, rows], follow, format="csr")[at][:, at]
    labels[marks] = connected_components(graph, directed=False)[1]
    return labels


def cell_sizes(cube: SpaceTimeCube, land: pd.Series, base: pd.DataFrame | None) -> FloatArray:
    """Land, or the base of the same steps, by cell and step."""
    if base is None:
        return np.broadcast_to(land.to_numpy(float)[:, None], cube.low.shape)
    other = SpaceTimeCube.of(base, cube.cells)
    if not other.starts.equals(cube.starts):
        raise ValueError("the base must have the steps of the counts")
    return other.low
