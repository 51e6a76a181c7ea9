"""How often quiet cities get findings, and how often what is planted is found, by the studies that the pages use.

    python -m tests.reliability [--cities 100] [--rows 1100] [--jobs 2] [--out docs/reliability-of-findings.json]

prints the tables of docs/reliability-of-findings.md. A row of 100 cities takes some five minutes of one processor with
1,100 alerts in eight weeks, and fifteen with 6,400. What was measured is kept in `--out` by row and city, so that a run
that is ended goes on where it was.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.stats.intervals import wilson
from tests.reliability.measures import as_alerts, findings, found_where, share_kept
from tests.reliability.runs import measured
from tests.reliability.world import PERIOD_WEEKS, World, simulate, source_of

SIZES: Final = (1_100, 6_400)
BURSTS: Final = ((1.0, 30, 3), (1.5, 30, 3), (2.0, 30, 3), (2.0, 60, 24), (3.0, 30, 3), (3.0, 60, 24))
RISKS: Final = ((0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.3, 0.4))  # season, drift
SPOT: Final = {"at": 777, "metres": 90.0, "times": 5.0}
RISE: Final = {"at": 9992, "metres": 300.0, "times": 4.0}  # around a landmark


def rows(pattern: str = "") -> dict[str, World]:
    """The worlds of the tables by name; those whose name holds the pattern."""
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
    return {name: world for name, world in found.items() if pattern in name}


def measure(job: tuple[str, World, int]) -> tuple[str, dict[str, Any]]:
    """One city of a row: what it got, and what it would have got where every alert is an incident."""
    name, world, number = job
    alerts = simulate(world, np.random.default_rng([number, *map(ord, name)]))
    folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    try:
        source = source_of(alerts, folder)
        kept = share_kept(source, len(np.unique(alerts["incident"])))
        look = found_where if world.spot else findings
        now = look(source, world, alerts)
        with as_alerts(source) as naive:
            return name, {"kept": kept, "now": now, "before": look(naive, world, alerts)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure, keep and print."""
    print("\n".join(table(measured(__doc__, rows(), measure, "reliability.json"))))


def table(kept: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What was kept, in Markdown: a row a world, for each kind of finding the share of cities now, and before."""
    lines: list[str] = []
    for planted in (False, True):
        names = [name for name in kept if ("planted" in name) is planted]
        if not names:
            continue
        first = next(iter(kept[names[0]].values()))
        kinds = [kind for kind in first["now"] if kind != "weeks"]
        lines += [
            "",
            "| city | cities | incidents kept | " + " | ".join(kinds) + " |",
            "| --- " * (3 + len(kinds)) + "|",
        ]
        for name in names:
            cities = list(kept[name].values())
            cells = [name, str(len(cities)), f"{np.mean([city['kept'] for city in cities]):.2f}"]
            for kind in kinds:
                cells.append(" / ".join(_share(kind, [city[form] for city in cities]) for form in ("now", "before")))
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def _share(kind: str, cities: list[Mapping[str, float]]) -> str:
    """The share of cities with a finding, with the upper end of its interval; of weeks the share outside."""
    if kind == "weeks outside":
        return f"{sum(city[kind] for city in cities) / max(sum(city['weeks'] for city in cities), 1):.4f}"
    known = [city[kind] for city in cities if kind in city]
    n = sum(value > 0 for value in known)
    return f"{n / max(len(known), 1):.2f} (≤ {wilson(n, len(known)).high:.2f})"


if __name__ == "__main__":
    main()
