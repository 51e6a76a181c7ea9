"""The counts of the next weeks or months, with intervals that were tried on the past.

What the next weeks will bring by what the past ones were: a count with an interval that was tried on the past.

The next weeks or months of a series, with intervals, shown only where the same way was better than naive before.

The forecast is the model of the expected range (`analysis.trends.line`) carried on: level and season, learned from the
counts before alone. It is tried on the past with rolling origins: at each of the last starts
it forecasts the same number of periods, and so do two naive ways, the same period a year before and the mean of as many
periods just before.

Hyndman, R. J. & Athanasopoulos, G. (2018). Forecasting: principles and practice, 2nd ed., sections 3.1 and 5.10.

Forecasts of places, and their trial on the past.

Ways to forecast where alerts will be, each as shares of the next weeks' alerts by cell of the land.

A forecast of places tried on the past: hit rate, PAI and PEI by method, and each against plain counting.

Where the alerts of the next weeks will be, shown only as far as past forecasts of the same kind came true.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.stats import norm, t

from analysis.grid import neighbours
from analysis.hotspots.cell_significance import MIN_LAND_SHARE
from analysis.stats.intervals import UNKNOWN, Choice, Estimate, Result
from analysis.trends.line import Ahead, quantiles, read_line
from curim_data.model import N_, FloatArray, IntArray, Message, Num, Translator

LEVEL: Final = 0.95
MAX_WEEKS: Final = 4
WEEKS_A_YEAR: Final = 365.25 / 7
# Weeks before the first forecast that is tried, and tries below which no forecast is made.
LEARNED: Final = 26
MIN_TRIED: Final = 16
MAX_TRIED: Final = 52
HOW: Final = Choice(
    "line",
    LEVEL,
    Message(
        "Expected is what the level of the weeks before, and from two years on their season, let expect. The intervals "
        "are those of a negative binomial, as wide as such predictions missed in the past."
    ),
)


@dataclass(frozen=True)
class CountForecast:
    """The counts of the next weeks, each and all together, with 95 % intervals, and how good those were.

    `weeks`: one estimate a week from `start` (a Monday) on. `covered` of `tried` past weeks fell inside the interval
    that would have been given for them; `n`: all counts.
    """

    start: dt.date
    weeks: tuple[Estimate, ...]
    total: Estimate
    covered: int
    tried: int
    n: int

    def sentence(self, t: Translator) -> str:
        """How many are expected, and how such intervals did."""
        values: dict[str, Any] = {
            "start": self.start,
            "expected": round(self.total.value),
            "low": int(self.total.low),
            "high": int(self.total.high),
            "tried": self.tried,
            "covered": self.covered,
        }
        count = len(self.weeks)
        return t.n(
            "Expected in the next week, from {start} on: {expected} alerts (95 % interval {low} to {high}). Of "
            "{tried} past weeks that were forecast in this way, {covered} fell inside the interval.",
            "Expected in the next {n} weeks, from {start} on: {expected} alerts (95 % interval {low} to {high}). Of "
            "{tried} past weeks that were forecast in this way, {covered} fell inside the interval.",
            count,
            **values,
        )


def forecast_counts(counts: Any, start: dt.date, weeks: int = MAX_WEEKS) -> CountForecast | None:
    """Forecast the next weeks of a weekly series: the line of the expected range carried on (`analysis.trends.line`).

    The last weeks (up to 52) are forecast in the same way, as many at a time and by nothing but what came before them,
    to see how often they fall inside their interval.

    Parameters
    ----------
    counts : array, shape (T,)
        Whole counts of successive weeks, all known; the first forecast week begins on `start`.
    weeks : int
        1 to 4.

    Returns None where there are fewer weeks than forecasts can be tried on (42 to 44).
    """
    series = np.asarray(counts, dtype=float)
    tries = min(MAX_TRIED, len(series) - LEARNED) // weeks
    if tries * weeks < MIN_TRIED:
        return None
    positions = range(len(series) - tries * weeks, len(series) + 1, weeks)
    ahead = read_line(series, WEEKS_A_YEAR).ahead(positions, weeks)
    low, high = ahead.bounds(LEVEL)
    came = series[positions[0] :].reshape(tries, weeks)
    inside = (low[:-1] <= came) & (came <= high[:-1])
    least, most = ahead.sum_bounds(LEVEL)
    return CountForecast(
        start=start,
        weeks=tuple(map(Estimate, *(one[-1].tolist() for one in (ahead.mean, low, high)))),
        total=Estimate(float(ahead.mean[-1].sum()), float(least[-1]), float(most[-1])),
        covered=int(inside.sum()),
        tried=inside.size,
        n=int(series.sum()),
    )


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
_TOO_SHORT: Final[Mapping[Unit, Message]] = {
    "week": Message(
        "No forecast is shown: it would need {least} whole weeks of the past to be tried on, and there are {n}.",
    ),
    "month": Message(
        "No forecast is shown: it would need {least} whole months of the past to be tried on, and there are {n}.",
    ),
}


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
        start: dt.date = self.frame[self.unit].iloc[0].date()
        values = {
            "expected": t.n("{n} alert", "{n} alerts", round(self.total.value)),
            "low": int(self.total.low),
            "high": int(self.total.high),
            "weeks": len(self.frame),
            "months": len(self.frame),
        }
        if self.unit == "month":
            return t(
                "Forecast for the next {months} months, from {first} on: about {expected} (95 % interval {low} to "
                "{high}).",
                first=t.date(start, "LLLL y"),
                **values,
            )
        return t(
            "Forecast for the next {weeks} weeks, from {first} on: about {expected} (95 % interval {low} to {high}).",
            first=start,
            **values,
        )

    def past_sentence(self, t: Translator) -> str:
        """How good such forecasts were, beside the naive ones, and how often the intervals held."""
        past, digits = self.past, 0 if self.past.model >= 10 else 1
        values = {
            "starts": past.starts,
            "model": Num(past.model, digits),
            "year": Num(past.year, digits),
            "recent": Num(past.recent, digits),
            "covered": t.percent(past.covered / past.counts),
            "inner": t.percent(past.covered_inner / past.counts),
        }
        words = (
            N_(
                "Tried on {starts} starts in the past, it missed a month by {model} on average; the same month a year "
                "before would have missed by {year}, the mean of the last months by {recent}. {covered} of the counts "
                "lay within the 95 % interval, {inner} within the 80 % interval."
            )
            if self.unit == "month"
            else N_(
                "Tried on {starts} starts in the past, it missed a week by {model} on average; the same week a year "
                "before would have missed by {year}, the mean of the last weeks by {recent}. {covered} of the counts "
                "lay within the 95 % interval, {inner} within the 80 % interval."
            )
        )
        return t(words, **values)


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
        return Message(_TOO_SHORT[unit].text, {"n": len(series), "least": _periods_needed(unit)})
    positions = [*starts.tolist(), len(series)]
    found = read_line(series, _SEASON[unit], reported=complete, breaks=breaks).ahead(positions, ahead)
    past = past_errors(series, found, starts, _A_YEAR[unit])
    if not past.counts:
        return Message(_TOO_SHORT[unit].text, {"n": int(np.isfinite(series).sum()), "least": _periods_needed(unit)})
    if not past.better:
        digits = 0 if past.model >= 10 else 1
        missed = {name: Num(getattr(past, name), digits) for name in ("model", "year", "recent")}
        return Message(_NO_BETTER[unit, past.year <= past.recent], missed)
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


# By the unit, and whether the same period a year before missed by no more than the mean of the last ones.
_NO_BETTER: Final[Mapping[tuple[Unit, bool], str]] = {
    ("week", True): N_(
        "No forecast is shown: in the past it missed a week by {model} on average, and the same week a year "
        "before by {year}, which is no worse."
    ),
    ("month", True): N_(
        "No forecast is shown: in the past it missed a month by {model} on average, and the same month a year "
        "before by {year}, which is no worse."
    ),
    ("week", False): N_(
        "No forecast is shown: in the past it missed a week by {model} on average, and the mean of the last weeks "
        "by {recent}, which is no worse."
    ),
    ("month", False): N_(
        "No forecast is shown: in the past it missed a month by {model} on average, and the mean of the last "
        "months by {recent}, which is no worse."
    ),
}


NAIVE_WEEKS: Final = 52
HALF_LIVES: Final = (4, 8, 13, 26, 52)
NEIGHBOURS: Final = (0.0, 0.1, 0.3, 1.0)
STRENGTHS: Final = (4.0, 13.0, 52.0)
# Share of every forecast that is spread evenly over the land, so that no alert comes where nothing was forecast.
EVEN: Final = 0.02
METHODS: Final = ("naive", "decay", "blend")


@dataclass(frozen=True, eq=False)
class CellHistory:
    """Counts by cell and week (shape (m, T)), the land of the cells, and who is whose neighbour (itself not)."""

    counts: FloatArray
    land: FloatArray
    near: sparse.csr_array

    @classmethod
    def of(cls, counts: Any, land: Any, cells: Any) -> CellHistory:
        """From tables in the order of the cells."""
        around = sparse.csr_array(neighbours(cells, 1) - sparse.eye_array(len(cells)))
        around.eliminate_zeros()
        return cls(np.asarray(counts, dtype=float), np.asarray(land, dtype=float), around)

    def before(self, origins: Any) -> FloatArray:
        """All alerts before each origin; (m, origins)."""
        sums = np.cumsum(np.pad(self.counts, ((0, 0), (1, 0))), axis=1)
        return np.asarray(sums[:, np.asarray(origins, dtype=int)])

    def fading(self, origins: Any, half_life: float) -> FloatArray:
        """Alerts before each origin that count 2^(-age / half-life); (m, origins)."""
        return np.asarray(self.counts @ _fading(self.counts.shape[1], origins, half_life))

    def smooth(self, values: FloatArray, weight: float) -> FloatArray:
        """Mean by land over a cell and its neighbours, these with a weight, times the land of the cell."""
        mean = (values + weight * (self.near @ values)) / (self.land + weight * (self.near @ self.land))[:, None]
        return np.asarray(mean * self.land[:, None], dtype=float)


@dataclass(frozen=True)
class ForecastSettings:
    """What the two models are made with: half-life in weeks, weight of a neighbour, weeks that the long run counts."""

    half_life: int = 13
    weight: float = 0.3
    strength: float = 13.0


def naive(ground: CellHistory, origins: Any) -> FloatArray:
    """Plain counting: the alerts of the last 52 weeks before each origin (all, where there are fewer); (m, origins)."""
    at = np.asarray(origins, dtype=int)
    return ground.before(at) - ground.before(np.maximum(at - NAIVE_WEEKS, 0))


def decay(ground: CellHistory, origins: Any, settings: ForecastSettings) -> FloatArray:
    """Counts that fade, spread to the neighbours: a kernel density in space and time on the cells.

    sum over weeks of 2^(-age / half-life) x, where x is the mean by land over a cell and (weighted) its neighbours.
    """
    return _mixed(ground, ground.smooth(ground.fading(origins, settings.half_life), settings.weight))


def blend(ground: CellHistory, origins: Any, settings: ForecastSettings) -> FloatArray:
    """The long-run rate of a cell, shrunk to its neighbourhood where it has few alerts, moved by what came of late.

    Two gamma-Poisson steps in the mean of the posterior, with a weeks' strength k:

        long run   L = (all alerts + k M) / (weeks + k),    M: the mean week of the neighbourhood in the long run
        rate         = (recent + k L) / (recent weeks + k), recent alerts and weeks fading by the half-life

    Harvey, A. C. & Fernandes, C. (1989). Time series models for count or qualitative observations. Journal of Business
    & Economic Statistics 7, 407-417 (fading gamma-Poisson); Marshall, R. J. (1991). Mapping disease and mortality rates
    using empirical Bayes estimators. Applied Statistics 40, 283-294 (shrinkage to the neighbourhood).
    """
    at = np.asarray(origins, dtype=int)
    every, weeks = ground.before(at), np.maximum(at, 1)
    long_run = (every + settings.strength * (ground.smooth(every, 1.0) / weeks)) / (weeks + settings.strength)
    recent = _fading(ground.counts.shape[1], at, settings.half_life).sum(axis=0)
    return _mixed(
        ground, (ground.fading(at, settings.half_life) + settings.strength * long_run) / (recent + settings.strength)
    )


def predicted_shares(ground: CellHistory, method: str, origins: Any, settings: ForecastSettings) -> FloatArray:
    """What a method of `METHODS` predicts at each origin, up to a factor of the column; (m, origins)."""
    if method == "naive":
        return naive(ground, origins)
    return decay(ground, origins, settings) if method == "decay" else blend(ground, origins, settings)


def settings_for(ground: CellHistory, method: str, origins: Any, weeks: int) -> tuple[ForecastSettings, Choice]:
    """Choose a model's settings: those under which what came after each of these origins was likeliest.

    The likelihood is that of the alerts of the following weeks over the cells (multinomial). Without origins the
    settings are the usual ones. Only weeks before the last origin's end are looked at.
    """
    best = ForecastSettings()
    if len(origins):
        observed = following_counts(ground.counts, origins, weeks)
        tried = [ForecastSettings(life, weight) for life in HALF_LIVES for weight in NEIGHBOURS]
        if method == "blend":
            tried = [ForecastSettings(life, strength=strength) for life in HALF_LIVES for strength in STRENGTHS]
        best = max(tried, key=lambda one: _likelihood(observed, predicted_shares(ground, method, origins, one)))
    return best, _settings_choice(method, best, len(origins))


def following_counts(counts: FloatArray, origins: Any, weeks: int) -> FloatArray:
    """Alerts by cell in the weeks that follow each origin; (m, origins)."""
    return np.stack([counts[:, at : at + weeks].sum(axis=1) for at in np.asarray(origins, dtype=int)], axis=1)


def _likelihood(came: FloatArray, forecast: FloatArray) -> float:
    cell, origin = np.nonzero(came)  # in a large city few cells have alerts in the weeks after an origin
    share = forecast[cell, origin] / forecast.sum(axis=0)[origin]
    return float((came[cell, origin] * np.log(np.maximum(share, 1e-300))).sum())


def _fading(length: int, origins: Any, half_life: float) -> FloatArray:
    """Weight of each week (rows) at each origin (columns): 2^(-age / half-life), none for what lies ahead."""
    age = np.asarray(origins)[None, :] - 1 - np.arange(length)[:, None]
    return np.where(age >= 0, 0.5 ** (np.maximum(age, 0) / half_life), 0.0)


def _mixed(ground: CellHistory, values: FloatArray) -> FloatArray:
    """The values with a small even part over the land."""
    whole = values.sum(axis=0)
    even: FloatArray = (ground.land / ground.land.sum())[:, None]
    return np.where(whole > 0, (1 - EVEN) * values + EVEN * even * whole, even)


def _settings_choice(method: str, settings: ForecastSettings, origins: int) -> Choice:
    if method == "decay":
        values = {"weeks": settings.half_life, "weight": settings.weight, "origins": origins}
        message = Message(
            "Fading counts: alerts count half after {weeks} weeks, those of a neighbouring cell {weight} times; chosen "
            "by {origins} older forecasts that are not in the test.",
            values,
        )
    else:
        values = {"weeks": settings.half_life, "strength": round(settings.strength), "origins": origins}
        message = Message(
            "Long run and recent weeks together: alerts count half after {weeks} weeks, and the long run of the place "
            "and its neighbours counts as {strength} weeks; chosen by {origins} older forecasts that are not in the "
            "test.",
            values,
        )
    return Choice(method, settings.half_life, message)


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


def best_hits_of(observed: Any, numbers: Any) -> FloatArray:
    """The most events that so many places could have held, whatever their land; the last one in part.

    >>> best_hits_of([4, 0, 6], [1, 1.5, 3]).tolist()
    [6.0, 8.0, 10.0]
    """
    held = np.append(0.0, np.cumsum(np.sort(np.asarray(observed, dtype=float))[::-1]))
    return np.asarray(np.interp(numbers, np.arange(len(held)), held))


SHARES: Final = (0.01, 0.02, 0.05)
# The share of the land by which a method is judged: what a city can look after.
MAIN_SHARE: Final = 0.02
MIN_ORIGINS: Final = 8
MIN_EVENTS: Final = 50
MAX_ORIGINS: Final = 26
MAX_TEST_WEEKS: Final = 52
MIN_TRAINING: Final = 26
SETTING_ORIGINS: Final = 8
RUNS: Final = 999


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts made in the past, each with what it knew then, and what came.

    `frame`, one row a method and share of the land: method, area, hit_rate, pai, pai_low, pai_high, pei, pei_low,
    pei_high, pei_cells, pei_cells_low, pei_cells_high (the same among as many cells), gain (PAI less that of plain
    counting), gain_low, gain_high, recapture (Levine's), recapture_low, recapture_high. Intervals are of 95 % from a
    bootstrap over
    the origins; that of the gain holds for both models together. `method` is the one whose forecast is shown: a model
    only where its gain on 2 % of the land is above zero with its interval, else plain counting. `refused` says why no
    forecast is shown, None where one is. `forecast` and `came`, shape (m, origins): the shown method's, and what came.
    """

    frame: pd.DataFrame
    origins: tuple[int, ...]
    events: int
    method: str
    refused: Message | None
    forecast: FloatArray = field(repr=False)
    came: FloatArray = field(repr=False)

    def at(self, method: str, area: float = MAIN_SHARE) -> pd.Series[Any]:
        """The row of a method on a share of the land."""
        rows = self.frame[(self.frame["method"] == method) & np.isclose(self.frame["area"], area)]
        return rows.iloc[0]


def origins_for(length: int, weeks: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The weeks at which past forecasts are made: those of the test, and older ones that settings are chosen by.

    The test goes back from the last week without overlap, over at most 52 weeks, and needs 26 weeks before its first
    origin. The origins of the settings end where the test begins.
    """
    number = max(0, min(MAX_ORIGINS, MAX_TEST_WEEKS // weeks, (length - MIN_TRAINING) // weeks))
    test = tuple(length - weeks * back for back in range(number, 0, -1))
    first = test[0] if test else length
    older = tuple(first - weeks * back for back in range(SETTING_ORIGINS, 0, -1))
    return test, tuple(at for at in older if at >= MIN_TRAINING // 2)


def backtest(
    ground: CellHistory, origins: tuple[int, ...], settings: Mapping[str, ForecastSettings], weeks: int, seed: int = 0
) -> Backtest:
    """Try every method at the origins.

    On a share s of the land, summed over the origins: PAI = hits / events / s, PEI = hits / hits of the best flags
    ("PEI*" of the NIJ), PEI of cells = hits / the most that as many cells as were flagged could have held, recapture =
    (hits / events) / (the same of the 52 weeks before, on the same land).
    Places that a method predicts alike share the border of the flagged land, so that plain counting is not held back
    by its ties. The bootstrap draws origins with repetition (999 times) and takes percentiles that are widened for few
    origins (`widened_tail`); a method and plain counting are drawn together.

    Chainey, S., Tompson, L. & Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial patterns of
    crime. Security Journal 21, 4-28. Hunt, J. (2016). Do crime hot spots move? Dissertation, American University (PEI).
    Levine, N. (2008). The "hottest" part of a hotspot. Security Journal 21, 295-302 (recapture).
    """
    count = len(origins)
    observed = following_counts(ground.counts, origins, weeks) if count else np.zeros((len(ground.land), 0))
    predicted = {
        name: predicted_shares(ground, name, origins, settings.get(name, ForecastSettings()))
        for name in METHODS
        if count
    }
    events = int(observed.sum())
    if (refused := _too_little(count, events)) is not None:
        return Backtest(_table([]), origins, events, METHODS[0], refused, np.zeros(observed.shape), observed)
    held, held_at_best = {}, {}
    for name, share in predicted.items():
        held[name], cells = _flagged(observed, share, ground.land)
        held_at_best[name] = np.stack([best_hits_of(x, number) for x, number in zip(observed.T, cells, strict=True)])
    earlier = naive(ground, origins)
    old = {name: _flagged(earlier, share, ground.land)[0] for name, share in predicted.items()}
    best = _flagged(observed, observed, ground.land)[0]
    known = {"events": observed.sum(axis=0), "earlier": earlier.sum(axis=0)}
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RUNS).astype(float)
    frame = _table(
        [row for name in METHODS for row in _rows(name, held, (best, held_at_best[name]), old[name], known, drawn)]
    )
    tested = Backtest(frame, origins, events, METHODS[0], None, predicted[METHODS[0]], observed)
    better = [name for name in METHODS[1:] if tested.at(name)["gain_low"] > 1e-9]
    method = max(better, key=lambda name: float(tested.at(name)["gain"]), default=METHODS[0])
    no_better = Message(
        "No forecast is shown: in the past neither plain counting nor a model found more alerts than the same "
        "land chosen at random would have held, beyond chance."
    )
    refused = None if tested.at(method)["pai_low"] > 1 else no_better
    return Backtest(frame, origins, events, method, refused, predicted[method], observed)


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


def _flagged(came: FloatArray, forecast: FloatArray, land: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Events on the shares of the land, and the cells flagged, by origin; both of shape (origins, shares)."""
    found = [flagged_hits(came[:, at], forecast[:, at], SHARES, land) for at in range(came.shape[1])]
    return np.stack([events for events, _ in found]), np.stack([cells for _, cells in found])


def _rows(
    name: str,
    held: Mapping[str, FloatArray],
    best: tuple[FloatArray, FloatArray],
    old: FloatArray,
    known: Mapping[str, FloatArray],
    drawn: FloatArray,
) -> list[dict[str, Any]]:
    """The measures of a method, a row a share of the land. Arrays of shape (origins, shares): `held` by each method,
    `best` of the land and of the cells flagged, `old` of the 52 weeks before; `known`: all events, and earlier ones.
    """
    rows = []
    for column, area in enumerate(SHARES):
        mine, plain = held[name][:, column], held[METHODS[0]][:, column]
        chance = known["events"] * area
        measured = {
            "pai": _interval([mine], [chance], drawn, 0.05),
            "pei": _interval([mine], [best[0][:, column]], drawn, 0.05),
            "pei_cells": _interval([mine], [best[1][:, column]], drawn, 0.05),
            "gain": _interval([mine - plain], [chance], drawn, 0.05 / (len(METHODS) - 1)),
            "recapture": _interval([mine, known["earlier"]], [known["events"], old[:, column]], drawn, 0.05),
        }
        row = {"method": name, "area": area, "hit_rate": float(mine.sum() / known["events"].sum())}
        for word, estimate in measured.items():
            row |= {word: estimate.value, f"{word}_low": estimate.low, f"{word}_high": estimate.high}
        rows.append(row)
    return rows


def _interval(above: list[FloatArray], below: list[FloatArray], drawn: FloatArray, alpha: float) -> Estimate:
    """The product of sums over origins above, over the product of those below, with its bootstrap interval."""
    weights = np.vstack([np.ones(drawn.shape[1]), drawn])
    product, divisor = (np.prod([weights @ x for x in part], axis=0) for part in (above, below))
    known = divisor > 0
    if not known[0]:
        return UNKNOWN
    ratios = product[known] / divisor[known]
    tail = widened_tail(alpha / 2, drawn.shape[1])
    low, high = np.quantile(ratios[1:], [tail, 1 - tail])
    return Estimate(float(ratios[0]), float(low), float(high))


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    measured = [
        f"{word}{end}" for word in ("pai", "pei", "pei_cells", "gain", "recapture") for end in ("", "_low", "_high")
    ]
    return pd.DataFrame(rows, columns=["method", "area", "hit_rate", *measured])


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
        row, plain = test.at(test.method), test.at(METHODS[0])
        values = {
            "land": t.percent(MAIN_SHARE),
            "hits": t.percent(row["hit_rate"]),
            "pai": Num(row["pai"]),
            "low": Num(row["pai_low"]),
            "high": Num(row["pai_high"]),
            "plain": Num(plain["pai"]),
            "times": len(test.origins),
            "events": test.events,
        }
        if test.method == METHODS[0]:
            return t(
                "In {times} past forecasts {hits} of {events} alerts came on the {land} of the land that plain "
                "counting ranked first, {pai} times as many as by chance ({low} to {high}). No model was "
                "better beyond chance: what is shown is plain counting.",
                **values,
            )
        return t(
            "In {times} past forecasts {hits} of {events} alerts came on the {land} of the land that was ranked first, "
            "{pai} times as many as by chance ({low} to {high}); with plain counting it was {plain} times as many.",
            **values,
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

    Three methods are tried on the past: plain counting, fading counts spread to the neighbours, and a gamma-Poisson
    blend of long run and recent weeks (`analysis.forecast`). A model takes the place of plain counting only
    where it was better beyond chance. The expected counts are shares of what the line of all cells together lets expect
    (`analysis.trends.line`). The interval of a listed cell is negative binomial; its dispersion is that of past lists,
    each tried with the dispersion of the others. A cell with little land counts as at least a quarter of a full one, as
    in the hot spots.
    """
    table = np.asarray(counts, dtype=float)
    land = land_km2.to_numpy(dtype=float)
    ground = CellHistory.of(table, np.maximum(land, MIN_LAND_SHARE * land.max()), land_km2.index.to_numpy())
    length = table.shape[1]
    test_at, settings_at = origins_for(length, weeks)
    chosen = {name: settings_for(ground, name, settings_at, weeks) for name in METHODS[1:]}
    settings = {name: one for name, (one, _) in chosen.items()}
    test = backtest(ground, test_at, settings, weeks, seed)
    frame = pd.DataFrame({"land_km2": land}, index=land_km2.index)
    frame["last_weeks"] = table[:, max(0, length - NAIVE_WEEKS) :].sum(axis=1)
    model_choices = [choice for _, choice in chosen.values()] if test.frame.size else []
    choices = _choices(length, model_choices, test)
    if test.refused is not None:
        return PlaceForecast(
            frame.assign(expected=np.nan),
            pd.DataFrame(columns=["expected", "low", "high"], index=land_km2.index[:0], dtype=float),
            test,
            0,
            0,
            n=int(table.sum()),
            choices=choices,
        )
    totals = read_line(table.sum(axis=0), WEEKS_A_YEAR).ahead([*test.origins, length], weeks).mean.sum(axis=1)
    share = predicted_shares(ground, test.method, [length], settings.get(test.method, ForecastSettings()))[:, 0]
    frame["expected"] = share / share.sum() * totals[-1]
    first = _top_cells(share, ground.land)
    observed, mean = _past_lists(test, totals, ground.land)
    inside = sum(_inside(observed, mean, at) for at in range(len(test.origins)))
    expected = frame["expected"].to_numpy()[first]
    low, high = _intervals(expected, observed, mean)
    return PlaceForecast(
        frame,
        pd.DataFrame({"expected": expected, "low": low, "high": high}, index=land_km2.index[first]),
        test,
        inside,
        observed.size,
        n=int(table.sum()),
        choices=choices,
    )


def _choices(length: int, of_models: Sequence[Choice], test: Backtest) -> tuple[Choice, ...]:
    weeks = min(NAIVE_WEEKS, length)
    return (
        Choice("naive", weeks, Message("Plain counting takes the alerts of the last {weeks} weeks.", {"weeks": weeks})),
        Choice(
            "history",
            length,
            Message("All {weeks} whole weeks before the end of the period are used.", {"weeks": length}),
        ),
        *of_models,
        Choice(
            "origins",
            len(test.origins),
            Message(
                "Tried on {times} past periods as long as the forecast, each with what was known before it: {events} "
                "alerts in all. Intervals are of 95 %, from 999 draws of these periods. A model takes the place of "
                "plain counting only where it was better on 2 % of the land with its interval.",
                {"times": len(test.origins), "events": test.events},
            ),
        ),
    )


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
