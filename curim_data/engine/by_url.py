"""Alerts in a database that a URL names: its connections, and which of its tables hold what was published.

`curim publish` writes the alerts and their protected copy into tables whose names nobody has used before, and adds a
row to `curim_published`, all in one transaction: who reads the last row reads the old tables or the new ones, each
whole, and goes on with them until the next publication but one. The views `alerts` and `alerts_protected` are for other
readers. The published tables have the columns of `alert.SCHEMA` and those that counts are made of (`PUBLISHED`), which
no question then has to work out.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import ibis

from curim_data.engine.types import IbisTable

PUBLICATIONS: Final = "curim_published"
ALERTS: Final = "alerts"
COPY: Final = "alerts_protected"
_mine = threading.local()  # the connections of this thread by URL
_free: dict[str, deque[Any]] = {}  # those that no thread holds


@dataclass(frozen=True)
class PublishedTable:
    """A table, the version of what it holds, and what is known of it (`Facts` as JSON)."""

    name: str
    version: str
    facts: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Publication:
    """The alerts and their protected copy, as they were published together."""

    alerts: PublishedTable
    copy: PublishedTable


class _Held:
    """A connection that a thread holds; at its end it goes back to those that are free."""

    def __init__(self, url: str) -> None:
        free = _free.setdefault(url, deque())
        try:
            self.backend = free.pop()
        except IndexError:
            self.backend = ibis.connect(url)
        weakref.finalize(self, free.append, self.backend).atexit = False

    @property
    def closed(self) -> bool:
        return bool(getattr(getattr(self.backend, "con", None), "closed", False))


def connection(url: str) -> Any:
    """This thread's Ibis connection to the database of a URL; a new one takes the place of one that was closed."""
    known: dict[str, _Held] = _mine.__dict__.setdefault("connections", {})
    while url not in known or known[url].closed:
        known[url] = _Held(url)
    return known[url].backend


def last_publication(url: str) -> Publication | None:
    """What was published last into the database of a URL; None where nothing was."""
    try:
        return _read(connection(url))
    except Exception:
        if not _mine.connections[url].closed:  # it may have been lost since it was asked last
            raise
        return _read(connection(url))


def _read(backend: Any) -> Publication | None:
    if backend.name != "postgres":
        return None
    with backend.begin() as cursor:
        if cursor.execute("SELECT to_regclass(%s)", [PUBLICATIONS]).fetchone()[0] is None:
            return None
        row = cursor.execute(f"SELECT alerts, copy FROM {PUBLICATIONS} ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else Publication(*(_part(json.loads(told)) for told in row))


def _part(told: dict[str, Any]) -> PublishedTable:
    return PublishedTable(told["name"], told["version"], told["facts"])


def table_of(backend: Any, name: str, schema: Any) -> IbisTable:
    """A table of which the columns are known, without asking the database for them."""
    return ibis.expr.operations.DatabaseTable(name=name, schema=schema, source=backend).to_expr()
