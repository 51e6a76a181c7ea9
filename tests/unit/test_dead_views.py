"""Tables that are kept for all readers do not grow by the views that pages made of them and dropped."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pages.parts.frame.dead_views import forget_dead_views
from pages.parts.frame.jobs import USES, Results

READS = 400  # under the number at which pandas itself would forget


@dataclass(frozen=True)
class Study:
    tables: dict[str, pd.DataFrame]
    series: tuple[pd.Series, ...]
    places: pd.Index


def study() -> Study:
    table = pd.DataFrame({"place": ["a", "b"], "n": [1, 2], "share": [0.5, 0.25]}, index=pd.Index(["x", "y"]))
    return Study({"all": table}, (pd.Series([1.0, 2.0], index=[4, 5]),), pd.Index(["a", "b"]))


def read(found: Study) -> None:
    """What a run of a page does with a result: looks at columns, and makes copies that it drops."""
    for table in found.tables.values():
        for column in table:
            table[column].sum()
        table.copy(deep=False).assign(more=1)
    for series in found.series:
        series[series > 1].sum()
        series.copy(deep=False)
    found.places.view()


def notes(found: Study) -> int:
    """How many views pandas has noted, in the tables of a study."""
    held: Any = [found.places]
    refs = []
    for table in (*found.tables.values(), *found.series):
        refs += [block.refs for block in table._mgr.blocks]
        held += [*table._mgr.axes]
    refs += [index._references for index in held]
    return sum(len(one.referenced_blocks) for one in refs)


def test_pandas_notes_dead_views_and_they_are_forgotten() -> None:
    found = study()
    fresh = notes(found)
    for _ in range(READS):
        read(found)
    assert notes(found) > 5 * READS, "pandas notes them no longer: then none of this is needed"
    forget_dead_views(found)
    assert notes(found) <= fresh


def test_a_result_that_is_read_again_and_again_does_not_grow() -> None:
    results, most = Results(), 0
    results.put("key", study())
    for _ in range(READS):
        read(results.get("key"))
        most = max(most, notes(results.get("key")))
    one = study()
    before = notes(one)
    read(one)
    assert most <= before + USES * (notes(one) - before)


def test_views_that_live_are_known_and_no_write_to_one_reaches_the_table() -> None:
    found = study()
    column, copy = found.tables["all"]["n"], found.tables["all"].copy(deep=False)
    forget_dead_views(found)
    column.iloc[0] = 99
    copy.loc["x", "share"] = 9.0
    assert found.tables["all"].loc["x"].tolist() == ["a", 1, 0.5]


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", np.zeros(3), {"a": (1, [2.0, {3}])}, pd.RangeIndex(3), pd.MultiIndex.from_tuples([(1, 2)])],
)
def test_whatever_a_result_is_nothing_happens_to_it(value: Any) -> None:
    told = repr(value)
    forget_dead_views(value)
    assert repr(value) == told


def test_what_holds_itself_is_gone_through_once_and_nothing_is_held() -> None:
    ring: list[Any] = [study()]
    ring.append(ring)
    forget_dead_views(ring)
    table = weakref.ref(ring[0].tables["all"])
    ring.clear()
    gc.collect()
    assert table() is None
