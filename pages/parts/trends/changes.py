"""What changed: the title of Trends, the finding that led here from the briefing, and the table of all changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.trends.time_series import Trend
from curim_data.model import Message, Translator, labels
from curim_data.model.i18n import Span
from curim_data.privacy import DisclosureError
from curim_data.studies.brief import BriefChanges, Finding, brief_periods
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
    NOT_KNOWN,
    ChangeStudy,
    areas_in_words,
    compared_in_words,
    counts_in_words,
    grade_in_words,
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

HEIGHT = 420
HEIGHT_ON_PHONE, FEW = 520, 6  # pixels, and rows that stand there without scrolling
MAIN = ("where", "what", "expected", "after", "times", "sure")  # in view before the reader asks for all
NUMBERS = ("expected", "after", "ratio", "low", "high")
DIGITS = {"expected": 1, "after": 0, "ratio": 2, "low": 2, "high": 2}


@dataclass(frozen=True)
class Headline:
    """The title, and what stands below it in smaller letters."""

    title: str
    below: str = ""


def page_headline(page: Page, trend: Trend | None) -> Headline:
    """What matters most: a finding, an unusual total, a shift of the level, an unusual period, else the latest one.

    The findings and the total are the briefing's, of the same filter and since the same day, so that both pages tell
    one story.
    """
    t = page.t
    try:
        study = cached_changes(page.dataset, page.filter, changes_since(page))
    except DisclosureError:
        return Headline(trend.sentence(t) if trend is not None else t("Trends"))
    if study.events and study.events[0].clear:
        return _of_event(page, study)
    clear = [finding for finding in study.findings if finding.clear]
    if clear:
        return _of_finding(page, study, clear[0])
    if study.verdict in ("more", "fewer") or study.changes.gaps or study.events:
        said = (t.pair(event.title(page.city, t), " ".join(event.sentences(page.city, t))) for event in study.events)
        return Headline(headline(study, t), " ".join(said))
    return Headline(t("Trends") if trend is None else _of_line(t, trend))


def _of_event(page: Page, study: BriefChanges) -> Headline:
    """The first event: how many alerts of what, where; below, what else is known of it, and how many changes follow."""
    t, event = page.t, study.events[0]
    first, *others = event.sentences(page.city, t)
    below = [*map(t, study.changes.gaps), *others, event_sure(event, t)]
    more = len(study.events) - 1 + len(study.findings)
    return Headline(t.pair(event.title(page.city, t), first), " ".join([*below, *_elsewhere(t, more)]))


def _elsewhere(t: Translator, more: int) -> list[str]:
    """That further changes are in the Briefing, where there are some."""
    return (
        [t.n("{n} more change is in the Briefing.", "{n} more changes are in the Briefing.", more)] if more > 0 else []
    )


def _of_finding(page: Page, study: BriefChanges, finding: Finding) -> Headline:
    """A finding with where and how many; below, the dates, how sure it is, and how many more there are."""
    t = page.t
    title = t(
        "{name}: {counts}, {against}.",
        name=change_name(finding.change, page.city, t),
        counts=counts_words(finding, t),
        against=against_words(finding, t),
    )
    below = [*map(t, study.changes.gaps), tested_sentence(finding, t), sure_sentence(finding, t)]
    more = len(study.events) + len(study.findings) - 1
    return Headline(title, " ".join([*below, *_elsewhere(t, more)]))


def _of_line(t: Translator, trend: Trend) -> str:
    """A recent shift of the level; else the latest period where it is out of the usual; else an older shift."""
    shift, latest = (trend.shifts[-1] if trend.shifts else None), trend.latest
    unusual = latest is not None and bool(latest["alarm"])
    return shift.sentence(t) if shift is not None and (shift.recent or not unusual) else trend.sentence(t)


def draw_linked_finding(page: Page) -> str:
    """Draw the finding that the link names; its name, which is then the page's title, or "" where it names none."""
    t = page.t
    linked = linked_finding(page)
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
    told = _told_in_title(page)
    chosen = draw_span_choice(page, told)
    study = changes_of(page.dataset, chosen)
    found = told.findings if told is not None and study.periods.after == (told.since, told.until) else ()
    written = written_changes(study, page.alerts, page.filter)
    rows = findings_first(study.changes.frame, [finding.change.key for finding in found], written)
    written = written.loc[rows.index]
    frame = changes_frame(page, written)
    if frame.empty or study.periods.before is None:
        _draw_reason(page, study.periods)
        _draw_not_in_use(page, study)
        return
    st.caption(t("{after}, compared with {before}.", **_spans(study.periods)))
    (_draw_for_phone if page.narrow else _draw_for_screen)(page, frame, _headings(t))
    sentences = [t.n("{n} comparison was made.", "{n} comparisons were made.", study.changes.n_tested)]
    if chosen_from(page.alerts, page.filter) is not page.alerts:
        sentences.append(t(COMPARED_IN_THE_COPY))
    draw_footer(page, sentence=" ".join(sentences), choices=study.choices)
    _draw_not_in_use(page, study)


def _draw_not_in_use(page: Page, study: ChangeStudy) -> None:
    """Which categories are in no row because they were not in use all the time."""
    for sentence in study.not_in_use.told(page.alerts).sentences(page.city, page.t):
        st.caption(escape_markdown(sentence))


def _told_in_title(page: Page) -> BriefChanges | None:
    """The briefing's changes where the title is one of them, so that the table compares the same days; else None."""
    try:
        study = cached_changes(page.dataset, page.filter, changes_since(page))
    except DisclosureError:
        return None
    return study if study.findings else None


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
    if not keys:
        return rows
    names = list(keys[0])
    places = {tuple(key.values()): at for at, key in enumerate(keys)}
    told = [tuple(None if pd.isna(value) else value for value in row) for row in rows[names].itertuples(index=False)]
    order = np.argsort([places.get(name, len(places)) for name in told], kind="stable")
    return rows.iloc[order]


def _draw_for_screen(page: Page, frame: pd.DataFrame, headings: dict[str, str]) -> None:
    """The table to sort: the main columns within the page, or all of them."""
    order = None
    if draw_columns_choice(page):
        columns, row_height = tables.fitted_columns(frame, headings, numbers=_numbers(frame)), tables.row_height(1)
    else:
        left_out = () if frame["what"].nunique() > 1 else ("what",)
        order = [name for name in MAIN if name in headings and name not in left_out]
        main = {name: headings[name] for name in order}
        columns, row_height = tables.wrapped_columns(
            frame, main, page.room.column, wrapped=("what", "where"), numbers=_numbers(frame)
        )
    tables.draw_table(
        page,
        frame,
        headings,
        key="trends_changes",
        alt=page.t("All changes between the two periods, those of the Briefing first, then the most certain"),
        file_name="changes.csv",
        digits=_digits(frame, headings),
        columns=columns,
        order=order,
        height=min(HEIGHT, row_height * (len(frame) + 1)),
        row_height=row_height,
    )


def _draw_for_phone(page: Page, frame: pd.DataFrame, headings: dict[str, str]) -> None:
    """The surest rows as a plain table, each as high as its texts; all rows and columns are in the file."""
    t = page.t
    shown, named = _for_phone(t, frame.head(tables.MOST_PRINTED), headings)
    tables.draw_for_print(t, frame, headings, digits=_digits(frame, headings))
    tables.draw_plain_table(
        page,
        shown,
        named,
        alt=t("All changes between the two periods, those of the Briefing first, then the most certain"),
        height=HEIGHT_ON_PHONE if len(shown) > FEW else "content",
    )
    if rest := len(frame) - len(shown):
        st.caption(t.n("{n} more row", "{n} more rows", rest))
    tables.download_button(
        page, frame[[*headings]].rename(columns=headings), "changes.csv", key="trends_changes_download"
    )


def _for_phone(t: Translator, frame: pd.DataFrame, headings: dict[str, str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The columns of a phone: the place first, with what unless that is the same in all rows; both counts in one."""
    heading = headings["where"]
    if frame["what"].nunique() > 1:
        frame, heading = frame.assign(where=frame["where"] + " · " + frame["what"]), t("Where and what")
    counts = zip(frame["told_expected"], frame["told_after"], strict=True)
    frame = frame.assign(change=["\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}".join(both) for both in counts])
    return frame, {"where": heading, "change": t("Change"), "sure": headings["sure"]}


def _numbers(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns of numbers: not counts of which small ones are words."""
    return tuple(name for name in NUMBERS if pd.api.types.is_numeric_dtype(frame[name]))


def _digits(frame: pd.DataFrame, headings: dict[str, str]) -> dict[str, int]:
    words = set(NUMBERS) - set(_numbers(frame))
    return {name: places for name, places in DIGITS.items() if name in headings and name not in words}


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
    small = bool(written["after"].isna().any())
    told = {
        "expected": [NOT_KNOWN if n != n else t.number(n, 1) for n in written["expected"]],
        "after": counts_in_words(t, written, "after"),
    }
    return pd.DataFrame(
        {
            "what": [
                labels.category_label(t, page.city, name) if isinstance(name, str) else t("All alerts")
                for name in written["category"]
            ],
            "where": areas_in_words(t, page.city, written),
            "expected": written["expected"].round(1).to_numpy(),
            "after": told["after"] if small else written["after"].to_numpy(),
            **{f"told_{name}": words for name, words in told.items()},
            **{name: written[name].round(2).to_numpy() for name in ("ratio", "low", "high")},
            "times": ratios_in_words(t, written, ("ratio", "low", "high")),
            "sure": [grade_in_words(t, grade) for grade in written["grade"]],
            "q": p_values_in_words(t, written["q"], steps=page.protected),
            "p": p_values_in_words(t, written["p"]),
            "test": compared_in_words(t, written),
        }
    )


def _draw_reason(page: Page, periods: ComparedPeriods) -> None:
    """Why there is no table; where the briefing does compare, what it compares and the way to it."""
    t = page.t
    if periods.before is not None:
        st.write(t("There is nothing to compare."))
        return
    brief = brief_periods(page.alerts, page.filter)
    reason = (
        periods.choice.explanation
        if periods.other_light
        else Message(
            "This table compares the whole period with the one before, which the data do not reach: no day of the data "
            "lies before this period."
        )
    )
    if brief.before is None:
        st.write(t(reason))
        return
    part = t("The briefing compares only the last part of the period, {after}, with {before}.", **_spans(brief))
    st.write(f"{t(reason)} {part}")
    page_link(page, "briefing", t("To the Briefing"))
