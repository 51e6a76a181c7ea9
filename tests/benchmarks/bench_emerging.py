"""Mann–Kendall for many series, and emerging hot spots, against all series at once and one after the other.

Run with `make bench` or `python -m tests.benchmarks emerging`. The naive way tests each cell alone, as the packages of
the field do: S by comparing each value with all later ones, Sen's slope from every pair, ties and ranks per series. It
is timed on some of the cells and scaled up; its results must be ours. (pymannkendall 1.4.3, no dependency here, took
about 2.6 times as long as the plain loop and 1.5 times as long as the one of Hamed and Rao by the same clock.) What a
user of these packages would write for the whole has Gi* of every month by `esda.G_Local` before that loop. The fairest
peer has neither loop: Gi* of all months is one sparse product, and the trends of all cells are found from arrays of all
pairs of months; it has no exact test, no correction and no classes, which ours has.
"""

from __future__ import annotations

import warnings

import esda
import h3.api.numpy_int as h3
import libpysal
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm, rankdata

from analysis.cube import GiStar, block_permutation, kendall_s, sen_slope
from analysis.emerging import emerging_hot_spots
from analysis.grid import neighbours
from curim_data.model import FloatArray
from tests.benchmarks.clock import race, seconds
from tests.benchmarks.results import Row, hand_in, hand_in_growth, hand_in_race

SERIES = 10_000
SOME = 200
STEPS = 36
ALERTS = (10_000, 100_000, 1_000_000)


def one_plain(x: FloatArray) -> tuple[float, float, float]:
    """S, p and Sen's slope of one series."""
    n = len(x)
    s = sum(float((x[i + 1 :] > x[i]).sum()) - float((x[i + 1 :] < x[i]).sum()) for i in range(n - 1))
    ties = np.unique(x, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    slopes = [(x[j] - x[i]) / (j - i) for i in range(n - 1) for j in range(i + 1, n)]
    z = (s - np.sign(s)) / np.sqrt(variance)
    return s, float(2 * norm.sf(abs(z))), float(np.median(slopes))


def one_hamed_rao(x: FloatArray) -> float:
    """p of one series with the variance of Hamed and Rao."""
    n = len(x)
    s, _, slope = one_plain(x)
    ties = np.unique(x, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    ranks = rankdata(x - np.arange(1, n + 1) * slope)
    away = ranks - ranks.mean()
    r = np.correlate(away, away, "full")[n:] / (away @ away)
    k = np.flatnonzero(np.abs(r) > norm.ppf(0.975) / np.sqrt(n)) + 1
    factor = 1 + 2 / (n * (n - 1) * (n - 2)) * ((n - k) * (n - k - 1) * (n - k - 2) * r[k - 1]).sum()
    z = (s - np.sign(s)) / np.sqrt(variance * max(factor, 1.0))
    return float(2 * norm.sf(abs(z)))


def all_hamed_rao(x: FloatArray, rows: int = 500) -> FloatArray:
    """p of all series, some hundred at once."""
    return np.concatenate([_some_hamed_rao(x[at : at + rows]) for at in range(0, len(x), rows)])


def _some_hamed_rao(x: FloatArray) -> FloatArray:
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
    z = (s - np.sign(s)) / np.sqrt(variance * np.maximum(factor, 1.0))
    return np.asarray(2 * norm.sf(np.abs(z)))


def all_gistar(counts: FloatArray, near: sparse.csr_array) -> FloatArray:
    """Gi* of all cells in all months, with neighbours of weight one and the cell itself."""
    n, beside = len(counts), np.asarray(near.sum(axis=1))[:, None]
    spread = np.sqrt((beside * n - beside**2) / (n - 1))
    return np.asarray((near @ counts - counts.mean(axis=0) * beside) / (counts.std(axis=0) * spread))


def trends() -> None:
    """The tests themselves."""
    series = np.random.default_rng(0).poisson(3, (SERIES, STEPS)).astype(float)
    some = series[:SOME]
    scale = SERIES / SOME
    print(f"{SERIES:,} series of {STEPS} steps, against one series after the other")
    plain = race(lambda: (kendall_s(series), sen_slope(series)), lambda: [one_plain(x) for x in some], scale=scale)
    print(f"  Kendall's S and Sen's slope: {plain}")
    permuted = seconds(lambda: block_permutation(some, block=3))
    print(f"  999 permutations of {SOME} series in blocks of three: {permuted:.2f} s")
    expected = np.array([one_plain(x) for x in some])
    assert np.allclose(np.column_stack([kendall_s(some), sen_slope(some)]), expected[:, [0, 2]])
    assert np.allclose([one_hamed_rao(x) for x in some], all_hamed_rao(some))
    size = f"{SERIES:,} series of {STEPS} steps"
    hand_in_race("Kendall's S and Sen's slope", size, plain, "one series after the other")


def city(alerts: float) -> tuple[pd.DataFrame, pd.Series, sparse.csr_array]:
    """Counts of a city by cell and month, its land, and its neighbours: one alert a cell and month, 40 dense cells."""
    rings = max(int(np.sqrt(alerts / STEPS / 3)), 3)
    cells = np.sort(h3.grid_disk(h3.latlng_to_cell(37.946, 23.65, 10), rings)).astype(np.int64)
    rng = np.random.default_rng(1)
    density = np.ones(len(cells))
    density[rng.choice(len(cells), min(40, len(cells) // 10), replace=False)] = 60
    columns = pd.date_range("2023-01-01", periods=STEPS, freq="MS")
    counts = pd.DataFrame(rng.poisson(np.outer(density, np.ones(STEPS))), index=cells, columns=columns)
    return counts, pd.Series(0.0174, index=pd.Index(cells, name="cell")), neighbours(cells, 1)


def cube() -> None:
    """The whole analysis: exact tests of every window, correction, Gi*, trends, classes and places."""
    counts, land, near = city(SERIES * STEPS)
    first = seconds(lambda: emerging_hot_spots(counts, land))
    values, weights = counts.to_numpy(float), sparse.csr_array(near).astype(float)
    gi = GiStar.of(values, land.to_numpy(), near, 1)
    z = gi.z(gi.parts_of(np.arange(len(land))))
    binary = libpysal.weights.WSP(sparse.csr_matrix(near - sparse.eye_array(len(counts)))).to_W(silence_warnings=True)
    month = values[:, 0]
    by_esda = esda.G_Local(month, binary, transform="B", star=True, permutations=0)
    assert np.allclose(all_gistar(values, weights)[:, 0], by_esda.Zs)
    scale = len(counts) / SOME

    def ours() -> object:
        return emerging_hot_spots(counts, land)

    batch = race(ours, lambda: all_hamed_rao(all_gistar(values, weights)))
    trend = race(ours, lambda: [one_hamed_rao(row) for row in z[:SOME]], scale=scale)
    gistar = race(ours, lambda: esda.G_Local(month, binary, transform="B", star=True, permutations=0), scale=STEPS)
    size = f"{len(counts):,} cells x {STEPS} months"
    print(f"emerging hot spots, {size}, first {first:.2f} s; again")
    print(f"  Gi* of all months and trends of all cells at once, numpy and scipy: {batch}")
    print(f"  the trends alone, one by one: {trend}")
    print(f"  Gi* alone, month by month by esda: {gistar}")
    print(f"  both: {trend.ratio + gistar.ratio:.0f} times")
    hand_in_race("emerging hot spots", size, batch, "Gi* and trends of all cells at once, numpy and scipy")
    loops = (trend.ratio + gistar.ratio) * trend.ours
    loop = "esda month by month, trends one by one"
    hand_in(Row("emerging hot spots", size, processor=trend.ours, peer=loop, peer_seconds=loops))


def growing() -> None:
    """The whole analysis of more and more alerts, on land that grows with them."""
    times = []
    for alerts in ALERTS:
        counts, land, _ = city(alerts)
        emerging_hot_spots(counts, land)
        times.append(seconds(lambda counts=counts, land=land: emerging_hot_spots(counts, land), 3))  # type: ignore[misc]
        print(f"{alerts:,} alerts, {len(counts):,} cells x {STEPS} months: {times[-1]:.3f} s")
    hand_in_growth("emerging hot spots, land grows with alerts", ALERTS, times)


def main() -> None:
    """All of them."""
    warnings.simplefilter("ignore")
    trends()
    cube()
    growing()


if __name__ == "__main__":
    main()
