"""What a reader should know of the data's quality."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.store.matching import bounded_duckdb

PILE_LEAST: Final = 20
PILE_SHARE: Final = 0.01
IN_MEMORY: Final = 100_000  # alerts that are counted without DuckDB, which takes longer to start than to count them


def pile_threshold(total: int) -> float:
    """Alerts on one point that are still taken for chance: the larger of 20 and 1 % of all."""
    return max(PILE_LEAST, PILE_SHARE * total)


def piles(alerts: pa.Table) -> pd.DataFrame:
    """Points on which more alerts lie than the threshold allows, the largest first.

    A pile is more often a default (the town hall, the middle of the city) than a place where so much happened.

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
    found = counted[counted["count_all"] > pile_threshold(alerts.num_rows)]
    found = found.sort_values(["count_all", "longitude", "latitude"], ascending=[False, True, True])
    found = found.rename(columns={"count_all": "n"})
    return pd.DataFrame(found.reset_index(drop=True))


def piles_of(staged: Path) -> pd.DataFrame:
    """`piles` of the alerts in a Parquet file, whatever its size; what does not fit into memory goes beside it."""
    if pq.read_metadata(staged).num_rows <= IN_MEMORY:
        return piles(pq.read_table(staged, columns=["longitude", "latitude"]))
    with bounded_duckdb(staged.parent) as engine:
        found: pd.DataFrame = engine.execute(
            "SELECT longitude, latitude, count(*) AS n FROM read_parquet($file) WHERE longitude IS NOT NULL "
            "GROUP BY ALL HAVING n > greatest($least, $share * (SELECT count(*) FROM read_parquet($file))) "
            "ORDER BY n DESC, longitude, latitude",
            {"file": str(staged), "least": PILE_LEAST, "share": PILE_SHARE},
        ).df()
    return found
