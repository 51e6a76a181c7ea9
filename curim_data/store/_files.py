"""Reading and writing the files of the store block by block, so that memory does not grow with the store."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from curim_data.containers.prefetch import prefetch
from curim_data.model import SCHEMA
from curim_data.store._commit_log import commit_properties
from curim_data.store.matching import bounded_duckdb
from curim_data.store.staging import FILE_BYTES

BLOCK_ROWS: Final = 100_000
MOST_FILES: Final = 50
# Hardly an id or hash occurs twice, and none is looked for by its order: no dictionary and no smallest value of them.
_NO_TWICE: Final = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
_WRITER: Final = WriterProperties(
    max_row_group_size=131_072,
    compression="ZSTD",
    compression_level=1,
    column_properties=dict.fromkeys(("alert_id", "incident_id", "content_hash"), _NO_TWICE),
)


def schema_of(columns: Sequence[str] | None = None) -> pa.Schema:
    """The schema of some columns of the store."""
    return SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])


def blocks(files: Sequence[str], columns: Sequence[str] | None = None, rows: int = BLOCK_ROWS) -> Iterator[pa.Table]:
    """The stored alerts, or some columns, piece by piece; writers may have stored text as views, hence the cast."""
    schema = schema_of(columns)
    for path in files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(rows, columns=schema.names):
                yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)


def concatenated(parts: Iterable[pa.Table], columns: Sequence[str] | None = None) -> pa.Table:
    """Pieces as one table."""
    held = list(parts)
    return pa.concat_tables(held) if held else schema_of(columns).empty_table()


def rows_where(files: Sequence[str], column: str, value: str, columns: Sequence[str]) -> pa.Table:
    """Some columns of the alerts whose `column` holds the value; groups of rows that cannot have any are not read."""
    schema = schema_of(columns)
    if not files:
        return schema.empty_table()
    names = ", ".join(f'"{name}"' for name in schema.names)
    with duckdb.connect() as run:
        query = f'SELECT {names} FROM read_parquet($files) WHERE "{column}" = $value'
        return run.execute(query, {"files": list(files), "value": value}).to_arrow_table().cast(schema)


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
    """What the log says of a file: its rows, and what `_commit_log.STATISTICS` names, the first and last day."""
    found = pq.read_metadata(path)
    groups = [found.row_group(at) for at in range(found.num_row_groups)]
    place = SCHEMA.get_field_index("local_date")
    days = [group.column(place).statistics for group in groups]
    told: dict[str, Any] = {"numRecords": found.num_rows}
    if known := [one for one in days if one is not None and one.has_min_max]:
        told["minValues"] = {"local_date": min(one.min for one in known).isoformat()}
        told["maxValues"] = {"local_date": max(one.max for one in known).isoformat()}
        told["nullCount"] = {"local_date": sum(one.null_count for one in known)}
    status = path.stat()
    return AddAction(path.name, status.st_size, {}, int(status.st_mtime * 1000), True, json.dumps(told))


def compact(table: DeltaTable) -> None:
    """Put small files together, in one commit, where there are more than `MOST_FILES`."""
    if len(table.file_uris()) > MOST_FILES:
        table.optimize.compact(
            target_size=FILE_BYTES, writer_properties=_WRITER, commit_properties=commit_properties({})
        )


def without_ids(files: Sequence[str], ids: Path | Sequence[str] | pa.ChunkedArray, folder: Path) -> Iterator[pa.Table]:
    """The stored alerts but those of some ids, piece by piece.

    `ids` are texts, or a Parquet file of `matching.match_rows`, whose updated alerts are left out. `folder` takes what
    does not fit into memory.
    """
    yield from _joined("ANTI", files, ids, folder)


def only_ids(files: Sequence[str], ids: pa.ChunkedArray, folder: Path) -> Iterator[pa.Table]:
    """The stored alerts of some ids, piece by piece."""
    yield from _joined("SEMI", files, ids, folder)


def _joined(
    kind: str, files: Sequence[str], ids: Path | Sequence[str] | pa.ChunkedArray, folder: Path
) -> Iterator[pa.Table]:
    if not files:
        return
    with bounded_duckdb(folder) as run:
        if isinstance(ids, Path):
            query = "SELECT alert_id FROM read_parquet(?) WHERE action = 'updated'"
            run.execute(f"CREATE TABLE ids AS {query}", [str(ids)])
        else:
            run.register("given", pa.table({"alert_id": ids if len(ids) else pa.array([], pa.string())}))
            run.execute("CREATE TABLE ids AS SELECT alert_id FROM given")
        names = ", ".join(f'stored."{name}"' for name in SCHEMA.names)
        found = run.execute(f"SELECT {names} FROM read_parquet(?) AS stored {kind} JOIN ids USING (alert_id)", [files])
        for batch in found.to_arrow_reader(BLOCK_ROWS):
            yield pa.Table.from_batches([batch]).cast(SCHEMA)
