"""Imports that were cut short: what they left behind, and whether they had been stored.

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
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curim_data.model import Message
from curim_data.model.city import profile_version
from curim_data.store.alert_table import Store
from curim_data.store.home import Home, locked, try_lock

NOTE: Final = "import.json"
# In the folder of a first import: a home that holds nothing but the city made for it.
FIRST: Final = "first"
_ABANDONED_S: Final = 3600.0


@dataclass(frozen=True)
class InterruptedImport:
    """An import that was cut short: its file, when it began, its batch, and whether it had been stored by then.

    `new`: whether the home had no city when it began.
    """

    file_name: str
    when: dt.datetime
    batch: str
    committed: bool
    new: bool = False

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
def import_folder(home: Home, file_name: str, batch_id: str) -> Iterator[Path]:
    """The folder of an import, as long as it runs; removed at the end, whatever happens."""
    new, when = not home.has_city(), dt.datetime.now(dt.UTC)
    note = {"file": file_name, "when": when.isoformat(), "batch": batch_id, "pid": os.getpid(), "new": new}
    made: str | None = None
    try:
        with _held(home, home.work / batch_id, note) as folder:
            try:
                yield folder
            finally:
                made = _made_city(folder) if new else None
    except BaseException:
        _forget_city(home, {made})
        raise


@contextmanager
def dry_run_folder(home: Home) -> Iterator[Path]:
    """A folder for an import that stores nothing, as long as it runs; one that is interrupted is not reported."""
    with _held(home, home.work / f"try-{secrets.token_hex(6)}", {}) as folder:
        yield folder


@contextmanager
def _held(home: Home, folder: Path, note: dict[str, Any]) -> Iterator[Path]:
    fresh = not home.path.exists()
    part = _folder(home, "new-")
    try:
        with (part / NOTE).open("w", encoding="utf-8") as handle:
            try_lock(handle)
            json.dump(note, handle)
            handle.flush()
            part.rename(folder)
            yield folder
    finally:
        for left in (part, folder):
            shutil.rmtree(left, ignore_errors=True)
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
    if not home.has_city():
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
            if note := _parsed_note(handle.read()):
                # Read after the lock was free: the import can store nothing any more.
                committed = note["batch"] in {batch.id for batch in Store(home).batches()}
                when, new = dt.datetime.fromisoformat(note["when"]), bool(note.get("new"))
                found.append(InterruptedImport(note["file"], when, note["batch"], committed, new))
                if not committed:
                    (home.quarantine / f"{note['batch']}.parquet").unlink(missing_ok=True)
                    made |= {_made_city(path.parent)} if new else set()
            shutil.rmtree(path.parent, ignore_errors=True)
    if made:
        _forget_city(home, made)
    for folder in home.work.glob("*"):
        with contextlib.suppress(OSError):
            if not (folder / NOTE).exists() and time.time() - folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True) if folder.is_dir() else folder.unlink()
    return tuple(sorted(found, key=lambda cut: cut.when))


def _parsed_note(text: str) -> dict[str, Any] | None:
    """What a note says; None where it was cut short itself, before its import could do anything."""
    try:
        note = json.loads(text)
    except json.JSONDecodeError:
        return None
    return note if isinstance(note, dict) and {"file", "when", "batch"} <= note.keys() else None
