"""Alerts by named areas of map cells.

The areas of a plan are fixed by its authors and have a name in it, as a district has. So they are counted as they are,
whatever cells the audience's map has: whoever reads the protected copy gets what the copy has in the cells of its own
size that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.privacy import Counted


def area_counts(
    source: Source,
    f: AlertFilter,
    areas: Mapping[str, Sequence[str]],
    by: Sequence[str],
    *,
    complete: bool = False,
) -> Counted:
    """Alerts by named area (column `area`, first) and by `by`.

    `areas`: H3 names of each area's cells; one without cells is left out. Alerts at default coordinates are left out.
    """
    frames = [area_frame(source, f, cells, by, complete).assign(area=name) for name, cells in areas.items() if cells]
    return counted_areas(source, f, frames, ["area", *by])


def area_frame(source: Source, f: AlertFilter, cells: Sequence[str], by: Sequence[str], complete: bool) -> pd.DataFrame:
    """Counts in an area, columns `by` and n. In the protected copy an area is made of the cells that it has.

    By day only for studies that make weeks of the days: days are shown to nobody who reads the copy.
    """
    here, _ = privacy.authorise(f.replace(cells=tuple(cells)), source)
    if "local_date" in by:
        source = source.in_full
    counted = query.counts(source, here, by, complete=complete, without_default_points=True)
    return counted.frame[[*by, "n"]]


def counted_areas(source: Source, f: AlertFilter, frames: Sequence[pd.DataFrame], by: Sequence[str]) -> Counted:
    """Counts of areas, the columns `by` and n."""
    raw = pd.concat(frames, ignore_index=True)[[*by, "n"]] if frames else pd.DataFrame(columns=[*by, "n"], dtype=float)
    return privacy.protect(raw, by, source, privacy.threshold_rule(f, source))
