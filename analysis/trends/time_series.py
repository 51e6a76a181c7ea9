"""How a count moves from week to week: what is usual, what is not, and where it is heading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.stats.intervals import Estimate, rate_ratio
from analysis.stats.result import Choice
def overdispersed_e_test(*a, **k): return 1.0
from analysis.trends.dynamic_season import DynamicSeason, dynamic_season
from analysis.trends.expected_range import ALPHA, RULES, Rule
from analysis.trends.reporting_lag import ReportingLag
from curim_data.model import N_, BoolArray, FloatArray, Message, Translator
from curim_data.model.absence import fewer_than
from curim_data.model.i18n import at_head

Unit = Literal["day", "week", "month"]
_PER_YEAR: Final[dict[Unit, int]] = {"day": 365, "week": 52, "month": 12}
_SEASON_LENGTH: Final[dict[Unit, float]] = {"day": 365.25, "week": 365.25 / 7, "month": 12.0}
# Days before the last one that are judged: of more the reading takes long and no reader looks at each.
_MOST_DAYS: Final = 1_096
# Years from which on the season is known well enough to judge alerts of one light by it.
_YEARS_OF_LIGHT: Final = 2
A_QUARTER: Final[dict[Unit, int]] = {"day": 91, "week": 13, "month": 3}
A_YEAR: Final[dict[Unit, int]] = {"day": 364, "week": 52, "month": 12}  # to the same weekday
_STEP: Final[Mapping[Unit, Any]] = {
    "day": pd.Timedelta(days=1),
    "week": pd.Timedelta(days=7),
    "month": pd.DateOffset(months=1),
}
_FREQUENCY: Final[dict[Unit, str]] = {"day": "D", "week": "7D", "month": "MS"}
# Weeks that are judged together, by what was to be expected before the first of them: fewer are left to the band of
# each week; of more too little could be said so far ahead.
_MIN_WEEKS: Final = 4
_MAX_WEEKS: Final = 9
# A band that so many periods at least were judged by, most of which lie outside, says nothing of what is usual.
_JUDGED: Final = 8
# From this part on a period is as good as reported.
_NEARLY_ALL: Final = 0.98
_LATE: Final[Mapping[Unit, str]] = {
    "day": N_(
        "Some alerts are reported days later: by now about {share} in 100 of the last day are in, and it is judged by "
        "that part."
    ),
    "week": N_(
        "Some alerts are reported days later: by now about {share} in 100 of the last whole week are in, and it is "
        "judged by that part."
    ),
    "month": N_(
        "Some alerts are reported days later: by now about {share} in 100 of the last whole month are in, and it is "
        "judged by that part."
    ),
}
_UNKNOWN_DELAY: Final = Message(
    "The data do not tell how late alerts are reported, so the last period may be unfinished: it is never called fewer "
    "than usual."
)
_NEW_LEVEL: Final = N_("A new level begins on {day}, as noted there: what is usual is learned again from then on.")
_LEFT_OUT: Final[Mapping[Unit, Message]] = {
    "week": Message("The week in which the period begins lies partly before it and is not in the line."),
    "month": Message("The month in which the period begins lies partly before it and is not in the line."),
}


@dataclass(frozen=True)
class Trend:
    """A series with what was to be expected.

    `frame`, one row a period in order of time: the period's column by its own name (`column`; first day, datetime64),
    n, expected, lower, upper (NaN where the history is too short), alarm (bool: outside the band), side (int: 1 above,
    -1 below, 0 within or not judged), complete (bool), last_year (n of the same period a year before), late (part of
    the period's alerts that is thought to be reported, 1: all), unfinished (bool: may lack reports, so never called
    fewer than usual), and where three years exist adjusted (n without its season), else NaN. `sums`: by number of weeks
    what the last whole weeks together let expect, said before the first of them; empty without the rule of the season.
    `least`: the smallest number that the sentence writes out, zero apart.
    """

    frame: pd.DataFrame
    column: str
    unit: Unit
    rule: Rule
    n: int
    choices: tuple[Choice, ...]
    sums: Mapping[int, Estimate] = field(default_factory=dict)
    least: int = 1

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
        if self.rule.name == "few_years":
            return self
        if self.rule.name == "season":
            frame = self.frame.copy()
            early = np.arange(len(frame)) < _YEARS_OF_LIGHT * _PER_YEAR[self.unit]
            frame.loc[early, ["expected", "lower", "upper"]] = np.nan
            frame.loc[early, "side"] = 0
            return replace(self, frame=frame.assign(alarm=frame["side"] != 0))
        return self._unjudged(RULES["other_light"])

    def _unjudged(self, rule: Rule) -> Trend:
        """The same without a band, for the reason that the rule gives."""
        nothing = dict.fromkeys(("expected", "lower", "upper"), np.nan)
        others = tuple(choice for choice in self.choices if choice.name != "rule")
        return replace(
            self,
            frame=self.frame.assign(**nothing, side=0, alarm=False),
            rule=rule,
            choices=(Choice("rule", rule.name, rule.explanation), *others),
            sums={},
        )

    def _where_it_fits(self) -> Trend:
        """The trend, or, where most periods lie outside the band, the same without one."""
        judged = self.frame["upper"].notna() & self.frame["complete"]
        n, outside = int(judged.sum()), int((judged & self.frame["alarm"]).sum())
        return self._unjudged(RULES["misfit"]) if n >= _JUDGED and 2 * outside > n else self

    @property
    def alarms(self) -> pd.DataFrame:
        """The rows outside the band."""
        return self.frame[self.frame["alarm"]]

    @property
    def latest(self) -> pd.Series[Any] | None:
        """The last complete period."""
        whole = np.flatnonzero(self.frame["complete"].to_numpy(bool))
        return self.frame.iloc[int(whole[-1])] if whole.size else None

    @property
    def outside_since(self) -> dt.date | None:
        """First day of the run of alarms on one side that reaches the latest period; None where that is usual."""
        rows = self.frame[self.frame["complete"]]
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
            return t("There is no complete period.")
        count, day = int(latest["n"]), latest[self.column].date()
        few = t(Message("fewer than {k} alerts", {"k": self.least}))
        told = few if 0 < count < self.least else t.n("{n} alert", "{n} alerts", count)
        values = {"when": self._when(t, day), "alerts": told}
        if not np.isfinite(latest["expected"]):
            if self.rule.name == "other_light":
                return t(
                    "{when}: {alerts}. What is usual cannot be said, as nights become longer or shorter.", **values
                )
            if self.rule.name == "misfit":
                return t("{when}: {alerts}. These data have no usual level to compare with.", **values)
            return t("{when}: {alerts}. It is too early to say what is usual.", **values)
        usual = {"lower": int(np.ceil(latest["lower"])), "upper": int(np.floor(latest["upper"]))}
        if latest["unfinished"] and count < latest["lower"]:
            return t(
                "{when}: {alerts} so far, where {lower} to {upper} are usual. Reports may still be added, so this is "
                "not called a fall.",
                **values,
                **usual,
            )
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
        named = t.date(day, "LLLL y") if self.unit == "month" else t.date(day)
        return at_head(named)


def weekly(
    series: pd.DataFrame,
    dates: tuple[dt.date, dt.date],
    column: str = "week",
    *,
    lag: ReportingLag | None = None,
    breaks: Collection[dt.date] = (),
) -> Trend:
    """What each week's count was, and what was usual.

    Parameters
    ----------
    series
        One row a week: `column` (its Monday) and n. A week between the first and the last that has no row counts as
        zero. Give all of the history and cut by `Trend.since`: the rule follows the length of what is given.
    dates
        First and last day that the data cover. A week that does not lie wholly within is shown, marked incomplete and
        never judged.
    lag
        How late alerts are reported: the last weeks are judged by the part that is thought to be in. None: all is in.
    breaks
        Days on which a new level begins (a campaign, another version of the app): earlier weeks tell the season still.

    Each week is compared with what the weeks before it let expect (`dynamic_season`). The rule of the sentence, by
    length of the data (below one year, one to three, more), with its false alarms, is in `Trend.rule` and
    `Trend.choices`.
    """
    return _trend(series, dates, column, "week", lag, breaks)


def monthly(
    series: pd.DataFrame,
    dates: tuple[dt.date, dt.date],
    column: str = "month",
    *,
    lag: ReportingLag | None = None,
    breaks: Collection[dt.date] = (),
) -> Trend:
    """As `weekly`, for months (`column`: the first of the month); judged from three years on."""
    return _trend(series, dates, column, "month", lag, breaks)


def daily(
    series: pd.DataFrame,
    dates: tuple[dt.date, dt.date],
    column: str = "local_date",
    *,
    lag: ReportingLag | None = None,
    breaks: Collection[dt.date] = (),
) -> Trend:
    """As `weekly`, for days, with a pattern of weekdays; the last three years of days are judged."""
    return _trend(series, dates, column, "day", lag, breaks)


def _trend(
    series: pd.DataFrame,
    dates: tuple[dt.date, dt.date],
    column: str,
    unit: Unit,
    lag: ReportingLag | None,
    breaks: Collection[dt.date],
) -> Trend:
    frame = regular_periods(series, dates, column, unit)
    inside = frame["complete"].to_numpy()
    counts = np.where(inside, frame["n"].to_numpy(dtype=float), np.nan)
    frame["late"] = reported_part(frame, column, unit, lag)
    rule = _rule(int(inside.sum()), unit)
    sums: dict[int, Estimate] = {}
    for name in ("expected", "lower", "upper", "adjusted"):
        frame[name] = np.nan
    if rule.name != "few_years":
        steps = level_positions(frame.loc[inside, column], breaks)
        model = _usual(counts[inside], frame["late"].to_numpy()[inside], unit, steps)
        sums = _write_band(frame, inside, model, rule)
    frame["unfinished"] = _unfinished(frame, column, unit, lag)
    fewer = (counts < frame["lower"]) & ~frame["unfinished"]
    side = np.where(counts > frame["upper"], 1, np.where(fewer, -1, 0))
    frame["side"], frame["alarm"] = side, side != 0
    frame["last_year"] = frame["n"].where(frame["complete"]).shift(A_YEAR[unit])
    choices = (Choice("rule", rule.name, rule.explanation), *_data_choices(frame, unit, lag, breaks))
    return Trend(frame, column, unit, rule, int(frame["n"].sum()), choices, sums)._where_it_fits()


def level_positions(starts: pd.Series[Any], breaks: Collection[dt.date]) -> set[int]:
    """The periods at which a new level begins: the one that holds the day, and the next where it is not its first."""
    steps: set[int] = set()
    for day in map(pd.Timestamp, breaks):
        at = int(starts.searchsorted(day, side="right")) - 1
        steps |= {at} if at >= 0 and starts.iloc[at] == day else {at, at + 1}
    return {step for step in steps if step > 0}


def _usual(counts: FloatArray, late: FloatArray, unit: Unit, steps: set[int]) -> tuple[DynamicSeason, int]:
    """What was usual, and at which period it begins: of days the last years alone are read."""
    first = max(len(counts) - _MOST_DAYS, 0) if unit == "day" else 0
    model = dynamic_season(
        counts[first:],
        _SEASON_LENGTH[unit],
        complete=late[first:],
        breaks=frozenset(step - first for step in steps),
        weekdays=unit == "day",
    )
    return model, first


def _write_band(
    frame: pd.DataFrame, inside: BoolArray, model: tuple[DynamicSeason, int], rule: Rule
) -> dict[int, Estimate]:
    """Write expected, lower, upper and adjusted into the frame; the sums of the last weeks.

    A period of which a part is reported is expected to have that part, and may exceed it by all the rest.
    """
    usual, first = model
    lower, upper = usual.bounds(ALPHA)
    late = frame["late"].to_numpy()[inside][first:]
    if (late < 1).any():
        whole = DynamicSeason(usual.expected / late, usual.variance / late**2, usual.dispersion, usual.season, ())
        upper = np.where(late < 1, np.maximum(upper, whole.bounds(ALPHA)[1]), upper)
    blank = np.full(first, np.nan)
    for name, values in (("expected", usual.expected), ("lower", lower), ("upper", upper)):
        frame[name] = _spread(np.concatenate([blank, values]), inside)
    if rule.name != "season":
        return {}
    factor = np.exp(usual.season - usual.season.mean())
    frame["adjusted"] = frame["n"] / _spread(np.concatenate([blank, factor]), inside)
    known = range(_MIN_WEEKS, min(_MAX_WEEKS, len(usual.ahead)) + 1)
    return {weeks: usual.sum_of_last(weeks) for weeks in known}


def _unfinished(frame: pd.DataFrame, column: str, unit: Unit, lag: ReportingLag | None) -> BoolArray:
    """The last whole period of data that do not tell how late alerts are reported: what lacks may still come."""
    unfinished = np.zeros(len(frame), dtype=bool)
    whole = np.flatnonzero(frame["complete"].to_numpy())
    if lag is None or lag.known or not whole.size:
        return unfinished
    after = frame[column].iloc[int(whole[-1])] + 2 * _STEP[unit]  # the end of the period after the last whole one
    unfinished[whole[-1]] = pd.Timestamp(lag.until) < after
    return unfinished


def reported_part(frame: pd.DataFrame, column: str, unit: Unit, lag: ReportingLag | None) -> FloatArray:
    """Which part of each period's alerts is thought to be reported by now."""
    if lag is None or not lag.known:
        return np.ones(len(frame))
    starts = frame[column]
    ends = starts + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6 if unit == "week" else 0))
    return lag.part(starts.dt.date.to_list(), ends.dt.date.to_list())


def _data_choices(
    frame: pd.DataFrame, unit: Unit, lag: ReportingLag | None, breaks: Collection[dt.date]
) -> list[Choice]:
    """What the reader is told of periods that are partly covered or late, and of breaks."""
    choices = []
    part = int((~frame["complete"]).sum())
    if part:
        choices.append(Choice("incomplete", part, Message("Periods that the data cover only in part are not judged.")))
    if lag is not None and frame["complete"].any():
        share = float(frame.loc[frame["complete"], "late"].iloc[-1])
        if frame["unfinished"].any():
            choices.append(Choice("late", 0.0, _UNKNOWN_DELAY))
        elif lag.known and share < _NEARLY_ALL:
            choices.append(Choice("late", round(share, 3), Message(_LATE[unit], {"share": round(100 * share)})))
    choices += [Choice("break", day.isoformat(), Message(_NEW_LEVEL, {"day": day})) for day in sorted(breaks)]
    return choices


def regular_periods(series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str, unit: Unit) -> pd.DataFrame:
    """Every period from the first to the last: `column`, n (0 where there is no row) and complete."""
    if series.empty:
        raise ValueError("a trend needs at least one period")
    days = pd.DatetimeIndex(pd.to_datetime(series[column]))
    every = pd.date_range(days.min(), days.max(), freq=_FREQUENCY[unit])
    at = every.get_indexer(days)
    if (at < 0).any() or days.has_duplicates:
        raise ValueError(f"the column {column!r} must hold the first day of each {unit}, once")
    n = np.zeros(len(every))
    n[at] = series["n"].to_numpy(dtype=float)
    end = every + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6 if unit == "week" else 0))
    complete = (every >= pd.Timestamp(dates[0])) & (end <= pd.Timestamp(dates[1]))
    return pd.DataFrame({column: every, "n": n, "complete": complete})


def _rule(periods: int, unit: Unit) -> Rule:
    """The rule that is told, by the number of whole periods."""
    a_year = _PER_YEAR[unit]
    seasonal = periods >= 3 * a_year
    if unit == "month":
        return RULES["season" if seasonal else "few_years"]
    if periods < a_year:
        return RULES["first_year"]
    if unit == "day":
        return RULES["same_weekdays"]
    return RULES["season" if seasonal else "young_season"]


def _spread(values: FloatArray, inside: BoolArray) -> FloatArray:
    """Values of the complete periods, put back among all periods."""
    result = np.full(inside.shape, np.nan)
    result[inside] = values
    return result


@dataclass(frozen=True)
class PeriodTotal:
    """The count of several whole weeks together, with the sum that season and long trend predict (95 % band).

    `least`: the smallest number that the sentence writes out, zero apart.
    """

    n: int
    expected: Estimate
    weeks: int
    first: dt.date
    least: int = 1

    @property
    def side(self) -> int:
        """1 where the count lies above the band, -1 below, 0 within."""
        return int(self.n > self.expected.high) - int(self.n < self.expected.low)

    def sentence(self, t: Translator) -> str:
        """Whether so many are usual for the time of year."""
        few = t(Message("fewer than {k} alerts", {"k": self.least}))
        values = {
            "alerts": few if 0 < self.n < self.least else t.n("{n} alert", "{n} alerts", self.n),
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
    """The whole weeks of a trend together, against what was to be expected before the first of them.

    None for other units, without the rule of the season, and for fewer than 4 or more than 9 whole weeks.
    """
    rows = trend.frame[trend.frame["complete"]]
    expected = trend.sums.get(len(rows))
    if trend.unit != "week" or expected is None or rows["expected"].isna().any():
        return None
    return PeriodTotal(int(rows["n"].sum()), expected, len(rows), rows[trend.column].iloc[0].date(), trend.least)


@dataclass(frozen=True)
class YearOnYear:
    """The last complete periods against the same ones a year before.

    `overdispersed`: whether it would be a change if counts had not varied as much from year to year before.
    """

    before: int
    after: int
    periods: int
    first: dt.date
    ratio: Estimate
    p: float
    unit: Unit = "week"
    overdispersed: bool = False

    def sentence(self, t: Translator, least: int = 1) -> str:
        """More, fewer or about as many as a year before; `least`: the smallest number that is written out."""
        first = t.date(self.first, "LLLL y") if self.unit == "month" else t.date(self.first)
        after, before = (t(fewer_than(least)) if 0 < n < least else n for n in (self.after, self.before))
        values = {"after": after, "before": before, "first": first, "p": t.p_value(self.p)}
        if self.unit == "month":
            return self._sentence_by_month(t, values)
        if self.overdispersed:
            return t(
                "Since {first}: {after} alerts, {before} in the same time a year before. No clear change: in the "
                "past such counts varied as much from year to year.",
                **values,
            )
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
        if self.overdispersed:
            return t(
                "{first} onwards: {after} alerts, {before} in the same months a year before. No clear change: in "
                "the past such counts varied as much from year to year.",
                **values,
            )
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


def year_on_year(trend: Trend, periods: int | None = None, dispersion: float = 1.0) -> YearOnYear | None:
    """Compare the last complete periods (a quarter by default) with the same ones a year before, by the e-test.

    `dispersion`: variance of such counts by that of independent ones (`overdispersed_e_test`). None where the data do
    not reach back so far, or where nothing is left to compare.
    """
    rows = trend.frame[trend.frame["complete"]].tail(periods or A_QUARTER[trend.unit])
    pairs = rows.dropna(subset=["last_year"])
    if pairs.empty:
        return None
    after, before = int(pairs["n"].sum()), int(pairs["last_year"].sum())
    first: pd.Timestamp = pairs[trend.column].iloc[0]
    ratio = rate_ratio(after / dispersion, before / dispersion)
    p = overdispersed_e_test(after, before, dispersion=dispersion)
    overdispersed = p >= 0.05 > overdispersed_e_test(after, before)
    return YearOnYear(before, after, len(pairs), first.date(), ratio, p, trend.unit, overdispersed)
