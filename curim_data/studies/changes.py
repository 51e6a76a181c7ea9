"""What changed in a period: the city, its districts, categories, both together, its places; and events of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final, Literal

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import shapely

from analysis.hotspots.grouping import h3_name
from analysis.stats.result import Choice
from analysis.trends.changes import (
    CANDIDATE_KEYS,
    LEVELS,
    Change,
    Changes,
    Counts,
    LevelName,
    Past,
    burst_factors,
    distinct_changes,
    judge,
)
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import BoolArray, CityProfile, Message
from curim_data.model.extent import ask_shape
from curim_data.studies.cells import default_cells
from curim_data.studies.periods import (
    ALWAYS_IN_USE,
    ComparedPeriods,
    NotInUse,
    compared_periods,
    months_between,
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
_YEAR: Final = dt.timedelta(weeks=52)
_DAY: Final = dt.timedelta(days=1)
_ALL: Final = "all"
Unit = Literal["week", "month"]


@dataclass(frozen=True)
class ChangeStudy:
    """Every change that was looked at in the later of two periods.

    `not_in_use`: the categories that were not compared because they came into use, or out of it, meanwhile. `noted`:
    what is noted on the time line between both. `gaps`: what is not covered, and what follows. `compared`: days of the
    period that were compared. `early`: whether the past is too short for more than probable changes of places.
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
        judged = (GRADES, SHARES) if self.changes.n_tested else ()
        return (self.periods.choice, *gaps, *self.noted, *judged)


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
    them is the matter of `studies.change_words`.
    """
    periods = filter_periods(source, f, since)
    find = partial(_nothing_compared, periods) if periods.before is None else partial(_study, source, f, periods)
    return source.once("changes", (f, periods), find, MOST_KEPT)


def _nothing_compared(periods: ComparedPeriods) -> ChangeStudy:
    return ChangeStudy(periods, Changes(pd.DataFrame(columns=[*CANDIDATE_KEYS, *_COLUMNS]), CANDIDATE_KEYS, {}, ()))


_COLUMNS: Final = (
    *(
        "level",
        "base",
        "after",
        "expected",
        "ratio",
        "low",
        "high",
        "p",
        "q",
        "grade",
        "direction",
        "compared",
        "reach",
    ),
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


def change_filter(f: AlertFilter, change: Change, periods: ComparedPeriods) -> AlertFilter:
    """The filter that shows a change: its category and area, over the later period."""
    narrowed: dict[str, Any] = {"period": "", "start": periods.after[0], "end": periods.after[1]}
    for key, name in zip(CANDIDATE_KEYS, ("districts", "cells", "places", "cells", "categories"), strict=True):
        if change.key.get(key):
            narrowed[name] = (str(change.key[key]),)
    if change.key.get("category"):
        narrowed["groups"] = ()
    return f.replace(**narrowed)


def _study(source: Source, f: AlertFilter, periods: ComparedPeriods) -> ChangeStudy:
    use = not_in_use(source, f, periods)
    noted = noted_between(source, f, (periods.before or periods.after)[0], periods.after[1])
    span = max(source.first, periods.after[0] - _YEAR), periods.after[1]
    gaps = source.coverage.sentences(*span)
    tables = _Tables(source, f, periods, use)
    if use.covers(f, source.city) or not tables.days.any():
        return replace(_nothing_compared(periods), not_in_use=use, noted=noted, gaps=gaps)
    counts = tables.counts()
    past = Past(tables.unit, tables.length, int(np.isfinite(counts["city"].past[0]).sum()))
    categories = counts["category"].keys["category"] if "category" in counts else pd.Series(dtype=object)
    finest = counts.get("district_category", counts.get("category", counts.get("district", counts["city"])))
    bursts = burst_factors(finest, counts["city"], len(categories))
    judged = {level: judge(level, table, counts, past, bursts) for level, table in counts.items()}
    frame = pd.concat(
        [pd.concat([counts[level].keys, found], axis=1) for level, found in judged.items()], ignore_index=True
    ).reindex(columns=[*CANDIDATE_KEYS, *_COLUMNS, "error"])
    for name in CANDIDATE_KEYS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    found = distinct_changes(frame, CANDIDATE_KEYS, tables.part_of, tables.crossed(counts))
    tested = {level: int(one["p"].notna().sum()) for level, one in judged.items()}
    error = float(judged["city"]["error"].iloc[0])
    changes = Changes(frame[[*CANDIDATE_KEYS, *_COLUMNS]], CANDIDATE_KEYS, tested, found, error)
    return ChangeStudy(periods, changes, use, noted, gaps)


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
        self.with_year = periods.same_season
        if self.with_year:
            before = self._covered(days - self._a_year_before(days))
            self.with_year = bool((before & self.days).sum() * 2 >= max(self.days.sum(), 1))
            self.days = self.days & before if self.with_year else self.days

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
        months = pd.date_range(*self.periods.after, freq="D")[self.days].to_period("M")
        return float(months.nunique())

    def counts(self) -> dict[LevelName, Counts]:
        """The levels of which there are several candidates, and the city."""
        city = self.source.city
        wide: tuple[str, int | None] = ("district", None) if self.wide is None else ("area", self.wide)
        small: tuple[str, int | None] = ("place", None) if self.small is None else ("cell", self.small)
        asked: dict[LevelName, tuple[str, ...]] = {
            "city": (),
            "district": (wide[0],),
            "category": ("category",),
            "district_category": (wide[0], "category"),
            "place": (small[0],),
        }
        resolutions = {"area": wide[1], "cell": small[1]}
        found = {level: self._of(names, resolutions) for level, names in asked.items()}
        self.part_of = self._parts(found["place"].keys, wide[0], small[0], city)
        if len(found["category"].after) < 2:
            del found["category"], found["district_category"]
        if len(found["district"].after) < 2:
            found.pop("district"), found.pop("district_category", None)
        if len(found["place"].after) < 2 or (self.small is not None and self.small == self.wide):
            del found["place"]  # in a country the large areas are the smallest, and none is to be listed twice
        named = found["category"].keys["category"] if "category" in found else ()
        numbers = {name: at for at, name in enumerate(named)}
        for level, table in found.items():
            if "category" in table.keys:
                own = np.array([numbers[name] for name in table.keys["category"]], np.int64)
                parents = None
                if level == "district_category":
                    rows = {name: at for at, name in enumerate(found["district"].keys[wide[0]])}
                    parents = np.array([rows[name] for name in table.keys[wide[0]]], np.int64), own
                found[level] = replace(table, category=own, parents=parents)
        return {level: found[level] for level in LEVELS if level in found}

    def _of(self, names: tuple[str, ...], resolutions: Mapping[str, int | None]) -> Counts:
        """The counts of one level; those of the city are one row, by a column that all alerts have in common."""
        asked = ["cell" if name == "area" else name for name in names]
        resolution = next((size for name in names if (size := resolutions.get(name))), None)
        after = self._period(asked, resolution, self.periods.after)
        year = self._period(asked, resolution, self.periods.before) if self.with_year else None
        past, periods = self._past(asked, resolution)
        by = asked or [_ALL]
        tables = [None if table is None else table.assign(**{_ALL: 0}) for table in (after, year, past)]
        keys = pd.concat([table[by] for table in tables if table is not None]).dropna().drop_duplicates()
        keys = (
            self._candidates(keys.sort_values(by, ignore_index=True), resolution)
            if asked
            else pd.DataFrame({_ALL: [0]})
        )
        index = keys.set_index(by).index
        now, before = (_sums(table, by).reindex(index, fill_value=0.0).to_numpy(float) for table in tables[:2])
        of_past = _sums(tables[2], [*by, self.unit]).unstack(self.unit).reindex(index, columns=self._starts)
        counts = of_past.fillna(0.0).to_numpy(float, copy=True)
        counts[:, ~periods] = np.nan
        if year is None:
            before = np.full(len(keys), np.nan)
        keys.columns = pd.Index(names or (_ALL,))
        named = keys[list(names)].map(lambda value: value if isinstance(value, str) else h3_name(value))
        return Counts(counts, now, before, np.full(len(keys), -1), keys=named)

    def _candidates(self, keys: pd.DataFrame, resolution: int | None) -> pd.DataFrame:
        """No category that was not in use all the time; no cell that holds default coordinates."""
        out = np.zeros(len(keys), bool)
        if "category" in keys:
            out |= keys["category"].isin(list(self.use.all))
        if "cell" in keys and resolution is not None:
            out |= keys["cell"].isin(default_cells(self.source, resolution))
        return keys[~out].reset_index(drop=True)

    def _period(self, by: Sequence[str], resolution: int | None, span: Any) -> pd.DataFrame:
        """Counts of the days of a period that are compared."""
        asked = self.f.replace(period="", start=span[0], end=span[1])
        if self.days.all():
            return self._table(asked, by, resolution)
        column = "month" if self.unit == "month" else "local_date"
        table = self._table(asked, [column, *by], resolution)
        days = pd.date_range(*self.periods.after, freq="D")[self.days]
        if span != self.periods.after:
            days = days - self._a_year_before(days)
        wanted = days.to_period("M").unique().to_timestamp() if self.unit == "month" else days
        return table[table[column].isin(wanted)]

    def _past(self, by: Sequence[str], resolution: int | None) -> tuple[pd.DataFrame | None, BoolArray]:
        """Counts of whole weeks or months before the period, and which of them are covered."""
        starts = self._starts
        if not len(starts):
            return None, np.zeros(0, bool)
        first, last = starts[0].date(), self._ends[-1].date()
        asked = self.f.replace(period="", start=first, end=last)
        return self._table(asked, [self.unit, *by], resolution), self._whole

    @cached_property
    def _starts(self) -> pd.DatetimeIndex:
        start = self.periods.after[0]
        first = max(self.source.first, start - PAST_YEARS * _YEAR - dt.timedelta(weeks=4))
        if self.unit == "month":
            begin = first if first.day == 1 else month_bounds(first, 1)[0]
            return pd.date_range(begin, periods=max(0, months_between(begin, start)), freq="MS")
        begin = first + dt.timedelta(days=-first.weekday() % 7)
        return pd.date_range(begin, periods=max(0, (start - begin).days // 7), freq="7D")

    @cached_property
    def _ends(self) -> pd.DatetimeIndex:
        step: Any = pd.offsets.MonthEnd(0) if self.unit == "month" else pd.Timedelta(days=6)
        return pd.DatetimeIndex(self._starts + step)

    @cached_property
    def _whole(self) -> BoolArray:
        known = np.asarray(self._starts >= pd.Timestamp(self.begin))
        if self.source.coverage.complete:
            return known
        return np.asarray(known & self.source.coverage.whole(self._starts, self._ends))

    def _table(self, f: AlertFilter, by: Sequence[str], resolution: int | None) -> pd.DataFrame:
        return query.counts(self.source.in_full, f, by, resolution=resolution).frame

    def _parts(self, places: pd.DataFrame, wide: str, small: str, city: CityProfile) -> dict[str, str]:
        """The district, or large area, of each place."""
        if small == "place":
            return landmark_districts(city) if wide == "district" else {}
        cells = [np.uint64(int(name, 16)) for name in places["cell"]] if "cell" in places else []
        if wide == "area" and self.wide is not None and self.small is not None and self.wide < self.small:
            return {h3_name(int(cell)): h3_name(int(h3.cell_to_parent(cell, self.wide))) for cell in cells}
        found = {}
        for cell in cells:
            latitude, longitude = h3.cell_to_latlng(cell)
            home = _district_at(city, float(longitude), float(latitude))
            if home is not None:
                found[h3_name(int(cell))] = home
        return found

    def crossed(self, counts: Mapping[LevelName, Counts]) -> Callable[[Mapping[str, Any]], float]:
        """The excess of a category in a place, which is no candidate itself, worked out where it is asked for."""
        small = "place" if self.small is None else "cell"
        (n0,), (n1,) = counts["city"].past[:, -self._a_year() :], counts["city"].after[None]
        rate = float(n1[0]) / max(float(np.nansum(n0)), 1.0)
        tables: list[pd.Series] = []

        def excess(key: Mapping[str, Any]) -> float:
            if key.get(small) is None or key.get("category") is None:
                return 0.0
            if not tables:
                by = [small, "category"]
                past, _ = self._past(by, self.small)
                for table in (self._period(by, self.small, self.periods.after), past):
                    if table is not None and self.unit in table:
                        recent = self._starts[-self._a_year() :]
                        table = table[table[self.unit].isin(recent[self._whole[-self._a_year() :]])]
                    if table is not None and small == "cell":
                        table = table.assign(cell=[h3_name(int(cell)) for cell in table["cell"]])
                    tables.append(_sums(table, by))
            name = (key[small], key["category"])
            return float(tables[0].get(name, 0.0)) - rate * float(tables[1].get(name, 0.0))

        return excess

    def _a_year(self) -> int:
        return 12 if self.unit == "month" else 52


def _sums(table: pd.DataFrame | None, by: Sequence[str]) -> pd.Series:
    """The numbers of a table by some columns, those with a missing value left out; empty without a table."""
    table = pd.DataFrame(columns=[*by, "n"], dtype=float) if table is None else table
    summed: pd.Series = table.groupby(list(by))["n"].sum()
    return summed


def landmark_districts(city: CityProfile) -> dict[str, str]:
    """The district in which each landmark stands; landmarks outside all of them are left out."""
    found = {mark.id: _district_at(city, mark.longitude, mark.latitude) for mark in city.landmarks}
    return {mark: district for mark, district in found.items() if district is not None}


def _district_at(city: CityProfile, longitude: float, latitude: float) -> str | None:
    point = shapely.Point(longitude, latitude)
    return next((area.id for area in city.districts if ask_shape(shapely.covers, area.polygon, point)), None)
