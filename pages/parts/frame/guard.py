"""The access checks: of every page, of its parts that are drawn alone, of its buttons and downloads.

A page file that is run alone is guarded as well: each page checks for itself. Who is not let in reads why, in their
language, and what to do about it.

A part that is drawn alone may write only its own words of the address. Where anything else in the address has changed
(a button in it sets a filter), the whole page follows. A file is made when its button is clicked, for a reader who may
still have it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial, wraps
from typing import Any, Final

import pandas as pd
import streamlit as st

import sample_data
from curim_data.filters import AlertFilter
from curim_data.model import N_, Role, Translator, translator
from curim_data.model.city import load_city
from curim_data.plans.record import Deed, Refusal
from curim_data.privacy import askable
from curim_data.profile.versions import finish_interrupted_change
from curim_data.protection import open_for
from curim_data.sample import sample_home
from curim_data.store import has_alerts
from pages.parts.frame import links, reader, record
from pages.parts.frame.links import LANDING, draw_cities, draw_languages, language, page_link, page_name
from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.page import Page, view_query
from pages.parts.frame.page import room as page_room
from pages.parts.frame.reader import Reader, keeps_role, limits, sign_in_configured, sign_out
from pages.parts.frame.record import handing_out

# A page makes many small frames, whose texts and column names are quicker as Python's own than as arrays of Arrow.
pd.set_option("mode.string_storage", "python")

# Refusals after which signing in again helps; after the others another account does.
SIGN_IN_HELPS: Final = (Refusal.SIGNED_OUT, Refusal.IDLE, Refusal.EXPIRED)
REFUSED: Final = {
    Refusal.SIGNED_OUT: N_("This session has ended, because its reader signed out. Sign in to go on."),
    Refusal.UNCHECKED: N_("Your sign-in could not be checked at the moment. Reload the page in a minute."),
    Refusal.NO_CITY: N_("No city that you may see has the name in this link. Choose one of yours."),
    Refusal.UNVERIFIED: N_(
        "Your account does not confirm that the address {address} is yours. Confirm it with your account's "
        "provider and sign in again, or sign in with another account."
    ),
    Refusal.UNKNOWN: N_(
        "The address {address} has no role here yet. Ask the person who runs the dashboard to add it, or sign in with "
        "another account."
    ),
}
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
    links.keep_to_one_city(t, visitor)
    page = _page(t, visitor, visitor.role)
    record.draws(page)
    if page.role < role:
        _refuse(page)
    if data and page.source is None:
        _say_empty(page)
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


def _show_door(t: Translator, visitor: Reader | None) -> None:
    """The way in for somebody who has not signed in (None), whose session has ended, or who has no role."""
    refusal = visitor.refusal if visitor is not None else None
    again = visitor is None or refusal in SIGN_IN_HELPS
    st.header(t("Sign in") if again else t("No access"))
    st.write(_why_not_in(t, refusal, visitor.name if visitor is not None else ""))
    if again:
        providers = [name for name, of in st.secrets["auth"].items() if "client_id" in getattr(of, "keys", list)()]
        for provider in providers or [None]:
            label = t("Sign in with {provider}", provider=provider) if provider else t("Sign in")
            st.button(label, key=f"sign_in_{provider}", type="primary", on_click=partial(st.login, provider))
    if refusal is Refusal.NO_CITY:
        draw_cities(t)
    if not again and refusal is not Refusal.UNCHECKED and sign_in_configured():
        st.button(t("Sign in with another account"), key="another_account", type="primary", on_click=sign_out)
    draw_languages(t)


def _why_not_in(t: Translator, refusal: Refusal | None, name: str) -> str:
    """Why a reader with this address is not let in and what to do about it, as Markdown."""
    match refusal:
        case None:
            return t("This dashboard shows citizens' safety alerts. Sign in with your account to see it.")
        case Refusal.IDLE:
            return t.n(
                "You were signed out because nothing was done for {n} minute. Sign in again to go on where you were.",
                "You were signed out because nothing was done for {n} minutes. Sign in again to go on where you were.",
                max(1, round(limits().idle / 60)),
            )
        case Refusal.EXPIRED:
            return t.n(
                "You were signed out because a session lasts {n} hour at most. Sign in again to go on where you were.",
                "You were signed out because a session lasts {n} hours at most. Sign in again to go on where you were.",
                max(1, round(limits().absolute / 3600)),
            )
        case Refusal.UNVERIFIED if not name:
            return escape_markdown(
                t("Your account tells no e-mail address, without which you cannot be given a role here.")
            )
    return escape_markdown(t(REFUSED[refusal], address=name))


class NotPermitted(PermissionError):
    """The reader has signed out, or has another role than when the button was drawn."""


def draw_download(label: str, data: Callable[[], bytes | str], file_name: str, **look: Any) -> None:
    """A button that makes a file when it is clicked and hands it out; `look`: more of what Streamlit's button takes."""
    st.download_button(label, data=_checked(data, file_name), file_name=file_name, **{"on_click": "ignore", **look})


def _checked(make: Callable[[], bytes | str], file_name: str) -> Callable[[], bytes | str]:
    """What makes a file and records it, asking first: it is called without a run of the page and of its check."""
    kept, noted = keeps_role(), handing_out(file_name)

    def made() -> bytes | str:
        if not kept():
            raise NotPermitted
        file = make()
        noted()
        return file

    return made


def draw_alone(name: str, draw: Callable[[], None], *, words: Collection[str] = ()) -> None:
    """Draw a part of the page, and draw it alone when something in it is picked.

    `name`: a name that no other part has; `words`: the words of the address that the part itself writes.
    """

    def address() -> dict[str, str]:
        return {word: value for word, value in st.query_params.items() if word not in words}

    def draw_part() -> None:
        if address() != before:
            st.rerun()
        draw()

    before = address()

    st.fragment(admitting(draw_part, name=name), key=name)()


def admitting(draw: Callable[..., None], *, using: bool = True, name: str = "") -> Callable[..., None]:
    """What a part draws; when it is drawn alone, only for the reader that the page was drawn for.

    The page's own check does not run then. A session that has ended, or a role that has changed, makes the whole page
    run, which says so. `using`: whether drawing it alone is a use of the session; `name`: what the log of runs
    calls it.
    """
    first = [True]
    before, page, others = reader.reader(using=using), record.drawn(), record.beside()
    of_page = record.drawn_page()

    def draw_checked(*given: Any) -> None:
        if first:
            first.clear()
            draw(*given)
            return
        with record.run(of_page, name or "part"):
            if reader.reader(using=using) != before:
                st.rerun()
            if page is not None:
                record.draws(page, *others)
            draw(*given)

    return draw_checked


def redraw(name: str) -> None:
    """In the callback of a widget of a part: draw this part again, and the links that hold the address."""
    st.rerun([name, *LINK_PARTS])
