"""How overdispersed counts and shares under a filter were in the past, by place, district or category."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.grid.cells import square_side
from analysis.stats.dispersion import (
    UNKNOWN,
    Dispersion,
    ReportBursts,
    dispersion_of_series,
    dispersion_of_shares,
    fit_bursts,
)
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import MAP_RESOLUTIONS, FloatArray, Gender

# Bursts are looked for in so many years, at least and at most, in periods of so many weeks.
LEAST_YEARS: Final = 2
MOST_YEARS: Final = 4
WEEKS: Final = 4
# Of so many independent squares the past before a period says enough alone: the allowance is then 1.1.
ENOUGH_FREEDOM: Final = 50.0
# Sizes of cells, from about 900 to 130 m, whose dispersions tell how far apart the reports of a burst lie.
BURST_RESOLUTIONS: Final = (8, 9, 10)
Kind = tuple[str, ...]


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
    """How overdispersed counts by the columns `kind` are under a filter, from neighbouring four weeks, or months.

    Of the two years before the filter's period (of its own length where that is longer, four years at most), so that
    what is tested does not inflate its own dispersion; where they hold fewer than `ENOUGH_FREEDOM` squares, of as long
    up to the period's end. Differences in time hold no hot spot that is there all the time, and little of what wanders
    slowly. Found once for a version of the alerts and a filter.
    """

    def find(past: AlertFilter, unit: str, starts: pd.DatetimeIndex) -> Dispersion:
        (counted,) = _periods(_counted(source, past, [*kind, unit], resolution), kind, unit, starts)
        return dispersion_of_series(counted, counted.sum(axis=0))

    return _found(source, f, ("counts", kind, resolution), find)


@dataclass(frozen=True)
class Share:
    """The part of the alerts that say `column` at all (one of `among`, or anything) whose value is one of `part`."""

    column: str
    part: tuple[Any, ...]
    among: tuple[Any, ...]


WOMEN: Final = (Gender.WOMAN.value,)
EITHER: Final = (Gender.WOMAN.value, Gender.MAN.value)


def share_scatter(source: Source, f: AlertFilter, share: Share, kind: Kind) -> Dispersion:
    """How overdispersed a share is under a filter: of rows by the columns `kind`, from neighbouring four weeks, as
    `burst_scatter` looks at them. Where reports of one event are alike in what is shared out, it is as overdispersed as
    counts are; where they are not, less.
    """

    def find(past: AlertFilter, unit: str, starts: pd.DatetimeIndex) -> Dispersion:
        by = list(dict.fromkeys([*kind, share.column, unit]))
        frame = _counted(source, past, by, None)
        frame = frame[frame[share.column].isin(share.among)]
        of_part = frame["n"].where(frame[share.column].isin(share.part), 0.0)
        part, whole = _periods(frame.assign(part=of_part), kind, unit, starts, ("part", "n"))
        return dispersion_of_shares(part, whole)

    return _found(source, f, (share, kind), find)


def area_kind(source: Source, *more: str) -> Kind:
    """Rows that hold bursts whole whatever their reports are about: districts, or categories where there are none."""
    return ("district" if source.city.districts else "category", *more)


def _found(
    source: Source,
    f: AlertFilter,
    what: tuple[Any, ...],
    find: Callable[[AlertFilter, str, pd.DatetimeIndex], Dispersion],
) -> Dispersion:
    """What `find` makes of the filter's past; found once for each `what`."""
    start, end = query.dates(source, f)
    last, before = min(end, source.as_of), start - dt.timedelta(days=1)
    unit: Literal["week", "month"] = "month" if source.by_month else "week"

    def up_to(day: dt.date) -> Dispersion:
        least, most = (dt.timedelta(days=round(365.25 * years)) for years in (LEAST_YEARS, MOST_YEARS))
        first = max(source.first, day - min(max(last - start, least), most))
        starts = _starts(first, day, unit)
        if not len(starts):
            return UNKNOWN
        past = f.replace(period="", start=starts[0].date(), end=day)
        return source.once(
            "bursts", (past, what), lambda: find(past, unit, starts[source.coverage.untouched(starts, unit)])
        )

    found = up_to(before) if before > source.first else UNKNOWN
    return up_to(last) if found.freedom < ENOUGH_FREEDOM else found


def _starts(first: dt.date, last: dt.date, unit: str) -> pd.DatetimeIndex:
    """The first days of the whole weeks or months between two days."""
    if unit == "month":
        begin = month_bounds(first, 0)[0] if first.day == 1 else month_bounds(first, 1)[0]
        return pd.date_range(begin, month_bounds(last + dt.timedelta(days=1), -1)[0], freq="MS")
    begin = first + dt.timedelta(days=-first.weekday() % 7)
    return pd.date_range(begin, last - dt.timedelta(days=6), freq="7D")


def _counted(source: Source, past: AlertFilter, by: Sequence[str], resolution: int | None) -> pd.DataFrame:
    on_map = resolution is not None
    counted = query.counts(source.in_full, past, by, resolution=resolution, without_default_points=on_map)
    return counted.frame


def _periods(
    frame: pd.DataFrame, kind: Kind, unit: str, starts: pd.DatetimeIndex, numbers: Sequence[str] = ("n",)
) -> list[FloatArray]:
    """Some numbers of each row by four weeks that follow one another, or month. What has no name is no row."""
    size = WEEKS if unit == "week" else 1
    blocks = len(starts) // size
    kept = starts[len(starts) - blocks * size :]
    known = frame.dropna(subset=list(kind))
    at = kept.get_indexer(pd.DatetimeIndex(known[unit])) // size
    known, at = known[at >= 0], at[at >= 0]
    rows = (
        known.groupby(list(kind), sort=False, observed=True).ngroup().to_numpy() if kind else np.zeros(len(known), int)
    )
    tables = []
    for name in numbers:
        table = np.zeros((int(rows.max(initial=-1)) + 1, blocks))
        np.add.at(table, (rows, at), known[name].to_numpy(float))
        tables.append(table)
    return tables
