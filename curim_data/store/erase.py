"""Removing alerts for good, at a person's request: from the store, its old versions, its log and the quarantined rows.

What was prepared of them for the pages, the protected copy included, goes as a whole, and is worked out again; what was
drawn for them goes too.

The erasure writes a new version without the alerts, and removes everything before it. What was begun is noted in
<home>/erase.json until it is done: an erasure that was cut short is finished by the next one, or by `finish_erasure`.

Here is also where the draws of the protected copy lie in a home (`curim_data.protection`), and how erased alerts leave
them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from curim_data.model import Message
from curim_data.model.prepared import FOLDER as PREPARED
from curim_data.model.prepared import write_whole
from curim_data.store.alert_table import Store, remove_interrupted
from curim_data.store.commits import (
    RECORD,
    SECRET,
    STATISTICS,
    ErasedList,
    StoreError,
    broken_table,
    file_paths,
    import_log,
)
from curim_data.store.home import Home, locked, read_note
from curim_data.store.writing import BASE, bounded_duckdb, select_ids, write_alerts

WAITING: Final = "waiting.parquet"
MOST_ROWS: Final = 1_000_000  # that are written at once


def draws_folder(home: Home) -> Path:
    """The folder of the draws and of the secret that they depend on."""
    return (home.path / SECRET).parent


def draw_files(home: Home) -> tuple[Path, ...]:
    """The draws of each release, in order."""
    return tuple(sorted(draws_folder(home).glob("drawn-*.parquet")))


def write_draws(path: Path, table: pa.Table, schema: pa.Schema | None = None) -> None:
    """Write the draws of a release; the file appears whole or not at all, and nobody else may read it.

    `schema`: of the file, where codes are to be written as the texts that they stand for.
    """

    def write(part: Path) -> None:
        with pq.ParquetWriter(part, schema or table.schema, compression="zstd") as out:
            for batch in table.to_batches(MOST_ROWS):
                out.write_table(pa.table(batch.cast(schema or table.schema)), MOST_ROWS)

    write_whole(path, write)


def forget_draws(home: Home, alert_ids: Collection[str]) -> None:
    """Take the draws of erased alerts away, for good. Each step may be done again.

    The place that another alert took from an erased one stays with that one: it tells nothing of the erased alert but
    that somebody was somewhere in that cell. An incident that was named by an erased alert gets another name: the same
    each time, and telling nobody without the secret which one it was.
    """
    if not draw_files(home):
        return
    gone = pa.array(sorted(set(alert_ids)), pa.string())
    key = (home.path / SECRET).read_bytes()[:64]
    with locked(draws_folder(home) / "lock"):
        if (draws_folder(home) / WAITING).exists():
            table = pq.read_table(draws_folder(home) / WAITING)
            among = pc.is_in(table["alert_id"], value_set=gone)
            if pc.any(among).as_py():
                write_draws(draws_folder(home) / WAITING, table.filter(pc.invert(among)))
        for path in draw_files(home):
            table = pq.read_table(path)
            among, named, lent = (pc.is_in(table[name], value_set=gone) for name in ("alert_id", "unit", "person"))
            if any(pc.any(found).as_py() for found in (among, named, lent)):
                hashes = (hashlib.blake2b(unit.encode(), key=key, digest_size=16) for unit in table["unit"].to_pylist())
                other = pa.array([f"incident {one.hexdigest()}" for one in hashes], pa.string())
                nobody = pa.scalar(None, pa.string())
                for name, found, instead in (("unit", named, other), ("person", lent, nobody)):
                    column = pc.if_else(found, instead, table[name])
                    table = table.set_column(table.column_names.index(name), name, column)
                write_draws(path, table.filter(pc.invert(among)))


ID_COLUMN = b"curim.alert_id"
_OURS = ("row", "column", "value", "reason")


@dataclass(frozen=True)
class EraseReport:
    """What an erasure removes: alerts, quarantined rows, and the possibility to undo so many imports."""

    alerts: int
    quarantined: int
    sealed: int


_Row: TypeAlias = tuple[str, str | None, str, str, bool]  # of an alert to erase: what `_FOUND` selects


def preview_erasure(home: Home, alert_ids: Collection[str]) -> EraseReport:
    """What `erase` would remove; nothing is changed. StoreError where an id is not known."""
    return _report(home, _find(home, alert_ids))


def erase(home: Home, alert_ids: Collection[str]) -> EraseReport:
    """Remove alerts for good. Waits for imports that are being written.

    All versions of the store before it are gone then, and no earlier import can be undone. The alerts are put on the
    list of `erased`, so that importing the export again sets them aside. StoreError, and nothing is done, where an id
    is not known.
    """
    with locked(home.lock):
        _finish(home)
        found = _find(home, alert_ids)
        report, (alerts, incidents) = _report(home, found), _names(found)
        whole = [base for *_, base, partly in found if not partly]
        parts = [(base, content) for _, _, content, base, partly in found if partly]
        ErasedList(home)  # StoreError where its key is missing
        # Before anything else: what is on the list of erased alerts goes away even if this process ends here.
        note = {"alerts": alerts, "incidents": incidents, "whole": whole, "parts": parts}
        write_whole(_note(home), partial(_write_note, note))
        _do(home, note)
    return report


def _write_note(note: Mapping[str, Any], path: Path) -> None:
    """On the disk before the list of erased alerts is, whenever the power goes."""
    with path.open("w", encoding="utf-8") as out:
        json.dump(note, out)
        out.flush()
        os.fsync(out.fileno())


def finish_erasure(home: Home) -> None:
    """Finish an erasure that was cut short; nothing where there is none."""
    if _note(home).exists():
        with locked(home.lock):
            _finish(home)


def _finish(home: Home) -> None:
    if note := read_note(_note(home)):
        _do(home, note)
    _note(home).unlink(missing_ok=True)  # one that was cut short itself is of an erasure that had not begun


def _do(home: Home, note: Mapping[str, Any]) -> None:
    """What a note says. Each step may be done again."""
    alerts, incidents = note["alerts"], note["incidents"]
    ErasedList(home).add(note.get("whole", ()), note.get("parts", ()))  # an older version had listed them
    remove_interrupted(home)
    forget_draws(home, alerts)
    for kept in (home.path / PREPARED).rglob("*"):  # the columns of alerts that counts are made of are among it
        if kept.is_file():
            kept.unlink(missing_ok=True)
    for pattern in ("undo-*", "erase-*", "copy-*"):  # of one cut short
        for left in home.work.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
    for left in home.work.glob("curim-*"):  # texts of an import, where the system cannot keep a file without a name
        with contextlib.suppress(OSError):
            left.unlink()
    table = Store(home).table()
    if table is not None:
        try:
            _rewrite(home, table, alerts)
            for path in home.quarantine.glob("*.parquet"):
                _scrub(path, {*alerts, *incidents})
            _purge(home, table)
        except DeltaError as error:
            raise broken_table(error) from error
    _note(home).unlink()


def _rewrite(home: Home, table: DeltaTable, alerts: Sequence[str]) -> None:
    """A new version without the alerts, that carries the list of imports."""
    if missing := {key: value for key, value in STATISTICS.items() if key not in table.metadata().configuration}:
        table.alter.set_table_properties(missing)
        table.update_incremental()
    record = {"erase": dt.datetime.now(dt.UTC).isoformat(), "log": [one.as_dict() for one, _ in import_log(table)]}
    ids = pa.table({"alert_id": pa.array(alerts, pa.string())})
    with Store(home).working("erase-") as folder:
        write_alerts(table, select_ids("ANTI", file_paths(table), ids, folder), record, "overwrite")


def _purge(home: Home, table: DeltaTable) -> None:
    """Remove every file that the newest version does not need, and the log before the erasure."""
    table.update_incremental()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    table.update_incremental()
    table.create_checkpoint()
    first = max(entry["version"] for entry in table.history() if "erase" in json.loads(entry.get(RECORD, "{}")))
    for path in (home.alerts / "_delta_log").iterdir():
        version = path.name.partition(".")[0]
        checkpoint = ".checkpoint" in path.name
        if version.isdigit() and int(version) < (table.version() if checkpoint else first):
            path.unlink()


def _names(found: list[_Row]) -> tuple[list[str], list[str]]:
    """The ids of the alerts to erase, and those that the source gave their incidents."""
    return [row[0] for row in found], sorted({row[1] for row in found if row[1] is not None})


def _find(home: Home, alert_ids: Collection[str]) -> list[_Row]:
    """What is to be erased of the stored alerts; StoreError where an id is not known."""
    table, ids = Store(home).table(), sorted(set(alert_ids))
    files = [] if table is None else file_paths(table)
    rows: list[_Row] = []
    if files:
        with Store(home).working("erase-") as folder, bounded_duckdb(folder) as run:
            rows = run.execute(_FOUND, {"files": files, "ids": ids}).fetchall()
    if unknown := sorted({*ids} - {row[0] for row in rows}):
        listed = ", ".join(f"“{one}”" for one in unknown)
        raise StoreError(Message("There is no alert {ids}. Nothing was erased.", {"ids": listed}))
    return rows


# `partly`: whether other alerts of the same incident (its base id) stay. Hashes of withdrawn ones have a mark first.
_FOUND: Final = f"""
WITH stored AS (
    SELECT alert_id, incident_id, content_hash, {BASE} AS base, list_contains($ids, alert_id) AS gone
    FROM read_parquet($files)
)
SELECT alert_id, incident_id, ltrim(content_hash, '-'), base,
       base IN (SELECT base FROM stored SEMI JOIN (SELECT base FROM stored WHERE gone) USING (base) WHERE NOT gone)
FROM stored WHERE gone"""


def _report(home: Home, found: list[_Row]) -> EraseReport:
    ids = {name for names in _names(found) for name in names}
    return EraseReport(
        alerts=len(found),
        quarantined=sum(_matches(pq.read_table(path), ids)[1] for path in home.quarantine.glob("*.parquet")),
        sealed=sum(not (batch.undone or batch.sealed) for batch in Store(home).batches()),
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
        rest = table.filter(pc.invert(mask))
        write_whole(path, lambda part: pq.write_table(rest, part, compression="zstd"))


def _note(home: Home) -> Path:
    return home.path / "erase.json"
