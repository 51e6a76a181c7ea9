"""Taking an import back: its alerts removed, those that it changed given the content that they had before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from curim_data.geo.enrichment import enrich
from curim_data.model import SCHEMA, CityProfile, Message
from curim_data.store._commit_log import (
    Batch,
    StoreError,
    UndoReport,
    commit_properties,
    import_log,
    unknown_batch,
)
from curim_data.store._files import blocks, only_ids, rows_where, without_ids, write_alerts
from curim_data.store._listing import file_paths


@dataclass(frozen=True)
class UndoRun:
    """One import to be taken back, on the newest state of the table; `folder` takes what does not fit into memory."""

    table: DeltaTable
    batch_id: str
    city: CityProfile
    folder: Path

    def run(self) -> UndoReport:
        """Commit it."""
        listed = {batch.id: (batch, version) for batch, version in import_log(self.table)}
        if self.batch_id not in listed:
            raise unknown_batch(self.batch_id)
        batch, version = listed[self.batch_id]
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
        mine = rows_where(file_paths(self.table), "batch_id", batch.id, ["alert_id"])["alert_id"]
        undone = {other.id: at for other, at in listed.values() if other.undone}
        restored = self._earlier(mine, version, undone) if batch.updated else 0
        self._commit(batch, mine, restored)
        return UndoReport(
            replace(batch, undone=True),
            removed=len(mine) - restored,
            restored=restored,
            kept=batch.accepted + batch.updated - len(mine),
        )

    @property
    def _restored(self) -> Path:
        return self.folder / "earlier.parquet"

    def _commit(self, batch: Batch, mine: pa.ChunkedArray, restored: int) -> None:
        record, files = {"undo": batch.id}, file_paths(self.table)
        if restored:
            parts = chain(without_ids(files, mine, self.folder), blocks([str(self._restored)]))
            write_alerts(self.table, parts, record, "overwrite")
        elif len(mine):
            self.table.delete(f"batch_id = '{batch.id}'", commit_properties=commit_properties(record))
        else:
            write_alerts(self.table, [], record)

    def _earlier(self, ids: pa.ChunkedArray, version: int, undone: dict[str, int]) -> int:
        """Write the content of alerts before the commit `version`, passing over imports undone meanwhile; its rows."""
        rows = 0
        wanted = [(ids, version)]
        with pq.ParquetWriter(self._restored, SCHEMA, compression="lz4") as writer:
            while wanted:
                some, at = wanted.pop()
                before = DeltaTable(self.table.table_uri, version=at - 1)
                again: dict[str, list[pa.ChunkedArray]] = {}
                for part in only_ids(file_paths(before), some, self.folder):
                    taken_back = pc.is_in(part["batch_id"], value_set=pa.array(undone, pa.string()))
                    good = part.filter(pc.invert(taken_back))
                    writer.write_table(self._fresh(good))
                    rows += good.num_rows
                    back = part.filter(taken_back)
                    for batch in pc.unique(back["batch_id"]).to_pylist():
                        here = back.filter(pc.equal(back["batch_id"], batch))["alert_id"]
                        again.setdefault(batch, []).append(here)
                for batch, parts in again.items():
                    chunks = [chunk for part in parts for chunk in part.chunks]
                    wanted.append((pa.chunked_array(chunks, pa.string()), undone[batch]))
        return rows

    def _fresh(self, alerts: pa.Table) -> pa.Table:
        """The alerts with the columns of today's profile."""
        if pc.any(pc.not_equal(alerts["profile_version"], self.city.version)).as_py():
            where = alerts.schema.get_field_index("profile_version")
            now = pa.array([self.city.version] * alerts.num_rows, pa.string())
            alerts = enrich(alerts, self.city).set_column(where, SCHEMA.field("profile_version"), now)
        return alerts.select(SCHEMA.names).cast(SCHEMA)
