"""The line of counts over what was to be expected, with notes on the time line; and what changed.

The title of Trends, and the table of all changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.forecast import NextPeriods
from analysis.trends.time_series import Trend, period_total
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, CalendarUnit, Message, Role, Span, Translator, category_label
from curim_data.model.coverage import CORRECTIONS, KIND_WORDS, KINDS, LONGEST_NOTE, AnnotationKind
from curim_data.model.labels import grade_words
from curim_data.privacy import DisclosureError, is_sensitive
from curim_data.studies import changes, trends
from curim_data.studies.brief import BriefChanges, brief_periods, usual_since
from curim_data.studies.brief_text import (
    finding_sentences,
    headline,
    tested_sentence,
    title,
)
from curim_data.studies.changes import (
    areas_in_words,
    compared_words,
    counts_in_words,
    expected_in_words,
    p_values_in_words,
    ratios_in_words,
    surest_first,
    written_changes,
)
from curim_data.studies.periods import COMPARED_IN_THE_COPY, ComparedPeriods, annotations_for, chosen_from
from pages.parts.charts import MOST_LABELS, Figure, TimeMark, add_alarm_labels, add_forecast, add_marks, plots, tables
from pages.parts.findings import cached_changes, changes_since
from pages.parts.frame import (
    Dataset,
    Page,
    cached_query,
    draw_footer,
    draw_link_choice,
    escape_markdown,
    page_link,
    palette,
    shared,
    source_of,
    word_in_link,
)
from pages.parts.plans import ask_author, draw_annotation, save_annotation

ALL = "all"
UNITS: tuple[CalendarUnit, ...] = ("day", "week", "month")
USUAL: CalendarUnit = "week"
trend_of = shared(trends.trend_study, Message("Counting by period"))
forecast_of = shared(trends.next_periods_study, Message("Forecasting"))
changes_of = shared(changes.change_study, Message("Comparing the periods"))
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


def units_offered(page: Page) -> tuple[CalendarUnit, ...]:
    """The units of time that the audience may see: of sensitive alerts the copy has months alone."""
    seen = UNITS if not page.protected else ("week", "month")
    return ("month",) if page.protected and is_sensitive(page.filter, page.city) else seen


def draw_unit_choice(page: Page) -> CalendarUnit:
    """The unit of time: from the link, and as the reader picks it."""
    t, units, known = page.t, units_offered(page), page.alerts.known_time
    asked = known.unit(word_in_link("by", units, USUAL if USUAL in units else units[0]))
    labels = {"day": t("Day"), "week": t("Week"), "month": t("Month")}
    unit: CalendarUnit = draw_link_choice(
        t("By"),
        {unit: labels[unit] for unit in units if known.knows(unit)},
        "by",
        "trends_by",
        USUAL,
        chosen=asked,
        buttons=True,
    )
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


def draw_annotations(page: Page) -> None:
    """The notes, and for an analyst the form that adds one; nothing for others where nothing is noted."""
    t, noted, may_write = page.t, page.alerts.annotations, page.role >= Role.ANALYST and not page.is_sample
    if not noted and not may_write:
        return
    with st.expander(t("Notes on the time line")):
        for one in noted:
            of = category_label(t, page.city, one.category) if one.category else ""
            draw_annotation(page, one, of, removable=may_write, subject=f"note {one.id}")
        if not noted:
            st.caption(t("Nothing is noted on the time line."))
        if may_write:
            ask_author(page)  # outside the form, which is emptied when a note was added: who removes is noted too
            _draw_form(page)


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
        category = right.selectbox(
            t("Category"),
            ("", *page.city.categories, *source.other_categories),
            format_func=lambda one: category_label(t, page.city, one) if one else t("All categories"),
            key="annotation_category",
        )
        note = st.text_input(t("What happened"), max_chars=LONGEST_NOTE, key="annotation_note")
        if not st.form_submit_button(t("Add the note")):
            return
    if not isinstance(start, dt.date) or not isinstance(end, dt.date):
        return
    until, subject = end if over else None, f"note of {start.isoformat()}"
    save_annotation(page, start, note, subject=subject, end=until, kind=kind, category=category or None)


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
    figure = plots.band_figure(page, shown, time=trend.column, height=340, incomplete=incomplete, beginning=beginning)
    ahead, data = _forecast(page, trend), shown
    if isinstance(ahead, NextPeriods):
        data = pd.concat([shown, ahead.frame.rename(columns={"expected": "forecast"})], ignore_index=True)
        add_forecast(
            figure, ahead.frame, trend.column, t, palette(page.theme), shown=frame[trend.column], narrow=page.narrow
        )
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
    draw_footer(
        page,
        sentence=" ".join([alarms_sentence(t, trend), *(part.sentence(t) for part in parts)]),
        total=cached_query(page, "total"),
        choices=trend.choices,
        about="expected-range",
    )
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
    return t.n(
        "{n} of {judged} periods lies outside the expected range: {periods}.",
        "{n} of {judged} periods lie outside the expected range; the latest: {periods}.",
        len(found),
        judged=judged,
        periods=t.join([t.date(day, "LLLL y" if trend.unit == "month" else "medium") for day in days]),
    )


def small_chart_unit(page: Page) -> str:
    """The unit of the small charts: weeks for a short period."""
    start, end = period_dates(page)
    short = end - start < dt.timedelta(days=150) and "week" in units_offered(page)
    return page.alerts.known_time.unit("week") if short else "month"


ALT = N_("All changes between the two periods, those of the Briefing first, then the most certain")
MAIN = ("where", "what", "expected", "after", "times", "sure")  # in view before the reader asks for all
DIGITS = {"expected": 1, "after": 0, "ratio": 2, "low": 2, "high": 2}


def page_headline(page: Page, trend: Trend | None) -> tuple[str, str]:
    """The title of what matters most, and what stands below it in smaller letters.

    A finding, an unusual total, a shift of the level, an unusual period, else the latest one. The findings and the
    total are the briefing's, of the same filter and since the same day, so that both pages tell one story.
    """
    t, study = page.t, _changes_told(page)
    if study is None:
        return trend.sentence(t) if trend is not None else t("Trends"), ""
    if study.clear:  # what, where and how many; since when, and how sure it is
        first, *rest = finding_sentences(study.cards[0], page.city, t)
        head, below = t.pair(title(study.cards[0], page.city, t), first), [*rest, tested_sentence(study.cards[0], t)]
    elif study.verdict in ("more", "fewer") or study.changes.gaps or study.events:
        return headline(study, t), " ".join(
            t.pair(title(event, page.city, t), " ".join(event.sentences(page.city, t))) for event in study.events
        )
    else:
        return t("Trends") if trend is None else _of_line(t, trend), ""
    more = len(study.cards) - 1
    rest = t.n("{n} more change is in the Briefing.", "{n} more changes are in the Briefing.", more)
    return head, " ".join([*map(t, study.changes.gaps), *below, *([rest] if more > 0 else [])])


def _changes_told(page: Page) -> BriefChanges | None:
    """The briefing's changes of the same filter; None where they are refused."""
    try:
        return cached_changes(page.dataset, page.filter, changes_since(page))
    except DisclosureError:
        return None


def _of_line(t: Translator, trend: Trend) -> str:
    """A recent shift of the level; else the latest period where it is out of the usual; else an older shift."""
    unusual = trend.latest is not None and bool(trend.latest["alarm"])
    said = trend.shifts[-1] if trend.shifts and (trend.shifts[-1].recent or not unusual) else trend
    return str(said.sentence(t))


def draw_changes_table(page: Page) -> None:
    """The table, the briefing's findings first and then the surest, the two periods, and its sentence."""
    t = page.t
    st.subheader(t("All changes"))
    told = _changes_told(page)
    told = told if told is not None and told.findings else None  # the table compares the days of the title
    study = changes_of(page.dataset, draw_span_choice(page, told))
    found = told.findings if told is not None and study.periods.after == (told.since, told.until) else ()
    written = written_changes(study, page.alerts, page.filter, [(one.change.key, one.grade) for one in found])
    frame = changes_frame(
        page, written.loc[findings_first(study.changes.frame, [finding.change.key for finding in found], written).index]
    )
    if frame.empty or study.periods.before is None:
        _draw_reason(page, study.periods)
    else:
        st.caption(t("{after}, compared with {before}.", **_spans(study.periods)))
        (_draw_for_phone if page.narrow else _draw_for_screen)(page, frame, _headings(t))
        made = t.n("{n} comparison was made.", "{n} comparisons were made.", study.changes.n_tested)
        copied = chosen_from(page.alerts, page.filter) is not page.alerts
        made += " " + t(COMPARED_IN_THE_COPY) if copied else ""
        draw_footer(page, sentence=made, choices=study.choices, about="changes")
    # Which categories are in no row because they were not in use all the time.
    for sentence in study.not_in_use.told(page.alerts).sentences(page.city, t):
        st.caption(escape_markdown(sentence))


def _spans(periods: ComparedPeriods) -> dict[str, Span]:
    """The two periods that are compared, as they are written."""
    days = {"after": periods.after, "before": periods.before}
    return {name: Span(*span, by_month=periods.by_month) for name, span in days.items() if span is not None}


def findings_first(
    frame: pd.DataFrame, keys: Sequence[Mapping[str, Any]], written: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The tested candidates: those named by `keys` in their order, as the briefing ranks them, then by certainty.
    `written`: the same as the audience may read them, whose order tells nothing that is not there.
    """
    rows = frame.loc[surest_first(frame, written)]
    places = {tuple(key.values()): at for at, key in enumerate(keys)}
    named = rows[list(keys[0]) if keys else []].itertuples(index=False)
    told = [tuple(None if pd.isna(value) else value for value in row) for row in named]
    order = [places.get(name, len(places)) for name in told] if keys else range(len(rows))
    return rows.iloc[np.argsort(order, kind="stable")]


def _draw_for_screen(page: Page, frame: pd.DataFrame, headings: dict[str, str]) -> None:
    """The table to sort: the main columns within the page, or all of them."""
    order, numbers = None, [name for name in DIGITS if pd.api.types.is_numeric_dtype(frame[name])]
    offered = {"": page.t("The main ones"), ALL: page.t("All columns")}
    if draw_link_choice(page.t("Columns"), offered, "columns", "trends_columns", "", buttons=True) == ALL:
        columns, row_height = tables.fitted_columns(frame, headings, numbers=numbers), tables.row_height(1)
    else:
        left_out = () if frame["what"].nunique() > 1 else ("what",)
        order = [name for name in MAIN if name not in left_out]
        columns, row_height = tables.wrapped_columns(
            frame,
            {name: headings[name] for name in order},
            page.room.column,
            wrapped=("what", "where"),
            numbers=numbers,
        )
    tables.draw_table(
        page,
        frame,
        headings,
        key="trends_changes",
        alt=page.t(ALT),
        file_name="changes.csv",
        digits={name: DIGITS[name] for name in numbers},
        columns=columns,
        order=order,
        height=min(420, row_height * (len(frame) + 1)),
        row_height=row_height,
    )


def _draw_for_phone(page: Page, frame: pd.DataFrame, headings: dict[str, str]) -> None:
    """The surest rows as a plain table, each as high as its texts; all rows and columns are in the file.

    The place comes first, with what unless that is the same in all rows; both counts stand in one column.
    """
    t, shown, where = page.t, frame.head(tables.MOST_PRINTED), headings["where"]
    if shown["what"].nunique() > 1:
        shown, where = shown.assign(where=shown["where"] + " · " + shown["what"]), t("Where and what")
    arrow = "\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}"
    shown = shown.assign(change=shown["told_expected"] + arrow + shown["told_after"])
    numbers = {name: places for name, places in DIGITS.items() if pd.api.types.is_numeric_dtype(frame[name])}
    tables.draw_for_print(t, frame, headings, digits=numbers)
    tables.draw_plain_table(
        page,
        shown,
        {"where": where, "change": t("Change"), "sure": headings["sure"]},
        alt=t(ALT),
        height=520 if len(shown) > 6 else "content",  # so many rows stand there without scrolling
    )
    if rest := len(frame) - len(shown):
        st.caption(t.n("{n} more row", "{n} more rows", rest))
    tables.download_button(
        page, frame[[*headings]].rename(columns=headings), "changes.csv", key="trends_changes_download"
    )


def _headings(t: Translator) -> dict[str, str]:
    """All columns."""
    return {
        "where": t("Where"),
        "what": t("What"),
        "expected": t("Expected"),
        "after": t("Alerts"),
        "times": t("Ratio (95 %)"),
        "sure": t("Grade"),
        "ratio": t("Ratio"),
        "low": t("From"),
        "high": t("To"),
        "q": t("Corrected p"),
        "p": t("p"),
        "test": t("Compared with"),
    }


def changes_frame(page: Page, written: pd.DataFrame) -> pd.DataFrame:
    """Tested candidates in words and figures, in their order, as the audience may read them."""
    t = page.t
    told = counts_in_words(t, written, "after")
    return pd.DataFrame(
        {
            "what": [
                category_label(t, page.city, name) if isinstance(name, str) else t("All alerts")
                for name in written["category"]
            ],
            "where": areas_in_words(t, page.city, written, page.filter),
            "expected": written["expected"].round(1).to_numpy(),
            "after": told if written["after"].isna().any() else written["after"].to_numpy(),
            "told_expected": expected_in_words(t, written),
            "told_after": told,
            **{name: written[name].round(2).to_numpy() for name in ("ratio", "low", "high")},
            "times": ratios_in_words(t, written, ("ratio", "low", "high")),
            "sure": [grade_words(t, grade) for grade in written["grade"]],
            "q": p_values_in_words(t, written["q"], steps=page.protected),
            "p": p_values_in_words(t, written["p"]),
            "test": [compared_words(t, *row) for row in zip(written["level"], written["compared"], strict=True)],
        }
    )


def _draw_reason(page: Page, periods: ComparedPeriods) -> None:
    """Why there is no table; where the briefing does compare, what it compares and the way to it."""
    t, reason = page.t, periods.choice.explanation
    if periods.before is not None:
        st.write(t("There is nothing to compare."))
        return
    if not periods.other_light:
        reason = Message(
            "This table compares the whole period with the one before, which the data do not reach: no day of the data "
            "lies before this period."
        )
    brief = brief_periods(page.alerts, page.filter)
    if brief.before is None:
        st.write(t(reason))
    else:
        part = t("The briefing compares only the last part of the period, {after}, with {before}.", **_spans(brief))
        st.write(f"{t(reason)} {part}")
        page_link(page, "briefing", t("To the Briefing"))
