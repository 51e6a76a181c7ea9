"""The reader: the person signed in, or, where no sign-in is configured, the analyst at this computer.

Everything is asked anew at every run: whether the session goes on, and which role the person has now.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError
from streamlit.errors import StreamlitSecretNotFoundError

from curim_data.model import Role
from curim_data.model.access import read_roles
from curim_data.plans.database import Database
from curim_data.plans.record import Deed
from curim_data.plans.sign_ins import SessionLimits, SessionState, SignIns, session_key
from curim_data.store import Home
from curim_data.store.settings import SettingsError, SignInSettings, read_sign_in_settings
from pages.parts.frame.record import note_roles, note_session

LOG: Final = logging.getLogger("curim")
ROLES_FILE: Final = "roles.toml"
_run = threading.local()  # `reader`: who was let in last in this thread, which is this run's
PATIENCE: Final = 5.0  # seconds that a check waits for the database


class Refusal(StrEnum):
    """Why a reader who signed in is not let in."""

    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    EXPIRED = "expired"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Reader:
    """A reader and their role; no role means that nothing is shown, and why."""

    name: str
    role: Role | None
    refusal: Refusal | None = None


def sign_in_configured() -> bool:
    """Whether the secrets name an identity provider."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def reader(*, using: bool = True) -> Reader | None:
    """The reader of this run; None where sign-in is configured and nobody has signed in.

    `using`: whether the run is a use of the session, which what a page does by itself is not.
    """
    if not sign_in_configured():
        return Reader("", Role.ANALYST)
    _run.reader = _admitted(dict(st.user), using=using) if st.user.is_logged_in else None
    return _run.reader


def keeps_role() -> Callable[[], bool]:
    """A question that can be asked later and elsewhere: has the reader of this run still at least the same role?

    For what is done outside a run: a file that is made when its button is clicked.
    """
    if not sign_in_configured():
        return lambda: True
    claims, before = dict(st.user), getattr(_run, "reader", None)

    def kept() -> bool:
        now = _admitted(claims, using=True)
        return before is not None and before.role is not None and now.role is not None and now.role >= before.role

    return kept


def sign_out() -> None:
    """End the session on the server, so that a copy of its cookie opens nothing, and in this browser."""
    claims = dict(st.user) if st.user.is_logged_in else {}
    if claims:
        home, key, address = Home.default(), session_key(claims), _address(claims)
        role = (
            read_roles(home.path / ROLES_FILE).of(address, claims) if _verified(claims.get("email_verified")) else None
        )
        note_session(home, key, Deed.SIGN_OUT, address, role)
        try:
            _sign_ins().end(key, _issued(claims))
        except SQLAlchemyError as error:
            LOG.error("a session could not be ended on the server: %s", error)
    st.logout()


def limits(home: Home) -> SessionLimits:
    """How long a session may last; the usual times where the settings cannot be used, which the log tells."""
    try:
        told = read_sign_in_settings(home)
    except SettingsError as error:
        LOG.warning("how long a sign-in lasts cannot be read: %s", error)
        told = SignInSettings()
    return SessionLimits(idle=told.idle_minutes * 60, absolute=told.absolute_hours * 3600)


def _admitted(claims: Mapping[str, Any], *, using: bool) -> Reader:
    """The reader with these claims of an identity token: a session that goes on, a verified address, a role.

    An address counts where the provider says that it is the reader's own, or CURIM_UNVERIFIED_EMAIL is "accept" (for a
    provider that sends no such claim and lets nobody choose an address).
    """
    home, key = Home.default(), session_key(claims)
    found = _checked(claims, home, key, using=using)
    if found.role is None:
        ended = found.refusal in (Refusal.IDLE, Refusal.EXPIRED)
        deed = Deed.SIGN_OUT if ended else Deed.NOT_ADMITTED
        note_session(home, key, deed, found.name, None, found.refusal.value if found.refusal else "")
    elif _sign_ins().begun(key):
        note_session(home, key, Deed.SIGN_IN, found.name, found.role)
    return found


def _checked(claims: Mapping[str, Any], home: Home, key: str, *, using: bool) -> Reader:
    address = _address(claims)
    try:
        state = _sign_ins().check(key, _issued(claims), limits(home), using=using)
    except SQLAlchemyError as error:
        LOG.error("a session could not be checked: %s", error)
        return Reader(address, None, Refusal.UNCHECKED)
    if state is not SessionState.OPEN:
        return Reader(address, None, Refusal(state.value))
    if not address or not _verified(claims.get("email_verified")):
        return Reader(address, None, Refusal.UNVERIFIED)
    role = read_roles(home.path / ROLES_FILE).of(address, claims)
    note_roles(home, home.path / ROLES_FILE)
    return Reader(address, role, Refusal.UNKNOWN if role is None else None)


def _address(claims: Mapping[str, Any]) -> str:
    return str(claims.get("email") or "").strip().lower()


def _verified(claim: object) -> bool:
    """Whether the address is the reader's own: the provider says so, or the installation vouches for the provider.

    A claim that says "not verified" is never overruled.
    """
    if claim is None:
        return os.environ.get("CURIM_UNVERIFIED_EMAIL") == "accept"
    return claim is True or claim == "true"


def _issued(claims: Mapping[str, Any]) -> float:
    """When the identity token was issued; long ago where it does not say so."""
    try:
        return float(claims.get("iat") or 0)
    except (TypeError, ValueError):
        return 0.0


def _sign_ins() -> SignIns:
    return _opened(Home.default().plans_url)


@lru_cache(maxsize=4)
def _opened(url: str) -> SignIns:
    return SignIns(Database(url, PATIENCE))
