"""Import, whole way, against DuckDB's bare `read_csv` to Parquet of the same file; the same file once more; XLSX.

The file holds the sample's rows again and again under new ids, so that every step has its usual work. Each size runs in
a process of its own, whose peak memory is that size's; DuckDB runs in another one right before and right after each
import, so that a machine that is busy with other things slows both down, and medians are told. The second import of a
file follows its first one. Further sizes: `python -m tests.benchmarks.bench_import 4000000`; 12500000 rows are 2 GB of
CSV. A workbook has dates, times and numbers as a spreadsheet program writes them.

What grows with the file lies on disk (staged alerts, what DuckDB puts away), so peak memory stays below 2 GB at every
size. A test would have to import hundreds of thousands of rows to tell that from the 0.3 GB of the libraries.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

import sample_data
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing import pipeline, transform
from curim_data.model import Audience
from curim_data.store import writing
from curim_data.store.home import create_home
from curim_data.store.writing import Staging
from tests.benchmarks.results import Row, hand_in

MODULE = "tests.benchmarks.bench_import"
SIZES = (10_000, 100_000, 1_000_000)
SHEETS = (10_000, 100_000)
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
# The stages of an import, and the functions whose time is theirs. Parsing and enriching run in threads of their own
# while `stage_alerts` does the rest (reading again, accounting), so shares add up to 100 % without these two.
PARTS: tuple[tuple[str, Any, str], ...] = (
    ("open", pipeline, "open_export"),
    ("recognise", pipeline, "recognise_columns"),
    ("profile", pipeline, "profile_export"),
    ("decide", pipeline, "decide_plan"),
    ("account", pipeline, "stage_alerts"),
    ("parse", transform, "parse_rows"),
    ("enrich", transform, "enrich"),
    ("stage", Staging, "add"),
    ("match", writing, "match_staged"),
    ("commit", writing, "take_over"),
)
BESIDE = ("parse", "enrich")


def many(rows: int, path: Path) -> None:
    """Write an export of so many rows, piece by piece."""
    once = pd.read_csv(sample_data.MAIN_EXPORT, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        for start in range(0, rows, len(once)):
            part = once.head(rows - start).copy()
            part["alert_id"] = [f"DEMO-B{number:08d}" for number in range(start, start + len(part))]
            part.to_csv(out, sep=";", index=False, header=not start)


def workbook(rows: int, path: Path) -> None:
    """Write such an export as a workbook with typed cells."""
    source = path.with_suffix(".csv")
    many(rows, source)
    frame = pd.read_csv(source, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("alerts")
    sheet.append(list(frame))
    cells = [[_typed(name, text) for text in column] for name, column in frame.items()]
    for row in zip(*cells, strict=True):
        sheet.append(row)
    book.save(path)


def _typed(name: Any, text: str) -> object:
    if not text:
        return None
    if name in ("reported_at", "occurred_from", "occurred_to", "resolved_at"):
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    return float(text) if name in ("latitude", "longitude", "severity", "feeling", "confirmations") else text


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def bare(source: Path) -> float:
    """Seconds of DuckDB from CSV to Parquet, in a process of its own."""
    given = [sys.executable, "-c", BARE, str(source), f"{source}.parquet"]
    return float(subprocess.run(given, stdout=subprocess.PIPE, check=True).stdout)


def watch(spent: dict[str, float]) -> None:
    """Add the seconds that each part takes from now on to `spent`."""

    def wrapped(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[name] += time.perf_counter() - start

        return run

    for name, owner, attribute in PARTS:
        setattr(owner, attribute, wrapped(name, getattr(owner, attribute)))


def measure(rows: int) -> dict[str, Any]:
    """Figures of one size: medians of seconds, ratio, peak memory (GB), share of each part."""
    spent: dict[str, float] = defaultdict(float)
    watch(spent)
    ours: list[float] = []
    again: list[float] = []
    cpu: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "export.csv"
        many(rows, source)
        for number in range(RUNS.get(rows, 1)):
            home = create_home(Path(folder) / f"home{number}")
            before = bare(source)
            start = time.process_time()
            ours.append(timed(lambda home=home: pipeline.import_file(home, source, source.name)))
            cpu.append(time.process_time() - start)
            theirs.append((before + bare(source)) / 2)
            shares = dict(spent)
            again.append(timed(lambda home=home: pipeline.import_file(home, source, source.name)))
            spent |= shares
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        stored = open_source(home)
        chosen = AlertFilter(period="12m", affected=("woman",), dark=True)
        ask = [timed(lambda: query.cells(stored, chosen, 10, Audience.ANALYST)) for _ in range(5)]
    spent["account"] -= spent["stage"]
    spent["rest"] = sum(ours) - sum(seconds for name, seconds in spent.items() if name not in BESIDE)
    return {
        "import": statistics.median(ours),
        "again": statistics.median(two / one for one, two in zip(ours, again, strict=True)),
        "cpu": statistics.median(cpu),
        "duckdb": statistics.median(theirs),
        "ratio": statistics.median(one / other for one, other in zip(ours, theirs, strict=True)),
        "count": statistics.median(ask),
        "peak": peak,
        "shares": {name: seconds / sum(ours) for name, seconds in spent.items()},
    }


def measure_sheet(rows: int) -> dict[str, Any]:
    """Figures of a workbook: medians of seconds and of processor time, peak memory (GB)."""
    wall: list[float] = []
    cpu: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "export.xlsx"
        subprocess.run([sys.executable, "-m", MODULE, "--write", str(rows), str(source)], check=True)
        for number in range(RUNS.get(rows, 1)):
            home = create_home(Path(folder) / f"home{number}")
            start = time.process_time()
            wall.append(timed(lambda home=home: pipeline.import_file(home, source, source.name)))
            cpu.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"import": statistics.median(wall), "cpu": statistics.median(cpu), "peak": peak}


def told_by(option: str, rows: int) -> dict[str, Any]:
    """What a process of its own measures."""
    ran = subprocess.run([sys.executable, "-m", MODULE, option, str(rows)], stdout=subprocess.PIPE, check=True)
    measured: dict[str, Any] = json.loads(ran.stdout)
    return measured


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print a table: rows, seconds of ours and of DuckDB, ratio, the second import as a multiple of the first, seconds
    of a filtered count, peak memory, shares; then one of workbooks.
    """
    print("rows         import s    cpu s   duckdb s   ratio   second   count ms   peak GB")
    for rows in sizes:
        told = told_by("--one", rows)
        print(
            f"{rows:<11,} {told['import']:9.2f} {told['cpu']:8.2f} {told['duckdb']:10.2f} {told['ratio']:7.1f} "
            f"{told['again']:8.2f} {1000 * told['count']:10.0f} {told['peak']:9.2f}"
        )
        what, size = "import of a CSV file", f"{rows:,} rows"
        hand_in(Row(what, size, processor=told["cpu"], wall=told["import"]))
        hand_in(Row(f"{what}: wall time against DuckDB's read_csv", size, figure=told["ratio"], unit="times"))
        hand_in(Row(f"{what}: the second time", size, figure=told["again"], unit="times the first"))
        hand_in(Row(f"{what}: most memory of its process", size, figure=told["peak"], unit="GB"))
        print("  " + ", ".join(f"{name} {share:.0%}" for name, share in told["shares"].items()), flush=True)
    print("\nXLSX rows    import s    cpu s     rows/s   peak GB")
    for rows in SHEETS:
        told = told_by("--sheet", rows)
        print(
            f"{rows:<11,} {told['import']:9.2f} {told['cpu']:8.2f} {rows / told['import']:10,.0f} {told['peak']:9.2f}",
            flush=True,
        )
        hand_in(Row("import of a workbook", f"{rows:,} rows", processor=told["cpu"], wall=told["import"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    elif sys.argv[1:2] == ["--sheet"]:
        print(json.dumps(measure_sheet(int(sys.argv[2]))))
    elif sys.argv[1:2] == ["--write"]:
        workbook(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(tuple(int(size) for size in sys.argv[1:]) or SIZES)
