"""Dead views of shared tables, forgotten.

pandas (copy on write) notes in each block of a table, and in each index, every view that was made of it, by a weak
reference; a column that is looked at is such a view. It goes through these notes only once there are 500 of them. In a
table that a page makes and drops that costs nothing. In one that is kept for hours and read by every run the notes of
views that are long gone pile up: about 200 in each run of a page, 88 bytes each, for up to 500 in each of thousands of
blocks (a quarter of a gigabyte in a process). So what keeps results lets pandas go through them from time to time.

Nothing here changes a table, and none of it is needed for a right result: what a later pandas names otherwise is left
alone. That pandas goes through the notes while another thread makes a view is safe under the interpreter's lock alone:
without that lock nothing is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import pandas as pd

from curim_data.engine import Source
from curim_data.model import CityProfile

# What holds no table of its own: plain values, and what all results share.
_WITHOUT: Final = (str, bytes, int, float, bool, type(None), CityProfile, Source)


def forget_dead_views(value: Any) -> None:
    """Let the tables in a result forget the views of them that are gone."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return
    for table in _tables(value, set()):
        manager = getattr(table, "_mgr", None)
        blocks = [getattr(block, "refs", None) for block in getattr(manager, "blocks", ())]
        axes = [getattr(axis, "_references", None) for axis in getattr(manager, "axes", (table,))]
        for noted in (*blocks, *axes):
            if hasattr(noted, "has_reference"):
                noted.has_reference()  # which goes through the notes first


def _tables(value: Any, seen: set[int]) -> Iterator[pd.DataFrame | pd.Series | pd.Index]:
    if isinstance(value, _WITHOUT) or id(value) in seen:
        return
    seen.add(id(value))
    match value:
        case pd.DataFrame() | pd.Series() | pd.Index():
            yield value
        case Mapping():
            for pair in value.items():
                for item in pair:
                    yield from _tables(item, seen)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _tables(item, seen)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _tables(getattr(value, field.name), seen)
