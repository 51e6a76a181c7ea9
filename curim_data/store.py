"""The store: a Delta table of alerts that remembers every import and can take each one back.

One import is one Delta commit. Its record (file, counts, reasons) travels in the metadata of that same commit, so the
log of imports and the alerts cannot disagree: a process killed before the commit leaves the old state, one killed
after it the new state. An import that changes nothing is an empty commit with its record. Rows set aside are written
to a file of their own before the commit; the file counts only when a commit names its batch.

Writers do not wait for each other: a commit that finds the table changed since it was read fails, and the import is
settled anew against the newer state. Old versions are kept, since undo reads from them; only `erase` removes them, and
it waits until nobody writes (`<home>/alerts.lock`).
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from curim_data import store_files
from curim_data.alert import SCHEMA
from curim_data.city import CityProfile
from curim_data.erased import Erased
from curim_data.home import Home
from curim_data.i18n import Message, Translator, translator
from curim_data.locking import locked
from curim_data.reasons import MEND_WORDS, REASON_WORDS, Flag, Reason
from curim_data.settle import DUPLICATE, NEW, UPDATED, settle
from curim_data.staging import Staging
from curim_data.store_files import blocks, local, together
from curim_data.store_log import Batch, StoreError, UndoReport, broken, create, log, new_batch_id, properties, unknown
from curim_data.store_staged import StagedResult, changed, check_erased, settle_staged
from curim_data.store_undo import Undoing

__all__ = ["Batch", "Settled", "StagedResult", "Store", "StoreError", "UndoReport", "compare", "new_batch_id"]

_Done = TypeVar("_Done")
_ATTEMPTS: Final = 20
QUARANTINE_COLUMNS: Final = ("row", "column", "value", "reason", "mend")


@dataclass(frozen=True)
class Settled:
    """An import compared with the store: the batch, what becomes of each row, and the rows to write."""

    batch: Batch
    actions: npt.NDArray[np.object_]
    changed: pa.Table


class Store:
    """The alerts of one home."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @cached_property
    def _city(self) -> CityProfile:
        return self.home.city()

    def version(self) -> str:
        """A word that changes with every commit; "empty" where there is no table yet."""
        table = self._table()
        return "empty" if table is None else f"{table.metadata().id}-{table.version()}"

    def files(self) -> list[str]:
        """Paths of the Parquet files that make up the current version."""
        table = self._table()
        return [] if table is None else local(table)

    def count(self) -> int:
        """Alerts in the store."""
        return sum(pq.read_metadata(file).num_rows for file in self.files())

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The stored alerts, or some of their columns: for checks and exports, never for a page."""
        table = self._table()
        return together([] if table is None else blocks(local(table), columns), columns)

    def batches(self) -> list[Batch]:
        """Every import, the oldest first; undone ones are marked."""
        table = self._table()
        return [] if table is None else [batch for batch, _ in log(table)]

    def settle(self, alerts: pa.Table, batch: Batch) -> Settled:
        """What `write` would do, without writing anything."""
        return compare(alerts, batch, _known(self._table()))

    def write(self, alerts: pa.Table, batch: Batch, quarantine: pa.Table) -> Settled:
        """Write one import as one atomic commit.

        Parameters
        ----------
        alerts : pa.Table
            `alert.SCHEMA`, alert_id unique; rows that say nothing new are found here.
        batch : Batch
            With `read`, `quarantined`, `reasons` and the duplicates found inside the file; the other counts are
            made here.
        quarantine : pa.Table
            Columns row, column, value, reason and what of the row may be kept; may be empty.

        Returns
        -------
        Settled
            The batch with every count filled in, and what became of each row.

        Raises
        ------
        StoreError
            When other writers were faster each time, or the table cannot be written; nothing is committed then.
        """
        if quarantine.num_rows:
            self.home.quarantine.mkdir(parents=True, exist_ok=True)
            pq.write_table(quarantine, self.home.quarantine / f"{batch.id}.parquet")

        def attempt(table: DeltaTable) -> Settled:
            settled = compare(alerts, batch, _known(table))
            if pc.count_distinct(settled.changed["alert_id"]).as_py() != settled.changed.num_rows:
                raise StoreError(Message("Two alerts would get the same id. Nothing was changed."))
            record = {"batch": settled.batch.as_dict()}
            if settled.batch.updated:
                _merge(table, _marked(settled.changed, False), record)
            else:
                write_deltalake(table, settled.changed, mode="append", commit_properties=properties(record))
            return settled

        return self._retry(attempt)

    def settle_staged(self, staging: Staging, batch: Batch) -> StagedResult:
        """What `write_staged` would do, without writing anything."""
        return settle_staged(staging, batch, self.files())

    def write_staged(self, staging: Staging, batch: Batch, quarantine: pa.Table | Path) -> StagedResult:
        """Write one import as one atomic commit; memory does not grow with it.

        Parameters
        ----------
        staging : Staging
            The alerts of the whole file.
        batch : Batch
            With `read`, `quarantined` and `reasons`; the other counts are made here.
        quarantine : pa.Table or Path
            The rows set aside, or the Parquet file that holds them, which is moved; it need not exist.

        Returns
        -------
        StagedResult
            The batch with every count filled in, and the file that says what became of each row.

        Raises
        ------
        StoreError
            When other writers were faster each time, when alerts were erased while the file was read, or when the
            table cannot be written; nothing is committed then.
        """
        self._set_aside(quarantine, batch.id)

        def attempt(table: DeltaTable) -> StagedResult:
            check_erased(staging, Erased(self.home))
            result = settle_staged(staging, batch, local(table))
            record, new = {"batch": result.batch.as_dict()}, changed(staging, result)
            if result.batch.updated:
                kept = store_files.without(local(table), result.path, staging.folder)
                store_files.write(table, chain(kept, new), record, "overwrite")
            else:
                store_files.write(table, new, record)
            return result

        result = self._retry(attempt)
        self._compact()
        return result

    def undo(self, batch_id: str) -> UndoReport:
        """Take an import back in a new commit.

        Alerts that it added are removed, alerts that it changed get the content back that they had before, and alerts
        that a later import has changed since stay as they are and are counted in `kept`. StoreError for an unknown
        batch, one that was undone before, and one before an erasure.
        """

        def attempt(table: DeltaTable) -> UndoReport:
            with self.working("undo-") as folder:
                return Undoing(table, batch_id, self._city, folder).run()

        return self._retry(attempt)

    def rewrite(self, change: Callable[[pa.Table], pa.Table], reason: str) -> int:
        """Replace every alert by what `change` makes of it, in one commit; returns how many there are.

        `change` is called with some 100,000 alerts at a time and must keep their number. For changes of the columns
        that a profile gives: the log of imports stays, and an undo still works.
        """

        def attempt(table: DeltaTable) -> int:
            made = (change(part).select(SCHEMA.names) for part in blocks(local(table)))
            store_files.write(table, made, {"rewrite": reason}, "overwrite")
            return sum(pq.read_metadata(file).num_rows for file in local(table))

        return self._retry(attempt)

    def quarantine(self, batch_id: str, t: Translator | None = None) -> pd.DataFrame:
        """Rows that an import set aside: row, column, value, reason, mend, then the columns that make up an alert.

        Reason and mend are sentences in the translator's language (English where none is given), so that the table can
        be mended in a spreadsheet and imported again (broken rows: in their own file). StoreError for an unknown batch.
        """
        if batch_id not in {batch.id for batch in self.batches()}:
            raise unknown(batch_id)
        t = t or translator("en")
        path = self.home.quarantine / f"{batch_id}.parquet"
        if not path.exists():
            return pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        codes = [Reason(code) for code in frame["reason"]]
        frame["reason"] = [t(REASON_WORDS[code]) for code in codes]
        frame.insert(4, "mend", [t(MEND_WORDS[code]) for code in codes])
        return frame

    @contextmanager
    def working(self, prefix: str) -> Iterator[Path]:
        """A folder for what does not fit into memory, removed at the end."""
        self.home.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self.home.work) as folder:
            yield Path(folder)

    def _set_aside(self, quarantine: pa.Table | Path, batch_id: str) -> None:
        target = self.home.quarantine / f"{batch_id}.parquet"
        if isinstance(quarantine, Path):
            if quarantine.exists() and quarantine != target:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(quarantine, target)
        elif quarantine.num_rows:
            target.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(quarantine, target)

    def _compact(self) -> None:
        """Put many small files together; an undo reads old versions and does not mind."""
        with locked(self.home.lock, shared=True), suppress(DeltaError):
            table = self._table()
            if table is not None:
                store_files.compact(table)

    def _table(self) -> DeltaTable | None:
        try:
            return DeltaTable(str(self.home.alerts))
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise broken(error) from error

    def _retry(self, attempt: Callable[[DeltaTable], _Done]) -> _Done:
        """Run an attempt against the newest state until no other writer comes between."""
        with locked(self.home.lock, shared=True):
            for _ in range(_ATTEMPTS):
                table = self._table()
                if table is None:
                    table = create(str(self.home.alerts), SCHEMA)
                try:
                    return attempt(table)
                except CommitFailedError:
                    continue
                except DeltaError as error:
                    raise broken(error) from error
        raise StoreError(Message("Other imports were faster each time. Try again when they are done."))


def compare(alerts: pa.Table, batch: Batch, known: pd.DataFrame | None) -> Settled:
    """Compare an import with what is stored (alert_id, incident_id and content_hash; none for an empty store)."""
    rows = alerts.select(["alert_id", "incident_id", "content_hash"]).to_pandas()
    settled = settle(rows, _known(None) if known is None else known)
    counts = settled["action"].value_counts()
    where = alerts.schema.get_field_index("alert_id")
    alerts = alerts.set_column(where, SCHEMA.field("alert_id"), pa.array(settled["alert_id"], pa.string()))
    changed = alerts.filter(pa.array((settled["action"] != DUPLICATE).to_numpy(bool)))
    flags = pc.list_flatten(changed["flags"])
    told = replace(
        batch,
        when=dt.datetime.now(dt.UTC),
        accepted=int(counts.get(NEW, 0)),
        updated=int(counts.get(UPDATED, 0)),
        duplicate=batch.duplicate + int(counts.get(DUPLICATE, 0)),
        repaired=pc.sum(pc.equal(flags, Flag.REPAIRED.value)).as_py() or 0,
        outside=pc.sum(pc.equal(flags, Flag.OUTSIDE_CITY.value)).as_py() or 0,
        unmapped=changed["longitude"].null_count,
    )
    return Settled(told, settled["action"].to_numpy(object), changed.cast(SCHEMA))


def _marked(alerts: pa.Table, gone: bool) -> pa.Table:
    return alerts.append_column("gone", pa.repeat(pa.scalar(gone), alerts.num_rows))


def _merge(table: DeltaTable, change: pa.Table, record: Mapping[str, Any]) -> None:
    """Update, insert or (where `gone`) delete by alert_id, in one commit."""
    columns = {name: f"source.{name}" for name in SCHEMA.names}
    (
        table.merge(
            change,
            "target.alert_id = source.alert_id",
            source_alias="source",
            target_alias="target",
            commit_properties=properties(record),
        )
        .when_matched_delete("source.gone = true")
        .when_matched_update(columns, "source.gone = false")
        .when_not_matched_insert(columns, "source.gone = false")
        .execute()
    )


def _known(table: DeltaTable | None) -> pd.DataFrame:
    names = ["alert_id", "incident_id", "content_hash"]
    frame: pd.DataFrame = together([] if table is None else blocks(local(table), names), names).to_pandas()
    return frame
