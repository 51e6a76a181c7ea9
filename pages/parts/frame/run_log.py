"""The log of runs: one line of JSON for each run of a page, or of a part that is drawn alone.

A line says when the run began (`at`, UTC), in which process, of which session and over which connection (`id`, the
`X-Request-ID` that the proxy gave it and wrote to its own line), which page and part, how long it took (`ms`), and how
it ended: "ok", "stopped" (the reader went on, or the page ended the run itself), "error" (of the page or of a part of
it, with the number under which the cause stands in the log). It holds no filter, no name, nothing of an alert; of the
session a short digest, which opens nothing.

`curim serve` turns it on, as it does the log of the proxy; `CURIM_RUN_LOG` is "on" or "off". Readers never wait for it:
a line is taken in memory, and a thread of its own writes it to the standard output, with one call for each line.
"""

from __future__ import annotations

import atexit
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
ENDING: Final = 1.0  # seconds in which a process that ends writes what waits
_NUMBER: Final = "curim_number"  # of an error: the number under which the log has it
_here = threading.local()  # `run`: the run that this thread draws


@dataclass
class Run:
    """A run of a page; `part`: the part of it that is drawn alone. Whoever draws it says which page it is."""

    page: str = ""
    part: str = ""
    outcome: str = "ok"
    error: str = ""


class RunLog:
    """Takes lines, and writes them in a thread of its own with `write`; what too many wait for is counted and told."""

    def __init__(self, write: Callable[[str], None], most: int = MOST_WAITING) -> None:
        self._write = write
        self._waiting: queue.Queue[dict[str, object]] = queue.Queue(most)
        self._lost = 0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def add(self, line: dict[str, object]) -> None:
        """Take a line; it is written later, or counted as lost where too many wait."""
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self._lost += 1
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._write_all, name="run log", daemon=True)
                    self._thread.start()
                    atexit.register(self.settle, ENDING)

    def settle(self, seconds: float) -> bool:
        """Wait until all is written, at most so long; whether it is."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            return bool(waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, seconds))

    def _write_all(self) -> None:
        while True:
            line = self._waiting.get()
            with suppress(OSError, ValueError):  # the output is closed: there is nobody to tell
                self._write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            self._waiting.task_done()
            if self._lost:
                lost, self._lost = self._lost, 0
                LOG.warning("%s lines of the log of runs were lost", lost)


def _to_standard_output(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


LINES: Final = RunLog(_to_standard_output)


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
        LINES.add({**line, "ms": round(1000 * (time.perf_counter() - start)), **asdict(drawn)})


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
