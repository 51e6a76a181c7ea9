"""The council's meetings as counting reads them: <home>/meetings.json, a copy of what the plans' database keeps.

The copy is written with each change (`curim_data.plans.meetings`), so that no database is asked when alerts are opened.
Where there is none yet, the dates of <home>/meetings.toml (`dates = [2025-05-03, ...]`) count.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from curim_data.model.annotations import Meeting
from curim_data.model.prepared import write_whole

FILE: Final = "meetings.json"
OLD_FILE: Final = "meetings.toml"


def read_meetings(folder: Path) -> tuple[Meeting, ...]:
    """The meetings of a home by day, later ones included; none where no file can be read."""
    try:
        rows = json.loads((folder / FILE).read_text("utf-8"))["meetings"]
        return tuple(sorted(Meeting(dt.date.fromisoformat(row["day"]), str(row["name"])) for row in rows))
    except FileNotFoundError:
        return meetings_of_old_file(folder)
    except (KeyError, TypeError, ValueError):
        return ()


def meetings_of_old_file(folder: Path) -> tuple[Meeting, ...]:
    """The dates of meetings.toml; none where it is missing or cannot be read."""
    try:
        dates = tomllib.loads((folder / OLD_FILE).read_text("utf-8")).get("dates", [])
    except (FileNotFoundError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ()
    given = dates if isinstance(dates, list) else [dates]
    return tuple(Meeting(day) for day in sorted({day for day in given if type(day) is dt.date}))


def write_meetings(folder: Path, meetings: Iterable[Meeting]) -> None:
    """Replace the copy; it appears whole or not at all."""
    rows = [{"day": meeting.day.isoformat(), "name": meeting.name} for meeting in sorted(meetings)]
    text = json.dumps({"meetings": rows}, ensure_ascii=False)
    write_whole(folder / FILE, lambda part: part.write_text(text, "utf-8"))
