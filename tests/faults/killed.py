"""Processes that are killed at random moments while they import, undo, refresh, erase or edit: the old state or the
new one, never a third, and the same action once more leads to the new one."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from multiprocessing.forkserver import ensure_running
from pathlib import Path

from curim_data.store import Home
from tests.faults import actions
from tests.faults.actions import act, copy, done_before, opened, prepare, state

PROCESSES = multiprocessing.get_context("forkserver")


def start_server() -> None:
    """Have processes begin with the modules loaded, so that the moment of a signal falls into their work."""
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    PROCESSES.set_forkserver_preload([actions.__name__])
    ensure_running()


def one(action: str, home: Home, moment: float | None) -> tuple[float, bool]:
    """Begin an action and kill it after `moment` seconds: how long it lived, and whether the signal met it."""
    begun, telling = PROCESSES.Pipe(duplex=False)
    worker = PROCESSES.Process(target=act, args=(telling, action, home.path))
    worker.start()
    telling.close()
    assert begun.recv_bytes() == b"begun"
    start = time.perf_counter()
    worker.join(moment)
    worker.kill()
    worker.join()
    assert worker.exitcode in (0, -signal.SIGKILL), (action, worker.exitcode)
    return time.perf_counter() - start, worker.exitcode != 0


def trial(made: Home, action: str, folder: Path, kills: int, seed: int = 1) -> Counter[str]:
    """Kill an action on copies of a home so often; how often the old state stood afterwards, and how often the new one.

    Moments lie evenly over the life of the action, which is learnt from those that were faster than their signal.
    AssertionError where a third state was found, or the action could not be repeated.
    """
    base = copy(made, folder / "base")
    prepare(base, action)
    old = state(base)
    whole = copy(base, folder / "whole")
    lasts, _ = one(action, whole, None)
    new = state(whole)
    assert old != new, action
    chance, found, number = random.Random(seed), Counter[str](), 0
    while found.total() < kills:
        number += 1
        home = copy(base, folder / f"{number}")
        lived, met = one(action, home, chance.uniform(0, lasts))
        lasts = lasts * 1.05 if met else lived
        opened(home)
        now = state(home)
        assert now in (old, new), f"{action}: a third state after {lived:.3f} s, kept in {home.path}"
        assert met or now == new, f"{action}: ended by itself without its effect, kept in {home.path}"
        done_before(home, action)
        final = state(home)
        # An import of what is known is listed as one that changed nothing.
        assert _without_repeat(final) == _without_repeat(new), f"{action}: not repeatable, kept in {home.path}"
        if met:
            found["old" if now == old else "new"] += 1
        shutil.rmtree(home.path)
    return found


def _without_repeat(told: actions.State) -> actions.State:
    number, content, imports, _, *rest = told
    assert isinstance(imports, tuple)
    return (number, content, tuple(dict.fromkeys(one[0] for one in imports)), *rest)
