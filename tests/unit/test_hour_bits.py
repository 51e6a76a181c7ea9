"""Hours as the bits of a number: the same test of a window as on the lists."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from curim_data.engine.columns import narrow_columns
from curim_data.filters import AlertFilter
from curim_data.filters.alert_filter import HourField
from curim_data.model import SCHEMA
from tests.small import small_city


def test_every_window_finds_the_same_spans() -> None:
    """Spans of every length from every hour, two with the gap of a changed clock, none, and one that is not known."""
    spans = [[(first + step) % 24 for step in range(length)] for first in range(24) for length in (1, 2, 3, 7, 12, 24)]
    hours = pa.array([*spans, [1, 2, 4, 5], [23, 0, 1, 3], [], None], pa.list_(pa.int8()))
    loose = pa.schema([field.with_nullable(True) for field in SCHEMA])
    columns = {name: pa.nulls(len(hours), loose.field(name).type) for name in loose.names}
    table = ibis.duckdb.connect().create_table("alerts", pa.table({**columns, "hours": hours}, schema=loose))
    lists, bits = (narrow_columns(table, with_bits=with_bits) for with_bits in (False, True))
    assert "hour_bits" in bits.columns
    assert "hour_bits" not in lists.columns
    rng, field, city = np.random.default_rng(2), HourField(), small_city()
    windows = {(first, (first + more) % 24) for first in range(24) for more in (0, 1, 5, 11, 22)}
    for window in [*windows, *map(tuple, rng.integers(0, 24, (20, 2)).tolist())]:
        f = AlertFilter(hours=window)
        found = [field.predicate(f, one, city) for one in (lists, bits)]
        if found[0] is None:  # the whole day asks for nothing
            continue
        ours, theirs = (
            one.select(inside=test).to_pandas()["inside"] for one, test in zip((lists, bits), found, strict=True)
        )
        pd.testing.assert_series_equal(ours, theirs)
        assert not ours.iloc[-2:].any()
