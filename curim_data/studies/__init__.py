"""The questions that pages, reports and commands ask: counts after disclosure control, then the analysis of them.

Public: one module a subject, with its `*_study` functions, which take a `Source` and a filter and return frozen
results. Only here do `query` and `analysis` meet, so screen, paper and command line show the same figures.

Modules are loaded when they are asked for (`studies.trends`), so that a command does not wait for those of the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curim_data.studies import (
        alert_points,
        brief,
        brief_content,
        brief_text,
        cells,
        changes,
        compare,
        evaluation,
        gender,
        hot_spots,
        periods,
        plan,
        preparation,
        spot_profiles,
        trends,
    )


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
