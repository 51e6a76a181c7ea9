"""Our calculations against the fairest peer of each, and how their times grow with the alerts.

Run with `python -m tests.benchmarks peers`. The peers:

- density: points counted by the code of their pixel and smoothed, without a shore and without errors, which ours has;
- Gi*: `esda.G_Local`, without a correction; neighbours are given to both ready made;
- clusters: scikit-learn's DBSCAN on the points, same distance and minimum. It holds all neighbours of all points at
  once, so it is not asked about a million;
- near repeats: near pairs and their distance bands once, then one count of codes for each permutation;
- emerging hot spots: Gi* of all months as one sparse product and trends of all cells from arrays of all pairs of
  months, without an exact test, a correction and classes, which ours has.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from scipy.stats import norm, rankdata
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

import sample_data
from analysis.dbscan import LocalDbscan, Points
from analysis.density import raster_from_polygon
from analysis.emerging import emerging_hot_spots
from analysis.grid import AlertGround, centres_in_metres, neighbours
from analysis.hotspots.cell_significance import hot_cells
from analysis.space_time import knox
from curim_data.model import FloatArray
from curim_data.model.city import load_city
from tests.benchmarks.results import Row, hand_in, hand_in_growth, race, seconds
from tests.density_of_points import kernel_density

SIZES: Final = (10_000, 100_000, 1_000_000)
SPACE, TIME = (0.1, 200, 400, 600), (7, 14, 21)
STEPS: Final = 36


def disc_of_cells(count: float) -> np.ndarray:
    """About so many cells round the middle of Piraeus."""
    rings = max(int(np.sqrt(count / 3)), 3)
    return np.sort(h3.grid_disk(h3.latlng_to_cell(37.946, 23.65, 10), rings)).astype(np.int64)


def grown(what: str, sizes: tuple[int, ...], made: Callable[[int], Callable[[], object]]) -> None:
    """How the time of a calculation grows; `made`: the calculation of a size, with its data made."""
    costs = []
    for size in sizes:
        call = made(size)
        call()
        costs.append(seconds(call, 3))
        print(f"{what}, {size:,} alerts: {costs[-1]:.3f} s", flush=True)
    hand_in_growth(what, sizes, costs)


def density() -> None:
    """A land of 10 by 10 km in 401 by 401 pixels of 25 m."""
    rng, side = np.random.default_rng(0), 10_000.0
    centre = rng.uniform(1_500, side - 1_500, (2, 30))
    points = np.clip(centre[:, rng.integers(0, 30, 1_000_000)] + rng.normal(0, 400, (2, 1_000_000)), 0, side)
    land = raster_from_polygon(shapely.box(0, 0, side, side))

    def of(count: int) -> Callable[[], object]:
        return lambda: kernel_density(*points[:, :count], land=land, bandwidth=150, months=12)

    def peer() -> object:
        pixel = (points[1] / 25).astype(np.int64) * 401 + (points[0] / 25).astype(np.int64)
        sums = np.bincount(pixel, minlength=401 * 401).reshape(401, 401).astype(float)
        return gaussian_filter(sums, 6, mode="constant")

    race("density", "1 million points", of(1_000_000), peer, "bincount and gaussian_filter")
    grown("density, the same land", SIZES, of)


def significance(count: int) -> None:
    """The exact test of cells with Poisson counts."""
    cells = disc_of_cells(count)
    values = np.random.default_rng(0).poisson(5, len(cells)).astype(float)
    frame = pd.DataFrame({"n": values, "land_km2": 0.0174}, index=pd.Index(cells, name="cell"))
    for what in ("exact test, first time", "exact test, again"):
        hand_in(Row(what, f"{len(cells):,} cells", processor=seconds(lambda: hot_cells(frame))))


def clusters(points: int, *, asked: bool) -> None:
    """DBSCAN* on weighted fine cells of the sample city; `asked`: whether the peer is."""
    city = load_city(sample_data.PROFILE)
    land = city.land_cells(12)
    x, y = centres_in_metres(np.asarray(land.index), city)
    rng = np.random.default_rng(1)
    centre = rng.choice(len(x), 12)
    weight = land.to_numpy() * (1 + sum(30 * (np.hypot(x - x[at], y - y[at]) < 90) for at in centre))
    at = rng.choice(len(x), points, p=weight / weight.sum())
    raw = np.column_stack([x[at], y[at]]) + rng.uniform(-9, 9, (points, 2))
    used, member, counts = np.unique(at, return_inverse=True, return_counts=True)
    ground = AlertGround(city.land_metres, x[used], y[used], 200)
    there = Points(ground.enter(x[used], y[used]), counts.astype(float))
    minimum = 3 * points / land.sum() / 1e6 * np.pi * 50**2
    search = LocalDbscan(ground, ground.smooth(ground.pixel(there.at), there.weight, 200), 50.0)
    search.minimum_at = lambda at: np.full(len(at), minimum)  # type: ignore[method-assign]
    labels = np.full(len(used), -1)

    def ours() -> None:
        for number, group in enumerate(search.find(there)):
            labels[group.cores] = number

    size = f"{points:,} points on {land.sum():.0f} km2"
    if not asked:
        hand_in(Row("DBSCAN on weighted cells", size, processor=seconds(ours, 3)))
        return
    peer = DBSCAN(eps=50, min_samples=round(minimum))
    race("DBSCAN on weighted cells", size, ours, lambda: peer.fit(raw), "scikit-learn on points", rounds=3)
    print(f"adjusted Rand index {adjusted_rand_score(peer.labels_, labels[member]):.3f}")


def cases(count: int) -> tuple[Any, Any, Any]:
    """Coordinates in metres and days of a year, as dense at each number."""
    rng = np.random.default_rng(0)
    middle = rng.uniform(0, 30_000 * np.sqrt(count / 11_701), (count // 8, 2))[rng.integers(0, count // 8, count)]
    x, y = (middle + rng.normal(0, 300, middle.shape)).T
    return x, y, rng.integers(0, 366, count)


def near_repeats() -> None:
    """Knox with 99 permutations, and the growth of one with 9."""
    x, y, days = cases(11_701)

    def peer() -> None:
        points, rng = np.column_stack([x, y]), np.random.default_rng(0)
        first, second = cKDTree(points).query_pairs(SPACE[-1], output_type="ndarray").T
        wide, shuffled = len(TIME) + 1, days
        row = np.searchsorted(SPACE, np.hypot(*(points[first] - points[second]).T)) * wide
        column = np.searchsorted(TIME, np.arange(np.ptp(days) + 1))
        for _ in range(100):
            codes = row + column[np.abs(shuffled[first] - shuffled[second])]
            np.bincount(codes, minlength=len(SPACE) * wide)
            shuffled = rng.permutation(days)

    def ours() -> object:
        return knox(x, y, days, space=SPACE, time=TIME, permutations=99)

    size = "11,701 cases, 99 permutations"
    race("near repeat (Knox)", size, ours, peer, "near pairs once, codes counted each time", rounds=3)

    def of(count: int) -> Callable[[], object]:
        some = cases(count)
        return lambda: knox(*some, space=SPACE, time=TIME, permutations=9)

    grown("near repeat (Knox), 9 permutations, as dense", SIZES, of)


def all_hamed_rao(x: FloatArray) -> FloatArray:
    """p of Mann–Kendall with the variance of Hamed and Rao, of all series at once."""
    n = x.shape[1]
    first, second = np.triu_indices(n, 1)
    gap = x[:, second] - x[:, first]
    s, slope = np.sign(gap).sum(axis=1), np.median(gap / (second - first), axis=1)
    ties = (x[:, :, None] == x[:, None, :]).sum(axis=2)
    variance = (n * (n - 1) * (2 * n + 5) - ((ties - 1) * (2 * ties + 5)).sum(axis=1)) / 18
    ranks = rankdata(x - slope[:, None] * np.arange(1, n + 1), axis=1)
    away = ranks - ranks.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(away, 2 * n, axis=1)) ** 2
    r = np.fft.irfft(power, axis=1)[:, 1:n] / (away**2).sum(axis=1, keepdims=True)
    k = np.arange(1, n)
    counted = np.where(np.abs(r) > norm.ppf(0.975) / np.sqrt(n), r, 0.0)
    factor = 1 + 2 / (n * (n - 1) * (n - 2)) * counted @ ((n - k) * (n - k - 1) * (n - k - 2))
    return np.asarray(2 * norm.sf(np.abs((s - np.sign(s)) / np.sqrt(variance * np.maximum(factor, 1.0)))))


def city_of(alerts: float) -> tuple[pd.DataFrame, pd.Series]:
    """Counts of a city by cell and month, and its land: one alert a cell and month, 40 dense cells."""
    cells, rng = disc_of_cells(alerts / STEPS), np.random.default_rng(1)
    dense = np.ones(len(cells))
    dense[rng.choice(len(cells), min(40, len(cells) // 10), replace=False)] = 60
    columns = pd.date_range("2023-01-01", periods=STEPS, freq="MS")
    counts = pd.DataFrame(rng.poisson(np.outer(dense, np.ones(STEPS))), index=cells, columns=columns)
    return counts, pd.Series(0.0174, index=pd.Index(cells, name="cell"))


def emerging() -> None:
    """The whole analysis: exact tests of every window, correction, Gi*, trends, classes and places."""
    counts, land = city_of(10_000 * STEPS)
    values, near = counts.to_numpy(float), sparse.csr_array(neighbours(counts.index.to_numpy(), 1)).astype(float)

    def peer() -> None:
        beside = np.asarray(near.sum(axis=1))[:, None]
        spread = np.sqrt((beside * len(values) - beside**2) / (len(values) - 1))
        z = (near @ values - values.mean(axis=0) * beside) / (values.std(axis=0) * spread)
        for at in range(0, len(z), 500):
            all_hamed_rao(np.asarray(z)[at : at + 500])

    size, who = f"{len(counts):,} cells x {STEPS} months", "all cells at once, numpy and scipy"
    race("emerging hot spots", size, lambda: emerging_hot_spots(counts, land), peer, who)

    def of(alerts: int) -> Callable[[], object]:
        grid, area = city_of(alerts)
        return lambda: emerging_hot_spots(grid, area)

    grown("emerging hot spots, land grows with alerts", SIZES, of)


def main() -> None:
    """All of them."""
    warnings.simplefilter("ignore")
    density()
    significance(10_000)
    significance(40_000)
    clusters(60_000, asked=True)
    clusters(200_000, asked=True)
    clusters(1_000_000, asked=False)
    near_repeats()
    emerging()


if __name__ == "__main__":
    main()
