"""Removing alerts for good, at a person's request: from the store, its old versions, its log and the quarantined rows.

What was prepared of them for the pages, the protected copy included, goes as a whole, and is worked out again; what was
drawn for them goes too.

The erasure writes a new version without the alerts, and removes everything before it. What was begun is noted in
<home>/erase.json until it is done: an erasure that was cut short is finished by the next one, or by `finish_erasure`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from curim_data.model import Message
from curim_data.model.prepared import FOLDER as PREPARED
from curim_data.store._commit_log import RECORD, STATISTICS, Batch, StoreError, broken_table, import_log
from curim_data.store._files import blocks, without_ids, write_alerts
from curim_data.store._listing import file_paths
from curim_data.store.alert_table import Store
from curim_data.store.draws import forget_draws
from curim_data.store.erased_list import ErasedList, base_ids
from curim_data.store.home import Home
from curim_data.store.interrupted import remove_interrupted
from curim_data.store.locking import locked

ID_COLUMN = b"curim.alert_id"
_OURS = ("row", "column", "value", "reason")


@dataclass(frozen=True)
class EraseReport:
    """What an erasure removes: alerts, quarantined rows, and the possibility to undo so many imports."""

    alerts: int
    quarantined: int
    sealed: int


@dataclass(frozen=True)
class _Found:
    """Alerts to erase: their ids, the ids that the source gave, and what goes on the list of erased ones."""

    alerts: tuple[str, ...]
    incidents: tuple[str, ...]
    whole: tuple[str, ...]
    contents: tuple[tuple[str, str], ...]


def preview_erasure(home: Home, alert_ids: Collection[str]) -> EraseReport:
    """What `erase` would remove; nothing is changed. StoreError where an id is not known."""
    table = _known_table(home, alert_ids)
    found = _find(table, alert_ids)
    return _report(home, import_log(table), found.alerts, found.incidents)


def erase(home: Home, alert_ids: Collection[str]) -> EraseReport:
    """Remove alerts for good. Waits for imports that are being written.

    All versions of the store before it are gone then, and no earlier import can be undone. The alerts are put on the
    list of `erased`, so that importing the export again sets them aside. StoreError, and nothing is done, where an id
    is not known.
    """
    with locked(home.lock):
        _finish(home)
        table = _known_table(home, alert_ids)
        found = _find(table, alert_ids)
        report = _report(home, import_log(table), found.alerts, found.incidents)
        note = {"alerts": found.alerts, "incidents": found.incidents}
        ErasedList(home).add(found.whole, found.contents)
        _note(home).write_text(json.dumps(note), "utf-8")
        _do(home, found.alerts, found.incidents)
    return report


def finish_erasure(home: Home) -> None:
    """Finish an erasure that was cut short; nothing where there is none."""
    if _note(home).exists():
        with locked(home.lock):
            _finish(home)


def _finish(home: Home) -> None:
    if not _note(home).exists():
        return
    try:
        note = json.loads(_note(home).read_text("utf-8"))
    except json.JSONDecodeError:  # cut short before it had begun
        _note(home).unlink()
        return
    _do(home, note["alerts"], note["incidents"])


def _do(home: Home, alerts: Sequence[str], incidents: Sequence[str]) -> None:
    """Each step may be done again."""
    remove_interrupted(home)
    forget_draws(home, alerts)
    for kept in (home.path / PREPARED).rglob("*"):  # the columns of alerts that counts are made of are among it
        if kept.is_file():
            kept.unlink(missing_ok=True)
    for left in [one for name in ("undo-*", "erase-*", "copy-*") for one in home.work.glob(name)]:  # of one cut short
        shutil.rmtree(left, ignore_errors=True)
    for left in home.work.glob("curim-*"):  # texts of an import, where the system cannot keep a file without a name
        with contextlib.suppress(OSError):
            left.unlink()
    try:
        table = _table(home)
        if missing := {key: value for key, value in STATISTICS.items() if key not in table.metadata().configuration}:
            table.alter.set_table_properties(missing)
            table = _table(home)
        _commit(home, table, alerts)
        for path in home.quarantine.glob("*.parquet"):
            _scrub(path, {*alerts, *incidents})
        _purge(home)
    except DeltaError as error:
        raise broken_table(error) from error
    _note(home).unlink()


def _commit(home: Home, table: DeltaTable, alerts: Sequence[str]) -> None:
    """A new version without the alerts, that carries the list of imports."""
    listed = [batch.as_dict() for batch, _ in import_log(table)]
    record = {"erase": dt.datetime.now(dt.UTC).isoformat(), "log": listed}
    with Store(home).working("erase-") as folder:
        write_alerts(table, without_ids(file_paths(table), list(alerts), folder), record, "overwrite")


def _purge(home: Home) -> None:
    """Remove every file that the newest version does not need, and the log before the erasure."""
    table = _table(home)
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    table = _table(home)
    table.create_checkpoint()
    first = max(entry["version"] for entry in table.history() if "erase" in json.loads(entry.get(RECORD, "{}")))
    for path in (home.alerts / "_delta_log").iterdir():
        version = path.name.partition(".")[0]
        checkpoint = ".checkpoint" in path.name
        if version.isdigit() and int(version) < (table.version() if checkpoint else first):
            path.unlink()


def _find(table: DeltaTable, alert_ids: Collection[str]) -> _Found:
    columns = ["alert_id", "incident_id", "content_hash"]
    wanted = pa.array(sorted(set(alert_ids)), pa.string())
    parts = [part.filter(pc.is_in(part["alert_id"], value_set=wanted)) for part in blocks(file_paths(table), columns)]
    mine = pa.concat_tables(parts) if parts else pa.table({name: pa.array([], pa.string()) for name in columns})
    known = mine["alert_id"].to_pylist()
    if unknown := sorted(set(alert_ids) - set(known)):
        raise _unknown(unknown)
    bases = base_ids(mine["incident_id"], mine["content_hash"])
    kept = _bases_kept(table, bases, wanted)
    pairs = list(zip(bases.to_pylist(), mine["content_hash"].to_pylist(), strict=True))
    return _Found(
        alerts=tuple(known),
        incidents=tuple(sorted(set(mine["incident_id"].drop_null().to_pylist()))),
        whole=tuple(base for base, _ in pairs if base not in kept),
        contents=tuple(pair for pair in pairs if pair[0] in kept),
    )


def _bases_kept(table: DeltaTable, bases: pa.ChunkedArray, wanted: pa.Array) -> set[str]:
    """Incidents (base ids) of which some alerts are erased and others stay."""
    among = pc.unique(bases)
    kept: set[str] = set()
    for part in blocks(file_paths(table), ["alert_id", "incident_id", "content_hash"]):
        own = base_ids(part["incident_id"], part["content_hash"])
        stays = pc.and_(pc.is_in(own, value_set=among), pc.invert(pc.is_in(part["alert_id"], value_set=wanted)))
        kept.update(own.filter(stays).to_pylist())
    return kept


def _report(
    home: Home, listed: Iterable[tuple[Batch, int]], alerts: Sequence[str], incidents: Sequence[str]
) -> EraseReport:
    ids = {*alerts, *incidents}
    return EraseReport(
        alerts=len(alerts),
        quarantined=sum(_matches(pq.read_table(path), ids)[1] for path in home.quarantine.glob("*.parquet")),
        sealed=sum(not (batch.undone or batch.sealed) for batch, _ in listed),
    )


def _matches(table: pa.Table, ids: Collection[str]) -> tuple[pa.Array, int]:
    """Quarantined rows that carry one of the ids (the mask and their number).

    They are looked for in the column that the file's metadata names as that of the ids, or in all of the file's own
    columns where it names none.
    """
    named = (table.schema.metadata or {}).get(ID_COLUMN, b"").decode()
    columns = [named] if named in table.column_names else [name for name in table.column_names if name not in _OURS]
    mask = pa.chunked_array([pa.repeat(pa.scalar(False), table.num_rows)])
    for name in columns:
        text = pc.utf8_trim_whitespace(table[name].cast(pa.string()))
        mask = pc.or_(mask, pc.fill_null(pc.is_in(text, value_set=pa.array(sorted(ids), pa.string())), False))
    return mask, int(pc.sum(mask).as_py() or 0)


def _scrub(path: Path, ids: Collection[str]) -> None:
    table = pq.read_table(path)
    mask, found = _matches(table, ids)
    if found:
        part = path.with_suffix(".part")
        pq.write_table(table.filter(pc.invert(mask)), part, compression="zstd")
        part.replace(path)


def _note(home: Home) -> Path:
    return home.path / "erase.json"


def _unknown(ids: Collection[str]) -> StoreError:
    listed = ", ".join(f"“{one}”" for one in sorted(set(ids)))
    return StoreError(Message("There is no alert {ids}. Nothing was erased.", {"ids": listed}))


def _known_table(home: Home, alert_ids: Collection[str]) -> DeltaTable:
    try:
        return _table(home)
    except TableNotFoundError:
        raise _unknown(alert_ids) from None


def _table(home: Home) -> DeltaTable:
    try:
        return DeltaTable(str(home.alerts))
    except TableNotFoundError:
        raise
    except DeltaError as error:
        raise broken_table(error) from error
