"""The 98 questions of `tests/engine_questions.py` by number of alerts and engine, and how their cost grows.

The alerts of the sample stand there as often as it takes, under new ids. Told are processor seconds a question (of all
processes: a busy machine hardly changes them) and seconds until the answer is there. The answers of Sail and Spark,
which need `make engines`, are compared with those of DuckDB.

    python -m tests.benchmarks.bench_engines                                # 10,000 to 1,000,000 on DuckDB
    python -m tests.benchmarks.bench_engines duckdb 5000000 20000000        # other sizes
    python -m tests.benchmarks.bench_engines sail 100000 1000000            # a server on loopback
    python -m tests.benchmarks.bench_engines spark 100000                   # a master with two workers on loopback
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from curim_data.engine import Source, on_spark, open_source, source_from_files
from curim_data.sample import sample_home
from curim_data.store import Home
from tests.benchmarks.results import Row, hand_in, hand_in_growth
from tests.engine_questions import FILTERS, QUESTIONS, Answer, assert_equal
from tests.processes import processor_seconds
from tests.spark_servers import forget, sail_server, spark_master

SIZES = (10_000, 100_000, 1_000_000)
ASKED = ("usual", "all", "night", "women", "group", "few cells")  # of the filters, where not all are asked
COLUMNS = ("engine", "alerts", "opened in", "processor a question", "median", "slowest", "as DuckDB")


def write_alerts(sample: Source, rows: int, folder: Path) -> Path:
    """A Parquet file of so many alerts."""
    path, times = folder / f"{rows}.parquet", -(-rows // sample.count)
    if not path.exists():
        files = ", ".join(f"'{file}'" for file in sample.cache["files"])
        ids = "alert_id || '-' || k AS alert_id, incident_id || '-' || k AS incident_id"
        with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder)}) as engine:
            engine.execute(
                f"COPY (SELECT * REPLACE ({ids}) FROM read_parquet([{files}]), range({times}) AS t(k) LIMIT {rows}) "
                f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
            )
    return path


def ask(source: Source, names: tuple[str, ...]) -> tuple[list[Answer], list[float], float]:
    """All answers, the seconds of each, and processor seconds a question."""
    answers, seconds, began = [], [], processor_seconds(os.getpid())
    for question in QUESTIONS.values():
        for name in names:
            start = time.perf_counter()
            answers.append(question(source, FILTERS[name]))
            seconds.append(time.perf_counter() - start)
    return answers, seconds, (processor_seconds(os.getpid()) - began) / len(answers)


@contextmanager
def server(engine: str, folder: Path) -> Iterator[str]:
    """The URL of an engine."""
    if engine == "sail":
        with sail_server() as (url, _):
            yield url
        return
    with spark_master(folder / "spark") as (url, _, around):
        os.environ.update({name: around[name] for name in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP")})
        yield url
        forget(url)


def told(engine: str, rows: int, opened: float, seconds: list[float], each: float, more: str = "") -> None:
    """Print a row of the table, and hand its times in."""
    middle, worst = statistics.median(seconds), max(seconds)
    figures = (f"{opened:.1f} s", f"{each:.3f} s", f"{middle:.3f} s", f"{worst:.2f} s")
    print("|", " | ".join((engine, f"{rows:,}", *figures, more)), "|", flush=True)
    hand_in(Row(f"a question on {engine}, processor on average, wall median", f"{rows:,}", processor=each, wall=middle))


def main(engine: str, sizes: list[int]) -> None:
    """Print a table of an engine by number of alerts."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(os.environ.get("CURIM_BENCH_FOLDER", made))
        sample = open_source(sample_home(Home(folder / "home")), "duckdb")
        names = tuple(FILTERS) if engine == "duckdb" else ASKED
        print(f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * 5}---|")
        costs = []
        for rows in sizes:
            path = write_alerts(sample, rows, folder)
            start = time.perf_counter()
            files = source_from_files([path], f"bench-{rows}", sample.city, meeting=sample.meeting)
            opened = time.perf_counter() - start
            answers, seconds, each = ask(files, names)
            told("duckdb", rows, opened, seconds, each)
            costs.append(each)
            if engine == "duckdb":
                continue
            with server(engine, folder) as url:
                start = time.perf_counter()
                there = on_spark(url, files)
                opened = time.perf_counter() - start
                others, seconds, each = ask(there, names)
                for mine, theirs in zip(answers, others, strict=True):
                    assert_equal(mine, theirs)
                told(engine, rows, opened, seconds, each, f"{len(others)} of {len(others)}")
        if len(sizes) > 1:
            hand_in_growth("a question on DuckDB", sizes, costs)


if __name__ == "__main__":
    main((sys.argv[1:] or ["duckdb"])[0], [int(size) for size in sys.argv[2:]] or list(SIZES))
