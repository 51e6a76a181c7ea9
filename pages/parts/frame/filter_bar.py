"""The filter in the sidebar, its chips above the page, and the link that holds it.

The address bar is the one place where the filter lives. In each run the widgets are set from it, and a change of a
widget writes it: so links, the Back button and the widgets agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

import streamlit as st

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import (
    PERIODS,
    AlertFilter,
    CategoryField,
    ChoiceField,
    Field,
    HourField,
    LightField,
    PeriodField,
    Widget,
)
from curim_data.model import Message, Translator, labels
from curim_data.model.absence import DIMENSION_UNITS, NO_AFFECTED, NO_REPORTERS, no_districts
from curim_data.privacy import Counted, not_held
from pages.parts.frame.links import current_address, print_address
from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.page import Page
from pages.parts.frame.results import cached_query

CUSTOM_DATES = "own"
GROUP = "group:"
# From so many stored alerts on the changes of several widgets are applied at once, by a button.
TOGETHER_FROM: Final = 100_000
FORM, FORM_SHOWS = "filter_form", "filter_form_shows"
_NOT_ASKED: Final = {"affected_gender": NO_AFFECTED, "reporter_gender": NO_REPORTERS}
LIGHTS: dict[str, bool | None] = {"all": None, "day": False, "dark": True}


def draw_filter_bar(page: Page) -> None:
    """The widgets of the table of fields, the most used ones first; where there are many alerts, in a form."""
    if page.source is None:
        return
    drawn = [(field.widget, field) for field in page.filter.fields() if field.widget is not None]
    drawn.sort(key=lambda pair: pair[0].order)
    absent = _absent(page, page.source, [field for _, field in drawn])
    drawn = [(widget, field) for widget, field in drawn if all(field is not one for one, _ in absent)]
    counted = tuple(name for widget, field in drawn if widget.form == "list" for name in field.dimensions)
    bar = _Bar(page, page.source, cached_query(page, "all_options", counted))
    with st.form(FORM, border=False) if bar.together else nullcontext():
        for widget, field in drawn:
            if not widget.more:
                bar.draw(field, widget)
        further = [(widget, field) for widget, field in drawn if widget.more]
        with st.expander(page.t("More filters"), expanded=any(field.write(page.filter) for _, field in further)):
            for widget, field in further:
                bar.draw(field, widget)
            for why, titles in _by_reason(page.t, absent).items():
                st.caption(page.t("No filter by {fields}: {why}", fields=page.t.join(titles), why=why))
        if bar.together:
            st.form_submit_button(
                page.t("Apply"), key="filter_apply", type="primary", width="stretch", on_click=bar.apply
            )
    st.session_state[FORM_SHOWS] = page.filter


def _by_reason(t: Translator, absent: Sequence[tuple[Field, Message]]) -> dict[str, list[str]]:
    """The titles of fields that are not offered, by the sentence that says why."""
    found: dict[str, list[str]] = {}
    for field, why in absent:
        found.setdefault(t(why), []).append(t(field.title))
    return found


def _absent(page: Page, source: Source, fields: Sequence[Field]) -> list[tuple[Field, Message]]:
    """Fields of which the data know nothing, with the reason; one that a link has set stays, to be taken away."""
    found = []
    kept_out = not_held(page.filter, page.source) if page.source is not None else {}
    for field in fields:
        why = next((kept_out[name] for name in field.names if name in kept_out), field_absence(field, source))
        if why is not None and not field.write(page.filter):
            found.append((field, why))
    return found


def field_absence(field: Field, source: Source) -> Message | None:
    """Why nothing can be chosen by a field: the exports do not have it, or the city's profile does not."""
    for dimension in field.dimensions.values():
        if dimension in DIMENSION_UNITS and (lacking := source.lacks(DIMENSION_UNITS[dimension])):
            return lacking
        if dimension in _NOT_ASKED and dimension not in source.asked:
            return _NOT_ASKED[dimension]
    return no_districts(source.city) if "districts" in field.names and not source.city.districts else None


def draw_active_filters(page: Page) -> None:
    """Active filters, each with a button that removes it; notes on what the link asked for in vain."""
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
                    help=t("Remove this filter"),
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
        with st.popover(t("Copy link"), type="tertiary"):  # drawn again when a part of the page changes the address
            st.caption(t("Whoever opens this link sees the same filter, as far as their role allows."))
            st.code(current_address(page), language=None, wrap_lines=True)
        st.link_button(t("Print view"), print_address(page), type="tertiary")


def filter_sentence(page: Page) -> str:
    """The filter in words, with its dates and its count, as Markdown."""
    if page.source is None:
        return ""
    return escape_markdown(query.sentence(page.source, page.filter, page.t, cached_query(page, "total")))


def write_filter(chosen: AlertFilter) -> None:
    """Write a filter to the address bar; other parameters of the address stay."""
    own = {word for field in chosen.fields() for word in field.words}
    kept = {word: value for word, value in st.query_params.to_dict().items() if word not in own}
    st.query_params.from_dict({**kept, **chosen.to_query()})


Values = Callable[[Any], Mapping[str, Any]]


class _Bar:
    """The widgets of one run: each is set from the filter, and a change of it goes into the address bar.

    `together`: several changes wait in the browser until a button applies them.
    """

    def __init__(self, page: Page, source: Source, answers: Mapping[str, Counted]) -> None:
        self.t, self.filter, self.city = page.t, page.filter, page.city
        self.source, self.answers = source, answers
        self.together = source.count >= TOGETHER_FROM
        self._kept = self.together and st.session_state.get(FORM_SHOWS) == page.filter
        self._widgets: dict[str, tuple[Any, Values]] = {}

    def draw(self, field: Field, widget: Widget) -> None:
        """The widget of a field."""
        match field:
            case PeriodField():
                _period_select(self)
            case LightField():
                _light_select(self)
            case HourField():
                _hour_range(self)
            case CategoryField():
                _category_select(self, field, widget)
            case ChoiceField() if widget.form == "pills":
                _pills(self, field)
            case ChoiceField():
                _choice_select(self, field, widget)

    def current(self) -> AlertFilter:
        """The filter of the address bar."""
        return AlertFilter.from_query(st.query_params.to_dict(), self.city, self.source.other_categories)[0]

    def bound(self, key: str, value: Any, values: Values) -> dict[str, Any]:
        """Arguments of a widget, whose value is set for this run; `values`: the attributes that a value of it sets.

        It is set always, since an interrupted run may have left the browser behind; in a form when the filter has
        changed: what the reader has chosen there waits for the button.
        """
        self._widgets[key] = value, values
        if not (self._kept and key in st.session_state):
            st.session_state[key] = value
        return {"key": key} if self.together else {"key": key, "on_change": self.apply}

    def apply(self) -> None:
        """Write everything that was changed to the address bar."""
        chosen = self.current()
        for key, (shown, values) in self._widgets.items():
            picked = st.session_state.get(key, shown)  # a widget of a page that was left has no value
            if picked != shown:
                chosen = chosen.replace(**values(picked))
        write_filter(chosen)


def _period_select(bar: _Bar) -> None:
    t, source, dates = bar.t, bar.source, query.dates(bar.source, bar.filter)

    def chosen(value: str) -> dict[str, Any]:
        if value == CUSTOM_DATES:
            return dict(zip(("start", "end"), query.dates(source, bar.current()), strict=True))
        return {"period": value}

    def picked(value: Any) -> dict[str, Any]:
        days = [day for day in (value if isinstance(value, tuple) else (value,)) if isinstance(day, dt.date)]
        return {"start": days[0], "end": days[1]} if len(days) == 2 else {}

    st.selectbox(
        t("Period"),
        [*PERIODS, CUSTOM_DATES],
        format_func=lambda value: t("Custom dates") if value == CUSTOM_DATES else labels.period_label(t, value),
        **bar.bound("filter_period", bar.filter.period or CUSTOM_DATES, chosen),
    )
    if not bar.filter.period:
        st.date_input(
            t("First and last day"),
            min_value=min(source.first, dates[0]),
            max_value=max(source.as_of, dates[1]),
            format="DD/MM/YYYY",
            **bar.bound("filter_dates", dates, picked),
        )


def _choice_select(bar: _Bar, field: ChoiceField, widget: Widget) -> None:
    _multiselect(
        bar,
        field,
        widget,
        (list(field.known(bar.city).values()), list(getattr(bar.filter, field.name)), {field.name: ""}),
        lambda value: field.value_label(bar.t, bar.city, field.column, value),
        lambda picked: {field.name: tuple(picked)},
    )


def _category_select(bar: _Bar, field: CategoryField, widget: Widget) -> None:
    t, city = bar.t, bar.city

    def label(value: str) -> str:
        if value.startswith(GROUP):
            return t("{group}: all", group=labels.group_label(t, city, value.removeprefix(GROUP)))
        known = city.categories.get(value)
        name = labels.category_label(t, city, value)
        return f"{labels.group_label(t, city, known.group)} · {name}" if known and known.group else name

    def values(picked: list[str]) -> dict[str, Any]:
        groups = tuple(v.removeprefix(GROUP) for v in picked if v.startswith(GROUP))
        return {"groups": groups, "categories": tuple(v for v in picked if not v.startswith(GROUP))}

    chosen = [*(GROUP + group for group in bar.filter.groups), *bar.filter.categories]
    given = (_category_options(bar), chosen, {"categories": "", "groups": GROUP})
    _multiselect(bar, field, widget, given, label, values)


def _multiselect(
    bar: _Bar,
    field: Field,
    widget: Widget,
    given: tuple[list[Any], list[Any], Mapping[str, str]],
    label: Callable[[Any], str],
    values: Values,
) -> None:
    """A list of options, each with the number of alerts that it leaves.

    `given`: options, those that are chosen, and the attributes that are counted with the prefixes of their options.
    """
    options, chosen, counted = given
    counts = _option_counts(bar, counted)
    st.multiselect(
        bar.t(field.title),
        [*options, *(one for one in chosen if one not in options)],
        format_func=lambda one: f"{label(one)} ({counts[one]})" if one in counts else label(one),
        placeholder=bar.t(widget.everything),
        select_all=False,
        **bar.bound(f"filter_{field.names[0]}", chosen, values),
    )


def _pills(bar: _Bar, field: ChoiceField) -> None:
    chosen = list(getattr(bar.filter, field.name))
    st.pills(
        bar.t(field.title),
        list(field.known(bar.city).values()),
        selection_mode="multi",
        format_func=lambda value: field.pill_label(bar.t, bar.city, value),
        **bar.bound(f"filter_{field.name}", chosen, lambda picked: {field.name: tuple(picked)}),
    )


def _light_select(bar: _Bar) -> None:
    t, shown = bar.t, next(word for word, dark in LIGHTS.items() if dark is bar.filter.dark)
    st.selectbox(
        t("Light"),
        list(LIGHTS),
        format_func=lambda value: t("Day and night") if value == "all" else labels.light_label(t, value == "dark"),
        **bar.bound("filter_light", shown, lambda value: {"dark": LIGHTS[value]}),
    )


def _hour_range(bar: _Bar) -> None:
    chosen = bar.filter.hours
    first, last = (chosen[0], (chosen[1] + 1) % 24) if chosen else (0, 0)

    def values(_: Any) -> dict[str, Any]:
        begin, finish = st.session_state["filter_hour_from"], st.session_state["filter_hour_to"]
        return {"hours": None if begin == finish else (begin, (finish - 1) % 24)}

    ends = ((bar.t("From"), "filter_hour_from", first), (bar.t("Until"), "filter_hour_to", last))
    for column, (label, key, value) in zip(st.columns(2), ends, strict=True):
        column.selectbox(label, list(range(24)), format_func=labels.hour_label, **bar.bound(key, value, values))


def _category_options(bar: _Bar) -> list[str]:
    """Groups and their categories, in the order of the city's tree; then what the tree does not know."""
    city = bar.city
    order: list[str] = []
    for group in city.groups:
        order += [GROUP + group, *(one.id for one in city.categories.values() if one.group == group)]
    order += [category.id for category in city.categories.values() if category.group not in city.groups]
    return [*order, *bar.source.other_categories]


def _option_counts(bar: _Bar, names: Mapping[str, str]) -> dict[Any, str]:
    """How many alerts each option would leave under the rest of the filter, as text."""
    texts: dict[Any, str] = {}
    for name, prefix in names.items():
        answer = bar.answers[name].shown
        columns = (answer.frame[column].tolist() for column in (answer.by[0], "n", "fewer_than"))
        for value, n, limit in zip(*columns, strict=True):
            if value is not None and value == value:
                shown = f"<{bar.t.number(limit)}" if n != n else bar.t.number(n)
                texts[f"{prefix}{value}" if isinstance(value, str) else value] = shown
    return texts


def _draw_no_match(page: Page) -> None:
    t = page.t
    found = cached_query(page, "nearest_nonempty")
    with st.container(border=True, key="filter_nothing"):
        st.write(t("No alerts match this filter."))
        if found is not None:
            near, why = found
            st.caption(escape_markdown(t(why)))
            st.button(t("Show these alerts"), key="filter_nearest", type="primary", on_click=write_filter, args=(near,))
