"""Sessions of people who signed in, kept by the server, so that a session that has ended stays ended.

Streamlit keeps a signed-in reader in a signed cookie that is good for 30 days, and signing out only removes it from
that browser: a copy of it would go on working. Here each session has a row under a hash of what its identity token
holds (among it the nonce, which is drawn for each sign-in). It ends when its reader signs out, after a time without
use, and after a time whatever its use; every process that has the database open sees the end at once.

A session is first seen right after its token was issued. One that is not known and whose token is older than the time
without use is refused: so rows may be deleted, and a lost database ends sessions instead of reviving them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from curim_data.plans.database import Database, SignInRow

LOG: Final = logging.getLogger("curim")
# The claims of an identity token that tell one sign-in from all others, those of the same person included.
CLAIMS: Final = ("iss", "sub", "aud", "iat", "exp", "nonce", "jti", "sid", "at_hash", "auth_time")
# Writing down every click would make every click write: use is written down at most so often, in seconds.
NOTED_EVERY: Final = 30.0
KEPT: Final = 86_400.0  # rows are kept for a day longer than a session can last


class SessionState(StrEnum):
    """Whether a session may go on, and if not, why it ended."""

    OPEN = "open"
    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    EXPIRED = "expired"


@dataclass(frozen=True)
class SessionLimits:
    """After how many seconds a session ends: without use, and whatever its use."""

    idle: float
    absolute: float


def session_key(claims: Mapping[str, Any]) -> str:
    """The name of a session: a SHA-256 in hexadecimal, from which nothing about the person can be read."""
    told = json.dumps([claims.get(name) for name in CLAIMS], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


class SignIns:
    """The sessions in a database. `clock`: seconds since 1970.

    Methods raise sqlalchemy's SQLAlchemyError where the database does not answer; the caller lets nobody in then.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._begun: set[str] = set()

    def check(self, key: str, issued: float, limits: SessionLimits, *, using: bool = True) -> SessionState:
        """Whether a session may go on; `issued`: when its token was (seconds since 1970); `using`: as a click of it.

        What the page does by itself is no use of it.
        """
        now = self._clock()
        if now - issued > limits.absolute:
            return SessionState.EXPIRED
        with self._database.reading() as connection:
            row = connection.execute(sa.select(SignInRow.seen, SignInRow.ended).where(SignInRow.key == key)).first()
        if row is None:
            if now - issued > limits.idle:
                return SessionState.IDLE
            return self._begin(key, issued, now, limits)
        if row.ended:
            return SessionState(row.ended)
        if now - row.seen > limits.idle:
            return self.end(key, issued, SessionState.IDLE)
        if using and now - row.seen > min(NOTED_EVERY, limits.idle / 10):
            self._note_use(key, now)
        return SessionState.OPEN

    def begun(self, key: str) -> bool:
        """Whether a session began here since this was asked of it last: once in all processes of a database."""
        known = key in self._begun
        self._begun.discard(key)
        return known

    def end(self, key: str, issued: float, why: SessionState = SessionState.SIGNED_OUT) -> SessionState:
        """End a session for good, known or not; one that has ended keeps its first reason, which is returned."""
        with self._database.session() as session:
            row = session.get(SignInRow, key, with_for_update=True)
            if row is None:
                session.add(SignInRow(key=key, issued=issued, seen=self._clock(), ended=why.value))
                return why
            row.ended = row.ended or why.value
            return SessionState(row.ended)

    def _begin(self, key: str, issued: float, now: float, limits: SessionLimits) -> SessionState:
        """Write down a new session, and forget those that can be open no more."""
        over = sa.delete(SignInRow).where(SignInRow.issued < now - limits.absolute - KEPT)
        try:
            with self._database.session() as session:
                session.execute(over)
                session.add(SignInRow(key=key, issued=issued, seen=now, ended=""))
        except sa.exc.IntegrityError:  # another tab of the same browser came first
            with self._database.reading() as connection:
                ended = connection.scalar(sa.select(SignInRow.ended).where(SignInRow.key == key))
            return SessionState(ended) if ended else SessionState.OPEN
        self._begun.add(key)
        return SessionState.OPEN

    def _note_use(self, key: str, now: float) -> None:
        """Write down that a session was used; where that fails it ends the sooner."""
        change = sa.update(SignInRow).where(SignInRow.key == key, SignInRow.ended == "", SignInRow.seen < now)
        try:
            with self._database.session() as session:
                session.execute(change.values(seen=now))
        except sa.exc.OperationalError as error:
            LOG.warning("the use of a session could not be written down: %s", error)
