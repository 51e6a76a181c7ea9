"""The plan as a document: to read on the page, to hand out, and its history."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pandas as pd
import streamlit as st

from analysis.report.blocks import Block, Bullets, Columns, Facts, Figure, Heading, Table, Text
from analysis.report.documents import MIME, DocumentFormat, plan_document
from analysis.report.plan import compose_plan
from curim_data.model import Plan
from curim_data.model.plan import plan_to_json
from pages.parts.frame import Page, escape_markdown
from pages.parts.frame.guard import draw_download
from pages.parts.interventions.history import draw_history
from pages.parts.interventions.plan_edit import PlanEdit, latest
from pages.parts.plans.access import reference_day
from pages.parts.plans.areas_map import draw_areas_map as draw_areas


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
