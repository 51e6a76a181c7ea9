"""Maps of quiet cities get hardly any place, though alerts are reported several times and moved to corners.

The short form of `python -m tests.reliability`, whose tables stand in docs/reliability-of-findings.md.
"""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from tests.effort import FULL
from tests.reliability.__main__ import CORNERS, measure
from tests.reliability.measures import QUIET as KINDS
from tests.reliability.measures import above_nominal
from tests.reliability.world import World

CITIES = 40 if FULL else 6
NOMINAL = 0.05
PLACES = {"corners": CORNERS, **({"anywhere": 0} if FULL else {})}


@pytest.fixture(scope="module", params=PLACES.values(), ids=PLACES)
def cities(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Two reports an alert within 60 m and a day, a season of 30 %, a risk that wanders."""
    world = World(1_100, 2.0, 60, 24, season=0.3, drift=0.4, corners=request.param)
    return [measure(("short", world, number))[1] for number in range(CITIES)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_quiet_cities_have_findings_than_said(cities: list[dict[str, Any]], kind: str) -> None:
    assert sum(city[kind] > 0 for city in cities) <= stats.binom.isf(1e-3, CITIES, NOMINAL)


def test_no_more_quiet_cities_have_false_findings_than_each_kind_may(cities: list[dict[str, Any]]) -> None:
    assert above_nominal({"short, drifting": cities}) == []
