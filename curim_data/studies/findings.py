"""A finding: one change that deserves attention, as its card, its page behind the card and the paper report it.

Under the filter that everybody opens findings are the same for every audience: they are chosen once, from the alerts
(`selection.chosen_from`). The figures are those of what the audience reads, each a question of its own to
`curim_data.query`, so a card gives no number that the filter behind it would not give. What the choice itself tells
who reads the protected copy: that a change is clear or probable in the alerts, and its place among the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pandas as pd

from analysis.gender import MAN, WOMAN, gender_shares
from analysis.stats.dispersion import Dispersion
from analysis.stats.intervals import UNKNOWN, Estimate
from analysis.trends.changes import AREA, CANDIDATE_KEYS, Change
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.absence import CalendarUnit
from curim_data.privacy import K_ORDINARY, WrittenCounts, share_is_told
from curim_data.studies.changes import change_filter, landmark_districts
from curim_data.studies.gender import AFFECTED, without_gender
from curim_data.studies.periods import ComparedPeriods
from curim_data.studies.scatter import EITHER, WOMEN, Share, area_kind, share_scatter

Level = Literal["here", "district", "city", "group"]
Kind = Literal["rise", "fall", "new"]

# Women and men affected, fewer than which tell too little of whom a change concerns.
LEAST_WHOM: Final = 10
# A finding's chart: what it shows before the period that was tested, beside the same weeks of the year before (else all
# that shares are learned from, a year), and the weeks from which on it is by month.
LEAD: Final = (dt.timedelta(weeks=10), dt.timedelta(weeks=26))
MOST_WEEKS: Final = 130
# How many times as many make a rise from a small number a new problem.
MUCH: Final = 5
_YEAR: Final = dt.timedelta(weeks=52)
_COLUMNS: Final[Mapping[CalendarUnit, str]] = {"week": "week", "month": "month"}


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
    """The share of women among the women and men affected, and of what it is that share.

    `level`: of the finding itself ("here"), of its category in its district, of its category in the whole city, or of
    the group of its category there. `women` is unknown where nothing can be told at any level. `district`, `category`:
    their ids, where the level names them.
    """

    women: Estimate = UNKNOWN
    level: Level = "here"
    district: str = ""
    category: str = ""


@dataclass(frozen=True)
class Series:
    """The weeks (months) of a finding up to the end of the period that was tested.

    `frame`: start (Timestamp), n, before (the same week of the year before; NaN where not known), tested (bool: it lies
    in the period that was tested, in part at least), reference (bool: in the one that it is compared with). Periods
    that the data do not hold whole are left out.
    """

    frame: pd.DataFrame
    unit: CalendarUnit


@dataclass(frozen=True)
class Finding:
    """One change that deserves attention.

    `change`: what, where and how sure, the same for every audience but for its figures. `counts`: the alerts that were
    to be expected and those that came, as they may be shown. `exact_p`: whether the corrected p may be given to the
    audience, or only its grade. `periods`: what was tested. `filter`: what opens it. `whom`: None where nobody asked,
    or where the filter names genders. `since`: the first week (month) since which the count is on the change's side of
    what was usual. `kind`: "new" is a rise from none or from a small number, to at least five times as many.
    """

    change: Change
    counts: tuple[Count, Count]
    periods: ComparedPeriods
    filter: AlertFilter
    series: Series | None
    whom: Whom | None
    since: dt.date | None = None
    exact_p: bool = True
    kind: Kind = "rise"

    @property
    def id(self) -> str:
        """Its name in a link: the words of what it is, out of the vocabulary of the city."""
        return finding_id(self.change.key)

    @property
    def clear(self) -> bool:
        """Whether it is a clear change; else it is probable, or open."""
        return self.change.grade == "clear"

    @property
    def whole_city(self) -> bool:
        """Whether it is about the whole city."""
        return not any(self.change.key.get(name) for name in AREA)

    @property
    def ordered(self) -> bool:
        """Whether both of its counts are written out."""
        return all(count.n is not None for count in self.counts)


def finding_id(key: Mapping[str, Any]) -> str:
    """A candidate's name as the words of a query string, in the order of `CANDIDATE_KEYS`.

    >>> finding_id({"district": "zone_5", "place": None, "category": "theft"})
    'district=zone_5&category=theft'
    """
    words = {name: "1" if key[name] is True else str(key[name]) for name in CANDIDATE_KEYS if key.get(name)}
    return urlencode(words) or "all"


def same_finding(one: str, other: str) -> bool:
    """Whether two names of findings, one of them out of a link, are of the same."""
    return dict(parse_qsl(one)) == dict(parse_qsl(other)) and bool(one) == bool(other)


def make_finding(
    source: Source,
    f: AlertFilter,
    change: Change,
    own: Change | None,
    periods: ComparedPeriods,
) -> Finding:
    """A change that is reported, with the figures of what an audience reads.

    `own`: the change itself, or, where it was chosen elsewhere, the same candidate in what the audience reads; None
    where that has no such candidate.
    """
    chosen = change_filter(f, change, periods)
    counted = query.counts(source, chosen, [])
    least, after = counted.threshold, round(counted.total)
    small = {
        "base": own is None or 0 < own.base < least,
        "after": 0 < after < least,
    }
    expected = round(own.expected) if own is not None and np.isfinite(own.expected) else 0
    hidden = small["base"] or 0 < expected < least
    counts = Count(None if hidden else expected, least), Count(None if small["after"] else after, least)
    few = any(small.values())
    shown = replace(
        change,
        base=own.base if own is not None else 0,
        after=least - 1 if small["after"] else after,
        expected=float("nan") if own is None or few else own.expected,
        p=own.p if own is not None and not few else float("nan"),
        q=change.q if own is change else float("nan"),
        ratio=own.ratio if own is not None and not few else UNKNOWN,
        few=few,
        part_of=None if change.part_of is None else replace(change.part_of, **_NO_FIGURES),
    )
    series = _series(source, chosen, periods)
    return Finding(
        change=shown,
        counts=counts,
        periods=periods,
        filter=chosen,
        series=series,
        whom=_whom(source, f, chosen, change),
        since=run_since(series, change, expected),
        exact_p=own is change,
        kind=_kind(change),
    )


def _kind(change: Change) -> Kind:
    """Of the change as it was chosen, so that everybody reads the same."""
    if change.direction < 0:
        return "fall"
    return "new" if change.expected < K_ORDINARY and change.after >= MUCH * change.expected else "rise"


def _series(source: Source, chosen: AlertFilter, periods: ComparedPeriods) -> Series | None:
    """The weeks of a finding, or its months where the weeks are too many or none of them is whole."""
    start, end = periods.after
    lead = min(max(LEAD[0], end - start), LEAD[1])
    first = max(source.first, start - lead)
    if not periods.same_season and periods.before is not None:
        first = min(first, periods.before[0], max(source.first, start - _YEAR))
    unit = source.known_time.unit("week")
    if (end - first).days > 7 * MOST_WEEKS:
        unit = "month"
    for one in dict.fromkeys((unit, "month")):
        found = _series_of(source, chosen, periods, first, one)
        if found.frame["tested"].any():
            return found
    return None


def _series_of(source: Source, chosen: AlertFilter, periods: ComparedPeriods, first: dt.date, unit: Any) -> Series:
    end, column = periods.after[1], _COLUMNS[unit]
    reach = first - _YEAR - dt.timedelta(days=31) if periods.same_season else first
    asked = chosen.replace(period="", start=max(source.first, reach), end=end)
    counted = query.counts(source, asked, [column], complete=True).frame
    known = counted.dropna(subset=[column]).set_index(column)[["n"]].astype(float).sort_index()
    starts = pd.DatetimeIndex(known.index)
    ends = starts + (pd.Timedelta(days=6) if unit == "week" else pd.offsets.MonthEnd(0))
    whole = (starts >= pd.Timestamp(asked.start or source.first)) & (ends <= pd.Timestamp(min(end, source.as_of)))
    whole &= source.coverage.untouched(starts, unit)
    known, starts, ends = known[whole], starts[whole], ends[whole]
    year = pd.DateOffset(months=12) if unit == "month" else pd.Timedelta(_YEAR)
    before = known.reindex(starts - year).reset_index(drop=True)
    if not periods.same_season:
        before[:] = np.nan
    now = known.reset_index(drop=True)

    def within(span: tuple[dt.date, dt.date] | None) -> Any:
        if span is None:
            return np.zeros(len(starts), bool)
        return (ends >= pd.Timestamp(span[0])) & (starts <= pd.Timestamp(span[1]))

    frame = pd.DataFrame(
        {
            "start": starts,
            "n": now["n"],
            "before": before["n"],
            "tested": within(periods.after),
            "reference": within(None if periods.same_season else periods.before),
        }
    )
    shown = ends >= pd.Timestamp(first)
    return Series(frame[shown].reset_index(drop=True), unit)


def run_since(series: Series | None, change: Change, expected: float) -> dt.date | None:
    """The first period since which the count lies on the change's side, up to the last; None for fewer than two.

    On the side of the same week of the year before where that is known, else of its part of what was expected; then
    not before the time that was compared.
    """
    if series is None:
        return None
    frame = series.frame[series.frame["before"].notna() | series.frame["tested"] | series.frame["reference"]]
    usual = expected / max(int(frame["tested"].sum()), 1)
    sides = (change.direction * (frame["n"] - frame["before"].fillna(usual)) > 0).tolist()
    run = next((at for at, side in enumerate(reversed(sides)) if not side), len(sides))
    return frame["start"].iloc[-run].date() if run >= 2 else None


def _whom(
    source: Source,
    f: AlertFilter,
    chosen: AlertFilter,
    change: Change,
) -> Whom | None:
    """For whom, at the first level at which it can be told; None where nobody asked, or where the filter says it.

    All shares are taken to be as overdispersed as that of all alerts under the filter.
    """
    if AFFECTED not in source.asked or without_gender(f) != f:
        return None
    scatter = share_scatter(source, f, Share(AFFECTED, WOMEN, EITHER), area_kind(source))
    levels = {asked: whom for whom, asked in reversed(list(_levels(source, f, chosen, change)))}
    for asked, whom in reversed(levels.items()):
        women = _women(source, asked, scatter)
        if women.known:
            return replace(whom, women=women)
    return Whom()


def _levels(source: Source, f: AlertFilter, chosen: AlertFilter, change: Change) -> Iterator[tuple[Whom, AlertFilter]]:
    """From the finding to the group of its category in the whole city: what is asked, and how it is named."""
    yield Whom(), chosen
    category, place = str(change.key.get("category") or ""), change.key.get("place")
    district = str(change.key.get("district") or (landmark_districts(source.city).get(str(place), "") if place else ""))
    wider = chosen.replace(cells=f.cells, places=f.places, districts=f.districts)
    if district and not f.places and not f.cells:
        yield Whom(level="district", district=district, category=category), wider.replace(districts=(district,))
    yield Whom(level="city", category=category), wider
    tree = source.city.categories
    if category in tree and not f.categories and not f.groups:
        group = tree[category].group
        if group and sum(one.group == group for one in tree.values()) > 1:
            yield Whom(level="group", category=category), wider.replace(categories=(), groups=(group,))


def _women(source: Source, f: AlertFilter, scatter: Dispersion) -> Estimate:
    """The share of women, unknown where too few women and men are, or where it would tell a small number of either."""
    counted = query.counts(source, f, [AFFECTED], complete=True)
    shares = gender_shares(counted.frame, AFFECTED, total=counted.total, scatter=scatter)
    women, men = shares.frame.set_index("gender")["n"][[WOMAN, MAN]]
    told = share_is_told(women, women + men, WrittenCounts.of(f, source).least())
    return shares.women if told and women + men >= LEAST_WHOM else UNKNOWN
