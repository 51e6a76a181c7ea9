"""When the level of a series changed: steps found together, each with an interval for its time.

Counts are taken as Poisson counts round a level that is constant between steps, times the season, their variance
multiplied by a dispersion. That partition is chosen whose quasi-likelihood, less a penalty for each step, is largest:
an exact search over all partitions (optimal partitioning). The penalty was set by simulation, so that of series without
a step at most 5 in 100 get one.

Jackson, B. et al. (2005). An algorithm for optimal partitioning of data on an interval. IEEE Signal Processing Letters
12, 105-108. Killick, R., Fearnhead, P. and Eckley, I. A. (2012). Optimal detection of changepoints with a linear
computational cost. JASA 107, 1590-1598.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from curim_data.model import FloatArray

# The shortest time that is called a level, in periods, and what a step must gain in twice the log likelihood.
SHORTEST: Final = 8
PENALTY: Final = 14.0
# A step is abrupt where the quarter after it differs from the quarter before by so many standard deviations of such
# differences anywhere in the series: a level that drifts has none.
_QUARTER: Final = 13
_ABRUPT: Final = 3.5
# Below so many counts a period most differences are none, and what is left of them tells nothing of bursts.
_FEW: Final = 10.0
# Distances in periods at which counts are compared to learn how much they scatter: bursts and drift alike.
_LAGS: Final = (1, 4, 13)


@dataclass(frozen=True)
class LevelStep:
    """A step: position of the first period of the new level, its 95 % interval, and the levels a period before, after.

    Levels are counts a period with the season taken out.
    """

    at: int
    first: int
    last: int
    before: float
    after: float


def level_steps(counts: ArrayLike, season: ArrayLike, *, penalty: float = PENALTY) -> tuple[LevelStep, ...]:
    """The steps of a series; `season`: the factor of each period (1: none). Periods that are not known are left out.

    Only abrupt ones: a level that drifts is cut into pieces by any such search. None in fewer than 104 known periods:
    before, a season could pass for a step. Of few counts a period a step has to gain as much by the scatter of the
    levels on both sides too, so that one burst of reports among zeros is no level.
    """
    values, factor = np.asarray(counts, dtype=float), np.asarray(season, dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 104:
        return ()
    y, exposure = values[known], factor[known]
    if not y.any():
        return ()
    phi = dispersion_by_differences(y, exposure)
    total, mass = (np.concatenate([[0.0], np.cumsum(x)]) for x in (y, exposure))
    ends = _partition(total, mass, penalty * phi)
    edges = [0, *ends, len(y)]
    found = []
    for left, at, right in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        first, last = _interval(total, mass, left, at, right, phi)
        before = (total[at] - total[left]) / (mass[at] - mass[left])
        after = (total[right] - total[at]) / (mass[right] - mass[at])
        few = total[-1] < _FEW * mass[-1]
        if (few and _gained(y, exposure, left, at, right) < penalty) or not _is_abrupt(total, mass, at):
            continue
        found.append(LevelStep(int(known[at]), int(known[first]), int(known[last]), float(before), float(after)))
    return tuple(found)


def dispersion_by_differences(counts: FloatArray, exposure: FloatArray) -> float:
    """Variance over mean of the counts, at least 1: the largest over three distances of the median squared difference.

    A step touches few differences and a median not at all; a level that drifts makes distant ones larger, so that more
    is asked of a step there. Few alerts make medians coarse: there the mean of differences, the largest tenth cut, is
    taken.
    """
    rate = counts.sum() / exposure.sum()
    found = [1.0]
    for lag in _LAGS:
        apart = counts[lag:] / exposure[lag:] - counts[:-lag] / exposure[:-lag]
        level = np.maximum((counts[lag:] + counts[:-lag]) / (exposure[lag:] + exposure[:-lag]), rate / 4)
        square = apart**2 / (level * (1 / exposure[lag:] + 1 / exposure[:-lag]))
        if rate >= _FEW:
            found.append(float(np.median(square)) / float(stats.chi2.ppf(0.5, 1)))
        else:
            kept = np.sort(square)[: int(0.9 * len(square))]
            found.append(float(kept.mean()) / _CUT)
    return max(found)


# The mean of the smallest nine tenths of squared standard normal numbers.
_CUT: Final = float(stats.chi2.cdf(stats.chi2.ppf(0.9, 1), 3) / 0.9)


def _gain(total: FloatArray, mass: FloatArray) -> FloatArray:
    """Twice the log likelihood of segments with these counts and exposures, up to what all partitions share."""
    return np.asarray(2 * special.xlogy(total, total / mass), dtype=float)


def _partition(total: FloatArray, mass: FloatArray, penalty: float) -> list[int]:
    """Ends of all segments but the last, of the partition with the largest penalised likelihood."""
    size = len(total) - 1
    best = np.full(size + 1, -np.inf)
    best[0] = 0.0
    back = np.zeros(size + 1, dtype=int)
    ends_of, starts = np.tril_indices(size + 1, -SHORTEST)  # of each end all places where its segment can begin
    gain = _gain(total[ends_of] - total[starts], mass[ends_of] - mass[starts])
    read = 0
    for end in range(SHORTEST, size + 1):
        some = end - SHORTEST + 1
        value = best[:some] + gain[read : read + some]
        value[1:] -= penalty
        read += some
        back[end] = int(value.argmax())
        best[end] = value[back[end]]
    ends, at = [], int(back[size])
    while at:
        ends.append(at)
        at = int(back[at])
    return ends[::-1]


def _gained(y: FloatArray, exposure: FloatArray, left: int, at: int, right: int) -> float:
    """What a step gains by the larger dispersion (Pearson's, at least 1) of the levels on both sides."""
    gain, phi = 0.0, 1.0
    for start, end, sign in ((left, at, 1), (at, right, 1), (left, right, -1)):
        count, mass = y[start:end].sum(), exposure[start:end].sum()
        gain += sign * float(_gain(count, mass))
        if sign > 0 and count:
            usual = exposure[start:end] * count / mass
            phi = max(phi, float(((y[start:end] - usual) ** 2 / usual).sum()) / (end - start - 1))
    return gain / phi


def _is_abrupt(total: FloatArray, mass: FloatArray, at: int) -> bool:
    """Whether the quarters on both sides of a step differ by more than quarters of this series do."""
    places = np.arange(_QUARTER, len(total) - _QUARTER)
    after = np.log((total[places + _QUARTER] - total[places] + 0.5) / (mass[places + _QUARTER] - mass[places]))
    before = np.log((total[places] - total[places - _QUARTER] + 0.5) / (mass[places] - mass[places - _QUARTER]))
    apart = np.abs(after - before)
    spread = 1.4826 * float(np.median(apart))
    here = int(np.clip(at, places[0], places[-1])) - int(places[0])
    return bool(apart[here] > _ABRUPT * spread)


def _interval(
    total: FloatArray, mass: FloatArray, left: int, at: int, right: int, phi: float, level: float = 0.95
) -> tuple[int, int]:
    """The middle 95 % of where a step between two others may lie, each place as likely as its likelihood says."""
    places = np.arange(left + SHORTEST, right - SHORTEST + 1)
    gain = _gain(total[places] - total[left], mass[places] - mass[left])
    gain += _gain(total[right] - total[places], mass[right] - mass[places])
    weight = np.exp((gain - gain.max()) / (2 * phi))
    below = np.cumsum(weight) / weight.sum()
    tail = (1 - level) / 2
    first = int(places[int(np.searchsorted(below, tail))])
    last = int(places[min(int(np.searchsorted(below, 1 - tail)), len(places) - 1)])
    return min(first, at), max(last, at)
