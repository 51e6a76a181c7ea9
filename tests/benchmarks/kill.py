"""A process of `curim serve` is killed while readers read: what they saw, who was moved, and when it was back.

    python -m tests.benchmarks.soak --readers 10 --minutes 2 --kill --processes 2

After half of the time the process with most readers gets a SIGKILL. What is printed is one object of JSON. Its `log`
has the lines of that half which tell the story, with seconds since the kill: what `curim serve` and the proxy say of
the process, the connections that were cut, and the first run of a page for each reader who was moved; ids are cut to
eight characters.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.soak import PATIENCE, Answer, Seen, log_of_the_server, process_id, serving, start_readers

LOOK: Final = 0.02  # seconds between two looks at the log
CONNECTION: Final = "/_stcore/stream"
SHORT: Final = 8
DETAILS: Final = re.compile(r", (info|code|check duration): .*")


@dataclass
class Log:
    """The lines that a server writes, each with the moment (`time.monotonic`) at which it stood there."""

    path: Path
    lines: list[tuple[float, str]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        """Read until it is ended."""
        with self.path.open("r", encoding="utf-8", errors="replace") as told:
            part = ""
            while not self.ended.wait(LOOK):
                part += told.read()
                *whole, part = part.split("\n")
                self.lines += [(time.monotonic(), line) for line in whole]

    def first(self, words: str, after: float) -> float | None:
        """Seconds from a moment to the first line with these words."""
        return next((round(at - after, 2) for at, line in self.lines if at >= after and words in line), None)


def kill_under_load(home: Path, readers: int, minutes: float, processes: int) -> dict[str, Any]:
    """Let readers read, kill the process with most of them, and tell what they saw."""
    seen = Seen()
    with serving(home, processes) as (address, pid):
        log = Log(log_of_the_server())
        following = threading.Thread(target=log.follow, daemon=True)
        following.start()
        begun = time.monotonic()
        threads = start_readers(address, begun + 60 * minutes, seen, readers)
        time.sleep(30 * minutes)
        name = Counter(where(seen.answers).values()).most_common(1)[0][0]
        killed = time.monotonic()
        os.kill(process_id(pid, name), signal.SIGKILL)
        for thread in threads:
            thread.join(60 * minutes + 2 * PATIENCE)
        log.ended.set()
        following.join()
    return {
        "readers": readers,
        "processes": processes,
        "minutes": minutes,
        **told(seen, log, name, killed),
        "log": story(log, name, killed),
    }


def where(answers: list[Answer]) -> dict[int, str]:
    """The process of each reader: that of the last answer."""
    return {answer.reader: answer.process for answer in answers}


def told(seen: Seen, log: Log, name: str, killed: float) -> dict[str, Any]:
    """What the readers saw of the end of a process, in seconds."""
    before = [answer for answer in seen.answers if answer.at < killed]
    after = [answer for answer in seen.answers if answer.at >= killed]
    firsts: dict[int, Answer] = {}
    for answer in sorted(after, key=lambda answer: answer.at):
        firsts.setdefault(answer.reader, answer)
    of_it = sorted(reader for reader, process in where(before).items() if process == name)
    moved = [firsts[reader] for reader in of_it if reader in firsts and firsts[reader].process != name]
    return {
        "killed": name,
        "readers_of_it": len(of_it),
        "moved": [
            {
                "reader": one.reader,
                "to": one.process,
                "waited": round(one.seconds, 2),
                "after": round(one.at - killed, 2),
            }
            for one in moved
        ],
        "not_moved": [reader for reader in of_it if reader not in {one.reader for one in moved}],
        "answers": {"before": len(before), "after": len(after)},
        "longest_wait": {
            "before": _longest(before),
            "after": _longest(after),
            "after_of_the_others": _longest([answer for answer in after if answer.reader not in of_it]),
        },
        "errors": sorted(seen.errors),
        "connected_anew": seen.connected_anew,
        "taken_out_after": log.first(f"Server dashboards/{name} is DOWN", killed),
        "started_anew_after": log.first(f"process {name} ended and is started anew", killed),
        "back_after": log.first(f"Server dashboards/{name} is UP", killed),
        "answers_of_it_again": sum(answer.process == name and answer.at > killed for answer in after),
    }


def _longest(answers: list[Answer]) -> float | None:
    return round(max(answer.seconds for answer in answers), 2) if answers else None


def story(log: Log, name: str, killed: float) -> list[str]:
    """The lines that tell what happened to the process and its readers, with seconds since the kill."""
    found, moved, cut, known = [], set[str](), 0, _sessions(log, killed)
    for at, line in log.lines:
        if at < killed:
            continue
        about = _object(line)
        short = {word: value[:SHORT] if word == "id" else value for word, value in about.items()}
        if about.get("path") == CONNECTION and about["process"] == name and cut < 1:
            cut += 1
        elif "outcome" in about and about["session"] not in known | moved:
            moved.add(about["session"])
        elif about or name not in line or line.startswith("["):  # the proxy tells its own notices a second time
            continue
        found.append(
            f"{at - killed:+6.2f} s  {json.dumps(short, separators=(',', ':')) if about else DETAILS.sub('', line)}"
        )
    return found


def _sessions(log: Log, killed: float) -> set[str]:
    """The sessions that had a run before the kill."""
    return {about["session"] for at, line in log.lines if at < killed and "outcome" in (about := _object(line))}


def _object(line: str) -> dict[str, Any]:
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
