"""Columns of the table of codes packed into whole numbers: the engine groups by one number where it would by many.

Each column that counts are often made by has a code for each of its values, in their order, and one for a missing
value; the codes of several columns stand side by side in the bits of one number (`WORDS`), with room for some values
that later alerts may have (their codes follow, whatever their order). Grouping by such a number,
with the bits of the other columns masked out, takes a third of the time of grouping by many columns themselves, and
what comes back need not be encoded again. By one or two columns the engine groups as fast as it reads them, and they
are shorter. A column stands in each word in which it is often asked for with the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.engine.types import IbisColumn, IbisTable
from curim_data.model import Gender, IntArray, Kind, Status
from curim_data.model.values import AgeBand

MOST_BITS: Final = 63  # of a word, so that all are positive whole numbers of 64 bits
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
# Values for which there is room beside those that there are: weeks and months to come, two and an eighth of what grows,
# and where there are any all that there can be.
TO_COME: Final[Mapping[str, int]] = {"week": 26, "month": 6}
GROWING: Final = frozenset({"theme", "place", "span", "cell_8", "cell_9", "cell_10"})
AT_MOST: Final[Mapping[str, int]] = {
    "kind": len(Kind),
    "status": len(Status),
    "age_band": len(AgeBand),
    "weekday": 7,
    "dark": 2,
    "inside": 2,
    "affected_gender": len(Gender),
    "reporter_gender": len(Gender),
    "feeling": 5,
    "severity": 5,
}


@dataclass(frozen=True)
class Bits:
    """Where the codes of a column stand in a word."""

    shift: int
    mask: int  # of the code itself; the code of a missing value

    @property
    def inside(self) -> int:
        """The bits of the word that are the column's."""
        return self.mask << self.shift


@dataclass(frozen=True)
class Packing:
    """How the columns of one table were packed: `words` says which columns each word holds, and where; `values` has the
    values of each column in their order, without the missing one; `ranks` where those stand whose codes are not in that
    order, since they came later.
    """

    words: Mapping[str, Mapping[str, Bits]]
    values: Mapping[str, pa.Array]
    ranks: Mapping[str, IntArray] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, pa.Array], words: Mapping[str, Mapping[str, Bits]] | None = None) -> Packing:
        """That of columns with these values in the order of their codes; without `words` as many of each as fit."""
        words = {word: _bits(names, values) for word, names in WORDS.items()} if words is None else words
        ordered, ranks = dict(values), {}
        for name, column in values.items():
            order = np.asarray(pc.sort_indices(column))
            if (order[1:] < order[:-1]).any():
                ordered[name] = column.take(pa.array(order))
                ranks[name] = np.append(np.argsort(order), len(order))
        return cls(words, ordered, ranks)

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
        """Where the values of a column stand in their order, out of numbers (int64); their number for a missing one."""
        bits = self.words[word][name]
        codes: IntArray = (numbers >> np.int64(bits.shift)) & np.int64(bits.mask)
        codes = np.minimum(codes, len(self.values[name]))
        return self.ranks[name][codes] if name in self.ranks else codes

    def room(self, name: str) -> int:
        """How many codes a column can have, the missing one not counted; as many as ever where no word holds it."""
        return min((bits[name].mask for bits in self.words.values() if name in bits), default=1 << MOST_BITS)

    def expression(self, word: str, codes: Mapping[str, str]) -> str:
        """A word as SQL, of the SQL of each column's code, which is null for a missing value."""
        parts = (
            f"(coalesce({codes[name]}, {bits.mask})::BIGINT * {1 << bits.shift})"
            for name, bits in self.words[word].items()
        )
        return " + ".join(parts)


def _bits(names: Iterable[str], values: Mapping[str, pa.Array]) -> dict[str, Bits]:
    found: dict[str, Bits] = {}
    shift = 0
    for name in names:
        known = len(values[name])
        spare = TO_COME.get(name, known // 8 + 2 if name in GROWING else 0)
        width = max(known + spare, AT_MOST.get(name, 0) if known else 0, 1).bit_length()
        if shift + width <= MOST_BITS:
            found[name] = Bits(shift, (1 << width) - 1)
            shift += width
    return found


def with_words(schema: Any) -> dict[str, Any]:
    """The types of a table's columns, and of the words beside them."""
    return {**dict(schema.items()), **dict.fromkeys(WORDS, "int64")}
