"""The record of imports: it travels in the metadata of the commits of the store's Delta table.

A commit holds `{"batch": ...}` for an import, `{"undo": id}` for one taken back, `{"erase": when, "log": [...]}` where
alerts were erased for good: then the log before it is gone, and `import_log` lists the imports as they were.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError

from curim_data.model import Message
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


class StoreError(RuntimeError):
    """The store cannot do what was asked: an unknown import, too many writers, a broken table. `message` says it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


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
        plain = {
            "reasons": dict(self.reasons),
            "when": self.when.isoformat(),
            "signature": dict(self.signature),
            "sealed": self.sealed.isoformat() if self.sealed else None,
        }
        return {**asdict(self), **plain}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Batch:
        """What `as_dict` wrote."""
        sealed = stored.get("sealed")
        times = {
            "when": dt.datetime.fromisoformat(stored["when"]),
            "sealed": dt.datetime.fromisoformat(sealed) if sealed else None,
        }
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
    message = Message("There is no import {batch}. The command `curim batches` lists them.", {"batch": batch_id})
    return StoreError(message)


def create_table(folder: str, schema: Any) -> DeltaTable:
    """Make the table, or take the one that another process has just made."""
    try:
        return DeltaTable.create(folder, schema, configuration=CONFIGURATION)
    except DeltaError:
        return DeltaTable(folder)
