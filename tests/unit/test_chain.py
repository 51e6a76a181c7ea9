"""The chain over the history of plans and the record: what is changed past the program is found."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curim_data.model import Plan
from curim_data.plans.database import Database, broken_seals, has_mark, last_mark
from curim_data.plans.plan_store import PlanStore
from curim_data.plans.record import Deed, Entry, forget, write
from curim_data.store.settings import RecordSettings

NOW, DAY = time.time(), 86_400.0
ENTRY = Entry(NOW, "mayor@city.example", "council", Deed.VIEW, "trends", "light=dark")


def broken(url: str, mark: str = "") -> dict[str, int]:
    """What the chain of a database says; `mark`: one that it has to have."""
    database = Database(url)
    with database.reading() as rows:
        assert not mark or has_mark(rows, mark)
        found = broken_seals(rows)
    database.close()
    return found


def add(url: str, *ages: float) -> None:
    database = Database(url)
    with database.session() as session:
        write(session, [replace(ENTRY, at=NOW - age * DAY) for age in ages], RecordSettings())
    database.close()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Links 1 to 6: a plan, three rows of the record, a change of the plan, a row of the record."""
    url = f"sqlite:///{tmp_path / 'plans.sqlite'}"
    store = PlanStore(url)
    plan = store.create(Plan(title="Lighting"), "An office")
    add(url, 400, 200, 0)
    store.save(replace(plan, title="More lighting"), "An office")
    add(url, 0)
    store.close()
    return tmp_path / "plans.sqlite"


def run(path: Path, statement: str) -> None:
    """As somebody would who has the file and not the program."""
    bare = sqlite3.connect(path)
    for (name,) in bare.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        bare.execute(f"DROP TRIGGER {name}")
    bare.execute(statement)
    bare.commit()
    bare.close()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT 1", {}),
        ("UPDATE change SET at = '2020-01-01 00:00:00.000000' WHERE id = 1", {"change": 1}),
        ("UPDATE change SET new = '\"Less\"' WHERE id = 2", {"change": 1}),
        ("DELETE FROM change WHERE id = 1", {"change": 1}),
        ("UPDATE record SET who = 'nobody' WHERE id = 2", {"record": 1}),
        ("UPDATE record SET at = at + 1 WHERE id >= 2", {"record": 3}),
        ("DELETE FROM record WHERE id = 3", {"record": 1}),
        ("DELETE FROM record WHERE id <= 2", {}),  # as the setting of the city does
        ("INSERT INTO record SELECT 9, at, who, role, deed, subject, query FROM record WHERE id = 1", {"record": 1}),
        ("DELETE FROM seal WHERE id = 3", {"record": 2}),  # that row has none, and the next one does not follow
        ("UPDATE seal SET mark = 'ff' WHERE id = 1", {"change": 1, "record": 1}),
    ],
)
def test_what_was_changed_past_the_program_breaks_the_chain(path: Path, statement: str, found: dict[str, int]) -> None:
    run(path, statement)
    assert broken(f"sqlite:///{path}") == found


def test_a_chain_made_anew_lacks_the_mark_that_was_kept(path: Path) -> None:
    url = f"sqlite:///{path}"
    database = Database(url)
    with database.reading() as rows:
        mark = last_mark(rows)
    database.close()
    add(url, 0)
    assert broken(url, mark) == {}
    run(path, "UPDATE change SET who = 'Nobody'")
    run(path, "DROP TABLE seal")
    assert broken(url) == {}
    with pytest.raises(AssertionError):
        broken(url, mark)


def test_what_is_forgotten_leaves_a_whole_chain_and_no_mark_of_its_own(path: Path) -> None:
    url = f"sqlite:///{path}"
    add(url, 300, 100, 299)  # processes write a little out of order
    database = Database(url)
    assert forget(database, RecordSettings(keep_days=110), NOW) == 2
    with database.reading() as rows:
        assert rows.exec_driver_sql("SELECT row FROM seal WHERE of = 'record' ORDER BY id").scalars().all() == [
            2,
            3,
            4,
            5,
            6,
            7,
        ]
    database.close()
    assert broken(url) == {}


def test_nobody_rewrites_the_history_by_the_database(path: Path) -> None:
    bare = sqlite3.connect(path)
    for statement in ("UPDATE change SET who = 'Nobody'", "DELETE FROM change"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            bare.execute(statement)
    bare.close()


def test_rows_of_an_earlier_version_are_sealed_at_the_next_opening(path: Path) -> None:
    shutil.copy(path, path.with_name("earlier.sqlite"))
    run(path.with_name("earlier.sqlite"), "DROP TABLE seal")
    url = f"sqlite:///{path.with_name('earlier.sqlite')}"
    assert broken(url) == {}
    add(url, 0)
    run(path.with_name("earlier.sqlite"), "UPDATE change SET who = 'Nobody' WHERE id = 2")
    assert broken(url) == {"change": 1}
