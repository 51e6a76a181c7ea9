"""What changed: a tree of questions, each level with its own share of the error rate, both directions, in three grades.

First the city: are there more or fewer alerts than the same days of earlier years let expect? Then shares of it, so
that a rise of everything is one change and not a hundred: did a district, a category, a category in a district, a place
hold more or less of the alerts than before?

A share is judged by the binomial deviance D of its count y1 given y0 + y1. Reports of one event multiply the variance
by the factor a (`burst_factor`), and shares wander from one period to the next by a log ratio of variance b, which
solves "the mean of z² over past periods is 1":

    z = |x| / sqrt(a x² / D + b),     x = log ratio

by Student's distribution, since a and b are estimated. Of the city, the p-value is the largest probability of such a z
under any true change by less than a tenth (Hodges & Lehmann 1954). Within each level p-values are corrected by
Benjamini and Hochberg.

Hodges, J. L. & Lehmann, E. L. (1954). Testing the approximate validity of statistical hypotheses. Journal of the Royal
Statistical Society B 16, 261-268.

Out of many changes, each listed once, at the smallest unit that carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtr, xlogy

from analysis.stats.dispersion import burst_factor
from analysis.stats.intervals import Estimate
from analysis.stats.significance import benjamini_hochberg
from curim_data.model import BoolArray, FloatArray, IntArray

LevelName = Literal["city", "district", "category", "district_category", "place"]
Grade = Literal["clear", "probable", "open"]
Compared = Literal["season", "year", "before", "past"]
Unit = Literal["week", "month"]

# Columns that name a candidate: its area, at most one of them, and its category.
AREA: Final = ("district", "area", "place", "cell")
CANDIDATE_KEYS: Final = (*AREA, "category")
LEVELS: Final[tuple[LevelName, ...]] = ("city", "district", "category", "district_category", "place")
# The share of the error rate of each level: together 5 % of quiet periods may get a clear change.
ALPHA: Final[Mapping[LevelName, float]] = {
    "city": 0.03,
    "district": 0.005,
    "category": 0.005,
    "district_category": 0.0025,
    "place": 0.0075,
}
PROBABLE: Final = 0.1
# A part of a change that holds at least this share of it explains it.
MAIN_SHARE: Final = 0.5
# A change of the whole city by less than a tenth is no news. Shares of it need no such limit: how far they wander is
# learned from their past.
NO_NEWS: Final = 0.1
# How many weeks (months) before the period shares are compared with, and a year of them.
REFERENCE: Final[Mapping[Unit, int]] = {"week": 52, "month": 12}
# Of less past than this no district-and-category and no place is more than probable.
LEAST_PAST: Final[Mapping[Unit, int]] = {"week": 26, "month": 6}
SHORT_REFERENCE: Final[Mapping[Unit, int]] = {"week": 8, "month": 3}
MOST_YEARS: Final = 4
# Variance of the log ratio of shares between two periods beyond chance, before the past says more, and its weight.
DRIFT: Final[Mapping[LevelName, float]] = {
    "city": 0.02,
    "district": 0.02,
    "category": 0.03,
    "district_category": 0.01,
    "place": 0.01,
}
PRIOR_FREEDOM: Final = 4.0
MOST_APART: Final = 3  # parts that probably moved, without which the others are measured
MOST_WINDOWS: Final = 13
MOST_FREEDOM: Final = 15.0
# A row is tested where the variance of its count, given both, is this many times that of one event.
LEAST_SPREAD: Final = 2.0
# Squares beyond this count as just that: the mean of min(z², 9) of normal z is 0.985.
_CUT: Final = 9.0
_CUT_MEAN: Final = 0.985


@dataclass(frozen=True)
class Change:
    """One candidate: what it is (`key`, at `level`), its counts, and how sure the change is.

    `expected`: alerts that its past let expect in the period; `base`: the alerts that say so. `ratio` is that of the
    count to it, shrunk towards 1, with its 95 % interval. `compared`: the city with the "season" (the level of the last
    year and the same days of up to four years), with the same days of the "year" before, or with the time just
    "before"; a share of the city with that of its "past" (of so many weeks or months: `reach`), or of the same days a
    year before ("season"). `few`: the count or its base is under the display threshold: nothing but "fewer than" is
    said of it. `part_of`: the change of a larger unit that this one carries.
    """

    key: Mapping[str, Any]
    level: LevelName
    base: int
    after: int
    expected: float
    ratio: Estimate
    p: float
    q: float
    grade: Grade
    direction: int
    compared: Compared
    reach: int = 0
    few: bool = False
    part_of: Change | None = None

    @property
    def excess(self) -> float:
        """Alerts beyond what was expected, in the direction of the change."""
        return self.direction * (self.after - self.expected)


@dataclass(frozen=True)
class Changes:
    """All candidates of all levels.

    `frame`: the columns that name a candidate (`by`), then level, base, after, expected, ratio, low, high, p, q (NaN
    where not tested), grade, direction, compared. `tested`: how many of each level were. `found`: the changes to list,
    each once, clear ones first, then the surest. `city_error`: the standard error of the log ratio of the whole city.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    tested: Mapping[LevelName, int]
    found: tuple[Change, ...]
    city_error: float = float("nan")

    @property
    def n_tested(self) -> int:
        """How many candidates were tested."""
        return sum(self.tested.values())

    def of(self, key: Mapping[str, Any]) -> Change | None:
        """The candidate of that name; None where there is none."""
        same = np.ones(len(self.frame), bool)
        for name in self.by:
            column, value = self.frame[name], key.get(name)
            same &= (column.isna() if pd.isna(value) else column.eq(value).fillna(False)).to_numpy(bool)
        rows = self.frame[same].to_dict("records")
        return change_of(rows[0], self.by) if rows else None

    def visible(self) -> tuple[float, float] | None:
        """The rise and the fall of the whole city, as ratios, of which 80 in 100 would be clear; None untested."""
        if not np.isfinite(self.city_error):
            return None
        reach = NO_NEWS + (ndtri(1 - ALPHA["city"]) + ndtri(0.8)) * self.city_error
        return float(np.exp(reach)), float(np.exp(-reach))


def change_of(row: Mapping[Any, Any], by: Sequence[str]) -> Change:
    """A row of `Changes.frame` as a change."""
    return Change(
        key={name: None if pd.isna(row[name]) else row[name] for name in by},
        level=row["level"],
        base=round(row["base"]) if np.isfinite(row["base"]) else 0,
        after=round(row["after"]),
        expected=float(row["expected"]),
        ratio=Estimate(row["ratio"], row["low"], row["high"]),
        p=float(row["p"]),
        q=float(row["q"]),
        grade=row["grade"],
        direction=int(row["direction"]),
        compared=row["compared"],
        reach=int(row["reach"]) if row["reach"] == row["reach"] else 0,
    )


@dataclass(frozen=True)
class Counts:
    """Counts of the candidates of one level, a row each, named by `keys`.

    `past`: shape (rows, periods), by whole covered weeks or months before the period, the last just before it; `after`:
    of the period; `year`: of the same days a year before, NaN where they are not covered. `parents`: the row of the
    district and that of the category of each, for a category in a district. `category`: the number of the category of
    each row, whose burst factor it has; -1 for all.
    """

    past: FloatArray
    after: FloatArray
    year: FloatArray
    category: IntArray
    parents: tuple[IntArray, IntArray] | None = None
    keys: pd.DataFrame = field(default_factory=pd.DataFrame)

    def at(self, rows: BoolArray) -> Counts:
        """Some of the candidates, without their names; not for a category in a district."""
        return Counts(self.past[rows], self.after[rows], self.year[rows], self.category[rows])


@dataclass(frozen=True)
class Past:
    """The `unit` of what is known before a period, the `length` of the period in such units, whole or not, and how many
    `periods` are known.
    """

    unit: Unit
    length: float
    periods: int

    @property
    def windows(self) -> int:
        """The length of a period like it in whole units."""
        return max(1, round(self.length))

    @property
    def a_year(self) -> int:
        """A year in units."""
        return REFERENCE[self.unit]


def burst_factors(table: Counts, city: Counts, n_categories: int) -> FloatArray:
    """The burst factor of each category, and last that of all, from series of a category in a district (or place)."""
    totals = city.past[0] if len(table.after) > 1 else None
    own = burst_factor(table.past, np.maximum(table.category, 0), totals=totals) if n_categories else np.ones(0)
    own = np.pad(own, (0, max(n_categories - len(own), 0)), constant_values=1.0)
    return np.append(own, burst_factor(table.past, totals=totals))


def judge(
    level: LevelName, table: Counts, tops: Mapping[LevelName, Counts], past: Past, bursts: FloatArray
) -> pd.DataFrame:
    """The candidates of a level: expected, ratio, low, high, p, q, grade, direction.

    Parameters
    ----------
    level, table
        The level and its counts. Rows of which too little is known are not tested: their p is NaN.
    tops
        The city, and for a category in a district the districts and the categories too.
    past
        The length of the period.
    bursts
        `burst_factors`.

    Returns
    -------
    DataFrame
        One row a candidate. `expected`: alerts that its past and what the rest of the city did let expect; `alone`:
        what its past lets expect where the city had done as expected; `ratio` is that of the count to what was
        expected, shrunk towards 1 by how much the rows of the level differ in truth, `low` and `high` its 95 %
        interval; `q` is p corrected within the level. A share that did not move itself is at most "open".
    """
    frame = _city(table, past, bursts[-1]) if level == "city" else _shares_apart(level, table, tops, past, bursts)
    clear = (frame["q"] <= ALPHA[level]).to_numpy()
    probable = (frame["q"] <= PROBABLE).to_numpy()
    if level in ("district_category", "place") and past.periods < LEAST_PAST[past.unit]:
        clear = np.zeros(len(clear), bool)
    frame["after"], frame["level"] = table.after, level
    frame["direction"] = np.sign(np.nan_to_num(table.after - frame["expected"])).astype(int)
    if level != "city":
        clear, probable = clear & _moved_itself(frame, table), probable & _moved_itself(frame, table)
    frame["grade"] = np.where(clear, "clear", np.where(probable, "probable", "open"))
    return frame


def _moved_itself(frame: pd.DataFrame, table: Counts) -> BoolArray:
    """Where one part of the city rose all others fall as shares: what did not move itself is no news."""
    excess = table.after - frame["expected"]
    return np.asarray((np.sign(excess) * (table.after - frame["alone"])) >= MAIN_SHARE * np.abs(excess), bool)


def _shares_apart(
    level: LevelName, table: Counts, tops: Mapping[LevelName, Counts], past: Past, bursts: FloatArray
) -> pd.DataFrame:
    """Candidates by their share of the city, without those that probably moved, by more than is no news of it: they
    are no measure of the others. What is set apart keeps the q that it had among all, the others have one among them.
    """
    frame = _shares(level, table, tops, past, bursts[table.category])
    apart = np.zeros(len(frame), bool)
    for _ in range(MOST_APART if table.parents is None else 0):
        sure = _moved_itself(frame, table) & ~apart & (frame["q"] <= PROBABLE).to_numpy()
        excess = np.where(sure, np.abs(table.after - frame["alone"]), 0.0)
        if excess.max() <= NO_NEWS * tops["city"].after[0] or apart.sum() + 2 >= len(apart):
            break
        apart[np.argmax(excess)] = True
        others, rest = table.at(~apart), _without(tops["city"], table, apart)
        frame.loc[~apart] = _shares(level, others, {"city": rest}, past, bursts[others.category]).to_numpy()
    return frame


def _without(city: Counts, table: Counts, rows: BoolArray) -> Counts:
    """The city without some of its parts, and no fewer alerts than any other part has: some are of two categories."""

    def rest(whole: FloatArray, parts: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(whole - parts[rows].sum(axis=0), parts[~rows].max(axis=0)))

    past, after, year = (rest(getattr(city, of), getattr(table, of)) for of in ("past", "after", "year"))
    return Counts(past, after, year, city.category)


def _city(table: Counts, past: Past, bursts: float) -> pd.DataFrame:
    """The whole city against the level of the last year and the season of the years before it."""
    series, y1 = table.past[0], float(table.after[0])
    expected, parts, compared = _expected_of_city(series, float(table.year[0]), past)
    if not np.isfinite(expected) or expected + y1 == 0:
        return _frame([np.nan], [np.nan], [np.nan], [np.nan], [np.nan], [compared])
    if past.unit == "week":  # from one month to the next the season moves too
        bursts = max(bursts, float(burst_factor(series[None, -2 * past.a_year :])[0]))
    x = np.log((y1 + 0.5) / (expected + 0.5))
    chance = bursts * (1 / (y1 + 0.5) + sum(1 / (n + 0.5) for n in parts))
    drift, freedom = 0.0, np.inf
    if past.unit == "month" or past.periods < LEAST_PAST[past.unit]:  # neighbours do not tell how totals scatter
        drift, freedom = _drift_of_city(series, past, bursts)
    error = np.array([np.sqrt(chance + drift)])
    return _frame(
        [expected], [x], error, _p_beyond(np.array([x]), error, NO_NEWS, np.array([freedom])), [parts[0]], [compared]
    )


def _drift_of_city(series: FloatArray, past: Past, bursts: float) -> tuple[float, float]:
    """The variance of the log ratio of past periods to what was to be expected then, beyond bursts, and its freedom."""
    k, squares, chances = past.windows, [], []
    for start in range(len(series) - k, 0, -k):
        year = _sum(series[None, start - past.a_year : start - past.a_year + k]) if start >= past.a_year else [np.nan]
        expected, parts, _ = _expected_of_city(series[:start], float(year[0]), Past(past.unit, k, start))
        count = float(np.nansum(series[start : start + k]))
        if expected > 0 and count > 0:
            squares.append(np.log(count / expected) ** 2)
            chances.append(bursts * (1 / count + sum(1 / (n + 0.5) for n in parts)))
    if not squares:
        return DRIFT["city"], PRIOR_FREEDOM
    found, freedom = _solve(np.array(squares), np.array(chances)), min(MOST_FREEDOM, len(squares))
    return (freedom * found + PRIOR_FREEDOM * DRIFT["city"]) / (freedom + PRIOR_FREEDOM), freedom + PRIOR_FREEDOM


def _expected_of_city(series: FloatArray, year_before: float, past: Past) -> tuple[float, list[float], Compared]:
    """The alerts that are to be expected, the counts that say so, and what the city is compared with."""
    year, k, n = past.a_year, past.windows, len(series)
    starts = [start for m in range(1, MOST_YEARS + 1) if (start := n - m * year) >= year]
    if starts and 2 * k <= year and year_before == year_before:
        season, around = [year_before / past.length], [_mean(series[starts[0] - year : starts[0]])]
        for start in starts[1:]:
            season.append(_mean(series[start : start + k]))
            around.append(_mean(series[start - year : start]))
        both = [(here, there) for here, there in zip(season, around, strict=True) if here == here and there == there]
        rates = np.array([*both, (np.nan, np.nan)])[:-1].sum(axis=0)
        if both and rates.all():
            expected = _mean(series[-year:]) * rates[0] / rates[1] * past.length
            return expected, [rates[0] * past.length, float(np.nansum(series[-year:])), rates[1] * year], "season"
    if year_before == year_before:
        return year_before, [year_before], "year"
    back = series[-max(SHORT_REFERENCE[past.unit], k) :]
    return _mean(back) * past.length, [float(np.nansum(back))], "before"


def _mean(counts: FloatArray) -> float:
    """The mean of the periods that are known."""
    return float(np.nanmean(counts)) if np.isfinite(counts).any() else float("nan")


def _shares(
    level: LevelName, table: Counts, tops: Mapping[LevelName, Counts], past: Past, bursts: FloatArray
) -> pd.DataFrame:
    """Candidates by their share of the city (of their district and category), against the reference that tells most.

    References are the same days a year before, and the last quarter, half and whole year. Each has its own drift: that
    of the least typical error is taken.
    """
    tried: list[tuple[float, int, tuple[FloatArray, ...], float, float]] = []
    # Weeks or months before the period; 0 for the same days a year before.
    reaches = [0] if np.isfinite(tops["city"].year).all() else []
    reaches += dict.fromkeys(min(past.a_year // parts, max(past.periods, 1)) for parts in (1, 2, 4))
    for reach in reaches:
        now = _window(table, tops, past, None, reach)
        drift, freedom = _drift(level, table, tops, past, bursts, reach)
        tested = now[2] >= LEAST_SPREAD * bursts
        base, _ = _pair(table, past, None, reach)
        typical = bursts * (1 / (now[3] + 0.5) + 1 / (base + 0.5))
        size = float(np.median(typical[tested]) + drift) if tested.any() else np.inf
        tried.append((size, reach, now, drift, freedom))
    _, reach, (x, deviance, spread, expected), drift, freedom = min(tried, key=itemgetter(0))
    tested = spread >= LEAST_SPREAD * bursts
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(deviance > 0, bursts * x**2 / deviance, bursts / np.maximum(spread, 1e-9))
        error = np.sqrt(chance + drift)
        squares = (chance + drift) ** 2 / (chance**2 / (4 * spread / bursts) + drift**2 / freedom)
    p = np.where(deviance > 0, _p_beyond(x, error, 0.0, squares), 1.0)
    base, _ = _pair(table, past, None, reach)
    frame = _frame(expected, x, error, np.where(tested, p, np.nan), base, ["past" if reach else "season"] * len(x))
    city = tops["city"]
    (whole,), _ = _pair(city, past, None, reach)
    usual, _, _ = _expected_of_city(city.past[0], float(city.year[0]), past)
    frame["alone"] = base * usual / whole if whole > 0 else np.nan
    frame["reach"] = reach
    return frame


def _window(
    table: Counts, tops: Mapping[LevelName, Counts], past: Past, back: int | None, reach: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log ratio, deviance, spread V and expected count of each row; of the period, or of that `back` lengths before."""

    def pair(counts: Counts) -> tuple[FloatArray, FloatArray]:
        return _pair(counts, past, back, reach)

    y0, y1 = pair(table)
    (n0,), (n1,) = pair(tops["city"])
    with np.errstate(divide="ignore", invalid="ignore"):
        if table.parents is None:
            whole, others = np.full(len(y0), n1 / n0), (n1 - y1 + 0.5) / (n0 - y0 + 0.5)
        else:
            (d0, d1), (c0, c1) = (pair(tops[name]) for name in ("district", "category"))
            district, category = table.parents
            whole = others = (d1 / d0)[district] * (c1 / c0)[category] / (n1 / n0)
        part, m, rest = whole / (1 + whole), y0 + y1, 1 - (y0 + y1) / (n0 + n1)
        spread = np.nan_to_num(m * part * (1 - part) * rest)
        mean = m * part
        moved = np.where(np.abs(y1 - mean) <= 0.5, mean, y1 - 0.5 * np.sign(y1 - mean))
        deviance = 2 * (xlogy(moved, moved / mean) + xlogy(m - moved, (m - moved) / (m - mean))) / rest
        x = np.log((y1 + 0.5) / (y0 + 0.5) / others)
    known = (spread > 0) & np.isfinite(x)
    return (
        np.where(known, x, 0.0),
        np.where(known, np.nan_to_num(np.maximum(deviance, 0.0)), 0.0),
        np.where(known, spread, 0.0),
        np.where(known, y0 * np.where(known, others, 0.0), np.nan),
    )


def _pair(counts: Counts, past: Past, back: int | None, reach: int) -> tuple[FloatArray, FloatArray]:
    """Counts of the reference and of the period, each row; of one `back` lengths before the period where given."""
    year, k, n = past.a_year, past.windows, counts.past.shape[1]
    if back is None:
        return (_sum(counts.past[:, -reach:]) if reach else counts.year), counts.after
    end = n - back * k
    start = end - k
    first, last = (max(start - reach, 0), start) if reach else (start - year, end - year)
    return _sum(counts.past[:, first:last]), _sum(counts.past[:, start:end])


def _sum(counts: FloatArray) -> FloatArray:
    """The sum of each row over the periods that are known."""
    return np.asarray(np.nansum(counts, axis=1))


def _drift(
    level: LevelName,
    table: Counts,
    tops: Mapping[LevelName, Counts],
    past: Past,
    bursts: FloatArray,
    reach: int,
) -> tuple[float, float]:
    """The variance b of log ratios between a period and its reference beyond chance, and its degrees of freedom."""
    year, k = past.a_year, past.windows
    windows = max(0, (table.past.shape[1] - (max(k, min(reach, LEAST_PAST[past.unit] // 2)) if reach else year)) // k)
    values, chances, number = [], [], 0
    windows = min(windows, MOST_YEARS * year // k)
    for back in range(0, windows, max(1, windows // MOST_WINDOWS)):
        x, deviance, spread, _ = _window(table, tops, past, back, reach)
        rows = spread >= LEAST_SPREAD * bursts
        if rows.any():
            number += 1
            with np.errstate(divide="ignore", invalid="ignore"):
                chance = np.where(deviance > 0, bursts * x**2 / deviance, np.inf)
            values.append(np.where(deviance > 0, x, 0.0)[rows] ** 2)
            chances.append(chance[rows])
    prior = DRIFT[level]
    if not number:
        return prior, PRIOR_FREEDOM
    squares, chance = np.concatenate(values), np.concatenate(chances)
    freedom = min(MOST_FREEDOM, number * min(len(squares) / number, 3.0) / 2)
    found = _solve(squares, chance)
    return (freedom * found + PRIOR_FREEDOM * prior) / (freedom + PRIOR_FREEDOM), freedom + PRIOR_FREEDOM


def _solve(squares: FloatArray, chance: FloatArray) -> float:
    """The b at which the mean of min(x² / (chance + b), 9) is that of normal squares; 0 where it is less without."""

    def mean(b: float) -> float:
        return float(np.minimum(squares / (chance + b), _CUT).mean())

    if mean(0.0) <= _CUT_MEAN:
        return 0.0
    low, high = 0.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if mean(middle) > _CUT_MEAN else (low, middle)
    return high


def _p_beyond(x: FloatArray, error: FloatArray, no_news: float, freedom: FloatArray) -> FloatArray:
    """The largest probability of a log ratio as far from 0 as x under any true one of at most `no_news`."""
    size, finite = np.abs(x), np.where(np.isfinite(freedom), np.minimum(freedom, 1e9), 1e9)
    tail = stdtr(finite, -(size - no_news) / error) + stdtr(finite, -(size + no_news) / error)
    return np.asarray(np.minimum(1.0, tail))


def _frame(expected: Any, x: Any, error: Any, p: Any, base: Any, compared: Sequence[Compared]) -> pd.DataFrame:
    """The columns of `judge`; ratios shrunk towards 1 by how much the rows of the level differ in truth."""
    x, error, p = (np.asarray(values, float) for values in (x, error, p))
    tested = np.isfinite(p) & np.isfinite(error) & (error > 0)
    true = 0.0
    if tested.sum() > 1:
        weight = 1 / error[tested] ** 2
        true = max(0.0, float((weight * (x[tested] ** 2 - error[tested] ** 2)).sum() / weight.sum()))
        true = max(true, 0.25 * float(np.max(np.abs(x[tested]))) ** 2)
    share = true / (true + error**2) if tested.sum() > 1 else np.ones(len(x))
    middle, reach = share * x, 1.96 * np.sqrt(share) * error
    with np.errstate(over="ignore"):
        return pd.DataFrame(
            {
                "base": base,
                "expected": expected,
                "ratio": np.exp(middle),
                "low": np.exp(middle - reach),
                "high": np.exp(middle + reach),
                "p": p,
                "q": benjamini_hochberg(p),
                "error": error,
                "compared": list(compared),
            }
        )


# So many movements are listed at least, and so many looked through for those that may be chance.
LEAST: Final = 3
MOST_OPEN: Final = 12
AREAS: Final = ("district", "place", "cell", "area")

Key = tuple[Any, ...]
Crossed = Callable[[Mapping[str, Any]], float]


def distinct_changes(
    frame: pd.DataFrame, by: Sequence[str], part_of: Mapping[str, str], crossed: Crossed
) -> tuple[Change, ...]:
    """The clear and probable changes, each once: clear ones first, then the surest.

    Where they are fewer than three, the largest movements that may be chance follow: none that moved only as a
    share, and none with as many alerts as expected.

    Going from the surest to the least sure, a change is the same as an earlier one where what both share (their theme
    in their area) holds at least half of its excess over what was expected. It is listed at the smallest unit that
    holds half of it, with the larger one as `part_of`.

    Parameters
    ----------
    frame
        Candidates of all levels (`analysis.trends.changes.Changes.frame`), named by the columns `by`.
    part_of
        The district (or large area) of each place, by their names.
    crossed
        The excess of a key that names a place and a category, which is no candidate itself.

    References
    ----------
    Katsevich, E., Sabatti, C. & Bogomolov, M. (2023). Filtering the rejection set while preserving false discovery
    rate control. Journal of the American Statistical Association 118, 165-176.
    """
    tree = _Tree(frame, by, part_of, crossed)
    tested = frame[frame["p"].notna() & ~(frame["grade"].eq("open") & frame["q"].le(PROBABLE))]
    rank = tested["grade"].map({"clear": 0, "probable": 1, "open": 2})
    rows = tested.assign(rank=rank).sort_values(["rank", "p"], kind="stable")
    rows = rows[rows["rank"].lt(2) | rows["rank"].eq(2).cumsum().le(MOST_OPEN)]
    kept: list[Change] = []
    for change in (change_of(row, by) for row in rows.to_dict("records")):
        if change.grade == "open" and (len(kept) >= LEAST or change.after == round(change.expected)):
            continue
        whole = next((at for at, one in enumerate(kept) if tree.carries(one, change)), None)
        if whole is not None:
            kept[whole] = replace(change, part_of=kept[whole])
        elif not any(tree.explains(one, change) for one in kept):
            kept.append(change)
    return tuple(kept)


class _Tree:
    """What candidates have in common, by their names."""

    def __init__(self, frame: pd.DataFrame, by: Sequence[str], part_of: Mapping[str, str], crossed: Crossed) -> None:
        self.by, self.part_of, self.crossed = tuple(by), part_of, crossed
        names = zip(
            *([None if pd.isna(value) else value for value in frame[name].tolist()] for name in by), strict=True
        )
        excess = (frame["after"] - frame["expected"]).to_numpy(float)
        self.rows = dict(zip(names, np.nan_to_num(excess).tolist(), strict=True))

    def carries(self, whole: Change, part: Change) -> bool:
        """Whether a change of the same grade lies within another and holds half of its excess."""
        if (whole.direction, whole.grade) != (part.direction, part.grade):
            return False
        within = self._meet(whole.key, part.key) == dict(part.key) != dict(whole.key)
        return within and part.excess >= MAIN_SHARE * whole.excess

    def explains(self, earlier: Change, later: Change) -> bool:
        """Whether what both share holds half of the later change's excess, or of the earlier one's, on its side."""
        if earlier.direction != later.direction:
            return False
        shared = self._meet(earlier.key, later.key)
        if shared is None:
            return False
        known = self.rows.get(tuple(shared[name] for name in self.by))
        part = later.direction * (self.crossed(shared) if known is None else known)
        if shared == dict(later.key):  # a share that moved beyond what the larger unit did is another change
            if earlier.level == "city" or later.level == "district_category" or not earlier.expected > 0:
                return False
            part = later.direction * later.expected * (earlier.after / earlier.expected - 1)
        return part >= MAIN_SHARE * later.excess

    def _meet(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
        """What two candidates share, as a key; None where they have nothing in common."""
        shared: dict[str, Any] = {}
        for name in self.by:
            a, b = one[name], other[name]
            if a is not None and b is not None and a != b:
                return None
            shared[name] = a if a is not None else b
        wide = next((name for name in ("district", "area") if shared.get(name) is not None), None)
        small = next((name for name in ("place", "cell") if shared.get(name) is not None), None)
        if wide is not None and small is not None:
            if self.part_of.get(shared[small]) != shared[wide]:
                return None
            shared[wide] = None
        return shared
