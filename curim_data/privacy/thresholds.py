"""Where the sensitive threshold holds: for a whole table, or for its rows of sensitive categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.privacy import disclosure
from curim_data.privacy.sensitive import sensitive_categories


def threshold_rule(f: AlertFilter, source: Source) -> disclosure.Rule:
    """Which rows of a table have the sensitive threshold."""
    return lambda frame, by: _sensitive_rows(frame, by, f, source)


def _sensitive_rows(raw: pd.DataFrame, by: Sequence[str], f: AlertFilter, source: Source) -> Any:
    if disclosure.is_sensitive(f, source.city):
        return True
    rows = np.zeros(len(raw), bool)
    if "category" in by:
        rows |= raw["category"].isin(sensitive_categories(source)).to_numpy()
    if "group" in by:
        tree = source.city.categories
        groups = {tree[name].group if name in tree else "" for name in sensitive_categories(source)}
        rows |= raw["group"].isin(groups).to_numpy()
    return rows
