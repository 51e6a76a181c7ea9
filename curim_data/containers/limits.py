"""How much memory and time the reading of one file may take, by the size of the file.

The reader of a file is a process of its own (`isolation`), and these are its limits. They are wide for every export
that was seen so far: memory grows with a workbook, whose sheet is held as a whole, and time with JSON, which is read
three times. Two settings take their place, whatever the size of a file:

    CURIM_READ_MEMORY_MB=8000   # memory that reading one file may take beyond that of the libraries
    CURIM_READ_SECONDS=3600     # processor time that it may take; twice as long by the clock
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curim_data.model import ImportProblem, Message

MEMORY: Final = "CURIM_READ_MEMORY_MB"
SECONDS: Final = "CURIM_READ_SECONDS"
LEAST_MEMORY: Final = 1 << 30  # bytes for the smallest file
MEMORY_PER_BYTE: Final = 24
MEMORY_SHARE: Final = 0.5  # of the computer's memory at most, but never less than LEAST_MEMORY
LEAST_SECONDS: Final = 60
SECONDS_PER_BYTE: Final = 20 / 1_000_000
CLOCK: Final = 2  # seconds by the clock for each second of processor time
TEXT_FREE: Final = 1_000_000_000  # bytes of text that any file may give
TEXT_PER_BYTE: Final = 1000  # and beyond that for each byte of the file


@dataclass(frozen=True)
class Limits:
    """What reading one file may take: `memory` in bytes, `seconds` of processor time, `clock` in seconds, `text` in
    bytes that it gives in all and that it may write to one file."""

    memory: int
    seconds: int
    clock: float
    text: int


def limits_for(size: int) -> Limits:
    """The limits for a file of so many bytes. ImportProblem where a setting is no number.

    >>> limits_for(1_500).seconds
    60
    """
    seconds = _setting(SECONDS) or int(LEAST_SECONDS + SECONDS_PER_BYTE * size)
    most = max(LEAST_MEMORY, int(MEMORY_SHARE * _computer_memory()))
    memory = _setting(MEMORY) * 1_000_000 or min(most, LEAST_MEMORY + MEMORY_PER_BYTE * size)
    return Limits(memory, seconds, float(CLOCK * seconds), TEXT_FREE + TEXT_PER_BYTE * size)


def size_of(source: Path | bytes) -> int:
    """Bytes of a source; 0 where it cannot be looked at."""
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError:
        return 0


def _setting(name: str) -> int:
    """A setting of the environment; 0 where it is not given."""
    given = os.environ.get(name, "").strip()
    if not given:
        return 0
    if not given.isascii() or not given.isdecimal() or not int(given[:9]):
        raise ImportProblem(
            Message(
                "{setting} is {value}: give a whole number above 0, or leave it out.", {"setting": name, "value": given}
            )
        )
    return int(given[:9])


def _computer_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def too_much_memory(name: str, limits: Limits) -> ImportProblem:
    """The refusal of a file whose reading asked for more memory than it may."""
    return ImportProblem(
        Message(
            "{name}: reading it asked for more than {limit} MB of memory, more than a file of its size may take. Save "
            "only the table with the alerts as CSV, in several parts if it is large, and import that.",
            {"name": name, "limit": limits.memory // 1_000_000},
        )
    )


def too_much_time(name: str, limits: Limits) -> ImportProblem:
    """The refusal of a file whose reading took longer than it may."""
    return ImportProblem(
        Message(
            "{name}: reading it took longer than {limit} seconds, more than a file of its size may take. Save only the "
            "table with the alerts as CSV, in several parts if it is large, and import that.",
            {"name": name, "limit": limits.seconds},
        )
    )


def too_much_text(name: str) -> ImportProblem:
    """The refusal of a file that holds far more text than its size lets expect, or a cell that is endless."""
    return ImportProblem(
        Message(
            "{name}: the table in it is far too large for a file of its size. Look at what is in it, save only the "
            "alerts as CSV, and import that.",
            {"name": name},
        )
    )


def reader_stopped(name: str) -> ImportProblem:
    """The refusal of a file whose reader ended without a word."""
    return ImportProblem(
        Message(
            "{name}: the program that reads such files stopped at it, so the file is likely damaged. Open it where it "
            "comes from, save the table as CSV, and import that.",
            {"name": name},
        )
    )


def no_room(name: str, why: str) -> ImportProblem:
    """The refusal of a file that cannot be put aside, or whose table cannot, for want of room on the disk."""
    return ImportProblem(
        Message(
            "{name}: the file cannot be put aside to be read ({why}). Make room on the disk and import it again.",
            {"name": name, "why": why},
        )
    )


def no_process(name: str, error: OSError) -> ImportProblem:
    """The refusal of a file for which no reader can be started."""
    return ImportProblem(
        Message(
            "{name}: no process can be started to read the file ({why}). Ask whoever runs the dashboard.",
            {"name": name, "why": error.strerror or str(error)},
        )
    )
