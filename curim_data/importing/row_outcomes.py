"""Outcomes of the rows of a block: the first reason to quarantine each, its repairs, its flags."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curim_data.containers.types import ArrowText
from curim_data.model import BoolArray, FloatArray, IntArray, Reason
from curim_data.model.reasons import Flag, Repair


@dataclass
class RowOutcomes:
    """What became of each row of a table of `size` rows.

    `reason` (code, "" where the row is valid), `column` and `value` say why a row is quarantined; `repairs` are frames
    with at (place in the table), column, old, new, rule; `bits` are sums of flag bits (`flag_bit`).
    """

    size: int
    reason: npt.NDArray[np.object_] = field(init=False)
    column: npt.NDArray[np.object_] = field(init=False)
    value: npt.NDArray[np.object_] = field(init=False)
    repairs: list[pd.DataFrame] = field(default_factory=list)
    bits: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.bits = np.zeros(self.size, np.int64)
        self.reason, self.column, self.value = (np.full(self.size, "", object) for _ in range(3))

    @property
    def valid(self) -> BoolArray:
        """Which rows have no reason to be quarantined."""
        return np.asarray(self.reason == "", bool)

    def quarantine(self, mask: BoolArray, reason: Reason, column: str, texts: ArrowText) -> None:
        """Give rows a reason to be quarantined, unless they have one."""
        where = np.flatnonzero(mask)
        where = where[self.reason[where] == ""]
        if len(where):
            self.reason[where], self.column[where] = reason.value, column
            self.value[where] = texts.take(pa.array(where)).to_pylist()

    def repair(
        self,
        mask: BoolArray,
        rule: Repair,
        column: str,
        old: ArrowText | str,
        new: FloatArray | npt.NDArray[np.object_] | str,
    ) -> None:
        """Record that values were changed; old and new are arrays over all rows, or one value for all."""
        where = np.flatnonzero(mask)
        if len(where):
            before = old.take(pa.array(where)).to_pylist() if hasattr(old, "take") else old
            after = new[where].tolist() if isinstance(new, np.ndarray) else new
            self.repairs.append(
                pd.DataFrame({"at": where, "column": column, "old": before, "new": after, "rule": rule.value})
            )
            self.flag(mask, Flag.REPAIRED)

    def flag(self, mask: BoolArray, flag: Flag) -> None:
        """Flag rows."""
        self.bits[mask] |= flag_bit(flag)


def flag_lists(codes: IntArray) -> pa.Array:
    """Turn sums of bits (bit n for the n-th `Flag`) into lists of flag names, via the few sums that occur."""
    unique, back = np.unique(codes, return_inverse=True)
    lists = [[flag.value for at, flag in enumerate(Flag) if bits >> at & 1] for bits in unique.tolist()]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(back))


def flag_bit(flag: Flag) -> int:
    """Return the bit of a flag."""
    return 1 << list(Flag).index(flag)
