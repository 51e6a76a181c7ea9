"""The first reports of incidents, kept for the filters that were asked last: a page puts many questions under one.

Where a filter asks for what each report of an incident may say differently, the first report that fits counts, which
need not be the first of all. Those that are not are found once for each filter, whatever its dates and places, and kept
as a table in the database of that version (DuckDB alone; other engines find them in each question).
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from itertools import count
from typing import Any, Final

import duckdb
import ibis

from curim_data.engine.types import IbisTable

MOST_KEPT: Final = 32  # filters
MOST_ROWS: Final = 4_000_000  # of all their tables, of 8 bytes each


class FirstReports:
    """The tables of one database; shared by threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection, self._lock = connection, threading.Lock()
        self._kept: dict[Hashable, FirstReportsOf] = {}
        self._unused: deque[str] = deque()  # names of tables that no question can ask any more
        self._numbers = count()

    def of(self, key: Hashable) -> FirstReportsOf:
        """What is kept for a filter; those that were not asked for longest give way."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                found = FirstReportsOf(self._connection, f"first_reports_{next(self._numbers)}", self._unused)
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT or (len(self._kept) > 1 and self.rows > MOST_ROWS):
                self._kept.pop(next(iter(self._kept)))
        return found

    @property
    def rows(self) -> int:
        """How many rows are kept."""
        return sum(one.rows for one in self._kept.values())


class FirstReportsOf:
    """The first reports under one filter. Once no question holds it any more its table is `unused`, and dropped when
    the next one is made.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, unused: deque[str]) -> None:
        """`connection`: the database, in which the table has that name; `unused`: names of tables to be dropped."""
        self.rows = 0
        self._connection, self._name, self._unused, self._lock = connection, name, unused, threading.Lock()
        self._schema: Any = None
        self._made: bool | None = None  # not yet, or it failed
        # The database is asked nothing here: an object may go at any moment, in any thread.
        weakref.finalize(self, unused.append, name).atexit = False

    def table(self, backend: Any, find: Callable[[], IbisTable]) -> IbisTable:
        """What an expression over that database gives, which the filter alone decides: made once and then read.

        `backend`: a cursor of that database. The expression itself where the table cannot be made.
        """
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make(backend, find())
        if not self._made:
            return find()
        return ibis.expr.operations.DatabaseTable(name=self._name, schema=self._schema, source=backend).to_expr()

    def _make(self, backend: Any, found: IbisTable) -> bool:
        cursor, self._schema = self._connection.cursor(), found.schema()
        try:
            with contextlib.suppress(IndexError):  # until none is left, whichever thread drops the last one
                while True:
                    cursor.execute(f"DROP TABLE IF EXISTS {self._unused.popleft()}")
            cursor.execute(f"CREATE OR REPLACE TABLE {self._name} AS {backend.compile(found)}")
            (self.rows,) = cursor.execute(f"SELECT count(*) FROM {self._name}").fetchone() or (0,)
        except duckdb.Error:
            return False
        return True
