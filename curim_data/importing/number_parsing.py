"""Numbers as exports write them: decimal points and commas, thousands separators, decimal separators that were lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.types import ArrowText
from curim_data.importing._text_columns import filled, glued, made_of, matches
from curim_data.model import BoolArray, FloatArray

# How a column of numbers is written. ANY: one separator at most, point or comma, is the decimal one. POINT and COMMA:
# that is the decimal separator, the other one separates thousands. FIRST: the first separator is the decimal one. LOST:
# separators separate thousands, and the decimal separator is missing.
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
_PLAIN: Final = rf"^([+-]?\d*|{_SHAPES['point'].strip('^$')})$"  # whole, or one of these
_OF_NUMBERS: Final = np.isin(np.arange(256), list(b"0123456789.-"))
_NOISE: Final = "[\\s'’\u00a0\u202f°]"


@dataclass(frozen=True)
class ParsedNumbers:
    """A column of numbers (NaN where none), with masks: given, unreadable, written with a decimal comma."""

    values: FloatArray
    given: BoolArray
    bad: BoolArray
    comma: BoolArray


@dataclass(frozen=True)
class NumberShapes:
    """How many numbers of a column have each shape; a number without separator is no evidence."""

    point: int = 0
    comma: int = 0
    point_3: int = 0
    comma_3: int = 0
    points: int = 0
    commas: int = 0
    points_comma: int = 0
    commas_point: int = 0

    def __add__(self, other: NumberShapes) -> NumberShapes:
        return NumberShapes(*(getattr(self, name) + getattr(other, name) for name in SHAPES))

    @property
    def for_point(self) -> int:
        """Count the numbers that only a decimal point explains."""
        return self.point + self.commas + self.commas_point

    @property
    def for_comma(self) -> int:
        """Count the numbers that only a decimal comma explains, those with several points left out."""
        return self.comma + self.points_comma


def count_number_shapes(column: ArrowText) -> NumberShapes:
    """Count the shapes of a trimmed column of numbers."""
    if pc.all(pc.match_substring_regex(column, _PLAIN)).as_py():
        return NumberShapes(point=pc.sum(pc.match_substring(column, ".")).as_py() or 0)
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
    return NumberShapes(**counts)


def cleaned(column: ArrowText) -> ArrowText:
    """Remove blanks, apostrophes and degree signs; write minus signs as hyphens."""
    noisy = pc.match_substring_regex(column, f"{_NOISE}|−")
    if not pc.any(noisy).as_py():
        return column
    column = pc.replace_substring_regex(column, rf"({_NOISE})+", "")
    return pc.replace_substring(column, "−", "-")


def parse_decimals(column: ArrowText) -> ParsedNumbers:
    """Parse a trimmed column of decimal numbers; a single comma is a decimal comma."""
    given = filled(column)
    good = given & matches(column, r"^[+\-]?(\d+([.,]\d*)?|[.,]\d+)$")
    comma = good & np.asarray(pc.match_substring(column, ",").to_numpy(False), bool)
    text = pc.replace_substring(column, ",", ".")
    text = pc.replace_substring_regex(text, r"^\+", "")
    text = pc.if_else(pa.array(good), text, None)
    values = np.asarray(pc.cast(text, pa.float64()).to_numpy(False), float)
    good &= np.isfinite(values)
    return ParsedNumbers(np.where(good, values, np.nan), given, given & ~good, comma & good)


def parse_numbers(column: ArrowText, form: str = ANY, digits: int = 0) -> ParsedNumbers:
    """Parse a trimmed column of numbers as `form` says; with LOST, `digits` stand before the decimal separator."""
    if form == ANY and (simple := _simple(column)) is not None:
        return simple
    column = cleaned(column)
    given = filled(column)
    if form == POINT:
        grouped = pc.match_substring_regex(column, r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
        whole = pc.match_substring(column, ",")
        plain = pc.if_else(grouped, pc.replace_substring(column, ",", ""), pc.if_else(whole, "?", column))
        return parse_decimals(plain)
    if form == COMMA:
        grouped = pc.match_substring_regex(column, r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$")
        whole = pc.match_substring(column, ".")
        plain = pc.if_else(grouped, pc.replace_substring(column, ".", ""), pc.if_else(whole, "?", column))
        parsed = parse_decimals(plain)
        return ParsedNumbers(parsed.values, given, parsed.bad, np.zeros(len(given), bool))
    if form == FIRST:
        return parse_decimals(_first_separator(column))
    if form == LOST:
        plain = pc.replace_substring_regex(column, "[.,]", "")
        parsed = parse_decimals(plain)
        lengths = pc.utf8_length(pc.replace_substring_regex(plain, r"^[+-]", "")).to_numpy(False)
        beyond = np.maximum(np.asarray(lengths, np.int64) - digits, 0)
        return ParsedNumbers(parsed.values / 10.0**beyond, given, parsed.bad, np.zeros(len(given), bool))
    return parse_decimals(column)


def _simple(column: ArrowText) -> ParsedNumbers | None:
    """Parse a column of numbers with decimal points and nothing else; None for any other column."""
    if not isinstance(column, pa.LargeStringArray) or not made_of(column, _OF_NUMBERS):
        return None
    given = filled(column)
    try:
        values = pc.cast(pc.if_else(pa.array(given), column, None), pa.float64()).to_numpy(False)
    except pa.ArrowInvalid:  # a point or a minus sign that is out of place
        return None
    none = np.zeros(len(given), bool)
    finite = np.where(np.isfinite(values), values, np.nan)
    return ParsedNumbers(finite, given, given & np.isnan(finite), none)


def _first_separator(column: ArrowText) -> ArrowText:
    """Keep only the first separator of numbers such as 40.775.434."""
    found = pc.extract_regex(column, r"^(?P<whole>[+-]?\d+)[.,](?P<rest>\d+(?:[.,]\d+)*)$")
    rest = pc.replace_substring_regex(pc.struct_field(found, "rest"), "[.,]", "")
    made = glued([pc.struct_field(found, "whole"), rest], ".")
    return pc.if_else(found.is_valid(), made, pc.cast(column, pa.large_string()))


def split_point_texts(column: ArrowText) -> tuple[ArrowText, ArrowText, ArrowText]:
    """Split texts such as (40.7, -73.9) into two numbers (as texts), and say which are written longitude first.

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
