"""The alerts of a source as they are stored, for what tests work out themselves."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pyarrow as pa

from curim_data.engine import Source
from curim_data.engine.flat import STORED
from curim_data.model import Audience
from curim_data.privacy import sees_exact


def stored_alerts(source: Source) -> pa.Table:
    """All alerts with the columns of `alert.SCHEMA`."""
    found: pa.Table = source.cache["database"].cursor().execute(f"SELECT * FROM {STORED}").to_arrow_table()
    return found


def stored_column(source: Source, name: str) -> pd.Series:
    """A column of them."""
    found: pd.Series = stored_alerts(source)[name].to_pandas()
    return found


def seen_by(source: Source, audience: Audience) -> Source:
    """A source under the limits of an audience, without a protected copy: for tests of the limits alone."""
    return replace(source, protected=not sees_exact(audience))
