"""What is found on the maps of one made-up city, by the studies that the pages use, and the tables of many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.clusters import ALPHA as CLUSTER_RATE
from analysis.stats.intervals import wilson
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.studies.hot_spots import CLUSTER_RESOLUTION, cluster_study, emerging_study, hot_spot_study
from tests.reliability.world import PERIOD_WEEKS, World, piraeus_point, true_ratios

City = Mapping[str, Any]
PLACES: Final = ("hot spots, 8 weeks", "hot spots, a year", "clusters")
TRUTHS: Final = ("false", "slight", "level")  # what places are, see `by_truth`
QUIET: Final = (*PLACES, "emerging")
NOMINAL: Final = {**dict.fromkeys(QUIET, 0.05), "clusters": CLUSTER_RATE}  # cities that may have a false finding
TOLERANCE: Final = 1e-3  # how seldom more cities have one than is allowed, where the rate is the nominal one
FALSE_TO = 1.0  # times the risk that a place is compared with, at most: no denser, so that "denser" is false
SLIGHT_TO = 1.5  # times that risk, under which a place is denser, but slightly


def _filters(source: Source) -> tuple[AlertFilter, AlertFilter]:
    """The last eight weeks, and the last twelve months."""
    since = source.as_of - dt.timedelta(days=55)
    return AlertFilter(period="", start=since, end=source.as_of), AlertFilter(period="12m")


def found_where(source: Source, world: World, alerts: Mapping[str, Any]) -> dict[str, float]:  # noqa: ARG001
    """Of a planted spot: whether it was found where it is."""
    recent, year = _filters(source)
    spot = piraeus_point(int(world.spot["at"]))

    def near(places: Any) -> float:
        return float(any(_metres((place.longitude, place.latitude), spot) < 200 for place in places))

    emerging = emerging_study(source, year).emerging
    return {
        "spot in 8 weeks": near(hot_spot_study(source, recent).spots),
        "spot in a year": near(hot_spot_study(source, year).spots),
        "spot as a cluster": near(cluster_study(source, year).found),
        "spot emerging": 0.0 if emerging is None else near(emerging.places),
    }


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot((one[0] - other[0]) * 88_000, (one[1] - other[1]) * 111_200))


def findings(source: Source, world: World, alerts: Mapping[str, Any]) -> dict[str, Any]:
    """How many places of each kind a city gets.

    Where risk wanders some areas are denser than others in truth, for weeks or a year, and a map that shows them is
    right. So hot spots and clusters are also counted by what is true of them (`by_truth`).
    """
    recent, year = _filters(source)
    emerging = emerging_study(source, year).emerging
    maps = [hot_spot_study(source, f) for f in (recent, year)]
    places: dict[str, tuple[Any, int, int]] = {
        "hot spots, 8 weeks": (maps[0].spots, maps[0].resolution, PERIOD_WEEKS),
        "hot spots, a year": (maps[1].spots, maps[1].resolution, 52),
        "clusters": (cluster_study(source, year).found, CLUSTER_RESOLUTION, 52),
    }
    found: dict[str, Any] = {"emerging": 0 if emerging is None else len(emerging.places)}
    for kind, (those, resolution, weeks) in places.items():
        span = (world.weeks - weeks, world.weeks)
        found |= by_truth(kind, [true_ratios(alerts, one.cells, resolution, span, world.season) for one in those])
    return found


def by_truth(kind: str, ratios: Sequence[tuple[float, float]]) -> dict[str, int]:
    """How many places of a kind are found, and how many of them are false, slight, or level with their surroundings.

    `ratios`: the true risk of each by that of the city, and by that around it. False: at most `FALSE_TO` times the
    city's. Slight: more, but under `SLIGHT_TO`. Level: at most `FALSE_TO` times that around it, whatever the city's.
    """
    false = sum(city <= FALSE_TO for city, _ in ratios)
    slight = sum(FALSE_TO < city < SLIGHT_TO for city, _ in ratios)
    level = sum(near <= FALSE_TO for _, near in ratios)
    return {kind: len(ratios), f"{kind}: false": false, f"{kind}: slight": slight, f"{kind}: level": level}


def tables(kept: Mapping[str, Mapping[str, City]]) -> list[str]:
    """Groups of rows of quiet cities, the rows, what is above its nominal rate, and cities with something planted."""
    rows = {name: list(cities.values()) for name, cities in kept.items()}
    quiet = {name: cities for name, cities in rows.items() if "planted" not in name}
    planted = {name: cities for name, cities in rows.items() if "planted" in name}
    lines = []
    if quiet:
        lines += ["", *quiet_table(grouped(quiet)), "", *quiet_table(quiet)]
        lines += ["", *([*above_nominal(quiet), *above_nominal(grouped(quiet))] or ["Nothing is above its rate."])]
    return lines + (["", *planted_table(planted)] if planted else [])


def grouped(rows: Mapping[str, Sequence[City]]) -> dict[str, list[City]]:
    """The cities of all rows with as many alerts, at corners or anywhere, whose risk is stable, or drifts."""
    groups: dict[str, list[City]] = {}
    for name, cities in rows.items():
        parts = name.split(", ")
        groups.setdefault(", ".join([parts[0], *parts[-2:]]), []).extend(cities)
    return groups


def quiet_table(rows: Mapping[str, Sequence[City]]) -> list[str]:
    """Numbers of cities with any place, and of those where risk drifts with any false, slight and level one."""
    lines = [f"| city | cities | {' | '.join(QUIET)} |", "| --- " * (2 + len(QUIET)) + "|"]
    for name, cities in rows.items():
        cells = [name, str(len(cities))]
        for kind in QUIET:
            found = str(with_any(kind, cities))
            if kind in PLACES and name.endswith("drifting"):
                found += f" ({', '.join(str(with_any(f'{kind}: {word}', cities)) for word in TRUTHS)})"
            cells.append(found)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def with_any(kind: str, found: Sequence[City]) -> int:
    """How many cities have any finding of a kind."""
    return sum(city[kind] > 0 for city in found)


def most_allowed(cities: int, rate: float) -> int:
    """The most of so many cities that may have a false finding, where so large a share of cities does."""
    return int(stats.binom.isf(TOLERANCE, cities, rate))


def above_nominal(rows: Mapping[str, Sequence[City]]) -> list[str]:
    """The rows in which more cities have a false finding than the nominal rate allows.

    Places are judged against the city and against their surroundings. Which classes over time of drifting cities are
    false is not known: they are not judged.
    """
    lines = []
    for name, cities in rows.items():
        for kind, rate in NOMINAL.items():
            if kind == "emerging" and name.endswith("drifting"):
                continue
            for judged in (f"{kind}: false", f"{kind}: level") if kind in PLACES else (kind,):
                n = with_any(judged, cities)
                if n > most_allowed(len(cities), rate):
                    lines.append(f"- {name}: {judged} in {n} of {len(cities)}, above {rate:g}")
    return lines


def planted_table(rows: Mapping[str, Sequence[City]]) -> list[str]:
    """The shares of cities in which what is planted is found, with the upper ends of their intervals."""
    kinds = list(next(iter(rows.values()))[0])
    lines = [f"| city | cities | {' | '.join(kinds)} |", "| --- " * (2 + len(kinds)) + "|"]
    for name, cities in rows.items():
        cells = [name, str(len(cities))]
        for kind in kinds:
            n = with_any(kind, cities)
            cells.append(f"{n / len(cities):.2f} (≤ {wilson(n, len(cities)).high:.2f})")
        lines.append(f"| {' | '.join(cells)} |")
    return lines
