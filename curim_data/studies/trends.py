"""Trends and forecasts under a filter: the number of alerts by day, week or month with its expected range and its next
periods, and in which cells of the map the next alerts are to be expected.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from analysis.forecast import NextPeriods, PlaceForecast, forecast_next, forecast_places
from analysis.grid import resolution_for
from analysis.spots.naming import name_spots
from analysis.stats.intervals import CellPlace, Choice
from analysis.trends.changes import CANDIDATE_KEYS, NO_NEWS, Change
from analysis.trends.time_series import Trend, level_positions, regular_periods, reported_part, trend_of, whole_steps
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import (
    MOST_MAP_CELLS,
    N_,
    NO_POSITIONS,
    CityProfile,
    FloatArray,
    Message,
    Span,
    Translator,
    is_small,
)
from curim_data.model.absence import CalendarUnit, fewer_than
from curim_data.model.i18n import at_head, first_case
from curim_data.model.labels import grade_words, inline
from curim_data.privacy import is_sensitive, require_exact, threshold
from curim_data.query import Total
from curim_data.studies.cells import OF_CITY, affordable_size, default_coordinates, has_area, whole_city
from curim_data.studies.changes import ChangeStudy, change_study
from curim_data.studies.periods import (
    TELLING_RATIO,
    ComparedPeriods,
    chosen_from,
    coverage_choices,
    earlier_spans,
    level_breaks,
    reporting_lag,
)

# What became of the alerts of a filter, by the grade of their change and its direction.
_CHANGED: Final = {
    ("clear", 1): N_("clear rise"),
    ("clear", -1): N_("clear fall"),
    ("probable", 1): N_("probable rise"),
    ("probable", -1): N_("probable fall"),
    ("open", 1): N_("no clear rise"),
    ("open", -1): N_("no clear fall"),
}
_AGAINST: Final = {
    "season": N_("{n} against {expected} usual for this time of year"),
    "year": N_("{n} against {expected} in the same time a year before"),
    "before": N_("{n} against {expected} expected from the time just before"),
}
MOST_YEARS: Final = 5


@dataclass(frozen=True)
class Answer:
    """Whether the alerts of a filter became more or fewer in its period: the judgement of all of them together that the
    Briefing gives, under the same filter and of the same days.

    `change`: with the figures of the audience, but the grade and the direction of what everybody is told; None where
    nothing is compared. `few`: too few to tell, so that "no change" would be no finding.
    """

    periods: ComparedPeriods
    total: Total
    change: Change | None
    few: bool

    def sentence(self, subject: str, t: Translator) -> str:
        """The answer as a heading; `subject`: that of the filter. Without a comparison the number alone."""
        change, least = self.change, self.total.threshold
        if change is None or self.total.withheld:
            alone = self.periods.before is None and not self.total.withheld
            words = N_("{subject}: {n}, with no earlier time to compare") if alone else N_("{subject}: {n}")
            return at_head(t(words, subject=subject, n=self.total.said))
        near, others = abs(change.after - change.expected) <= NO_NEWS * change.expected, self.total.n - change.after
        n, expected = (
            fewer_than(least) if is_small(one, least) else one
            for one in (
                change.after if min(change.after, others) >= max(1, least) else self.total.n,
                round(change.expected),
            )
        )
        text = first_case(
            (change.grade != "open", N_("{subject}: {change}, {counts}")),
            (self.few, N_("{subject}: too few to tell, {counts}")),
            (near, N_("{subject}: no change, {counts}")),
            (True, N_("{subject}: {change}, {counts} ({grade})")),
        )
        values = {
            "subject": subject,
            "change": t(_CHANGED[change.grade, change.direction or 1]),
            "counts": t(_AGAINST[change.compared], n=n, expected=expected),
            "grade": inline(grade_words(t, change.grade)),
        }
        return at_head(t(text, **values))


def answer_study(source: Source, f: AlertFilter, own: ChangeStudy | None = None) -> Answer:
    """Whether there are more or fewer alerts in a filter's period than were to be expected.

    `own`: the changes of these alerts, where they are there already.
    """
    own, city = own or change_study(source, f), dict.fromkeys(CANDIDATE_KEYS)
    chosen = chosen_from(source, f)
    change, told = own.changes.of(city), (own if chosen is source else change_study(chosen, f)).changes.of(city)
    known = change is not None and told is not None and np.isfinite(change.p) and np.isfinite(told.p)
    visible = own.changes.visible()
    return Answer(
        own.periods,
        query.total(source, f),
        replace(change, grade=told.grade, direction=told.direction) if known and change and told else None,
        few=visible is not None and visible[0] > TELLING_RATIO,
    )


def earlier_years(source: Source, f: AlertFilter) -> list[tuple[Span, Total]]:
    """The filter's period and the same days, or months, of up to four years before it, as far as the data cover all of
    it; the latest first.
    """
    start, end = query.dates(source, f)
    days = start, min(end, max(start, source.as_of))
    found: list[tuple[Span, Total]] = []
    while len(found) < MOST_YEARS and days[0] >= source.first and days[0] <= days[1]:
        if found and not source.coverage.covered(pd.date_range(*days, freq="D")).all():
            break
        span = Span(*days, by_month=source.by_month)
        found.append((span, query.total(source, f.replace(period="", start=days[0], end=days[1]))))
        year, just = earlier_spans(days, by_month=source.by_month)
        days = year[0], min(year[1], just[1])
    return found


def trend_study(source: Source, f: AlertFilter, unit: CalendarUnit = "week") -> Trend | None:
    """The series under a filter with its expected range: judged by all of its history, shown for the filter's period.

    The week or month in which the data begin is shown, marked incomplete; one that lies partly before the filter's
    period is not.

    The last periods are judged by the part of their alerts that is thought to be reported (`periods.reporting_lag`).
    Alerts after dark or by day are judged by their season alone (`Trend.of_one_light`).
    By month, whatever unit is asked for, where only the month is known (`Trend.unit`, `Trend.column`). None where the
    history has no period at all.
    """
    unit = source.known_time.unit(unit)
    column = "local_date" if unit == "day" else unit
    start, end = query.dates(source, f)
    history = f.replace(period="", start=source.first, end=end)
    series = _counted(source, history, column)
    if series.empty:
        return None
    breaks = tuple(day for day in level_breaks(source, f) if source.first < day <= end)
    last = min(end, source.as_of)
    about: dict[str, Any] = {"lag": reporting_lag(source), "breaks": breaks, "covered": source.coverage.whole}
    trend = source.once(
        "trends",
        (history, unit, breaks, last),
        lambda: trend_of(series, (source.first, last), column, unit, **about),
    )
    if f.dark is not None:
        trend = trend.of_one_light()
    choices = (*trend.choices, *coverage_choices(source, start, last))
    trend = replace(trend, least=threshold(source, is_sensitive(f, source.city)), choices=choices)
    return trend if start <= source.first else trend.since(start)


def _counted(source: Source, history: AlertFilter, column: str) -> pd.DataFrame:
    """Alerts by week, month or day: line and forecast are made of the same counts, which are counted once."""
    counted = source.once("series", (history, column), lambda: query.counts(source, history, [column], complete=True))
    return counted.frame.copy()


def next_periods_study(source: Source, f: AlertFilter, unit: CalendarUnit) -> NextPeriods | Message:
    """The next eight weeks, or two months, after the whole ones of the filter's period; or why none is shown.

    By month where that is asked for or nothing finer is known, else by week. From all of the history under the filter.
    """
    step: Literal["week", "month"] = "month" if source.known_time.unit(unit) == "month" else "week"
    end = min(query.dates(source, f)[1], source.as_of)
    series = _counted(source, f.replace(period="", start=source.first, end=end), step)
    if series.empty:
        return NO_ALERTS
    rows = regular_periods(series, (source.first, end), step, step, source.coverage.whole)
    inside = np.flatnonzero(rows["complete"])
    whole = rows.iloc[inside[0] : inside[-1] + 1] if len(inside) else rows.iloc[:0]
    days = whole[step]
    one = pd.DateOffset(months=1) if step == "month" else pd.Timedelta(days=7)
    start = (days.iloc[-1] + one if len(days) else rows[step].iloc[0]).date()
    breaks = [day for day in level_breaks(source, f) if source.first < day < start]
    return forecast_next(
        whole["n"].where(whole["complete"]).to_numpy(dtype=float),
        start,
        step,
        complete=reported_part(whole, step, step, reporting_lag(source)),
        breaks=level_positions(days, breaks),
    )


NO_ALERTS: Final = Message("No forecast is shown: there are no alerts to make one from.")
NO_WEEK: Final = Message("There is no whole week of data before the end of the period.")
LISTED: Final = ("cell", "name", "expected", "low", "high", "last_weeks", "longitude", "latitude")
MOST_WEEKS: Final = 4
# Cells times weeks that are held in memory at once.
MOST_COUNTS: Final = 20_000_000


@dataclass(frozen=True, eq=False)
class ForecastStudy:
    """Where alerts are expected in the weeks that follow the last whole one of the filter's period, from `start` on.

    cells : PlaceForecast or None
        By cell of the map, default coordinates left out; None where `refused` says why there is nothing to try.
    listed : DataFrame
        The cells where most alerts are expected in these weeks, with the columns `LISTED`: `low` and `high` are the
        limits (95 %) of `expected`, `last_weeks` the alerts of the last 52 weeks, and `name` is a `SpotName`.
    """

    start: dt.date
    weeks: int
    cells: PlaceForecast | None = None
    refused: Message | None = None
    listed: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LISTED)))
    resolution: int | None = None
    choices: tuple[Choice, ...] = ()
    notes: tuple[Message, ...] = ()


def forecast_study(
    source: Source, f: AlertFilter, weeks: int = MOST_WEEKS, resolution: int | None = None
) -> ForecastStudy:
    """Forecast where the alerts of the 1 to 4 weeks after the filter's period will be, from all whole weeks before.

    The city is the whole city, whatever area the filter names. DisclosureError for an audience without exact counts:
    it would be pointed at single alerts. How many there will be in all is `next_periods_study`.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise ValueError(f"1 to {MOST_WEEKS} weeks, not {weeks}")
    require_exact(source)
    lacking = source.lacks("week")
    mondays = whole_weeks(source, f) if lacking is None else pd.DatetimeIndex([])
    if not len(mondays):
        why, notes = lacking or NO_WEEK, source.coverage.sentences(last=source.as_of)
        return ForecastStudy(source.as_of, weeks, refused=why, notes=() if lacking else notes)
    start = mondays[-1].date() + dt.timedelta(weeks=1)
    history = whole_city(f.replace(period="", start=mondays[0].date(), end=start - dt.timedelta(days=1)))
    notes = (*source.coverage.sentences(last=start), *((OF_CITY,) if has_area(f) else ()))
    total, city = query.total(source, history), source.city
    if total.nowhere:
        return ForecastStudy(start, weeks, refused=NO_POSITIONS, notes=notes)
    chosen = None
    if resolution is None:
        affordable = city.finest_affordable()
        chosen = resolution_for(total.mapped or 0, city.area_km2, cells=city.sampled_cells, affordable=affordable)
        resolution = int(chosen.value)
    chosen = affordable_size(city, resolution, min(MOST_MAP_CELLS, MOST_COUNTS // len(mondays)), chosen)
    size = int(chosen.value)
    found = forecast_places(_weekly_cells(source, history, mondays, size), city.land_cells(size), weeks)
    return ForecastStudy(
        start,
        weeks,
        found,
        found.backtest.refused,
        listed=_listed(found, city),
        resolution=size,
        choices=(chosen, *default_coordinates(total.at_default)),
        notes=notes,
    )


def whole_weeks(source: Source, f: AlertFilter) -> pd.DatetimeIndex:
    """The Mondays of the weeks that lie wholly within the data, after their last long gap, and before the end of the
    filter's period.
    """
    first, end = source.coverage.stretch(min(query.dates(source, f)[1], source.as_of))
    return whole_steps(first, end, "week")


def _weekly_cells(source: Source, history: AlertFilter, mondays: pd.DatetimeIndex, size: int) -> FloatArray:
    """Counts by cell of the land (rows) and week."""
    frame = query.counts(source, history, ["cell", "week"], resolution=size, without_default_points=True).frame
    wide = frame.pivot(index="cell", columns="week", values="n")
    return wide.reindex(index=source.city.land_cells(size).index, columns=mondays).fillna(0.0).to_numpy(dtype=float)


def _listed(found: PlaceForecast, city: CityProfile) -> pd.DataFrame:
    """The list of cells, as `ForecastStudy.listed` has them."""
    cells = found.listed.index
    places = [CellPlace(f"{cell:x}", (), *reversed(h3.cell_to_latlng(int(cell)))) for cell in cells]
    names: dict[str, Any] = {**name_spots(places, city)}
    return found.listed[["expected", "low", "high"]].assign(
        cell=cells,
        name=[names[place.id] for place in places],
        last_weeks=found.frame["last_weeks"].reindex(cells).astype(int),
        longitude=[round(place.longitude, 5) for place in places],
        latitude=[round(place.latitude, 5) for place in places],
    )[list(LISTED)]


def cells_frame(t: Translator, listed: pd.DataFrame) -> pd.DataFrame:
    """The listed cells as a table: H3 names, and the names of places in words."""
    cells, names = [f"{cell:x}" for cell in listed["cell"]], [name(t) for name in listed["name"]]
    return listed.assign(cell=cells, name=names, expected=listed["expected"].round(2)).reset_index(drop=True)
