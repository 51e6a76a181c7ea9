"""Many readers at once, for a while: how long they wait, what fails, and whether memory grows.

Readers open pages under filters, each after a time of thinking (exponential, ten seconds on average), over the sockets
of `curim serve`. A reader whose process is gone connects anew, as a browser does, and asks the same again: the wait is
that for the answer, all in all, from the cut where nothing was asked at that moment. Which pages and filters is drawn
from those that people ask: the standing ones mostly, so that several readers ask the same; `--alone` gives each reader
filters that nobody else has.

    python -m tests.benchmarks.soak --readers 50 --minutes 5 --processes 2 --home FOLDER
    python -m tests.benchmarks.soak --readers 20 --minutes 30            # the sample
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from curim_data.sample import sample_home
from curim_data.store import Home
from tests.benchmarks.reader import asked_page, messages, opened
from tests.browser.conftest import process_ended, wait_for
from tests.spark_servers import free_port

PAGES: Final = ("", "", "hotspots", "trends", "gender")
STANDING: Final[tuple[dict[str, str], ...]] = (
    *({}, {}, {}),
    *({"period": "quarter"}, {"period": "all"}, {"light": "dark"}, {"affected": "woman"}),
)
THINKING: Final = 10.0  # seconds
COOKIE: Final = "curim_process"  # by which the proxy keeps a reader on a process
PATIENCE: Final = 120.0


@dataclass
class Seen:
    """What all readers saw: seconds of the answers, errors in words, and how often one had to connect anew."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    connected_anew: int = 0

    def under(self, share: float) -> float:
        """Seconds that so large a share of the answers took at most."""
        return float(np.quantile(self.seconds, share)) if self.seconds else float("nan")


@dataclass(frozen=True)
class Question:
    """What a reader wants to see, and since when."""

    words: dict[str, str]
    page: str
    since: float


def _question(draw: random.Random, *, alone: bool) -> Question:
    words = {"lang": draw.choice(("en", "el")), **draw.choice(STANDING)}
    if draw.random() < 0.5:
        words["as"] = "council"
    if alone:
        first, last = sorted(draw.sample(range(1, 29), 2))
        words |= {"period": "", "from": f"2026-0{draw.randint(1, 5)}-{first:02}", "to": f"2026-09-{last:02}"}
    return Question(words, draw.choice(PAGES), time.monotonic())


def read(address: str, until: float, seen: Seen, number: int, *, alone: bool) -> None:
    """One reader, until a moment, and until what was asked before it is answered."""
    draw = random.Random(number)
    time.sleep(draw.uniform(0, THINKING))
    process, asked, last = "", None, None
    while time.monotonic() < until or asked is not None:
        if time.monotonic() > until + PATIENCE:
            seen.errors.append("no answer")
            return
        try:
            told = {"Cookie": f"{COOKIE}={process}"} if process else {}
            with opened(address, open_timeout=PATIENCE, additional_headers=told) as socket:
                process = _process(socket) or process
                while time.monotonic() < until or asked is not None:
                    asked = asked or _question(draw, alone=alone)
                    for _ in messages(socket, asked_page(asked.words, asked.page), PATIENCE):
                        pass
                    seen.seconds.append(time.monotonic() - asked.since)
                    asked, last = None, asked
                    _think(socket, draw.expovariate(1 / THINKING))
        except (ConnectionClosed, OSError, TimeoutError):
            seen.connected_anew += 1
            if asked is None and last is not None:  # a browser has its page made again
                asked = replace(last, since=time.monotonic())
            time.sleep(0.5)
        except (InvalidHandshake, RuntimeError) as error:
            seen.errors.append(f"{type(error).__name__}: {error}")
            asked = None if isinstance(error, RuntimeError) else asked
            time.sleep(0.5)


def _think(socket: Any, seconds: float) -> None:
    """Ask nothing for so long, and notice when the connection is cut."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            socket.recv(timeout=left)
        except TimeoutError:
            return


def _process(socket: Any) -> str:
    """The process that the proxy chose for a new connection; empty where it went to the one that the cookie named."""
    told = SimpleCookie(socket.response.headers.get("Set-Cookie", ""))
    return told[COOKIE].value if COOKIE in told else ""


def memory(pid: int) -> list[float]:
    """Megabytes of each process of the dashboard that one started."""
    held = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid and b"dashboard.py" in (entry / "cmdline").read_bytes():
                held.append(int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)
        except (OSError, ValueError):
            continue
    return sorted(held)


@contextmanager
def serving(home: Path, processes: int) -> Iterator[tuple[str, int]]:
    """The address, and the process that started the others."""
    port, log = free_port(), Path(tempfile.gettempdir()) / f"curim-soak-{os.getpid()}.log"
    script = "import sys; from curim_data.cli import main; sys.exit(main())"
    words = ["serve", "--home", str(home), "--processes", str(processes), "--port", str(port)]
    with log.open("w") as output:
        started = subprocess.Popen([sys.executable, "-c", script, *words], stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/healthz", lambda seconds: process_ended(started, seconds), log)
            _until_all_are_well(address, processes)
            yield address, started.pid
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(60)


def _until_all_are_well(address: str, processes: int) -> None:
    """The proxy answers when one is well; the others follow within its next looks."""
    for _ in range(2 * processes):
        with urllib.request.urlopen(f"{address}/_stcore/health"):
            time.sleep(0.5)


def soak(home: Path, readers: int, minutes: float, processes: int, *, alone: bool = False) -> Seen:
    """Let readers read, and print each minute what they saw; what all saw in the end."""
    seen, told, minute = Seen(), 0, 0
    with serving(home, processes) as (address, pid):
        until = time.monotonic() + 60 * minutes
        threads = [
            threading.Thread(target=read, args=(address, until, seen, number), kwargs={"alone": alone}, daemon=True)
            for number in range(readers)
        ]
        for thread in threads:
            thread.start()
        print(
            "| minute | answers | median (s) | 95 % under (s) | longest (s) | errors | connected anew | memory (MB) |"
        )
        print("| --: | --: | --: | --: | --: | --: | --: | --: |")
        while time.monotonic() < until:
            time.sleep(min(60.0, max(until - time.monotonic(), 0.1)))
            minute += 1
            _print(str(minute), seen.seconds[told:], seen, memory(pid))
            told = len(seen.seconds)
        for thread in threads:
            thread.join(PATIENCE)
        _print("all", seen.seconds, seen, memory(pid))
    for error in sorted(set(seen.errors)):
        print(error)
    return seen


def _print(name: str, seconds: list[float], seen: Seen, held: list[float]) -> None:
    middle, most, longest = (np.quantile(seconds, share) if seconds else np.nan for share in (0.5, 0.95, 1.0))
    each = f"{' + '.join(f'{one:.0f}' for one in held)} = {sum(held):.0f}"
    numbers = f"{len(seconds)} | {middle:.2f} | {most:.2f} | {longest:.2f}"
    print(f"| {name} | {numbers} | {len(seen.errors)} | {seen.connected_anew} | {each} |", flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--alone", action="store_true")
    asked = parser.parse_args()
    home = asked.home or sample_home(Home.default()).path.parent
    soak(home, asked.readers, asked.minutes, asked.processes, alone=asked.alone)


if __name__ == "__main__":
    main()
