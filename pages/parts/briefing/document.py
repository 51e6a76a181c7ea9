"""Make the brief: the paper for the meeting, in the reader's language, made when it is asked for."""

from __future__ import annotations

import streamlit as st

from analysis.report.documents import MIME, Form, brief_document
from curim_data.model.access import Audience
from curim_data.studies.brief import brief, plan_rows
from pages.parts.briefing.queries import briefing
from pages.parts.frame.links import here
from pages.parts.frame.page import Page
from pages.parts.plans.access import plans, spoken, today


def show(page: Page) -> None:
    """The two downloads and what they hold."""
    t = page.t
    st.subheader(t("Make the brief"))
    link = here(page)
    with st.container(horizontal=True, key="briefing_papers"):
        for form, label in (("pdf", t("PDF")), ("docx", t("Word"))):
            st.download_button(
                label,
                data=lambda form=form: paper(page, form, link),
                file_name=f"curim_brief_{today(page).isoformat()}_{t.lang}.{form}",
                mime=MIME[form],
                key=f"briefing_{form}",
                type="primary" if form == "pdf" else "secondary",
                on_click="ignore",
                icon=":material/download:",
            )
    st.caption(
        t(
            "One to two pages with the map, the changes, the plans and four questions for the meeting. Small numbers "
            "are protected on paper, whoever makes it."
        )
    )


def paper(page: Page, form: Form, link: str) -> bytes:
    """The document for the council."""
    t = page.t
    study = briefing(page.dataset, page.filter, Audience.COUNCIL)
    kept = plan_rows((spoken(page, plan) for plan in plans(page).list()), today(page), t)
    told = brief(study, page.filter, page.city, t, plans=kept, made=today(page), link=link, illustrative=page.is_sample)
    return brief_document(told, page.city, t, form)
