"""Dates in pieces: a year, a month as a number or by its name, a day and a time in columns of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from curim_data.formats.base import Part
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import Column
from curim_data.formats.guess.clocks import clock_part
from curim_data.formats.guess.moments import Moments, moments_of_pieces

_OFTEN: Final = 0.7
_PIECES: Final = (
    ("year", headings.YEAR, 1900, 2100),
    ("month", headings.MONTH, 1, 12),
    ("day", headings.DAY, 1, 31),
    ("hour", headings.HOUR, 0, 24),
    ("minute", headings.MINUTE, 0, 59),
    ("second", headings.SECOND, 0, 59),
)
_UNITS: Final = frozenset().union(*(words for _, words, _, _ in _PIECES)) | headings.TIME | {"de", "del", "da", "do"}


@dataclass(frozen=True)
class Pieces:
    """The columns that make up a date, the greatest piece first, and what they are of (`headings.date_role`)."""

    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    role: str

    @property
    def to_the_day(self) -> bool:
        """Whether the day is known."""
        return any(part.part == "day" for part in self.parts)

    @property
    def texts(self) -> tuple[str, ...]:
        """The first records as they stand, piece by piece."""
        rows = zip(*(one.texts for one in self.columns), strict=True)
        return tuple(" ".join(map(str.strip, cells)) for cells in rows)

    @property
    def moments(self) -> Moments:
        """The first records."""
        return moments_of_pieces(
            {part.part: column.texts for part, column in zip(self.parts, self.columns, strict=True)}
        )


def pieces_of(columns: Sequence[Column], clocks: Sequence[Column]) -> Pieces | None:
    """The best set of pieces: that of the event before one without a name, this before the report's; most pieces."""
    years = [column for column in columns if _fits(column, *_PIECES[0][1:])]
    found = [pieces for year in years if (pieces := _pieces(year, columns, clocks)) is not None]
    rank = {"occurred_from": 2, "plain": 1, "reported_at": 0}
    able = [pieces for pieces in found if pieces.role in rank]
    return max(able, key=lambda one: (rank[one.role], len(one.parts), -one.parts[0].place)) if able else None


def _pieces(year: Column, columns: Sequence[Column], clocks: Sequence[Column]) -> Pieces | None:
    """Year and month, and what else there is from the greatest piece down; nothing without these two.

    Columns whose other words are those of the year's heading come first ("Año hecho", "Mes hecho").
    """
    parts, used = [Part(year.place, "year")], [year]
    rest = set(year.head.words) - _UNITS
    for piece, words, low, high in _PIECES[1:]:
        able = [one for one in columns if one not in used and _fits(one, words, low, high)]
        able.sort(key=lambda one: (set(one.head.words) - _UNITS != rest, abs(one.place - year.place)))
        if not able:
            break
        parts.append(Part(able[0].place, piece))
        used.append(able[0])
    if len(parts) < 2:
        return None
    role = headings.date_role(year.head)
    if parts[-1].part == "day":
        same = [one for one in clocks if headings.date_role(one.head) in (role, "plain")]
        if same:
            parts.append(clock_part(same[0]))
            used.append(same[0])
    return Pieces(tuple(parts), tuple(used), role)


def _fits(column: Column, words: frozenset[str], low: int, high: int) -> bool:
    """Whether a heading names the piece and the values can be it; months may be written by their names."""
    values = column.values
    if not column.head.has(words):
        return False
    if not values.given or values.between(low, high) >= _OFTEN:
        return True
    return words is headings.MONTH and values.months >= _OFTEN
