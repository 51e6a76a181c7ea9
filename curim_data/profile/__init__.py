"""A city's profile: making a provisional one, editing it from the city's own files, its versions, re-enrichment.

Public: `edit` (`set_districts`, `set_population`, `set_landmarks`, ...), `shapes` and `tables` (reading uploaded
files), `versions` (change, restore, `reenrich_store`) and `provisional` (a first profile from the data).

`edit` is loaded when it is asked for, so that the help of a command does not wait for shapes and tables.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curim_data.profile import edit as edit


def __getattr__(name: str) -> Any:
    if name != "edit":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.edit")
