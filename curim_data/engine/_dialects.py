"""Of Ibis's dialects of SQL each is loaded when it is asked for: importing this module sees to that.

The package that holds them loads all twenty at once, of which a home of files uses one. What stands in for it here has
the same names: `compilers.duckdb`, `compilers.DuckDBCompiler`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, Final

import ibis.backends

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
    """Take the place of the package, unless it is loaded."""
    spec = ModuleSpec(PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(Path(folder, "sql", "compilers")) for folder in ibis.backends.__path__]
    module: Any = module_from_spec(spec)
    module.__getattr__ = _asked
    sys.modules.setdefault(PACKAGE, module)


_stand_in()
