"""Gender, for everyone: who is affected, who alerts, where it differs, and what the figures cannot say."""

import streamlit as st

from curim_data.model.access import Role
from curim_data.studies.gender import without_gender
from pages.parts.frame.cache import ask
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
