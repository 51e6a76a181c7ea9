import streamlit as st

from curim_data.model.access import Role
from curim_data.plans.plan_store import PlanMissing
from curim_data.privacy import GateError
from pages.parts.frame.guard import require
from pages.parts.frame.markdown import plain
from pages.parts.interventions import board, editor
from pages.parts.interventions.open_plan import close, opened
from pages.parts.plans.access import may_edit

page = require(Role.COUNCIL)
t = page.t

if st.query_params.get("draft") and not may_edit(page):
    close()
try:
    edit = opened(page)
except (PlanMissing, GateError) as problem:
    st.warning(plain(t(problem.message)))
    edit = None
except ValueError:
    st.warning(t("This link names no place on the map to draft a plan for."))
    edit = None
if edit is None:
    board.show(page)
else:
    editor.show(page, edit)
