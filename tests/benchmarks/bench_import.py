"""Import, whole way, against DuckDB's bare `read_csv` to Parquet of the same file; then a filtered count.

The file holds the sample's rows again and again under new ids, so that every step has its usual work. The ratio is of
medians in one run; peak memory is that of the process, which grows from size to size.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

import sample_data
from curim_data import queries
from curim_data.access import Audience
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.home import create_home
from curim_data.ingest import import_file

SIZES = (10_000, 100_000, 1_000_000)


def many(rows: int, path: Path) -> None:
    """Write an export of so many rows."""
    once = pd.read_csv(sample_data.MAIN_EXPORT, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    copies = -(-rows // len(once))
    whole = pd.concat([once] * copies, ignore_index=True).head(rows)
    whole["alert_id"] = [f"DEMO-B{number:08d}" for number in range(rows)]
    whole.to_csv(path, sep=";", index=False, encoding="utf-8-sig")


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print a table: rows, seconds of ours and of DuckDB, ratio, seconds of a filtered count, peak memory."""
    print("rows        import s   duckdb s   ratio   count ms   peak GB")
    for rows in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "export.csv"
            many(rows, source)
            home = create_home(Path(folder) / "home")
            ours = timed(lambda source=source, home=home: import_file(home, source, source.name))
            copy = f"COPY (SELECT * FROM read_csv('{source}', delim=';')) TO '{folder}/bare.parquet' (FORMAT parquet)"
            bare = statistics.median(timed(lambda copy=copy: duckdb.connect().execute(copy)) for _ in range(3))
            stored = open_source(home)
            chosen = AlertFilter(period="12m", affected=("woman",), dark=True)
            ask = [timed(lambda: queries.cells(stored, chosen, 10, Audience.ANALYST)) for _ in range(5)]  # noqa: B023
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            figures = f"{ours:8.2f} {bare:10.2f} {ours / bare:7.1f} {1000 * statistics.median(ask):10.0f} {peak:9.2f}"
            print(f"{rows:<10,} {figures}", flush=True)


if __name__ == "__main__":
    main()
