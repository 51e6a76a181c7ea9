"""Progress of a long calculation, and the wish that it stops.

A calculation says how far it is; whoever started it listens and may end it. Neither needs to know the other, so no
function between them passes anything on:

    with following(listener):            # a page, a command, a test
        cluster_study(...)

    with stage(0.2, 0.8):                # inside: the next reports fill this part of the whole
        for run in range(runs):
            report(run / runs, Message("Simulated maps"))

Without a listener `report` costs next to nothing. A listener ends the calculation by raising `Stopped`. Each thread
has its own listener; a calculation that works in threads of its own reports from the thread that was called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from curim_data.model.i18n import Message

# Called with the fraction done (0 to 1) and with what is being done, where that was said.
Listener = Callable[[float, Message | None], None]


class Stopped(Exception):
    """Raised out of `report` when nobody wants the result any more."""


@dataclass(frozen=True)
class _Following:
    listener: Listener
    start: float = 0.0
    end: float = 1.0


_following: ContextVar[_Following | None] = ContextVar("following", default=None)


def report(fraction: float, doing: Message | None = None) -> None:
    """Say how much of the present stage is done (0 to 1); Stopped where the listener ends the calculation."""
    now = _following.get()
    if now is not None:
        now.listener(now.start + (now.end - now.start) * min(max(fraction, 0.0), 1.0), doing)


@contextmanager
def stage(start: float, end: float, doing: Message | None = None) -> Iterator[None]:
    """Inside, what is reported fills the part from `start` to `end` (0 to 1) of the stage around it."""
    now = _following.get()
    if now is None:
        yield
        return
    span = now.end - now.start
    token = _following.set(_Following(now.listener, now.start + span * start, now.start + span * end))
    try:
        report(0.0, doing)
        yield
        report(1.0)
    finally:
        _following.reset(token)


@contextmanager
def following(listener: Listener) -> Iterator[None]:
    """Inside, `listener` receives the progress of what is calculated."""
    token = _following.set(_Following(listener))
    try:
        yield
    finally:
        _following.reset(token)
