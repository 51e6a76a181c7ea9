"""The protected copy: what council and public are counted from.

Public: `open_for`, `protected`, `protected_files` and `copy_of` (the copy as a source), `copies_of` (its versions),
`opened_for` and `hand_over` (what a thread has open); `release`, `drawn` (the
draws of a home), `copy_errors` (what it costs; `kind_of` says of which categories a filter asks).

What is named here is loaded when it is asked for: who reads the alerts themselves does not wait for what copies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curim_data.engine import Source, open_source
from curim_data.model import Audience, loaded_later
from curim_data.privacy import sees_exact
from curim_data.store import Home

if TYPE_CHECKING:
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


def open_for(home: Home, audience: Audience) -> Source:
    """The alerts of a home as an audience may read them.

    Who sees exact counts gets the alerts. Council and public get the protected copy, which is made where it is not
    there yet; `Source.exact` of it are the alerts. Of alerts on another engine it is the copy that was published with
    them; DisclosureError where none was.
    """
    source = open_source(home)
    if sees_exact(audience):
        return source
    from curim_data.protection.opening import protected

    return protected(home, source)
