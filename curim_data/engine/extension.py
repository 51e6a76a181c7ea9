"""A prepared file of count columns (`curim_data.engine.columns`) for more alerts than it was made of.

The file of an earlier version is copied; the rows of alerts that say something else now go, and the new ones are
added. So of the alerts that were there already the file is copied, and nothing is worked out again. Values that no
alert had before get codes behind the others, as long as there is room in the words (`curim_data.engine.packed`); a
text's column is then written anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from curim_data.engine.columns import TABLE, TEXTS, narrow_columns, packing_of, values_of
from curim_data.engine.facts import Facts, measure
from curim_data.engine.files import ALERTS, DuckDB, database, quoted, view_files
from curim_data.engine.packed import PACKED, WORDS, Packing
from curim_data.engine.types import IbisTable

MORE: Final = "more"


class NoRoomError(Exception):
    """More values than the words of the file have room for: it has to be made anew."""


def extend_narrow(earlier: Path, path: Path, rows: Sequence[str | Path], *, replacing: bool = False) -> None:
    """Write the prepared file of a later version out of that of an earlier one.

    Parameters
    ----------
    earlier : Path
        The prepared file, which is left as it is.
    path : Path
        Where the new one is written.
    rows : sequence of paths
        Parquet files (`alert.SCHEMA`) of the alerts that are new, or that say something else than before.
    replacing : bool
        Whether some of the rows take the place of those with the same id.

    Raises
    ------
    NoRoomError
        Where a column has more values than its words have room for.
    duckdb.Error
        Where the file cannot be read or written, or is not of these alerts.
    """
    shutil.copyfile(earlier, path)
    with database(path) as connection:
        _read_more(connection, rows)
        packing = packing_of(connection, TABLE)
        for name in dict.fromkeys((*TEXTS, *PACKED)):
            _add_values(connection, name, packing.room(name))
        if replacing:
            connection.execute(f"DELETE FROM {TABLE} WHERE alert_id IN (SELECT alert_id FROM {MORE})")
        _insert(connection, packing)
        connection.execute("CHECKPOINT")


def _read_more(connection: duckdb.DuckDBPyConnection, rows: Sequence[str | Path]) -> None:
    """Make the table `more` of the new rows."""
    with database() as beside:  # the prepared file holds no views of other files
        table = view_files(beside, rows)
        found = table.get_backend().compile(narrow_columns(table, "alert_id", with_bits=True))
        connection.register("found", beside.execute(found).to_arrow_table())
    connection.execute(f"CREATE TEMP TABLE {MORE} AS FROM found")
    connection.unregister("found")


def _add_values(connection: duckdb.DuckDBPyConnection, name: str, room: int) -> None:
    """Give codes to the values of a column that no alert had before."""
    values = values_of(TABLE, name)
    new = f"SELECT DISTINCT {name} AS value FROM {MORE} WHERE {name} IS NOT NULL"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE new_values AS {new} EXCEPT SELECT value FROM {values}")
    known, more = (connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in (values, "new_values"))
    n, added = int((known or (0,))[0]), int((more or (0,))[0])
    if not added:
        return
    if n + added > room:
        raise NoRoomError(name)
    numbered = f"SELECT value, {n} + row_number() OVER (ORDER BY value) - 1 AS code FROM new_values"
    connection.execute(f"INSERT INTO {values} {numbered}")
    if name in TEXTS:
        kind = f"{TABLE}_{name}_{n + added}"
        connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT value FROM {values} ORDER BY code)")
        connection.execute(f"ALTER TABLE {TABLE} ALTER COLUMN {name} SET DATA TYPE {kind}")


def _insert(connection: duckdb.DuckDBPyConnection, packing: Packing) -> None:
    """Add the new rows, in order of their dates as all others are."""
    words = ", ".join(
        f"{packing.expression(word, {name: f'{name}_values.code' for name in PACKED})} AS {word}" for word in WORDS
    )
    joins = " ".join(
        f"LEFT JOIN {values_of(TABLE, name)} AS {name}_values ON {MORE}.{name} = {name}_values.value" for name in PACKED
    )
    connection.execute(f"INSERT INTO {TABLE} BY NAME SELECT {MORE}.*, {words} FROM {MORE} {joins} ORDER BY local_date")


def prepared_facts(connection: duckdb.DuckDBPyConnection, path: Path) -> Facts:
    """What is known of all alerts of a prepared file."""
    connection.execute(f"ATTACH {quoted(path)} AS prepared (READ_ONLY)")
    told = "CASE WHEN hour_bits IS NOT NULL THEN 0 END AS hour"
    connection.execute(f"CREATE VIEW {ALERTS} AS SELECT *, {told} FROM prepared.main.{TABLE}")
    table: IbisTable = DuckDB.from_connection(connection.cursor()).table(ALERTS)
    return measure(table)
