"""The files of the store and its log, as the table names them: what a reader needs before it reads any."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from deltalake import DeltaTable


def file_paths(table: DeltaTable) -> list[str]:
    """Paths of the files of a table."""
    return [unquote(uri.removeprefix("file://")) for uri in table.file_uris()]  # spaces and Greek come as %20, %CE…


def version_of(files: Sequence[str]) -> str:
    """Twelve hex digits that change with the files of a table, which never change themselves; "empty" for none."""
    names = sorted(Path(file).name for file in files)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12] if names else "empty"


def newest_commit(table: Path) -> tuple[str, int, int] | None:
    """What distinguishes the newest commit in a table's log from any other: name, time and size; None without a log."""
    try:
        name = max(entry.name for entry in os.scandir(table / "_delta_log") if entry.name.endswith(".json"))
        status = (table / "_delta_log" / name).stat()
    except (OSError, ValueError):
        return None
    return name, status.st_mtime_ns, status.st_size
