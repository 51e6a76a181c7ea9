"""One table of all benchmarks: each hands its rows in (`hand_in`), and `make bench` writes them down at its end.

Rows are lines of JSON in the file that `CURIM_BENCH_ROWS` names; without it they are printed alone.
A time with a goal is judged as somebody waits for it, by the clock and as measured. Where that misses the goal, and the
same time on a processor that takes 0.03 s for the fixed computation (`reference`) would be within it, the table says
"scaled". Ratios are of processor time, which other work on the machine changes less.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

ROWS: Final = "CURIM_BENCH_ROWS"
UNIT: Final = 0.03  # seconds that the reference takes on the processor that goals are scaled to
ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("duckdb", "streamlit", "pandas", "numpy")
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"  # round the tables of docs/performance.md
Call = Callable[[], object]
MET, SCALED, MISSED = "met", "scaled", "missed"


def seconds(call: Call, repeats: int = 1) -> float:
    """The median of some runs, in seconds of processor time."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


@dataclass(frozen=True)
class Row:
    """What was measured at which size.

    processor, wall : seconds, of all that it took. figure, unit : what is no time (gigabytes, a ratio, an exponent).
    peer, peer_seconds : who else does it, and how many seconds of the processor it takes. goal : the most that the
    figure, else the wall time, else the processor time, may be. reference : seconds of the fixed computation beside it.
    """

    what: str
    size: str
    processor: float | None = None
    wall: float | None = None
    figure: float | None = None
    unit: str = ""
    peer: str = ""
    peer_seconds: float | None = None
    goal: float | None = None
    reference: float | None = None

    @property
    def judged(self) -> float | None:
        """What the goal is for."""
        times = (time for time in (self.wall, self.processor) if time is not None)
        return self.figure if self.figure is not None else next(times, None)

    @property
    def ratio(self) -> float | None:
        """Of the goal, how much it took; else how many times as long as ours the peer takes."""
        if self.goal is not None:
            return self.judged / self.goal if self.goal and self.judged is not None else None
        if self.peer_seconds is not None and self.processor:
            return self.peer_seconds / self.processor
        return None

    @property
    def verdict(self) -> str:
        """Whether the goal is met; empty where there is none."""
        if self.goal is None or self.judged is None:
            return ""
        if self.judged <= self.goal:
            return MET
        scaled = self.figure is None and self.reference is not None
        return SCALED if scaled and self.judged * UNIT / (self.reference or UNIT) <= self.goal else MISSED


def hand_in(row: Row) -> None:
    """Print a row, and hand it in."""
    print("| " + " | ".join(cells(row)) + " |", flush=True)
    if path := os.environ.get(ROWS):
        with Path(path).open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(row)) + "\n")


def race(
    what: str, size: str, ours: Callable[[], object], peer: Callable[[], object], who: str, rounds: int = 5
) -> None:
    """Hand in ours against a peer: both run in turn, on a machine that may have other work. Medians of seconds of
    processor time, and of the ratios of runs next to each other.
    """
    ours()
    pairs = [(seconds(ours, 3), seconds(peer)) for _ in range(rounds)]
    mine, ratio = statistics.median(a for a, _ in pairs), statistics.median(b / a for a, b in pairs)
    hand_in(Row(what, size, processor=mine, peer=who, peer_seconds=ratio * mine))


def hand_in_growth(what: str, sizes: Sequence[float], costs: Sequence[float]) -> None:
    """Hand in the power of the size that costs grow with, by least squares of their logarithms."""
    power = float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
    hand_in(Row(f"{what}: growth", f"{sizes[0]:,} to {sizes[-1]:,}", figure=power, unit="(power)"))


def machine() -> dict[str, Any]:
    """Processor, cores, memory (GB), and versions; the commit has a + where files differ from it."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "commit": _git("rev-parse", "--short", "HEAD") + "+" * bool(_git("status", "--porcelain", "-uno")),
    }


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def cells(row: Row) -> tuple[str, ...]:
    """A row as the tables have it: what, size, processor, wall, figure, peer, goal, ratio, verdict."""
    figure = "" if row.figure is None else f"{row.figure:.3g} {row.unit}".strip()
    peer = f"{row.peer} {_time(row.peer_seconds)}".strip()
    goal = _time(row.goal) if row.figure is None or row.goal is None else f"{row.goal:g} {row.unit}".strip()
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    if row.ratio and row.goal is None:
        times = max(row.ratio, 1 / row.ratio)
        ratio = (
            f"{times:,.0f}" if times >= 100 else f"{times:.3g}"
        ) + f" times as {'fast' if row.ratio >= 1 else 'long'}"
    return (row.what, row.size, _time(row.processor), _time(row.wall), figure, peer, goal, ratio, row.verdict)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:,.2f} s" if seconds < 100 else f"{seconds:,.0f} s"


def table(rows: Path, run: dict[str, Any]) -> str:
    """The tables of a run, as docs/performance.md has them: goals, then peers, then other figures.

    `rows` is the file of what was handed in; `run`: the machine, and what else is to be known of the run.
    """
    lines = rows.read_text(encoding="utf-8").splitlines() if rows.exists() else []
    told = [(row, cells(row)) for row in (Row(**json.loads(line)) for line in lines)]
    goals = [(c[0], c[1], c[6], c[4] or c[3] or c[2], c[2], c[7], c[8]) for row, c in told if row.goal is not None]
    peers = [(*c[:3], c[5], c[7]) for row, c in told if row.goal is None and c[7]]
    others = [(*c[:2], c[4] or c[2]) for row, c in told if row.goal is None and not c[7]]
    parts: list[tuple[str, list[Any]]] = [
        ("| what | size | goal | now | processor time | of the goal | |\n|---|---|---:|---:|---:|---:|---|", goals),
        ("| what | size | ours, processor time | peer | ours is |\n|---|---|---:|---|---|", peers),
        ("| without a goal | size | |\n|---|---|---:|", others),
    ]
    about = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in run.items())
    whole = ["\n".join([head, *(f"| {' | '.join(row)} |" for row in part)]) for head, part in parts if part]
    return "\n\n".join([about, *whole]) + "\n"


def put_into(document: Path, source: Path) -> None:
    """Put the tables of a run between the marks of a document; ValueError where it has none."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{document} has no {BEGIN} and {END}")
    text = f"{before}{begin}\n\n{source.read_text(encoding='utf-8')}\n{end}{after}"
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    put_into(Path(sys.argv[2]), Path(sys.argv[1]))
