"""What changed: the title of Trends, the finding that led here from the briefing, and the table of all changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.trends.time_series import Trend
from curim_data.model import N_, Message, Span, Translator, category_label
from curim_data.privacy import DisclosureError
from curim_data.studies.brief import BriefChanges, brief_periods
from curim_data.studies.brief_text import (
    against_words,
    change_name,
    counts_words,
    event_sure,
    headline,
    sure_explained,
    sure_sentence,
    tested_sentence,
)
from curim_data.studies.changes import (
    GRADE_WORDS,
    NOT_KNOWN,
    areas_in_words,
    compared_in_words,
    counts_in_words,
    p_values_in_words,
    ratios_in_words,
    surest_first,
    written_changes,
)
from curim_data.studies.periods import COMPARED_IN_THE_COPY, ComparedPeriods, chosen_from
from pages.parts.charts import tables
from pages.parts.findings import (
    cached_changes,
    changes_since,
    draw_finding_chart,
    draw_finding_words,
    draw_tags,
    linked_finding,
)
from pages.parts.frame import Page, draw_footer, escape_markdown, page_link
from pages.parts.trends.line import changes_of, draw_columns_choice, draw_span_choice

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
    clear = [finding for finding in study.findings if finding.clear]
    if study.events and study.events[0].clear:  # how many alerts of what, where; and what else is known of it
        first, *others = study.events[0].sentences(page.city, t)
        title, below = t.pair(study.events[0].title(page.city, t), first), [*others, event_sure(study.events[0], t)]
    elif clear:  # with where and how many; the dates, and how sure it is
        title = t(
            "{name}: {counts}, {against}.",
            name=change_name(clear[0].change, page.city, t),
            counts=counts_words(clear[0], t),
            against=against_words(clear[0], t),
        )
        below = [tested_sentence(clear[0], t), sure_sentence(clear[0], t)]
    elif study.verdict in ("more", "fewer") or study.changes.gaps or study.events:
        said = (t.pair(event.title(page.city, t), " ".join(event.sentences(page.city, t))) for event in study.events)
        return headline(study, t), " ".join(said)
    else:
        return t("Trends") if trend is None else _of_line(t, trend), ""
    more = len(study.events) + len(study.findings) - 1
    rest = t.n("{n} more change is in the Briefing.", "{n} more changes are in the Briefing.", more)
    return title, " ".join([*map(t, study.changes.gaps), *below, *([rest] if more > 0 else [])])


def _changes_told(page: Page) -> BriefChanges | None:
    """The briefing's changes of the same filter; None where they are refused."""
    try:
        return cached_changes(page.dataset, page.filter, changes_since(page))
    except DisclosureError:
        return None


def _of_line(t: Translator, trend: Trend) -> str:
    """A recent shift of the level; else the latest period where it is out of the usual; else an older shift."""
    shift, latest = (trend.shifts[-1] if trend.shifts else None), trend.latest
    unusual = latest is not None and bool(latest["alarm"])
    return shift.sentence(t) if shift is not None and (shift.recent or not unusual) else trend.sentence(t)


def draw_linked_finding(page: Page) -> str:
    """Draw the finding that the link names; its name, which is then the page's title, or "" where it names none."""
    t, linked = page.t, linked_finding(page)
    if linked is None:
        return ""
    study, finding, within = linked
    name = change_name(finding.change, page.city, t)
    with st.container(border=True, key="trends_finding"):
        draw_tags(page, finding)
        draw_finding_words(page, finding)
        draw_finding_chart(page, finding, name, key="trends_finding_chart", height=180)
        said = (tested_sentence(finding, t), *sure_explained(study, finding, t))
        st.caption(escape_markdown(" ".join(said)))
        page_link(page, "briefing", t("To the Briefing"), filter=within)
    return name


def draw_changes_table(page: Page) -> None:
    """The table, the briefing's findings first and then the surest, the two periods, and its sentence."""
    t = page.t
    st.subheader(t("All changes"))
    told = _changes_told(page)
    told = told if told is not None and told.findings else None  # the table compares the days of the title
    study = changes_of(page.dataset, draw_span_choice(page, told))
    found = told.findings if told is not None and study.periods.after == (told.since, told.until) else ()
    written = written_changes(study, page.alerts, page.filter)
    rows = findings_first(study.changes.frame, [finding.change.key for finding in found], written)
    frame = changes_frame(page, written.loc[rows.index])
    if frame.empty or study.periods.before is None:
        _draw_reason(page, study.periods)
    else:
        st.caption(t("{after}, compared with {before}.", **_spans(study.periods)))
        (_draw_for_phone if page.narrow else _draw_for_screen)(page, frame, _headings(t))
        sentences = [t.n("{n} comparison was made.", "{n} comparisons were made.", study.changes.n_tested)]
        if chosen_from(page.alerts, page.filter) is not page.alerts:
            sentences.append(t(COMPARED_IN_THE_COPY))
        draw_footer(page, sentence=" ".join(sentences), choices=study.choices)
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
    if draw_columns_choice(page):
        columns, row_height = tables.fitted_columns(frame, headings, numbers=numbers), tables.row_height(1)
    else:
        left_out = () if frame["what"].nunique() > 1 else ("what",)
        order = [name for name in MAIN if name not in left_out]
        main = {name: headings[name] for name in order}
        wrapping: dict[str, Any] = {"wrapped": ("what", "where"), "numbers": numbers}
        columns, row_height = tables.wrapped_columns(frame, main, page.room.column, **wrapping)
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
    data = frame[[*headings]].rename(columns=headings)
    tables.download_button(page, data, "changes.csv", key="trends_changes_download")


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
            "where": areas_in_words(t, page.city, written),
            "expected": written["expected"].round(1).to_numpy(),
            "after": told if written["after"].isna().any() else written["after"].to_numpy(),
            "told_expected": [NOT_KNOWN if n != n else t.number(n, 1) for n in written["expected"]],
            "told_after": told,
            **{name: written[name].round(2).to_numpy() for name in ("ratio", "low", "high")},
            "times": ratios_in_words(t, written, ("ratio", "low", "high")),
            "sure": [t(GRADE_WORDS[grade]) for grade in written["grade"]],
            "q": p_values_in_words(t, written["q"], steps=page.protected),
            "p": p_values_in_words(t, written["p"]),
            "test": compared_in_words(t, written),
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
    part = N_("The briefing compares only the last part of the period, {after}, with {before}.")
    if brief.before is None:
        st.write(t(reason))
    else:
        st.write(f"{t(reason)} {t(part, **_spans(brief))}")
        page_link(page, "briefing", t("To the Briefing"))
