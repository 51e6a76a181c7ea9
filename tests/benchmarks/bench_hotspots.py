"""Gi* with correction against `esda.G_Local`, the exact test, and clusters against scikit-learn on raw points.

Run with `make bench` or `python -m tests.benchmarks hotspots`. Both sides are given their neighbours ready made; what
building them takes is told apart. scikit-learn holds all neighbours of all points at once: a million points fit into
its memory where they lie in five such cities beside each other, and ours runs on a million in a single one too.
"""

from __future__ import annotations

import warnings

import esda
import h3.api.numpy_int as h3
import libpysal
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.stats import norm
from shapely.affinity import translate
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

import sample_data
from analysis.dbscan import LocalDbscan, Points
from analysis.grid import AlertGround, centres_in_metres, neighbours
from analysis.hotspots.cell_significance import getis_ord, hot_cells
from analysis.stats.significance import benjamini_hochberg
from curim_data.model.city import load_city
from tests.benchmarks.clock import race, seconds
from tests.benchmarks.results import Row, hand_in, hand_in_race

MOST_OF_PEER = 200_000  # of one city
APART = 20_000.0  # metres between cities


def disc_of_cells(count: int) -> np.ndarray:
    """About so many cells round the middle of Piraeus."""
    rings = int(np.sqrt(count / 3))
    return np.sort(h3.grid_disk(h3.latlng_to_cell(37.946, 23.65, 10), rings)).astype(np.int64)


def gistar(count: int) -> None:
    """Ours against esda, on cells with Poisson counts."""
    cells = disc_of_cells(count)
    values = np.random.default_rng(0).poisson(5, len(cells)).astype(float)
    frame = pd.DataFrame({"n": values, "land_km2": 0.0174}, index=pd.Index(cells, name="cell"))
    build = seconds(lambda: neighbours(cells, 1), 1)
    near = neighbours(cells, 1)
    binary = libpysal.weights.WSP(sparse.csr_matrix(near - sparse.eye_array(len(cells)))).to_W(silence_warnings=True)

    def ours() -> object:
        return benjamini_hochberg(2 * norm.sf(np.abs(getis_ord(values, neighbours(cells, 1)))))

    def esda_gistar(permutations: int) -> object:
        return esda.G_Local(values, binary, transform="B", star=True, permutations=permutations)

    esda_gistar(9)  # compiles
    print(f"{len(cells):,} cells: neighbours {build:.3f} s once; Gi* and correction")
    analytic, permuted = race(ours, lambda: esda_gistar(0)), race(ours, lambda: esda_gistar(999), rounds=3)
    print(f"  esda analytic: {analytic}")
    print(f"  esda, 999 permutations: {permuted}")
    hand_in_race("Gi* and correction", f"{len(cells):,} cells", analytic, "esda analytic, no correction")
    hand_in_race("Gi* and correction", f"{len(cells):,} cells", permuted, "esda, 999 permutations")
    first, again = seconds(lambda: hot_cells(frame)), seconds(lambda: hot_cells(frame), 3)
    print(f"  exact test with Gi*, hot and cold: first {first:.3f} s, again {again:.4f} s")
    hand_in(Row("exact test with Gi*, first time", f"{len(cells):,} cells", processor=first))
    hand_in(Row("exact test with Gi*, again", f"{len(cells):,} cells", processor=again))


def clusters_of(points: int, towns: int = 1) -> None:
    """DBSCAN* on weighted fine cells against scikit-learn on the points, same distance and minimum; `towns` beside
    each other, each with the land of the sample city and an equal part of the points."""
    city = load_city(sample_data.PROFILE)
    land = city.land_cells(12)
    x, y = centres_in_metres(np.asarray(land.index), city)
    area = np.tile(land.to_numpy(), towns)
    x = np.concatenate([x + town * APART for town in range(towns)])
    y = np.tile(y, towns)
    rng = np.random.default_rng(1)
    centre = rng.choice(len(x), 12 * towns)
    density = 1 + sum(30 * (np.hypot(x - x[at], y - y[at]) < 90) for at in centre)
    weight = density * area
    at = rng.choice(len(x), points, p=weight / weight.sum())
    raw = np.column_stack([x[at], y[at]]) + rng.uniform(-9, 9, (points, 2))
    used, member, counts = np.unique(at, return_inverse=True, return_counts=True)
    country = shapely.union_all([translate(city.land_metres, town * APART) for town in range(towns)])
    ground = AlertGround(country, x[used], y[used], 200)
    there = Points(ground.enter(x[used], y[used]), counts.astype(float))
    minimum = 3 * points / area.sum() / 1e6 * np.pi * 50**2
    search = LocalDbscan(ground, ground.smooth(ground.pixel(there.at), there.weight, 200), 50.0)
    search.minimum_at = lambda at: np.full(len(at), minimum)  # type: ignore[method-assign]
    labels = np.full(len(used), -1)

    def ours() -> None:
        for number, group in enumerate(search.find(there)):
            labels[group.cores] = number

    where = f"{points:,} points on {area.sum():.0f} km2"
    if points > towns * MOST_OF_PEER:
        ours()
        took = seconds(ours, 3)
        print(f"{where}: ours {took:.3f} s; scikit-learn would not fit")
        hand_in(Row("DBSCAN on weighted cells", where, processor=took))
        return
    peer = DBSCAN(eps=50, min_samples=round(minimum))
    told = race(ours, lambda: peer.fit(raw), rounds=3 if towns == 1 else 1)
    agreement = adjusted_rand_score(peer.labels_, labels[member])
    print(f"{where}: {told}, adjusted Rand index {agreement:.3f}")
    hand_in_race("DBSCAN on weighted cells", where, told, "scikit-learn on points")


def main() -> None:
    """All of them."""
    warnings.simplefilter("ignore")
    gistar(10_000)
    gistar(40_000)
    for points, towns in ((60_000, 1), (MOST_OF_PEER, 1), (1_000_000, 5), (1_000_000, 1)):
        clusters_of(points, towns)


if __name__ == "__main__":
    main()
