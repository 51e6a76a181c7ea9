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
from collections.abc import Hashable, Sequence
from itertools import count
from typing import Any, Final

import duckdb
import ibis

from curim_data.engine.types import IbisBoolean, IbisTable

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

    def reports(self, table: IbisTable, tests: Sequence[IbisBoolean]) -> IbisTable | None:
        """The alerts of a table on a cursor of that database for which tests hold, which the filter alone decides, with
        the column `counts`: whether an alert is the first such report of its incident. None where the first reports
        cannot be kept.

        The engine looks the first ones up in the table that is kept; what it is asked is as short as of any table.
        """
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make(table, tests)
        if not self._made:
            return None
        backend = table.op().source
        return ibis.expr.operations.DatabaseTable(name=self._view, schema=self._schema, source=backend).to_expr()

    @property
    def _view(self) -> str:
        return f"{self._name}{_VIEW}"

    def _make(self, table: IbisTable, tests: Sequence[IbisBoolean]) -> bool:
        backend, cursor = table.op().source, self._connection.cursor()
        try:
            with contextlib.suppress(IndexError):  # until none is left, whichever thread drops the last one
                while True:
                    name = self._unused.popleft()
                    cursor.execute(f"DROP VIEW IF EXISTS {name}{_VIEW}")
                    cursor.execute(f"DROP TABLE IF EXISTS {name}")
            found = later_first_reports(table, tests)
            cursor.execute(f"CREATE OR REPLACE TABLE {self._name} AS {backend.compile(found)}")
            (self.rows,) = cursor.execute(f"SELECT count(*) FROM {self._name}").fetchone() or (0,)
            kept = ibis.expr.operations.DatabaseTable(name=self._name, schema=found.schema(), source=backend).to_expr()
            chosen = table.filter(*tests)
            shown = beside_first(chosen, kept) if self.rows else chosen.mutate(counts=chosen.report == 0)
            self._schema = shown.schema()
            cursor.execute(f"CREATE OR REPLACE VIEW {self._view} AS {backend.compile(shown)}")
        except duckdb.Error:
            return False
        return True


_VIEW: Final = "_reports"


def later_first_reports(table: IbisTable, tests: Sequence[IbisBoolean]) -> IbisTable:
    """By incident the first report for which tests hold (`first`), where that is not the first of all."""
    shared = table.filter(table.incident.notnull(), *tests)
    found = shared.group_by("incident").aggregate(first=shared.report.min())
    return found.filter(found.first > 0)


def beside_first(table: IbisTable, later: IbisTable) -> IbisTable:
    """A table with the column `counts`: whether an alert is the first report of its incident, which for those of
    `later` (`later_first_reports`) is a later one.
    """
    joined = table.left_join(later, "incident")
    return joined.select(*table.columns, counts=joined.report == joined.first.fill_null(0))
