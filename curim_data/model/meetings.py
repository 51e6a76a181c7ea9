"""A meeting of the council: the day since which changes are told, and what it is called."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

LONGEST_MEETING_NAME: Final = 80


@dataclass(frozen=True, order=True)
class Meeting:
    """A day of the city's calendar, and a name such as "Plenary", which may be empty. Nobody's name belongs here."""

    day: dt.date
    name: str = ""
