"""How a count moves from week to week: what is usual, what is not, and where it is heading."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from statsmodels.tsa.seasonal import STL

from analysis.alarms import RULES, Band, Rule, Seasons, ears, eight_before, season_band, seasons, to_count
from analysis.change import e_test
from analysis.rates import Estimate, Floats, rate_ratio
from analysis.result import Choice
from curim_data.i18n import Message, Num, Translator

Unit = Literal["day", "week", "month"]
_PER_YEAR: Final[dict[Unit, int]] = {"day": 365, "week": 52, "month": 12}
_A_YEAR_BACK: Final[dict[Unit, int]] = {"day": 364, "week": 52, "month": 12}
_A_QUARTER: Final[dict[Unit, int]] = {"day": 91, "week": 13, "month": 3}
_FREQUENCY: Final[dict[Unit, str]] = {"day": "D", "week": "7D", "month": "MS"}


@dataclass(frozen=True)
class Trend:
    """A series with what was to be expected.

    `frame`, one row a period in order of time: the period's column by its own name (`column`; first day, datetime64),
    n (NaN where withheld), expected, lower, upper (NaN where the history is too short), alarm (bool: outside the band),
    side (int: 1 above, -1 below, 0 within or not judged), complete (bool), withheld (bool), last_year (n of the same
    period a year before), and where three years exist trend and adjusted (n without its season), else NaN.
    """

    frame: pd.DataFrame
    column: str
    unit: Unit
    rule: Rule
    n: int
    choices: tuple[Choice, ...]

    def since(self, day: dt.date) -> Trend:
        """The same trend, shown from a day on: what is usual still comes from all of the history."""
        shown = self.frame[self.frame[self.column] >= pd.Timestamp(day)].reset_index(drop=True)
        return replace(self, frame=shown, n=int(shown["n"].sum()))

    @property
    def alarms(self) -> pd.DataFrame:
        """The rows outside the band."""
        return self.frame[self.frame["alarm"]]

    @property
    def latest(self) -> pd.Series[Any] | None:
        """The last complete period whose count is known."""
        rows = self.frame[self.frame["complete"] & self.frame["n"].notna()]
        return rows.iloc[-1] if len(rows) else None

    @property
    def outside_since(self) -> dt.date | None:
        """First day of the run of alarms on one side that reaches the latest period; None where that is usual."""
        rows = self.frame[self.frame["complete"] & self.frame["n"].notna()]
        if rows.empty or not rows["alarm"].iloc[-1]:
            return None
        side = rows["side"].to_numpy()
        other = np.flatnonzero(side != side[-1])
        start: pd.Timestamp = rows[self.column].iloc[int(other[-1]) + 1 if other.size else 0]
        return start.date()

    def sentence(self, t: Translator) -> str:
        """The latest period: how many, and whether that is usual."""
        latest = self.latest
        if latest is None:
            return t("There is no complete period with a count that may be shown.")
        count, day = int(latest["n"]), latest[self.column].date()
        values = {"when": self._when(t, day), "alerts": t.n("{n} alert", "{n} alerts", count)}
        if not np.isfinite(latest["expected"]):
            return t("{when}: {alerts}. It is too early to say what is usual.", **values)
        usual = {"lower": int(np.ceil(latest["lower"])), "upper": int(np.floor(latest["upper"]))}
        if not latest["alarm"]:
            if self.rule.name == "season":
                return t("{when}: {alerts}, usual for the time of year ({lower} to {upper}).", **values, **usual)
            return t("{when}: {alerts}, usual against the time just before ({lower} to {upper}).", **values, **usual)
        start = self.outside_since
        if start is not None and start < day:
            values["start"] = self._when(t, start)
            if latest["side"] > 0:
                return t(
                    "{when}: {alerts}, more than usual ({lower} to {upper}). First so: {start}.", **values, **usual
                )
            return t("{when}: {alerts}, fewer than usual ({lower} to {upper}). First so: {start}.", **values, **usual)
        if latest["side"] > 0:
            return t("{when}: {alerts}, more than usual ({lower} to {upper}).", **values, **usual)
        return t("{when}: {alerts}, fewer than usual ({lower} to {upper}).", **values, **usual)

    def _when(self, t: Translator, day: dt.date) -> str:
        if self.unit == "week":
            return t("Week of {day}", day=day)
        return t.date(day, "LLLL y") if self.unit == "month" else t.date(day)


def weekly(series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str = "week") -> Trend:
    """What each week's count was, and what was usual.

    Parameters
    ----------
    series
        One row a week: `column` (its Monday), n (NaN where withheld) and optionally withheld (bool). A week between the
        first and the last that has no row counts as zero. Give all of the history and cut by `Trend.since`: the rule
        follows the length of what is given.
    dates
        First and last day that the data cover. A week that does not lie wholly within is shown, marked incomplete and
        never judged; nor is a withheld week.

    Below one year: EARS C2. One to three years: the band of the eight weeks before. From three years on: the season
    (STL). The rule that was used, with its false alarms, is in `Trend.rule` and `Trend.choices`.
    """
    return _trend(series, dates, column, "week")


def monthly(series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str = "month") -> Trend:
    """As `weekly`, for months (`column`: the first of the month)."""
    return _trend(series, dates, column, "month")


def daily(series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str = "local_date") -> Trend:
    """As `weekly`, for days; from one year on, a day is compared with the eight same weekdays before it."""
    return _trend(series, dates, column, "day")


def _trend(series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str, unit: Unit) -> Trend:
    frame = _regular(series, dates, column, unit)
    judged = (frame["complete"] & frame["n"].notna()).to_numpy()
    counts = np.where(judged, frame["n"].to_numpy(dtype=float), np.nan)
    inside = frame["complete"].to_numpy()
    parts = _seasons(counts[inside], unit)
    rule, band = _band(counts[inside], parts, unit)
    for name, values in (("expected", band.expected), ("lower", band.lower), ("upper", band.upper)):
        frame[name] = _spread(values, inside)
    side = np.where(counts > frame["upper"], 1, np.where(counts < frame["lower"], -1, 0))
    frame["side"], frame["alarm"] = side, side != 0
    frame["trend"] = _spread(parts.level, inside) if parts else np.nan
    frame["adjusted"] = np.where(judged, _spread(parts.adjusted, inside), np.nan) if parts else np.nan
    frame["last_year"] = frame["n"].where(frame["complete"]).shift(_A_YEAR_BACK[unit])
    choices = [Choice("rule", rule.name, rule.told)]
    if not inside.all():
        choices.append(
            Choice(
                "incomplete", int((~inside).sum()), Message("Periods that the data cover only in part are not judged.")
            )
        )
    gaps = int(frame["withheld"].sum())
    if gaps:
        told = Message("Withheld periods are shown as gaps and not judged: {gaps}.", {"gaps": gaps})
        choices.append(Choice("gaps", gaps, told))
    return Trend(frame, column, unit, rule, int(frame["n"].sum()), tuple(choices))


def _regular(series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str, unit: Unit) -> pd.DataFrame:
    """Every period from the first to the last, with `complete` and `withheld`."""
    if series.empty:
        raise ValueError("a trend needs at least one period")
    rows = pd.DataFrame({"n": series["n"].to_numpy(dtype=float)}, index=pd.to_datetime(series[column]))
    rows["withheld"] = rows["n"].isna() | (series["withheld"].to_numpy(dtype=bool) if "withheld" in series else False)
    rows = rows.sort_index()
    every = pd.date_range(rows.index[0], rows.index[-1], freq=_FREQUENCY[unit])
    if not rows.index.isin(every).all() or rows.index.has_duplicates:
        raise ValueError(f"the column {column!r} must hold the first day of each {unit}, once")
    rows = rows.reindex(every)
    rows["withheld"] = rows["withheld"].eq(True)
    rows["n"] = rows["n"].where(rows["withheld"], rows["n"].fillna(0)).mask(rows["withheld"])
    end = every + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6 if unit == "week" else 0))
    rows["complete"] = (every >= pd.Timestamp(dates[0])) & (end <= pd.Timestamp(dates[1]))
    rows.index.name = column
    return rows.reset_index()


def _seasons(counts: Floats, unit: Unit) -> Seasons | None:
    period = _PER_YEAR[unit]
    if unit == "day" or len(counts) < 3 * period or np.isfinite(counts).mean() < 0.8:
        return None
    return seasons(counts, period)


def _band(counts: Floats, parts: Seasons | None, unit: Unit) -> tuple[Rule, Band]:
    if parts is not None:
        return RULES["season"], season_band(parts, np.isfinite(counts))
    if len(counts) < _PER_YEAR[unit]:
        return RULES["ears_c2"], ears(counts, gap=2, poisson_floor=True)
    return RULES["eight_before"], eight_before(counts, lag=7 if unit == "day" else 1)


def _spread(values: Floats, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    """Values of the complete periods, put back among all periods."""
    result = np.full(inside.shape, np.nan)
    result[inside] = values
    return result


@dataclass(frozen=True)
class YearOnYear:
    """The last complete periods against the same ones a year before; withheld pairs left out on both sides."""

    before: int
    after: int
    periods: int
    first: dt.date
    ratio: Estimate
    p: float

    def sentence(self, t: Translator) -> str:
        """More, fewer or about as many as a year before."""
        values = {"after": self.after, "before": self.before, "first": self.first, "p": t.p_value(self.p)}
        if self.p >= 0.05:
            return t(
                "Since {first}: {after} alerts, {before} in the same time a year before. No clear change.", **values
            )
        if self.after > self.before:
            return t(
                "Since {first}: {after} alerts, {before} in the same time a year before: a rise (p {p}).", **values
            )
        return t("Since {first}: {after} alerts, {before} in the same time a year before: a fall (p {p}).", **values)


def year_on_year(trend: Trend, periods: int | None = None) -> YearOnYear | None:
    """Compare the last complete periods (a quarter unless told) with the same ones a year before, by the e-test.

    None where the data do not reach back so far, or where nothing is left to compare.
    """
    rows = trend.frame[trend.frame["complete"]].tail(periods or _A_QUARTER[trend.unit])
    pairs = rows.dropna(subset=["n", "last_year"])
    if pairs.empty:
        return None
    after, before = int(pairs["n"].sum()), int(pairs["last_year"].sum())
    first: pd.Timestamp = pairs[trend.column].iloc[0]
    return YearOnYear(before, after, len(pairs), first.date(), rate_ratio(after, before), e_test(after, before))


@dataclass(frozen=True)
class Slope:
    """Drift of the seasonally adjusted level: alerts per period, gained or lost in a year, and the same as a share."""

    per_year: Estimate
    share: Estimate

    def sentence(self, t: Translator) -> str:
        """Rising, falling, or not shown to do either."""
        values = {
            "share": Num(abs(100 * self.share.value), 0),
            "low": Num(100 * self.share.low, 0),
            "high": Num(100 * self.share.high, 0),
        }
        if self.share.low > 0:
            return t("Seasons set aside, the level rises by about {share} % a year ({low} to {high} %).", **values)
        if self.share.high < 0:
            return t("Seasons set aside, the level falls by about {share} % a year ({low} to {high} %).", **values)
        return t("Seasons set aside, no steady rise or fall is shown ({low} to {high} % a year).", **values)


def sen_slope(values: Floats) -> float:
    """The median slope over all pairs of points, per step (Sen 1968, JASA 63, 1379-1389)."""
    first, second = np.triu_indices(len(values), k=1)
    return float(np.median((values[second] - values[first]) / (second - first)))


def slope(trend: Trend, draws: int = 199, block: int = 8, seed: int = 20) -> Slope | None:
    """Sen slope of the STL trend with a block-bootstrap interval; None below three years.

    The rest of the decomposition is drawn again in blocks of `block` periods (moving blocks, Kunsch 1989, Annals of
    Statistics 17, 1217-1241), the series put together again and decomposed anew; the interval is the middle 95 % of the
    slopes.
    """
    rows = trend.frame[trend.frame["complete"]]
    counts = rows["n"].to_numpy(dtype=float)
    parts = _seasons(counts, trend.unit)
    if parts is None:
        return None
    year, size = _PER_YEAR[trend.unit], len(counts)
    rng = np.random.default_rng(seed)
    span = 10 * (size // year) + 1
    slopes = np.empty(draws)
    for draw in range(draws):
        starts = rng.integers(0, size - block + 1, size=size // block + 1)
        rest = np.concatenate([parts.rest[start : start + block] for start in starts])[:size]
        again = STL(parts.trend + parts.season + rest, period=year, seasonal=span, seasonal_deg=0).fit()
        slopes[draw] = sen_slope(to_count(np.asarray(again.trend)))
    value = sen_slope(parts.level) * year
    low, high = np.quantile(slopes, [0.025, 0.975]) * year
    mean = float(parts.level.mean())
    return Slope(
        Estimate(value, float(low), float(high)), Estimate(value / mean, float(low / mean), float(high / mean))
    )
