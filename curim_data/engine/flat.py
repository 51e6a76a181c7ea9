"""The flat table: alerts with a plain column for all that is ever counted or tested, in one Parquet file by date.

It is made once of each version of the alerts, by DuckDB, and read by every engine. An alert's lists are texts: `theme`
holds its categories, `span` its hours. Texts that alerts are counted by have whole numbers as codes; instants are
microseconds since 1970. `Relation` is such a table on some engine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa

from curim_data.model import SCHEMA, Message
from curim_data.model.prepared import write_whole
from curim_data.model.sql import SEPARATOR, Levels, all_of, text


class EngineError(RuntimeError):
    """Another engine cannot be reached, or cannot read the alerts; `message` says which and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class Relation:
    """Alerts with the columns of `flat.COLUMNS`: the `name` that SQL has for them, and `ask`, which gives the rows of
    a statement. `levels`: the values of the columns that have codes.
    """

    name: str
    ask: Callable[[str], pa.Table] = field(repr=False, compare=False)
    levels: Levels = field(repr=False, compare=False)

    def select(self, columns: str, where: Iterable[str] = (), then: str = "") -> pa.Table:
        """Columns, as SQL lists them, of the alerts for which some conditions hold; `then`: the clauses after."""
        return self.ask(f"SELECT {columns} FROM {self.name}{all_of(where)} {then}")

    def frame(self, columns: str, where: Iterable[str] = (), then: str = "") -> pd.DataFrame:
        """`select` as a frame."""
        found: pd.DataFrame = self.select(columns, where, then).to_pandas()
        return found

    def one(self, columns: str, where: Iterable[str] = ()) -> dict[str, Any]:
        """The one row of aggregates, by name."""
        found: dict[str, Any] = self.select(columns, where).to_pylist()[0]
        return found


ALERTS: Final = "alerts"
STORED: Final = "stored"  # the alerts as the store has them (`alert.SCHEMA`), a view beside the flat table
_INSTANTS: Final = tuple(field.name for field in SCHEMA if pa.types.is_timestamp(field.type))
# What takes the place of lists and instants: each column's type, and how DuckDB makes it.
MADE: Final = {
    "theme": ("string", f"category || '{SEPARATOR}' || coalesce(array_to_string(more_categories, '{SEPARATOR}'), '')"),
    "span": ("string", f"array_to_string(hours::VARCHAR[], '{SEPARATOR}')"),
    **{f"{name}_us": ("int64", f"epoch_us({name})") for name in _INSTANTS},
}
# Texts that alerts are counted by: beside each stands its code, a whole number in the order of the values.
CODED: Final = (
    "theme",
    "span",
    "kind",
    "status",
    "district",
    "place",
    "affected_gender",
    "reporter_gender",
    "age_band",
)
MORE: Final = {name: kind for name, (kind, _) in MADE.items()} | {f"{name}_code": "int32" for name in CODED}
IN_MEMORY: Final = 200_000  # alerts up to which the table is held in memory, where it is asked faster
# What nobody counts by: how an alert came into the store.
_NOT_HELD: Final = frozenset({"content_hash", "profile_version"})
SCALARS: Final = tuple(
    field.name
    for field in SCHEMA
    if not (pa.types.is_list(field.type) or pa.types.is_timestamp(field.type) or field.name in _NOT_HELD)
)


COLUMNS: Final = (*SCALARS, *MORE)


def database() -> duckdb.DuckDBPyConnection:
    """A database of DuckDB in memory that loads no extensions."""
    opened = duckdb.connect()
    opened.execute("SET autoinstall_known_extensions = false")
    opened.execute("SET autoload_known_extensions = false")
    return opened


def quoted(path: str | Path) -> str:
    """A path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def read_files(files: Sequence[str | Path]) -> str:
    """Some Parquet files as DuckDB reads them."""
    return f"read_parquet([{', '.join(map(quoted, files))}], union_by_name = true)"


def open_flat(connection: duckdb.DuckDBPyConnection, alerts: str | None, path: Path | None) -> Relation:
    """The flat table of alerts that a statement gives (None: of no alerts), in a database of DuckDB.

    It is the file at `path`, made where it is missing; in memory without a path, or where it cannot be written.
    """
    if alerts is None:
        connection.register("nothing", SCHEMA.empty_table())
        connection.execute(f"CREATE TABLE {STORED} AS SELECT * FROM nothing")
    else:
        connection.execute(f"CREATE VIEW {STORED} AS {alerts}")
    held = "" if path is None else _file(connection, path)
    few = not held or connection.execute(f"SELECT count(*) <= {IN_MEMORY} FROM ({held})").fetchall()[0][0]
    connection.execute(f"CREATE {'TABLE' if few else 'VIEW'} {ALERTS} AS {held or _flattened(connection)}")

    def ask(sql: str) -> pa.Table:
        return connection.cursor().execute(sql).to_arrow_table()  # from any thread: a cursor for each statement

    return Relation(ALERTS, ask, read_levels(ALERTS, ask))


def read_levels(name: str, ask: Callable[[str], pa.Table]) -> Levels:
    """The values of each column that has codes, of a flat table on any engine."""
    found = {one: ask(f"SELECT DISTINCT {one}_code, {one} FROM {name} ORDER BY 1")[one] for one in CODED}
    return {one: tuple(column.drop_null().to_pylist()) for one, column in found.items()}


def _file(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """What reads the file of the flat table, which is made where it is missing or cannot be read; "" without one."""
    held = f"SELECT * FROM read_parquet({quoted(path)})"
    with contextlib.suppress(duckdb.Error):
        connection.execute(f"{held} LIMIT 0")
        return held
    copied = f"COPY ({_flattened(connection)}) TO {{}} (FORMAT parquet, COMPRESSION snappy)"
    with contextlib.suppress(OSError, duckdb.IOException):
        write_whole(path, lambda part: connection.execute(copied.format(quoted(part))))
        return held
    return ""


def _flattened(connection: duckdb.DuckDBPyConnection) -> str:
    """The rows of the flat table, by date, as SQL of the database that has the alerts as they are stored."""
    columns = {name: name for name in SCALARS} | {name: how for name, (_, how) in MADE.items()}
    for name in CODED:
        known = connection.execute(f"SELECT DISTINCT {columns[name]} FROM {STORED}").fetchall()
        values = ", ".join(text(value) for (value,) in sorted(known, key=str) if value is not None)
        connection.execute(f"CREATE OR REPLACE TYPE {name}_values AS ENUM ({values})")
        columns[f"{name}_code"] = f"enum_code(({columns[name]})::{name}_values)::INTEGER" if values else "NULL::INTEGER"
    return f"SELECT {', '.join(f'{how} AS {name}' for name, how in columns.items())} FROM {STORED} ORDER BY local_date"
