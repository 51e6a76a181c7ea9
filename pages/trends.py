"""Trends, for council member and specialist: how the count moves, what is usual, and everything that changed."""

from functools import partial

import streamlit as st

from curim_data.model import Role
from pages.parts.frame import contained, escape_markdown, filter_bar, headed, require
from pages.parts.trends.breakdown import draw_small_multiples, draw_week_clock
from pages.parts.trends.calendar import draw_calendar
from pages.parts.trends.changes_table import draw_changes_table
from pages.parts.trends.finding import draw_linked_finding
from pages.parts.trends.headline import Headline, page_headline
from pages.parts.trends.queries import draw_unit_choice, period_dates, trend_or_reason
from pages.parts.trends.trend_line import draw_trend_line
from pages.parts.trends.year_on_year import draw_year_on_year

page = require(Role.PUBLIC)
t = page.t

title = st.container()
with contained(t("Briefing")):
    found = draw_linked_finding(page)
unit = draw_unit_choice(page)
with contained(t("Trends")), headed(title, t("Trends")) as heading:
    trend, why = trend_or_reason(page, unit)
    head = Headline(found) if found else page_headline(page, trend)
    with heading:
        st.title(escape_markdown(head.title))
        if head.below:
            st.write(escape_markdown(head.below))
        st.caption(filter_bar.filter_sentence(page))
        if page.source is not None:
            for gap in page.source.coverage.sentences(*period_dates(page)):
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
