"""The calendar: each day of the last twelve months in the colour of its count, weeks from left to right."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from curim_data.model import Translator
from curim_data.privacy import Counted, DisclosureError
from pages.parts.charts import plots
from pages.parts.charts.figure import Figure
from pages.parts.charts.numbers import written_alerts
from pages.parts.charts.style import base_figure, time_axis
from pages.parts.frame import Page, palette
from pages.parts.frame.colours import COUNTS
from pages.parts.frame.results import cached_query
from pages.parts.trends.queries import period_dates

WEEKS: Final = 53
HEIGHT: Final = 200
DAY: Final = "local_date"


def draw_calendar(page: Page) -> None:
    """The calendar with its sentence, or why there is none."""
    t, source = page.t, page.source
    st.subheader(t("Calendar"))
    assert source is not None
    if not source.known_time.knows("day"):
        st.write(t("No calendar is shown: of these alerts the month alone is known, not the day."))
        return
    start, end = period_dates(page)
    end = min(end, source.as_of)
    start = max(start, source.first, end - dt.timedelta(days=7 * WEEKS - 7 + end.weekday()))
    chosen = page.filter.replace(period="", start=start, end=end)
    try:
        counted: Counted = cached_query(page, "counts", (DAY,), filter=chosen, complete=True)
    except DisclosureError as refused:
        st.write(t(refused.message))
        return
    frame = counted.frame.dropna(subset=[DAY])
    if not (frame["n"] > 0).any():
        st.write(t("There is nothing to show."))
        return
    sentence = fullest_day_sentence(t, frame)
    plots.draw_chart(
        page,
        calendar_figure(page, frame),
        key="trends_calendar",
        alt=t("Alerts by day, a column for each week. {sentence}", sentence=sentence),
        data=frame[[DAY, "n"]],
        file_name="calendar.csv",
    )
    st.write(sentence)


def fullest_day_sentence(t: Translator, frame: pd.DataFrame) -> str:
    """The day with the most alerts, and how many days had none."""
    row = frame.loc[frame["n"].idxmax()]
    day = pd.Timestamp(row[DAY]).date()
    most = t.n("{n} alert", "{n} alerts", round(row["n"]))
    fullest = t(
        "The day with the most: {weekday}, {day}, with {most}.", weekday=t.weekday(day.weekday()), day=day, most=most
    )
    none = int((frame["n"] == 0).sum())
    return fullest + (" " + t.n("{n} day had none.", "{n} days had none.", none) if none else "")


def calendar_figure(page: Page, frame: pd.DataFrame) -> Figure:
    """Weeks by weekdays, Monday on top. `frame`: columns `local_date` and `n`. Days outside the period have no cell."""
    t, colours = page.t, palette(page.theme)
    days = pd.to_datetime(frame[DAY])
    mondays = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    weeks = pd.date_range(mondays.min(), mondays.max(), freq="7D")
    grid = np.full((7, len(weeks)), np.nan)
    texts = np.full((7, len(weeks)), "", dtype=object)
    at = days.dt.day_of_week.to_numpy(), weeks.get_indexer(pd.DatetimeIndex(mondays))
    counts = frame["n"].to_numpy(dtype=float)
    grid[at] = counts
    told = {n: written_alerts(page, n) for n in set(counts.tolist())}
    texts[at] = [
        f"{t.weekday(day.weekday())} {t.date(day)}: {told[n]}"
        for day, n in zip(days.dt.date, counts.tolist(), strict=True)
    ]
    most = float(counts.max())
    figure = base_figure(t, colours, height=HEIGHT + plots.CLOCK_LEGEND)
    names = [t.weekday(day, "abbreviated") for day in range(7)]
    figure.add_heatmap(
        z=grid,
        zmin=0,
        zmax=most,
        colorscale=[[0, colours.land], [0.0001, COUNTS[0]], *[[(i + 1) / 5, c] for i, c in enumerate(COUNTS)]],
        colorbar=plots.count_legend(t, colours, most, t("Number in a day"), below=46),
        x=weeks,
        y=names,
        xgap=1,
        ygap=1,
        hovertext=texts.tolist(),
        hoverinfo="text",
    )
    time_axis(figure, t, pd.Series(weeks), compact=page.narrow)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=names[::2])
    return figure
