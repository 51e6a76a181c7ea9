"""Groups of alerts by HDBSCAN: to explore only, since nothing is tested against chance.

scikit-learn's HDBSCAN knows no weights, takes points that share a position as infinitely dense, and needs a time that
grows with the square of their number. So the alerts stand on fine cells, and it is given the graph of them instead:

* The core distance of a cell is how far one must go for ten alerts, its own counted: by alerts and not by cells.
* Two cells are as far apart as the largest of their core distances, their distance, and one block (`block_for`).
  Nothing is split at less than a block: what `cluster_selection_epsilon` does, and identical positions are no special
  case.
* Each further alert of a cell is a point of its own that hangs on the first, so that sizes are counted in alerts.

The graph holds all pairs within 150 m and the Delaunay triangulation beyond: where alerts lie farther apart than that,
the tree of distances follows it and not every pair.
"""

from __future__ import annotations

from typing import Any, Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import Delaunay, cKDTree

from analysis.clusters.dbscan import MIN_COORDINATE_STEPS
from analysis.clusters.results import Cluster, Clusters, outline_around, shape_in_degrees, transformer_to_degrees
from analysis.grid.baseline import centres_in_metres
from analysis.stats.result import Choice
from curim_data.model import CityProfile, FloatArray, IntArray, Message

NEIGHBOURS: Final = 10
BLOCK_M: Final = 80.0
MIN_BLOCK_M: Final = 20.0
BLOCK_SHARE: Final = 0.75
ALL_PAIRS_M: Final = 150.0
MAX_CELLS: Final = 50_000
MAX_POINTS: Final = 50_000
# A group is at least this part of the alerts, between these limits.
MIN_SIZE_SHARE: Final = 0.005
MIN_SIZE: Final = 10
MAX_MIN_SIZE: Final = 1000
# And at most this part: where alerts are everywhere, the city itself would be the most stable group.
MAX_SIZE_SHARE: Final = 0.2


class TooManyCellsError(ValueError):
    """More occupied cells than can be explored; `message` says so."""

    def __init__(self, cells: int) -> None:
        self.message = Message(
            "{cells} small cells hold alerts: HDBSCAN explores at most {most}. Narrow the filter, or use the "
            "tested clusters.",
            {"cells": cells, "most": MAX_CELLS},
        )
        super().__init__(self.message.text.format(**self.message.values))


def explore_clusters(fine: pd.DataFrame, city: CityProfile, *, least: int | None = None, step: float = 1.0) -> Clusters:
    """Group alerts by HDBSCAN (excess of mass). Without expected numbers and without p-values: those are NaN.

    Parameters
    ----------
    fine : DataFrame, index cell (int64, H3 resolution 11 or finer)
        The land mask with the column n, zeros included.
    city : CityProfile
        For metres and for the land that clips outlines.
    least : int, optional
        Fewest alerts of a group; chosen from the number of alerts when left out.
    step : float
        Metres between distinguishable positions: nothing is split within two of them.

    Raises
    ------
    TooManyCellsError
        Where more than 50,000 cells hold alerts.

    References
    ----------
    Campello, R. et al. (2013). Density-based clustering based on hierarchical density estimates. PAKDD, 160–172.
    Malzer, C. and Baum, M. (2020). A hybrid approach to hierarchical density-based cluster selection. IEEE MFI,
    223–228 (a distance below which nothing is split).
    """
    data = fine.set_index("cell") if "cell" in fine.columns else fine
    data = data[data["n"] > 0].sort_index()
    cells, counts = np.asarray(data.index, dtype=np.int64), np.round(data["n"].to_numpy(float)).astype(int)
    total = int(counts.sum())
    if len(cells) > MAX_CELLS:
        raise TooManyCellsError(len(cells))
    chosen = min_size_for(total) if least is None else least
    if len(cells) < NEIGHBOURS or total < 2 * chosen:
        return Clusters((), total, 0, BLOCK_M, 1.0, 0, _choices(chosen, BLOCK_M, total, total), explored=True)
    points = np.column_stack(centres_in_metres(cells, city))
    drawn = np.maximum(thin_counts(counts, MAX_POINTS), 1)  # each cell stands somewhere: its alerts belong to a group
    core = core_distances(points, counts.astype(float))
    block = max(block_for(core), MIN_COORDINATE_STEPS * step)
    scale = min(1.0, MAX_POINTS / total)
    most = max(2 * chosen, round(MAX_SIZE_SHARE * total))
    labels = hdbscan_labels(points, core, drawn, round(chosen * scale), block, round(most * scale))
    found = [_cluster(city, cells, points, counts, labels == label) for label in range(labels.max() + 1)]
    found.sort(key=lambda one: (-one.n, one.id))
    ranked = [Cluster(**{**vars(one), "rank": rank}) for rank, one in enumerate(found, 1)]
    return Clusters(
        tuple(ranked), total, 0, block, 1.0, 0, _choices(chosen, block, total, int(drawn.sum())), explored=True
    )


def min_size_for(total: int) -> int:
    """Fewest alerts of a group: half a per cent of all, between 10 and 1,000."""
    return int(np.clip(round(MIN_SIZE_SHARE * total), MIN_SIZE, MAX_MIN_SIZE))


def block_for(core: FloatArray) -> float:
    """Metres within which nothing is split: 80, a block, or less where alerts are so dense that it would join the city.

    Three quarters of the median distance to the tenth alert, to 10 m, between 20 and 80 m.
    """
    return float(np.clip(round(BLOCK_SHARE * float(np.median(core)), -1), MIN_BLOCK_M, BLOCK_M))


def thin_counts(counts: Any, most: int) -> IntArray:
    """Counts that add up to at most `most`, each in proportion; as they stand where they do already.

    By systematic sampling: cell after cell, the whole number of the running total that has not been given yet.
    """
    given: IntArray = np.asarray(counts, dtype=np.int64)
    if given.sum() > most:
        given = np.diff(np.cumsum(given) * most // given.sum(), prepend=0)
    return given


def hdbscan_labels(
    points: FloatArray, core: FloatArray, drawn: Any, least: int, block: float, most: int | None = None
) -> IntArray:
    """Labels of cells, -1 for those in no group.

    Parameters
    ----------
    points : array, shape (m, 2)
        Centres of the occupied cells in metres.
    core : array, shape (m,)
        Core distances (`core_distances`).
    drawn : array of int, shape (m,)
        How many points stand for the alerts of each cell, at least one.
    least : int
        Fewest points of a group.
    block : float
        Metres within which nothing is split.
    most : int, optional
        Most points of a group; no limit when left out.
    """
    from sklearn.cluster import HDBSCAN  # long to load, and not needed for every page

    start, end = _edges(points).T
    apart = np.hypot(*(points[start] - points[end]).T)
    length = np.maximum.reduce([apart, core[start], core[end], np.full(len(start), block)])
    further = np.repeat(np.arange(len(points)), np.asarray(drawn) - 1)
    extra = len(points) + np.arange(len(further))
    rows, columns = np.concatenate([start, further]), np.concatenate([end, extra])
    lengths = np.concatenate([length, np.maximum(core[further], block)])
    size = len(points) + len(further)
    graph = sparse.coo_array((lengths, (rows, columns)), shape=(size, size)).tocsr()
    # One neighbour each (min_samples=1): the core distances are in the graph already.
    found = HDBSCAN(
        min_cluster_size=max(2, least), min_samples=1, max_cluster_size=most, metric="precomputed", copy=True
    )
    labels: IntArray = found.fit(sparse.csr_matrix(graph.maximum(graph.T))).labels_[: len(points)].astype(np.int64)
    return labels


def core_distances(points: FloatArray, counts: FloatArray) -> FloatArray:
    """How far from each cell (metres) one must go for ten alerts, its own counted; shape (m,)."""
    reach = min(NEIGHBOURS, len(points))
    distance, index = cKDTree(points).query(points, k=reach)
    enough = np.cumsum(counts[index], axis=1) >= NEIGHBOURS
    first = np.where(enough.any(axis=1), enough.argmax(axis=1), reach - 1)
    nearest: FloatArray = np.asarray(distance)[np.arange(len(points)), first]
    return nearest


def _edges(points: FloatArray) -> IntArray:
    """Pairs of cells, each once: all within 150 m, and the neighbours of the Delaunay triangulation."""
    close = cKDTree(points).query_pairs(ALL_PAIRS_M, output_type="ndarray")
    corners = Delaunay(points - points.mean(axis=0), qhull_options="QJ").simplices
    sides = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1)
    far = sides[np.hypot(*(points[sides[:, 0]] - points[sides[:, 1]]).T) > ALL_PAIRS_M]  # the rest are close pairs
    every: IntArray = np.concatenate([close, np.unique(far, axis=0)]).astype(np.int64)
    return every


def _cluster(city: CityProfile, cells: IntArray, points: FloatArray, counts: IntArray, members: Any) -> Cluster:
    x, y = (float(np.average(points[members, axis], weights=counts[members])) for axis in (0, 1))
    longitude, latitude = transformer_to_degrees(city).transform(x, y)
    outline = outline_around(points[members], BLOCK_M / 2, city)
    return Cluster(
        id=f"{int(h3.latlng_to_cell(latitude, longitude, 10)):x}",
        rank=0,
        cells=tuple(int(cell) for cell in cells[members]),
        n=int(counts[members].sum()),
        **dict.fromkeys(("expected", "ratio", "low", "high", "p"), float("nan")),
        area_km2=float(outline.area) / 1e6,
        outline=shape_in_degrees(outline, city),
        longitude=float(longitude),
        latitude=float(latitude),
    )


def _choices(least: int, block: float, total: int, drawn: int) -> tuple[Choice, ...]:
    choices = [
        Choice(
            "exploratory",
            1,
            Message(
                "HDBSCAN explores: no group was tested against chance, and groups and their names can change when the "
                "filter changes a little. It finds groups in chance too: some 25 among 3,000 alerts that fall "
                "anywhere. For what stands out from chance use the tested clusters."
            ),
        ),
        Choice(
            "least",
            least,
            Message(
                "A group has at least {n} alerts, half a per cent of all (10 to 1,000), and at most a fifth of them.",
                {"n": least},
            ),
        ),
        Choice(
            "neighbours",
            NEIGHBOURS,
            Message(
                "Density is how near the tenth alert lies. What is within {metres} m is not split: at most a block "
                "of {most} m, less where alerts are denser, but at least twice the step of the coordinates.",
                {"metres": round(block), "most": round(BLOCK_M)},
            ),
        ),
    ]
    if drawn < total:
        thinned_out = Message(
            "Of {total} alerts {drawn} were taken, evenly from every place, because more would take too long.",
            {"total": total, "drawn": drawn},
        )
        choices.append(Choice("drawn", drawn, thinned_out))
    return tuple(choices)
