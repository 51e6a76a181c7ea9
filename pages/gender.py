"""Gender, for everyone: who is affected, who alerts, where it differs, and what the figures cannot say."""

import streamlit as st

from curim_data.model.access import Role
from curim_data.studies.gender import without_gender
from pages.parts.frame.cache import cached_query
from pages.parts.frame.guard import require
from pages.parts.gender import (
    categories as gender_categories,
)
from pages.parts.gender import (
    places as gender_places,
)
from pages.parts.gender import (
    plan_checks as gender_plans,
)
from pages.parts.gender import (
    queries as gender_data,
)
from pages.parts.gender import (
    shares as gender_who,
)

page = require(Role.COUNCIL)

chosen = without_gender(page.filter)
total = cached_query(page, "total", filter=chosen)
found = gender_data.places(page.dataset, chosen, page.audience)

gender_who.draw_headline(page, chosen, total, found)
if total.n != 0:
    gender_who.draw_shares(page, chosen, total)
    gender_categories.draw_category_ratios(page, chosen)
    left, right = st.columns(2, gap="large")
    with left:
        gender_who.draw_darkness(page, chosen)
    with right:
        gender_who.draw_feeling(page, chosen)
    gender_places.draw_places(page, chosen, found, total)
    gender_places.draw_silent_places(page, found)
    gender_who.draw_rates(page, chosen)
gender_plans.draw_plan_checks(page)
gender_plans.draw_reading_rules(page)
