"""Alerts above expected: how many alerts of a place are more than would be there, with an interval; and the order.

With n alerts in a place and r in its surroundings, which have 1 / a times its land, e = a r are expected and n - e are
more. Both counts scatter, so the limits put together those of each (MOVER, "method of variance estimates recovery"):

    low  = n - e - sqrt((n - n_low)² + (e_high - e)²)      high = n - e + sqrt((n_high - n)² + (e - e_low)²)

with exact 95 % Poisson limits of n and, times a, of r. The order by the lower limit puts first where surely most is
above expectation, and a few alerts beside empty land last.

Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
Statistics in Medicine 27, 1693–1702.

Hot spots: places of neighbouring hot cells. The test itself is in `analysis.hotspots.cell_significance`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar, get_args

import h3.api.basic_int as h3
import numpy as np
from scipy import sparse
from scipy.stats import binom

from analysis.grid import centres, neighbours, parents
from analysis.hotspots.cell_significance import HotCells, connected
from analysis.hotspots.surroundings import LAND, RATE_PER, DenominatorKind
from analysis.stats.intervals import (
    UNKNOWN,
    CellPlace,
    Estimate,
    ratio_interval,
    share_ratio_interval,
    weighted_sum,
)
from curim_data.model import BoolArray, FloatArray, Message, Translator, is_small
from curim_data.model.alert import CellArray

Order = Literal["excess", "ratio", "alerts", "p"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
# A ratio says something where at least so many alerts are expected, and where its limits lie no farther apart than so
# many times: beside empty land it is 630, from 106 to 25,600.
LEAST_EXPECTED: Final = 1.0
WIDEST_INTERVAL: Final = 10.0
# What a successful intervention takes away, and the level at which its fall has to show.
_FALL: Final = 0.7
_LEVEL: Final = 0.05

_Spot = TypeVar("_Spot")


def excess(inside: float, outside: float, share: float, dispersion: float = 1.0) -> Estimate:
    """Alerts above expected: `inside` counted, `outside` in the surroundings, of which the place is worth `share`.

    `share`: land or base of the place by that of its surroundings; NaN or infinite where there are none.
    `dispersion`: variance of the counts by that of independent ones.
    """
    if not 0 <= share < float("inf"):
        return UNKNOWN
    own, around = (weighted_sum(n, n, 1.0, dispersion) for n in (inside, outside))
    value = own.value - share * around.value
    down = float(np.hypot(own.value - own.low, share * (around.high - around.value)))
    up = float(np.hypot(own.high - own.value, share * (around.value - around.low)))
    return Estimate(value, value - down, value + up)


def excess_of(spot: Any) -> Estimate:
    """The alerts above expected of a hot spot, or of a cluster, whose expected count has no scatter of its own."""
    own: Estimate | None = getattr(spot, "excess", None)
    if own is not None:
        return own
    return Estimate(spot.n - spot.expected, spot.expected * (spot.low - 1), spot.expected * (spot.high - 1))


def is_compared(spot: Any) -> bool:
    """Whether it is known how many alerts of a place are above expected; also where nothing is around it."""
    return getattr(spot, "times", None) is None


def ratio_says_something(spot: Any) -> bool:
    """Whether a ratio is shown: where enough is expected, and its interval is narrow enough to be of use."""
    known = spot.ratio == spot.ratio and spot.low > 0 and spot.high < float("inf")
    return bool(known and spot.expected >= LEAST_EXPECTED and spot.high <= WIDEST_INTERVAL * spot.low)


# The fewest alerts of a place with which a fall by 70 % in a period as long would show beyond chance (5 %): given both
# counts together, the later one is binomial with one half where nothing changed.
LEAST_FOR_PLAN: Final = next(
    n for n in itertools.count(1) if binom.cdf(round((1 - _FALL) * n), n + round((1 - _FALL) * n), 0.5) <= _LEVEL
)


def worth_a_plan(spots: Sequence[_Spot]) -> tuple[tuple[_Spot, ...], tuple[_Spot, ...]]:
    """The places that stand in the first part of a list, and those with too few alerts for a plan; both in order."""
    known: Sequence[Any] = spots
    many = tuple(spot for spot in known if spot.n >= LEAST_FOR_PLAN)
    return many, tuple(spot for spot in known if spot.n < LEAST_FOR_PLAN)


def in_order(spots: Sequence[_Spot], order: Order = "excess") -> tuple[_Spot, ...]:
    """Places in an order: by the lower limit of alerts above expected, by that of the ratio, by alerts, or by p.

    What was not compared comes last; equal ones by the rank that they have, by their number of alerts, then by id.
    """

    def key(spot: Any) -> tuple[float, ...]:
        asked = {
            "excess": -excess_of(spot).low,
            "ratio": -spot.low,
            "alerts": -float(spot.n),
            "p": float(spot.q),
        }[order]
        return (asked if asked == asked else float("inf"), float(getattr(spot, "rank", 0)), -float(spot.n))

    return tuple(sorted(spots, key=lambda spot: (*key(spot), spot.id)))  # type: ignore[attr-defined]


Against = Literal["surroundings", "city"]
MAX_SPOT_KM2: Final = 0.25
# Of k-means: rounds, and the shift of the middles, of the mean variance, below which it ends (as scikit-learn).
MOST_ROUNDS: Final = 300
TOLERANCE: Final = 1e-4
_WHERE: Final[dict[str, Message]] = {
    "surroundings": Message("from its surroundings"),
    "city": Message("at the density of the rest of the city"),
}
_DENSER: Final[dict[bool, Message]] = {
    True: Message("The place itself is at least {times} times as dense as what it is compared with."),
    False: Message("The place itself is denser than what it is compared with, beyond chance."),
}
# The steps in which it is told how sure and how dense a place is that was found in counts that the reader does not see.
PUBLISHED_Q: Final = (0.001, 0.01, 0.05)
PUBLISHED_TIMES: Final = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True)
class Spot(CellPlace):
    """A connected group of hot cells, or of such cells and those around them that were tested together with them.

    `id` is the H3 name of its fullest cell, until `analysis.spots.naming` gives it that of a known place. `expected`,
    `ratio` and its 95 % interval compare the group with its own surroundings; since the cells were chosen for being
    dense, the ratio leans upwards. `q` is that of its clearest cell. `longitude`, `latitude`: mean of its cells,
    weighted by alerts. With a `base` other than land it is compared with all the rest of the city: `base_n` is that of
    its cells (NaN where not known), `rate` its alerts by base, shrunk towards the city's mean. `against`: what land and
    its alerts it is compared with, its "surroundings" or all the rest of the "city", whichever it stands out from more
    surely. `excess`: alerts above expected. `times`: of a place that was found in other counts (`spots_of`), how many
    times as dense it is at least as what it is compared with, in steps (None for any other); its count is then that of
    the cells that hold it, and neither expected nor ratio are known of it.
    """

    rank: int
    n: int
    expected: float
    ratio: float
    low: float
    high: float
    q: float
    land_km2: float
    base: DenominatorKind = LAND
    base_n: float = float("nan")
    rate: float = float("nan")
    against: Against = "surroundings"
    excess: Estimate = UNKNOWN
    times: float | None = None

    def sentence(self, t: Translator, least: int = 1) -> str:
        """Count, expectation and alerts above it in words, or the ratio to another base than land. Of a count under
        `least`, the smallest that is written out, no more than that.
        """
        if is_small(self.n, least):
            return t("Fewer than {k} alerts.", k=least)
        if self.times is not None:
            held = t.n(
                "{n} alert in the cells of the map that hold this place.",
                "{n} alerts in the cells of the map that hold this place.",
                self.n,
            )
            return f"{held} {denser_sentence(self.times, t)}"
        if self.base != LAND:
            if not np.isfinite(self.high):
                return t.n(
                    "{n} alert, and none in the rest of the city.",
                    "{n} alerts, and none in the rest of the city.",
                    self.n,
                )
            return self._against_base(t)
        if not np.isfinite(self.expected):
            return t.n(
                "{n} alert, and nothing around to compare it with.",
                "{n} alerts, and nothing around to compare them with.",
                self.n,
            )
        return self._excess_sentence(t)

    def times_in_words(self, t: Translator) -> str:
        """How many times as dense it is at least, in words; "" where its own ratio is known."""
        if self.times is None:
            return ""
        return t("at least {low}", low=_step(self.times, t)) if self.times > 1 else t("above 1")

    def _excess_sentence(self, t: Translator) -> str:
        return t.n(
            "{n} alert where {expected} would be expected {where}: {more} more (95 % interval {least} to {most}).",
            "{n} alerts where {expected} would be expected {where}: {more} more (95 % interval {least} to {most}).",
            self.n,
            expected=(t.expected if ratio_says_something(self) else t.about)(self.expected),
            where=_WHERE[self.against],
            more=t.number(self.excess.value),
            least=t.number(self.excess.low),
            most=t.number(self.excess.high),
        )

    def cold_sentence(self, t: Translator, least: int = 1) -> str:
        """Count and expectation of a place of `cold_spots` in words; `least`: the smallest count that is written."""
        if self.times is not None or not np.isfinite(self.expected):
            return t("fewer alerts than chance explains.")
        values = {"expected": t.expected(self.expected), "p": t.p_value(self.q), "k": least}
        if is_small(self.n, least):
            return t("fewer than {k} alerts where {expected} would be expected (corrected p: {p}).", **values)
        return t.n(
            "{n} alert where {expected} would be expected (corrected p: {p}).",
            "{n} alerts where {expected} would be expected (corrected p: {p}).",
            self.n,
            **values,
        )

    def _against_base(self, t: Translator) -> str:
        values = {
            "expected": t.expected(self.expected),
            "ratio": t.times(self.ratio),
            "low": t.times(self.low),
            "high": t.times(self.high),
            "base": "–" if np.isnan(self.base_n) else round(self.base_n),
        }
        if self.base == "residents":
            return t.n(
                "{n} alert where {base} residents live and {expected} would be expected at the rate of the rest of "
                "the city: {ratio} times as many (95 % interval {low} to {high}). After shrinkage {rate} per 1,000 "
                "residents.",
                "{n} alerts where {base} residents live and {expected} would be expected at the rate of the rest "
                "of the city: {ratio} times as many (95 % interval {low} to {high}). After shrinkage {rate} per 1,000 "
                "residents.",
                self.n,
                rate=t.number(RATE_PER * self.rate, 1),
                **values,
            )
        return t.n(
            "{n} of the {base} alerts here, where {expected} would be expected at the share of the rest of the "
            "city: {ratio} times as many (95 % interval {low} to {high}). Share after shrinkage: {rate}.",
            "{n} of the {base} alerts here, where {expected} would be expected at the share of the rest of the "
            "city: {ratio} times as many (95 % interval {low} to {high}). Share after shrinkage: {rate}.",
            self.n,
            rate=t.percent(self.rate),
            **values,
        )


def denser_sentence(times: float, t: Translator) -> str:
    """How many times as dense a place is at least (`Spot.times`) as what it is compared with."""
    return str(t(_DENSER[times > 1], times=_step(times, t)))


def _step(times: float, t: Translator) -> str:
    return t.number(times, 0 if float(times).is_integer() else 1)


def h3_name(cell: int) -> str:
    """The H3 name (hexadecimal) of an integer cell."""
    return f"{int(cell):x}"


def hot_spots(result: HotCells, largest_km2: float = MAX_SPOT_KM2) -> tuple[Spot, ...]:
    """Join neighbouring hot cells to spots, most alerts above expected first.

    What is larger than `largest_km2` is split. Where the interval of a group's ratio holds 1, its cells are hot by what
    their windows hold: the place then has the cells of those windows too, and is left out where it does not stand out
    with them either.

    Parameters
    ----------
    result : HotCells
        From `cell_significance.hot_cells`.
    largest_km2 : float
        Land that one place may have; a single cell that is larger stays whole.

    Returns
    -------
    tuple of Spot
        Ordered by the lower limit of the alerts above expected (`excess`); those with too few alerts for a
        plan come last, so that their ranks follow one another wherever the list is shown.
    """
    spots = itertools.chain(*worth_a_plan(in_order(_places(result, "hot", largest_km2))))
    return tuple(replace(spot, rank=rank) for rank, spot in enumerate(spots, 1))


def spots_of(result: HotCells, places: Sequence[Spot]) -> tuple[Spot, ...]:
    """Places that were found in other counts, with the count of the cells that hold them.

    Parameters
    ----------
    result : HotCells
        The cells of the counts.
    places : sequence of Spot
        In the order in which they are to be listed. Their cells are of the same or of a finer resolution; where they
        are finer, a cell can hold two.

    Returns
    -------
    tuple of Spot
        As `without_figures`: an expected number of these counts would be another one than that of the counts in which
        the place was found. Those of which no cell is among those of `result` are left out.
    """
    index = np.asarray(result.frame.index, dtype=np.int64)
    found = []
    for place in places:
        held = result.frame[np.isin(index, _held_by(place, result.setting.resolution))]
        if len(held):
            there = replace(place, cells=tuple(held.index.tolist()), n=round(float(held["n"].sum())))
            found.append(without_figures(replace(there, land_km2=float(held["land_km2"].sum())), place))
    return tuple(found)


def _held_by(place: Spot, resolution: int) -> CellArray:
    """The cells of a resolution that hold those of a place, which are of the same or of a finer one."""
    return parents(np.array(place.cells, np.int64), min(resolution, h3.get_resolution(place.cells[0])))


def published_q(q: float) -> float:
    """The step of `PUBLISHED_Q` that a q reaches: the digits of it would tell the counts that it is of."""
    return q if np.isnan(q) else min((step for step in PUBLISHED_Q if q <= step), default=1.0)


def without_figures(spot: Spot, place: Spot) -> Spot:
    """A place with the count of the cells that hold it, and of its own figures nothing but how dense it is at least."""
    unknown = float("nan")
    return replace(
        spot,
        against=place.against,
        q=published_q(place.q),
        expected=unknown,
        ratio=unknown,
        low=unknown,
        high=unknown,
        excess=UNKNOWN,
        times=max((step for step in PUBLISHED_TIMES if step <= place.low), default=PUBLISHED_TIMES[0]),
    )


def marked_by(result: HotCells, hot: Sequence[Spot], cold: Sequence[Spot]) -> HotCells:
    """The cells of which those of some places are hot and cold, and no others."""
    cells = result.frame.index
    marks = {
        name: cells.isin([cell for spot in spots for cell in spot.cells])
        for name, spots in (("hot", hot), ("cold", cold))
    }
    return replace(result, frame=result.frame.assign(**marks))


def cold_spots(result: HotCells) -> tuple[Spot, ...]:
    """Join neighbouring cold cells to places of any size, the most surely low first; with their windows as hot ones."""
    return tuple(
        replace(spot, rank=rank)
        for rank, spot in enumerate(
            sorted(_places(result, "cold", float("inf")), key=lambda spot: (spot.high, -spot.expected, spot.id)), 1
        )
    )


def _places(result: HotCells, mark: Literal["hot", "cold"], largest_km2: float) -> list[Spot]:
    """Groups of neighbouring marked cells, none larger than it may be."""
    frame = result.frame
    index = np.asarray(frame.index, dtype=np.int64)
    marked = np.flatnonzero(frame[mark].to_numpy(bool))
    if not len(marked):
        return []
    near = neighbours(index, 1)
    land, counts = frame["land_km2"].to_numpy(float), frame["n"].to_numpy(float)
    groups: list[CellArray] = []
    waiting = connected(near, marked)
    while waiting:
        group = waiting.pop()
        if land[group].sum() <= largest_km2 or len(group) == 1:
            groups.append(group)
            continue
        second = _halves(index[group], counts[group] + 1e-9)
        for part in (group[~second], group[second]):
            waiting.extend(connected(near, part))
    spots = _figures(result, mark, index, groups)
    if not (weak := [at for at, spot in enumerate(spots) if not stands_out(spot, mark)]):
        return spots
    spots = _figures(result, mark, index, _with_windows(result, index, groups, weak, largest_km2))
    return [spot for spot in spots if stands_out(spot, mark)]


def stands_out(spot: Spot, mark: Literal["hot", "cold"]) -> bool:
    """Whether the interval of a place's ratio leaves out 1 on the side of its mark; where nothing is known, it does."""
    return not (spot.high >= 1 if mark == "cold" else spot.low <= 1)


def _with_windows(
    result: HotCells, index: CellArray, groups: list[CellArray], weak: Sequence[int], largest_km2: float
) -> list[CellArray]:
    """The groups, some of them with the cells around them that were tested together with theirs.

    A cell may be marked by what its window holds, with an ordinary count of its own. A cell of another group stays
    with that one, so that no alert counts in two places. None becomes larger than a place may be.
    """
    window, land = neighbours(index, result.setting.k), result.frame["land_km2"].to_numpy(float)
    taken = np.zeros(len(index), dtype=bool)
    taken[np.concatenate(groups)] = True
    grown = list(groups)
    for at in weak:
        around = np.flatnonzero(window[groups[at]].sum(axis=0) > 0)
        new = around[~taken[around]]
        if land[groups[at]].sum() + land[new].sum() > largest_km2:
            continue
        taken[new] = True
        grown[at] = np.sort(np.concatenate([groups[at], new]))
    return grown


def _halves(cells: CellArray, weight: FloatArray) -> BoolArray:
    """Which cells are in the second of two parts (k-means), which starts from the ends of the longest extent."""
    longitude, latitude = centres(cells)
    at = np.column_stack([longitude * np.cos(np.radians(latitude.mean())), latitude])
    along = (at - at.mean(axis=0)) @ np.linalg.eigh(np.cov(at, rowvar=False))[1][:, -1]
    return two_means(at, weight, at[[along.argmin(), along.argmax()]])


def two_means(at: FloatArray, weight: FloatArray, middles: FloatArray, tolerance: float = TOLERANCE) -> BoolArray:
    """Which of some points (shape (n, 2)) are in the second of two parts, each nearer to its own weighted mean.

    Lloyd's iteration from two given middles until no point changes its part, or the middles hardly move (their squared
    shift, as a share of the mean variance, is at most `tolerance`): the result of `sklearn.cluster.KMeans` with its
    settings, at a tenth of its cost for parts of a few hundred cells.
    """
    least = tolerance * float(at.var(axis=0).mean())
    start = at.mean(axis=0)
    at, middles = at - start, middles - start
    second: BoolArray = _nearer_to_second(at, middles)
    for _ in range(MOST_ROUNDS):
        if second.all() or not second.any():
            break
        moved = np.array([np.average(at[part], axis=0, weights=weight[part]) for part in (~second, second)])
        shift = float(((moved - middles) ** 2).sum())
        middles, before = moved, second
        second = _nearer_to_second(at, middles)
        if (second == before).all() or shift <= least:
            break
    return second


def _nearer_to_second(at: FloatArray, middles: FloatArray) -> BoolArray:
    first, second = (((at - middle) ** 2).sum(axis=1) for middle in middles)
    return np.asarray(second < first)


# What a place is reported by. It has all its land, its surroundings the occupied part of theirs; a cold place the other
# way round.
_COLUMNS: Final = {"hot": ("size", "occupied", "q"), "cold": ("occupied", "size", "q_cold")}


def _figures(result: HotCells, mark: Literal["hot", "cold"], index: CellArray, groups: list[CellArray]) -> list[Spot]:
    """The figures of groups of cells, all at once; `index`: the cells, of which a group has positions."""
    frame = result.frame
    counts, size, size_out, q = (frame[name].to_numpy(float) for name in ("n", *_COLUMNS[mark]))
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    members = np.concatenate(groups)
    shape = (len(groups), len(index))
    inside = sparse.csr_array((np.ones(len(members)), members, [*starts, len(members)]), shape=shape)
    compared = np.column_stack([counts * (frame["size"].to_numpy(float) > 0), size_out])
    count, size_in, base_n = inside @ counts, inside @ size, inside @ frame["base"].to_numpy(float)
    rests = compared_with(result, mark, index, inside, compared)
    stands = {
        "surroundings": inside @ frame["local"].to_numpy(float) > 0,
        "city": inside @ frame["wide"].to_numpy(float) > 0,
    }
    weight = counts + 1e-9
    longitude, latitude = (inside @ (values * weight) / (inside @ weight) for values in centres(index))
    land = inside @ frame["land_km2"].to_numpy(float)
    least_q = np.minimum.reduceat(q[members], starts)
    interval = share_ratio_interval if result.base == "alerts" else ratio_interval
    spots = []
    for at, group in enumerate(groups):
        n = float(count[at])
        found = []
        for against, (outside, beyond) in rests.items():
            if len(rests) > 1 and not stands[against][at]:
                continue
            ratio, least, most = interval(
                n, float(outside[at]), float(size_in[at]), float(beyond[at]), dispersion=result.dispersion
            )
            expected = float(outside[at] * size_in[at] / beyond[at]) if beyond[at] > 0 else float("nan")
            found.append(
                Spot(
                    id=min(f"{cell:x}" for cell in index[group][counts[group] == counts[group].max()]),
                    rank=0,
                    cells=tuple(index[group].tolist()),
                    n=round(n),
                    expected=expected,
                    ratio=ratio,
                    low=least,
                    high=most,
                    q=float(least_q[at]),
                    land_km2=float(land[at]),
                    longitude=float(longitude[at]),
                    latitude=float(latitude[at]),
                    base=result.base,
                    base_n=float(base_n[at]),
                    rate=result.rates.of(n, float(base_n[at])) if result.rates else float("nan"),
                    against=against,
                    excess=excess(
                        n,
                        float(outside[at]),
                        float(size_in[at] / beyond[at]) if beyond[at] > 0 else np.nan,
                        result.dispersion,
                    ),
                )
            )
        spots.append(in_order(found)[0])
    return spots


def compared_with(
    result: HotCells, mark: Literal["hot", "cold"], index: CellArray, inside: sparse.csr_array, compared: FloatArray
) -> dict[Against, FloatArray]:
    """For each group what it may be compared with: alerts, and land or base (two rows of groups)."""
    hot = result.frame["hot"].to_numpy(bool)
    if result.based:
        if mark == "cold":
            compared = compared * ~hot[:, None]
        return {"city": (compared.sum(axis=0) - inside @ compared).T}
    # Of other hot spots, those that stand out from their own surroundings are left out of the surroundings of one.
    left_out = hot if mark == "cold" else result.frame["local"].to_numpy(bool)
    around: FloatArray = (_around(inside, index, result) @ (compared * ~left_out[:, None])).T
    if mark == "cold":
        return {"surroundings": around}
    size = result.frame["city"].to_numpy(float)
    compared = np.column_stack([compared[:, 0], size]) * (size > 0)[:, None]
    return {"surroundings": around, "city": (compared.sum(axis=0) - inside @ compared).T}


def _around(inside: sparse.csr_array, index: CellArray, result: HotCells) -> sparse.csr_array:
    """Which cells a group is compared with: those within `outer` rings of it, but for those within `k`."""
    far, close = (
        (inside @ neighbours(index, k)).astype(bool).astype(float) for k in (result.setting.outer, result.setting.k)
    )
    ring = sparse.csr_array(far - close)
    ring.eliminate_zeros()
    return ring
