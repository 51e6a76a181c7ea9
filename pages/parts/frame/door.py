"""What stands where a reader is not let in: why, in their language, and what to do about it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from curim_data.model import Translator
from pages.parts.frame.house import draw_cities
from pages.parts.frame.links import draw_languages
from pages.parts.frame.markdown import escape_markdown
from pages.parts.frame.reader import Reader, Refusal, limits, sign_in_configured, sign_out

# Refusals after which signing in again helps; after the others another account does.
AGAIN = (Refusal.SIGNED_OUT, Refusal.IDLE, Refusal.EXPIRED)


def show(t: Translator, visitor: Reader | None) -> None:
    """The way in for somebody who has not signed in (None), whose session has ended, or who has no role."""
    if visitor is None:
        st.header(t("Sign in"))
        st.write(t("This dashboard shows citizens' safety alerts. Sign in with your account to see it."))
        _sign_in_buttons(t)
    elif visitor.refusal in AGAIN:
        st.header(t("Sign in"))
        st.write(_why_ended(t, visitor.refusal))
        _sign_in_buttons(t)
    else:
        st.header(t("No access"))
        st.write(escape_markdown(_why_refused(t, visitor)))
        if visitor.refusal is Refusal.NO_CITY:
            draw_cities(t)
        if visitor.refusal is not Refusal.UNCHECKED and sign_in_configured():
            st.button(t("Sign in with another account"), key="another_account", type="primary", on_click=sign_out)
    draw_languages(t)


def _sign_in_buttons(t: Translator) -> None:
    providers = [name for name, entry in st.secrets["auth"].items() if "client_id" in getattr(entry, "keys", list)()]
    for provider in providers or [None]:
        label = t("Sign in with {provider}", provider=provider) if provider else t("Sign in")
        st.button(label, key=f"sign_in_{provider}", type="primary", on_click=partial(st.login, provider))


def _why_ended(t: Translator, refusal: Refusal | None) -> str:
    lasting = limits()
    if refusal is Refusal.IDLE:
        return t.n(
            "You were signed out because nothing was done for {n} minute. Sign in again to go on where you were.",
            "You were signed out because nothing was done for {n} minutes. Sign in again to go on where you were.",
            max(1, round(lasting.idle / 60)),
        )
    if refusal is Refusal.EXPIRED:
        return t.n(
            "You were signed out because a session lasts {n} hour at most. Sign in again to go on where you were.",
            "You were signed out because a session lasts {n} hours at most. Sign in again to go on where you were.",
            max(1, round(lasting.absolute / 3600)),
        )
    return t("This session has ended, because its reader signed out. Sign in to go on.")


def _why_refused(t: Translator, visitor: Reader) -> str:
    if visitor.refusal is Refusal.UNCHECKED:
        return t("Your sign-in could not be checked at the moment. Reload the page in a minute.")
    if visitor.refusal is Refusal.NO_CITY:
        return t("No city that you may see has the name in this link. Choose one of yours.")
    if visitor.refusal is Refusal.UNVERIFIED and visitor.name:
        return t(
            "Your account does not confirm that the address {address} is yours. Confirm it with your account's "
            "provider and sign in again, or sign in with another account.",
            address=visitor.name,
        )
    if visitor.refusal is Refusal.UNVERIFIED:
        return t("Your account tells no e-mail address, without which you cannot be given a role here.")
    return t(
        "The address {address} has no role here yet. Ask the person who runs the dashboard to add it, or sign in with "
        "another account.",
        address=visitor.name,
    )
