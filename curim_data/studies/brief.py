"""The figures of a briefing: what changed, where, and for whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Final, Literal

import numpy as np
import pandas as pd
import shapely

from analysis.gender import CategoryRatios, GenderShares
from analysis.spots.naming import SpotName, name_spots
from analysis.trends.distinct_changes import distinct_changes
from analysis.trends.smallest_change import SmallestChange
from analysis.trends.time_series import PeriodTotal, period_total
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Message
from curim_data.model.shared_shapes import ask_shape
from curim_data.protection import CopyErrors, copy_errors
from curim_data.query import Total
from curim_data.studies.changes import CANDIDATE_KEYS, ChangeStudy, changes_for_all, filter_periods
from curim_data.studies.copy_words import copy_notes
from curim_data.studies.findings import Finding, make_finding
from curim_data.studies.gender import share_study, silent_districts, unheard_places, weight_study, without_gender
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import ComparedPeriods
from curim_data.studies.selection import chosen_from
from curim_data.studies.trends import trend_study

Verdict = Literal["usual", "more", "fewer", "unknown"]
MOST_FINDINGS: Final = 5


@dataclass(frozen=True, kw_only=True)
class BriefChanges:
    """What changed, which the headline and the cards tell: no map and no hot spot is needed for it.

    `since`, `until`: the window in which changes are looked for, at the end of the filter's period and no longer than
    it; `recent`: its alerts, `alerts`: those that they report. `smallest`: what would
    have been seen of all alerts, and of those of a typical place or category.
    `changes`: how changes were looked for, without the counts; `n_significant` of them survive the correction before
    overlapping ones are listed once, and some of those that were tested name what `looked_at` holds.
    `course`: the city's whole weeks against what season and long trend let expect, as on the Trends page; None where
    the data hold no season or the period does not suit it (see `analysis.trends.time_series`). `verdict`: is the city's
    count usual, by `course`, or else by the e-test against the period that changes are compared with, corrected as all
    changes are, so that it says no more than `smallest` and the cards; "unknown" where there is none or its count is
    withheld. `by_month`: of the alerts only the month is known.
    `asks_affected`: whether the exports have the gender of the person affected at all. `by_gender`: whether the filter
    names genders, so that a change concerns those; women and men are compared among all genders all the same.
    `ongoing`: whether the window reaches to the end of the data. `from_alerts`: the changes were chosen by comparisons
    of the alerts, and the audience reads the copy, in which other comparisons are possible (`curim changes`, Trends).
    """

    since: dt.date
    until: dt.date
    recent: Total
    course: PeriodTotal | None
    verdict: Verdict
    changes: ChangeStudy
    findings: tuple[Finding, ...]
    n_significant: int = 0
    looked_at: tuple[str, ...] = ()
    smallest: tuple[SmallestChange | None, SmallestChange | None] = (None, None)
    by_month: bool = False
    asks_affected: bool = True
    by_gender: bool = False
    ongoing: bool = True
    from_alerts: bool = False


@dataclass(frozen=True, kw_only=True)
class BriefPeriod:
    """What the briefing says of the filter's whole period, whatever changed in it.

    `period`: that of the filter, to which `total`, the hot spots and the genders belong. `errors`: of the protected
    copy, where the figures are those of it; `copy_notes`: what must be known of `total` there.
    """

    period: tuple[dt.date, dt.date]
    total: Total
    hot: HotSpotStudy
    names: dict[str, SpotName]
    shares: GenderShares
    weights: CategoryRatios
    silent: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    errors: CopyErrors | None = None
    copy_notes: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BriefStudy(BriefChanges, BriefPeriod):
    """All that the briefing says of a filter's alerts, for one audience."""

    @classmethod
    def of(cls, changes: BriefChanges, period: BriefPeriod) -> BriefStudy:
        """Both parts together."""
        parts = ((part.name, getattr(of, part.name)) for of in (changes, period) for part in fields(of))
        return cls(**dict(parts))


def brief_changes(source: Source, f: AlertFilter, audience: Audience, since: dt.date | None = None) -> BriefChanges:
    """What changed since a day, within the filter's period. Under the filter that everybody opens these are the same
    changes for every audience (`selection.chosen_from`), with the figures of what the audience reads.

    Without a day, or with one outside the period, changes are those of the whole period.
    """
    window, since_known = _window(source, f, since), since in (None, source.meeting)
    since, until = query.dates(source, window)
    chosen = chosen_from(source, f) if since_known else source
    # Of which the scatter of the past, the course of the weeks and the alerts on the map are sums.
    query.count_all_dates(source, f, None, audience)
    found = changes_for_all(chosen, window)
    own = found if chosen is source else changes_for_all(source, window)
    weeks = trend_study(source, window, audience)
    seasonal = period_total(weeks) if weeks is not None else None
    place_in = landmark_districts(source.city)
    distinct = distinct_changes(found.changes, place_in, MOST_FINDINGS)
    tested = found.changes.frame[found.changes.frame["p"].notna()]
    return BriefChanges(
        since=since,
        until=until,
        recent=query.total(source, window, audience),
        course=seasonal,
        verdict=_verdict(seasonal, own),
        changes=replace(
            found,
            changes=replace(found.changes, frame=found.changes.frame.iloc[:0]),
            not_in_use=found.not_in_use.told(source, audience),
        ),
        findings=tuple(
            make_finding(
                source,
                window,
                audience,
                change,
                change if own is found else own.changes.of(change.key),
                found.periods,
                place_in,
            )
            for change in distinct
        ),
        n_significant=found.changes.n_significant,
        looked_at=tuple(name for name in CANDIDATE_KEYS if tested[name].notna().any()),
        smallest=(own.smallest(), own.smallest(area=True)),
        by_month=source.by_month,
        asks_affected="affected_gender" in source.asked,
        by_gender=without_gender(f) != f,
        ongoing=until >= source.as_of,
        from_alerts=own is not found,
    )


def _city_row(found: ChangeStudy) -> pd.DataFrame:
    """All alerts of both periods, a row of the changes; no row where nothing was compared."""
    frame = found.changes.frame
    return frame[frame[list(found.changes.by)].isna().all(axis=1)]


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
    return BriefStudy.of(changed, brief_period(source, f, audience))


def brief_period(source: Source, f: AlertFilter, audience: Audience) -> BriefPeriod:
    """Counts, hot spots and genders of the filter's whole period."""
    hot, total = hot_spot_study(source, f, audience), query.total(source, f, audience)
    weights = weight_study(source, f, audience)  # before the shares, which are sums of what is counted for it
    return BriefPeriod(
        period=query.dates(source, f),
        total=total,
        hot=hot,
        names=name_spots(hot.spots, source.city, known_places(source, audience)),
        shares=share_study(source, without_gender(f), audience),
        weights=weights,
        silent=silent_districts(source, f, audience),
        unheard=unheard_places(source, f, audience),
        errors=copy_errors(source) if source.exact is not None else None,
        copy_notes=copy_notes(source, f, total),
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
    city = _city_row(found)
    if city.empty or not np.isfinite(city["p"].iloc[0]):
        return "unknown"
    if not city["significant"].iloc[0]:
        return "usual"
    return "more" if city["direction"].iloc[0] > 0 else "fewer"
