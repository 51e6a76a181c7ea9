"""The briefing, for the council member: what changed since the last meeting, where, for whom, and what was decided."""

import streamlit as st

from curim_data.model.access import Role
from curim_data.studies.brief import headline
from pages.parts.briefing import (
    change_cards as briefing_cards,
)
from pages.parts.briefing import (
    document as briefing_paper,
)
from pages.parts.briefing import (
    sections as briefing_sections,
)
from pages.parts.briefing.queries import brief_page, briefing, since_input
from pages.parts.frame.guard import require

page = brief_page(require(Role.COUNCIL))
t = page.t

study = briefing(page.dataset, page.filter, page.audience)
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.caption(t("Briefing for the council, until {until}. Changes since", until=study.until), width="content")
    since_input(page, study)
st.title(headline(study, t))
briefing_cards.show(page, study)
briefing_sections.where_and_whom(page, study)
briefing_sections.decided(page)
briefing_paper.show(page)
