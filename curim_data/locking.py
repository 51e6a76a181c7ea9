"""Locks between processes on one computer: files locked with flock, which ends with the process that holds it.

Where the system has no flock nothing is locked, and a lock counts as held: what may be at work is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Wait for the lock of a file, which is made where it is missing, and hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def claim(handle: IO[Any]) -> bool:
    """Take the lock of an open file without waiting; whether it was free. It ends when the file is closed."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
