"""What changed in a period: the city, its districts, categories, both together, its places; many reports in one place
within hours or days; and how the changes are written out, row by row.

With one count the expected one, the ratio, its limits and its p-values each give away the other. So where a row's count
or the count that it is compared with is small, all of these are left out; its grade stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlencode

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely

from analysis.hotspots.grouping import h3_name
from analysis.stats.intervals import Choice
from analysis.stats.significance import alpha_or_one
from analysis.trends.changes import (
    AREA,
    CANDIDATE_KEYS,
    LEVELS,
    MAIN_SHARE,
    Change,
    Changes,
    Counts,
    Grade,
    LevelName,
    Past,
    burst_factors,
    distinct_changes,
    judge,
)
from analysis.trends.reporting import LEAST, Event, find_events
from analysis.trends.time_series import whole_steps
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, BoolArray, CityProfile, Gender, Message, Translator, fewer_than, labels
from curim_data.model.extent import ask_shape
from curim_data.model.labels import category_label, inline
from curim_data.model.sql import all_of, at_points
from curim_data.privacy import FEWER_THAN, WrittenCounts, is_sensitive_category
from curim_data.query import default_points
from curim_data.studies.cells import area_name, area_names, default_cells, whole_city
from curim_data.studies.periods import (
    ALWAYS_IN_USE,
    DAY,
    YEAR,
    ComparedPeriods,
    NotInUse,
    compared_periods,
    not_in_use,
    noted_between,
)

# Where a city has no districts it is divided into large map cells, so many at most; where it has no named places, into
# cells of about 350 m, or larger ones where those are too many.
MOST_AREAS: Final = 200
MOST_PLACES: Final = 8_000
PLACE_RESOLUTION: Final = 9
PAST_YEARS: Final = 5
MOST_KEPT: Final = 16
_ALL: Final = "all"
Unit = Literal["week", "month"]


@dataclass(frozen=True)
class ChangeStudy:
    """Every change that was looked at in the later of two periods.

    `not_in_use`: the categories that were not compared because they came into use, or out of it, meanwhile. `noted`:
    what is noted on the time line between both. `gaps`: what is not covered, and what follows.
    """

    periods: ComparedPeriods
    changes: Changes
    not_in_use: NotInUse = ALWAYS_IN_USE
    noted: tuple[Choice, ...] = ()
    gaps: tuple[Message, ...] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The reference, how changes are judged, what is not covered, what was noted."""
        gaps = tuple(Choice("coverage", at, message) for at, message in enumerate(self.gaps))
        return (self.periods.choice, *gaps, *self.noted, *((GRADES, SHARES) if self.changes.n_tested else ()))


GRADES: Final = Choice(
    "grades",
    0.05,
    Message(
        "Clear changes are rare by chance: in simulated quiet cities at most one period in twenty had any. Probable "
        "ones are more often chance."
    ),
)
SHARES: Final = Choice(
    "relative",
    "city",
    Message(
        "Districts, places and categories are compared with their share of the city before, so that a rise everywhere "
        "counts once; how far such shares wander by themselves is learned from the past."
    ),
)


def change_study(source: Source, f: AlertFilter, since: dt.date | None = None) -> ChangeStudy:
    """What changed since a day (by default over the filter's period), at every level; found once for a filter.

    Counted are the alerts of the source, exactly: of the protected copy where it is that. What an audience may read of
    them is the matter of `written_changes`.
    """
    periods = filter_periods(source, f, since)
    return source.once("changes", (f, periods), partial(_study, source, f, periods), MOST_KEPT)


_COLUMNS: Final = (
    *("level", "base", "after", "expected", "ratio", "low", "high"),
    *("p", "q", "grade", "direction", "compared", "reach"),
)


def filter_periods(source: Source, f: AlertFilter, since: dt.date | None = None) -> ComparedPeriods:
    """The period of a filter, since a day or whole, and the one before it whose days it is compared with: none where
    the filter is of alerts after dark or by day and the data reach no day of the same light.
    """
    start, end = query.dates(source, f)
    periods = compared_periods(source, (since or start, end))
    if f.dark is None or periods.same_season or periods.before is None:
        return periods
    return replace(periods, before=None, other_light=True)


def change_filter(source: Source, f: AlertFilter, change: Change, periods: ComparedPeriods) -> AlertFilter:
    """The filter that shows a change: its category and area, over the later period, by its name where it has one."""
    narrowed: dict[str, Any] = {}
    if query.dates(source, f) != periods.after:
        narrowed = {"period": "", "start": periods.after[0], "end": periods.after[1]}
    for key, name in zip(CANDIDATE_KEYS, ("districts", "cells", "places", "cells", "categories"), strict=True):
        if change.key.get(key):
            narrowed[name] = (str(change.key[key]),)
    if change.key.get("category"):
        narrowed["groups"] = ()
    return f.replace(**narrowed)


def _study(source: Source, f: AlertFilter, periods: ComparedPeriods) -> ChangeStudy:
    nothing = Changes(pd.DataFrame(columns=[*CANDIDATE_KEYS, *_COLUMNS]), CANDIDATE_KEYS, {}, ())
    if periods.before is None:
        return ChangeStudy(periods, nothing)
    use = not_in_use(source, f, periods)
    noted = noted_between(source, f, periods.before[0], periods.after[1])
    gaps = source.coverage.sentences(max(source.first, periods.after[0] - YEAR), periods.after[1])
    tables = _Tables(source, f, periods, use)
    if use.covers(f, source.city) or not tables.days.any():
        return ChangeStudy(periods, nothing, use, noted, gaps)
    counts = tables.counts()
    past = Past(tables.unit, tables.length, int(np.isfinite(counts["city"].past[0]).sum()))
    finest = counts.get("district_category", counts.get("category", counts.get("district", counts["city"])))
    bursts = burst_factors(finest, counts["city"], len(counts["category"].after) if "category" in counts else 0)
    judged = {level: judge(level, table, counts, past, bursts) for level, table in counts.items()}
    frame = pd.concat(
        [pd.concat([counts[level].keys, found], axis=1) for level, found in judged.items()], ignore_index=True
    ).reindex(columns=[*CANDIDATE_KEYS, *_COLUMNS])
    for name in CANDIDATE_KEYS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    found = distinct_changes(frame, CANDIDATE_KEYS, tables.part_of, tables.crossed(counts))
    tested = {level: int(one["p"].notna().sum()) for level, one in judged.items()}
    error = float(judged["city"]["error"].iloc[0])
    changes = Changes(frame, CANDIDATE_KEYS, tested, found, error)
    return ChangeStudy(replace(periods, days=int(tables.days.sum())), changes, use, noted, gaps)


class _Tables:
    """The counts of all candidates: of the period, of the same days a year before, and of whole weeks or months before.

    Days that are not covered, and what lies before a source that began or ended meanwhile, count nowhere.
    """

    def __init__(self, source: Source, f: AlertFilter, periods: ComparedPeriods, use: NotInUse) -> None:
        self.source, self.f, self.periods, self.use = source, f, periods, use
        self.unit: Unit = "month" if periods.by_month else "week"
        city = source.city
        self.wide = None if city.districts else city.finest_affordable(MOST_AREAS)
        finest = max(PLACE_RESOLUTION, (self.wide or 0) + 1)
        self.small = None if city.landmarks else min(finest, city.finest_affordable(MOST_PLACES))
        breaks = source.coverage.breaks_in(source.first, periods.after[1])
        self.begin = max([source.first, *(one.day for one in breaks)])
        start, end = periods.after
        days = pd.date_range(start, end, freq="D")
        self.days = self._covered(days)
        both = self.days & self._covered(days - self._a_year_before(days))
        self.with_year = periods.same_season and bool(both.sum() * 2 >= max(self.days.sum(), 1))
        self.days = both if self.with_year else self.days

    def _covered(self, days: pd.DatetimeIndex) -> BoolArray:
        covered = np.ones(len(days), bool) if self.source.coverage.complete else self.source.coverage.covered(days)
        return np.asarray(covered & (days >= pd.Timestamp(self.begin)))

    def _a_year_before(self, days: pd.DatetimeIndex) -> Any:
        """How long before each day its counterpart lies."""
        return (
            np.asarray(days - (days - pd.DateOffset(months=12))) if self.unit == "month" else np.timedelta64(364, "D")
        )

    @property
    def length(self) -> float:
        """The period in weeks or months."""
        if self.unit == "week":
            return float(self.days.sum()) / 7
        return float(pd.date_range(*self.periods.after, freq="D")[self.days].to_period("M").nunique())

    def counts(self) -> dict[LevelName, Counts]:
        """The levels of which there are several candidates, and the city."""
        wide, small = "district" if self.wide is None else "area", "place" if self.small is None else "cell"
        asked: dict[LevelName, tuple[str, ...]] = {
            "city": (),
            "district": (wide,),
            "category": ("category",),
            "district_category": (wide, "category"),
            "place": (small,),
        }
        found = {level: self._of(names) for level, names in asked.items()}
        self.part_of = self._parts(found["place"].keys)
        several: set[LevelName] = {level for level, table in found.items() if level == "city" or len(table.after) > 1}
        if not {"district", "category"} <= several:
            several.discard("district_category")
        if self.small is not None and self.small == self.wide:
            several.discard("place")  # in a country the large areas are the smallest, and none is to be listed twice
        for level in several:
            table = found[level]
            if "category" in table.keys:
                own = pd.Index(found["category"].keys["category"]).get_indexer(table.keys["category"])
                parents = None
                if level == "district_category":
                    parents = pd.Index(found["district"].keys[wide]).get_indexer(table.keys[wide]), own
                found[level] = replace(table, category=own, parents=parents)
        return {level: found[level] for level in LEVELS if level in several}

    def _of(self, names: tuple[str, ...]) -> Counts:
        """The counts of one level; those of the city are one row, by a column that all alerts have in common."""
        asked = ["cell" if name == "area" else name for name in names]
        sizes = {"area": self.wide, "cell": self.small}
        resolution = next((size for name in names if (size := sizes.get(name))), None)
        by = asked or [_ALL]
        found = (
            self._period(asked, resolution, self.periods.after),
            self._period(asked, resolution, self.periods.before) if self.with_year else None,
            self._past(asked, resolution),
        )
        tables = [None if table is None else table.assign(**{_ALL: 0}) for table in found]
        keys = pd.concat([table[by] for table in tables if table is not None]).dropna().drop_duplicates()
        # No category that was not in use all the time; no cell that holds default coordinates.
        out = {"category": self.use.all, "cell": () if resolution is None else default_cells(self.source, resolution)}
        for name in out.keys() & set(by):
            keys = keys[~keys[name].isin(list(out[name]))]
        keys = keys.sort_values(by).reset_index(drop=True) if asked else pd.DataFrame({_ALL: [0]})
        index = keys.set_index(by).index
        now, before = (_sums(table, by).reindex(index, fill_value=0.0).to_numpy(float) for table in tables[:2])
        of_past = _sums(tables[2], [*by, self.unit]).unstack(self.unit).reindex(index, columns=self._starts)
        counts = of_past.fillna(0.0).to_numpy(float, copy=True)
        counts[:, ~self._whole] = np.nan
        keys.columns = pd.Index(names or (_ALL,))
        named = keys[list(names)].map(lambda value: value if isinstance(value, str) else h3_name(value))
        return Counts(counts, now, before if self.with_year else before * np.nan, np.full(len(keys), -1), keys=named)

    def _period(self, by: Sequence[str], resolution: int | None, span: Any) -> pd.DataFrame:
        """Counts of the days of a period that are compared."""
        column = "month" if self.unit == "month" else "local_date"
        asked = self.f.replace(period="", start=span[0], end=span[1])
        whole = bool(self.days.all())
        table = query.counts(self.source.in_full, asked, by if whole else [column, *by], resolution=resolution).frame
        if whole:
            return table
        days = pd.date_range(*self.periods.after, freq="D")[self.days]
        if span != self.periods.after:
            days = days - self._a_year_before(days)
        return table[table[column].isin(days.to_period("M").unique().to_timestamp() if self.unit == "month" else days)]

    def _past(self, by: Sequence[str], resolution: int | None) -> pd.DataFrame | None:
        """Counts of whole weeks or months before the period; None where there is none."""
        if not len(self._starts):
            return None
        asked = self.f.replace(period="", start=self._starts[0].date(), end=self.periods.after[0] - DAY)
        found = query.counts(self.source.in_full, asked, [self.unit, *by], resolution=resolution).frame
        return found[found[self.unit].isin(self._starts)]

    @cached_property
    def _starts(self) -> pd.DatetimeIndex:
        start = self.periods.after[0]
        first = max(self.source.first, start - PAST_YEARS * YEAR - dt.timedelta(weeks=4))
        return whole_steps(first, start - DAY, self.unit)

    @cached_property
    def _whole(self) -> BoolArray:
        """Which of the weeks or months before the period are covered."""
        step: Any = pd.offsets.MonthEnd(0) if self.unit == "month" else pd.Timedelta(days=6)
        known = np.asarray(self._starts >= pd.Timestamp(self.begin))
        coverage = self.source.coverage
        return known if coverage.complete else np.asarray(known & coverage.whole(self._starts, self._starts + step))

    def _parts(self, places: pd.DataFrame) -> dict[str, str]:
        """The district, or large area, of each place."""
        city = self.source.city
        if self.small is None:
            return landmark_districts(city) if self.wide is None else {}
        cells = {name: np.uint64(int(name, 16)) for name in places["cell"]}
        if self.wide is not None:
            wide = min(self.wide, self.small)
            return {name: h3_name(h3.cell_to_parent(cell, wide)) for name, cell in cells.items() if wide < self.small}
        return _districts_at(city, {name: h3.cell_to_latlng(cell)[::-1] for name, cell in cells.items()})

    def crossed(self, counts: Mapping[LevelName, Counts]) -> Callable[[Mapping[str, Any]], float]:
        """The excess of a category in a place, which is no candidate itself, worked out where it is asked for."""
        small, year = "place" if self.small is None else "cell", 12 if self.unit == "month" else 52
        (n0,), (n1,) = counts["city"].past[:, -year:], counts["city"].after[None]
        rate = float(n1[0]) / max(float(np.nansum(n0)), 1.0)

        @cache
        def sums() -> list[pd.Series]:
            by = [small, "category"]
            after, past = self._period(by, self.small, self.periods.after), self._past(by, self.small)
            if past is not None:
                past = past[past[self.unit].isin(self._starts[-year:][self._whole[-year:]])]
            return [_sums(table, by) for table in (after, past)]

        def excess(key: Mapping[str, Any]) -> float:
            place, category = key.get(small), key.get("category")
            if place is None or category is None:
                return 0.0
            name = (place if self.small is None else int(place, 16), category)
            now, before = (float(one.get(name, 0.0)) for one in sums())
            return now - rate * before

        return excess


def _sums(table: pd.DataFrame | None, by: Sequence[str]) -> pd.Series:
    """The numbers of a table by some columns, those with a missing value left out; empty without a table."""
    table = pd.DataFrame(columns=[*by, "n"], dtype=float) if table is None else table
    summed: pd.Series = table.groupby(list(by))["n"].sum()
    return summed


def landmark_districts(city: CityProfile) -> dict[str, str]:
    """The district in which each landmark stands; landmarks outside all of them are left out."""
    return _districts_at(city, {mark.id: (mark.longitude, mark.latitude) for mark in city.landmarks})


def _districts_at(city: CityProfile, points: Mapping[str, tuple[float, float]]) -> dict[str, str]:
    """The first district that holds each point (longitude, latitude); points outside all of them are left out."""
    found = {
        name: next((area.id for area in city.districts if ask_shape(shapely.covers, area.polygon, point)), "")
        for name, point in zip(points, shapely.points(list(points.values())) if points else (), strict=True)
    }
    return {name: district for name, district in found.items() if district}


SQUARE: Final = "cell_9"
# Weeks with fewer alerts of a category in a square than this are not read: no event of eight in seven days is in them.
LEAST_A_WEEK: Final = 3
COLUMNS: Final = (
    "coalesce(occurred_from_us, reported_at_us) AS moment, hour IS NOT NULL AS hourly, category, district, place, "
    "local_date, week, affected_gender, source, incident_id"
)
MOST_EVENTS: Final = 3
# Shares from which an event is said to concern women, or men, mostly.
MOSTLY: Final = 0.75
Who = Literal["", "women", "men"]


# How many alerts within how many hours.
_WITHIN: Final = {
    4: N_("{alerts} of {what} within four hours on {day}."),
    24: N_("{alerts} of {what} within a day, {day}."),
}
_IN_A_WEEK: Final = N_("{alerts} of {what} within a week, {day} to {last}.")
_WHO: Final = {"women": N_("Most of them affected women."), "men": N_("Most of them affected men.")}


@dataclass(frozen=True)
class EventFinding:
    """An event as an audience reads it.

    `n`: alerts; for who sees no exact counts (`rounded`) a multiple of five that they reach, or the least of an event.
    `who`: of those that state whom they affect. `day`: of its first alert, `last` of its last. `filter`: what opens it.
    """

    event: Event
    n: int
    rounded: bool
    who: Who
    day: dt.date
    last: dt.date
    filter: AlertFilter

    history: ClassVar[Literal["once"]] = "once"

    @property
    def grade(self) -> Grade:
        """How sure it is: clear or probable."""
        return self.event.grade

    @property
    def id(self) -> str:
        """Its name in a link."""
        return urlencode({"event": self.event.category, "cell": self.cell, "day": self.day.isoformat()})

    @property
    def cell(self) -> str:
        """The name of its map cell."""
        return h3_name(self.event.cell)

    def place_and_category(self, city: CityProfile, t: Translator) -> tuple[str, str]:
        """What happened, and where."""
        return category_label(t, city, self.event.category), area_name(t, city, self.cell)

    def sentences(self, city: CityProfile, t: Translator) -> tuple[str, ...]:
        """How many within how long, when, whom it concerned, and since when there were never as many."""
        what = inline(category_label(t, city, self.event.category))
        alerts = t("At least {n} alerts", n=self.n) if self.rounded else t.n("{n} alert", "{n} alerts", self.n)
        first = t(_WITHIN.get(self.event.hours, _IN_A_WEEK), alerts=alerts, what=what, day=self.day, last=self.last)
        record = {"record": self.event.record, "since": self.event.past_from}
        if self.rounded:
            never = t("Never before since {since} were there as many in one place so quickly.", **record)
        else:
            never = t("Since {since} this category never had more than {record} in one place in such a time.", **record)
        return tuple(filter(None, (first, t(_WHO[self.who]) if self.who else "", never)))


def event_study(source: Source, chosen: Source, f: AlertFilter) -> tuple[EventFinding, ...]:
    """The events in a filter's period, at most three. `chosen`: the alerts out of which what is reported is chosen."""
    found, alerts = _events(chosen, f)
    exact = not source.protected
    seen: list[EventFinding] = []
    for event in _reported(found, source.city, protected=source.protected):
        rows = alerts.iloc[event.rows]
        day, last = (pd.Timestamp(rows["local_date"].iloc[at]).date() for at in (0, -1))
        chosen_filter = f.replace(
            period="", start=day, end=last, cells=(h3_name(event.cell),), categories=(event.category,), groups=()
        )
        # of weeks that are not read two hold so many at most
        event = replace(event, record=max(event.record, 2 * (LEAST_A_WEEK - 1)))
        n = event.n if exact else max(LEAST, 5 * (event.n // 5))
        if not exact:  # nothing of the alerts themselves goes along
            begin, end = (dt.datetime.combine(one, dt.time()) for one in (day, last))
            event = replace(event, n=n, record=0, rows=event.rows[:0], start=begin, end=end)
        seen.append(EventFinding(event, n, not exact, _who(rows), day, last, chosen_filter))
    return tuple(seen)


def _reported(found: tuple[Event, ...], city: CityProfile, *, protected: bool) -> list[Event]:
    """The events that are shown: of several of one category in one place the largest stands for all."""
    seen: dict[tuple[str, int], Event] = {}
    for event in found:
        if not protected or event.n >= city.least_count(is_sensitive_category(event.category, city)):
            seen.setdefault((event.category, event.cell), event)
    return list(seen.values())[:MOST_EVENTS]


def without_events(chosen: Source, f: AlertFilter, changes: Sequence[Change]) -> list[Change]:
    """The changes that are more than an event: a rise of which one that everybody reads makes half is no trend. A clear
    change goes for a clear event alone.
    """
    found, alerts = _events(chosen, f)
    events = [(event, alerts.iloc[event.rows]) for event in _reported(found, chosen.city, protected=True)]
    return [change for change in changes if not any(_makes(event, rows, change) for event, rows in events)]


def _makes(event: Event, rows: pd.DataFrame, change: Change) -> bool:
    """Whether an event lies in what a change is about, and makes half of what rose there."""
    key, own = change.key, np.uint64(event.cell)
    enough = change.direction > 0 and event.n >= MAIN_SHARE * (change.after - change.expected)
    if not enough or (change.grade, event.grade) == ("clear", "probable"):
        return False
    if key["category"] not in (None, event.category):
        return False
    if any(key[name] is not None and 2 * rows[name].eq(key[name]).sum() < len(rows) for name in ("district", "place")):
        return False
    cells = [np.uint64(int(key[name], 16)) for name in ("area", "cell") if key[name] is not None]
    sizes = [min(h3.get_resolution(own), h3.get_resolution(cell)) for cell in cells]
    return all(
        h3.cell_to_parent(own, size) == h3.cell_to_parent(cell, size) for cell, size in zip(cells, sizes, strict=True)
    )


def _who(rows: pd.DataFrame) -> Who:
    """Whom most alerts affect, where at least half of them say so."""
    women, men = ((rows["affected_gender"] == gender).sum() for gender in (Gender.WOMAN.value, Gender.MAN.value))
    stated = women + men
    if 2 * stated < len(rows):
        return ""
    if max(women, men) >= MOSTLY * stated:
        return "women" if women > men else "men"
    return ""


def _events(source: Source, f: AlertFilter) -> tuple[tuple[Event, ...], pd.DataFrame]:
    """The events of a filter's period, and the alerts that make them; found once for a filter."""
    start, end = query.dates(source, f)
    first = max(source.first, start - dt.timedelta(days=366 * PAST_YEARS))

    def find() -> tuple[tuple[Event, ...], pd.DataFrame]:
        alerts = _read(source, f, first, end)
        found = find_events(alerts, first, start)
        used = np.unique(np.concatenate([np.empty(0, int), *(event.rows for event in found)]))
        events = tuple(replace(event, rows=np.searchsorted(used, event.rows)) for event in found)
        return events, alerts.iloc[used]  # no more is kept: a city has very many

    return source.once("events", (f, start, end), find, MOST_KEPT)


def _read(source: Source, f: AlertFilter, first: dt.date, end: dt.date) -> pd.DataFrame:
    """Alerts of dense weeks between two days, each number of a source once."""
    if source.by_month:
        return pd.DataFrame({"moment": pd.to_datetime([]), "cell": [], "category": [], "hourly": []})
    usable = [
        *f.conditions((first, end), source.city, source.alerts.levels),
        "inside",
        "time_precision <> 'month'",
        f"NOT {at_points(default_points(source))}",
    ]
    alike = f"count(*) OVER (PARTITION BY category, {SQUARE}, week) AS alike"
    rows = f"SELECT {COLUMNS}, {SQUARE} AS cell, {alike} FROM {source.alerts.name}{all_of(usable)}"
    # DuckDB's hash has 64 bits; to compare three columns of text takes longer than all the rest.
    by_hash = "database" in source.cache
    number = "hash(source, incident_id, category)" if by_hash else "0"
    numbered = f"SELECT *, {number} AS number FROM ({rows}) AS chosen"
    dense = f"{numbered} WHERE alike >= {LEAST_A_WEEK} ORDER BY moment"
    read: pd.DataFrame = source.alerts.ask(dense).to_pandas(date_as_object=False)
    wanted = source.coverage.covered(pd.DatetimeIndex(read["local_date"]))
    again = read[["number"] if by_hash else ["source", "incident_id", "category"]].duplicated()
    wanted &= (read["incident_id"].isna() | ~again).to_numpy(bool)
    read = read if wanted.all() else read[wanted].reset_index(drop=True)
    utc = pd.to_datetime(read["moment"], unit="us", utc=True).dt.tz_convert(source.city.timezone).dt.tz_localize(None)
    moment = utc.where(read["hourly"].astype(bool), read["local_date"])
    return read.assign(moment=moment, category=read["category"].astype(str))


NOT_KNOWN: Final = "–"


def theme_in_words(t: Translator, city: CityProfile, category: Any, f: AlertFilter) -> str:
    """What a candidate counts: its category, else those that the filter names, else all alerts (of the filter)."""
    if isinstance(category, str) and category:
        return category_label(t, city, category)
    asked = whole_city(f).without("period")
    chosen = AlertFilter(categories=f.categories, groups=f.groups)
    if asked.active() and not chosen.active():
        return t("All alerts of the filter")
    return chosen.subject(t, city)


def areas_in_words(t: Translator, city: CityProfile, rows: pd.DataFrame, f: AlertFilter) -> list[str]:
    """The area of each row of `Changes.frame` under a filter: a named place, a district, a map cell by where it lies;
    else that which the filter names, or the whole city.
    """
    cells = area_names(t, city, pd.concat([rows["cell"], rows["area"]]).dropna().unique())
    areas = rows[list(AREA)].astype(object).where(rows[list(AREA)].notna(), None)
    keys = list(areas.itertuples(index=False, name=None))
    names = {key: area_in_words(t, city, dict(zip(AREA, key, strict=True)), cells.__getitem__, f) for key in set(keys)}
    return [names[key] for key in keys]


def area_in_words(
    t: Translator, city: CityProfile, key: Mapping[str, Any], named: Callable[[str], str], f: AlertFilter
) -> str:
    """The area of a candidate of `CANDIDATE_KEYS`: its place, its district, its map cell as it is `named`, or all that
    the filter is of.
    """
    if key.get("place"):
        return labels.place_label(t, city, str(key["place"]))
    if key.get("district"):
        return labels.district_label(t, city, str(key["district"]))
    if cell := key.get("cell") or key.get("area"):
        return named(str(cell))
    names = (
        *(labels.district_label(t, city, name) for name in f.districts),
        *(labels.place_label(t, city, name) for name in f.places),
        *map(named, f.cells[:1]),
    )
    return t.join(list(names)) if names else t("Whole city")


def ratios_in_words(t: Translator, frame: pd.DataFrame, names: tuple[str, str, str]) -> list[str]:
    """The columns `names` (ratio, low, high) as one text a row."""
    return [ratio_in_words(t, *row) for row in frame[list(names)].to_numpy(float).tolist()]


def ratio_in_words(t: Translator, ratio: float, low: float, high: float) -> str:
    """A ratio with its interval; a dash where it is not known or not given.

    >>> ratio_in_words(Translator("en"), 2.5, 1.25, 5.0)
    '2.50 (1.25–5.00)'
    >>> ratio_in_words(Translator("en"), np.nan, np.nan, np.nan)
    '–'
    """
    if ratio != ratio:
        return NOT_KNOWN
    return f"{t.number(ratio, 2)} ({t.number(low, 2)}–{t.number(high, 2)})"


def p_values_in_words(t: Translator, values: pd.Series, *, steps: bool = False) -> list[str]:
    """The p-values of a column; a dash where there is none. `steps`: only on which side of 0.05 they are."""
    return [(t.p_step if steps else t.p_value)(p) if p == p else NOT_KNOWN for p in values.tolist()]


def compared_words(t: Translator, level: str, compared: str) -> str:
    """What lets expect the number of a candidate."""
    words = {
        ("city", "season"): N_("last year and the season"),
        ("city", "year"): N_("the same days a year before"),
        ("city", "before"): N_("the time just before"),
        ("share", "season"): N_("its share a year before"),
        ("share", "past"): N_("its share just before"),
    }
    of = "city" if level == "city" else "share"
    return t(words[of, compared])


def expected_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """The expected counts of `written_changes`; a dash where they are left out."""
    return [NOT_KNOWN if n != n else t.number(n, 0 if n >= 10 else 1) for n in rows["expected"]]


def counts_in_words(t: Translator, rows: pd.DataFrame, name: str) -> list[str]:
    """A column of counts of `written_changes`; those that are left out as "fewer than"."""
    least = rows[FEWER_THAN] if FEWER_THAN in rows else pd.Series(np.nan, rows.index)
    return [t(fewer_than(int(k))) if n != n and k == k else t.number(n) for n, k in zip(rows[name], least, strict=True)]


def written_changes(
    study: ChangeStudy, source: Source, f: AlertFilter, told: Sequence[tuple[Mapping[str, Any], Grade]] = ()
) -> pd.DataFrame:
    """The rows of `study.changes.frame` under a filter as they may be handed out; the same frame to who sees every
    count.

    Missing are small counts (`fewer_than` holds the limit that they are under), and beside one all that tells it. Of q,
    which depends on the p of all rows, there is the step alone where any count may be missing (`alpha_or_one`). `told`:
    keys and grades of findings: a row of one has its grade, and no p of its own where that says another.
    """
    frame = study.changes.frame
    if source.protected:
        frame = frame.assign(q=alpha_or_one(frame["q"].astype(float)))
    if told:
        names = frame[list(CANDIDATE_KEYS)].astype(object).where(frame[list(CANDIDATE_KEYS)].notna(), None)
        grades = {tuple(key.values()): grade for key, grade in told}
        own = pd.Series([grades.get(name) for name in names.itertuples(index=False, name=None)], frame.index, object)
        other = own.notna() & own.ne(frame["grade"])
        frame = frame.assign(grade=own.where(other, frame["grade"]), q=frame["q"].mask(other), p=frame["p"].mask(other))
    rows = WrittenCounts.of(f, source).table(frame, ("base", "after"))
    return rows.assign(expected=rows["expected"].mask(rows[FEWER_THAN].notna())) if FEWER_THAN in rows else rows


def surest_first(frame: pd.DataFrame, written: pd.DataFrame | None = None) -> pd.Index:
    """The labels of the tested rows of `Changes.frame`: by grade, then the surest first.

    `written`: the same as an audience reads them. Rows of one grade are then in the order of the p that is there.
    """
    read = frame if written is None else written
    grade = read["grade"].map({"clear": 0, "probable": 1, "open": 2})
    order = pd.DataFrame({"grade": grade.to_numpy(), "p": read["p"].to_numpy()}, index=frame.index)
    return order[frame["p"].notna()].sort_values(["grade", "p"], kind="stable").index
