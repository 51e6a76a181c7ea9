"""DBSCAN* in metres with a minimum that follows the local expectation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import gammaincinv
from scipy.stats import norm

from analysis.grid.baseline import SHORE_M, AlertGround
from analysis.hotspots.grouping import two_means
from analysis.stats.result import Choice
from curim_data.model import BoolArray, FloatArray, IntArray, Message

MIN_EPS_M: Final = 50.0
MAX_EPS_M: Final = 300.0
TAIL: Final = 0.001
MIN_ALERTS: Final = 5  # fewer alerts are no pattern
ANYWHERE_UP_TO_M: Final = 2 * SHORE_M  # so short a line crosses no open water
MIN_COORDINATE_STEPS: Final = 2.0
MAX_AREA_KM2: Final = 0.25
# Outlines are measured in squares of 10 m, or of 20 m where alerts are joined over 160 m or more.
FINE_SQUARE_M: Final = 10.0
COARSE_SQUARE_M: Final = 20.0
COARSE_FROM_M: Final = 160.0
CELL_REACH_M: Final = 11.0  # from the middle of a fine cell to its corners
AT_ONCE: Final = 2_000  # points whose neighbours are looked for together: some millions at most
HELD: Final = 0.75  # part of a large cluster's alerts that its denser parts hold, lest it be lost in crumbs


def eps_for(x: Any, y: Any, n: Any) -> Choice:
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
        return Choice(
            "eps", MAX_EPS_M, Message("Alerts within {metres} m are joined, since they are few.", {"metres": 300})
        )
    some = points[:: max(1, len(points) // 2000)]
    found = cKDTree(points).query(some, k=reach)
    distance, index = np.asarray(found[0]), np.asarray(found[1])
    enough = np.cumsum(counts[index], axis=1) >= MIN_ALERTS
    first = np.where(enough.any(axis=1), enough.argmax(axis=1), reach - 1)
    curve = np.sort(distance[np.arange(len(some)), first])
    curve = curve[: max(3, int(0.95 * len(curve)))]
    line = np.linspace(curve[0], curve[-1], len(curve))
    knee = float(curve[np.argmax(line - curve)])
    eps = float(np.clip(round(knee, -1), MIN_EPS_M, MAX_EPS_M))
    message = Message(
        "Alerts within {metres} m are joined: there the distances to the fifth alert begin to rise (limits: "
        "{least} to {most} m, the reach of a measure around a point).",
        {"metres": round(eps), "least": round(MIN_EPS_M), "most": round(MAX_EPS_M)},
    )
    return Choice("eps", eps, message)


def eps_for_precision(chosen: Choice, step: float) -> Choice:
    """The distance that was chosen, or twice the step of the coordinates where that is more.

    Positions that are rounded to `step` metres stand on a grid, and at less than two steps each point of it is a
    cluster (simulated: 6,000 alerts of a smooth city rounded to 100 m have false clusters in every map at 50 m, and in
    none of ten at 150 or 200 m).
    """
    least = float(np.ceil(MIN_COORDINATE_STEPS * step / 10) * 10)
    if least <= float(chosen.value):
        return chosen
    message = Message(
        "Alerts within {metres} m are joined: twice the {step} m to which the coordinates are precise, since "
        "nearer alerts cannot be distinguished.",
        {"metres": round(least), "step": round(step)},
    )
    return Choice("eps", least, message)


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
    most = int(highest + norm.isf(tail) * 1.6 * np.sqrt(highest) + 60)
    serves_up_to = gammaincinv(np.arange(1, most + 1), tail)
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
        found = np.bincount(self.nearest[used], density[used], len(self.at))
        return self.share * found.astype(float, copy=False)

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
        found = self._tree.query_ball_point(cores, reach + CELL_REACH_M)
        return np.unique(np.concatenate(found).astype(np.int64))


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
        within = self._within if eps == self.eps else None
        return LocalDbscan(self.ground, self.density, eps, self.scatter, tail, within, self.heaps, self._smoothed_m)

    def find(self, points: Points) -> list[DenseGroup]:
        """Clusters, none larger than 0.25 km² unless it is one cell."""
        every = np.arange(len(points.at))
        groups = self._joined(points, every, self.eps, self.minimum_at(points.at))
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
            pixel = self.ground.pixel(points.at[group.cores])
            around = self.ground.disc_sums_at(self.expected, pixel, smaller)
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
            held = sum(points.weight[part.under].sum() for part in parts)
            if held >= HELD * points.weight[group.under].sum():
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
    along = np.linalg.eigh((away * weight[:, None]).T @ away)[1][:, -1]
    second = away @ along > 0
    middles = np.array([np.average(at[half], axis=0, weights=weight[half]) for half in (~second, second)])
    return two_means(at, weight, middles, tolerance=0.0)


def _pairs_of_cores(at: FloatArray, share: FloatArray, eps: float) -> IntArray:
    """Pairs of a point round which the shares within eps sum to one, and each of these points; shape (k, 2)."""
    every, found = cKDTree(at), [np.zeros((0, 2), dtype=np.int64)]
    for start in range(0, len(at), AT_ONCE):
        some = cKDTree(at[start : start + AT_ONCE])
        near = some.sparse_distance_matrix(every, eps, output_type="ndarray")
        found.append(_enough(np.column_stack([near["i"] + start, near["j"]]), share))
    return np.concatenate(found)


def _enough(pairs: IntArray, share: FloatArray) -> IntArray:
    """The pairs whose first point has second ones with shares that sum to one."""
    sums = np.bincount(pairs[:, 0], share[pairs[:, 1]], len(share))
    return pairs[sums[pairs[:, 0]] >= 1 - 1e-9]


def _by_label(labels: IntArray, values: IntArray, count: int) -> list[IntArray]:
    """Distinct values of each label (0 to count - 1), ordered."""
    shape = (count, int(values.max(initial=0)) + 1)
    held = sparse.csr_array((np.ones(len(labels)), (labels, values)), shape=shape)
    return np.split(held.indices.astype(np.int64), held.indptr[1:-1])
