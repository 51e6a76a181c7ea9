"""What is chosen for the reader of emerging hot spots, and the reason shown: steps, window, correction, trend test.

How many alerts a usual place must have in one window to be marked hot: what a map of classes over time cannot show.

A month holds a twelfth of the alerts of a year, and every cell is tested in every step: a place that is a hot spot of
the year need not stand out in any single month.

Emerging hot spots: which places have become hot, stay hot, come and go, or have cooled down.

Each cell in each step of time has a window: the cell and those around it, in that step and `lag` before. A window is
hot when it holds more alerts than its surroundings in the same steps, beyond chance and a margin. The test is exact:
given the alerts of the window and of what it is compared with, the window's are binomial. So nothing that multiplies
all counts of a step (a season, a campaign, more users of the app) makes a mark, which a comparison with the mean of
the whole cube would do; nor does a smooth, dense quarter (see `analysis.hotspots.cell_significance`, whose margin and
surroundings are taken over, so that both maps agree). Gi* is shown beside it, for the trend: its normal tail is no test
of few counts.

The trend test was chosen by simulation. Windows of neighbouring steps share a step, so that their Gi* is correlated;
on pure chance in cells of 130 m over Piraeus, at a nominal 5 %, a trend was found by

    test                                        500 alerts,        6,000 alerts,
                                                24, 36 months      24, 36, 48 months
    plain Mann–Kendall                          15, 19 %           14, 16, 16 %
    Hamed–Rao as published                      18, 17 %           17, 13, 13 %
    Hamed–Rao, first lag, never deflating       11, 11 %           11, 8, 7 %
    steps permuted, windows remade              4, 5 %             5, 4, 6 %
    the same in blocks of three steps           5, 4 %             5, 4, 4 %

Autocorrelations of two or three dozen values are too uncertain for Hamed and Rao's correction (1998, Journal of
Hydrology 204, 182-196). Permuting the steps and remaking the windows is exact by construction, so that is what is done.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
from scipy import sparse

from analysis.cube import (
    CLASSES,
    COUNT_PHRASES,
    KINDS,
    NO_PATTERN,
    GiStar,
    Latest,
    Windows,
    block_permutation,
    classify,
    kendall_s,
    run_to_last_step,
    sen_slope,
)
from analysis.grid import neighbours, ring, square_side
from analysis.hotspots.cell_significance import MIN_LAND_SHARE, connected, significant_cells
from analysis.hotspots.surroundings import margin_for, surroundings_for, window_for
from analysis.stats.dispersion import INDEPENDENT, Dispersion
from analysis.stats.intervals import CellPlace, Choice, Result
from analysis.stats.significance import benjamini_hochberg, larger_rate
from curim_data.model import N_, BoolArray, FloatArray, IntArray, Message, Num, Translator, is_small
from curim_data.model.alert import CellArray
from curim_data.model.i18n import first_case

Unit = Literal["month", "week"]

# Cells times steps: the tests and their arrays of a larger cube would take minutes and gigabytes.
MOST_COUNTS: Final = 5_000_000
# In fewer steps no class is given: hot in two of two would be called persistent.
CLASS_STEPS: Final = 6
# Fewer steps show no trend: classes are then given without one.
MIN_STEPS: Final = 10
# Steps that are permuted together: a quarter of months, where the series is long enough to have eight such blocks.
BLOCK: Final = 3
BLOCKS_FROM: Final = 24
# Fewer alerts than this in the mean window of a week (its cells, the week and the week before) are too few for weeks.
MIN_IN_WEEK: Final = 0.5


@dataclass(frozen=True)
class Periods:
    """The steps of the cube: months or weeks that lie wholly within the data, by their first day, and why."""

    unit: Unit
    starts: pd.DatetimeIndex
    choice: Choice


def periods_for(first: dt.date, last: dt.date, n: float, windows: float) -> Periods:
    """Choose months or weeks, and take only whole ones: a month of which some days are missing would look cold.

    Months from ten whole months on: decisions are taken by the month, and a week seldom holds enough. Below that weeks,
    if there are at least ten and the mean window holds half an alert or more; else months, and no trend is reported.

    Parameters
    ----------
    first, last : date
        First and last day that the data cover.
    n : float
        Alerts on the map.
    windows : float
        Windows that cover the land once: cells divided by the cells in a window.
    """
    months, weeks = whole_periods("month", first, last), whole_periods("week", first, last)
    if len(months) >= MIN_STEPS:
        reason = Message("there are {n} whole months, enough for a trend", {"n": len(months)})
    elif len(weeks) < MIN_STEPS:
        reason = Message("the time is too short for a trend either way")
    elif 2 * n / len(weeks) / max(windows, 1) < MIN_IN_WEEK:
        few = {"n": round(n)}
        reason = Message("there are too few alerts for weeks: {n}", few)
    else:
        message = Message(
            "Time is divided into weeks, because there are only {n} whole months and a trend needs ten.",
            {"n": len(months)},
        )
        return Periods("week", weeks, Choice("unit", "week", message))
    message = Message("Time is divided into months, because {reason}.", {"reason": reason})
    return Periods("month", months, Choice("unit", "month", message))


@lru_cache(maxsize=64)
def whole_periods(unit: Unit, first: dt.date, last: dt.date) -> pd.DatetimeIndex:
    """First days of the months or weeks (from Monday) that lie wholly between two days, both included."""
    frequency = "MS" if unit == "month" else "W-MON"
    starts = pd.date_range(pd.Timestamp(first), pd.Timestamp(last) + pd.Timedelta(days=1), freq=frequency)
    return starts[:-1]


def unit_of(starts: Any) -> Unit:
    """Whether steps are months (all begin on the first of one) or weeks.

    Raises ValueError where they are neither, out of order or have gaps.
    """
    index = pd.DatetimeIndex(starts)
    frequencies: dict[Unit, str] = {"month": "MS", "week": "7D"}
    for unit, frequency in frequencies.items():
        if len(index) and index.equals(pd.DatetimeIndex(pd.date_range(index[0], periods=len(index), freq=frequency))):
            return unit
    raise ValueError("the steps must be the first days of months or of weeks, in order and without gaps")


def block_for(steps: int) -> int:
    """Steps that the trend test permutes together: 3 from 24 steps on, below that 1, for want of blocks."""
    return BLOCK if steps >= BLOCKS_FROM else 1


def setting_choices(
    side: float, k: int, outer: int, lag: int, margin: float, alpha: float, steps: int
) -> tuple[Choice, ...]:
    """The settings of an analysis, each with its sentence.

    `side`: of a cell in metres; `k`, `outer`: rings of the window and of its surroundings.
    """
    return (
        Choice(
            "window",
            k,
            Message(
                "A place is a cell with what lies up to {metres} m from its centre, in a step of time and {lag} "
                "before it; the "
                "first steps have fewer before them.",
                {"metres": round((k + 0.5) * side), "lag": lag},
            ),
        ),
        Choice("lag", lag, Message("Steps that a window reaches back: {lag}; one is usual.", {"lag": lag})),
        Choice(
            "against",
            "surroundings",
            Message(
                "A place is compared with its own surroundings up to {metres} m in the same steps: neither a dense "
                "quarter nor a month of many alerts everywhere is a hot spot.",
                {"metres": round((outer + 0.5) * side)},
            ),
        ),
        Choice(
            "margin",
            margin,
            Message(
                "Hot means more than {margin} times as dense as what it is compared with, beyond chance (exact test).",
                {"margin": Num(margin, 2)},
            ),
        ),
        Choice(
            "alpha",
            alpha,
            Message(
                "Corrected for having looked at every cell in every step: of the marks at most {percent} % are "
                "expected to be "
                "chance, and each group of marks that touch, or follow each other in time, stands out by itself in "
                "the map of "
                "one of its steps.",
                {"percent": Num(100 * alpha, 0)},
            ),
        ),
        Choice(
            "trend",
            "permutation",
            Message(
                "Trend: Mann–Kendall on Gi*, corrected for the number of lasting cells; its chance is found by putting "
                "the steps in random order ({block} at a time) and computing the windows again, since windows share "
                "steps.",
                {"block": block_for(steps)},
            ),
        )
        if steps >= MIN_STEPS
        else Choice(
            "trend",
            "none",
            Message(
                "{n} steps are too few for a trend (it needs {least}): lasting places are called persistent, and "
                "whether they grow or fade is not reported.",
                {"n": steps, "least": MIN_STEPS},
            ),
        ),
    )


MOST: Final = 5_000  # alerts of a window that are tried


def least_seen(
    counts: FloatArray,
    latest: Latest,
    p: FloatArray,
    hot: BoolArray,
    margin: float,
    alpha: float,
    dispersion: float = 1.0,
) -> tuple[int, float]:
    """The least alerts with which a usual place would be marked hot in the last window, and how many are expected.

    A usual place has the window, the surroundings and the density that alerts have on average. It is marked where its
    p-value is no larger than that of the weakest mark, or than alpha over all tests where there is no mark, and where
    it would lead its group (`analysis.hotspots.cell_significance.significant_cells`).

    Parameters
    ----------
    counts : array, shape (cells, steps)
    latest : Latest
        The last windows.
    p, hot : arrays, shape (cells, steps)
        p-values of all windows, and which are marked.
    margin, alpha, dispersion : float
        As of the test.

    Returns
    -------
    tuple of int and float
        Alerts in the window, and how many are expected there. (0, nan) without alerts or surroundings.
    """
    weights = np.where(latest.size_out > 0, counts.sum(axis=1), 0.0)
    if not weights.any():
        return 0, float("nan")
    outside, inside_size, outside_size = (
        float(np.average(values, weights=weights)) for values in (latest.outside, latest.size_in, latest.size_out)
    )
    limit = min(p[hot].max() if hot.any() else alpha / p.size, alpha / len(counts))
    tried = np.arange(1, MOST)
    found = larger_rate(tried, np.full(len(tried), outside), inside_size, outside_size, margin, dispersion) <= limit
    return int(tried[found][0]) if found.any() else 0, outside / outside_size * inside_size


# Runs of the trend test, and those that show that there is no trend: p is above 0.1 then, which no correction mends.
RUNS: Final = 999
ENOUGH: Final = 100


@dataclass(frozen=True)
class EmergingPlace(CellPlace):
    """Neighbouring cells of one history: the class is that of the cell that stood out most, `peak`.

    n : alerts in its cells over all steps. Its id and its point are those of the peak.
    """

    cls: str
    peak: int
    n: int


@dataclass(frozen=True)
class EmergingHotSpots(Result):
    """Cells with their history. Made by `emerging_hot_spots`.

    frame : DataFrame, index cell (int64)
        cls (key of `CLASSES`), n (alerts in the cell over all steps), hot_steps, cold_steps, run (steps up to the last
        that carry the last one's mark without a break), since (first day of that run, NaT), window and expected (alerts
        in the last window, and how many if it were as dense as its surroundings), ratio, q, q_cold (of the last step,
        over the whole cube; 1 where it is above alpha), z (Gi* of the last step), slope (Sen's, of Gi* a step; NaN for
        cells that were never hot or cold), p_trend and q_trend (NaN where no trend is tested: it is where it decides
        the class), place (position in `places`, -1).
    hot, cold : arrays of bool, shape (cells, steps).
    starts : first days of the steps. choices : the settings, each with its reason. least, usual : alerts with which a
    usual place stands out in one window, and how many it is expected to have (`analysis.emerging`).
    """

    frame: pd.DataFrame
    hot: BoolArray
    cold: BoolArray
    starts: pd.DatetimeIndex
    unit: Unit
    places: tuple[EmergingPlace, ...]
    lag: int
    least: int = 0
    usual: float = float("nan")

    @property
    def too_few(self) -> bool:
        """Whether the last windows of all cells together hold fewer alerts than a usual place stands out with.

        Windows overlap, so that there are even fewer.
        """
        return float(self.frame["window"].sum()) < self.least

    def counts(self) -> Counter[str]:
        """How many places have each class."""
        return Counter(place.cls for place in self.places)

    def sentence(self, t: Translator) -> str:
        """How many places are of which kind, in words."""
        found = self.counts()
        hot, cold = (
            t.join([COUNT_PHRASES[kind](t, found[f"{kind}_{way}"]) for kind in KINDS if found[f"{kind}_{way}"]])
            for way in ("hot", "cold")
        )
        now = first_case(
            (hot, N_("Places that are or were hot: {found}.")),
            (
                self.too_few,
                N_("Too few alerts came in last to tell whether a place is hot now; none was hot nearly all the time."),
            ),
            (True, N_("No place is hot now, and none was hot nearly all the time.")),
        )
        values = {"alerts": self.n, "cells": len(self.frame), "steps": len(self.starts), "last": self._when(t, -1)}
        tested = first_case(
            (
                self.unit == "month",
                N_("Tested on {alerts} alerts in {cells} cells and {steps} months up to {last}."),
            ),
            (True, N_("Tested on {alerts} alerts in {cells} cells and {steps} weeks; the last one: {last}.")),
        )
        parts = (
            t(now, found=hot),
            t("Places that are or were cold: {found}.", found=cold) if cold else "",
            t(tested, **values),
            self._least_sentence(t) if self.least else "",
            t("The period is too short to detect a trend.") if len(self.starts) < MIN_STEPS else "",
        )
        return " ".join(filter(None, parts))

    def _least_sentence(self, t: Translator) -> str:
        values = {"expected": Num(self.usual, 2), "least": self.least}
        if self.unit == "month":
            return t.n(
                "In {n} month a usual place is expected to have {expected} alerts and stands out from {least} on: "
                "a hot spot of the whole year need not show here.",
                "In {n} months a usual place is expected to have {expected} alerts and stands out from {least} on: "
                "a hot spot of the whole year need not show here.",
                self.lag + 1,
                **values,
            )
        return t.n(
            "In {n} week a usual place is expected to have {expected} alerts and stands out from {least} on: a hot "
            "spot of the whole year need not show here.",
            "In {n} weeks a usual place is expected to have {expected} alerts and stands out from {least} on: a "
            "hot spot of the whole year need not show here.",
            self.lag + 1,
            **values,
        )

    def sentence_of(self, cell: int, t: Translator, least: int = 1) -> str:
        """The history of one cell, in words. Raises KeyError for a cell that is not on the map.

        `least`: the smallest count that is written out.
        """
        row: Any = self.frame.loc[cell]
        found, steps, by_month = CLASSES[row["cls"]], len(self.starts), self.unit == "month"
        hot = N_("Hot in {n} of {steps} months.") if by_month else N_("Hot in {n} of {steps} weeks.")
        cold = N_("Cold in {n} of {steps} months.") if by_month else N_("Cold in {n} of {steps} weeks.")
        last = (
            N_("Last window: fewer than {k} alerts, where {expected} would be expected from its surroundings.")
            if is_small(row["window"], least)
            else N_("Last window: {alerts} alerts, where {expected} would be expected from its surroundings.")
        )
        surest = row["p_trend"] == 1 / (RUNS + 1)
        parts: tuple[tuple[Any, Callable[[], str]], ...] = (
            (True, lambda: t("{label}. {rule}", label=t(found.label), rule=t(found.rule))),
            (row["hot_steps"] or not row["cold_steps"], lambda: t(hot, n=int(row["hot_steps"]), steps=steps)),
            (row["cold_steps"], lambda: t(cold, n=int(row["cold_steps"]), steps=steps)),
            (0 < row["run"] < steps, lambda: t("Without a break since: {when}.", when=self._when(t, -int(row["run"])))),
            (
                np.isfinite(row["expected"]),
                lambda: t(last, k=least, alerts=int(row["window"]), expected=float(row["expected"])),
            ),
            (
                np.isfinite(row["p_trend"]),
                lambda: t("Trend: {p}.", p=t.p(float(row["q_trend"]), least=surest)),
            ),
        )
        return " ".join(sentence() for holds, sentence in parts if holds)

    def _when(self, t: Translator, step: int) -> str:
        day = self.starts[step].date()
        return t.date(day, "LLLL y") if self.unit == "month" else t("Week of {day}", day=day)


def emerging_hot_spots(
    counts: pd.DataFrame,
    land_km2: pd.Series,
    *,
    lag: int = 1,
    alpha: float = 0.05,
    k: int | None = None,
    scatter: Dispersion = INDEPENDENT,
) -> EmergingHotSpots:
    """Give every cell of the land its class over time.

    Parameters
    ----------
    counts : DataFrame
        Index cell (int64, H3 of one resolution), one column a step (first days of months or weeks, in order). What is
        missing counts zero; cells without land are left out. Give whole periods only (`periods_for`).
    land_km2 : Series, index cell
        The whole study mask. A window at the shore is expected to hold as many alerts as it has land.
    lag : int
        Steps before its own that a window takes in.
    alpha : float
        Share of false marks that is accepted among the marked (Benjamini–Hochberg over all cells and steps, hot and
        cold each), level of each group's own test (Bonferroni over the cells of a step), and of the trends
        (Benjamini–Hochberg over the cells whose class depends on them).
    k : optional
        Rings of cells in the window: chosen as in `analysis.hotspots.surroundings`.
    scatter : Dispersion
        Dispersion of the counts of a place (`analysis.stats.dispersion`): the tests of windows are of effective counts.
        The trend needs none: bursts are shorter than a step, and permuting the steps keeps each with all of its bursts.

    Raises
    ------
    ValueError
        Without cells, with fewer than two steps, or where the steps have gaps.
    """
    land = land_km2.sort_index()
    cells = np.asarray(land.index, dtype=np.int64)
    starts = pd.DatetimeIndex(counts.columns)
    cube, steps = counts.reindex(cells).fillna(0).to_numpy(float), len(starts)
    if steps < 2 or not len(cells):
        raise ValueError(f"emerging needs cells and at least two steps, not {len(cells)} cells and {steps} steps")
    side = square_side(int(h3.get_resolution(np.uint64(cells[0]))), cells)
    k = window_for(side) if k is None else k
    margin = margin_for(k)
    place = neighbours(cells, k)
    # Each alert counts in the windows of the cells that it is near, in its step and the `lag` after it.
    later = np.minimum(lag + 1, steps - np.arange(steps))
    outer = surroundings_for(side, k, float(np.diff(place.indptr) @ cube @ later) / cube.size)
    windows = Windows(
        counts=cube,
        place=place,
        around=ring(cells, k, outer),
        lag=lag,
        size=land.to_numpy(float),
        floor=MIN_LAND_SHARE * side**2 / 1e6,
        dispersion=scatter.value,
    )
    marks = _Significance.of(cells, windows, margin, alpha)
    gistar = GiStar.of(cube, windows.size, neighbours(cells, max(k, 1)), lag)
    frame = _frame(cells, starts, windows, marks, _trends(gistar, marks), alpha)
    places, number = _places(frame, marks)
    least, usual = least_seen(cube, windows.latest(), marks.p_hot, marks.hot, margin, alpha, scatter.value)
    return EmergingHotSpots(
        frame=frame.assign(place=number),
        hot=marks.hot,
        cold=marks.cold,
        starts=starts,
        unit=unit_of(starts),
        places=places,
        lag=lag,
        n=round(cube.sum()),
        choices=(
            *setting_choices(side, k, outer, lag, margin, alpha, steps),
            *scatter.choices,
        ),
        least=least,
        usual=usual,
    )


@dataclass(frozen=True)
class _Significance:
    """The tests of all windows, hot and cold: p, q corrected for so many tests, and marks, of shape (m, T)."""

    p_hot: FloatArray
    q_hot: FloatArray
    hot: BoolArray
    p_cold: FloatArray
    q_cold: FloatArray
    cold: BoolArray

    @classmethod
    def of(cls, cells: CellArray, windows: Windows, margin: float, alpha: float) -> _Significance:
        p_hot = windows.hot(margin)
        q_hot, hot = significant_cells(cells, p_hot, alpha)
        p_cold = windows.cold(hot, margin)
        q_cold, cold = significant_cells(cells, p_cold, alpha)
        return cls(p_hot, q_hot, hot, p_cold, q_cold, cold)

    def marked(self) -> IntArray:
        """Positions of the cells with any mark."""
        return np.flatnonzero(self.hot.any(axis=1) | self.cold.any(axis=1))

    def often(self) -> BoolArray:
        """Cells whose class depends on the trend: hot, or cold, in at least 90 % of the steps and in the last."""
        hot, cold = ((10 * marks.sum(axis=1) >= 9 * marks.shape[1]) & marks[:, -1] for marks in (self.hot, self.cold))
        return np.asarray(hot | cold)


def _trends(gistar: GiStar, marks: _Significance) -> pd.DataFrame:
    """The trend of Gi* by cell: Sen's slope and S (`s`) of cells with a mark, p_trend and q_trend where the class
    depends on them; else NaN. And z of the last step.
    """
    slope, s, p, q = np.full((4, len(marks.hot)), np.nan)
    marked, steps = marks.marked(), marks.hot.shape[1]
    z = gistar.z(gistar.parts_of(marked))
    slope[marked], s[marked] = sen_slope(z), kendall_s(z)
    at = np.flatnonzero(marks.often())
    if len(at) and steps >= MIN_STEPS:
        parts = gistar.parts_of(at)
        p[at] = block_permutation(parts, block=block_for(steps), runs=RUNS, rebuild=gistar.z, enough=ENOUGH)
        q[at] = benjamini_hochberg(p[at])
    return pd.DataFrame({"z": gistar.latest(), "slope": slope, "p_trend": p, "q_trend": q, "s": s})


def _frame(
    cells: CellArray,
    starts: pd.DatetimeIndex,
    windows: Windows,
    marks: _Significance,
    trends: pd.DataFrame,
    alpha: float,
) -> pd.DataFrame:
    steps, marked, latest = len(starts), marks.marked(), windows.latest()
    cls, run = np.full(len(cells), NO_PATTERN, dtype=object), np.zeros(len(cells), dtype=np.int64)
    hot, cold = marks.hot[marked], marks.cold[marked]
    sure, s = (trends[name].to_numpy()[marked] for name in ("q_trend", "s"))
    sure = sure <= alpha
    cls[marked] = classify(hot, cold, sure & (s > 0), sure & (s < 0))
    run[marked] = np.where(hot[:, -1], run_to_last_step(hot), run_to_last_step(cold))
    since = pd.Series(starts[np.minimum(steps - run, steps - 1)]).where(run > 0)
    expected = latest.expected
    columns = {
        "cls": cls,
        "n": windows.counts.sum(axis=1),
        "hot_steps": marks.hot.sum(axis=1),
        "cold_steps": marks.cold.sum(axis=1),
        "run": run,
        "since": since.to_numpy(),
        "window": latest.inside,
        "expected": expected,
        "ratio": np.divide(latest.inside, expected, out=np.full(len(run), np.nan), where=expected > 0),
        # What does not pass is not reported.
        "q": np.where(marks.q_hot[:, -1] <= alpha, marks.q_hot[:, -1], 1.0),
        "q_cold": np.where(marks.q_cold[:, -1] <= alpha, marks.q_cold[:, -1], 1.0),
        **{name: trends[name].to_numpy() for name in ("z", "slope", "p_trend", "q_trend")},
    }
    return pd.DataFrame(columns, index=pd.Index(cells, name="cell"))


def _places(frame: pd.DataFrame, marks: _Significance) -> tuple[tuple[EmergingPlace, ...], CellArray]:
    """Cells with a class, gathered round their peaks.

    A window reaches over its cell, so that a spot marks the cells around it too, some of them only now and then: their
    own class is an echo. So each cell follows its clearest neighbour of the same sign (smallest p of all steps) up to a
    peak and takes the peak's class; neighbouring cells that then agree are one place.
    """
    cells = np.asarray(frame.index, dtype=np.int64)
    near = neighbours(cells, 1)
    sign = np.zeros(len(cells), dtype=np.int64)
    sign[marks.marked()] = [CLASSES[name].sign for name in frame["cls"].to_numpy(object)[marks.marked()]]
    best = np.ones(len(cells))
    for way, marked, p in ((1, marks.hot, marks.p_hot), (-1, marks.cold, marks.p_cold)):
        at = np.flatnonzero(sign == way)
        best[at] = np.where(marked[at], p[at], 1.0).min(axis=1)
    order = np.empty(len(cells), dtype=np.int64)  # clearest first; of equal ones, that with most alerts
    order[np.lexsort((-frame["n"].to_numpy(), best))] = np.arange(len(cells))
    cls = frame["cls"].to_numpy(object)[_peaks(near, sign, order)]
    number = np.full(len(cells), -1)
    found: list[EmergingPlace] = []
    signed = np.flatnonzero(sign)
    for name in dict.fromkeys(f"{kind}_{way}" for way in ("hot", "cold") for kind in KINDS):
        for group in connected(near, signed[cls[signed] == name]):
            number[group] = len(found)
            top = int(cells[group[np.argmin(order[group])]])
            latitude, longitude = h3.cell_to_latlng(np.uint64(top))
            n = round(frame["n"].to_numpy()[group].sum())
            found.append(
                EmergingPlace(f"{top:x}", tuple(cells[group].tolist()), float(longitude), float(latitude), name, top, n)
            )
    return tuple(found), number


def _peaks(near: sparse.csr_array, sign: CellArray, order: CellArray) -> CellArray:
    """For each cell the position of the peak that it leads to: the neighbour of its sign that comes first, and on."""
    follow = np.arange(len(order))
    for cell in np.flatnonzero(sign):
        around = near.indices[near.indptr[cell] : near.indptr[cell + 1]]
        around = around[sign[around] == sign[cell]]
        follow[cell] = around[np.argmin(order[around])]
    while not np.array_equal(follow, follow[follow]):
        follow = follow[follow]
    return follow
