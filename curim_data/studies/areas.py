"""Alerts by named areas of map cells, after disclosure control.

The areas of a plan are fixed by its authors and have a name in it, as a district has. So they are counted as they are,
not widened to the audience's map cells as an area of a reader's own would be; the counts by area go through disclosure
control like any others before they leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import Protected, sensitive_categories


def area_counts(
    source: Source,
    f: AlertFilter,
    areas: Mapping[str, Sequence[str]],
    by: Sequence[str],
    audience: Audience,
    *,
    complete: bool = False,
) -> Protected:
    """Alerts by named area (column `area`, first) and by `by`, protected for the audience.

    `areas`: H3 names of each area's cells; one without cells is left out. Alerts at default coordinates are left out.
    """
    frames = [
        exact_area_counts(source, f, cells, by, complete).assign(area=name) for name, cells in areas.items() if cells
    ]
    return protect_area_counts(source, f, frames, ["area", *by], audience)


def exact_area_counts(
    source: Source, f: AlertFilter, cells: Sequence[str], by: Sequence[str], complete: bool
) -> pd.DataFrame:
    """Exact counts in an area, columns `by` and n: not to leave this package before `protect_area_counts`."""
    here = f.replace(cells=tuple(cells))
    counted = query.counts(
        source, here, by, Audience.ANALYST, complete=complete, without_default_points=True, once=True
    )
    return counted.frame[[*by, "n"]]


def protect_area_counts(
    source: Source, f: AlertFilter, frames: Sequence[pd.DataFrame], by: Sequence[str], audience: Audience
) -> Protected:
    """Put counts of areas through the gate: a table by area is one by place."""
    raw = pd.concat(frames, ignore_index=True)[[*by, "n"]] if frames else pd.DataFrame(columns=[*by, "n"], dtype=float)
    if privacy.sees_exact(audience):  # whatever is sensitive, each count is shown
        return privacy.protect(raw, by, audience)
    asked = [name for name in by if name != "area"]
    sensitive = privacy.is_sensitive(f, source.city)
    strict = np.full(len(raw), sensitive or privacy.is_fine_table([*asked, "place"], f))
    if "category" in by:
        strict |= raw["category"].isin(sensitive_categories(source)).to_numpy(bool)
    coarser = privacy.K_SENSITIVE if sensitive else privacy.K_ORDINARY
    return privacy.protect(raw, by, audience, sensitive=strict, coarser=coarser)
