"""Quiet cities whose bursts of reports are not recognised: how often what is judged by dispersion is false.

    python -m tests.reliability.missed [--cities 100] [--jobs 2] [--out missed.json]

prints a table of docs/reliability-of-findings.md. Further reports lie so far from the first, or name another category,
that the rule links a part of them only or none: what is counted still comes in bursts.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.stats.intervals import wilson
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.studies.clusters import cluster_study
from curim_data.studies.emerging import emerging_study
from curim_data.studies.gender import feeling_study, light_study, place_study, rate_study, share_study, weight_study
from tests.reliability.runs import measured
from tests.reliability.world import World, piraeus, piraeus_point, simulate, source_of

SPOT: Final = {"at": 777, "metres": 90.0, "times": 5.0}
# Reports, metres, hours, and whether further reports name another category.
BURSTS: Final = (
    (1.0, 30, 3, False),
    (3.0, 150, 48, False),
    (3.0, 60, 24, True),
)


def worlds() -> dict[str, World]:
    """The cities of the table by name: with reports of one alert alike, or of any gender, or with places planted."""
    found: dict[str, World] = {}
    for reports, metres, hours, mixed in BURSTS:
        name = f"{reports:g} reports, {metres} m, {hours} h" + (", any category" if mixed else "")
        world = World(1_100, reports, metres, hours, alike=True, mixed=mixed)
        found[name] = world
        if reports == BURSTS[-1][0]:
            found[f"{name}, any gender"] = replace(world, alike=False)
        found[f"{name}, planted"] = replace(world, spot=SPOT)
    return found


def findings(source: Source, world: World) -> dict[str, float]:
    """What is found in the last twelve months: a number of findings, or whether an interval misses the truth."""
    year = AlertFilter(period="12m")
    emerging = emerging_study(source, year).emerging
    found: dict[str, float] = {
        "clusters": len(cluster_study(source, year).found),
        "emerging": 0 if emerging is None else len(emerging.places),
        "categories": int(weight_study(source, year).frame["significant"].sum()),
        "places": int(place_study(source, year).differ.frame["significant"].sum()),
        "share of women": _misses(share_study(source, year).women, 0.5),
        "day and night": _misses(light_study(source, year).ratio, 1.0),
    }
    if world.alike:
        found["feeling"] = _misses(feeling_study(source, year).gap, 0.0)
    rates = rate_study(_with_residents(source), year)
    if rates is not None:
        row = rates.frame.iloc[0]
        found["rates"] = float(not row["low"] <= 1 <= row["high"])
    return found


def _with_residents(source: Source) -> Source:
    """The city with as many women as men in each district."""
    districts = [area.id for area in piraeus().districts]
    people = pd.DataFrame({"district": districts, "women": 5_000.0, "men": 5_000.0})
    return replace(source, city=replace(source.city, population=people))


def planted(source: Source, world: World) -> dict[str, float]:
    """Whether the planted spot is a cluster."""
    spot = piraeus_point(int(world.spot["at"]))
    year = AlertFilter(period="12m")

    def near(places: Any, point: tuple[float, float], reach: float) -> float:
        return float(any(_metres((place.longitude, place.latitude), point) < reach for place in places))

    emerging = emerging_study(source, year).emerging
    return {
        "spot as a cluster": near(cluster_study(source, year).found, spot, 200),
        "spot emerging": 0.0 if emerging is None else near(emerging.places, spot, 300),
    }


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot((one[0] - other[0]) * 88_000, (one[1] - other[1]) * 111_200))


def _misses(found: Any, truth: float) -> float:
    return float(found.known and not found.low <= truth <= found.high)


def measure(job: tuple[str, World, int]) -> tuple[str, dict[str, float]]:
    """One city of a row."""
    name, world, number = job
    alerts = simulate(world, np.random.default_rng([number, *map(ord, name)]))
    folder = Path(tempfile.mkdtemp(prefix="reliability-"))
    try:
        return name, (planted if world.spot else findings)(source_of(alerts, folder), world)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure, keep and print."""
    kept = measured(__doc__, worlds(), measure, "missed.json")
    for is_planted in (False, True):
        rows = {name: list(cities.values()) for name, cities in kept.items() if ("planted" in name) is is_planted}
        print("\n".join(table(rows)))


def table(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> list[str]:
    """The share of cities with any finding of a kind, in Markdown, with its interval of 95 %."""
    kinds = list(dict.fromkeys(kind for cities in rows.values() for city in cities for kind in city))
    lines = ["", f"| city | cities | {' | '.join(kinds)} |", "| --- " * (2 + len(kinds)) + "|"]
    for name, cities in rows.items():
        cells = []
        for kind in kinds:
            known = [city[kind] > 0 for city in cities if kind in city]
            share = wilson(sum(known), len(known))
            cells.append(f"{share.value:.2f} ({share.low:.2f}–{share.high:.2f})" if known else "–")
        lines.append(f"| {name} | {len(cities)} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
