"""What is worked out once for a city and kept on disk, so that the first reader does not wait for it.

A folder for each version of the city's profile holds files that follow from it alone, or from it and one version of the
alerts, which their names say. A file appears whole or not at all, so that any number of processes may write it at once;
one that is missing or cannot be read is worked out again.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER: Final = "prepared"


def read_cells(folder: Path | None, resolution: int) -> pd.Series | None:
    """Land by H3 cell as it was written; None where it was not, or cannot be read."""
    if folder is None:
        return None
    try:
        table = pq.read_table(_cells_file(folder, resolution))
        cells = pd.Index(table["cell"].to_numpy(), name="cell")
        return pd.Series(table["land_km2"].to_numpy(), index=cells, name="land_km2")
    except (OSError, pa.ArrowException, KeyError):
        return None


def write_cells(folder: Path, resolution: int, land: pd.Series) -> None:
    """Write land by H3 cell."""
    table = pa.table({"cell": land.index.to_numpy(), "land_km2": land.to_numpy()})
    write_whole(_cells_file(folder, resolution), lambda path: pq.write_table(table, path))


def has_cells(folder: Path, resolution: int) -> bool:
    """Whether land by H3 cell of a resolution was written."""
    return _cells_file(folder, resolution).exists()


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a file beside `path`, then put it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.chmod(0o644)
        part.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _cells_file(folder: Path, resolution: int) -> Path:
    return folder / f"land-{resolution}.parquet"
