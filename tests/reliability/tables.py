"""What was measured of made-up cities, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scipy import stats

from analysis.clusters.detection import ALPHA as CLUSTER_RATE
from analysis.stats.intervals import wilson

City = Mapping[str, Any]  # what is kept of a city: `kept`, `now`, `before`
PLACES: Final = ("hot spots, 8 weeks", "hot spots, a year", "clusters")
TRUTHS: Final = ("false", "slight", "level")  # what places are, see `tests.reliability.measures.by_truth`
QUIET: Final = ("changes", "year on year", *PLACES, "emerging")
NOMINAL: Final = {"changes": 0.05, "year on year": 0.05, **dict.fromkeys(PLACES, 0.05), "emerging": 0.05} | {
    "clusters": CLUSTER_RATE
}  # shares of cities that may have a false finding
FORMS: Final = ("now", "before")
TOLERANCE: Final = 1e-3  # how seldom more cities have one than is allowed, where the rate is the nominal one


def tables(kept: Mapping[str, Mapping[str, City]]) -> list[str]:
    """The rows of quiet cities, groups of them, what is above its nominal rate, and cities with something planted."""
    rows = {name: list(cities.values()) for name, cities in kept.items()}
    quiet = {name: cities for name, cities in rows.items() if "planted" not in name}
    planted = {name: cities for name, cities in rows.items() if "planted" in name}
    lines = []
    if quiet:
        lines += ["", *quiet_table(quiet), "", *quiet_table(grouped(quiet))]
        above = [*above_nominal(quiet), *above_nominal(grouped(quiet))]
        lines += ["", *(above or ["No figure is above its nominal rate."])]
    return lines + (["", *planted_table(planted)] if planted else [])


def grouped(rows: Mapping[str, Sequence[City]]) -> dict[str, list[City]]:
    """The cities of all rows with as many alerts whose risk is stable, or drifts."""
    groups: dict[str, list[City]] = {}
    for name, cities in rows.items():
        risk = "drifting" if drifting(name) else "stable"
        groups.setdefault(f"{name.split(',')[0]}, {risk}", []).extend(cities)
    return groups


def drifting(name: str) -> bool:
    """Whether the risk of a row or a group of rows drifts."""
    return not name.endswith(("drift 0", "stable"))


def quiet_table(rows: Mapping[str, Sequence[City]]) -> list[str]:
    """Numbers of cities with any finding, now / before; of places also with any false, slight and level one."""
    kinds = [f"{kind}: found (false, slight, level)" if kind in PLACES else kind for kind in QUIET]
    lines = [f"| city | cities | {' | '.join(kinds)} | weeks outside |", "| --- " * 9 + "|"]
    for name, cities in rows.items():
        cells = [name, str(len(cities))]
        cells += [" / ".join(_numbers(kind, [city[form] for city in cities]) for form in FORMS) for kind in QUIET]
        cells.append(" / ".join(_weeks([city[form] for city in cities]) for form in FORMS))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def with_any(kind: str, found: Sequence[Mapping[str, float]]) -> int:
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
            if kind == "emerging" and drifting(name):
                continue
            for judged in (f"{kind}: false", f"{kind}: level") if kind in PLACES else (kind,):
                n = with_any(judged, [city["now"] for city in cities])
                if n > most_allowed(len(cities), rate):
                    lines.append(f"- {name}: {judged} in {n} of {len(cities)}, above {rate:g}")
    return lines


def _numbers(kind: str, found: Sequence[Mapping[str, float]]) -> str:
    n = str(with_any(kind, found))
    if kind not in PLACES:
        return n
    return f"{n} ({', '.join(str(with_any(f'{kind}: {word}', found)) for word in TRUTHS)})"


def _weeks(found: Sequence[Mapping[str, float]]) -> str:
    outside, weeks = (sum(city.get(name, 0) for city in found) for name in ("weeks outside", "weeks"))
    return f"{outside / max(weeks, 1):.4f}"


def planted_table(rows: Mapping[str, Sequence[City]]) -> list[str]:
    """The shares of cities in which what is planted is found, now / before, with the upper ends of their intervals."""
    kinds = list(next(iter(rows.values()))[0]["now"])
    lines = [f"| city | cities | {' | '.join(kinds)} |", "| --- " * (2 + len(kinds)) + "|"]
    for name, cities in rows.items():
        cells = [name, str(len(cities))]
        cells += [" / ".join(_share(kind, [city[form] for city in cities]) for form in FORMS) for kind in kinds]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _share(kind: str, found: Sequence[Mapping[str, float]]) -> str:
    n = with_any(kind, found)
    return f"{n / len(found):.2f} (≤ {wilson(n, len(found)).high:.2f})"
