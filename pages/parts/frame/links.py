"""Links that carry the view: language, audience, home and filter go along to the next page.

And the switch between several cities of one house. A link to another city loads the page anew, so that nothing that a
session holds (what was typed, picked or uploaded) ever comes from one city into another.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Role, Translator
from curim_data.model.city import ProfileError
from curim_data.model.i18n import DEFAULT_LANGUAGE, LANGUAGE_NAMES
from curim_data.protection import open_for
from curim_data.store import has_alerts
from curim_data.store.home import HouseCity
from pages.parts.frame.page import Page, view_query
from pages.parts.frame.reader import CITY, Reader, open_cities

FOLDER = Path(__file__).resolve().parents[2]
LANDING = "briefing"
# The words of each page's view that are no filter; a link to what the reader sees holds these and no others.
VIEW_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "briefing": ("since",),
    "trends": ("by", "weight", "columns", "finding", "within", "since"),
    "hotspots": ("layer", "cell", "base", "weight", "method", "spot", "tab", "metric", "against", "at"),
    "interventions": ("plan", "draft"),
    "evaluation": ("plan",),
    "cities": ("with", "months"),
}
# Words by which Streamlit shows a page alone, in the light theme.
PRINT_WORDS: Final = {"embed": "true", "embed_options": "light_theme"}
# Words that a part of a page may write while the rest of the page stays as it is.
LINK_WORDS: Final = ("spot",)


def language() -> str:
    """The reader's language: the word `lang` of the link, else Greek."""
    asked = st.query_params.get("lang", DEFAULT_LANGUAGE)
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


def draw_languages(t: Translator) -> None:
    """Links that reload the page, so that its declared language follows."""
    words = {word: value for word, value in st.query_params.items() if word != "lang"}
    links = {
        name: (f"?{urlencode({**words, **view_query(lang, '', '')})}", f' lang="{lang}" hreflang="{lang}"')
        for lang, name in LANGUAGE_NAMES.items()
    }
    _draw_links(t("Language"), links, LANGUAGE_NAMES[t.lang])


def page_link(page: Page, name: str, label: str, *, filter: AlertFilter | None = None, **words: str) -> None:
    """A link to another page that carries the view; `filter` replaces the reader's, `words` add to the query."""
    query = {**page.query_with(filter or page.filter), **words}
    st.page_link(FOLDER / f"{name}.py", label=label, query_params=query)


def page_name() -> str:
    """The name of the page that the address names."""
    name = str(st.context.url or "").split("?")[0].rstrip("/").rpartition("/")[2]
    return name if (FOLDER / f"{name}.py").exists() else LANDING


def current_address(page: Page) -> str:
    """The full address of what the reader sees, to send to a colleague: the filter and the view of the open page."""
    view = {word: st.query_params[word] for word in VIEW_WORDS.get(page_name(), ()) if st.query_params.get(word)}
    base, query = str(st.context.url or "").split("?")[0], urlencode({**page.query, **view})
    return f"{base}?{query}" if query else base


def print_address(page: Page) -> str:
    """The address of what the reader sees in light colours and without controls, whatever theme the reader has."""
    address = current_address(page)
    return f"{address}{'&' if '?' in address else '?'}{urlencode(PRINT_WORDS)}"


def go_to_page(page: Page, name: str, **words: str) -> None:
    """Take the reader to another page with the view, filter and words; for buttons that do something first."""
    st.switch_page(FOLDER / f"{name}.py", query_params={**page.query, **words})


def write_link_word(word: str, key: str, usual: Any, tab: str = "") -> None:
    """Write the choice of the widget `key` to the address, and the `tab` that it opens; the usual one is left out."""
    picked = st.session_state[key]
    if tab:
        st.query_params["tab"] = tab
    if picked == usual:
        st.query_params.pop(word, None)
    else:
        st.query_params[word] = str(picked)


def word_in_link(word: str, known: Collection[Any], usual: Any) -> Any:
    """What the link asks for by a word; the usual choice where it asks for nothing that is known."""
    return {str(one): one for one in known}.get(st.query_params.get(word, str(usual)), usual)


def draw_link_choice(
    label: str,
    names: Mapping[Any, str],
    word: str,
    key: str,
    usual: Any,
    *,
    chosen: Any = None,
    tab: str = "",
    buttons: bool = False,
    **look: Any,
) -> Any:
    """Draw a choice that stands in the link as `word`, unless it is the usual one; what is chosen.

    `names`: the choices in order with what they are called; `chosen`: where it is not simply what the link asks for;
    `tab`: the one that the link opens with it; `buttons`: side by side in place of a box; `look`: what else the widget
    (`key`) takes.
    """
    chosen = word_in_link(word, names, usual) if chosen is None else chosen
    # Always: the browser sends back the words of an option, and would keep old ones where only the words have changed.
    st.session_state[key] = chosen
    (st.segmented_control if buttons else st.selectbox)(
        label,
        list(names),
        format_func=names.__getitem__,
        key=key,
        on_change=write_link_word,
        args=(word, key, usual, tab),
        **({"required": True} if buttons else {}),
        **look,
    )
    return chosen


ON_SHOW: Final = "city_on_show"  # of this session
QUIET: Final = ' style="color:inherit;text-decoration:none"'
STRONG: Final = ' aria-current="true" style="color:inherit;font-weight:700"'
# What a filter keeps in another city where that knows the same words; all others are about places of one city.
KEPT_FIELDS: Final = frozenset(
    {
        *("categories", "groups", "affected", "reporters", "kinds", "statuses", "severities", "hours", "weekdays"),
        *("dark", "period", "start", "end"),
    }
)


def keep_to_one_city(t: Translator, visitor: Reader) -> None:
    """Stop a run for another city than the one that this session was opened for, with a link that opens it anew."""
    if not visitor.city or st.session_state.setdefault(ON_SHOW, visitor.city) == visitor.city:
        return
    st.header(t("Another city"))
    st.write(t("This page was opened for one city and its address now names another one."))
    query = urlencode({**st.query_params.to_dict(), CITY: visitor.city})
    _draw_links(t("City"), {t("Open the city"): (f"?{query}", "")})
    st.stop()


def city_name(t: Translator, city: HouseCity) -> str:
    """The name of a city from its profile; its word where it has none yet."""
    try:
        profile = city.home.city() if city.home.has_city() else None
    except (OSError, ProfileError):
        profile = None
    return t.label(profile.names) if profile is not None else city.word


def draw_cities(t: Translator) -> None:
    """Links to the cities that the reader may see, each at its beginning."""
    queries = {city_name(t, city): urlencode(view_query(t.lang, "", "", city.word)) for city in open_cities()}
    _draw_links(t("City"), {name: (f"./?{query}", "") for name, query in queries.items()})


def draw_switch(page: Page, least: Role) -> None:
    """Links to the same page of the other cities that the reader may see; nothing where there is no other.

    `least`: the role that the page needs; where the reader's is under it, the link leads to the city's first page.
    """
    found = open_cities()
    if len(found) < 2:
        return
    names = {city: city_name(page.t, city) for city in found}
    links, current = dict[str, tuple[str, str]](), ""
    for city, role in found.items():
        alone = list(names.values()).count(names[city]) == 1
        told = names[city] if alone else f"{names[city]} ({city.word})"
        query = urlencode(switched(page, city))
        links[told] = (f"?{query}" if role >= least else f"./?{query}", "")
        current = told if city.word == page.city_word else current
    _draw_links(page.t("City"), links, current)


def page_beside(page: Page, city: HouseCity, role: Role) -> Page:
    """The page on show as it is in another city, where the reader has this role: the whole city, without a filter."""
    seen_as = min(role, Role.COUNCIL) if page.carried.get("as") == "council" else role
    source = open_for(city.home, seen_as.audience) if has_alerts(city.home) else None
    return replace(
        page,
        city=city.home.city() if city.home.has_city() else page.city,
        filter=AlertFilter(),
        audience=seen_as.audience,
        role=seen_as,
        home=city.home,
        source=source,
        is_sample=False,
        notes=(),
        carried={**page.carried, CITY: city.word},
    )


def switched(page: Page, city: HouseCity) -> dict[str, str]:
    """The query string of the page on show in another city: the view, and what of the filter means something there."""
    carried = {word: text for word, text in page.carried.items() if word not in ("home", CITY)}
    if city.word == page.city_word:
        return dict(page.query)
    return {**carried, CITY: city.word, **_meaningful(page, city)}


def _meaningful(page: Page, city: HouseCity) -> dict[str, str]:
    """What of the filter means something in another city: no places, and no dates that lie outside its data."""
    chosen, usual = page.filter, AlertFilter()
    for field in chosen.active():
        if not KEPT_FIELDS.issuperset(field.names):
            chosen = chosen.replace(**{name: getattr(usual, name) for name in field.names})
    if chosen == usual or not city.home.has_city():
        return {}
    try:
        chosen = AlertFilter.from_query(chosen.to_query(), city.home.city())[0]
        dated = chosen.start is not None or chosen.end is not None
        source = open_source(city.home) if dated and has_alerts(city.home) else None
    except (OSError, ProfileError):
        return {}
    inside = source is not None and (
        (chosen.start or source.first) <= source.as_of and (chosen.end or source.as_of) >= source.first
    )
    if dated and not inside:
        chosen = chosen.replace(period=usual.period, start=None, end=None)
    return chosen.to_query()


def _draw_links(label: str, links: Mapping[str, tuple[str, str]], current: str = "") -> None:
    """Links that load the page anew. `links`: by name the address, and further attributes of the element."""
    made = [
        f'<a href="{html.escape(address)}" target="_self"{more}{STRONG if name == current else QUIET}>'
        f"{html.escape(name)}</a>"
        for name, (address, more) in links.items()
    ]
    style = "display:flex;flex-wrap:wrap;gap:.3em .9em;font-size:.9rem"
    st.html(f'<nav aria-label="{html.escape(label)}" style="{style}">{"".join(made)}</nav>')
