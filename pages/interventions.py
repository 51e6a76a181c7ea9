"""Interventions, for the council and the specialist: the board of plans, or the plan that the address names."""

import streamlit as st

from curim_data.model import Role
from curim_data.plans.plan_store import PlanMissing
from curim_data.privacy import DisclosureError
from pages.parts.frame import escape_markdown, require
from pages.parts.interventions.editor import draw_board, draw_plan_editor
from pages.parts.plans import close_plan, may_edit, plan_in_address

page = require(Role.COUNCIL)
t = page.t

if st.query_params.get("draft") and not may_edit(page):
    close_plan()
try:
    edit = plan_in_address(page)
except (PlanMissing, DisclosureError) as problem:
    st.warning(escape_markdown(t(problem.message)))
    edit = None
except ValueError:
    st.warning(t("This link names no place on the map to draft a plan for."))
    edit = None
if edit is None:
    draw_board(page)
else:
    draw_plan_editor(page, edit)
