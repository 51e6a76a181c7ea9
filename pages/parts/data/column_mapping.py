"""The columns of a file as a table that the reader can correct: what each holds and what it is mapped to."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from curim_data.model import Answers, Translator
from pages.parts.data.labels import confidence_label, draw_heading, role_label
from pages.parts.data.mapping_edit import DROPPED, UNUSED, option_of, with_column
from pages.parts.data.uploads import FileReview, ignore_saved_mapping, keep_mapping
from pages.parts.frame import Page, escape_markdown

_DATES: Final = ("reported_at", "occurred_from")
_PIECES: Final = ("year", "month", "day", "hour", "minute")
OPTIONS: Final = (
    UNUSED,
    *(f"{role}{piece}" for role in _DATES for piece in ("", "/date", "/time")),
    "latitude",
    "longitude",
    "point",
    "x",
    "y",
    "category",
    "category/flag",
    "more_categories",
    "kind",
    "status",
    "affected_gender",
    "reporter_gender",
    "age_band",
    "severity",
    "feeling",
    "confirmations",
    "count",
    "alert_id",
    *(f"{role}{piece}" for role in ("occurred_to", "resolved_at") for piece in ("", "/date", "/time")),
    *(f"{role}/{piece}" for role in _DATES for piece in _PIECES),
    DROPPED,
)
_WIDTHS: Final = (3, 4, 4)


def draw_columns(page: Page, review: FileReview) -> None:
    """One line for each column; those without a meaning are folded away, unless the file cannot be read."""
    header = review.columns
    if header is None:
        return
    t = page.t
    draw_heading(t("Columns"))
    _draw_source(page, review)
    if review.preview is None:
        _draw_columns(page, review, header.table)
        return
    used = header.table[header.table["use"] == "alert"]
    rest = header.table[header.table["use"] != "alert"]
    _draw_columns(page, review, used)
    if rest.empty:
        return
    label = t.n("{n} more column, not used", "{n} more columns, not used", len(rest))
    with st.expander(label, key=f"data_rest_{review.file.digest[:12]}"):
        _draw_columns(page, review, rest)


def _draw_source(page: Page, review: FileReview) -> None:
    """Where the meaning comes from, and the way back."""
    t = page.t
    if review.file.mapping is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("As you set it."), width="content")
            st.button(
                t("Back to what was recognised"),
                key="data_back",
                type="tertiary",
                on_click=keep_mapping,
                args=(review.file, None),
            )
    elif review.preview and review.preview.saved:
        with st.container(horizontal=True, vertical_alignment="center"):
            note = t("Read with the saved mapping {name}.", name=escape_markdown(review.preview.saved))
            st.caption(note, width="stretch" if page.narrow else "content")
            st.button(
                t("Use what is recognised instead"),
                key="data_use_recognised",
                type="tertiary",
                on_click=ignore_saved_mapping,
                args=(review.file, True),
            )
        if review.preview.appeared:
            st.caption(
                t("Columns that are new since it was saved: {columns}.", columns=_names(t, review.preview.appeared))
            )
        if review.preview.vanished:
            st.caption(
                t("Columns that are gone since it was saved: {columns}.", columns=_names(t, review.preview.vanished))
            )
    elif not review.file.saved:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("Read without the saved mapping."), width="content")
            st.button(
                t("Use the saved mapping"),
                key="data_use_saved",
                type="tertiary",
                on_click=ignore_saved_mapping,
                args=(review.file, False),
            )
    elif review.preview is None:
        st.caption(t("Choose what the columns hold: the file is read again at once."))
    else:
        st.caption(t("If a column is misinterpreted, choose what it holds: the file is read again at once."))


def _names(t: Translator, labels: tuple[str, ...]) -> str:
    return escape_markdown(t.join([label or "–" for label in labels]))


def _draw_columns(page: Page, review: FileReview, table: pd.DataFrame) -> None:
    t = page.t
    if not page.narrow:
        for cell, text in zip(
            st.columns(_WIDTHS), (t("Column in the file"), t("Understood as"), t("How certain")), strict=True
        ):
            cell.caption(text)
    for line in table.itertuples(index=False):
        _draw_column(page, review, line)


def _draw_column(page: Page, review: FileReview, line: Any) -> None:
    """A column: its heading with examples, the choice of its meaning, and why it was understood so."""
    t = page.t
    name, choice, why = st.columns(_WIDTHS, vertical_alignment="center", gap="small")
    heading = escape_markdown(line.column) or t("column {number}", number=line.place + 1)
    empty = t.n("{n} empty", "{n} empty", line.empty) if line.empty else ""
    below = " · ".join(filter(None, (escape_markdown(line.examples), empty)))
    name.markdown(f"{heading}  \n:small[:gray[{below}]]" if below else heading)
    current = option_of(line.role, line.part, line.use)
    key = f"data_col_{review.file.digest[:12]}_{line.place}"
    st.session_state[key] = current
    choice.selectbox(
        t("What {column} holds", column=line.column or line.place + 1),  # for screen readers alone: as it stands
        OPTIONS if current in OPTIONS else (current, *OPTIONS),
        format_func=partial(option_label, t),
        key=key,
        label_visibility="collapsed",
        on_change=_changed,
        args=(review, line.place, key),
    )
    if line.use == "alert":
        reasons = [
            confidence_label(t, line.confidence) or _source(page, review),
            *(t(reason) for reason in line.reasons),
        ]
        why.caption(escape_markdown(" · ".join(reasons)))


def _source(page: Page, review: FileReview) -> str:
    """Where the meaning of a column comes from that nobody had to guess."""
    t = page.t
    if review.file.mapping is not None:
        return t("As you set it")
    if review.preview is not None and review.preview.saved:
        return t("As saved")
    return t("By the format")


def option_label(t: Translator, option: str) -> str:
    """A meaning of a column, in words."""
    role, _, part = option.partition("/")
    return role_label(t, role, "dropped" if option == DROPPED else "alert", part or "value")


def _changed(review: FileReview, place: int, key: str) -> None:
    header = review.columns
    if header is not None:
        keep_mapping(review.file, with_column(header, place, str(st.session_state[key]), known_answers(review)))


def known_answers(review: FileReview) -> Answers:
    """The answers known for a file besides its columns: from the reader and from a saved mapping."""
    if review.preview is not None:
        return review.preview.answers
    return review.file.mapping.answers if review.file.mapping else review.file.answers
