"""DBSCAN* in metres with a minimum that follows the local expectation, on counted and on simulated maps.

Simulated maps: as many alerts drawn from the baseline, one by one or in bursts, and the strongest cluster of each.

Simulated alerts stand on a lattice of hexagons as large as the fine cells, as the counted ones do. Where reports come
in bursts (`analysis.stats.dispersion`) the simulated maps hold such bursts too, as large and as wide as those of the
city, and follow the same baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import gammaincinv
from scipy.stats import norm

from analysis.grid import OPEN_WATER_M, AlertGround
from analysis.hotspots.grouping import two_means
from analysis.stats.dispersion import SINGLE, ReportBursts
from curim_data.model import BoolArray, FloatArray, IntArray
from curim_data.model.progress import report

MIN_EPS_M: Final = 50.0
MAX_EPS_M: Final = 300.0
TAIL: Final = 0.001
MIN_ALERTS: Final = 5  # fewer alerts are no pattern
ANYWHERE_UP_TO_M: Final = 2 * OPEN_WATER_M  # so short a line crosses no open water
MIN_COORDINATE_STEPS: Final = 2.0
MAX_AREA_KM2: Final = 0.25
# Outlines are measured in squares of 10 m, or of 20 m where alerts are joined over 160 m or more.
FINE_SQUARE_M: Final = 10.0
COARSE_SQUARE_M: Final = 20.0
COARSE_FROM_M: Final = 160.0
CELL_REACH_M: Final = 11.0  # from the middle of a fine cell to its corners
AT_ONCE: Final = 2_000  # points whose neighbours are looked for together: some millions at most
HELD: Final = 0.75  # part of a large cluster's alerts that its denser parts hold, lest it be lost in crumbs


def eps_for(x: Any, y: Any, n: Any) -> float:
    """Choose the distance that joins alerts: the knee of the distances to the fifth alert, between 50 and 300 m.

    Distances from occupied cells to the cell in which their neighbourhood reaches five alerts, sorted, without the
    farthest 5 % (a few stray alerts would move the knee); the knee is
    where the curve lies farthest below the line from its first to its last point (Satopää et al. 2011), rounded to
    10 m. The limits are policy: a team, a lamp or a crossing serves 50 to 150 m around a point, and what is joined
    over more than 300 m is no place.

    Parameters
    ----------
    x, y : arrays, shape (m,)
        Centres of the occupied cells in metres.
    n : array, shape (m,)
        Alerts by cell.
    """
    points, counts = np.column_stack([x, y]), np.asarray(n, dtype=float)
    reach = min(len(points), 4 * MIN_ALERTS)
    if counts.sum() <= MIN_ALERTS or reach < 3:
        return MAX_EPS_M
    some = points[:: max(1, len(points) // 2000)]
    found = cKDTree(points).query(some, k=reach)
    distance, index = np.asarray(found[0]), np.asarray(found[1])
    enough = np.cumsum(counts[index], axis=1) >= MIN_ALERTS
    curve = np.sort(distance[np.arange(len(some)), np.where(enough.any(axis=1), enough.argmax(axis=1), reach - 1)])
    curve = curve[: max(3, int(0.95 * len(curve)))]
    knee = float(curve[np.argmax(np.linspace(curve[0], curve[-1], len(curve)) - curve)])
    return float(np.clip(round(knee, -1), MIN_EPS_M, MAX_EPS_M))


def eps_for_precision(chosen: float, step: float) -> float:
    """The distance that was chosen, or twice the step of the coordinates where that is more.

    Positions that are rounded to `step` metres stand on a grid, and at less than two steps each point of it is a
    cluster (simulated: 6,000 alerts of a smooth city rounded to 100 m have false clusters in every map at 50 m, and in
    none of ten at 150 or 200 m).
    """
    return max(chosen, float(np.ceil(MIN_COORDINATE_STEPS * step / 10) * 10))


def minimum_alerts(expected: Any, scatter: float = 1.0, tail: float = TAIL) -> FloatArray:
    """Fewest alerts within eps that make a core, by the expectation there.

    The smallest m with P(X >= m) <= `tail` for X Poisson with that mean, and never under five. Where alerts have
    weights their sum varies `scatter` times as much as a count, and X is scatter times a Poisson count with the mean
    over scatter, which has the mean and the variance of the sum.

    P(X >= m) is the lower incomplete gamma function of m at the mean, so that each m serves up to the mean at which
    that is the tail: the minimum is looked up among those means.
    """
    mean = np.asarray(expected, dtype=float) / scatter
    highest = float(mean.max(initial=0.0))
    serves_up_to = gammaincinv(np.arange(1, int(highest + norm.isf(tail) * 1.6 * np.sqrt(highest) + 60) + 1), tail)
    return np.asarray(np.maximum(scatter * (1.0 + np.searchsorted(serves_up_to, mean)), MIN_ALERTS))


@dataclass(frozen=True)
class Points:
    """Alerts by fine cell: `at`, positions on the sheet of the ground, shape (m, 2); `weight` of each cell."""

    at: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class DenseGroup:
    """Cores (positions among the points), what lies under the outline round them, and the distance that joined them.

    `under`: the points there; `squares`: the small squares of the land there. `cut`: a part of a larger group from
    which it is cut by a line, so that the outline ends with its squares.
    """

    cores: IntArray
    under: IntArray
    squares: IntArray
    eps: float
    cut: bool = False


@dataclass(frozen=True)
class Heaps:
    """Points to which a share of all alerts was moved: `at`, positions on the sheet of the ground, shape (k, 2);
    `nearest`: which of them is nearest to each pixel where alerts are expected, -1 elsewhere.

    An outline holds a heap whole or not at all: those within half of eps of a core, and as far as the middle of a fine
    cell may lie from a point in it.
    """

    at: FloatArray
    nearest: IntArray
    share: float

    @classmethod
    def of(cls, ground: AlertGround, expected: FloatArray, x: FloatArray, y: FloatArray, share: float) -> Heaps | None:
        """Of positions in metres, those on the ground; None where there are none."""
        used = np.flatnonzero(expected)
        at, found = ground.nearest(x, y, used)
        if not len(found):
            return None
        nearest = np.full(len(expected), -1)
        nearest[used] = found
        return cls(at, nearest, share)

    def expected(self, density: FloatArray) -> FloatArray:
        """What is expected at each, of a density by pixel."""
        used = self.nearest >= 0
        return self.share * np.bincount(self.nearest[used], density[used], len(self.at)).astype(float, copy=False)

    def moved(self, at: FloatArray, pixel: IntArray, random: np.random.Generator) -> FloatArray:
        """Positions in some pixels, of which the share is moved to the nearest heap."""
        nearest = self.nearest[pixel]
        moves = (nearest >= 0) & (random.random(len(at)) < self.share)
        return np.where(moves[:, None], self.at[nearest], at)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.at)

    def near(self, cores: FloatArray, reach: float) -> IntArray:
        """Those within reach of a core."""
        return np.unique(np.concatenate(self._tree.query_ball_point(cores, reach + CELL_REACH_M)).astype(np.int64))


class LocalDbscan:
    """DBSCAN* with a local minimum on given ground, baseline and distance.

    Written out, since water parts neighbours, and what lies under an outline needs their pairs. On the 11,383 occupied
    cells of a large city `sklearn.cluster.DBSCAN` with `sample_weight` takes 55 ms (88 ms with given neighbours, which
    water needs) for what takes 17 ms here, a hundred times for the simulated maps. The tests hold both equal.

    Parameters
    ----------
    ground : AlertGround
    expected : array, shape (pixels of the ground,)
        By pixel, before any is moved to heaps; `expected` of the search is what is expected where alerts then stand.
    eps : float
        Metres that join alerts.
    scatter : float
        How much more the sum of weights varies than a count.
    tail : float
        Share of places in which chance reaches the minimum.
    within : array, shape (pixels of the ground,), optional
        What is expected within eps of each pixel, where that is known.
    heaps : Heaps, optional
        Points to which alerts were moved.
    smoothed_m : float
        Standard deviation of the smoothing that made the baseline of alerts; infinite for a baseline of another kind.
    """

    def __init__(
        self,
        ground: AlertGround,
        expected: FloatArray,
        eps: float,
        scatter: float = 1.0,
        tail: float = TAIL,
        within: FloatArray | None = None,
        heaps: Heaps | None = None,
        smoothed_m: float = np.inf,
    ) -> None:
        self.ground, self.eps, self.scatter, self.tail = ground, eps, scatter, tail
        self._smoothed_m = smoothed_m
        self.density, self.heaps = expected, heaps
        self.spread, self.expected = expected, expected
        self.heaped: FloatArray = np.zeros(0)
        if heaps is not None:
            self.heaped, self.spread = heaps.expected(expected), (1 - heaps.share) * expected
            self.expected = self.spread + np.bincount(ground.pixel(heaps.at), self.heaped, len(expected))
        self._within: FloatArray = ground.disc_sums(self.expected, eps) if within is None else within
        self.square = COARSE_SQUARE_M if eps >= COARSE_FROM_M else FINE_SQUARE_M
        self._squares_across = int(np.ceil(ground.shape[1] * ground.side / self.square))

    def minimum_at(self, at: FloatArray) -> FloatArray:
        """Fewest alerts within eps that make a core at each of some positions on the sheet."""
        return minimum_alerts(self._within[self.ground.pixel(at)], self.scatter, self.tail)

    def stricter(self, eps: float, tail: float) -> LocalDbscan:
        """The same search with another distance, and another share of places in which chance reaches the minimum."""
        return LocalDbscan(
            self.ground,
            self.density,
            eps,
            self.scatter,
            tail,
            self._within if eps == self.eps else None,
            self.heaps,
            self._smoothed_m,
        )

    def find(self, points: Points) -> list[DenseGroup]:
        """Clusters, none larger than 0.25 km² unless it is one cell."""
        groups = self._joined(points, np.arange(len(points.at)), self.eps, self.minimum_at(points.at))
        return [part for group in groups for part in self._bounded(points, group)]

    def strength(self, points: Points, group: DenseGroup) -> float:
        """Poisson log likelihood ratio of a group: c log(c/e) - (c - e) where c > e, else 0.

        e is at least what the alerts of the group give to a baseline that is smoothed from them, c times the share of a
        Gaussian on a disc as large: a simulated burst in empty land would else have a ratio that no real one can have,
        whose baseline holds it.
        """
        count, expected = float(points.weight[group.under].sum()), self.expected_of(points, group)
        disc = len(group.squares) * self.square**2
        expected = max(expected, -count * float(np.expm1(-disc / (2 * np.pi * self._smoothed_m**2))))
        return count * float(np.log(count / expected)) - (count - expected) if count > expected > 0 else 0.0

    def expected_of(self, points: Points, group: DenseGroup) -> float:
        """What the baseline expects under the outline of a group."""
        heaped = 0.0
        if self.heaps is not None:
            heaped = float(self.heaped[self.heaps.near(points.at[group.cores], group.eps / 2)].sum())
        return heaped + float(self._shared(self.spread, group.squares).sum())

    def land_on(self, squares: IntArray) -> float:
        """Square kilometres of land on small squares."""
        return float(self._shared(self.ground.land, squares).sum())

    def squares_at(self, at: FloatArray) -> IntArray:
        """The small square of each position on the sheet."""
        across, up = np.floor(at / self.square).astype(np.int64).T
        return np.asarray(up * self._squares_across + across)

    def middles(self, squares: IntArray) -> FloatArray:
        """Middles of small squares on the sheet."""
        up, right = np.divmod(squares, self._squares_across)
        return (np.column_stack([right, up]) + 0.5) * self.square

    def _shared(self, values: FloatArray, squares: IntArray) -> FloatArray:
        """The part of the values of pixels that falls to small squares in them."""
        return np.asarray(values[self.ground.pixel(self.middles(squares))] * (self.square / self.ground.side) ** 2)

    def cores(self, points: Points, used: IntArray, eps: float, minimum: FloatArray) -> tuple[IntArray, IntArray]:
        """The points among `used` that are cores, and the pairs of points (positions, both ways) within eps of them.

        A core has weights within eps, each over the minimum at its own place, that sum to one.
        """
        share, at = points.weight[used] / minimum, points.at[used]
        near = _pairs_of_cores(at, share, eps)
        # Water between two points can only take from a sum, so that few pairs are looked at for it.
        itself = near[:, 0] == near[:, 1]
        near = _enough(near[itself | self._clear(at, np.sort(near, axis=1), eps)], share)
        return used[np.unique(near[:, 0])], used[near[near[:, 0] != near[:, 1]]]

    def _clear(self, start: FloatArray, pairs: IntArray, reach: float, end: FloatArray | None = None) -> BoolArray:
        """Between which pairs (positions in `start` and `end`), at most `reach` apart, no open water lies."""
        clear = np.ones(len(pairs), dtype=bool)
        if reach <= ANYWHERE_UP_TO_M or not len(pairs):
            return clear
        end = start if end is None else end
        unsure = np.flatnonzero(self.ground.near_water(reach)[self.ground.pixel(start)][pairs[:, 0]])
        clear[unsure] = self.ground.by_land(start[pairs[unsure, 0]], end[pairs[unsure, 1]])
        return clear

    def _joined(self, points: Points, used: IntArray, eps: float, minimum: FloatArray) -> list[DenseGroup]:
        """Groups of cores among the points: two cores within eps belong together."""
        cores, pairs = self.cores(points, used, eps, minimum)
        if not len(cores):
            return []
        number = np.full(len(points.at), -1)
        number[cores] = np.arange(len(cores))
        links = number[pairs][(number[pairs] >= 0).all(axis=1)]
        graph = sparse.coo_array((np.ones(len(links)), links.T), shape=(len(cores), len(cores)))
        count, found = connected_components(graph, directed=False)
        labels: IntArray = found.astype(np.int64)
        away = points.at[pairs[:, 0]] - points.at[pairs[:, 1]]
        close = pairs[np.hypot(away[:, 0], away[:, 1]) <= eps / 2]
        close = close[self._clear(points.at, close, eps / 2)]
        under = _by_label(
            np.concatenate([labels, labels[number[close[:, 0]]]]), np.concatenate([cores, close[:, 1]]), count
        )
        squares = self._squares(points.at[cores], labels, count, eps / 2)
        return [DenseGroup(*parts, eps) for parts in zip(_by_label(labels, cores, count), under, squares, strict=True)]

    def _squares(self, cores: FloatArray, labels: IntArray, count: int, radius: float) -> list[IntArray]:
        """Small squares whose middle lies within `radius` of a core, and on its side of the water, by group."""
        away = int(np.ceil(radius / self.square)) + 1
        right, up = (part.ravel() for part in np.meshgrid(*2 * [np.arange(-away, away + 1)]))
        own = np.floor(cores / self.square)
        column, row = own[:, :1] + right, own[:, 1:] + up
        x, y = (column + 0.5) * self.square, (row + 0.5) * self.square
        which, offset = np.nonzero(np.hypot(x - cores[:, :1], y - cores[:, 1:]) <= radius)
        middle = np.column_stack([x[which, offset], y[which, offset]])
        clear = self._clear(cores, np.column_stack([which, np.arange(len(which))]), radius, middle)
        which, squares = which[clear], self.squares_at(middle[clear])
        dry = self.ground.land[self.ground.pixel(self.middles(squares))] > 0
        return _by_label(labels[which[dry]], squares[dry], count)

    def _bounded(self, points: Points, group: DenseGroup) -> list[DenseGroup]:
        """The group, or, where it is too large to be one place, its parts.

        What is denser within it makes the parts, so long as they hold most of its alerts; else it is cut in two, so
        that nothing is lost of a large place that is dense throughout.
        """
        if len(group.cores) == 1 or self.land_on(group.squares) <= MAX_AREA_KM2:
            return [group]
        smaller = 0.75 * group.eps
        if smaller >= MIN_EPS_M / 2:
            around = self.ground.disc_sums_at(self.expected, self.ground.pixel(points.at[group.cores]), smaller)
            minimum = minimum_alerts(around, self.scatter, self.tail)
            parts = [
                bounded
                for part in self._joined(points, group.cores, smaller, minimum)
                for bounded in self._bounded(points, part)
            ]
            parts = [
                replace(
                    part,
                    under=np.intersect1d(part.under, group.under),
                    squares=np.intersect1d(part.squares, group.squares),
                )
                for part in parts
            ]
            if sum(points.weight[part.under].sum() for part in parts) >= HELD * points.weight[group.under].sum():
                return [replace(part, cut=part.cut or group.cut) for part in parts]
        at = points.at[group.cores]
        halves = two_halves(at, points.weight[group.cores])
        tree = cKDTree(at)
        nearest = halves[tree.query(points.at[group.under])[1]]
        ground = halves[tree.query(self.middles(group.squares))[1]]
        return [
            part
            for half in (False, True)
            for part in self._bounded(
                points,
                DenseGroup(
                    group.cores[halves == half],
                    group.under[nearest == half],
                    group.squares[ground == half],
                    group.eps,
                    cut=True,
                ),
            )
        ]


def two_halves(at: FloatArray, weight: FloatArray) -> BoolArray:
    """Which positions belong to the second of two halves: two-means, from the halves on each side of the middle.

    They start from the line through the weighted mean across the direction of the largest spread, and each position
    goes to the nearer mean until none changes (Lloyd 1982). Positions must not all be the same.
    """
    away = at - np.average(at, axis=0, weights=weight)
    second = away @ np.linalg.eigh((away * weight[:, None]).T @ away)[1][:, -1] > 0
    return two_means(
        at,
        weight,
        np.array([np.average(at[half], axis=0, weights=weight[half]) for half in (~second, second)]),
        tolerance=0.0,
    )


def _pairs_of_cores(at: FloatArray, share: FloatArray, eps: float) -> IntArray:
    """Pairs of a point round which the shares within eps sum to one, and each of these points; shape (k, 2)."""
    every, found = cKDTree(at), [np.zeros((0, 2), dtype=np.int64)]
    for start in range(0, len(at), AT_ONCE):
        near = cKDTree(at[start : start + AT_ONCE]).sparse_distance_matrix(every, eps, output_type="ndarray")
        found.append(_enough(np.column_stack([near["i"] + start, near["j"]]), share))
    return np.concatenate(found)


def _enough(pairs: IntArray, share: FloatArray) -> IntArray:
    """The pairs whose first point has second ones with shares that sum to one."""
    return pairs[np.bincount(pairs[:, 0], share[pairs[:, 1]], len(share))[pairs[:, 0]] >= 1 - 1e-9]


def _by_label(labels: IntArray, values: IntArray, count: int) -> list[IntArray]:
    """Distinct values of each label (0 to count - 1), ordered."""
    held = sparse.csr_array((np.ones(len(labels)), (labels, values)), shape=(count, int(values.max(initial=0)) + 1))
    return np.split(held.indices.astype(np.int64), held.indptr[1:-1])


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
        further = _around_firsts(
            baseline.search, first, np.repeat(np.arange(len(every)), every - 1), random, bursts.metres
        )
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


def _around_firsts(
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
        return flat.take((np.clip(np.floor(y), -1, up).astype(np.int64) + 1) * (across + 2) + column + 1)

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
