"""The store's Delta table as its log shows it: the record of imports, the files of a version, the list of erased
alerts; and what a person reads where the files of a home are damaged, cannot be written, or the disk is full.

The record travels in the metadata of the commits. A commit holds `{"batch": ...}` for an import, `{"undo": id}` for one
taken back, `{"erase": when, "log": [...]}` where alerts were erased for good: then the log before it is gone, and
`import_log` lists the imports as they were. Each names the secret of the protected copy by its fingerprint (`secret`).

<home>/erased.txt holds one keyed hash a line, <home>/erased.key the key: no id can be read from the list. A line of
kind "i" stands for all alerts of an incident (and, for rows without an id, for all rows of one content), whatever they
say next time; a line of kind "c" for one content of an incident of which other alerts stay.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError

from curim_data.model import Message, MessageError
from curim_data.model.coverage import Annotation
from curim_data.store.home import Home

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
    if "sqlalchemy" in sys.modules:  # else no plan was opened
        from sqlalchemy.exc import DatabaseError

        if isinstance(error, DatabaseError):
            return _unwritable(str(error.orig), None) or damaged_plans(error)
    return None


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


RECORD: Final = "curim"
MARK: Final = "secret"  # of a record: the fingerprint of the secret of the home
DRAWN_ANEW: Final = "drawn_anew"  # of a record: when a person had the protected copy drawn anew
SECRET: Final = Path("protected") / "secret"
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

    `signature`: what its columns looked like, for comparison with the next export
    (`importing.mapping.signature_of`). `sealed`: when alerts were erased after it, so that it cannot be undone any
    more. `id_prefix`: what was put before all ids of the file, since the store holds other alerts of the same ids;
    mostly "". `withdrawn`: stored alerts that the file no longer held and that count as rejected since.
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
    withdrawn: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, times as ISO text."""
        sealed = self.sealed.isoformat() if self.sealed else None
        return {**asdict(self), "when": self.when.isoformat(), "sealed": sealed}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Batch:
        """What `as_dict` wrote."""
        times = {name: dt.datetime.fromisoformat(stored[name]) for name in ("when", "sealed") if stored.get(name)}
        return cls(**{**stored, **times})


DAY: Final = dt.timedelta(days=1)


def covered(batches: Iterable[Batch]) -> dict[str, list[tuple[dt.date, dt.date]]]:
    """The days that the imports which hold say that they cover: first and last ones, by source, in their order.

    Spans that overlap or follow each other are one; what lies between two of a source was not imported.
    """
    found: dict[str, list[tuple[dt.date, dt.date]]] = {}
    dated = (one for one in batches if not one.undone and one.signature.get("first") and one.signature.get("last"))
    spans = sorted((one.format, str(one.signature["first"]), str(one.signature["last"])) for one in dated)
    for source, begin, end in spans:
        first, last = dt.date.fromisoformat(begin), dt.date.fromisoformat(end)
        before = found.setdefault(source, [])
        if before and first <= before[-1][1] + DAY:
            first, last = before[-1][0], max(before.pop()[1], last)
        before.append((first, last))
    return found


def declared_days(batches: Iterable[Batch]) -> tuple[Annotation, ...]:
    """What people said with their imports of the days covered: in those without an alert nothing happened; between two
    such spans of a source of which each import says it, nothing was imported.
    """
    held = [one for one in batches if not one.undone]
    found: list[Annotation] = []
    for source, spans in covered(one for one in held if one.signature.get("declared")).items():
        found += [Annotation("", *span, "nothing_happened", "", source=source) for span in spans]
        if all(one.signature.get("declared") for one in held if one.format == source):
            between = ((one[1] + DAY, other[0] - DAY) for one, other in pairwise(spans))
            found += [Annotation("", *span, "not_covered", "", source=source) for span in between]
    return tuple(found)


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


def commit_properties(table: DeltaTable, record: Mapping[str, Any]) -> CommitProperties:
    """The record of a commit, with the fingerprint of the secret that its home has; no silent retry, so that nothing is
    committed against a state not read.
    """
    mark = secret_mark(_path(table.table_uri).parent)
    told = {**record, MARK: mark} if mark else record
    return CommitProperties(custom_metadata={RECORD: json.dumps(told)}, max_commit_retries=0)


def secret_mark(home: Path) -> str:
    """The fingerprint of the secret of a home (`secret`), from which nothing of it can be told; empty without one."""
    try:
        return blake2b((home / SECRET).read_bytes(), digest_size=16, person=b"curim secret").hexdigest()
    except FileNotFoundError:
        return ""


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
    return [str(_path(uri)) for uri in table.file_uris()]


def _path(uri: str) -> Path:
    return Path(unquote(uri.removeprefix("file://")))  # spaces and Greek come as %20, %CE…


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


_INCIDENT, _CONTENT = "i", "c"
_SIZE: Final = 16


class ErasedList:
    """The list of one home, as it stands when this is made. StoreError where its key is missing.

    `empty`: whether nothing was ever erased.
    """

    def __init__(self, home: Home) -> None:
        self._list, self._key_file = home.path / "erased.txt", home.path / "erased.key"
        lines = self._list.read_text("ascii").split() if self._list.exists() else []
        self._known = {kind: {line[1:] for line in lines if line[0] == kind} for kind in (_INCIDENT, _CONTENT)}
        self.empty = not lines
        self._key = bytes.fromhex(self._key_file.read_text("ascii")) if self._key_file.exists() else b""
        if lines and not self._key:
            values = {"file": str(self._key_file), "list": str(self._list)}
            raise StoreError(Message("{file} is missing: without it {list} cannot be read. Bring it back.", values))

    def mask(self, incident_ids: Any, content_hashes: Any) -> npt.NDArray[np.bool_]:
        """Which rows are alerts that were erased.

        Parameters
        ----------
        incident_ids, content_hashes : arrow arrays of text
            As in `alert.SCHEMA`: incident_id is null where the source gives none.
        """
        size = len(content_hashes)
        if self.empty:
            return np.zeros(size, bool)
        bases = base_ids(incident_ids, content_hashes).to_pylist()
        gone = self._among(_INCIDENT, bases, size)
        if self._known[_CONTENT]:
            contents = content_hashes.to_pylist()
            gone |= self._among(_CONTENT, (f"{b}\0{c}" for b, c in zip(bases, contents, strict=True)), size)
        return gone

    def named(self, incident_ids: Any) -> npt.NDArray[np.bool_]:
        """Which ids (arrow array of text, empty where there is none) are those of incidents erased as a whole."""
        return self._among(_INCIDENT, base_ids(incident_ids, incident_ids).to_pylist(), len(incident_ids))

    def add(self, incidents: Iterable[str], contents: Iterable[tuple[str, str]]) -> None:
        """Put base ids, and pairs of base id and content hash, on the list; it is on disk when this returns."""
        if not self._key:
            self._key = secrets.token_bytes(32)
            with os.fdopen(os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(self._key.hex())
                file.flush()
                os.fsync(file.fileno())
        self.empty = False
        fresh = {_INCIDENT: incidents, _CONTENT: (f"{base}\0{content}" for base, content in contents)}
        for kind, texts in fresh.items():
            self._known[kind] |= set(self._hashes(texts))
        part = self._list.with_suffix(".part")
        with part.open("w", encoding="ascii") as lines:
            lines.writelines(f"{kind}{known}\n" for kind, all_ in self._known.items() for known in sorted(all_))
            lines.flush()
            os.fsync(lines.fileno())
        part.replace(self._list)

    def _among(self, kind: str, texts: Iterable[str], size: int) -> npt.NDArray[np.bool_]:
        known = self._known[kind]
        return np.fromiter((hashed in known for hashed in self._hashes(texts)), bool, size)

    def _hashes(self, texts: Iterable[str]) -> Iterator[str]:
        start = blake2b(key=self._key, digest_size=_SIZE)
        for text in texts:
            hashing = start.copy()
            hashing.update(text.encode())
            yield hashing.hexdigest()


def base_ids(incident_ids: Any, content_hashes: Any) -> Any:
    """The id of the first alert of each row's incident (`matching.BASE`)."""
    nameless = pc.binary_join_element_wise(pa.scalar("#"), content_hashes, "")
    return pc.coalesce(pc.replace_substring(incident_ids, "#", "##"), nameless)
