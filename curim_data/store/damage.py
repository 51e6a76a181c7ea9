"""What a person reads where the files of a home are damaged, cannot be written, or the disk is full: one sentence with
the way out."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
from deltalake.exceptions import DeltaError

from curim_data.model import Message

if TYPE_CHECKING:
    from sqlalchemy.exc import DatabaseError

_FULL: Final = re.compile(r"no space left|disk is full|os error 28|database or disk is full", re.I)
_FORBIDDEN: Final = re.compile(r"read-only|readonly|permission denied|os error (?:13|30)", re.I)
_LONGEST: Final = 160


def damage(error: BaseException) -> Message | None:
    """The message for an error of the disk or of damaged files; None for any other error."""
    if isinstance(error, OSError):
        return _unwritable(error.strerror or str(error), error.errno)
    if isinstance(error, DeltaError | duckdb.IOException | duckdb.InvalidInputException):
        return _unwritable(str(error), None) or damaged_alerts(error)
    if "sqlalchemy" in sys.modules and isinstance(error, _database_error()):  # else no plan was opened
        return _unwritable(str(error.orig), None) or damaged_plans(error)
    return None


def _database_error() -> type[DatabaseError]:
    from sqlalchemy.exc import DatabaseError

    return DatabaseError


def _unwritable(why: str, number: int | None) -> Message | None:
    if number == errno.ENOSPC or _FULL.search(why):
        return Message("The disk is full; nothing was lost. Make room on it and try again.")
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or _FORBIDDEN.search(why):
        return Message(
            "The folder of the data cannot be written. Nothing was changed: whoever runs the dashboard can give it the "
            "right to write there (CURIM_HOME)."
        )
    return None


def damaged_alerts(error: BaseException) -> Message:
    """The message for stored alerts that cannot be read."""
    return Message(
        "The stored alerts cannot be read or written ({why}). Nothing was changed. Where this stays, their files are "
        "damaged: give back a backup of the home.",
        {"why": _why(str(error))},
    )


def damaged_plans(error: DatabaseError) -> Message:
    """The message for a database of plans that cannot be opened or read."""
    return Message(
        "The plans cannot be opened ({why}). Check where they are kept and who may write there; where their file is "
        "damaged, give back a backup of it.",
        {"why": _why(str(error.orig))},
    )


def _why(text: str) -> str:
    first = re.split(r"\s(?:LINE \d+:|\d+: <unknown>)", " ".join(text.split()))[0]
    return first[:_LONGEST]


def cut_off_commit(table: Path) -> Message | None:
    """The message for a newest commit that was cut off, as by a computer that lost its power, or for a log of which
    more than that is broken; None where the newest commit is whole.

    A commit without content would be taken for one that changed nothing, and what was stored with it be lost unseen.
    """
    log = table / "_delta_log"
    try:
        names = sorted(entry.name for entry in os.scandir(log) if entry.name.endswith(".json"))
        if not names or _is_whole(log / names[-1]):
            return None
        broken = sum(not _is_whole(log / name) for name in names)
    except OSError:
        return None
    if broken > 1:
        return Message(
            "The log of the stored alerts is damaged: {n} of its {of} entries cannot be read. Nothing was changed, and "
            "removing files does not help: give back a backup of the home.",
            {"n": broken, "of": len(names)},
        )
    return Message(
        "The last change of the stored alerts was cut off, as when a computer loses its power. Remove {file} to go on "
        "with the alerts as they were before it, and repeat that change; or give back a backup of the home.",
        {"file": f"alerts/_delta_log/{names[-1]}"},
    )


def _is_whole(commit: Path) -> bool:
    lines = commit.read_bytes().splitlines()
    try:
        return bool(lines) and all(isinstance(json.loads(line), dict) for line in lines if line)
    except ValueError:
        return False
