"""Which places have become hot, stay hot, come and go or have cooled down, on the counts after disclosure control."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.emerging.cube import CLASSES, EmergingClass
from analysis.emerging.detection import (
    CLASS_STEPS,
    MIN_STEPS,
    MOST_COUNTS,
    EmergingHotSpots,
    EmergingPlace,
    Periods,
    emerging_hot_spots,
    periods_for,
)
from analysis.emerging.detection import whole_periods as whole_steps
from analysis.grid.cells import square_side
from analysis.hotspots.surroundings import window_for
from analysis.spots.naming import SpotName, known_ids, name_spots
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import MOST_MAP_CELLS, Message
from curim_data.privacy import Counted, is_sensitive
from curim_data.quality.positions import served_land, shared_points
from curim_data.query import Total
from curim_data.studies.cells import cell_size, default_coordinates, nested_cells, whole_city
from curim_data.studies.hot_spots import EXCHANGED, known_places
from curim_data.studies.periods import coverage_choices
from curim_data.studies.scatter import place_scatter

# Longer ago says nothing of what a place is now: it would have to be hot for ten years to be called persistent.
MOST_MONTHS: Final = 48


@dataclass(frozen=True)
class EmergingRow:
    """A place of the list. since: first day of the steps up to the last that are marked without a break, or None.

    `id`: that of the known place which it is (`analysis.spots.naming`), as on the other layers; else its own.
    """

    place: EmergingPlace
    rank: int
    name: SpotName
    marked: int
    since: dt.date | None
    slope: float
    p_trend: float
    q_trend: float
    id: str = ""

    @property
    def cls(self) -> EmergingClass:
        """The class with its words."""
        return CLASSES[self.place.cls]


@dataclass(frozen=True)
class EmergingStudy:
    """Classes over time. `emerging` is None where there are no classes, and `why` then says why.

    counts : the counts behind it, as they passed the gate, by cell and step; None where none were asked for
    lines : hot places, then cold ones, in the order of the classes
    period : first and last day over which `total` counts, None where there is no whole step
    """

    total: Total
    emerging: EmergingHotSpots | None
    lines: tuple[EmergingRow, ...]
    counts: Counted | None
    resolution: int
    choices: tuple[Choice, ...]
    why: Message | None = None
    period: tuple[dt.date, dt.date] | None = None

    def sized(self, size: Choice) -> EmergingStudy:
        """The same cells with another reason for their size, as where it was picked instead of chosen."""
        return self if self.choices[0] == size else replace(self, choices=(size, *self.choices[1:]))

    def class_of(self, cells: tuple[int, ...]) -> EmergingClass | None:
        """The class of the hot place that shares most of some cells, the first of several; None where none does."""
        hot = [line for line in self.lines if line.cls.sign > 0]
        most = max(hot, key=lambda line: len(set(cells).intersection(line.place.cells)), default=None)
        return None if most is None or set(cells).isdisjoint(most.place.cells) else most.cls

    def series(self, cells: tuple[int, ...]) -> pd.DataFrame:
        """Alerts of some cells together, a row a step: start, n and hot, cold (bool: any of the cells was marked)."""
        if self.emerging is None or self.counts is None:
            return pd.DataFrame(columns=["start", "n", "hot", "cold"])
        frame = self.counts.frame
        chosen = frame[frame["cell"].isin(cells)]
        n = chosen.groupby(self.emerging.unit)["n"].sum().reindex(self.emerging.starts, fill_value=0)
        at = self.emerging.frame.index.get_indexer(pd.Index(cells))
        return pd.DataFrame(
            {
                "start": self.emerging.starts,
                "n": n.to_numpy(float),
                "hot": self.emerging.hot[at].any(axis=0),
                "cold": self.emerging.cold[at].any(axis=0),
            }
        )


def emerging_study(source: Source, f: AlertFilter, resolution: int | None = None) -> EmergingStudy:
    """Classes over time under a filter, in cells as large as those of the hot-spot map.

    A class needs history, which the period of a filter does not hold: whole months before its end are judged. The whole
    city is judged, and default coordinates are left out.
    """
    whole = whole_city(f)
    size = emerging_cell_size(source, f, resolution)
    side = int(size.value)
    land = source.city.land_cells(side)
    periods = _periods(source, whole, side)
    history = _over(whole, periods)
    about = (size, *_history(periods), periods.choice, *coverage_choices(source, source.first, source.as_of))
    period = query.dates(source, history) if len(periods.starts) else None
    total = query.total(source, history)
    if (why := _obstacle(source, whole, periods)) is not None:
        short = why is not EXCHANGED and source.known_time.knows(periods.unit)
        return EmergingStudy(total, None, (), None, side, about if short else (size,), why, period)
    counted = query.counts(source, history, ["cell", periods.unit], resolution=side, without_default_points=True)
    served = served_land(source, side)
    found = emerging_hot_spots(
        _by_step(counted.frame, periods),
        land if served is None else served,
        scatter=place_scatter(source, history, side),
    )
    points = shared_points(source)
    choices = (
        *about,
        *found.choices,
        *(() if points is None else (points.choice,)),
        *default_coordinates(total.at_default),
        *nested_cells(side),
    )
    return EmergingStudy(total, found, _lines(found, source), counted, side, choices, None, period)


def _obstacle(source: Source, whole: AlertFilter, periods: Periods) -> Message | None:
    """Why there are no classes under a filter; None where there are."""
    if source.exact is not None and is_sensitive(whole, source.city):
        return EXCHANGED
    if not source.known_time.knows(periods.unit):
        return Message(
            "No class over time can be given: of these alerts the month alone is known, and fewer than {n} whole "
            "months are too few.",
            {"n": MIN_STEPS},
        )
    if len(periods.starts) < CLASS_STEPS:
        return Message(
            "There are too few whole months or weeks of data to class places over time: {n}, and at least {least} are "
            "needed.",
            {"n": len(periods.starts), "least": CLASS_STEPS},
        )
    return None


def emerging_cell_size(source: Source, f: AlertFilter, resolution: int | None) -> Choice:
    """The size of the cells in which `emerging_study` judges, and why: that of the hot-spot map where it can be."""
    whole, most = whole_city(f), min(MOST_MAP_CELLS, MOST_COUNTS // MOST_MONTHS)
    return cell_size(source, whole, resolution, most)


def judged_filter(source: Source, f: AlertFilter, resolution: int) -> AlertFilter:
    """A filter of which `emerging_study` in cells of this resolution says the same: periods that end in one month share
    their history. Where history is short it is the filter itself, over the whole city.
    """
    whole = whole_city(f)
    periods = _periods(source, whole, resolution)
    return _over(whole, periods) if periods.unit == "month" and len(periods.starts) >= MIN_STEPS else whole


def _periods(source: Source, f: AlertFilter, resolution: int) -> Periods:
    """Whole months or weeks up to the end of the filter's period."""
    _, end = query.dates(source, f)
    begin, last = source.coverage.stretch(min(end, source.as_of))
    earliest = (pd.Timestamp(last) + pd.Timedelta(days=1)).to_period("M").start_time - pd.DateOffset(months=MOST_MONTHS)
    first = max(source.first, begin, earliest.date())
    cells = np.asarray(source.city.land_cells(resolution).index)
    k = window_for(square_side(resolution, cells))
    windows = len(cells) / (1 + 3 * k * (k + 1))
    if len(whole_steps("month", first, last)) >= MIN_STEPS:
        return periods_for(first, last, 0, windows)  # months, whatever the number of alerts
    mapped = query.total(source, f.replace(period="", start=first, end=last)).mapped
    return periods_for(first, last, mapped, windows)


def _over(f: AlertFilter, periods: Periods) -> AlertFilter:
    """The filter over the whole steps."""
    if not len(periods.starts):
        return f
    step = pd.DateOffset(months=1) if periods.unit == "month" else pd.DateOffset(weeks=1)
    last = periods.starts[-1] + step - pd.Timedelta(days=1)
    return f.replace(period="", start=periods.starts[0].date(), end=last.date())


def _history(periods: Periods) -> tuple[Choice, ...]:
    if not len(periods.starts):
        return ()
    start = periods.starts[0].date()
    message = Message(
        "A class needs history: judged from {start} on, whatever period the filter names, up to its end.",
        {"start": start},
    )
    return (Choice("history", start.isoformat(), message),)


def _by_step(frame: pd.DataFrame, periods: Periods) -> pd.DataFrame:
    """Counts by cell (rows) and step, of which one that has no alert at all is there too, so that time has no gaps."""
    wide = frame.pivot(index="cell", columns=periods.unit, values="n")
    wide.columns = pd.DatetimeIndex(wide.columns)
    return wide.reindex(columns=periods.starts.union(pd.DatetimeIndex(wide.columns)))


def _lines(found: EmergingHotSpots, source: Source) -> tuple[EmergingRow, ...]:
    """The places with their names: those of known places where they are such."""
    names: Mapping[str, SpotName] = name_spots(found.places, source.city, known_places(source))
    ids = known_ids(found.places, known_places(source))
    lines = []
    for rank, place in enumerate(found.places, start=1):
        row: Any = found.frame.loc[place.peak]
        hot = CLASSES[place.cls].sign > 0
        lines.append(
            EmergingRow(
                place=place,
                rank=rank,
                name=names[place.id],
                marked=int(row["hot_steps"] if hot else row["cold_steps"]),
                since=None if pd.isna(row["since"]) else row["since"].date(),
                slope=float(row["slope"]),
                p_trend=float(row["p_trend"]),
                q_trend=float(row["q_trend"]),
                id=ids[rank - 1],
            )
        )
    return tuple(lines)
