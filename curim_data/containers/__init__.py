"""Files that hold alerts: each kind of container gives the same blocks of text records."""

from __future__ import annotations

from pathlib import Path

from curim_data.containers.dispatch import open_inner
from curim_data.model.records import Opened

__all__ = ["open_file"]


def open_file(source: Path | bytes, name: str, sheet: str | None = None) -> Opened:
    """Look at a file of alerts, whatever it is in.

    What it is, is told by its content; `name` is shown to people and at most a hint. `sheet` names the sheet, layer or
    member to read. Raises `Question` where one must be named, ImportProblem where the file holds no table.
    """
    return open_inner(source, name, sheet, depth=0)
