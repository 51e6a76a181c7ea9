"""Out of which alerts it is chosen what is told, for every filter that can be asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from curim_data.engine import Source
from curim_data.filters import PERIODS, AlertFilter
from curim_data.studies.periods import chosen_from
from tests.small import alert, small_source

DAY = dt.date(2025, 6, 2)
# For each attribute of a filter values that ask for something by it, beside the periods that have a name.
ASKED: dict[str, list[Any]] = {
    "start": [DAY],
    "end": [DAY],
    "categories": [("noise",), ("harassment_sexual", "noise")],
    "groups": [("place",)],
    "kinds": [("risk",)],
    "affected": [("woman",)],
    "reporters": [("man",)],
    "dark": [True, False],
    "hours": [(20, 5), (9, 9)],
    "weekdays": [(0,), (0, 1, 2, 3, 4, 5, 6)],
    "districts": [("zone_1",)],
    "places": [("quay",)],
    "cells": [("891e91a2b4fffff",)],
    "statuses": [("open",)],
    "severities": [(3,)],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder: Path = tmp_path_factory.mktemp("selection")
    exact, own = (small_source(folder, [alert(1)]) for _ in range(2))
    return replace(own, exact=exact)


def test_every_attribute_of_a_filter_is_asked_here() -> None:
    assert {"period", *ASKED} == {one.name for one in fields(AlertFilter)}
    for name, values in ASKED.items():
        for value in values:
            assert AlertFilter().replace(**{name: value}) != AlertFilter(), (name, value)


@pytest.mark.parametrize("period", PERIODS)
def test_the_whole_city_over_a_named_period_is_chosen_from_the_alerts(copy: Source, period: str) -> None:
    assert chosen_from(copy, AlertFilter(period=period)) is copy.exact


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(("name", "value"), [(name, one) for name, values in ASKED.items() for one in values])
def test_anything_else_is_chosen_from_the_copy(copy: Source, period: str, name: str, value: Any) -> None:
    assert chosen_from(copy, AlertFilter(period=period).replace(**{name: value})) is copy


def test_dates_choose_from_the_copy_even_where_they_are_those_of_a_named_period(copy: Source) -> None:
    last = copy.as_of
    year = (last.replace(year=last.year - 1) + dt.timedelta(days=1), last)
    for start, end in (year, (copy.first, last), (last - dt.timedelta(days=27), last)):
        for period in ("", *PERIODS):
            assert chosen_from(copy, AlertFilter(period=period, start=start, end=end)) is copy, (start, period)


def test_who_reads_the_alerts_has_it_chosen_from_them_under_any_filter(copy: Source) -> None:
    exact = copy.exact
    assert exact is not None
    for f in (AlertFilter(), AlertFilter(period="all"), AlertFilter(start=DAY), AlertFilter(categories=("noise",))):
        assert chosen_from(exact, f) is exact
