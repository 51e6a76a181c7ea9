"""What every container of alerts gives: blocks of text records, each with its true row number.

A container (`curim_data.containers`) reads a file piece by piece; nothing after it knows whether it was CSV in
Windows-1253, a sheet of a workbook or a layer of a GeoPackage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curim_data.model.reasons import Reason

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RejectedRecord:
    """A record that does not fit the header: its row number, why, and its fields as they stand.

    `origin`: its row number in the file, where rows were repeated.
    """

    row: int
    reason: Reason
    fields: tuple[str, ...]
    origin: int | None = None

    @property
    def number(self) -> int:
        """Its row number in the file."""
        return self.row if self.origin is None else self.origin


@dataclass(frozen=True)
class Block:
    """Some records of a file, in its order.

    `table` holds one text column (large_string, never null; empty is "") for each field of the header, named "0",
    "1", ...; `rows` the row numbers of its lines, counted from 1 over the whole file (header not counted);
    `encoding_repaired` and `trailing_cut` mark lines of the table; `refused` are the records in between that do not
    fit. len(rows) + len(refused) is what was read. `unstored`: by the number of a column, which lines hold a formula
    there whose result is not stored; their text is empty. `origin`: where rows were repeated, their numbers in
    the file.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]
    encoding_repaired: BoolArray
    trailing_cut: BoolArray
    refused: tuple[RejectedRecord, ...] = ()
    unstored: Mapping[int, BoolArray] = field(default_factory=dict)
    origin: npt.NDArray[np.int64] | None = None

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The row numbers of the lines in the file itself."""
        return self.rows if self.origin is None else self.origin

    @property
    def read(self) -> int:
        """Rows read, whatever became of them."""
        return len(self.rows) + len(self.refused)


@dataclass(frozen=True)
class Facts:
    """What was recognised of a file before its meaning.

    `container` is the innermost kind ("csv", "xlsx", "ods", "json", "xml", "geojson", "gpkg", "shp", "parquet"),
    `wrapped` what lay around it ("gz", "zip"); `encoding` and `delimiter` are empty where they mean nothing; `sheet`
    the sheet, layer or member that was read and `sheets` those there are; `crs` how the coordinates of a geometry
    column were given (an authority string such as "EPSG:2100"), empty where the file has no geometry: the container
    turns geometry into the columns `geometry.longitude` and `geometry.latitude` in WGS84. `skipped`: lines before the
    header (a title, the date of the report).
    """

    name: str
    sha256: str
    container: str
    labels: tuple[str, ...]
    wrapped: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    crs: str = ""
    size: int = 0
    skipped: tuple[str, ...] = ()


class Opened(Protocol):
    """A file that was looked at and can be read, from its beginning, as often as wanted."""

    @property
    def facts(self) -> Facts:
        """What was recognised of it."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The records; at most some ten megabytes a block. ImportProblem where the rest cannot be read."""
        ...
