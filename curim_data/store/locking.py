"""Locks between processes on one computer: files locked with flock, which ends with the process that holds it.

Where the system has no flock nothing is locked, and `try_lock` says that a lock is held: what may be at work is left
alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_flock: Any
try:
    _flock = importlib.import_module("fcntl")
except ImportError:
    _flock = None


@contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Wait for the lock of a file, which is made where it is missing, and hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        if _flock is not None:
            _flock.flock(handle, _flock.LOCK_SH if shared else _flock.LOCK_EX)
        yield


def try_lock(handle: IO[Any]) -> bool:
    """Take the lock of an open file without waiting; whether it was free. It ends when the file is closed."""
    if _flock is None:
        return False
    try:
        _flock.flock(handle, _flock.LOCK_EX | _flock.LOCK_NB)
    except OSError:
        return False
    return True
