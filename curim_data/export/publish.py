"""The alerts of a home and their protected copy, written into PostgreSQL for readers by URL (`engine.remote`)."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv

from curim_data.engine import Source, open_source
from curim_data.engine.flat import MORE, STORED
from curim_data.engine.remote import ALERTS, COPY, PUBLICATIONS
from curim_data.model import SCHEMA, Message, MessageError
from curim_data.protection import protected_files
from curim_data.store import Home

LAYOUT: Final = 3  # of what is written; another number makes everything be written anew
BLOCK: Final = 50_000  # rows in memory at once
PATIENCE: Final = "30s"  # for readers who hold a table that nobody should read any more
_LOCK: Final = 7_141_929_403  # of the one process that publishes, in the database
_TYPES: Final = {
    "string": "text",
    "int8": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "date32[day]": "date",
    "timestamp[us, tz=UTC]": "timestamptz",
}


class PublishError(MessageError, ValueError):
    """The alerts could not be published; `message` says why. What was published before is still there."""


@dataclass(frozen=True)
class Published:
    """The version that the database holds now, how many alerts it has, and whether anything had to be written."""

    version: str
    alerts: int
    written: bool


def publish(home: Home, url: str) -> Published:
    """Write the alerts of a home and their protected copy into the PostgreSQL database of a URL, in one transaction.

    Readers see what was published before, whole, or what is published now. The same version is written once. Tables
    that a reader may still hold stay until the publication after this one, unless alerts were erased since. Raises
    PublishError.
    """
    gone = home.path / "erased.txt"
    erased = hashlib.sha256(gone.read_bytes()).hexdigest()[:16] if gone.exists() else ""  # changes with each erasure
    source = open_source(home, "duckdb")
    copy = protected_files(home, source)
    word = f"{LAYOUT} {source.city.version} {copy.version} {source.version}"
    with _connected(url) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {PUBLICATIONS} (number bigserial PRIMARY KEY, word text NOT NULL, "
                "erased text NOT NULL, alerts text NOT NULL, copy text NOT NULL, at timestamptz DEFAULT now())"
            )
            last = cursor.execute(f"SELECT word, erased FROM {PUBLICATIONS} ORDER BY number DESC LIMIT 1").fetchone()
            written = last != (word, erased)
            if written:
                parts = [_write(cursor, name, of) for name, of in ((ALERTS, source), (COPY, copy))]
                for name, part in zip((ALERTS, COPY), parts, strict=True):  # last: who reads a view waits from here on
                    _show(cursor, name, part["name"])
                cursor.execute(
                    f"INSERT INTO {PUBLICATIONS} (word, erased, alerts, copy) VALUES (%s, %s, %s, %s)",
                    [word, erased, *map(json.dumps, parts)],
                )
        _remove_old(connection)
    return Published(source.version, source.count, written)


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    """A connection to the database of a URL, closed afterwards; its errors, and those of the driver, as ours."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise PublishError(Message("Alerts are kept in PostgreSQL alone: give postgresql://user@host/database."))
    try:
        import psycopg
    except ImportError as error:
        raise PublishError(Message("The driver is missing: pip install “psycopg[binary,pool]”.")) from error
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise PublishError(Message("The database says: {why}", {"why": str(error).strip()})) from error


def _write(cursor: Any, name: str, source: Source) -> dict[str, Any]:
    """A new table of a source's alerts; what readers have to know of it, as JSON."""
    table = f"{name}_{uuid.uuid4().hex[:12]}"
    columns = {
        field.name: f"{_TYPES[str(field.type.value_type)]}[]" if field.name in _LISTS else _TYPES[str(field.type)]
        for field in SCHEMA
    } | {name: _TYPES[kind] for name, kind in MORE.items()}
    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    cursor.execute(f"CREATE TABLE {table} ({listed})")
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)") as out:
        for block in _blocks(source, tuple(columns)):
            out.write(block)
    cursor.execute(f"CREATE INDEX ON {table} (local_date)")
    cursor.execute(f"ANALYZE {table}")
    return {"name": table, "version": source.version, "facts": source.cache["facts"].as_json()}


def _show(cursor: Any, view: str, table: str) -> None:
    """Let a view show a table: the same view where its columns are the same, so that it keeps who may read it."""
    import psycopg

    shown = f"VIEW {view} AS SELECT {', '.join(SCHEMA.names)} FROM {table}"
    try:
        with cursor.connection.transaction():
            cursor.execute(f"CREATE OR REPLACE {shown}")
    except psycopg.errors.InvalidTableDefinition:
        cursor.execute(f"DROP VIEW {view}")
        cursor.execute(f"CREATE {shown}")
    except psycopg.errors.WrongObjectType as error:
        values = {"table": view}
        raise PublishError(
            Message("The table “{table}” is there already and was not published: rename it or drop it.", values)
        ) from error


def _blocks(source: Source, columns: tuple[str, ...]) -> Iterator[bytes]:
    """The alerts as lines of CSV, some rows at a time: nothing is what is missing, and what is there has quotes."""
    cursor = source.cache["database"].cursor()
    shown = ", ".join(_LITERAL.format(name) if name in _LISTS else name for name in columns)
    both = f"SELECT {STORED}.*, {', '.join(MORE)} FROM {STORED} JOIN {ALERTS} USING (alert_id)"
    query = f"SELECT {shown} FROM ({both}) AS alerts ORDER BY local_date, alert_id"
    how = pa.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    for batch in cursor.execute(query).to_arrow_reader(BLOCK):
        out = pa.BufferOutputStream()
        pa.csv.write_csv(batch, out, how)
        yield out.getvalue().to_pybytes()


# A list as PostgreSQL reads it, in the SQL of DuckDB.
_LITERAL: Final = (
    "'{{' || array_to_string(list_transform({0}, one -> "
    "'\"' || replace(replace(CAST(one AS VARCHAR), '\\', '\\\\'), '\"', '\\\"') || '\"'), ',') || '}}' AS {0}"
)
_LISTS: Final = frozenset(field.name for field in SCHEMA if pa.types.is_list(field.type))


def _remove_old(connection: Any) -> None:
    """Drop the tables of all publications but the last two; of the last but one too, where alerts were erased since."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        rows = cursor.execute(
            f"SELECT number, erased, alerts, copy FROM {PUBLICATIONS} ORDER BY number DESC FOR UPDATE"
        ).fetchall()
        for at, (number, erased, *parts) in enumerate(rows):
            if at == 0 or (at == 1 and erased == rows[0][1]):
                continue
            for part in parts:
                cursor.execute(f"DROP TABLE IF EXISTS {json.loads(part)['name']}")
            cursor.execute(f"DELETE FROM {PUBLICATIONS} WHERE number = %s", [number])
