"""The portable SQL that is asked of alerts, as text.

The same text runs on DuckDB, PostgreSQL, Apache Spark and Sail: names are plain columns without quotes, texts and lists
have whole numbers as codes (`curim_data.engine.flat`), and no function is one engine's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from curim_data.model.values import CELL_RESOLUTIONS

if TYPE_CHECKING:
    import pandas as pd

# Between the values of a list that is one text: the unit separator, which no text of an alert holds.
SEPARATOR: Final = "\x1f"
# The values of each column that has codes, in their order: a code is a place among them.
Levels: TypeAlias = Mapping[str, Sequence[str]]


def all_of(conditions: Iterable[str]) -> str:
    """Conditions as the clause that asks for all of them; nothing without any."""
    joined = " AND ".join(f"({one})" for one in conditions)
    return f" WHERE {joined}" if joined else ""


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """A number of floating point, to its last digit."""
    written = repr(float(value))
    return written if "e" in written else f"{written}e0"


def day(value: dt.date) -> str:
    """A date."""
    return f"DATE '{value:%Y-%m-%d}'"


def literal(value: object) -> str:
    """A value of a column: a text, a truth value or a whole number."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return text(value) if isinstance(value, str) else str(int(value))  # type: ignore[call-overload]


def is_one_of(column: str, values: Iterable[object]) -> str:
    """Whether a column holds one of some values; never, without any."""
    listed = ", ".join(map(literal, values))
    return f"{column} IN ({listed})" if listed else "1 = 0"


def between(first: dt.date, last: dt.date) -> str:
    """Whether an alert is of one of these local dates."""
    return f"local_date BETWEEN {day(first)} AND {day(last)}"


def count_if(condition: str) -> str:
    """How many alerts a condition holds for."""
    return f"count(CASE WHEN {condition} THEN 1 END)"


def at_points(points: pd.DataFrame) -> str:
    """Whether an alert has exactly the coordinates (longitude, latitude) of one of some points; never missing."""
    tests = (
        f"(longitude = {number(x)} AND latitude = {number(y)})"
        for x, y in zip(points["longitude"], points["latitude"], strict=True)
    )
    return f"coalesce({' OR '.join(tests)}, FALSE)" if len(points) else "FALSE"


def cell(resolution: int) -> str:
    """The map cell of an alert at a resolution: its column, or the parent of the coarsest one, by arithmetic on bits.

    The resolution of an H3 index stands in its bits 52 to 55, and a parent has ones in place of the later digits
    (`curim_data.geo.enrichment.parent_cells`), so that any engine counts by cells that no column holds.
    """
    if resolution in CELL_RESOLUTIONS:
        return f"cell_{resolution}"
    ones = (resolution << 52) | ((1 << 3 * (15 - resolution)) - 1)
    return f"((cell_{min(CELL_RESOLUTIONS)} & {~(0xF << 52)}) | {ones})"


def coded(column: str, levels: Levels, passes: Callable[[str], bool]) -> str:
    """Whether the value of a column that has codes passes a test, which is made of each of its values once."""
    return is_one_of(f"{column}_code", (code for code, value in enumerate(levels[column]) if passes(value)))


def split_list(joined: object) -> tuple[str, ...]:
    """The values of a list that is one text; none where it is missing."""
    return tuple(value for value in joined.split(SEPARATOR) if value) if isinstance(joined, str) else ()
