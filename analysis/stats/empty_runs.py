"""Runs of days (or months) without any alert that chance does not explain: what a source probably did not cover.

A run of g empty days is compared with the d days around it on one side, in which k alerts came. Had the same rate held
in both, each of the k alerts would lie in the d days with probability D / (D + G), where D and G sum a weekly profile
over the days of both (d and g where weekdays are alike), so that all of them do with probability (1 + G / D)^-k: the
exact conditional test of two Poisson counts (Przyborowski and Wilenski 1940) of which one is zero. With the dispersion
a of weekly sums, known from m pairs of neighbouring weeks, and v = m / 3 or 2 (1 / a then has a gamma distribution),

    p = (1 + k log(1 + G / D) / (a v))^-v.

The larger p of both sides holds: a source that grew, or faded out, has a side with as few alerts as the run. Of a side
no longer than the run, where the data end, p below 0.003 is enough.

- k counts no day beyond the nine-tenths quantile of the days around, and is at most -d log(share of days without any):
  days on which hundreds were sent in speak for one lively day, and several reports of one event for one event.
- a is the mean of (y_t - y_(t-1))^2 / (y_t + y_(t-1)) over the side's weeks within a year (or its months
  with alerts within two), at least 1.
- Where other years are known, G / D is at most what their same days say: a season without alerts is no gap.
- Every run begins with an empty day, so p is that of the further ones; the shortest that can be named has two. A run
  is named where p is below 0.05 divided by the number of all runs (of a source of over four years, of a share of them
  that four years have).

Named runs are left out of the surroundings of the others, until no further one is named.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from curim_data.model import BoolArray, FloatArray, IntArray

UNEXPECTED: Final = 0.05
# Days or months around a run on each side: three times as many as it is long, within these bounds.
AROUND: Final = {"day": (56, 365), "month": (6, 24)}
BLOCK: Final = {"day": 7, "month": 1}
YEAR: Final = {"day": 365.25, "month": 12.0}
LIVELY: Final = 0.9
ENOUGH_PAIRS: Final = 26  # of neighbouring weeks on one side, from which on its own dispersion holds
# A side that is no longer than the run itself, since the data end there, cannot reach the limit: this is asked of it.
SHORT_SIDE: Final = 0.003
# A source with a weekday that has less than this share of an average one is closed for holidays too: shorter runs of
# it are not named.
CLOSED: Final = 0.05
LONGEST_HOLIDAYS: Final = 15
Unit = Literal["day", "month"]


def empty_runs(
    counts: npt.ArrayLike, unit: Unit = "day", *, weekday: int = 0, edges: bool = False
) -> list[tuple[int, int]]:
    """The runs without any alert that chance does not explain.

    Parameters
    ----------
    counts : array, shape (n,)
        Alerts of one source by day or month, none left out.
    unit : {"day", "month"}
        What a step is.
    weekday : int
        Weekday of the first day (0 Monday).
    edges : bool
        Whether runs at the beginning and the end, which have one side, are looked at too.

    Returns
    -------
    list of tuple
        First step and the step after the last one of each, in order.
    """
    n = np.asarray(counts, float)
    if not n.any():
        return []
    days = (np.arange(len(n)) + weekday) % 7 if unit == "day" else np.zeros(len(n), int)
    runs = np.flatnonzero(np.diff(n == 0, prepend=False, append=False)).reshape(-1, 2).tolist()
    limit = UNEXPECTED * max(1.0, len(n) / (4.0 * YEAR[unit])) / max(1, len(runs))
    looked_at = [
        (first, stop)
        for first, stop in runs
        if stop - first >= _shortest(n, days, unit) and (edges or (first > 0 and stop < len(n)))
    ]
    covered, known = np.ones(len(n), bool), -1
    found: list[tuple[int, int]] = []
    while len(found) > known:
        known = len(found)
        found = [(first, stop) for first, stop in looked_at if _improbable(n, covered, days, first, stop, unit, limit)]
        for first, stop in found:
            covered[first:stop] = False
    return found


def _shortest(n: FloatArray, days: IntArray, unit: Unit) -> int:
    if unit == "month":
        return 1
    by_weekday = np.bincount(days, n, 7)
    return LONGEST_HOLIDAYS if by_weekday.min() < CLOSED * by_weekday.mean() else 2


def _improbable(
    n: FloatArray, covered: BoolArray, days: IntArray, first: int, stop: int, unit: Unit, limit: float
) -> bool:
    """Whether on both sides the steps first to stop - 1 are empty with a probability below the limit."""
    least, most = AROUND[unit]
    wide = min(most, max(least, 3 * (stop - first)))
    known = np.flatnonzero(covered)
    at, beyond = np.searchsorted(known, [first, stop])
    years = [known[max(0, at - most) : at][::-1], known[beyond : beyond + most]]
    sides = [year[:wide] for year in years]
    run = np.arange(first + (unit == "day"), stop)
    for side in sides:  # not even with dispersion 1 and the run on the busiest weekdays: the others need no more work
        if len(side) > len(run) and (1.0 + 7.0 * len(run) / len(side)) ** -n[side].sum() > limit:
            return False
    around = np.concatenate(sides)
    n = np.minimum(n, max(1.0, float(np.quantile(n[around], LIVELY))))
    profile = (np.bincount(days[around], n[around], 7) + 0.5) / (np.bincount(days[around], minlength=7) + 1.0)
    pairs = [_pairs(n[year] if unit == "day" else n[year][n[year] > 0], BLOCK[unit]) for year in years]
    for side, own in zip(sides, pairs, strict=True):
        if not len(side):
            continue
        z = own if len(own) >= ENOUGH_PAIRS else np.concatenate(pairs)
        k = n[side].sum() / max(1.0, z.mean() if len(z) else 1.0)
        if unit == "day":
            k = min(k, -len(side) * np.log1p(-(np.count_nonzero(n[side]) + 0.5) / (len(side) + 1.0)))
        half = max(2.0, len(z) / 3.0)
        ratio = profile[days[run]].sum() / profile[days[side]].sum()
        in_run, beside = _other_years(n, covered, run, side, YEAR[unit])
        ratio = min(ratio, (in_run + ratio) / (beside + 1.0))
        if (1.0 + k * np.log1p(ratio) / half) ** -half >= (limit if len(side) > len(run) else max(limit, SHORT_SIDE)):
            return False
    return True


def _pairs(side: FloatArray, block: int) -> FloatArray:
    """(y_t - y_(t-1))^2 / (y_t + y_(t-1)) of the neighbouring blocks with alerts; their mean is the dispersion."""
    sums = side[: len(side) // block * block].reshape(-1, block).sum(axis=1)
    both = sums[1:] + sums[:-1]
    return np.asarray(np.diff(sums)[both > 0] ** 2 / both[both > 0])


def _other_years(n: FloatArray, covered: BoolArray, run: IntArray, side: IntArray, year: float) -> tuple[float, float]:
    """Alerts in the same days as the run and as one of its sides in all other years that are known there."""
    in_run = beside = 0.0
    low, high = min(run.min(), side.min()), max(run.max(), side.max())
    for number in range(-int(low / year), int((len(n) - 1 - high) / year) + 1):
        shift = round(number * year)
        if number and low + shift >= 0 and high + shift < len(n) and covered[run + shift].all():
            in_run, beside = in_run + n[run + shift].sum(), beside + n[side + shift].sum()
    return float(in_run), float(beside)
