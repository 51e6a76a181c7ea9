"""What readers look at and do, taken for the record (`curim_data.plans.record`); nobody waits for it.

The sample city is recorded nowhere: it is made up, and its plans are for trying. Nor is a home without a city, which
looking at it does not make.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from curim_data.model import Role
from curim_data.plans.record import Deed, Entry, recorder
from curim_data.store import Home
from pages.parts.frame.page import Page

SEEN: Final = "record_seen"  # what this session looked at last, so that each click on one page is not another look
AGAIN: Final = 1_800.0  # seconds after which the same page counts as looked at again

MOST_SESSIONS: Final = 10_000
_sessions: dict[tuple[str, str, Deed, str], float] = {}  # when what was noted of each session last
_run = threading.local()  # `page`: the page that this thread draws; `beside`: other cities of which it tells


def draws(page: Page) -> None:
    """Say which page this thread draws, for what is handed out on it."""
    _run.page, _run.beside = page, ()


def draws_beside(other: Page) -> None:
    """Say of which other city the page of this thread tells as well, as that city's page would."""
    _run.beside = (*beside(), other)


def beside() -> tuple[Page, ...]:
    """The other cities of which the page of this thread tells."""
    return getattr(_run, "beside", ())


def drawn() -> Page | None:
    """The page that this thread draws."""
    return getattr(_run, "page", None)


def note(page: Page, deed: Deed, subject: str, *, home: Home | None = None) -> None:
    """Take what the reader of a page did; `home`: where, if not in the home on show."""
    where = home or page.home
    if where.is_sample or not where.has_city():
        return
    query = urlencode({word: value for word, value in page.query.items() if word not in ("home", "city")})
    recorder(where).add(Entry(time.time(), page.reader, page.role.name.lower(), deed, subject, query))


def note_look(page: Page, name: str, *, also: bool = False) -> None:
    """Take that the reader looks at a page under a filter, once for each. `also`: beside another city's."""
    now, looked = time.time(), (name, str(page.home.path), page.role, tuple(page.query.items()))
    seen = SEEN if not also else f"{SEEN}_{page.city_word}"
    before, at = st.session_state.get(seen, (None, 0.0))
    if before != looked or now - at > AGAIN:
        st.session_state[seen] = looked, now
        note(page, Deed.VIEW, name)


def note_roles(home: Home, file: Path) -> None:
    """Take what the file of roles holds, by a hash; the record tells when it changed."""
    content = file.read_bytes() if file.exists() else b""
    recorder(home).note_roles(hashlib.sha256(content).hexdigest()[:12])


def note_session(home: Home, key: str, deed: Deed, who: str, role: Role | None, why: str = "") -> None:
    """Take that a reader signed in or out, or was not let in, and why; for one session (`key`) once in half an hour.

    Nothing of what was asked for is taken with it.
    """
    now, told = time.time(), (str(home.path), key, deed, why)
    if now - _sessions.get(told, 0.0) <= AGAIN:
        return
    while len(_sessions) >= MOST_SESSIONS:
        _sessions.pop(next(iter(_sessions)), None)
    _sessions[told] = now
    recorder(home).add(Entry(now, who, role.name.lower() if role is not None else "", deed, why))


def handing_out(file_name: str) -> Callable[[], None]:
    """What takes that a file was handed out, for the page that this thread draws: to be called when it is."""
    pages = [page for page in (drawn(), *beside()) if page is not None]

    def noted() -> None:
        for page in pages:
            note(page, Deed.DOWNLOAD, file_name)

    return noted
