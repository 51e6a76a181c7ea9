"""Which row of an import is new, which changes a known alert, which says nothing new: decided over the whole file.

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
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.model.alert import TOLD

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

_NOTHING_STORED: Final = "CREATE TABLE stored (key UHUGEINT, content UBIGINT, n BIGINT)"

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

_OUT: Final = f"""
COPY (
    SELECT row, {BASE} || CASE WHEN coalesce(n, 1) = 1 THEN '' ELSE '#' || n END AS alert_id,
        coalesce(action, 'new') AS action
    FROM (SELECT row, incident_id, content_hash FROM read_parquet($staged)) LEFT JOIN settled USING (row) ORDER BY row
) TO '{{out}}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""

# Distinct hashes are of distinct keys; equal ones may be too, and are looked at in full.
_ALL_DISTINCT: Final = f"SELECT count(*) = count(DISTINCT hash({BASE})) FROM read_parquet($staged)"

# Rows that are not simply new; those of them that say what the first alert of their incident does; all rows.
_LIKE: Final = """
SELECT count(*), count(*) FILTER (action = 'duplicate' AND n = 1), (SELECT count(*) FROM file) FROM settled"""


@dataclass(frozen=True)
class Matched:
    """What becomes of the rows of an import. `counts`: rows by action; `alike`: the action of all rows, where it is one
    and each row has the id of its incident's first alert (`BASE`); no file is written then.
    """

    counts: Mapping[str, int]
    alike: str | None = None


def match_rows(staged: Path, stored: Sequence[str], out: Path, memory: str = MEMORY) -> Matched:
    """Decide over all rows of an import.

    Parameters
    ----------
    staged : Path
        Parquet file with row (unique), incident_id (null where the source gives none), content_hash and twin (a hash
        of what the row says in columns without a meaning).
    stored : sequence of str
        Parquet files of the stored alerts: alert_id, incident_id, content_hash.
    out : Path
        Parquet file to write: row, alert_id, action ("new", "updated" or "duplicate"), sorted by row; not written where
        all rows are alike. A folder beside it holds what does not fit into memory and is removed.
    """
    with bounded_duckdb(out.parent, memory) as run:
        alike = _alike(run, staged, stored)
        if alike is not None:
            return Matched({NEW: 0, UPDATED: 0, DUPLICATE: 0, alike: _rows([str(staged)])}, alike)
        run.execute(_OUT.format(out=sql_path(out)), {"staged": str(staged)})
        found = dict(run.execute("SELECT action, count(*) FROM read_parquet(?) GROUP BY action", [str(out)]).fetchall())
    return Matched({action: int(found.get(action, 0)) for action in (NEW, UPDATED, DUPLICATE)})


def _alike(run: duckdb.DuckDBPyConnection, staged: Path, stored: Sequence[str]) -> str | None:
    """The action of all rows where it is one and simple; else None, and the rows that are not new are settled."""
    if not stored and run.execute(_ALL_DISTINCT, {"staged": str(staged)}).fetchall() == [(True,)]:
        return NEW
    _settle(run, staged, stored)
    counted = run.execute(_LIKE).fetchone() or (0, 0, 0)
    known, same, rows = counted
    return DUPLICATE if known and same == rows else None if known else NEW


def _settle(run: duckdb.DuckDBPyConnection, staged: Path, stored: Sequence[str]) -> None:
    """Make the table `settled` of the rows that are not simply new."""
    run.execute(_FILE, {"staged": str(staged)})
    if not stored:
        run.execute(_NOTHING_STORED)
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
    return FEW * _rows(staged) < _rows(stored)


def _rows(files: Sequence[str]) -> int:
    return sum(int(pq.read_metadata(file).num_rows) for file in files)


@contextmanager
def bounded_duckdb(folder: Path, memory: str = MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of bounded memory; what does not fit goes to a folder of its own under `folder`, removed at the end."""
    place = Path(tempfile.mkdtemp(prefix="settle-", dir=folder))
    run = duckdb.connect()
    try:
        run.execute("SET autoinstall_known_extensions = false")
        run.execute("SET threads = 2")
        run.execute(f"SET memory_limit = '{memory}'")
        run.execute(f"SET temp_directory = '{sql_path(place)}'")
        run.execute("SET TimeZone = 'UTC'")
        yield run
    finally:
        run.close()
        shutil.rmtree(place, ignore_errors=True)


def sql_path(path: Path) -> str:
    """A path inside a text of SQL."""
    return str(path).replace("'", "''")


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
    return pa.concat_arrays([_hex(chunk) for chunk in texts.chunks]) if texts.num_chunks else pa.array([], pa.string())


def _hex(texts: Any) -> pa.Array:
    """Hex digests of texts."""
    fresh, digests = blake2b(digest_size=_DIGITS // 2).copy, []
    for text in texts.cast(pa.binary()).to_pylist():
        one = fresh()  # takes half as long as making one
        one.update(text)
        digests.append(one.hexdigest())
    return pa.array(digests, pa.string())
