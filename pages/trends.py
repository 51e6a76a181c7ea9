"""Trends, for council member and specialist: whether what the filter asks for becomes more, and what else did."""

from functools import partial

import streamlit as st

from curim_data.model import Role
from pages.parts.findings import follow_old_link
from pages.parts.frame import contained, draw_fold, escape_markdown, filter_bar, headed, require
from pages.parts.trends import breakdown, line

page = require(Role.PUBLIC)
t = page.t

follow_old_link(page)

title = st.container()
unit = line.draw_unit_choice(page)
with contained(t("Trends")), headed(title, t("Trends")) as heading:
    trend, why = line.trend_or_reason(page, unit)
    answer = line.answer_of(page.dataset, page.filter)
    with heading:
        st.title(escape_markdown(told := line.page_headline(page, answer, trend)))
        st.caption(filter_bar.filter_sentence(page))
        for gap in page.alerts.coverage.sentences(*line.period_dates(page)):
            st.warning(escape_markdown(t(gap)))
    if trend is None:
        st.info(why)
    else:
        line.draw_trend_line(page, trend, answer, told)
        breakdown.draw_districts(page)
for name, question, draw in (
    ("changes", t("What else changed?"), breakdown.draw_changes_table),
    ("years", t("How was it in earlier years, and what comes next?"), partial(line.draw_years, unit=unit)),
    ("parts", t("Which places, and for whom?"), breakdown.draw_small_multiples),
    ("week", t("When in the week?"), breakdown.draw_week_clock),
):
    draw_fold(name, question, partial(draw, page), word="open")
if line.has_annotations(page):
    draw_fold("notes", t("What is noted on the time line?"), partial(line.draw_annotations, page), word="open")
