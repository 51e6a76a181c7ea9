"""The questions that pages, papers and commands ask: counts through the gate, then the analysis of what passed.

Each function takes a `Source`, a filter and an audience, and returns frozen results. Nothing else puts `queries` and
`analysis` together, so a map on the screen, on paper and at the command line shows the same figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pandas as pd

from analysis.clusters.detection import Clusters, clusters
from analysis.clusters.hdbscan import explore
from analysis.gender import Shares, shares
from analysis.grid.cells import resolution_for
from analysis.hotspots.denominators import LAND, Kind
from analysis.hotspots.places import HotCells, Spot, cold_spots, hot_spots, significance
from analysis.spots.identity import KnownPlace, known, renamed
from analysis.stats.result import Choice
from analysis.stats.severity_weights import by_severity
from analysis.trends.change_tests import Change, Changes, against_city, changes
from analysis.trends.course import Trend, daily, monthly, weekly
from analysis.trends.week_clock import Clock, clock
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience
from curim_data.model.i18n import Message, Span
from curim_data.privacy import Protected, finest_resolution, sees_exact
from curim_data.quality.positions import coordinate_step
from curim_data.query import Total
from curim_data.studies.denominators import base_for

Unit = Literal["day", "week", "month"]
CLUSTER_RESOLUTION: Final = 12
MOST_KEPT: Final = 64
_COLUMNS: Final[Mapping[Unit, str]] = {"day": "local_date", "week": "week", "month": "month"}
_TRENDS: Final = {"day": daily, "week": weekly, "month": monthly}


@dataclass(frozen=True)
class HotSpotStudy:
    """Where alerts are denser than chance explains: `spots` clearest first, `cells` the counts that passed the gate.

    `cold`: places with fewer alerts than chance explains, the most surely low first.
    """

    total: Total
    cells: Protected
    hot: HotCells
    spots: tuple[Spot, ...]
    cold: tuple[Spot, ...]
    resolution: int
    choices: tuple[Choice, ...]


def hot_spot_study(
    source: Source, f: AlertFilter, audience: Audience, resolution: int | None = None, base: Kind = LAND
) -> HotSpotStudy:
    """Hot cells and spots under a filter; the cell size is chosen from the data unless given.

    An audience without exact counts has one cell size whatever is given. `base`: what a place is compared with, its
    land and surroundings unless given; BaseError where the filter, the audience or the city has no such base. Places
    keep the ids of `known_places`.
    """
    found = _hot_spots(source, f, audience, resolution, base)
    return replace(found, spots=renamed(found.spots, known_places(source, audience)))


def known_places(source: Source, audience: Audience) -> tuple[KnownPlace, ...]:
    """The hot spots of all alerts of all time as an audience sees them: they lend ids and names to those of filters.

    Kept by version of the alerts and of the city.
    """
    key = (source.version, source.city.version, source.count, audience)
    if key not in _known:
        found = known(_hot_spots(source, AlertFilter(period="all"), audience, None, LAND).spots)
        while len(_known) >= MOST_KEPT:
            _known.pop(next(iter(_known)), None)
        _known[key] = found
    return _known[key]


_known: dict[tuple[str, str, int, Audience], tuple[KnownPlace, ...]] = {}


def _hot_spots(source: Source, f: AlertFilter, audience: Audience, resolution: int | None, base: Kind) -> HotSpotStudy:
    whole = without_place(f)
    total = query.total(source, whole, audience)
    chosen = cell_size(source, whole, audience, total, resolution)
    counted = query.cells(source, whole, int(chosen.value), audience)
    hot = significance(counted.frame, base=base_for(source, whole, int(chosen.value), audience, base))
    choices = (chosen, *hot.choices, *piles_told(counted.piled))
    return HotSpotStudy(total, counted, hot, hot_spots(hot), cold_spots(hot), int(chosen.value), choices)


def cell_size(source: Source, f: AlertFilter, audience: Audience, total: Total, resolution: int | None) -> Choice:
    """The resolution of the cells under a filter, and why: chosen from the data unless given.

    An audience without exact counts has one size whatever is given. `total`: that of the filter.
    """
    finest = finest_resolution(audience, f, source.city)
    if not sees_exact(audience):
        return Choice("resolution", finest, Message("Cells of the one size at which small counts stay protected."))
    if resolution is not None:
        return Choice("resolution", min(resolution, finest), Message("Cells of the size that you picked."))
    land = source.city.land_cells(9)
    step = coordinate_step(source)
    return resolution_for(total.mapped or 0, float(land.sum()), step, finest=finest, cells=land.index)


def piles_told(piled: int | None) -> tuple[Choice, ...]:
    """What is said of alerts that were set aside; nothing where there are none."""
    if not piled:
        return ()
    told = Message(
        "{n} alerts that share their exact coordinates with many others were set aside: their position is probably "
        "a default of the app.",
        {"n": piled},
    )
    return (Choice("piles", piled, told),)


def cluster_study(
    source: Source, f: AlertFilter, audience: Audience, *, by_weight: bool = False, explored: bool = False
) -> Clusters:
    """Clusters of alerts on fine cells. GateError for an audience that may not see cells so fine.

    `by_weight`: each alert counts by its severity. `explored`: groups by HDBSCAN instead, untested and unweighted;
    TooManyError where too many cells hold alerts.
    """
    whole = without_place(f)
    fine = query.cells(source, whole, CLUSTER_RESOLUTION, audience)
    if explored:
        found = explore(fine.frame, source.city, step=coordinate_step(source))
    else:
        weights = None
        if by_weight:
            graded = query.counts(
                source, whole, ["cell", "severity"], audience, resolution=CLUSTER_RESOLUTION, without_piles=True
            )
            weights = by_severity(graded.frame, fine.frame.index.to_numpy())
        found = clusters(fine.frame, source.city, weights=weights, step=coordinate_step(source))
    places = renamed(found.found, known_places(source, audience))
    return replace(found, found=places, choices=(*found.choices, *piles_told(fine.piled)))


def trend_study(source: Source, f: AlertFilter, audience: Audience, unit: Unit = "week") -> Trend | None:
    """The series under a filter with what was usual: judged by all of its history, shown for the filter's period.

    By month, whatever unit is asked for, where of too many alerts only the month is known. None where the history has
    no period at all.
    """
    unit = unit if source.knows_weeks else "month"
    start, end = query.dates(source, f)
    history = f.replace(period="", start=source.first, end=end)
    column = _COLUMNS[unit]
    series = query.counts(source, history, [column], audience, complete=True).frame
    if series.empty:
        return None
    return _TRENDS[unit](series, (source.first, min(end, source.as_of)), column).since(start)


def clock_study(source: Source, f: AlertFilter, audience: Audience) -> Clock:
    """Alerts by weekday and hour."""
    return clock(query.counts(source, f, ["weekday", "hour"], audience, complete=True).frame)


def share_study(source: Source, f: AlertFilter, audience: Audience, column: str = "affected_gender") -> Shares:
    """Alerts by the gender of the person affected, or of the reporter."""
    counted = query.counts(source, f, [column], audience, complete=True)
    return shares(counted.frame, column, total=counted.total)


@dataclass(frozen=True)
class Periods:
    """Two periods that are compared, both ends included. `same_season`: before is the same weeks of the year before.

    `before` is None where no day of data lies before the later period: then there is nothing to compare. `by_month`:
    both are whole months.
    """

    before: tuple[dt.date, dt.date] | None
    after: tuple[dt.date, dt.date]
    same_season: bool
    by_month: bool = False

    @property
    def lengths(self) -> tuple[int, int]:
        """Days of each; none where there is no period before."""
        if self.before is None:
            return 0, (self.after[1] - self.after[0]).days + 1
        return (self.before[1] - self.before[0]).days + 1, (self.after[1] - self.after[0]).days + 1

    @property
    def choice(self) -> Choice:
        """What the later period is compared with, and why."""
        if self.before is None:
            told = Message("There is nothing to compare: no day of the data lies before this period.")
            return Choice("reference", "", told)
        if self.by_month:
            months = {"period": Span(*self.before, by_month=True)}
            told = (
                Message(
                    "Compared with the same months of the year before ({period}), so that the season cancels out.",
                    months,
                )
                if self.same_season
                else Message(
                    "Compared with the months just before ({period}), because the data do not reach back a year.",
                    months,
                )
            )
            return Choice("reference", self.before[0].isoformat(), told)
        told = (
            Message(
                "Compared with the same weeks of the year before ({start} – {end}), so that the season cancels out.",
                {"start": self.before[0], "end": self.before[1]},
            )
            if self.same_season
            else Message(
                "Compared with the time just before ({start} – {end}), because the data do not reach back a year.",
                {"start": self.before[0], "end": self.before[1]},
            )
        )
        return Choice("reference", self.before[0].isoformat(), told)


def periods_for(source: Source, after: tuple[dt.date, dt.date]) -> Periods:
    """What a period is compared with: the same weeks of the year before where the data reach back, else just before.

    Days after the last alert are left out: nothing is known of them yet.
    """
    year = dt.timedelta(weeks=52)
    if source.by_month:
        return _months_for(source, after)
    if after[0] <= source.as_of:
        after = after[0], min(after[1], source.as_of)
    if after[0] <= source.first:
        return Periods(None, after, False)
    if after[0] - year >= source.first:
        return Periods((after[0] - year, after[1] - year), after, True)
    length = after[1] - after[0] + dt.timedelta(days=1)
    return Periods((max(source.first, after[0] - length), after[0] - dt.timedelta(days=1)), after, False)


def _months_for(source: Source, after: tuple[dt.date, dt.date]) -> Periods:
    """`periods_for` where only months are known: whole months, compared with as many."""
    after = after[0].replace(day=1), min(months_later(after[1], 0)[1], source.as_of)
    if after[0] <= source.first or after[0] > after[1]:
        return Periods(None, after, False, by_month=True)
    start, length = months_later(after[0], -12)[0], months_apart(*after) + 1
    if start >= source.first:
        return Periods((start, months_later(after[1], -12)[1]), after, True, by_month=True)
    start, end = months_later(after[0], -length)[0], months_later(after[0], -1)[1]
    return Periods((max(source.first, start), end), after, False, by_month=True)


def months_later(day: dt.date, months: int) -> tuple[dt.date, dt.date]:
    """The first and the last day of the month so many months after a date's month."""
    month = pd.Period(day, "M") + months
    return month.start_time.date(), month.end_time.date()


def months_apart(start: dt.date, end: dt.date) -> int:
    """How many months the month of one date lies before that of another."""
    return 12 * (end.year - start.year) + end.month - start.month


@dataclass(frozen=True)
class ChangeStudy:
    """Every change that was looked at, between two periods."""

    periods: Periods
    changes: Changes

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The reference period, then the settings of the test."""
        return (self.periods.choice, *self.changes.choices)


# A candidate is a theme (everything, a category, a category after dark) in an area (the city, a district, a place).
_THEMES: Final = ((), ("category",), ("category", "dark"))
_AREAS: Final = ((), ("district",), ("place",))
CANDIDATE: Final = ("district", "place", "category", "dark")
_COUNTED: Final = ("before", "after", "before_high", "after_high", "withheld")


def change_study(source: Source, f: AlertFilter, audience: Audience, since: dt.date | None = None) -> ChangeStudy:
    """What changed since a day (by default over the filter's period), everywhere, corrected for having looked.

    Places and categories are compared with what the rest of the city did, so that a rise in reporting counts once.
    """
    start, end = query.dates(source, f)
    periods = periods_for(source, (since or start, end))
    if periods.before is None:
        nothing = pd.DataFrame(columns=[*CANDIDATE, *_COUNTED], dtype=float)
        return ChangeStudy(periods, changes(nothing, CANDIDATE, relative=True))
    before = f.replace(period="", start=periods.before[0], end=periods.before[1])
    after = f.replace(period="", start=periods.after[0], end=periods.after[1])
    by = [[*area, *theme] for area in _AREAS for theme in _THEMES]
    old, new = (query.tables(source, chosen, by, audience) for chosen in (before, after))
    tables = [_pair(first.frame, then.frame, names) for first, then, names in zip(old, new, by, strict=True)]
    candidates = pd.concat(tables, ignore_index=True)[[*CANDIDATE, *_COUNTED]]
    found = changes(against_city(candidates), CANDIDATE, periods.lengths, relative=True)
    return ChangeStudy(periods, found)


def change_filter(f: AlertFilter, change: Change, periods: Periods) -> AlertFilter:
    """The filter that shows a change: its theme and area, over the later period."""
    narrowed: dict[str, Any] = {"period": "", "start": periods.after[0], "end": periods.after[1]}
    for key, name in (("district", "districts"), ("place", "places"), ("category", "categories")):
        if change.key.get(key):
            narrowed[name] = (str(change.key[key]),)
    if change.key.get("category"):
        narrowed["groups"] = ()
    if change.key.get("dark"):
        narrowed["dark"] = True
    return f.replace(**narrowed)


def _pair(old: pd.DataFrame, new: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Counts before and after side by side, with what may be said of withheld ones; absent is zero.

    Rows without a place or by daylight are no candidates.
    """
    told = ["n", "high", "withheld"]
    if by:
        merged = old[[*by, *told]].merge(new[[*by, *told]], on=by, how="outer", suffixes=("_before", "_after"))
    else:
        merged = old[told].merge(
            new[told], how="left", left_index=True, right_index=True, suffixes=("_before", "_after")
        )
    pair = merged[by].copy()
    hidden = merged[["withheld_before", "withheld_after"]].eq(True)
    for when in ("before", "after"):
        withheld = hidden[f"withheld_{when}"]
        pair[when] = merged[f"n_{when}"].fillna(0).mask(withheld)
        pair[f"{when}_high"] = merged[f"high_{when}"].astype(float).where(withheld)
    pair["withheld"] = hidden.any(axis=1)
    pair = pair.dropna(subset=by)
    if "dark" in by:
        pair = pair[pair["dark"].astype(bool)]
    return pair.reindex(columns=[*CANDIDATE, *_COUNTED]).astype(
        {"district": object, "place": object, "category": object, "dark": object}
    )


def without_place(f: AlertFilter) -> AlertFilter:
    """The filter over the whole city: a hot spot stands out from the city, not from the area that was picked."""
    return f.replace(districts=(), places=(), cells=())
