"""The frame round every page: title, navigation, filter, language. Runs once before the page in each run."""

import html
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from curim_data.model import Role, Translator
from curim_data.model.labels import provisional_note
from pages.parts.charts import tables
from pages.parts.frame import Page, escape_markdown, filter_bar, page_link, palette, record, require
from pages.parts.frame.door import SESSIONS
from pages.parts.frame.guard import (
    FOLDER,
    HEALED,
    LINK_WORDS,
    draw_alone,
    draw_languages,
    draw_links,
    draw_switch,
    draw_way_on,
)
from pages.parts.frame.page import HIDDEN, measure_column
from pages.parts.frame.reader import open_cities, sign_in_configured, sign_out
from pages.parts.frame.turns import run_turn
from pages.parts.frame.web import ICON
from pages.parts.maps.basemap import attribution_style

TURNED_OVER = "filter: invert(1) hue-rotate(180deg)"
# What means something by its colour, maps with their legends and the fields of charts, is turned over twice.
BY_COLOUR = "[data-testid='stDeckGlJsonChart'], .legend-row, .js-plotly-plot .heatmaplayer, .js-plotly-plot .cbfills"
DARK_TO_LIGHT = (
    "@media print {html {background: white !important} * {print-color-adjust: exact}"
    f" .stMain {{background: black; {TURNED_OVER}}} {BY_COLOUR} {{{TURNED_OVER}}}"
    f" .legend-row {{background: {palette('dark').background}; padding: .4em}}"
    " .js-plotly-plot .main-svg:first-child {background: black !important}"
    " .js-plotly-plot .bg {fill: black !important}}"
)
# A chart keeps on paper the width that it has on the screen: the page is made so much smaller that none is cut on A4.
# Not where there is a map, which would show a part of itself.
PAPER, SMALLEST = 690, 0.6  # pixels between the margins of A4, and how much smaller letters may become at most
MAPLESS = ".stMain:not(:has([data-testid='stDeckGlJsonChart']))"

# Boxes that choose what a page shows mean nothing on paper, where its sentences say it; those of a plan hold its text.
WITHOUT_CONTROLS = (
    "<style>@media print {:is(.stSelectbox, .stMultiSelect, .stButtonGroup, .stDateInput, .stPopover, .stCheckbox, "
    ".stSlider, .stTabs [role='tablist']), .stExpander:has(> details:not([open])) {display: none !important}}</style>"
)

UNLISTED = "finding"  # opened from a card, not from the list of pages
WITHOUT_FILTER = ("cities", "data", "methods", "interventions", "evaluation")


def draw_styles(page: Page) -> None:
    """The only style that the theme cannot express: the wide layout has margins that a map next to a list needs, and
    links to pages look like text. In print: results without controls, each figure whole. The camera of a chart goes
    without plotly's English hint.
    """
    smaller = max(SMALLEST, min(1.0, PAPER / page.room.column))
    on_paper = (
        f"@media print {{{MAPLESS} {{zoom: {smaller:.2f}}} {MAPLESS} .{tables.FOR_PRINT} table {{font-size: .92rem}} "
        f"{MAPLESS} .{tables.FOR_PRINT} table.wide {{font-size: .78rem}}}}"
    )
    st.html(
        "<style>@media (min-width: 769px) {.stMainBlockContainer {padding: 2.5rem 2.5rem 4rem}}"
        "@media print {[data-testid='stSidebar'], [data-testid='stHeader'], [data-testid='stToolbar'], "
        "[data-testid='stElementToolbar'], .stButton, .stDownloadButton, .stPageLink, .stTextInput, .stToggle, "
        ".st-key-sample_banner a {display: none !important} .stMainBlockContainer {padding: 0 !important} "
        ".stElementContainer {break-inside: avoid} .stMain, .stApp, [data-testid='stAppViewContainer'] "
        "{position: static !important; overflow: visible !important; height: auto !important}}"
        f"{tables.PRINT_STYLE}{on_paper}"
        "@media screen {.stElementContainer:has(.print-audience) {display: none !important}}"
        # A dark page is printed light, also by a browser's menu: colours turned over and their hues back.
        f"{DARK_TO_LIGHT if page.theme == 'dark' else ''}"
        ".deck-tooltip {max-width: min(260px, 60vw)}"
        f"{HIDDEN} "
        ".modebar-btn::before, .modebar-btn::after {display: none !important}"
        f"{attribution_style(page.city, palette(page.theme))} "
        # A link that is longer than a phone is wide goes on in the next line.
        ".stMain [data-testid='stPageLink-NavLink'], .stMain [data-testid='stPageLink-NavLink'] :is(span, div, p) "
        "{white-space: normal; height: auto} "
        f".stMain [data-testid='stPageLink-NavLink'] p {{color: {palette(page.theme).sea_blue}; font-weight: 600}}"
        " .stMain [data-testid='stPageLink-NavLink'][href*='about='] p {font-size: .85rem; font-weight: 400}"
        f" [role][data-selected='true'] p {{color: {palette(page.theme).sea_blue}}}"
        f" .stCheckbox label > span:first-of-type {{border-color: {palette(page.theme).muted}}}"
        f" .stMain [data-testid='stWidgetLabel'] p {{color: {palette(page.theme).text}}}"
        # Anchors of headings: addresses hold the state of a page, and each would be one more stop of the Tab key.
        " [data-testid='stHeaderActionElements'] {display: none}"
        # The day, month and year of a date are large enough to be touched.
        " .stDateInput [role='spinbutton'] {padding: .2rem .3rem}"
        # A text is as wide as its column, and four columns stand on a phone.
        " .stTable td > div {max-width: none !important}"
        " @media screen and (max-width: 640px) {.stTable :is(th, td) {padding: .25rem .15rem}"
        " .stTable :is(th, td, p) {font-size: .8rem}}"
        " [class*='st-key-filter_tree_'] {padding-left: 1.75rem}"
        " :is([class*='st-key-filter_box_groups_'], [class*='measure_']) label p {font-weight: 600}"
        " .st-key-filter_apply {position: sticky; top: 0; z-index: 2; padding: .5rem 0;"
        " background: var(--curim-ground)}"
        " @media screen and (max-width: 640px) {.stMainBlockContainer {padding-bottom: 5.5rem}"
        " .st-key-bottom_bar {position: fixed; inset: auto 0 0 0; z-index: 99; padding: .35rem .75rem;"
        " flex-wrap: nowrap; background: var(--curim-ground); border-top: 1px solid var(--curim-line)}"
        " .st-key-bottom_bar button {min-height: 2.6rem; white-space: nowrap}"
        " .st-key-bottom_bar > div {flex: none; width: auto}}"
        " @media print {.st-key-bottom_bar {display: none !important}}"
        f" :root {{--curim-ground: {palette(page.theme).background}; --curim-line: {palette(page.theme).grid}}}"
        "</style>"
    )


def page_titles(t: Translator) -> dict[str, tuple[str, Role]]:
    """The pages in their order: the title, and the least role that may see it."""
    return {
        "briefing": (t("Briefing"), Role.PUBLIC),
        "hotspots": (t("Hot spots"), Role.PUBLIC),
        "trends": (t("Trends"), Role.PUBLIC),
        "finding": (t("Finding"), Role.PUBLIC),
        "gender": (t("Gender"), Role.PUBLIC),
        "interventions": (t("Interventions"), Role.COUNCIL),
        "evaluation": (t("Evaluation"), Role.COUNCIL),
        **({"cities": (t("Compare cities"), Role.PUBLIC)} if len(open_cities()) > 1 else {}),
        "data": (t("Data"), Role.ANALYST),
        "methods": (t("Help"), Role.PUBLIC),
    }


def sidebar(page: Page, open_page: str, entries: list[st.Page]) -> None:
    # A home without a city has no name yet: the profile that stands in for it is the sample's.
    city = f" · {escape_markdown(t.label(page.city.names))}" if page.home.has_city() else ""
    st.markdown(f"## CURiM{city}")
    if not page.narrow:
        draw_switch(page, titles[open_page][1])
    if not page.narrow:  # on a phone a bar below has the pages and the filter
        with st.container(gap="xsmall", key="navigation"):
            for link in entries:
                st.page_link(link, query_params=page.query, width="stretch")
    if open_page not in WITHOUT_FILTER and page.source is not None:
        if not page.narrow:
            st.divider()
            filter_bar.draw_filter_bar(page)
        draw_alone("filter_actions", lambda: filter_bar.draw_filter_actions(page), words=LINK_WORDS)
    st.divider()
    audience_switch(page)
    draw_alone("languages", lambda: draw_languages(t), words=LINK_WORDS)
    if sign_in_configured():
        st.caption(escape_markdown(page.reader))
        draw_links(t("Your sessions"), {t("Your sessions"): (f".{SESSIONS}?{urlencode({'lang': t.lang})}", "")})
        st.button(t("Sign out"), key="sign_out", on_click=sign_out, type="tertiary")


def bottom_bar(page: Page, entries: list[st.Page], *, filtered: bool) -> None:
    """A phone's filter and the menu of its pages, within reach of the thumb."""
    with st.container(horizontal=True, gap="small", key="bottom_bar"):
        if filtered:
            filter_bar.draw_opener(page, filter_bar.EVERYTHING, t("Filter"), type="tertiary", width="content")
        # Another one on each page, so that it is closed where a page was chosen in it.
        with st.popover(t("Pages"), type="tertiary", width="content", key=f"pages_of_{name}"):
            for link in entries:
                st.page_link(link, query_params=page.query, width="stretch")


def audience_switch(page: Page) -> None:
    """Switch to what the council sees, for readers who may see more."""
    as_council = page.carried.get("as") == "council"
    if page.role <= Role.COUNCIL and not as_council:
        return

    def switch() -> None:
        if st.session_state["as_council"]:
            st.query_params["as"] = "council"
        else:
            st.query_params.pop("as", None)

    if st.session_state.get("as_council") != as_council:
        st.session_state["as_council"] = as_council
    st.toggle(t("As the council sees it"), key="as_council", on_change=switch)


def banner(page: Page, key: str, note: str, label: str, state: Any, change: dict[str, str], **words: str) -> None:
    """A note on every page, and for analysts the way to the Data page; on that page a button that changes a state.

    A link to the page that is open leaves its address as it was, and the next click would take the reader back.
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_banner"):
        st.caption(note, width="stretch" if page.narrow and key == "provisional" else "content")
        if page.role >= Role.ANALYST and name == "data":
            st.button(label, key=f"{key}_banner_here", on_click=state.update, args=(change,))
        elif page.role >= Role.ANALYST:
            page_link(page, "data", label, **words)


with record.run() as run, ExitStack() as turn:
    st.set_page_config(page_title="CURiM", page_icon=str(ICON), layout="wide")
    page = require(Role.PUBLIC, data=False)
    t = page.t
    draw_styles(page)
    titles = page_titles(t)
    pages = {
        name: st.Page(FOLDER / f"{name}.py", title=title, default=name == "briefing")
        for name, (title, _) in titles.items()
    }
    open_to_reader = [entry for name, entry in pages.items() if page.role >= titles[name][1] and name != UNLISTED]
    current = st.navigation(list(pages.values()), position="hidden")
    name = next((name for name, entry in pages.items() if entry.url_path == current.url_path), "briefing")
    run.page = name
    turn.enter_context(run_turn(name))  # who waited for the city's alerts to be opened kept no other from theirs
    with st.sidebar:
        sidebar(page, name, open_to_reader)
    measure_column(page.room, t, dark=page.theme == "dark")
    # On paper alone: whom its numbers are for, which on screen the switch in the side bar says.
    said = html.escape(
        t("As the council sees it")
        if page.protected
        else t("Exact numbers, for analysts and specialists: not for handing out.")
    )
    st.html(f'<p class="print-audience" style="margin:0"><b>{said}</b></p>')
    if page.narrow:  # the side bar is closed on a phone
        draw_switch(page, titles[name][1])
    if page.is_sample:
        note = t("Sample data: made up. Not about real events.")
        banner(page, "sample", note, t("Leave the sample"), st.query_params, {"home": "own"}, home="own")
    elif page.city.provisional:
        note = provisional_note(t, outlined=page.city.outlined)
        label, there = t("Set up the city profile"), {"data_part": t("City profile")}
        banner(page, "provisional", note, label, st.session_state, there, part="city")
    if HEALED in st.session_state:
        st.info(escape_markdown(t(st.session_state.pop(HEALED))))
    with st.container():  # even an empty one, so that what follows keeps its place where a window is made smaller
        if page.narrow and not st.context.is_embedded:
            bottom_bar(page, open_to_reader, filtered=name not in WITHOUT_FILTER and page.source is not None)
    if name not in WITHOUT_FILTER:
        st.html(WITHOUT_CONTROLS)
        filter_bar.draw_active_filters(page)
        filter_bar.draw_filter_drawer(page)
    if name == "hotspots":
        draw_way_on(page, {name: title for name, (title, _) in titles.items()})
    if page.role >= titles[name][1]:  # a page that is refused notes that itself
        record.note_look(page, name)
    current.run()
