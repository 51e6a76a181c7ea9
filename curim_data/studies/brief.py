"""The findings and figures of a briefing: what changed, where, and for whom; and which findings the last brief had.

Under the filter that everybody opens findings are the same for every audience: they are chosen once, from the alerts
(`periods.chosen_from`). The figures are those of what the audience reads, each a question of its own to
`curim_data.query`, so a card gives no number that the filter behind it would not give. What the choice itself says to
who reads the protected copy: that a change is clear or probable in the alerts, its place among the others, and the one
word of its history.

The home keeps `briefs.json`: for each brief that is written again and again (its audience, language and filter) the day
of the last one, and its findings by their ids with the day since which they are in it. No count and no single alert.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qsl, urlencode

import h3.api.basic_str as h3
import numpy as np
import pandas as pd
import shapely

from analysis.gender import MAN, WOMAN, CategoryRatios, GenderShares
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.intervals import UNKNOWN, Estimate
from analysis.trends.changes import AREA, CANDIDATE_KEYS, MAIN_SHARE, Change, Grade, change_of
from analysis.trends.time_series import whole_steps
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Message, is_small
from curim_data.model.absence import CalendarUnit
from curim_data.model.city import K_ORDINARY, in_metres
from curim_data.model.prepared import write_whole
from curim_data.privacy import WrittenCounts, is_sensitive, share_is_told
from curim_data.protection import CopyErrors, copy_errors
from curim_data.query import Total
from curim_data.store import Home, locked
from curim_data.studies.cells import filter_area, has_area
from curim_data.studies.changes import (
    ChangeStudy,
    EventFinding,
    change_filter,
    change_study,
    event_study,
    without_events,
    written_changes,
)
from curim_data.studies.gender import (
    AFFECTED,
    share_study,
    silent_districts,
    unheard_places,
    weight_study,
    without_gender,
)
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import (
    TELLING_RATIO,
    YEAR,
    ComparedPeriods,
    chosen_from,
    copy_notes,
)
from curim_data.studies.trends import trend_study

Level = Literal["here", "city"]
# What a finding's count did: all at once (an event, or a change of which one week is most), as in the same season of
# the year before, as many as once before but not in the last year, for the first time, or simply more or fewer.
History = Literal["once", "seasonal", "returned", "new", "growing", "falling"]

# Women and men affected, fewer than which tell too little of whom a change concerns.
LEAST_WHOM: Final = 10
MOST_CARRIERS: Final = 3
# A finding's chart: what it shows before the period that was tested, beside the same weeks of the year before (else all
# that shares are learned from, a year), and the weeks from which on it is by month.
LEAD: Final = (dt.timedelta(weeks=10), dt.timedelta(weeks=26))
MOST_WEEKS: Final = 130
# How many times as many make a rise from a small number a new problem; from which part of a count on another one is "as
# many"; and up to how many weeks any one may hold most.
MUCH: Final = 5
AS_MANY: Final = 0.8
SHORT: Final = 3


# What takes the place of the figures of a change that is only named.
_NO_FIGURES: Final[dict[str, Any]] = {
    **dict.fromkeys(("expected", "p", "q"), float("nan")),
    "base": 0,
    "after": 0,
    "ratio": UNKNOWN,
    "part_of": None,
}


@dataclass(frozen=True)
class Count:
    """A number of alerts as it is written out: `n`, or where that is None, being small, as "fewer than `least`"."""

    n: int | None
    least: int = 1


@dataclass(frozen=True)
class Whom:
    """The share of women among the women and men affected, unknown where nothing can be told; `level`: of the finding
    itself ("here"), or of its `category` in the whole city.
    """

    women: Estimate = UNKNOWN
    level: Level = "here"
    category: str = ""


@dataclass(frozen=True)
class Series:
    """The weeks (months) of a finding up to the end of the period that was tested.

    `frame`: start (Timestamp), n, before (the same week of the year before; NaN where not known), tested (bool: it lies
    in the period that was tested, in part at least), and expected, lower, upper and alarm, as its own past has it.
    Periods that the data do not hold whole are left out.
    """

    frame: pd.DataFrame
    unit: CalendarUnit


@dataclass(frozen=True)
class Finding:
    """One change that deserves attention: the object that card, page, row, paper and command draw.

    `change`: what, where and how sure, the same for every audience but for its figures. `counts`: the alerts that were
    to be expected and those that came, as they may be shown. `exact_p`: whether the corrected p may be given to the
    audience, or only its grade. `periods`: what was tested. `filter`: what opens it. `whom`: None where nobody asked,
    or where the filter names genders. `since`: the first week (month) since which the count is on the change's side of
    what was usual. `history`: what its count did in all years of the data.
    `within`: the filter under which it was found, in the period in which changes were looked for. `carried`: of a
    change of the whole city, the districts that hold most of it; empty where it is spread, None where that cannot be
    told. `beside`: of a clear change the clear one next door in the other direction.
    """

    change: Change
    counts: tuple[Count, Count]
    periods: ComparedPeriods
    filter: AlertFilter
    within: AlertFilter
    series: Series | None
    whom: Whom | None
    since: dt.date | None = None
    exact_p: bool = True
    history: History = "growing"
    carried: tuple[str, ...] | None = None
    beside: Finding | None = None

    @property
    def id(self) -> str:
        """Its name in a link: the words of what it is, out of the vocabulary of the city."""
        return finding_id(self.change.key)

    @property
    def grade(self) -> Grade:
        """How sure it is, the same for every audience."""
        return self.change.grade

    @property
    def ordered(self) -> bool:
        """Whether both of its counts are written out."""
        return all(count.n is not None for count in self.counts)


AnyFinding = Finding | EventFinding


def finding_id(key: Mapping[str, Any]) -> str:
    """A candidate's name as the words of a query string, in the order of `CANDIDATE_KEYS`.

    >>> finding_id({"district": "zone_5", "place": None, "category": "theft"})
    'district=zone_5&category=theft'
    """
    words = {name: "1" if key[name] is True else str(key[name]) for name in CANDIDATE_KEYS if key.get(name)}
    return urlencode(words) or "all"


def same_finding(one: str, other: str) -> bool:
    """Whether two names of findings, one of them out of a link, are of the same."""
    return one == other or dict(parse_qsl(one)) == dict(parse_qsl(other)) != {}


def make_finding(
    source: Source,
    f: AlertFilter,
    change: Change,
    own: Change | None,
    periods: ComparedPeriods,
    rows: pd.DataFrame,
    origin: Source | None = None,
) -> Finding:
    """A change that is reported, with the figures of what an audience reads.

    `origin`: out of which it was chosen, where that is not `source`; `own`: the change itself, or, where it was chosen
    elsewhere, the same candidate in what the audience reads; None where that has no such candidate.
    """
    chosen = change_filter(source, f, change, periods)
    counted = query.counts(source, chosen, [])
    least, after = counted.threshold, round(counted.total)
    few_before, few_after = own is None or is_small(own.base, least), is_small(after, least)
    few = few_before or few_after
    figures = replace(change, **_NO_FIGURES) if own is None or few else own
    shown = replace(
        change,
        base=own.base if own is not None else 0,
        after=least - 1 if few_after else after,
        expected=figures.expected,
        p=figures.p,
        q=change.q if own is change else float("nan"),
        ratio=figures.ratio,
        few=few,
        part_of=None if change.part_of is None else replace(change.part_of, **_NO_FIGURES),
    )
    series = _series(source, chosen, periods)
    return Finding(
        change=shown,
        counts=_written(own, after, least),
        periods=periods,
        filter=chosen,
        within=f,
        series=series,
        whom=_whom(source, f, chosen, change),
        since=run_since(series, change),
        exact_p=own is change,
        history=history_of(origin or source, chosen, change, periods),
        carried=None if own is None or few or has_area(f) else _carriers(rows, own, least),
    )


def _written(own: Change | None, after: int, least: int) -> tuple[Count, Count]:
    """What was to be expected and what came, as an audience may read both."""
    expected = round(own.expected) if own is not None and np.isfinite(own.expected) else 0
    hidden = own is None or is_small(own.base, least) or is_small(expected, least)
    return Count(None if hidden else expected, least), Count(None if is_small(after, least) else after, least)


def _parts(rows: pd.DataFrame, change: Change) -> pd.DataFrame:
    """The comparisons of the same category in areas like that of a change; of the whole city in its districts."""
    level = {"city": "district", "category": "district_category"}.get(change.level, change.level)
    category = change.key["category"]
    of_it = rows["category"].isna() if category is None else rows["category"].eq(category)
    return rows[rows["level"].eq(level) & rows["p"].notna() & of_it]


def _carriers(rows: pd.DataFrame, change: Change, least: int) -> tuple[str, ...] | None:
    """The fewest districts, no more than three and than a third of all, with half of what a change of the whole city is
    above or below expected; none where it takes more of them. None where too little of the city was compared.
    """
    parts = _parts(rows, change)
    if any(change.key[name] is not None for name in AREA) or parts["after"].sum() < MAIN_SHARE * change.after:
        return None
    few = parts[["base", "after"]].gt(0) & parts[["base", "after"]].lt(least)
    excess = (change.direction * (parts["after"] - parts["expected"])).where(~few.any(axis=1), 0.0)
    order = excess.sort_values(ascending=False, kind="stable")
    enough = int((order.cumsum() < MAIN_SHARE * change.direction * (change.after - change.expected)).sum()) + 1
    if enough <= min(MOST_CARRIERS, max(1, len(parts) // 3)):
        return tuple(parts.loc[order.index[:enough], "district"])
    return None if few.any(axis=None) else ()


def history_of(source: Source, f: AlertFilter, change: Change, periods: ComparedPeriods) -> History:
    """What the count of a change did, by its weeks (months) in all years of the alerts that it was chosen from."""
    unit: CalendarUnit = "month" if periods.by_month else "week"
    (start, end), year = periods.after, 12 if periods.by_month else 52
    steps = whole_steps(source.first, end, unit)
    counted = query.counts(source.in_full, f.replace(period="", start=source.first, end=end), [unit]).frame
    known = counted.dropna(subset=[unit]).set_index(unit)["n"].astype(float).reindex(steps, fill_value=0.0)
    known[~source.coverage.untouched(steps, unit)] = np.nan
    before, tested = known[steps < pd.Timestamp(start)], known[steps >= pd.Timestamp(start)]
    length, after, half = max(len(tested), 1), change.after, (change.after + change.expected) / 2
    earlier = before.rolling(length).sum()  # of as many weeks, each by its last one
    if change.compared in ("past", "before") and length < year <= len(earlier):
        then = earlier.iloc[length - year - 1]
        if then >= AS_MANY * after if change.direction > 0 else AS_MANY * then <= after:
            return "seasonal"
    if change.direction < 0:
        return "falling"
    if change.expected < K_ORDINARY and after >= MUCH * change.expected and not (earlier >= half).any():
        return "new"
    if (earlier.iloc[:-year] >= half).any() and not (earlier.iloc[-year:] >= half).any():
        return "returned"
    once = length > SHORT and tested.max() - change.expected / length >= MAIN_SHARE * (after - change.expected)
    return "once" if once else "growing"


def _series(source: Source, chosen: AlertFilter, periods: ComparedPeriods) -> Series | None:
    """The weeks of a finding; its months where weeks are too many, may not be read, or none of them is whole."""
    start, end = periods.after
    first = max(source.first, start - min(max(LEAD[0], end - start), LEAD[1]))
    if not periods.same_season and periods.before is not None:
        first = min(first, periods.before[0], max(source.first, start - YEAR))
    many = (end - first).days > 7 * MOST_WEEKS or (source.protected and is_sensitive(chosen, source.city))
    for unit in dict.fromkeys(("month" if many else source.known_time.unit("week"), "month")):
        found = _series_of(source, chosen, periods, first, unit)
        if found is not None and found.frame["tested"].any():
            return found
    return None


def _series_of(
    source: Source, chosen: AlertFilter, periods: ComparedPeriods, first: dt.date, unit: CalendarUnit
) -> Series | None:
    start, end = map(pd.Timestamp, periods.after)
    trend = trend_study(source, chosen.replace(period="", start=source.first, end=end.date()), unit)
    if trend is None:
        return None
    frame = trend.frame[trend.frame["complete"].astype(bool)].rename(columns={trend.column: "start"})
    starts = pd.DatetimeIndex(frame["start"])
    year, step = (pd.DateOffset(months=12), pd.offsets.MonthEnd(0)) if unit == "month" else (YEAR, dt.timedelta(days=6))
    counts, ends = pd.Series(frame["n"].to_numpy(float), starts), starts + step
    frame = frame.assign(
        before=counts.reindex(starts - year).to_numpy() if periods.same_season else np.nan,
        tested=(ends >= start) & (starts <= end),
    )
    columns = ["start", "n", "before", "tested", "expected", "lower", "upper", "alarm"]
    return Series(frame.loc[ends >= pd.Timestamp(first), columns].reset_index(drop=True), unit)


def run_since(series: Series | None, change: Change) -> dt.date | None:
    """The first period since which the count lies on the change's side of what was expected of its own past, up to the
    last; None for fewer than two.
    """
    if series is None:
        return None
    sides = (change.direction * (series.frame["n"] - series.frame["expected"]) > 0).tolist()
    run = next((at for at, side in enumerate(reversed(sides)) if not side), len(sides))
    return series.frame["start"].iloc[-run].date() if run >= 2 else None


def _whom(
    source: Source,
    f: AlertFilter,
    chosen: AlertFilter,
    change: Change,
) -> Whom | None:
    """Of the finding, else of its category in the whole city; None where nobody asked, or where the filter says it."""
    if AFFECTED not in source.asked or without_gender(f) != f:
        return None
    category = str(change.key.get("category") or "")
    wider = chosen.replace(cells=f.cells, places=f.places, districts=f.districts)
    for whom, asked in ((Whom(), chosen), (Whom(level="city", category=category), wider)):
        shares = share_study(source, asked)
        women, men = shares.frame.set_index("gender")["n"][[WOMAN, MAN]]
        told = share_is_told(women, women + men, WrittenCounts.of(asked, source).least())
        if told and women + men >= LEAST_WHOM and shares.women.known:
            return replace(whom, women=shares.women)
    return Whom()


# Areas at most so far apart that share less than half of the smaller one are next door.
APART_M: Final = 300


def _next_door(one: Finding, other: Finding, city: CityProfile) -> bool:
    """Whether two clear changes, of one category or of all, went opposite ways in areas next door to each other."""
    categories = {found.change.key["category"] for found in (one, other)} - {None}
    opposite = one.grade == other.grade == "clear" and one.change.direction == -other.change.direction
    here, there = (filter_area(found.filter, city) if opposite else None for found in (one, other))
    if here is None or there is None or len(categories) > 1 or not min(here.area, there.area):
        return False
    shared = here.intersection(there).area / min(here.area, there.area)
    apart = in_metres(city, here).distance(in_metres(city, there))
    return bool(apart <= APART_M and shared < MAIN_SHARE)


Verdict = Literal["usual", "more", "fewer", "unknown"]
MOST_FINDINGS: Final = 5
MOST_NEIGHBOURS: Final = 5


@dataclass(frozen=True, kw_only=True)
class BriefChanges:
    """What changed, which the headline and the cards report: no map and no hot spot is needed for it.

    `since`, `until`: the window in which changes are looked for, at the end of the filter's period and no longer than
    it; `asked`: the filter in that window; `recent`: its alerts. `findings`: clear changes first, then the surest
    probable ones, then the largest movements that may be chance; `events`: many reports in one place within hours or
    days; of both no more than are asked for. `changes`: how changes were looked for, without the counts. `city`: all
    alerts against what was to be expected, with the figures of what the audience reads; None where nothing is compared.
    `verdict`: whether the number of all alerts is clearly another one. `visible`: the rise and the fall of the city, as
    ratios, that would probably have been clear. `looked_at`: the names by which candidates were tested.
    `asks_affected`: whether the exports have the gender of the person affected at all. `by_gender`: whether the filter
    names genders, so that a change concerns those; women and men are compared among all genders all the same.
    `ongoing`: whether the window reaches to the end of the data. `from_alerts`: the changes were chosen by comparisons
    of the alerts, and the audience reads the copy, in which other comparisons are possible (`curim changes`, Trends).
    `further`: what is clear as well by the figures of the audience, surest first, with its counts alone; it stands in
    no card, since half of it is in one, or half of one in it (`distinct_changes`).
    """

    since: dt.date
    until: dt.date
    asked: AlertFilter
    recent: Total
    verdict: Verdict
    changes: ChangeStudy
    findings: tuple[Finding, ...]
    events: tuple[EventFinding, ...] = ()
    city: Change | None = None
    visible: tuple[float, float] | None = None
    looked_at: tuple[str, ...] = ()
    by_month: bool = False
    asks_affected: bool = True
    by_gender: bool = False
    ongoing: bool = True
    from_alerts: bool = False
    further: tuple[Finding, ...] = ()

    @property
    def cards(self) -> tuple[AnyFinding, ...]:
        """All of them in their order: clear ones first, events before changes; none that may be chance among alerts
        too few to tell.
        """
        every: tuple[AnyFinding, ...] = (*self.events, *self.findings)
        told = (one for one in every if one.grade != "open" or not self.too_few_to_tell)
        return tuple(sorted(told, key=lambda one: one.grade != "clear"))

    @property
    def clear(self) -> int:
        """How many clear changes and events there are."""
        return sum(one.grade == "clear" for one in self.cards)

    @property
    def too_few_to_tell(self) -> bool:
        """Whether "no change" would be no finding: even a doubling of all alerts would probably not have been clear."""
        return self.visible is not None and self.visible[0] > TELLING_RATIO


@dataclass(frozen=True, kw_only=True)
class BriefPeriod:
    """What the briefing says of the filter's whole period, whatever changed in it.

    `period`: that of the filter, to which `total` and the hot spots belong. `errors`: of the protected copy, where the
    figures are those of it; `copy_notes`: what must be known of `total` there.
    """

    period: tuple[dt.date, dt.date]
    total: Total
    hot: HotSpotStudy
    names: dict[str, SpotName]
    errors: CopyErrors | None = None
    copy_notes: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BriefGenders:
    """For whom the alerts of the filter's whole period are, and who is not heard: ids of districts that hardly report
    (`silent`) and of places where women hardly do (`unheard`).
    """

    shares: GenderShares
    weights: CategoryRatios
    silent: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BriefPage(BriefChanges, BriefPeriod):
    """What the page of the briefing says before anything is opened."""

    @classmethod
    def of(cls, *parts: BriefChanges | BriefPeriod | BriefGenders) -> Self:
        """All parts together."""
        return cls(**{part.name: getattr(one, part.name) for one in parts for part in fields(one)})


@dataclass(frozen=True, kw_only=True)
class BriefStudy(BriefPage, BriefGenders):
    """All that the briefing says of a filter's alerts, for one audience."""


def brief_changes(
    source: Source, f: AlertFilter, since: dt.date | None = None, most: int = MOST_FINDINGS
) -> BriefChanges:
    """What changed since a day, within the filter's period. Under the filter that everybody opens these are the same
    changes for every audience (`selection.chosen_from`), with the figures of what the audience reads.

    Without a day, or with one outside the period, changes are those of the whole period. At most so many (`most`) are
    listed.
    """
    window, since_known = _window(source, f, since), since in (None, source.meeting)
    since, until = query.dates(source, window)
    chosen = chosen_from(source, f) if since_known else source
    found = change_study(chosen, window)
    own = found if chosen is source else change_study(source, window)
    frame = found.changes.frame
    tested = frame[frame["p"].notna()]
    city = own.changes.of(dict.fromkeys(CANDIDATE_KEYS))
    events, listed = event_study(source, chosen, window), without_events(chosen, window, found.changes.found)
    clear, room = sum(change.grade == "clear" for change in listed), sum(event.grade == "clear" for event in events)
    listed = listed[: max(clear, most - len(events))][: most - room]
    findings = [
        make_finding(
            source,
            window,
            change,
            change if own is found else own.changes.of(change.key),
            found.periods,
            own.changes.frame,
            chosen,
        )
        for change in listed
    ]
    return BriefChanges(
        since=since,
        until=until,
        asked=window,
        recent=query.total(source, window),
        verdict=_verdict(found.changes.of(dict.fromkeys(CANDIDATE_KEYS))),
        changes=replace(
            found,
            changes=replace(found.changes, frame=frame.iloc[:0], found=(), city_error=float("nan")),
            not_in_use=found.not_in_use.told(source),
        ),
        findings=tuple(
            replace(one, beside=next((other for other in findings if _next_door(one, other, source.city)), None))
            for one in findings
        ),
        events=events[: most - len(listed)],
        city=city,
        visible=own.changes.visible(),
        looked_at=tuple(name for name in CANDIDATE_KEYS if tested[name].notna().any()),
        by_month=source.by_month,
        asks_affected="affected_gender" in source.asked,
        by_gender=without_gender(f) != f,
        ongoing=until >= source.as_of,
        from_alerts=own is not found,
        further=_further(source, window, own, listed) if since_known else (),
    )


def _further(source: Source, f: AlertFilter, own: ChangeStudy, listed: Sequence[Change]) -> tuple[Finding, ...]:
    """The clear candidates that are not listed, but for all alerts of the city, which the headline tells: their counts
    and directions alone.
    """
    frame = own.changes.frame
    told = [dict(one.key) for change in listed for one in (change, change.part_of) if one is not None]
    clear = frame[frame["grade"].eq("clear") & frame["level"].ne("city")].sort_values("p", kind="stable")
    changes = (change_of(row, CANDIDATE_KEYS) for row in clear.to_dict("records"))
    return tuple(_counted_alone(source, f, one, own.periods) for one in changes if dict(one.key) not in told)


def _counted_alone(source: Source, f: AlertFilter, change: Change, periods: ComparedPeriods) -> Finding:
    chosen = change_filter(source, f, change, periods)
    counted = query.counts(source, chosen, [])
    return Finding(
        change=replace(change, **_NO_FIGURES),
        counts=_written(change, round(counted.total), counted.threshold),
        periods=periods,
        filter=chosen,
        within=f,
        series=None,
        whom=None,
        history="falling" if change.direction < 0 else "growing",
    )


def find_finding(source: Source, f: AlertFilter, since: dt.date | None, name: str) -> AnyFinding | None:
    """The finding of that name: one that the briefing lists, or any other comparison that was made for it."""
    told = brief_changes(source, f, since)
    if (found := next((one for one in told.cards if same_finding(one.id, name)), None)) is not None:
        return found
    window, words = told.asked, dict(parse_qsl(name))
    study = change_study(source, window)
    known = name == "all" or (words and words.keys() <= set(CANDIDATE_KEYS))
    change = study.changes.of({key: words.get(key) for key in CANDIDATE_KEYS}) if known else None
    tested = change is not None and change.p == change.p
    if change is None or not tested:
        return None
    return make_finding(source, window, change, change, study.periods, study.changes.frame)


def neighbours(source: Source, window: AlertFilter, change: Change) -> pd.DataFrame:
    """What happened next door: rows of `Changes.frame` of areas like that of a change, as the audience may read them,
    the nearest first; of a change of the whole city its districts, those that carry it first.
    """
    study, key, city = change_study(source, window), change.key, source.city
    rows = written_changes(study, source, window).loc[_parts(study.changes.frame, change).index]
    own = next((name for name in ("place", "cell", "area", "district") if key[name] is not None), "")
    if own:
        rows = rows[rows[own].ne(key[own])]
        marks = {mark.id: (mark.latitude, mark.longitude) for mark in city.landmarks}
        if own == "district":
            middles = ((area.id, shapely.point_on_surface(area.polygon)) for area in city.districts)
            marks = {name: (middle.y, middle.x) for name, middle in middles}
        latitude, longitude = zip(
            *(marks.get(one) or h3.cell_to_latlng(one) for one in (key[own], *rows[own])), strict=True
        )
        x, y = city.project(longitude, latitude)
        order = np.hypot(x[1:] - x[0], y[1:] - y[0])
    else:
        order = change.direction * (rows["expected"] - rows["after"]).to_numpy(float)
    return rows.iloc[np.argsort(order, kind="stable")[:MOST_NEIGHBOURS]]


def usual_since(source: Source, f: AlertFilter) -> dt.date | None:
    """The day since which changes are looked for unless the reader names one: that of the last meeting.

    None, the whole period, where the filter has a period of its own: then everything is about that one.
    """
    return source.meeting if f.period == AlertFilter().period else None


def _window(source: Source, f: AlertFilter, since: dt.date | None) -> AlertFilter:
    """The filter from a day on (that of the last meeting by its name), where its period holds it; else the filter."""
    start, end = query.dates(source, f)
    if since is None or not start <= since <= end:
        return f
    named = f.replace(period="meeting", start=None, end=None)
    return named if query.dates(source, named) == (since, end) else f.replace(period="", start=since, end=end)


def brief_study(
    source: Source,
    f: AlertFilter,
    since: dt.date | None = None,
    changes: BriefChanges | None = None,
) -> BriefStudy:
    """Everything that the briefing tells of what it looks at: a filter's period, since a day where one is given.

    `changes`: what `brief_changes` found for the same arguments, where it is there already.
    """
    changes = changes or brief_changes(source, f, since)
    return BriefStudy.of(changes, brief_period(source, changes.asked), brief_genders(source, changes.asked))


def brief_genders(source: Source, f: AlertFilter) -> BriefGenders:
    """Who is affected, who reports and who does not, over the filter's whole period."""
    return BriefGenders(
        shares=share_study(source, without_gender(f)),
        weights=weight_study(source, f),
        silent=silent_districts(source, f),
        unheard=unheard_places(source, f),
    )


def brief_period(source: Source, f: AlertFilter) -> BriefPeriod:
    """Counts and hot spots of the filter's whole period."""
    hot, total = hot_spot_study(source, f), query.total(source, f)
    return BriefPeriod(
        period=query.dates(source, f),
        total=total,
        hot=hot,
        names=name_spots(hot.spots, source.city, known_places(source)),
        errors=copy_errors(source) if source.exact is not None else None,
        copy_notes=copy_notes(source, f, total),
    )


def _verdict(city: Change | None) -> Verdict:
    """Whether there are clearly more or fewer alerts than were to be expected."""
    if city is None or not np.isfinite(city.p):
        return "unknown"
    clear: Verdict = "more" if city.direction > 0 else "fewer"
    return clear if city.grade == "clear" else "usual"


FILE: Final = "briefs.json"


@dataclass(frozen=True)
class LastBrief:
    """The day of the last brief, None where there was none, and since when each of its findings was in one."""

    made: dt.date | None = None
    findings: Mapping[str, dt.date] = field(default_factory=dict)

    def new(self, found: Sequence[str]) -> tuple[str, ...]:
        """The findings that it did not have."""
        return tuple(name for name in found if name not in self.findings)


def finding_name(finding: Finding) -> str:
    """What changed and in which direction, in the words of a query string: a rise that turns into a fall is another.

    The words are ids of the city's places and categories.
    """
    return f"{finding.id}&side={'more' if finding.change.direction > 0 else 'fewer'}"


def reported_names(study: BriefChanges) -> list[str]:
    """The names of its clear and probable changes, and of its events."""
    events = [one.id for one in study.events]
    return [*events, *(finding_name(one) for one in study.findings if one.grade != "open")]


def brief_name(f: AlertFilter, audience: Audience, lang: str) -> str:
    """Which brief this is: for whom, in which language, about which alerts."""
    return urlencode({**f.to_query(), "audience": audience.value, "lang": lang})


def last_brief(home: Home, name: str) -> LastBrief:
    """The last brief of a name; one that had no finding where none is known, or the file cannot be read."""
    try:
        told = _read(home.path / FILE)[name]
        findings = {str(one): dt.date.fromisoformat(day) for one, day in told["findings"].items()}
        return LastBrief(dt.date.fromisoformat(told["made"]), findings)
    except (KeyError, TypeError, ValueError, AttributeError):
        return LastBrief()


def keep_brief(home: Home, name: str, study: BriefChanges, made: dt.date) -> None:
    """Remember the findings of a brief that was written, those that stay with the day since which they are known."""
    names = reported_names(study)
    with locked(home.path / f"{FILE}.lock"):  # timers may write briefs of several languages at once
        last = last_brief(home, name)
        findings = {one: last.findings.get(one, made).isoformat() for one in names}
        kept = {**_read(home.path / FILE), name: {"made": made.isoformat(), "findings": findings}}
        text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True)
        write_whole(home.path / FILE, lambda part: part.write_text(text, "utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
