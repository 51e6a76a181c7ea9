"""The brief as PDF or Word for the meeting, in the reader's language, made when it is downloaded."""

from __future__ import annotations

import streamlit as st

from analysis.report.documents import MIME, DocumentFormat, brief_document
from curim_data.model import Audience
from curim_data.studies.brief_content import brief_content, plan_rows
from pages.parts.briefing.queries import cached_brief, changes_since
from pages.parts.frame import Page
from pages.parts.frame.links import current_address
from pages.parts.plans.access import plan_store, reference_day, translated_plan


def draw_document_downloads(page: Page) -> None:
    """The two downloads and what they hold."""
    t = page.t
    st.subheader(t("Create the brief"))
    link = current_address(page)
    with st.container(horizontal=True, key="briefing_papers"):
        for form, label in (("pdf", t("PDF")), ("docx", t("Word"))):
            st.download_button(
                label,
                data=lambda form=form: brief_file(page, form, link),
                file_name=f"curim_brief_{reference_day(page).isoformat()}_{t.lang}.{form}",
                mime=MIME[form],
                key=f"briefing_{form}",
                type="primary" if form == "pdf" else "secondary",
                on_click="ignore",
                icon=":material/download:",
            )
    st.caption(
        t(
            "One to two pages with the map, the changes, the plans and four questions for the meeting. Small numbers "
            "are protected in the document, whoever creates it."
        )
    )
    if page.audience not in (Audience.COUNCIL, Audience.PUBLIC):
        st.caption(
            t(
                "The paper shows what the council sees, in coarser cells and with small numbers protected: places, "
                "their order and numbers can differ from this page. To look at it here, switch on “As the council "
                "sees it” in the side bar."
            )
        )


def brief_file(page: Page, form: DocumentFormat, link: str) -> bytes:
    """The document for the council."""
    t = page.t
    study = cached_brief(page.dataset, page.filter, Audience.COUNCIL, changes_since(page))
    kept = plan_rows((translated_plan(page, plan) for plan in plan_store(page).list()), reference_day(page), t)
    content = brief_content(
        study, page.filter, page.city, t, plans=kept, made=reference_day(page), link=link, illustrative=page.is_sample
    )
    return brief_document(content, page.city, t, form)
