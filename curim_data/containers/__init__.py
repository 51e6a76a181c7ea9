"""Containers of records: CSV, workbooks, JSON, XML, GIS layers, Parquet and archives, all read as the same text blocks.

Public: `open_file`; `vector` (layers with their geometry) and `prefetch` (read ahead in a thread). One module a kind.
"""

from __future__ import annotations

from pathlib import Path

from curim_data.containers._dispatch import open_inner
from curim_data.model.records import Opened

__all__ = ["open_file"]


def open_file(source: Path | bytes, name: str, sheet: str | None = None) -> Opened:
    """Look at a file of alerts, whatever it is in.

    The content decides what it is; `name` is shown in messages and is a hint at most. `sheet` names the sheet, layer or
    member to read. Raises `Question` where one must be named, ImportProblem where the file holds no table.
    """
    return open_inner(source, name, sheet, depth=0)
