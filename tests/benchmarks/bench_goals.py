"""What people wait for, against a goal each: the pages, the command line, imports, fifty readers at once.

A wait is measured as somebody has it, by the clock, with the start of a program where one waits for that, and with the
processor time beside it. The fixed computation of `reader` is timed too, so that machines can be compared. Pages
are those of a server that nothing was asked before, which finds nothing that another worked out. `results` says how a
goal is judged; docs/performance.md has the table and what each row means.

    python -m tests.benchmarks goals                          # the sample and a million alerts
    python -m tests.benchmarks goals --millions 5             # five million too
    python -m tests.benchmarks.bench_goals --only pages --keep FOLDER   # one part; FOLDER keeps the homes that it made
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from curim_data.cli.commands import COMMANDS
from curim_data.sample import sample_home
from curim_data.store import Home
from curim_data.store.home import create_home
from curim_data.studies.preparation import prepare
from tests.benchmarks.bench_import import measured, rows_of
from tests.benchmarks.reader import WARM, Run, ask, filters_of, make_home, opened, preview_of, reference, spread
from tests.benchmarks.results import Row, hand_in
from tests.benchmarks.soak import soak
from tests.browser.conftest import ROOT, running
from tests.processes import gigabytes, processor_seconds

MODULE: Final = "tests.benchmarks.bench_goals"
MILLION, SMALL, MORE = 1_000_000, 100_000, 20_000
UPLOAD: Final = 560_000  # rows of 90 MB
TURNS: Final = 3  # of imports into a small and a large home
READERS: Final = 50
# Seconds of a new filter: on the sample, at a million, at more.
NEW_FILTER: Final[dict[str, tuple[float | None, float, float]]] = {
    "trends": (0.4, 0.5, 0.7),
    "hotspots": (None, 0.35, 0.7),
    "briefing": (None, 0.4, 0.7),
    "gender": (None, 0.6, 0.7),
}
STARTS: Final = 3
# The command itself: in a program given as `-c` DuckDB believes that somebody types, and prints how far it is.
CURIM: Final = (str(Path(sys.executable).with_name("curim")),)


def size_of(rows: int) -> str:
    """As people say it."""
    return f"{rows / MILLION:g} million" if rows >= MILLION else f"{rows:,}"


@dataclass(frozen=True)
class Homes:
    """Homes with made-up alerts, each made when it is first asked for, in a process of its own."""

    folder: Path

    def sample(self) -> Home:
        """The sample city, prepared."""
        found = sample_home(Home(self.folder / "sample"))
        prepare(found)
        return found

    def of(self, rows: int) -> Home:
        """So many alerts, prepared; beside it lies a file of further alerts."""
        folder = self.folder / str(rows)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            subprocess.run([sys.executable, "-m", MODULE, "--make", str(rows), str(folder)], check=True, cwd=ROOT)
        return Home(folder / "home")


def pages(homes: Homes, rows: int = MILLION) -> None:
    """The pages under filters that were never asked before, and the first page after a start."""
    if rows == MILLION:
        page("trends", homes.sample(), "the sample", NEW_FILTER["trends"][0], {"home": "sample"})
    for name, (_, goal, larger) in NEW_FILTER.items():
        page(name, homes.of(rows), size_of(rows), goal if rows <= MILLION else larger)
    first_page(homes.of(rows), rows)


def page(name: str, home: Home, size: str, goal: float | None, words: dict[str, str] | None = None) -> None:
    """One page in a process of its own: filters, each a second time, and the memory of the server."""
    words, new, again = words or {}, [], []
    folder = home.path.parent if words else home.path
    with running(folder, CURIM_SHARED_RESULTS="off") as server, opened(server.address) as line:
        for asked in (*WARM, {}):
            ask(line, server, {**words, **asked}, name)
        for asked in filters_of(home):
            new.append(ask(line, server, {**words, **asked}, name))
            again.append(ask(line, server, {**words, **asked}, name))
        held = gigabytes(server.pid, "VmHWM")
    title = "Hot spots" if name == "hotspots" else name.title()
    hand_in(waited(f"{title}: new filter, median", size, new, goal))
    spent = [run.processor for run in new]
    worst = max(spent) / statistics.median(spent)
    hand_in(Row(f"{title}: worst new filter over median (processor time)", size, figure=worst, unit="times", goal=2))
    if name == "trends":
        hand_in(waited(f"{title}: the same filter again, median", size, again, 0.15))
    hand_in(
        Row(f"{title}: most memory of the server", size, figure=held, unit="GB", goal=2 if name == "trends" else None)
    )


def waited(what: str, size: str, runs: Sequence[Run], goal: float | None) -> Row:
    """The medians of runs."""
    processor, wall, unit = (
        statistics.median(getattr(run, name) for run in runs) for name in ("processor", "seconds", "unit")
    )
    return Row(what, size, processor=processor, wall=wall, goal=goal, reference=unit)


def first_page(home: Home, rows: int) -> None:
    """All of the Briefing from a server that has just started, and the same with the start."""
    runs, starts = [], []
    for _ in range(STARTS):
        start = time.perf_counter()
        with running(home.path, CURIM_SHARED_RESULTS="off") as server:
            with opened(server.address) as line:
                runs.append(ask(line, server, {}, "briefing"))
            starts.append((time.perf_counter() - start, processor_seconds(server.pid)))
    hand_in(waited("first page after the start", size_of(rows), runs, 2.0 if rows <= MILLION else 4.0))
    wall, processor = (statistics.median(part) for part in zip(*starts, strict=True))
    hand_in(Row("start of the server and first page", size_of(rows), processor=processor, wall=wall))


def command(*words: str) -> tuple[float, float, str]:
    """Wall and processor seconds of a command with its start and all its processes, and what it printed."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([*CURIM, *words], cwd=ROOT, stdout=output)
        _, failed, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(failed)
        output.seek(0)
        if failed:
            raise RuntimeError(f"curim {' '.join(words)} ended with {process.returncode}: {output.read()}")
        return wall, used.ru_utime + used.ru_stime, output.read()


def commands(homes: Homes) -> None:
    """The command line, start included."""
    home = homes.sample()
    _timed("`curim --help`", "", 0.4, [("--help",)] * 5)
    # "any command's start": that of the slowest, of three starts of each
    helps = {name: [(name, "--help")] * 3 for name in {path.split()[0] for path in COMMANDS}}
    _timed("help of any command: the slowest", "", 0.4, *helps.values())
    _timed("`curim counts`", "the sample", 1.2, [("counts", "--home", str(home.path))] * 5)


def _timed(what: str, size: str, goal: float, *commands: list[tuple[str, ...]]) -> None:
    """The median of the starts of a command; of several commands that of the slowest."""
    medians = []
    for runs in commands:
        command(*runs[0])
        found = [command(*words)[:2] for words in runs]
        medians.append(tuple(statistics.median(part) for part in zip(*found, strict=True)))
    wall, processor = max(medians)
    hand_in(Row(what, size, processor=processor, wall=wall, goal=goal, reference=reference()))


def imports(homes: Homes, rows: int = MILLION) -> None:
    """Some thousand alerts more into a large home against the same into a small one, and undoing them: by turns, since
    the processor is faster or slower from one minute to the next; medians of what was measured, and of the ratios.
    """
    turns = [(added(homes, SMALL), added(homes, rows)) for _ in range(TURNS)]
    for n, what in enumerate(("import of", "undo of")):
        for place, size in enumerate((SMALL, rows)):
            wall, processor = (statistics.median(turn[place][n][part] for turn in turns) for part in (0, 1))
            hand_in(Row(f"{what} {MORE:,} more alerts", size_of(size), processor=processor, wall=wall))
        grown = statistics.median(much[n][1] / less[n][1] for less, much in turns)
        size = f"{size_of(rows)} against {SMALL:,}"
        hand_in(Row(f"{what} {MORE:,} more (processor time)", size, figure=grown, unit="times", goal=1.3))


def added(homes: Homes, rows: int) -> list[tuple[float, float]]:
    """Wall and processor seconds of `curim import` and of `curim undo`, on a copy of a home."""
    whole = homes.of(rows).path
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(whole, home)
        more = command("import", str(whole.with_name("more.csv")), "--home", str(home), "--json")
        batch = json.loads(more[2])["files"][0]["batch"]
        return [more[:2], command("undo", batch, "--home", str(home), "--json")[:2]]


def readers(homes: Homes) -> None:
    """Fifty readers at once for three minutes, who think for ten seconds between two pages: with filters that many
    have, as the goal has it, then each with periods of their own, of which nobody has asked before.
    """
    unit, home = reference(), homes.of(MILLION)
    for alone in (False, True):
        found = soak(home.path, readers=READERS, minutes=3, processes=2, alone=alone)
        what = f"{READERS} readers, 2 processes, 10 s of thinking" + (", periods of their own" if alone else "")
        goal = None if alone else 1.5
        hand_in(Row(f"{what}: 95 % under", size_of(MILLION), wall=found.under(0.95), goal=goal, reference=unit))
        hand_in(Row(f"{what}: median", size_of(MILLION), wall=found.under(0.5)))
        lost = float(len(found.errors) + found.connected_anew)
        hand_in(Row(f"{what}: errors and lost connections", size_of(MILLION), figure=lost, goal=0))


def large_import(_homes: Homes, rows: int) -> None:
    """The import of very many rows against DuckDB (`bench_import`)."""
    for row in rows_of(size_of(rows), measured(rows), ratio=6, peak=1.2):
        hand_in(row)


def upload(homes: Homes) -> None:
    """A file of 90 MB on the page Data: until its preview stands, and the most memory of all processes."""
    export, home = homes.folder / "upload.csv", Home(homes.folder / "uploads")
    spread(UPLOAD, export)
    if not home.path.exists():
        create_home(home.path)
    found = preview_of(export.read_bytes(), home)
    what, size = f"preview of {export.stat().st_size / 1e6:.0f} MB in the page", f"{UPLOAD:,} rows"
    hand_in(Row(what, size, processor=found.processor, wall=found.seconds, goal=6, reference=found.unit))
    hand_in(Row(f"{what}: most memory", size, figure=found.memory, unit="GB", goal=0.9))
    hand_in(Row(f"{what}: memory before", size, figure=found.before, unit="GB"))


PARTS: Final[dict[str, Callable[[Homes], None]]] = {
    part.__name__: part for part in (commands, pages, readers, imports, upload)
}
LARGER: Final[tuple[Callable[[Homes, int], None], ...]] = (pages, large_import, imports)


def main() -> None:
    """All parts, or those asked for; a part that fails does not keep the others from being measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--millions", type=float, default=0)
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--make", nargs=2, metavar=("ROWS", "FOLDER"))
    asked = parser.parse_args()
    if asked.make:
        folder = Path(asked.make[1])
        prepare(make_home(int(asked.make[0]), folder, MORE))
        (folder / "ready").touch()
        return
    failed = []
    with tempfile.TemporaryDirectory() as made:
        homes = Homes((asked.keep or Path(made)).resolve())
        parts: list[Callable[[Homes], None]] = [PARTS[name] for name in asked.only]
        if asked.millions:
            parts += [partial(part, rows=round(asked.millions * MILLION)) for part in LARGER]
        for part in parts:
            try:
                part(homes)
            except (RuntimeError, AssertionError, subprocess.CalledProcessError, OSError) as error:
                failed.append(f"{getattr(part, '__name__', part)}: {error}")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
