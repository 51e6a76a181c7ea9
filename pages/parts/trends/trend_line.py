"""The line of counts over what was to be expected."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.forecast.next_periods import NextPeriods
from analysis.trends.time_series import Trend, period_total
from curim_data.model import Message, Translator
from curim_data.privacy import DisclosureError
from curim_data.studies.periods import annotations_for
from pages.parts.charts import plots
from pages.parts.charts.figure import Figure
from pages.parts.charts.time_marks import MOST_LABELS, TimeMark, add_alarm_labels, add_forecast, add_marks
from pages.parts.frame import Page, draw_footer, palette
from pages.parts.frame.results import cached_query
from pages.parts.trends.annotations import draw_annotations
from pages.parts.trends.queries import forecast_of, period_dates, units_offered

MOST_SHIFTS = 3  # the latest, that are drawn and written


def draw_trend_line(page: Page, trend: Trend) -> None:
    """The line with its range, shifts of the level, notes and forecast; in words; its data."""
    t, frame = page.t, trend.frame
    columns = [trend.column, "n", "expected", "lower", "upper", "alarm"]
    if frame["adjusted"].notna().any():
        note = t("Remove the seasonal pattern: the dotted line shows what remains.")
        if st.toggle(t("Seasonally adjusted"), key="trends_adjusted", help=note):
            columns.append("adjusted")
    ends = frame.index.isin(frame.index[[0, -1]])
    shown = frame[columns].assign(n=frame["n"].where(frame["complete"] | ends))  # a gap in the data is one in the line
    incomplete = not bool(frame["complete"].iloc[-1])
    beginning = not bool(frame["complete"].iloc[0])
    hollow = {"incomplete": incomplete, "beginning": beginning}
    figure = plots.band_figure(page, shown, time=trend.column, height=340, name=t("alerts"), **hollow)
    ahead = _forecast(page, trend)
    marks = shift_marks(t, trend) + note_marks(page, trend)
    _draw_on(page, figure, trend, marks, ahead)
    figure.show_named_legend()
    plots.draw_chart(
        page,
        figure,
        key="trends_line",
        alt=t("Alerts over time with the expected range. {sentence}", sentence=trend.sentence(t)),
        data=_with_forecast(shown, ahead),
        file_name="trend.csv",
    )
    together = period_total(trend)
    sentences = [
        alarms_sentence(t, trend),
        *([together.sentence(t)] if together else []),
        *(shift.sentence(t) for shift in trend.shifts[-MOST_SHIFTS:]),
    ]
    draw_footer(page, sentence=" ".join(sentences), total=cached_query(page, "total"), choices=trend.choices)
    if isinstance(ahead, NextPeriods):
        st.write(ahead.sentence(t))
        st.caption(ahead.past_sentence(t))
    elif ahead is not None:
        st.caption(t(ahead))
    draw_annotations(page)


def _forecast(page: Page, trend: Trend) -> NextPeriods | Message | None:
    """The next weeks or months, or why none; None by day."""
    if trend.unit == "day":
        return None
    try:
        return forecast_of(page.dataset, page.filter, trend.unit)
    except DisclosureError:
        return None


def _draw_on(
    page: Page, figure: Figure, trend: Trend, marks: list[TimeMark], ahead: NextPeriods | Message | None
) -> None:
    t, frame, colours = page.t, trend.frame, palette(page.theme)
    if isinstance(ahead, NextPeriods):
        days = frame[trend.column]
        add_forecast(figure, ahead.frame, trend.column, t, colours, shown=days, narrow=page.narrow)
    add_alarm_labels(page, figure, frame, trend.column, colours, 1 if page.narrow else MOST_LABELS)
    add_marks(figure, marks, colours, last=frame[trend.column].iloc[-1].date())


def _with_forecast(shown: pd.DataFrame, ahead: NextPeriods | Message | None) -> pd.DataFrame:
    """The data of the chart; the rows of the forecast have the columns forecast, low, high, low_inner, high_inner."""
    if not isinstance(ahead, NextPeriods):
        return shown
    return pd.concat([shown, ahead.frame.rename(columns={"expected": "forecast"})], ignore_index=True)


def shift_marks(t: Translator, trend: Trend) -> list[TimeMark]:
    """The latest shifts of the level."""
    return [
        TimeMark(
            shift.day,
            t("level {before} → {after}", before=level_number(t, shift.before), after=level_number(t, shift.after)),
            "alarm" if shift.recent else "level",
        )
        for shift in trend.shifts[-MOST_SHIFTS:]
    ]


def level_number(t: Translator, level: float) -> str:
    """A level as it is written in a label and in its sentence."""
    return t.number(level, 0 if level >= 10 else 1)


def note_marks(page: Page, trend: Trend) -> list[TimeMark]:
    """What an analyst noted within the time that is shown."""
    source, days = page.source, trend.frame[trend.column]
    if source is None:
        return []
    first, last = days.iloc[0].date(), days.iloc[-1].date()
    return [
        TimeMark(max(one.start, first), one.note, "note", None if one.end is None else min(one.end, last))
        for one in annotations_for(source, page.filter)
        if one.start <= last and (one.end or one.start) >= first
    ]


def alarms_sentence(t: Translator, trend: Trend) -> str:
    """How many periods lay outside the expected range, and which were the latest."""
    judged = int((trend.frame["expected"].notna() & trend.frame["n"].notna()).sum())
    if not judged:
        return t("It is too early to say what is usual: the data do not go back far enough.")
    found = trend.alarms
    if found.empty:
        return t.n(
            "The one period that could be assessed lies within the expected range.",
            "All {n} periods that could be assessed lie within the expected range.",
            judged,
        )
    days = [day.date() for day in found[trend.column]][-3:]
    latest = t.join([t.date(day, "LLLL y" if trend.unit == "month" else "medium") for day in days])
    return t.n(
        "{n} of {judged} periods lies outside the expected range: {periods}.",
        "{n} of {judged} periods lie outside the expected range; the latest: {periods}.",
        len(found),
        judged=judged,
        periods=latest,
    )


def small_chart_unit(page: Page) -> str:
    """The unit of the small charts: weeks for a short period."""
    start, end = period_dates(page)
    short = pd.Timestamp(end) - pd.Timestamp(start) < pd.Timedelta(days=150)
    short = short and "week" in units_offered(page)
    return page.source.known_time.unit("week") if short and page.source is not None else "month"
