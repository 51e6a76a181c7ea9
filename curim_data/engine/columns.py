"""The narrow table of count columns, one row an alert: what a page asks again and again.

An alert's lists are one text each: `theme` holds its categories (`category`, then `more_categories`), `span` its hours.
On DuckDB the narrow table is a view of the Parquet files at first. Unless alerts are few the view gives way to a table
with texts as codes, rows by date (a period then leaves most of them unread) and columns packed into numbers
(`curim_data.engine.packed`), by which each question is answered several times faster: one in a file that was prepared
after the import (`keep_narrow`), or else one in memory, made once so many questions were asked that more will follow,
in some two seconds for a million alerts. Codes are in the order of their values but for those that came later
(`curim_data.engine.extension`), so nothing is sorted by them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.engine.files import quoted
from curim_data.engine.packed import PACKED, WORDS, Bits, Packing, with_words
from curim_data.engine.types import IbisBoolean, IbisColumn, IbisTable
from curim_data.model import CELL_RESOLUTIONS, SCHEMA

# Between the values of a list that is one text: the unit separator, which no text of an alert holds.
SEPARATOR: Final = "\x1f"
VIEW: Final = "narrow"
TABLE: Final = "narrow_codes"
FROM_FILE: Final = "narrow_prepared"  # a view of the table in the prepared file
NAMED: Final = "narrow_named"  # the same with the alerts' ids, as the prepared file holds them
KEPT: Final = "kept"  # the prepared file as DuckDB calls it
# The table is made at this question, from so many alerts on and up to so many as fit into memory (76 bytes each).
TABLE_FROM: Final = 5_000
TABLE_MOST: Final = 10_000_000
AT_QUESTION: Final = 4
MANY_CELLS: Final = 16
# Columns of an alert that no count is made of: names, hashes, instants, metres.
NOT_COUNTED: Final = frozenset(
    {"alert_id", "incident_id", "source", "batch_id", "profile_version", "content_hash", "flags"}
    | {"reported_at", "occurred_from", "occurred_to", "resolved_at", "hour", "x", "y"}
)
HOUR_BITS: Final = "hour_bits"
MADE: Final = ("theme", "span", HOUR_BITS)
COLUMNS: Final = tuple(name for name in SCHEMA.names if name not in NOT_COUNTED)
TEXTS: Final = (*(name for name in COLUMNS if pa.types.is_string(SCHEMA.field(name).type)), "theme", "span")


def narrow_columns(table: IbisTable, *others: str, with_bits: bool = False) -> IbisTable:
    """The count columns of a table of alerts (`alert.SCHEMA`), and some others, as an expression for any engine.

    `with_bits`: also the hours as the bits of a number (`hour_bits`; missing where none is known), which a test of
    hours reads much faster than lists.
    """
    if HOUR_BITS in table.columns:  # a published table has them all
        return table.select(*others, *COLUMNS, *MADE)
    found = made_columns(table)
    return table.select(*others, *COLUMNS, **{name: found[name] for name in (MADE if with_bits else MADE[:2])})


def made_columns(table: IbisTable) -> dict[str, IbisColumn]:
    """The lists of alerts as one text each, and their hours as bits."""
    bits = table.hours.map(lambda hour: ibis.literal(1, "int32") << hour.cast("int32")).sums().cast("int32")
    further = table.more_categories.join(SEPARATOR).fill_null("")
    span = table.hours.cast("array<string>").join(SEPARATOR)
    return dict(zip(MADE, (table.category + SEPARATOR + further, span, bits), strict=True))


def split_list(text: object) -> tuple[str, ...]:
    """The values of a list that is one text; none where it is missing."""
    return tuple(value for value in text.split(SEPARATOR) if value) if isinstance(text, str) else ()


def cell_column(table: IbisTable, resolution: int) -> IbisColumn:
    """The map cell of an alert at a resolution: its column, or the parent of the coarsest one, by arithmetic on bits.

    The resolution of an H3 index stands in its bits 52 to 55, and a parent has ones in place of the later digits
    (`curim_data.geo.enrichment.parent_cells`), so that any engine counts by cells that no column holds.
    """
    if resolution in CELL_RESOLUTIONS:
        return table[f"cell_{resolution}"]
    cell = table[f"cell_{min(CELL_RESOLUTIONS)}"]
    return (cell & ~(0xF << 52)) | ((resolution << 52) | ((1 << 3 * (15 - resolution)) - 1))


def is_one_of(column: IbisColumn, cells: Sequence[int]) -> IbisBoolean:
    """Whether a column holds one of some cells. Many are one text: the engine would keep a literal for each."""
    if len(cells) < MANY_CELLS:
        return column.isin(cells)
    listed = ibis.literal(" ".join(map(str, cells))).split(" ").cast("array<int64>").unnest()
    return column.isin(listed.name("cell").as_table().cell)


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def _bit_count(number: int) -> int:  # type: ignore[empty-body]
    """How many bits of a number are set, as DuckDB counts them."""


def _hours_set(bits: IbisColumn, hours: Sequence[int]) -> IbisColumn:
    """How many of some hours are set among the bits, on any engine."""
    return reduce(add, ((bits // (1 << hour)) % 2 for hour in hours))


def hours_within(table: IbisTable, wanted: Sequence[int]) -> IbisBoolean:
    """Whether at least half of the hours that an alert's span touches are among some; an unknown hour never is."""
    if HOUR_BITS in table.columns:
        bits = table[HOUR_BITS]
        asked = bits & sum(1 << hour for hour in wanted)
        if table.get_backend().name == "duckdb":
            inside, of = _bit_count(asked), _bit_count(bits)
        else:
            inside, of = _hours_set(bits, wanted), _hours_set(bits, range(24))
        # Tests one beside the other, since the engine makes those that follow only of what the first leaves.
        return bits.notnull() & (asked > 0) & (inside * 2 >= of)
    hours = table.hours
    inside = reduce(add, (hours.contains(hour).cast("int32") for hour in wanted))
    of_several = (inside > 0) & (inside * 2 >= hours.length())
    # Most alerts have one hour, which is looked up much faster than a list is gone through.
    return ibis.ifelse(hours.length() == 1, hours[0].isin(wanted), of_several).fill_null(False)


class NarrowTable:
    """The count columns of the files of one version, in DuckDB; shared by threads.

    `connection` is that version's own database: what is kept in it goes with the last of its sources.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: IbisTable, count: int) -> None:
        """`table`: the files' own Ibis table on a cursor of `connection`; `count`: how many alerts it holds."""
        backend, self._count = table.get_backend(), count
        narrow = narrow_columns(table, with_bits=True)
        connection.execute(f"CREATE OR REPLACE VIEW {VIEW} AS {backend.compile(narrow)}")
        named = backend.compile(narrow_columns(table, "alert_id", with_bits=True))
        connection.execute(f"CREATE OR REPLACE VIEW {NAMED} AS {named}")
        self._schema = narrow.schema()
        self._schema_with_words = ibis.schema(with_words(self._schema))
        self._packing: Packing | None = None
        self._connection, self._lock = connection, threading.Lock()
        self._asked, self._name = 0, VIEW

    def on(self, backend: Any, kept: Path | None = None) -> IbisTable:
        """The narrow table for one more question; `backend`: a cursor of the same database, `kept`: the prepared file,
        which may be missing.
        """
        self._asked += 1
        if self._name == VIEW and self._count >= TABLE_FROM and self._lock.acquire(blocking=False):
            try:
                if self._name == VIEW and not self._attach(kept):
                    self._materialise()
            finally:
                self._lock.release()
        schema = self._schema if self._name == VIEW else self._schema_with_words
        return ibis.expr.operations.DatabaseTable(name=self._name, schema=schema, source=backend).to_expr()

    @property
    def packing(self) -> Packing | None:
        """How columns are packed in the words of a table that has some (`curim_data.engine.packed.WORDS`)."""
        return self._packing

    def write(self, path: Path) -> None:
        """Write the table of codes, with the alerts' ids, as a database of its own, which `on` takes as `kept`."""
        connection = self._connection.cursor()
        path.unlink(missing_ok=True)
        name = f"written_{threading.get_ident()}"
        connection.execute(f"ATTACH {quoted(path)} AS {name}")
        try:
            _make_table(connection, f"{name}.main.", NAMED, TABLE)
        finally:
            connection.execute(f"DETACH {name}")

    def _attach(self, kept: Path | None) -> bool:
        """Read the prepared file from now on, all of it or nothing; False where there is none that can be read."""
        if kept is None or not kept.exists():
            return False
        connection = self._connection.cursor()
        try:
            connection.execute(f"ATTACH IF NOT EXISTS {quoted(kept)} AS {KEPT} (READ_ONLY)")
            connection.begin()
            every = f"SELECT * EXCLUDE (alert_id) FROM {KEPT}.main.{TABLE}"
            connection.execute(f"CREATE OR REPLACE VIEW {FROM_FILE} AS {every}")
            packing = packing_of(connection, f"{KEPT}.main.{TABLE}")
            connection.commit()
        except duckdb.Error:
            with contextlib.suppress(duckdb.Error):  # nothing to take back where the file could not be opened
                connection.rollback()
            return False
        self._packing = packing
        self._name = FROM_FILE
        return True

    def _materialise(self) -> None:
        """Make the table in memory once enough was asked, where it fits."""
        if self._asked < AT_QUESTION or self._count > TABLE_MOST:
            return
        try:
            self._packing = _make_table(self._connection.cursor(), "", VIEW, TABLE)
        except duckdb.OutOfMemoryException:
            self._count = 0  # the files answer then, as they did so far
            return
        self._name = TABLE


def _make_table(connection: duckdb.DuckDBPyConnection, into: str, view: str, table: str) -> Packing:
    """The table of codes out of a view, and how its columns are packed; `into`: database and schema with their dots."""
    for name in dict.fromkeys((*TEXTS, *PACKED)):
        known = f"SELECT DISTINCT {name} AS value FROM {VIEW} WHERE {name} IS NOT NULL"
        values = values_of(f"{into}{table}", name)
        numbered = f"SELECT value, row_number() OVER (ORDER BY value) - 1 AS code FROM ({known})"
        connection.execute(f"CREATE OR REPLACE TABLE {values} AS {numbered}")
        if name in TEXTS:
            in_order = f"SELECT value FROM {values} ORDER BY value"
            connection.execute(f"CREATE OR REPLACE TYPE {into}{table}_{name} AS ENUM ({in_order})")
    codes = {name: f"{name}::{into}{table}_{name}" for name in TEXTS}
    packing = Packing.of(_values(connection, f"{into}{table}"))
    _keep_words(connection, f"{into}{table}", packing)
    numbers = {name: f"enum_code({codes[name]})" if name in codes else f"{name}_values.code" for name in PACKED}
    replaced = ", ".join(f"{code} AS {name}" for name, code in codes.items())
    words = ", ".join(f"{packing.expression(word, numbers)} AS {word}" for word in WORDS)
    joins = " ".join(
        f"LEFT JOIN {values_of(f'{into}{table}', name)} AS {name}_values ON {view}.{name} = {name}_values.value"
        for name in PACKED
        if name not in codes
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE {into}{table} AS SELECT {view}.* REPLACE ({replaced}), {words} "
        f"FROM {view} {joins} ORDER BY local_date"
    )
    return packing


def _keep_words(connection: duckdb.DuckDBPyConnection, table: str, packing: Packing) -> None:
    """Keep where the codes of a table stand in its words, which more values than it was made of must not change."""
    rows = [
        {"word": word, "name": name, "shift": bits.shift, "mask": bits.mask}
        for word, columns in packing.words.items()
        for name, bits in columns.items()
    ]
    connection.register("found_words", pa.Table.from_pylist(rows))
    connection.execute(f"CREATE OR REPLACE TABLE {table}_words AS SELECT * FROM found_words")
    connection.unregister("found_words")


def packing_of(connection: duckdb.DuckDBPyConnection, table: str) -> Packing:
    """How the columns of a table of codes are packed, as it is kept beside it."""
    words: dict[str, dict[str, Bits]] = {word: {} for word in WORDS}
    for word, name, shift, mask in connection.execute(
        f"SELECT word, name, shift, mask FROM {table}_words ORDER BY shift"
    ).fetchall():
        words[word][name] = Bits(shift, mask)
    return Packing.of(_values(connection, table), words)


def _values(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, pa.Array]:
    """The values of the columns that are packed, in the order of their codes: as texts, so that one question does."""
    texts = " UNION ALL ".join(
        f"SELECT '{name}' AS name, code, value::VARCHAR AS value FROM {values_of(table, name)}" for name in PACKED
    )
    rows = connection.execute(f"SELECT name, value FROM ({texts}) ORDER BY code").to_arrow_table().combine_chunks()
    types = {name: SCHEMA.field(name).type for name in PACKED if name in SCHEMA.names}
    return {
        name: rows.filter(pc.equal(rows["name"], name))["value"].combine_chunks().cast(types.get(name, pa.string()))
        for name in PACKED
    }


def values_of(table: str, name: str) -> str:
    """The table with the values of a column of a table of codes, and their codes."""
    return f"{table}_{name}_values"
