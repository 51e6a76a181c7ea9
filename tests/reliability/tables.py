"""What was measured of made-up cities, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scipy import stats

from analysis.clusters import ALPHA as CLUSTER_RATE
from analysis.stats.intervals import wilson

City = Mapping[str, Any]
PLACES: Final = ("hot spots, 8 weeks", "hot spots, a year", "clusters")
TRUTHS: Final = ("false", "slight", "level")  # what places are, see `tests.reliability.measures.by_truth`
QUIET: Final = (*PLACES, "emerging")
NOMINAL: Final = {**dict.fromkeys(QUIET, 0.05), "clusters": CLUSTER_RATE}  # cities that may have a false finding
TOLERANCE: Final = 1e-3  # how seldom more cities have one than is allowed, where the rate is the nominal one


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
