"""The store's Delta table as its log shows it: the record of imports, and the files that make up a version.

The record travels in the metadata of the commits.

A commit holds `{"batch": ...}` for an import, `{"undo": id}` for one taken back, `{"erase": when, "log": [...]}` where
alerts were erased for good: then the log before it is gone, and `import_log` lists the imports as they were.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError

from curim_data.model import Message, MessageError
from curim_data.store.damage import damage, damaged_alerts

RECORD: Final = "curim"
_FOREVER: Final = "interval 36500 days"
# Old versions stay, since undo reads from them. The log tells the smallest and largest value of the named columns
# only: never an id.
STATISTICS: Final = {"delta.dataSkippingStatsColumns": "local_date"}
CONFIGURATION: Final = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": _FOREVER,
    "delta.deletedFileRetentionDuration": _FOREVER,
    **STATISTICS,
}


class StoreError(MessageError, RuntimeError):
    """The store cannot do what was asked: an unknown import, too many writers, a broken table. `message` says it."""


@dataclass(frozen=True)
class Batch:
    """One import and what came of its rows: accepted + updated + duplicate + quarantined = read.

    `signature`: what its columns looked like, for comparison with the next export (`signatures.signature_of`).
    `sealed`: when alerts were erased after it, so that it cannot be undone any more. `id_prefix`: what was put before
    all ids of the file, since the store holds other alerts of the same ids; mostly "".
    """

    id: str
    file_name: str
    sha256: str
    format: str
    when: dt.datetime
    profile_version: str
    read: int
    accepted: int = 0
    updated: int = 0
    duplicate: int = 0
    quarantined: int = 0
    repaired: int = 0
    unmapped: int = 0
    outside: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    undone: bool = False
    signature: Mapping[str, Any] = field(default_factory=dict)
    sealed: dt.datetime | None = None
    id_prefix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, times as ISO text."""
        sealed = self.sealed.isoformat() if self.sealed else None
        return {**asdict(self), "when": self.when.isoformat(), "sealed": sealed}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Batch:
        """What `as_dict` wrote."""
        times = {name: dt.datetime.fromisoformat(stored[name]) for name in ("when", "sealed") if stored.get(name)}
        return cls(**{**stored, **times})


@dataclass(frozen=True)
class UndoReport:
    """What an undo did: alerts removed, alerts given back their earlier content, alerts a later import has changed."""

    batch: Batch
    removed: int
    restored: int
    kept: int


def new_batch_id(when: dt.datetime) -> str:
    """A short, sortable, unique id."""
    return f"{when:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def commit_properties(record: Mapping[str, Any]) -> CommitProperties:
    """The record of a commit; no silent retry, so that nothing is committed against a state not read."""
    return CommitProperties(custom_metadata={RECORD: json.dumps(record)}, max_commit_retries=0)


def import_log(table: DeltaTable) -> list[tuple[Batch, int]]:
    """Every import with the Delta version that holds it, the oldest first; -1 where that version is gone for good."""
    found: dict[str, tuple[Batch, int]] = {}
    for entry in reversed(table.history()):
        record = json.loads(entry.get(RECORD, "{}"))
        if batch_record := record.get("batch"):
            found[batch_record["id"]] = (Batch.from_dict(batch_record), entry["version"])
        elif (undone := record.get("undo")) in found:
            batch, version = found[undone]
            found[undone] = (replace(batch, undone=True), version)
        elif when := record.get("erase"):
            sealed = dt.datetime.fromisoformat(when)
            listed = [Batch.from_dict(batch_record) for batch_record in record["log"]]
            found = {batch.id: (replace(batch, sealed=batch.sealed or sealed), -1) for batch in listed}
    return list(found.values())


def broken_table(error: Exception) -> StoreError:
    """The error for a table that cannot be used."""
    return StoreError(damage(error) or damaged_alerts(error))


def unknown_batch(batch_id: str) -> StoreError:
    """The error for an id that is no import's."""
    return StoreError(
        Message("There is no import {batch}. The command `curim batches` lists them.", {"batch": batch_id})
    )


def create_table(folder: str, schema: Any) -> DeltaTable:
    """Make the table, or take the one that another process has just made."""
    try:
        return DeltaTable.create(folder, schema, configuration=CONFIGURATION)
    except DeltaError:
        return DeltaTable(folder)


def file_paths(table: DeltaTable) -> list[str]:
    """Paths of the files of a table."""
    return [unquote(uri.removeprefix("file://")) for uri in table.file_uris()]  # spaces and Greek come as %20, %CE…


def version_of(files: Sequence[str]) -> str:
    """Twelve hex digits that change with the files of a table, which never change themselves; "empty" for none."""
    names = sorted(Path(file).name for file in files)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12] if names else "empty"


def newest_commit(table: Path) -> tuple[str, int, int] | None:
    """What distinguishes the newest commit in a table's log from any other: name, time and size; None without a log."""
    try:
        name = max(entry.name for entry in os.scandir(table / "_delta_log") if entry.name.endswith(".json"))
        status = (table / "_delta_log" / name).stat()
    except (OSError, ValueError):
        return None
    return name, status.st_mtime_ns, status.st_size
