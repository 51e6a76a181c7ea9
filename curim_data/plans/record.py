"""The record of who looked at what and did what, for the city's data-protection officer.

A row says who, when, in which role, which page or command, under which filter (as a query string), and what was
downloaded, imported, undone, erased or changed; also who signed in and out, and whom the dashboard did not let in. It
holds nothing of an alert: no id, no text, no count.

The table is append-only by triggers of the database: a row cannot be changed, and one that is younger than the
shortest time that a city can set cannot be deleted. Older rows are deleted by the city's own setting, since a record
about people may not be kept for ever either; the triggers leave that one way open by the age of the row, not by a
switch that anybody could turn. They stop mistakes, and everything that goes through the dashboard's own code. Whoever
owns the database's file or its server can still take the triggers away; a city that has to guard against that copies
the record elsewhere (`curim audit --out`), or keeps it on a server of its own (CURIM_PLANS_URL).

Readers never wait for it: a `Recorder` takes an entry in memory, and a thread of its own writes. Where nothing can be
written entries wait in memory, up to a number; what is lost beyond that is counted and told in the record itself.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from curim_data.model import Message, Role
from curim_data.plans.database import Database, RecordRow
from curim_data.store import Home
from curim_data.store.settings import RecordSettings, SettingsError, read_record_settings

LOG: Final = logging.getLogger("curim")
LONGEST: Final = {"who": 254, "role": 16, "deed": 16, "subject": 300, "query": 4_000}  # characters
MOST_WAITING: Final = 10_000
AT_ONCE: Final = 500
AGAIN_AFTER: Final = 15.0  # seconds, where nothing could be written
FORGOTTEN_EVERY: Final = 6 * 3_600.0
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


@dataclass(frozen=True)
class Wanted:
    """Which rows are asked for: from and until (seconds since 1970), by whom, what. None: all."""

    since: float | None = None
    until: float | None = None
    who: str | None = None
    deed: Deed | None = None


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
            if now - self._forgot > FORGOTTEN_EVERY:
                self._forgot = now
                forget(self._database, settings, now)
        except Exception as error:  # whatever it is, no reader is to notice
            LOG.warning("the record could not be written: %s", " ".join(str(error).split())[:300])
            return False
        return True


ROLES: Final = "roles.toml"


def write(session: Session, entries: Sequence[Entry], settings: RecordSettings) -> None:
    """Add rows: texts cut to their length, the council's filters left out where the city says so."""
    for entry in entries:
        row = asdict(entry) | {name: str(getattr(entry, name))[:most] for name, most in LONGEST.items()}
        if not settings.council_filters and entry.role in PROTECTED:
            row["query"] = ""
        if entry.subject.startswith(f"{ROLES} ") and _last_roles(session) == row["subject"]:
            continue
        session.add(RecordRow(**row))
        session.flush()


# Roles that read protected numbers alone.
PROTECTED: Final = tuple(role.name.lower() for role in Role if role <= Role.COUNCIL)


def _last_roles(session: Session) -> str | None:
    known = sa.select(RecordRow.subject).where(
        RecordRow.deed == Deed.CHANGE.value, RecordRow.subject.startswith(f"{ROLES} ", autoescape=True)
    )
    return session.scalar(known.order_by(RecordRow.id.desc()).limit(1))


def forget(database: Database, settings: RecordSettings, now: float) -> int:
    """Delete the rows that are older than the city keeps; how many."""
    old = sa.delete(RecordRow).where(RecordRow.at < now - settings.keep_days * 86_400).returning(RecordRow.id)
    with database.session() as session:
        return len(session.scalars(old).all())


def record_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Rows as a table for export: time (UTC, ISO 8601), who, role, deed, subject, query; texts as they are."""
    columns = ("time", "who", "role", "deed", "subject", "query")
    rows = [
        (dt.datetime.fromtimestamp(one.at, dt.UTC).isoformat(timespec="seconds"), one.who, one.role, one.deed.value,
         one.subject, one.query)
        for one in entries
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def read_record(database: Database, wanted: Wanted = Wanted(), most: int | None = None) -> list[Entry]:
    """The rows that are asked for, the latest first, at most so many."""
    query = sa.select(RecordRow.at, *(getattr(RecordRow, name) for name in LONGEST)).order_by(RecordRow.id.desc())
    if wanted.since is not None:
        query = query.where(RecordRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(RecordRow.at < wanted.until)
    if wanted.who is not None:
        query = query.where(RecordRow.who == wanted.who)
    if wanted.deed is not None:
        query = query.where(RecordRow.deed == wanted.deed.value)
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
