"""What is noted of a run: for the record what readers look at and do, for the log how the run went. Nobody waits.

The record (`curim_data.plans.record`) is a city's. The sample city is recorded nowhere: it is made up, and its plans
are for trying. Nor is a home without a city, which looking at it does not make.

The log of runs has a line of JSON for each run of a page, or of a part that is drawn alone: when the run began (`at`,
UTC), in which process, of which session and over which connection (`id`, the `X-Request-ID` that the proxy gave it and
wrote to its own line), which page and part, how long it took (`ms`), and how it ended: "ok", "stopped" (the reader went
on, or the page ended the run itself), "error" (of the page or of a part of it, with the number under which the cause
stands in the log). It holds no filter, no name, nothing of an alert; of the session a short digest, which opens
nothing. `curim serve` turns it on, as it does the log of the proxy; `CURIM_RUN_LOG` is "on" or "off". A line is taken
in memory, and a thread of its own writes it to the standard output.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from curim_data.model import Role
from curim_data.plans.record import Deed, Entry, recorder
from curim_data.serving import PROCESS_NAME, RUN_LOG
from curim_data.store import Home
from pages.parts.frame.page import Page

SEEN: Final = "record_seen"  # what this session looked at last, so that each click on one page is not another look
AGAIN: Final = 1_800.0  # seconds after which the same page counts as looked at again

MOST_SESSIONS: Final = 10_000
_sessions: dict[tuple[str, str, Deed, str], float] = {}  # when what was noted of each session last
# `pages`: the page that this thread draws, and other cities of which it tells; `log`: the run, for the log
_run = threading.local()


def draws(*pages: Page) -> None:
    """Say which page this thread draws, for what is handed out on it; and of which other cities it tells, as theirs."""
    _run.pages = pages


def drawn() -> tuple[Page, ...]:
    """The page that this thread draws, and those of the other cities of which it tells."""
    return getattr(_run, "pages", ())


def note(page: Page, deed: Deed, subject: str, *, home: Home | None = None) -> None:
    """Take what the reader of a page did; `home`: where, if not in the home on show."""
    where = home or page.home
    if where.is_sample or not where.has_city():
        return
    recorder(where).add(
        Entry(
            time.time(),
            page.reader,
            page.role.name.lower(),
            deed,
            subject,
            urlencode({word: value for word, value in page.query.items() if word not in ("home", "city")}),
        )
    )


def note_look(page: Page, name: str) -> None:
    """Take that the reader looks at a page of a city under a filter, once for each."""
    now, looked = time.time(), (name, str(page.home.path), page.role, tuple(page.query.items()))
    seen = f"{SEEN}_{page.city_word}"
    before, at = st.session_state.get(seen, (None, 0.0))
    if before != looked or now - at > AGAIN:
        st.session_state[seen] = looked, now
        note(page, Deed.VIEW, name)


def note_roles(home: Home, file: Path) -> None:
    """Take what the file of roles holds, by a hash; the record tells when it changed."""
    recorder(home).note_roles(hashlib.sha256(file.read_bytes() if file.exists() else b"").hexdigest()[:12])


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
    pages = drawn()

    def noted() -> None:
        for page in pages:
            note(page, Deed.DOWNLOAD, file_name)

    return noted


LOG: Final = logging.getLogger("curim")
PLAIN_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # without a proxy a connection can call itself anything
MOST_WAITING: Final = 10_000
_NUMBER: Final = "curim_number"  # of an error: the number under which the log has it


@dataclass
class Run:
    """A run of a page; `part`: the part of it that is drawn alone. Whoever draws it says which page it is."""

    page: str = ""
    part: str = ""
    outcome: str = "ok"
    error: str = ""


class _Taking(QueueHandler):
    """Takes lines in memory, for a thread that writes them."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Where too many wait, one is lost."""


def taking(output: logging.Handler, most: int = MOST_WAITING) -> logging.Handler:
    """What takes lines of a log at once and has them written to `output` later; at most so many wait."""
    waiting = queue.Queue[logging.LogRecord](most)
    QueueListener(waiting, output).start()
    return _Taking(waiting)


@cache
def _lines() -> logging.Logger:
    """The log of runs, which is written to the standard output."""
    lines = logging.getLogger("curim.runs")
    lines.propagate = False
    lines.setLevel(logging.INFO)
    lines.addHandler(taking(logging.StreamHandler(sys.stdout)))
    return lines


def _take(line: dict[str, object]) -> None:
    _lines().info(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


@contextmanager
def run(page: str = "", part: str = "") -> Iterator[Run]:
    """Inside, a page is drawn, or a part of it alone; afterwards the log has its line. A run in a run has none."""
    if getattr(_run, "log", None) is not None or os.environ.get(RUN_LOG) != "on":
        yield Run(page, part)
        return
    drawn = _run.log = Run(page, part)
    line, start = _begun(), time.perf_counter()
    try:
        yield drawn
    except Exception as error:
        failed(error_number(error))
        raise
    except BaseException:  # by these Streamlit ends a run
        drawn.outcome = "stopped"
        raise
    finally:
        _run.log = None
        _take({**line, "ms": round(1000 * (time.perf_counter() - start)), **asdict(drawn)})


def drawn_page() -> str:
    """The page of the run in this thread; empty where none is known."""
    return getattr(getattr(_run, "log", None), "page", "")


def failed(number: str) -> None:
    """The page of the run in this thread, or a part of it, failed; the log has the cause under this number."""
    here: Run | None = getattr(_run, "log", None)
    if here is not None:
        here.outcome, here.error = "error", number


def error_number(error: BaseException) -> str:
    """The number of an error: in the reader's message, in the log of runs, and with the cause in the log."""
    number: str = getattr(error, _NUMBER, "") or uuid4().hex[:8]
    with suppress(AttributeError):
        setattr(error, _NUMBER, number)
    return number


def _begun() -> dict[str, object]:
    """What the line says of the beginning of a run: at its end the connection may be gone."""
    context = get_script_run_ctx(suppress_warning=True)
    request = st.context.headers.get("X-Request-ID") or ""  # of the connection, where a proxy gives it one
    return {
        "id": request if PLAIN_ID.fullmatch(request) else "",
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "process": os.environ.get(PROCESS_NAME) or str(os.getpid()),
        "session": hashlib.sha256(context.session_id.encode()).hexdigest()[:8] if context is not None else "",
    }
