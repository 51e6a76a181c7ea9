"""Plans on the page: where they are kept, the one that is open, and its way into the store."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h3.api.basic_str as h3
import streamlit as st

from analysis.plans.drafting import Draft, objective_sentence
from analysis.plans.problem_statement import gender_sentence
from analysis.spots.description import name_spots
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience, Role
from curim_data.model.plan import Plan
from curim_data.plans.plan_store import PlanConflict, PlanProblem, PlanStore
from curim_data.sample.plans import demo_words
from curim_data.store.home import Home
from curim_data.studies.hot_spots import hot_spot_study, known_places
from curim_data.studies.plan import draft_for
from pages.parts.frame.cache import remember
from pages.parts.frame.markdown import plain
from pages.parts.frame.page import Dataset, Page

EDIT = "plan_edit"
WHO = "plan_who"


@st.cache_resource(max_entries=8, show_spinner=False)
def _store(url: str) -> PlanStore:
    return PlanStore(url)


def plans(page: Page) -> PlanStore:
    """The store of the home on show."""
    return _store(page.home.plans_url)


def spoken(page: Page, plan: Plan) -> Plan:
    """A plan as this reader reads it: the sample's own words are translated, a city's stand as written."""
    return demo_words(plan, page.t) if page.is_sample else plan


def today(page: Page) -> dt.date:
    """The day by which plans are late; in the sample, whose dates are fixed, the last day with data."""
    return page.source.as_of if page.is_sample and page.source else dt.date.today()


def may_edit(page: Page) -> bool:
    """Whether the reader may write plans; the council reads them."""
    return page.role >= Role.SPECIALIST


@remember
def draft_of(dataset: Dataset, f: AlertFilter, audience: Audience, cells: tuple[str, ...], lang: str) -> Draft:
    """The draft for some cells under a filter."""
    return draft_for(open_source(Home(Path(dataset.home))), f, cells, audience, language=lang)


@remember
def spots_of(dataset: Dataset, f: AlertFilter, audience: Audience) -> tuple[tuple[tuple[str, ...], Any, int], ...]:
    """The hot spots under a filter, clearest first: cells, name (`SpotName`), alerts."""
    source = open_source(Home(Path(dataset.home)))
    spots = hot_spot_study(source, f, audience).spots
    names = name_spots(spots, source.city, known_places(source, audience))
    return tuple((spot.names, names[spot.id], spot.n) for spot in spots)


@dataclass(frozen=True)
class Edit:
    """The plan that is open in this session.

    `address`: what the address bar asked for; `kept`: the plan as it was opened, `plan`: with what the reader changed;
    `turn` counts openings, so that each has widgets of its own.
    """

    address: str
    kept: Plan
    plan: Plan
    turn: int

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return not self.plan.id or self.plan != self.kept

    def key(self, name: str) -> str:
        """The key of a widget of this opening."""
        return f"plan_{self.turn}_{name}"


def opened(page: Page) -> Edit | None:
    """The plan that the address asks for, with the reader's unsaved changes; None for the board."""
    plan_id, cells = st.query_params.get("plan", ""), st.query_params.get("draft", "")
    if not plan_id and not cells:
        return None
    address = f"{page.dataset.home} {plan_id or cells} {'' if plan_id else page.filter.to_query()}"
    edit: Edit | None = st.session_state.get(EDIT)
    if edit is None or edit.address != address:
        plan = spoken(page, plans(page).get(plan_id)) if plan_id else _new(page, cells)
        edit = Edit(address, plan, plan, (edit.turn if edit else 0) + 1)
        st.session_state[EDIT] = edit
    return edit


def _new(page: Page, cells: str) -> Plan:
    picked = tuple(cell for cell in cells.split(",") if _is_cell(cell))
    if not picked:
        raise ValueError("no cells")
    made = draft_of(page.dataset, page.filter, page.audience, picked, page.t.lang).plan
    # Sentences that follow from the figures are made anew for each reader, so they are not kept as the authors' own.
    own = "" if made.objective.text == objective_sentence(made.objective, made.problem, page.t) else made.objective.text
    check = made.gender_check
    affected = check.affected or gender_sentence(made.problem, page.t)
    return replace(made, objective=replace(made.objective, text=own), gender_check=replace(check, affected=affected))


def _is_cell(text: str) -> bool:
    return bool(h3.is_valid_cell(text))


def keep_open(edit: Edit, plan: Plan) -> Edit:
    """Remember what the reader changed."""
    st.session_state[EDIT] = made = replace(edit, plan=plan)
    return made


def close() -> None:
    """Back to the board; what was not saved is let go."""
    st.session_state.pop(EDIT, None)
    for word in ("plan", "draft"):
        st.query_params.pop(word, None)


def reopen() -> None:
    """Open the kept plan again and let go what was changed here."""
    st.session_state.pop(EDIT, None)


def who(page: Page) -> str:
    """The name under which changes are written down: of the account, or as the reader gave it once."""
    return page.reader or str(st.session_state.get(WHO, "")).strip()


def ask_who(page: Page) -> None:
    """Ask for the name where no account tells it."""
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
        help=t("Stands in the history of this plan, and nowhere else."),
    )


def save(page: Page, edit: Edit, plan: Plan) -> bool:
    """Keep a plan; says in words why it could not be kept. True: kept, and open in its new version."""
    t = page.t
    if not who(page):
        st.warning(t("Enter your name or office first: the history says who changed what."))
        return False
    if not plan.title.strip():
        st.warning(t("Give the plan a title first."))
        return False
    try:
        kept = plans(page).save(plan, who(page))
    except PlanConflict as problem:
        st.error(plain(t(problem.message)))
        st.button(t("Open the latest version (your changes are lost)"), on_click=reopen)
        return False
    except PlanProblem as problem:
        st.error(plain(t(problem.message)))
        return False
    st.query_params.pop("draft", None)
    st.query_params["plan"] = kept.id
    address = f"{page.dataset.home} {kept.id} "
    st.session_state[EDIT] = Edit(address, kept, kept, edit.turn)
    return True
