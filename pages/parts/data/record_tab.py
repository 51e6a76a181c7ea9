"""The tab of the record, for the analyst: who looked at what and did what, by time, person and deed."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from curim_data.model import Message, Role
from curim_data.plans.record import (
    DEED_WORDS,
    Deed,
    Entry,
    Wanted,
    people,
    read_record,
    record_frame,
    record_settings,
    recorder,
)
from pages.parts.charts.tables import download_button, draw_table
from pages.parts.frame import Page
from pages.parts.plans.access import plan_store

AT_ONCE: Final = 500
PERIODS: Final = {"7": Message("Last 7 days"), "28": Message("Last 28 days"), "365": Message("Last 12 months")}
ROLE_WORDS: Final = {
    "public": Message("the public"),
    "council": Message("council"),
    "specialist": Message("specialist"),
    "analyst": Message("analyst"),
}


def draw_record_tab(page: Page) -> None:
    """Choose what to see of the record, see it, and take it along."""
    t = page.t
    if page.is_sample:
        st.write(t("The sample city has no record: it begins with a city of your own."))
        return
    if page.role < Role.ANALYST:
        return
    database = plan_store(page).database
    recorder(page.home).flush(1.0)
    try:
        known = people(database)
        wanted = _choice(page, known)
        found = read_record(database, wanted, AT_ONCE)
    except SQLAlchemyError:
        st.error(t("The record cannot be read at the moment. Reload the page in a minute."))
        return
    _draw_about(page)
    if not found:
        st.write(t("Nothing is recorded."))
        return
    if len(found) == AT_ONCE:
        st.caption(t("The latest {n} entries; the file holds all.", n=AT_ONCE))
    headings = {
        "at": t("When"),
        "who": t("Who"),
        "role": t("Role"),
        "deed": t("What"),
        "subject": t("Of what"),
        "query": t("Filter"),
    }
    zone = ZoneInfo(page.city.timezone)
    frame = pd.DataFrame([_row(page, zone, one) for one in found], columns=list(headings))
    draw_table(page, frame, headings, key="data_record", alt=t("Who looked at what and did what"))
    download_button(page, lambda: record_frame(read_record(database, wanted)), "record.csv", key="data_record_download")


def _choice(page: Page, known: list[str]) -> Wanted:
    t = page.t
    period, person, deed = st.columns(3)
    days = period.selectbox(
        t("Period"), list(PERIODS), index=1, format_func=lambda one: t(PERIODS[one]), key="data_record_period"
    )
    who = person.selectbox(t("Who"), [None, *known], format_func=lambda one: _person(page, one), key="data_record_who")
    what = deed.selectbox(
        t("What"),
        [None, *Deed],
        format_func=lambda one: t("everything") if one is None else t(DEED_WORDS[one]),
        key="data_record_deed",
    )
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=int(days))
    return Wanted(since=since.timestamp(), who=who, deed=what)


def _draw_about(page: Page) -> None:
    """For how long it is kept, and what it leaves out."""
    t, settings = page.t, record_settings(page.home)
    st.caption(
        t(
            "Who looked at what and did what, without the content of any alert. Entries cannot be changed; they are "
            "deleted after {days} days.",
            days=settings.keep_days,
        )
    )
    if not settings.council_filters:
        st.caption(t("Which filters the council and the public chose is not recorded."))


def _person(page: Page, who: str | None) -> str:
    return page.t("everybody") if who is None else who or page.t("at this computer")


def _row(page: Page, zone: ZoneInfo, one: Entry) -> dict[str, str]:
    t = page.t
    return {
        "at": t.moment(dt.datetime.fromtimestamp(one.at, zone), "short"),
        # What the dashboard itself noted, such as that a file was changed by hand, has no reader.
        "who": _person(page, one.who) if one.who or one.role else "–",
        "role": t(ROLE_WORDS[one.role]) if one.role in ROLE_WORDS else "",
        "deed": t(DEED_WORDS[one.deed]),
        "subject": one.subject,
        "query": one.query,
    }
