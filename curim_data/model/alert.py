"""What an alert is: its columns and their types, and short names for array types that recur in signatures.

The values that an enum column may hold are in `values`.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curim_data.model.values import CELL_RESOLUTIONS

_INSTANT = pa.timestamp("us", tz="UTC")

# What an export can tell (the rest is made at import).
TOLD: Final = pa.schema(
    [
        pa.field("alert_id", pa.string(), nullable=False),
        pa.field("incident_id", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("reported_at", _INSTANT, nullable=False),
        pa.field("occurred_from", _INSTANT),
        pa.field("occurred_to", _INSTANT),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("more_categories", pa.list_(pa.string())),
        pa.field("severity", pa.int8()),
        pa.field("feeling", pa.int8()),
        pa.field("reporter_gender", pa.string(), nullable=False),
        pa.field("affected_gender", pa.string(), nullable=False),
        pa.field("age_band", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("resolved_at", _INSTANT),
        pa.field("confirmations", pa.int32(), nullable=False),
        pa.field("longitude", pa.float64()),
        pa.field("latitude", pa.float64()),
    ]
)

# What the city's profile adds: geometry once, integers afterwards. `inside`: on the city's land mask; alerts without
# coordinates have none. `place`: the nearest landmark in reach. `hours`: every local hour that the alert's span
# touches, in order, so that one smaller than the first belongs to the next day. `local_date` and its kin come from
# `occurred_from`, or from `reported_at` where that is not known.
ENRICHED: Final = pa.schema(
    [
        pa.field("x", pa.float64()),
        pa.field("y", pa.float64()),
        *(pa.field(f"cell_{resolution}", pa.int64()) for resolution in CELL_RESOLUTIONS),
        pa.field("inside", pa.bool_()),
        pa.field("district", pa.string()),
        pa.field("place", pa.string()),
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("week", pa.date32(), nullable=False),
        pa.field("month", pa.date32(), nullable=False),
        pa.field("weekday", pa.int8(), nullable=False),
        pa.field("hour", pa.int8()),
        pa.field("hours", pa.list_(pa.int8())),
        pa.field("dark", pa.bool_()),
        pa.field("time_precision", pa.string(), nullable=False),
    ]
)

# What the import itself writes. `content_hash` tells an update from a duplicate; `flags` are codes such as
# "unknown_category", "outside_city", "repaired".
IMPORTED: Final = pa.schema(
    [
        pa.field("batch_id", pa.string(), nullable=False),
        pa.field("profile_version", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("flags", pa.list_(pa.string())),
    ]
)

SCHEMA: Final = pa.schema([*TOLD, *ENRICHED, *IMPORTED])


BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
CellArray: TypeAlias = NDArray[np.int64]  # H3 cells as integers
