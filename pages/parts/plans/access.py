"""Access to the plan store: the plans of the home on show, who may edit them, and under which name."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from curim_data.engine import city_day
from curim_data.model import Plan, Role
from curim_data.plans.plan_store import PlanStore
from curim_data.sample.plans import demo_words
from pages.parts.frame import Page

WHO = "plan_who"


@st.cache_resource(max_entries=64, show_spinner=False)
def _open_store(url: str) -> PlanStore:
    return PlanStore(url)


def plan_store(page: Page) -> PlanStore:
    """The store of the home on show."""
    return _open_store(page.home.plans_url)


def translated_plan(page: Page, plan: Plan) -> Plan:
    """A plan in the reader's language: the sample's texts are translated, a city's stay as written."""
    return demo_words(plan, page.t) if page.is_sample else plan


def reference_day(page: Page) -> dt.date:
    """The day by which plans are late; in the sample, whose dates are fixed, the last day with data."""
    return page.source.as_of if page.is_sample and page.source else city_day(page.city)


def may_edit(page: Page) -> bool:
    """Whether the reader may write plans; the council reads them."""
    return page.role >= Role.SPECIALIST


def author_name(page: Page) -> str:
    """The name under which changes are written down: of the account, or as the reader gave it once."""
    return page.reader or str(st.session_state.get(WHO, "")).strip()


def ask_author(page: Page) -> None:
    """Ask for the name where no account gives it."""
    if page.reader:
        return
    t = page.t
    key = "plan_who_asked"
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(WHO, "")
    st.session_state[WHO] = st.text_input(
        t("Your name or office"),
        key=key,
        max_chars=80,
        help=t("Appears in the history of this plan, and nowhere else."),
    )
