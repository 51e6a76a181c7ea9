"""Alerts that were published into PostgreSQL, by the URL of the database.

`curim publish` writes the alerts and their protected copy into tables whose names nobody has used before, and adds a
row to `curim_published`, all in one transaction: who reads the last row reads the old tables or the new ones, each
whole, and goes on with them until the next publication but one. The views `alerts` and `alerts_protected` are for other
readers. The published tables have the columns of `alert.SCHEMA` and those of the flat table (`engine.flat`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final

import pyarrow as pa

from curim_data.engine.flat import read_levels
from curim_data.engine.relation import EngineError, Relation
from curim_data.model import Message

PUBLICATIONS: Final = "curim_published"
ALERTS: Final = "alerts"
COPY: Final = "alerts_protected"
NOT_PUBLISHED: Final = Message("Nothing was published into this database yet: curim publish writes the alerts there.")
# Types of PostgreSQL by their numbers; what is none of them is read as text.
_ARROW: Final = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int8(),  # no column of alerts has more
    23: pa.int32(),
    701: pa.float64(),
    1082: pa.date32(),
    1184: pa.timestamp("us", "UTC"),
}


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


def last_publication(url: str) -> Publication:
    """What was published last into the PostgreSQL database of a URL; EngineError where nothing was."""
    listed = _ask(url, f"SELECT to_regclass('{PUBLICATIONS}')::text AS name")["name"][0].as_py()
    if listed is None:
        raise EngineError(NOT_PUBLISHED)
    rows = _ask(url, f"SELECT alerts, copy FROM {PUBLICATIONS} ORDER BY number DESC LIMIT 1").to_pylist()
    if not rows:
        raise EngineError(NOT_PUBLISHED)
    return Publication(*(PublishedTable(**json.loads(rows[0][name])) for name in ("alerts", "copy")))


def published_relation(url: str, name: str) -> Relation:
    """The alerts of a published table."""
    ask = partial(_ask, url)
    return Relation(name, ask, read_levels(name, ask))


def _ask(url: str, sql: str) -> pa.Table:
    """The rows of a statement, in the types of Arrow."""
    with _pool(url).connection() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        types = [_ARROW.get(column.type_code, pa.string()) for column in cursor.description]
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, kind) for name, column, kind in zip(names, columns, types, strict=True)})


@cache
def _pool(url: str) -> Any:
    """This process's connections to the database of a URL; EngineError where that is no PostgreSQL, or without its
    driver.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise EngineError(Message("Alerts are read from PostgreSQL alone: give postgresql://user@host/database."))
    try:
        from psycopg_pool import ConnectionPool
    except ImportError as error:
        raise EngineError(Message("The driver is missing: pip install “psycopg[binary,pool]”.")) from error
    named = {"autocommit": True}
    return ConnectionPool(url, kwargs=named, min_size=1, max_size=8, check=ConnectionPool.check_connection, open=True)
