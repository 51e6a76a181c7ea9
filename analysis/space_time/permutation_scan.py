"""Where did something unusual start? The space-time permutation scan, which needs cases only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from scipy.special import xlogy

from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.result import Choice
from curim_data.model import FloatArray, IntArray, Message, Num, Translator
from curim_data.model.progress import report

Ties = Literal["together", "apart"]

MAX_LOCATIONS: Final = 500

MAX_WINDOWS: Final = 400

SMALLEST_CELL_M: Final = 50.0


@dataclass(frozen=True)
class Locations:
    """Locations (ordered by x, then y) with their cases, and the location of each case."""

    x: FloatArray
    y: FloatArray
    size: IntArray
    member: IntArray


def locations_of(points: FloatArray, most: int = MAX_LOCATIONS) -> tuple[Locations, tuple[Choice, ...]]:
    """Distinct points as locations; where there are too many, the mean points of square cells.

    Points within a millionth of a metre are one, which stands where its first case is: rounded places would part ties.
    The cells are as small as keeps the locations within `most`: sides of 50, 75, 100, ... metres.
    """
    _, first, member = np.unique(np.round(points, 6), axis=0, return_index=True, return_inverse=True)
    places, member = points[first], member.ravel()
    if len(places) <= most:
        return Locations(places[:, 0], places[:, 1], np.bincount(member, minlength=len(places)), member), ()
    side, cells = SMALLEST_CELL_M, member
    while True:
        cells = np.unique(np.floor((points - points.min(axis=0)) / side), axis=0, return_inverse=True)[1].ravel()
        if cells.max() < most:
            break
        side = max(side + 25.0, float(25 * np.ceil(side * 1.1 / 25)))
    size = np.bincount(cells)
    x, y = (np.bincount(cells, weights=points[:, axis]) / size for axis in (0, 1))
    message = Message(
        "Incidents are counted in squares of {metres} m, since they lie at {n} different points.",
        {"metres": round(side), "n": len(places)},
    )
    return Locations(x, y, size, cells), (Choice("cell", side, message),)


def time_step(span: int, max_days: int, prospective: bool, most: int = MAX_WINDOWS) -> tuple[int, tuple[Choice, ...]]:
    """Days in a step of time: one, or as many as keep the periods within `most`.

    Raises ValueError where even the longest steps leave too many periods.
    """
    longest = min(max_days, span)
    for step in range(1, longest + 1):
        windows = longest // step if prospective else (longest // step) * -(-span // step)
        if windows <= most:
            break
    else:
        raise ValueError(f"{span} days have too many periods of {max_days} days: scan a shorter study")
    if step == 1:
        return 1, ()
    message = Message("Periods begin and end in steps of {days} days, since the study is long.", {"days": step})
    return step, (Choice("step", step, message),)


@dataclass(frozen=True)
class Zones:
    """Circles in order of their centre and size: `centre` (location), `radius`, `count` of locations inside.

    `order` lists, centre after centre, the locations by distance; `starts` tells where a centre begins there.
    """

    centre: IntArray
    radius: FloatArray
    count: IntArray
    order: tuple[IntArray, ...]

    def members(self, zone: int) -> IntArray:
        """Locations of a circle, nearest first."""
        return self.order[int(self.centre[zone])][: int(self.count[zone])]

    def by_centre(self) -> Iterator[tuple[int, int, IntArray, IntArray]]:
        """For each centre: its range of circles, the locations by distance, and the last one of each circle."""
        edges = np.searchsorted(self.centre, np.arange(len(self.order) + 1))
        for first, stop in pairwise(edges):
            if stop > first:
                ends = self.count[first:stop] - 1
                yield int(first), int(stop), self.order[int(self.centre[first])], ends


def zones_of(ground: Locations, max_radius: float, max_share: float, ties: Ties) -> Zones:
    """Circles round every location up to the largest radius and share of the cases.

    Of ties (distances equal to a millionth of a metre) only the whole ring makes a circle, unless they come "apart".
    A location that alone has more than the share is no circle.
    """
    total = ground.size.sum()
    order, centre, radius, count = [], [], [], []
    for place in range(len(ground.x)):
        distance = np.round(np.hypot(ground.x - ground.x[place], ground.y - ground.y[place]), 6)
        near = np.argsort(distance, kind="stable")
        near = near[distance[near] <= max_radius]
        ring = distance[near]
        last = np.flatnonzero(np.append(np.diff(ring) > 0, True)) if ties == "together" else np.arange(len(near))
        last = last[ground.size[near].cumsum()[last] <= max_share * total]
        order.append(near[: last[-1] + 1] if len(last) else near[:0])
        centre.append(np.full(len(last), place))
        radius.append(ring[last])
        count.append(last + 1)
    if not order:
        return Zones(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), ())
    return Zones(np.concatenate(centre), np.concatenate(radius), np.concatenate(count), tuple(order))


Counts = np.ndarray[Any, np.dtype[np.int32]]  # narrow, for there are many

ALPHA: Final = 0.05

MIN_CASES: Final = 2  # one alert is no cluster

_TABLE_CELLS: Final = 1 << 22  # counts held at once: 16 MB
_RUNS_AT_ONCE: Final = 64

# The strongest ratio of a permutation is nearly always above this: what is below is worked out only where it is not.
FLOOR: Final = 4.0

_RATIOS: Final = 1 << 20  # counts by circle and period held at once

_SHUFFLING: Final = Message("Shuffling the dates of the incidents")

EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class ScanCluster:
    """A cylinder with more cases than its place and its time together explain.

    `x`, `y`, `radius`: metres; `members`: positions in `ScanResult.locations`, nearest to the centre first; `start`,
    `end`: first and last day, in the unit given; `llr`: log likelihood ratio by its dispersion; `p`: share of
    permutations whose best cylinder anywhere is as strong; `least`: the smallest that so many permutations can give.
    """

    x: float
    y: float
    radius: float
    members: tuple[int, ...]
    start: int
    end: int
    observed: int
    expected: float
    llr: float
    p: float
    least: float = 0.0

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    @property
    def significant(self) -> bool:
        """Whether chance makes a cylinder this strong anywhere in fewer than 5 % of the cases."""
        return self.p < ALPHA

    @property
    def recurrence(self) -> float:
        """Daily looks until chance makes one this strong: 1 / p days (Kulldorff 2005); for the prospective scan."""
        return 1 / self.p

    def sentence(self, t: Translator, *, epoch: dt.date = EPOCH) -> str:
        """What started where and when, and how sure it is. `epoch` is day 0 of `start` and `end`."""
        values = {
            "start": epoch + dt.timedelta(days=self.start),
            "end": epoch + dt.timedelta(days=self.end),
            "observed": self.observed,
            "metres": round(self.radius),
            "expected": Num(self.expected, 1),
            "p": t.p(self.p, least=self.p <= self.least),
        }
        if self.significant:
            return t(
                "Something unusual started here on {start}: {observed} incidents within {metres} m until {end}, where "
                "{expected} were to be expected ({p}).",
                **values,
            )
        return t(
            "From {start} to {end} there were {observed} incidents within {metres} m, where {expected} were to be "
            "expected; this often happens by chance alone ({p}).",
            **values,
        )


@dataclass(frozen=True)
class ScanResult:
    """Clusters, strongest first, that share no location; those with p >= .05 are kept and say so.

    `n` cases; `locations`: shape (locations, 2), where they were counted; `member`: the location of each case, shape
    (n,); `days`: first and last day of the study; `maxima`: best log likelihood ratio of every permutation.
    """

    n: int
    locations: FloatArray
    member: IntArray
    days: tuple[int, int]
    prospective: bool
    permutations: int
    zones: int
    windows: int
    clusters: tuple[ScanCluster, ...]
    maxima: FloatArray
    choices: tuple[Choice, ...]
    scatter: Dispersion = INDEPENDENT

    @property
    def significant(self) -> tuple[ScanCluster, ...]:
        """Clusters that chance does not explain."""
        return tuple(cluster for cluster in self.clusters if cluster.significant)

    def sentence(self, t: Translator, *, epoch: dt.date = EPOCH) -> str:
        """The strongest cluster in plain words, or that nothing unusual was found."""
        if not self.clusters:
            return t("Too few incidents to look for the start of something unusual.")
        if not self.significant:
            return t("Nothing unusual started anywhere: what stands out most is no stronger than expected by chance.")
        return self.significant[0].sentence(t, epoch=epoch)

    def method(self, t: Translator) -> str:
        """How it was found and what it cannot tell apart."""
        return t(
            "Space-time permutation scan (Kulldorff 2005) of {n} incidents at {locations} places: {zones} circles and "
            "{windows} periods each, compared with {permutations} shuffles of the dates. It sees what is unusual for "
            "this place and this time together: a quarter that is always busy, or a week that was busy everywhere, "
            "does not count; a quarter where people or reports moved to does.",
            n=self.n,
            locations=len(self.locations),
            zones=self.zones,
            windows=self.windows,
            permutations=self.permutations,
        )


def permutation_scan(
    x: Any,
    y: Any,
    days: Any,
    *,
    max_radius: float = 500.0,
    max_days: int = 28,
    max_share: float = 0.5,
    permutations: int = 999,
    prospective: bool = True,
    seed: int = 0,
    first_day: int | None = None,
    last_day: int | None = None,
    ties: Ties = "together",
    most_clusters: int = 10,
    decide: bool = False,
    scatter: Dispersion = INDEPENDENT,
) -> ScanResult:
    """Scan all cylinders (circle round a location x period) for more cases than their margins explain.

        mu = (cases in the circle) (cases in the period) / C
        LLR = c log(c / mu) + (C - c) log((C - c) / (C - mu))       where c > mu and c >= 2, else 0

    Counts in bursts, or of a risk that wanders, have a variance of phi + tau² mu times that of single ones (`scatter`),
    and each observed ratio is divided by it (quasi-likelihood): its excess by its standard error is then what that of
    single cases is, of which the permutations give the best.

    p compares with the best cylinder of every permutation of the dates among the places, so that having looked
    everywhere is paid for. Further clusters share no location with stronger ones; their p is careful. The prospective
    scan takes periods that are still going on at the last day, the retrospective one any.

    Work grows with circles x periods x permutations. Above 500 locations the cases are counted in square cells; above
    400 periods the days are counted in steps. `choices` tells both. Circles ignore streets and water.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Metres; cases at one point are one location.
    days : array, shape (n,)
        Whole days since any origin (parts of a day are cut off).
    max_radius, max_days, max_share
        Largest radius in metres, longest period in days, largest share of the cases within a circle.
    first_day, last_day : int
        The study period where it is longer than from the first to the last case.
    ties : "together" or "apart"
        Locations at the same distance from a centre enter together, as in a circle, or one after the other (by x,
        then y), as SaTScan does.
    decide : bool
        Stop as soon as so many permutations are as strong as the strongest observed cylinder that none can be
        significant whatever follows: what is significant is the same, and `permutations` tells how many were made. The
        p of what is not significant then rests on fewer (Besag and Clifford 1991).
    scatter : Dispersion
        Of counts in circles, from a past without the periods that are scanned.

    Raises
    ------
    ValueError
        Arrays of different length or with missing values, cases outside the study period, or limits that make no
        sense.

    References
    ----------
    Kulldorff, M. et al. (2005). PLoS Medicine 2(3), e59.
    Besag, J. and Clifford, P. (1991). Sequential Monte Carlo p-values. Biometrika 78, 301-304.
    Zhang, T., Zhang, Z. and Lin, G. (2012). Spatial scan statistics with overdispersion. Statistics in Medicine 31.
    """
    if not (max_radius >= 0 and max_days >= 1 and 0 < max_share < 1 and permutations >= 1):
        raise ValueError("the largest radius, period and share, and the permutations, must be positive")
    points, when, study = _checked(x, y, days, first_day, last_day)
    ground, message = locations_of(points)
    windows, also = _periods(study, max_days, prospective)
    zones = zones_of(ground, max_radius, max_share, ties)
    tables = _counts(ground, windows.column(when), windows.columns, permutations, seed)
    maxima, best, at = _search(tables, ground.size, zones, windows, permutations, scatter, decide=decide)
    chosen = _without_overlap(best, zones, most_clusters)
    clusters = tuple(
        _cluster(ground, zones, zone, *windows.days(int(at[zone])), when, float(best[zone]), maxima) for zone in chosen
    )
    return ScanResult(
        len(points),
        np.column_stack([ground.x, ground.y]),
        ground.member,
        study,
        prospective,
        len(maxima),
        len(zones.centre),
        len(windows.low),
        clusters,
        maxima,
        (*message, *also),
        scatter,
    )


def _checked(
    x: Any, y: Any, days: Any, first: int | None, last: int | None
) -> tuple[FloatArray, IntArray, tuple[int, int]]:
    points, when = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)]), np.asarray(days, float)
    if when.shape != (len(points),):
        raise ValueError(f"{len(points)} places but {when.size} days")
    if not (np.isfinite(points).all() and np.isfinite(when).all()):
        raise ValueError("places and days must be known")
    whole = np.floor(when).astype(np.int64)
    earliest, latest = (int(whole.min()), int(whole.max())) if len(whole) else (first or 0, last or 0)
    study = (earliest if first is None else first, latest if last is None else last)
    if len(whole) and (study[0] > earliest or study[1] < latest):
        raise ValueError(f"cases from day {earliest} to {latest} outside the study from day {study[0]} to {study[1]}")
    return points, whole, study


@dataclass(frozen=True)
class _Windows:
    """Periods as half-open ranges of columns [low, high); column k holds `step` days, the last one ends the study.

    Days before every period share column 0.
    """

    low: IntArray
    high: IntArray
    columns: int
    step: int
    study: tuple[int, int]

    def column(self, when: IntArray) -> IntArray:
        """The column of each day."""
        return np.maximum(self.columns - 1 - (self.study[1] - when) // self.step, 0)

    def days(self, window: int) -> tuple[int, int]:
        """First and last day of a period."""
        last = self.study[1]
        start = last - (self.columns - int(self.low[window])) * self.step + 1
        return max(start, self.study[0]), last - (self.columns - int(self.high[window])) * self.step


def _periods(study: tuple[int, int], max_days: int, prospective: bool) -> tuple[_Windows, tuple[Choice, ...]]:
    span = study[1] - study[0] + 1
    step, message = time_step(span, max_days, prospective)
    length, steps = max(1, min(max_days, span) // step), -(-span // step)
    columns = min(steps, length + 1) if prospective else steps
    ends = np.array([columns]) if prospective else np.arange(1, columns + 1)
    reach = np.arange(1, length + 1)
    low, high = (ends[:, None] - reach).ravel(), np.repeat(ends, length)
    usable = low >= 0
    return _Windows(low[usable], high[usable], columns, step, study), message


def _counts(ground: Locations, column: IntArray, columns: int, permutations: int, seed: int) -> Iterator[Counts]:
    """Cases before each column by location, shape (runs, locations, 1 + columns), in tables of bounded memory.

    The first run is the observed one.
    """
    rng = np.random.default_rng(seed)
    places = len(ground.x)
    at_once = min(_RUNS_AT_ONCE, max(1, _TABLE_CELLS // max(1, places * (columns + 1))))
    for first in range(0, 1 + permutations, at_once):
        runs = range(first, min(first + at_once, 1 + permutations))
        found = np.zeros((len(runs), places, columns + 1), dtype=np.int32)
        for run in runs:
            of_run = column if run == 0 else rng.permutation(column)
            table = np.bincount(ground.member * columns + of_run, minlength=places * columns).reshape(places, columns)
            np.cumsum(table, axis=1, out=found[run - first, :, 1:])
        yield found


def _search(
    tables: Iterator[Counts],
    size: IntArray,
    zones: Zones,
    windows: _Windows,
    permutations: int,
    scatter: Dispersion = INDEPENDENT,
    *,
    decide: bool,
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Best ratio of every permutation, and of every circle as observed, by its dispersion, with its period.

    The margins are the same in every permutation, so the logarithms of mu are taken once for each centre and table:
    LLR = g(c) - C log((C - mu) / C) - c log(mu / (C - mu)) with g(c) = c log c + (C - c) log(C - c) - C log C.

    `decide`: stop once so many permutations are as strong as the strongest observed one that none can be significant.
    """
    total = int(size.sum())
    cases = np.arange(total + 1, dtype=float)
    g: FloatArray = xlogy(cases, cases) + xlogy(total - cases, total - cases) - xlogy(total, total)
    narrow: type[np.signedinteger[Any]] = np.int16 if total < np.iinfo(np.int16).max else np.int32
    ongoing = len(np.unique(windows.high)) == 1
    maxima: list[FloatArray] = []
    terms: list[_Terms] = []
    best, at = np.zeros(len(zones.centre)), np.zeros(len(zones.centre), dtype=np.int64)
    enough = int(np.ceil(ALPHA * (permutations + 1) - 1e-9)) - 1
    for counts in tables:
        # Periods that all end at the last day need one difference by location; others, one by circle.
        columns = counts[..., windows.high[:1]] - counts[..., windows.low] if ongoing else counts
        inside: Any = np.ascontiguousarray(columns.transpose(1, 0, 2), dtype=narrow)  # by location, for sums along it
        if not terms:
            before = counts[0].sum(axis=0, dtype=np.int64)
            margin = before[windows.high] - before[windows.low]
            for first, stop, order, ends in zones.by_centre():
                mu = np.outer(size[order].cumsum()[ends], margin) / total
                own = _Terms.of(mu, g, total)
                terms.append(own)
                found = _in_circles(inside[:, :1], order, ends, windows, ongoing=ongoing)[:, 0]
                ratio = own.ratios(found, g) * (found >= own.least) / scatter.at(mu)
                at[first:stop], best[first:stop] = ratio.argmax(axis=1), ratio.max(axis=1)
        strongest = np.zeros(len(counts))
        done = sum(map(len, maxima))
        for floor in (True, False):
            again = np.flatnonzero(strongest < FLOOR) if not floor else np.arange(len(counts))
            for (first, _, order, ends), own in zip(zones.by_centre(), terms, strict=True):
                report((done + len(counts) * first / len(zones.centre)) / (permutations + 1), _SHUFFLING)
                at_once = max(1, _RATIOS // (len(order) * inside.shape[2] + own.odds.size))
                for start in range(0, len(again), at_once):
                    runs = again[start : start + at_once]
                    near = _in_circles(inside[:, runs], order, ends, windows, ongoing=ongoing)
                    _raise_strongest(strongest, runs, near, own, g, floor=floor)
        maxima.append(strongest)
        if decide and (np.concatenate(maxima)[1:] >= best.max(initial=0.0) - 1e-9).sum() >= enough:
            break
    return np.concatenate(maxima)[1:], best, at


@dataclass(frozen=True)
class _Terms:
    """What the margins alone give, by circle and period: `least` cases that are more than they explain, and `floor`,
    so many that their ratio reaches `FLOOR`."""

    odds: FloatArray
    base: FloatArray
    least: IntArray
    floor: IntArray

    @classmethod
    def of(cls, mu: FloatArray, g: FloatArray, total: int) -> _Terms:
        """For the cases that the margins explain."""
        odds = np.log(np.maximum(mu, 1e-300)) - np.log(total - mu)
        base = total * np.log1p(-mu / total)
        least = np.maximum(np.floor(mu * (1 + 1e-12)) + 1, MIN_CASES).astype(np.int64)
        made = cls(odds, base, least, least)
        floor = np.minimum(least, total)
        while (low := (made.ratios(floor, g) < FLOOR) & (floor < total)).any():
            floor = floor + low
        return cls(odds, base, least, floor)

    def ratios(self, inside: Any, g: FloatArray) -> FloatArray:
        """LLR of so many cases inside."""
        ratio: FloatArray = g[inside] - self.base - inside * self.odds
        return ratio


def _in_circles(inside: Any, order: IntArray, ends: IntArray, windows: _Windows, *, ongoing: bool) -> Any:
    """Cases by circle round one centre, run and period, from those by location, run and column."""
    near = np.cumsum(inside[order], axis=0, dtype=inside.dtype)
    near = near if len(ends) == len(near) else near[ends]
    return near if ongoing else near[..., windows.high] - near[..., windows.low]


def _raise_strongest(
    strongest: FloatArray, runs: IntArray, near: Any, terms: _Terms, g: FloatArray, *, floor: bool
) -> None:
    """Raise the strongest ratio of each run, of which only those from the floor on are worked out."""
    held = np.flatnonzero(near >= (terms.floor if floor else terms.least)[:, None, :].astype(near.dtype))
    circle, found, window = np.unravel_index(held, near.shape)
    inside = near.ravel()[held]
    ratio = g[inside] - terms.base[circle, window] - inside * terms.odds[circle, window]
    np.maximum.at(strongest, runs[found], ratio)


def _without_overlap(best: FloatArray, zones: Zones, most: int) -> list[int]:
    """Strongest circles first, each without a location of a stronger one; of equal ones, the smallest."""
    chosen: list[int] = []
    taken: set[int] = set()
    for zone in np.lexsort((zones.centre, zones.count, zones.radius, -np.round(best, 9))):
        if best[zone] <= 1e-12 or len(chosen) == most:
            break
        members = set(zones.members(int(zone)).tolist())
        if not members & taken:
            chosen.append(int(zone))
            taken |= members
    return chosen


def _cluster(
    ground: Locations, zones: Zones, zone: int, start: int, end: int, when: IntArray, llr: float, maxima: FloatArray
) -> ScanCluster:
    members = zones.members(zone)
    inside, then = np.isin(ground.member, members), (when >= start) & (when <= end)
    centre = int(zones.centre[zone])
    return ScanCluster(
        float(ground.x[centre]),
        float(ground.y[centre]),
        float(zones.radius[zone]),
        tuple(members.tolist()),
        start,
        end,
        int((inside & then).sum()),
        float(inside.sum() * then.sum() / len(when)),
        llr,
        float((1 + (maxima >= llr - 1e-9).sum()) / (len(maxima) + 1)),
        1 / (len(maxima) + 1),
    )
