"""Hot spots on cells: where alerts are denser than their surroundings by more than chance and a margin.

The test was chosen by simulation on the land of a city of 10 km² (cells of 130 m):

* Against the mean of the city, the exact test of a cell's window marks a smooth, dense quarter (twice the city's
  density, 800 m wide) in every map of 2,000 alerts or more. Such a quarter is no place for an intervention, so a cell
  is compared with its own surroundings.
* Given the counts of both, the count of the place is binomial whatever the local density: the test is exact without
  an estimated baseline.
* The edge of a town is denser than its surroundings and no hot spot, and so is the edge of such a quarter: a place
  must stand out from every half of its surroundings (`analysis.hotspots.surroundings`).
* Inside such a quarter a place is still up to 1.1 times as dense as each half of what lies around it. So hot means: by
  more than 15 % denser than the surroundings, and chance does not explain the excess.
  `tests/oracles/test_false_alarms.py` holds the rates.
* Each cell is tested alone and together with the cells around it, and the better of both p-values counts: alone
  finds places of 60 m, the window finds those that a border of cells cuts in two. (Against the city: the window.)
* A place may also stand out from the whole city without standing out from its own quarter: a dense quarter is one of
  many such places. So each cell is compared a second time, with all the rest of the city, by a margin that a quarter
  twice as dense does not pass (`surroundings.CITY_MARGIN`). Of all p-values of a cell the smallest counts, times their
  number (Bonferroni).
* Surroundings are land on which alerts occur (`analysis.hotspots.surroundings`), where that is known.
* Corrected twice, for cells and for places: see `significant_cells`.

Power of the test of hot spots: how much denser than its surroundings a typical place must be to be found.

A map without a hot spot says something only where one would have been found. The test keeps a place whose smallest
p-value, times the number of p-values of a cell and the number of cells tested, is at most alpha (`significant_cells`).
For a place as large as the window of a cell, with surroundings as dense as the mean of the land on which alerts occur,
both counts are Poisson, and the probability of that is a sum; only how many alerts the densest half of the surroundings
has is drawn, with a fixed seed. Where counts scatter more than independent ones, all are effective counts. The
probability is taken for the better of the comparisons, which is a little less than that of either, so that the reported
ratio is on the safe side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import betainc, gammainc
from scipy.stats import binom, poisson

from analysis.grid import neighbours, ring, square_side
from analysis.hotspots.surroundings import (
    CITY_MARGIN,
    DIRECTIONS,
    LAND,
    Denominator,
    DenominatorKind,
    OccupiedLand,
    Rule,
    SmoothedRates,
    against_each_half,
    cell_rates,
    margin_for,
    surroundings_for,
    window_for,
)
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.intervals import Result
from analysis.stats.significance import benjamini_hochberg, larger_rate, larger_share, smaller_rate, smaller_share
from curim_data.model import BoolArray, FloatArray, IntArray, Message, Translator
from curim_data.model.alert import CellArray
from curim_data.model.i18n import Span, at_head
from curim_data.model.progress import report

# A cell at the shore may hold next to no land and still get the alerts of the quay: it counts as at least this share.
MIN_LAND_SHARE: Final = 0.25
# Share of false marks that is accepted among the marked.
ALPHA: Final = 0.05
# Limits of the classes of a map, above the usual number: how many times as many alerts as in the surroundings.
TIMES: Final = (2.0, 4.0, 8.0)
_TESTING: Final = Message("Testing the cells of the map")


@dataclass(frozen=True)
class HotCells(Result):
    """Cells with their test. Made by `hot_cells`.

    frame : DataFrame, index cell (int64)
        n, land_km2, size (land or base), window (count of the cell and those around it), expected (of the window, from
        the density of its surroundings), expected_alone (of the cell by itself), ratio (window / expected), p, q, hot,
        alone (whether the cell alone stands out more surely than its window), p_cold, q_cold, cold, base (NaN where not
        known), rate_raw and rate (alerts by base, and the same shrunk towards
        the city's mean), local (hot against its surroundings), wide (hot against the city), tested (whether the cell
        was looked at: it lies on occupied land), occupied (size where it counts as surroundings of others, else zero),
        city (the same for the rest of the city).

    `setting`: of the test. `scatter`: how overdispersed counts of a place are.
    `base`: what a place is compared with; `rates` None where that is land.
    """

    frame: pd.DataFrame
    setting: Setting
    alpha: float
    base: DenominatorKind = LAND
    rates: SmoothedRates | None = None
    scatter: Dispersion = INDEPENDENT

    @property
    def dispersion(self) -> float:
        """The variance of counts by that of independent ones."""
        return self.scatter.value

    @property
    def based(self) -> bool:
        """Whether places are compared by a base population instead of land."""
        return self.base != LAND

    def excess_classes(self, least: int = 1) -> IntArray:
        """The class of every cell on a map, by how many times as many alerts it has as are usual in its surroundings.

        0: too few to tell (under `least`, the smallest that is written out; of unknown surroundings; or more than twice
        the usual number, one at least, which chance alone reaches: no more than three standard deviations above it); 1:
        the usual number; then 2 to `len(TIMES)` + 2, with the limits `TIMES`; -1: no alert.
        """
        n, usual = (self.frame[name].to_numpy(float) for name in ("n", "expected_alone"))
        known, usual = ~np.isnan(usual) & (n >= least), np.maximum(np.nan_to_num(usual, nan=np.inf), 1.0)
        more = known & (n > usual + 3 * np.sqrt(self.dispersion * usual))
        cases = [n <= 0, more, known & (n < TIMES[0] * usual)]
        return np.select(cases, [-1, 2 + np.searchsorted(TIMES, n / usual, side="right"), 1], 0)


def excess_words(t: Translator) -> tuple[str, ...]:
    """The classes of a map by excess (`HotCells.excess_classes`), in words."""
    limits = [t.number(limit) for limit in TIMES]
    times = (f"< {limits[0]}", *map("–".join, pairwise(limits)), f"≥ {limits[-1]}")
    return (t("too few to tell"), t("usual"), *times)


@dataclass(frozen=True)
class Setting:
    """Resolution and side in metres of the cells, rings of a place (`k`) and of its surroundings (`outer`), and the
    ratio to the surroundings that does not count as hot yet.
    """

    resolution: int
    side: float
    k: int
    outer: int
    margin: float


@dataclass(frozen=True)
class Ground:
    """What a test of cells stands on before anything is tested: counts, land, and the settings that follow from them.

    `tested`, `around`, `in_city`: cells that are looked at, that count as surroundings, and as the rest of the city.
    """

    data: pd.DataFrame
    index: CellArray
    setting: Setting
    sizes: Sizes
    counts: FloatArray
    tested: BoolArray
    around: BoolArray
    in_city: BoolArray

    @classmethod
    def of(
        cls,
        cells: pd.DataFrame,
        base: Denominator | None = None,
        occupied: OccupiedLand | None = None,
        k: int | None = None,
        margin: float | None = None,
    ) -> Ground:
        """The parameters are those of `hot_cells`."""
        data = cells.set_index("cell") if "cell" in cells.columns else cells
        data = data[["n", "land_km2"]].assign(
            served_km2=data["served_km2"] if "served_km2" in data else data["land_km2"]
        )
        index = np.asarray(data.index, dtype=np.int64)
        resolution, *others = set((index >> 52 & 15).tolist()) or {0}
        if others:
            raise ValueError(f"cells are of the resolutions {sorted([resolution, *others])}: pass cells of one")
        side = square_side(resolution, index)
        k = window_for(side) if k is None else k
        margin = margin_for(k, sided=base is None) if margin is None else margin
        sizes = Sizes.of(data, base, MIN_LAND_SHARE * side**2 / 1e6)
        counts = np.where(sizes.known, data["n"].to_numpy(float), 0.0)
        tested = around = in_city = np.ones(len(index), dtype=bool)
        if occupied is not None and base is None:
            parts = (occupied.cells, occupied.around, occupied.city)
            tested, around, in_city = (occupied.among(part, index) for part in parts)
        in_place = (neighbours(index, k) @ counts)[tested]
        return cls(
            data,
            index,
            Setting(
                resolution, side, k, surroundings_for(side, k, float(in_place.mean()) if len(in_place) else 0.0), margin
            ),
            sizes,
            counts,
            tested,
            around,
            in_city,
        )


def hot_cells(
    cells: pd.DataFrame,
    *,
    base: Denominator | None = None,
    alpha: float = ALPHA,
    k: int | None = None,
    margin: float | None = None,
    occupied: OccupiedLand | None = None,
    scatter: Dispersion = INDEPENDENT,
) -> HotCells:
    """Test every cell of the land against its surroundings, exactly, and correct for having tested all.

    Parameters
    ----------
    cells : DataFrame, index cell (int64, H3 of one resolution)
        The whole study mask with columns n and land_km2. The surroundings of cold cells leave out what is hot. Where
        reports stand on shared points also served_km2, the land that the points of a cell serve
        (`analysis.grid`), by which places are compared then.
    base : Denominator, optional
        Base population by cell (residents, or all alerts when `cells` holds one category). A place is then compared
        with all the rest of the city, since the base itself follows the density. Residents: the count given n is
        binomial with the place's share of the base. All alerts, of which those looked at are a part: noncentral
        hypergeometric (`analysis.stats.significance`).
        Alerts where no base is known are left out.
    alpha : float
        Share of false marks that is accepted among the marked (Benjamini–Hochberg).
    k : int, optional
        Rings of the window; chosen by `window_for` when left out.
    margin : float, optional
        Ratio that does not count as hot yet; chosen by `margin_for` when left out.
    occupied : OccupiedLand, optional
        Land on which alerts occur; all land when left out. Hot cells lie on it and their surroundings are only what is
        occupied; a cold place counts with its occupied land alone, and its surroundings with all of theirs. Not used
        where places are compared by a base.
    scatter : Dispersion
        How overdispersed counts of a place are (`analysis.stats.dispersion`): all tests are of effective counts.

    Raises
    ------
    ValueError
        Where cells are of several resolutions.
    """
    given = Ground.of(cells, base, occupied, k, margin)
    data, index, setting = given.data, given.index, given.setting
    sizes, counts = given.sizes, given.counts
    tested, around, in_city = given.tested, given.around, given.in_city
    side, k, outer, margin = setting.side, setting.k, setting.outer, setting.margin
    report(0.2, _TESTING)
    scales = [_Scale.of(index, rings, (k, outer) if base is None else None, sizes, around) for rings in sorted({0, k})]
    halves = partial(against_each_half, ground=(index, ring(index, k, outer), side))
    city = None if base is not None else _Scale.of(index, k, None, sizes, in_city)
    in_city_alone = np.where(in_city, counts, 0.0)
    report(0.5, _TESTING)
    above, below = (
        (larger_share, smaller_share) if base is not None and base.kind == "alerts" else (larger_rate, smaller_rate)
    )
    above, below = (partial(test, dispersion=scatter.value) for test in (above, below))
    comparisons = len(scales) + (city is not None)
    tried = [above(s.place @ counts, s.rest(counts), s.size_in, s.size_out, margin) for s in scales]
    if base is None:
        rule = Rule(partial(larger_rate, margin=margin, dispersion=scatter.value), alpha / comparisons)
        ground = np.where(around, sizes.size, 0.0)
        tried = [
            halves(p, s.place @ counts, s.size_in, counts, ground, rule) for p, s in zip(tried, scales, strict=True)
        ]
    wide = (
        larger_rate(
            city.place @ counts, city.rest(in_city_alone), city.size_in, city.size_out, CITY_MARGIN, scatter.value
        )
        if city
        else None
    )
    p_near, p_wide = (
        np.where(tested, np.minimum(1.0, comparisons * p), 1.0)
        for p in (np.min(tried, axis=0), np.ones(len(index)) if wide is None else wide)
    )
    p_hot = np.minimum(p_near, p_wide)
    report(0.7, _TESTING)
    q_hot, hot = significant_cells(index, p_hot, alpha, tested)
    passed = p_hot[q_hot <= alpha].max(initial=0.0)
    local = hot & (p_near <= passed)
    thinner = Rule(partial(smaller_rate, margin=margin, dispersion=scatter.value), alpha / len(scales))
    below = partial(below, margin=margin)
    p_cold = np.where(tested, _colder(scales, None if base else halves, sizes, below, thinner, counts, hot), 1.0)
    q_cold, cold = significant_cells(index, p_cold, alpha, tested)
    report(0.9, _TESTING)
    window, expected = scales[-1].place @ counts, scales[-1].expected(counts)
    expected_alone = scales[0].expected(counts)
    if city is not None:
        only_wide = hot & ~local
        expected = np.where(only_wide, city.expected(in_city_alone), expected)
        expected_alone = np.where(only_wide, expected, expected_alone) if k == 0 else expected_alone
    rates = None if base is None else cell_rates(data["n"].to_numpy(float), sizes.n, shares=base.kind == "alerts")
    columns: dict[str, Any] = {
        **{name: data[name].to_numpy() for name in ("n", "land_km2")},
        "size": sizes.size,
        "window": window,
        "expected": expected,
        "expected_alone": expected_alone,
        "ratio": np.divide(window, expected, out=np.full(len(index), np.nan), where=expected > 0),
        "p": p_hot,
        "q": q_hot,
        "hot": hot,
        "alone": ((tried[0] < tried[-1]) & (local | ~hot)) | (k == 0),
        "local": local,
        "wide": hot & (p_wide <= passed),
        "tested": tested,
        "occupied": np.where(around, sizes.size, 0.0),
        "city": np.where(in_city, sizes.size, 0.0),
        "p_cold": p_cold,
        "q_cold": q_cold,
        "cold": cold,
        "base": np.nan if base is None else sizes.n,
        "rate_raw": np.nan if rates is None else rates.raw,
        "rate": np.nan if rates is None else rates.rates,
    }
    frame = pd.DataFrame(columns, index=data.index)
    return HotCells(
        frame=frame,
        setting=given.setting,
        alpha=alpha,
        n=round(counts.sum()),
        choices=(
            *scatter.choices,
            *((occupied.choice,) if occupied is not None and base is None else ()),
            *(() if base is None else base.choices),
        ),
        base=LAND if base is None else base.kind,
        rates=rates,
        scatter=scatter,
    )


def significant_cells(
    index: CellArray, p: FloatArray, alpha: float, tested: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """The q-values and the marked cells: q <= alpha, in a group whose clearest cell stands out in the whole map.

    Benjamini–Hochberg bounds the share of false cells. Among many cells that are truly hot it lets some others pass,
    and those lie apart and would count as places of their own. So a group of neighbouring cells is kept only when its
    smallest p, times the number of cells (Bonferroni), is at most alpha: the chance of any false place is bounded too
    (the argument of Chumbley and Friston 2009, NeuroImage 44, 62–70, for peaks instead of points). `tested`: cells that
    were looked at, for whose number both correct; the others get a q of 1.

    In space and time (`p` of shape (m, T), one column a step) q is over all m T tests, and marks hang together in one
    step or in steps that follow each other. So the map of any one step, the last above all, has a false place in at
    most alpha of cases, though many true places elsewhere let Benjamini–Hochberg pass more. Times m T would hold that
    for all steps together, but then a new place is seen late (simulated: of places with 25 alerts in their first month
    on a map of 500 a month 8 of 25 instead of 24 of 25).
    """
    table = p.reshape(len(p), -1)
    looked = np.ones(len(p), dtype=bool) if tested is None else tested
    q = np.ones(table.shape)
    q[looked] = benjamini_hochberg(table[looked])
    marked: BoolArray = looked[:, None] & (q <= alpha)
    labels = connected_groups(neighbours(index, 1), marked)
    if marked.any():
        smallest = np.full(labels.max() + 1, 1.0)
        np.minimum.at(smallest, labels[marked], table[marked])
        marked[marked] = smallest[labels[marked]] * looked.sum() <= alpha
    return q.reshape(p.shape), marked.reshape(p.shape)


def connected_groups(near: sparse.csr_array, marks: BoolArray) -> IntArray:
    """The number of the group of each mark, shape (m, T); -1 where there is no mark."""
    labels = np.full(marks.shape, -1)
    rows = np.flatnonzero(marks.any(axis=1))
    if not len(rows):
        return labels
    steps = marks.shape[1]
    in_time = sparse.eye_array(steps) + sparse.eye_array(steps, k=1)
    at = np.flatnonzero(marks[rows])
    graph = sparse.kron(near[rows][:, rows], in_time, format="csr")[at][:, at]
    labels[marks] = connected_components(graph, directed=False)[1]
    return labels


@dataclass(frozen=True)
class Sizes:
    """Land or base of every cell: n as it is given, the same with zero where there is none, and the least that a place
    of that cell counts as.

    `known`: whether there is a base at all.
    """

    n: FloatArray
    size: FloatArray
    least: FloatArray
    known: BoolArray

    @classmethod
    def of(cls, data: pd.DataFrame, base: Denominator | None, least_land: float) -> Sizes:
        """Of the columns of a test; `least_land`: square kilometres that a cell counts as at least."""
        if base is None:
            land = data["served_km2"].to_numpy(float)
            return cls(land, land, np.full(len(land), least_land), np.ones(len(land), dtype=bool))
        frame = base.frame.reindex(data.index)
        known: BoolArray = frame["n"].to_numpy(float) > 0
        size, least = (np.where(known, frame[name].to_numpy(float), 0.0) for name in ("n", "least"))
        return cls(frame["n"].to_numpy(float), size, least, known)


@dataclass(frozen=True)
class _Scale:
    """A place of some rings round each cell, and what it is compared with: a ring of land or the rest of the city.

    `size`: land or base of the place, the occupied part of it; `size_in`: all of it, and never less than the floor
    (only for hot cells: for cold ones a floor would make the shore look empty); `size_out`: what is occupied of the
    rest.
    """

    place: sparse.csr_array
    around: sparse.csr_array | None
    size: FloatArray
    size_in: FloatArray
    size_out: FloatArray

    @classmethod
    def of(
        cls, cells: CellArray, rings: int, around: tuple[int, int] | None, sizes: Sizes, occupied: BoolArray
    ) -> _Scale:
        place = neighbours(cells, rings)
        ground = None if around is None else ring(cells, *around)
        land = np.where(occupied, sizes.size, 0.0)
        size = place @ land
        outside = land.sum() - size if ground is None else ground @ land
        return cls(place, ground, size, np.maximum(place @ sizes.size, sizes.least), outside)

    def rest(self, counts: FloatArray) -> FloatArray:
        """Counts in the surroundings."""
        return np.asarray(counts.sum() - self.place @ counts if self.around is None else self.around @ counts)

    def expected(self, counts: FloatArray) -> FloatArray:
        """Counts in the place if it were as dense as its surroundings; NaN where there are none."""
        density = np.full(len(counts), np.nan)
        np.divide(self.rest(counts), self.size_out, out=density, where=self.size_out > 0)
        return density * self.size_in


def _colder(
    scales: list[_Scale],
    halves: Callable[..., FloatArray] | None,
    sizes: Sizes,
    test: Callable[..., FloatArray],
    rule: Rule,
    counts: FloatArray,
    left_out: BoolArray,
) -> FloatArray:
    """P-values of cold cells, without some (hot) cells among the surroundings; the better of all scales, corrected for
    their number (Bonferroni).

    `test`: of a place against its surroundings; `rule`: against each half of them, where those are land (`halves`).
    """
    kept = np.where(left_out, 0.0, 1.0)
    around, land = counts * kept, sizes.size * kept
    colder = [test(s.place @ counts, s.rest(around), s.size, s.rest(land)) for s in scales]
    if halves is not None:
        colder = [halves(p, s.place @ counts, s.size, around, land, rule) for p, s in zip(colder, scales, strict=True)]
    return np.asarray(np.minimum(1.0, len(colder) * np.min(colder, axis=0)))


def connected(near: sparse.csr_array, members: CellArray) -> list[CellArray]:
    """The members (positions among the cells) in groups that hang together by neighbouring cells."""
    if not len(members):
        return []
    count, labels = connected_components(near[members][:, members], directed=False)
    return [members[labels == label] for label in range(count)]


# The usual power of a planned study (Cohen 1988, Statistical Power Analysis for the Behavioral Sciences).
PROBABILITY: Final = 0.8
# A test that would miss even a place ten times as dense as its surroundings says nothing about hot spots.
MOST_RATIO: Final = 10.0
_STEPS: Final = 30
_SPREADS: Final = 8.0
# Draws of the densest half: the probability of 0.8 then has a standard error of 0.01 at most.
_DRAWS: Final = 4_000


@dataclass(frozen=True)
class Power:
    """What a test of hot spots would have found.

    ratio : the smallest ratio to the surroundings that a place of typical density shows with the probability
        `PROBABILITY`; None where even one `MOST_RATIO` times as dense would be missed more often.
    at_most : the probability with which a place `MOST_RATIO` times as dense is found.
    n : alerts tested. expected : of the place, at the density around. metres : side of a square as large as the place.
    based : whether places are compared by a base population instead of land.
    alone : whether the area is no larger than the place, so that there is nothing to compare it with.
    period : of the alerts; None where it is not said.
    """

    ratio: float | None
    at_most: float
    n: int
    expected: float
    metres: int
    based: bool = False
    period: Span | None = None
    alone: bool = False

    @property
    def too_few(self) -> bool:
        """Whether there are too few alerts to tell: “no hot spot” would be no finding."""
        return self.ratio is None

    def sentence(self, t: Translator) -> str:
        """What would have been found, in words, with the period where it is known; not `n`, which may be withheld."""
        found = self._finding(t)
        if self.period is None:
            return found
        return at_head(t("{period}: {finding}", period=t.span(self.period), finding=found))

    def _finding(self, t: Translator) -> str:
        if not self.n:
            return t("There is no alert on the map to test.")
        if self.alone:
            return t("The area is no larger than one place: there is nothing around it to compare it with.")
        if self.ratio is None:
            return t(
                "Too few to tell: even a place {most} times as dense as its surroundings would be missed more often "
                "than in one of five cases.",
                most=t.number(MOST_RATIO),
            )
        return t(
            "With so many alerts a place of usual density is found in four of five cases if it is at least {ratio} "
            "times as dense as its surroundings.",
            ratio=t.number(self.ratio, 1),
        )


def detection_power(hot: HotCells) -> Power:
    """The power of a test of hot cells (of `hot_cells`), for a place as large as the window of one cell.

    Only its settings, the number of alerts and the land (or base) enter, not what was found.
    """
    return _power_of(_Case.of(hot.setting, hot.frame, hot.n, hot.alpha, hot.base, hot.dispersion))


def planned_power(
    cells: pd.DataFrame, occupied: OccupiedLand | None = None, scatter: Dispersion = INDEPENDENT
) -> Power:
    """The power that `hot_cells` will have on these cells, without making the test: that of `detection_power` after it.

    Parameters
    ----------
    cells, occupied, scatter
        As for `hot_cells`. Where the alerts lie does not enter, but for how many are on the city's occupied land.
    """
    ground = Ground.of(cells, occupied=occupied)
    size, city = ground.sizes.size, np.where(ground.in_city, ground.sizes.size, 0.0)
    frame = pd.DataFrame({"n": ground.counts, "size": size, "tested": ground.tested, "city": city})
    return _power_of(_Case.of(ground.setting, frame, round(ground.counts.sum()), ALPHA, LAND, scatter.value))


@lru_cache(maxsize=512)
def _power_of(case: _Case) -> Power:
    at_most = case.power(MOST_RATIO)
    ratio = None
    if at_most >= PROBABILITY:
        low, high = 0.0, float(np.log(MOST_RATIO))
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if case.power(float(np.exp(middle))) >= PROBABILITY else (middle, high)
        ratio = float(np.exp(high))
    return Power(ratio, at_most, case.n, case.expected, round(case.metres), case.based, alone=not case.found)


@dataclass(frozen=True)
class _Against:
    """What a place is compared with: size and rate of it, and the ratio that does not count as hot.

    `densest_half`: whether it is the one with most alerts of the halves of its surroundings, each of that size.
    """

    size: float
    rate: float
    margin: float
    densest_half: bool = False

    def counts(self, known: bool, dispersion: float = 1.0) -> tuple[FloatArray, FloatArray]:
        """How many alerts it may have, and the probability of each number."""
        mean = self.rate * self.size / dispersion
        reach = _SPREADS * np.sqrt(mean) + _SPREADS
        around = np.arange(max(0.0, np.floor(mean - reach)), np.ceil(mean + reach) + 1)
        chance: FloatArray = poisson.pmf(around, mean)
        if self.densest_half:
            sixths = np.random.default_rng(0).poisson(mean / 3, (_DRAWS, DIRECTIONS))
            halves = sum(np.roll(sixths, turn, axis=1) for turn in range(DIRECTIONS // 2))
            most, often = np.unique(np.max(halves, axis=1), return_counts=True)
            around, chance = most.astype(float), often / _DRAWS
        elif known or len(around) > 400:  # the rest of a city: its count is known, next to that of the place
            around, chance = np.array([round(mean)], dtype=float), np.ones(1)
        return around if dispersion == 1 else np.round(dispersion * around), chance


@dataclass(frozen=True)
class _Case:
    """All of a test that its power depends on: a typical place, what it is compared with, and the level of one p-value.

    Sizes are land or base, `rate` is alerts by size; `n`: alerts tested; `expected`: in the place; `shares`: whether
    they are a part of the base.
    """

    n: int
    rate: float
    size_in: float
    expected: float
    against: tuple[_Against, ...]
    level: float
    based: bool
    shares: bool
    metres: float
    dispersion: float = 1.0

    @classmethod
    def of(
        cls, setting: Setting, frame: pd.DataFrame, n: int, alpha: float, base: DenominatorKind, dispersion: float
    ) -> _Case:
        """Of a test of a base with a setting, before it is made or after: `frame` as that of `HotCells`."""
        tested, size, city = (frame[name].to_numpy() for name in ("tested", "size", "city"))
        total, cells, based = float(size[tested].sum()), max(int(tested.sum()), 1), base != LAND
        in_place, in_reach = (3 * rings * (rings + 1) + 1 for rings in (setting.k, setting.outer))
        one = total / cells if based else min(setting.side**2 / 1e6, total)
        size_in = min(in_place * one, total)  # an area may be no larger than a place, and end within the surroundings
        left = total - size_in if in_place < cells else 0.0
        rate = n / total if total > 0 else 0.0
        against = [_Against(left, rate, setting.margin)]
        if not based:
            land, alerts = float(city.sum()), float(frame["n"].to_numpy(float)[city > 0].sum())
            beside = max(land - size_in, 0.0) if left else 0.0
            half = min((in_reach - in_place) * one, left) / 2
            against = [
                _Against(beside, alerts / land if land > 0 else 0.0, CITY_MARGIN),
                _Against(half, rate, setting.margin, densest_half=True),
            ]
        level = alpha / cells / (len({0, setting.k}) + (not based))
        return cls(
            n,
            rate,
            size_in,
            rate * size_in,
            tuple(against),
            level,
            based,
            base == "alerts",
            setting.side * float(np.sqrt(in_place)),
            dispersion,
        )

    def power(self, ratio: float) -> float:
        """Probability that a place `ratio` times as dense as its surroundings is found, by the better comparison.

        At least the smallest count that is found has to come; effective counts have the continuous forms of both laws.
        """
        if not self.rate > 0:
            return 0.0
        share, mean, wider = min(1.0, ratio * self.rate), ratio * self.expected, self.dispersion

        def at_least(least: FloatArray) -> Any:
            if wider == 1:
                laws = (binom.sf(least - 1, round(self.size_in), share), poisson.sf(least - 1, mean))
                return laws[0] if self.shares else laws[1]
            if self.shares:
                return betainc(least / wider, np.maximum(round(self.size_in) - least, 0) / wider + 1, share)
            return gammainc(least / wider, mean / wider)

        return max((float(chance @ at_least(least)) for least, chance in self.found), default=0.0)

    @cached_property
    def found(self) -> list[tuple[FloatArray, FloatArray]]:
        """For each comparison and each count around the place the smallest in it that is found, by halving, and the
        probability of that count around: the same for every ratio.
        """
        least, test = [], larger_share if self.shares else larger_rate
        for against in (one for one in self.against if one.size > 0):
            around, chance = against.counts(self.shares, self.dispersion)
            most = np.ceil(20 + 4 * (against.margin + MOST_RATIO) * (self.expected + self.dispersion))
            low, high = np.zeros(len(around)), np.full(len(around), most)
            sizes = np.full(len(around), self.size_in), np.full(len(around), against.size)
            while (high - low > 1).any():
                middle = np.floor((low + high) / 2)
                passed = test(middle, around, *sizes, against.margin, self.dispersion) <= self.level
                low, high = np.where(passed, low, middle), np.where(passed, middle, high)
            least.append((high, chance))
        return least
