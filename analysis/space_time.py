"""Near repeats: incidents out of alerts, and the Knox test.

From alerts to incidents, by a plain rule: which alerts tell of the same event, for studies in which a second report
of one event must not pass for a second event.

An incident begins with its first alert (the leader); later alerts of the same category near that one and soon after it
belong to it. Nearness is to the first alert alone, so that incidents make no chains: the leader algorithm of Hartigan
(1975), Clustering Algorithms, chapter 3, in space and time.

Near repeats: are alerts that are close in space also close in time, more often than expected under the null
hypothesis (Knox)?
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import hypot
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import poisson

from analysis.stats.intervals import Choice, Result
from analysis.stats.significance import benjamini_hochberg
from curim_data.model import N_, FloatArray, IntArray, Message, Num, Translator
from curim_data.model.progress import report

METRES: Final = 50.0
HOURS: Final = 2.0


def first_alerts(x: Any, y: Any, hours: Any, category: Any, same: Any) -> IntArray:
    """For each alert the row of the first alert of its incident, itself where it is the first.

    In the order of their times (equal ones, and unknown ones at the end, as they are given) an alert belongs to the
    incident of the alerts with its number in its source, or else to the earliest incident of its category whose first
    alert is at most 50 m and two hours away, or else begins one.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Metres.
    hours : array, shape (n,)
        Hours since any origin; an alert without a time (NaN) or place is near no other.
    category : array, shape (n,)
        Any labels.
    same : array of int, shape (n,)
        A number for the source's own incident, below 0 where it has none.

    Returns
    -------
    array of int, shape (n,)
    """
    places = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
    times, labels = np.asarray(hours, float), np.asarray(category)
    known = np.isfinite(times) & np.isfinite(places).all(axis=1)
    squares = np.floor(np.where(known[:, None], places, 0.0) / METRES).astype(int).tolist()
    first, of_number = np.arange(len(times)), dict[int, int]()
    begun: defaultdict[tuple[Any, int, int], deque[int]] = defaultdict(deque)  # first alerts, the earliest first
    for row, number in ((int(at), int(same[at])) for at in np.argsort(times, kind="stable")):
        if number >= 0 and number in of_number:
            first[row] = of_number[number]
            continue
        (column, line), near = squares[row], list[int]()
        for right, up in product((-1, 0, 1), repeat=2) if known[row] else ():
            others = begun.get((labels[row], column + right, line + up), deque())
            while others and times[row] - times[others[0]] > HOURS + 1e-9:
                others.popleft()
            near += (other for other in others if hypot(*(places[row] - places[other])) <= METRES + 1e-6)
        first[row] = min(near, key=lambda other: (times[other], other), default=row)
        if first[row] == row and known[row]:
            begun[labels[row], column, line].append(row)
        if number >= 0:
            of_number[number] = int(first[row])
    return first


REPEAT_M: Final = 0.1  # the same place again

SPACE_M: Final = (REPEAT_M, 100.0, 200.0, 300.0, 400.0)

TIME_DAYS: Final = (7.0, 14.0, 21.0, 28.0)


def bands_for(precision_m: float = 0.0) -> tuple[float, ...]:
    """Upper edges in metres of the bands that the data can tell apart: steps of 100 m, wider for coarser coordinates.

    A step is never below twice the precision: two points rounded to 100 m may lie 100 m closer or farther than they
    seem. The band of exact repeats is kept only where the precision is 10 m or finer, for coarser coordinates make
    neighbours into repeats.
    """
    step = max(100.0, float(np.ceil(2 * precision_m / 50) * 50))
    repeats = (REPEAT_M,) if precision_m <= 10 else ()
    return (*repeats, *(step * k for k in range(1, 5)))


def thin_points(points: FloatArray, reach: float, most_pairs: int, seed: int) -> tuple[IntArray, tuple[Choice, ...]]:
    """Alerts to test so that at most about `most_pairs` pairs lie within `reach`, and the note on it.

    Pairs are counted without listing them. A share f of the alerts has f² of the pairs; the alerts are drawn at
    random, in halves after that should chance leave too many.
    """
    kept, rng = np.arange(len(points)), np.random.default_rng(seed)
    while len(kept) > 1:
        tree = cKDTree(points[kept])
        pairs = (int(tree.count_neighbors(tree, reach)) - len(kept)) // 2
        if pairs <= most_pairs:
            break
        share = min(0.99, float(np.sqrt(most_pairs / pairs)))
        kept = np.sort(rng.choice(kept, int(share * len(kept)), replace=False))
    if len(kept) == len(points):
        return kept, ()
    return kept, (random_part(len(kept), len(points)),)


def random_part(used: int, of: int) -> Choice:
    """That only a part of the alerts is used, drawn at random."""
    return Choice("drawn", used, Message("A random {used} of {n} alerts were used.", {"used": used, "n": of}))


Closed = Literal["right", "left"]

SearchSide = Literal["left", "right"]

MIN_RATIO: Final = 1.2  # a convention of the field: smaller excesses are called no pattern

ALPHA: Final = 0.05

MAX_PAIRS: Final = 20_000_000

_TICKS: Final = 1_000_000  # distances and times are distinguished to a millionth of a metre or day

_BLOCK: Final = 1 << 16

_SHUFFLING: Final = Message("Shuffling the dates of the incidents")


_NEAREST: Final = N_("Within {high} m of an incident")
_FARTHER: Final = N_("{low} to {high} m from an incident")
_SOON: Final = N_("within {high} days")
_LATER: Final = N_("{low} to {high} days apart")


@dataclass(frozen=True)
class Interval:
    """A band of distances or of times, in metres or days, with its ends as computed."""

    low: float
    high: float
    with_low: bool
    with_high: bool

    def __str__(self) -> str:
        opening, closing = "[" if self.with_low else "(", "]" if self.with_high else ")"
        return f"{opening}{self.low:g}, {self.high:g}{closing}".replace("inf", "∞")

    def label(self, t: Translator) -> str:
        """The same with the reader's numbers, and a semicolon between them where numbers have a comma in them."""
        low, high = (t.number(end, 0 if end.is_integer() else 1) for end in (self.low, self.high))
        between = "; " if "," in t.number(0.1, 1) + low + high else ", "
        return f"{str(self)[0]}{low}{between}{high}{str(self)[-1]}"


def intervals(edges: Sequence[float], closed: Closed) -> tuple[Interval, ...]:
    """Bands between edges: [0, a], (a, b], ... closed on the right, or [0, a), [a, b), ... closed on the left."""
    return tuple(
        Interval(float(low), float(high), k == 0 or closed == "left", closed == "right" and bool(np.isfinite(high)))
        for k, (low, high) in enumerate(zip((0.0, *edges[:-1]), edges, strict=True))
    )


@dataclass(frozen=True)
class Band:
    """One band of distance and time.

    `observed`: pairs of alerts; `mean`, `median`: of the permutations; `ratio`: observed / mean, `ratio_median`:
    observed / median (infinite where none is expected under the null hypothesis, NaN where there is nothing at all);
    `p`: permutation p-value; `q`: after Benjamini and Hochberg over all bands of the result; `closed_form`: N_s N_t /
    (n (n - 1) / 2); `poisson_p`: P(X >= observed) for X Poisson with that mean, the observed count included; `low`,
    `high`: the middle 95 % of the counts expected under the null hypothesis; `repeat`: the same place again (0.1 m),
    not a near repeat; `pattern`: ratio of 1.2 or more and q < .05; `least`: the smallest p that so many permutations
    can give.
    """

    space: Interval
    time: Interval
    observed: int
    mean: float
    median: float
    low: float
    high: float
    ratio: float
    ratio_median: float
    p: float
    q: float
    closed_form: float
    poisson_p: float
    repeat: bool
    pattern: bool
    least: float = 0.0

    def sentence(self, t: Translator) -> str:
        """How many times as many pairs as expected under the null hypothesis, in plain words."""
        values = {
            "where": _where(self),
            "when": _when(self),
            "pairs": self.observed,
            "expected": Num(self.mean, 1),
            "ratio": Num(self.ratio, 1),
            "p": t.p(self.q, least=self.p <= self.least),
        }
        if not np.isfinite(self.ratio):
            return t(
                ("{where} and {when}: {pairs} pairs of alerts where none would be expected by chance ({p})."), **values
            )
        return t(
            "{where} and {when} there are {ratio} times as many further incidents as expected by chance ({pairs} "
            "pairs against {expected}, {p}).",
            **values,
        )


def _where(band: Band) -> Message:
    nearest = band.space.low <= REPEAT_M
    return Message(_NEAREST if nearest else _FARTHER, _ends(band.space))


def _when(band: Band) -> Message:
    return Message(_SOON if band.time.low == 0 else _LATER, _ends(band.time))


def _ends(of: Interval) -> dict[str, int | Num]:
    ends = {"low": of.low, "high": of.high}
    return {name: int(end) if np.isfinite(end) and end == int(end) else Num(end, 1) for name, end in ends.items()}


@dataclass(frozen=True)
class KnoxResult(Result):
    """All bands, nearest and soonest first.

    `n` alerts were given, `n_used` were tested (fewer only where they were thinned); `pairs`: pairs within the largest
    distance. `samples`: counts of every permutation, shape (permutations, distances, times).
    """

    n_used: int
    pairs: int
    closed: Closed
    permutations: int
    bands: tuple[Band, ...]
    samples: IntArray

    @property
    def repeats(self) -> tuple[Band, ...]:
        """Bands of the same place again."""
        return tuple(band for band in self.bands if band.repeat)

    @property
    def near(self) -> tuple[Band, ...]:
        """Bands of other places, near by."""
        return tuple(band for band in self.bands if not band.repeat)

    @property
    def patterns(self) -> tuple[Band, ...]:
        """Near bands with clearly more pairs than expected under the null hypothesis."""
        return tuple(band for band in self.near if band.pattern)

    def frame(self) -> pd.DataFrame:
        """The bands as a table: space and time in interval notation, then the numbers of `Band`."""
        return pd.DataFrame(
            [{**vars(band), "space": str(band.space), "time": str(band.time)} for band in self.bands]
        ).drop(columns="least")

    def sentence(self, t: Translator) -> str:
        """The nearest and soonest pattern in plain words, or that there is none."""
        if not any(band.observed or band.mean for band in self.near):
            return t("Too few incidents lie near each other to look for near repeats.")
        if self.patterns:
            return self.patterns[0].sentence(t)
        slight = [band for band in self.near if band.q < ALPHA and 1 < band.ratio < MIN_RATIO]
        if slight:
            most = max(slight, key=lambda band: band.ratio)
            return t(
                "No clear near repeats: where there are more incidents than expected by chance, there are at most "
                "{ratio} times as many ({p}); from {least} times on it counts as a pattern.",
                ratio=Num(most.ratio, 2),
                p=t.p(most.q, least=most.p <= most.least),
                least=Num(MIN_RATIO, 1),
            )
        return t("No near repeats: nowhere are there clearly more incidents soon and near by than expected by chance.")


def knox(
    x: Any,
    y: Any,
    days: Any,
    *,
    space: Sequence[float] = SPACE_M,
    time: Sequence[float] = TIME_DAYS,
    closed: Closed = "right",
    permutations: int = 999,
    seed: int = 0,
    most_pairs: int = MAX_PAIRS,
) -> KnoxResult:
    """Count pairs of alerts by distance and time between them, and compare with shuffled dates.

        ratio = N_st / mean of N_st over the permutations        p = (1 + #{permutations with N >= N_st}) / (M + 1)

    Each permutation reassigns the dates to the places; places and dates stay as they are, so density and season
    explain nothing that is found. B bands need more than 20 B permutations, or the correction leaves no single band
    below .05. Only pairs within the largest distance are looked at. Where there are more than
    `most_pairs` of them (piles), a random share of the alerts is tested: ratios stay what they are, p-values become
    more careful; `n_used` and a `Choice` tell so. Distances and times are rounded to a millionth of a metre and of a
    day before they are compared with an edge, so that a pair exactly 100 m apart is not moved by the computer's
    arithmetic. Take duplicate reports out first (`first_alerts`), or the repeats are an artefact.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Projected coordinates in metres.
    days : array, shape (n,)
        Days since any origin; parts of a day are allowed.
    space, time : increasing numbers
        Upper edges of the bands in metres and days; the last may be infinite.
    closed : "right" or "left"
        Which end of a band belongs to it: [0, a], (a, b] or [0, a), [a, b).

    References
    ----------
    Knox, E. G. (1964). Applied Statistics 13, 25-29.
    Johnson, S. D. et al. (2007). Journal of Quantitative Criminology 23, 201-219.
    """
    points, when = np.column_stack([np.asarray(x, float), np.asarray(y, float)]), np.asarray(days, float)
    given = len(points)
    kept, choice = thin_points(points, float(space[-1]), most_pairs, seed)
    points, when = points[kept], when[kept]
    side: SearchSide = "left" if closed == "right" else "right"
    ticks, edges = _ticks(when, time, side)
    first, second, starts = _near_pairs(points, np.asarray(space, dtype=float), side)
    counter = _Counter(first, second, starts, ticks, edges, side)
    rng = np.random.default_rng(seed)
    observed = counter.count(ticks)
    samples = np.empty((permutations, *observed.shape), dtype=np.int64)
    for run in range(permutations):
        report(run / permutations, _SHUFFLING)
        samples[run] = counter.count(rng.permutation(ticks))
    chance = _closed_form(np.diff(starts), ticks, edges, side)
    return KnoxResult(
        len(points),
        len(first),
        closed,
        permutations,
        _bands(intervals(space, closed), intervals(time, closed), observed, samples, chance),
        samples,
        n=given,
        choices=choice,
    )


def _ticks(when: FloatArray, time: Sequence[float], side: SearchSide) -> tuple[IntArray, FloatArray]:
    """Days as whole numbers from the first on, and the edges in the same unit.

    Parts of a day are counted in millionths; the difference of two rounded numbers may be one off, so an edge is moved
    by one and a half of them to hold what lies on it.
    """
    since = when - (when.min() if len(when) else 0.0)
    edges = np.asarray(time, dtype=float)
    if np.array_equal(since, np.round(since)):
        return since.astype(np.int64), edges
    return np.round(since * _TICKS).astype(np.int64), np.round(edges * _TICKS) + (1.5 if side == "left" else -1.5)


def _near_pairs(points: FloatArray, edges: FloatArray, side: SearchSide) -> tuple[IntArray, IntArray, IntArray]:
    """Pairs within the last edge, ordered by band of distance, and where each band starts among them."""
    if len(points) < 2:
        pairs = np.empty((0, 2), dtype=np.int64)
    elif np.isinf(edges[-1]):
        pairs = np.column_stack(np.triu_indices(len(points), 1))
    else:
        pairs = cKDTree(points).query_pairs(edges[-1] * (1 + 1e-9) + 1e-6, output_type="ndarray")
    gap = points[pairs[:, 0]] - points[pairs[:, 1]]
    distance = np.hypot(gap[:, 0], gap[:, 1])
    band = np.searchsorted(edges, np.round(distance, 6), side=side)
    kept = np.flatnonzero(band < len(edges))
    kept = kept[np.argsort(band[kept], kind="stable")]
    return pairs[kept, 0], pairs[kept, 1], np.searchsorted(band[kept], np.arange(len(edges) + 1))


class _Counter:
    """Counts the pairs of each band for any order of the dates.

    Dates are held in the narrowest integers that hold their span, and each edge of time is one comparison of all pairs
    of a block: what is soon enough is counted up to every edge, and the bands are the differences.
    """

    def __init__(
        self, first: IntArray, second: IntArray, starts: IntArray, ticks: IntArray, edges: FloatArray, side: SearchSide
    ) -> None:
        self.first, self.second, self.starts = first, second, starts
        span = int(ticks.max()) if len(ticks) else 0
        self.kind = next(kind for kind in (np.int16, np.int32, np.int64) if span <= np.iinfo(kind).max)
        # Whole differences: at most an edge, or under it, is at most its floor, or the whole number below it.
        self.most = np.clip(np.floor(edges) if side == "left" else np.ceil(edges) - 1, -1, span).astype(self.kind)

    def count(self, ticks: IntArray) -> IntArray:
        """Pairs by band of distance and time, shape (distances, times)."""
        found = np.zeros((len(self.starts) - 1, len(self.most)), dtype=np.int64)
        narrow: Any = ticks.astype(self.kind)
        # Stretches of pairs of one band, short enough for the processor's cache.
        bands = enumerate(pairwise(self.starts.tolist()))
        stretches = (
            (row, at, min(at + _BLOCK, stop)) for row, (start, stop) in bands for at in range(start, stop, _BLOCK)
        )
        for row, start, stop in stretches:
            apart = np.abs(narrow.take(self.first[start:stop]) - narrow.take(self.second[start:stop]))
            found[row] += [np.count_nonzero(apart <= most) for most in self.most]
        return np.diff(found, axis=1, prepend=0)


def _closed_form(near: IntArray, ticks: IntArray, edges: FloatArray, side: SearchSide) -> FloatArray:
    """Expected pairs N_s N_t / (n (n - 1) / 2), shape (distances, times)."""
    count = len(ticks)
    if count < 2:
        return np.zeros((len(near), len(edges)))
    ordered = np.sort(ticks)
    other: SearchSide = "right" if side == "left" else "left"
    # Later alerts up to each edge; an edge at 0 that is open would reach back behind the alert itself.
    up_to = [np.searchsorted(ordered, ordered + edge, side=other) - np.arange(1, count + 1) for edge in edges]
    soon = np.diff([0, *(int(np.maximum(reached, 0).sum()) for reached in up_to)])
    return np.outer(near, soon) / (count * (count - 1) / 2)


def _bands(
    space: tuple[Interval, ...], time: tuple[Interval, ...], observed: IntArray, samples: IntArray, chance: FloatArray
) -> tuple[Band, ...]:
    mean, median = samples.mean(axis=0), np.median(samples, axis=0)
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    p = (1 + (samples >= observed).sum(axis=0)) / (len(samples) + 1)
    q = benjamini_hochberg(p)
    tail = np.asarray(poisson.sf(observed - 1, chance))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, ratio_median = observed / mean, observed / median
    return tuple(
        Band(
            space[s],
            time[d],
            int(observed[s, d]),
            float(mean[s, d]),
            float(median[s, d]),
            float(low[s, d]),
            float(high[s, d]),
            float(ratio[s, d]),
            float(ratio_median[s, d]),
            float(p[s, d]),
            float(q[s, d]),
            float(chance[s, d]),
            float(tail[s, d]),
            space[s].high <= REPEAT_M,
            bool(ratio[s, d] >= MIN_RATIO and q[s, d] < ALPHA),
            1 / (len(samples) + 1),
        )
        for s, d in np.ndindex(*observed.shape)
    )
