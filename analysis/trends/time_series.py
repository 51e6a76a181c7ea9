"""How a count moves from week to week: what is usual, what is not, and where it is heading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate, rate_ratio
from analysis.stats.result import Choice
from analysis.trends.changes import e_test
from analysis.trends.expected_range import (
    RULES,
    Band,
    Rule,
    SeasonalDecomposition,
    decompose,
    ears_band,
    seasonal_band,
    seasonal_sum,
    wheeler_band,
)
from curim_data.model import BoolArray, FloatArray, Message, Translator

Unit = Literal["day", "week", "month"]
_PER_YEAR: Final[dict[Unit, int]] = {"day": 365, "week": 52, "month": 12}
_A_YEAR_BACK: Final[dict[Unit, int]] = {"day": 364, "week": 52, "month": 12}
A_QUARTER: Final[dict[Unit, int]] = {"day": 91, "week": 13, "month": 3}
_FREQUENCY: Final[dict[Unit, str]] = {"day": "D", "week": "7D", "month": "MS"}
# Weeks that are judged together by their season: fewer are left to the band of each week; more would bend the trend
# that they are judged by, so that a lasting rise looked usual (of rises by a quarter, from 120 a week, 72 % are seen
# over 8 weeks).
_MIN_WEEKS: Final = 4
_MAX_WEEKS: Final = 9
_LEFT_OUT: Final[Mapping[Unit, Message]] = {
    "week": Message("The week in which the period begins lies partly before it and is not in the line."),
    "month": Message("The month in which the period begins lies partly before it and is not in the line."),
}


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
        """The same trend, shown from a day on: what is usual still comes from all of the history.

        The period within which that day lies is left out, and said to be.
        """
        starts = self.frame[self.column]
        first = int(starts.searchsorted(pd.Timestamp(day)))  # its rows stand in order
        shown = self.frame.iloc[first:].reset_index(drop=True)
        whole = first == 0 or self.unit == "day" or (first < len(starts) and starts.iloc[first] == pd.Timestamp(day))
        left_out = () if whole else (Choice("beginning", first, _LEFT_OUT[self.unit]),)
        return replace(self, frame=shown, n=int(shown["n"].sum()), choices=(*self.choices, *left_out))

    def of_one_light(self) -> Trend:
        """The trend of alerts after dark, or by day: judged by its season, else not at all.

        The weeks before had longer or shorter nights, so what was usual in them is no measure.
        """
        if self.rule.name in ("season", "few_years"):
            return self
        nothing = dict.fromkeys(("expected", "lower", "upper"), np.nan)
        rule = RULES["other_light"]
        others = tuple(choice for choice in self.choices if choice.name != "rule")
        return replace(
            self,
            frame=self.frame.assign(**nothing, side=0, alarm=False),
            rule=rule,
            choices=(Choice("rule", rule.name, rule.explanation), *others),
        )

    @property
    def alarms(self) -> pd.DataFrame:
        """The rows outside the band."""
        return self.frame[self.frame["alarm"]]

    @property
    def latest(self) -> pd.Series[Any] | None:
        """The last complete period whose count is known."""
        known = self.frame["complete"].to_numpy(bool) & self.frame["n"].notna().to_numpy()
        return self.frame.iloc[int(np.flatnonzero(known)[-1])] if known.any() else None

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
        if self.unit != "day" and len(self.frame) and not self.frame["complete"].any():
            week = self.unit == "week"
            return t("This period holds no whole week.") if week else t("This period holds no whole month.")
        if latest is None:
            return t("There is no complete period with a count that may be shown.")
        count, day = int(latest["n"]), latest[self.column].date()
        values = {"when": self._when(t, day), "alerts": t.n("{n} alert", "{n} alerts", count)}
        if not np.isfinite(latest["expected"]):
            if self.rule.name == "other_light":
                return t(
                    "{when}: {alerts}. What is usual cannot be said, as nights become longer or shorter.", **values
                )
            return t("{when}: {alerts}. It is too early to say what is usual.", **values)
        usual = {"lower": int(np.ceil(latest["lower"])), "upper": int(np.floor(latest["upper"]))}
        if not latest["alarm"]:
            if self.rule.name == "season":
                return t("{when}: {alerts}, usual for the time of year ({lower} to {upper}).", **values, **usual)
            if self.rule.name == "same_weekdays":
                return t(
                    "{when}: {alerts}, usual against the same weekdays before ({lower} to {upper}).", **values, **usual
                )
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
    """As `weekly`, for months (`column`: the first of the month); judged from three years on, by their season alone."""
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
    choices = [Choice("rule", rule.name, rule.explanation)]
    if not inside.all():
        choices.append(
            Choice(
                "incomplete", int((~inside).sum()), Message("Periods that the data cover only in part are not judged.")
            )
        )
    gaps = int(frame["withheld"].sum())
    if gaps:
        message = Message("Withheld periods are shown as gaps and not judged: {gaps}.", {"gaps": gaps})
        choices.append(Choice("gaps", gaps, message))
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


def _seasons(counts: FloatArray, unit: Unit) -> SeasonalDecomposition | None:
    period = _PER_YEAR[unit]
    if unit == "day" or len(counts) < 3 * period or np.isfinite(counts).mean() < 0.8:
        return None
    return decompose(counts, period)


def _band(counts: FloatArray, parts: SeasonalDecomposition | None, unit: Unit) -> tuple[Rule, Band]:
    if parts is not None:
        return RULES["season"], seasonal_band(parts, np.isfinite(counts))
    if unit == "month":
        unknown = np.full(counts.shape, np.nan)
        return RULES["few_years"], Band(unknown, unknown, unknown)
    if len(counts) < _PER_YEAR[unit]:
        return RULES["ears_c2"], ears_band(counts, gap=2, poisson_floor=True)
    if unit == "day":
        return RULES["same_weekdays"], wheeler_band(counts, lag=7)
    return RULES["eight_before"], wheeler_band(counts)


def _spread(values: FloatArray, inside: BoolArray) -> FloatArray:
    """Values of the complete periods, put back among all periods."""
    result = np.full(inside.shape, np.nan)
    result[inside] = values
    return result


@dataclass(frozen=True)
class PeriodTotal:
    """The count of several whole weeks together, with the sum that season and long trend predict (95 % band)."""

    n: int
    expected: Estimate
    weeks: int
    first: dt.date

    @property
    def side(self) -> int:
        """1 where the count lies above the band, -1 below, 0 within."""
        return int(self.n > self.expected.high) - int(self.n < self.expected.low)

    def sentence(self, t: Translator) -> str:
        """Whether so many are usual for the time of year."""
        values = {
            "alerts": t.n("{n} alert", "{n} alerts", self.n),
            "weeks": self.weeks,
            "first": self.first,
            "lower": int(np.ceil(self.expected.low)),
            "upper": int(np.floor(self.expected.high)),
        }
        if self.side > 0:
            return t(
                "Over the {weeks} whole weeks since {first}: {alerts}, more than is usual then ({lower} to {upper}).",
                **values,
            )
        if self.side < 0:
            return t(
                "Over the {weeks} whole weeks since {first}: {alerts}, fewer than is usual then ({lower} to {upper}).",
                **values,
            )
        return t(
            "Over the {weeks} whole weeks since {first}: {alerts}, usual for the time of year ({lower} to {upper}).",
            **values,
        )


def period_total(trend: Trend) -> PeriodTotal | None:
    """The whole weeks of a trend together, against the expectation of each; see `expected_range.season_sum`.

    None for other units, without the rule of the season, for fewer than 4 or more than 9 whole weeks, and where a week
    is withheld: without its small counts the sum would be too high.
    """
    rows = trend.frame[trend.frame["complete"]]
    if trend.unit != "week" or trend.rule.name != "season" or not _MIN_WEEKS <= len(rows) <= _MAX_WEEKS:
        return None
    if rows[["n", "expected"]].isna().any(axis=None):
        return None
    expected = seasonal_sum(rows["expected"].to_numpy(dtype=float), rows["upper"].to_numpy(dtype=float))
    return PeriodTotal(int(rows["n"].sum()), expected, len(rows), rows[trend.column].iloc[0].date())


@dataclass(frozen=True)
class YearOnYear:
    """The last complete periods against the same ones a year before; withheld pairs left out on both sides."""

    before: int
    after: int
    periods: int
    first: dt.date
    ratio: Estimate
    p: float
    unit: Unit = "week"

    def sentence(self, t: Translator) -> str:
        """More, fewer or about as many as a year before."""
        first = t.date(self.first, "LLLL y") if self.unit == "month" else t.date(self.first)
        values = {"after": self.after, "before": self.before, "first": first, "p": t.p_value(self.p)}
        if self.unit == "month":
            return self._sentence_by_month(t, values)
        if self.p >= 0.05:
            return t(
                "Since {first}: {after} alerts, {before} in the same time a year before. No clear change.", **values
            )
        if self.after > self.before:
            return t(
                "Since {first}: {after} alerts, {before} in the same time a year before: a rise (p {p}).", **values
            )
        return t("Since {first}: {after} alerts, {before} in the same time a year before: a fall (p {p}).", **values)

    def _sentence_by_month(self, t: Translator, values: dict[str, Any]) -> str:
        if self.p >= 0.05:
            return t(
                "{first} onwards: {after} alerts, {before} in the same months a year before. No clear change.",
                **values,
            )
        if self.after > self.before:
            return t(
                "{first} onwards: {after} alerts, {before} in the same months a year before: a rise (p {p}).",
                **values,
            )
        return t(
            "{first} onwards: {after} alerts, {before} in the same months a year before: a fall (p {p}).", **values
        )


def year_on_year(trend: Trend, periods: int | None = None) -> YearOnYear | None:
    """Compare the last complete periods (a quarter by default) with the same ones a year before, by the e-test.

    None where the data do not reach back so far, or where nothing is left to compare.
    """
    rows = trend.frame[trend.frame["complete"]].tail(periods or A_QUARTER[trend.unit])
    pairs = rows.dropna(subset=["n", "last_year"])
    if pairs.empty:
        return None
    after, before = int(pairs["n"].sum()), int(pairs["last_year"].sum())
    first: pd.Timestamp = pairs[trend.column].iloc[0]
    ratio, p = rate_ratio(after, before), e_test(after, before)
    return YearOnYear(before, after, len(pairs), first.date(), ratio, p, trend.unit)
