"""The protected copy: what council and public are counted from.

Public: `open_for`, `protected`, `protected_files` and `copy_of` (the copy as a source), `copies_of` (its versions),
`opened_for` and `hand_over` (what a thread has open); `release`, `drawn` (the
draws of a home), `copy_errors` (what it costs; `kind_of` says of which categories a filter asks).

What is named here is loaded when it is asked for: who reads the alerts themselves does not wait for what copies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curim_data.model import loaded_later

if TYPE_CHECKING:
    from curim_data.protection.door import open_for
    from curim_data.protection.errors import CopyErrors, copy_errors, keep_errors, kind_of
    from curim_data.protection.opening import (
        copies_of,
        copy_of,
        hand_over,
        opened_for,
        protected,
        protected_files,
    )
    from curim_data.protection.releases import drawn, release

_NAMES = {
    "door": ("open_for",),
    "errors": ("CopyErrors", "copy_errors", "keep_errors", "kind_of"),
    "opening": (
        "copies_of",
        "copy_of",
        "hand_over",
        "opened_for",
        "protected",
        "protected_files",
    ),
    "releases": ("drawn", "release"),
}

__getattr__ = loaded_later(__name__, _NAMES)
