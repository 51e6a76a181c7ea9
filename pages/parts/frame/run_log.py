"""The log of runs: one line of JSON for each run of a page, or of a part that is drawn alone.

A line says when the run began (`at`, UTC), in which process, of which session and over which connection (`id`, the
`X-Request-ID` that the proxy gave it and wrote to its own line), which page and part, how long it took (`ms`), and how
it ended: "ok", "stopped" (the reader went on, or the page ended the run itself), "error" (of the page or of a part of
it, with the number under which the cause stands in the log). It holds no filter, no name, nothing of an alert; of the
session a short digest, which opens nothing.

`curim serve` turns it on, as it does the log of the proxy; `CURIM_RUN_LOG` is "on" or "off". Readers never wait for it:
a line is taken in memory, and a thread of its own writes it to the standard output.
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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from logging.handlers import QueueHandler, QueueListener
from typing import Final
from uuid import uuid4

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from curim_data.serving import PROCESS_NAME, RUN_LOG

LOG: Final = logging.getLogger("curim")
ON: Final = "on"
REQUEST_ID: Final = "X-Request-ID"
PLAIN_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")  # without a proxy a connection can call itself anything
MOST_WAITING: Final = 10_000
_NUMBER: Final = "curim_number"  # of an error: the number under which the log has it
_here = threading.local()  # `run`: the run that this thread draws


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
    if getattr(_here, "run", None) is not None or os.environ.get(RUN_LOG) != ON:
        yield Run(page, part)
        return
    drawn = _here.run = Run(page, part)
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
        _here.run = None
        _take({**line, "ms": round(1000 * (time.perf_counter() - start)), **asdict(drawn)})


def drawn_page() -> str:
    """The page of the run in this thread; empty where none is known."""
    here: Run | None = getattr(_here, "run", None)
    return here.page if here is not None else ""


def failed(number: str) -> None:
    """The page of the run in this thread, or a part of it, failed; the log has the cause under this number."""
    here: Run | None = getattr(_here, "run", None)
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
    return {
        "id": _request_id(),
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "process": os.environ.get(PROCESS_NAME) or str(os.getpid()),
        "session": hashlib.sha256(context.session_id.encode()).hexdigest()[:8] if context is not None else "",
    }


def _request_id() -> str:
    """Of the connection over which the session came; empty without a proxy that gives one."""
    told = st.context.headers.get(REQUEST_ID) or ""
    return told if PLAIN_ID.fullmatch(told) else ""
