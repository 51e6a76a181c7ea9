"""Links that carry the view: language, audience, home and filter go along to the next page."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Translator
from curim_data.model.i18n import DEFAULT_LANGUAGE, LANGUAGE_NAMES
from pages.parts.frame.page import Page, view_query

FOLDER = Path(__file__).resolve().parents[2]
LANDING = "briefing"
QUIET_LINK: Final = ' style="color:inherit;text-decoration:none"'
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
    words = {word: st.query_params[word] for word in st.query_params if word != "lang"}
    links = []
    for lang in LANGUAGES:
        query = urlencode({**words, **view_query(lang, "", "")})
        name = html.escape(LANGUAGE_NAMES[lang])
        mark = ' aria-current="true" style="color:inherit;font-weight:700"' if lang == t.lang else QUIET_LINK
        links.append(f'<a href="?{html.escape(query)}" target="_self" lang="{lang}" hreflang="{lang}"{mark}>{name}</a>')
    label = html.escape(t("Language"))
    st.html(f'<nav aria-label="{label}" style="display:flex;gap:.9em;font-size:.9rem">{"".join(links)}</nav>')


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
    base = str(st.context.url or "").split("?")[0]
    view = VIEW_WORDS.get(page_name(), ())
    view_words = {word: st.query_params[word] for word in view if st.query_params.get(word)}
    query = urlencode({**page.query, **view_words})
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
