"""Where the sensitive threshold holds: for a whole table, or for its rows of sensitive categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile
from curim_data.privacy import disclosure
from curim_data.privacy.sensitive import sensitive_categories


def threshold_rule(f: AlertFilter, source: Source) -> disclosure.Rule:
    """Which rows of a table have the sensitive threshold: the same for the table that is asked for and its margins."""
    return lambda frame, by: _sensitive_rows(frame, by, f, source)


def nested_dimensions(city: CityProfile) -> Mapping[str, Mapping[str, Callable[[pd.Series], Any]]]:
    """Dimensions that follow from a finer one."""
    tree = city.categories
    return {
        "category": {
            "group": lambda ids: ids.map(lambda name: tree[name].group if name in tree else ""),
            "kind": lambda ids: ids.map(lambda name: tree[name].kind if name in tree else ""),
        },
        "month": {"year": lambda months: months.dt.year},
    }


def _sensitive_rows(raw: pd.DataFrame, by: Sequence[str], f: AlertFilter, source: Source) -> Any:
    """Whether the sensitive threshold holds: for the table, or for its rows of sensitive categories."""
    if disclosure.is_sensitive(f, source.city) or disclosure.is_fine_table(by, f):
        return True
    sensitive = sensitive_categories(source)
    rows = np.zeros(len(raw), bool)
    if "category" in by:
        rows |= raw["category"].isin(sensitive).to_numpy()
    if "group" in by:
        tree = source.city.categories
        groups = {tree[name].group if name in tree else "" for name in sensitive}
        rows |= raw["group"].isin(groups).to_numpy()
    return rows
