"""An import whose alerts were staged in a file: compared with the store, counted and written piece by piece."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model.alert import SCHEMA
from curim_data.model.i18n import Message
from curim_data.model.reasons import Flag
from curim_data.store.commit_log import Batch, StoreError
from curim_data.store.erased_list import ErasedList
from curim_data.store.matching import DUPLICATE, NEW, UPDATED, match_rows
from curim_data.store.staging import Staging


@dataclass(frozen=True)
class StagedResult:
    """An import compared with the store: the batch with its counts, and the Parquet file of row, alert_id, action.

    The file lies in the staging folder and goes with it.
    """

    batch: Batch
    path: Path

    def actions(self) -> Iterator[pa.Table]:
        """Row, alert_id and action of the staged rows in order, piece by piece."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(65_536):
                yield pa.Table.from_batches([batch])


def match_staged(staging: Staging, batch: Batch, stored: Sequence[str] = ()) -> StagedResult:
    """Compare staged alerts with the stored ones (Parquet files; none for an empty store); nothing is written."""
    staging.close()
    path = staging.folder / "settled.parquet"
    counts = match_rows(staging.path, stored, path)
    repaired = outside = unmapped = 0
    for part in _with_actions(staging, path, ["flags", "longitude"]):
        changed = part.filter(pc.not_equal(part["action"], DUPLICATE))
        flags = pc.list_flatten(changed["flags"])
        repaired += pc.sum(pc.equal(flags, Flag.REPAIRED.value)).as_py() or 0
        outside += pc.sum(pc.equal(flags, Flag.OUTSIDE_CITY.value)).as_py() or 0
        unmapped += changed["longitude"].null_count
    counted = replace(
        batch,
        when=dt.datetime.now(dt.UTC),
        accepted=counts[NEW],
        updated=counts[UPDATED],
        duplicate=counts[DUPLICATE],
        repaired=repaired,
        outside=outside,
        unmapped=unmapped,
    )
    return StagedResult(counted, path)


def changed_alerts(staging: Staging, result: StagedResult) -> Iterator[pa.Table]:
    """The new and the updated alerts (`alert.SCHEMA`) with their ids, piece by piece."""
    for part in _with_actions(staging, result.path):
        stands = pc.not_equal(part["action"], DUPLICATE)
        alerts = part.select(SCHEMA.names)
        yield (alerts if pc.all(stands).as_py() else alerts.filter(stands)).cast(SCHEMA)


def check_erased(staging: Staging, erased: ErasedList) -> None:
    """StoreError where a staged alert has been erased since it was read."""
    if erased.empty:
        return
    for part in staging.batches(["incident_id", "content_hash"]):
        if erased.mask(part["incident_id"], part["content_hash"]).any():
            raise StoreError(Message("Alerts were erased while the file was read. Import it again."))


def _with_actions(staging: Staging, path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Staged alerts with alert_id and action. Both files are in the order of the rows and hold the same rows."""
    with pq.ParquetFile(path) as file:
        pieces = file.iter_batches(65_536, columns=["alert_id", "action"])
        held = pa.table({"alert_id": pa.array([], pa.string()), "action": pa.array([], pa.string())})
        for part in staging.batches(columns):
            parts = [held]
            while sum(piece.num_rows for piece in parts) < part.num_rows:
                parts.append(pa.Table.from_batches([next(pieces)]))
            alerts = pa.concat_tables(parts)
            held = alerts.slice(part.num_rows)
            for name in ("alert_id", "action"):
                part = part.append_column(name, alerts[name].slice(0, part.num_rows))
            yield part
