"""What processes take, from /proc: of one, and of all that it started."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def children(pid: int, word: bytes = b"") -> list[int]:
    """The living processes that one started, whose command has this word."""
    found = list[int]()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return [one for one in found if word in told(one, "cmdline")]


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        found += children(one)
    return found


def told(pid: int, name: str) -> bytes:
    """A file of /proc about a process; empty where it has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def processor_seconds(pid: int) -> float:
    """What a process and all that it started have used of the processor; 0 where the system has no /proc."""
    fields = [told(one, "stat").rpartition(b")")[2].split() for one in tree(pid)]
    return sum(int(ticks) for words in fields for ticks in words[11:15]) / os.sysconf("SC_CLK_TCK")


def gigabytes(pid: int, name: str) -> float:
    """Memory of a process: now (VmRSS), at most so far (VmHWM), or its share of what several use (Pss)."""
    lines = told(pid, "smaps_rollup" if name == "Pss" else "status").decode().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0) / 1e6
