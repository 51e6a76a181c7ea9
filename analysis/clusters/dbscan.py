"""DBSCAN* in metres with a minimum that follows the local expectation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.stats import poisson
from sklearn.cluster import KMeans

from analysis.grid.baseline import SHORE_M, LandGrid
from analysis.stats.result import Choice
from curim_data.model import FloatArray, IntArray, Message

MIN_EPS_M: Final = 50.0
MAX_EPS_M: Final = 300.0
TAIL: Final = 0.001
MIN_ALERTS: Final = 5  # fewer alerts are no pattern
GRAPH_UP_TO_M: Final = 2 * SHORE_M  # so short a line crosses no open water
MIN_COORDINATE_STEPS: Final = 2.0
MAX_AREA_KM2: Final = 0.25
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
        "Alerts within {metres} m are joined: there the distances to the fifth alert begin to rise (limits: {least} to "
        "{most} m, the reach of a measure around a point).",
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
        "Alerts within {metres} m are joined: twice the {step} m to which the coordinates are precise, since nearer "
        "alerts cannot be told apart.",
        {"metres": round(least), "step": round(step)},
    )
    return Choice("eps", least, message)


def minimum_alerts(expected: Any, scatter: float = 1.0) -> FloatArray:
    """Fewest alerts within eps that make a core, by the expectation there.

    The smallest m with P(X >= m) <= 0.001 for X Poisson with that mean, and never under five. Where alerts have
    weights their sum varies `scatter` times as much as a count, and X is scatter times a Poisson count with the mean
    over scatter, which has the mean and the variance of the sum.
    """
    mean = np.asarray(expected, dtype=float) / scatter
    return np.maximum(scatter * (poisson.isf(TAIL, mean) + 1), MIN_ALERTS)


@dataclass(frozen=True)
class DenseGroup:
    """Cores (positions among the cells), the cells under the outline round them, and the distance that joined them.

    `cut`: a part of a larger group from which it is cut by a line, so that the outline ends with its cells.
    """

    cores: IntArray
    under: IntArray
    eps: float
    cut: bool = False


@lru_cache(maxsize=4)
def _graph(points: bytes, eps: float) -> sparse.csr_array:
    """Which cells lie within eps of which, themselves included."""
    at = np.frombuffer(points, dtype=float).reshape(-1, 2)
    return _symmetric(cKDTree(at).query_pairs(eps, output_type="ndarray"), len(at))


def _symmetric(pairs: IntArray, size: int) -> sparse.csr_array:
    half = sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(size, size))
    return sparse.csr_array(half + half.T + sparse.eye_array(size))


class LocalDbscan:
    """DBSCAN* with a local minimum on given ground, baseline and distance.

    Written on sparse graphs rather than with scikit-learn, because it runs some two hundred times for one map;
    the tests hold it equal to `sklearn.cluster.DBSCAN`.
    """

    def __init__(self, ground: LandGrid, expected: FloatArray, eps: float, scatter: float = 1.0) -> None:
        self.ground, self.expected, self.eps, self.scatter = ground, expected, eps, scatter
        self.points = np.column_stack([ground.x, ground.y])
        self.minimum = self.minimum_at(eps)
        self.tree = cKDTree(self.points)

    def minimum_at(self, eps: float) -> FloatArray:
        """Fewest alerts for a core, by cell."""
        return minimum_alerts(self.ground.disc_sums(self.expected, eps), self.scatter)

    def find(self, counts: FloatArray) -> list[DenseGroup]:
        """Clusters, none larger than 0.25 km² unless it is one cell."""
        return self._joined(counts, np.flatnonzero(counts), self.eps, self.minimum)

    def _joined(self, counts: FloatArray, used: IntArray, eps: float, minimum: FloatArray) -> list[DenseGroup]:
        """Groups of cores among the occupied cells: two cores within eps belong together."""
        cores = used[self._sums(counts[used] / minimum[used], used, eps) >= 1 - 1e-9]
        if not len(cores):
            return []
        pairs = self._pairs(cores, eps)
        links = sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(len(cores), len(cores)))
        labels = connected_components(links, directed=False)[1]
        order = np.argsort(labels, kind="stable")
        parts = np.split(cores[order], np.flatnonzero(np.diff(labels[order])) + 1)
        return [
            group for part in parts for group in self._bounded(counts, DenseGroup(part, self.under(part, eps), eps))
        ]

    def _sums(self, weight: FloatArray, used: IntArray, eps: float) -> FloatArray:
        """Weight within eps of each occupied cell: by a kept graph of all cells where that is small."""
        if eps <= GRAPH_UP_TO_M:
            everywhere = np.zeros(len(self.points))
            everywhere[used] = weight
            near: FloatArray = (_graph(self.points.tobytes(), eps) @ everywhere)[used]
            return near
        sums: FloatArray = _symmetric(self._pairs(used, eps), len(used)) @ weight
        return sums

    def _pairs(self, cells: IntArray, eps: float) -> IntArray:
        """Pairs (positions among `cells`) that lie within eps, with no open water between them."""
        pairs: IntArray = cKDTree(self.points[cells]).query_pairs(eps, output_type="ndarray")
        if eps > GRAPH_UP_TO_M:
            pairs = pairs[self.ground.by_land(cells[pairs[:, 0]], cells[pairs[:, 1]])]
        return pairs

    def _bounded(self, counts: FloatArray, group: DenseGroup) -> list[DenseGroup]:
        """The group, or, where it is too large to be one place, its parts.

        What is denser within it makes the parts, so long as they hold most of its alerts; else it is cut in two, so
        that nothing is lost of a large place that is dense throughout.
        """
        if self.ground.land[group.under].sum() <= MAX_AREA_KM2 or len(group.cores) == 1:
            return [group]
        smaller = 0.75 * group.eps
        if smaller >= MIN_EPS_M / 2:
            found = self._joined(counts, group.cores, smaller, self.minimum_at(smaller))
            parts = [replace(part, under=np.intersect1d(part.under, group.under)) for part in found]
            if sum(counts[part.under].sum() for part in parts) >= HELD * counts[group.under].sum():
                return [replace(part, cut=part.cut or group.cut) for part in parts]
        at = self.points[group.cores]
        halves = KMeans(2, n_init=4, random_state=0).fit(at, sample_weight=counts[group.cores]).labels_
        nearest = halves[cKDTree(at).query(self.points[group.under])[1]]
        return [
            part
            for half in (0, 1)
            for part in self._bounded(
                counts, DenseGroup(group.cores[halves == half], group.under[nearest == half], group.eps, cut=True)
            )
        ]

    def under(self, cores: IntArray, eps: float) -> IntArray:
        """Cells of the land within eps/2 of a core, and on its side of the water: what the outline covers."""
        near = [np.asarray(some, dtype=np.int64) for some in self.tree.query_ball_point(self.points[cores], eps / 2)]
        cells = np.concatenate(near)
        if eps / 2 > GRAPH_UP_TO_M:
            cells = cells[self.ground.by_land(np.repeat(cores, [len(some) for some in near]), cells)]
        return np.unique(cells)

    def strength(self, counts: FloatArray, group: DenseGroup) -> float:
        """Poisson log likelihood ratio of a group: c log(c/e) - (c - e) where c > e, else 0."""
        count, expected = float(counts[group.under].sum()), float(self.expected[group.under].sum())
        return count * float(np.log(count / expected)) - (count - expected) if count > expected > 0 else 0.0
