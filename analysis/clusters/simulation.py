"""Simulated maps: as many alerts drawn from the baseline, one by one or in bursts, and the strongest cluster of each.

Simulated alerts stand on a lattice of hexagons as large as the fine cells, as the counted ones do. Where reports come
in bursts (`analysis.stats.dispersion`) the simulated maps hold such bursts too, as large and as wide as those of the
city, and follow the same baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from analysis.clusters.dbscan import MIN_ALERTS, DenseGroup, LocalDbscan, Points
from analysis.stats.dispersion import SINGLE, ReportBursts
from curim_data.model import FloatArray, IntArray
from curim_data.model.progress import report

DRAWN_TOGETHER: Final = 150_000  # simulated alerts whose places are looked up together
PARTS_OF_A_PIXEL: Final = 4  # along each side, by which what is expected on a pixel is shared among hexagons
ROW: Final = 1 << 32  # by which the number of a hexagon grows from row to row
ATTEMPTS: Final = 8  # to place an alert of a burst around its middle, and as many around the first


class Baseline:
    """Draws of places by what a search expects of each pixel."""

    def __init__(self, search: LocalDbscan) -> None:
        self.search = search
        self._pixels = np.flatnonzero(search.density)
        self._bounds = np.cumsum(search.density[self._pixels])

    def maps(self, n: int, runs: int, random: np.random.Generator) -> Iterator[FloatArray]:
        """So many times n positions on the sheet, shape (n, 2), before any is moved to a heap."""
        side, across = self.search.ground.side, self.search.ground.shape[1]
        for chosen in dealt(self._bounds, n, runs, random):
            row, column = np.divmod(self._pixels[chosen], across)
            yield (np.column_stack([column, row]) + random.random((n, 2))) * side

    def moved(self, at: FloatArray, random: np.random.Generator) -> FloatArray:
        """Positions, of which a share is moved to the heap that is nearest to their pixel, where there are heaps."""
        heaps = self.search.heaps
        return at if heaps is None else heaps.moved(at, self.search.ground.pixel(at), random)


def dealt(bounds: FloatArray, n: int, runs: int, random: np.random.Generator) -> Iterator[IntArray]:
    """So many times n places, each with the probability of its share; `bounds`: the sum of shares up to each place.

    Small maps are drawn together: in order, so that neighbouring places are looked up one after the other, and then
    dealt out at random.
    """
    together = max(1, DRAWN_TOGETHER // max(n, 1))
    for start in range(0, runs, together):
        maps = min(together, runs - start)
        ordered = np.searchsorted(bounds, np.sort(random.random(maps * n)) * bounds[-1], side="right")
        ordered = np.minimum(ordered, len(bounds) - 1)
        yield from np.split(random.permutation(ordered) if maps > 1 else ordered, maps)


def draw_maps(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[tuple[int, FloatArray]]:
    """So many maps of n alerts: how many are still to be drawn by the baseline, and the positions, shape (m, 2), of
    those that come in bursts of two or more.

    The first of each burst is drawn by the baseline, and the middle of the burst lies around it. A further one lies
    around the middle, with the probability of what is expected there by what is expected at the first (a step of
    Metropolis et al. 1953, which leaves the baseline as it is): else bursts would spill over the edge of a town to
    where nothing is expected. It is tried again where it is refused, and at last put where the first is.

    The bursts of small maps are drawn together and dealt out at random.
    """
    together = max(1, DRAWN_TOGETHER // max(n, 1))
    for start in range(0, runs, together):
        sizes = [bursts.sizes(n, random) for _ in range(min(together, runs - start))]
        larger = [size[size > 1] for size in sizes]
        every = np.concatenate(larger)
        (first,) = baseline.maps(len(every), 1, random)
        first = random.permutation(first)
        further = _around(baseline.search, first, np.repeat(np.arange(len(every)), every - 1), random, bursts.metres)
        firsts = np.split(first, np.cumsum([len(some) for some in larger])[:-1])
        others = np.split(further, np.cumsum([(some - 1).sum() for some in larger])[:-1])
        for size, one, more in zip(sizes, firsts, others, strict=True):
            yield int((size == 1).sum()), baseline.moved(np.concatenate([one, more]), random)


def drawn_in_bursts(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[FloatArray]:
    """So many maps of n alerts in bursts: their positions on the sheet, shape (n, 2)."""
    for alone, at in draw_maps(baseline, n, runs, random, bursts):
        (single,) = baseline.maps(alone, 1, random)
        yield np.concatenate([baseline.moved(single, random), at])


def _around(
    search: LocalDbscan, first: FloatArray, burst: IntArray, random: np.random.Generator, metres: float
) -> FloatArray:
    """Positions of the further alerts of bursts, by the burst of each and the position of the first of each burst."""
    expected_at = _expected_near(search)
    side = search.ground.side
    spread = metres / side
    # In pixels, x and y apart: a step is a sum, a rounding down and a look at the table.
    firsts = first.T / side
    middles = firsts + random.standard_normal(firsts.shape) * spread
    likely = expected_at(*firsts)
    at = np.empty((2, len(burst)))
    left, of = np.arange(len(burst)), burst
    for attempt in range(2 * ATTEMPTS):
        around, wide = (middles, spread) if attempt < ATTEMPTS else (firsts, np.sqrt(2) * spread)
        tried = random.standard_normal((2, len(left)))
        tried *= wide
        tried += around.take(of, axis=1)
        taken = random.random(len(left)) * likely.take(of) < expected_at(*tried)
        at[:, left[taken]] = tried[:, taken]
        left, of = left[~taken], of[~taken]
        if not len(left):
            break
    at[:, left] = firsts.take(of, axis=1)
    return np.asarray(at.T * side)


def _expected_near(search: LocalDbscan) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """What says by positions in pixels what is expected on the pixel of each; nothing beyond the sheet."""
    up, across = search.ground.shape
    table = np.zeros((up + 2, across + 2))
    table[1:-1, 1:-1] = search.density.reshape(up, across)
    flat = table.ravel()

    def expected_at(x: FloatArray, y: FloatArray) -> FloatArray:
        column = np.clip(np.floor(x), -1, across).astype(np.int64)
        row = np.clip(np.floor(y), -1, up).astype(np.int64)
        return flat.take((row + 1) * (across + 2) + column + 1)

    return expected_at


def strongest_of_chance(
    search: LocalDbscan, weights: FloatArray, runs: int, seed: int, cell: float, bursts: ReportBursts = SINGLE
) -> FloatArray:
    """The strongest cluster of each simulated map of as many alerts with these weights, on cells of so many m².

    With weights, which are dealt to the alerts in a random order, a group counts that has five alerts or more.
    `bursts`: in which alerts come.
    """
    random = np.random.default_rng(seed)
    strongest, plain = np.zeros(runs), bool((weights == 1).all())
    for run, (points, alerts) in enumerate(_maps(search, weights, runs, random, cell, bursts)):
        report(run / runs)
        groups = search.find(points) if len(points.at) else []
        groups = groups if plain else enough(groups, alerts)
        strongest[run] = max((search.strength(points, group) for group in groups), default=0.0)
    return strongest


def enough(groups: list[DenseGroup], counts: FloatArray) -> list[DenseGroup]:
    """The groups of five alerts or more: with weights, two grave ones reach the minimum and are no pattern."""
    return [group for group in groups if counts[group.under].sum() >= MIN_ALERTS]


def _maps(
    search: LocalDbscan, weights: FloatArray, runs: int, random: np.random.Generator, cell: float, bursts: ReportBursts
) -> Iterator[tuple[Points, FloatArray]]:
    """Hexagons of each simulated map, with the weights and the numbers of their alerts: those with alerts, or where
    alerts are many for the land those alone that can make a cluster.
    """
    baseline, n = Baseline(search), len(weights)
    if n < np.count_nonzero(search.expected) * search.ground.side**2 / cell:
        single = (baseline.moved(at, random) for at in baseline.maps(n, runs, random))
        for at in single if bursts.alone else drawn_in_bursts(baseline, n, runs, random, bursts):
            hexagons, member = on_hexagons(at, cell)
            yield Points(hexagons, _sums(member, weights, len(hexagons), random)), np.bincount(member).astype(float)
        return
    lattice, nowhere = Lattice(search, cell), np.zeros((0, 2))
    for alone, at in [(n, nowhere)] * runs if bursts.alone else draw_maps(baseline, n, runs, random, bursts):
        counts = random.multinomial(alone, lattice.expected / lattice.expected.sum())
        counts += np.bincount(lattice.number(at), minlength=len(counts))
        values = _sums(np.repeat(np.arange(len(counts)), counts), weights, len(counts), random)
        used = lattice.near_cores(values)
        yield Points(lattice.at[used], values[used]), counts[used].astype(float)


def _sums(member: IntArray, weights: FloatArray, hexagons: int, random: np.random.Generator) -> FloatArray:
    """The sum of weights on each hexagon, when they are dealt to the alerts in a random order."""
    dealt_out = None if (weights == 1).all() else random.permutation(weights)
    return np.bincount(member, dealt_out, hexagons).astype(float)


class Lattice:
    """The hexagons on which alerts are expected, each `cell` m² large: centres `at` on the sheet, shape (m, 2), and
    what is `expected` on each: the part of each pixel is that of its sixteen parts whose middles lie there.
    """

    def __init__(self, search: LocalDbscan, cell: float) -> None:
        self._cell, self._part = cell, search.ground.side / PARTS_OF_A_PIXEL
        pixels = np.flatnonzero(search.spread)
        up, right = (part.ravel() for part in np.indices(2 * (PARTS_OF_A_PIXEL,)))
        row, column = (PARTS_OF_A_PIXEL * place[:, None] for place in np.divmod(pixels, search.ground.shape[1]))
        parts = np.column_stack([(column + right).ravel(), (row + up).ravel()]) * self._part
        heaps = np.zeros((0, 2)) if search.heaps is None else search.heaps.at
        expected = np.concatenate([np.repeat(search.spread[pixels] / len(up), len(up)), search.heaped])
        self._codes, member = np.unique(self._code(np.concatenate([parts, heaps])), return_inverse=True)
        self.expected: FloatArray = np.bincount(member, expected).astype(float)
        self.at: FloatArray = _centres(self._codes, cell)
        self._minimum, tree = search.minimum_at(self.at), cKDTree(self.at)
        near = tree.sparse_distance_matrix(tree, search.eps * (1 + 1e-9), output_type="ndarray")
        self._near = sparse.csr_array((np.ones(len(near)), (near["i"], near["j"])), shape=2 * (len(self.at),))

    def number(self, at: FloatArray) -> IntArray:
        """The hexagons of positions where alerts are expected: that of the middle of the sixteenth of its pixel."""
        return np.asarray(np.searchsorted(self._codes, self._code(at)))

    def _code(self, at: FloatArray) -> IntArray:
        return _codes((np.floor(at / self._part + 1e-9) + 0.5) * self._part, self._cell)

    def near_cores(self, values: FloatArray) -> IntArray:
        """The hexagons with alerts within eps of those that can be cores, these among them.

        A core has weights within eps, each over the minimum at its own place, that sum to one; water between two
        hexagons, which is not looked at here, can only take from that.
        """
        held = values > 0
        cores = held & np.asarray(self._near @ (values / self._minimum) >= 1 - 1e-6)
        return np.flatnonzero(held & np.asarray(self._near @ cores.astype(float) > 0))


def on_hexagons(at: FloatArray, area: float) -> tuple[FloatArray, IntArray]:
    """Centres of the hexagons of a lattice (each `area` large) that hold points, and the hexagon of each point."""
    used, member = np.unique(_codes(at, area), return_inverse=True)
    return _centres(used, area), member


def _codes(at: FloatArray, area: float) -> IntArray:
    """The hexagon of each position as one number, which grows along a row (from a slanting line) and by row.

    By rounding the three coordinates along the lattice, which sum to zero, and mending the one that was rounded most.
    """
    side = np.sqrt(2 * area / np.sqrt(3))
    second = at[:, 1] / (side * np.sqrt(3) / 2)
    first = at[:, 0] / side - second / 2
    third = -first - second
    one, two, three = np.rint(first), np.rint(second), np.rint(third)
    off = np.abs(one - first), np.abs(two - second), np.abs(three - third)
    mend_one = (off[0] > off[1]) & (off[0] > off[2])
    mend_two = ~mend_one & (off[1] > off[2])
    row, column = np.where(mend_two, -one - three, two), np.where(mend_one, -two - three, one)
    return np.asarray(row.astype(np.int64) * ROW + column.astype(np.int64) + ROW // 2)


def _centres(codes: IntArray, area: float) -> FloatArray:
    """Centres on the sheet of the hexagons with these numbers."""
    side = np.sqrt(2 * area / np.sqrt(3))
    row, column = np.divmod(codes, ROW)
    return np.column_stack([side * (column - ROW // 2 + row / 2), side * np.sqrt(3) / 2 * row])
