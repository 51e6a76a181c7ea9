"""Blocks of records that are in memory already."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curim_data.model import Block


def block_of(columns: dict[str, list[str]], first_row: int = 1) -> Block:
    """A block from columns of texts by label."""
    size = len(next(iter(columns.values()), []))
    table = pa.table(
        [pa.array(values, pa.large_string()) for values in columns.values()],
        names=[str(at) for at in range(len(columns))],
    )
    none = np.zeros(size, bool)
    return Block(table, np.arange(first_row, first_row + size), none, none.copy())
