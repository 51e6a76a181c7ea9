"""Default coordinates: points that so many alerts share that they are more likely a default than a place."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.store.matching import bounded_duckdb

MIN_REPORTS: Final = 20
MIN_SHARE: Final = 0.01
IN_MEMORY: Final = 100_000  # alerts that are counted without DuckDB, which takes longer to start than to count them


def default_coordinate_threshold(total: int) -> float:
    """Alerts on one point that are still taken for chance: the larger of 20 and 1 % of all."""
    return max(MIN_REPORTS, MIN_SHARE * total)


def find_default_coordinates(alerts: pa.Table) -> pd.DataFrame:
    """Points on which more alerts lie than the threshold allows, the largest first.

    Such a point is more often a default (the town hall, the middle of the city) than a place where so much happened.

    Parameters
    ----------
    alerts : pa.Table
        Columns longitude and latitude (WGS84); rows without them count in the total only.

    Returns
    -------
    DataFrame
        longitude, latitude, n.
    """
    mapped = alerts.select(["longitude", "latitude"]).filter(pc.is_valid(alerts["longitude"]))
    counted = mapped.group_by(["longitude", "latitude"]).aggregate([([], "count_all")]).to_pandas()
    found = counted[counted["count_all"] > default_coordinate_threshold(alerts.num_rows)]
    found = found.sort_values(["count_all", "longitude", "latitude"], ascending=[False, True, True])
    found = found.rename(columns={"count_all": "n"})
    return pd.DataFrame(found.reset_index(drop=True))


def default_coordinates_of_file(staged: Path) -> pd.DataFrame:
    """`find_default_coordinates` of the alerts in a Parquet file of any size; DuckDB spills to disk next to it."""
    if pq.read_metadata(staged).num_rows <= IN_MEMORY:
        return find_default_coordinates(pq.read_table(staged, columns=["longitude", "latitude"]))
    with bounded_duckdb(staged.parent) as engine:
        found: pd.DataFrame = engine.execute(
            "SELECT longitude, latitude, count(*) AS n FROM read_parquet($file) WHERE longitude IS NOT NULL "
            "GROUP BY ALL HAVING n > greatest($least, $share * (SELECT count(*) FROM read_parquet($file))) "
            "ORDER BY n DESC, longitude, latitude",
            {"file": str(staged), "least": MIN_REPORTS, "share": MIN_SHARE},
        ).df()
    return found
