"""The plan as a document: to read on the page, to hand out, and its history."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from analysis.report.blocks import Block, Bullets, Columns, Facts, Figure, Heading, Table, Text
from analysis.report.documents import MIME, DocumentFormat, plan_document
from analysis.report.maps import areas_map
from analysis.report.plan import compose_plan
from curim_data.model import Message, Plan, PlanStatus
from curim_data.model.plan import STATUS_WORDS, plan_to_json
from pages.parts.charts.tables import draw_table
from pages.parts.frame import Page, escape_markdown
from pages.parts.interventions.plan_edit import PlanEdit, latest
from pages.parts.plans.access import plan_store, reference_day
from pages.parts.plans.areas_map import draw_areas_map as draw_areas

FIELD_LABELS = {
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
LONGEST = 120


def document_step(page: Page, edit: PlanEdit) -> Plan:
    """Downloads, the history, and the document as the council reads it."""
    draw_downloads(page, edit)
    if edit.plan.id:
        draw_history(page, edit)
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
        plan = now()
        picture = areas_map(page.city, plan.areas, t) if plan.areas.treated else None
        made = reference_day(page)
        return plan_document(plan, page.city, t, form, made=made, picture=picture, illustrative=page.is_sample)

    with st.container(horizontal=True, key="plan_downloads"):
        for form, label in (("pdf", t("PDF")), ("docx", t("Word"))):
            st.download_button(
                label,
                data=lambda form=form: paper(form),
                file_name=f"{name}.{form}",
                mime=MIME[form],
                key=f"plan_{form}",
                on_click="ignore",
                icon=":material/download:",
            )
        st.download_button(
            "JSON",
            data=lambda: json.dumps(plan_to_json(now()), ensure_ascii=False, indent=2),
            file_name=f"{name}.json",
            mime="application/json",
            key="plan_json",
            on_click="ignore",
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
                st.markdown(
                    "  \n".join(f"**{escape_markdown(name)}**: {escape_markdown(value)}" for name, value in block.pairs)
                )
            case Table():
                rows = [[escape_markdown(cell) for cell in row] for row in block.rows]
                st.table(pd.DataFrame(rows, columns=list(block.header)), hide_index=True)
            case Columns():
                _draw_blocks(page, (*block.left, *block.right), f"{key}_{number}")
            case Figure():
                st.image(block.picture.data, caption=escape_markdown(block.caption or block.picture.alt))


def draw_history(page: Page, edit: PlanEdit) -> None:
    """Who changed what, and when."""
    t = page.t
    zone = ZoneInfo(page.city.timezone)
    rows = [
        {
            "at": t.moment(change.at.astimezone(zone).replace(tzinfo=None), "short"),
            "who": t(change.who) if page.is_sample else change.who,
            "what": _field(page, change.what),
            "old": _value(page, change.what, change.old),
            "new": _value(page, change.what, change.new),
        }
        for change in plan_store(page).history(edit.plan.id)
    ]
    st.subheader(t("History"))
    headings = {"at": t("When"), "who": t("Who"), "what": t("What"), "old": t("Before"), "new": t("After")}
    draw_table(
        page,
        pd.DataFrame(rows, columns=list(headings)),
        headings,
        key=edit.key("history"),
        alt=t("Every change of this plan"),
        file_name="plan_history.csv",
    )


def _field(page: Page, what: str) -> str:
    head, _, _ = what.partition(".")
    return page.t(FIELD_LABELS[head]) if head in FIELD_LABELS else what


def _value(page: Page, what: str, value: Any) -> str:
    t = page.t
    if value is None or value == "" or value == []:
        return ""
    if what == "status":
        return t(STATUS_WORDS[PlanStatus(value)])
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, (int, float)):
        return t.number(value, 0 if value == round(value) else 1)
    if what.startswith("areas") and isinstance(value, list):
        return t.n("{n} cell", "{n} cells", len(value))
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
