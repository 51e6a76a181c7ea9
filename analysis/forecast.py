"""The counts of the next weeks or months, and where the alerts of the next weeks will be; each tried on the past.

The next weeks or months of a series, with intervals, shown only where the same way was better than naive before.

The forecast is the model of the expected range (`analysis.trends.line`) carried on: level and season, learned from the
counts before alone. It is tried on the past with rolling origins: at each of the last starts
it forecasts the same number of periods, and so do two naive ways, the same period a year before and the mean of as many
periods just before.

Hyndman, R. J. & Athanasopoulos, G. (2018). Forecasting: principles and practice, 2nd ed., sections 3.1 and 5.10.

Where the alerts of the next weeks will be: plain counting of the last year, shown only where past forecasts of the same
kind held more alerts than chance. (Of several ways that were tried none was better than counting beyond chance.)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from analysis.hotspots.cell_significance import MIN_LAND_SHARE
from analysis.stats.intervals import TAIL, Estimate, Result
from analysis.trends.line import Ahead, quantiles, read_line
from curim_data.model import N_, FloatArray, IntArray, Message, Num, Span, Translator

LEVEL: Final = 0.95
WEEKS_A_YEAR: Final = 365.25 / 7
Unit = Literal["week", "month"]
AHEAD: Final[Mapping[Unit, int]] = {"week": 8, "month": 2}
INNER: Final = 0.8
_SEASON: Final[Mapping[Unit, float]] = {"week": 365.25 / 7, "month": 12.0}
_A_YEAR: Final[Mapping[Unit, int]] = {"week": 52, "month": 12}
# Starts in the past on which a forecast is tried, and fewer than which tell nothing.
_MOST_STARTS: Final[Mapping[Unit, int]] = {"week": 52, "month": 24}
_LEAST_STARTS: Final[Mapping[Unit, int]] = {"week": 26, "month": 12}
# Periods before the first of them, so that the season was seen twice.
_LEARNED: Final[Mapping[Unit, int]] = {"week": 104, "month": 24}
_TOO_SHORT: Final = N_(
    "No forecast is shown: it would need {least} whole weeks or months of the past to be tried on, and there are {n}."
)
_NO_BETTER: Final = Message(
    "No forecast is shown: in the past it was no better than the count a year before or the mean of the last ones."
)


@dataclass(frozen=True)
class PastErrors:
    """How far a forecast missed a count on average (mean absolute error), and what the naive ways missed by.

    `year`: the count a year before; `recent`: the mean of as many periods before the start as are forecast. `starts`:
    how many forecasts were tried; `counts`: of how many counts they were; `covered`, `covered_inner`: how many of
    those lay within the intervals of 95 and of 80 %.
    """

    model: float
    year: float
    recent: float
    starts: int
    counts: int
    covered: int
    covered_inner: int

    @property
    def better(self) -> bool:
        """Whether the forecast missed by less than both naive ways."""
        return self.model < min(self.year, self.recent)


@dataclass(frozen=True, eq=False)
class NextPeriods:
    """The forecast of the next periods.

    `frame`, one row a period: its first day under the name of the unit (datetime64), expected, low, high (95 %),
    low_inner, high_inner (80 %). `total`: of all of them together; `n`: counts that it was learned from.
    """

    frame: pd.DataFrame
    unit: Unit
    total: Estimate
    past: PastErrors
    n: int

    def sentence(self, t: Translator) -> str:
        """How many are expected, and the interval."""
        first, last = (self.frame[self.unit].iloc[at].date() for at in (0, -1))
        days = Span(first, last if self.unit == "month" else last + dt.timedelta(days=6), by_month=self.unit == "month")
        return t(
            "Forecast for {period}: about {expected} (95 % interval {low} to {high}).",
            period=days,
            expected=t.n("{n} alert", "{n} alerts", round(self.total.value)),
            low=int(self.total.low),
            high=int(self.total.high),
        )

    def past_sentence(self, t: Translator) -> str:
        """How good such forecasts were, beside the naive ones, and how often the intervals held."""
        past, digits = self.past, 0 if self.past.model >= 10 else 1
        return t(
            "Tried on {starts} starts in the past, it missed a count by {model} on average; the count a year before "
            "would have missed by {year}, the mean of the last ones by {recent}. {covered} of the counts lay within "
            "the 95 % interval, {inner} within the 80 % interval.",
            starts=past.starts,
            model=Num(past.model, digits),
            year=Num(past.year, digits),
            recent=Num(past.recent, digits),
            covered=t.percent(past.covered / past.counts),
            inner=t.percent(past.covered_inner / past.counts),
        )


def forecast_next(
    counts: ArrayLike,
    start: dt.date,
    unit: Unit,
    *,
    complete: ArrayLike | None = None,
    breaks: Collection[int] = (),
) -> NextPeriods | Message:
    """Forecast the next eight weeks or two months of a series, or say why none is shown.

    Parameters
    ----------
    counts : shape (T,)
        Periods in order, NaN where not covered; the first forecast period begins on `start`.
    complete, breaks
        As `reported` and `breaks` of `analysis.trends.line.read_line`.

    Withheld where the past is too short to try it on, and where it was no better than the count a year before or than
    the mean of the last periods. It is tried on the counts for which all three are known.
    """
    series = np.asarray(counts, dtype=float)
    ahead = AHEAD[unit]
    starts = past_starts(len(series), unit)
    if len(starts) < _LEAST_STARTS[unit]:
        return Message(_TOO_SHORT, {"n": len(series), "least": _periods_needed(unit)})
    positions = [*starts.tolist(), len(series)]
    found = read_line(series, _SEASON[unit], reported=complete, breaks=breaks).ahead(positions, ahead)
    past = past_errors(series, found, starts, _A_YEAR[unit])
    if not past.counts:
        return Message(_TOO_SHORT, {"n": int(np.isfinite(series).sum()), "least": _periods_needed(unit)})
    if not past.better:
        return _NO_BETTER
    last = Ahead(found.mean[-1:], found.variance[-1:], found.total[-1:])
    (low, high), (low_inner, high_inner) = last.bounds(LEVEL), last.bounds(INNER)
    sums = last.sum_bounds(LEVEL)
    days = pd.date_range(start, periods=ahead, freq="7D" if unit == "week" else "MS")
    frame = pd.DataFrame(
        {
            unit: days,
            "expected": found.mean[-1],
            "low": low[-1],
            "high": high[-1],
            "low_inner": low_inner[-1],
            "high_inner": high_inner[-1],
        }
    )
    return NextPeriods(
        frame,
        unit,
        Estimate(float(found.mean[-1].sum()), float(sums[0][-1]), float(sums[1][-1])),
        past,
        int(np.nansum(series)),
    )


def _periods_needed(unit: Unit) -> int:
    """How many periods a forecast needs."""
    return _LEARNED[unit] + _LEAST_STARTS[unit] + AHEAD[unit] - 1


def past_starts(length: int, unit: Unit) -> IntArray:
    """The latest positions from which all periods of a forecast are known and two years lie before."""
    last = length - AHEAD[unit]
    return np.arange(max(_LEARNED[unit], last - _MOST_STARTS[unit] + 1), last + 1)


def past_errors(series: FloatArray, found: Ahead, starts: IntArray, a_year: int) -> PastErrors:
    """Compare forecasts made at `starts`, the first rows of `found`, with the counts, and with the naive ways."""
    ahead = found.mean.shape[1]
    steps = starts[:, None] + np.arange(ahead)
    observed = series[steps]
    before = series[starts[:, None] - ahead + np.arange(ahead)].mean(axis=1, keepdims=True)
    ways = [found.mean[: len(starts)], series[steps - a_year], np.broadcast_to(before, observed.shape)]
    known = np.isfinite(observed) & np.isfinite(ways).all(axis=0)
    within = []
    for level in (LEVEL, INNER):
        low, high = (side[: len(starts)] for side in found.bounds(level))
        within.append(int((known & (low <= observed) & (observed <= high)).sum()))
    model, year, recent = (float(np.abs(observed - way)[known].mean()) if known.any() else np.nan for way in ways)
    return PastErrors(model, year, recent, len(starts), int(known.sum()), within[0], within[1])


NAIVE_WEEKS: Final = 52


def counted_before(counts: FloatArray, origins: Any) -> FloatArray:
    """Plain counting: the alerts of the last 52 weeks before each origin (all, where there are fewer); (m, origins)."""
    at = np.asarray(origins, dtype=int)
    sums = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    return np.asarray(sums[:, at] - sums[:, np.maximum(at - NAIVE_WEEKS, 0)])


def following_counts(counts: FloatArray, origins: Any, weeks: int) -> FloatArray:
    """Alerts by cell in the weeks that follow each origin; (m, origins)."""
    return np.stack([counts[:, at : at + weeks].sum(axis=1) for at in np.asarray(origins, dtype=int)], axis=1)


def flagged_hits(observed: Any, predicted: Any, shares: Any, land: Any) -> tuple[FloatArray, FloatArray]:
    """Events in the places of highest predicted density that make up the given shares of the land, and how many places
    these are, the one at the border in part.

    The place at the border is flagged in part and its events count in proportion, so that forecasts are compared on
    the same area. Places predicted alike share the border in proportion to their land: what a choice among them at
    random gives in the mean. Were those with the lowest counts first, plain counting, whose ties are many, would be
    held back against a forecast without ties.

    >>> events, places = flagged_hits([4, 0, 2, 0], [2, 1, 1, 0], [0.25, 0.5, 1.0], [1, 1, 1, 1])
    >>> events.tolist(), places.tolist()
    ([4.0, 5.0, 6.0], [1.0, 2.0, 4.0])
    """
    events, score, land = (np.asarray(values, dtype=float) for values in (observed, predicted, land))
    density = score / land
    order = np.argsort(-density, kind="stable")
    ends = np.append(np.diff(density[order]) != 0, True)
    flagged, held, places = (
        np.append(0.0, np.cumsum(values[order])[ends]) for values in (land, events, np.ones(len(land)))
    )
    return np.interp(shares, flagged / land.sum(), held), np.interp(shares, flagged / land.sum(), places)


SHARES: Final = (0.01, 0.02, 0.05)
# The share of the land by which a method is judged: what a city can look after.
MAIN_SHARE: Final = 0.02
MIN_ORIGINS: Final = 8
MIN_EVENTS: Final = 50
MAX_ORIGINS: Final = 26
MAX_TEST_WEEKS: Final = 52
MIN_TRAINING: Final = 26
RUNS: Final = 999


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts made in the past, each with what it knew then, and what came.

    `frame`, one row a share of the land: area, hit_rate, pai, pai_low, pai_high (95 %, from a bootstrap over the
    origins). `refused` says why no forecast is shown, None where one is. `forecast` and `came`, shape (m, origins).
    """

    frame: pd.DataFrame
    origins: tuple[int, ...]
    events: int
    refused: Message | None
    forecast: FloatArray = field(repr=False)
    came: FloatArray = field(repr=False)

    def at(self, area: float = MAIN_SHARE) -> pd.Series[Any]:
        """The row of a share of the land."""
        return self.frame[np.isclose(self.frame["area"], area)].iloc[0]


def origins_for(length: int, weeks: int) -> tuple[int, ...]:
    """The weeks at which past forecasts are made: back from the last week without overlap, over at most 52 weeks, with
    26 weeks before the first.
    """
    number = max(0, min(MAX_ORIGINS, MAX_TEST_WEEKS // weeks, (length - MIN_TRAINING) // weeks))
    return tuple(length - weeks * back for back in range(number, 0, -1))


def backtest(counts: FloatArray, land: FloatArray, weeks: int, seed: int = 0) -> Backtest:
    """Try plain counting at past origins.

    On a share s of the land, summed over the origins: PAI = hits / events / s. Places with equal counts share the
    border of the flagged land. The bootstrap draws origins with repetition (999 times) and takes percentiles that are
    widened for few origins (`widened_tail`).

    Chainey, S., Tompson, L. & Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial patterns of
    crime. Security Journal 21, 4-28.
    """
    origins = origins_for(counts.shape[1], weeks)
    number = len(origins)
    observed = following_counts(counts, origins, weeks) if number else np.zeros((len(land), 0))
    predicted = counted_before(counts, origins)
    events = observed.sum(axis=0)
    columns = ["area", "hit_rate", "pai", "pai_low", "pai_high"]
    if (refused := _too_little(number, int(events.sum()))) is not None:
        return Backtest(pd.DataFrame(columns=columns), origins, int(events.sum()), refused, predicted, observed)
    held = np.stack([flagged_hits(observed[:, at], predicted[:, at], SHARES, land)[0] for at in range(number)])
    drawn = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), RUNS).astype(float)
    rows = [
        (area, float(hits.sum() / events.sum()), *astuple(_ratio_of_sums(hits, events * area, drawn)))
        for area, hits in zip(SHARES, held.T, strict=True)
    ]
    tested = Backtest(pd.DataFrame(rows, columns=columns), origins, int(events.sum()), None, predicted, observed)
    none = Message(
        "No forecast is shown: in the past plain counting found no more alerts than the same land chosen at random "
        "would have held, beyond chance."
    )
    return tested if tested.at()["pai_low"] > 1 else replace(tested, refused=none)


def widened_tail(alpha: float, n: int) -> float:
    """The tail to take of a bootstrap of n values so that a mean is covered as by Student's t: Phi(sqrt(n/(n-1)) t).

    Hesterberg, T. (2015). What teachers should know about the bootstrap. The American Statistician 69, 371-386.
    """
    return float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(alpha, n - 1)))


def _too_little(origins: int, events: int) -> Message | None:
    if origins < MIN_ORIGINS:
        return Message(
            "No forecast is shown: the data reach back far enough for {n} past forecasts only, and a test needs "
            "{least}.",
            {"n": origins, "least": MIN_ORIGINS},
        )
    few = Message(
        "No forecast is shown: fewer than {least} alerts came in the weeks of the test, and with so few a test is "
        "a lottery.",
        {"least": MIN_EVENTS},  # not how many: it may be a count that the reader is not told
    )
    return few if events < MIN_EVENTS else None


def _ratio_of_sums(above: FloatArray, below: FloatArray, drawn: FloatArray) -> Estimate:
    """The sum over origins above, over that of those below, with its bootstrap interval."""
    weights = np.vstack([np.ones(drawn.shape[1]), drawn])
    sums = weights @ below
    ratios = (weights @ above)[sums > 0] / sums[sums > 0]
    tail = widened_tail(TAIL, drawn.shape[1])
    low, high = np.quantile(ratios[1:], [tail, 1 - tail])
    return Estimate(float(ratios[0]), float(low), float(high))


MAX_LISTED: Final = 20


@dataclass(frozen=True, eq=False)
class PlaceForecast(Result):
    """The next weeks: the places where most alerts are expected.

    `frame`, index cell: land_km2, last_weeks (alerts of the last 52 weeks), expected (alerts of the next weeks, NaN
    where no forecast is shown). `listed`, the cells of highest expected density on 2 % of the land (at most 20) in
    order, index cell: expected, low, high (95 %). `covered` of `tried` counts of such lists in the past fell inside
    their interval.
    """

    frame: pd.DataFrame
    listed: pd.DataFrame
    backtest: Backtest
    covered: int
    tried: int

    @property
    def shown(self) -> bool:
        """Whether there is a forecast of places."""
        return self.backtest.refused is None

    def sentence(self, t: Translator) -> str:
        """What the forecast of places is worth, or why there is none."""
        test = self.backtest
        if test.refused is not None:
            return t(test.refused)
        row = test.at()
        return t(
            "In {times} past forecasts {hits} of {events} alerts came on the {land} of the land that plain counting "
            "ranked first, {pai} times as many as by chance ({low} to {high}).",
            land=t.percent(MAIN_SHARE),
            hits=t.percent(row["hit_rate"]),
            times=len(test.origins),
            events=test.events,
            **{name: Num(row[column]) for name, column in (("pai", "pai"), ("low", "pai_low"), ("high", "pai_high"))},
        )

    def places_sentence(self, t: Translator) -> str:
        """How the intervals of the listed places did in the past."""
        return t(
            "Of {tried} counts that were listed in this way in the past, {covered} fell inside their interval.",
            tried=self.tried,
            covered=self.covered,
        )


def forecast_places(counts: Any, land_km2: pd.Series, weeks: int = 4, seed: int = 0) -> PlaceForecast:
    """Forecast where the alerts of the next 1 to 4 weeks will be.

    Parameters
    ----------
    counts : array, shape (m, T)
        Alerts by cell and week, all whole weeks of the past in order.
    land_km2 : Series, index cell (int64), shape (m,)
        The study mask with the land of each cell.

    Plain counting is tried on the past (`backtest`). The expected counts are its shares of what the line of all cells
    together lets expect (`analysis.trends.line`). The interval of a listed cell is negative binomial; its dispersion is
    that of past lists, each tried with the dispersion of the others. A cell with little land counts as at least a
    quarter of a full one, as in the hot spots.
    """
    table = np.asarray(counts, dtype=float)
    land = land_km2.to_numpy(dtype=float)
    floored, length = np.maximum(land, MIN_LAND_SHARE * land.max()), table.shape[1]
    test = backtest(table, floored, weeks, seed)
    share = counted_before(table, [length])[:, 0]
    frame = pd.DataFrame({"land_km2": land, "last_weeks": share, "expected": np.nan}, index=land_km2.index)
    n = int(table.sum())
    if test.refused is not None:
        listed = pd.DataFrame(columns=["expected", "low", "high"], index=land_km2.index[:0], dtype=float)
        return PlaceForecast(frame, listed, test, 0, 0, n=n)
    totals = read_line(table.sum(axis=0), WEEKS_A_YEAR).ahead([*test.origins, length], weeks).mean.sum(axis=1)
    frame["expected"] = share / share.sum() * totals[-1]
    first = _top_cells(share, floored)
    observed, mean = _past_lists(test, totals, floored)
    inside = sum(_inside(observed, mean, at) for at in range(len(test.origins)))
    expected = frame["expected"].to_numpy()[first]
    low, high = _intervals(expected, observed, mean)
    listed = pd.DataFrame({"expected": expected, "low": low, "high": high}, index=land_km2.index[first])
    return PlaceForecast(frame, listed, test, inside, observed.size, n=n)


def _top_cells(share: FloatArray, land: FloatArray) -> np.ndarray[Any, np.dtype[np.intp]]:
    """The cells of highest density on the main share of the land, at most 20 and at least one."""
    order = np.argsort(-share / land, kind="stable")
    number = int(np.searchsorted(np.cumsum(land[order]), MAIN_SHARE * land.sum() * (1 + 1e-9), side="right"))
    return order[: max(1, min(MAX_LISTED, number))]


def _past_lists(test: Backtest, totals: FloatArray, land: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Counts and expectations of the places that would have been listed at each origin; shape (origins, places)."""
    observed, mean = [], []
    for at in range(len(test.origins)):
        share = test.forecast[:, at]
        first = _top_cells(share, land)
        observed.append(test.came[first, at])
        mean.append((share / share.sum() * totals[at])[first])
    fewest = min(map(len, observed))
    return np.array([row[:fewest] for row in observed]), np.array([row[:fewest] for row in mean])


def _inside(came: FloatArray, mean: FloatArray, at: int) -> int:
    """How many counts of one origin fell inside intervals whose dispersion is that of the other origins."""
    others = np.arange(len(came)) != at
    low, high = _intervals(mean[at], came[others], mean[others])
    return int(((low <= came[at]) & (came[at] <= high)).sum())


def _intervals(expected: FloatArray, came: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 95 % intervals of counts, negative binomial with the dispersion of past ones.

    Variance over mean: phi = max(1, mean of (came - mean)² / mean, where anything was expected).
    """
    known = mean > 0
    phi = max(1.0, float(((came - mean)[known] ** 2 / mean[known]).sum() / max(known.sum(), 1)))
    return quantiles((1 - LEVEL) / 2, np.maximum(expected, 1e-9), phi * expected)
