"""Places of simulated alerts, drawn from the baseline one by one or in bursts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.clusters.dbscan import LocalDbscan
from analysis.stats.report_bursts import ReportBursts
from curim_data.model import FloatArray, IntArray

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


@dataclass(frozen=True)
class DrawnMap:
    """`alone`: how many alerts are still to be drawn by the baseline; `at`: positions of those that come in bursts of
    two or more, shape (m, 2).
    """

    alone: int
    at: FloatArray


def draw_maps(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[DrawnMap]:
    """So many maps of n alerts.

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
            yield DrawnMap(int((size == 1).sum()), baseline.moved(np.concatenate([one, more]), random))


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


def drawn_in_bursts(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[FloatArray]:
    """So many maps of n alerts in bursts: their positions on the sheet, shape (n, 2)."""
    for drawn in draw_maps(baseline, n, runs, random, bursts):
        (alone,) = baseline.maps(drawn.alone, 1, random)
        yield np.concatenate([baseline.moved(alone, random), drawn.at])
