"""What is chosen for the reader of emerging hot spots, and the reason shown: steps, window, correction, trend test.

How many alerts a usual place must have in one window to be marked hot: what a map of classes over time cannot show.

A month holds a twelfth of the alerts of a year, and every cell is tested in every step: a place that is a hot spot of
the year need not stand out in any single month.

Emerging hot spots: which places have become hot, stay hot, or have cooled down.

Each cell in each step of time has a window: the cell and those around it, in that step and `lag` before. A window is
hot when it holds more alerts than its surroundings in the same steps, beyond chance and a margin. The test is exact:
given the alerts of the window and of what it is compared with, the window's are binomial. So nothing that multiplies
all counts of a step (a season, a campaign, more users of the app) makes a mark, which a comparison with the mean of
the whole cube would do; nor does a smooth, dense quarter (see `analysis.hotspots.cell_significance`, whose margin and
surroundings are taken over, so that both maps agree). The trend is that of Gi*, whose normal tail is no test of few
counts.

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
from dataclasses import dataclass
from typing import Any, Final, Literal

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
from scipy import sparse

from analysis.cube import (
    KINDS,
    NO_PATTERN,
    STATES,
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
from analysis.trends.time_series import whole_steps
from curim_data.model import N_, BoolArray, FloatArray, Message, Translator
from curim_data.model.alert import CellArray

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
    """The steps of the cube: months, or weeks and why, that lie wholly within the data, by their first day."""

    unit: Unit
    starts: pd.DatetimeIndex
    choices: tuple[Choice, ...] = ()


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
    months, weeks = whole_steps(first, last, "month"), whole_steps(first, last, "week")
    enough = len(weeks) >= MIN_STEPS and 2 * n / len(weeks) / max(windows, 1) >= MIN_IN_WEEK
    if len(months) >= MIN_STEPS or not enough:
        return Periods("month", months)
    message = Message(
        "Time is divided into weeks, because there are only {n} whole months and a trend needs ten.",
        {"n": len(months)},
    )
    return Periods("week", weeks, (Choice("unit", "week", message),))


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


MOST: Final = 5_000  # alerts of a window that are tried


def least_seen(
    counts: FloatArray,
    latest: Latest,
    p: FloatArray,
    hot: BoolArray,
    margin: float,
    alpha: float,
    dispersion: float = 1.0,
) -> int:
    """The least alerts with which a usual place would be marked hot in the last window.

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
    int
        Alerts in the window; 0 without alerts or surroundings.
    """
    weights = np.where(latest.size_out > 0, counts.sum(axis=1), 0.0)
    if not weights.any():
        return 0
    outside, inside_size, outside_size = (
        float(np.average(values, weights=weights)) for values in (latest.outside, latest.size_in, latest.size_out)
    )
    limit = min(p[hot].max() if hot.any() else alpha / p.size, alpha / len(counts))
    tried = np.arange(1, MOST)
    found = larger_rate(tried, np.full(len(tried), outside), inside_size, outside_size, margin, dispersion) <= limit
    return int(tried[found][0]) if found.any() else 0


# Runs of the trend test, and those that show that there is no trend: p is above 0.1 then, which no correction mends.
RUNS: Final = 999
ENOUGH: Final = 100


@dataclass(frozen=True)
class EmergingPlace(CellPlace):
    """Neighbouring cells of one state: the kind is that of the cell that stood out most, `peak`.

    n : alerts in its cells over all steps. Its id and its point are those of the peak.
    """

    cls: str
    peak: int
    n: int

    @property
    def state(self) -> str:
        """Which of `STATES` a reader is told."""
        return KINDS[self.cls]


@dataclass(frozen=True)
class EmergingHotSpots(Result):
    """Cells with their history. Made by `emerging_hot_spots`.

    frame : DataFrame, index cell (int64)
        cls (key of `KINDS`, or `NO_PATTERN`), n (alerts in the cell over all steps), hot_steps, run (steps up to the
        last that are hot without a break), since (first day of that run, NaT), window and expected (alerts in the last
        window, and how many if it were as dense as its surroundings), ratio, q (of the last step, over the whole cube;
        1 where it is above alpha), slope (Sen's, of Gi* a step; NaN for cells that were never hot), p_trend and q_trend
        (NaN where no trend is tested: it is where it decides the kind), place (position in `places`, -1).
    hot : array of bool, shape (cells, steps).
    starts : first days of the steps. choices : the settings, each with its reason. least : alerts with which a usual
    place stands out in one window.
    """

    frame: pd.DataFrame
    hot: BoolArray
    starts: pd.DatetimeIndex
    unit: Unit
    places: tuple[EmergingPlace, ...]
    lag: int
    least: int = 0

    @property
    def too_few(self) -> bool:
        """Whether the last windows of all cells together hold fewer alerts than a usual place stands out with.

        Windows overlap, so that there are even fewer.
        """
        return float(self.frame["window"].sum()) < self.least

    def sentence(self, t: Translator) -> str:
        """How many places have which state, in words, and whether a trend could be seen."""
        found = states_in_words(t, Counter(place.state for place in self.places))
        none = N_("No place is hot now, and none was hot nearly all the time.")
        few = N_("Too few alerts came in last to tell whether a place is hot now; none was hot nearly all the time.")
        now = f"{found}." if found else t(few if self.too_few else none)
        short = t("The period is too short to detect a trend.")
        return f"{now} {short}" if len(self.starts) < MIN_STEPS else now

    def sentence_of(self, cell: int, t: Translator) -> str:
        """The history of one cell, in words. Raises KeyError for a cell that is not on the map."""
        row: Any = self.frame.loc[cell]
        steps, run, hot = len(self.starts), int(row["run"]), int(row["hot_steps"])
        words = N_("Hot in {n} of {steps} months.") if self.unit == "month" else N_("Hot in {n} of {steps} weeks.")
        told = [t(words, n=hot, steps=steps)]
        if row["cls"] in KINDS:
            name, rule = (t(words) for words in STATES[KINDS[row["cls"]]])
            told.insert(0, t.pair(name, rule))
        if 0 < run < steps:
            told.append(t("Without a break since: {when}.", when=step_label(t, self.unit, self.starts[-run].date())))
        return " ".join(told)


def states_in_words(t: Translator, counts: Counter[str]) -> str:
    """How many places of each state there are."""
    return t.join([t.pair(t(name), t.number(counts[state])) for state, (name, _) in STATES.items() if counts[state]])


def step_label(t: Translator, unit: Unit, day: dt.date) -> str:
    """A month by its name, a week by its first day."""
    return t.date(day, "LLL y" if unit == "month" else "medium")


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
        Share of false marks that is accepted among the marked (Benjamini–Hochberg over all cells and steps), level of
        each group's own test (Bonferroni over the cells of a step), and of the trends (Benjamini–Hochberg over the
        cells whose kind depends on them).
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
    p = windows.hot(margin)
    q, hot = significant_cells(cells, p, alpha)
    gistar = GiStar.of(cube, windows.size, neighbours(cells, max(k, 1)), lag)
    frame = _frame(cells, starts, windows, q, hot, _trends(gistar, hot), alpha)
    places, number = _places(frame, p, hot)
    least = least_seen(cube, windows.latest(), p, hot, margin, alpha, scatter.value)
    return EmergingHotSpots(
        frame=frame.assign(place=number),
        hot=hot,
        starts=starts,
        unit=unit_of(starts),
        places=places,
        lag=lag,
        n=round(cube.sum()),
        choices=scatter.choices,
        least=least,
    )


def _trends(gistar: GiStar, hot: BoolArray) -> pd.DataFrame:
    """The trend of Gi* by cell: Sen's slope and S (`s`) of cells with a mark, p_trend and q_trend where the kind
    depends on them (hot in at least 90 % of the steps and in the last); else NaN.
    """
    slope, s, p, q = np.full((4, len(hot)), np.nan)
    marked, steps = np.flatnonzero(hot.any(axis=1)), hot.shape[1]
    z = gistar.z(gistar.parts_of(marked))
    slope[marked], s[marked] = sen_slope(z), kendall_s(z)
    at = np.flatnonzero((10 * hot.sum(axis=1) >= 9 * steps) & hot[:, -1])
    if len(at) and steps >= MIN_STEPS:
        parts = gistar.parts_of(at)
        p[at] = block_permutation(parts, block=block_for(steps), runs=RUNS, rebuild=gistar.z, enough=ENOUGH)
        q[at] = benjamini_hochberg(p[at])
    return pd.DataFrame({"slope": slope, "p_trend": p, "q_trend": q, "s": s})


def _frame(
    cells: CellArray,
    starts: pd.DatetimeIndex,
    windows: Windows,
    q: FloatArray,
    hot: BoolArray,
    trends: pd.DataFrame,
    alpha: float,
) -> pd.DataFrame:
    steps, latest = len(starts), windows.latest()
    sure, s = trends["q_trend"].to_numpy() <= alpha, trends["s"].to_numpy()
    run = run_to_last_step(hot)
    since = pd.Series(starts[np.minimum(steps - run, steps - 1)]).where(run > 0)
    expected = latest.expected
    columns = {
        "cls": classify(hot, sure & (s > 0), sure & (s < 0)),
        "n": windows.counts.sum(axis=1),
        "hot_steps": hot.sum(axis=1),
        "run": run,
        "since": since.to_numpy(),
        "window": latest.inside,
        "expected": expected,
        "ratio": np.divide(latest.inside, expected, out=np.full(len(run), np.nan), where=expected > 0),
        "q": np.where(q[:, -1] <= alpha, q[:, -1], 1.0),  # what does not pass is not reported
        **{name: trends[name].to_numpy() for name in ("slope", "p_trend", "q_trend")},
    }
    return pd.DataFrame(columns, index=pd.Index(cells, name="cell"))


def _places(frame: pd.DataFrame, p: FloatArray, hot: BoolArray) -> tuple[tuple[EmergingPlace, ...], CellArray]:
    """Cells with a kind, gathered round their peaks.

    A window reaches over its cell, so that a spot marks the cells around it too, some of them only now and then: their
    own kind is an echo. So each cell follows its clearest neighbour (smallest p of all steps) up to a peak and takes
    the peak's state; neighbouring cells that then agree are one place.
    """
    cells, kinds = np.asarray(frame.index, dtype=np.int64), frame["cls"].to_numpy(object)
    near, known = neighbours(cells, 1), kinds != NO_PATTERN
    best = np.where(hot, p, 1.0).min(axis=1)
    order = np.empty(len(cells), dtype=np.int64)  # clearest first; of equal ones, that with most alerts
    order[np.lexsort((-frame["n"].to_numpy(), np.where(known, best, 1.0)))] = np.arange(len(cells))
    state = np.array([KINDS.get(kind, "") for kind in kinds[_peaks(near, known, order)]], dtype=object)
    number = np.full(len(cells), -1)
    found: list[EmergingPlace] = []
    for name in STATES:
        for group in connected(near, np.flatnonzero(known & (state == name))):
            number[group] = len(found)
            at = group[np.argmin(order[group])]
            top, n = int(cells[at]), round(frame["n"].to_numpy()[group].sum())
            latitude, longitude = h3.cell_to_latlng(np.uint64(top))
            found.append(
                EmergingPlace(
                    f"{top:x}", tuple(cells[group].tolist()), float(longitude), float(latitude), kinds[at], top, n
                )
            )
    return tuple(found), number


def _peaks(near: sparse.csr_array, known: BoolArray, order: CellArray) -> CellArray:
    """For each cell the position of the peak that it leads to: the neighbour with a kind that comes first, and on."""
    follow = np.arange(len(order))
    for cell in np.flatnonzero(known):
        around = near.indices[near.indptr[cell] : near.indptr[cell + 1]]
        around = around[known[around]]
        follow[cell] = around[np.argmin(order[around])]
    while not np.array_equal(follow, follow[follow]):
        follow = follow[follow]
    return follow
