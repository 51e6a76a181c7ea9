"""Out of which alerts it is chosen what readers of the copy are told, and what they are told of its totals."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import Audience, Message, translator
from curim_data.studies.brief import brief_study
from curim_data.studies.brief_content import _limits
from curim_data.studies.brief_text import missing_sentence
from curim_data.studies.hot_spots import EXCHANGED, emerging_study, hot_spot_study
from curim_data.studies.periods import NO_PLACE, OTHER_DAYS, chosen_from, copy_notes, places_taken
from curim_data.studies.spot_profiles import spot_summaries
from pages.parts.frame.filter_bar import mapped_sentence
from tests.small import alert, small_source
from tests.stored import seen_by

COUNCIL = Audience.COUNCIL
T = translator("en")


def notes(source: Source, f: AlertFilter) -> tuple[Message, ...]:
    return copy_notes(source, f, query.total(seen_by(source, COUNCIL), f))


@pytest.mark.parametrize(
    ("f", "told"),
    [
        (AlertFilter(period="12m"), None),
        (AlertFilter(period="quarter"), None),
        (AlertFilter(period="28d"), OTHER_DAYS),
        (AlertFilter(period="all"), None),
        (AlertFilter(categories=("noise",)), None),
    ],
)
def test_another_number_than_that_of_specialists_is_said_to_be_one(
    council: Source, f: AlertFilter, told: Message | None
) -> None:
    assert council.exact is not None
    own, theirs = query.total(seen_by(council, COUNCIL), f).n, query.total(council.exact, f).n
    if not f.categories:
        assert (own != theirs) == (told is not None)
    assert [note for note in notes(council, f) if note != NO_PLACE] == ([told] if told else [])


def test_a_place_that_was_taken_away_is_not_a_position_that_never_was(council: Source, tmp_path: Path) -> None:
    f = AlertFilter()
    assert places_taken(council)
    assert NO_PLACE in notes(council, f)
    total = query.total(seen_by(council, COUNCIL), f)
    assert f"{total.unmapped} without a place in the copy" in mapped_sentence(T, total, taken=True)
    assert f"{total.unmapped} without a position" in mapped_sentence(T, total)
    study = brief_study(seen_by(council, COUNCIL), f)
    assert f"Alerts without a place in the copy: {total.unmapped}." in missing_sentence(study, council.city, T)
    assert "have no position" in missing_sentence(replace(study, copy_notes=()), council.city, T)
    assert T(NO_PLACE) in _limits(study, f, council.city, T, COUNCIL)
    rows = [alert(number) for number in range(12)]
    same = small_source(tmp_path, rows)
    assert not places_taken(replace(same, exact=small_source(tmp_path, rows)))
    assert not places_taken(same)
    assert copy_notes(same, f, query.total(seen_by(same, COUNCIL), f)) == ()


def test_the_councils_peak_hours_of_a_hot_spot_are_whole_bands(council: Source) -> None:
    f = AlertFilter()
    spots = hot_spot_study(seen_by(council, COUNCIL), f).spots[:4]
    lines = spot_summaries(seen_by(council, COUNCIL), f, spots)
    assert len(lines) == 4
    for line in lines:
        assert line.hours is not None
        first, last = line.hours
        assert first % 6 == (last + 1) % 6 == 0


def test_no_place_of_sensitive_alerts_is_judged_from_the_copy(council: Source) -> None:
    """Not over time either; specialists get it."""
    assert council.exact is not None
    f = AlertFilter(categories=("harassment_verbal",))
    told = emerging_study(seen_by(council, COUNCIL), f)
    assert (told.emerging, told.why, told.lines) == (None, EXCHANGED, ())
    assert emerging_study(council.exact, f).emerging is not None


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
