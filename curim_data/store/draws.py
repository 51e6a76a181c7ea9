"""Where the draws of the protected copy lie in a home (`curim_data.protection`), and how erased alerts leave them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model.prepared import write_whole
from curim_data.store.home import Home
from curim_data.store.locking import locked

FOLDER: Final = "protected"
SECRET: Final = "secret"
WAITING: Final = "waiting.parquet"
MOST_ROWS: Final = 1_000_000  # that are written at once


def draws_folder(home: Home) -> Path:
    """The folder of the draws and of the secret that they depend on."""
    return home.path / FOLDER


def draw_files(home: Home) -> tuple[Path, ...]:
    """The draws of each release, in order."""
    return tuple(sorted(draws_folder(home).glob("drawn-*.parquet")))


def write_draws(path: Path, table: pa.Table, schema: pa.Schema | None = None) -> None:
    """Write the draws of a release; the file appears whole or not at all, and nobody else may read it.

    `schema`: of the file, where codes are to be written as the texts that they stand for.
    """

    def write(part: Path) -> None:
        with pq.ParquetWriter(part, schema or table.schema, compression="zstd") as out:
            for batch in table.to_batches(MOST_ROWS):
                out.write_table(pa.table(batch.cast(schema or table.schema)), MOST_ROWS)

    write_whole(path, write, 0o600)


def write_secret(path: Path, secret: bytes) -> None:
    """Write the secret that draws depend on; nobody else may read it."""
    write_whole(path, lambda part: part.write_bytes(secret), 0o600)


def forget_draws(home: Home, alert_ids: Collection[str]) -> None:
    """Take the draws of erased alerts away, for good. Each step may be done again.

    The place that another alert took from an erased one stays with that one: it tells nothing of the erased alert but
    that somebody was somewhere in that cell. An incident that was named by an erased alert gets another name.
    """
    if not draw_files(home):
        return
    gone = pa.array(sorted(set(alert_ids)), pa.string())
    secret = (draws_folder(home) / SECRET).read_bytes()
    with locked(draws_folder(home) / "lock"):
        if (draws_folder(home) / WAITING).exists():
            table = pq.read_table(draws_folder(home) / WAITING)
            among = pc.is_in(table["alert_id"], value_set=gone)
            if pc.any(among).as_py():
                write_draws(draws_folder(home) / WAITING, table.filter(pc.invert(among)))
        for path in draw_files(home):
            table = pq.read_table(path)
            among, named, lent = (pc.is_in(table[name], value_set=gone) for name in ("alert_id", "unit", "person"))
            if any(pc.any(found).as_py() for found in (among, named, lent)):
                other = pa.array([_other_name(secret, unit) for unit in table["unit"].to_pylist()], pa.string())
                nobody = pa.scalar(None, pa.string())
                for name, found, instead in (("unit", named, other), ("person", lent, nobody)):
                    column = pc.if_else(found, instead, table[name])
                    table = table.set_column(table.column_names.index(name), name, column)
                write_draws(path, table.filter(pc.invert(among)))


def _other_name(secret: bytes, unit: str) -> str:
    """A name that tells nobody without the secret which one it was; the same one each time."""
    return "incident " + hashlib.blake2b(unit.encode(), key=secret[:64], digest_size=16).hexdigest()
