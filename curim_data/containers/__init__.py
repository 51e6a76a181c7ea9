"""Containers of records: CSV, workbooks, JSON, XML, GIS layers, Parquet and archives, all read as the same text blocks.

Public: `open_file`; `isolation` (the process in which files are read), `base` (limits, refusals, reading ahead) and
`layers` (layers with their geometry).
"""

from __future__ import annotations

from pathlib import Path

from curim_data.containers.isolation import open_isolated
from curim_data.model.reasons import Opened

__all__ = ["open_file"]


def open_file(source: Path | bytes, name: str, sheet: str | None = None, *, one_column: bool = False) -> Opened:
    """Look at a file of alerts, whatever it is in, in a process of its own.

    The content decides what it is; `name` is shown in messages and is a hint at most. `sheet` names the sheet, layer or
    member to read; `one_column`: a text without delimiters is a table, too. Raises `Question` where one must be named,
    ImportProblem where the file holds no table, or its reading takes more memory or time than it may.
    """
    return open_isolated(source, name, {"sheet": sheet, "one_column": one_column})
