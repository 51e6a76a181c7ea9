"""The access checks: of every page, of its parts that are drawn alone, of its buttons and downloads.

A page file that is run alone is guarded as well: each page checks for itself. Who is not let in reads why, in their
language, and what to do about it.

A part that is drawn alone may write only its own words of the address. Where anything else in the address has changed
(a button in it sets a filter), the whole page follows. A file is made when its button is clicked, for a reader who may
still have it.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

import sample_data
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Role, Translator, translator
from curim_data.model.city import ProfileError, load_city
from curim_data.model.i18n import DEFAULT_LANGUAGE, LANGUAGE_NAMES
from curim_data.plans.record import Deed, Refusal
from curim_data.privacy import askable
from curim_data.profile.versions import finish_interrupted_change
from curim_data.protection import open_for
from curim_data.sample import sample_home
from curim_data.store import has_alerts
from curim_data.store.home import HouseCity
from pages.parts.frame import door, reader, record
from pages.parts.frame.look import escape_markdown
from pages.parts.frame.page import Page, view_query
from pages.parts.frame.page import room as page_room
from pages.parts.frame.reader import CITY, Reader, keeps_role, open_cities
from pages.parts.frame.record import handing_out
from pages.parts.frame.turns import run_turn

# A page makes many small frames, whose texts and column names are quicker as Python's own than as arrays of Arrow.
pd.set_option("mode.string_storage", "python")

# What shows the address, and has to follow when a part changes it.
LINK_PARTS: Final = ("filter_actions", "languages")
HEALED = "city_healed"  # the outcome of an interrupted change of the profile; the shell shows it once


def require(role: Role, *, data: bool = True) -> Page:
    """Let a reader of at least this role in; stop the run for anyone else.

    Parameters
    ----------
    role
        The least role that may see the page.
    data
        Whether the page makes sense only with alerts in the store; if so, an empty store stops the run with a way on.
    """
    t = translator(language())
    visitor = reader.reader()
    if visitor is None or visitor.role is None:
        _show_door(t, visitor)
        st.stop()
    if visitor.city and st.session_state.setdefault(ON_SHOW, visitor.city) != visitor.city:
        keep_to_one_city(t, visitor)
    page = _page(t, visitor, visitor.role)
    record.draws(page)
    if page.role < role:
        st.header(t("No access"))
        st.write(t("Your role does not include this page."))
        record.note(page, Deed.REFUSED, page_name())
        page_link(page, LANDING, t("Briefing"))
        st.stop()
    if data and page.source is None:
        st.header(t("No alerts yet"))
        with st.container(horizontal=True):
            page_link(page, "data", t("Import an export"))
            page_link(page, "briefing", t("Show the sample city"), home="sample")
        st.stop()
    return page


def _page(t: Translator, visitor: Reader, role: Role) -> Page:
    view = "council" if st.query_params.get("as") == "council" and role > Role.COUNCIL else ""
    seen_as = Role.COUNCIL if view else role
    asked_home = st.query_params.get("home", "")
    # One's own home where it has alerts, else the sample city; looking at one's own does not create it.
    own = reader.own_home(visitor)
    is_sample = asked_home != "own" and (asked_home == "sample" or not has_alerts(own))
    home = sample_home(own) if is_sample else own
    if (healed := finish_interrupted_change(home)) is not None:
        st.session_state[HEALED] = healed
    city = home.city() if home.has_city() else load_city(sample_data.PROFILE)
    source = open_for(home, seen_as.audience) if has_alerts(home) else None
    chosen, notes = AlertFilter.from_query(st.query_params.to_dict(), city, source.other_categories if source else ())
    chosen, left_out = askable(chosen, source) if source is not None else (chosen, ())
    return Page(
        t=t,
        city=city,
        filter=chosen,
        audience=seen_as.audience,
        role=seen_as,
        home=home,
        source=source,
        is_sample=is_sample,
        theme="dark" if st.context.theme.type == "dark" else "light",
        room=page_room(),
        reader=visitor.name,
        notes=(*notes, *left_out),
        # Links name the sample, so that an import meanwhile does not put another city under what a reader is doing.
        carried=view_query(t.lang, view, "sample" if is_sample else "own" if asked_home == "own" else "", visitor.city),
    )


def permitted(role: Role, act: Callable[..., None]) -> Callable[..., None]:
    """What a button does, for a reader who at the click still has at least this role.

    Such a function is called before the page's own check, with what the page knew when the button was drawn: of
    several cities, that city counts.
    """
    city = next((page.city_word for page in record.drawn()), "")

    @wraps(act)
    def checked(*given: Any, **named: Any) -> None:
        now = reader.reader()
        if now is not None and now.role is not None and now.role >= role and now.city == city:
            act(*given, **named)

    return checked


def _show_door(t: Translator, visitor: Reader | None) -> None:
    """Why an open page shows nothing any more, and the way to the door (`door`), which does not open another."""
    refusal = visitor.refusal if visitor is not None else None
    again = refusal is None or refusal in door.SIGN_IN_HELPS
    st.header(t("Sign in") if again else t("No access"))
    told = door.REFUSED[refusal] if refusal is not None else door.WELCOME
    st.write(escape_markdown(t(told, address=visitor.name if visitor is not None else "")))
    if refusal is Refusal.NO_CITY:
        cities = {
            city_name(t, city): f"./?{urlencode(view_query(t.lang, '', '', city.word))}" for city in open_cities()
        }
        draw_links(t("City"), {name: (address, "") for name, address in cities.items()})  # each at its beginning
    elif refusal is not Refusal.UNCHECKED:
        here = f"?{urlencode(st.query_params.to_dict())}"
        name = t("Sign in") if again else t("Sign in with another account")
        draw_links(t("Sign in"), {name: (here, ' style="font-weight:650;text-decoration:underline"')})
    draw_languages(t)


class NotPermitted(PermissionError):
    """The reader has signed out, or has another role than when the button was drawn."""


def draw_download(label: str, data: Callable[[], bytes | str], file_name: str, **look: Any) -> None:
    """A button that makes a file when it is clicked and hands it out; `look`: more of what Streamlit's button takes."""
    st.download_button(label, data=_checked(data, file_name), file_name=file_name, **{"on_click": "ignore", **look})


def _checked(make: Callable[[], bytes | str], file_name: str) -> Callable[[], bytes | str]:
    """What makes a file and records it, asking first: it is called without a run of the page and of its check."""
    kept, noted, key = keeps_role(), handing_out(file_name), reader.own_key()

    def made() -> bytes | str:
        if not kept():
            raise NotPermitted
        file = make()
        noted()
        door.hand_out(key, file, kept)
        return file

    return made


def draw_alone(name: str, draw: Callable[[], None], *, words: Collection[str] = ()) -> None:
    """Draw a part of the page, and draw it alone when something in it is picked.

    `name`: a name that no other part has; `words`: the words of the address that the part itself writes.
    """

    def draw_part() -> None:
        if {word: value for word, value in st.query_params.items() if word not in words} != before:
            st.rerun()
        around, _drawn.part = part_name(), name
        try:
            draw()
        finally:
            _drawn.part = around

    before = {word: value for word, value in st.query_params.items() if word not in words}
    st.fragment(admitting(draw_part, name=name), key=name)()


def admitting(draw: Callable[..., None], *, using: bool = True, name: str = "") -> Callable[..., None]:
    """What a part draws; when it is drawn alone, only for the reader that the page was drawn for.

    The page's own check does not run then. A session that has ended, or a role that has changed, makes the whole page
    run, which says so. `using`: whether drawing it alone is a use of the session; `name`: what the log of runs
    calls it.
    """
    first = [True]
    before, pages = reader.reader(using=using), record.drawn()
    of_page = record.drawn_page() or page_name()

    def draw_checked(*given: Any) -> None:
        if first:
            first.clear()
            draw(*given)
            return
        with record.run(of_page, name or "part"), run_turn(of_page):
            if reader.reader(using=using) != before:
                st.rerun()
            record.draws(*pages)
            draw(*given)

    return draw_checked


def part_name() -> str:
    """The name of the part of the page that this thread draws; empty outside of all of them."""
    return getattr(_drawn, "part", "")


def redraw(name: str) -> None:
    """In the callback of a widget of a part: draw this part again, and the links that hold the address."""
    st.rerun([name, *LINK_PARTS])


FOLDER = Path(__file__).resolve().parents[2]
LANDING = "briefing"
# The words of each page's view that are no filter; a link to what the reader sees holds these and no others.
VIEW_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "briefing": ("since",),
    "finding": ("id", "since"),
    "trends": ("by", "open"),
    "gender": ("open",),
    "hotspots": ("layer", "cell", "base", "spot", "tab", "against", "at", "order"),
    "interventions": ("plan", "draft"),
    "evaluation": ("plan", "fold"),
    "cities": ("with", "months"),
    "methods": ("about", "chapter"),
    "data": ("part", "subject"),
}
# Words by which Streamlit shows a page alone, in the light theme.
PRINT_WORDS: Final = {"embed": "true", "embed_options": "light_theme"}
# Words that a part of a page may write while the rest of the page stays as it is.
LINK_WORDS: Final = ("spot", "tab")
# What links of before asked of the hot spots, by its word, and the page that answers it now.
MOVED: Final = {
    ("against", "gender"): "gender",
    ("against", "reporter"): "gender",
    ("against", "before"): "trends",
    ("against", "year"): "trends",
    ("tab", "forecast"): "trends",
}
_drawn = threading.local()  # `part`: the name of the part that this thread draws, if any


def language() -> str:
    """The reader's language: the word `lang` of the link, else Greek."""
    asked = st.query_params.get("lang", DEFAULT_LANGUAGE)
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


def draw_languages(t: Translator) -> None:
    """Links that reload the page, so that its declared language follows."""
    words = {word: value for word, value in st.query_params.items() if word != "lang"}
    draw_links(
        t("Language"),
        {
            name: (f"?{urlencode({**words, **view_query(lang, '', '')})}", f' lang="{lang}" hreflang="{lang}"')
            for lang, name in LANGUAGE_NAMES.items()
        },
        LANGUAGE_NAMES[t.lang],
    )


def page_link(page: Page, name: str, label: str, *, filter: AlertFilter | None = None, **words: str) -> None:
    """A link to another page that carries the view; `filter` replaces the reader's, `words` add to the query."""
    query = {**page.query_with(filter or page.filter), **words}
    st.page_link(FOLDER / f"{name}.py", label=label, query_params=query)


def draw_way_on(page: Page, titles: Mapping[str, str]) -> None:
    """Where a link of before asks for something that another page answers now: say so, and lead there."""
    there = next((name for (word, value), name in MOVED.items() if st.query_params.get(word) == value), None)
    if there is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="moved"):
            st.caption(page.t("This page no longer shows what the link asked for. It is here now:"), width="content")
            page_link(page, there, titles[there])


def help_link(page: Page, about: str) -> None:
    """A link below a figure to the paragraph of Help that says how it is calculated; `about`: its anchor there."""
    page_link(page, "methods", page.t("How this was calculated"), about=about)


def page_name() -> str:
    """The name of the page that the address names."""
    name = str(st.context.url or "").split("?")[0].rstrip("/").rpartition("/")[2]
    return name if (FOLDER / f"{name}.py").exists() else LANDING


def current_address(page: Page, *, printed: bool = False) -> str:
    """The full address of what the reader sees, to send to a colleague: the filter and the view of the open page.

    `printed`: in light colours and without controls, whatever theme the reader has.
    """
    view = {word: st.query_params[word] for word in VIEW_WORDS.get(page_name(), ()) if st.query_params.get(word)}
    query = urlencode({**page.query, **view, **(PRINT_WORDS if printed else {})})
    return "?".join(filter(None, (str(st.context.url or "").split("?")[0], query)))


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
    st.header(t("Another city"))
    query = urlencode({**st.query_params.to_dict(), CITY: visitor.city})
    draw_links(t("City"), {t("Open the city"): (f"?{query}", "")})
    st.stop()


def city_name(t: Translator, city: HouseCity) -> str:
    """The name of a city from its profile; its word where it has none yet."""
    try:
        profile = city.home.city() if city.home.has_city() else None
    except (OSError, ProfileError):
        profile = None
    return t.label(profile.names) if profile is not None else city.word


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
    draw_links(page.t("City"), links, current)


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
    here = city.word == page.city_word
    return dict(page.query) if here else {**carried, CITY: city.word, **_meaningful(page, city)}


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


def draw_links(label: str, links: Mapping[str, tuple[str, str]], current: str = "") -> None:
    """Links that load the page anew. `links`: by name the address, and further attributes of the element."""
    made = [
        f'<a href="{html.escape(address)}" target="_self"{more}{STRONG if name == current else QUIET}>'
        f"{html.escape(name)}</a>"
        for name, (address, more) in links.items()
    ]
    style = "display:flex;flex-wrap:wrap;gap:.3em .9em;font-size:.9rem"
    st.html(f'<nav aria-label="{html.escape(label)}" style="{style}">{"".join(made)}</nav>')
