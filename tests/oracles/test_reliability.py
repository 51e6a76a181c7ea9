"""Quiet cities get hardly any place, though alerts come several times and on corners; what happened is told.

The short forms of `python -m tests.reliability`, whose tables stand in docs/reliability-of-findings.md, and of its
`--told`: on the sample and, where they are there, on three exports; on a push on one of them, or on the sample.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.intervals import UNKNOWN
from analysis.trends.changes import CANDIDATE_KEYS, Change
from analysis.trends.reporting import Event
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.store import Home
from curim_data.studies.brief import brief_changes
from curim_data.studies.changes import _makes, change_study
from tests.effort import FULL
from tests.real.cities import REAL
from tests.reliability import measures
from tests.reliability.__main__ import CORNERS, measure
from tests.reliability.measures import QUIET, above_nominal, by_truth
from tests.reliability.told import doubled_cities, events, gaps, newest, put_in, table_of
from tests.reliability.world import World, cells_of, pool, pool_cells, simulate, true_ratios

CITIES = 40 if FULL else 3
NOMINAL = 0.05
PLACES = {"corners": CORNERS, **({"anywhere": 0} if FULL else {})}


@pytest.fixture(scope="module", params=PLACES.values(), ids=PLACES)
def cities(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Two reports an alert within 60 m and a day, a season of 30 %, a risk that wanders."""
    world = World(1_100, 2.0, 60, 24, season=0.3, drift=0.4, corners=request.param)
    return [measure(("short", world, number))[1] for number in range(CITIES)]


@pytest.mark.parametrize("kind", QUIET)
def test_no_more_quiet_cities_have_findings_than_said(cities: list[dict[str, Any]], kind: str) -> None:
    assert sum(city[kind] > 0 for city in cities) <= stats.binom.isf(1e-3, CITIES, NOMINAL)


def test_no_more_quiet_cities_have_false_findings_than_each_kind_may(cities: list[dict[str, Any]]) -> None:
    assert above_nominal({"short, drifting": cities}) == []


FEW, MANY = "1100 alerts, 1 reports, anywhere, drifting", "6400 alerts, 1 reports, corners, stable"
WEEKS = (8, 60)
RESOLUTION = 9  # as large as squares of 350 m


@pytest.fixture(scope="module")
def drifting() -> tuple[World, dict[str, Any]]:
    """Some 300,000 alerts, each reported once, in a city with a season and a risk that wanders."""
    world = World(alerts=40_000, season=0.3, drift=0.4, weeks=60)
    return world, simulate(world, np.random.default_rng(4))


def test_a_place_no_denser_than_the_city_is_false_and_one_under_one_and_a_half_slight() -> None:
    found = by_truth("clusters", [(ratio, 2.0) for ratio in (0.4, 1.0, 1.0001, 1.3, 1.4999, 1.5, 4.0)])
    assert found == {"clusters": 7, "clusters: false": 2, "clusters: slight": 3, "clusters: level": 0}
    # No denser than its surroundings: level, whatever the city is.
    found = by_truth("clusters", [(2.0, ratio) for ratio in (0.9, 1.0, 1.1)])
    assert found == {"clusters": 3, "clusters: false": 0, "clusters: slight": 0, "clusters: level": 2}
    alerts = simulate(World(), np.random.default_rng(1))
    found = by_truth("clusters", [true_ratios(alerts, [5], RESOLUTION, WEEKS)])
    assert found == {"clusters": 1, "clusters: false": 1, "clusters: slight": 0, "clusters: level": 1}


def test_the_true_ratio_is_that_of_very_many_incidents(drifting: tuple[World, dict[str, Any]]) -> None:
    """Slow twin: alerts counted by cell, over those that would be there if they were spread as the land is."""
    world, alerts = drifting
    of_points = cells_of(alerts["x"], alerts["y"], RESOLUTION)
    land = Counter(pool_cells(RESOLUTION).tolist())
    within = (alerts["hours"] >= WEEKS[0] * 168) & (alerts["hours"] < WEEKS[1] * 168)
    counted = Counter(of_points[within].tolist())
    scores, ratios = [], []
    for cell, points in list(land.items())[::2]:
        even = within.sum() * points / sum(land.values())
        if even > 500:
            ratio, _ = true_ratios(alerts, [cell], RESOLUTION, WEEKS, world.season)
            ratios.append(ratio)
            scores.append((counted[cell] - even * ratio) / np.sqrt(even * ratio))
    assert max(ratios) > 1.3
    assert min(ratios) < 0.8
    assert stats.chi2.sf(np.sum(np.square(scores)), len(scores)) > 1e-4


def test_a_row_is_judged_by_its_surroundings_too_and_classes_over_time_where_risk_is_stable_alone() -> None:
    level = _city(**{"hot spots, a year": 1, "hot spots, a year: level": 1})
    assert above_nominal({FEW: [level] * 2 + [_city()] * 2}) == []
    assert above_nominal({FEW: [level] * 3}) == [f"- {FEW}: hot spots, a year: level in 3 of 3, above 0.05"]
    assert above_nominal({FEW: [_city(emerging=1)] * 4}) == []
    assert above_nominal({MANY: [_city(emerging=1)] * 4}) == [f"- {MANY}: emerging in 4 of 4, above 0.05"]


def _city(**found: int) -> dict[str, Any]:
    """A city with nothing but these findings."""
    none = dict.fromkeys(QUIET, 0)
    none |= {f"{kind}: {word}": 0 for kind in measures.PLACES for word in measures.TRUTHS}
    return {**none, **found}


def test_surroundings_are_those_under_a_gaussian_of_200_metres(drifting: tuple[World, dict[str, Any]]) -> None:
    """Twin: the same alerts, weighted by their distance from the middle of a cell, over points of even land."""
    world, alerts = drifting
    within = (alerts["hours"] >= WEEKS[0] * 168) & (alerts["hours"] < WEEKS[1] * 168)
    incidents = np.column_stack([alerts["x"], alerts["y"]])[within]
    cells = cells_of(alerts["x"], alerts["y"], RESOLUTION)[within]
    found = []
    for cell in np.unique(cells)[::9]:
        inside = pool_cells(RESOLUTION) == cell
        if inside.sum() > 1_500:
            near = [
                np.exp(-((at - pool()[inside].mean(axis=0)) ** 2).sum(axis=1) / (2 * 200**2)).sum()
                for at in (incidents, pool())
            ]
            counted = (cells == cell).sum() / inside.sum() / near[0] * near[1]
            found.append((true_ratios(alerts, [int(cell)], RESOLUTION, WEEKS, world.season)[1], counted))
    assert len(found) > 5
    assert np.ptp([true for true, _ in found]) > 0.2
    assert all(true == pytest.approx(counted, rel=0.06) for true, counted in found)


NAMES = ("nypd", "lancashire", "vancouver") if FULL else ("nypd",)
EXPORTS = [city.name for city in REAL if city.name in NAMES and city.there]


@pytest.fixture(scope="module", params=["sample", *EXPORTS] if FULL else EXPORTS or ["sample"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Home]:
    """A city's name and its home."""
    if request.param == "sample":
        home: Home = request.getfixturevalue("sample")
        return request.param, home
    found = next(city for city in REAL if city.name == request.param)
    return found.name, Home(found.build(Path(tmp_path_factory.mktemp(found.name))))


def test_a_doubled_city_is_clear(city: tuple[str, Home]) -> None:
    assert [case for case in doubled_cities(*city) if not case.told] == []


def test_events_are_told(city: tuple[str, Home]) -> None:
    cases = [case for case in events(*city) if case.level == "event"]
    assert len(cases) == (0 if city[0] == "lancashire" else 3)  # which knows months alone
    assert [case for case in cases if not case.told] == []


def test_an_event_is_no_change_beside(sample: Home) -> None:
    """Sixty in a night where there were few are an event; no place, district or category rises for it."""
    source = open_source(sample)
    f = AlertFilter(period="", start=newest(source)[0], end=newest(source)[1])
    table = table_of(sample)
    cell = int(table["cell_9"].drop_null().to_pandas().value_counts().index[40])
    category = str(table["category"].to_pandas().value_counts().index[-1])
    start = dt.datetime.combine(f.start or source.first, dt.time(20)) + dt.timedelta(days=5)
    more = put_in(sample, category, cell, 60, start, 3.9)
    study = brief_changes(more, f)
    assert (study.events[0].event.cell, study.events[0].event.category) == (cell, category)
    rose = [one.change for one in study.findings if one.change.direction > 0]
    assert not [one for one in rose if one.key["category"] == category]
    found = change_study(more, f).changes.found
    assert [one for one in found if one.key["category"] == category]  # which it would be


def test_a_probable_event_stands_for_no_clear_change() -> None:
    """Of the same rise, which the event makes: a clear event does."""
    at = dt.datetime(2026, 9, 7, 20)
    event = Event("theft", 617535921893670911, 4, 60, at, at, 50, at.date(), "probable", np.arange(0))
    key = dict.fromkeys(CANDIDATE_KEYS) | {"category": "theft"}
    change = Change(key, "category", 30, 70, 30.0, UNKNOWN, 0.0, 0.0, "clear", 1, "past")
    rows = pd.DataFrame({"district": [], "place": []})
    assert not _makes(event, rows, change)
    assert _makes(event, rows, replace(change, grade="probable"))
    assert _makes(replace(event, grade="clear"), rows, change)
    assert not _makes(replace(event, grade="clear"), rows, replace(change, after=200))


def test_a_missing_month_is_named_and_makes_no_change(city: tuple[str, Home]) -> None:
    cases = list(gaps(*city))
    assert len(cases) >= 4
    assert [case for case in cases if case.told != case.ought] == []
