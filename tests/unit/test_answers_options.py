"""Counts for the choices of the filter bar: asked for together they are the same as one by one."""

from __future__ import annotations

import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import source_from_files
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.model.city import load_city
from curim_data.protection import open_for
from curim_data.store import Home
from sample_data import PROFILE
from tests.stored import seen_by

FIELDS = ("categories", "groups", "districts", "affected", "kinds", "statuses")


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.COUNCIL])
@pytest.mark.parametrize("f", [AlertFilter(), AlertFilter(affected=("woman",), groups=("vandalism",))])
def test_options_asked_for_together_are_those_of_each(sample: Home, f: AlertFilter, audience: Audience) -> None:
    source = open_for(sample, audience)
    together = query.all_options(seen_by(source, audience), f, FIELDS)
    assert list(together) == list(FIELDS)
    for field in FIELDS:
        one = query.options(seen_by(source, audience), f, field)
        assert together[field].by == one.by
        pd.testing.assert_frame_equal(together[field].frame, one.frame, check_dtype=False)


@pytest.mark.parametrize("audience", [Audience.ANALYST, Audience.COUNCIL])
@pytest.mark.parametrize(
    "f",
    [
        AlertFilter(),
        AlertFilter(period="all", dark=True),
        AlertFilter(affected=("woman",), groups=("vandalism",)),
        AlertFilter(categories=("no such category",)),
        AlertFilter(period="all", districts=("zone_1",)),
    ],
)
def test_the_total_that_comes_with_the_options_is_the_counted_one(
    sample: Home, f: AlertFilter, audience: Audience
) -> None:
    source = open_for(sample, audience)
    source.cache.pop("totals", None)
    counted = query.total(seen_by(source, audience), f)
    source.cache.pop("totals", None)
    query.all_options(seen_by(source, audience), f, FIELDS)
    assert source.cache.get("totals")
    assert query.total(seen_by(source, audience), f) == counted
    if f == AlertFilter(period="all", dark=True):
        assert counted.mapped
        assert counted.unmapped
        assert bool(counted.at_default) == (audience is Audience.ANALYST)  # the copy has none there


def test_an_empty_store_has_options_and_a_total() -> None:
    source = source_from_files((), "none", load_city(PROFILE))
    together = query.all_options(source, AlertFilter(), FIELDS)
    assert not together["kinds"].frame["n"].any()
    assert query.total(source, AlertFilter()).n == 0
