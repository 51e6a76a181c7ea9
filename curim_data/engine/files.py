"""Parquet files of alerts (`alert.SCHEMA`) as a view that DuckDB and Ibis read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
from ibis.backends.duckdb import Backend

from curim_data.engine.types import IbisTable
from curim_data.model import SCHEMA

ALERTS: Final = "alerts"


class DuckDB(Backend):  # type: ignore[misc]
    """Ibis on a cursor, of which there are many: it would look the version up in the installed files for each."""

    version = duckdb.__version__


def database(path: str | Path = ":memory:") -> duckdb.DuckDBPyConnection:
    """A database of DuckDB that loads no extensions."""
    opened = duckdb.connect(str(path))
    opened.execute("SET autoinstall_known_extensions = false")
    opened.execute("SET autoload_known_extensions = false")
    return opened


def view_files(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str | Path], instead: str | Path | None = None
) -> IbisTable:
    """Make the view `alerts` of some files (a table without rows of none), and read it with Ibis on a cursor.

    `instead`: a file of alerts that take the place of those with the same ids, and of further ones.
    """
    if files:
        sql = f"SELECT * FROM {read_files(files)}"
        if instead is not None:
            new = read_files([instead])
            sql = f"FROM {new} UNION ALL BY NAME {sql} AS earlier ANTI JOIN {new} AS later USING (alert_id)"
        connection.execute(f"CREATE VIEW {ALERTS} AS {sql}")
    else:
        nothing = SCHEMA.empty_table()
        connection.register("nothing", nothing)
        connection.execute(f"CREATE TABLE {ALERTS} AS SELECT * FROM nothing")
    table: IbisTable = DuckDB.from_connection(connection.cursor()).table(ALERTS)
    return table


def read_files(files: Sequence[str | Path]) -> str:
    """Some Parquet files as SQL reads them."""
    return f"read_parquet([{', '.join(map(quoted, files))}], union_by_name = true)"


def quoted(path: str | Path) -> str:
    """A path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"
