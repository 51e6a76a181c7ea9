"""Sessions on the server: they end when they are ended, when they are not used, and when they are old."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from curim_data.plans.database import Database, SignInRow
from curim_data.plans.record import SessionLimits, SessionState, SignIns

LIMITS = SessionLimits(idle=1_800.0, absolute=43_200.0)
KEY = "a" * 64
START = 1_000_000.0


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/plans.sqlite", patience=0.2)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(database: Database, clock: Clock) -> SignIns:
    return SignIns(database, clock)


def rows(database: Database) -> list[tuple[str, float, float, str]]:
    with database.reading() as connection:
        columns = SignInRow.key, SignInRow.issued, SignInRow.seen, SignInRow.ended
        return [tuple(row) for row in connection.execute(sa.select(*columns))]


def test_a_used_session_goes_on_until_its_longest_time(sessions: SignIns, clock: Clock) -> None:
    while clock.now - START <= LIMITS.absolute:
        assert sessions.check(KEY, START, LIMITS) is SessionState.OPEN
        clock.now += 1_700
    assert sessions.check(KEY, START, LIMITS) is SessionState.EXPIRED


def test_an_unused_session_ends_and_stays_ended(sessions: SignIns, clock: Clock) -> None:
    assert sessions.check(KEY, START, LIMITS) is SessionState.OPEN
    clock.now += 1_800
    assert sessions.check(KEY, START, LIMITS) is SessionState.OPEN
    clock.now += 1_801
    assert sessions.check(KEY, START, LIMITS) is SessionState.IDLE
    clock.now -= 1_700  # a clock that is set back revives nothing
    assert sessions.check(KEY, START, LIMITS) is SessionState.IDLE


def test_a_session_that_was_signed_out_of_stays_so(sessions: SignIns, clock: Clock) -> None:
    assert sessions.check(KEY, START, LIMITS) is SessionState.OPEN
    sessions.end(KEY, START)
    for wait in (0, 60, 3_600):
        clock.now += wait
        assert sessions.check(KEY, START, LIMITS) is SessionState.SIGNED_OUT
    assert sessions.check("b" * 64, clock.now, LIMITS) is SessionState.OPEN


def test_one_that_was_never_seen_can_be_ended_too(sessions: SignIns) -> None:
    sessions.end(KEY, START)
    assert sessions.check(KEY, START, LIMITS) is SessionState.SIGNED_OUT


def test_an_old_token_begins_no_session(sessions: SignIns, clock: Clock, database: Database) -> None:
    """So a database that was lost, or rows that were deleted, let nobody in who had signed out."""
    clock.now += 1_801
    assert sessions.check(KEY, START, LIMITS) is SessionState.IDLE
    assert rows(database) == []


def test_every_process_sees_an_end_at_once(database: Database, sessions: SignIns, clock: Clock) -> None:
    other = Database(database.url)
    assert SignIns(other, clock).check(KEY, START, LIMITS) is SessionState.OPEN
    sessions.end(KEY, START)
    assert SignIns(other, clock).check(KEY, START, LIMITS) is SessionState.SIGNED_OUT
    other.close()


def test_two_tabs_begin_one_session(database: Database, clock: Clock) -> None:
    patient = Database(database.url)
    sessions, met, found = SignIns(patient, clock), threading.Barrier(8), []

    def begin() -> None:
        met.wait()
        found.append(sessions.check(KEY, START, LIMITS))

    tabs = [threading.Thread(target=begin) for _ in range(8)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert found == [SessionState.OPEN] * 8
    assert len(rows(database)) == 1
    patient.close()


def test_where_nothing_can_be_written_the_open_go_on_and_no_one_is_let_in(
    database: Database, sessions: SignIns, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert sessions.check(KEY, START, LIMITS) is SessionState.OPEN
    with database.session() as session:
        session.execute(sa.text("SELECT 1"))  # another process is writing
        clock.now += 100
        assert sessions.check(KEY, START, LIMITS) is SessionState.OPEN
        with pytest.raises(sa.exc.OperationalError):
            sessions.check("b" * 64, clock.now, LIMITS)
    assert "could not be written down" in caplog.text
