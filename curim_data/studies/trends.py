"""Trends and forecasts under a filter: the number of alerts by day, week or month with its expected range, and what is
to be expected next of the city, of its places and of the cells of the map.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from analysis.forecast import CountForecast, NextPeriods, PlaceForecast, forecast_counts, forecast_next, forecast_places
from analysis.grid import resolution_for
from analysis.spots.naming import name_spots
from analysis.stats.intervals import CellPlace, Choice
from analysis.trends.changes import CANDIDATE_KEYS, NO_NEWS, Change
from analysis.trends.time_series import Trend, level_positions, regular_periods, reported_part, trend_of
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import (
    MOST_MAP_CELLS,
    N_,
    NO_POSITIONS,
    BoolArray,
    CityProfile,
    FloatArray,
    Message,
    Span,
    Translator,
    is_small,
)
from curim_data.model.absence import CalendarUnit
from curim_data.model.i18n import at_head, first_case
from curim_data.model.labels import grade_words, inline
from curim_data.privacy import is_sensitive, threshold
from curim_data.query import Total
from curim_data.studies.cells import affordable_size, default_coordinates, nested_cells, whole_city
from curim_data.studies.changes import change_study
from curim_data.studies.periods import (
    TELLING_RATIO,
    ComparedPeriods,
    chosen_from,
    coverage_choices,
    earlier_spans,
    level_breaks,
    reporting_lag,
    whole_steps,
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
            Message("fewer than {k}", {"k": least}) if is_small(one, least) else one
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


def answer_study(source: Source, f: AlertFilter) -> Answer:
    """Whether there are more or fewer alerts in a filter's period than were to be expected."""
    own, city = change_study(source, f), dict.fromkeys(CANDIDATE_KEYS)
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
        return Message("No forecast is shown: there are no alerts to make one from.")
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


LISTED: Final = ("cell", "name", "expected", "low", "high", "last_weeks", "longitude", "latitude")
MOST_WEEKS: Final = 4
RECENT_WEEKS: Final = 26
# Cells times weeks that are held in memory at once.
MOST_COUNTS: Final = 20_000_000


@dataclass(frozen=True, eq=False)
class ForecastStudy:
    """The weeks that follow `end`, the last day of the last whole week of the filter's period.

    city : CountForecast or None
        All alerts under the filter, unmapped ones too; None with `city_refused`. `recent`: its last weeks, with the
        columns week and n.
    places : tuple
        Landmarks with alerts, the one with most expected first, by id.
    cells : PlaceForecast or None
        By cell of the map, default coordinates left out; None with `cells_refused`. `listed`: the cells where most
        alerts are expected in these weeks, with the columns `LISTED`: `low` and `high` are the limits (95 %) of
        `expected`, `last_weeks` the alerts of the last 52 weeks, and `name` is a `SpotName`.
    """

    start: dt.date
    weeks: int
    city: CountForecast | None = None
    city_refused: Message | None = None
    places: tuple[tuple[str, CountForecast], ...] = ()
    cells: PlaceForecast | None = None
    cells_refused: Message | None = None
    listed: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LISTED)))
    resolution: int | None = None
    choices: tuple[Choice, ...] = ()
    recent: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"week": pd.DatetimeIndex([]), "n": []}))
    notes: tuple[Message, ...] = ()


def forecast_study(
    source: Source, f: AlertFilter, weeks: int = MOST_WEEKS, resolution: int | None = None
) -> ForecastStudy:
    """Forecast the 1 to 4 weeks after the filter's period, from all the whole weeks before its end.

    The city is the whole city, whatever area the filter names. An audience without exact counts gets the city and the
    places of which it may see every week; a forecast by cell would point it at single alerts.
    """
    if not 1 <= weeks <= MOST_WEEKS:
        raise ValueError(f"1 to {MOST_WEEKS} weeks, not {weeks}")
    by_week = source.known_time.knows("week")
    mondays = whole_weeks(source, f) if by_week else pd.DatetimeIndex([])
    if not len(mondays):
        start = source.as_of if by_week else query.dates(source, f)[1] + dt.timedelta(days=1)
        why = (
            Message("There is no whole week of data before the end of the period.")
            if by_week
            else Message(
                "No forecast is shown: it goes by the week, and of these alerts the month alone is known, not the day."
            )
        )
        notes = source.coverage.sentences(last=start) if by_week else ()
        return ForecastStudy(start, weeks, city_refused=why, cells_refused=why, notes=notes)
    start = mondays[-1].date() + dt.timedelta(weeks=1)
    history = whole_city(f.replace(period="", start=mondays[0].date(), end=start - dt.timedelta(days=1)))
    counted = query.counts(source, history, ["week"], complete=True)
    known = source.coverage.untouched(mondays, "week")
    series = _series(counted.frame, mondays, known)
    city = forecast_counts(series, start, weeks)
    few = Message("No forecast is shown: {n} whole weeks are too few to try one on the past.", {"n": len(series)})
    notes = (*counted.notes, *source.coverage.sentences(last=start))
    if f.districts or f.places or f.cells:
        notes += (Message("The forecast is of the whole city, whatever area the filter names."),)
    study = ForecastStudy(
        start,
        weeks,
        city=city,
        city_refused=few if city is None else None,
        places=_places(source, history, mondays, known, start, weeks),
        recent=pd.DataFrame({"week": mondays, "n": series}).tail(RECENT_WEEKS).reset_index(drop=True),
        notes=notes,
    )
    if source.protected:
        why = Message(
            "The forecast by map cell is for specialists: it needs the exact number of alerts in every cell and week."
        )
        return replace(study, cells_refused=why)
    return _with_cells(study, source, history, mondays, resolution)


def whole_weeks(source: Source, f: AlertFilter) -> pd.DatetimeIndex:
    """The Mondays of the weeks that lie wholly within the data, after their last long gap, and before the end of the
    filter's period.
    """
    first, end = source.coverage.stretch(min(query.dates(source, f)[1], source.as_of))
    return whole_steps(first, end, "week")


def _series(frame: pd.DataFrame, mondays: pd.DatetimeIndex, known: BoolArray) -> FloatArray:
    """Counts of the weeks in order, zero where there is no row; unknown ones lie between those of their neighbours."""
    rows = frame.set_index(pd.to_datetime(frame["week"]))["n"]
    counts = np.where(mondays.isin(rows.index), rows.reindex(mondays).to_numpy(dtype=float), 0.0)
    at = np.arange(len(counts))
    return counts if known.all() or not known.any() else np.interp(at, at[known], counts[known])


def _places(
    source: Source, history: AlertFilter, mondays: pd.DatetimeIndex, known: BoolArray, start: dt.date, weeks: int
) -> tuple[tuple[str, CountForecast], ...]:
    """Outlooks of the landmarks."""
    frame = query.counts(source, history, ["place", "week"], complete=True).frame.dropna(subset=["place"])
    series = {str(place): _series(rows, mondays, known) for place, rows in frame.groupby("place")}
    outlooks = [
        (place, one)
        for place, counts in series.items()
        if counts.any() and (one := forecast_counts(counts, start, weeks)) is not None
    ]
    return tuple(sorted(outlooks, key=lambda pair: -pair[1].total.value))


def _with_cells(
    study: ForecastStudy,
    source: Source,
    history: AlertFilter,
    mondays: pd.DatetimeIndex,
    resolution: int | None,
) -> ForecastStudy:
    total, city = query.total(source, history), source.city
    if total.nowhere:
        return replace(study, cells_refused=NO_POSITIONS)
    chosen = None
    if resolution is None:
        affordable = city.finest_affordable()
        chosen = resolution_for(total.mapped or 0, city.area_km2, cells=city.sampled_cells, affordable=affordable)
        resolution = int(chosen.value)
    chosen = affordable_size(city, resolution, min(MOST_MAP_CELLS, MOST_COUNTS // max(len(mondays), 1)), chosen)
    size = int(chosen.value)
    land = city.land_cells(size)
    if len(land) * len(mondays) > MOST_COUNTS:
        why = Message("No forecast is shown: there are too many cells and weeks for one. Choose larger cells.")
        return replace(study, cells_refused=why)
    frame = query.counts(source, history, ["cell", "week"], resolution=size, without_default_points=True).frame
    wide = frame.pivot(index="cell", columns="week", values="n").reindex(index=land.index, columns=mondays)
    at_default = int(query.default_coordinates(source, history)["n"].sum())
    found = forecast_places(wide.fillna(0.0).to_numpy(dtype=float), land, study.weeks)
    return replace(
        study,
        cells=found,
        cells_refused=found.backtest.refused,
        listed=_listed(found, city),
        resolution=size,
        choices=(chosen, *default_coordinates(at_default), *found.choices, *nested_cells(size)),
    )


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
