"""Of Ibis's dialects of SQL each is loaded when it is asked for: importing this module sees to that.

The package that holds them loads all twenty at once, of which a home of files uses one. What stands in for it here has
the same names: `compilers.duckdb`, `compilers.DuckDBCompiler`. And of the templates of SQL by which sqlglot writes
functions of other databases for DuckDB, all of which it parses when it loads that dialect, each is parsed when it is
asked for.
"""

from __future__ import annotations

import ast
import sys
from functools import cached_property
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, Final

import ibis.backends
from sqlglot import exp

PACKAGE: Final = "ibis.backends.sql.compilers"
_CLASS: Final = "Compiler"  # what the names of the classes end with; the rest names the module


def _asked(name: str) -> Any:
    """A dialect, or its class; AttributeError where there is none of that name."""
    module = name.removesuffix(_CLASS).lower() if name.endswith(_CLASS) else name
    try:
        found = import_module(f"{PACKAGE}.{module}")
    except ModuleNotFoundError as error:
        if error.name != f"{PACKAGE}.{module}":
            raise
        raise AttributeError(f"module {PACKAGE!r} has no attribute {name!r}") from None
    return found if module == name else getattr(found, name)


def _stand_in() -> None:
    """Take the place of the package, unless it is loaded, or is more than a list of its dialects."""
    if not _only_lists(Path(ibis.backends.__path__[0], "sql", "compilers", "__init__.py")):
        return
    spec = ModuleSpec(PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(Path(folder, "sql", "compilers")) for folder in ibis.backends.__path__]
    module: Any = module_from_spec(spec)
    module.__getattr__ = _asked
    if sys.modules.setdefault(PACKAGE, module) is module:
        parent, _, name = PACKAGE.rpartition(".")
        setattr(import_module(parent), name, module)  # as an import does


def _only_lists(file: Path) -> bool:
    """Whether a package does nothing but take names from its modules, so that nothing is lost where it is not run."""
    try:
        body = ast.parse(file.read_text("utf-8")).body
    except (OSError, SyntaxError):
        return False
    names = (ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    return all(isinstance(node, names) and not _runs(node) for node in body)


def _runs(node: ast.stmt) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


class _Template:
    """An attribute of a class that is parsed when it is first asked for."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def __get__(self, instance: object, owner: type | None = None) -> exp.Expression:
        return self._parsed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parsed, name)  # asked for in the class itself

    @cached_property
    def _parsed(self) -> exp.Expression:
        return exp.maybe_parse(self._sql)


def _load_duckdb() -> None:
    """Load sqlglot's dialect of DuckDB, its templates not parsed."""
    parse: Any = exp.maybe_parse

    def later(*given: Any, **told: Any) -> Any:
        # An attribute of a class can be a template that is parsed when it is asked for, a variable of a module cannot.
        in_class = "__qualname__" in sys._getframe(1).f_locals
        if in_class and not told and len(given) == 1 and isinstance(given[0], str):
            return _Template(given[0])
        return parse(*given, **told)

    exp.maybe_parse = later
    try:
        import_module("sqlglot.dialects.duckdb")
    finally:
        exp.maybe_parse = parse


_stand_in()
_load_duckdb()
