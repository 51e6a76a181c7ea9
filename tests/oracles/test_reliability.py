"""Quiet cities get hardly any findings, though alerts are reported several times; and before they did.

The short form of `python -m tests.reliability`, whose tables stand in docs/reliability-of-findings.md.
"""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from tests.effort import FULL
from tests.reliability.__main__ import measure
from tests.reliability.tables import QUIET as KINDS
from tests.reliability.tables import above_nominal
from tests.reliability.world import World

CITIES = 40 if FULL else 6
NOMINAL = 0.05


@pytest.fixture(scope="module")
def cities() -> list[dict[str, Any]]:
    """Two reports an alert within 60 m and a day, a season of 30 %, a risk that wanders."""
    world = World(alerts=1_100, reports=2.0, metres=60, hours=24, season=0.3, drift=0.4)
    return [measure(("short", world, number))[1] for number in range(CITIES)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_quiet_cities_have_findings_than_said(cities: list[dict[str, Any]], kind: str) -> None:
    found = sum(city["now"][kind] > 0 for city in cities)
    assert found <= stats.binom.isf(1e-3, CITIES, NOMINAL)


def test_no_more_quiet_cities_have_false_findings_than_each_kind_may(cities: list[dict[str, Any]]) -> None:
    assert above_nominal({"short, drift 0.4": cities}) == []


def test_incidents_are_counted_as_they_were(cities: list[dict[str, Any]]) -> None:
    assert all(abs(city["kept"] - 1) < 0.03 for city in cities)


def test_weeks_lie_within_the_expected_range(cities: list[dict[str, Any]]) -> None:
    outside, weeks = (sum(city["now"][name] for city in cities) for name in ("weeks outside", "weeks"))
    assert outside <= stats.binom.isf(1e-3, int(weeks), 0.015)


def test_each_alert_taken_as_an_incident_most_quiet_cities_had_findings(cities: list[dict[str, Any]]) -> None:
    assert sum(city["before"]["year on year"] > 0 for city in cities) > CITIES / 2
    assert sum(max(city["before"][kind] for kind in KINDS) > 0 for city in cities) > 0.9 * CITIES
