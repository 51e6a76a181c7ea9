"""Made-up cities measured by several processes, and kept so that a run that is ended goes on where it was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.reliability.world import World

Job = tuple[str, World, int]
Kept = dict[str, dict[str, Any]]


def measured(
    doc: str | None, worlds: Mapping[str, World], measure: Callable[[Job], tuple[str, dict[str, Any]]], out: str
) -> Kept:
    """What is measured of each city, by row and city, for the options of the command line."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--cities", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the number of the first city, for fresh seeds")
    parser.add_argument("--rows", nargs="*", default=[], help="only rows whose name holds each of these texts")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(out))
    given = parser.parse_args()
    kept: Kept = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
    jobs = [
        (name, world, number)
        for number in range(given.first, given.first + given.cities)
        for name, world in worlds.items()
        if holds(name, given.rows) and str(number) not in kept.get(name, {})
    ]
    numbers = iter(jobs)
    with ProcessPoolExecutor(given.jobs) as pool:
        for name, found in pool.map(measure, jobs):
            kept.setdefault(name, {})[str(next(numbers)[2])] = found
            given.out.write_text(json.dumps(kept), "utf-8")
    return kept


def holds(name: str, texts: Iterable[str]) -> bool:
    """Whether the name of a row holds each of the texts."""
    return all(text in name for text in texts)
