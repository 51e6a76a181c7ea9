"""The line of counts over what was to be expected, its series, the choices of the page, and notes on the time line."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pandas as pd
import streamlit as st

from analysis.forecast import NextPeriods
from analysis.trends.time_series import Trend, period_total
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CalendarUnit, Message, Role, Span, Translator, category_label
from curim_data.model.coverage import CORRECTIONS, KIND_WORDS, KINDS, LONGEST_NOTE, Annotation, AnnotationKind
from curim_data.plans.record import Deed
from curim_data.privacy import DisclosureError, is_sensitive
from curim_data.store.annotations import AnnotationError, add_annotation, remove_annotation
from curim_data.studies import changes, trends
from curim_data.studies.brief import BriefChanges, usual_since
from curim_data.studies.periods import annotations_for
from pages.parts.charts import MOST_LABELS, Figure, TimeMark, add_alarm_labels, add_forecast, add_marks, plots
from pages.parts.findings import cached_changes
from pages.parts.frame import (
    Dataset,
    Page,
    cached_query,
    draw_footer,
    draw_link_choice,
    escape_markdown,
    palette,
    record,
    shared,
    source_of,
    word_in_link,
)

ALL = "all"
UNITS: tuple[CalendarUnit, ...] = ("day", "week", "month")
USUAL: CalendarUnit = "week"
trend_of = shared(trends.trend_study, Message("Counting by period"))
forecast_of = shared(trends.next_periods_study, Message("Forecasting"))
changes_of = shared(changes.change_study, Message("Comparing the periods"))
_WHO = "annotation_who"
MOST_SHIFTS = 3  # the latest, that are drawn and written


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """What the page tells before a reader chooses anything: the line with its forecast, and what changed."""
    source = source_of(dataset)
    unit = source.known_time.unit(USUAL)
    for study in (trend_of, forecast_of):
        study(dataset, f, unit)
    for step in (unit, "month"):
        trend_of(dataset, all_until(source, f), step)
    told = cached_changes(dataset, f, usual_since(source, f))
    whole = not told.findings or (told.since, told.until) == query.dates(source, f)
    changes_of(dataset, f if whole else days_of(f, told))


def all_until(source: Source, f: AlertFilter) -> AlertFilter:
    """The filter of all days until the last one of its period."""
    return f.replace(period="", start=source.first, end=query.dates(source, f)[1])


def days_of(f: AlertFilter, told: BriefChanges) -> AlertFilter:
    """The filter of the days of which the title tells."""
    return f.replace(period="", start=told.since, end=told.until)


def draw_span_choice(page: Page, study: BriefChanges | None) -> AlertFilter:
    """The filter of which the table of changes is: of the title's days, or of the whole period where that is asked for.

    `study`: the briefing's changes, where the title is one of them. Nothing is drawn where both are the same days.
    """
    whole = period_dates(page)
    if study is None or (study.since, study.until) == whole:
        return page.filter
    spans = {"": Span(study.since, study.until, study.by_month), ALL: Span(*whole, study.by_month)}
    names = {word: page.t.span(span) for word, span in spans.items()}
    chosen = draw_link_choice(page.t("Changes in"), names, "span", "trends_span", "", buttons=True)
    return page.filter if chosen == ALL else days_of(page.filter, study)


def draw_columns_choice(page: Page) -> bool:
    """Whether all columns of the table of changes are asked for: from the link, and as the reader picks it."""
    names = {"": page.t("The main ones"), ALL: page.t("All columns")}
    return draw_link_choice(page.t("Columns"), names, "columns", "trends_columns", "", buttons=True) == ALL


def units_offered(page: Page) -> tuple[CalendarUnit, ...]:
    """The units of time that the audience may see: of sensitive alerts the copy has months alone."""
    seen = UNITS if not page.protected else ("week", "month")
    return ("month",) if page.protected and is_sensitive(page.filter, page.city) else seen


def draw_unit_choice(page: Page) -> CalendarUnit:
    """The unit of time: from the link, and as the reader picks it."""
    t, units, known = page.t, units_offered(page), page.alerts.known_time
    asked = known.unit(word_in_link("by", units, USUAL if USUAL in units else units[0]))
    labels = {"day": t("Day"), "week": t("Week"), "month": t("Month")}
    names = {unit: labels[unit] for unit in units if known.knows(unit)}
    unit: CalendarUnit = draw_link_choice(t("By"), names, "by", "trends_by", USUAL, chosen=asked, buttons=True)
    return unit


def trend_or_reason(page: Page, unit: CalendarUnit, chosen: AlertFilter | None = None) -> tuple[Trend | None, str]:
    """The trend, or in words why there is none."""
    try:
        trend = trend_of(page.dataset, chosen or page.filter, unit)
    except DisclosureError as refused:
        return None, page.t(refused.message)
    if trend is None or trend.frame.empty:
        return None, page.t("The period holds no whole day of data.")
    return trend, ""


def period_dates(page: Page) -> tuple[dt.date, dt.date]:
    """First and last day of the filter's period."""
    return query.dates(page.alerts, page.filter)


def draw_annotations(page: Page) -> None:
    """The notes, and for an analyst the form that adds one; nothing for others where nothing is noted."""
    t, noted, may_write = page.t, page.alerts.annotations, page.role >= Role.ANALYST and not page.is_sample
    if not noted and not may_write:
        return
    with st.expander(t("Notes on the time line")):
        for one in noted:
            _draw_note(page, one, may_write)
        if not noted:
            st.caption(t("Nothing is noted on the time line."))
        if may_write:
            if not page.reader:  # outside the form, which is emptied when a note was added: who removes is noted too
                st.text_input(t("Your name or office"), max_chars=80, key=_WHO)
            _draw_form(page)


def _draw_note(page: Page, one: Annotation, may_write: bool) -> None:
    t = page.t
    days = t.date(one.start) if one.end is None else t.span(Span(one.start, one.end))
    of = f" ({category_label(t, page.city, one.category)})" if one.category else ""
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.write(escape_markdown(t.pair(days, f"{t(KIND_WORDS[one.kind])}{of}. {one.note}")))
    if may_write and right.button(t("Remove"), key=f"annotation_remove_{one.id}", help=escape_markdown(one.note)):
        with contextlib.suppress(AnnotationError):  # somebody else removed it meanwhile
            remove_annotation(page.home.path, one.id, who=_author(page))
            record.note(page, Deed.CHANGE, f"note {one.id}")
        st.rerun()


def _author(page: Page) -> str:
    return page.reader or str(st.session_state.get(_WHO, "")).strip()


def _draw_form(page: Page) -> None:
    """Day or span, kind, category and text of a new note."""
    t, source = page.t, page.alerts
    with st.form("annotation_form", clear_on_submit=True):
        st.caption(
            t(
                "A campaign, another version of the app or a break in the data changes how many alerts come without "
                "anything else having changed. From the noted day on what is usual is estimated separately, and "
                "changes across it say so."
            )
        )
        left, right = st.columns(2)
        start = left.date_input(t("From"), value=source.as_of, key="annotation_start")
        over = left.checkbox(t("It was over on a day"), key="annotation_over")
        end = left.date_input(t("To"), value=source.as_of, key="annotation_end")
        kind: AnnotationKind = right.selectbox(
            t("Kind"),
            [kind for kind in KINDS if kind not in CORRECTIONS],
            format_func=lambda one: t(KIND_WORDS[one]),
            key="annotation_kind",
        )
        categories = ("", *page.city.categories, *source.other_categories)
        category = right.selectbox(
            t("Category"),
            categories,
            format_func=lambda one: category_label(t, page.city, one) if one else t("All categories"),
            key="annotation_category",
        )
        note = st.text_input(t("What happened"), max_chars=LONGEST_NOTE, key="annotation_note")
        if not st.form_submit_button(t("Add the note")):
            return
    if not isinstance(start, dt.date) or not isinstance(end, dt.date):
        return
    try:
        add_annotation(
            page.home.path,
            start,
            note,
            who=_author(page),
            end=end if over else None,
            kind=kind,
            category=category or None,
        )
    except AnnotationError as wrong:
        st.error(t(wrong.message))
        return
    record.note(page, Deed.CHANGE, f"note of {start.isoformat()}")
    st.rerun()


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
    beginning, incomplete = (not bool(frame["complete"].iloc[end]) for end in (0, -1))
    look: dict[str, Any] = {"time": trend.column, "height": 340, "incomplete": incomplete, "beginning": beginning}
    figure = plots.band_figure(page, shown, **look)
    ahead, data = _forecast(page, trend), shown
    if isinstance(ahead, NextPeriods):
        data = pd.concat([shown, ahead.frame.rename(columns={"expected": "forecast"})], ignore_index=True)
        days = frame[trend.column]
        add_forecast(figure, ahead.frame, trend.column, t, palette(page.theme), shown=days, narrow=page.narrow)
    _add_labels(page, figure, trend)
    figure.show_named_legend()
    plots.draw_chart(
        page,
        figure,
        key="trends_line",
        alt=t("Alerts over time with the expected range. {sentence}", sentence=trend.sentence(t)),
        data=data,
        file_name="trend.csv",
    )
    parts = filter(None, (period_total(trend), *trend.shifts[-MOST_SHIFTS:]))
    sentences = [alarms_sentence(t, trend), *(part.sentence(t) for part in parts)]
    draw_footer(page, sentence=" ".join(sentences), total=cached_query(page, "total"), choices=trend.choices)
    if isinstance(ahead, NextPeriods):
        st.write(ahead.sentence(t))
        st.caption(ahead.past_sentence(t))
    elif ahead is not None:
        st.caption(t(ahead))
    draw_annotations(page)


def _forecast(page: Page, trend: Trend) -> NextPeriods | Message | None:
    """The next weeks or months, or why none; None by day."""
    try:
        return forecast_of(page.dataset, page.filter, trend.unit) if trend.unit != "day" else None
    except DisclosureError:
        return None


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
    short = end - start < dt.timedelta(days=150) and "week" in units_offered(page)
    return page.alerts.known_time.unit("week") if short else "month"
