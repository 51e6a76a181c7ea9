"""Counts for the choices of the filter bar: asked for together they are the same as one by one."""

from __future__ import annotations

from curim_data import query
from curim_data.engine import source_from_files
from curim_data.filters import AlertFilter
from curim_data.model.city import load_city
from sample_data import PROFILE

FIELDS = ("categories", "groups", "districts", "affected", "kinds", "statuses")


def test_an_empty_store_has_options_and_a_total() -> None:
    source = source_from_files((), "none", load_city(PROFILE))
    together = query.all_options(source, AlertFilter(), FIELDS)
    assert not together["kinds"].frame["n"].any()
    assert query.total(source, AlertFilter()).n == 0
