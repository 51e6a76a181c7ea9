"""Trends, for council member and specialist: how the count moves, what is usual, and everything that changed."""

import streamlit as st

from curim_data.model.access import Role
from pages.parts.frame import filter_bar
from pages.parts.frame.guard import require
from pages.parts.trends import changes, line, parts
from pages.parts.trends.answers import chosen_unit, trend_or_why

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
    line.show(page, trend)
line.last_year(page)
parts.small_multiples(page)
parts.week_clock(page)
changes.show(page)
