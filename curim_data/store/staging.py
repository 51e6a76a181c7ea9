"""An import before its commit: its alerts on disk, block by block, and what becomes of them in the store.

They are written as the store keeps them, so that an import whose alerts are all new, which is what most are, hands its
files over instead of writing every alert a second time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model import SCHEMA, Message
from curim_data.model.reasons import Flag
from curim_data.store._commit_log import Batch, StoreError
from curim_data.store.erased_list import ErasedList, base_ids
from curim_data.store.matching import DUPLICATE, NEW, UPDATED, match_rows

GROUP_ROWS: Final = 131_072
FILE_BYTES: Final = 150_000_000
STAGED: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("twin", pa.int64(), nullable=False),
        *(f for f in SCHEMA if f.name != "alert_id"),
    ]
)
# What decides which alerts are new, in a file of its own: `row` and `twin` are of this import and not of the alerts.
KEYS: Final = pa.schema([STAGED.field(name) for name in ("row", "twin", "incident_id", "content_hash")])
# Hardly an id or hash occurs twice, and none is looked for by its order: no dictionary and no smallest value of them.
UNIQUE: Final = ("alert_id", "incident_id", "content_hash")


def _leaf(field: pa.Field) -> str:
    """The name of a column in a Parquet file."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name


# Few moments occur twice; and of the words each group of rows has nearly all, but for the batch.
_REPEATED: Final = [_leaf(one) for one in SCHEMA if one.name not in UNIQUE and not pa.types.is_timestamp(one.type)]
_ORDERED: Final = [one.name for one in SCHEMA if not (pa.types.is_string(one.type) or pa.types.is_list(one.type))]


class Staging:
    """Alerts of one import in the order of the rows of the imported file.

    `paths`: Parquet files of `alert.SCHEMA`, in which each alert has the id of an incident's first one; `keys`: a
    Parquet file of `KEYS`, with the same groups of rows. Use it as a context manager: its files are removed at the end,
    whatever happens.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.keys, self.rows = folder, folder / "staged-keys.parquet", 0
        self.paths: list[Path] = []
        self._keys: pq.ParquetWriter | None = pq.ParquetWriter(
            self.keys, KEYS, compression="lz4", write_statistics=False, use_dictionary=False
        )
        self._alerts: pq.ParquetWriter | None = None
        self._held = STAGED.empty_table()
        self._last = -1

    def add(self, alerts: pa.Table) -> None:
        """Take a block: `alert.SCHEMA` (alert_id is not needed), `row` (int64), which must rise over all blocks,
        and `twin` (int64, see `matching`).

        ValueError where the rows do not rise.
        """
        if self._keys is None:
            raise ValueError("the staging file is closed")
        if not alerts.num_rows:
            return
        table = alerts.select(STAGED.names).cast(STAGED)
        numbers = table["row"].to_numpy()
        if numbers[0] <= self._last or (numbers[1:] <= numbers[:-1]).any():
            raise ValueError("the row numbers of staged alerts must rise")
        self._last = int(numbers[-1])
        self.rows += table.num_rows
        self._held = pa.concat_tables([self._held, table])
        if whole := self._held.num_rows // GROUP_ROWS * GROUP_ROWS:
            self._write(self._held.slice(0, whole))
            self._held = self._held.slice(whole)

    def close(self) -> None:
        """Finish the files, so that they can be read."""
        if self._keys is not None:
            if self._held.num_rows or not self.paths:
                self._write(self._held)
            self._held = STAGED.empty_table()
            self._keys.close()
            self._close_file()
            self._keys = None

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The staged alerts, or some of their columns, in the order of the file, about 100,000 rows at a time.

        `alert_id`, where it is among them, is the id of an incident's first alert.
        """
        self.close()
        names = list(STAGED.names if columns is None else columns)
        ours = [name for name in names if name in ("row", "twin")]
        schema = pa.schema([(STAGED if name in ours else SCHEMA).field(name) for name in names])
        with pq.ParquetFile(self.keys) as keys:
            at = 0
            for path in self.paths:
                with pq.ParquetFile(path) as file:
                    for group in range(file.num_row_groups):
                        part = file.read_row_group(group, columns=[name for name in names if name not in ours])
                        numbers = keys.read_row_group(at, columns=ours)
                        for name in ours:
                            part = part.append_column(numbers.schema.field(name), numbers[name])
                        at += 1
                        yield part.select(names).cast(schema)

    def remove(self) -> None:
        """Remove the files."""
        self.close()
        for path in (self.keys, *self.paths):
            path.unlink(missing_ok=True)

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _write(self, alerts: pa.Table) -> None:
        """Write alerts in groups of rows, the same ones to both files."""
        assert self._keys is not None
        if self._alerts is None:
            self.paths.append(self.folder / f"staged-{len(self.paths)}.parquet")
            self._alerts = pq.ParquetWriter(
                self.paths[-1],
                SCHEMA,
                store_schema=False,
                compression="zstd",
                compression_level=1,
                use_dictionary=_REPEATED,
                write_statistics=["batch_id", *_ORDERED],
            )
        self._keys.write_table(alerts.select(KEYS.names), row_group_size=GROUP_ROWS)
        named = alerts.append_column(SCHEMA.field("alert_id"), base_ids(alerts["incident_id"], alerts["content_hash"]))
        self._alerts.write_table(named.select(SCHEMA.names).cast(SCHEMA), row_group_size=GROUP_ROWS)
        if self.paths[-1].stat().st_size >= FILE_BYTES:
            self._close_file()

    def _close_file(self) -> None:
        if self._alerts is not None:
            self._alerts.close()
            self._alerts = None


@dataclass(frozen=True)
class StagedResult:
    """An import compared with the store: the batch with its counts, and the Parquet file of row, alert_id, action.

    The file lies in the staging folder and goes with it; there is none where all rows are `alike` (`matching.Matched`).
    `stored`: the files of the store that it was compared with.
    """

    batch: Batch
    staging: Staging
    path: Path
    alike: str | None
    stored: tuple[str, ...]

    def changed(self, columns: Sequence[str] = SCHEMA.names) -> Iterator[pa.Table]:
        """The new and the updated alerts (`alert.SCHEMA`), or some of their columns, with their ids, piece by piece."""
        if self.alike is not None:
            yield from () if self.alike == DUPLICATE else self.staging.batches(columns)
            return
        with pq.ParquetFile(self.path) as file:
            pieces = file.iter_batches(65_536, columns=["alert_id", "action"])
            held = pa.schema([("alert_id", pa.string()), ("action", pa.string())]).empty_table()
            for part in self.staging.batches([name for name in columns if name != "alert_id"]):
                while held.num_rows < part.num_rows:
                    held = pa.concat_tables([held, pa.Table.from_batches([next(pieces)])])
                settled, held = held.slice(0, part.num_rows), held.slice(part.num_rows)
                part = part.append_column("alert_id", settled["alert_id"]).select(columns)
                yield part.filter(pc.not_equal(settled["action"], DUPLICATE))


def match_staged(staging: Staging, batch: Batch, stored: Sequence[str] = ()) -> StagedResult:
    """Compare staged alerts with the stored ones (Parquet files; none for an empty store); nothing is written."""
    staging.close()
    path = staging.folder / "settled.parquet"
    matched = match_rows(staging.keys, stored, path)
    found = StagedResult(batch, staging, path, matched.alike, tuple(stored))
    repaired = outside = unmapped = 0
    for part in found.changed(["flags", "longitude"]):
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
    return replace(found, batch=counted)


def check_erased(staging: Staging, erased: ErasedList) -> None:
    """StoreError where a staged alert has been erased since it was read."""
    if erased.empty:
        return
    for part in staging.batches(["incident_id", "content_hash"]):
        if erased.mask(part["incident_id"], part["content_hash"]).any():
            raise StoreError(Message("Alerts were erased while the file was read. Import it again."))
