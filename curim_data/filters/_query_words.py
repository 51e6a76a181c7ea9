"""Values in the words of a query string: lists, cells, hours and dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from curim_data.model import MAP_RESOLUTIONS, Message, labels

MOST_VALUES: Final = 2_000


def split(text: str) -> list[str]:
    """Values out of a word of the query string: commas between them, percent signs before what is not plain."""
    return [unquote(part.strip()) for part in text.split(",")[:MOST_VALUES] if part.strip()]


def join(values: Iterable[str]) -> str:
    """The word of the query string that `split` reads back."""
    return ",".join(value.strip().replace("%", "%25").replace(",", "%2C") for value in values)


def dropped(word: str, value: str) -> Message:
    """What is said of a value that the filter does not know."""
    return Message("The filter “{word}” does not know “{value}”: left out.", {"word": word, "value": value[:60]})


def is_cell(text: str) -> bool:
    """Whether a text names an H3 cell of a resolution of map cells."""
    import h3.api.basic_int as h3

    try:
        cell = int(text, 16)
        return text == f"{cell:x}" and h3.is_valid_cell(cell) and h3.get_resolution(cell) in MAP_RESOLUTIONS
    except (ValueError, OverflowError):
        return False


def window_hours(hours: tuple[int, int]) -> list[int]:
    """The hours of a window that may pass midnight: (22, 1) is 22, 23, 0, 1."""
    first, last = hours
    return [(first + step) % 24 for step in range((last - first) % 24 + 1)]


def window_ends(hours: tuple[int, int]) -> dict[str, str]:
    """The first and the last minute of a window, as a clock shows them."""
    return {"start": labels.hour_label(hours[0]), "end": labels.hour_label(hours[1] + 1)}


def parse_date(text: str) -> dt.date | None:
    """The date that a text names in the form 2025-03-31; None for another text."""
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
