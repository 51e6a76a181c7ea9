"""Every change that was looked at, as a table to sort and to take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from curim_data.model import Message, Translator, labels
from curim_data.model.i18n import Span
from curim_data.privacy import DisclosureError
from curim_data.studies.brief import BriefChanges, brief_periods
from curim_data.studies.change_words import (
    NOT_KNOWN,
    areas_in_words,
    compared_in_words,
    counts_in_words,
    grade_in_words,
    p_values_in_words,
    ratios_in_words,
    surest_first,
    written_changes,
)
from curim_data.studies.changes import ChangeStudy
from curim_data.studies.periods import ComparedPeriods
from curim_data.studies.selection import COMPARED_IN_THE_COPY, chosen_from
from pages.parts.charts import tables
from pages.parts.findings.queries import cached_changes, changes_since
from pages.parts.frame import Page, draw_footer, escape_markdown, page_link
from pages.parts.trends.queries import changes_of, draw_columns_choice, draw_span_choice

HEIGHT = 420
HEIGHT_ON_PHONE, FEW = 520, 6  # pixels, and rows that stand there without scrolling
MAIN = ("where", "what", "expected", "after", "times", "sure")  # in view before the reader asks for all
NUMBERS = ("expected", "after", "ratio", "low", "high")
DIGITS = {"expected": 1, "after": 0, "ratio": 2, "low": 2, "high": 2}


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
    spans = {name: Span(*days, by_month=study.periods.by_month) for name, days in _days(study.periods).items()}
    st.caption(t("{after}, compared with {before}.", **spans))
    headings = _headings(t)
    (_draw_for_phone if page.narrow else _draw_for_screen)(page, frame, headings)
    sentences = [t.n("{n} comparison was made.", "{n} comparisons were made.", study.changes.n_tested)]
    if page.source is not None and chosen_from(page.source, page.filter) is not page.source:
        sentences.append(t(COMPARED_IN_THE_COPY))
    draw_footer(page, sentence=" ".join(sentences), choices=study.choices)
    _draw_not_in_use(page, study)


def _draw_not_in_use(page: Page, study: ChangeStudy) -> None:
    """Which categories are in no row because they were not in use all the time."""
    if page.source is None:
        return
    for sentence in study.not_in_use.told(page.source).sentences(page.city, page.t):
        st.caption(escape_markdown(sentence))


def _told_in_title(page: Page) -> BriefChanges | None:
    """The briefing's changes where the title is one of them, so that the table compares the same days; else None."""
    try:
        study = cached_changes(page.dataset, page.filter, changes_since(page))
    except DisclosureError:
        return None
    return study if study.findings else None


def _days(periods: ComparedPeriods) -> dict[str, tuple[dt.date, dt.date]]:
    """The first and the last day of each period that is compared."""
    assert periods.before is not None
    return {"after": periods.after, "before": periods.before}


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
            "what": _subject_labels(page, written),
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
    assert page.source is not None
    brief = brief_periods(page.source, page.filter)
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
    spans = {
        "after": Span(*brief.after, by_month=brief.by_month),
        "before": Span(*brief.before, by_month=brief.by_month),
    }
    st.write(
        t(reason) + " " + t("The briefing compares only the last part of the period, {after}, with {before}.", **spans)
    )
    page_link(page, "briefing", t("To the Briefing"))


def _subject_labels(page: Page, rows: pd.DataFrame) -> list[str]:
    names = {name: labels.category_label(page.t, page.city, str(name)) for name in rows["category"].dropna().unique()}
    return [names.get(name, page.t("All alerts")) for name in rows["category"]]
