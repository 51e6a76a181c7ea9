"""What is found on the maps of one made-up city, by the studies that the pages use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.studies.hot_spots import CLUSTER_RESOLUTION, cluster_study, emerging_study, hot_spot_study
from tests.reliability.world import PERIOD_WEEKS, World, piraeus_point, true_ratios

FALSE_TO = 1.0  # times the risk that a place is compared with, at most: no denser, so that "denser" is false
SLIGHT_TO = 1.5  # times that risk, under which a place is denser, but slightly
WHO = Audience.SPECIALIST


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
