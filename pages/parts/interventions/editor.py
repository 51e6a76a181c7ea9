"""The editor of one plan: its steps in any order, its status, saving it, its document and its history."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from analysis.report.documents import MIME, Block, Bullets, Columns, DocumentFormat, Facts, Figure, Heading, Table, Text
from analysis.report.papers import compose_plan, plan_document
from curim_data.model import LANGUAGES, Message, Plan, PlanStatus, Translator
from curim_data.model.plan import MOVES, STATUS_WORDS, plan_to_json
from curim_data.plans.plan_store import Change
from pages.parts.charts.tables import draw_table
from pages.parts.frame import Page, escape_markdown, page_link
from pages.parts.frame.guard import draw_download
from pages.parts.interventions.board import standing_markdown
from pages.parts.interventions.plan_edit import (
    PlanEdit,
    close_plan,
    discard_changes,
    keep_changes,
    latest,
    opened_again,
    save_plan,
)
from pages.parts.interventions.steps import (
    areas_step,
    gender_step,
    measures_step,
    missing_points,
    objective_step,
    problem_step,
    work_step,
)
from pages.parts.plans import ask_author, may_edit, plan_store, reference_day
from pages.parts.plans import draw_areas_map as draw_areas

FIELD_LABELS: Final = {
    "created": Message("Plan created"),
    "title": Message("Title"),
    "status": Message("Status"),
    "problem": Message("Problem"),
    "statement": Message("Problem in words"),
    "measures": Message("Measures"),
    "objective": Message("Objective"),
    "lead": Message("Lead"),
    "partners": Message("Partners"),
    "actions": Message("Steps"),
    "outputs": Message("Outputs"),
    "budget": Message("Budget"),
    "start": Message("Begins"),
    "finish": Message("Ends"),
    "areas": Message("Areas"),
    "assessment": Message("How we will know"),
    "gender_check": Message("Gender check"),
    "result": Message("Result"),
    "language": Message("Language"),
}
# Fields of which only the name is told: their parts are figures and cells that mean nothing without the map.
_NAMED: Final = ("problem", "areas")
_TECHNICAL: Final = ("id", "version", "created_at", "updated_at")
LONGEST = 120
Step = Callable[[Page, PlanEdit], Plan]
MOVE_LABELS: dict[PlanStatus, Message] = {
    PlanStatus.DRAFT: Message("Back to draft"),
    PlanStatus.DECIDED: Message("It was decided"),
    PlanStatus.RUNNING: Message("It is running"),
    PlanStatus.FINISHED: Message("It is finished"),
    PlanStatus.EVALUATED: Message("It was evaluated"),
    PlanStatus.DROPPED: Message("Do not pursue it"),
}


def draw_history(page: Page, plan_id: str, key: str) -> None:
    """Who changed what, and when, the latest first."""
    t = page.t
    st.subheader(t("History"))
    headings = {"at": t("When"), "who": t("Who"), "what": t("What"), "how": t("Before → after")}
    draw_table(
        page,
        pd.DataFrame(history_rows(page, plan_store(page).history(plan_id)), columns=list(headings)),
        headings,
        key=key,
        alt=t("Every change of this plan"),
        file_name="plan_history.csv",
    )


def history_rows(page: Page, changes: Iterable[Change]) -> list[dict[str, str]]:
    """The changes of each save as one row, in the order given; saves that changed technical fields alone have none."""
    t, zone = page.t, ZoneInfo(page.city.timezone)
    rows = []
    for _, group in groupby(changes, key=lambda change: (change.version, change.at, change.who)):
        saved = [change for change in group if change.what.partition(".")[0] not in _TECHNICAL]
        if not saved:
            continue
        rows.append(
            {
                "at": t.moment(saved[0].at.astimezone(zone).replace(tzinfo=None), "short"),
                "who": t(saved[0].who) if page.is_sample else saved[0].who,
                "what": t.join(list(dict.fromkeys(_field(page, change.what) for change in reversed(saved)))),
                "how": "; ".join(filter(None, (_difference(page, change) for change in reversed(saved)))),
            }
        )
    return rows


def _difference(page: Page, change: Change) -> str:
    """A field from what to what; a text in several languages in the reader's alone, figures of the problem not."""
    head, _, part = change.what.partition(".")
    other_language = part in LANGUAGES and part != page.t.lang
    if head in _NAMED or other_language:
        return ""
    before, after = (_value(page, change.what, value) for value in (change.old, change.new))
    name = _field(page, change.what)
    if not before:
        return page.t("{name}: {after}", name=name, after=after or "–")
    return page.t("{name}: {before} → {after}", name=name, before=before, after=after or "–")


def _field(page: Page, what: str) -> str:
    head, _, _ = what.partition(".")
    return page.t(FIELD_LABELS[head]) if head in FIELD_LABELS else what


def _value(page: Page, what: str, value: Any) -> str:
    t = page.t
    if value in (None, "", [], {}):
        return ""
    if what == "status":
        return t(STATUS_WORDS[PlanStatus(value)])
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, (int, float)):
        return t.number(value, 0 if value == round(value) else 1)
    if isinstance(value, dict) and set(value) <= set(LANGUAGES):
        value = t.label(value)
    if isinstance(value, list):
        text = "; ".join(str(item.get("what", "")) if isinstance(item, dict) else str(item) for item in value)
    elif isinstance(value, dict):
        text = "; ".join(str(item) for item in value.values())
    else:
        text = _date(page, str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _date(page: Page, text: str) -> str:
    try:
        return page.t.date(dt.date.fromisoformat(text), "medium")
    except ValueError:
        return page.t(text) if page.is_sample else text


def document_step(page: Page, edit: PlanEdit) -> Plan:
    """Downloads, the history, and the document as the council reads it."""
    draw_downloads(page, edit)
    if edit.plan.id:
        draw_history(page, edit.plan.id, edit.key("history"))
    st.subheader(page.t("As the council reads it"))
    draw_document(page, edit.plan)
    return edit.plan


def draw_downloads(page: Page, edit: PlanEdit) -> None:
    """Word, PDF and JSON, made when asked for: of the plan as it is kept then, or with what is unsaved here."""
    t, plan = page.t, edit.plan
    name = f"curim_plan_{plan.id[:8] or 'draft'}_{t.lang}"

    def now() -> Plan:
        return plan if edit.changed else latest(page, edit)

    def paper(form: DocumentFormat) -> bytes:
        from analysis.report.maps import areas_map  # long to load, and only for a paper

        plan = now()
        picture = areas_map(page.city, plan.areas, t) if plan.areas.treated else None
        made = reference_day(page)
        return plan_document(plan, page.city, t, form, made=made, picture=picture, illustrative=page.is_sample)

    with st.container(horizontal=True, key="plan_downloads"):
        forms: tuple[tuple[DocumentFormat, str], ...] = (("pdf", t("PDF")), ("docx", t("Word")))
        for form, label in forms:
            draw_download(
                label,
                lambda form=form: paper(form),
                file_name=f"{name}.{form}",
                mime=MIME[form],
                key=f"plan_{form}",
                icon=":material/download:",
            )
        draw_download(
            "JSON",
            lambda: json.dumps(plan_to_json(now()), ensure_ascii=False, indent=2),
            file_name=f"{name}.json",
            mime="application/json",
            key="plan_json",
            icon=":material/download:",
        )


def draw_document(page: Page, plan: Plan) -> None:
    """The document on the page, block by block."""
    document = compose_plan(plan, page.city, page.t, made=reference_day(page), illustrative=page.is_sample)
    _draw_blocks(page, document.blocks, "plan")
    if plan.areas.treated:
        st.subheader(page.t("Areas of the plan"))
        draw_areas(page, plan.areas, key="plan_read_map", span=1.0)


def _draw_blocks(page: Page, blocks: Iterable[Block], key: str) -> None:
    for number, block in enumerate(blocks):
        match block:
            case Heading():
                st.subheader(escape_markdown(block.text))
            case Text():
                (st.caption if block.style == "note" else st.write)(escape_markdown(block.text))
            case Bullets():
                st.markdown("\n".join(f"- {escape_markdown(item)}" for item in block.items))
            case Facts():
                facts = (
                    page.t.pair(f"**{escape_markdown(name)}**", escape_markdown(value)) for name, value in block.pairs
                )
                st.markdown("  \n".join(facts))
            case Table():
                rows = [[escape_markdown(cell) for cell in row] for row in block.rows]
                st.table(pd.DataFrame(rows, columns=list(block.header)), hide_index=True)
            case Columns():
                _draw_blocks(page, (*block.left, *block.right), f"{key}_{number}")
            case Figure():
                st.image(block.picture.data, caption=escape_markdown(block.caption or block.picture.alt))


STEPS: dict[str, tuple[Message, Step]] = {
    "problem": (Message("Problem"), problem_step),
    "measures": (Message("Measures"), measures_step),
    "objective": (Message("Objective"), objective_step),
    "work": (Message("Who, when, cost"), work_step),
    "areas": (Message("How we will know"), areas_step),
    "people": (Message("Gender check"), gender_step),
    "paper": (Message("Document"), document_step),
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
    if said := st.session_state.pop("plan_said", ""):
        st.toast(said)
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
