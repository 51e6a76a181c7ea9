"""How overdispersed the counts of a filter were before the periods that are compared: the dispersion of each kind of
candidate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.grid.cells import square_side
from analysis.stats.dispersion import (
    UNKNOWN,
    Dispersion,
    GroupFactor,
    dispersion_of_pairs,
    dispersion_of_shares,
)
from analysis.stats.report_bursts import ReportBursts, fit_bursts
from analysis.stats.result import Choice
from analysis.trends.past_scatter import CITY, Kind, Pairs, PastWindows, kind_dispersions, past_windows, theme_factors
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import MAP_RESOLUTIONS, Audience, FloatArray, Gender, IntArray
from curim_data.query.categoricals import CodedTable
from curim_data.studies.coarse_areas import coded_areas
from curim_data.studies.periods import ComparedPeriods, month_bounds, months_between

# Years of the past that are looked at, besides the one between both periods: more would not make it surer.
MOST_YEARS: Final = 4
MOST_KEPT: Final = 64
# Filters of which the tables of the past are kept, and the weeks of a year.
MOST_PASTS: Final = 4
WEEKS_OF_YEAR: Final = 53
# Bursts are looked for in so many years, in windows of so many weeks.
BURST_YEARS: Final = 2
BURST_WEEKS: Final = 4
# Of so many independent squares the past before a period tells enough alone: the allowance is then 1.1.
ENOUGH_FREEDOM: Final = 50.0
# Sizes of cells, from about 900 to 130 m, whose dispersions tell how far apart the reports of a burst lie.
BURST_RESOLUTIONS: Final = (8, 9, 10)
Unit = Literal["week", "month"]
_WEEK: Final = dt.timedelta(weeks=1)


@dataclass(frozen=True)
class PastScatter:
    """The dispersion of each kind of candidate, the windows of the past that it was estimated from, and how many times
    as much as its kind each category scatters (`factors`).
    """

    kinds: Mapping[Kind, Dispersion]
    windows: PastWindows | None
    factors: Mapping[str, GroupFactor] = field(default_factory=dict)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What the dispersion was estimated from, where it could be."""
        return (self.windows.choice,) if self.windows is not None else ()

    def of(self, kind: Kind) -> Dispersion:
        """The dispersion of a kind of candidate."""
        return self.kinds.get(kind, UNKNOWN)


NO_PAST: Final = PastScatter({}, None)


def past_scatter(
    source: Source,
    f: AlertFilter,
    periods: ComparedPeriods,
    kinds: Sequence[Kind],
    resolution: int | None = None,
) -> PastScatter:
    """The dispersion of kinds of candidates (the columns that name one) under a filter, from before the later period.

    Found once for a version of the alerts, a filter, and a pair of periods. `resolution`: of the cells, where a kind
    has some.
    """
    if periods.before is None:
        return NO_PAST
    unit, length, lag = _distance(periods)
    last = periods.after[0] - dt.timedelta(days=1)
    first = max(source.first, periods.before[0] - dt.timedelta(days=round(365.25 * MOST_YEARS)))
    if unit == "month":
        first = month_bounds(first, 0)[0]
    history = _Units.of(first, last, unit)
    windows = past_windows(history.number, length, lag, unit)
    if windows is None:
        return NO_PAST
    past = f.replace(period="", start=history.first, end=history.last)
    key = (past, windows, tuple(kinds), resolution, source.city.version)
    kept: dict[Any, PastScatter] = source.cache.setdefault("scatter", {})
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        pairs = _pairs(source, past, history, windows, kinds, resolution)
        found_kinds = kind_dispersions(pairs, windows.lag / windows.length)
        farther = {kind: own.farther(windows.wanted / windows.lag) for kind, own in found_kinds.items()}
        kept[key] = PastScatter(farther, windows, theme_factors(pairs, found_kinds))
    return kept[key]


@dataclass(frozen=True)
class _Units:
    """The whole weeks (Monday to Sunday) or months between two days."""

    unit: Unit
    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, first: dt.date, last: dt.date, unit: Unit) -> _Units:
        if unit == "month":
            return cls(unit, first, last)  # of months only whole ones are stored and compared
        start = first + dt.timedelta(days=-first.weekday() % 7)
        return cls(unit, start, last - dt.timedelta(days=(last.weekday() + 1) % 7))

    def from_a_year_before(self, least: dt.date) -> _Units:
        """The same and those of the year before it, as far as they begin on a day `least` or later."""
        if self.unit == "month":
            return replace(self, first=max(month_bounds(self.first, -12)[0], min(least, self.first)))
        weeks = min(WEEKS_OF_YEAR, max(0, (self.first - least).days // 7))
        return replace(self, first=self.first - weeks * _WEEK)

    @property
    def number(self) -> int:
        """How many there are."""
        if self.last < self.first:
            return 0
        return (
            months_between(self.first, self.last) + 1
            if self.unit == "month"
            else (self.last - self.first).days // 7 + 1
        )

    def at(self, starts: pd.Series) -> IntArray:
        """The number of each unit that begins on a day, from 0 on."""
        if self.unit == "month":
            months = starts.to_numpy("datetime64[M]") - np.datetime64(self.first, "M")
            return np.asarray(months.astype(np.int64))
        days = starts.to_numpy("datetime64[D]") - np.datetime64(self.first, "D")
        return np.asarray(days.astype(np.int64) // 7)


def _distance(periods: ComparedPeriods) -> tuple[Unit, int, int]:
    """The unit, how many the later period has, and how many lie between the beginnings of both."""
    (start, end), before = periods.after, periods.before or periods.after
    if periods.by_month:
        return "month", months_between(start, end) + 1, months_between(before[0], start)
    return "week", max(1, round((end - start).days / 7)), max(1, round((start - before[0]) / _WEEK))


def _pairs(
    source: Source,
    past: AlertFilter,
    history: _Units,
    windows: PastWindows,
    kinds: Sequence[Kind],
    resolution: int | None,
) -> dict[Kind, Pairs]:
    """The counts of each kind in both windows of each pair."""
    counted = _by_kind(source, past, history, (CITY, *kinds), resolution)
    return {kind: table.pairs(windows, kind) for kind, table in counted.items()}


Names = Sequence[tuple[IntArray, pd.Index]]


@dataclass(frozen=True)
class _Counts:
    """Exact counts of one kind by unit: of each row the number of its unit in a history, its names (each a number among
    values), and n. What has no name is no candidate.
    """

    at: IntArray
    names: Names
    n: FloatArray

    @classmethod
    def of(cls, table: CodedTable, history: _Units, kind: Kind) -> _Counts:
        units, columns = table.columns[history.unit], [table.columns[name] for name in kind]
        known = np.ones(len(table.n), bool)
        for column in (units, *columns):
            known &= np.asarray(column.levels.notna())[column.codes]
        rows = np.flatnonzero(known)
        at = history.at(pd.Series(units.levels))[units.codes[rows]]
        return cls(at, [(column.codes[rows], column.levels) for column in columns], table.n[rows])

    def within(self, first: int, number: int) -> _Counts:
        """Those of so many units from one on, which is the first then."""
        rows = np.flatnonzero((self.at >= first) & (self.at < first + number))
        return _Counts(self.at[rows] - first, [(codes[rows], values) for codes, values in self.names], self.n[rows])

    def pairs(self, windows: PastWindows, kind: Kind) -> Pairs:
        """The counts of candidates in pairs of windows."""
        (sums,), found = _sums(self.at, self.names, [self.n], windows)
        index = _named(kind, self.names, found)
        before, after = (pd.DataFrame(counts, index=index) for counts in sums)
        return before, after


@dataclass(frozen=True)
class _Counted:
    """Counts of a filter by unit and kind, from the first to the last day of `history`."""

    history: _Units
    tables: Mapping[Kind, _Counts]

    def within(self, history: _Units, kinds: Sequence[Kind]) -> Mapping[Kind, _Counts] | None:
        """Those of some kinds, of a shorter history; None where they are not all here."""
        if not set(kinds) <= self.tables.keys():
            return None
        if history.first < self.history.first or history.last > self.history.last:
            return None
        first = int(self.history.at(pd.Series([pd.Timestamp(history.first)]))[0])
        return {kind: self.tables[kind].within(first, history.number) for kind in kinds}


def _by_kind(
    source: Source, past: AlertFilter, history: _Units, kinds: Sequence[Kind], resolution: int | None
) -> Mapping[Kind, _Counts]:
    """The counts of each kind by unit, of a filter over a history.

    A page compares several periods of one filter, each with its own past, which are parts of one: so weeks from a year
    earlier on are counted too, and kept.
    """
    undated = past.replace(start=None, end=None)
    key = (undated, history.unit, resolution, source.city.version)
    kept: dict[Any, _Counted] = source.cache.setdefault("pasts", {})
    known = kept.get(key)
    found = None if known is None else known.within(history, kinds)
    if found is not None:
        return found
    longer = history.from_a_year_before(source.first)
    asked = past.replace(start=longer.first)
    by = [[longer.unit, *kind] for kind in kinds]
    tables = zip(kinds, coded_areas(source, asked, by, resolution), strict=True)
    counted = _Counted(longer, {kind: _Counts.of(table, longer, kind) for kind, table in tables})
    if len(kept) >= MOST_PASTS:
        kept.clear()
    kept[key] = counted
    found = counted.within(history, kinds)
    assert found is not None
    return found


def _in_windows(
    frame: pd.DataFrame, numbers: Sequence[FloatArray], history: _Units, windows: PastWindows, kind: Kind
) -> list[tuple[FloatArray, FloatArray]]:
    """Some numbers of the rows, summed by candidate (rows) in both windows of each pair (columns). What has no name is
    no candidate.
    """
    names = [pd.factorize(frame[name]) for name in kind]
    known = frame[history.unit].notna().to_numpy(bool)
    for own, _ in names:
        known = known & (own >= 0)
    at, named = history.at(frame[history.unit][known]), [(own[known], values) for own, values in names]
    sums, _ = _sums(at, named, [n[known] for n in numbers], windows)
    return sums


def _sums(
    at: IntArray, names: Names, numbers: Sequence[FloatArray], windows: PastWindows
) -> tuple[list[tuple[FloatArray, FloatArray]], IntArray]:
    """Some numbers of the rows of some units, summed by candidate (rows) in both windows of each pair (columns); and
    the numbers of the candidates among all combinations of names.
    """
    codes, found = _candidates(names, len(at))
    size, sums = len(found) * windows.pairs, []
    within = [
        (rows, codes[rows] * windows.pairs + pair[rows])
        for pair in (windows.before(at), windows.after(at))
        for rows in (np.flatnonzero(pair >= 0),)
    ]
    for n in numbers:
        before, after = (np.bincount(place, n[rows], size).astype(float) for rows, place in within)
        sums.append((before.reshape(-1, windows.pairs), after.reshape(-1, windows.pairs)))
    return sums, found


def _candidates(names: Names, rows: int) -> tuple[IntArray, IntArray]:
    """The number of each row's candidate, and the candidates as they appear first, as combinations of names."""
    if not names:
        return np.zeros(rows, np.int64), np.zeros(1, np.int64)
    sizes = tuple(max(len(values), 1) for _, values in names)
    codes, found = pd.factorize(np.ravel_multi_index([own for own, _ in names], sizes))
    return codes.astype(np.int64), np.asarray(found, np.int64)


def _named(kind: Kind, names: Names, found: IntArray) -> pd.Index:
    """The names of candidates, given as combinations."""
    if not kind:
        return pd.RangeIndex(1)
    sizes = tuple(max(len(values), 1) for _, values in names)
    # No candidate is called by what is missing, of which a column may hold several.
    levels = [[f"missing {at}" if pd.isna(one) else str(one) for at, one in enumerate(of)] for _, of in names]
    return pd.MultiIndex(levels, [codes.tolist() for codes in np.unravel_index(found, sizes)], names=kind)


def place_scatter(source: Source, f: AlertFilter, resolution: int) -> Dispersion:
    """How overdispersed counts of places are under a filter: `burst_scatter` of cells one size coarser, about as large
    as a place of the test, so that bursts whose reports scatter over several cells are whole there.
    """
    return burst_scatter(source, f, ("cell",), max(resolution - 1, min(MAP_RESOLUTIONS)))


def place_bursts(source: Source, f: AlertFilter) -> ReportBursts:
    """In what bursts reports lie under a filter, from how overdispersed cells of several sizes are: `burst_scatter`."""
    sides = {square_side(size): burst_scatter(source, f, ("cell",), size) for size in BURST_RESOLUTIONS}
    return fit_bursts(sides)


def burst_scatter(source: Source, f: AlertFilter, kind: Kind, resolution: int | None = None) -> Dispersion:
    """How overdispersed counts by the columns `kind` are under a filter, from differences of neighbouring four weeks.

    Of the two years before the filter's period (of its own length where that is longer, four years at most), so that
    what is tested does not inflate its own dispersion; where they hold fewer than `ENOUGH_FREEDOM` squares, of as long
    up to the period's end. Differences in time hold no hot spot that is there all the time, and little of what wanders
    slowly. Of months where nothing finer is known. Found once for a
    version of the alerts and a filter.
    """
    return _burst_dispersion(
        source,
        f,
        (kind, resolution),
        lambda past, history, windows: _bursts(source, past, history, windows, kind, resolution),
    )


@dataclass(frozen=True)
class Share:
    """The part of the alerts that say `column` at all (one of `among`, or anything) whose value is one of `part`."""

    column: str
    part: tuple[Any, ...]
    among: tuple[Any, ...]


# What a page asks of the same alerts besides, and has counted in the same question: by place, day and night or feeling.
ASKED_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "affected_gender": ("district", "dark"),
    "reporter_gender": ("district", "feeling"),
}
WOMEN: Final = (Gender.WOMAN.value,)
EITHER: Final = (Gender.WOMAN.value, Gender.MAN.value)


def share_scatter(source: Source, f: AlertFilter, share: Share, kind: Kind) -> Dispersion:
    """How overdispersed a share is under a filter: of rows by the columns `kind`, from neighbouring four weeks, as
    `burst_scatter` looks at them. Where reports of one incident are alike in what is shared out, it is as overdispersed
    as counts are; where they are not, less.
    """
    return _burst_dispersion(
        source,
        f,
        (share, kind),
        lambda past, history, windows: _shares(source, past, history, windows, share, kind),
    )


def area_kind(source: Source, *more: str) -> Kind:
    """Rows that hold bursts whole whatever their reports are about: districts, or categories where there are none."""
    return ("district" if source.city.districts else "category", *more)


def _burst_dispersion(
    source: Source,
    f: AlertFilter,
    what: tuple[Any, ...],
    find: Callable[..., Dispersion],
) -> Dispersion:
    """What `find` makes of the filter's past, its units and its windows; found once for each `what`."""
    start, end = query.dates(source, f)
    last = min(end, source.as_of)
    before = start - dt.timedelta(days=1)
    found = _up_to(source, f, before, last - start, (what, 0), find) if before > source.first else UNKNOWN
    if found.freedom < ENOUGH_FREEDOM:
        found = _up_to(source, f, last, last - start, (what, 0), find)
    return found


def _up_to(
    source: Source,
    f: AlertFilter,
    last: dt.date,
    length: dt.timedelta,
    what: tuple[tuple[Any, ...], int],
    find: Callable[..., Dispersion],
) -> Dispersion:
    """What `find` makes of the time up to a day: as long as a period is, at least two years and at most four.

    `what`: what is found, and how many units lie between the windows of a pair (0 for neighbours).
    """
    least, most = (dt.timedelta(days=round(365.25 * number)) for number in (BURST_YEARS, MOST_YEARS))
    unit: Unit = "month" if source.by_month else "week"
    first = max(source.first, last - min(max(length, least), most))
    if unit == "month":
        first = month_bounds(first, 0)[0]
    history = _Units.of(first, last, unit)
    weeks = BURST_WEEKS if unit == "week" else 1
    windows = past_windows(history.number, weeks, what[1] or weeks, unit)
    if windows is None:
        return UNKNOWN
    past = f.replace(period="", start=history.first, end=history.last)
    key = (past, windows, what, source.city.version)
    kept: dict[Any, Dispersion] = source.cache.setdefault("bursts", {})
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = find(past, history, windows)
    return kept[key]


def _bursts(
    source: Source, past: AlertFilter, history: _Units, windows: PastWindows, kind: Kind, resolution: int | None
) -> Dispersion:
    """The dispersion of rows against what all of them together did."""
    counted = _by_unit(source, past, history.unit, kind, resolution)
    return dispersion_of_pairs(*_against_all(counted, history, windows, kind), drift=False)


def _by_unit(source: Source, past: AlertFilter, unit: Unit, kind: Kind, resolution: int | None) -> pd.DataFrame:
    """The counts of rows by week or month."""
    on_map = resolution is not None
    by = [*kind, unit]
    return query.counts(source, past, by, Audience.ANALYST, resolution=resolution, without_default_points=on_map).frame


def _against_all(
    counted: pd.DataFrame, history: _Units, windows: PastWindows, kind: Kind
) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
    """The counts of rows in both windows of each pair, and what all of them together had."""
    ((before, after),) = _in_windows(counted, [counted["n"].to_numpy(float)], history, windows, kind)
    return before, after, (before.sum(axis=0), after.sum(axis=0))


def _shares(
    source: Source, past: AlertFilter, history: _Units, windows: PastWindows, share: Share, kind: Kind
) -> Dispersion:
    """The dispersion of a share, of rows against what the share of all of them together did."""
    by = list(dict.fromkeys([*kind, share.column, history.unit]))
    beside = ASKED_BESIDE.get(share.column, ()) if kind in (area_kind(source), ("place",)) else ()
    frame = query.counts(source, past, by, Audience.ANALYST, beside=beside).frame
    frame = frame[frame[share.column].isin(share.among)]
    n, of_part = frame["n"].to_numpy(float), frame[share.column].isin(share.part).to_numpy(bool)
    (part, later), (whole, later_whole) = _in_windows(frame, [np.where(of_part, n, 0.0), n], history, windows, kind)
    return dispersion_of_shares((part, whole), (later, later_whole))
