"""Where an import keeps its alerts, block by block, until the whole file has been read and can be committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from curim_data.model import SCHEMA

GROUP_ROWS: Final = 100_000
STAGED: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("twin", pa.int64(), nullable=False),
        *(f for f in SCHEMA if f.name != "alert_id"),
    ]
)


class Staging:
    """Alerts of one import in one Parquet file, in the order of the rows of the imported file.

    Use it as a context manager: its file is removed at the end, whatever happens.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.path, self.rows = folder, folder / "staged.parquet", 0
        self._writer: pq.ParquetWriter | None = pq.ParquetWriter(
            self.path, STAGED, compression="lz4", write_statistics=False
        )
        self._held: list[pa.Table] = []
        self._last = -1

    def add(self, alerts: pa.Table) -> None:
        """Take a block: `alert.SCHEMA` (alert_id is not needed), `row` (int64), which must rise over all blocks,
        and `twin` (int64, see `matching`).

        ValueError where the rows do not rise.
        """
        if self._writer is None:
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
            self._flush()

    def close(self) -> None:
        """Finish the file, so that it can be read."""
        if self._writer is not None:
            self._flush()
            self._writer.close()
            self._writer = None

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The staged alerts, or some of their columns, in the order of the file, about 100,000 rows at a time."""
        self.close()
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=None if columns is None else list(columns))

    def remove(self) -> None:
        """Remove the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _flush(self) -> None:
        if self._writer is not None and self._held:
            self._writer.write_table(pa.concat_tables(self._held), row_group_size=GROUP_ROWS)
            self._held = []
