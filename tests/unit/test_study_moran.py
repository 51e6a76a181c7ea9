"""Local Moran's I of the sample: the planted places in fine cells, alerts counted once, exact audiences alone."""

from __future__ import annotations

import tomllib

import pytest

import sample_data
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.moran import moran_study

YEAR = AlertFilter()


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


def test_the_planted_places_are_groups_of_full_cells(source: Source) -> None:
    study = moran_study(source, AlertFilter(period="all"), Audience.SPECIALIST, 11)
    full = {study.names[one.id].place for one in study.moran.places if one.cls == "high-high"}
    planted = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))["hot_spot"]
    assert {spot["place"] for spot in planted if spot["class"] in ("persistent", "intensifying")} <= full


def test_counts_are_of_the_whole_city(source: Source) -> None:
    study = moran_study(source, YEAR.replace(districts=("zone_1",)), Audience.ANALYST)
    cells = query.cells(source, YEAR, study.resolution, Audience.ANALYST).frame["n"]
    assert study.moran.frame["n"].equals(cells.reindex(study.moran.frame.index))
    names = [choice.name for choice in study.choices]
    assert names[0] == "resolution"
    assert {"occupied", "land", "cells", "piles"} <= set(names)


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC])
def test_who_sees_no_exact_counts_gets_nothing(source: Source, audience: Audience) -> None:
    for resolution in (None, 8, 9):
        with pytest.raises(DisclosureError, match="analyst or specialist"):
            moran_study(source, YEAR, audience, resolution)
