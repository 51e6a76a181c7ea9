"""The count taken apart: small charts by district, category or gender, and the clock of the week."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.trends.time_series import A_QUARTER, week_clock
from curim_data.model import BoolArray, Message
from curim_data.model import labels as words
from curim_data.model.absence import NO_AFFECTED, no_districts
from curim_data.privacy import BAND_HOURS, Counted, DisclosureError
from pages.parts.charts import plots
from pages.parts.charts.numbers import least_written
from pages.parts.charts.plots import has_no_clock, no_clock_reason
from pages.parts.charts.small_multiples import small_multiples_figure
from pages.parts.frame import Page, escape_markdown
from pages.parts.frame.footer import missing
from pages.parts.frame.results import cached_query
from pages.parts.trends.queries import period_dates
from pages.parts.trends.trend_line import small_chart_unit

MOST_PANELS = 9


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
    try:
        counted: Counted = cached_query(page, "counts", (unit, split), complete=True)
    except DisclosureError as refused:
        st.info(t(refused.message))
        return
    frame = counted.frame.dropna(subset=[unit])
    sums = frame.groupby(split, dropna=False)["n"].sum().sort_values(ascending=False, kind="stable")
    names = list(sums[sums > 0].index)[:MOST_PANELS]
    if not names:
        st.write(t("There is nothing to split."))
        return
    if split == "district" and pd.isna(names).all():
        st.write(t("None of these alerts lies in a district of the city."))
        return
    ordered = frame.sort_values(unit, kind="stable")
    owned = [(ordered[split].isna() if pd.isna(name) else ordered[split] == name).to_numpy(bool) for name in names]
    labels = [words.value_label(t, page.city, split, name) for name in names]
    panels = [(label, ordered[own]) for label, own in zip(labels, owned, strict=True)]
    sentence = _largest_sentence(page, panels, counted)
    whole = _whole_periods(page, ordered[unit], unit)
    panels = [(label, ordered[own & whole]) for label, own in zip(labels, owned, strict=True) if (own & whole).any()]
    if not panels:
        st.write(t("This period holds no whole month.") if unit == "month" else t("This period holds no whole week."))
        return
    shaded = _last_quarter(panels[0][1][unit], unit)
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
    rest = int((sums > 0).sum()) - len(names)
    notes = [t("All on one scale; at the end of each line the number of the last period.")]
    if shaded is not None:
        notes.append(t("Shaded: the last 3 months.") if unit == "month" else t("Shaded: the last 13 weeks."))
    if rest:
        notes.append(t.n("{n} smaller one is left out.", "{n} smaller ones are left out.", rest))
    if split == "group":
        notes.append(t("An alert of several groups counts once in each."))
    st.caption(" ".join([*notes, *(t(note) for note in counted.notes)]))


def _whole_periods(page: Page, days: pd.Series, unit: str) -> BoolArray:
    """Which periods, by their first days, lie wholly within the data and the filter's period.

    Others would look like a fall.
    """
    start, end = period_dates(page)
    if page.source is not None:
        start, end = max(start, page.source.first), min(end, page.source.as_of)
    days = pd.DatetimeIndex(days)
    last = days + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6))
    return np.asarray((days >= pd.Timestamp(start)) & (last <= pd.Timestamp(end)))


def _last_quarter(days: pd.Series, unit: str) -> pd.Timestamp | None:
    """The first day of the last quarter of a year; None where no more than that is shown."""
    size = A_QUARTER["month" if unit == "month" else "week"]
    return pd.Timestamp(days.iloc[-size]) if len(days) > size else None


def _nothing_to_split(page: Page, split: str) -> Message | None:
    """Why there are no small charts by a split that neither the export nor the city's profile has."""
    if split == "district" and not page.city.districts:
        return no_districts(page.city)
    if split == "affected_gender" and page.source is not None and split not in page.source.asked:
        return NO_AFFECTED
    return None


def _largest_sentence(page: Page, panels: list[tuple[str, pd.DataFrame]], counted: Counted) -> str:
    t = page.t
    largest, frame = panels[0]
    n = round(float(frame["n"].sum()))
    if 0 < n < least_written(page):
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
    if has_no_clock(page) or (page.source is not None and not page.source.known_time.knows("hour")):
        st.write(no_clock_reason(page))
        return
    try:
        counted: Counted = cached_query(page, "counts", ("weekday", "hour"), complete=True)
    except DisclosureError as refused:
        st.info(t(refused.message))
        return
    frame = counted.frame.dropna(subset=["weekday", "hour"])
    if not frame["n"].ne(0).any():
        st.write(no_clock_reason(page))
        return
    if 0 < frame["n"].sum() < (least := least_written(page)):
        st.write(t("Fewer than {k} alerts have a known hour: too few to say when they happen.", k=least))
        return
    banded = bool(counted.notes) and set(frame["hour"]) <= set(range(0, 24, BAND_HOURS))
    if banded:
        frame = _spread(frame)
    week = week_clock(frame, BAND_HOURS if banded else 1)
    plots.draw_chart(
        page,
        plots.clock_figure(page, frame),
        key="trends_clock",
        alt=t("Alerts by weekday and hour. {sentence}", sentence=week.sentence(t)),
        data=counted.frame,
        file_name="clock.csv",
    )
    if page.source is not None and page.source.some_hours is not None:
        st.caption(t(page.source.some_hours))
    st.write(week.sentence(t))
    known = t.n("{n} alert with a known hour.", "{n} alerts with a known hour.", week.n)
    st.caption(" ".join([known, *(t(note) for note in counted.notes)]))


def _spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Bands of hours, each shared out evenly over its hours."""
    parts = [frame.assign(hour=frame["hour"] + hour, n=frame["n"] / BAND_HOURS) for hour in range(BAND_HOURS)]
    return pd.concat(parts, ignore_index=True)
