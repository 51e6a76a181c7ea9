"""Dialects of SQL that are loaded when they are asked for: the same ones, by the same names."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import ibis.backends
import pytest

from curim_data.engine import _dialects

FOLDER = Path(ibis.backends.__path__[0], "sql", "compilers")
COMPILED = """
import sys
if "ours" in sys.argv:
    import curim_data.engine
import ibis
import ibis.backends.sql.compilers as sc
from ibis.backends.sql.compilers import BigQueryCompiler
table = ibis.table({"a": "int64", "day": "date", "text": "string"}, name="t")
chosen = table.filter(table.a > 1, table.text.contains("x"))
asked = chosen.group_by(month=chosen.day.truncate("M")).aggregate(n=chosen.count())
for dialect in ("duckdb", "postgres", "pyspark", "sqlite", "mssql"):
    print(ibis.to_sql(asked, dialect=dialect))
import sqlglot
for function in ("ZIPF(1, 10, RANDOM())", "NORMAL(0, 1, RANDOM(3))", "SEQ1(1)", "SEQ8()", "RANDSTR(5, 1)"):
    print(sqlglot.transpile(f"SELECT {function}", read="snowflake", write="duckdb"))
print(BigQueryCompiler.dialect.__name__, sc.trino.compiler.dialect.__name__)
"""


def _published() -> dict[str, str]:
    """Classes that the package itself would load, each with its module."""
    tree = ast.parse((FOLDER / "__init__.py").read_text())
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    return {name.name: str(node.module) for node in found for name in node.names}


def test_every_dialect_of_the_package_is_there_by_its_names() -> None:
    import ibis.backends.sql.compilers as compilers

    published = _published()
    assert len(published) > 15
    for name, module in published.items():
        assert getattr(compilers, name).__module__ == module
        assert getattr(compilers, module.rpartition(".")[2]).__name__ == module


@pytest.mark.parametrize("name", ["nonsense", "NonsenseCompiler", "__nonsense__"])
def test_what_is_no_dialect_is_no_attribute(name: str) -> None:
    import ibis.backends.sql.compilers as compilers

    assert not hasattr(compilers, name)


def test_the_package_is_found_where_it_lies() -> None:
    import ibis.backends.sql

    assert ibis.backends.sql.compilers is sys.modules[_dialects.PACKAGE]
    assert ibis.backends.sql.compilers.duckdb.__name__ == f"{_dialects.PACKAGE}.duckdb"


def test_only_a_package_that_lists_its_dialects_is_stood_in_for(tmp_path: Path) -> None:
    file = tmp_path / "__init__.py"
    for text, only in (
        ("from a import b\n__all__ = ['b']\n", True),
        ("from a import b\nb.register()\n", False),
        ("X = make()\n", False),
        ("def f(): ...\n", False),
        ("(", False),
    ):
        file.write_text(text)
        assert _dialects._only_lists(file) == only, text
    assert not _dialects._only_lists(tmp_path / "missing.py")
    assert _dialects._only_lists(FOLDER / "__init__.py")


def test_templates_of_other_databases_functions_are_parsed_when_they_are_asked_for() -> None:
    script = (
        "import curim_data.engine, sqlglot; from sqlglot.dialects.duckdb import DuckDB\n"
        "told = vars(DuckDB.Generator)['ZIPF_TEMPLATE']\n"
        "print(isinstance(told, sqlglot.Expression), isinstance(DuckDB.Generator.ZIPF_TEMPLATE, sqlglot.Expression))\n"
        "print(DuckDB.Generator.ZIPF_TEMPLATE is DuckDB.Generator.ZIPF_TEMPLATE)\n"
        "print(isinstance(sqlglot.exp.maybe_parse('a + 1'), sqlglot.Expression))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert told == ["False", "True", "True", "True"]


@pytest.mark.slow
def test_questions_are_compiled_as_by_the_package_itself() -> None:
    told = [
        subprocess.run([sys.executable, "-c", COMPILED, whose], capture_output=True, text=True, check=True).stdout
        for whose in ("ours", "theirs")
    ]
    assert told[0].count("SELECT") >= 10
    assert told[0] == told[1]
