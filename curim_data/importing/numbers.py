"""Numbers as exports write them: decimal points and commas, thousands marks, decimal marks that were lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.importing.parsing import Numbers, filled, glued, parse_numbers

# How a column of numbers is written. ANY: one mark at most, point or comma, is the decimal mark. POINT and COMMA: that
# is the decimal mark, the other one parts thousands. FIRST: the first mark is the decimal one. LOST: marks part
# thousands, and the decimal mark is not written.
ANY, POINT, COMMA, FIRST, LOST = "any", "point", "comma", "first", "lost"

_SHAPES: Final = {
    "point": r"^[+-]?(\d*\.\d{1,2}|\d*\.\d{4,}|\d{4,}\.\d{3})$",
    "comma": r"^[+-]?(\d*,\d{1,2}|\d*,\d{4,}|\d{4,},\d{3})$",
    "point_3": r"^[+-]?\d{1,3}\.\d{3}$",
    "comma_3": r"^[+-]?\d{1,3},\d{3}$",
    "points": r"^[+-]?\d{1,3}(\.\d{3}){2,}$",
    "commas": r"^[+-]?\d{1,3}(,\d{3}){2,}$",
    "points_comma": r"^[+-]?\d{1,3}(\.\d{3})+,\d+$",
    "commas_point": r"^[+-]?\d{1,3}(,\d{3})+\.\d+$",
}
SHAPES: Final = tuple(_SHAPES)
_NOISE: Final = "[\\s'’\u00a0\u202f°]"


@dataclass(frozen=True)
class Shapes:
    """How many numbers of a column have each shape; what has no mark tells nothing."""

    point: int = 0
    comma: int = 0
    point_3: int = 0
    comma_3: int = 0
    points: int = 0
    commas: int = 0
    points_comma: int = 0
    commas_point: int = 0

    def __add__(self, other: Shapes) -> Shapes:
        return Shapes(*(getattr(self, name) + getattr(other, name) for name in SHAPES))

    @property
    def for_point(self) -> int:
        """Numbers that only a decimal point explains."""
        return self.point + self.commas + self.commas_point

    @property
    def for_comma(self) -> int:
        """Numbers that only a decimal comma explains, those with several points left out."""
        return self.comma + self.points_comma


def shapes(column: Any) -> Shapes:
    """Count the shapes of a trimmed column of numbers."""
    column = cleaned(column)
    marked = column.filter(pc.match_substring_regex(column, "[.,]"))
    counts = {}
    for name, pattern in _SHAPES.items():
        if not len(marked):
            break
        found = pc.match_substring_regex(marked, pattern)
        counts[name] = pc.sum(found).as_py() or 0
        if counts[name]:
            marked = marked.filter(pc.invert(found))
    return Shapes(**counts)


def cleaned(column: Any) -> Any:
    """Numbers without blanks, apostrophes and degree signs, minus signs as hyphens."""
    noisy = pc.match_substring_regex(column, f"{_NOISE}|−")
    if not pc.any(noisy).as_py():
        return column
    column = pc.replace_substring_regex(column, rf"({_NOISE})+", "")
    return pc.replace_substring(column, "−", "-")


def read_numbers(column: Any, form: str = ANY, digits: int = 0) -> Numbers:
    """Read a trimmed column of numbers as `form` says; with LOST, `digits` stand before the decimal mark."""
    if form == ANY and (plain_read := _plain(column)) is not None:
        return plain_read
    column = cleaned(column)
    given = filled(column)
    if form == POINT:
        parted = pc.match_substring_regex(column, r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
        whole = pc.match_substring(column, ",")
        plain = pc.if_else(parted, pc.replace_substring(column, ",", ""), pc.if_else(whole, "?", column))
        return parse_numbers(plain)
    if form == COMMA:
        parted = pc.match_substring_regex(column, r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$")
        whole = pc.match_substring(column, ".")
        plain = pc.if_else(parted, pc.replace_substring(column, ".", ""), pc.if_else(whole, "?", column))
        read = parse_numbers(plain)
        return Numbers(read.values, given, read.bad, np.zeros(len(given), bool))
    if form == FIRST:
        return parse_numbers(_first_mark(column))
    if form == LOST:
        plain = pc.replace_substring_regex(column, "[.,]", "")
        read = parse_numbers(plain)
        lengths = pc.utf8_length(pc.replace_substring_regex(plain, r"^[+-]", "")).to_numpy(False)
        beyond = np.maximum(np.asarray(lengths, np.int64) - digits, 0)
        return Numbers(read.values / 10.0**beyond, given, read.bad, np.zeros(len(given), bool))
    return parse_numbers(column)


def _plain(column: Any) -> Numbers | None:
    """A column of numbers with decimal points and nothing else; None where it is not so plain."""
    if not pc.all(pc.match_substring_regex(column, r"^(-?\d+(\.\d+)?)?$")).as_py():
        return None
    given = filled(column)
    values = pc.cast(pc.if_else(pa.array(given), column, None), pa.float64()).to_numpy(False)
    none = np.zeros(len(given), bool)
    return Numbers(np.asarray(values, float), given, given & ~np.isfinite(values), none)


def _first_mark(column: Any) -> Any:
    """Numbers such as 40.775.434 with their first mark alone."""
    found = pc.extract_regex(column, r"^(?P<whole>[+-]?\d+)[.,](?P<rest>\d+(?:[.,]\d+)*)$")
    rest = pc.replace_substring_regex(pc.struct_field(found, "rest"), "[.,]", "")
    made = glued([pc.struct_field(found, "whole"), rest], ".")
    return pc.if_else(found.is_valid(), made, pc.cast(column, pa.large_string()))


def read_points(column: Any) -> tuple[Any, Any, Any]:
    """First and second number of texts such as (40.7, -73.9), as texts, and which are written longitude first.

    POINT (lon lat) and the arrays of GeoJSON have the longitude first by their standards.
    """
    number = r"[+-]?\d+(?:\.\d+)?"
    found = pc.extract_regex(column, rf"^[^\d+-]*(?P<one>{number})\s*[,;\s/|]\s*(?P<two>{number})[^\d]*$")
    comma = r"[+-]?\d+,\d+"
    other = pc.extract_regex(column, rf"^[^\d+-]*(?P<one>{comma})\s*[;\s/|]\s*(?P<two>{comma})[^\d]*$")
    texts = []
    for name in ("one", "two"):
        plain = pc.coalesce(pc.struct_field(other, name), pc.struct_field(found, name), column)
        texts.append(pc.cast(plain, pa.large_string()))
    standard = pc.match_substring_regex(column, r"(?i)^(srid=\d+;)?\s*point|^\s*\[|coordinates")
    return texts[0], texts[1], standard
