"""How a count moves from week to week: what is usual, what is not, where it is heading; and the clock of a week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.stats.intervals import Choice, Result
from analysis.trends.line import ALPHA, YEARS_OF_SEASON, Line, quantiles, read_line
from analysis.trends.reporting import ReportingLag
from curim_data.model import N_, BoolArray, FloatArray, Message, Num, Translator, is_small
from curim_data.model.i18n import at_head

DAYS: Final = 7
HOURS: Final = 24


@dataclass(frozen=True)
class WeekClock(Result):
    """Alerts by weekday (rows, 0 for Monday) and hour (columns).

    `matrix` is 7 × 24. `peak_hours`: start and length in hours of the shortest
    stretch, over midnight if need be, that holds half of the alerts; `peak_weekday`: the fullest day. Both None where
    there are no alerts.
    """

    matrix: FloatArray
    peak_hours: tuple[int, int] | None
    peak_weekday: int | None

    def sentence(self, t: Translator) -> str:
        """When half of the alerts fall, and on which day most."""
        if self.peak_hours is None or self.peak_weekday is None:
            return t("No alerts with a known hour.")
        start, length = self.peak_hours
        values = {
            "start": f"{start:02d}",
            "end": f"{(start + length) % HOURS:02d}",
            "day": t.weekday(self.peak_weekday),
        }
        return t(
            "At least half of the alerts fall between {start}:00 and {end}:00; the fullest day is {day}.", **values
        )


def week_clock(frame: pd.DataFrame, band: int = 1) -> WeekClock:
    """Lay counts by weekday and hour out as a week.

    `frame` has weekday (0 to 6), hour (0 to 23) and n (fractions where a span was shared out over its hours). Rows
    without weekday or hour are left out; hours without a row are zero. `band`: how many hours are known as one, so
    that the hours that hold half are whole bands.
    """
    known = frame.dropna(subset=["weekday", "hour"])
    matrix = np.zeros((DAYS, HOURS))
    np.add.at(
        matrix,
        (known["weekday"].to_numpy(dtype=int), known["hour"].to_numpy(dtype=int)),
        known["n"].to_numpy(dtype=float),
    )
    by_hour, by_weekday, total = matrix.sum(axis=0), matrix.sum(axis=1), float(matrix.sum())
    return WeekClock(
        matrix=matrix,
        peak_hours=peak_bands(by_hour, band),
        peak_weekday=int(by_weekday.argmax()) if total else None,
        n=round(total),
    )


def peak_bands(by_hour: FloatArray, band: int) -> tuple[int, int] | None:
    """Start and length in hours of the shortest stretch of bands of so many hours, of which the first begins at
    midnight, that holds half of 24 counts; None where all are zero.

    >>> peak_bands(np.array([0] * 12 + [1] * 6 + [0] * 6), 6), peak_bands(np.array([0] * 12 + [1] * 6 + [0] * 6), 1)
    ((12, 6), (12, 3))
    >>> peak_bands(np.array([0, 9, 10] + [0] * 21), 1)
    (2, 1)
    """
    bands = by_hour.reshape(-1, band).sum(axis=1)
    half, count = bands.sum() / 2, len(bands)
    if not half:
        return None
    twice = np.concatenate([[0.0], np.cumsum(np.tile(bands, 2))])
    for length in range(1, count):
        sums = twice[length : length + count] - twice[:count]
        if sums.max() >= half - 1e-9:
            return int(sums.argmax()) * band, length * band
    return 0, count * band


Unit = Literal["day", "week", "month"]
_PER_YEAR: Final[dict[Unit, int]] = {"day": 365, "week": 52, "month": 12}
_SEASON_LENGTH: Final[dict[Unit, float]] = {"day": 365.25, "week": 365.25 / 7, "month": 12.0}
# Days before the last one that are judged: of more the reading takes long and no reader looks at each.
_MOST_DAYS: Final = 1_096
_A_YEAR: Final[dict[Unit, int]] = {"day": 364, "week": 52, "month": 12}  # to the same weekday
_STEP: Final[Mapping[Unit, Any]] = {
    "day": pd.Timedelta(days=1),
    "week": pd.Timedelta(days=7),
    "month": pd.DateOffset(months=1),
}
_FREQUENCY: Final[dict[Unit, str]] = {"day": "D", "week": "7D", "month": "MS"}
# Periods that a level lasts at least: two weeks, by month two months.
_SHORTEST: Final[Mapping[Unit, int]] = {"day": 14, "week": 2, "month": 2}
# From this part on a period is as good as reported.
_NEARLY_ALL: Final = 0.98
_LATE: Final = N_(
    "Some alerts are reported days later: by now about {share} in 100 of the last whole period are in, and it is "
    "judged by that part."
)
_UNKNOWN_DELAY: Final = Message(
    "The data do not tell how late alerts are reported, so the last period may be unfinished: it is never called fewer "
    "than usual."
)
_NEW_LEVEL: Final = N_("A new level begins on {day}: what is usual is learned again from then on.")
_SHIFTS: Final[Mapping[Unit, str]] = {
    "day": N_("Since {day}: about {after} alerts a day instead of {before}."),
    "week": N_("Since {day}: about {after} alerts a week instead of {before}."),
    "month": N_("{day} onwards: about {after} alerts a month instead of {before}."),
}
# Above or below what is usual.
_UNUSUAL: Final[Mapping[bool, str]] = {
    True: N_("{when}: {alerts}, more than usual ({lower} to {upper})."),
    False: N_("{when}: {alerts}, fewer than usual ({lower} to {upper})."),
}
# Of the first and last days of periods, which ones are covered wholly.
Covered = Callable[[pd.DatetimeIndex, pd.DatetimeIndex], BoolArray]

# How the band is made, by the length of the data (`trend_of`); without a band why no period is judged.
Rule = Literal["level", "season", "weekdays", "few_years", "other_light"]
NOT_JUDGED: Final[Mapping[Rule, Message]] = {
    "few_years": Message(
        "Months are judged from two whole years of data on. With fewer the season cannot be separated from a "
        "change: the summer would look like an alarm, so no month is called unusual."
    ),
    "other_light": Message(
        "Alerts after dark or by day are judged from two years of data on, by weeks or months and their season "
        "alone: the days become shorter or longer, so that earlier weeks are no measure."
    ),
}


@dataclass(frozen=True)
class LevelShift:
    """A day on which a new level began, and the levels of a period before and after it, with the season taken out.

    `recent`: whether it began within the last four weeks (four months, by month): an alarm.
    """

    day: dt.date
    before: float
    after: float
    unit: Unit
    recent: bool

    @property
    def up(self) -> bool:
        """Whether the new level is the higher one."""
        return self.after > self.before

    def sentence(self, t: Translator) -> str:
        """Since when, from how many to how many."""
        before, after = (Num(level, 0 if level >= 10 else 1) for level in (self.before, self.after))
        day = t.date(self.day, "LLLL y") if self.unit == "month" else t.date(self.day)
        return t(_SHIFTS[self.unit], day=day, before=before, after=after)


@dataclass(frozen=True)
class Trend(Result):
    """A series with what was to be expected.

    `frame`, one row a period in order of time: the period's column by its own name (`column`; first day, datetime64),
    n, expected, lower, upper (NaN where the history is too short), alarm (bool: outside the band), side (int: 1 above,
    -1 below, 0 within or not judged), complete (bool: the data cover all of it), last_year (n of the same period a year
    before), late (part of the period's alerts that is thought to be reported, 1: all), unfinished (bool: may lack
    reports, so never called fewer than usual), and where the season is known adjusted (n without its season), else NaN.
    `shifts`: new levels, in order of time. `least`: the smallest number that the sentence writes out, zero apart.
    """

    frame: pd.DataFrame
    column: str
    unit: Unit
    rule: Rule
    shifts: tuple[LevelShift, ...] = ()
    least: int = 1

    def since(self, day: dt.date) -> Trend:
        """The same trend, shown from a day on: what is usual still comes from all of the history.

        The period within which that day lies is left out.
        """
        first = int(self.frame[self.column].searchsorted(pd.Timestamp(day)))  # its rows stand in order
        shown = self.frame.iloc[first:].reset_index(drop=True)
        shifts = tuple(shift for shift in self.shifts if shift.day >= day)
        return replace(self, frame=shown, n=int(shown["n"].sum()), shifts=shifts)

    def of_one_light(self) -> Trend:
        """The trend of alerts after dark, or by day: judged by its season, else not at all.

        The weeks before had longer or shorter nights, so what was usual in them is no measure.
        """
        if self.rule == "few_years":
            return self
        if self.rule == "season":
            frame = self.frame.copy()
            early = np.arange(len(frame)) < YEARS_OF_SEASON * _PER_YEAR[self.unit]
            frame.loc[early, ["expected", "lower", "upper"]] = np.nan
            frame.loc[early, "side"] = 0
            return replace(self, frame=frame.assign(alarm=frame["side"] != 0))
        nothing = dict.fromkeys(("expected", "lower", "upper"), np.nan)
        return replace(
            self,
            frame=self.frame.assign(**nothing, side=0, alarm=False),
            rule="other_light",
            choices=(_not_judged("other_light"), *self.choices),
            shifts=(),
        )

    @property
    def judged(self) -> bool:
        """Whether its periods are judged at all."""
        return self.rule not in NOT_JUDGED

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
        if latest is None:
            return t("There is no complete period.")
        count, day = int(latest["n"]), latest[self.column].date()
        values = {"when": self._when(t, day), "alerts": _written(t, count, self.least)}
        if not np.isfinite(latest["expected"]):
            if self.rule == "other_light":
                return t(
                    "{when}: {alerts}. What is usual cannot be said, as nights become longer or shorter.", **values
                )
            return t("{when}: {alerts}. It is too early to say what is usual.", **values)
        usual = {"lower": int(np.ceil(latest["lower"])), "upper": int(np.floor(latest["upper"]))}
        if latest["unfinished"] and count < latest["lower"]:
            return t(
                "{when}: {alerts} so far, where {lower} to {upper} are usual. Reports may still be added, so this is "
                "not called a fall.",
                **values,
                **usual,
            )
        shift = self.shifts[-1] if self.shifts else None
        if shift is not None and shift.recent and not latest["alarm"]:  # the range is on its way to the new level
            return t("{when}: {alerts}. {shift}", **values, shift=shift.sentence(t))
        if not latest["alarm"]:
            words = N_("{when}: {alerts}, usual for the time of year ({lower} to {upper}).")
            plain = N_("{when}: {alerts}, usual against the time before ({lower} to {upper}).")
            seasonal = self.rule == "season"
            return t(words if seasonal else plain, **values, **usual)
        said = t(_UNUSUAL[bool(latest["side"] > 0)], **values, **usual)
        start = self.outside_since or day
        return f"{said} " + t("First so: {start}.", start=self._when(t, start)) if start < day else said

    def _when(self, t: Translator, day: dt.date) -> str:
        if self.unit == "week":
            return t("Week of {day}", day=day)
        return at_head(t.date(day, "LLLL y") if self.unit == "month" else t.date(day))


def trend_of(
    series: pd.DataFrame,
    dates: tuple[dt.date, dt.date],
    column: str = "week",
    unit: Unit = "week",
    *,
    lag: ReportingLag | None = None,
    breaks: Collection[dt.date] = (),
    covered: Covered | None = None,
) -> Trend:
    """What each week's count was (month's, day's), and what was usual.

    Parameters
    ----------
    series
        One row a period: `column` (its first day) and n. One between the first and the last that has no row counts as
        zero. Give all of the history and cut by `Trend.since`: the rule follows the length of what is given.
    dates
        First and last day that the data cover. A period that does not lie wholly within is shown, marked incomplete and
        never judged.
    unit
        Months are judged from two years on. Days have a pattern of weekdays; the last three years of them are judged.
    lag
        How late alerts are reported: the last periods are judged by the part that is thought to be in. None: all is in.
    breaks
        Days on which a new level begins (a campaign, another version of the app): earlier weeks tell the season still.
    covered
        Of the first and last days of periods, which ones the sources cover wholly; None: all. Others are marked
        incomplete, and neither judged nor learned from.

    Each period is compared with what those before it let expect (`analysis.trends.line`). The rule of the sentence,
    by length of the data (below two years, more), is `Trend.rule`.
    """
    frame = regular_periods(series, dates, column, unit, covered)
    inside = frame["complete"].to_numpy()
    counts = np.where(inside, frame["n"].to_numpy(dtype=float), np.nan)
    frame["late"] = reported_part(frame, column, unit, lag)
    rule = _rule(int(inside.sum()), unit)
    for name in ("expected", "lower", "upper", "adjusted"):
        frame[name] = np.nan
    first = max(len(counts) - _MOST_DAYS, 0) if unit == "day" else 0  # of days the last years alone are read
    line = read_line(
        counts[first:],
        _SEASON_LENGTH[unit],
        reported=frame["late"].to_numpy()[first:],
        breaks=[step - first for step in level_positions(frame[column], breaks) if step > first],
        shortest=_SHORTEST[unit],
        weekdays=unit == "day",
    )
    if rule not in NOT_JUDGED:
        _write_band(frame, line, first, rule)
    shifts = tuple(
        LevelShift(frame[column].iloc[first + one.at].date(), one.before, one.after, unit, one.recent)
        for one in line.shifts
        if rule not in NOT_JUDGED and not one.noted
    )
    frame["unfinished"] = _unfinished(frame, column, unit, lag)
    side = np.where(counts > frame["upper"], 1, np.where((counts < frame["lower"]) & ~frame["unfinished"], -1, 0))
    frame["side"], frame["alarm"] = side, side != 0
    frame["last_year"] = frame["n"].where(frame["complete"]).shift(_A_YEAR[unit])
    return Trend(
        frame,
        column,
        unit,
        rule,
        shifts,
        n=int(frame["n"].sum()),
        choices=(*([_not_judged(rule)] if rule in NOT_JUDGED else []), *_data_choices(frame, lag, breaks)),
    )


def _not_judged(rule: Rule) -> Choice:
    return Choice("rule", rule, NOT_JUDGED[rule])


def level_positions(starts: pd.Series[Any], breaks: Collection[dt.date]) -> set[int]:
    """The periods at which a new level begins: the one that holds the day, and the next where it is not its first."""
    steps: set[int] = set()
    for day in map(pd.Timestamp, breaks):
        at = int(starts.searchsorted(day, side="right")) - 1
        steps |= {at} if at >= 0 and starts.iloc[at] == day else {at, at + 1}
    return {step for step in steps if step > 0}


def _write_band(frame: pd.DataFrame, line: Line, first: int, rule: Rule) -> None:
    """Write expected, lower, upper and adjusted into the frame.

    A period of which a part is reported is expected to have that part, and may exceed it by all the rest.
    """
    lower, upper = line.bounds()
    late = frame["late"].to_numpy()[first:]
    if (late < 1).any():
        whole = quantiles(ALPHA / 2, line.expected / late, line.variance / late**2)[1]
        upper = np.where(late < 1, np.maximum(upper, whole), upper)
    for name, values in (("expected", line.expected), ("lower", lower), ("upper", upper)):
        frame.loc[first:, name] = values
    if rule == "season":
        frame["adjusted"] = frame["n"] / line.season


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


def _data_choices(frame: pd.DataFrame, lag: ReportingLag | None, breaks: Collection[dt.date]) -> list[Choice]:
    """What the reader is told of late reports and of breaks."""
    choices = []
    if lag is not None and frame["complete"].any():
        share = float(frame.loc[frame["complete"], "late"].iloc[-1])
        if frame["unfinished"].any():
            choices.append(Choice("late", 0.0, _UNKNOWN_DELAY))
        elif lag.known and share < _NEARLY_ALL:
            choices.append(Choice("late", round(share, 3), Message(_LATE, {"share": round(100 * share)})))
    choices += [Choice("break", day.isoformat(), Message(_NEW_LEVEL, {"day": day})) for day in sorted(breaks)]
    return choices


def whole_steps(first: dt.date, last: dt.date, unit: str) -> pd.DatetimeIndex:
    """The first days of the weeks (Mondays) or months that lie wholly between two days, both included."""
    frequency = "MS" if unit == "month" else "W-MON"
    return pd.date_range(first, pd.Timestamp(last) + pd.Timedelta(days=1), freq=frequency)[:-1]


def regular_periods(
    series: pd.DataFrame, dates: tuple[dt.date, dt.date], column: str, unit: Unit, covered: Covered | None = None
) -> pd.DataFrame:
    """Every period from the first to the last: `column`, n (0 where there is no row) and complete (wholly covered)."""
    days = pd.DatetimeIndex(pd.to_datetime(series[column]))
    every = pd.date_range(days.min(), days.max(), freq=_FREQUENCY[unit])
    at = every.get_indexer(days)
    if (at < 0).any() or days.has_duplicates:
        raise ValueError(f"the column {column!r} must hold the first day of each {unit}, once")
    n = np.zeros(len(every))
    n[at] = series["n"].to_numpy(dtype=float)
    end = every + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6 if unit == "week" else 0))
    complete = (every >= pd.Timestamp(dates[0])) & (end <= pd.Timestamp(dates[1]))
    if covered is not None:
        complete = complete & covered(every, end)
    return pd.DataFrame({column: every, "n": n, "complete": complete})


def _rule(periods: int, unit: Unit) -> Rule:
    """The rule that is told, by the number of whole periods."""
    if unit == "day":
        return "weekdays"
    if periods >= YEARS_OF_SEASON * _PER_YEAR[unit]:
        return "season"
    return "few_years" if unit == "month" else "level"


def _written(t: Translator, n: int, least: int) -> str:
    """A number of alerts as it may be written out."""
    return (
        t(Message("fewer than {k} alerts", {"k": least})) if is_small(n, least) else t.n("{n} alert", "{n} alerts", n)
    )
