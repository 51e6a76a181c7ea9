"""How many runs of pages, and how many calculations, a process works on at once: the others wait for their turn.

Python works on one at a time anyway. Shared among many readers each would only end later, and the server itself,
which answers connections between them, would hardly be heard. Runs and calculations have turns of their own: a run
gives its turn back while it waits for a calculation, and no calculation waits for a run. The page Data, where a file is
read and imported for minutes, takes none.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class Turns:
    """So many turns (`most`), each handed over to who waits longest; a semaphore lets who asks again go first."""

    def __init__(self, most: int) -> None:
        self.free = most
        self._lock, self._waiting = threading.Lock(), deque[threading.Event]()

    def acquire(self) -> None:
        """Wait for a turn."""
        with self._lock:
            if self.free:
                self.free -= 1
                return
            called = threading.Event()
            self._waiting.append(called)
        called.wait()

    def release(self) -> None:
        """Give a turn back."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self.free += 1

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()


RUNS: Final = Turns(3)
CALCULATIONS: Final = Turns(2)
LONG_PAGE: Final = "data"
_thread = threading.local()  # `runs`: whether this thread has the turn of a run


@contextmanager
def run_turn(page: str = "") -> Iterator[None]:
    """Inside, it is this run's turn; a run in a run has it already. `page`: which is drawn, where that is known."""
    if getattr(_thread, "runs", False) or page == LONG_PAGE:
        yield
        return
    RUNS.acquire()
    _thread.runs = True
    try:
        yield
    finally:
        if _thread.runs:
            RUNS.release()
        _thread.runs = False


@contextmanager
def given_back() -> Iterator[None]:
    """Inside, the turn of this thread's run, if it has one, is another's; a run that ends inside waits for no other."""
    if not getattr(_thread, "runs", False):
        yield
        return
    _thread.runs = False
    RUNS.release()
    yield
    RUNS.acquire()
    _thread.runs = True
