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

from analysis.stats.intervals import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import PERIODS, AlertFilter, Field
from curim_data.model import N_, Message, Role, Translator, labels
from curim_data.model.absence import (
    DIMENSION_UNITS,
    LEFT_TO_THE_ANALYST,
    NO_AFFECTED,
    NO_REPORTERS,
    fewer_than,
    no_districts,
)
from curim_data.privacy import Counted, not_held
from curim_data.protection import copy_errors, kind_of
from curim_data.query import Total
from curim_data.studies.periods import copy_notes, places_taken
from pages.parts.frame.guard import current_address, page_link, print_address
from pages.parts.frame.look import escape_markdown
from pages.parts.frame.page import Page
from pages.parts.frame.results import cached_query

CUSTOM_DATES = "own"
GROUP = "group:"
# From so many stored alerts on the changes of several widgets are applied at once, by a button.
TOGETHER_FROM: Final = 100_000
FORM, FORM_SHOWS = "filter_form", "filter_form_shows"
_NOT_ASKED: Final = {"affected_gender": NO_AFFECTED, "reporter_gender": NO_REPORTERS}


def draw_filter_bar(page: Page) -> None:
    """The widgets of the table of fields, the most used ones first; where there are many alerts, in a form."""
    if page.source is None:
        return
    t, fields = page.t, [field for field in page.filter.fields() if field.widget is not None]
    offered, absent = _offered(page, page.source, sorted(fields, key=lambda field: field.widget.order))
    counted = tuple(name for field in offered if field.widget.form == "list" for name in field.dimensions)
    bar = _Bar(page, page.source, cached_query(page, "all_options", counted))
    further = [field for field in offered if field.widget.more]
    with st.form(FORM, border=False) if bar.together else nullcontext():
        for field in offered:
            if not field.widget.more:
                _WIDGETS.get(field.names[0], _choice_select)(bar, field)
        with st.expander(t("More filters"), expanded=any(field.write(page.filter) for field in further)):
            for field in further:
                _WIDGETS.get(field.names[0], _choice_select)(bar, field)
            for why, titles in absent.items():
                st.caption(t("No filter by {fields}: {why}", fields=t.join(titles), why=why))
        if bar.together:
            st.form_submit_button(t("Apply"), key="filter_apply", type="primary", width="stretch", on_click=bar.apply)
    st.session_state[FORM_SHOWS] = page.filter


def _offered(page: Page, source: Source, fields: Sequence[Field]) -> tuple[list[Field], dict[str, list[str]]]:
    """The fields of which the data know something, and the titles of the others by the reason.

    One that a link has set stays, to be taken away.
    """
    offered, absent, kept_out = list[Field](), dict[str, list[str]](), not_held(page.filter, source)
    for field in fields:
        why = next((kept_out[name] for name in field.names if name in kept_out), field_absence(field, source))
        if why is None or field.write(page.filter):
            offered.append(field)
        else:
            absent.setdefault(page.t(why), []).append(page.t(field.title))
    return offered, absent


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
    t, chips = page.t, page.filter.chips(page.t, page.city)
    for note in page.notes:
        st.warning(escape_markdown(t(note)))
    if page.source is None:
        return
    total = cached_query(page, "total")
    for note in total.notes:
        st.info(escape_markdown(t(note)))
    with st.container(horizontal=True, gap="small", key="filter_chips") if chips else nullcontext():
        for number, (label, rest) in enumerate(chips):
            st.button(
                f"{escape_markdown(label)} ×",
                key=f"chip_{number}",
                help=t("Remove this filter"),
                on_click=write_filter,
                args=(rest,),
            )
        if len(chips) > 1:
            label = t("Reset all")
            st.button(label, key="chips_reset", type="tertiary", on_click=write_filter, args=(AlertFilter(),))
    if total.n == 0:
        found = cached_query(page, "nearest_nonempty")
        with st.container(border=True, key="filter_nothing"):
            st.write(t("No alerts match this filter."))
            if found is not None:
                near, why = found
                st.caption(escape_markdown(t(why)))
                label = t("Show these alerts")
                st.button(label, key="filter_nearest", type="primary", on_click=write_filter, args=(near,))


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
    source = page.source
    sentence = query.sentence(source, page.filter, page.t, cached_query(page, "total")) if source is not None else ""
    return escape_markdown(sentence)


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


def _period_select(bar: _Bar, _field: Field) -> None:
    t, source, dates = bar.t, bar.source, query.dates(bar.source, bar.filter)

    def chosen(value: str) -> dict[str, Any]:
        if value != CUSTOM_DATES:
            return {"period": value}
        return dict(zip(("start", "end"), query.dates(source, bar.current()), strict=True))

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


def _choice_select(bar: _Bar, field: Field) -> None:
    """Pills, or a list of options."""
    ((name, column),) = field.dimensions.items()
    options, chosen = list(field.choices(name, bar.city, ()).values()), list(getattr(bar.filter, name))

    def label(value: Any) -> str:
        return field.value_label(bar.t, bar.city, column, value)

    def values(picked: Any) -> dict[str, Any]:
        return {name: tuple(picked)}

    if field.widget.form == "pills":
        st.pills(
            bar.t(field.title),
            options,
            selection_mode="multi",
            format_func=lambda value: field.short_label(bar.t, value) if field.short_label else label(value),
            **bar.bound(f"filter_{name}", chosen, values),
        )
    else:
        _multiselect(bar, field, (options, chosen, {name: ""}), label, values)


def _category_select(bar: _Bar, field: Field) -> None:
    """Groups and their categories, in the order of the city's tree; then what the tree does not know."""
    t, city = bar.t, bar.city

    def label(value: str) -> str:
        if value.startswith(GROUP):
            return t("{group}: all", group=labels.group_label(t, city, value.removeprefix(GROUP)))
        known = city.categories.get(value)
        name = labels.category_label(t, city, value)
        return f"{labels.group_label(t, city, known.group)} · {name}" if known and known.group else name

    def values(picked: list[str]) -> dict[str, Any]:
        return {
            "groups": tuple(v.removeprefix(GROUP) for v in picked if v.startswith(GROUP)),
            "categories": tuple(v for v in picked if not v.startswith(GROUP)),
        }

    known = city.categories.values()
    options = [
        *(one for group in city.groups for one in (GROUP + group, *(c.id for c in known if c.group == group))),
        *(category.id for category in known if category.group not in city.groups),
        *bar.source.other_categories,
    ]
    chosen = [*(GROUP + group for group in bar.filter.groups), *bar.filter.categories]
    _multiselect(bar, field, (options, chosen, {"categories": "", "groups": GROUP}), label, values)


def _multiselect(
    bar: _Bar,
    field: Field,
    given: tuple[list[Any], list[Any], Mapping[str, str]],
    label: Callable[[Any], str],
    values: Values,
) -> None:
    """A list of options, each with the number of alerts that it leaves.

    `given`: options, those that are chosen, and the attributes that are counted with the prefixes of their options.
    """
    options, chosen, counted = given
    counts: dict[Any, str] = {}  # how many alerts each option would leave under the rest of the filter
    for name, prefix in counted.items():
        answer = bar.answers[name].shown
        columns = (answer.frame[column].tolist() for column in (answer.by[0], "n", "fewer_than"))
        for value, n, limit in zip(*columns, strict=True):
            option = f"{prefix}{value}" if isinstance(value, str) else value
            counts[option] = f"<{bar.t.number(limit)}" if n != n else bar.t.number(n)
    st.multiselect(
        bar.t(field.title),
        [*options, *(one for one in chosen if one not in options)],
        format_func=lambda one: f"{label(one)} ({counts[one]})" if one in counts else label(one),
        placeholder=bar.t(field.widget.everything),
        select_all=False,
        **bar.bound(f"filter_{field.names[0]}", chosen, values),
    )


def _light_select(bar: _Bar, _field: Field) -> None:
    t, choices = bar.t, {"all": None, "day": False, "dark": True}
    st.selectbox(
        t("Light"),
        list(choices),
        format_func=lambda value: t("Day and night") if value == "all" else labels.light_label(t, value == "dark"),
        **bar.bound(
            "filter_light",
            next(word for word, dark in choices.items() if dark is bar.filter.dark),
            lambda value: {"dark": choices[value]},
        ),
    )


def _hour_range(bar: _Bar, _field: Field) -> None:
    chosen = bar.filter.hours
    first, last = (chosen[0], (chosen[1] + 1) % 24) if chosen else (0, 0)

    def values(_: Any) -> dict[str, Any]:
        begin, finish = st.session_state["filter_hour_from"], st.session_state["filter_hour_to"]
        return {"hours": None if begin == finish else (begin, (finish - 1) % 24)}

    ends = ((bar.t("From"), "filter_hour_from", first), (bar.t("Until"), "filter_hour_to", last))
    for column, (label, key, value) in zip(st.columns(2), ends, strict=True):
        column.selectbox(label, list(range(24)), format_func=labels.hour_label, **bar.bound(key, value, values))


# By the first attribute of a field; others are plain choices.
_WIDGETS: Final[dict[str, Callable[[_Bar, Any], None]]] = {
    "period": _period_select,
    "dark": _light_select,
    "hours": _hour_range,
    "categories": _category_select,
}


# Letters that the box of a choice holds on a phone; a text field does not wrap.
HELD_ON_PHONE: Final = 34


def draw_footer(
    page: Page,
    *,
    sentence: str = "",
    total: Total | None = None,
    excluded: int | None = None,
    period: str = "",
    drawn: int | None = None,
    undrawn: int = 0,
    choices: Sequence[Choice] = (),
) -> None:
    """Draw the sentence in body type, the counts below it, and the settings in an expander.

    `excluded`: alerts on the city's land that no map holds for sharing their coordinates with many others, those of
    `total` unless given; `period`: over which the total counts, where it is not that of the filter; `drawn` and
    `undrawn`: how many stand on a map of single points, and how many sensitive ones never do.
    """
    t = page.t
    if sentence:
        st.write(escape_markdown(sentence))
    if total is not None:
        excluded = total.at_default if excluded is None else excluded
        source = page.source
        counts = mapped_sentence(t, total, excluded, drawn, undrawn, taken=source is not None and places_taken(source))
        told = t("{period}: {counts}", period=period, counts=counts) if period else counts
        if source is not None and source.exact is not None:
            told += "  \n" + " ".join(
                [
                    copy_errors(source).sentence(t, kind_of(page.filter, source.city)),
                    *map(t, copy_notes(source, page.filter, total)),
                ]
            )
        st.caption(told)
    if choices:
        with st.expander(t("How this was calculated")):
            for choice in choices:
                st.caption(escape_markdown(t(choice.explanation)))


def draw_few_mapped_note(page: Page, total: Total, excluded: int) -> None:
    """Say beside a map that it holds less than half of the alerts, where that is known and it holds any."""
    shown = total.mapped - excluded
    if 0 < 2 * shown < total.n:
        t = page.t
        said = t(
            "Only {shown} of {n} alerts are on the map, and what is said about places holds for them alone.",
            shown=t(fewer_than(total.threshold)) if total.shown(shown) is None else shown,
            n=total.n,
        )
        check = t("Check the outline of the city and the coordinates on the Data page.")
        st.warning(f"{said} {check}" if page.role >= Role.ANALYST else said)


def missing(page: Page, message: Message) -> str:
    """What a city's profile lacks, and how to add it; to readers who cannot, that the analyst can."""
    return page.t(message if page.role >= Role.ANALYST else LEFT_TO_THE_ANALYST.get(message.text, message))


def mapped_sentence(
    t: Translator,
    total: Total,
    excluded: int = 0,
    drawn: int | None = None,
    undrawn: int = 0,
    *,
    taken: bool = False,
) -> str:
    """How many alerts there are and how many of them are on the map; see `footer`. `taken`: the protected copy took
    the place of some of those without one (`places_taken`).
    """
    if total.withheld:
        return t("Fewer than {k} alerts: too few to show how many.", k=total.threshold)

    def said(n: int) -> int | str:
        return t(fewer_than(total.threshold)) if total.shown(n) is None else n

    without = N_("{n} without a place in the copy") if taken else N_("{n} without a position")
    parts = (
        (True, t.n("n = {n} alert", "n = {n} alerts", total.n)),
        (drawn is not None, t("{n} drawn as points", n=drawn or 0)),
        (drawn is None, t("{n} on the map", n=said(total.mapped - excluded))),
        (excluded, t("{n} kept off maps (coordinates shared by many)", n=said(excluded))),
        (undrawn, t("{n} not drawn (sensitive categories)", n=undrawn)),
        (total.unmapped, t(without, n=said(total.unmapped or 0))),
        (total.outside, t("{n} outside the city", n=said(total.outside or 0))),
    )
    return t("{parts}.", parts=", ".join(words for told, words in parts if told))


def draw_whole_choice(page: Page, label: str) -> None:
    """Below a select box on a phone: the whole label of what is chosen, where the box is too narrow for it."""
    if page.narrow and len(label) > HELD_ON_PHONE:
        st.caption(escape_markdown(label))


def draw_way_to_all_dates(page: Page, to: str = "hotspots") -> None:
    """A link to the page `to` over all dates, in the same layer, where a period is asked for and others have more."""
    everything = page.filter.replace(period="all", start=None, end=None)
    if everything == page.filter or page.source is None:
        return
    total, here = cached_query(page, "total", filter=everything), cached_query(page, "total")
    if total.mapped != 0 and total.n != here.n:
        page_link(page, to, page.t("Look at all dates: {n} alerts", n=total.said), filter=everything)
