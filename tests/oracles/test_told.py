"""A doubled city, a night of sixty, a missing month: what happened is told.

The short form of `python -m tests.reliability --told`, on the sample and, where they are there, on three exports (on a
push on one of them).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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
from tests.reliability.told import doubled_cities, events, gaps, newest, put_in, table_of

CITIES = ("nypd", *(("lancashire", "vancouver") if FULL else ()))


@pytest.fixture(scope="module", params=["sample", *(city.name for city in REAL if city.name in CITIES and city.there)])
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
