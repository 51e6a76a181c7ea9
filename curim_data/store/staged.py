"""An import compared with the alerts of the store: what is new, what changes a known alert, what is known already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model import SCHEMA, Message
from curim_data.model.reasons import Flag
from curim_data.store._commit_log import Batch, StoreError
from curim_data.store.erased_list import ErasedList
from curim_data.store.matching import DUPLICATE, NEW, UPDATED, match_rows
from curim_data.store.staging import Staging


@dataclass(frozen=True)
class StagedResult:
    """An import compared with the store: the batch with its counts, and the Parquet file of row, alert_id, action.

    The file lies in the staging folder and goes with it; there is none where all rows are `alike` (`matching.Matched`,
    as `complete`). `stored`: the files of the store that it was compared with.
    """

    batch: Batch
    staging: Staging
    path: Path
    alike: str | None
    stored: tuple[str, ...]
    complete: bool

    def actions(self) -> Iterator[pa.Table]:
        """Row, alert_id and action of the staged rows in order, piece by piece."""
        if self.alike is not None:
            for part in self.staging.batches(["row", "alert_id"]):
                yield part.append_column("action", pa.repeat(pa.scalar(self.alike), part.num_rows))
            return
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(65_536):
                yield pa.Table.from_batches([batch])


def known_again(sha256: str, imports: Sequence[Batch]) -> bool:
    """Whether an import that was not undone brought the same bytes: then most likely nothing is new."""
    return any(one.sha256 == sha256 and not one.undone for one in imports)


def match_staged(staging: Staging, batch: Batch, stored: Sequence[str] = (), *, again: bool = False) -> StagedResult:
    """Compare staged alerts with the stored ones (Parquet files; none for an empty store); nothing is written.

    `again`: whether they may well all be known (`matching.match_rows`).
    """
    staging.close()
    path = staging.folder / "settled.parquet"
    matched = match_rows(staging.keys, stored, path, again=again)
    repaired = outside = unmapped = 0
    for part in _changed(staging, matched.alike, path, ["flags", "longitude"]):
        flags = pc.list_flatten(part["flags"])
        repaired += pc.sum(pc.equal(flags, Flag.REPAIRED.value)).as_py() or 0
        outside += pc.sum(pc.equal(flags, Flag.OUTSIDE_CITY.value)).as_py() or 0
        unmapped += part["longitude"].null_count
    counted = replace(
        batch,
        when=dt.datetime.now(dt.UTC),
        accepted=matched.counts[NEW],
        updated=matched.counts[UPDATED],
        duplicate=matched.counts[DUPLICATE],
        repaired=repaired,
        outside=outside,
        unmapped=unmapped,
    )
    return StagedResult(counted, staging, path, matched.alike, tuple(stored), matched.complete)


def changed_alerts(result: StagedResult) -> Iterator[pa.Table]:
    """The new and the updated alerts (`alert.SCHEMA`) with their ids, piece by piece."""
    for part in _changed(result.staging, result.alike, result.path, SCHEMA.names):
        yield part.cast(SCHEMA)


def check_erased(staging: Staging, erased: ErasedList) -> None:
    """StoreError where a staged alert has been erased since it was read."""
    if erased.empty:
        return
    for part in staging.batches(["incident_id", "content_hash"]):
        if erased.mask(part["incident_id"], part["content_hash"]).any():
            raise StoreError(Message("Alerts were erased while the file was read. Import it again."))


def _changed(staging: Staging, alike: str | None, path: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of the staged alerts that are new or updated, with the ids they were given.

    Where the rows are not all alike, `path` says what becomes of them, in their order.
    """
    if alike is not None:
        yield from iter(()) if alike == DUPLICATE else staging.batches(columns)
        return
    with pq.ParquetFile(path) as file:
        pieces = file.iter_batches(65_536, columns=["alert_id", "action"])
        held = pa.table({"alert_id": pa.array([], pa.string()), "action": pa.array([], pa.string())})
        for part in staging.batches([name for name in columns if name != "alert_id"]):
            parts = [held]
            while sum(piece.num_rows for piece in parts) < part.num_rows:
                parts.append(pa.Table.from_batches([next(pieces)]))
            settled = pa.concat_tables(parts)
            held = settled.slice(part.num_rows)
            part = part.append_column("alert_id", settled["alert_id"].slice(0, part.num_rows)).select(columns)
            stands = pc.not_equal(settled["action"].slice(0, part.num_rows), DUPLICATE)
            yield part if pc.all(stands).as_py() else part.filter(stands)
