"""Writing the files of the store, and reading them to write them anew, block by block, so that memory does not grow
with the store: new alerts, changed ones, and an import taken back.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from curim_data.containers.prefetch import prefetch
from curim_data.geo.enrichment import enrich
from curim_data.model import SCHEMA, CityProfile, Message
from curim_data.store._commit_log import (
    StoreError,
    UndoReport,
    commit_properties,
    file_paths,
    import_log,
    unknown_batch,
)
from curim_data.store.matching import UPDATED, bounded_duckdb
from curim_data.store.staging import FILE_BYTES, UNIQUE, StagedResult

BLOCK_ROWS: Final = 100_000
MOST_FILES: Final = 50
_NO_TWICE: Final = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
_WRITER: Final = WriterProperties(
    max_row_group_size=131_072,
    compression="ZSTD",
    compression_level=1,
    column_properties=dict.fromkeys(UNIQUE, _NO_TWICE),
)


def blocks(files: Sequence[str], columns: Sequence[str] | None = None, rows: int = BLOCK_ROWS) -> Iterator[pa.Table]:
    """The stored alerts, or some columns, piece by piece; writers may have stored text as views, hence the cast."""
    schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
    for path in files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(rows, columns=schema.names):
                yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)


def ids_of_import(files: Sequence[str], batch_id: str) -> pa.ChunkedArray:
    """Ids of the alerts that an import brought or changed last; groups of rows that cannot have any are not read."""
    if not files:
        return pa.chunked_array([], pa.string())
    with duckdb.connect() as run:
        found = run.execute("SELECT alert_id FROM read_parquet(?) WHERE batch_id = ?", [files, batch_id])
        return found.to_arrow_table()["alert_id"].cast(pa.string())


def write_alerts(
    table: DeltaTable,
    parts: Iterable[pa.Table],
    record: Mapping[str, Any],
    mode: Literal["append", "overwrite"] = "append",
) -> None:
    """Write alerts (`alert.SCHEMA`) in one commit, piece by piece.

    Pieces are made in a thread of Python's own: the writer asks for them from one of its threads, in which pyproj
    crashes the process.
    """
    failed: list[Exception] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for part in prefetch(part.cast(SCHEMA) for part in parts):
                yield from part.to_batches()
        except Exception as error:
            failed.append(error)
            raise

    try:
        write_deltalake(
            table,
            pa.RecordBatchReader.from_batches(SCHEMA, batches()),
            mode=mode,
            target_file_size=FILE_BYTES,
            writer_properties=_WRITER,
            commit_properties=commit_properties(record),
        )
    except Exception:
        if failed:  # the reason, not the writer's words about it
            raise failed[0] from None
        raise


def write_changed(table: DeltaTable, result: StagedResult, record: Mapping[str, Any]) -> None:
    """Write the alerts of an import of which some take the place of stored ones, in one commit."""
    updated = ds.dataset(result.path).scanner(columns=["alert_id"], filter=pc.field("action") == UPDATED)
    kept = select_ids("ANTI", file_paths(table), updated, result.staging.folder)
    write_alerts(table, chain(kept, result.changed()), record, "overwrite")


def take_over(table: DeltaTable, folder: Path, made: Sequence[Path], record: Mapping[str, Any]) -> None:
    """Add Parquet files of alerts (`alert.SCHEMA`) to the table in `folder` as they are, in one commit.

    The files stay where they are too, so that they can be read and taken over again where another writer was faster.
    A process that is killed before the commit leaves files that no version names, as it does in `write_alerts`.
    """
    taken = [folder / f"part-{at:05d}-{uuid.uuid4()}-c000.zstd.parquet" for at in range(len(made))]
    for path, place in zip(made, taken, strict=True):
        try:
            os.link(path, place)
        except OSError:  # a file system without links
            shutil.copyfile(path, place)
    actions: list[AddAction | RemoveAction] = [_added(path) for path in taken]
    try:
        table.create_write_transaction(actions, "append", table.schema(), commit_properties=commit_properties(record))
    except CommitFailedError:
        for path in taken:
            path.unlink(missing_ok=True)
        raise


def _added(path: Path) -> AddAction:
    """A file as the log names it: its rows, and of what `_commit_log.STATISTICS` names the first and last day."""
    days = pq.read_table(path, columns=["local_date"])["local_date"]
    limits = {f"{name}Values": {"local_date": str(day)} for name, day in pc.min_max(days).as_py().items()}
    statistics = {"numRecords": len(days), **limits, "nullCount": {"local_date": days.null_count}}
    status = path.stat()
    return AddAction(path.name, status.st_size, {}, int(status.st_mtime * 1000), True, json.dumps(statistics))


def compact(table: DeltaTable) -> None:
    """Put small files together, in one commit, where there are more than `MOST_FILES`."""
    if len(table.file_uris()) > MOST_FILES:
        table.optimize.compact(
            target_size=FILE_BYTES, writer_properties=_WRITER, commit_properties=commit_properties({})
        )


def select_ids(
    kind: Literal["SEMI", "ANTI"], files: Sequence[str], ids: pa.Table | ds.Scanner, folder: Path
) -> Iterator[pa.Table]:
    """The stored alerts of some ids (SEMI), or all but these (ANTI), piece by piece.

    `ids`: a table of the column alert_id, or a scanner of one. `folder` takes what does not fit into memory.
    """
    if not files:
        return
    with bounded_duckdb(folder) as run:
        run.register("given", ids)
        run.execute("CREATE TABLE ids AS SELECT alert_id FROM given")
        names = ", ".join(f'stored."{name}"' for name in SCHEMA.names)
        found = run.execute(f"SELECT {names} FROM read_parquet(?) AS stored {kind} JOIN ids USING (alert_id)", [files])
        for batch in found.to_arrow_reader(BLOCK_ROWS):
            yield pa.Table.from_batches([batch]).cast(SCHEMA)


def undo(table: DeltaTable, batch_id: str, city: CityProfile, folder: Path) -> UndoReport:
    """Take an import back in one commit on the newest state of the table: its alerts removed, those that it changed
    given the content that they had before. `folder` takes what does not fit into memory.
    """
    log = {batch.id: (batch, version) for batch, version in import_log(table)}
    if batch_id not in log:
        raise unknown_batch(batch_id)
    batch, version = log[batch_id]
    if batch.undone:
        raise StoreError(Message("The import {batch} was undone before.", {"batch": batch.id}))
    if batch.sealed:
        raise StoreError(
            Message(
                "The import {batch} cannot be undone: alerts were erased on {when}, and the versions before that "
                "are gone for good.",
                {"batch": batch.id, "when": batch.sealed},
            )
        )
    files, record, restored, earlier = file_paths(table), {"undo": batch.id}, 0, folder / "earlier.parquet"
    ids = pa.table({"alert_id": ids_of_import(files, batch.id)})
    if batch.updated:
        undone = {other.id: at for other, at in log.values() if other.undone}
        with pq.ParquetWriter(earlier, SCHEMA, compression="lz4") as writer:
            for part in _before(table, ids, version, undone, folder):
                writer.write_table(_of_profile(part, city))
                restored += part.num_rows
    if restored:
        kept = select_ids("ANTI", files, ids, folder)
        write_alerts(table, chain(kept, blocks([str(earlier)])), record, "overwrite")
    elif len(ids):
        table.delete(f"batch_id = '{batch.id}'", commit_properties=commit_properties(record))
    else:
        write_alerts(table, [], record)
    kept_as_they_are = batch.accepted + batch.updated - len(ids)
    return UndoReport(replace(batch, undone=True), len(ids) - restored, restored, kept_as_they_are)


def _before(
    table: DeltaTable, ids: pa.Table, version: int, undone: Mapping[str, int], folder: Path
) -> Iterator[pa.Table]:
    """Alerts as they were before the commit `version`, passing over imports that were `undone` meanwhile (commits)."""
    passed = []
    before = DeltaTable(table.table_uri, version=version - 1)
    for part in select_ids("SEMI", file_paths(before), ids, folder):
        taken_back = pc.is_in(part["batch_id"], value_set=pa.array(undone, pa.string()))
        passed.append(part.filter(taken_back).select(["alert_id", "batch_id"]))
        yield part.filter(pc.invert(taken_back))
    if passed:
        again = pa.concat_tables(passed)
        for batch in pc.unique(again["batch_id"]).to_pylist():
            yield from _before(table, again.filter(pc.equal(again["batch_id"], batch)), undone[batch], undone, folder)


def _of_profile(alerts: pa.Table, city: CityProfile) -> pa.Table:
    """The alerts with the columns of today's profile."""
    if pc.any(pc.not_equal(alerts["profile_version"], city.version)).as_py():
        where = alerts.schema.get_field_index("profile_version")
        now = pa.array([city.version] * alerts.num_rows, pa.string())
        alerts = enrich(alerts, city).set_column(where, SCHEMA.field("profile_version"), now)
    return alerts.select(SCHEMA.names).cast(SCHEMA)
