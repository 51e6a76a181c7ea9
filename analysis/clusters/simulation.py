"""Simulated maps: as many alerts drawn from the baseline, one by one or in bursts, and the strongest cluster of each.

Simulated alerts stand on a lattice of hexagons as large as the fine cells, as the counted ones do. Where reports come
in bursts (`analysis.stats.dispersion`) the simulated maps hold such bursts too, as large and as wide as those of the
city, and follow the same baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from analysis.clusters.dbscan import MIN_ALERTS, DenseGroup, LocalDbscan, Points
from analysis.stats.dispersion import SINGLE, ReportBursts
from curim_data.model import FloatArray, IntArray
from curim_data.model.progress import report

DRAWN_TOGETHER: Final = 150_000  # simulated alerts whose places are looked up together
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


def drawn_in_bursts(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[FloatArray]:
    """So many maps of n alerts in bursts: their positions on the sheet, shape (n, 2).

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
            in_bursts = baseline.moved(np.concatenate([one, more]), random)
            (alone,) = baseline.maps(int((size == 1).sum()), 1, random)
            yield np.concatenate([baseline.moved(alone, random), in_bursts])


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
    for run, at in enumerate(_maps(Baseline(search), len(weights), runs, random, bursts)):
        report(run / runs)
        hexagons, member = on_hexagons(at, cell)
        alerts = np.bincount(member).astype(float)
        sums = alerts if plain else np.bincount(member, random.permutation(weights)).astype(float, copy=False)
        points = Points(hexagons, sums)
        groups = search.find(points)
        groups = groups if plain else enough(groups, alerts)
        strongest[run] = max((search.strength(points, group) for group in groups), default=0.0)
    return strongest


def enough(groups: list[DenseGroup], counts: FloatArray) -> list[DenseGroup]:
    """The groups of five alerts or more: with weights, two grave ones reach the minimum and are no pattern."""
    return [group for group in groups if counts[group.under].sum() >= MIN_ALERTS]


def _maps(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[FloatArray]:
    """Positions on the sheet, shape (n, 2), of each simulated map."""
    if bursts.alone:
        return (baseline.moved(at, random) for at in baseline.maps(n, runs, random))
    return drawn_in_bursts(baseline, n, runs, random, bursts)


def _axial(x: FloatArray, y: FloatArray, side: float) -> tuple[IntArray, IntArray]:
    """The hexagon of each position: its number along its row (from a slanting line) and its row.

    By rounding the three coordinates along the lattice, which sum to zero, and mending the one that was rounded most.
    """
    second = y / (side * np.sqrt(3) / 2)
    first = x / side - second / 2
    third = -first - second
    one, two, three = np.rint(first), np.rint(second), np.rint(third)
    off = np.abs(one - first), np.abs(two - second), np.abs(three - third)
    mend_one = (off[0] > off[1]) & (off[0] > off[2])
    mend_two = ~mend_one & (off[1] > off[2])
    return (
        np.where(mend_one, -two - three, one).astype(np.int64),
        np.where(mend_two, -one - three, two).astype(np.int64),
    )


def on_hexagons(at: FloatArray, area: float) -> tuple[FloatArray, IntArray]:
    """Centres of the hexagons of a lattice (each `area` large) that hold points, and the hexagon of each point."""
    side = float(np.sqrt(2 * area / np.sqrt(3)))
    one, two = _axial(at[:, 0], at[:, 1], side)
    first, lowest = int(one.min()), int(two.min())
    span = int(one.max()) - first + 1
    used, member = np.unique((two - lowest) * span + one - first, return_inverse=True)
    row, column = np.divmod(used, span)
    row, column = row + lowest, column + first
    return np.column_stack([side * (column + row / 2), side * np.sqrt(3) / 2 * row]), member
