"""The answer to the filter and the line that proves it; earlier years and the next weeks; notes on the time line."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.forecast import NextPeriods
from analysis.trends.time_series import Trend
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CalendarUnit, Message, Role, Translator, category_label
from curim_data.model.coverage import CORRECTIONS, KIND_WORDS, KINDS, LONGEST_NOTE, AnnotationKind
from curim_data.privacy import DisclosureError, is_sensitive
from curim_data.studies import changes, trends
from curim_data.studies.periods import annotations_for
from curim_data.studies.trends import Answer
from pages.parts.charts import (
    MOST_LABELS,
    Figure,
    TimeMark,
    add_alarm_labels,
    add_forecast,
    add_marks,
    drawn_counts,
    plots,
    tables,
    written_count,
)
from pages.parts.frame import (
    CALCULATION,
    Dataset,
    Page,
    cached_query,
    calculated,
    draw_footer,
    draw_link_choice,
    help_link,
    palette,
    shared,
    source_of,
    word_in_link,
)
from pages.parts.plans import ask_author, draw_annotation, save_annotation

UNITS: tuple[CalendarUnit, ...] = ("day", "week", "month")
USUAL: CalendarUnit = "week"
trend_of = shared(trends.trend_study, CALCULATION)
forecast_of = shared(trends.next_periods_study, CALCULATION)
changes_of = shared(changes.change_study, CALCULATION)
earlier_of = shared(trends.earlier_years)
MOST_SHIFTS = 3  # the latest, that are drawn
BEFORE_THE_FORECAST = 26  # periods of the line that are drawn before it


@calculated(CALCULATION)
def answer_of(dataset: Dataset, f: AlertFilter) -> trends.Answer:
    """Whether there are more or fewer alerts than were to be expected; its changes are kept for all processes too."""
    return trends.answer_study(source_of(dataset), f, changes_of(dataset, f))


def all_until(source: Source, f: AlertFilter) -> AlertFilter:
    """The filter of all days until the last one of its period."""
    return f.replace(period="", start=source.first, end=query.dates(source, f)[1])


def units_offered(page: Page) -> tuple[CalendarUnit, ...]:
    """The units of time that the audience may see: of sensitive alerts the copy has months alone."""
    seen = UNITS if not page.protected else ("week", "month")
    return ("month",) if page.protected and is_sensitive(page.filter, page.city) else seen


def draw_unit_choice(page: Page) -> CalendarUnit:
    """The unit of time: from the link, and as the reader picks it where there are several."""
    t, units, known = page.t, units_offered(page), page.alerts.known_time
    asked = known.unit(word_in_link("by", units, USUAL if USUAL in units else units[0]))
    labels = {"day": t("Day"), "week": t("Week"), "month": t("Month")}
    offered = {unit: labels[unit] for unit in units if known.knows(unit)}
    if len(offered) < 2:
        return asked
    unit: CalendarUnit = draw_link_choice(t("By"), offered, "by", "trends_by", USUAL, chosen=asked, buttons=True)
    return unit


def trend_or_reason(page: Page, unit: CalendarUnit, chosen: AlertFilter | None = None) -> tuple[Trend | None, str]:
    """The trend, or in words why there is none."""
    try:
        trend = trend_of(page.dataset, chosen or page.filter, unit)
    except DisclosureError as refused:
        return None, page.t(refused.message)
    empty = trend is None or trend.frame.empty
    return (None, page.t("The period holds no whole day of data.")) if empty else (trend, "")


def period_dates(page: Page) -> tuple[dt.date, dt.date]:
    """First and last day of the filter's period."""
    return query.dates(page.alerts, page.filter)


def page_headline(page: Page, answer: Answer, trend: Trend | None) -> str:
    """The answer to the filter; where nothing could be compared, that, and what the line says of its end."""
    told = answer.sentence(page.filter.subject(page.t, page.city), page.t)
    if answer.change is None and trend is not None and trend.judged:
        return f"{told}. {_of_line(page.t, trend)}"
    return told


def _of_line(t: Translator, trend: Trend) -> str:
    """A recent shift of the level; else the latest period where it is out of the usual; else an older shift."""
    unusual = trend.latest is not None and bool(trend.latest["alarm"])
    said = trend.shifts[-1] if trend.shifts and (trend.shifts[-1].recent or not unusual) else trend
    return str(said.sentence(t))


def draw_trend_line(page: Page, trend: Trend, answer: Answer, told: str) -> None:
    """The line with its range, what it is compared with, shifts of the level and notes; its data. `told`: what it
    proves.
    """
    t, column = page.t, trend.column
    columns = [column, "n", "expected", "lower", "upper", "alarm"]
    if trend.frame["adjusted"].notna().any() and st.toggle(t("Seasonally adjusted"), key="trends_adjusted"):
        columns.append("adjusted")
    if answer.few:  # of so few alerts nothing is usual, and nothing unusual
        nothing = dict.fromkeys(("expected", "lower", "upper"), np.nan)
        trend = replace(trend, frame=trend.frame.assign(**nothing, alarm=False))
    frame = trend.frame
    ends = frame.index.isin(frame.index[[0, -1]])
    shown = frame[columns].assign(n=frame["n"].where(frame["complete"] | ends))  # a gap in the data is one in the line
    beginning, incomplete = (not bool(frame["complete"].iloc[end]) for end in (0, -1))
    figure = plots.band_figure(page, shown, time=column, height=340, incomplete=incomplete, beginning=beginning)
    _add_before(page, figure, trend, answer)
    _add_labels(page, figure, trend)
    figure.show_named_legend()
    plots.draw_chart(
        page,
        figure,
        key="trends_line",
        alt=told,
        data=shown,
        file_name="trend.csv",
    )
    draw_footer(
        page, total=cached_query(page, "total"), choices=(answer.periods.choice, *trend.choices), about="expected-range"
    )


def _add_before(page: Page, figure: Figure, trend: Trend, answer: Answer) -> None:
    """A pale line of the time that the filter's period is compared with: a year before, else just before."""
    t, frame, name = page.t, trend.frame, "last_year"
    label, before = t("a year before"), answer.periods.before
    if before is not None and not answer.periods.same_season:
        label, name = t("the time just before"), "n"
        longer = page.filter.replace(period="", start=before[0], end=period_dates(page)[1])
        whole = trend_or_reason(page, trend.unit, longer)[0]
        frame = (
            frame.iloc[:0] if whole is None else whole.frame[whole.frame[trend.column] <= frame[trend.column].iloc[0]]
        )
    if frame[name].notna().any():
        figure.add_scatter(
            x=frame[trend.column],
            y=drawn_counts(page, frame[name]),
            mode="lines",
            line={"color": palette(page.theme).muted, "width": 1.4, "dash": "dash"},
            hoverinfo="skip",
            name=label,
        )


def _add_labels(page: Page, figure: Figure, trend: Trend) -> None:
    """Mark the points furthest outside, the latest shifts of the level, and what an analyst noted in that time."""
    t, colours, days = page.t, palette(page.theme), trend.frame[trend.column]
    first, last = days.iloc[0].date(), days.iloc[-1].date()
    add_alarm_labels(page, figure, trend.frame, trend.column, colours, 1 if page.narrow else MOST_LABELS)
    levels = [[t.number(at, 0 if at >= 10 else 1) for at in (one.before, one.after)] for one in trend.shifts]
    shifts = [
        TimeMark(
            shift.day,
            t("level {before} → {after}", before=before, after=after),
            "alarm" if shift.recent else "level",
        )
        for shift, (before, after) in list(zip(trend.shifts, levels, strict=True))[-MOST_SHIFTS:]
    ]
    notes = [
        TimeMark(max(one.start, first), one.note, "note", None if one.end is None else min(one.end, last))
        for one in annotations_for(page.alerts, page.filter)
        if one.start <= last and (one.end or one.start) >= first
    ]
    add_marks(figure, shifts + notes, colours, last=last)


def small_chart_unit(page: Page) -> str:
    """The unit of the small charts: weeks for a short period."""
    start, end = period_dates(page)
    short = end - start < dt.timedelta(days=150) and "week" in units_offered(page)
    return page.alerts.known_time.unit("week") if short else "month"


def draw_years(page: Page, unit: CalendarUnit) -> None:
    """The months of each year, the same time of the years before as numbers, and the next weeks or months."""
    t, source = page.t, page.alerts
    months, why = trend_or_reason(page, "month", all_until(source, page.filter))
    earlier = earlier_of(page.dataset, page.filter)
    if months is None or len(earlier) < 2:
        st.write(why or t("The data do not go back a year."))
    else:
        frame = months.frame.loc[months.frame["complete"], ["month", "n"]]
        figure, alt = plots.year_on_year_figure(page, frame), t("Over the years")
        plots.draw_chart(page, figure, key="trends_years", alt=alt, data=frame, file_name="years.csv")
        rows = pd.DataFrame({"when": t.span(span), "n": written_count(page, total.n)} for span, total in earlier)
        tables.draw_plain_table(page, rows, {"when": t("Period"), "n": t("Alerts")}, alt=alt)
    _draw_forecast(page, unit)


def _draw_forecast(page: Page, unit: CalendarUnit) -> None:
    """The next weeks or months with their intervals, and how good such intervals were; or why none."""
    t, step = page.t, page.alerts.known_time.unit("month" if unit == "month" else "week")
    ahead, trend = forecast_of(page.dataset, page.filter, step), trend_or_reason(page, step)[0]
    if not isinstance(ahead, NextPeriods) or trend is None:
        st.caption(t(ahead) if isinstance(ahead, Message) else "")
        return
    shown = trend.frame.loc[trend.frame["complete"], [trend.column, "n"]].tail(BEFORE_THE_FORECAST)
    figure, days = plots.band_figure(page, shown, time=trend.column, height=220), shown[trend.column]
    add_forecast(figure, ahead.frame, trend.column, t, palette(page.theme), shown=days, narrow=page.narrow)
    figure.show_named_legend()
    data = pd.concat([shown, ahead.frame.rename(columns={"expected": "forecast"})], ignore_index=True)
    alt = ahead.sentence(t)
    plots.draw_chart(page, figure, key="trends_forecast", alt=alt, data=data, file_name="forecast.csv")
    st.write(alt)
    st.caption(ahead.past_sentence(t))
    help_link(page, "forecast")


def has_annotations(page: Page) -> bool:
    """Whether there are notes to read, or the reader may write one."""
    return bool(page.alerts.annotations) or _may_write(page)


def _may_write(page: Page) -> bool:
    return page.role >= Role.ANALYST and not page.is_sample


def draw_annotations(page: Page) -> None:
    """The notes, and for an analyst the form that adds one."""
    for one in page.alerts.annotations:
        of = category_label(page.t, page.city, one.category) if one.category else ""
        draw_annotation(page, one, of, removable=_may_write(page), subject=f"note {one.id}")
    if _may_write(page):
        ask_author(page)  # outside the form, which is emptied when a note was added: who removes is noted too
        _draw_form(page)


def _draw_form(page: Page) -> None:
    """Day or span, kind, category and text of a new note."""
    t, source = page.t, page.alerts
    with st.form("annotation_form", clear_on_submit=True):
        st.caption(t("From the noted day on what is usual is estimated separately, and changes across it say so."))
        left, right = st.columns(2)
        start = left.date_input(t("From"), value=source.as_of, key="annotation_start")
        end = left.date_input(t("To"), value=None, key="annotation_end")
        kind: AnnotationKind = right.selectbox(
            t("Kind"),
            [kind for kind in KINDS if kind not in CORRECTIONS],
            format_func=lambda one: t(KIND_WORDS[one]),
            key="annotation_kind",
        )
        category = right.selectbox(
            t("Category"),
            ("", *page.city.categories, *source.other_categories),
            format_func=lambda one: category_label(t, page.city, one) if one else t("All categories"),
            key="annotation_category",
        )
        note = st.text_input(t("What happened"), max_chars=LONGEST_NOTE, key="annotation_note")
        if not st.form_submit_button(t("Add the note")):
            return
    if isinstance(start, dt.date):
        subject = f"note of {start.isoformat()}"
        save_annotation(page, start, note, subject=subject, end=end, kind=kind, category=category or None)
