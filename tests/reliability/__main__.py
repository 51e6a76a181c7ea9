"""How often maps of quiet cities get hot spots, clusters and classes over time, and how often a planted spot is found.

    python -m tests.reliability [--cities 100] [--rows "6400 alerts" "corners"] [--jobs 2] [--out reliability.json]

prints the tables of docs/reliability-of-findings.md, of the rows whose names hold all the texts that are given. A city
takes some four seconds of one processor with 1,100 alerts in eight weeks, and fifteen with 6,400. What was measured is
kept in `--out` by row and city, so that a run that is ended goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.reliability import quiet_changes, told
from tests.reliability.measures import findings, found_where, tables
from tests.reliability.world import World, simulate, source_of

SIZES: Final = (1_100, 6_400)
BURSTS: Final = ((1.0, 30, 3), (2.0, 30, 3), (2.0, 60, 24), (3.0, 30, 3), (3.0, 60, 24))
CORNERS: Final = 1_500
SPOT: Final = {"at": 777, "metres": 90.0, "times": 5.0}


def rows() -> dict[str, World]:
    """The worlds of the tables by name."""
    found: dict[str, World] = {}
    for alerts in SIZES:
        for reports, metres, hours in BURSTS:
            for where, corners in (("anywhere", 0), ("corners", CORNERS)):
                name = f"{alerts} alerts, {reports:g} reports, {metres} m, {hours} h, {where}"
                world = World(alerts, reports, metres, hours, corners=corners)
                found[f"{name}, stable"] = world
                found[f"{name}, planted"] = replace(world, spot=SPOT)
                if (reports, metres) == (2.0, 60):
                    found[f"{name}, drifting"] = replace(world, season=0.3, drift=0.4)
    return found


def measure(job: tuple[str, World, int]) -> tuple[str, dict[str, Any]]:
    """What a city of a row got."""
    name, world, number = job
    alerts = simulate(world, np.random.default_rng([number, *map(ord, name)]))
    folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    try:
        look = found_where if world.spot else findings
        return name, look(source_of(alerts, folder), world, alerts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measured(
    doc: str | None,
    worlds: Mapping[str, World],
    measure: Callable[[tuple[str, World, int]], tuple[str, dict[str, Any]]],
    out: str,
) -> dict[str, dict[str, Any]]:
    """What is measured of each city, by row and city, for the options of the command line."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--cities", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the number of the first city, for fresh seeds")
    parser.add_argument("--rows", nargs="*", default=[], help="only rows whose name holds each of these texts")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(out))
    given = parser.parse_args()
    kept: dict[str, dict[str, Any]] = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
    jobs = [
        (name, world, number)
        for number in range(given.first, given.first + given.cities)
        for name, world in worlds.items()
        if all(text in name for text in given.rows) and str(number) not in kept.get(name, {})
    ]
    numbers = iter(jobs)
    with ProcessPoolExecutor(given.jobs) as pool:
        for name, found in pool.map(measure, jobs):
            kept.setdefault(name, {})[str(next(numbers)[2])] = found
            given.out.write_text(json.dumps(kept), "utf-8")
    return kept


def main() -> None:
    """Measure, keep and print."""
    if "--told" in sys.argv:
        told.main(Path(tempfile.mkdtemp(prefix="told-")))
    elif "--changes" in sys.argv:
        sys.argv.remove("--changes")
        kept = measured(quiet_changes.__doc__, quiet_changes.rows(), quiet_changes.measure, "changes.json")
        print("\n".join(quiet_changes.table(kept)))
    else:
        print("\n".join(tables(measured(__doc__, rows(), measure, "reliability.json"))))


if __name__ == "__main__":
    main()
