"""Filters of which the data know nothing are not offered, and the reason is given."""

from __future__ import annotations

from dataclasses import replace

import h3.api.basic_int as h3
import pandas as pd
import pytest

from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, KnownTime, Message, Translator
from curim_data.model.absence import DISTRICTS_IN_WORDS, NO_AFFECTED, NO_DISTRICTS, NO_REPORTERS
from curim_data.model.place_names import PlaceNames
from curim_data.store import Home
from pages.parts.frame.filter_bar import _by_reason, field_absence


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


def absent(source: Source) -> set[str]:
    fields = [field for field in AlertFilter.fields() if field.widget is not None]
    return {name for field in fields if field_absence(field, source) is not None for name in field.names}


def test_everything_is_offered_where_everything_is_known(source: Source) -> None:
    assert absent(source) == set()


def test_time_is_offered_as_finely_as_it_is_known(source: Source) -> None:
    assert absent(replace(source, known_time=KnownTime.DAY)) == {"dark", "hours"}
    assert absent(replace(source, known_time=KnownTime.MONTH)) == {"dark", "hours", "weekdays"}


def test_gender_is_offered_where_the_export_asks(source: Source) -> None:
    bare = replace(source, asked=frozenset())
    assert absent(bare) == {"affected", "reporters"}
    assert field_absence(AlertFilter.field("affected"), bare) == NO_AFFECTED
    assert field_absence(AlertFilter.field("reporters"), bare) == NO_REPORTERS


def test_districts_are_offered_where_some_are_loaded(source: Source, city: CityProfile) -> None:
    bare = replace(source, city=replace(city, districts=()))
    assert absent(bare) == {"districts"}
    assert field_absence(AlertFilter.field("districts"), bare) == NO_DISTRICTS


@pytest.mark.parametrize(("kind", "why"), [("district", DISTRICTS_IN_WORDS), ("street", NO_DISTRICTS)])
def test_districts_that_the_export_names_are_not_said_to_be_unknown(
    source: Source, city: CityProfile, kind: str, why: Message
) -> None:
    cell = h3.latlng_to_cell(37.94, 23.64, 9)
    names = PlaceNames(pd.DataFrame({"kind": [kind], "name": ["3"], "cell": [cell], "n": [5]}))
    bare = replace(source, city=replace(city, districts=(), place_names=names))
    assert field_absence(AlertFilter.field("districts"), bare) == why


def test_fields_of_one_reason_share_a_sentence(source: Source, t: Translator) -> None:
    months = replace(source, known_time=KnownTime.MONTH)
    fields = [field for field in AlertFilter.fields() if field.widget is not None]
    pairs = [(field, why) for field in fields if (why := field_absence(field, months)) is not None]
    found = _by_reason(t, pairs)
    assert list(found.values()) == [["Light", "Time of day", "Weekday"]]
