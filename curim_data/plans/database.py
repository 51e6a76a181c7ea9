"""The database of what people write and do in the dashboard: SQLite, unless a URL names another one.

Tables that it lacks are made when it is opened; a change of the columns of one would need a step of its own. Several
processes may have it open.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

_LOCK: Final = 74_655_002  # any number that names the schema's advisory lock in PostgreSQL
_READING: Final = "curim_reading"
_CHUNK: Final = 5_000  # rows at once
# Rows of the record that are younger than this (seconds) are deleted by nobody. One day less than a city can set, so
# that clocks may differ.
_YOUNG: Final = 89 * 86_400


class Base(DeclarativeBase):
    """What all tables share."""


class PlanRow(Base):
    """A plan as it stands now (`plan_store`)."""

    __tablename__ = "plan"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    version: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(16), index=True)
    title: Mapped[str] = mapped_column(sa.Text)
    review: Mapped[dt.date | None]
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    updated_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class ChangeRow(Base):
    """A change of one field of a plan (`plan_store`)."""

    __tablename__ = "change"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    plan_id: Mapped[str] = mapped_column(sa.ForeignKey("plan.id"), index=True)
    version: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    who: Mapped[str] = mapped_column(sa.Text)
    what: Mapped[str] = mapped_column(sa.Text)
    old: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    new: Mapped[Any] = mapped_column(sa.JSON, nullable=True)


class MeetingRow(Base):
    """A meeting of the council (`meetings`)."""

    __tablename__ = "meeting"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)


class SignInRow(Base):
    """A session of a person who signed in (`sign_ins`): times in seconds since 1970, and nothing about the person."""

    __tablename__ = "sign_in"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    issued: Mapped[float] = mapped_column(sa.Double)
    seen: Mapped[float] = mapped_column(sa.Double)
    ended: Mapped[str] = mapped_column(sa.String(16))


class SignedInRow(Base):
    """Whose a session is (`sign_ins`): its key, and an address in lower case."""

    __tablename__ = "signed_in"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    who: Mapped[str] = mapped_column(sa.String(254), index=True)


class RecordRow(Base):
    """What somebody looked at or did (`record`); triggers refuse to change a row, or to delete a young one."""

    __tablename__ = "record"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's form); no number is used twice

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[float] = mapped_column(sa.Double, index=True)
    who: Mapped[str] = mapped_column(sa.String(254))
    role: Mapped[str] = mapped_column(sa.String(16))
    deed: Mapped[str] = mapped_column(sa.String(16))
    subject: Mapped[str] = mapped_column(sa.Text)
    query: Mapped[str] = mapped_column(sa.Text)


class SealRow(Base):
    """A link of the chain over the history of plans and the record: the SHA-256 of a row and of the link before it, so
    that who changes or takes away a row has to make all later links anew. `of`: the row's table.
    """

    __tablename__ = "seal"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    of: Mapped[str] = mapped_column(sa.String(16))
    row: Mapped[int] = mapped_column(index=True)
    mark: Mapped[str] = mapped_column(sa.String(64))


SEALED: Final = (ChangeRow, RecordRow)
# Of the rows of a table, those that may be deleted, by the name of the database's dialect.
_OLD: Final = {
    ("record", "sqlite"): f"OLD.at <= CAST(strftime('%s', 'now') AS REAL) - {_YOUNG}",
    ("record", "postgresql"): f"OLD.at <= extract(epoch FROM now()) - {_YOUNG}",
}
# What makes a table append-only.
_APPEND_ONLY: Final = {
    "sqlite": (
        "CREATE TRIGGER {name}_update BEFORE UPDATE ON {name} BEGIN SELECT RAISE(ABORT, '{refused}'); END",
        "CREATE TRIGGER {name}_delete BEFORE DELETE ON {name} WHEN NOT ({old}) "
        "BEGIN SELECT RAISE(ABORT, '{refused}'); END",
        # INSERT OR REPLACE deletes a row without the trigger of DELETE.
        "CREATE TRIGGER {name}_insert BEFORE INSERT ON {name} WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, '{refused}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND {old} THEN RETURN OLD; END IF; RAISE EXCEPTION '{refused}'; END $$",
        "CREATE TRIGGER {name}_refuse BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()",
        "CREATE TRIGGER {name}_whole BEFORE TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()",
    ),
}


def _protect(connection: sa.Connection, name: str) -> None:
    old = _OLD.get((name, connection.dialect.name), "FALSE")
    for statement in _APPEND_ONLY.get(connection.dialect.name, ()):
        connection.execute(sa.text(statement.format(name=name, old=old, refused=f"the {name} is append-only")))


@sa.event.listens_for(RecordRow.__table__, "after_create")
def _protect_record(_table: Any, connection: sa.Connection, **_: Any) -> None:
    _protect(connection, "record")


def _lock_schema(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _mark(before: str, of: str, row: Mapping[str, Any]) -> str:
    """The mark of a row (by column) that follows a link's; times are told in UTC."""

    def told(value: Any) -> str:
        return f"{(value.astimezone(dt.UTC) if value.tzinfo else value):%Y-%m-%d %H:%M:%S.%f}"

    return hashlib.sha256(json.dumps([before, of, dict(row)], sort_keys=True, default=told).encode()).hexdigest()


def last_mark(connection: sa.Connection) -> str:
    """The mark of the chain's last link; "" where nothing is sealed."""
    mark: str | None = connection.scalar(sa.select(SealRow.mark).order_by(SealRow.id.desc()).limit(1))
    return mark or ""


def _seal(connection: sa.Connection, table: Any, rows: Iterable[Any]) -> None:
    """Add a link for each row (a mapping by column), in this order."""
    _lock_schema(connection)
    mark, links = last_mark(connection), []
    for row in rows:
        mark = _mark(mark, table.name, row)
        links.append({"of": table.name, "row": row["id"], "mark": mark})
    connection.execute(sa.insert(SealRow), links)


@sa.event.listens_for(ChangeRow, "after_insert")
@sa.event.listens_for(RecordRow, "after_insert")
def _seal_row(mapper: Any, connection: sa.Connection, row: Base) -> None:
    values = {column.key: getattr(row, column.key) for column in mapper.columns}
    _seal(connection, mapper.local_table, [values])


def broken_seals(connection: sa.Connection) -> dict[str, int]:
    """Rows that were changed, added or taken away past the program, by table; the oldest of the record may be gone.

    Whoever makes the whole chain anew is not found out, but by a mark of it that was kept elsewhere.
    """
    link = SealRow.__table__
    broken, begun, before, at = Counter[str](), {"change"}, "", {}
    query, tables = sa.select(link.c.of, link.c.mark), {row.__tablename__: row.__table__ for row in SEALED}
    joined: Any = link
    for name, table in tables.items():
        at[name] = len(query.selected_columns)
        query = query.add_columns(*table.c)
        joined = joined.outerjoin(table, sa.and_(link.c.of == name, link.c.row == table.c.id))
        unsealed = sa.select(sa.func.count()).select_from(table)
        held = sa.select(link.c.row).where(link.c.of == name)
        broken[name] += connection.scalar(unsealed.where(table.c.id.not_in(held))) or 0
    for some in connection.execute(query.select_from(joined).order_by(link.c.id)).partitions(_CHUNK):
        for of, mark, *values in map(list, some):
            row = dict(zip(tables[of].c.keys(), values[at[of] - 2 :], strict=False))
            if row["id"] is not None:
                begun.add(of)
                broken[of] += _mark(before, of, row) != mark
            else:
                broken[of] += of in begun
            before = mark
    return +broken


def has_mark(connection: sa.Connection, mark: str) -> bool:
    """Whether the chain has a link with this mark."""
    return connection.scalar(sa.select(SealRow.id).where(SealRow.mark == mark)) is not None


class Database:
    """The database at a URL, opened and with all of its tables.

    `patience`: for how many seconds a transaction waits for another one of SQLite. Raises sqlalchemy's
    DatabaseError where the database cannot be opened.
    """

    def __init__(self, url: str, patience: float = 30.0) -> None:
        self.url = url
        self._engine = _engine(url, patience)
        try:
            self._make_tables()
        except sa.exc.DatabaseError:
            self._engine.dispose()
            raise

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction, committed at its end."""
        with Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read with: it waits for no writer but one that is committing, and locks nobody out."""
        with self._engine.connect().execution_options(**{_READING: True}) as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _make_tables(self) -> None:
        """Make the tables that are not there: all of a new database, those of later versions in an older one."""
        with self.reading() as connection:
            if not Base.metadata.tables.keys() - set(sa.inspect(connection).get_table_names()):
                return
        with self._engine.begin() as connection:
            _lock_schema(connection)
            sealed = sa.inspect(connection).has_table("seal")
            Base.metadata.create_all(connection)
            if not sealed:  # what was written before there was a chain
                _protect(connection, "change")
                for row in SEALED:
                    rows = connection.execute(sa.select(row.__table__).order_by(row.__table__.c.id)).mappings()
                    for some in rows.partitions(_CHUNK):
                        _seal(connection, row.__table__, some)


def _engine(url: str, patience: float) -> sa.Engine:
    """An engine whose SQLite transactions take the lock at once, so that two writers wait instead of failing."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": patience})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        only_reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if only_reading else "BEGIN IMMEDIATE")

    return engine
