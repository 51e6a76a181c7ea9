"""The figures of a briefing: what changed, where, and for whom; and which findings the last brief had.

The home keeps `briefs.json`: for each brief that is written again and again (its audience, language and filter) the day
of the last one, and its findings by their ids with the day since which they are in it. No count and no single alert.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlencode

import numpy as np

from analysis.gender import CategoryRatios, GenderShares
from analysis.spots.naming import SpotName, name_spots
from analysis.trends.changes import CANDIDATE_KEYS, Change
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.model.prepared import write_whole
from curim_data.protection import CopyErrors, copy_errors
from curim_data.query import Total
from curim_data.store import Home, locked
from curim_data.studies.changes import ChangeStudy, change_study, filter_periods
from curim_data.studies.events import EventFinding, event_study, without_events
from curim_data.studies.findings import Finding, make_finding
from curim_data.studies.gender import share_study, silent_districts, unheard_places, weight_study, without_gender
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study, known_places
from curim_data.studies.periods import ComparedPeriods
from curim_data.studies.selection import chosen_from, copy_notes

Verdict = Literal["usual", "more", "fewer", "unknown"]
MOST_FINDINGS: Final = 5
# Where not even so many times as many alerts would probably have been clear, "usual" says nothing.
TELLING_RATIO: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class BriefChanges:
    """What changed, which the headline and the cards report: no map and no hot spot is needed for it.

    `since`, `until`: the window in which changes are looked for, at the end of the filter's period and no longer than
    it; `recent`: its alerts. `findings`: clear changes first, then the surest probable ones, then the largest movements
    that may be chance; `events`: many reports in one place within hours or days. `changes`: how changes were looked
    for, without the counts. `city`: all alerts against what was to be expected, with the figures of what the audience
    reads; None where nothing is compared.
    `verdict`: whether the number of all alerts is clearly another one. `visible`: the rise and the fall of the city, as
    ratios, that would probably have been clear. `looked_at`: the names by which candidates were tested.
    `asks_affected`: whether the exports have the gender of the person affected at all. `by_gender`: whether the filter
    names genders, so that a change concerns those; women and men are compared among all genders all the same.
    `ongoing`: whether the window reaches to the end of the data. `from_alerts`: the changes were chosen by comparisons
    of the alerts, and the audience reads the copy, in which other comparisons are possible (`curim changes`, Trends).
    """

    since: dt.date
    until: dt.date
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

    @property
    def clear(self) -> int:
        """How many clear changes and events there are."""
        return sum(one.clear for one in self.findings) + sum(one.clear for one in self.events)

    @property
    def too_few_to_tell(self) -> bool:
        """Whether "no change" would be no finding: even a doubling of all alerts would probably not have been clear."""
        return self.visible is not None and self.visible[0] > TELLING_RATIO


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
    return BriefChanges(
        since=since,
        until=until,
        recent=query.total(source, window),
        verdict=_verdict(found.changes.of(dict.fromkeys(CANDIDATE_KEYS))),
        changes=replace(
            found,
            changes=replace(found.changes, frame=frame.iloc[:0], found=(), city_error=float("nan")),
            not_in_use=found.not_in_use.told(source),
        ),
        findings=tuple(
            make_finding(
                source,
                window,
                change,
                change if own is found else own.changes.of(change.key),
                found.periods,
            )
            for change in without_events(chosen, window, found.changes.found)[:most]
        ),
        events=event_study(source, chosen, window),
        city=city,
        visible=own.changes.visible(),
        looked_at=tuple(name for name in CANDIDATE_KEYS if tested[name].notna().any()),
        by_month=source.by_month,
        asks_affected="affected_gender" in source.asked,
        by_gender=without_gender(f) != f,
        ongoing=until >= source.as_of,
        from_alerts=own is not found,
    )


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
    since: dt.date | None = None,
    changes: BriefChanges | None = None,
) -> BriefStudy:
    """Everything that the briefing tells: of the filter's period, and of what changed in it since a day.

    `changes`: what `brief_changes` found for the same arguments, where it is there already.
    """
    changed = changes or brief_changes(source, f, since)
    return BriefStudy.of(changed, brief_period(source, f))


def brief_period(source: Source, f: AlertFilter) -> BriefPeriod:
    """Counts, hot spots and genders of the filter's whole period."""
    hot, total = hot_spot_study(source, f), query.total(source, f)
    weights = weight_study(source, f)  # before the shares, which are sums of what is counted for it
    return BriefPeriod(
        period=query.dates(source, f),
        total=total,
        hot=hot,
        names=name_spots(hot.spots, source.city, known_places(source)),
        shares=share_study(source, without_gender(f)),
        weights=weights,
        silent=silent_districts(source, f),
        unheard=unheard_places(source, f),
        errors=copy_errors(source) if source.exact is not None else None,
        copy_notes=copy_notes(source, f, total),
    )


def _verdict(city: Change | None) -> Verdict:
    """Whether there are clearly more or fewer alerts than were to be expected."""
    if city is None or not np.isfinite(city.p):
        return "unknown"
    if city.grade != "clear":
        return "usual"
    return "more" if city.direction > 0 else "fewer"


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
    events = [f"event={one.event.category}&cell={one.cell}&day={one.day.isoformat()}" for one in study.events]
    return [*events, *(finding_name(one) for one in study.findings if one.change.grade != "open")]


def brief_name(f: AlertFilter, audience: Audience, lang: str) -> str:
    """Which brief this is: for whom, in which language, about which alerts."""
    return urlencode({**f.to_query(), "audience": audience.value, "lang": lang})


def last_brief(home: Home, name: str) -> LastBrief:
    """The last brief of a name; one that had no finding where none is known, or the file cannot be read."""
    told = _read(home.path / FILE).get(name)
    try:
        if told is None:
            return LastBrief()
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
