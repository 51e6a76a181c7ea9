"""What is measured of one made-up city, by the studies that the pages use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from analysis.stats.dispersion import UNKNOWN
from analysis.stats.report_bursts import SINGLE
from curim_data.engine import Source
from curim_data.engine.incidents import IncidentFacts
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.studies.changes import change_study
from curim_data.studies.clusters import CLUSTER_RESOLUTION, cluster_study
from curim_data.studies.emerging import emerging_study
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.scatter import NO_PAST
from curim_data.studies.trends import trend_study
from tests.reliability.world import PERIOD_WEEKS, World, piraeus_point, true_density

DENSER = 1.5  # times as dense as the city, and more: no false hot spot
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


def findings(source: Source, world: World, alerts: Mapping[str, Any]) -> dict[str, float]:
    """How many findings of each kind a city gets.

    Where risk wanders some areas are denser than others in truth, for weeks or a year, and a map that shows them is
    right: hot spots and clusters `by chance` are those whose risk was less than `DENSER` times that of the city.
    """
    recent, year = _filters(source)
    emerging = emerging_study(source, year, WHO)
    trend = trend_study(source, year, WHO)
    maps = {"8 weeks": hot_spot_study(source, recent, WHO), "a year": hot_spot_study(source, year, WHO)}
    length = {"8 weeks": PERIOD_WEEKS, "a year": 52}
    clusters = cluster_study(source, year, WHO).found

    def by_chance(places: Any, resolution: int, weeks: int) -> int:
        span = (world.weeks - weeks, world.weeks)
        return sum(true_density(alerts, place.cells, resolution, span) < DENSER for place in places)

    found: dict[str, float] = {
        "changes": change_study(source, recent, WHO).changes.n_significant,
        "year on year": change_study(source, year, WHO).changes.n_significant,
        **{f"hot spots, {name}": len(study.spots) for name, study in maps.items()},
        **{
            f"by chance, {name}": by_chance(study.spots, study.resolution, length[name]) for name, study in maps.items()
        },
        "clusters": len(clusters),
        "clusters by chance": by_chance(clusters, CLUSTER_RESOLUTION, length["a year"]),
        "emerging": 0 if emerging.emerging is None else len(emerging.emerging.places),
    }
    if trend is not None:
        frame = trend.frame[trend.frame["complete"].astype(bool)]
        known = frame["upper"].notna()
        outside = known & frame["alarm"].astype(bool)
        found["weeks outside"], found["weeks"] = float(outside.sum()), float(known.sum())
    return found


@contextmanager
def as_alerts(source: Source) -> Iterator[Source]:
    """The same source as it was judged before: each alert an incident, all of them independent."""
    facts: Any = source.incidents
    cache = {name: value for name, value in source.cache.items() if name in KEPT_FACTS}
    alone = IncidentFacts(facts.alerts, facts.alerts, facts.rule)
    with (
        mock.patch("curim_data.studies.hot_spots.place_scatter", return_value=UNKNOWN),
        mock.patch("curim_data.studies.emerging.place_scatter", return_value=UNKNOWN),
        mock.patch("curim_data.studies.clusters.place_bursts", return_value=SINGLE),
        mock.patch("curim_data.studies.changes.past_scatter", return_value=NO_PAST),
    ):
        yield replace(source, cache={**cache, "incidents": alone})


def share_kept(source: Source, truth: int) -> float:
    """Incidents counted by the true number of incidents."""
    return float(source.incidents.incidents) / truth if source.incidents else np.nan
