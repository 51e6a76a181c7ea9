"""A column as the guessing mapper sees it: its heading and its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from curim_data.formats.base import Guess
from curim_data.formats.guess.headings import Heading, read_heading
from curim_data.formats.guess.values import Values, values_of
from curim_data.model import Message, Num

HEADING: Final = Message("The heading says so")
SAMPLED_ROWS: Final = 2_000


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the header: its place, its heading, what stands in it, and its texts as they stand."""

    place: int
    head: Heading
    values: Values
    texts: tuple[str, ...]


def columns_of(labels: Sequence[str], sample: pa.Table | None) -> tuple[Column, ...]:
    """All columns, with the values of the first records where there are any."""
    return tuple(column_of(labels, sample, place) for place in range(len(labels)))


def column_of(labels: Sequence[str], sample: pa.Table | None, place: int) -> Column:
    """The column at a place, as `columns_of` gives it."""
    texts: list[str] = []
    if sample is not None and str(place) in sample.column_names:
        texts = [text or "" for text in sample.column(str(place)).slice(0, SAMPLED_ROWS).to_pylist()]
    return Column(place, read_heading(labels[place]), values_of(texts), tuple(texts))


def percent(share: float) -> dict[str, Num]:
    """A share to fill `{share} %`."""
    return {"share": Num(100 * share, 0)}


def guess(name: float, share: float | None, *reasons: Message) -> Guess:
    """How sure a role is: the heading's word, lowered where no value confirms it, joined with the values' share."""
    confidence = 0.7 * name if share is None else 0.6 * name + 0.4 * share
    return Guess(round(confidence, 2), reasons)
