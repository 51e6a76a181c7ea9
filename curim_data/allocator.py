"""What a process keeps of memory that it no longer needs: little, since a step's memory should serve the next one."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import pyarrow as pa

_ARENA_MAX: Final = -8  # of glibc's malloc.h
_ARENAS: Final = 2


def share_heaps() -> None:
    """Have Arrow and all threads that begin from now on take memory from the same two heaps of the C library.

    Arrow's own allocator, and a heap for each thread, keep what they freed for themselves: a third of what a preview of
    a large file held. Where the C library is not glibc, only Arrow is told.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    _glibc("mallopt", _ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library is glibc."""
    _glibc("malloc_trim", 0)


def _glibc(name: str, *numbers: int) -> None:
    """Call a function of glibc, where it is the C library."""
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function is not None:
        function(*numbers)
