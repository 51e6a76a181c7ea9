"""A doubled city, a night of sixty, a missing month: what happened is told.

The short form of `python -m tests.reliability --told`, on three exports where they are there, and on the sample.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.store import Home
from tests.real.cities import REAL
from tests.reliability.told import doubled_cities, events, gaps

CITIES = ("lancashire", "vancouver", "nypd")


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


def test_a_missing_month_is_named_and_makes_no_change(city: tuple[str, Home]) -> None:
    cases = list(gaps(*city))
    assert len(cases) >= 4
    assert [case for case in cases if case.told != case.ought] == []
