"""Where an import keeps its alerts, block by block, until the whole file has been read and can be committed.

They are written as the store keeps them, so that an import whose alerts are all new, which is what most are, hands its
files over instead of writing every alert a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model import SCHEMA
from curim_data.store.matching import MARK

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
_NO_TWICE: Final = ("alert_id", "incident_id", "content_hash")


class Staging:
    """Alerts of one import in the order of the rows of the imported file.

    `paths`: Parquet files of `alert.SCHEMA`, in which each alert has the id of an incident's first one; `keys`: a
    Parquet file of `KEYS`, with the same groups of rows. Use it as a context manager: its files are removed at the end,
    whatever happens.

    `lasting`: whether the store may take the files over. Where most likely no alert is new they are only read, and are
    written in half the time, four times as large.
    """

    def __init__(self, folder: Path, *, lasting: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.keys, self.rows = folder, folder / "staged-keys.parquet", 0
        self.lasting = lasting
        self.paths: list[Path] = []
        self._keys: pq.ParquetWriter | None = pq.ParquetWriter(
            self.keys, KEYS, compression="lz4", write_statistics=False, use_dictionary=False
        )
        self._alerts: pq.ParquetWriter | None = None
        self._held: list[pa.Table] = []
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
        self._held.append(table)
        self.rows += table.num_rows
        if sum(part.num_rows for part in self._held) >= GROUP_ROWS:
            held = pa.concat_tables(self._held)
            whole = held.num_rows - held.num_rows % GROUP_ROWS
            self._write(held.slice(0, whole))
            self._held = [held.slice(whole)]

    def close(self) -> None:
        """Finish the files, so that they can be read."""
        if self._keys is not None:
            held = pa.concat_tables(self._held) if self._held else STAGED.empty_table()
            self._held = []
            if held.num_rows or not self.paths:
                self._write(held)
            self._keys.close()
            self._close_file()
            self._keys = None

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The staged alerts, or some of their columns, in the order of the file, about 100,000 rows at a time.

        `alert_id`, where asked for, is the id of an incident's first alert.
        """
        self.close()
        names = list(STAGED.names if columns is None else columns)
        ours = [name for name in names if name in ("row", "twin")]
        kept = [name for name in names if name not in ours]
        schema = pa.schema([(STAGED if name in ours else SCHEMA).field(name) for name in names])
        with pq.ParquetFile(self.keys) as keys:
            at = 0
            for path in self.paths:
                with pq.ParquetFile(path) as file:
                    for group in range(file.num_row_groups):
                        part = file.read_row_group(group, columns=kept)
                        if ours:
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
            given = _LASTING if self.lasting else _PASSING
            self._alerts = pq.ParquetWriter(self.paths[-1], SCHEMA, store_schema=False, **given)
        self._keys.write_table(alerts.select(KEYS.names), row_group_size=GROUP_ROWS)
        named = alerts.append_column(SCHEMA.field("alert_id"), first_ids(alerts["incident_id"], alerts["content_hash"]))
        self._alerts.write_table(named.select(SCHEMA.names).cast(SCHEMA), row_group_size=GROUP_ROWS)
        if self.paths[-1].stat().st_size >= FILE_BYTES:
            self._close_file()

    def _close_file(self) -> None:
        if self._alerts is not None:
            self._alerts.close()
            self._alerts = None


def first_ids(incidents: pa.ChunkedArray, hashes: pa.ChunkedArray) -> Any:
    """The id of an incident's first alert, as `matching.BASE` makes it."""
    doubled = pc.replace_substring(incidents, MARK, 2 * MARK)
    if not doubled.null_count:
        return doubled
    return pc.coalesce(doubled, pc.binary_join_element_wise(pa.scalar(MARK), hashes, ""))


def _leaves(field: pa.Field) -> str:
    """The name of a column in a Parquet file."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name


_FIELDS: Final = [field for field in SCHEMA if field.name not in _NO_TWICE]
_WORDS: Final = [_leaves(one) for one in _FIELDS if pa.types.is_string(one.type) or pa.types.is_list(one.type)]
# Few moments occur twice; and of the words each group of rows has nearly all, but for the batch.
_LASTING: Final[dict[str, Any]] = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": [_leaves(one) for one in _FIELDS if not pa.types.is_timestamp(one.type)],
    "write_statistics": ["batch_id", *(_leaves(one) for one in _FIELDS if _leaves(one) not in _WORDS)],
}
_PASSING: Final[dict[str, Any]] = {"compression": "none", "use_dictionary": _WORDS, "write_statistics": False}
