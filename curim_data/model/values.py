"""The values that an enum column of an alert may hold, and the resolutions of its map cells."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

CELL_RESOLUTIONS: Final = (8, 9, 10, 11, 12)  # columns of an alert
# Resolutions of map cells: those coarser than the columns, for regions and countries, are parents of the coarsest one.
MAP_RESOLUTIONS: Final = (4, 5, 6, 7, *CELL_RESOLUTIONS)


class Kind(StrEnum):
    """What the citizen sends: a place that feels unsafe, an incivility, an offence.

    UNKNOWN: neither the export, nor the city's list, nor the name of the category says it. Never guessed.
    """

    RISK = "risk"
    INCIVILITY = "incivility"
    OFFENCE = "offence"
    UNKNOWN = "unknown"


class Gender(StrEnum):
    """As the person gave it. UNDISCLOSED: asked, not answered. UNKNOWN: no such field in the export. Never guessed."""

    WOMAN = "woman"
    MAN = "man"
    OTHER = "other"
    UNDISCLOSED = "undisclosed"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    RESOLVED = "resolved"
    REJECTED = "rejected"


class AgeBand(StrEnum):
    """Age of the person affected, in bands."""

    UNDER_18 = "under_18"
    FROM_18 = "18_29"
    FROM_30 = "30_44"
    FROM_45 = "45_64"
    FROM_65 = "65_plus"
