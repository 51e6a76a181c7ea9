"""What every result reports about itself, and what every place on a map has."""

from __future__ import annotations

from dataclasses import dataclass

from curim_data.model import Message


@dataclass(frozen=True)
class Choice:
    """A setting that was chosen for the reader: its machine name, its value, and the sentence that tells why."""

    name: str
    value: float | int | str
    explanation: Message


@dataclass(frozen=True)
class CellPlace:
    """A place on a map: its id, its H3 cells (of one resolution), and a point (WGS84, degrees)."""

    id: str
    cells: tuple[int, ...]
    longitude: float
    latitude: float

    @property
    def names(self) -> tuple[str, ...]:
        """Its cells as H3 names (hexadecimal), for a filter or a link."""
        return tuple(f"{cell:x}" for cell in self.cells)


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """What the frozen results have in common, which all have a `sentence(t)` too: `n` alerts that they are made of, and
    the settings that were chosen for the reader.
    """

    n: int
    choices: tuple[Choice, ...] = ()
