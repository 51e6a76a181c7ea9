"""Read a file of alerts into plain lists, for tests."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from curim_data.containers.isolation import uploaded
from curim_data.containers.opening import open_table
from curim_data.model import Facts
from curim_data.model.reasons import Opened, RejectedRecord


@dataclass
class Records:
    facts: Facts
    values: list[list[str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    encoding_repaired: list[bool] = field(default_factory=list)
    trailing_cut: list[bool] = field(default_factory=list)
    refused: list[RejectedRecord] = field(default_factory=list)
    blocks: int = 0


def read(source: str | bytes | Path, name: str = "file.csv", sheet: str | None = None) -> Records:
    with tempfile.TemporaryDirectory() as folder:
        path = uploaded(source.encode() if isinstance(source, str) else source, name, Path(folder))
        return _records(open_table(path, name, sheet))


def _records(opened: Opened) -> Records:
    records = Records(opened.facts)
    for block in opened.blocks():
        assert len(block.rows) == block.table.num_rows
        assert block.table.column_names == [str(at) for at in range(len(opened.facts.labels))]
        records.values += [list(row) for row in zip(*(c.to_pylist() for c in block.table.columns), strict=True)]
        records.rows += block.rows.tolist()
        records.encoding_repaired += block.encoding_repaired.tolist()
        records.trailing_cut += block.trailing_cut.tolist()
        records.refused += block.refused
        records.blocks += 1
    told = sorted([*records.rows, *(record.row for record in records.refused)])
    assert told == list(range(1, len(told) + 1))
    return records
