"""The cached series of the Trends page, and the unit of time that the link asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import cast

import streamlit as st

from analysis.forecast.next_periods import NextPeriods
from analysis.trends.time_series import Trend
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.model.absence import CalendarUnit
from curim_data.model.i18n import Span
from curim_data.privacy import DisclosureError, is_sensitive
from curim_data.studies import changes, trends
from curim_data.studies.brief import BriefChanges, usual_since
from curim_data.studies.changes import ChangeStudy
from pages.parts.findings.queries import cached_changes
from pages.parts.frame import Dataset, Page, calculated, source_of
from pages.parts.frame.links import write_link_word

BY, COLUMNS, SPAN, ALL = "by", "columns", "span", "all"
UNITS: tuple[CalendarUnit, ...] = ("day", "week", "month")
USUAL: CalendarUnit = "week"


@calculated(Message("Counting by period"))
def trend_of(dataset: Dataset, f: AlertFilter, unit: CalendarUnit) -> Trend | None:
    """The series under the filter with what was usual."""
    return trends.trend_study(source_of(dataset), f, unit)


@calculated(Message("Forecasting"))
def forecast_of(dataset: Dataset, f: AlertFilter, unit: CalendarUnit) -> NextPeriods | Message:
    """The next periods after those of the filter, or why none are forecast."""
    return trends.forecast_study(source_of(dataset), f, unit)


@calculated(Message("Comparing the periods"))
def changes_of(dataset: Dataset, f: AlertFilter) -> ChangeStudy:
    """Everything that changed in the filter's period."""
    return changes.change_study(source_of(dataset), f)


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """What the page tells before a reader chooses anything: the line with its forecast, and what changed."""
    source = source_of(dataset)
    unit = source.known_time.unit(USUAL)
    for study in (trend_of, forecast_of):
        study(dataset, f, unit)
    for step in (unit, "month"):
        trend_of(dataset, all_until(source, f), step)
    told = cached_changes(dataset, f, usual_since(source, f))
    whole = query.dates(source, f)
    chosen = f if not told.findings or (told.since, told.until) == whole else days_of(f, told)
    changes_of(dataset, chosen)


def all_until(source: Source, f: AlertFilter) -> AlertFilter:
    """The filter of all days until the last one of its period."""
    return f.replace(period="", start=source.first, end=query.dates(source, f)[1])


def days_of(f: AlertFilter, told: BriefChanges) -> AlertFilter:
    """The filter of the days of which the title tells."""
    return f.replace(period="", start=told.since, end=told.until)


def draw_span_choice(page: Page, study: BriefChanges | None) -> AlertFilter:
    """The filter of which the table of changes is: of the title's days, or of the whole period where that is asked for.

    `study`: the briefing's changes, where the title is one of them. Nothing is drawn where both are the same days.
    """
    whole = period_dates(page)
    if study is None or (study.since, study.until) == whole:
        return page.filter
    names = {
        "": page.t.span(Span(study.since, study.until, by_month=study.by_month)),
        ALL: page.t.span(Span(*whole, by_month=study.by_month)),
    }
    return page.filter if _draw_choice(page.t("Changes in"), names, SPAN) == ALL else days_of(page.filter, study)


def draw_columns_choice(page: Page) -> bool:
    """Whether all columns of the table of changes are asked for: from the link, and as the reader picks it."""
    names = {"": page.t("The main ones"), ALL: page.t("All columns")}
    return _draw_choice(page.t("Columns"), names, COLUMNS) == ALL


def units_offered(page: Page) -> tuple[CalendarUnit, ...]:
    """The units of time that the audience may see: of sensitive alerts the copy has months alone."""
    if not page.protected:
        return UNITS
    return ("month",) if is_sensitive(page.filter, page.city) else ("week", "month")


def draw_unit_choice(page: Page) -> CalendarUnit:
    """The unit of time: from the link, and as the reader picks it."""
    t = page.t
    units = units_offered(page)
    asked = st.query_params.get(BY, USUAL)
    unit = cast("CalendarUnit", asked) if asked in units else USUAL if USUAL in units else units[0]
    if page.source is not None:
        units = tuple(step for step in units if page.source.known_time.knows(step))
        unit = page.source.known_time.unit(unit)
    names = {"day": t("Day"), "week": t("Week"), "month": t("Month")}
    return cast("CalendarUnit", _draw_choice(t("By"), {step: names[step] for step in units}, BY, USUAL, asked=unit))


def _draw_choice(label: str, names: Mapping[str, str], word: str, usual: str = "", *, asked: str | None = None) -> str:
    """A choice among `names` that stands in the link as `word`, unless it is the usual one; returns what is chosen.

    `asked`: what is chosen where it is not simply what the link says.
    """
    if asked is None:
        asked = st.query_params.get(word, usual)
    chosen = asked if asked in names else usual
    key = f"trends_{word}"
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen
    st.segmented_control(
        label,
        list(names),
        format_func=names.__getitem__,
        key=key,
        required=True,
        on_change=write_link_word,
        args=(word, key, usual),
    )
    return chosen


def trend_or_reason(page: Page, unit: CalendarUnit, chosen: AlertFilter | None = None) -> tuple[Trend | None, str]:
    """The trend, or in words why there is none."""
    t = page.t
    try:
        trend = trend_of(page.dataset, chosen or page.filter, unit)
    except DisclosureError as refused:
        return None, t(refused.message)
    if trend is None or trend.frame.empty:
        return None, t("The period holds no whole day of data.")
    return trend, ""


def period_dates(page: Page) -> tuple[dt.date, dt.date]:
    """First and last day of the filter's period."""
    assert page.source is not None
    return query.dates(page.source, page.filter)
