"""What is measured of one made-up city, by the studies that the pages use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from analysis.stats.dispersion import UNKNOWN
from analysis.stats.report_bursts import SINGLE
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.studies.changes import change_study
from curim_data.studies.clusters import CLUSTER_RESOLUTION, cluster_study
from curim_data.studies.emerging import emerging_study
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.scatter import NO_PAST
from curim_data.studies.trends import trend_study
from tests.reliability.world import PERIOD_WEEKS, World, piraeus_point, true_ratios

FALSE_TO = 1.0  # times the risk that a place is compared with, at most: no denser, so that "denser" is false
SLIGHT_TO = 1.5  # times that risk, under which a place is denser, but slightly
WHO = Audience.SPECIALIST
KEPT_FACTS = frozenset({"database", "schema", "facts", "narrow", "default_points"})


def _filters(source: Source) -> tuple[AlertFilter, AlertFilter]:
    """The last eight weeks, and the last twelve months."""
    since = source.as_of - dt.timedelta(days=55)
    return AlertFilter(period="", start=since, end=source.as_of), AlertFilter(period="12m")


def found_where(source: Source, world: World, alerts: Mapping[str, Any]) -> dict[str, float]:  # noqa: ARG001
    """Of a planted spot and a planted rise: whether each was found where it is."""
    recent, year = _filters(source)
    spot, rise = (piraeus_point(int(planted["at"])) for planted in (world.spot, world.rise))

    def near(places: Any, point: tuple[float, float], reach: float) -> float:
        return float(any(_metres((place.longitude, place.latitude), point) < reach for place in places))

    risen = change_study(source, recent, WHO).changes.frame
    risen = risen[risen["significant"] & (risen["direction"] > 0)]
    return {
        "spot in 8 weeks": near(hot_spot_study(source, recent, WHO).spots, spot, 200),
        "spot in a year": near(hot_spot_study(source, year, WHO).spots, spot, 200),
        "spot as a cluster": near(cluster_study(source, year, WHO).found, spot, 200),
        "any rise": float(len(risen) > 0),
        "spot of the rise in 8 weeks": near(hot_spot_study(source, recent, WHO).spots, rise, 500),
    }


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot((one[0] - other[0]) * 88_000, (one[1] - other[1]) * 111_200))


def findings(source: Source, world: World, alerts: Mapping[str, Any]) -> dict[str, Any]:
    """How many findings of each kind a city gets.

    Where risk wanders some areas are denser than others in truth, for weeks or a year, and a map that shows them is
    right. So hot spots and clusters are also counted by what is true of them (`by_truth`), and under `ratios` stand, by
    kind, the true ratios to the city and to the surroundings of places where either is under `SLIGHT_TO`.
    """
    recent, year = _filters(source)
    emerging = emerging_study(source, year, WHO)
    trend = trend_study(source, year, WHO)
    maps = {name: hot_spot_study(source, f, WHO) for name, f in (("8 weeks", recent), ("a year", year))}
    places: dict[str, tuple[Any, int, int]] = {
        "hot spots, 8 weeks": (maps["8 weeks"].spots, maps["8 weeks"].resolution, PERIOD_WEEKS),
        "hot spots, a year": (maps["a year"].spots, maps["a year"].resolution, 52),
        "clusters": (cluster_study(source, year, WHO).found, CLUSTER_RESOLUTION, 52),
    }
    found: dict[str, Any] = {
        "changes": change_study(source, recent, WHO).changes.n_significant,
        "year on year": change_study(source, year, WHO).changes.n_significant,
    }
    ratios = {}
    for kind, (those, resolution, weeks) in places.items():
        span = (world.weeks - weeks, world.weeks)
        true = [true_ratios(alerts, place.cells, resolution, span, world.season) for place in those]
        found |= by_truth(kind, true)
        ratios[kind] = sorted((round(city, 4), round(near, 4)) for city, near in true if min(city, near) < SLIGHT_TO)
    found["emerging"] = 0 if emerging.emerging is None else len(emerging.emerging.places)
    if trend is not None:
        frame = trend.frame[trend.frame["complete"].astype(bool)]
        known = frame["upper"].notna()
        outside = known & frame["alarm"].astype(bool)
        found["weeks outside"], found["weeks"] = float(outside.sum()), float(known.sum())
    return {**found, "ratios": ratios}


def by_truth(kind: str, ratios: Sequence[tuple[float, float]]) -> dict[str, int]:
    """How many places of a kind are found, and how many of them are false, slight, or level with their surroundings.

    `ratios`: the true risk of each by that of the city, and by that around it. False: at most `FALSE_TO` times the
    city's. Slight: more, but under `SLIGHT_TO`. Level: at most `FALSE_TO` times that around it, whatever the city's.
    """
    false = sum(city <= FALSE_TO for city, _ in ratios)
    slight = sum(FALSE_TO < city < SLIGHT_TO for city, _ in ratios)
    level = sum(near <= FALSE_TO for _, near in ratios)
    return {kind: len(ratios), f"{kind}: false": false, f"{kind}: slight": slight, f"{kind}: level": level}


@contextmanager
def as_independent(source: Source) -> Iterator[Source]:
    """The same source, judged as if alerts were independent."""
    cache = {name: value for name, value in source.cache.items() if name in KEPT_FACTS}
    with (
        mock.patch("curim_data.studies.hot_spots.place_scatter", return_value=UNKNOWN),
        mock.patch("curim_data.studies.emerging.place_scatter", return_value=UNKNOWN),
        mock.patch("curim_data.studies.clusters.place_bursts", return_value=SINGLE),
        mock.patch("curim_data.studies.changes.past_scatter", return_value=NO_PAST),
    ):
        yield replace(source, cache=cache)
