"""Trends, for council member and specialist: how the count moves, what is usual, and everything that changed."""

import streamlit as st

from curim_data.access import Role
from pages.parts import filter_bar, trends_changes, trends_line, trends_parts
from pages.parts.guard import require
from pages.parts.trends_data import chosen_unit, trend_or_why

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
    trends_line.show(page, trend)
trends_line.last_year(page)
trends_parts.small_multiples(page)
trends_parts.week_clock(page)
trends_changes.show(page)
