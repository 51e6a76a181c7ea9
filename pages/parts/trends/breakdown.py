"""The count taken apart: year on year, side by side by district, category or gender, by hour of the week, by day."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.trends.time_series import A_QUARTER, A_YEAR, Trend, YearOnYear, week_clock, year_on_year
from curim_data.model import (
    NO_AFFECTED,
    BoolArray,
    CalendarUnit,
    Message,
    Translator,
    is_small,
    no_districts,
    value_label,
)
from curim_data.privacy import BAND_HOURS, Counted, DisclosureError
from pages.parts.charts import (
    Figure,
    base_figure,
    has_no_clock,
    no_clock_reason,
    plots,
    small_multiples_figure,
    tables,
    time_axis,
    written_count,
)
from pages.parts.frame import Page, cached_query, escape_markdown, missing, palette
from pages.parts.maps import written_alerts
from pages.parts.trends.line import all_until, period_dates, small_chart_unit, trend_or_reason

DAY: Final = "local_date"


def draw_year_on_year(page: Page, unit: CalendarUnit) -> None:
    """Draw the months of each year, whether the last quarter differs beyond chance, and the last twelve months.

    By months, whole months are compared; else whole weeks, where the days are known.
    """
    t, source = page.t, page.alerts
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
    told = compared.sentence(t, page.written.least())
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
    if len(rows := twelve_months(months)) > A_QUARTER["month"]:
        _draw_months(page, rows)


def twelve_months(months: Trend) -> pd.DataFrame:
    """The last twelve whole months, latest first, that the data also hold a year before.

    Columns month, n, last_year and change.
    """
    reached = months.frame[months.frame["complete"]].dropna(subset=["last_year"]).tail(A_YEAR["month"])
    return reached.assign(change=reached["n"] - reached["last_year"])[["month", "n", "last_year", "change"]].iloc[::-1]


def _compared_words(page: Page, compared: YearOnYear) -> str:
    t, n, periods = page.t, compared.before + compared.after, compared.periods
    weeks = compared.unit == "week"
    if any(is_small(one, page.written.least()) for one in (compared.before, compared.after)):  # the sum would tell it
        return (
            t.n("{n} whole week is compared.", "{n} whole weeks are compared.", periods)
            if weeks
            else t.n("{n} whole month is compared.", "{n} whole months are compared.", periods)
        )
    return (
        t.n(
            "{n} alert is compared, over {periods} whole weeks.",
            "{n} alerts are compared, over {periods} whole weeks.",
            n,
            periods=periods,
        )
        if weeks
        else t.n(
            "{n} alert is compared, over {periods} whole months.",
            "{n} alerts are compared, over {periods} whole months.",
            n,
            periods=periods,
        )
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
    frame, digits = tables.without_small(page, frame, ("last_year", "n"), "change")
    tables.draw_table(
        page,
        frame,
        headings,
        key="trends_months",
        alt=t("Alerts of the last whole months and of the same months a year before"),
        file_name="months.csv",
        digits=digits,
        signed={"change": 0},
        height="content",
        phone=tuple(headings),
    )
    st.write(
        t(
            "{first} onwards: {after} alerts, {before} in the same months a year before.",
            first=t.date(rows["month"].iloc[-1].date(), "LLLL y"),
            after=written_count(page, rows["n"].sum()),
            before=written_count(page, rows["last_year"].sum()),
        )
    )


def draw_small_multiples(page: Page) -> None:
    """One small line for each district, group of categories or gender, on one scale."""
    t = page.t
    st.subheader(t("Side by side"))
    splits = {
        "district": t("District"),
        "group": t("Group of categories"),
        "affected_gender": t("Gender of the person affected"),
    }
    split = st.segmented_control(
        t("Split by"),
        list(splits),
        format_func=splits.__getitem__,
        key="trends_split",
        default="district",
        required=True,
        label_visibility="collapsed",
    )
    split, unit = str(split), small_chart_unit(page)
    if (why := _nothing_to_split(page, split)) is not None:
        st.write(escape_markdown(missing(page, why)))
        return
    counted: Counted = cached_query(page, "counts", (unit, split), complete=True)
    frame = counted.frame.dropna(subset=[unit])
    sums = frame.groupby(split, dropna=False)["n"].sum().sort_values(ascending=False, kind="stable")
    sums = sums[sums > 0]
    names = list(sums.index)[:9]
    if not names:
        st.write(t("There is nothing to split."))
        return
    if split == "district" and pd.isna(names).all():
        st.write(t("None of these alerts lies in a district of the city."))
        return
    ordered = frame.sort_values(unit, kind="stable")
    panels = [
        (
            value_label(t, page.city, split, name),
            ordered[ordered[split].isna() if pd.isna(name) else ordered[split] == name],
        )
        for name in names
    ]
    sentence = _largest_sentence(page, panels, counted)
    panels = [(label, own[_whole_periods(page, own[unit], unit)]) for label, own in panels]
    panels = [(label, own) for label, own in panels if len(own)]
    if not panels:
        st.write(t("This period holds no whole month.") if unit == "month" else t("This period holds no whole week."))
        return
    days, size = panels[0][1][unit], A_QUARTER["month" if unit == "month" else "week"]
    shaded = pd.Timestamp(days.iloc[-size]) if len(days) > size else None
    plots.draw_chart(
        page,
        small_multiples_figure(page, panels, time=unit, shaded=shaded),
        key=f"trends_panels_{split}",
        alt=sentence,
        data=frame,
        file_name="side_by_side.csv",
        small=True,
    )
    st.write(escape_markdown(sentence))
    rest = len(sums) - len(names)
    notes = (
        (True, t("All on one scale; at the end of each line the number of the last period.")),
        (shaded is not None, t("Shaded: the last 3 months.") if unit == "month" else t("Shaded: the last 13 weeks.")),
        (rest, t.n("{n} smaller one is left out.", "{n} smaller ones are left out.", rest)),
        (split == "group", t("An alert of several groups counts once in each.")),
    )
    st.caption(" ".join([*(note for said, note in notes if said), *(t(note) for note in counted.notes)]))


def _whole_periods(page: Page, days: pd.Series, unit: str) -> BoolArray:
    """Which periods, by their first days, lie wholly within the data and the filter's period.

    Others would look like a fall.
    """
    start, end = period_dates(page)
    days = pd.DatetimeIndex(days)
    last = days + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6))
    within = pd.Timestamp(max(start, page.alerts.first)), pd.Timestamp(min(end, page.alerts.as_of))
    return np.asarray((days >= within[0]) & (last <= within[1]))


def _nothing_to_split(page: Page, split: str) -> Message | None:
    """Why there are no small charts by a split that neither the export nor the city's profile has."""
    if split == "district" and not page.city.districts:
        return no_districts(page.city)
    return NO_AFFECTED if split == "affected_gender" and split not in page.alerts.asked else None


def _largest_sentence(page: Page, panels: list[tuple[str, pd.DataFrame]], counted: Counted) -> str:
    t, (largest, frame) = page.t, panels[0]
    n = round(float(frame["n"].sum()))
    if is_small(n, page.written.least()):
        return t("Most alerts: {name}.", name=largest)
    return t.n(
        "Most alerts: {name}, {n} ({share}).",
        "Most alerts: {name}, {n} ({share}).",
        n,
        name=largest,
        share=t.percent(n / counted.total),
    )


def draw_week_clock(page: Page) -> None:
    """Alerts by weekday and hour, with their sentence."""
    t = page.t
    st.subheader(t("Days and hours"))
    frame = pd.DataFrame({"n": []})
    if not has_no_clock(page) and page.alerts.known_time.knows("hour"):
        counted: Counted = cached_query(page, "counts", ("weekday", "hour"), complete=True)
        frame = counted.frame.dropna(subset=["weekday", "hour"])
    if not frame["n"].ne(0).any():
        st.write(no_clock_reason(page))
        return
    if is_small(frame["n"].sum(), (least := page.written.least())):
        st.write(t("Fewer than {k} alerts have a known hour: too few to say when they happen.", k=least))
        return
    banded = bool(counted.notes) and set(frame["hour"]) <= set(range(0, 24, BAND_HOURS))
    if banded:  # each band is shared out evenly over its hours
        frame = pd.concat(
            [frame.assign(hour=frame["hour"] + hour, n=frame["n"] / BAND_HOURS) for hour in range(BAND_HOURS)],
            ignore_index=True,
        )
    week = week_clock(frame, BAND_HOURS if banded else 1)
    plots.draw_chart(
        page,
        plots.clock_figure(page, frame),
        key="trends_clock",
        alt=t("Alerts by weekday and hour. {sentence}", sentence=week.sentence(t)),
        data=counted.frame,
        file_name="clock.csv",
    )
    if page.alerts.some_hours is not None:
        st.caption(t(page.alerts.some_hours))
    st.write(week.sentence(t))
    st.caption(
        " ".join(
            [
                t.n("{n} alert with a known hour.", "{n} alerts with a known hour.", week.n),
                *(t(note) for note in counted.notes),
            ]
        )
    )


def draw_calendar(page: Page) -> None:
    """The calendar with its sentence, or why there is none."""
    t, source = page.t, page.alerts
    st.subheader(t("Calendar"))
    if not source.known_time.knows("day"):
        st.write(t("No calendar is shown: of these alerts the month alone is known, not the day."))
        return
    start, end = period_dates(page)
    end = min(end, source.as_of)
    start = max(start, source.first, end - dt.timedelta(days=7 * 52 + end.weekday()))
    chosen = page.filter.replace(period="", start=start, end=end)
    try:
        counted: Counted = cached_query(page, "counts", (DAY,), filter=chosen, complete=True)
    except DisclosureError as refused:
        st.write(t(refused.message))
        return
    frame = counted.frame.dropna(subset=[DAY])
    if not (frame["n"] > 0).any():
        st.write(t("There is nothing to show."))
        return
    sentence = fullest_day_sentence(t, frame)
    plots.draw_chart(
        page,
        calendar_figure(page, frame),
        key="trends_calendar",
        alt=t("Alerts by day, a column for each week. {sentence}", sentence=sentence),
        data=frame[[DAY, "n"]],
        file_name="calendar.csv",
    )
    st.write(sentence)


def fullest_day_sentence(t: Translator, frame: pd.DataFrame) -> str:
    """The day with the most alerts, and how many days had none."""
    row, none = frame.loc[frame["n"].idxmax()], int((frame["n"] == 0).sum())
    day = pd.Timestamp(row[DAY]).date()
    fullest = t(
        "The day with the most: {weekday}, {day}, with {most}.",
        weekday=t.weekday(day.weekday()),
        day=day,
        most=t.n("{n} alert", "{n} alerts", round(row["n"])),
    )
    return fullest + (" " + t.n("{n} day had none.", "{n} days had none.", none) if none else "")


def calendar_figure(page: Page, frame: pd.DataFrame) -> Figure:
    """Weeks by weekdays, Monday on top. `frame`: columns `local_date` and `n`. Days outside the period have no cell."""
    t, colours = page.t, palette(page.theme)
    days = pd.to_datetime(frame[DAY])
    mondays = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    weeks = pd.date_range(mondays.min(), mondays.max(), freq="7D")
    at = days.dt.day_of_week.to_numpy(), weeks.get_indexer(pd.DatetimeIndex(mondays))
    counts = frame["n"].to_numpy(dtype=float)
    told = {n: written_alerts(page, n) for n in set(counts.tolist())}
    grid, texts = np.full((7, len(weeks)), np.nan), np.full((7, len(weeks)), "", dtype=object)
    grid[at] = counts
    texts[at] = [
        f"{t.weekday(day.weekday())} {t.date(day)}: {told[n]}"
        for day, n in zip(days.dt.date, counts.tolist(), strict=True)
    ]
    figure = base_figure(t, colours, height=200 + plots.CLOCK_LEGEND)
    names = [t.weekday(day, "abbreviated") for day in range(7)]
    scale = plots.count_scale(t, colours, float(counts.max()), t("Number in a day"), below=46)
    figure.add_heatmap(z=grid, x=weeks, y=names, xgap=1, ygap=1, hovertext=texts.tolist(), **scale)
    time_axis(figure, t, pd.Series(weeks), compact=page.narrow)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=names[::2])
    return figure
