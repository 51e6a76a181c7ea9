"""An enemy who asks as the council can: what differences of overlapping filters give are counts of the copy."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.model.city import K_SENSITIVE
from curim_data.privacy import is_sensitive_category
from curim_data.protection import open_for
from curim_data.query import counts, total
from curim_data.store import Home
from tests.attacker.statements import MOST_SENSITIVE, Outcome
from tests.stored import seen_by, stored_alerts

pytestmark = pytest.mark.slow

READERS = (Audience.COUNCIL, Audience.PUBLIC)
READ = [
    *("category", "more_categories", "affected_gender", "status", "district", "place"),
    *("cell_8", "cell_9", "local_date", "weekday", "hours", "dark"),
]
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def copy(sample: Home) -> Source:
    return open_for(sample, Audience.COUNCIL)


@pytest.fixture(scope="module")
def rows(copy: Source) -> pd.DataFrame:
    """The copy, read without the code that counts."""
    table = stored_alerts(copy).select(list(READ))
    frame = table.drop_columns(["cell_8"]).to_pandas()
    frame["cell_8"] = [None if cell is None else f"{cell:x}" for cell in table["cell_8"].to_pylist()]
    more = frame["more_categories"]
    frame["all"] = [
        {one, *([] if others is None else others)} for one, others in zip(frame["category"], more, strict=True)
    ]
    return frame


def within(rows: pd.DataFrame, f: AlertFilter) -> np.ndarray:
    """Which rows a filter means."""
    assert f.start is not None
    assert f.end is not None
    found = (rows["local_date"] >= f.start).to_numpy() & (rows["local_date"] <= f.end).to_numpy()
    for values, column in (
        (f.affected, "affected_gender"),
        (f.statuses, "status"),
        (f.districts, "district"),
        (f.places, "place"),
        (f.cells, "cell_8"),
        (f.weekdays, "weekday"),
    ):
        if values:
            found &= rows[column].isin(values).to_numpy()
    if f.categories:
        found &= np.array([bool(names & set(f.categories)) for names in rows["all"]])
    if f.dark is not None:
        found &= rows["dark"].eq(f.dark).to_numpy(bool)
    if f.hours:
        first, last = f.hours
        window = {(first + at) % 24 for at in range((last - first) % 24 + 1)}
        spans = [set() if hours is None else {int(hour) for hour in hours} for hours in rows["hours"]]
        found &= np.array([bool(span) and 2 * len(span & window) >= len(span) for span in spans])
    return found


def some(rng: np.random.Generator, values: list[Any]) -> tuple[Any, ...]:
    """Two to five of some values."""
    return tuple(rng.permutation(np.array(values, object))[: int(rng.integers(2, 6))].tolist())


def any_filter(rng: np.random.Generator, rows: pd.DataFrame) -> AlertFilter:
    """A period of any length with some of the other fields."""
    days = sorted(rows["local_date"].unique())
    start, end = sorted(rng.integers(0, len(days), 2).tolist())
    told: dict[str, Any] = {"start": days[start], "end": days[end]}
    choices = {
        "categories": lambda: some(rng, sorted(rows["category"].unique())),
        "affected": lambda: some(rng, sorted(rows["affected_gender"].dropna().unique()))[:2],
        "statuses": lambda: some(rng, sorted(rows["status"].dropna().unique()))[:2],
        "districts": lambda: some(rng, sorted(rows["district"].dropna().unique())),
        "places": lambda: some(rng, sorted(rows["place"].dropna().unique())),
        "cells": lambda: some(rng, sorted(rows["cell_8"].dropna().unique())),
        "weekdays": lambda: some(rng, list(range(7))),
        "hours": lambda: (int(rng.integers(0, 24)), int(rng.integers(0, 24))),
        "dark": lambda: bool(rng.random() < 0.5),
    }
    for name, choose in choices.items():
        if rng.random() < 0.25:
            told[name] = choose()
    return AlertFilter(**told)


def narrower(rng: np.random.Generator, f: AlertFilter) -> AlertFilter:
    """A filter that a little less passes: a period that ends days before, or one value less of a field."""
    fields = [name for name in ("categories", "affected", "districts", "places", "cells") if len(getattr(f, name)) > 1]
    name = str(rng.choice(["end", "start", *fields]))
    if name in fields:
        return f.replace(**{name: getattr(f, name)[1:]})
    assert f.start is not None
    assert f.end is not None
    step = min(int(rng.integers(1, 8)), (f.end - f.start).days) * DAY
    return f.replace(end=f.end - step) if name == "end" else f.replace(start=f.start + step)


@pytest.mark.parametrize("audience", READERS)
def test_differences_of_any_two_filters_are_counts_of_the_copy(
    copy: Source, rows: pd.DataFrame, audience: Audience
) -> None:
    small = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        wide = any_filter(rng, rows)
        narrow = narrower(rng, wide)
        cut = total(seen_by(copy, audience), wide).n - total(seen_by(copy, audience), narrow).n
        assert cut == (within(rows, wide) & ~within(rows, narrow)).sum(), (wide, narrow)
        small += 0 < cut < K_SENSITIVE
    assert small > 3


@pytest.mark.parametrize("audience", READERS)
def test_differences_of_tables_are_tables_of_the_copy(copy: Source, rows: pd.DataFrame, audience: Audience) -> None:
    by = ["district", "affected_gender"]
    for seed in range(100, 112):
        rng = np.random.default_rng(seed)
        wide = any_filter(rng, rows)
        narrow = narrower(rng, wide)
        asked = [counts(seen_by(copy, audience), f, by).frame.astype(dict.fromkeys(by, str)) for f in (wide, narrow)]
        found = [table.groupby(by)["n"].sum() for table in asked]
        cut = found[0].sub(found[1], fill_value=0)
        left = rows[within(rows, wide) & ~within(rows, narrow)].astype(dict.fromkeys(by, str))
        truth = left.groupby(by).size()
        assert cut[cut != 0].astype(int).to_dict() == {key: n for key, n in truth.to_dict().items() if n}


def test_four_filters_cut_a_cell_out_and_it_is_right_as_often_as_the_copy(
    sample: Home, copy: Source, rows: pd.DataFrame
) -> None:
    """With and without a week, with and without a category, in one cell: what is left is of that week and category."""
    exact = open_source(sample)
    rng = np.random.default_rng(7)
    sensitive = rows[[is_sensitive_category(name, copy.city) for name in rows["category"]]]
    sensitive = sensitive[sensitive["cell_8"].notna() & (sensitive["local_date"] > min(rows["local_date"]) + 90 * DAY)]
    stated = right = 0
    for row in sensitive.iloc[rng.permutation(len(sensitive))[:120]].itertuples():
        others = [name for name in sorted(rows["category"].unique()) if name != row.category][:3]
        end = row.local_date + int(rng.integers(0, 7)) * DAY
        wide = AlertFilter(
            start=end - 80 * DAY,
            end=end,
            cells=(row.cell_8,),
            affected=(row.affected_gender,),
            categories=(row.category, *others),
        )
        found = []
        for source, audience in ((copy, Audience.COUNCIL), (exact, Audience.ANALYST)):
            n = [
                total(seen_by(source, audience), wide.replace(**less, start=wide.start)).n
                for less in (
                    {},
                    {"end": end - 7 * DAY},
                    {"categories": tuple(others)},
                    {"end": end - 7 * DAY, "categories": tuple(others)},
                )
            ]
            found.append(n[0] - n[1] - n[2] + n[3])
        if 0 < found[0] < K_SENSITIVE:
            stated += 1
            right += found[0] == found[1]
    assert stated > 60
    assert not Outcome(("cell_8", "week", "category", "affected_gender"), stated, right / stated).too_right(
        MOST_SENSITIVE
    )
