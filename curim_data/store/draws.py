"""Where the draws of the protected copy lie in a home (`curim_data.protection`), and how erased alerts leave them."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model.prepared import write_whole
from curim_data.store.home import Home
from curim_data.store.locking import locked

FOLDER: Final = "protected"


def draws_folder(home: Home) -> Path:
    """The folder of the draws and of the secret that they depend on."""
    return home.path / FOLDER


def draw_files(home: Home) -> tuple[Path, ...]:
    """The draws of each release, in order."""
    return tuple(sorted(draws_folder(home).glob("drawn-*.parquet")))


def write_draws(path: Path, table: pa.Table) -> None:
    """Write the draws of a release; the file appears whole or not at all, and nobody else may read it."""
    write_whole(path, partial(pq.write_table, table, compression="zstd"))
    path.chmod(0o600)


def forget_draws(home: Home, alert_ids: Collection[str]) -> None:
    """Take the draws of erased alerts away, for good. Each step may be done again.

    The place that another alert took from an erased one stays with that one: it tells nothing of the erased alert but
    that somebody was somewhere in that cell.
    """
    if not draw_files(home):
        return
    gone = pa.array(sorted(set(alert_ids)), pa.string())
    with locked(draws_folder(home) / "lock"):
        for path in draw_files(home):
            table = pq.read_table(path)
            among = pc.is_in(table["alert_id"], value_set=gone)
            lent = pc.is_in(table["person"], value_set=gone)
            if pc.any(among).as_py() or pc.any(lent).as_py():
                person = pc.if_else(lent, pa.scalar(None, pa.string()), table["person"])
                table = table.set_column(table.column_names.index("person"), "person", person)
                write_draws(path, table.filter(pc.invert(among)))
