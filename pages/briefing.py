"""The briefing, for the council member: what changed since the last meeting, where, for whom, and what was decided."""

from functools import partial

import streamlit as st

from curim_data import query
from curim_data.filters import AlertFilter
from curim_data.model import Role
from curim_data.studies.brief_text import headline, small_sentence
from pages.parts.briefing import (
    cached_page,
    draw_basis,
    draw_change_cards,
    draw_decided_plans,
    draw_download_buttons,
    draw_genders,
    draw_map_and_spots,
    draw_no_data_note,
    draw_questions,
    draw_since_choice,
)
from pages.parts.findings import cached_changes, changes_since
from pages.parts.frame import contained, draw_fold, escape_markdown, headed, require

page = require(Role.PUBLIC)
t = page.t

chosen = page.dataset, page.filter, changes_since(page)
with contained(t("Briefing")):
    with headed(st.container(), t("Briefing")) as heading:
        changes = cached_changes(*chosen)
        with heading:
            st.title(escape_markdown(headline(changes, t)))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if page.role >= Role.COUNCIL:
            draw_download_buttons(page)
        draw_since_choice(page, changes)
    if page.filter.replace(period="", start=None, end=None) != AlertFilter(period=""):
        st.caption(escape_markdown(query.sentence(page.alerts, changes.asked, t, changes.recent)))
    if page.protected:
        st.caption(small_sentence(page.city, t))
    draw_no_data_note(page, changes.since)
    draw_change_cards(page, changes)
with contained(t("Hot spots")):
    study = cached_page(*chosen)
    draw_map_and_spots(page, study)
    draw_fold("whom", t("For whom?"), partial(draw_genders, page, chosen[2]))
draw_fold("questions", t("What do you want to know?"), partial(draw_questions, page))
if page.role >= Role.COUNCIL:
    draw_fold("plans", t("What was decided, and what became of it?"), partial(draw_decided_plans, page))
with contained(t("Briefing")):
    draw_fold("compared", t("How was this compared?"), partial(draw_basis, page, cached_page(*chosen)))
