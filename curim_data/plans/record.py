"""Who looked at what and did what, for the city's data-protection officer; and the sessions of those who signed in.

**The record** (`Recorder`). A row says who, when, in which role, which page or command, under which filter (as a query
string), and what was downloaded, imported, undone, erased or changed; also who signed in and out, and whom the
dashboard did not let in. It holds nothing of an alert: no id, no text, no count.

The table is append-only by triggers of the database: a row cannot be changed, and one that is younger than the
shortest time that a city can set cannot be deleted. Older rows are deleted by the city's own setting, since a record
about people may not be kept for ever either; the triggers leave that one way open by the age of the row, not by a
switch that anybody could turn. They stop mistakes, and everything that goes through the dashboard's own code. Whoever
owns the database's file or its server can still take the triggers away; a city that has to guard against that copies
the record elsewhere (`curim audit --out`), or keeps it on a server of its own (CURIM_PLANS_URL).

Readers never wait for it: a `Recorder` takes an entry in memory, and a thread of its own writes. Where nothing can be
written entries wait in memory, up to a number; what is lost beyond that is counted and told in the record itself.

**Sessions** (`SignIns`). Streamlit keeps a signed-in reader in a signed cookie that is good for 30 days, and signing
out only removes it from that browser: a copy of it would go on working. Here each session has a row under a hash of
what its identity token holds (among it the nonce, which is drawn for each sign-in). It ends when its reader signs out,
after a time without use, and after a time whatever its use; every process that has the database open sees the end at
once. A session is first seen right after its token was issued. One that is not known and whose token is older than the
time without use is refused: so rows may be deleted, and a lost database ends sessions instead of reviving them.
"""

from __future__ import annotations

import atexit
import datetime as dt
import hashlib
import json
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from curim_data.model import Message, Role
from curim_data.plans.database import Database, RecordRow, SealRow, SignedInRow, SignInRow
from curim_data.store import Home
from curim_data.store.settings import RecordSettings, SettingsError, read_record_settings

LOG: Final = logging.getLogger("curim")
LONGEST: Final = {"who": 254, "role": 16, "deed": 16, "subject": 300, "query": 4_000}  # characters
MOST_WAITING: Final = 10_000
AT_ONCE: Final = 500
AGAIN_AFTER: Final = 15.0  # seconds, where nothing could be written
PATIENCE: Final = 5.0


class Deed(StrEnum):
    """What somebody did."""

    VIEW = "view"
    REFUSED = "refused"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    NOT_ADMITTED = "not_admitted"
    DOWNLOAD = "download"
    IMPORT = "import"
    UNDO = "undo"
    ERASE = "erase"
    CHANGE = "change"
    COMMAND = "command"
    GAP = "gap"


DEED_WORDS: Final[dict[Deed, Message]] = {
    Deed.VIEW: Message("Page viewed"),
    Deed.REFUSED: Message("Page refused"),
    Deed.SIGN_IN: Message("Signed in"),
    Deed.SIGN_OUT: Message("Signed out"),
    Deed.NOT_ADMITTED: Message("Sign-in refused"),
    Deed.DOWNLOAD: Message("File downloaded"),
    Deed.IMPORT: Message("File imported"),
    Deed.UNDO: Message("Import undone"),
    Deed.ERASE: Message("Alerts erased"),
    Deed.CHANGE: Message("Change made"),
    Deed.COMMAND: Message("Command run"),
    Deed.GAP: Message("Not recorded"),
}


@dataclass(frozen=True)
class Entry:
    """One row: `at` in seconds since 1970 (UTC), `who` an address or "" for whoever sits at the computer itself.

    `role`: as which the reader saw the page. `subject`: a page, a command, a file, a batch, a part of the profile.
    """

    at: float
    who: str
    role: str
    deed: Deed
    subject: str
    query: str = ""


class Recorder:
    """Takes entries for a home's record and writes them in a thread of its own.

    `clock`: seconds since 1970. Nothing that goes wrong here is ever raised to the caller.
    """

    def __init__(self, home: Home, clock: Callable[[], float] = time.time, most: int = MOST_WAITING) -> None:
        self._home = home
        self._clock = clock
        self._waiting: queue.Queue[Entry] = queue.Queue(most)
        self._lost = 0
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._database: Database | None = None
        self._forgot = float("-inf")
        self._roles = ""

    def add(self, entry: Entry) -> None:
        """Take an entry; it is written later, or counted as lost where too many wait."""
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            self._lost += 1
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="record", daemon=True)
                    self._thread.start()

    def note_roles(self, digest: str) -> None:
        """Take that the file of roles holds this now; written where the record does not say so already."""
        if digest != self._roles:
            self._roles = digest
            self.add(Entry(self._clock(), "", "", Deed.CHANGE, f"{ROLES} {digest}"))

    def flush(self, timeout: float = PATIENCE) -> bool:
        """Wait until everything taken so far is written; whether it was in that time (seconds)."""
        with self._waiting.all_tasks_done:
            return self._waiting.all_tasks_done.wait_for(lambda: not self._waiting.unfinished_tasks, timeout)

    def close(self, timeout: float = PATIENCE) -> None:
        """Write what is waiting, for so long at most, and end."""
        if self._thread is not None:
            self.flush(timeout)
        self._ending.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _work(self) -> None:
        """Write what comes, each time again and again until it can be written or the recorder ends."""
        while not self._ending.is_set():
            taken: list[Entry] = []
            with suppress(queue.Empty):
                taken.append(self._waiting.get(timeout=0.5))
                while len(taken) < AT_ONCE:
                    taken.append(self._waiting.get_nowait())
            while taken and not self._write(taken) and not self._ending.wait(AGAIN_AFTER):
                pass
            for _ in taken:
                self._waiting.task_done()
        if self._database is not None:
            self._database.close()

    def _write(self, entries: Sequence[Entry]) -> bool:
        try:
            if self._database is None:
                self._database = Database(self._home.plans_url, PATIENCE)
            settings = record_settings(self._home)
            lost, now = self._lost, self._clock()
            gap = [Entry(now, "", "", Deed.GAP, str(lost))] if lost else []
            with self._database.session() as session:
                write(session, [*entries, *gap], settings)
            self._lost -= lost
            if now - self._forgot > 6 * 3_600:
                self._forgot = now
                forget(self._database, settings, now)
        except Exception as error:  # whatever it is, no reader is to notice
            LOG.warning("the record could not be written: %s", " ".join(str(error).split())[:300])
            return False
        return True


ROLES: Final = "roles.toml"
# The subject of the latest row that says what the file of roles holds.
LAST_ROLES: Final = (
    sa.select(RecordRow.subject)
    .where(RecordRow.deed == Deed.CHANGE.value, RecordRow.subject.startswith(f"{ROLES} ", autoescape=True))
    .order_by(RecordRow.id.desc())
    .limit(1)
)
# Roles that read protected numbers alone.
PROTECTED: Final = tuple(role.name.lower() for role in Role if role <= Role.COUNCIL)


def write(session: Session, entries: Sequence[Entry], settings: RecordSettings) -> None:
    """Add rows: texts cut to their length, the council's filters left out where the city says so."""
    for entry in entries:
        row = asdict(entry) | {name: str(getattr(entry, name))[:most] for name, most in LONGEST.items()}
        if not settings.council_filters and entry.role in PROTECTED:
            row["query"] = ""
        if entry.subject.startswith(f"{ROLES} ") and session.scalar(LAST_ROLES) == row["subject"]:
            continue
        session.add(RecordRow(**row))
        session.flush()


def forget(database: Database, settings: RecordSettings, now: float) -> int:
    """Delete the rows that are older than the city keeps; how many."""
    limit = now - settings.keep_days * 86_400
    # Processes write a little out of order; what is forgotten is the beginning of the chain, without holes.
    young = sa.select(sa.func.min(RecordRow.id)).where(RecordRow.at.between(limit, now + 86_400)).scalar_subquery()
    old = sa.delete(RecordRow).where(RecordRow.at < limit, sa.func.coalesce(RecordRow.id < young, sa.true()))
    of, row = SealRow.of == "record", SealRow.row
    first = sa.select(sa.func.min(SealRow.id)).where(of, row.in_(sa.select(RecordRow.id))).scalar_subquery()
    last_gone = sa.select(sa.func.max(SealRow.id)).where(of, SealRow.id < first).scalar_subquery()
    with database.session() as session:
        gone = len(session.scalars(old.returning(RecordRow.id)).all())
        # A mark is made of its row, so it goes with it; the last one stays, since the next one follows from it.
        session.execute(sa.delete(SealRow).where(of, SealRow.id < last_gone))
        return gone


def record_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Rows as a table for export: time (UTC, ISO 8601), who, role, deed, subject, query; texts as they are."""
    columns = ("time", "who", "role", "deed", "subject", "query")
    rows = [
        (dt.datetime.fromtimestamp(one.at, dt.UTC).isoformat(timespec="seconds"), one.who, one.role, one.deed.value,
         one.subject, one.query)
        for one in entries
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def read_record(
    database: Database,
    *,
    since: float | None = None,
    until: float | None = None,
    who: str | None = None,
    deed: Deed | None = None,
    most: int | None = None,
) -> list[Entry]:
    """The rows from and until a time (seconds since 1970), by whom, of what (None: all); the latest first, `most`."""
    same = {RecordRow.who: who, RecordRow.deed: deed and deed.value}
    query = sa.select(RecordRow.at, *(getattr(RecordRow, name) for name in LONGEST)).order_by(RecordRow.id.desc())
    query = query.where(RecordRow.at >= (since or 0.0), RecordRow.at < (until or math.inf))
    query = query.where(*(column == value for column, value in same.items() if value is not None))
    with database.reading() as connection:
        rows = connection.execute(query.limit(most)).mappings().all()
    return [Entry(**{**row, "deed": Deed(row["deed"])}) for row in rows]


def people(database: Database) -> list[str]:
    """Everybody in the record, in order."""
    with database.reading() as connection:
        return sorted(connection.scalars(sa.select(RecordRow.who).distinct()))


def record_settings(home: Home) -> RecordSettings:
    """What the city set; where that cannot be used, the usual, which the log tells."""
    try:
        return read_record_settings(home)
    except SettingsError as error:
        LOG.warning("how long the record is kept cannot be read: %s", error)
        return RecordSettings()


@lru_cache(maxsize=256)
def recorder(home: Home) -> Recorder:
    """The recorder of a home in this process; what waits is written when the process ends."""
    made = Recorder(home)
    atexit.register(made.close)
    return made


def record_now(home: Home, entry: Entry) -> None:
    """Write one entry at once, for a command that is done; what goes wrong is told in the log alone."""
    made = Recorder(home)
    made._write([entry])
    if made._database is not None:
        made._database.close()


# The claims of an identity token that tell one sign-in from all others, those of the same person included.
CLAIMS: Final = ("iss", "sub", "aud", "iat", "exp", "nonce", "jti", "sid", "at_hash", "auth_time")


class Refusal(StrEnum):
    """Why a reader who signed in is not let in; the first three are ends of a session."""

    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    EXPIRED = "expired"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"
    NO_CITY = "no_city"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class SessionLimits:
    """After how many seconds a session ends: without use, and whatever its use."""

    idle: float
    absolute: float


NO_LIMITS: Final = SessionLimits(math.inf, math.inf)


@dataclass(frozen=True)
class OpenSession:
    """A session that goes on: its key, whose it is, when it began and was used last (seconds since 1970)."""

    key: str
    who: str
    issued: float
    seen: float


def session_key(claims: Mapping[str, Any]) -> str:
    """The name of a session: a SHA-256 in hexadecimal, from which nothing about the person can be read."""
    of = json.dumps([claims.get(name) for name in CLAIMS], sort_keys=True, default=str)
    return hashlib.sha256(of.encode()).hexdigest()


class SignIns:
    """The sessions in a database. `clock`: seconds since 1970.

    Methods raise sqlalchemy's SQLAlchemyError where the database does not answer; the caller lets nobody in then.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._begun: set[str] = set()

    def check(
        self, key: str, issued: float, limits: SessionLimits, who: str = "", *, using: bool = True
    ) -> Refusal | None:
        """Why a session has ended; None for one that goes on. `issued`: when its token was (seconds since 1970); `who`:
        whose it is.

        `using`: whether this is a click of it: what the page does by itself is no use of it.
        """
        now = self._clock()
        if now - issued > limits.absolute:
            return Refusal.EXPIRED
        with self._database.reading() as connection:
            row = connection.execute(sa.select(SignInRow.seen, SignInRow.ended).where(SignInRow.key == key)).first()
        if row is None:
            return Refusal.IDLE if now - issued > limits.idle else self._begin(key, issued, now, limits, who)
        if row.ended:
            return Refusal(row.ended)
        if now - row.seen > limits.idle:
            return self.end(key, issued, Refusal.IDLE)
        # Writing down every click would make every click write.
        if using and now - row.seen > min(30.0, limits.idle / 10):
            self._note_use(key, now)
        return None

    def begun(self, key: str) -> bool:
        """Whether a session began here since this was asked of it last: once in all processes of a database."""
        known = key in self._begun
        self._begun.discard(key)
        return known

    def end(self, key: str, issued: float, why: Refusal = Refusal.SIGNED_OUT) -> Refusal:
        """End a session for good, known or not; one that has ended keeps its first reason, which is returned."""
        with self._database.session() as session:
            row = session.get(SignInRow, key, with_for_update=True)
            if row is None:
                session.add(SignInRow(key=key, issued=issued, seen=self._clock(), ended=why.value))
                return why
            row.ended = row.ended or why.value
            return Refusal(row.ended)

    def of(self, who: str | None, limits: SessionLimits) -> list[OpenSession]:
        """The sessions of a person that go on (None: of everybody), the one used last first."""
        now = self._clock()
        query = (
            sa.select(SignInRow.key, SignedInRow.who, SignInRow.issued, SignInRow.seen)
            .join(SignedInRow, SignedInRow.key == SignInRow.key)
            .where(
                SignInRow.ended == "", SignInRow.seen >= now - limits.idle, SignInRow.issued >= now - limits.absolute
            )
            .order_by(SignInRow.seen.desc())
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.where(SignedInRow.who == who) if who is not None else query).all()
        return [OpenSession(*row) for row in rows]

    def _begin(self, key: str, issued: float, now: float, limits: SessionLimits, who: str) -> Refusal | None:
        """Write down a new session, and forget those that can be open no more."""
        # Rows are kept for a day longer than a session can last.
        over = sa.delete(SignInRow).where(SignInRow.issued < now - limits.absolute - 86_400)
        try:
            with self._database.session() as session:
                session.execute(over)
                session.execute(sa.delete(SignedInRow).where(SignedInRow.key.not_in(sa.select(SignInRow.key))))
                session.add_all((SignInRow(key=key, issued=issued, seen=now, ended=""), SignedInRow(key=key, who=who)))
        except sa.exc.IntegrityError:  # another tab of the same browser came first
            with self._database.reading() as connection:
                ended = connection.scalar(sa.select(SignInRow.ended).where(SignInRow.key == key))
            return Refusal(ended) if ended else None
        self._begun.add(key)
        return None

    def _note_use(self, key: str, now: float) -> None:
        """Write down that a session was used; where that fails it ends the sooner."""
        change = sa.update(SignInRow).where(SignInRow.key == key, SignInRow.ended == "", SignInRow.seen < now)
        try:
            with self._database.session() as session:
                session.execute(change.values(seen=now))
        except sa.exc.OperationalError as error:
            LOG.warning("the use of a session could not be written down: %s", error)
