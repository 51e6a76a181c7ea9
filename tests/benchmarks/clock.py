"""Times of ours and of a peer side by side, on a machine that may have other work."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Race:
    """Medians of seconds of processor time, and of the ratios of runs next to each other."""

    ours: float
    peer: float
    ratio: float

    def __str__(self) -> str:
        times = f"{self.ratio:,.0f}" if self.ratio >= 10 else f"{self.ratio:.1f}"
        return f"ours {self.ours:.3f} s, peer {self.peer:,.2f} s: {times} times"


def seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """The median of some runs, in seconds of processor time."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


def race(ours: Callable[[], object], peer: Callable[[], object], *, scale: float = 1.0, rounds: int = 5) -> Race:
    """Run both in turn. `scale`: how many times the work of one call of the peer's the whole would be."""
    ours()
    pairs = [(seconds(ours, 3), scale * seconds(peer)) for _ in range(rounds)]
    mine, theirs = zip(*pairs, strict=True)
    return Race(statistics.median(mine), statistics.median(theirs), statistics.median(b / a for a, b in pairs))
