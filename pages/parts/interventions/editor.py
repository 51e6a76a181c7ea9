"""The board of interventions, and the editor of one: its steps in any order, its status, its document and history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from analysis.report.documents import MIME, Block, Bullets, Columns, Facts, Figure, Heading, Table, Text
from analysis.report.papers import compose_plan, plan_document
from curim_data import query
from curim_data.model import Message, Plan, PlanStatus, Translator
from curim_data.model.labels import inline
from curim_data.model.plan import MOVES, STATUS_WORDS, plan_to_json
from curim_data.plans.plan_store import Change
from curim_data.studies.evaluation import Standing, plan_progress
from pages.parts.charts.tables import draw_table
from pages.parts.frame import Page, escape_markdown, page_link
from pages.parts.frame.guard import draw_download
from pages.parts.interventions.steps import (
    areas_step,
    gender_step,
    measures_step,
    missing_steps,
    objective_step,
    problem_step,
    work_step,
)
from pages.parts.plans import (
    PlanEdit,
    ask_author,
    close_plan,
    discard_changes,
    draft_spots,
    draw_areas_map,
    keep_changes,
    latest,
    may_edit,
    opened_again,
    plan_store,
    reference_day,
    save_plan,
    seeded,
    translated_plan,
)

FIELD_LABELS: Final = {
    "created": Message("Plan created"),
    "title": Message("Title"),
    "status": Message("Status"),
    "problem": Message("Problem"),
    "statement": Message("Problem"),
    "measures": Message("Measures"),
    "objective": Message("Objective"),
    "lead": Message("Lead"),
    "partners": Message("Partners"),
    "actions": Message("Steps"),
    "outputs": Message("Outputs"),
    "budget": Message("Budget"),
    "start": Message("Begins"),
    "finish": Message("Ends"),
    "areas": Message("Areas of the plan"),
    "assessment": Message("How we will know"),
    "gender_check": Message("Gender check"),
    "result": Message("Result"),
    "language": Message("Language"),
}
Step = Callable[[Page, PlanEdit], Plan]


def history_rows(page: Page, changes: Iterable[Change]) -> list[dict[str, str]]:
    """The changes of each save as one row, in the order given; saves that changed technical fields alone have none."""
    t, zone = page.t, ZoneInfo(page.city.timezone)
    rows = []
    for _, group in groupby(changes, key=lambda change: (change.version, change.at, change.who)):
        saved = [
            change
            for change in group
            if change.what.partition(".")[0] not in ("id", "version", "created_at", "updated_at")
        ]
        if not saved:
            continue
        rows.append(
            {
                "at": t.moment(saved[0].at.astimezone(zone).replace(tzinfo=None), "short"),
                "who": t(saved[0].who) if page.is_sample else saved[0].who,
                "what": t.join(list(dict.fromkeys(_field(page, change.what) for change in reversed(saved)))),
            }
        )
    return rows


def _field(page: Page, what: str) -> str:
    head, _, _ = what.partition(".")
    return page.t(FIELD_LABELS[head]) if head in FIELD_LABELS else what


def document_step(page: Page, edit: PlanEdit) -> Plan:
    """The history, and the document as the council reads it."""
    t = page.t
    if edit.plan.id:
        st.subheader(t("History"))
        headings = {"at": t("When"), "who": t("Who"), "what": t("What")}
        draw_table(
            page,
            pd.DataFrame(history_rows(page, plan_store(page).history(edit.plan.id)), columns=list(headings)),
            headings,
            key=edit.key("history"),
            alt=t("History"),
            file_name="plan_history.csv",
        )
    st.subheader(t("As the council reads it"))
    draw_document(page, edit.plan)
    return edit.plan


def draw_downloads(page: Page, edit: PlanEdit) -> None:
    """Word, PDF and JSON, made when asked for: of the plan as it is kept then, or with what is unsaved here."""
    t, plan = page.t, edit.plan
    files = {"pdf": (t("PDF"), MIME["pdf"]), "docx": (t("Word"), MIME["docx"]), "json": ("JSON", "application/json")}

    def made(form: str) -> bytes | str:
        from analysis.report.maps import areas_map  # long to load, and only for a paper

        now = plan if edit.changed else latest(page, edit)
        if form == "json":
            return json.dumps(plan_to_json(now), ensure_ascii=False, indent=2)
        picture = areas_map(page.city, now.areas, t) if now.areas.treated else None
        settings = {"made": reference_day(page), "picture": picture, "illustrative": page.is_sample}
        return plan_document(now, page.city, t, "docx" if form == "docx" else "pdf", **settings)

    with st.container(horizontal=True, key="plan_downloads"):
        for form, (label, mime) in files.items():
            draw_download(
                label,
                partial(made, form),
                file_name=f"curim_plan_{plan.id[:8] or 'draft'}_{t.lang}.{form}",
                mime=mime,
                key=f"plan_{form}",
                icon=":material/download:",
            )


def draw_document(page: Page, plan: Plan) -> None:
    """The document on the page, block by block."""
    document = compose_plan(plan, page.city, page.t, made=reference_day(page), illustrative=page.is_sample)
    _draw_blocks(page, document.blocks)
    if plan.areas.treated:
        st.subheader(page.t("Areas of the plan"))
        draw_areas_map(page, plan.areas, key="plan_read_map", span=1.0)


def _draw_blocks(page: Page, blocks: Iterable[Block]) -> None:
    for block in blocks:
        match block:
            case Heading():
                st.subheader(escape_markdown(block.text))
            case Text():
                (st.caption if block.style == "note" else st.write)(escape_markdown(block.text))
            case Bullets():
                st.markdown("\n".join(f"- {escape_markdown(item)}" for item in block.items))
            case Facts():
                st.markdown(
                    "  \n".join(
                        (
                            page.t.pair(f"**{escape_markdown(name)}**", escape_markdown(value))
                            for name, value in block.pairs
                        )
                    )
                )
            case Table():
                st.table(
                    pd.DataFrame(
                        [[escape_markdown(cell) for cell in row] for row in block.rows], columns=list(block.header)
                    ),
                    hide_index=True,
                )
            case Columns():
                _draw_blocks(page, (*block.left, *block.right))
            case Figure():
                st.image(block.picture.data, caption=escape_markdown(block.picture.alt))


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
    standing = standing_markdown(t, edit.plan, page) if edit.plan.id else ":gray[" + t("Not saved yet") + "]"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t(STATUS_WORDS[edit.plan.status])}**", width="content")
        st.markdown(standing, width="content")
    if not may_edit(page):
        draw_downloads(page, edit)
        draw_document(page, edit.plan)
        return
    if said := st.session_state.pop("plan_said", ""):
        st.toast(said)
    names = list(STEPS)
    chosen = st.segmented_control(
        t("Steps of the plan"),
        names,
        format_func=lambda name: f"{names.index(name) + 1} {t(STEPS[name][0])}",
        key=seeded(edit.key("step"), names[0]),
        required=True,
        label_visibility="collapsed",
    )
    edit = keep_changes(edit, STEPS[chosen or names[0]][1](page, edit))
    if opened_again(page, edit):
        st.rerun()
    st.divider()
    _draw_actions(page, edit)


def _draw_actions(page: Page, edit: PlanEdit) -> None:
    t = page.t
    if edit.plan.status is PlanStatus.DRAFT and (steps := missing_steps(edit.plan)):
        st.caption(t("Still open: {points}.", points=t.join([inline(t(STEPS[name][0])) for name in steps])))
    ask_author(page, page.t("Appears in the history of this plan, and nowhere else."))
    with st.container(horizontal=True, vertical_alignment="center", key="plan_foot"):
        # Never disabled: a click right after typing would find it so, and be lost.
        pressed = st.button(t("Save the plan"), key="plan_save", type="primary")
        moves = [
            status
            for status in MOVES[edit.saved.status]
            if status is not PlanStatus.EVALUATED
            and st.button(t("Save as: {status}", status=t(STATUS_WORDS[status])), key=edit.key(f"move_{status.value}"))
        ]
        if edit.plan.id and edit.changed:
            st.button(t("Undo my changes"), key="plan_reopen", type="tertiary", on_click=discard_changes)
        if edit.plan.id and edit.plan.start is not None and edit.plan.areas.treated:
            page_link(page, "evaluation", t("Evaluation"), plan=edit.plan.id)
    draw_downloads(page, edit)
    if edit.plan.id and edit.changed:
        st.caption(t("There are changes that are not saved."))
    status = moves[0] if moves else edit.plan.status
    if (pressed or moves) and save_plan(page, edit, replace(edit.plan, status=status)):
        st.session_state["plan_said"] = t("Saved.")
        st.rerun()


BOARD = (PlanStatus.DRAFT, PlanStatus.DECIDED, PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED)


def draw_board(page: Page) -> None:
    """The board and, for those who may write, the way to a new draft."""
    t = page.t
    st.title(t("Interventions"))
    plans = [translated_plan(page, plan) for plan in plan_store(page).list()]
    st.write(_summary(page, plans))
    if may_edit(page):
        _draw_new_plan(page)
    wide = page.room.window >= 1100
    places = st.columns(len(BOARD), gap="small") if wide else [nullcontext()] * len(BOARD)
    for place, status in zip(places, BOARD, strict=True):
        here = [plan for plan in plans if plan.status is status]
        if here or wide:
            with place:
                st.markdown(f"**{t(STATUS_WORDS[status])}** :gray[{t.number(len(here))}]")
                for plan in here:
                    _draw_plan(page, plan)
    if dropped := [plan for plan in plans if plan.status is PlanStatus.DROPPED]:
        with st.expander(t.n("{n} plan was not pursued", "{n} plans were not pursued", len(dropped))):
            for plan in dropped:
                _draw_plan(page, plan)


def _summary(page: Page, plans: list[Plan]) -> str:
    t = page.t
    standings = [plan_progress(one, reference_day(page)).standing for one in plans if one.status in BOARD]
    if not standings:
        return t("There are no plans yet.")
    late, due = standings.count(Standing.LATE), standings.count(Standing.DUE)
    facts = (
        t.n("{n} plan", "{n} plans", len(standings)),
        t.n("{n} is late", "{n} are late", late) if late else "",
        t.n("{n} is due for evaluation", "{n} are due for evaluation", due) if due else "",
    )
    return " · ".join(filter(None, facts)) + "."


def _draw_plan(page: Page, plan: Plan) -> None:
    t, title = page.t, escape_markdown(plan.title)
    dates = (plan.start, plan.finish) if plan.start and plan.finish else ()
    lines = (
        t.label(plan.problem.names),
        plan.lead or t("Lead to be named"),
        " – ".join(t.date(day, "LLL y") for day in dates),
    )
    with st.container(border=True, gap="xsmall", key=f"plan_card_{plan.id}"):
        st.markdown("**" + (title or t("Without a title")) + "**")
        for line in filter(None, lines):
            st.caption(escape_markdown(line))
        st.markdown(f":small[{standing_markdown(t, plan, page)}]")
        if plan.result:
            st.caption(escape_markdown(t.label(plan.result)))
        st.button(
            t("Open"),
            key=f"plan_open_{plan.id}",
            help=t("Open: {title}", title=title),
            on_click=_go_to,
            args=("plan", plan.id),
        )


def standing_markdown(t: Translator, plan: Plan, page: Page) -> str:
    """How a plan stands, as Markdown: what is late in the accent colour, what is due in the structure's."""
    found = plan_progress(plan, reference_day(page))
    sentence = escape_markdown(t(found.message))
    if found.standing is Standing.LATE:
        return ":orange[**" + t("Late") + f".** {sentence}]"
    if found.standing is Standing.DUE:
        return f":blue[**{sentence}**]"
    return f":gray[{sentence}]"


def _draw_new_plan(page: Page) -> None:
    t = page.t
    with st.expander(t("Draft a new plan"), icon=":material/add:"):
        spots = {
            ",".join(cells): t.n("{place} ({n} alert)", "{place} ({n} alerts)", n, place=name(t))
            for cells, name, n in draft_spots(page.dataset, page.filter)
        }
        st.caption(escape_markdown(query.sentence(page.alerts, page.filter, t)))
        if not spots:
            st.write(t("There is no hot spot under this filter. Choose a wider one on the page of hot spots."))
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(t("Hot spot"), list(spots), format_func=spots.__getitem__, key="plan_new_spot")
            st.button(t("Draft a plan"), type="primary", key="plan_new", on_click=_go_to, args=("draft", chosen))


def _go_to(word: str, value: str) -> None:
    """Let the address name a plan ("plan"), or the cells of a new one ("draft")."""
    for other in ("plan", "draft"):
        st.query_params.pop(other, None)
    st.query_params[word] = value
