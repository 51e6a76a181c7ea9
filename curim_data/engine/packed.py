"""Columns of the table of codes packed into whole numbers: the engine groups by one number where it would by many.

Each column that counts are often made by has a code for each of its values, in their order, and one more for a missing
value; the codes of several columns stand side by side in the bits of one number (`WORDS`). Grouping by such a number,
with the bits of the other columns masked out, takes a third of the time of grouping by many columns themselves, and
what comes back need not be encoded again. By one or two columns the engine groups as fast as it reads them, and they
are shorter. A column stands in each word in which it is often asked for with the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from curim_data.engine.types import IbisColumn, IbisTable
from curim_data.model import IntArray

MOST_BITS: Final = 62  # of a word, so that all are positive whole numbers of 64 bits
# In the order in which they are packed; what does not fit any more is asked for as a column of its own.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "packed_alike": (
        *("theme", "district", "place", "affected_gender", "reporter_gender", "dark", "week", "feeling", "kind"),
        *("status", "inside", "weekday", "month", "span", "age_band", "severity"),
    ),
    "packed_places": (
        *("cell_10", "cell_9", "cell_8", "week", "month", "theme", "affected_gender", "span", "inside", "dark"),
    ),
}
LEAST: Final = 3  # columns for which a word is asked
PACKED: Final = tuple(dict.fromkeys(name for names in WORDS.values() for name in names))


@dataclass(frozen=True)
class Bits:
    """Where the codes of a column stand in a word."""

    shift: int
    mask: int  # of the code itself

    @property
    def inside(self) -> int:
        """The bits of the word that are the column's."""
        return self.mask << self.shift


@dataclass(frozen=True)
class Packing:
    """How the columns of one table were packed: `words` says which columns each word holds, and where; `values` has the
    values of each column in the order of their codes, without the missing one, whose code is their number.
    """

    words: Mapping[str, Mapping[str, Bits]]
    values: Mapping[str, pa.Array]

    @classmethod
    def of(cls, values: Mapping[str, pa.Array]) -> Packing:
        """That of columns with these values: as many of each word's as fit."""
        return cls({word: _bits(names, values) for word, names in WORDS.items()}, values)

    def choose(self, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Words that tell columns apart, each with those that it does, at least `LEAST`: as few words as will do.

        Columns that are asked for themselves are missing.
        """
        chosen: dict[str, tuple[str, ...]] = {}
        left = set(names)
        while True:
            held = {word: tuple(name for name in bits if name in left) for word, bits in self.words.items()}
            best = max(held, key=lambda word: len(held[word]))
            if len(held[best]) < LEAST:
                return chosen
            chosen[best] = held[best]
            left -= set(held[best])

    def number(self, table: IbisTable, word: str, names: Iterable[str]) -> IbisColumn:
        """A word of a table, with the bits of some columns alone."""
        bits = self.words[word]
        return table[word] & sum(bits[name].inside for name in names)

    def codes(self, numbers: IntArray, word: str, name: str) -> IntArray:
        """The codes of a column out of numbers (int64)."""
        bits = self.words[word][name]
        codes: IntArray = (numbers >> np.int64(bits.shift)) & np.int64(bits.mask)
        return codes

    def expression(self, word: str, codes: Mapping[str, str]) -> str:
        """A word as SQL, of the SQL of each column's code, which is null for a missing value."""
        parts = (
            f"(coalesce({codes[name]}, {len(self.values[name])})::BIGINT * {1 << bits.shift})"
            for name, bits in self.words[word].items()
        )
        return " + ".join(parts)


def _bits(names: Iterable[str], values: Mapping[str, pa.Array]) -> dict[str, Bits]:
    found: dict[str, Bits] = {}
    shift = 0
    for name in names:
        width = max(len(values[name]).bit_length(), 1)
        if shift + width <= MOST_BITS:
            found[name] = Bits(shift, (1 << width) - 1)
            shift += width
    return found


def with_words(schema: Any) -> dict[str, Any]:
    """The types of a table's columns, and of the words beside them."""
    return {**dict(schema.items()), **dict.fromkeys(WORDS, "int64")}
