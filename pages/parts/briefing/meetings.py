"""The council's meetings on the Briefing: the choice since which one changes are told, and keeping them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import streamlit as st

from curim_data.model import Role
from curim_data.model.annotations import LONGEST_MEETING_NAME, Meeting
from curim_data.plans.meetings import MeetingStore
from curim_data.plans.plan_store import PlanProblem
from curim_data.plans.record import Deed
from curim_data.store.annotations import read_meetings
from pages.parts.frame import Page, draw_whole_choice, escape_markdown, permitted, record
from pages.parts.plans.access import may_edit, plan_store, reference_day

CHOICE = "briefing_meeting"
SAID = "briefing_meeting_said"
MOST_OFFERED = 4


def draw_meeting_choice(page: Page, since: dt.date, write: Callable[[Page, dt.date | None, dt.date], None]) -> None:
    """The last meetings to choose from; the one that is chosen is written by `write` (page, day, last meeting)."""
    source = page.source
    if source is None:
        return
    offered = {_first_day(page, meeting.day): meeting for meeting in _held(page)[-MOST_OFFERED:]}
    days = sorted(offered, reverse=True)
    if not days:
        return
    chosen = since if since in offered else None
    # A browser answers with the words of an option, so a window that gets narrower needs a box of its own for others.
    key = f"{CHOICE}_narrow" if page.narrow else CHOICE
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen

    def choose() -> None:
        write(page, st.session_state[key], _first_day(page, source.meeting))

    st.selectbox(
        page.t("Since the meeting"),
        days,
        index=None if chosen is None else 0,  # only without a choice may there be none
        format_func=lambda day: _option_words(page, offered[day]),
        key=key,
        on_change=choose,
        placeholder=page.t("Another date"),
        label_visibility="collapsed",
        width="stretch" if page.narrow else 440,
    )
    if chosen is not None:
        draw_whole_choice(page, _option_words(page, offered[chosen]))


def draw_meeting_keeper(page: Page) -> None:
    """Add, rename and remove meetings, for those who may write plans."""
    if not may_edit(page):
        return
    t = page.t
    with st.popover(t("Meetings"), type="tertiary"):
        kept = read_meetings(page.home.path)
        if not kept:
            st.caption(t("No meetings are kept. Until then changes are told since eight weeks before the last day."))
        st.date_input(t("Day of the meeting"), None, format="DD/MM/YYYY", key="meeting_day")
        if page.source is not None and not page.source.by_month:
            st.caption(t("Changes are told since the last meeting that is followed by at least a week of data."))
        st.text_input(
            t("Name of the meeting"),
            key="meeting_name",
            max_chars=LONGEST_MEETING_NAME,
            help=t("Such as “Plenary”; nobody's name. The same day again gets the new name."),
        )
        st.button(
            t("Keep the meeting"),
            key="meeting_add",
            type="primary",
            on_click=permitted(Role.SPECIALIST, _add),
            args=(page,),
        )
        if kept:
            by_day = {meeting.day: meeting for meeting in kept}
            picked = st.selectbox(
                t("Kept meetings"),
                [meeting.day for meeting in reversed(kept)],
                format_func=lambda day: _option_words(page, by_day[day]),
                key="meeting_kept",
            )
            draw_whole_choice(page, _option_words(page, by_day[picked]))
            st.button(
                t("Remove the meeting"),
                key="meeting_remove",
                on_click=permitted(Role.SPECIALIST, _remove),
                args=(page,),
            )
        if said := st.session_state.pop(SAID, ""):
            st.warning(escape_markdown(said))


def draw_no_data_note(page: Page, since: dt.date) -> None:
    """Say where a meeting is followed by no data or by less than a week of them; `since`: the day told from instead."""
    source, t = page.source, page.t
    if source is None or not source.count:
        return
    until = reference_day(page)
    last = max((meeting.day for meeting in read_meetings(page.home.path) if meeting.day <= until), default=None)
    if last is None or _first_day(page, last) <= source.meeting or since == _first_day(page, last):
        return
    if last > source.as_of:
        told = t(
            "There are no alerts yet since the meeting of {day}: the data end on {last}. What follows is told "
            "since {since}.",
            day=last,
            last=source.as_of,
            since=since,
        )
    else:
        told = t(
            "There is less than a week of data since the meeting of {day}, too little to compare: the data end on "
            "{last}. What follows is told since {since}.",
            day=last,
            last=source.as_of,
            since=since,
        )
    st.info(told)


def meeting_words(page: Page, meeting: Meeting) -> str:
    """A meeting by its day, with its name; the sample's in the reader's language."""
    t = page.t
    if name := _name(page, meeting):
        return t("the meeting of {day} ({name})", day=meeting.day, name=name)
    return t("the meeting of {day}", day=meeting.day)


def _option_words(page: Page, meeting: Meeting) -> str:
    """A meeting in a list of them; on a phone only its day and its name, as much as a select box shows."""
    if not page.narrow:
        return meeting_words(page, meeting)
    t = page.t
    day = t.date(meeting.day, "d MMM y")
    return t("{day} ({name})", day=day, name=_name(page, meeting)) if meeting.name else day


def _name(page: Page, meeting: Meeting) -> str:
    return page.t(meeting.name) if page.is_sample and meeting.name else meeting.name


def _held(page: Page) -> list[Meeting]:
    """The meetings until which there are data, the last one last."""
    source = page.source
    if source is None:
        return []
    until = min(source.as_of, reference_day(page))
    return [meeting for meeting in read_meetings(page.home.path) if source.first <= meeting.day <= until]


def _first_day(page: Page, day: dt.date) -> dt.date:
    """The day that changes are told from: of the month where nothing finer is known."""
    return day.replace(day=1) if page.source is not None and page.source.by_month else day


def _store(page: Page) -> MeetingStore:
    return MeetingStore(plan_store(page), page.home.path)


def _add(page: Page) -> None:
    day = st.session_state.get("meeting_day")
    if day is None:
        st.session_state[SAID] = page.t("Choose the day of the meeting first.")
        return
    try:
        _store(page).add(day, st.session_state.get("meeting_name", ""))
        record.note(page, Deed.CHANGE, f"meeting {day.isoformat()}")
    except PlanProblem as problem:
        st.session_state[SAID] = page.t(problem.message)
        return
    st.session_state["meeting_name"] = ""


def _remove(page: Page) -> None:
    try:
        gone = _store(page).remove(st.session_state["meeting_kept"])
        record.note(page, Deed.CHANGE, f"meeting {gone.day.isoformat()}")
    except PlanProblem as problem:
        st.session_state[SAID] = page.t(problem.message)
