"""The narrow table of count columns, one row an alert: what a page asks again and again.

An alert's lists are one text each: `theme` holds its categories (`category`, then `more_categories`), `span` its hours.
On DuckDB the narrow table is a view of the Parquet files at first. In a store of many alerts the view gives way to a
table with texts as codes and rows by date (a period then leaves most of them unread), by which each question is
answered several times faster: one in a file that was prepared after the import (`keep_narrow`), or else one in memory,
made once so many questions were asked that more will follow, in about a second for a million alerts.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import pyarrow as pa

from curim_data.engine.types import IbisBoolean, IbisColumn, IbisTable
from curim_data.model import CELL_RESOLUTIONS, SCHEMA

# Between the values of a list that is one text: the unit separator, which no text of an alert holds.
SEPARATOR: Final = "\x1f"
VIEW: Final = "narrow"
TABLE: Final = "narrow_codes"
KEPT: Final = "kept"  # the prepared file as DuckDB calls it
# The table is made at this question, from so many alerts on and up to so many as fit into memory (60 bytes each).
TABLE_FROM: Final = 50_000
TABLE_MOST: Final = 10_000_000
AT_QUESTION: Final = 4
MANY_CELLS: Final = 16
# Columns of an alert that no count is made of: names, hashes, instants, metres.
NOT_COUNTED: Final = frozenset(
    {"alert_id", "incident_id", "source", "batch_id", "profile_version", "content_hash", "flags"}
    | {"reported_at", "occurred_from", "occurred_to", "resolved_at", "hour", "x", "y"}
)
COLUMNS: Final = tuple(name for name in SCHEMA.names if name not in NOT_COUNTED)
TEXTS: Final = (*(name for name in COLUMNS if pa.types.is_string(SCHEMA.field(name).type)), "theme", "span")


def narrow_columns(table: IbisTable) -> IbisTable:
    """The count columns of a table of alerts (`alert.SCHEMA`), as an expression for any engine."""
    further = table.more_categories.join(SEPARATOR).fill_null("")
    return table.select(
        *COLUMNS,
        theme=table.category + SEPARATOR + further,
        span=table.hours.map(lambda hour: hour.cast("string")).join(SEPARATOR),
    )


def split_list(text: object) -> tuple[str, ...]:
    """The values of a list that is one text; none where it is missing."""
    return tuple(value for value in text.split(SEPARATOR) if value) if isinstance(text, str) else ()


def cell_column(table: IbisTable, resolution: int) -> IbisColumn:
    """The map cell of an alert at a resolution: its column, or the parent of the coarsest one, by arithmetic on bits.

    The resolution of an H3 index stands in its bits 52 to 55, and a parent has ones in place of the later digits
    (`curim_data.geo.enrichment.parent_cells`), so that any engine counts by cells that no column holds.
    """
    if resolution in CELL_RESOLUTIONS:
        return table[f"cell_{resolution}"]
    cell = table[f"cell_{min(CELL_RESOLUTIONS)}"]
    return (cell & ~(0xF << 52)) | ((resolution << 52) | ((1 << 3 * (15 - resolution)) - 1))


def is_one_of(column: IbisColumn, cells: Sequence[int]) -> IbisBoolean:
    """Whether a column holds one of some cells. Many are one text: the engine would keep a literal for each."""
    if len(cells) < MANY_CELLS:
        return column.isin(cells)
    listed = ibis.literal(" ".join(map(str, cells))).split(" ").cast("array<int64>").unnest()
    return column.isin(listed.name("cell").as_table().cell)


class NarrowTable:
    """The count columns of the files of one version, in DuckDB; shared by threads.

    `connection` is that version's own database: what is kept in it goes with the last of its sources.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: IbisTable, count: int) -> None:
        """`table`: the files' own Ibis table on a cursor of `connection`; `count`: how many alerts it holds."""
        backend, self._count = table.get_backend(), count
        connection.execute(f"CREATE OR REPLACE VIEW {VIEW} AS {backend.compile(narrow_columns(table))}")
        self._schema = backend.table(VIEW).schema()
        self._connection, self._lock = connection, threading.Lock()
        self._asked, self._name = 0, VIEW

    def on(self, backend: Any, kept: Path | None = None) -> IbisTable:
        """The narrow table for one more question; `backend`: a cursor of the same database, `kept`: the prepared file,
        which may be missing.
        """
        self._asked += 1
        if self._name == VIEW and self._count >= TABLE_FROM and self._lock.acquire(blocking=False):
            try:
                if self._name == VIEW and not self._attach(kept):
                    self._materialise()
            finally:
                self._lock.release()
        return ibis.expr.operations.DatabaseTable(name=self._name, schema=self._schema, source=backend).to_expr()

    def write(self, path: Path) -> None:
        """Write the table of codes as a database of its own, which `on` takes as `kept`."""
        connection = self._connection.cursor()
        path.unlink(missing_ok=True)
        name = f"written_{threading.get_ident()}"
        connection.execute(f"ATTACH '{_quoted(path)}' AS {name}")
        try:
            _make_table(connection, f"{name}.main.")
        finally:
            connection.execute(f"DETACH {name}")

    def _attach(self, kept: Path | None) -> bool:
        """Read the prepared file from now on; False where there is none that can be read."""
        if kept is None or not kept.exists():
            return False
        connection = self._connection.cursor()
        try:
            connection.execute(f"ATTACH IF NOT EXISTS '{_quoted(kept)}' AS {KEPT} (READ_ONLY)")
            connection.execute(f"CREATE OR REPLACE VIEW {TABLE} AS SELECT * FROM {KEPT}.main.{TABLE}")
        except duckdb.Error:
            return False
        self._name = TABLE
        return True

    def _materialise(self) -> None:
        """Make the table in memory once enough was asked, where it fits."""
        if self._asked < AT_QUESTION or self._count > TABLE_MOST:
            return
        try:
            _make_table(self._connection.cursor(), "")
        except duckdb.OutOfMemoryException:
            self._count = 0  # the files answer then, as they did so far
            return
        self._name = TABLE


def _make_table(connection: duckdb.DuckDBPyConnection, into: str) -> None:
    """The table of codes out of the view; `into`: database and schema with their dots."""
    for name in TEXTS:
        known = f"SELECT DISTINCT {name} FROM {VIEW} WHERE {name} IS NOT NULL ORDER BY {name}"
        connection.execute(f"CREATE OR REPLACE TYPE {into}code_{name} AS ENUM ({known})")
    codes = ", ".join(f"{name}::{into}code_{name} AS {name}" for name in TEXTS)
    connection.execute(
        f"CREATE OR REPLACE TABLE {into}{TABLE} AS SELECT * REPLACE ({codes}) FROM {VIEW} ORDER BY local_date"
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
