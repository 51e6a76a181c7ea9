"""The reader: the person signed in, or, where no sign-in is configured, the analyst at this computer.

Everything is asked anew at every run: whether the session goes on, and which role the person has now. Of several
cities (`curim_data.store.home`) each has its own roles; who signed in is kept for all of them in the database of the
first one, by the shortest times that one of them sets.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError
from streamlit.errors import StreamlitSecretNotFoundError

from curim_data.model import Role
from curim_data.model.access import read_roles
from curim_data.plans.database import Database
from curim_data.plans.record import Deed, OpenSession, Refusal, SessionLimits, SignIns, session_key
from curim_data.store import Home
from curim_data.store.home import HouseCity, cities, homes
from curim_data.store.settings import SettingsError, SignInSettings, read_sign_in_settings
from pages.parts.frame.record import drawn, note_roles, note_session

LOG: Final = logging.getLogger("curim")
ROLES_FILE: Final = "roles.toml"
CITY: Final = "city"  # the word of a link that names one of several cities
_run = threading.local()  # `reader`: who was let in last in this thread, which is this run's
PATIENCE: Final = 5.0  # seconds that a check waits for the database


@dataclass(frozen=True)
class Reader:
    """A reader and their role; no role means that nothing is shown, and why. `city`: of several, the word of the one on
    show, in which the role is.
    """

    name: str
    role: Role | None
    refusal: Refusal | None = None
    city: str = ""


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
        asked, words = asked_city(), [one.word for one in _house()]
        if asked and asked not in words:
            return Reader("", None, Refusal.NO_CITY)
        return Reader("", Role.ANALYST, city=asked or words[0])
    _run.reader = admitted(dict(st.user), asked_city(), using=using) if st.user.is_logged_in else None
    return _run.reader


def asked_city() -> str:
    """The word of the city that the link names; empty where it names none, or there is one city alone."""
    return st.query_params.get(CITY, "") if cities() else ""


def own_home(who: Reader | None) -> Home:
    """The home of the city that a reader looks at."""
    return next((one.home for one in _house() if who is not None and one.word == who.city), homes()[0])


def _house() -> tuple[HouseCity, ...]:
    """The cities of the house; one alone has no word in links."""
    return cities() or (HouseCity("", homes()[0]),)


def open_cities() -> dict[HouseCity, Role]:
    """The cities that the reader of this run may see, each with the role there; none where there is one city alone."""
    if not sign_in_configured():
        return dict.fromkeys(cities(), Role.ANALYST)
    return roles_of(_claims()) if cities() else {}


def _claims() -> dict[str, Any]:
    """What the identity provider says of the person of this run; nothing where nobody has signed in."""
    return dict(st.user) if st.user.is_logged_in else {}


def keeps_role() -> Callable[[], bool]:
    """A question that can be asked later and elsewhere: has the reader of this run still at least the same role?

    For what is done outside a run: a file that is made when its button is clicked.
    """
    if not sign_in_configured():
        return lambda: True
    claims, before = dict(st.user), getattr(_run, "reader", None)
    others = {page.city_word: page.role for page in drawn()[1:]}

    def kept() -> bool:
        if before is None or before.role is None:
            return False
        now = admitted(claims, before.city, using=True)
        there = {one.word: role for one, role in roles_of(claims).items()} if others else {}
        beside_too = all(word in there and there[word] >= role for word, role in others.items())
        return now.role is not None and now.role >= before.role and beside_too

    return kept


def own_key() -> str:
    """The name of the session of this run; empty where nobody has signed in."""
    return session_key(claims) if sign_in_configured() and (claims := _claims()) else ""


def sign_out() -> None:
    """End the session on the server, so that a copy of its cookie opens nothing, and in this browser."""
    if claims := _claims():
        end_session(claims, session_key(claims), asked_city())
    st.logout()


def end_session(claims: Mapping[str, Any], key: str, asked: str) -> None:
    """End a session of the person with these claims on the server, and record that they did: in the city that was
    `asked` for, or else in the first that they may see. Nothing where it is not theirs.
    """
    own, address, roles = session_key(claims), _address(claims), roles_of(claims)
    if key != own and all(one.key != key for one in own_sessions(claims)):
        return
    city = next((one for one in roles if one.word == asked), next(iter(roles), _house()[0]))
    note_session(city.home, key, Deed.SIGN_OUT, address, roles.get(city))
    try:
        _opened(homes()[0].plans_url).end(key, _issued(claims))
    except SQLAlchemyError as error:
        LOG.error("a session could not be ended on the server: %s", error)


def own_sessions(claims: Mapping[str, Any]) -> list[OpenSession]:
    """The sessions of the person with these claims that go on, the one used last first."""
    return _opened(homes()[0].plans_url).of(_address(claims), limits())


def limits() -> SessionLimits:
    """How long a session may last: of several cities the shortest times; the usual ones where settings are wrong."""
    found = []
    for home in homes():
        try:
            found.append(read_sign_in_settings(home))
        except SettingsError as error:
            LOG.warning("how long a sign-in lasts cannot be read: %s", error)
            found.append(SignInSettings())
    return SessionLimits(
        idle=min(one.idle_minutes for one in found) * 60, absolute=min(one.absolute_hours for one in found) * 3600
    )


def admitted(claims: Mapping[str, Any], asked: str, *, using: bool) -> Reader:
    """The reader with these claims of an identity token: a session that goes on, a verified address, a role in the city
    that was `asked` for, or else in the first that has one.

    An address counts where the provider says that it is the reader's own, or CURIM_UNVERIFIED_EMAIL is "accept" (for a
    provider that sends no such claim and lets nobody choose an address).
    """
    key = session_key(claims)
    found, noted_in = _checked(claims, asked, key, using=using)
    if found.role is None:
        ended = found.refusal in (Refusal.IDLE, Refusal.EXPIRED)
        deed = Deed.SIGN_OUT if ended else Deed.NOT_ADMITTED
        # A city of another name, and one that is not open to the reader, are one refusal to them and in the record.
        refusal = Refusal.UNKNOWN if found.refusal is Refusal.NO_CITY else found.refusal
        for home in noted_in:
            note_session(home, key, deed, found.name, None, refusal.value if refusal else "")
    elif _opened(homes()[0].plans_url).begun(key):
        note_session(noted_in[0], key, Deed.SIGN_IN, found.name, found.role)
    return found


def _checked(claims: Mapping[str, Any], asked: str, key: str, *, using: bool) -> tuple[Reader, tuple[Home, ...]]:
    """The reader, and the homes in whose record it stands who was let in or not."""
    address, named = _address(claims), [one for one in _house() if one.word == asked]
    where = (named[0].home,) if named else homes()[:1]
    try:
        ended = _opened(homes()[0].plans_url).check(key, _issued(claims), limits(), address, using=using)
    except SQLAlchemyError as error:
        LOG.error("a session could not be checked: %s", error)
        return Reader(address, None, Refusal.UNCHECKED), where
    if ended is not None:
        return Reader(address, None, ended), where
    if not address or not _verified(claims.get("email_verified")):
        return Reader(address, None, Refusal.UNVERIFIED), where
    roles = roles_of(claims)
    if not roles:
        refusal = Refusal.UNKNOWN if _roles_read(claims) else Refusal.UNCHECKED
        return Reader(address, None, refusal), tuple(one.home for one in named) if asked else homes()
    if asked and not (named and named[0] in roles):
        return Reader(address, None, Refusal.NO_CITY), tuple(one.home for one in named)
    city = named[0] if named else next(iter(roles))
    note_roles(city.home, city.home.path / ROLES_FILE)
    return Reader(address, roles[city], city=city.word), (city.home,)


def roles_of(claims: Mapping[str, Any]) -> dict[HouseCity, Role]:
    """The cities in which somebody with a verified address has a role."""
    verified = _verified(claims.get("email_verified"))
    return {city: role for city, role in _roles_read(claims).items() if role is not None} if verified else {}


def _roles_read(claims: Mapping[str, Any]) -> dict[HouseCity, Role | None]:
    """The role of an address in each city whose roles can be read: one where they cannot is open to nobody."""
    found: dict[HouseCity, Role | None] = {}
    for city in _house():
        try:
            found[city] = read_roles(city.home.path / ROLES_FILE).of(_address(claims), claims)
        except (OSError, ValueError) as error:
            LOG.error("nobody is let into a city whose roles cannot be read: %s", error)
    return found


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


@lru_cache(maxsize=4)
def _opened(url: str) -> SignIns:
    return SignIns(Database(url, PATIENCE))
