"""How an import is matched and stored.

Which row of an import is new, which changes a known alert, which says nothing new: `match_rows` decides over the
whole file.

A source may repeat an id with other content (one row a victim). Such rows are several alerts of one incident:
`ID`, `ID#2`, `ID#3`; a row that repeats an id and its content is a duplicate, unless the two differ in columns that
mean nothing to us (`twin`): two victims of whom the same is known are two alerts. A `#` that a source writes itself is
doubled in our ids, and what has no id begins with a single `#` and its content's hash; so no id of one incident can be
an id of another. Equal rows without an id stay as many as they are.

Within an incident a row first looks for the stored alert that says the same; what is left takes the stored alerts that
nobody claimed, in order, as their new content; the rest is new and takes the smallest free ordinals. So a second
import of the same file, in whatever order, adds nothing, and one victim's row sent alone does not overwrite another's.

DuckDB does it over sets, keys as 128-bit numbers, and puts on disk what does not fit into its memory. Most rows are
simple: their key stands once in the file, and the store has none of it, or one alert with the first ordinal. Of a store
that is many times as large as the file, the alerts that the file does not name are passed over by their text alone.

An import before its commit has its alerts on disk, in one file beside the store.

Here are also the writing of the files of the store, and reading them to write them anew, block by block, so that memory
does not grow with the store: new alerts, changed ones, and an import taken back.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake

from curim_data.containers.base import prefetch
from curim_data.geo.enrichment import enrich
from curim_data.model import SCHEMA, TOLD, CityProfile, Flag, Message, Status, sql
from curim_data.store.commits import (
    Batch,
    StoreError,
    UndoReport,
    commit_properties,
    file_paths,
    import_log,
    unknown_batch,
)

_DIGITS: Final = 16
_LEFT_OUT: Final = ("alert_id", "source", "incident_id")

NEW, UPDATED, DUPLICATE = "new", "updated", "duplicate"
MARK: Final = "#"
MEMORY: Final = "400MB"
FEW: Final = 4  # of a store so many times as large as the file, only the incidents of the file are looked at

# The id of an incident's first alert; of rows without an incident it is made of their content.
BASE: Final = "coalesce(replace(incident_id, '#', '##'), '#' || content_hash)"

_FILE: Final = f"""
CREATE TABLE file AS
SELECT row, incident_id IS NOT NULL AS named, md5_number({BASE}) AS key, hash(content_hash) AS content, twin
FROM read_parquet($staged)"""

# The stored alerts that the file names: by `BASE`, an alert is of the incident of its incident_id, or of its content's
# where it has none.
_NEAR: Final = """
CREATE TABLE near AS
SELECT alert_id, incident_id, content_hash FROM read_parquet($stored)
SEMI JOIN (SELECT incident_id FROM read_parquet($staged)) USING (incident_id)
UNION ALL
SELECT alert_id, incident_id, content_hash FROM (SELECT * FROM read_parquet($stored) WHERE incident_id IS NULL)
SEMI JOIN (SELECT content_hash FROM read_parquet($staged) WHERE incident_id IS NULL) USING (content_hash)"""

_STORED: Final = f"""
CREATE TABLE stored AS
SELECT key, content, CASE WHEN alert_id = base THEN 1 ELSE CAST(substr(alert_id, length(base) + 2) AS BIGINT) END AS n
FROM (
    SELECT alert_id, base, md5_number(base) AS key, hash(content_hash) AS content
    FROM (SELECT alert_id, content_hash, {BASE} AS base FROM {{alerts}})
)
SEMI JOIN file USING (key)"""


# The keys of rows that are not simple, and what becomes of the simple ones that the store knows: the one alert is
# theirs, by the rules below.
_SIMPLE: Final = """
CREATE TABLE several AS
SELECT key FROM file GROUP BY key HAVING count(*) > 1 UNION
SELECT key FROM stored GROUP BY key HAVING count(*) > 1 OR min(n) <> 1;

CREATE TABLE settled AS
SELECT row, CAST(1 AS BIGINT) AS n,
    CASE WHEN named AND file.content <> stored.content THEN 'updated' ELSE 'duplicate' END AS action
FROM file JOIN stored USING (key) ANTI JOIN several USING (key)"""

# The other rows, step by step. `echo`: a row that repeats an earlier one with its id, content and twin; `copy` counts
# the rows of one key and content that are no echoes. In `further` the k-th ordinal that no stored alert has is k plus
# the number of stored ones that have fewer than k free before them.
_BUSY: Final = """
CREATE OR REPLACE TABLE stored AS SELECT * FROM stored SEMI JOIN several USING (key);

CREATE TABLE busy AS
WITH seen AS (
    SELECT *, named AND row_number() OVER (PARTITION BY key, content, twin ORDER BY row) > 1 AS echo
    FROM file SEMI JOIN several USING (key)
)
SELECT *, row_number() OVER (PARTITION BY key, content, echo ORDER BY row) AS copy FROM seen;

INSERT INTO settled
SELECT row, copy AS n, CASE WHEN stored.key IS NULL THEN 'new' ELSE 'duplicate' END AS action
FROM busy LEFT JOIN stored ON busy.key = stored.key AND busy.copy = stored.n WHERE NOT named;

CREATE TABLE same AS
SELECT row, key, content, known.n FROM busy JOIN (
    SELECT key, content, n, row_number() OVER (PARTITION BY key, content ORDER BY n) AS copy FROM stored
) AS known USING (key, content, copy) WHERE named AND NOT echo;

CREATE TABLE unclaimed AS
SELECT key, n, row_number() OVER (PARTITION BY key ORDER BY n) AS place
FROM stored ANTI JOIN same USING (key, n);

CREATE TABLE rest AS
SELECT row, key, content, row_number() OVER (PARTITION BY key ORDER BY row) AS place
FROM (SELECT * FROM busy WHERE named AND NOT echo) ANTI JOIN same USING (row);

CREATE TABLE further AS
WITH counted AS (SELECT key, count(*) AS n FROM unclaimed GROUP BY key),
fresh AS (
    SELECT row, key, content, place - coalesce(counted.n, 0) AS k
    FROM rest LEFT JOIN counted USING (key) WHERE place > coalesce(counted.n, 0)
),
gaps AS (
    SELECT key, free, max(place) AS place FROM (
        SELECT key, n - row_number() OVER (PARTITION BY key ORDER BY n) AS free,
            row_number() OVER (PARTITION BY key ORDER BY n) AS place
        FROM stored SEMI JOIN fresh USING (key)
    ) GROUP BY key, free
)
SELECT row, fresh.key, content, k + coalesce(gaps.place, 0) AS n
FROM fresh ASOF LEFT JOIN gaps ON fresh.key = gaps.key AND k > gaps.free;

CREATE TABLE named AS
SELECT row, key, content, n, 'duplicate' AS action FROM same
UNION ALL SELECT row, rest.key, content, n, 'updated' FROM rest JOIN unclaimed USING (key, place)
UNION ALL SELECT row, key, content, n, 'new' FROM further;

INSERT INTO settled
SELECT row, n, action FROM named
UNION ALL SELECT busy.row, first.n, 'duplicate' FROM (SELECT * FROM busy WHERE echo) AS busy JOIN (
    SELECT key, content, twin, named.n FROM busy JOIN named USING (row, key, content)
) AS first USING (key, content, twin)"""

# Every row of an import with the id of its alert, what becomes of it, and all that it says.
MATCHED: Final = f"""
SELECT * REPLACE (coalesce(action, 'new') AS action),
    {BASE} || CASE WHEN coalesce(n, 1) = 1 THEN '' ELSE '#' || n END AS alert_id
FROM read_parquet($staged) AS staged LEFT JOIN read_parquet($settled) AS settled USING (row)"""

# Of the new and updated alerts: how many were repaired, lie outside the city, have no coordinates.
_COUNTED: Final = f"""
SELECT count(*) FILTER (list_contains(flags, '{Flag.REPAIRED}')),
    count(*) FILTER (list_contains(flags, '{Flag.OUTSIDE_CITY}')), count(*) FILTER (longitude IS NULL)
FROM ({MATCHED}) WHERE action <> '{DUPLICATE}'"""


def match_rows(staged: Path, stored: Sequence[str], out: Path) -> dict[str, int]:
    """Decide over all rows of an import: how many have each action ("new", "updated" or "duplicate").

    Parameters
    ----------
    staged : Path
        Parquet file with row (unique), incident_id (null where the source gives none), content_hash and twin (a hash
        of what the row says in columns without a meaning).
    stored : sequence of str
        Parquet files of the stored alerts: alert_id, incident_id, content_hash.
    out : Path
        Parquet file to write: row, n (ordinal of the alert in its incident) and action of the rows that are not the
        new first alert of their incident; `MATCHED` reads it. A folder beside it holds what does not fit into memory
        and is removed.
    """
    with bounded_duckdb(out.parent) as run:
        _settle(run, staged, stored)
        run.table("settled").write_parquet(str(out))
        found = dict(run.execute("SELECT action, count(*) FROM settled GROUP BY action").fetchall())
    counts = {action: int(found.get(action, 0)) for action in (UPDATED, DUPLICATE)}
    return {NEW: pq.read_metadata(staged).num_rows - sum(counts.values()), **counts}


def _settle(run: duckdb.DuckDBPyConnection, staged: Path, stored: Sequence[str]) -> None:
    """Make the table `settled` of the rows that are not the new first alert of their incident."""
    run.execute(_FILE, {"staged": str(staged)})
    if not stored:
        run.execute("CREATE TABLE stored (key UHUGEINT, content UBIGINT, n BIGINT)")
    elif names_few([str(staged)], stored):
        run.execute(_NEAR, {"staged": str(staged), "stored": list(stored)})
        run.execute(_STORED.format(alerts="near"))
    else:
        run.execute(_STORED.format(alerts="read_parquet($stored)"), {"stored": list(stored)})
    run.execute(_SIMPLE)
    if run.execute("SELECT key FROM several LIMIT 1").fetchall():
        run.execute(_BUSY)


def names_few(staged: Sequence[str], stored: Sequence[str]) -> bool:
    """Whether the alerts of an import (Parquet files) are so few that most stored ones are of incidents of others."""
    few, many = (sum(pq.read_metadata(file).num_rows for file in files) for files in (staged, stored))
    return bool(FEW * few < many)


@contextmanager
def bounded_duckdb(folder: Path, memory: str = MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of bounded memory; what does not fit goes to a folder of its own under `folder`, removed at the end.

    Opening one takes ten times as long as a small query, so the next one is that of before, without its tables; not
    after an error, nor where it wrote to its folder, which it cannot change then.
    """
    idle = _idle.setdefault(os.getpid(), [])
    with tempfile.TemporaryDirectory(prefix="settle-", dir=folder, ignore_cleanup_errors=True) as place:
        spilled = Path(place, "spilled")
        try:
            opened = idle.pop()
        except IndexError:  # none, or another thread was first
            opened = duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": False})
        with opened.cursor() as run:
            run.execute(f"SET memory_limit = {sql.text(memory)}; SET temp_directory = {sql.text(str(spilled))}")
            run.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS job; USE job")
            yield run
            run.execute("USE memory; DETACH job")
        if not spilled.exists():
            idle.append(opened)


_idle: Final[dict[int, list[duckdb.DuckDBPyConnection]]] = {}  # by process: a fork has no threads of the other's


def content_hashes(table: pa.Table, kinds: Any, more: Any) -> pa.Array:
    """Sixteen hex digits (BLAKE2b of 8 bytes) for each row over the parsed values, whatever the file's layout.

    `table` has the columns of TOLD. `kinds` are those of the source, null where it gives none or the one that the
    city's category list gives; `more` are the further categories as one text with bars. What is hashed must never
    change: stored alerts are known again by it.
    """
    given = {"kind": kinds, "more_categories": more}
    parts = []
    for field in TOLD:
        if field.name in _LEFT_OUT:
            continue
        column = given.get(field.name, table[field.name])
        if pa.types.is_timestamp(field.type):
            column = pc.cast(column, pa.int64())
        elif pa.types.is_floating(field.type):
            column = pc.cast(pc.round(pc.multiply(column, 1e7)), pa.int64())
        parts.append(pc.cast(column, pa.string()))
    texts = pc.binary_join_element_wise(*parts, "\x1f", null_handling="replace", null_replacement="")
    fresh, digests = blake2b(digest_size=_DIGITS // 2).copy, []
    for text in texts.cast(pa.binary()).to_pylist():
        one = fresh()  # takes half as long as making one
        one.update(text)
        digests.append(one.hexdigest())
    return pa.array(digests, pa.string())


FILE_BYTES: Final = 150_000_000
BLOCK_ROWS: Final = 100_000
STAGED: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("twin", pa.int64(), nullable=False),
        *(f for f in SCHEMA if f.name != "alert_id"),
    ]
)


ALERT_IDS: Final = pa.schema([SCHEMA.field("alert_id")])


class Staging(AbstractContextManager["Staging"]):
    """Alerts of one import in the order of the rows of the imported file: `paths` is one Parquet file (`STAGED`).

    `newer`: imports (`batch_id`) whose alerts this one leaves as they are; `withdrawn`: ids of stored alerts that count
    as rejected from this import on. Use it as a context manager: the file is removed at the end, whatever happens.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.paths = folder, [folder / "staged.parquet"]
        self.newer: Sequence[str] = ()
        self.withdrawn = ALERT_IDS.empty_table()
        self._writer = pq.ParquetWriter(self.paths[0], STAGED, compression="lz4")

    def add(self, alerts: pa.Table) -> None:
        """Take a block: `alert.SCHEMA` (alert_id is not needed), `row` (int64, unique in the import) and `twin` (int64,
        see above).
        """
        self._writer.write_table(alerts.select(STAGED.names).cast(STAGED))

    def close(self) -> None:
        """Finish the file, so that it can be read."""
        self._writer.close()

    def batches(self, columns: Sequence[str] = STAGED.names) -> Iterator[pa.Table]:
        """The staged alerts, or some of their columns, in the order of the file, about 100,000 rows at a time."""
        self.close()
        return blocks([str(path) for path in self.paths], columns, STAGED)

    def remove(self) -> None:
        """Remove the file."""
        self.close()
        self.paths[0].unlink(missing_ok=True)

    def __exit__(self, *_: object) -> None:
        self.remove()


@dataclass(frozen=True)
class StagedResult:
    """An import compared with the store: the batch with its counts, and the Parquet file that `match_rows` wrote.

    The file lies in the staging folder and goes with it. `stored`: the files of the store that it was compared with.
    `held`: rows that change nothing, since a newer import brought their alerts up to date.
    """

    batch: Batch
    staging: Staging
    path: Path
    stored: tuple[str, ...]
    held: int = 0

    def changed(
        self, columns: Sequence[str] = SCHEMA.names, actions: Sequence[str] = (NEW, UPDATED)
    ) -> Iterator[pa.Table]:
        """The new and the updated alerts (`alert.SCHEMA`), or some of their columns, with their ids, piece by piece."""
        query = f"FROM ({MATCHED}) WHERE list_contains($actions, action)"
        given = {"staged": str(self.staging.paths[0]), "settled": str(self.path), "actions": list(actions)}
        with bounded_duckdb(self.staging.folder) as run:
            yield from _alerts(run, query, given, columns)


def _alerts(
    run: duckdb.DuckDBPyConnection, source: str, given: Mapping[str, Any], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Alerts, or some of their columns, piece by piece; `source`: the query from its FROM on, `given`: its values."""
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    names = ", ".join(f'"{name}"' for name in columns)
    for batch in run.execute(f"SELECT {names} {source}", given).to_arrow_reader(BLOCK_ROWS):
        yield pa.Table.from_batches([batch]).cast(schema)


def match_staged(staging: Staging, batch: Batch, stored: Sequence[str] = ()) -> StagedResult:
    """Compare staged alerts with the stored ones (Parquet files; none for an empty store); nothing is written."""
    staging.close()
    path = staging.folder / "settled.parquet"
    counts = match_rows(staging.paths[0], stored, path)
    if held := _hold(staging, path, stored) if staging.newer and counts[UPDATED] else 0:
        counts |= {UPDATED: counts[UPDATED] - held, DUPLICATE: counts[DUPLICATE] + held}
    with bounded_duckdb(staging.folder) as run:
        files = {"staged": str(staging.paths[0]), "settled": str(path)}
        [(repaired, outside, unmapped)] = run.execute(_COUNTED, files).fetchall()
    counted = replace(
        batch,
        when=dt.datetime.now(dt.UTC),
        accepted=counts[NEW],
        updated=counts[UPDATED],
        duplicate=counts[DUPLICATE],
        repaired=repaired,
        outside=outside,
        unmapped=unmapped,
        withdrawn=staging.withdrawn.num_rows,
    )
    return StagedResult(counted, staging, path, tuple(stored), held)


# Rows that would change an alert which one of some imports brought or changed last, and whether its case would go on
# (1) or back (-1).
OF_NEWER: Final = f"""
CREATE TABLE held AS
WITH steps AS (SELECT * FROM (VALUES ('{Status.OPEN}', 0), ('{Status.CONFIRMED}', 1), ('{Status.RESOLVED}', 2),
                              ('{Status.REJECTED}', 2)) AS steps(status, step))
SELECT found.row, sign(new.step - old.step) AS step
FROM ({MATCHED}) AS found JOIN read_parquet($stored) AS known USING (alert_id)
JOIN steps AS new ON new.status = found.status JOIN steps AS old ON old.status = known.status
WHERE action = '{UPDATED}' AND list_contains($newer, known.batch_id)"""


def _hold(staging: Staging, settled: Path, stored: Sequence[str]) -> int:
    """Let the rows that would change alerts of newer imports change nothing; how many they are.

    None where more cases would go on than back: such a file is of a part of the alerts, and not older.
    """
    given = {
        "staged": str(staging.paths[0]),
        "settled": str(settled),
        "stored": list(stored),
        "newer": [*staging.newer],
    }
    with bounded_duckdb(staging.folder) as run:
        run.execute(OF_NEWER, given)
        if run.execute("SELECT sum(step) > 0 FROM held").fetchall()[0][0]:
            return 0
        run.execute("CREATE TABLE settled AS SELECT * FROM read_parquet(?)", [str(settled)])
        run.execute(f"UPDATE settled SET action = '{DUPLICATE}' WHERE row IN (SELECT row FROM held)")
        run.table("settled").write_parquet(str(settled))
        return int(run.table("held").count("*").fetchall()[0][0])


MOST_FILES: Final = 50
# Hardly an id or hash occurs twice, and none is looked for by its order: no dictionary and no smallest value of them.
_NO_TWICE: Final = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
_WRITER: Final = WriterProperties(
    max_row_group_size=131_072,
    compression="ZSTD",
    compression_level=1,
    column_properties=dict.fromkeys(("alert_id", "incident_id", "content_hash"), _NO_TWICE),
)


def blocks(
    files: Sequence[str], columns: Sequence[str] = SCHEMA.names, schema: pa.Schema = SCHEMA
) -> Iterator[pa.Table]:
    """The stored alerts, or some columns, piece by piece; writers may have stored text as views, hence the cast."""
    wanted = pa.schema([schema.field(name) for name in columns])
    for path in files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BLOCK_ROWS, columns=wanted.names):
                yield pa.Table.from_batches([batch]).select(wanted.names).cast(wanted)


def ids_of_import(files: Sequence[str], batch_id: str) -> pa.ChunkedArray:
    """Ids of the alerts that an import brought or changed last; groups of rows that cannot have any are not read."""
    if not files:
        return pa.chunked_array([], pa.string())
    with duckdb.connect() as run:
        found = run.execute("SELECT alert_id FROM read_parquet(?) WHERE batch_id = ?", [files, batch_id])
        return found.to_arrow_table()["alert_id"].cast(pa.string())


def write_alerts(
    table: DeltaTable,
    parts: Iterable[pa.Table],
    record: Mapping[str, Any],
    mode: Literal["append", "overwrite"] = "append",
) -> None:
    """Write alerts (`alert.SCHEMA`) in one commit, piece by piece.

    Pieces are made in a thread of Python's own: the writer asks for them from one of its threads, in which pyproj
    crashes the process.
    """
    failed: list[Exception] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for part in prefetch(part.cast(SCHEMA) for part in parts):
                yield from part.to_batches()
        except Exception as error:
            failed.append(error)
            raise

    try:
        write_deltalake(
            table,
            pa.RecordBatchReader.from_batches(SCHEMA, batches()),
            mode=mode,
            target_file_size=FILE_BYTES,
            writer_properties=_WRITER,
            commit_properties=commit_properties(table, record),
        )
    except Exception:
        if failed:  # the reason, not the writer's words about it
            raise failed[0] from None
        raise


def write_import(table: DeltaTable, result: StagedResult) -> None:
    """Write the new alerts of an import, and those that take the place of stored ones, in one commit."""
    batch, files, folder = result.batch, file_paths(table), result.staging.folder
    made: Iterable[pa.Table] = result.changed() if batch.accepted or batch.updated else ()
    if batch.updated or batch.withdrawn:
        gone = result.staging.withdrawn
        ids = pa.concat_tables([*result.changed(["alert_id"], [UPDATED]), gone])
        rejected = (_withdrawn(part, batch) for part in select_ids("SEMI", files, gone, folder))
        made = chain(select_ids("ANTI", files, ids, folder), made, rejected)
    changes = bool(batch.updated or batch.withdrawn)
    write_alerts(table, made, {"batch": batch.as_dict()}, "overwrite" if changes else "append")


def _withdrawn(alerts: pa.Table, batch: Batch) -> pa.Table:
    """Stored alerts as rejected ones; a row of a later file says something else than they do, whatever it says, since a
    mark stands before the hash of their content.
    """
    marked = pc.binary_join_element_wise(pa.scalar("-"), alerts["content_hash"], "")
    for name, value in {"status": Status.REJECTED.value, "batch_id": batch.id, "content_hash": marked}.items():
        texts = pa.array([value] * alerts.num_rows, pa.string()) if isinstance(value, str) else value
        alerts = alerts.set_column(alerts.schema.get_field_index(name), SCHEMA.field(name), texts)
    return alerts


def compact(table: DeltaTable) -> None:
    """Put small files together, in one commit."""
    table.optimize.compact(
        target_size=FILE_BYTES, writer_properties=_WRITER, commit_properties=commit_properties(table, {})
    )


def select_ids(kind: Literal["SEMI", "ANTI"], files: Sequence[str], ids: pa.Table, folder: Path) -> Iterator[pa.Table]:
    """The stored alerts of some ids (SEMI), or all but these (ANTI), piece by piece.

    `ids`: a table of the column alert_id. `folder` takes what does not fit into memory.
    """
    if not files:
        return
    source = f"FROM read_parquet($files) {kind} JOIN ids USING (alert_id)"
    with bounded_duckdb(folder) as run:
        run.register("given", ids)
        run.execute("CREATE TABLE ids AS SELECT alert_id FROM given")
        yield from _alerts(run, source, {"files": list(files)}, SCHEMA.names)


def undo(table: DeltaTable, batch_id: str, city: CityProfile, folder: Path) -> UndoReport:
    """Take an import back in one commit on the newest state of the table: its alerts removed, those that it changed
    given the content that they had before. `folder` takes what does not fit into memory.
    """
    log = {batch.id: (batch, version) for batch, version in import_log(table)}
    if batch_id not in log:
        raise unknown_batch(batch_id)
    batch, version = log[batch_id]
    if batch.undone:
        raise StoreError(Message("The import {batch} was undone before.", {"batch": batch.id}))
    if batch.sealed:
        raise StoreError(
            Message(
                "The import {batch} cannot be undone: alerts were erased on {when}, and the versions before that "
                "are gone for good.",
                {"batch": batch.id, "when": batch.sealed},
            )
        )
    files, record, restored, earlier = file_paths(table), {"undo": batch.id}, 0, folder / "earlier.parquet"
    ids = pa.table({"alert_id": ids_of_import(files, batch.id)})
    if batch.updated or batch.withdrawn:
        undone = {other.id: at for other, at in log.values() if other.undone}
        with pq.ParquetWriter(earlier, SCHEMA, compression="lz4") as writer:
            for part in _before(table, ids, version, undone, folder):
                writer.write_table(_of_profile(part, city))
                restored += part.num_rows
    if restored:
        kept = select_ids("ANTI", files, ids, folder)
        write_alerts(table, chain(kept, blocks([str(earlier)])), record, "overwrite")
    elif len(ids):
        table.delete(f"batch_id = '{batch.id}'", commit_properties=commit_properties(table, record))
    else:
        write_alerts(table, [], record)
    kept_as_they_are = batch.accepted + batch.updated + batch.withdrawn - len(ids)
    return UndoReport(replace(batch, undone=True), len(ids) - restored, restored, kept_as_they_are)


def _before(
    table: DeltaTable, ids: pa.Table, version: int, undone: Mapping[str, int], folder: Path
) -> Iterator[pa.Table]:
    """Alerts as they were before the commit `version`, passing over imports that were `undone` meanwhile (commits)."""
    passed = []
    for part in select_ids("SEMI", file_paths(DeltaTable(table.table_uri, version=version - 1)), ids, folder):
        taken_back = pc.is_in(part["batch_id"], value_set=pa.array(undone, pa.string()))
        passed.append(part.filter(taken_back).select(["alert_id", "batch_id"]))
        yield part.filter(pc.invert(taken_back))
    if passed:
        again = pa.concat_tables(passed)
        for batch in pc.unique(again["batch_id"]).to_pylist():
            yield from _before(table, again.filter(pc.equal(again["batch_id"], batch)), undone[batch], undone, folder)


def _of_profile(alerts: pa.Table, city: CityProfile) -> pa.Table:
    """The alerts with the columns of today's profile."""
    if pc.any(pc.not_equal(alerts["profile_version"], city.version)).as_py():
        where = alerts.schema.get_field_index("profile_version")
        now = pa.array([city.version] * alerts.num_rows, pa.string())
        alerts = enrich(alerts, city).set_column(where, SCHEMA.field("profile_version"), now)
    return alerts.select(SCHEMA.names).cast(SCHEMA)
