"""Gender, for everyone: who is affected, who alerts, where it differs, and what the figures cannot say."""

import streamlit as st

from analysis.gender import reading_rules
from curim_data.model import Role
from curim_data.studies.gender import without_gender
from pages.parts import gender
from pages.parts.frame import cached_query, contained, headed, require

page = require(Role.PUBLIC)
t = page.t

asked = page.alerts.asked
chosen = without_gender(page.filter)
total = cached_query(page, "total", filter=chosen)
with contained(t("Gender")):
    with headed(st.container(), t("Gender")) as heading:
        found = gender.cached_places(page.dataset, chosen)
        with heading:
            gender.draw_headline(page, chosen, total, found)
    if not asked & gender.GENDERS_ASKED:
        gender.draw_not_asked(page, total)
        gender.draw_help_lines(page)
    elif total.n != 0:
        gender.draw_shares(page, chosen, total)
        with contained(t("Which categories affect whom more")):
            gender.draw_category_ratios(page, chosen)
        left, right = st.columns(2, gap="large")
        with left:
            gender.draw_darkness(page, chosen)
        with right:
            gender.draw_feeling(page, chosen)
        gender.draw_places(page, chosen, found, total)
        gender.draw_silent_places(page, found)
        gender.draw_rates(page, chosen)
if page.role >= Role.COUNCIL:
    gender.draw_plan_checks(page)
st.subheader(t("How to read these figures"))
st.markdown("\n".join(f"- {t(rule)}" for rule in reading_rules()))
