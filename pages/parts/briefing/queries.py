"""The cached figures of the Briefing, and the day since which it looks for changes: that of the last meeting."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.studies.brief import BriefChanges, BriefPeriod, BriefStudy, brief_period, usual_since
from pages.parts.briefing.meetings import draw_meeting_choice
from pages.parts.findings.queries import SINCE, cached_changes
from pages.parts.frame import Dataset, Page, calculated, filter_bar, source_of

KEY = "briefing_since"


@calculated(Message("Preparing the briefing"))
def cached_period(dataset: Dataset, f: AlertFilter) -> BriefPeriod:
    """What is below the cards, of the filter's whole period."""
    return brief_period(source_of(dataset), f)


def cached_brief(dataset: Dataset, f: AlertFilter, since: dt.date | None) -> BriefStudy:
    """Everything on the page."""
    return BriefStudy.of(cached_changes(dataset, f, since), cached_period(dataset, f))


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what the page tells before a reader chooses anything; who asks meanwhile waits for it.

    It is worked out for specialist and council, so that none waits longer than the other: what the council is told is
    chosen from the alerts and counted in their copy.
    """
    cached_changes(dataset, f, usual_since(source_of(dataset), f))
    cached_period(dataset, f)


def draw_since_input(page: Page, study: BriefChanges) -> None:
    """The first day of the changes, of a meeting or of the reader's own; it replaces the filter's period."""
    source = page.source
    if source is None or not source.first <= study.since <= source.as_of:
        return
    draw_meeting_choice(page, study.since, _write_day)
    if st.session_state.get(KEY) != study.since:
        st.session_state[KEY] = study.since
    if source.by_month:
        months = pd.date_range(source.first, source.as_of, freq="MS")
        st.selectbox(
            page.t("Since"),
            [month.date() for month in reversed(months)],
            format_func=lambda day: page.t.date(day, "LLLL y"),
            key=KEY,
            on_change=_write_since,
            args=(page, source.meeting.replace(day=1)),
            label_visibility="collapsed",
            width=190,
        )
        return
    st.date_input(
        page.t("Since"),
        key=KEY,
        min_value=source.first,
        max_value=source.as_of,
        format="DD/MM/YYYY",
        on_change=_write_since,
        args=(page, source.meeting),
        label_visibility="collapsed",
        width=150,
    )


def _write_since(page: Page, meeting: dt.date) -> None:
    _write_day(page, st.session_state[KEY], meeting)


def _write_day(page: Page, picked: dt.date | None, meeting: dt.date) -> None:
    filter_bar.write_filter(page.filter.replace(period=AlertFilter().period))
    if picked in (None, meeting):
        st.query_params.pop(SINCE, None)
    else:
        st.query_params[SINCE] = picked.isoformat()
