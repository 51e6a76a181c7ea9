"""The record of who looked, in which nothing can be changed and for which nobody waits; and sessions on the server."""

from __future__ import annotations

import io
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from curim_data.export.safe_csv import csv_bytes
from curim_data.plans import record
from curim_data.plans.database import Database, SignInRow
from curim_data.plans.record import (
    Deed,
    Entry,
    Recorder,
    Refusal,
    SessionLimits,
    SignIns,
    forget,
    people,
    read_record,
    record_frame,
    write,
)
from curim_data.store import Home
from curim_data.store.settings import RecordSettings

DAY = 86_400.0
NOW = time.time()
ENTRY = Entry(NOW, "mayor@city.example", "council", Deed.VIEW, "trends", "category=litter&light=dark")
USUAL = RecordSettings()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("CURIM_PLANS_URL", raising=False)
    return Home(tmp_path)


@pytest.fixture
def database(home: Home) -> Iterator[Database]:
    opened = Database(home.plans_url, patience=5)
    yield opened
    opened.close()


def add(database: Database, *entries: Entry, settings: RecordSettings = USUAL) -> None:
    with database.session() as session:
        write(session, entries, settings)


def test_what_was_written_is_read_the_latest_first(database: Database) -> None:
    later = replace(ENTRY, at=NOW + 1, who="", role="analyst", deed=Deed.DOWNLOAD, subject="trends.csv")
    add(database, ENTRY, later)
    assert read_record(database) == [later, ENTRY]
    assert read_record(database, most=1) == [later]
    assert read_record(database, until=NOW + 1) == [ENTRY]
    assert read_record(database, since=NOW + 1) == [later]
    assert read_record(database, who="") == [later]
    assert read_record(database, deed=Deed.VIEW) == [ENTRY]
    assert people(database) == ["", "mayor@city.example"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET who = 'nobody'",
        "UPDATE record SET at = 0",
        "DELETE FROM record",
        "DELETE FROM record WHERE id = 1",
        "INSERT OR REPLACE INTO record VALUES (1, 0, 'nobody', '', 'view', '', '')",
        "REPLACE INTO record VALUES (1, 0, 'nobody', '', 'view', '', '')",
        "INSERT INTO record VALUES (1, 0, 'nobody', '', 'view', '', '') ON CONFLICT (id) DO UPDATE SET who = 'nobody'",
        "UPDATE OR REPLACE record SET id = 2",
    ],
)
def test_the_database_refuses_every_change(database: Database, home: Home, statement: str) -> None:
    add(database, replace(ENTRY, at=time.time()), replace(ENTRY, at=time.time() - 88 * DAY))
    before = read_record(database)
    bare = sqlite3.connect(home.path / "plans.sqlite")  # without anything of ours in between
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        bare.execute(statement)
    bare.close()
    assert read_record(database) == before


def test_old_rows_are_deleted_by_the_citys_setting_and_their_numbers_stay_used(database: Database, home: Home) -> None:
    now = time.time()
    ages = (400.0, 366.0, 364.0, 100.0, 0.0)
    add(database, *(replace(ENTRY, at=now - age * DAY) for age in ages))
    assert forget(database, USUAL, now) == 2
    assert forget(database, RecordSettings(keep_days=90), now) == 2
    assert [round((now - one.at) / DAY) for one in read_record(database)] == [0]
    bare = sqlite3.connect(home.path / "plans.sqlite")
    assert bare.execute("SELECT id FROM record").fetchall() == [(5,)]
    bare.close()
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):  # whatever the clock of the dashboard says
        forget(database, USUAL, now + 1_000 * DAY)
    assert len(read_record(database)) == 1


def test_the_councils_filters_are_left_out_where_the_city_says_so(database: Database) -> None:
    roles = ("public", "council", "specialist", "analyst")
    add(database, *(replace(ENTRY, role=role) for role in roles), settings=RecordSettings(council_filters=False))
    told = dict.fromkeys(roles[:2], "") | dict.fromkeys(roles[2:], ENTRY.query)
    assert {one.role: one.query for one in read_record(database)} == told


@pytest.mark.slow
def test_a_file_of_roles_is_noted_when_it_changes_in_any_process(home: Home, database: Database) -> None:
    for digest in ("a", "a", "b"):
        one = Recorder(home)  # a process that was started anew
        one.note_roles(digest)
        one.note_roles(digest)
        one.close(60)
    assert [entry.subject for entry in read_record(database)] == ["roles.toml b", "roles.toml a"]


def test_readers_do_not_wait_and_all_is_written_at_the_end(home: Home, database: Database) -> None:
    made = Recorder(home)
    with database.session() as session:
        session.execute(sa.text("SELECT 1"))  # another process writes for a while
        began = time.perf_counter()
        for number in range(2_000):
            made.add(replace(ENTRY, subject=str(number)))
        taken = time.perf_counter() - began
        assert not made.flush(0.05)
    made.close(60)
    assert taken < record.PATIENCE, "not one of two thousand clicks waited for the database"
    assert [one.subject for one in read_record(database)] == [str(number) for number in reversed(range(2_000))]


def test_what_is_lost_is_told_in_the_record(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A home that cannot be written: the reader goes on, entries wait, and what does not fit is counted."""
    monkeypatch.setattr(record, "AGAIN_AFTER", 0.02)
    (home.path / "plans.sqlite").mkdir()
    made = Recorder(home, most=10)
    for number in range(50):
        made.add(replace(ENTRY, subject=str(number)))
    assert not made.flush(0.3)
    assert "could not be written" in caplog.text
    (home.path / "plans.sqlite").rmdir()
    assert made.flush(60)
    made.close()
    database = Database(home.plans_url)
    rows = list(reversed(read_record(database)))
    kept = [one.subject for one in rows if one.deed is Deed.VIEW]
    lost = sum(int(one.subject.split()[0]) for one in rows if one.deed is Deed.GAP)
    assert kept[0] == "0"
    assert len(kept) + lost == 50
    assert lost > 0
    database.close()


def test_an_end_does_not_hang_where_nothing_can_be_written(home: Home) -> None:
    (home.path / "plans.sqlite").mkdir()
    made, began = Recorder(home), time.perf_counter()
    made.add(ENTRY)
    made.close(0.2)
    assert time.perf_counter() - began < 3


def test_two_processes_write_at_once(home: Home, database: Database) -> None:
    recorders = [Recorder(home) for _ in range(4)]

    def many(one: Recorder, number: int) -> None:
        for at in range(200):
            one.add(replace(ENTRY, at=NOW + at, subject=str(number)))
        one.close(60)

    with ThreadPoolExecutor(4) as processes:
        list(processes.map(many, recorders, range(4)))
    rows = list(reversed(read_record(database)))
    assert len(rows) == 800
    for number in range(4):
        assert [one.at for one in rows if one.subject == str(number)] == [NOW + at for at in range(200)]


@given(st.lists(st.tuples(*[st.text(max_size=20)] * 4), min_size=1, max_size=5))
def test_no_text_in_the_export_is_a_formula(texts: list[tuple[str, str, str, str]]) -> None:
    starts = ("=", "+", "-", "@", "\t", "\r")
    entries = [
        Entry(float(at), who, role, Deed.VIEW, subject, query) for at, (who, role, subject, query) in enumerate(texts)
    ]
    entries.append(Entry(0.0, "=cmd|' /C calc'!A0", "+1", Deed.VIEW, "@SUM(A1)", "\t=1+1"))
    data = csv_bytes(record_frame(entries)).decode("utf-8-sig")
    read = pd.read_csv(io.StringIO(data), dtype=str, keep_default_na=False)
    cells = [cell for column in read for cell in read[column]]
    assert not [cell for cell in cells if cell.lstrip(" \u00a0").startswith(starts)]


LIMITS = SessionLimits(idle=1_800.0, absolute=43_200.0)
KEY = "a" * 64
START = 1_000_000.0


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(database: Database, clock: Clock) -> SignIns:
    return SignIns(database, clock)


def count(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(SignInRow)) or 0


def test_a_used_session_goes_on_until_its_longest_time(sessions: SignIns, clock: Clock) -> None:
    while clock.now - START <= LIMITS.absolute:
        assert sessions.check(KEY, START, LIMITS) is None
        clock.now += 1_700
    assert sessions.check(KEY, START, LIMITS) is Refusal.EXPIRED


def test_an_unused_session_ends_and_stays_ended_and_an_old_token_begins_none(
    sessions: SignIns, clock: Clock, database: Database
) -> None:
    """So a database that was lost, or rows that were deleted, let nobody in who had signed out."""
    assert sessions.check(KEY, START, LIMITS) is None
    clock.now += 1_800
    assert sessions.check(KEY, START, LIMITS) is None
    clock.now += 1_801
    assert sessions.check(KEY, START, LIMITS) is Refusal.IDLE
    assert sessions.check("b" * 64, START, LIMITS) is Refusal.IDLE
    assert count(database) == 1
    clock.now -= 1_700  # a clock that is set back revives nothing
    assert sessions.check(KEY, START, LIMITS) is Refusal.IDLE


def test_a_session_that_was_signed_out_of_stays_so_and_every_process_sees_it_at_once(
    database: Database, sessions: SignIns, clock: Clock
) -> None:
    other = Database(database.url)
    assert SignIns(other, clock).check(KEY, START, LIMITS) is None
    for key in (KEY, "c" * 64):  # one that was never seen, too
        sessions.end(key, START)
    assert SignIns(other, clock).check(KEY, START, LIMITS) is Refusal.SIGNED_OUT
    other.close()
    for wait in (0, 60, 3_600):
        clock.now += wait
        assert {sessions.check(key, START, LIMITS) for key in (KEY, "c" * 64)} == {Refusal.SIGNED_OUT}
    assert sessions.check("b" * 64, clock.now, LIMITS) is None


def test_two_tabs_begin_one_session(database: Database, clock: Clock) -> None:
    patient = Database(database.url)
    sessions, met = SignIns(patient, clock), threading.Barrier(8)

    def begin(_: int) -> Refusal | None:
        met.wait()
        return sessions.check(KEY, START, LIMITS)

    with ThreadPoolExecutor(8) as tabs:
        assert set(tabs.map(begin, range(8))) == {None}
    assert count(database) == 1
    patient.close()


def test_where_nothing_can_be_written_the_open_go_on_and_no_one_is_let_in(
    home: Home, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(home.plans_url, patience=0.2)
    sessions = SignIns(database, clock)
    assert sessions.check(KEY, START, LIMITS) is None
    with database.session() as session:
        session.execute(sa.text("SELECT 1"))  # another process is writing
        clock.now += 100
        assert sessions.check(KEY, START, LIMITS) is None
        with pytest.raises(sa.exc.OperationalError):
            sessions.check("b" * 64, clock.now, LIMITS)
    assert "could not be written down" in caplog.text
    database.close()
