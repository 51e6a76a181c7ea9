"""The secret of a home's protected copy: made once, with the table of alerts, and never a second time by itself.

Everything that was drawn for the copy depends on it (`curim_data.protection`), and copies that were drawn with two
secrets tell together what each of them hides. So each commit of the table names the secret that was there by its
fingerprint, and where the log names one that is not there, or draws are there without it, nothing is drawn.
"""

from __future__ import annotations

import contextlib
import json
import os
from functools import lru_cache
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Final

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from curim_data.model import Message
from curim_data.store.commits import (
    MARK,
    RECORD,
    SECRET,
    StoreError,
    newest_commit,
    secret_mark,
)
from curim_data.store.home import Home

LENGTH: Final = 32  # bytes


def secret(home: Home) -> bytes:
    """The secret of a home, made where it never had one. StoreError where the one that it had is gone, or another one
    stands in its place."""
    path, named = home.path / SECRET, recorded_mark(home)
    if not path.exists():
        if named or any(path.parent.glob("drawn-*.parquet")):
            raise StoreError(_lost(home))
        make_secret(path)
    elif named and secret_mark(home.path) != named:
        raise StoreError(_lost(home))
    return path.read_bytes()


def _lost(home: Home) -> Message:
    return Message(
        "{file} is not the secret that the protected copy of these alerts was drawn with, or is gone. Nothing is drawn "
        "anew, since two copies side by side tell what each of them hides: give it back from a backup with its folder. "
        "Where there is none, `curim keep secret --draw-anew` makes another copy, and says what that costs.",
        {"file": str(home.path / SECRET)},
    )


def make_secret(path: Path, new: bytes = b"") -> None:
    """Make a secret, unless another process was faster; it stands there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}-{token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(new or token_bytes(LENGTH))
        out.flush()
        os.fsync(out.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(part, path)
    part.unlink()


def recorded_mark(home: Home) -> str:
    """The fingerprint of the secret by the newest commit that names one; empty where none does."""
    newest = newest_commit(home.alerts)
    return "" if newest is None else _recorded(home, newest)


@lru_cache(maxsize=16)
def _recorded(home: Home, newest: tuple[str, int, int]) -> str:  # noqa: ARG001 (a key of the cache)
    try:
        commits = DeltaTable(str(home.alerts)).history()
    except DeltaError:  # whoever reads the alerts says so
        return ""
    return next(filter(None, (json.loads(one.get(RECORD, "{}")).get(MARK) for one in commits)), "")  # newest first
