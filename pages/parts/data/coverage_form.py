"""What an analyst says of the days that the sources cover: some are not covered, in others nothing happened."""

from __future__ import annotations

import contextlib
import datetime as dt

import streamlit as st

from curim_data.model import Role
from curim_data.model.annotations import CORRECTIONS, KIND_WORDS, LONGEST_NOTE, Annotation, AnnotationKind
from curim_data.model.i18n import Span
from curim_data.model.labels import format_label
from curim_data.plans.record import Deed
from curim_data.store.annotations import AnnotationError, add_annotation, remove_annotation
from pages.parts.frame import Page, escape_markdown, record

_WHO = "coverage_who"


def draw_coverage_form(page: Page) -> None:
    """The corrections that hold, and for an analyst the form that adds one."""
    t, source = page.t, page.source
    if source is None:
        return
    may_write = page.role >= Role.ANALYST and not page.is_sample
    for one in source.annotations:
        if one.kind in CORRECTIONS:
            _draw_correction(page, one, may_write)
    if not may_write:
        return
    with st.expander(t("Correct the days covered")):
        if not page.reader:  # outside the form, which is emptied: who removes is noted too
            st.text_input(t("Your name or office"), max_chars=80, key=_WHO)
        _draw_form(page)


def _draw_form(page: Page) -> None:
    """Days, kind, source and reason of a new correction."""
    t, source = page.t, page.source
    assert source is not None
    with st.form("coverage_form", clear_on_submit=True, border=False):
        st.caption(
            t(
                "Days that are not covered are left out of every comparison, on both sides. Days in which nothing "
                "happened count as quiet days. Both take precedence over what the numbers suggest."
            )
        )
        left, right = st.columns(2)
        days = left.date_input(t("Days"), value=(source.as_of, source.as_of), key="coverage_days")
        kind: AnnotationKind = right.selectbox(
            t("Kind"), CORRECTIONS, format_func=lambda one: t(KIND_WORDS[one]), key="coverage_kind"
        )
        of = right.selectbox(
            t("Source"),
            ("", *source.coverage.spans),
            format_func=lambda one: format_label(t, one) if one else t("All sources"),
            key="coverage_source",
        )
        note = st.text_input(t("Why"), max_chars=LONGEST_NOTE, key="coverage_note")
        if not st.form_submit_button(t("Correct")) or not isinstance(days, tuple) or not days:
            return
    start, end = days[0], days[-1]
    try:
        add_annotation(page.home.path, start, note, who=_author(page), end=end, kind=kind, source=of)
    except AnnotationError as wrong:
        st.error(t(wrong.message))
        return
    _written(page, start)


def _author(page: Page) -> str:
    return page.reader or str(st.session_state.get(_WHO, "")).strip()


def _draw_correction(page: Page, one: Annotation, may_write: bool) -> None:
    t = page.t
    days = t.span(Span(one.start, one.end or one.start))
    of = f" ({format_label(t, one.source)})" if one.source else ""
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.write(escape_markdown(t.pair(days, f"{t(KIND_WORDS[one.kind])}{of}. {one.note}")))
    if may_write and right.button(t("Remove"), key=f"coverage_remove_{one.id}", help=escape_markdown(one.note)):
        with contextlib.suppress(AnnotationError):  # somebody else removed it meanwhile
            remove_annotation(page.home.path, one.id, who=_author(page))
        _written(page, one.start)


def _written(page: Page, start: dt.date) -> None:
    record.note(page, Deed.CHANGE, f"coverage from {start.isoformat()}")
    st.rerun()
