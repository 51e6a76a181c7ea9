"""The store: a Delta table of alerts that remembers every import and can take each one back.

One import is one Delta commit. Its record (file, counts, reasons) travels in the metadata of that same commit, so the
log of imports and the alerts cannot disagree: a process killed before the commit leaves the old state, one killed
after it the new state. An import that changes nothing is an empty commit with its record. Rows set aside are written
to a file of their own before the commit; the file counts only when a commit names its batch.

Writers do not wait for each other: a commit that finds the table changed since it was read fails, and the import is
settled anew against the newer state. Old versions are kept, since undo reads from them.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from curim_data.alert import SCHEMA
from curim_data.city import CityProfile
from curim_data.home import Home
from curim_data.i18n import Message, Translator, translator
from curim_data.places import enrich
from curim_data.reasons import MEND_WORDS, REASON_WORDS, Flag, Reason
from curim_data.settle import DUPLICATE, NEW, UPDATED, settle

_Done = TypeVar("_Done")
_RECORD: Final = "curim"
_ATTEMPTS: Final = 20
_FOREVER: Final = "interval 36500 days"
_CONFIGURATION: Final = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": _FOREVER,
    "delta.deletedFileRetentionDuration": _FOREVER,
}
QUARANTINE_COLUMNS: Final = ("row", "column", "value", "reason", "mend")


class StoreError(RuntimeError):
    """The store cannot do what was asked: an unknown import, too many writers, a broken table. `message` says it."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class Batch:
    """One import and what came of its rows: accepted + updated + duplicate + quarantined = read.

    `signature`: what its columns looked like, for comparison with the next export (`compare_exports.signature_of`).
    """

    id: str
    file_name: str
    sha256: str
    format: str
    when: dt.datetime
    profile_version: str
    read: int
    accepted: int = 0
    updated: int = 0
    duplicate: int = 0
    quarantined: int = 0
    repaired: int = 0
    unmapped: int = 0
    outside: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    undone: bool = False
    signature: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, the moment as ISO text."""
        plain = {"reasons": dict(self.reasons), "when": self.when.isoformat(), "signature": dict(self.signature)}
        return {**asdict(self), **plain}


@dataclass(frozen=True)
class UndoReport:
    """What an undo did: alerts removed, alerts given back their earlier content, alerts a later import has changed."""

    batch: Batch
    removed: int
    restored: int
    kept: int


@dataclass(frozen=True)
class Settled:
    """An import compared with the store: the batch, what becomes of each row, and the rows to write."""

    batch: Batch
    actions: npt.NDArray[np.object_]
    changed: pa.Table


def new_batch_id(when: dt.datetime) -> str:
    """A short, sortable, unique id."""
    return f"{when:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


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
        return [] if table is None else _local(table)

    def count(self) -> int:
        """Alerts in the store."""
        return sum(pq.read_metadata(file).num_rows for file in self.files())

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The stored alerts, or some of their columns: for checks and exports, never for a page."""
        table = self._table()
        schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
        return schema.empty_table() if table is None else _columns(table, schema)

    def batches(self) -> list[Batch]:
        """Every import, the oldest first; undone ones are marked."""
        table = self._table()
        return [] if table is None else [batch for batch, _ in _log(table)]

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
                write_deltalake(table, settled.changed, mode="append", commit_properties=_properties(record))
            return settled

        return self._retry(attempt)

    def undo(self, batch_id: str) -> UndoReport:
        """Take an import back in a new commit.

        Alerts that it added are removed, alerts that it changed get the content back that they had before, and alerts
        that a later import has changed since stay as they are and are counted in `kept`. StoreError for an unknown
        batch or one that was undone before.
        """

        def attempt(table: DeltaTable) -> UndoReport:
            log = {batch.id: (batch, version) for batch, version in _log(table)}
            if batch_id not in log:
                raise _unknown(batch_id)
            batch, version = log[batch_id]
            if batch.undone:
                raise StoreError(Message("The import {batch} was undone before.", {"batch": batch_id}))
            mine = _read(table, "batch_id", pa.array([batch_id]))
            earlier = self._earlier(mine["alert_id"], version, log)
            gone = mine.filter(pc.invert(pc.is_in(mine["alert_id"], value_set=earlier["alert_id"].combine_chunks())))
            report = UndoReport(
                replace(batch, undone=True),
                removed=gone.num_rows,
                restored=earlier.num_rows,
                kept=batch.accepted + batch.updated - mine.num_rows,
            )
            record = {"undo": batch_id}
            change = pa.concat_tables([_marked(earlier, False), _marked(gone, True)])
            if change.num_rows:
                _merge(table, change, record)
            else:
                write_deltalake(table, SCHEMA.empty_table(), mode="append", commit_properties=_properties(record))
            return report

        return self._retry(attempt)

    def rewrite(self, change: Callable[[pa.Table], pa.Table], reason: str) -> int:
        """Replace every alert by what `change` makes of all of them, in one commit; returns how many there are.

        For changes of the columns that a profile gives: the log of imports stays, and an undo still works.
        """

        def attempt(table: DeltaTable) -> int:
            alerts = change(_columns(table, SCHEMA)).select(SCHEMA.names).cast(SCHEMA)
            write_deltalake(table, alerts, mode="overwrite", commit_properties=_properties({"rewrite": reason}))
            return int(alerts.num_rows)

        return self._retry(attempt)

    def quarantine(self, batch_id: str, t: Translator | None = None) -> pd.DataFrame:
        """Rows that an import set aside: row, column, value, reason, mend, then the columns that make up an alert.

        Reason and mend are sentences in the translator's language (English where none is given), so that the table can
        be mended in a spreadsheet and imported again (broken rows: in their own file). StoreError for an unknown batch.
        """
        if batch_id not in {batch.id for batch in self.batches()}:
            raise _unknown(batch_id)
        t = t or translator("en")
        path = self.home.quarantine / f"{batch_id}.parquet"
        if not path.exists():
            return pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        codes = [Reason(code) for code in frame["reason"]]
        frame["reason"] = [t(REASON_WORDS[code]) for code in codes]
        frame.insert(4, "mend", [t(MEND_WORDS[code]) for code in codes])
        return frame

    def _earlier(self, ids: Any, version: int, log: Mapping[str, tuple[Batch, int]]) -> pa.Table:
        """Content of alerts before the commit `version`, passing over imports that were undone meanwhile."""
        found: list[pa.Table] = []
        wanted = [(ids, version)]
        undone = {batch.id: at for batch, at in log.values() if batch.undone}
        while wanted:
            some, at = wanted.pop()
            before = DeltaTable(str(self.home.alerts), version=at - 1)
            rows = _read(before, "alert_id", some)
            taken_back = pc.is_in(rows["batch_id"], value_set=pa.array(undone, pa.string()))
            found.append(rows.filter(pc.invert(taken_back)))
            again = rows.filter(taken_back)
            for batch in pc.unique(again["batch_id"]).to_pylist():
                part = again.filter(pc.equal(again["batch_id"], batch))
                wanted.append((part["alert_id"], undone[batch]))
        earlier = pa.concat_tables(found)
        stale = pc.not_equal(earlier["profile_version"], self._city.version)
        if pc.any(stale).as_py():
            where = earlier.schema.get_field_index("profile_version")
            now = pa.array([self._city.version] * earlier.num_rows, pa.string())
            earlier = enrich(earlier, self._city).set_column(where, SCHEMA.field("profile_version"), now)
        return earlier.select(SCHEMA.names).cast(SCHEMA)

    def _table(self) -> DeltaTable | None:
        try:
            return DeltaTable(str(self.home.alerts))
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise _broken(error) from error

    def _retry(self, attempt: Callable[[DeltaTable], _Done]) -> _Done:
        """Run an attempt against the newest state until no other writer comes between."""
        for _ in range(_ATTEMPTS):
            table = self._table()
            if table is None:
                table = self._create()
            try:
                return attempt(table)
            except CommitFailedError:
                continue
            except DeltaError as error:
                raise _broken(error) from error
        raise StoreError(Message("Other imports were faster each time. Try again when they are done."))

    def _create(self) -> DeltaTable:
        try:
            return DeltaTable.create(str(self.home.alerts), SCHEMA, configuration=_CONFIGURATION)
        except DeltaError:
            return DeltaTable(str(self.home.alerts))


def _broken(error: DeltaError) -> StoreError:
    why = " ".join(str(error).split())[:200]
    return StoreError(
        Message("The stored alerts cannot be read or written ({why}). Nothing was changed.", {"why": why})
    )


def _unknown(batch_id: str) -> StoreError:
    told = Message("There is no import {batch}. The command `curim batches` lists them.", {"batch": batch_id})
    return StoreError(told)


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
            commit_properties=_properties(record),
        )
        .when_matched_delete("source.gone = true")
        .when_matched_update(columns, "source.gone = false")
        .when_not_matched_insert(columns, "source.gone = false")
        .execute()
    )


def _properties(record: Mapping[str, Any]) -> CommitProperties:
    """The record of an import or undo; no silent retry, so that nothing is committed against a state not read."""
    return CommitProperties(custom_metadata={_RECORD: json.dumps(record)}, max_commit_retries=0)


def _log(table: DeltaTable) -> list[tuple[Batch, int]]:
    """Every import with the Delta version that holds it, the oldest first."""
    found: dict[str, tuple[Batch, int]] = {}
    for entry in reversed(table.history()):
        record = json.loads(entry.get(_RECORD, "{}"))
        if told := record.get("batch"):
            found[told["id"]] = (Batch(**{**told, "when": dt.datetime.fromisoformat(told["when"])}), entry["version"])
        elif (undone := record.get("undo")) in found:
            batch, version = found[undone]
            found[undone] = (replace(batch, undone=True), version)
    return list(found.values())


def _local(table: DeltaTable) -> list[str]:
    return [uri.removeprefix("file://") for uri in table.file_uris()]


def _read(table: DeltaTable, column: str, values: Any) -> pa.Table:
    """Rows whose column holds one of the values."""
    rows = _columns(table, SCHEMA)
    chosen = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return rows.filter(pc.is_in(rows[column], value_set=chosen))


def _columns(table: DeltaTable, schema: pa.Schema) -> pa.Table:
    """The columns of a schema over all files; writers may have stored text as string views, hence the cast."""
    parts = [pq.ParquetFile(file).read(schema.names).cast(schema) for file in _local(table)]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _known(table: DeltaTable | None) -> pd.DataFrame:
    schema = pa.schema([SCHEMA.field(name) for name in ("alert_id", "incident_id", "content_hash")])
    frame: pd.DataFrame = (schema.empty_table() if table is None else _columns(table, schema)).to_pandas()
    return frame
