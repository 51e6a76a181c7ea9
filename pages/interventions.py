import streamlit as st

from curim_data.access import Role
from curim_data.plans import PlanMissing
from curim_data.privacy import GateError
from pages.parts import plan_board, plan_walk
from pages.parts.guard import require
from pages.parts.plan_store import close, may_edit, opened
from pages.parts.text import plain

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
    plan_board.show(page)
else:
    plan_walk.show(page, edit)
