"""Gender, for everyone: what weighs more on whom, where it differs, and what the figures cannot say."""

from functools import partial

import streamlit as st

from curim_data.model import Role
from curim_data.studies.gender import without_gender
from pages.parts import gender
from pages.parts.frame import cached_query, contained, draw_fold, headed, require

page = require(Role.PUBLIC)
t = page.t

asked = bool(page.alerts.asked & gender.GENDERS_ASKED)
chosen = without_gender(page.filter)
folds = []
with contained(t("Gender")):
    total = cached_query(page, "total", filter=chosen)
    with headed(st.container(), t("Gender")) as heading:
        found = gender.cached_places(page.dataset, chosen)
        with heading:
            gender.draw_headline(page, chosen, total, found)
    if not asked:
        gender.draw_not_asked(page)
        gender.draw_help_lines(page)
    elif total.n:
        gender.draw_category_ratios(page, chosen, total)
        folds = [
            ("places", t("Where does it differ?"), partial(gender.draw_places, page, chosen, found)),
            ("hours", t("After dark, and how safe?"), partial(gender.draw_hours, page, chosen)),
        ]
    if total.n:
        folds.append(("reports", t("Who reports, and who hardly does?"), partial(gender.draw_reports, page, chosen)))
if page.role >= Role.COUNCIL:
    folds.append(("plans", t("Do the plans consider gender?"), partial(gender.draw_plan_checks, page)))
for name, question, draw in folds:
    draw_fold(name, question, draw, word=gender.OPEN)
