"""Knox with 99 permutations against the wisest code and plain code in numpy, and how its time grows.

The data are the 11,701 burglaries of Chicago in 2016 where ../shared/data is there, else points of the same number. The
fairest peer finds near pairs and their distance bands once and counts codes for each permutation. The plain one holds
all pairs by row, as straightforward code does: its time is measured on a few permutations. For the growth cases lie as
densely at each size, so that near pairs grow with them and not with their square.
(pointpats 2.5.5, no dependency here, took 91 times as long as ours for one band of 200 m and 7 days with 99
permutations, by the same clock and with the same count of pairs.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from analysis.space_time import knox
from tests.benchmarks.clock import race, seconds
from tests.benchmarks.results import hand_in_growth, hand_in_race

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "oracles" / "chicago_burglary_2014_2017.csv"
SIZES = (10_000, 100_000, 1_000_000)
SPACE, TIME = (0.1, 200, 400, 600), (7, 14, 21)


def burglaries() -> tuple[Any, Any, Any]:
    """Coordinates in metres and days of a year."""
    if not FILE.exists():
        rng = np.random.default_rng(0)
        middle = rng.uniform(0, 30_000, (1500, 2))[rng.integers(0, 1500, 11_701)]
        x, y = (middle + rng.normal(0, 300, middle.shape)).T
        return x, y, rng.integers(0, 366, 11_701)
    table = pd.read_csv(FILE)
    date = pd.to_datetime(table.date_single, format="%d/%m/%Y")
    year = date.dt.year == 2016
    days = (date[year] - pd.Timestamp("2016-01-01")).dt.days
    return table.x[year].to_numpy(), table.y[year].to_numpy(), days.to_numpy()


def plain(x: Any, y: Any, days: Any, share: int) -> Any:
    """One table of counts from every `share`-th row of all pairs."""
    found = np.zeros((len(SPACE) + 1, len(TIME) + 1), dtype=np.int64)
    for at in range(0, len(x) - 1, share):
        near = np.searchsorted(SPACE, np.hypot(x[at + 1 :] - x[at], y[at + 1 :] - y[at]))
        soon = np.searchsorted(TIME, np.abs(days[at + 1 :] - days[at]))
        found += np.bincount(near * found.shape[1] + soon, minlength=found.size).reshape(found.shape)
    return found[:-1, :-1]


def against_plain(x: Any, y: Any, days: Any) -> None:
    """Knox: all permutations of ours, one twentieth of a table of the peer's."""

    def ours() -> Any:
        return knox(x, y, days, space=SPACE, time=TIME, permutations=99)

    size = f"{len(x):,} cases, 99 permutations"
    print(f"{size}, {ours().pairs:,} pairs within 600 m")
    assert np.array_equal(coded(x, y, days, 1), plain(x, y, days, 1))
    peers = {
        "near pairs once, bincount of their codes each time": race(ours, lambda: coded(x, y, days), rounds=3),
        "near pairs once, histogram2d each time": race(ours, lambda: frugal(x, y, days), rounds=3),
        "all pairs in numpy, row by row": race(ours, lambda: plain(x, y, days, 20), scale=20 * 100, rounds=3),
    }
    for name, found in peers.items():
        print(f"  {name}: {found}")
        hand_in_race("near repeat (Knox)", size, found, name)


def coded(x: Any, y: Any, days: Any, tables: int = 100) -> Any:
    """The fairest peer: near pairs and their distance band once, then one count of codes for each table; the first."""
    points, rng = np.column_stack([x, y]), np.random.default_rng(0)
    first, second = cKDTree(points).query_pairs(SPACE[-1], output_type="ndarray").T
    gap, wide = np.hypot(*(points[first] - points[second]).T), len(TIME) + 1
    row = np.searchsorted(SPACE, gap) * wide
    column = np.searchsorted(TIME, np.arange(np.ptp(days) + 1))
    found, shuffled = [], days
    for _ in range(tables):
        codes = row + column[np.abs(shuffled[first] - shuffled[second])]
        found.append(np.bincount(codes, minlength=len(SPACE) * wide)[: len(SPACE) * wide])
        shuffled = rng.permutation(days)
    return found[0].reshape(len(SPACE), wide)[:, : len(TIME)]


def growing() -> None:
    """Knox with 9 permutations of more and more cases, as dense as a city's."""
    times = []
    for cases in SIZES:
        rng = np.random.default_rng(0)
        side, places = 30_000 * np.sqrt(cases / 11_701), cases // 8
        middle = rng.uniform(0, side, (places, 2))[rng.integers(0, places, cases)]
        x, y = (middle + rng.normal(0, 300, middle.shape)).T
        days = rng.integers(0, 366, cases)
        times.append(seconds(lambda x=x, y=y, days=days: knox(x, y, days, space=SPACE, time=TIME, permutations=9)))  # type: ignore[misc]
        print(f"{cases:,} cases, 9 permutations: {times[-1]:.2f} s")
    hand_in_growth("near repeat (Knox), 9 permutations, as dense", SIZES, times)


def frugal(x: Any, y: Any, days: Any) -> None:
    """A wiser peer: distances once, then a two-dimensional histogram for each of a hundred tables."""
    points, rng = np.column_stack([x, y]), np.random.default_rng(0)
    first, second = cKDTree(points).query_pairs(SPACE[-1], output_type="ndarray").T
    gap = np.hypot(*(points[first] - points[second]).T)
    for _ in range(100):
        shuffled = rng.permutation(days)
        np.histogram2d(gap, np.abs(shuffled[first] - shuffled[second]), [[0, *SPACE], [0, *TIME]])


def main() -> None:
    """All of them."""
    against_plain(*burglaries())
    growing()


if __name__ == "__main__":
    main()
