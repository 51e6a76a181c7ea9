"""Mann–Kendall for many series, and emerging hot spots, against one series after the other.

Run with `make bench` or `python -m tests.benchmarks emerging`. The naive way tests each cell alone, as the packages of
the field do: S by comparing each value with all later ones, Sen's slope from every pair, ties and ranks per series. It
is timed on some of the cells and scaled up; its results must be ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from analysis.emerging import emerging
from analysis.grid import neighbours
from analysis.mann_kendall import Floats, block_permutation, hamed_rao, mann_kendall

SERIES = 10_000
SOME = 200
STEPS = 36


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The best of some runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def one_plain(x: Floats) -> tuple[float, float, float]:
    """S, p and Sen's slope of one series."""
    n = len(x)
    s = sum(float((x[i + 1 :] > x[i]).sum()) - float((x[i + 1 :] < x[i]).sum()) for i in range(n - 1))
    ties = np.unique(x, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    slopes = [(x[j] - x[i]) / (j - i) for i in range(n - 1) for j in range(i + 1, n)]
    z = (s - np.sign(s)) / np.sqrt(variance)
    return s, float(2 * norm.sf(abs(z))), float(np.median(slopes))


def one_hamed_rao(x: Floats) -> float:
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


def trends() -> None:
    """The tests themselves."""
    series = np.random.default_rng(0).poisson(3, (SERIES, STEPS)).astype(float)
    some = series[:SOME]
    scale = SERIES / SOME
    print(f"{SERIES:,} series of {STEPS} steps    ours     one by one   ratio")
    ours = seconds(lambda: mann_kendall(series))
    naive = seconds(lambda: [one_plain(x) for x in some], 1) * scale
    print(f"Mann–Kendall, Sen's slope      {ours:6.3f} s  {naive:8.2f} s   {naive / ours:5.0f} times")
    ours = seconds(lambda: hamed_rao(series))
    naive = seconds(lambda: [one_hamed_rao(x) for x in some], 1) * scale
    print(f"with Hamed and Rao's variance  {ours:6.3f} s  {naive:8.2f} s   {naive / ours:5.0f} times")
    permuted = seconds(lambda: block_permutation(some, block=3), 1)
    print(f"999 permutations of {SOME} series in blocks of three: {permuted:.2f} s")
    found, expected = mann_kendall(some), np.array([one_plain(x) for x in some])
    assert np.allclose(np.column_stack([found.s, found.p, found.slope]), expected)
    assert np.allclose(hamed_rao(some).p, [one_hamed_rao(x) for x in some])


def cube() -> None:
    """The whole analysis: exact tests of every window, correction, Gi*, trends, classes and places."""
    rings = int(np.sqrt(SERIES / 3))
    cells = np.sort(h3.grid_disk(h3.latlng_to_cell(37.946, 23.65, 10), rings)).astype(np.int64)
    rng = np.random.default_rng(1)
    density = np.ones(len(cells))
    density[rng.choice(len(cells), 40, replace=False)] = 60
    columns = pd.date_range("2023-01-01", periods=STEPS, freq="MS")
    counts = pd.DataFrame(rng.poisson(np.outer(density, np.ones(STEPS))), index=cells, columns=columns)
    land = pd.Series(0.0174, index=pd.Index(cells, name="cell"))
    neighbours(cells, 1)
    first, again = seconds(lambda: emerging(counts, land), 1), seconds(lambda: emerging(counts, land), 2)
    print(f"emerging hot spots, {len(cells):,} cells x {STEPS} months: first {first:.2f} s, again {again:.2f} s")
    z = emerging(counts, land).z
    naive = seconds(lambda: [one_hamed_rao(row) for row in z[:SOME]], 1) * len(cells) / SOME
    print(f"  the trends alone one by one: {naive:.1f} s ({naive / again:.0f} times all of it)")


def main() -> None:
    """Both."""
    trends()
    cube()


if __name__ == "__main__":
    main()
