"""The plan that is open in a session: opened by the address, changed by the steps, saved to the store."""

from __future__ import annotations

from dataclasses import dataclass, replace

import h3.api.basic_str as h3
import streamlit as st

from analysis.plans.drafting import objective_sentence
from analysis.plans.problem_statement import gender_sentence
from curim_data.model.plan import Plan
from curim_data.plans.plan_store import PlanConflict, PlanProblem
from pages.parts.frame.markdown import plain
from pages.parts.frame.page import Page
from pages.parts.interventions.queries import draft_of
from pages.parts.plans.access import plans, spoken, who

EDIT = "plan_edit"


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
