"""The default coordinates of a file that is being imported, whatever its size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.geo.default_coordinates import LEAST, default_coordinates, usual_count
from curim_data.model.place_names import PlaceNames
from curim_data.store.matching import bounded_duckdb

IN_MEMORY: Final = 100_000  # alerts that are counted without DuckDB, which takes longer to start than to count them
_COLUMNS: Final = ["longitude", "latitude", "inside"]


def default_coordinates_of_files(staged: Sequence[Path], names: PlaceNames) -> pd.DataFrame:
    """`geo.default_coordinates` of the alerts in Parquet files; DuckDB spills to disk next to them.

    Its columns longitude, latitude (WGS84) and inside; the result's longitude, latitude and n. `names`: what the
    file calls positions.
    """
    if sum(pq.read_metadata(path).num_rows for path in staged) <= IN_MEMORY:
        return _in_memory(pa.concat_tables([pq.read_table(path, columns=_COLUMNS) for path in staged]), names)
    with bounded_duckdb(staged[0].parent) as engine:
        sides = dict(
            engine.execute(
                "SELECT coalesce(inside, false), count(*) FROM read_parquet($files) WHERE longitude IS NOT NULL "
                "GROUP BY 1",
                {"files": [str(path) for path in staged]},
            ).fetchall()
        )
        engine.execute(
            "CREATE TEMP TABLE points AS SELECT longitude, latitude, coalesce(inside, false) AS inside, count(*) AS n "
            "FROM read_parquet($files) WHERE longitude IS NOT NULL GROUP BY ALL",
            {"files": [str(path) for path in staged]},
        )
        usual = usual_count(engine.execute("SELECT n, count(*) AS points FROM points GROUP BY n").df())
        points: pd.DataFrame = engine.execute("SELECT * FROM points WHERE n > $least", {"least": LEAST}).df()
    return default_coordinates(points, sides.get(True, 0), sides.get(False, 0), usual, names)


def _in_memory(alerts: pa.Table, names: PlaceNames) -> pd.DataFrame:
    mapped = alerts.filter(pc.is_valid(alerts["longitude"]))
    inside = int(pc.sum(mapped["inside"]).as_py() or 0)
    points = mapped.group_by(_COLUMNS).aggregate([([], "count_all")]).to_pandas().rename(columns={"count_all": "n"})
    usual = usual_count(points.groupby("n").size().rename("points").reset_index())
    return default_coordinates(points, inside, mapped.num_rows - inside, usual, names)
