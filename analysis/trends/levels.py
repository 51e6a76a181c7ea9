"""Levels of a line of counts: the partition into stretches of one level each, in both directions alike.

Counts are taken as quasi-Poisson round a level that is constant between shifts, times an exposure (the season, and the
part that is reported). Of all partitions into levels of at least `shortest` periods that one is found whose deviance
plus `PENALTY` · ln n · dispersion for each further level is least (optimal partitioning). A single period that differs
from both its neighbours is an event and no level: its count is limited by theirs first.

Jackson, B. et al. (2005). An algorithm for optimal partitioning of data on an interval. IEEE Signal Processing Letters
12, 105-108. Killick, R., Fearnhead, P. and Eckley, I. A. (2012). Optimal detection of changepoints with a linear
computational cost. JASA 107, 1590-1598.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special, stats

from curim_data.model import FloatArray, IntArray

# What a further level costs, in logarithms of the number of periods times the dispersion.
PENALTY: Final = 3.0
# Squared differences are limited to so many times the dispersion, and what is then left of one of normal counts.
_LIMIT: Final = float(stats.chi2.ppf(0.8, 1))
_LEFT: Final = float(stats.chi2.cdf(_LIMIT, 3) + 0.2 * _LIMIT)
# How far a count may lie beyond both its neighbours, in standard deviations.
_REACH: Final = 3.0
# Distances of periods, of which the differences tell the dispersion.
_DISTANCES: Final = (1, 4, 13)


@dataclass(frozen=True)
class Partition:
    """The best partition of a series, and of all that precede its periods.

    `last`: for every number of periods k from 0 to n, where the last level of the first k periods begins. `counts`:
    with events limited; `exposure`: of each. `dispersion`: as `neighbour_dispersion`.
    """

    counts: FloatArray
    exposure: FloatArray
    last: IntArray
    dispersion: float

    @property
    def starts(self) -> list[int]:
        """Where the levels of the whole series begin, in order; the first is 0."""
        found, end = [], len(self.counts)
        while end:
            end = int(self.last[end])
            found.append(end)
        return found[::-1]

    @property
    def levels(self) -> FloatArray:
        """The level of each period: counts for an exposure of 1."""
        starts = self.starts
        if not starts:
            return np.array([])
        rate = np.add.reduceat(self.counts, starts) / np.add.reduceat(self.exposure, starts)
        return np.repeat(rate, np.diff([*starts, len(self.counts)]))


def partition(
    counts: FloatArray,
    exposure: FloatArray,
    shortest: int = 2,
    *,
    free: Collection[int] = (),
    dispersion: float | None = None,
    length: int | None = None,
) -> Partition:
    """The levels of a series.

    Parameters
    ----------
    counts, exposure
        Shape (n,), all known; exposures above zero.
    shortest
        Periods that a level lasts at least.
    free
        Positions at which a level may begin without a cost.
    dispersion
        Variance over mean, if it is known; else `neighbour_dispersion`.
    length
        The n of the cost, if it is not that of the series.
    """
    size = len(counts)
    phi = neighbour_dispersion(counts, exposure) if dispersion is None else dispersion
    y = without_events(counts, exposure, phi)
    total, mass = (np.concatenate([[0.0], np.cumsum(x)]) for x in (y, exposure))
    cost = np.full(size + 1, PENALTY * phi * np.log(max(size if length is None else length, 2)))
    cost[[0, *(at for at in free if 0 < at < size)]] = 0.0
    best, last = np.full(size + 1, -np.inf), np.zeros(size + 1, dtype=np.int64)
    best[0] = 0.0
    for end in range(shortest, size + 1):
        begin = end - shortest + 1
        n = total[end] - total[:begin]
        value = best[:begin] - cost[:begin] + 2 * special.xlogy(n, n / (mass[end] - mass[:begin]))
        last[end] = value.argmax()
        best[end] = value[last[end]]
    return Partition(y, exposure, last, phi)


def neighbour_dispersion(counts: FloatArray, exposure: FloatArray) -> float:
    """Variance over mean of the counts, at least 1, from differences of periods near each other.

    phi = sum min(d², c phi v) / (b sum v) with d the difference of two rates, v its variance if counts were Poisson,
    and b what the limit leaves of a normal difference: a shift or an event touches few of them. The largest over the
    distances of 1, 4 and 13 periods, as far as the series has eight times as many: a level that drifts makes distant
    differences larger, so that more is asked of a shift there.
    """
    found = [1.0]
    for lag in _DISTANCES:
        if lag > 1 and len(counts) < 8 * lag:
            break
        inverse = 1 / exposure[lag:] + 1 / exposure[:-lag]
        apart = (counts[lag:] / exposure[lag:] - counts[:-lag] / exposure[:-lag]) ** 2 / inverse
        level = (counts[lag:] + counts[:-lag]) / (exposure[lag:] + exposure[:-lag])
        if level.any():
            phi = float(apart.sum() / level.sum())
            for _ in range(8):
                phi = float(np.minimum(apart, _LIMIT * phi * level).sum() / level.sum()) / _LEFT
            found.append(phi)
    return max(found)


def without_events(counts: FloatArray, exposure: FloatArray, dispersion: float) -> FloatArray:
    """Counts with those limited that lie beyond both their neighbours by more than three standard deviations.

    The limits on the square-root scale: (sqrt(m) ± 3/2 sqrt(dispersion))², m by the nearer neighbour's rate.
    """
    if len(counts) < 2:
        return counts
    rate = counts / exposure
    left, right = np.append(rate[1], rate[:-1]), np.append(rate[1:], rate[-2])
    reach = _REACH / 2 * np.sqrt(dispersion)
    high = (np.sqrt(np.maximum(left, right) * exposure) + reach) ** 2
    low = np.maximum(np.sqrt(np.minimum(left, right) * exposure) - reach, 0) ** 2
    return np.clip(counts, low, high)
