"""The filter in the sidebar and its drawer, its chips above the page, and the link that holds it.

The address bar is the one place where the filter lives. In each run the widgets are set from it, and a change of a
widget writes it: so links, the Back button and the widgets agree. What has many choices is chosen in a drawer, where
they are counted and searched; several of them go to the address together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Final

import streamlit as st

from analysis.stats.intervals import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import PERIODS, AlertFilter, Field
from curim_data.lexicon.words import fold
from curim_data.model import LANGUAGES, N_, Message, Role, Translator, UnknownTimeError, labels, translator
from curim_data.model.absence import (
    DIMENSION_UNITS,
    NO_AFFECTED,
    NO_DISTRICTS,
    NO_REPORTERS,
    fewer_than,
)
from curim_data.privacy import DisclosureError, askable, not_held
from curim_data.protection import copy_errors, kind_of
from curim_data.query import Total
from curim_data.studies.periods import copy_notes, places_taken
from pages.parts.frame.guard import LANDING, admitting, current_address, help_link, page_link, page_name
from pages.parts.frame.look import escape_markdown
from pages.parts.frame.page import Page
from pages.parts.frame.results import cached_query

CUSTOM_DATES = "own"
# In the state of the session: which drawer is open (a field's attribute, or one of the two below), and its filter.
OPEN, PENDING = "filter_open", "filter_pending"
MORE, EVERYTHING = "more", "all"
# So many choices stand side by side; more of them, and trees, are a list of boxes with a search, of at most so many.
MOST_PILLS, MOST_BOXES = 12, 250
_NOT_ASKED: Final = {"affected_gender": NO_AFFECTED, "reporter_gender": NO_REPORTERS}

Values = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class _Bar:
    """The widgets of the side bar, which write the address, or of the drawer, which keep what was chosen until it is
    shown. `filter`: what they are set from; `current`: the same at the time of a change.
    """

    page: Page
    filter: AlertFilter
    current: Callable[[], AlertFilter]
    write: Callable[[AlertFilter], None]

    def bound(self, key: str, value: Any, values: Values) -> dict[str, Any]:
        """Arguments of a widget, whose value is set for this run; `values`: the attributes that a value of it sets.

        It is set always, since an interrupted run may have left the browser behind.
        """
        st.session_state[key] = value
        change = lambda: self.write(self.current().replace(**values(st.session_state[key])))  # noqa: E731
        return {"key": key, "on_change": change}


def draw_filter_bar(page: Page) -> None:
    """What is filtered by: boxes of the period and the light, and buttons that open the drawer of the other fields."""
    t, city = page.t, page.city
    source, others = page.alerts, page.alerts.other_categories
    bar = _Bar(
        page, page.filter, lambda: AlertFilter.from_query(st.query_params.to_dict(), city, others)[0], write_filter
    )
    offered, absent = _offered(page, source)
    for field in offered:
        if field.widget.own and not field.widget.more:
            _OWN[field.names[0]](bar, field)
        elif not field.widget.more:
            chosen = ", ".join(label for _, _, label in field.joined(field.picks(page.filter, t, city), t, city))
            draw_opener(page, field.names[0], t.pair(t(field.title), chosen) if chosen else t(field.title))
    if absent.pop(t(NO_DISTRICTS), None):
        st.caption(t(NO_DISTRICTS))
    further = [field for field in offered if field.widget.more]
    if further or absent:
        active = ", ".join(t(field.title) for field in further if field.write(page.filter))
        more = t("More filters")
        draw_opener(page, MORE, t.pair(more, active) if active else more)


def draw_opener(page: Page, name: str, label: str, **look: Any) -> None:
    """A button that opens the drawer of some fields; `look`: what else the button takes."""

    def open_drawer() -> None:
        st.session_state[OPEN], st.session_state[PENDING] = name, page.filter

    look = {"width": "stretch", **look}
    st.button(escape_markdown(label), key=f"filter_open_{name}", on_click=open_drawer, wrap=True, **look)


def draw_filter_drawer(page: Page) -> None:
    """The fields that a button asked for, in a drawer beside the page, until they are shown or left."""
    t, asked, before = page.t, st.session_state.get(OPEN), st.query_params.to_dict()
    if asked is None or page.source is None:
        return

    def draw() -> None:
        if st.session_state.get(OPEN) != asked or st.query_params.to_dict() != before:
            st.rerun()
        (offered, absent), more = _offered(page, page.alerts), asked == MORE
        if asked == EVERYTHING:
            draw_filter_bar(page)
        else:
            _draw_pending(page, [one for one in offered if (one.widget.more if more else one.names[0] == asked)])
        absent.pop(t(NO_DISTRICTS), None)  # told in the side bar
        for why, titles in absent.items() if more else ():
            st.caption(t("No filter by {fields}: {why}", fields=t.join(titles), why=why))

    title = {MORE: t("More filters"), EVERYTHING: t("Filter")}.get(asked) or t(page.filter.field(asked).title)
    drawer = st.dialog(title, width=460, position="left", on_dismiss=partial(st.session_state.pop, OPEN, None))
    drawer(admitting(draw, name="filter"))()


def _draw_pending(page: Page, fields: Sequence[Field]) -> None:
    """Some fields, what the filter would leave with what is chosen so far, and the button that shows it."""
    t, chosen = page.t, st.session_state[PENDING]
    bar = _Bar(page, chosen, lambda: st.session_state[PENDING], partial(st.session_state.__setitem__, PENDING))
    cleared = reduce(AlertFilter.without, (field.names[0] for field in fields), chosen)

    def show() -> None:
        write_filter(bar.current())
        st.session_state.pop(OPEN, None)

    with st.container(horizontal=True, key="filter_apply"):
        left = cached_query(page, "total", filter=askable(chosen, page.alerts)[0]).said
        st.button(t("Show ({n})", n=left), key="filter_show", type="primary", on_click=show)
        look = {"type": "tertiary", "disabled": cleared == chosen}
        st.button(t("Reset"), key="filter_clear", on_click=bar.write, args=(cleared,), **look)
    for field in fields:
        _OWN.get(field.names[0], _draw_choices)(bar, field)


def _offered(page: Page, source: Source) -> tuple[list[Field], dict[str, list[str]]]:
    """The fields of which the data know something, the most used ones first, and the titles of the others by the
    reason. One that a link has set stays, to be taken away.
    """
    offered, absent, kept_out = list[Field](), dict[str, list[str]](), not_held(page.filter, source)
    fields = [field for field in page.filter.fields() if field.widget is not None]
    for field in sorted(fields, key=lambda field: field.widget.order):
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
    return NO_DISTRICTS if "districts" in field.names and not source.city.districts else None


def draw_active_filters(page: Page) -> None:
    """Active filters, each with a button that removes it; notes on what the link asked for in vain."""
    t = page.t
    for note in page.notes:
        st.warning(escape_markdown(t(note)))
    if page.source is None:
        return
    months = query.dates(page.alerts, page.filter) if page.alerts.by_month else None
    chips, total = page.filter.chips(t, page.city, months=months), cached_query(page, "total")
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
            st.button(t("Reset"), key="chips_reset", type="tertiary", on_click=write_filter, args=(AlertFilter(),))
    if total.n == 0:
        found = cached_query(page, "nearest_nonempty")
        lacking = [t(why) for field in page.filter.active() if (why := field_absence(field, page.alerts))]
        with st.container(border=True, key="filter_nothing"):
            why = [*lacking, t("So this filter can find nothing.")] if lacking else [t("No alerts match this filter.")]
            st.write(escape_markdown(" ".join(why)))
            if found is not None:
                near, why = found
                st.caption(escape_markdown(t(why)))
                label = t("Show these alerts")
                st.button(label, key="filter_nearest", type="primary", on_click=write_filter, args=(near,))


def draw_filter_actions(page: Page) -> None:
    """The link that shows a colleague the same, and the page for printing."""
    t = page.t
    with st.container(horizontal=True, gap="small"):
        with st.popover(t("Copy link"), type="tertiary"):  # drawn again when a part of the page changes the address
            st.code(current_address(page), language=None, wrap_lines=True)
        st.link_button(t("Print view"), current_address(page, printed=True), type="tertiary")


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


def _period_select(bar: _Bar, _field: Field) -> None:
    t, source, dates = bar.page.t, bar.page.alerts, query.dates(bar.page.alerts, bar.filter)

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
        format_func=lambda value: (
            t("Custom dates") if value == CUSTOM_DATES else labels.period_label(t, value, by_month=source.by_month)
        ),
        **bar.bound("filter_period", bar.filter.period or CUSTOM_DATES, chosen),
    )
    if page_name() == LANDING and bar.filter.period == AlertFilter().period:
        st.caption(t("On this page only since the day that it names."))
    if not bar.filter.period:
        st.date_input(
            t("Dates"),
            min_value=min(source.first, dates[0]),
            max_value=max(source.as_of, dates[1]),
            format="DD/MM/YYYY",
            **bar.bound("filter_dates", dates, picked),
        )


def _light_select(bar: _Bar, _field: Field) -> None:
    t, choices = bar.page.t, {"all": None, "day": False, "dark": True}
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
    t, chosen = bar.page.t, bar.filter.hours
    first, last = (chosen[0], (chosen[1] + 1) % 24) if chosen else (0, 0)

    def values(_: Any) -> dict[str, Any]:
        begin, finish = st.session_state["filter_hour_from"], st.session_state["filter_hour_to"]
        return {"hours": None if begin == finish else (begin, (finish - 1) % 24)}

    ends = ((t("From"), "filter_hour_from", first), (t("Until"), "filter_hour_to", last))
    for column, (label, key, value) in zip(st.columns(2), ends, strict=True):
        column.selectbox(label, list(range(24)), format_func=labels.hour_label, **bar.bound(key, value, values))


# Fields with boxes of their own, by their first attribute.
_OWN: Final[dict[str, Callable[[_Bar, Any], None]]] = {
    "period": _period_select,
    "dark": _light_select,
    "hours": _hour_range,
}


def _draw_choices(bar: _Bar, field: Field) -> None:
    """The choices of a field, each with the number of alerts that it leaves: few side by side, many in a list."""
    page, t, name = bar.page, bar.page.t, field.names[0]
    counts, tree = _counts(page, field, askable(bar.filter, page.alerts)[0]), _tree(page, field)
    options = [value for _, values in tree for value in values]
    if len(tree) > 1 or len(options) > MOST_PILLS:
        _draw_list(bar, field, tree, counts)
        return
    said = {one: field.value_label(t, page.city, field.dimensions[name], one) for one in options}
    if field.short_label:
        said = {one: field.short_label(t, one) for one in options}
    st.pills(
        t(field.title),
        options,
        selection_mode="multi",
        format_func=lambda value: escape_markdown(said[value]) + counts.get((name, value), ""),
        **bar.bound(f"filter_{name}", list(getattr(bar.filter, name)), lambda picked: {name: tuple(picked)}),
    )


def _counts(page: Page, field: Field, chosen: AlertFilter) -> dict[tuple[str, Any], str]:
    """How many alerts each choice leaves under the rest of the filter, as Markdown, by attribute and value; of what a
    link asked for and cannot be counted nothing.
    """
    counts: dict[tuple[str, Any], str] = {}
    for name in field.names:
        with suppress(DisclosureError, UnknownTimeError):
            answer = cached_query(page, "options", name, filter=chosen).shown
            columns = (answer.frame[column].tolist() for column in (answer.by[0], "n", "fewer_than"))
            for value, n, limit in zip(*columns, strict=True):
                counts[name, value] = f" (<{page.t.number(limit)})" if n != n else f" ({page.t.number(n)})"
    return counts


def _tree(page: Page, field: Field) -> list[tuple[str, list[Any]]]:
    """The choices by the group that they belong to, in the order of the city's tree; last those without a group."""
    city, name = page.city, field.names[0]
    options = list(field.choices(name, city, page.alerts.other_categories).values())
    options += [one for one in getattr(page.filter, name) if one not in options]
    groups = tuple(city.groups) if "groups" in field.names else ()
    of = {one: city.categories[one].group if groups and one in city.categories else "" for one in options}
    tree = [(group, [one for one in options if of[one] == group]) for group in groups]
    return [(group, ones) for group, ones in (*tree, ("", [one for one in options if of[one] not in groups])) if ones]


def _draw_list(bar: _Bar, field: Field, tree: Sequence[tuple[str, list[Any]]], counts: Mapping[Any, str]) -> None:
    """Boxes to tick, groups with what belongs to them, and a search in the words of every language."""
    t, city, name, left = bar.page.t, bar.page.city, field.names[0], MOST_BOXES
    look = {"placeholder": t("Search"), "label_visibility": "collapsed", "live": True}
    sought = st.text_input(t("Search"), key=f"filter_search_{name}", **look) or ""
    readers, words = [t, *map(translator, LANGUAGES)], fold(sought).split("_")
    for group, values in tree:
        heads = [labels.group_label(one, city, group) for one in readers] if group else [""]
        said = {one: [field.value_label(r, city, field.dimensions[name], one) for r in readers] for one in values}
        texts = {one: " ".join((*heads, str(one), *said[one])) for one in values}
        found = [one for one in values if sought_in(words, texts[one])][:left]
        left -= len(found)
        if group and found:
            _draw_box(bar, ("groups", group), t("{group}: all", group=heads[0]), counts, others=values)
        with st.container(gap="xsmall", key=f"filter_tree_{group}") if group and found else nullcontext():
            for one in found:
                _draw_box(bar, (name, one), said[one][0], counts, whole=group in bar.filter.groups)
    if left == MOST_BOXES:
        st.caption(escape_markdown(t("Nothing found for “{words}”.", words=sought)))
    elif left == 0:
        st.caption(t("Search to find more."))


def sought_in(words: Sequence[str], text: str) -> bool:
    """Whether a text has all of some folded words, without regard to case and accents."""
    folded = fold(text)
    return all(word in folded for word in words)


def _draw_box(
    bar: _Bar,
    choice: tuple[str, Any],
    label: str,
    counts: Mapping[Any, str],
    *,
    whole: bool = False,
    others: Sequence[Any] = (),
) -> None:
    """A box of one value. `whole`: its group is chosen; `others`: what belongs to a group, which stands for them."""
    name, value = choice

    def values(now: bool) -> dict[str, Any]:
        current = bar.current()
        freed = {"categories": tuple(set(current.categories).difference(others))} if others else {}
        return {**freed, name: tuple({*getattr(current, name), value} if now else {*getattr(current, name)} - {value})}

    bound = bar.bound(f"filter_box_{name}_{value}", whole or value in getattr(bar.filter, name), values)
    st.checkbox(escape_markdown(label) + counts.get(choice, ""), disabled=whole, **bound)


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
    about: str = "",
) -> None:
    """Draw the sentence in body type, the counts below it, and the settings in an expander.

    `excluded`: alerts on the city's land that no map holds for sharing their coordinates with many others, those of
    `total` unless given; `period`: over which the total counts, where it is not that of the filter; `drawn` and
    `undrawn`: how many stand on a map of single points, and how many sensitive ones never do;
    `about`: the paragraph of Help on the figure, to which a link leads.
    """
    t, explained = page.t, list[str]()
    if sentence:
        st.write(escape_markdown(sentence))
    if total is not None:
        excluded = total.at_default if excluded is None else excluded
        source = page.source
        counts = mapped_sentence(t, total, excluded, drawn, undrawn, taken=source is not None and places_taken(source))
        told = t.pair(period, counts) if period else counts
        if source is not None and source.exact is not None:
            errors = copy_errors(source).sentence(t, kind_of(page.filter, source.city))
            explained = [errors, *map(t, copy_notes(source, page.filter, total))]
        st.caption(told)
    explained += [t(choice.explanation) for choice in choices]
    with st.expander(t("How this was calculated")) if choices else nullcontext():
        for sentence in explained:
            st.caption(escape_markdown(sentence))
        if about:
            help_link(page, about)


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


def mapped_sentence(
    t: Translator,
    total: Total,
    excluded: int = 0,
    drawn: int | None = None,
    undrawn: int = 0,
    *,
    taken: bool = False,
) -> str:
    """How many alerts there are and how many of them are on the map; see `draw_footer`. `taken`: the protected copy
    took the place of some of those without one (`places_taken`).
    """
    if total.withheld:
        return t("Fewer than {k} alerts: too few to show how many.", k=total.threshold)

    def said(n: int) -> int | str:
        return t(fewer_than(total.threshold)) if total.shown(n) is None else n

    without = N_("{n} without a position that may be shown") if taken else N_("{n} without a position")
    parts = (
        (True, t.n("n = {n} alert", "n = {n} alerts", total.n)),
        (drawn is not None, t("{n} drawn as points", n=drawn or 0)),
        (drawn is None, t("{n} on the map", n=said(total.mapped - excluded))),
        (excluded, t("{n} kept off maps (coordinates shared by many)", n=said(excluded))),
        (undrawn, t("{n} not drawn (sensitive categories)", n=undrawn)),
        (total.unmapped, t(without, n=said(total.unmapped or 0))),
        (total.outside, t("{n} outside the city", n=said(total.outside or 0))),
    )
    return ", ".join(words for told, words in parts if told) + "."


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
