"""Every change that was looked at, as a table to sort and to take away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.trends.changes import AREA
from curim_data.model import Message, Translator, labels
from curim_data.model.i18n import Span
from curim_data.studies.brief import brief_periods
from curim_data.studies.coarse_areas import area_label
from curim_data.studies.findings import SURE, VERY_SURE
from curim_data.studies.periods import ComparedPeriods
from pages.parts.charts import tables
from pages.parts.frame import Page, draw_footer, page_link
from pages.parts.trends.queries import changes_of, draw_columns_choice, draw_weight_choice

HEIGHT = 420
# The columns in view before the reader asks for all; the most pixels that one gets; those of a phone with theirs.
MAIN = ("what", "where", "before", "after", "times", "sure", "note")
WIDEST = 260
PHONE = {"what": 138, "before": 48, "after": 48, "sure": 118}
ROW = 84  # pixels of a row on a phone, for four lines: Streamlit wraps texts in high rows
ALPHA = 0.05  # of the correction
DIGITS = {"before": 0, "after": 0, "ratio": 2, "low": 2, "high": 2, "weight_before": 1, "weight_after": 1}


def draw_changes_table(page: Page) -> None:
    """The table, surest first, and its sentence."""
    t = page.t
    st.subheader(t("All changes"))
    weight = draw_weight_choice(page)
    study = changes_of(page.dataset, page.filter, page.audience, weight)
    frame = changes_frame(page, study.changes.frame, study.harm.frame if study.harm is not None else None)
    if frame.empty:
        _draw_reason(page, study.periods)
        return
    headings = _headings(t, weighted=study.harm is not None, noted=bool(frame["note"].any()))
    row_height = ROW if page.narrow else 36
    if page.narrow:
        frame = frame.assign(what=frame["what"] + ", " + frame["where"])
        headings = {name: headings[name] for name in PHONE}
        order, columns = None, {name: st.column_config.Column(headings[name], width=PHONE[name]) for name in PHONE}
    else:
        order = (
            None
            if draw_columns_choice(page)
            else tables.columns_in_room(
                frame, headings, [name for name in MAIN if name in headings], page.room.column, most=WIDEST
            )
        )
        numbers = {"before", "after", "ratio", "low", "high"}
        columns = tables.fitted_columns(frame, headings, numbers=numbers, most=WIDEST)
    tables.draw_table(
        page,
        frame,
        headings,
        key="trends_changes",
        alt=t("All changes between the two periods, most certain first"),
        file_name="changes.csv",
        digits={name: places for name, places in DIGITS.items() if name in headings},
        columns=columns,
        order=order,
        height=min(HEIGHT, row_height * (len(frame) + 1)),
        row_height=row_height if page.narrow else None,
    )
    sentences = [study.changes.sentence(t)]
    if study.changes.n_significant:
        sentences.append(
            t("The briefing lists changes that overlap once, and corrects for what it lists: it has fewer.")
        )
    draw_footer(page, sentence=" ".join(sentences), choices=study.choices)
    if (study.changes.frame["bounded"] != "").any():
        st.caption(
            t(
                "Where a number is too small to show, the change is tested as if the number were as large as it can "
                "be: such a change is at least as large as stated."
            )
        )


def _headings(t: Translator, *, weighted: bool, noted: bool) -> dict[str, str]:
    """All columns; an empty one would push others off the page."""
    headings = {
        "what": t("What"),
        "where": t("Where"),
        "before": t("Before"),
        "after": t("After"),
        "times": t("Ratio (95 %)"),
        "sure": t("Not chance"),
        "note": t("Note"),
        "ratio": t("Ratio"),
        "low": t("From"),
        "high": t("To"),
        "weight_before": t("Weight before"),
        "weight_after": t("Weight after"),
        "weight_ratio": t("Ratio of weights (95 %)"),
        "q": t("Corrected p"),
        "p": t("p"),
        "test": t("Compared with"),
    }
    left_out = (() if noted else ("note",)) + (() if weighted else ("weight_before", "weight_after", "weight_ratio"))
    return {name: heading for name, heading in headings.items() if name not in left_out}


def certainty_word(t: Translator, q: float) -> str:
    """How sure it is that a change is not chance, by its corrected p-value: three steps, or that it may be."""
    if q < VERY_SURE:
        return t("almost certain")
    if q < SURE:
        return t("very likely")
    return t("likely") if q <= ALPHA else t("may be chance")


def changes_frame(page: Page, frame: pd.DataFrame, harm: pd.DataFrame | None = None) -> pd.DataFrame:
    """The tested candidates in words and figures, surest first; `harm`: what their incidents weigh, row by row."""
    t, city = page.t, page.city
    rows = frame[frame["p"].notna()].sort_values(["q", "p"], kind="stable")
    notes = {
        "": "",
        "before": t("before: at most; protected"),
        "after": t("after: at most; protected"),
    }
    weights = {}
    if harm is not None:
        own = harm.loc[rows.index]
        weights = {name: own[name].round(1).to_numpy() for name in ("weight_before", "weight_after")}
        weights["weight_ratio"] = [
            _with_interval(t, row.weight_ratio, row.weight_low, row.weight_high) for row in own.itertuples()
        ]
    return pd.DataFrame(
        {
            "what": [_subject_label(page, row.category, row.dark) for row in rows.itertuples()],
            "where": [
                labels.place_label(t, city, row.place)
                if isinstance(row.place, str)
                else labels.district_label(t, city, row.district)
                if isinstance(row.district, str)
                else area_label(t, city, row.cell)
                if isinstance(row.cell, str)
                else t("Whole city")
                for row in rows.itertuples()
            ],
            "before": rows["before"].to_numpy(),
            "after": rows["after"].to_numpy(),
            **{name: rows[name].replace(np.inf, np.nan).round(2).to_numpy() for name in ("ratio", "low", "high")},
            "times": [_with_interval(t, row.ratio, row.low, row.high) for row in rows.itertuples()],
            "sure": [certainty_word(t, q) for q in rows["q"]],
            **weights,
            **{name: [t.p_value(p) for p in rows[name]] for name in ("q", "p")},
            "test": [_compared_with(page, row) for row in rows.itertuples()],
            "note": [notes[row.bounded] or _less_than_others(page, row) for row in rows.itertuples()],
        }
    )


def _with_interval(t: Translator, ratio: float, low: float, high: float) -> str:
    """A ratio with its interval; what is infinite is left out.

    >>> _with_interval(Translator("en"), 2.5, 1.25, np.inf)
    '2.50 (1.25–…)'
    """
    known = [t.number(value, 2) if np.isfinite(value) else "" for value in (ratio, low, high)]
    return f"{known[0] or tables.NONE} ({known[1]}–{known[2] or '…'})"


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


def _compared_with(page: Page, row: Any) -> str:
    t = page.t
    if row.compared == "before":
        return t("its own past")
    placed = any(isinstance(getattr(row, name), str) for name in AREA)
    return t("the change in the rest of the city") if placed else t("the change in all other incidents")


def _less_than_others(page: Page, row: Any) -> str:
    """That a count fell or rose less than the rest, which its ratio alone would hide; else empty."""
    t = page.t
    if row.compared != "city" or not row.significant:
        return ""
    if row.direction > 0 and row.after < row.expected:
        return t("fell less than the rest")
    return t("rose less than the rest") if row.direction < 0 and row.after > row.expected else ""


def _subject_label(page: Page, category: object, dark: object) -> str:
    t = page.t
    name = labels.category_label(t, page.city, category) if isinstance(category, str) else t("All incidents")
    return t("{category} after dark", category=name) if dark is True else name
