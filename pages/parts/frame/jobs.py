"""Calculations that readers share: each runs once, in a thread of its own, and its result is kept for all.

A calculation is known by what its result depends on (dataset, filter, audience, settings). Whoever asks for one that is
running waits for the same one. It ends, through `curim_data.model.progress`, when nobody has waited for it for
`GRACE` seconds: the reader has closed the page, changed the filter or pressed Stop. As many run at once as the machine
has processors; where more are wanted they take turns, so that a short one never waits for the end of a long one.

Nothing here knows Streamlit: `waiting` draws.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse

from curim_data.engine import Source
from curim_data.model import CityProfile, Message
from curim_data.model.progress import Stopped, following
from pages.parts.frame.dead_views import forget_dead_views

Key = Hashable
Work = Callable[[], Any]

AT_ONCE: Final = max(2, os.cpu_count() or 2)
TURN: Final = 1.0  # seconds after which a calculation lets another one go on
GRACE: Final = 4.0  # seconds without a reader after which a calculation ends
LOOK: Final = 0.2  # seconds between two looks of a calculation that waits for its turn
MOST_RESULTS: Final = 2000
MOST_BYTES: Final = 512_000_000
KEPT: Final = 7200.0  # seconds
USES: Final = 16  # of a result, after which its tables forget their dead views
MISSING: Final = object()
_NUMBERS: Final = frozenset({int, float, bool})  # results hold many, of which each is not looked at on its own


class Job:
    """A calculation that runs or waits for its turn. `fraction` (0 to 1) and `doing` say how far it is."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.fraction = 0.0
        self.doing: Message | None = None
        self.queued = True
        self.result: Any = None
        self.error: BaseException | None = None
        self._done, self._lock = threading.Event(), threading.Lock()
        self._readers = 0
        self._left = time.monotonic()  # when the last reader went, or none came yet
        self._turn_began = 0.0

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether it has ended."""
        return self._done.wait(seconds)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside, somebody waits for the result."""
        with self._lock:
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._left = time.monotonic()
                self._readers -= 1

    def unwanted(self, grace: float) -> bool:
        """Whether nobody has waited for so many seconds."""
        return self._readers <= 0 and time.monotonic() - self._left > grace


class Jobs:
    """The calculations that run, and the results of those that ended."""

    def __init__(self, at_once: int = AT_ONCE, grace: float = GRACE, turn: float = TURN) -> None:
        self._at_once, self._grace, self._turn = at_once, grace, turn
        self._results = Results()
        self._changed = threading.Condition(threading.Lock())
        self._running: dict[Key, Job] = {}
        self._queue: deque[Job] = deque()
        self._active = 0

    def result(self, key: Key) -> Any:
        """The result that is kept under a key, or MISSING."""
        return self._results.get(key)

    def keep(self, key: Key, result: Any) -> None:
        """Keep a result that was made without a job."""
        self._results.put(key, result)

    def forget(self) -> None:
        """Drop all results: for tests."""
        self._results = Results()

    def job(self, key: Key) -> Job | None:
        """The calculation that runs under a key."""
        return self._running.get(key)

    def start(self, key: Key, work: Work) -> Job:
        """The calculation under a key: the one that runs, else a new one. The caller waits inside `Job.reading`."""
        with self._changed:
            job = self._running.get(key)
            if job is None:
                job = self._running[key] = Job(key)
                threading.Thread(target=self._run, args=(job, work), name="calculation", daemon=True).start()
            job._left = time.monotonic()
        return job

    def stop(self, key: Key) -> None:
        """A reader wants the calculation no longer: it ends unless another one waits for it."""
        with self._changed:
            job = self._running.get(key)
            if job is not None:
                job._left = -float("inf")
                self._changed.notify_all()

    def _run(self, job: Job, work: Work) -> None:
        held = False
        try:
            self._take_turn(job)
            held = True
            with following(lambda fraction, doing: self._listen(job, fraction, doing)):
                job.result = work()
            self._results.put(job.key, job.result)
        except BaseException as error:  # whatever it is, the readers see it
            job.error = error
            # `_listen` gives the turn back before it waits for the next one, and ends the job while it waits.
            held = held and not job.queued
        finally:
            with self._changed:
                if held:
                    self._active -= 1
                if self._running.get(job.key) is job:
                    del self._running[job.key]
                self._changed.notify_all()
            job._done.set()

    def _listen(self, job: Job, fraction: float, doing: Message | None) -> None:
        job.fraction = fraction
        job.doing = doing or job.doing
        if job.unwanted(self._grace):
            self._end(job)
        if self._queue and time.monotonic() - job._turn_began > self._turn:
            with self._changed:
                self._active -= 1
                job.queued = True
                self._changed.notify_all()
            self._take_turn(job)

    def _take_turn(self, job: Job) -> None:
        """Wait until it is this calculation's turn; Stopped where nobody waits for it any longer."""
        with self._changed:
            self._queue.append(job)
            try:
                while self._queue[0] is not job or self._active >= self._at_once:
                    self._changed.wait(LOOK)
                    if job.unwanted(self._grace):
                        self._running.pop(job.key, None)
                        raise Stopped
                self._active += 1
                job.queued = False
                job._turn_began = time.monotonic()
            finally:
                self._queue.remove(job)
                self._changed.notify_all()

    def _end(self, job: Job) -> None:
        """End a calculation that nobody waits for, unless somebody came just now."""
        with self._changed:
            if not job.unwanted(self._grace):
                return
            self._running.pop(job.key, None)  # whoever asks from now on starts it again
        raise Stopped


@dataclass
class _Kept:
    """A result, since when it is kept, about how many bytes it takes, and how often it was used."""

    result: Any
    since: float
    size: int
    used: int = 0


class Results:
    """Results by key, the latest used ones: so many, of so many bytes, for two hours. Shared: never change one."""

    def __init__(self, most: int = MOST_RESULTS, most_bytes: int = MOST_BYTES, kept: float = KEPT) -> None:
        self._most, self._most_bytes, self._kept = most, most_bytes, kept
        self._entries: OrderedDict[Key, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = 0

    def get(self, key: Key) -> Any:
        """The result under a key, or MISSING."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or time.monotonic() - entry.since > self._kept:
                return MISSING
            self._entries.move_to_end(key)
            entry.used += 1
        if entry.used % USES == 0:
            forget_dead_views(entry.result)
        return entry.result

    def put(self, key: Key, result: Any) -> None:
        """Keep a result; the ones that were not used for longest give way."""
        size = size_of(result)
        with self._lock:
            if key in self._entries:
                self._bytes -= self._entries.pop(key).size
            self._entries[key] = _Kept(result, time.monotonic(), size)
            self._bytes += size
            while len(self._entries) > 1 and (len(self._entries) > self._most or self._bytes > self._most_bytes):
                self._bytes -= self._entries.popitem(last=False)[1].size


def size_of(value: Any) -> int:
    """About how many bytes a result takes: its tables and arrays; what all share (city, engine) is not counted."""
    return _size(value, set())


def _size(value: Any, seen: set[int]) -> int:
    if value is None or isinstance(value, (int, float, bool, CityProfile, Source)) or id(value) in seen:
        return 0
    seen.add(id(value))
    match value:
        case str() | bytes():
            return len(value)
        case pd.DataFrame():
            return value.index.memory_usage() + sum(column.memory_usage(index=False) for _, column in value.items())
        case pd.Series():
            return int(value.memory_usage(deep=False))
        case np.ndarray():
            return value.nbytes
        case Mapping():
            return sum(_size(item, seen) for pair in value.items() for item in pair if type(item) not in _NUMBERS)
        case list() | tuple() | set() | frozenset():
            return sum(_size(item, seen) for item in value if type(item) not in _NUMBERS)
    if sparse.issparse(value):
        return sum(_size(part, seen) for part in vars(value).values())
    if is_dataclass(value):
        parts = (getattr(value, field.name) for field in fields(value))
        return 64 + sum(_size(part, seen) for part in parts if type(part) not in _NUMBERS)
    return 64
