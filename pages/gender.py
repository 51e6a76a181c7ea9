"""Gender, for everyone: who is affected, who alerts, where it differs, and what the figures cannot say."""

import streamlit as st

from curim_data.model import Role
from curim_data.studies.gender import without_gender
from pages.parts.frame import cached_query, contained, headed, require
from pages.parts.gender import comparisons, shares

page = require(Role.PUBLIC)
t = page.t

asked = page.alerts.asked
chosen = without_gender(page.filter)
total = cached_query(page, "total", filter=chosen)
with contained(t("Gender")):
    with headed(st.container(), t("Gender")) as heading:
        found = shares.cached_places(page.dataset, chosen)
        with heading:
            shares.draw_headline(page, chosen, total, found)
    if not asked & shares.GENDERS_ASKED:
        shares.draw_not_asked(page, total)
        comparisons.draw_help_lines(page)
    elif total.n != 0:
        shares.draw_shares(page, chosen, total)
        with contained(t("Which categories affect whom more")):
            comparisons.draw_category_ratios(page, chosen)
        left, right = st.columns(2, gap="large")
        with left:
            shares.draw_darkness(page, chosen)
        with right:
            shares.draw_feeling(page, chosen)
        comparisons.draw_places(page, chosen, found, total)
        comparisons.draw_silent_places(page, found)
        shares.draw_rates(page, chosen)
if page.role >= Role.COUNCIL:
    comparisons.draw_plan_checks(page)
comparisons.draw_reading_rules(page)
