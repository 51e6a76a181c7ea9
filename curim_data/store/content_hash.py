"""The content of an alert as one short text, by which a second import knows it again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.model.alert import TOLD

_DIGITS: Final = 16
_LEFT_OUT: Final = ("alert_id", "source", "incident_id")


def content_hashes(table: pa.Table, kinds: Any, more: Any) -> pa.Array:
    """Sixteen hex digits (BLAKE2b of 8 bytes) for each row over the parsed values, whatever the file's layout.

    `table` has the columns of TOLD. `kinds` are those of the source, null where it gives none or the one that the
    city's category list gives; `more` are the further categories as one text with bars. What is hashed must never
    change: stored alerts are known again by it.
    """
    given = {"kind": kinds, "more_categories": more}
    parts = []
    for field in TOLD:
        if field.name in _LEFT_OUT:
            continue
        column = given.get(field.name, table[field.name])
        if pa.types.is_timestamp(field.type):
            column = pc.cast(column, pa.int64())
        elif pa.types.is_floating(field.type):
            column = pc.cast(pc.round(pc.multiply(column, 1e7)), pa.int64())
        parts.append(pc.cast(column, pa.string()))
    texts = pc.binary_join_element_wise(*parts, "\x1f", null_handling="replace", null_replacement="")
    return pa.concat_arrays([_hex(chunk) for chunk in texts.chunks]) if texts.num_chunks else pa.array([], pa.string())


def _hex(texts: Any) -> pa.Array:
    """Hex digests of texts, laid out as one buffer of equally long texts."""
    size = len(texts)
    fresh, digests = blake2b(digest_size=_DIGITS // 2).copy, bytearray()
    for text in texts.cast(pa.binary()).to_pylist():
        one = fresh()  # takes half as long as making one
        one.update(text)
        digests += one.digest()
    offsets = np.arange(size + 1, dtype=np.int32) * _DIGITS
    return pa.StringArray.from_buffers(size, pa.py_buffer(offsets), pa.py_buffer(digests.hex().encode()))
