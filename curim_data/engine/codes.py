"""Texts as codes: what a column of a million alerts takes as a small integer each, read batch by batch."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from curim_data.model import IntArray

BATCH: Final = 100_000  # alerts that are read at once


def encoded(read: pa.RecordBatchReader, coded: Collection[str]) -> pa.Table:
    """All batches as one table, in which some columns of texts are codes of one dictionary each."""
    names = read.schema.names
    batches = [
        pa.table({name: one[name].dictionary_encode() if name in coded else one[name] for name in names})
        for one in read
    ]
    return pa.concat_tables(batches).unify_dictionaries() if batches else read.schema.empty_table()


def codes(column: pa.ChunkedArray) -> tuple[IntArray, pa.Array]:
    """A column of texts as the codes of its values, -1 where it is missing, and the values."""
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    return np.asarray(array.indices.fill_null(-1)), array.dictionary


def categorical(column: pa.ChunkedArray) -> pd.Categorical:
    """The same in pandas."""
    found, values = codes(column)
    return pd.Categorical.from_codes(found, categories=values.to_pandas())
