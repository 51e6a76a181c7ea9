"""The period and the cached figures of the Briefing: since the last meeting, unless the filter says otherwise."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pandas as pd
import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.studies.brief import BriefStudy, brief_study
from pages.parts.frame import Dataset, Page, calculated, filter_bar, source_of

SINCE = "since"
KEY = "briefing_since"


@calculated(Message("Preparing the briefing"))
def cached_brief(dataset: Dataset, f: AlertFilter, audience: Audience) -> BriefStudy:
    """Everything on the page."""
    return brief_study(source_of(dataset), f, audience)


def with_briefing_period(page: Page) -> Page:
    """The page with the briefing's own period where the filter has the usual one."""
    if page.source is None or page.filter.period != AlertFilter().period:
        return page
    asked = _since_in_link(page)
    period = AlertFilter(period="meeting") if asked is None else AlertFilter(start=asked, end=page.source.as_of)
    own = page.filter.replace(period=period.period, start=period.start, end=period.end)
    return dataclasses.replace(page, filter=own)


def draw_since_input(page: Page, study: BriefStudy) -> None:
    """The first day of the changes; it replaces the filter's period."""
    source = page.source
    if source is None or not source.first <= study.since <= source.as_of:
        return
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
    picked = st.session_state[KEY]
    filter_bar.write_filter(page.filter.replace(period=AlertFilter().period))
    if picked in (None, meeting):
        st.query_params.pop(SINCE, None)
    else:
        st.query_params[SINCE] = picked.isoformat()


def _since_in_link(page: Page) -> dt.date | None:
    """The day that the link asks for; None where it names none that the data hold."""
    try:
        day = dt.date.fromisoformat(st.query_params.get(SINCE, ""))
    except ValueError:
        return None
    return day if page.source is not None and page.source.first <= day <= page.source.as_of else None
