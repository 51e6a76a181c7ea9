"""Import, whole way, against DuckDB's bare `read_csv` to Parquet of the same file.

The file holds the sample's rows again and again under new ids, so that every step has its usual work. Each size runs in
a process of its own, whose peak memory is that size's; DuckDB runs in another one right before and right after each
import, so that a machine that is busy with other things slows both down, and medians are told. Further sizes:
`python -m tests.benchmarks.bench_import 4000000`; 12500000 rows are 2 GB of CSV.

What grows with the file lies on disk (staged alerts, what DuckDB puts away), so peak memory stays below 2 GB at every
size. A test would have to import hundreds of thousands of rows to tell that from the 0.3 GB of the libraries.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from curim_data.importing.pipeline import import_file
from curim_data.store.home import create_home
from tests.benchmarks.reader import spread
from tests.benchmarks.results import Row, hand_in

MODULE = "tests.benchmarks.bench_import"
SIZES = (10_000, 100_000, 1_000_000)
RUNS = {10_000: 7, 100_000: 3, 1_000_000: 3}
BARE = """
import sys, time, duckdb
source, out = sys.argv[1:]
engine = duckdb.connect()
engine.execute("SET enable_progress_bar = false")
start = time.perf_counter()
engine.execute(f"COPY (SELECT * FROM read_csv('{source}', delim=';')) TO '{out}' (FORMAT parquet)")
print(time.perf_counter() - start)
"""


def bare(source: Path) -> float:
    """Seconds of DuckDB from CSV to Parquet, in a process of its own."""
    given = [sys.executable, "-c", BARE, str(source), f"{source}.parquet"]
    return float(subprocess.run(given, stdout=subprocess.PIPE, check=True).stdout)


def measure(rows: int) -> dict[str, float]:
    """Figures of one size: medians of seconds and of the ratio, peak memory (GB)."""
    ours, cpu, ratio = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "export.csv"
        spread(rows, source)
        for number in range(RUNS.get(rows, 1)):
            home = create_home(Path(folder) / f"home{number}")
            before = bare(source)
            start, used = time.perf_counter(), time.process_time()
            import_file(home, source, source.name)
            ours.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
            ratio.append(ours[-1] / ((before + bare(source)) / 2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    medians = {"import": ours, "cpu": cpu, "ratio": ratio}
    return {name: statistics.median(figures) for name, figures in medians.items()} | {"peak": peak}


def measured(rows: int) -> dict[str, float]:
    """What a process of its own measures."""
    ran = subprocess.run([sys.executable, "-m", MODULE, "--one", str(rows)], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def rows_of(size: str, found: dict[str, float], ratio: float | None = None, peak: float | None = None) -> list[Row]:
    """What was measured of a size as rows of the table; the goals of the ratio and of memory, where they have any."""
    what = "import of a CSV file"
    return [
        Row(what, size, processor=found["cpu"], wall=found["import"]),
        Row(f"{what} against DuckDB's read", size, figure=found["ratio"], unit="times DuckDB", goal=ratio),
        Row(f"{what}: most memory", size, figure=found["peak"], unit="GB", goal=peak),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        for size in [int(given) for given in sys.argv[1:]] or SIZES:
            for row in rows_of(f"{size:,} rows", measured(size)):
                hand_in(row)
