"""Trends, for council member and specialist: how the count moves, what is usual, and everything that changed."""

import streamlit as st

from curim_data.model.access import Role
from pages.parts.frame import filter_bar
from pages.parts.frame.guard import require
from pages.parts.trends import breakdown, changes_table, trend_line
from pages.parts.trends.queries import chosen_unit, trend_or_why

page = require(Role.COUNCIL)
t = page.t

title = st.container()
unit = chosen_unit(page)
trend, why = trend_or_why(page, unit)
with title:
    st.title(trend.sentence(t) if trend is not None else t("Trends"))
    st.caption(filter_bar.sentence(page))
if trend is None:
    st.info(why)
else:
    trend_line.show(page, trend)
trend_line.last_year(page)
breakdown.small_multiples(page)
breakdown.week_clock(page)
changes_table.show(page)
