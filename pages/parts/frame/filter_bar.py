"""The filter in the sidebar, its chips above the page, and the link that says it.

The address bar is the one place where the filter lives. In each run the widgets are set from it, and a change of a
widget writes it: so links, the Back button and the widgets agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import FIELDS, PERIODS, AlertFilter
from curim_data.model import labels
from curim_data.model.alert import Gender, Kind, Status
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Translator
from curim_data.privacy import Protected
from pages.parts.frame.cache import cached_query
from pages.parts.frame.links import current_address
from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.page import Page

CUSTOM_DATES = "own"
GROUP = "group:"
# The fields whose options are told with their counts.
COUNTED = ("categories", "groups", "districts", "affected", "reporters", "kinds", "statuses")
LIGHTS: dict[str, bool | None] = {"all": None, "day": False, "dark": True}


def draw_filter_bar(page: Page) -> None:
    """All filters, the most used ones first."""
    t, f, source = page.t, page.filter, page.source
    if source is None:
        return
    change = _WidgetChange(page.city, source)
    answers = cached_query(page, "all_options", COUNTED)
    _period_select(t, f, source, change)
    _multiselect(
        page,
        answers,
        change,
        "categories",
        t("Category"),
        t("All categories"),
        _category_options(page),
        _category_label(page),
    )
    city = page.city
    _multiselect(
        page,
        answers,
        change,
        "districts",
        t("District"),
        t("Whole city"),
        [area.id for area in city.districts],
        lambda value: labels.district_label(t, city, value),
    )
    genders = [gender.value for gender in Gender]
    name = lambda value: labels.gender_label(t, value)  # noqa: E731
    _multiselect(page, answers, change, "affected", t("Gender of the person affected"), t("All genders"), genders, name)
    _light_select(t, f, change)
    more = [field for field in FIELDS if field.names[0] in MORE and field.write(f)]
    with st.expander(t("More filters"), expanded=bool(more)):
        _multiselect(page, answers, change, "reporters", t("Gender of the reporter"), t("All genders"), genders, name)
        _hour_range(t, f, change)
        _pills(page, change, "weekdays", t("Weekday"), list(range(7)), lambda day: t.weekday(day, "abbreviated"))
        kinds = [kind.value for kind in Kind]
        _multiselect(
            page, answers, change, "kinds", t("Kind"), t("All kinds"), kinds, lambda value: labels.kind_label(t, value)
        )
        states = [status.value for status in Status]
        _multiselect(
            page,
            answers,
            change,
            "statuses",
            t("Status"),
            t("Any status"),
            states,
            lambda value: labels.status_label(t, value),
        )
        _pills(page, change, "severities", t("Severity"), [1, 2, 3, 4, 5], str)


MORE = ("reporters", "hours", "weekdays", "kinds", "statuses", "severities")


def draw_active_filters(page: Page) -> None:
    """What is active, each with a way to take it off; what the link asked for and could not be had."""
    t = page.t
    for note in page.notes:
        st.warning(escape_markdown(t(note)))
    if page.source is None:
        return
    total = cached_query(page, "total")
    for note in total.notes:
        st.info(escape_markdown(t(note)))
    chips = page.filter.chips(t, page.city)
    if chips:
        with st.container(horizontal=True, gap="small", key="filter_chips"):
            for number, (label, rest) in enumerate(chips):
                st.button(
                    f"{escape_markdown(label)} ×",
                    key=f"chip_{number}",
                    help=t("Take this filter off"),
                    on_click=write_filter,
                    args=(rest,),
                )
            if len(chips) > 1:
                st.button(
                    t("Reset all"), key="chips_reset", type="tertiary", on_click=write_filter, args=(AlertFilter(),)
                )
    if total.n == 0:
        _draw_no_match(page)


def draw_filter_actions(page: Page) -> None:
    """Reset, and the link that shows a colleague the same."""
    t = page.t
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("Reset"),
            key="filter_reset",
            type="tertiary",
            disabled=page.filter == AlertFilter(),
            on_click=write_filter,
            args=(AlertFilter(),),
        )
        with st.popover(t("Copy link"), type="tertiary"):
            st.caption(t("Whoever opens this link sees the same filter, as far as their role allows."))
            st.code(current_address(page), language=None, wrap_lines=True)


def filter_sentence(page: Page) -> str:
    """The filter in words, with its dates and its count, as Markdown."""
    source = page.source
    if source is None:
        return ""
    total = cached_query(page, "total")
    return escape_markdown(query.sentence(source, page.filter, page.t, total))


def write_filter(chosen: AlertFilter) -> None:
    """Put a filter into the address bar; words of the address that are no filter stay."""
    own = {word for field in FIELDS for word in field.words}
    kept = {word: st.query_params[word] for word in st.query_params if word not in own}
    st.query_params.from_dict({**kept, **chosen.to_query()})


class _WidgetChange:
    """Makes the callback of a widget: its value into the filter, the filter into the address bar."""

    def __init__(self, city: CityProfile, source: Source) -> None:
        self.city, self.source = city, source

    def current(self) -> AlertFilter:
        query = {word: st.query_params[word] for word in st.query_params}
        return AlertFilter.from_query(query, self.city, self.source.other_categories)[0]

    def by(self, key: str, values: Callable[[Any], Mapping[str, Any] | None]) -> Callable[[], None]:
        def changed() -> None:
            found = values(st.session_state[key])
            if found is not None:
                write_filter(self.current().replace(**found))

        return changed


def _set_widget(key: str, value: Any) -> str:
    """Set a widget's value for this run; always, since an interrupted run may have left the browser behind."""
    st.session_state[key] = value
    return key


def _period_select(t: Translator, f: AlertFilter, source: Source, change: _WidgetChange) -> None:
    dates = query.dates(source, f)
    key = "filter_period"

    def chosen(value: str) -> dict[str, Any]:
        if value == CUSTOM_DATES:
            start, end = query.dates(source, change.current())
            return {"start": start, "end": end}
        return {"period": value}

    st.selectbox(
        t("Period"),
        [*PERIODS, CUSTOM_DATES],
        format_func=lambda value: t("Dates of my own") if value == CUSTOM_DATES else labels.period_label(t, value),
        key=_set_widget(key, f.period or CUSTOM_DATES),
        on_change=change.by(key, chosen),
    )
    if not f.period:
        key = "filter_dates"

        def picked(value: Any) -> dict[str, Any] | None:
            days = [day for day in (value if isinstance(value, tuple) else (value,)) if isinstance(day, dt.date)]
            return {"start": days[0], "end": days[1]} if len(days) == 2 else None

        st.date_input(
            t("First and last day"),
            min_value=min(source.first, dates[0]),
            max_value=max(source.as_of, dates[1]),
            format="DD/MM/YYYY",
            key=_set_widget(key, dates),
            on_change=change.by(key, picked),
        )


def _multiselect(
    page: Page,
    answers: Mapping[str, Protected],
    change: _WidgetChange,
    name: str,
    label: str,
    everything: str,
    options: list[str],
    write_option: Callable[[str], str],
) -> None:
    key = f"filter_{name}"
    counts = _option_counts(page, answers, name)

    def shown(value: str) -> str:
        n = counts.get(value)
        return f"{write_option(value)} ({n})" if n else write_option(value)

    if name == "categories":
        value = [*(GROUP + group for group in page.filter.groups), *page.filter.categories]

        def values(picked: list[str]) -> dict[str, Any]:
            groups = tuple(v.removeprefix(GROUP) for v in picked if v.startswith(GROUP))
            return {"groups": groups, "categories": tuple(v for v in picked if not v.startswith(GROUP))}
    else:
        value = list(getattr(page.filter, name))

        def values(picked: list[str]) -> dict[str, Any]:
            return {name: tuple(picked)}

    st.multiselect(
        label,
        [*options, *(v for v in value if v not in options)],
        format_func=shown,
        key=_set_widget(key, value),
        placeholder=everything,
        select_all=False,
        on_change=change.by(key, values),
    )


def _pills(
    page: Page, change: _WidgetChange, name: str, label: str, options: list[int], write_option: Callable[[int], str]
) -> None:
    key = f"filter_{name}"
    st.pills(
        label,
        options,
        selection_mode="multi",
        format_func=write_option,
        key=_set_widget(key, list(getattr(page.filter, name))),
        on_change=change.by(key, lambda picked: {name: tuple(picked)}),
    )


def _light_select(t: Translator, f: AlertFilter, change: _WidgetChange) -> None:
    key = "filter_light"
    st.selectbox(
        t("Light"),
        list(LIGHTS),
        format_func=lambda value: t("Day and night") if value == "all" else labels.light_label(t, value == "dark"),
        key=_set_widget(key, next(word for word, dark in LIGHTS.items() if dark is f.dark)),
        on_change=change.by(key, lambda value: {"dark": LIGHTS[value]}),
    )


def _hour_range(t: Translator, f: AlertFilter, change: _WidgetChange) -> None:
    start, end = "filter_hour_from", "filter_hour_to"
    first, last = (f.hours[0], (f.hours[1] + 1) % 24) if f.hours else (0, 0)

    def values(_: Any) -> dict[str, Any]:
        begin, finish = st.session_state[start], st.session_state[end]
        return {"hours": None if begin == finish else (begin, (finish - 1) % 24)}

    one, two = st.columns(2)
    hours = list(range(24))
    one.selectbox(
        t("From"),
        hours,
        format_func=labels.hour_label,
        key=_set_widget(start, first),
        on_change=change.by(start, values),
    )
    two.selectbox(
        t("Until"), hours, format_func=labels.hour_label, key=_set_widget(end, last), on_change=change.by(end, values)
    )


def _category_options(page: Page) -> list[str]:
    """Groups and their categories, in the order of the city's tree; then what the tree does not know."""
    city = page.city
    order: list[str] = []
    for group in city.groups:
        order.append(GROUP + group)
        order += [category.id for category in city.categories.values() if category.group == group]
    order += [category.id for category in city.categories.values() if category.group not in city.groups]
    return [*order, *(page.source.other_categories if page.source else ())]


def _category_label(page: Page) -> Callable[[str], str]:
    t, city = page.t, page.city

    def label(value: str) -> str:
        if value.startswith(GROUP):
            return t("{group}: all", group=labels.group_label(t, city, value.removeprefix(GROUP)))
        known = city.categories.get(value)
        name = labels.category_label(t, city, value)
        return f"{labels.group_label(t, city, known.group)} · {name}" if known and known.group else name

    return label


def _option_counts(page: Page, answers: Mapping[str, Protected], name: str) -> dict[Any, str]:
    """How many alerts each option would leave under the rest of the filter, as text."""
    fields = {"categories": (("categories", ""), ("groups", GROUP))}.get(name, ((name, ""),))
    texts: dict[Any, str] = {}
    for field, prefix in fields:
        answer = answers[field]
        columns = (answer.frame[column].tolist() for column in (answer.by[0], "n", "high", "withheld"))
        for value, n, high, withheld in zip(*columns, strict=True):
            if value is not None and value == value:
                shown = f"<{page.t.number(high + 1)}" if withheld else page.t.number(n)
                texts[f"{prefix}{value}" if isinstance(value, str) else value] = shown
    return texts


def _draw_no_match(page: Page) -> None:
    t = page.t
    found = cached_query(page, "nearest_nonempty")
    with st.container(border=True, key="filter_nothing"):
        st.write(t("No alert fits this filter."))
        if found is not None:
            near, why = found
            st.caption(escape_markdown(t(why)))
            st.button(t("Show these alerts"), key="filter_nearest", type="primary", on_click=write_filter, args=(near,))
