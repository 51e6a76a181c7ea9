"""Gender, for everyone: who is affected, who alerts, where it differs, and what the figures cannot say."""

import streamlit as st

from curim_data.access import Role
from curim_data.study_gender import without_gender
from pages.parts import gender_categories, gender_data, gender_places, gender_plans, gender_who
from pages.parts.caching import ask
from pages.parts.guard import require

page = require(Role.COUNCIL)

chosen = without_gender(page.filter)
total = ask(page, "total", filter=chosen)
found = gender_data.places(page.dataset, chosen, page.audience)

gender_who.headline(page, chosen, total, found)
if total.n != 0:
    gender_who.who(page, chosen, total)
    gender_categories.categories(page, chosen)
    left, right = st.columns(2, gap="large")
    with left:
        gender_who.light(page, chosen)
    with right:
        gender_who.feeling(page, chosen)
    gender_places.places(page, chosen, found, total)
    gender_places.silence(page, found)
    gender_who.rates(page, chosen)
gender_plans.plan_checks(page)
gender_plans.rules(page)
