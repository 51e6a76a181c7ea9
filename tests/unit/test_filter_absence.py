"""Filters of which the data know nothing are not offered, and the reason is given."""

from __future__ import annotations

from dataclasses import replace

import h3.api.basic_int as h3
import pandas as pd
import pytest

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, KnownTime, Message
from curim_data.model.absence import DISTRICTS_IN_WORDS, NO_DISTRICTS
from curim_data.model.place_names import PlaceNames
from pages.parts.frame.filter_bar import field_absence


def absent(source: Source) -> set[str]:
    fields = [field for field in AlertFilter.fields() if field.widget is not None]
    return {name for field in fields if field_absence(field, source) is not None for name in field.names}


def test_time_is_offered_as_finely_as_it_is_known(source: Source) -> None:
    assert absent(replace(source, known_time=KnownTime.DAY)) == {"dark", "hours"}
    assert absent(replace(source, known_time=KnownTime.MONTH)) == {"dark", "hours", "weekdays"}


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
