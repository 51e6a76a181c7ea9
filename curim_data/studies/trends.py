"""The number of alerts by day, week or month under a filter, with its expected range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.forecast.next_periods import NextPeriods, forecast_next
from analysis.trends.time_series import Trend, level_positions, regular_periods, reported_part, trend_of
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.model.absence import CalendarUnit
from curim_data.privacy import is_sensitive, threshold
from curim_data.query.reporting_lag import reporting_lag
from curim_data.studies.periods import coverage_choices, level_breaks

# By the unit of a series: the column of its counts.
COLUMNS: Final[Mapping[CalendarUnit, str]] = {"day": "local_date", "week": "week", "month": "month"}


def trend_study(source: Source, f: AlertFilter, unit: CalendarUnit = "week") -> Trend | None:
    """The series under a filter with its expected range: judged by all of its history, shown for the filter's period.

    The week or month in which the data begin is shown, marked incomplete; one that lies partly before the filter's
    period is not.

    The last periods are judged by the part of their alerts that is thought to be reported (`query.reporting_lag`).
    Alerts after dark or by day are judged by their season alone (`Trend.of_one_light`).
    By month, whatever unit is asked for, where only the month is known (`Trend.unit`, `Trend.column`). None where the
    history has no period at all.
    """
    unit = source.known_time.unit(unit)
    start, end = query.dates(source, f)
    history = f.replace(period="", start=source.first, end=end)
    column = COLUMNS[unit]
    series = _counted(source, history, column)
    if series.empty:
        return None
    breaks = tuple(day for day in level_breaks(source, f) if source.first < day <= end)
    last = min(end, source.as_of)
    trend = source.once(
        "trends",
        (history, unit, breaks, last),
        lambda: trend_of(
            series,
            (source.first, last),
            column,
            unit,
            lag=reporting_lag(source),
            breaks=breaks,
            covered=source.coverage.whole,
        ),
    )
    if f.dark is not None:
        trend = trend.of_one_light()
    least = threshold(source, is_sensitive(f, source.city))
    gaps = coverage_choices(source, start, last)
    trend = replace(trend, least=least, choices=(*trend.choices, *gaps))
    return trend if start <= source.first else trend.since(start)


def _counted(source: Source, history: AlertFilter, column: str) -> pd.DataFrame:
    """Alerts by week, month or day: line and forecast are made of the same counts, which are counted once."""
    counted = source.once("series", (history, column), lambda: query.counts(source, history, [column], complete=True))
    return counted.frame.copy()


def forecast_study(source: Source, f: AlertFilter, unit: CalendarUnit) -> NextPeriods | Message:
    """The next eight weeks, or two months, after the whole ones of the filter's period; or why none is shown.

    By month where that is asked for or nothing finer is known, else by week. From all of the history under the filter.
    """
    step: Literal["week", "month"] = "month" if source.known_time.unit(unit) == "month" else "week"
    end = min(query.dates(source, f)[1], source.as_of)
    history = f.replace(period="", start=source.first, end=end)
    series = _counted(source, history, step)
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
