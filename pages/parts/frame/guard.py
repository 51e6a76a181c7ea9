"""The access check of every page. A page file that is run alone is guarded as well: each page checks for itself.

What the shell read for a run (the store's state, the city, the filter) it hands on to the page behind it in the same
thread; a page that finds nothing there, or what was read for another reader or another link, reads it itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import pandas as pd
import streamlit as st

import sample_data
from curim_data.filters import AlertFilter
from curim_data.model import Role, Translator, translator
from curim_data.model.city import load_city
from curim_data.plans.record import Deed
from curim_data.privacy import askable
from curim_data.profile.versions import finish_interrupted_change
from curim_data.protection import open_for
from curim_data.sample.home import sample_home
from curim_data.store import Home, has_alerts
from pages.parts.frame import door, house, reader, record, window
from pages.parts.frame.links import LANDING, language, page_link, page_name
from pages.parts.frame.page import Page, view_query

# A page makes many small frames, whose texts and column names are quicker as Python's own than as arrays of Arrow.
pd.set_option("mode.string_storage", "python")

# What the shell read, and for which reader and link; taken by the next check in the same thread, whatever it is for.
_handed = threading.local()
HEALED = "city_healed"  # the outcome of an interrupted change of the profile; the shell shows it once


def require(role: Role, *, data: bool = True, hand_on: bool = False) -> Page:
    """Let a reader of at least this role in; stop the run for anyone else.

    Parameters
    ----------
    role
        The least role that may see the page.
    data
        Whether the page makes sense only with alerts in the store; if so, an empty store stops the run with a way on.
    hand_on
        For the shell: leave what was read to the page that runs next.
    """
    handed, _handed.page = getattr(_handed, "page", None), None
    t = translator(language())
    visitor = reader.reader()
    if visitor is None or visitor.role is None:
        door.show(t, visitor)
        st.stop()
    house.keep_to_one_city(t, visitor)
    asked = (visitor, tuple(sorted(st.query_params.to_dict().items())))
    known = handed is not None and handed[0] == asked and not hand_on
    page = handed[1] if known else _page(t, visitor, visitor.role)
    if hand_on:
        _handed.page = asked, page
    record.draws(page)
    if page.role < role:
        _refuse(page)
    if data and page.source is None:
        _say_empty(page)
    return page


def _page(t: Translator, visitor: reader.Reader, role: Role) -> Page:
    view = "council" if st.query_params.get("as") == "council" and role > Role.COUNCIL else ""
    seen_as = Role.COUNCIL if view else role
    asked_home = st.query_params.get("home", "")
    home, is_sample = _chosen_home(reader.own_home(visitor), asked_home)
    if (healed := finish_interrupted_change(home)) is not None:
        st.session_state[HEALED] = healed
    city = home.city() if home.has_city() else load_city(sample_data.PROFILE)
    source = open_for(home, seen_as.audience) if has_alerts(home) else None
    words = {word: st.query_params[word] for word in st.query_params}
    chosen, notes = AlertFilter.from_query(words, city, source.other_categories if source else ())
    chosen, left_out = askable(chosen, seen_as.audience, city)
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
        room=window.room(),
        reader=visitor.name,
        notes=(*notes, *left_out),
        # Links name the sample, so that an import meanwhile does not put another city under what a reader is doing.
        carried=view_query(t.lang, view, "sample" if is_sample else "own" if asked_home == "own" else "", visitor.city),
    )


def _chosen_home(own: Home, asked: str) -> tuple[Home, bool]:
    """The home on show: one's own where it has alerts, the sample city otherwise or when the link asks for it.

    Looking at one's own home does not create it: the first import does.
    """
    is_own = asked == "own" or (asked != "sample" and has_alerts(own))
    return (own, False) if is_own else (sample_home(own), True)


def permitted(role: Role, act: Callable[..., None]) -> Callable[..., None]:
    """What a button does, for a reader who at the click still has at least this role.

    Such a function is called before the page's own check, with what the page knew when the button was drawn: of
    several cities, that city counts.
    """
    page = record.drawn()
    city = page.city_word if page is not None else ""

    @wraps(act)
    def checked(*given: Any, **named: Any) -> None:
        now = reader.reader()
        if now is not None and now.role is not None and now.role >= role and now.city == city:
            act(*given, **named)

    return checked


def _refuse(page: Page) -> None:
    t = page.t
    st.header(t("No access"))
    st.write(t("Your role does not include this page."))
    record.note(page, Deed.REFUSED, page_name())
    page_link(page, LANDING, t("Open the Briefing"))
    st.stop()


def _say_empty(page: Page) -> None:
    t = page.t
    st.header(t("No alerts yet"))
    st.write(t("Import an export on the Data page, or look at the sample city in the meantime."))
    with st.container(horizontal=True):
        page_link(page, "data", t("Import an export"))
        page_link(page, "briefing", t("Show the sample city"), home="sample")
    st.stop()
