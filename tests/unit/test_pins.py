"""Why two libraries are held back.

Ibis 12.0.0 calls functions that newer neighbours took away: with sqlglot 30 `create_table` and `drop_table` fail, and
with DuckDB 2.0 `list_tables` fails too. When a newer Ibis has learned them, lift `sqlglot<30` and `duckdb<2` in
pyproject.toml, run this file and the queries' tests, and take this test away.
"""

from __future__ import annotations

from importlib.metadata import version

import duckdb
import ibis
import pyarrow as pa


def test_the_pins_hold_while_ibis_needs_them() -> None:
    assert version("ibis-framework").startswith("12."), "a newer Ibis: see whether the pins can be lifted"
    assert int(version("sqlglot").split(".")[0]) < 30
    assert int(version("duckdb").split(".")[0]) < 2


def test_what_breaks_without_the_pins() -> None:
    backend = ibis.duckdb.from_connection(duckdb.connect(":memory:").cursor())
    backend.create_table("one", obj=pa.table({"n": [1, 2]}))
    assert "one" in backend.list_tables()
    assert backend.table("one").n.sum().execute() == 3
    backend.drop_table("one")
    assert "one" not in backend.list_tables()
