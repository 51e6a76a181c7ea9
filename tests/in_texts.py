"""Delimited texts written from plain lists, and files of alerts read into them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curim_data.containers.base import ending
from curim_data.containers.opening import open_table
from curim_data.model import Facts
from curim_data.model.reasons import RejectedRecord


@dataclass
class Records:
    facts: Facts
    values: list[list[str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    encoding_repaired: list[bool] = field(default_factory=list)
    trailing_cut: list[bool] = field(default_factory=list)
    refused: list[RejectedRecord] = field(default_factory=list)
    blocks: int = 0


def uploaded(source: Path | bytes, name: str, folder: Path) -> Path:
    """The path of a file; bytes are put into the folder, with the ending of the name."""
    if isinstance(source, Path):
        return source
    path = folder / f"upload{ending(name)}"
    path.write_bytes(source)
    return path


def csv_bytes(rows: Iterable[Sequence[object]], encoding: str = "utf-8", **how: Any) -> bytes:
    """Rows as a delimited text; `how` as for `csv.writer`."""
    text = io.StringIO(newline="")
    csv.writer(text, **how).writerows(rows)
    return text.getvalue().encode(encoding)


def export(
    rows: Sequence[Mapping[str, str]], when: str = "date", delimiter: str = ";", lat: str = "48.20", lon: str = "16.37"
) -> bytes:
    """A CSV file with a date, a place and the given cells for each row."""
    first, lines = dt.datetime(2025, 3, 1, 8, 15), [[when, *rows[0], "lat", "lon"]]
    for at, row in enumerate(rows):
        day = f"{first + dt.timedelta(hours=7 * at):%Y-%m-%d %H:%M}"
        lines.append([day, *(row[heading] for heading in rows[0]), f"{lat}{at % 10}", f"{lon}{at % 7}"])
    return csv_bytes(lines, delimiter=delimiter)


def turns(columns: Mapping[str, Sequence[str]], n: int = 40) -> list[dict[str, str]]:
    """Rows of columns whose values come again and again."""
    return [{heading: values[at % len(values)] for heading, values in columns.items()} for at in range(n)]


def column(heading: str, values: Sequence[str], n: int = 40) -> list[dict[str, str]]:
    return turns({heading: values}, n)


def read(source: str | bytes | Path, name: str = "file.csv", sheet: str | None = None) -> Records:
    with tempfile.TemporaryDirectory() as folder:
        path = uploaded(source.encode() if isinstance(source, str) else source, name, Path(folder))
        opened = open_table(path, name, sheet)
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
