"""Imports of large files with all that follows: processor time, and the memory of all their processes together.

Four tables, for each size (`python -m tests.benchmarks.bench_import_scale 100000 1000000 5000000`; without sizes the
first two): the import against DuckDB's bare `read_csv` to Parquet of the same file; what is prepared for the pages
after it, and of that the protected copy; a file of 20,000 alerts more, and its undo, each with what is prepared
afterwards; and the preview of a file of 90 MB, as the Data page shows it. Each step runs in a process of its own with
the processes that it starts; their memory is added up (proportional set size) every twentieth of a second.

The files hold the sample's rows again and again, each copy moved a few metres and by some weeks (as in `bench_page`).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

import sample_data
from curim_data.containers.isolation import warm_up
from curim_data.engine import open_source
from curim_data.importing.pipeline import import_file, preview
from curim_data.protection import protected
from curim_data.store import Home, Store
from curim_data.store.erase import draw_files
from curim_data.store.home import create_home
from curim_data.studies.preparation import prepare
from tests.benchmarks.bench_import import BARE

MODULE: Final = "tests.benchmarks.bench_import_scale"
SIZES: Final = (100_000, 1_000_000)
MORE: Final = 20_000
UPLOAD: Final = 560_000  # rows of 90 MB
TIMES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
REACH: Final = 0.0002  # degrees by which copies are moved


def spread(rows: int, path: Path, since: int = 0) -> None:
    """Write an export of so many rows, copy by copy; `since`: the number of its first alert."""
    once = pd.read_csv(sample_data.MAIN_EXPORT, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    days = {name: pd.to_datetime(once[name].str.slice(0, 10), errors="coerce") for name in TIMES}
    degrees = {name: pd.to_numeric(once[name], errors="coerce") for name in ("latitude", "longitude")}
    last, weeks = days["reported_at"].max(), (days["reported_at"].max() - days["reported_at"].min()).days // 7
    copies = max(rows // len(once), 1) + 1
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        for number, start in enumerate(range(0, rows, len(once))):
            part, rng = once.head(rows - start).copy(), np.random.default_rng([since, number])
            part["alert_id"] = [f"DEMO-B{at:08d}" for at in range(since + start, since + start + len(part))]
            later = number * weeks // copies
            round_the_end = days["reported_at"] + pd.Timedelta(weeks=later) > last
            by = pd.Series(pd.to_timedelta(7 * (later - weeks * round_the_end.to_numpy()), unit="D"))
            for name, day in days.items():
                moved, text = (day + by).head(len(part)), part[name]
                part[name] = (moved.dt.strftime("%Y-%m-%d") + text.str.slice(10)).where(moved.notna(), text)
            for name, degree in degrees.items():
                moved = degree.head(len(part)) + rng.uniform(-REACH, REACH, len(part))
                part[name] = moved.map("{:.5f}".format).where(moved.notna(), "")
            part.to_csv(out, sep=";", index=False, header=not start)


@dataclass(frozen=True)
class Used:
    """What a step took with all its processes: seconds, of the processor too, the most memory (GB), what it printed."""

    seconds: float
    processor: float
    memory: float
    told: dict[str, Any]


def used(*command: str) -> Used:
    """Run a command and look at its processes."""
    before, start, most = _children(), time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        while run.poll() is None:
            most = max(most, sum(map(memory, tree(run.pid))))
            time.sleep(0.05)
        assert run.stdout is not None
        said = run.stdout.read().strip()
    if run.returncode:
        sys.exit(f"{' '.join(command[2:])} failed")
    told = json.loads(said.splitlines()[-1]) if said.endswith("}") else {}
    return Used(time.perf_counter() - start, _children() - before, most, told)


def _children() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                found += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
    return found


def memory(pid: int) -> float:
    """Proportional set size in GB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1e6
    return 0.0


def step(name: str, folder: Path, given: str) -> dict[str, Any]:
    """One step of the measurement, in a process of its own. `given`: a file, or the batch that is undone."""
    home = Home(folder)
    if name in ("import", "preview"):
        warm_up()
    if name == "import":
        source = Path(given)
        return {"batch": import_file(home, source, source.name).batch.id}
    if name == "preview":
        preview(Path(given).read_bytes(), "export.csv", home.city(), home=home)
    if name == "undo":
        Store(home).undo(given)
    if name == "prepare":
        prepare(home)
    if name == "copy":
        for path in (*draw_files(home), *home.path.glob("prepared/*/copy-*.parquet")):
            path.unlink()
        source_ = open_source(home)
        start = time.process_time()
        protected(home, source_)
        return {"processor": time.process_time() - start}
    return {}


def _step(name: str, folder: Path, given: Path | str = "") -> Used:
    return used(sys.executable, "-m", MODULE, "--step", name, str(folder), str(given))


def _line(rows: int, what: str, found: Used, beside: str = "") -> None:
    told = f"{found.seconds:9.1f} {found.processor:9.1f} {found.memory:8.2f}"
    print(f"{rows:<11,} {what:34} {told}  {beside}", flush=True)


def measure(rows: int, folder: Path) -> None:
    """All of one size."""
    export, more, home = folder / "export.csv", folder / "more.csv", folder / "home"
    subprocess.run([sys.executable, "-m", MODULE, "--write", str(rows), str(export), "0"], check=True)
    subprocess.run([sys.executable, "-m", MODULE, "--write", str(MORE), str(more), "90000000"], check=True)
    create_home(home)
    bare = used(sys.executable, "-c", BARE, str(export), f"{export}.parquet")
    found = _step("import", home, export)
    _line(rows, "import", found, f"{found.processor / bare.processor:.1f} times DuckDB's {bare.processor:.1f} s")
    export.unlink()
    _line(rows, "preparing for the pages", _step("prepare", home))
    copied = _step("copy", home)
    _line(rows, "  of it the protected copy", copied, f"{copied.told['processor']:.1f} s without start")
    added = _step("import", home, more)
    _line(rows, f"{MORE:,} more", added)
    _line(rows, "  preparing", _step("prepare", home))
    _line(rows, "undo", _step("undo", home, added.told["batch"]))
    _line(rows, "  preparing", _step("prepare", home))


def main(sizes: tuple[int, ...]) -> None:
    """Print the tables."""
    print(f"{'alerts':11} {'step':34} {'seconds':>9} {'processor':>9} {'GB':>8}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(rows, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        upload, home = Path(folder) / "upload.csv", Path(folder) / "home"
        subprocess.run([sys.executable, "-m", MODULE, "--write", str(UPLOAD), str(upload), "0"], check=True)
        create_home(home)
        size = upload.stat().st_size / 1e6
        _line(UPLOAD, f"preview of {size:.0f} MB", _step("preview", home, upload))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(step(sys.argv[2], Path(sys.argv[3]), sys.argv[4])))
    elif sys.argv[1:2] == ["--write"]:
        spread(int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(tuple(int(size) for size in sys.argv[1:]) or SIZES)
