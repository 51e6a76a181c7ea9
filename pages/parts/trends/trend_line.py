"""The line of counts over what was to be expected, and the same time a year before."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.trends.time_series import A_QUARTER, Trend, period_total
from curim_data.model import Translator
from curim_data.privacy import DisclosureError
from curim_data.studies.trends import year_on_year_study
from pages.parts.charts import plots
from pages.parts.frame import Page, draw_footer
from pages.parts.frame.cache import cached_query
from pages.parts.trends.annotations import draw_annotations
from pages.parts.trends.queries import course_of, period_dates, trend_or_reason


def draw_trend_line(page: Page, trend: Trend) -> None:
    """The line, its alarms in words, its data."""
    t, frame = page.t, trend.frame
    columns = [trend.column, "n", "expected", "lower", "upper", "alarm"]
    if frame["adjusted"].notna().any():
        note = t("Remove the seasonal pattern: the dotted line shows what remains.")
        if st.toggle(t("Seasonally adjusted"), key="trends_adjusted", help=note):
            columns.append("adjusted")
    shown = frame[columns]
    incomplete = not bool(frame["complete"].iloc[-1])
    beginning = not bool(frame["complete"].iloc[0])
    ends = {"incomplete": incomplete, "beginning": beginning}
    figure = plots.band_figure(page, shown, time=trend.column, height=320, name=t("incidents"), **ends)
    figure.show_named_legend()
    plots.draw_chart(
        page,
        figure,
        key="trends_line",
        alt=t("Incidents over time with the expected range. {sentence}", sentence=trend.sentence(t)),
        data=shown,
        file_name="trend.csv",
    )
    together = period_total(trend)
    sentences = [alarms_sentence(t, trend), *([together.sentence(t)] if together else [])]
    draw_footer(page, sentence=" ".join(sentences), total=cached_query(page, "total"), choices=trend.choices)
    if trend.unit == "week":
        _draw_further_rules(page)
    draw_annotations(page)


def _draw_further_rules(page: Page) -> None:
    """What other rules say of the same weeks, each with how often it errs, and when the level changed."""
    t = page.t
    try:
        course = course_of(page.dataset, page.filter, page.audience)
    except DisclosureError:
        return
    if course is None or not (course.alarms or course.steps):
        return
    with st.expander(t("Other alarm rules and changes of level")):
        for alarm in course.alarms:
            st.write(alarm.sentence(t))
            st.caption(t(alarm.rule.explanation))
        for sentence in course.step_sentences(t):
            st.write(sentence)


def alarms_sentence(t: Translator, trend: Trend) -> str:
    """How many periods lay outside the expected range, and which were the latest."""
    judged = int((trend.frame["expected"].notna() & trend.frame["n"].notna()).sum())
    if not judged:
        return t("It is too early to say what is usual: the data do not go back far enough.")
    found = trend.alarms
    if found.empty:
        return t.n(
            "The one period that could be assessed lies within the expected range.",
            "All {n} periods that could be assessed lie within the expected range.",
            judged,
        )
    days = [day.date() for day in found[trend.column]][-3:]
    latest = t.join([t.date(day, "LLLL y" if trend.unit == "month" else "medium") for day in days])
    return t.n(
        "{n} of {judged} periods lies outside the expected range: {periods}.",
        "{n} of {judged} periods lie outside the expected range; the latest: {periods}.",
        len(found),
        judged=judged,
        periods=latest,
    )


def hidden_periods(trend: Trend, quarter: int) -> int:
    """How many of the last whole periods, and of those a year before them, are withheld."""
    withheld = trend.frame.loc[trend.frame["complete"], "withheld"].astype(int)
    a_year = 12 if trend.unit == "month" else 52
    return int(withheld.tail(quarter).sum() + withheld.iloc[:-a_year].tail(quarter).sum())


def draw_year_on_year(page: Page) -> None:
    """Draw the last months next to the same months of earlier years, and whether the difference exceeds chance."""
    t, source = page.t, page.source
    assert source is not None
    st.subheader(t("Year on year"))
    unit = source.known_time.unit("week")
    history = page.filter.replace(period="", start=source.first, end=period_dates(page)[1])
    whole, why = trend_or_reason(page, unit, history)
    months, _ = trend_or_reason(page, "month", history)
    if whole is None or months is None:
        st.write(why)
        return
    compared = year_on_year_study(source, history, page.audience, whole)
    quarter = A_QUARTER[whole.unit]
    hidden = hidden_periods(whole, quarter)
    if compared is None or compared.periods <= quarter // 2 or (hidden and not compared.before + compared.after):
        st.write(t("The numbers are too small to compare.") if hidden else t("The data do not go back a year."))
        return
    frame = months.frame.loc[months.frame["complete"], ["month", "n"]]
    plots.draw_chart(
        page,
        plots.year_on_year_figure(page, frame),
        key="trends_years",
        alt=t("Incidents by month, a line for each year. {sentence}", sentence=compared.sentence(t)),
        data=frame,
        file_name="years.csv",
    )
    st.write(compared.sentence(t))
    n, periods = compared.before + compared.after, compared.periods
    st.caption(
        (
            t.n(
                "{n} incident is compared, over {periods} whole weeks.",
                "{n} incidents are compared, over {periods} whole weeks.",
                n,
                periods=periods,
            )
            if whole.unit == "week"
            else t.n(
                "{n} incident is compared, over {periods} whole months.",
                "{n} incidents are compared, over {periods} whole months.",
                n,
                periods=periods,
            )
        )
        + " "
        + t("Months that have not ended are left out of the chart.")
    )
    if periods < quarter:
        st.caption(
            t("Weeks whose number is too small to show are left out on both sides.")
            if whole.unit == "week"
            else t("Months whose number is too small to show are left out on both sides.")
        )


def small_chart_unit(page: Page) -> str:
    """The unit of the small charts: weeks for a short period."""
    start, end = period_dates(page)
    short = pd.Timestamp(end) - pd.Timestamp(start) < pd.Timedelta(days=150)
    return page.source.known_time.unit("week") if short and page.source is not None else "month"
