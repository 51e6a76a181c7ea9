"""Further rules beside the expected range, by the length of the data: what each says, and how often it errs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.trends.change_points import LevelStep, level_steps
from analysis.trends.cusum import slow_rise
from analysis.trends.dynamic_season import DynamicSeason, dynamic_season
from analysis.trends.expected_range import ears_band
from analysis.trends.farrington import farrington
from curim_data.model import FloatArray, Message, Num, Translator
from curim_data.model.absence import fewer_than

AlarmName = Literal["ears", "farrington", "cusum"]
A_YEAR: Final = 52
_SEASON: Final = 365.25 / 7
# The latest steps that are told.
_MOST_STEPS: Final = 3


@dataclass(frozen=True)
class AlarmRule:
    """A rule with the shares of quiet weeks (EARS, Farrington) or half-years (CUSUM) that it calls too many.

    `usual`, `overdispersed`: largest measured share in simulated cities with independent counts, and with reports in
    bursts or a level that drifts (docs/bands-and-alarms.md).
    """

    name: AlarmName
    title: Message
    usual: float
    overdispersed: float
    explanation: Message


RULES: Final[Mapping[AlarmName, AlarmRule]] = {
    "ears": AlarmRule(
        "ears",
        Message("EARS C2"),
        0.035,
        0.060,
        Message(
            "The rule for less than a year of data: the last week against seven earlier ones, leaving out the two just "
            "before it. It calls up to 35 in 1,000 quiet weeks too many, up to 60 where reports come in bursts or "
            "the level drifts."
        ),
    ),
    "farrington": AlarmRule(
        "farrington",
        Message("Farrington flexible"),
        0.010,
        0.130,
        Message(
            "The rule of national health surveillance for three years of data and more: the last week against the same "
            "time of up to five years, past outbreaks weighted down, the last half-year left out. It calls up to 10 in "
            "1,000 quiet weeks too many, up to 130 where the level drifts from year to year."
        ),
    ),
    "cusum": AlarmRule(
        "cusum",
        Message("CUSUM of the last half-year"),
        0.05,
        0.11,
        Message(
            "For slow rises that no single week shows: sums over the last 26 weeks against what was to be expected "
            "before them. It calls at most 5 in 100 quiet half-years rising, up to 11 in 100 where the level drifts."
        ),
    ),
}


@dataclass(frozen=True)
class Alarm:
    """What a rule says: whether it finds too many, of which week or since which one, against which threshold."""

    rule: AlarmRule
    found: bool
    day: dt.date
    n: int | None = None
    upper: float | None = None

    def sentence(self, t: Translator, least: int = 1) -> str:
        """The rule's answer; `least`: the smallest number that is written out."""
        values = {"rule": t(self.rule.title), "day": self.day}
        if self.rule.name == "cusum":
            if self.found:
                return t("A slow rise since the week of {day} ({rule}).", **values)
            return t("{rule}: no slow rise.", **values)
        few = self.n is not None and 0 < self.n < least
        values |= {"n": t(fewer_than(least)) if few else self.n, "upper": int(np.floor(self.upper or 0))}
        if self.found:
            return t("{rule}: {n} in the week of {day} are too many (at most {upper}).", **values)
        return t("{rule}: {n} in the week of {day} are not too many (at most {upper}).", **values)


@dataclass(frozen=True)
class Course:
    """The alarms of further rules and the steps of the level, of all of a series by week."""

    alarms: tuple[Alarm, ...]
    steps: tuple[tuple[dt.date, LevelStep, dt.date, dt.date], ...]

    def step_sentences(self, t: Translator) -> list[str]:
        """When the level changed, from how many to how many a week."""
        return [
            t(
                "The level changed in the week of {day} (between {first} and {last}, 95 %): from about {before} to "
                "about {after} alerts a week.",
                day=day,
                first=first,
                last=last,
                before=Num(step.before, 0 if step.before >= 10 else 1),
                after=Num(step.after, 0 if step.after >= 10 else 1),
            )
            for day, step, first, last in self.steps
        ]


def weekly_course(
    frame: pd.DataFrame, column: str = "week", noted: Sequence[tuple[dt.date, dt.date | None]] = ()
) -> Course:
    """Alarms and steps of a weekly trend (`time_series.Trend.frame`, all of the history).

    Below one year EARS C2; from 79 weeks on a CUSUM of the last half-year; from 160 weeks on Farrington. The last whole
    week is judged. Steps from two years on, the latest three.

    `noted`: days from which on the level is another, or spans that are apart. Rules look back to the last such day
    only, and at no week of a span; the steps that an analyst noted are not told again.
    """
    rows = frame[frame["complete"]]
    rows = rows[rows[column] >= pd.Timestamp(_last_break(rows, column, noted))]
    counts = rows["n"].to_numpy(dtype=float)
    weeks = [day.date() for day in rows[column]]
    for start, end in noted:
        if end is not None:
            inside = [start <= week + dt.timedelta(days=6) and week <= end for week in weeks]
            counts = np.where(inside, np.nan, counts)
    if not len(rows) or not np.isfinite(counts[-1]):
        return Course((), ())
    model = dynamic_season(counts, _SEASON)
    alarms = [found for found in (_ears(counts, weeks), _farrington(counts, weeks)) if found]
    return Course((*alarms, *_cusum(counts, weeks, model)), _steps(counts, weeks, model))


def _last_break(
    rows: pd.DataFrame, column: str, noted: Sequence[tuple[dt.date, dt.date | None]]
) -> pd.Timestamp | dt.date:
    """The first whole week after the last noted day on which a level began; the first week without one."""
    days = [day for day, end in noted if end is None]
    first: pd.Timestamp = rows[column].min()
    before = [day for day in days if len(rows) and pd.Timestamp(day) <= rows[column].max()]
    return max((pd.Timestamp(day) for day in before), default=first)


def _ears(counts: FloatArray, weeks: list[dt.date]) -> Alarm | None:
    if len(counts) >= A_YEAR:
        return None
    upper = float(ears_band(counts, gap=2, poisson_floor=True).upper[-1])
    if not np.isfinite(upper):
        return None
    return Alarm(RULES["ears"], bool(counts[-1] > upper), weeks[-1], int(counts[-1]), upper)


def _farrington(counts: FloatArray, weeks: list[dt.date]) -> Alarm | None:
    found = farrington(counts, len(counts) - 1)
    if found is None:
        return None
    return Alarm(RULES["farrington"], found.score > 1, weeks[-1], int(counts[-1]), found.upper)


def _cusum(counts: FloatArray, weeks: list[dt.date], model: DynamicSeason) -> list[Alarm]:
    if model.outlook is None:
        return []
    found = slow_rise(counts, model.outlook)
    since = found.since if found.since is not None else model.outlook.first
    return [Alarm(RULES["cusum"], found.found, weeks[since])]


def _steps(
    counts: FloatArray, weeks: list[dt.date], model: DynamicSeason
) -> tuple[tuple[dt.date, LevelStep, dt.date, dt.date], ...]:
    factor = np.exp(model.season - model.season.mean())
    steps = level_steps(counts, factor)[-_MOST_STEPS:]
    return tuple((weeks[step.at], step, weeks[step.first], weeks[step.last]) for step in steps)
