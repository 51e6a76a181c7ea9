"""Tables of a single column, in which no container sees a table: an empty column is put next to it."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from curim_data.containers._dispatch import open_inner
from curim_data.model import ImportProblem, Question
from curim_data.model.records import Opened


def open_one_column(source: Path | bytes, name: str, sheet: str | None, depth: int) -> Opened:
    """Open a file as `open_inner` does, or else as a single column. Raises what that raises."""
    try:
        return open_inner(source, name, sheet, depth)
    except Question:
        raise
    except ImportProblem:
        content = source.read_bytes() if isinstance(source, Path) else source
        if content.startswith(b"PK\x03\x04"):
            try:
                cells = pd.read_excel(io.BytesIO(content), header=None, dtype=str, engine="calamine")
            except Exception:  # a spreadsheet's reader raises what it likes; the first refusal says it better
                cells = pd.DataFrame()
            content = "\n".join(cells[0].fillna("")).encode() if cells.shape[1] == 1 else b""
        lines = content.splitlines()
        if len(lines) < 2 or b"\0" in content or any(mark in lines[0] for mark in (b",", b";", b"\t", b"|")):
            raise
        return open_inner(b"\n".join(line + b";" for line in lines), name, sheet, depth)
