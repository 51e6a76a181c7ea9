"""The editor of one plan: its steps, in any order, its status, and saving it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from curim_data.model import Message, Plan, PlanStatus, Translator
from curim_data.model.plan import MOVES, STATUS_WORDS
from pages.parts.frame import Page, escape_markdown, page_link
from pages.parts.interventions.areas_step import areas_step
from pages.parts.interventions.board import standing_markdown
from pages.parts.interventions.document_step import document_step, draw_document, draw_downloads
from pages.parts.interventions.form_steps import gender_step, missing_points, objective_step, problem_step, work_step
from pages.parts.interventions.measures_step import measures_step
from pages.parts.interventions.plan_edit import (
    PlanEdit,
    close_plan,
    discard_changes,
    keep_changes,
    opened_again,
    save_plan,
)
from pages.parts.plans.access import ask_author, may_edit

Step = Callable[[Page, PlanEdit], Plan]
STEPS: dict[str, tuple[Message, Step]] = {
    "problem": (Message("Problem"), problem_step),
    "measures": (Message("Measures"), measures_step),
    "objective": (Message("Objective"), objective_step),
    "work": (Message("Who, when, cost"), work_step),
    "areas": (Message("How we will know"), areas_step),
    "people": (Message("Gender check"), gender_step),
    "paper": (Message("Document"), document_step),
}
MOVE_LABELS: dict[PlanStatus, Message] = {
    PlanStatus.DRAFT: Message("Back to draft"),
    PlanStatus.DECIDED: Message("It was decided"),
    PlanStatus.RUNNING: Message("It is running"),
    PlanStatus.FINISHED: Message("It is finished"),
    PlanStatus.EVALUATED: Message("It was evaluated"),
    PlanStatus.DROPPED: Message("Do not pursue it"),
}


def draw_plan_editor(page: Page, edit: PlanEdit) -> None:
    """The open plan: for the council to read, for others to write."""
    t = page.t
    st.button(
        t("All interventions"), key="plan_close", type="tertiary", icon=":material/arrow_back:", on_click=close_plan
    )
    st.title(escape_markdown(edit.plan.title) or t("New plan"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t(STATUS_WORDS[edit.plan.status])}**", width="content")
        if edit.plan.id:
            st.markdown(standing_markdown(t, edit.plan, page), width="content")
        else:
            st.markdown(":gray[" + t("Not saved yet") + "]", width="content")
    if not may_edit(page):
        draw_document(page, edit.plan)
        draw_downloads(page, edit)
        return
    _draw_message()
    name = _chosen_step(t, edit)
    plan = STEPS[name][1](page, edit)
    edit = keep_changes(edit, plan)
    if opened_again(page, edit):
        st.rerun()
    st.divider()
    _draw_actions(page, edit)


def _chosen_step(t: Translator, edit: PlanEdit) -> str:
    names = list(STEPS)
    key = edit.key("step")
    if key not in st.session_state:
        st.session_state[key] = names[0]
    chosen = st.segmented_control(
        t("Steps of the plan"),
        names,
        format_func=lambda name: f"{names.index(name) + 1} {t(STEPS[name][0])}",
        key=key,
        required=True,
        label_visibility="collapsed",
    )
    return chosen or names[0]


def _draw_actions(page: Page, edit: PlanEdit) -> None:
    t = page.t
    ask_author(page)
    with st.container(horizontal=True, vertical_alignment="center", key="plan_foot"):
        # Never disabled: a click right after typing would find it so, and be lost.
        pressed = st.button(t("Save the plan"), key="plan_save", type="primary")
        if edit.plan.id:
            moved = _moves(t, edit)
            if edit.changed:
                st.button(t("Undo my changes"), key="plan_reopen", type="tertiary", on_click=discard_changes)
            if edit.plan.start is not None and edit.plan.areas.comparison:
                page_link(page, "evaluation", t("Evaluation"), plan=edit.plan.id)
        else:
            moved = None
    if edit.changed:
        st.caption(t("There are changes that are not saved."))
    if moved is not None:
        _save(page, edit, replace(edit.plan, status=moved))
    elif pressed and not edit.changed:
        st.caption(t("There is nothing to save: the plan is as it was saved last."))
    elif pressed:
        _save(page, edit, edit.plan)


def _save(page: Page, edit: PlanEdit, plan: Plan) -> None:
    if save_plan(page, edit, plan):
        st.session_state["plan_said"] = page.t("Saved.")
        st.rerun()


def _draw_message() -> None:
    said = st.session_state.pop("plan_said", "")
    if said:
        st.toast(said)


def _moves(t: Translator, edit: PlanEdit) -> PlanStatus | None:
    """Buttons for where the plan may go next; the one that was pressed."""
    chosen = None
    moves = [status for status in MOVES[edit.saved.status] if status is not PlanStatus.EVALUATED]
    if not moves:
        return None
    with st.popover(t("Change the status")):
        if open_points := missing_points(edit.plan):
            st.caption(t("Still open: {points}.", points=t.join([t(point) for point in open_points])))
        for status in moves:
            if st.button(t(MOVE_LABELS[status]), key=edit.key(f"move_{status.value}"), width="stretch"):
                chosen = status
    return chosen
