"""Mann–Kendall for many series, and emerging hot spots, against one series after the other.

Run with `make bench` or `python -m tests.benchmarks emerging`. The naive way tests each cell alone, as the packages of
the field do: S by comparing each value with all later ones, Sen's slope from every pair, ties and ranks per series. It
is timed on some of the cells and scaled up; its results must be ours. (pymannkendall 1.4.3, no dependency here, took
about 2.6 times as long as the plain loop and 1.5 times as long as the one of Hamed and Rao by the same clock.) What a
user of these packages would write for the whole has Gi* of every month by `esda.G_Local` before that loop.
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

from analysis.emerging.detection import emerging_hot_spots
from analysis.grid.cells import neighbours
from analysis.stats.mann_kendall import block_permutation, hamed_rao, mann_kendall
from curim_data.model import FloatArray
from tests.benchmarks.clock import race, seconds

SERIES = 10_000
SOME = 200
STEPS = 36


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


def trends() -> None:
    """The tests themselves."""
    series = np.random.default_rng(0).poisson(3, (SERIES, STEPS)).astype(float)
    some = series[:SOME]
    scale = SERIES / SOME
    print(f"{SERIES:,} series of {STEPS} steps, against one series after the other")
    plain = race(lambda: mann_kendall(series), lambda: [one_plain(x) for x in some], scale=scale)
    print(f"  Mann-Kendall and Sen's slope: {plain}")
    wide = race(lambda: hamed_rao(series), lambda: [one_hamed_rao(x) for x in some], scale=scale)
    print(f"  with the variance of Hamed and Rao: {wide}")
    permuted = seconds(lambda: block_permutation(some, block=3))
    print(f"  999 permutations of {SOME} series in blocks of three: {permuted:.2f} s")
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
    near = neighbours(cells, 1)
    first = seconds(lambda: emerging_hot_spots(counts, land))
    z = emerging_hot_spots(counts, land).z
    binary = libpysal.weights.WSP(sparse.csr_matrix(near - sparse.eye_array(len(cells)))).to_W(silence_warnings=True)
    month = counts.to_numpy(float)[:, 0]
    scale = len(cells) / SOME
    trend = race(
        lambda: emerging_hot_spots(counts, land), lambda: [one_hamed_rao(row) for row in z[:SOME]], scale=scale
    )
    gistar = race(
        lambda: emerging_hot_spots(counts, land),
        lambda: esda.G_Local(month, binary, transform="B", star=True, permutations=0),
        scale=STEPS,
    )
    print(f"emerging hot spots, {len(cells):,} cells x {STEPS} months, first {first:.2f} s; again")
    print(f"  the trends alone, one by one: {trend}")
    print(f"  Gi* alone, month by month by esda: {gistar}")
    print(f"  both: {trend.ratio + gistar.ratio:.0f} times")


def main() -> None:
    """Both."""
    warnings.simplefilter("ignore")
    trends()
    cube()


if __name__ == "__main__":
    main()
