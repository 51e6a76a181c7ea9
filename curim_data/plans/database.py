"""The database of what people write and do in the dashboard: SQLite, unless a URL names another one.

Tables that it lacks are made when it is opened; a change of the columns of one would need a step of its own. Several
processes may have it open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

_LOCK: Final = 74_655_002  # any number that names the schema's advisory lock in PostgreSQL
_READING: Final = "curim_reading"
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


# What makes the record append-only, by the name of the database's dialect.
_APPEND_ONLY: Final = {
    "sqlite": (
        "CREATE TRIGGER record_update BEFORE UPDATE ON record "
        "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
        "CREATE TRIGGER record_delete BEFORE DELETE ON record "
        f"WHEN OLD.at > CAST(strftime('%s', 'now') AS REAL) - {_YOUNG} "
        "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
        # INSERT OR REPLACE deletes a row without the trigger of DELETE.
        "CREATE TRIGGER record_insert BEFORE INSERT ON record WHEN EXISTS (SELECT 1 FROM record WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' AND OLD.at <= extract(epoch FROM now()) - {_YOUNG} THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'the record is append-only'; END $$",
        "CREATE TRIGGER record_refuse BEFORE UPDATE OR DELETE ON record FOR EACH ROW EXECUTE FUNCTION record_refuse()",
        "CREATE TRIGGER record_whole BEFORE TRUNCATE ON record FOR EACH STATEMENT EXECUTE FUNCTION record_refuse()",
    ),
}


@sa.event.listens_for(RecordRow.__table__, "after_create")
def _protect_record(_table: Any, connection: sa.Connection, **_: Any) -> None:
    for statement in _APPEND_ONLY.get(connection.dialect.name, ()):
        connection.execute(sa.text(statement))


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
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            Base.metadata.create_all(connection)


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
