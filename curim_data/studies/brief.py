"""The figures of a briefing: what changed, where, and for whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
import pandas as pd
import shapely

from analysis.gender import CategoryRatios, GenderShares
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.intervals import Estimate
from analysis.trends.changes import Change
from analysis.trends.distinct_changes import distinct_changes
from analysis.trends.smallest_change import SmallestChange
from analysis.trends.time_series import PeriodTotal, Trend, period_total
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile
from curim_data.model.shared_shapes import ask_shape
from curim_data.privacy import DisclosureError
from curim_data.query import Total
from curim_data.studies.changes import ChangeStudy, change_filter, change_study, filter_periods
from curim_data.studies.gender import share_study, weight_study, without_gender
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import ComparedPeriods
from curim_data.studies.trends import trend_study

Verdict = Literal["usual", "more", "fewer", "unknown"]
MOST_FINDINGS: Final = 5
# What a finding's small chart shows before the period that it is about.
LEAD: Final = dt.timedelta(weeks=26)
# Fewer alerts than this tell too little of whom a change concerns.
LEAST_WHOM: Final = 10


@dataclass(frozen=True)
class JudgedWeeks:
    """Of the whole weeks (months) of a change's later period how many lie above and below their expected range.

    `judged`: all of them; 0 where one has no range, or a count that may not be shown, so that nothing is said of all.
    """

    above: int
    below: int
    judged: int


@dataclass(frozen=True)
class Finding:
    """A change that deserves attention, with its filter, its weeks, since when it is out of the usual, and for whom.

    `since`: the first day of the weeks without interruption, up to the last, that lie outside their expected range on
    the side of the change; None where the last one does not. `women`: None where too few say it, or, with
    `whom_protected`, where a group's number is withheld.
    """

    change: Change
    filter: AlertFilter
    trend: Trend | None
    since: dt.date | None
    women: Estimate | None
    whom_protected: bool = False
    weeks: JudgedWeeks = JudgedWeeks(0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class BriefChanges:
    """What changed, which the headline and the cards tell: no map and no hot spot is needed for it.

    `since`, `until`: the window in which changes are looked for, at the end of the filter's period and no longer than
    it; `recent`: its alerts, `incidents`: those that they report, None where that is withheld. `smallest`: what would
    have been seen of all incidents, and of those of a typical place or category.
    `course`: the city's whole weeks against what season and long trend let expect, as on the Trends page; None where
    the data hold no season or the period does not suit it (see `analysis.trends.time_series`). `verdict`: is the city's
    count usual, by `course`, or else by the e-test against the period that changes are compared with; "unknown" where
    there is none or its count is withheld. `by_month`: of the alerts only the month is known.
    `asks_affected`: whether the exports have the gender of the person affected at all. `by_gender`: whether the filter
    names genders, so that a change concerns those; women and men are compared among all genders all the same.
    """

    since: dt.date
    until: dt.date
    recent: Total
    course: PeriodTotal | None
    verdict: Verdict
    changes: ChangeStudy
    findings: tuple[Finding, ...]
    smallest: tuple[SmallestChange | None, SmallestChange | None] = (None, None)
    by_month: bool = False
    asks_affected: bool = True
    by_gender: bool = False
    incidents: int | None = None


@dataclass(frozen=True, kw_only=True)
class BriefStudy(BriefChanges):
    """All that the briefing says of a filter's alerts, for one audience.

    `period`: that of the filter, to which `total`, the hot spots and the genders belong. `incidents_total`: as `total`,
    of incidents.
    """

    period: tuple[dt.date, dt.date]
    total: Total
    incidents_total: Total
    hot: HotSpotStudy
    names: dict[str, SpotName]
    shares: GenderShares
    weights: CategoryRatios


def brief_changes(source: Source, f: AlertFilter, audience: Audience, since: dt.date | None = None) -> BriefChanges:
    """What changed since a day, within the filter's period.

    Without a day, or with one outside the period, changes are those of the whole period.
    """
    window = _window(source, f, since)
    since, until = query.dates(source, window)
    found = change_study(source, window, audience)
    weeks = trend_study(source, window, audience)
    seasonal = period_total(weeks) if weeks is not None else None
    distinct = distinct_changes(found.changes, landmark_districts(source.city), MOST_FINDINGS)
    return BriefChanges(
        since=since,
        until=until,
        recent=query.total(source, window, audience),
        course=seasonal,
        verdict=_verdict(seasonal, found),
        changes=found,
        findings=tuple(_finding(source, f, audience, change, found) for change in distinct),
        smallest=(found.smallest(), found.smallest(area=True)),
        by_month=source.by_month,
        asks_affected="affected_gender" in source.asked,
        by_gender=without_gender(f) != f,
        incidents=_incidents(source, window, audience),
    )


def _incidents(source: Source, f: AlertFilter, audience: Audience) -> int | None:
    """How many incidents the alerts under a filter report; None where that is withheld."""
    total = query.counts(source, f, [], audience, once=True).total
    return None if total is None else round(total)


def usual_since(source: Source, f: AlertFilter) -> dt.date | None:
    """The day since which changes are looked for unless the reader names one: that of the last meeting.

    None, the whole period, where the filter has a period of its own: then everything is about that one.
    """
    return source.meeting if f.period == AlertFilter().period else None


def brief_periods(source: Source, f: AlertFilter) -> ComparedPeriods:
    """The two periods that the briefing compares under a filter, unless the reader names a day since which."""
    return filter_periods(source, _window(source, f, usual_since(source, f)))


def _window(source: Source, f: AlertFilter, since: dt.date | None) -> AlertFilter:
    """The filter from a day on, where its period holds that day; else the filter."""
    period = query.dates(source, f)
    if since is None or not period[0] <= since <= period[1]:
        return f
    return f.replace(period="", start=since, end=period[1])


def brief_study(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    since: dt.date | None = None,
    changes: BriefChanges | None = None,
) -> BriefStudy:
    """Everything that the briefing tells: of the filter's period, and of what changed in it since a day.

    `changes`: what `brief_changes` found for the same arguments, where it is there already.
    """
    changed = changes or brief_changes(source, f, audience, since)
    hot = hot_spot_study(source, f, audience)
    return BriefStudy(
        **{part.name: getattr(changed, part.name) for part in fields(BriefChanges)},
        period=query.dates(source, f),
        total=query.total(source, f, audience),
        incidents_total=query.total(source, f, audience, once=True),
        hot=hot,
        names=name_spots(hot.spots, source.city, known_places(source, audience)),
        shares=share_study(source, without_gender(f), audience),
        weights=weight_study(source, f, audience),
    )


def landmark_districts(city: CityProfile) -> dict[str, str]:
    """The district in which each landmark stands; landmarks outside all of them are left out."""
    found = {}
    for mark in city.landmarks:
        point = shapely.Point(mark.longitude, mark.latitude)
        home = next((area.id for area in city.districts if ask_shape(shapely.covers, area.polygon, point)), None)
        if home is not None:
            found[mark.id] = home
    return found


def _verdict(seasonal: PeriodTotal | None, found: ChangeStudy) -> Verdict:
    if seasonal is not None:
        return "more" if seasonal.side > 0 else "fewer" if seasonal.side < 0 else "usual"
    frame = found.changes.frame
    city = frame[frame[list(found.changes.by)].isna().all(axis=1)]
    if city.empty or not np.isfinite(city["p"].iloc[0]):
        return "unknown"
    if city["p"].iloc[0] >= found.changes.alpha:
        return "usual"
    return "more" if city["direction"].iloc[0] > 0 else "fewer"


def _finding(source: Source, f: AlertFilter, audience: Audience, change: Change, found: ChangeStudy) -> Finding:
    chosen = change_filter(f, change, found.periods)
    start, end = found.periods.after
    trend = trend_study(source, chosen.replace(start=max(source.first, start - LEAD), end=end), audience)
    women, protected = _women(source, chosen, audience)
    since = _since(trend, change)
    return Finding(change, chosen, trend, since, women, protected, weeks=_judged(trend, found.periods.after))


def _since(trend: Trend | None, change: Change) -> dt.date | None:
    """The day since which the count is out of the usual on the side of the change, as the last week still is."""
    if trend is None or trend.alarms.empty or trend.alarms["side"].iloc[-1] != change.direction:
        return None
    return trend.outside_since


def _judged(trend: Trend | None, period: tuple[dt.date, dt.date]) -> JudgedWeeks:
    """The weeks that the small chart shows of a period, by their side of the expected range."""
    if trend is None:
        return JudgedWeeks(0, 0, 0)
    inside = trend.frame[trend.column].between(pd.Timestamp(period[0]), pd.Timestamp(period[1]))
    whole = trend.frame[inside & trend.frame["complete"]]
    if whole[["n", "expected"]].isna().any(axis=None):
        return JudgedWeeks(0, 0, 0)
    return JudgedWeeks(int((whole["side"] > 0).sum()), int((whole["side"] < 0).sum()), len(whole))


def _women(source: Source, f: AlertFilter, audience: Audience) -> tuple[Estimate | None, bool]:
    """The share of women, or None and whether that is because a group's number is withheld."""
    try:
        shares = share_study(source, f, audience)
    except DisclosureError:
        return None, True
    if shares.women.known and shares.n >= LEAST_WHOM:
        return shares.women, False
    return None, shares.protected
