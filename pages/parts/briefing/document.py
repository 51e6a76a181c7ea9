"""The brief as PDF or Word for the meeting, in the reader's language, made when it is downloaded."""

from __future__ import annotations

import streamlit as st

from analysis.report.documents import MIME, DocumentFormat, brief_document
from curim_data.model import Audience
from curim_data.store.settings import SettingsError, read_settings
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_content import brief_content, card_picture, plan_rows, public_link
from curim_data.studies.brief_text import change_name
from pages.parts.briefing.queries import cached_brief
from pages.parts.findings.queries import cached_changes, changes_since
from pages.parts.frame import Page, dataset_for, escape_markdown
from pages.parts.frame.guard import draw_download
from pages.parts.plans.access import plan_store, reference_day, translated_plan


def draw_document_downloads(page: Page) -> None:
    """The two downloads, a heading over them, and what they hold; on a phone the buttons stand higher up."""
    if not page.narrow:
        st.subheader(page.t("Create the brief"))
        draw_download_buttons(page)
    _draw_notes(page)


def draw_download_buttons(page: Page) -> None:
    """The two downloads."""
    t = page.t
    with st.container(horizontal=True, key="briefing_papers"):
        for form, label in (("pdf", t("PDF")), ("docx", t("Word"))):
            draw_download(
                label,
                lambda form=form: brief_file(page, form),
                file_name=f"curim_brief_{reference_day(page).isoformat()}_{t.lang}.{form}",
                mime=MIME[form],
                key=f"briefing_{form}",
                type="primary" if form == "pdf" else "secondary",
                icon=":material/download:",
            )


def _draw_notes(page: Page) -> None:
    t = page.t
    st.caption(
        t(
            "One to two pages with the map, the changes, the plans and four questions for the meeting, from the "
            "protected copy, whoever creates it."
        )
    )
    if page.audience not in (Audience.COUNCIL, Audience.PUBLIC):
        st.caption(
            t(
                "The paper shows what the council sees: the same changes and places, with the figures of the protected "
                "copy. To look at it here, switch on “As the council sees it” in the side bar."
            )
        )


def draw_card_downloads(page: Page, changes: BriefChanges) -> None:
    """A picture of each change for a newsletter, with the numbers that the public may see."""
    t = page.t
    if not changes.findings:
        return
    with st.expander(t("Pictures for a newsletter")):
        st.caption(t("One change each, 1200 × 675 dots, with its source and date, protected for the public."))
        for at, finding in enumerate(changes.findings):
            name = change_name(finding.change, page.city, t)
            draw_download(
                t("Picture (PNG): {name}", name=escape_markdown(name)),
                lambda at=at: card_file(page, at),
                file_name=f"curim_change_{at + 1}_{reference_day(page).isoformat()}_{t.lang}.png",
                mime="image/png",
                key=f"briefing_card_png_{at}",
                icon=":material/download:",
            )


def card_file(page: Page, at: int) -> bytes:
    """The picture of one change, counted for the public."""
    changes = cached_changes(dataset_for(page, Audience.PUBLIC), page.filter, changes_since(page))
    made = reference_day(page)
    return card_picture(changes, changes.findings[at], page.city, page.t, made=made).data


def brief_file(page: Page, form: DocumentFormat) -> bytes:
    """The document for the council; it gives the city's public address, where one is set, and no other."""
    t = page.t
    study = cached_brief(dataset_for(page, Audience.COUNCIL), page.filter, changes_since(page))
    kept = plan_rows((translated_plan(page, plan) for plan in plan_store(page).list()), reference_day(page), t)
    content = brief_content(
        study,
        page.filter,
        page.city,
        t,
        plans=kept,
        made=reference_day(page),
        link=public_link(_public_address(page), page.filter, t.lang, changes_since(page), page.city_word),
        illustrative=page.is_sample,
    )
    return brief_document(content, page.city, t, form)


def _public_address(page: Page) -> str:
    """The city's public address; none where the settings cannot be read, which `curim brief` says."""
    try:
        return read_settings(page.home).public_url
    except SettingsError:
        return ""
