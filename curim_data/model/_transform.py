"""Coordinates from one reference system to another, all on one thread that lasts.

PROJ searches for the operation between two systems on each thread, in about 20 ms; each run of a page is a thread.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyproj import Transformer


def _lasting() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="projecting")


_worker = _lasting()


def transform_points(way: Transformer, x: Any, y: Any) -> tuple[Any, Any]:
    """What `way.transform(x, y)` gives; raises what it raises."""
    pair: tuple[Any, Any] = _worker.submit(way.transform, x, y).result()
    return pair


def _renew() -> None:
    """A forked process has no threads but its own."""
    global _worker
    _worker = _lasting()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
