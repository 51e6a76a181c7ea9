"""The store: a Delta table of alerts that remembers every import and can take each one back.

One import is one Delta commit. Its record (file, counts, reasons) travels in the metadata of that same commit, so the
log of imports and the alerts cannot disagree: a process killed before the commit leaves the old state, one killed
after it the new state. An import that changes nothing is an empty commit with its record. Quarantined rows are written
to a file of their own before the commit; the file counts only when a commit names its batch.

Writers do not wait for each other: a commit that finds the table changed since it was read fails, and the import is
matched again with the newer state. Old versions are kept, since undo reads from them; only `erase` removes them, and
it waits until nobody writes (`<home>/alerts.lock`).

What writes is loaded when something is written: who counts does not wait for it.

While an import runs it has a folder of its batch in the home's work folder, with a note of itself, `import.json`, whose
lock it holds. The lock ends with the process; a folder whose lock is free belongs to an import that was cut short.
Whether it was stored is what the log of the store says. An import that only tries what would happen has such a folder
too, and its note says nothing.

The first import of a home gives it a city just before its alerts are stored. Where they were not, the city goes too;
one that a person gave or changed meanwhile stays.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from curim_data.model import MEND_WORDS, REASON_WORDS, SCHEMA, Message, Reason, Translator, translator
from curim_data.model.city import profile_version
from curim_data.store.commits import (
    Batch,
    ErasedList,
    StoreError,
    UndoReport,
    broken_table,
    create_table,
    cut_off_commit,
    file_paths,
    import_log,
    new_batch_id,
    newest_commit,
    unknown_batch,
    version_of,
)
from curim_data.store.home import Home, locked, read_note, try_lock

if TYPE_CHECKING:
    import pandas as pd

    from curim_data.store.writing import StagedResult, Staging

__all__ = ["Batch", "Store", "StoreError", "UndoReport", "new_batch_id"]

_Done = TypeVar("_Done")
_ATTEMPTS: Final = 20
QUARANTINE_COLUMNS: Final = ("row", "column", "value", "reason", "mend")


@lru_cache(maxsize=4096)
def _rows(file: str) -> int:
    """Alerts in a file of the store; such a file never changes."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


@lru_cache(maxsize=64)
def _listed(home: Home, newest: tuple[str, int, int]) -> tuple[str, list[str]]:  # noqa: ARG001 (a key of the cache)
    """Version and files of a store whose log ends with a commit, or with one that came just now."""
    table = Store(home).table()
    return ("empty", []) if table is None else (f"{table.metadata().id}-{table.version()}", file_paths(table))


@lru_cache(maxsize=8)
def _logged(home: Home, newest: tuple[str, int, int]) -> tuple[Batch, ...]:  # noqa: ARG001 (a key of the cache)
    """The imports of a store whose log ends with a commit: each page asks for them."""
    table = Store(home).table()
    return () if table is None else tuple(batch for batch, _ in import_log(table))


class Store:
    """The alerts of one home."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def version(self) -> str:
        """A word that changes with every commit; "empty" where there is no table yet."""
        return self.state()[0]

    def alerts_version(self) -> str:
        """A word that changes with the alerts: a commit that leaves them as they are, as that of a file which was
        imported before, does not change it. "empty" where there are none.
        """
        return version_of(self.files())

    def files(self) -> list[str]:
        """Paths of the Parquet files that make up the current version."""
        return self.state()[1]

    def state(self) -> tuple[str, list[str]]:
        """`version` and `files` of one and the same commit; read again only after a further one."""
        newest = newest_commit(self.home.alerts)
        version, files = ("empty", []) if newest is None else _listed(self.home, newest)
        return version, list(files)

    def count(self) -> int:
        """Alerts in the store."""
        return sum(map(_rows, self.files()))

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The stored alerts, or some of their columns: for checks and exports, never for a page."""
        from curim_data.store.writing import blocks

        schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
        table = self.table()
        return pa.concat_tables([schema.empty_table(), *blocks(file_paths(table) if table else [], schema.names)])

    def batches(self) -> list[Batch]:
        """Every import, the oldest first; undone ones are marked."""
        newest = newest_commit(self.home.alerts)
        if newest is not None:
            return list(_logged(self.home, newest))
        table = self.table()  # there may be one whose log could not be listed just now
        return [] if table is None else [batch for batch, _ in import_log(table)]

    def version_without_last_import(self) -> str | None:
        """`alerts_version` as it will be again where the last import that stands is undone; None where that import
        changed earlier alerts or cannot be undone, or the alerts were put into other files since.
        """
        table = self.table()
        standing = [] if table is None else [one for one in import_log(table) if not one[0].undone]
        changing = [(batch, at) for batch, at in standing if batch.accepted or batch.updated or batch.withdrawn]
        if table is None or not changing:
            return None
        batch, at = changing[-1]
        if batch.updated or batch.withdrawn or batch.sealed:
            return None
        try:
            earlier = file_paths(DeltaTable(table.table_uri, version=at - 1))
        except DeltaError:  # an erasure, or damage, took that version away
            return None
        return version_of(earlier) if set(earlier) <= set(file_paths(table)) else None

    def match_staged(self, staging: Staging, batch: Batch) -> StagedResult:
        """What `write_staged` would do, without writing anything."""
        from curim_data.store import writing

        return writing.match_staged(staging, batch, self.files())

    def write_staged(
        self, staging: Staging, batch: Batch, quarantine: Path, found: StagedResult | None = None
    ) -> StagedResult:
        """Write one import as one atomic commit; memory does not grow with it.

        Parameters
        ----------
        staging : Staging
            The alerts of the whole file.
        batch : Batch
            With `read`, `quarantined` and `reasons`; the other counts are made here.
        quarantine : Path
            The Parquet file of the quarantined rows, which is moved; it need not exist.
        found : StagedResult, optional
            What `match_staged` said of them: it holds as long as no alert was written since.

        Returns
        -------
        StagedResult
            The batch with every count filled in, and the file that says what became of each row.

        Raises
        ------
        StoreError
            When other writers were faster each time, when alerts were erased while the file was read, or when the
            table cannot be written; nothing is committed then.
        """
        from curim_data.store import writing

        self._set_aside(quarantine, batch.id)

        def attempt(table: DeltaTable) -> StagedResult:
            erased = ErasedList(self.home)
            for part in () if erased.empty else staging.batches(["incident_id", "content_hash"]):
                if erased.mask(part["incident_id"], part["content_hash"]).any():
                    raise StoreError(Message("Alerts were erased while the file was read. Import it again."))
            stored = file_paths(table)
            if found is not None and set(found.stored) == set(stored):
                result = replace(found, batch=replace(found.batch, when=dt.datetime.now(dt.UTC)))
            else:
                result = writing.match_staged(staging, batch, stored)
            writing.write_import(table, result)
            return result

        try:
            result = self._retry(attempt)
        except Exception:
            if batch.id not in {stored.id for stored in self.batches()}:
                (self.home.quarantine / f"{batch.id}.parquet").unlink(missing_ok=True)
            raise
        self._compact()
        return result

    def undo(self, batch_id: str) -> UndoReport:
        """Take an import back in a new commit.

        Alerts that it added are removed, alerts that it changed get the content back that they had before, and alerts
        that a later import has changed since stay as they are and are counted in `kept`. StoreError for an unknown
        batch, one that was undone before, and one before an erasure.
        """
        from curim_data.store import writing

        with self.working("undo-") as folder:
            return self._retry(lambda table: writing.undo(table, batch_id, self.home.city(), folder))

    def rewrite(self, change: Callable[[pa.Table], pa.Table], reason: str) -> int:
        """Replace every alert by what `change` makes of it, in one commit; returns how many there are.

        `change` is called with some 100,000 alerts at a time and must keep their number. For changes of the columns
        that a profile gives: the log of imports stays, and an undo still works.
        """
        from curim_data.store.writing import blocks, write_alerts

        def attempt(table: DeltaTable) -> int:
            made = (change(part).select(SCHEMA.names) for part in blocks(file_paths(table)))
            write_alerts(table, made, {"rewrite": reason}, "overwrite")
            return sum(map(_rows, file_paths(table)))

        return self._retry(attempt)

    def quarantine(self, batch_id: str, t: Translator | None = None) -> pd.DataFrame:
        """Rows that an import quarantined: row, column, value, reason, mend, then the columns that make up an alert.

        Reason and mend are sentences in the translator's language (English where none is given), so that the table can
        be mended in a spreadsheet and imported again (broken rows: in their own file). StoreError for an unknown batch.
        """
        import pandas as pd
        import pyarrow.parquet as pq

        if batch_id not in {batch.id for batch in self.batches()}:
            raise unknown_batch(batch_id)
        t = t or translator("en")
        path = self.home.quarantine / f"{batch_id}.parquet"
        if not path.exists():
            return pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        codes = [Reason(code) for code in frame["reason"]]
        frame["reason"] = [t(REASON_WORDS[code]) for code in codes]
        frame.insert(4, "mend", [t(MEND_WORDS[code]) for code in codes])
        return frame

    @contextmanager
    def working(self, prefix: str) -> Iterator[Path]:
        """A folder for what does not fit into memory, removed at the end."""
        self.home.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self.home.work) as folder:
            yield Path(folder)

    def _set_aside(self, quarantine: Path, batch_id: str) -> None:
        if quarantine.exists():
            self.home.quarantine.mkdir(parents=True, exist_ok=True)
            shutil.move(quarantine, self.home.quarantine / f"{batch_id}.parquet")

    def _compact(self) -> None:
        """Put many small files together; an undo reads old versions and does not mind."""
        from curim_data.store.writing import MOST_FILES, compact

        with locked(self.home.lock, shared=True), suppress(DeltaError):
            table = self.table()
            if table is not None and len(table.file_uris()) > MOST_FILES:
                compact(table)

    def table(self) -> DeltaTable | None:
        """The newest version of the table; None where there is none yet. StoreError where it is damaged."""
        if (cut := cut_off_commit(self.home.alerts)) is not None:
            raise StoreError(cut)
        try:
            return DeltaTable(str(self.home.alerts))
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise broken_table(error) from error

    def _retry(self, attempt: Callable[[DeltaTable], _Done]) -> _Done:
        """Run an attempt against the newest state until no other writer comes between."""
        with locked(self.home.lock, shared=True):
            for _ in range(_ATTEMPTS):
                table = self.table()
                if table is None:
                    from curim_data.store.secret import secret

                    secret(self.home)  # so that the first commit names it
                    table = create_table(str(self.home.alerts), SCHEMA)
                try:
                    return attempt(table)
                except CommitFailedError:
                    continue
                except DeltaError as error:
                    raise broken_table(error) from error
        raise StoreError(Message("Other imports were faster each time. Try again when they are done."))


def has_alerts(home: Home) -> bool:
    """Whether a home has a city and at least one alert."""
    return home.has_city() and Store(home).count() > 0


NOTE: Final = "import.json"
# In the folder of a first import: a home that holds nothing but the city made for it.
FIRST: Final = "first"
_ABANDONED_S: Final = 3600.0


@dataclass(frozen=True)
class InterruptedImport:
    """An import that was cut short: its file, when it began, its batch, and whether it had been stored by then."""

    file_name: str
    when: dt.datetime
    batch: str
    committed: bool

    @property
    def message(self) -> Message:
        """The message for whoever opens the home next."""
        note = {"file": self.file_name, "when": self.when}
        if self.committed:
            return Message(
                "The import of {file} on {when} had been stored before it was cut short: nothing is to be done.", note
            )
        return Message(
            "The import of {file} on {when} was cut short: nothing of it was stored. Import the file again.", note
        )


@contextmanager
def import_folder(home: Home, file_name: str, batch_id: str, dry_run: bool = False) -> Iterator[Path]:
    """The folder of an import, as long as it runs; removed at the end, whatever happens.

    A dry run that is cut short is not reported.
    """
    new, fresh, made, when = not home.has_city(), not home.path.exists(), None, dt.datetime.now(dt.UTC)
    note = {"file": file_name, "when": when.isoformat(), "batch": batch_id, "pid": os.getpid(), "new": new}
    part, folder = _folder(home, "new-"), home.work / batch_id
    try:
        with (part / NOTE).open("w", encoding="utf-8") as handle:
            try_lock(handle)
            json.dump({} if dry_run else note, handle)
            handle.flush()
            part.rename(folder)
            try:
                yield folder
            except BaseException:  # read while the lock is held: another process takes folders of free locks away
                made = _made_city(folder) if new else None
                raise
    finally:
        for left in (part, folder):
            shutil.rmtree(left, ignore_errors=True)
        _forget_city(home, {made} - {None})
        if fresh:  # a home in which nothing came to stand is none
            with contextlib.suppress(OSError):
                home.work.rmdir()
                home.path.rmdir()


def _folder(home: Home, prefix: str) -> Path:
    while True:
        home.work.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another import has just ended and taken the empty folder away
            return Path(tempfile.mkdtemp(prefix=prefix, dir=home.work))


def _made_city(folder: Path) -> str | None:
    """The version of the city that an import made in its folder for a home without one; None where it made none."""
    made = Home(folder / FIRST)
    return profile_version(made.city_folder) if made.has_city() else None


def _forget_city(home: Home, made: Collection[str | None]) -> None:
    """Take away the city of a home in which nothing was ever stored, unless another import is at work with it.

    Only one of the versions `made` by imports: what a person gave or changed meanwhile is theirs.
    """
    if not made or not home.has_city():
        return
    with locked(home.path / "city.lock"):
        if profile_version(home.city_folder) not in made:
            return
        if not any(home.work.glob(f"*/{NOTE}")) and not Store(home).batches():
            gone = _folder(home, "gone-")
            home.city_folder.rename(gone / "city")
            shutil.rmtree(gone, ignore_errors=True)


def remove_interrupted(home: Home) -> tuple[InterruptedImport, ...]:
    """Remove what imports that were cut short have left behind; returns them, the oldest first.

    Rows that such an import had quarantined are removed too, and the city that it gave the home, unless it was stored.
    Imports that are running are left alone.
    """
    found, made = list[InterruptedImport](), set[str | None]()
    for path in home.work.glob(f"*/{NOTE}"):
        with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="utf-8") as handle:
            if not try_lock(handle):
                continue
            # A note that was cut short itself is of an import that could do nothing yet.
            if {"file", "when", "batch"} <= (note := read_note(path)).keys():
                # Read after the lock was free: the import can store nothing any more.
                committed = note["batch"] in {batch.id for batch in Store(home).batches()}
                when = dt.datetime.fromisoformat(note["when"])
                found.append(InterruptedImport(note["file"], when, note["batch"], committed))
                if not committed:
                    (home.quarantine / f"{note['batch']}.parquet").unlink(missing_ok=True)
                    made |= {_made_city(path.parent)} if note.get("new") else set()
            shutil.rmtree(path.parent, ignore_errors=True)
    _forget_city(home, made)
    for folder in home.work.glob("*"):
        with contextlib.suppress(OSError):
            if not (folder / NOTE).exists() and time.time() - folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True) if folder.is_dir() else folder.unlink()
    return tuple(sorted(found, key=lambda cut: cut.when))
