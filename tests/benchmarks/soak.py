"""Many readers at once, for a while: how long they wait, what fails, and whether memory grows.

Readers open pages under filters, each after a time of thinking (exponential, ten seconds on average), over the sockets
of `curim serve`. One whose process is gone connects anew and asks the same again: the wait is that for the answer from
the cut where nothing was asked at that moment. Pages and filters are drawn from those that people ask, so that several
ask the same; `--alone` gives each reader filters that nobody else has.

    python -m tests.benchmarks.soak --readers 50 --minutes 5 --processes 2 --home FOLDER
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from curim_data.sample import sample_home
from curim_data.store import Home
from tests.benchmarks.reader import asked_page, messages, opened
from tests.browser.conftest import several
from tests.processes import children, gigabytes
from tests.spark_servers import free_port

PAGES: Final = ("", "", "hotspots", "trends", "gender")
STANDING: Final[tuple[dict[str, str], ...]] = (
    *({}, {}, {}),
    *({"period": "quarter"}, {"period": "all"}, {"light": "dark"}, {"affected": "woman"}),
)
THINKING: Final = 10.0  # seconds
COOKIE: Final = "curim_process"  # by which the proxy keeps a reader on a process
PATIENCE: Final = 120.0
HEAD: Final = "minute | answers | median (s) | 95 % under (s) | longest (s) | errors | connected anew | memory (MB)"


@dataclass
class Seen:
    """What all readers saw: seconds of the answers, errors in words, and how often one had to connect anew."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    connected_anew: int = 0

    def under(self, share: float) -> float:
        """Seconds that so large a share of the answers took at most."""
        return float(np.quantile(self.seconds, share)) if self.seconds else float("nan")


def _question(draw: random.Random, *, alone: bool) -> Any:
    """The message of what a reader wants to see."""
    words = {"lang": draw.choice(("en", "el")), **draw.choice(STANDING)}
    if draw.random() < 0.5:
        words["as"] = "council"
    if alone:
        first, last = sorted(draw.sample(range(1, 29), 2))
        words |= {"period": "", "from": f"2026-0{draw.randint(1, 5)}-{first:02}", "to": f"2026-09-{last:02}"}
    return asked_page(words, draw.choice(PAGES))


def read(address: str, until: float, seen: Seen, number: int, *, alone: bool) -> None:
    """One reader, until a moment, and until what was asked before it is answered."""
    draw = random.Random(number)
    time.sleep(draw.uniform(0, THINKING))
    process, asked, last, since = "", None, None, 0.0
    while time.monotonic() < until or asked is not None:
        if time.monotonic() > until + PATIENCE:
            seen.errors.append("no answer")
            return
        try:
            told = {"Cookie": f"{COOKIE}={process}"} if process else {}
            with opened(address, open_timeout=PATIENCE, additional_headers=told) as socket:
                cookies = SimpleCookie(socket.response.headers.get("Set-Cookie", "") if socket.response else "")
                process = cookies[COOKIE].value if COOKIE in cookies else process  # the proxy chose one
                while time.monotonic() < until or asked is not None:
                    if asked is None:
                        asked, since = _question(draw, alone=alone), time.monotonic()
                    for _ in messages(socket, asked, PATIENCE):
                        pass
                    seen.seconds.append(time.monotonic() - since)
                    asked, last = None, asked
                    _think(socket, draw.expovariate(1 / THINKING))
        except (ConnectionClosed, OSError, TimeoutError):
            seen.connected_anew += 1
            if asked is None and last is not None:  # a browser has its page made again
                asked, since = last, time.monotonic()
        except (InvalidHandshake, RuntimeError) as error:
            seen.errors.append(f"{type(error).__name__}: {error}")
            asked = None if isinstance(error, RuntimeError) else asked
        else:
            return
        time.sleep(0.5)


def _think(socket: Any, seconds: float) -> None:
    """Ask nothing for so long, and notice when the connection is cut."""
    end = time.monotonic() + seconds
    with suppress(TimeoutError):
        while (left := end - time.monotonic()) > 0:
            socket.recv(timeout=left)


def soak(home: Path, readers: int, minutes: float, processes: int, *, alone: bool = False) -> Seen:
    """Let readers read, and print each minute what they saw; what all saw in the end."""
    seen, told, minute = Seen(), 0, 0
    log = Path(tempfile.gettempdir()) / f"curim-soak-{os.getpid()}.log"
    with several(home.resolve(), processes, free_port(), log) as served:
        until = time.monotonic() + 60 * minutes
        threads = [
            threading.Thread(target=read, args=(served.address, until, seen, n), kwargs={"alone": alone}, daemon=True)
            for n in range(readers)
        ]
        for thread in threads:
            thread.start()
        print(f"| {HEAD} |\n" + "| --: " * 8 + "|")
        while time.monotonic() < until:
            time.sleep(min(60.0, max(until - time.monotonic(), 0.1)))
            minute += 1
            _print(str(minute), seen.seconds[told:], seen, served.pid)
            told = len(seen.seconds)
        for thread in threads:
            thread.join(PATIENCE)
        _print("all", seen.seconds, seen, served.pid)
    for error in sorted(set(seen.errors)):
        print(error)
    return seen


def _print(name: str, seconds: list[float], seen: Seen, pid: int) -> None:
    middle, most, longest = (np.quantile(seconds, share) if seconds else np.nan for share in (0.5, 0.95, 1.0))
    held = sorted(1000 * gigabytes(one, "VmRSS") for one in children(pid, b"dashboard.py"))
    each = f"{' + '.join(f'{one:.0f}' for one in held)} = {sum(held):.0f}"
    numbers = f"{len(seconds)} | {middle:.2f} | {most:.2f} | {longest:.2f}"
    print(f"| {name} | {numbers} | {len(seen.errors)} | {seen.connected_anew} | {each} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    place = given.home or sample_home(Home.default()).path.parent
    soak(place, given.readers, given.minutes, given.processes, alone=given.alone)
