"""The finding that led here from the briefing, on top of the Trends page: the same sentence, figures and chart."""

from __future__ import annotations

import streamlit as st

from curim_data.studies.brief_text import change_name, sure_explained, tested_sentence
from pages.parts.findings.chart import draw_finding_chart
from pages.parts.findings.link import linked_finding
from pages.parts.findings.words import draw_finding_words, draw_tags
from pages.parts.frame import Page, escape_markdown, page_link


def draw_linked_finding(page: Page) -> str:
    """Draw the finding that the link names; its name, which is then the page's title, or "" where it names none."""
    t = page.t
    linked = linked_finding(page)
    if linked is None:
        return ""
    study, finding, within = linked
    name = change_name(finding.change, page.city, t)
    with st.container(border=True, key="trends_finding"):
        draw_tags(page, finding)
        draw_finding_words(page, finding)
        draw_finding_chart(page, finding, name, key="trends_finding_chart", height=180)
        said = (tested_sentence(finding, t), *sure_explained(study, finding, t))
        st.caption(escape_markdown(" ".join(said)))
        page_link(page, "briefing", t("To the Briefing"), filter=within)
    return name
