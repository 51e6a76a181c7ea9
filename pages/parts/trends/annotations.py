"""The notes on the time line, which an analyst adds and removes on Trends."""

from __future__ import annotations

import contextlib
import datetime as dt

import streamlit as st

from curim_data.model import Role
from curim_data.model.annotations import CORRECTIONS, KIND_WORDS, KINDS, LONGEST_NOTE, Annotation, AnnotationKind
from curim_data.model.i18n import Span
from curim_data.model.labels import category_label
from curim_data.plans.record import Deed
from curim_data.store.annotations import AnnotationError, add_annotation, remove_annotation
from pages.parts.frame import Page, escape_markdown, record

_WHO = "annotation_who"


def draw_annotations(page: Page) -> None:
    """The notes, and for an analyst the form that adds one; nothing for others where nothing is noted."""
    source = page.source
    if source is None:
        return
    may_write = page.role >= Role.ANALYST and not page.is_sample
    if not source.annotations and not may_write:
        return
    t = page.t
    with st.expander(t("Notes on the time line")):
        for one in source.annotations:
            _draw_note(page, one, may_write)
        if not source.annotations:
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
    t, source = page.t, page.source
    assert source is not None
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
