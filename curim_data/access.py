"""Who reads, and what that reader may see."""

from __future__ import annotations

from enum import StrEnum


class Audience(StrEnum):
    """For whom a number is meant. The gate in `privacy` knows each one's threshold."""

    ANALYST = "analyst"
    SPECIALIST = "specialist"
    COUNCIL = "council"
    PUBLIC = "public"
