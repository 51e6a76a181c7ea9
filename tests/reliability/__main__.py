"""How often quiet cities get findings, and how often what is planted is found, by the studies that the pages use.

    python -m tests.reliability [--cities 100] [--rows "6400 alerts" "drift 0.4"] [--jobs 2] [--out reliability.json]

prints the tables of docs/reliability-of-findings.md, of the rows whose names hold all the texts that are given. A row
of 100 cities takes some five minutes of one processor with 1,100 alerts in eight weeks, and fifteen with 6,400. What
was measured is kept in `--out` by row and city, so that a run that is ended goes on where it was.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.reliability.measures import as_independent, findings, found_where
from tests.reliability.runs import measured
from tests.reliability.tables import tables
from tests.reliability.world import PERIOD_WEEKS, World, simulate, source_of

SIZES: Final = (1_100, 6_400)
BURSTS: Final = ((1.0, 30, 3), (1.5, 30, 3), (2.0, 30, 3), (2.0, 60, 24), (3.0, 30, 3), (3.0, 60, 24))
RISKS: Final = ((0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.3, 0.4))  # season, drift
SPOT: Final = {"at": 777, "metres": 90.0, "times": 5.0}
RISE: Final = {"at": 9992, "metres": 300.0, "times": 4.0}  # around a landmark


def rows() -> dict[str, World]:
    """The worlds of the tables by name."""
    found: dict[str, World] = {}
    for alerts in SIZES:
        for reports, metres, hours in BURSTS:
            for season, drift in RISKS:
                name = (
                    f"{alerts} alerts, {reports:g} reports, {metres} m, {hours} h, season {season:g}, drift {drift:g}"
                )
                found[name] = World(alerts, reports, metres, hours, season, drift)
            world = World(alerts, reports, metres, hours)
            rise = {**RISE, "since": world.weeks - PERIOD_WEEKS}
            planted = World(alerts, reports, metres, hours, spot=SPOT, rise=rise)
            found[f"{alerts} alerts, {reports:g} reports, {metres} m, {hours} h, planted"] = planted
    return found


def measure(job: tuple[str, World, int]) -> tuple[str, dict[str, Any]]:
    """One city of a row: what it got, and what it would have got if alerts were taken as independent."""
    name, world, number = job
    alerts = simulate(world, np.random.default_rng([number, *map(ord, name)]))
    folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    try:
        source = source_of(alerts, folder)
        look = found_where if world.spot else findings
        now = look(source, world, alerts)
        with as_independent(source) as naive:
            return name, {"now": now, "before": look(naive, world, alerts)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure, keep and print."""
    print("\n".join(tables(measured(__doc__, rows(), measure, "reliability.json"))))


if __name__ == "__main__":
    main()
