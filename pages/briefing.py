"""The briefing, for the council member: what changed since the last meeting, where, for whom, and what was decided."""

import streamlit as st

from curim_data.model import Role
from curim_data.studies.brief import BriefChanges
from curim_data.studies.brief_text import headline
from pages.parts.briefing import (
    cached_brief,
    changes_asked,
    draw_basis,
    draw_card_downloads,
    draw_change_cards,
    draw_decided_plans,
    draw_document_downloads,
    draw_download_buttons,
    draw_map_and_genders,
    draw_meeting_keeper,
    draw_no_data_note,
    draw_since_input,
)
from pages.parts.findings import cached_changes, changes_since
from pages.parts.frame import contained, headed, require

page = require(Role.PUBLIC)
t = page.t

chosen = page.dataset, page.filter
changes: BriefChanges | None = None  # where they were stopped, or failed

with contained(t("Briefing")):
    with headed(st.container(), t("Briefing")):
        changes = cached_changes(*chosen, changes_since(page))
    st.caption(changes_asked(page, changes))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(t("Changes since"), width="content")
        draw_since_input(page, changes)
        draw_meeting_keeper(page)
    draw_no_data_note(page, changes.since)
    st.title(headline(changes, t))
    # Each part in a container of its own, even an empty one: so the map keeps its number on the page, and is not made
    # anew, where a window that is made smaller moves what stands before it.
    with st.container():
        draw_change_cards(page, changes)
    with st.container():
        if page.narrow and page.role >= Role.COUNCIL:
            draw_download_buttons(page)
        elif not page.narrow:
            draw_basis(page, changes)
with contained(t("Hot spots")):
    draw_map_and_genders(page, cached_brief(*chosen, changes_since(page)))
if page.role >= Role.COUNCIL:  # plans are the council's: they name people and are not yet told to the public
    with contained(t("Interventions")):
        draw_decided_plans(page)
if page.narrow and changes is not None:
    with contained(t("Briefing")):
        draw_basis(page, changes)
if page.role >= Role.COUNCIL:
    draw_document_downloads(page)
if changes is not None:
    draw_card_downloads(page, changes)
