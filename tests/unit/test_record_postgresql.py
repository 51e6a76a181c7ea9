"""The record in PostgreSQL, on a server of its own: the same steps make it, and nothing in it can be changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from curim_data.keeping import copy_database
from curim_data.model import Plan
from curim_data.plans.database import Database, broken_seals, last_mark
from curim_data.plans.plan_store import PlanStore
from curim_data.plans.record import Deed, Entry, Recorder, people, read_record, write
from curim_data.store import Home
from curim_data.store.settings import RecordSettings
from tests.postgres_server import postgres_server, required

required()

pytestmark = pytest.mark.slow
NOW, DAY = time.time(), 86_400.0
ENTRY = Entry(NOW, "mayor@city.example", "council", Deed.VIEW, "trends", "category=litter&light=dark")
OLD = Entry(NOW - 120 * DAY, "old@city.example", "analyst", Deed.IMPORT, "march.csv")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of its own, for SQLAlchemy."""
    with postgres_server() as address:
        yield address.replace("postgresql", "postgresql+psycopg", 1)


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """A new database, without a table."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"plans_{time.monotonic_ns()}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.rpartition("/")[0] + f"/{name}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    with opened.session() as session:
        write(session, [OLD, ENTRY], RecordSettings())
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET who = 'nobody'",
        "UPDATE record SET at = 0",
        "UPDATE record SET id = id + 1",
        "UPDATE record SET who = who WHERE who = 'old@city.example'",
        "DELETE FROM record",
        "DELETE FROM record WHERE who = 'mayor@city.example'",
        "TRUNCATE record",
        "TRUNCATE record CASCADE",
        "INSERT INTO record SELECT * FROM record ON CONFLICT (id) DO UPDATE SET who = 'nobody'",
        "MERGE INTO record USING record AS own ON record.id = own.id WHEN MATCHED THEN UPDATE SET who = 'nobody'",
        "WITH gone AS (DELETE FROM record RETURNING id) SELECT count(*) FROM gone",
    ],
)
def test_nothing_in_the_record_can_be_changed(database: Database, url: str, statement: str) -> None:
    """By whoever reaches the database, its owner's statements among them."""
    engine = sa.create_engine(url)
    with pytest.raises(sa.exc.DBAPIError, match="the record is append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
    assert read_record(database) == [ENTRY, OLD]


@pytest.mark.parametrize(("days", "kept"), [(88.9, True), (89.1, False)])
def test_the_age_from_which_rows_can_be_deleted_is_89_days(database: Database, days: float, kept: bool) -> None:
    row = Entry(time.time() - days * DAY, "once@city.example", "analyst", Deed.VIEW, "trends")
    with database.session() as session:
        write(session, [row], RecordSettings())
    refused = pytest.raises(sa.exc.DBAPIError, match="append-only") if kept else nullcontext()
    with refused, database.session() as session:
        session.execute(sa.text("DELETE FROM record WHERE who = 'once@city.example'"))
    assert (row in read_record(database)) == kept
    # Read as in a file.
    assert read_record(database, who="old@city.example") == [OLD]
    assert read_record(database, deed=Deed.VIEW, until=NOW + 1, since=NOW - DAY, most=1) == [ENTRY]
    assert people(database)[:2] == ["mayor@city.example", "old@city.example"]


def test_a_recorder_writes_into_it(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURIM_PLANS_URL", url)
    made = Recorder(Home(tmp_path))
    for number in range(200):
        made.add(Entry(NOW + number, "mayor@city.example", "council", Deed.VIEW, f"page {number}"))
    made.note_roles("abc")
    made.note_roles("abc")
    assert made.flush(30)
    made.close()
    database = Database(url)
    found = read_record(database)
    database.close()
    assert [one.subject for one in reversed(found)] == [*(f"page {number}" for number in range(200)), "roles.toml abc"]


def test_plans_and_record_move_there_and_back_with_their_chain(url: str, tmp_path: Path) -> None:
    here, back = (f"sqlite:///{tmp_path / name}" for name in ("here.sqlite", "back.sqlite"))
    own = PlanStore(here)
    plan = own.create(Plan(title="Lighting"), "An office")
    with own.database.session() as session:
        write(session, [OLD, ENTRY], RecordSettings())
    own.close()
    copy_database(here, url)
    moved = PlanStore(url)
    moved.save(replace(plan, title="More lighting"), "An office")
    with ThreadPoolExecutor(4) as several, moved.database.session() as session:
        write(session, [ENTRY], RecordSettings())
        session.commit()
        list(several.map(lambda n: _write_one(url, n), range(12)))
    moved.close()
    copy_database(url, back)
    marks = set()
    for address in (url, back):
        database = Database(address)
        with database.reading() as rows:
            assert broken_seals(rows) == {}
            marks.add(last_mark(rows))
        assert len(read_record(database)) == 15
        database.close()
    assert len(marks) == 1


def _write_one(url: str, number: int) -> None:
    database = Database(url)
    with database.session() as session:
        write(session, [Entry(NOW, "", "council", Deed.VIEW, f"page {number}")], RecordSettings())
    database.close()


def test_processes_that_begin_at_once_make_the_tables_once(url: str) -> None:
    with ThreadPoolExecutor(4) as several:
        for made in several.map(lambda _: Database(url), range(4)):
            assert read_record(made) == []
            made.close()
