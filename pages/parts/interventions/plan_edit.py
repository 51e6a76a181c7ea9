"""The plan that is open in a session: opened by the address, changed by the steps, saved to the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import h3.api.basic_str as h3
import streamlit as st

from analysis.plans.drafting import gender_sentence, objective_sentence
from curim_data.model import Plan
from curim_data.plans.plan_store import PlanConflict, PlanMissing, PlanProblem
from curim_data.plans.record import Deed
from pages.parts.frame import Page, escape_markdown, record
from pages.parts.interventions.queries import plan_draft
from pages.parts.plans.access import author_name, may_edit, plan_store, reference_day, translated_plan

EDIT_KEY = "plan_edit"


@dataclass(frozen=True)
class PlanEdit:
    """The plan that is edited in this session.

    `address`: what the address bar asked for; `saved`: the plan as it was opened, `plan`: with what the reader changed;
    `turn` counts openings, so that each has widgets of its own.
    """

    address: str
    saved: Plan
    plan: Plan
    turn: int

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return not self.plan.id or self.plan != self.saved

    def key(self, name: str) -> str:
        """The key of a widget of this opening."""
        return f"plan_{self.turn}_{name}"


def plan_in_address(page: Page) -> PlanEdit | None:
    """The plan that the address asks for, with the reader's unsaved changes; None for the board."""
    plan_id, cells = st.query_params.get("plan", ""), st.query_params.get("draft", "")
    if not plan_id and not cells:
        return None
    address = f"{page.dataset.home} {plan_id or cells} {'' if plan_id else page.filter.to_query()}"
    edit: PlanEdit | None = st.session_state.get(EDIT_KEY)
    if edit is None or edit.address != address:
        plan = translated_plan(page, plan_store(page).get(plan_id)) if plan_id else _new(page, cells)
        edit = PlanEdit(address, plan, plan, (edit.turn if edit else 0) + 1)
        st.session_state[EDIT_KEY] = edit
    elif plan_id:
        edit = _caught_up(page, edit)
    return edit


def _caught_up(page: Page, edit: PlanEdit) -> PlanEdit:
    """The open plan with what was saved elsewhere since: all of it for readers, a result and a status for writers.

    Fields that the steps change stay as they were opened (`opened_again` takes them where nothing is unsaved): so what
    somebody is writing is neither lost nor saved over what they have not seen.
    """
    kept = latest(page, edit)
    if kept.version == edit.saved.version:
        return edit
    elsewhere: dict[str, Any] = {"result": kept.result, "status": kept.status, "version": kept.version}
    if not may_edit(page):
        made = replace(edit, saved=kept, plan=kept)
    elif replace(edit.saved, **elsewhere) == kept:
        made = replace(edit, saved=kept, plan=replace(edit.plan, **elsewhere))
    else:
        return edit
    st.session_state[EDIT_KEY] = made
    return made


def latest(page: Page, edit: PlanEdit) -> Plan:
    """The open plan as it is kept now; as it was opened where it is not kept."""
    if not edit.saved.id:
        return edit.saved
    try:
        return translated_plan(page, plan_store(page).get(edit.saved.id))
    except PlanMissing:
        return edit.saved


def opened_again(page: Page, edit: PlanEdit) -> bool:
    """Open the plan anew where somebody else saved it and nothing is unsaved here; whether that was so."""
    kept = edit.saved if edit.changed else latest(page, edit)
    if kept.version == edit.saved.version:
        return False
    st.session_state[EDIT_KEY] = PlanEdit(edit.address, kept, kept, edit.turn + 1)
    return True


def keep_typed(key: str, change: Callable[[Plan, Any], Plan]) -> None:
    """Take what a widget holds into the open plan, before the run that a click on something else may cut short."""
    edit: PlanEdit | None = st.session_state.get(EDIT_KEY)
    if edit is not None and key in st.session_state:
        keep_changes(edit, change(edit.plan, st.session_state[key]))


def _new(page: Page, cells: str) -> Plan:
    picked = tuple(cell for cell in cells.split(",") if _is_cell(cell))
    if not picked:
        raise ValueError("no cells")
    made = plan_draft(page.dataset, page.filter, picked, reference_day(page), page.t.lang).plan
    # Sentences that follow from the figures are written for each reader, so they are not stored as the authors' own.
    own = "" if made.objective.text == objective_sentence(made.objective, made.problem, page.t) else made.objective.text
    check = made.gender_check
    affected = check.affected or gender_sentence(made.problem, page.t)
    return replace(made, objective=replace(made.objective, text=own), gender_check=replace(check, affected=affected))


def _is_cell(text: str) -> bool:
    return bool(h3.is_valid_cell(text))


def keep_changes(edit: PlanEdit, plan: Plan) -> PlanEdit:
    """Remember what the reader changed."""
    st.session_state[EDIT_KEY] = made = replace(edit, plan=plan)
    return made


def close_plan() -> None:
    """Return to the board; unsaved changes are discarded."""
    st.session_state.pop(EDIT_KEY, None)
    for word in ("plan", "draft"):
        st.query_params.pop(word, None)


def discard_changes() -> None:
    """Open the saved plan again and discard the changes."""
    st.session_state.pop(EDIT_KEY, None)


def save_plan(page: Page, edit: PlanEdit, plan: Plan) -> bool:
    """Save a plan, or say why it could not be saved. True: saved, and open in its new version."""
    t = page.t
    if not author_name(page):
        st.warning(t("Enter your name or office first: the history says who changed what."))
        return False
    if not plan.title.strip():
        st.warning(t("Give the plan a title first."))
        return False
    try:
        kept = plan_store(page).save(plan, author_name(page))
    except PlanConflict as problem:
        st.error(escape_markdown(t(problem.message)))
        st.button(t("Open the latest version (your changes are lost)"), on_click=discard_changes)
        return False
    except PlanProblem as problem:
        st.error(escape_markdown(t(problem.message)))
        return False
    record.note(page, Deed.CHANGE, f"plan {kept.id}, version {kept.version}")
    st.query_params.pop("draft", None)
    st.query_params["plan"] = kept.id
    address = f"{page.dataset.home} {kept.id} "
    st.session_state[EDIT_KEY] = PlanEdit(address, kept, kept, edit.turn)
    return True
