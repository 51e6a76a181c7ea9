"""The last months beside the same months of earlier years: chart, sentences and a table of the last twelve."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.trends.time_series import A_QUARTER, A_YEAR, Trend, YearOnYear, year_on_year
from curim_data.model.absence import CalendarUnit
from pages.parts.charts import plots, tables
from pages.parts.charts.numbers import least_written, written_count
from pages.parts.frame import Page
from pages.parts.trends.queries import all_until, trend_or_reason


def draw_year_on_year(page: Page, unit: CalendarUnit) -> None:
    """Draw the months of each year, whether the last quarter differs beyond chance, and the last twelve months.

    By months, whole months are compared; else whole weeks, where the days are known.
    """
    t, source = page.t, page.source
    assert source is not None
    st.subheader(t("Year on year"))
    unit = source.known_time.unit("month" if unit == "month" else "week")
    history = all_until(source, page.filter)
    whole, why = trend_or_reason(page, unit, history)
    months, _ = trend_or_reason(page, "month", history)
    if whole is None or months is None:
        st.write(why)
        return
    compared = year_on_year(whole)
    quarter = A_QUARTER[whole.unit]
    if compared is None or compared.periods <= quarter // 2:
        st.write(t("The data do not go back a year."))
        return
    frame = months.frame.loc[months.frame["complete"], ["month", "n"]]
    told = compared.sentence(t, least_written(page))
    plots.draw_chart(
        page,
        plots.year_on_year_figure(page, frame),
        key="trends_years",
        alt=t("Alerts by month, a line for each year. {sentence}", sentence=told),
        data=frame,
        file_name="years.csv",
    )
    st.write(told)
    st.caption(_compared_words(page, compared) + " " + t("Months that have not ended are left out of the chart."))
    rows = twelve_months(months)
    if len(rows) > A_QUARTER["month"]:
        _draw_months(page, rows)


def twelve_months(months: Trend) -> pd.DataFrame:
    """The last twelve whole months, latest first, that the data also hold a year before.

    Columns month, n, last_year and change.
    """
    whole = months.frame[months.frame["complete"]]
    reached = whole.dropna(subset=["last_year"]).tail(A_YEAR["month"])
    return reached.assign(change=reached["n"] - reached["last_year"])[["month", "n", "last_year", "change"]].iloc[::-1]


def _compared_words(page: Page, compared: YearOnYear) -> str:
    t, n, periods = page.t, compared.before + compared.after, compared.periods
    if any(0 < one < least_written(page) for one in (compared.before, compared.after)):  # the sum would tell it
        if compared.unit == "week":
            return t.n("{n} whole week is compared.", "{n} whole weeks are compared.", periods)
        return t.n("{n} whole month is compared.", "{n} whole months are compared.", periods)
    if compared.unit == "week":
        return t.n(
            "{n} alert is compared, over {periods} whole weeks.",
            "{n} alerts are compared, over {periods} whole weeks.",
            n,
            periods=periods,
        )
    return t.n(
        "{n} alert is compared, over {periods} whole months.",
        "{n} alerts are compared, over {periods} whole months.",
        n,
        periods=periods,
    )


def _draw_months(page: Page, rows: pd.DataFrame) -> None:
    """The months as a table, and their sums; whether a year's change exceeds chance is said of all changes above."""
    t = page.t
    headings = {
        "month": t("Month"),
        "last_year": t("A year before"),
        "n": t("Alerts"),
        "change": t("Difference"),
    }
    frame = rows.assign(month=[t.date(day.date(), "LLLL y") for day in rows["month"]])[[*headings]]
    counts = ("last_year", "n")
    least = least_written(page)
    few = pd.concat([rows[name].between(1, least - 1) for name in counts], axis=1)
    if few.any(axis=None):  # a difference from what is not written out would tell it
        words = {name: [written_count(page, n) for n in rows[name]] for name in counts}
        frame = frame.assign(**words, change=rows["change"].mask(few.any(axis=1)))
    alt = t("Alerts of the last whole months and of the same months a year before")
    digits, signed = {} if few.any(axis=None) else dict.fromkeys(counts, 0), {"change": 0}
    if page.narrow:
        tables.draw_plain_table(page, frame, headings, alt=alt, digits=digits, signed=signed)
        tables.download_button(page, frame.rename(columns=headings), "months.csv", key="trends_months_download")
    else:
        tables.draw_table(
            page,
            frame,
            headings,
            key="trends_months",
            alt=alt,
            file_name="months.csv",
            digits=digits,
            signed=signed,
            height="content",
        )
    told = t(
        "{first} onwards: {after} alerts, {before} in the same months a year before.",
        first=t.date(rows["month"].iloc[-1].date(), "LLLL y"),
        after=written_count(page, rows["n"].sum()),
        before=written_count(page, rows["last_year"].sum()),
    )
    st.write(told)
