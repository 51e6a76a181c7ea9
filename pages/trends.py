"""Trends, for council member and specialist: how the count moves, what is usual, and everything that changed."""

from functools import partial

import streamlit as st

from curim_data.model import Role
from pages.parts.findings import follow_old_link
from pages.parts.frame import contained, escape_markdown, filter_bar, headed, require
from pages.parts.trends.breakdown import draw_calendar, draw_small_multiples, draw_week_clock, draw_year_on_year
from pages.parts.trends.line import (
    draw_changes_table,
    draw_trend_line,
    draw_unit_choice,
    page_headline,
    period_dates,
    trend_or_reason,
)

page = require(Role.PUBLIC)
t = page.t

follow_old_link(page)

title = st.container()
unit = draw_unit_choice(page)
with contained(t("Trends")), headed(title, t("Trends")) as heading:
    trend, why = trend_or_reason(page, unit)
    head, below = page_headline(page, trend)
    with heading:
        st.title(escape_markdown(head))
        if below:
            st.write(escape_markdown(below))
        st.caption(filter_bar.filter_sentence(page))
        for gap in page.alerts.coverage.sentences(*period_dates(page)):
            st.warning(t(gap))
    if trend is None:
        st.info(why)
    else:
        draw_trend_line(page, trend)
for part, draw in (
    (t("All changes"), draw_changes_table),
    (t("Year on year"), partial(draw_year_on_year, unit=unit)),
    (t("Side by side"), draw_small_multiples),
    (t("Days and hours"), draw_week_clock),
    (t("Calendar"), draw_calendar),
):
    with contained(part):
        draw(page)
