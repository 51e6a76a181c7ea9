"""Trends, for council member and specialist: how the count moves, what is usual, and everything that changed."""

import streamlit as st

from curim_data.model.access import Role
from pages.parts.frame import filter_bar
from pages.parts.frame.guard import require
from pages.parts.trends import breakdown, changes_table, trend_line
from pages.parts.trends.queries import draw_unit_choice, trend_or_reason

page = require(Role.COUNCIL)
t = page.t

title = st.container()
unit = draw_unit_choice(page)
trend, why = trend_or_reason(page, unit)
with title:
    st.title(trend.sentence(t) if trend is not None else t("Trends"))
    st.caption(filter_bar.filter_sentence(page))
if trend is None:
    st.info(why)
else:
    trend_line.draw_trend_line(page, trend)
trend_line.draw_year_on_year(page)
breakdown.draw_small_multiples(page)
breakdown.draw_week_clock(page)
changes_table.draw_changes_table(page)
