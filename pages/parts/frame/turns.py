"""How many runs of pages, and how many calculations, a process works on at once: the others wait for their turn.

Python works on one at a time anyway. Shared among many readers each would only end later, and the server itself,
which answers connections between them, would hardly be heard. Runs and calculations have turns of their own: a run
gives its turn back while it waits for a calculation, and no calculation waits for a run. The page Data, where a file is
read and imported for minutes, takes none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

RUNS: Final = threading.Semaphore(3)
CALCULATIONS: Final = threading.Semaphore(2)
LONG_PAGE: Final = "data"
_thread = threading.local()  # `runs`: whether this thread has the turn of a run


@contextmanager
def run_turn(page: str = "") -> Iterator[None]:
    """Inside, it is this run's turn; a run in a run has it already. `page`: which is drawn, where that is known."""
    if getattr(_thread, "runs", False) or page == LONG_PAGE:
        yield
        return
    with RUNS:
        _thread.runs = True
        try:
            yield
        finally:
            _thread.runs = False


@contextmanager
def given_back() -> Iterator[None]:
    """Inside, the turn of this thread's run, if it has one, is another's."""
    if not getattr(_thread, "runs", False):
        yield
        return
    _thread.runs = False
    RUNS.release()
    try:
        yield
    finally:
        RUNS.acquire()
        _thread.runs = True
