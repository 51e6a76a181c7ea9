"""Questions of the same alerts, for comparing one engine with another: 14 filters by 7 questions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

import h3.api.basic_int as h3
import pandas as pd

from curim_data import query
from curim_data.engine import Source
from curim_data.engine.flat import COLUMNS
from curim_data.filters import AlertFilter
from curim_data.model import Audience

QUAY: Final = h3.latlng_to_cell(37.945, 23.640, 8)
FILTERS: Final[Mapping[str, AlertFilter]] = {
    "usual": AlertFilter(),
    "all": AlertFilter(period="all"),
    "28 days": AlertFilter(period="28d"),
    "meeting": AlertFilter(period="meeting"),
    "dates": AlertFilter(start=dt.date(2025, 3, 10), end=dt.date(2025, 9, 2)),
    "night": AlertFilter(period="all", hours=(22, 3)),
    "morning": AlertFilter(hours=(6, 11)),
    "dark": AlertFilter(period="quarter", dark=True),
    "women": AlertFilter(affected=("woman",), reporters=("woman", "man")),
    "group": AlertFilter(period="all", groups=("gender_based", "theft")),
    "category": AlertFilter(period="all", categories=("lighting_poor", "noise"), weekdays=(4, 5, 6)),
    "district": AlertFilter(districts=("zone_1", "zone_2"), kinds=("incivility", "risk")),
    "few cells": AlertFilter(period="all", cells=tuple(f"{cell:x}" for cell in h3.grid_disk(QUAY, 1))),
    "many cells": AlertFilter(
        period="all", cells=tuple(f"{cell:x}" for cell in h3.grid_disk(h3.cell_to_center_child(QUAY, 10), 8))
    ),
}
FIELDS: Final = ("categories", "districts", "affected", "reporters", "kinds", "statuses", "weekdays")
Answer = list[pd.DataFrame]


def _tables(source: Source, f: AlertFilter) -> Answer:
    asked = (["cell", "category"], ["cell", "affected_gender"], ["cell"])
    return [query.counts(source, f, by, resolution=_cell(f)).frame for by in asked]


def _cell(f: AlertFilter) -> int:
    """The finest map cells that the council sees, coarser ones of sensitive categories."""
    return 8 if f.groups else 9


def _cells(source: Source, f: AlertFilter) -> Answer:
    found = query.cells(source, f, _cell(f))
    return [found.frame, pd.DataFrame([[found.at_default, found.off_mask]])]


def _default_coordinates(source: Source, f: AlertFilter) -> Answer:
    found = query.default_coordinates(source, f)
    found = found.sort_values(["longitude", "latitude"], ignore_index=True)
    return [found.set_axis(list(found.columns), axis=1)]  # kept points have their names from elsewhere


QUESTIONS: Final[Mapping[str, Callable[[Source, AlertFilter], Answer]]] = {
    "total": lambda source, f: [pd.DataFrame([asdict(query.total(source, f))]).astype({"notes": str})],
    "counts": lambda source, f: [
        query.counts(source, f, ["month", "reporter_gender"], complete=True).frame,
        query.counts(source, f, ["year", "place", "status"]).frame,
    ],
    "hours": lambda source, f: [query.counts(source, f, ["hour", "dark"]).frame],
    "tables with cells": _tables,
    "cells": _cells,
    "options": lambda source, f: [query.options(source, f, field).frame for field in FIELDS],
    "default coordinates": _default_coordinates,
}


def assert_equal(one: Answer, other: Answer) -> None:
    """Two engines give the same rows in the same order; shares of hours are sums of the same fractions."""
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(left, right, rtol=1e-9, atol=1e-9)


Both = tuple[Audience, Source, Source]  # an audience, the alerts of a home's files, and the same ones on another engine


def assert_same_answer(both: Both, name: str, question: str) -> None:
    """The other engine answers one question of one filter as DuckDB does, and not with nothing."""
    audience, files, other = both
    ask, f = QUESTIONS[question], FILTERS[name]
    mine = ask(files, f)
    assert_equal(mine, ask(other, f))
    # Council and public know no default coordinates; every other question is of some alerts.
    assert sum(map(len, mine)) > 0 or (question == "default coordinates" and audience is Audience.COUNCIL)


def assert_same_knowledge(both: Both) -> None:
    """What is known of all alerts is the same."""
    _, files, other = both
    names = ("version", "as_of", "first", "count", "meeting", "month_only", "timed", "known_time", "asked")
    for name in (*names, "other_categories", "annotations", "lacks_light"):
        assert getattr(files, name) == getattr(other, name), name


def assert_same_rows(both: Both) -> None:
    """Every column of every alert is the same."""
    _, files, other = both
    mine, theirs = (one.alerts.select(", ".join(COLUMNS)).sort_by("alert_id") for one in (files, other))
    for name in mine.column_names:
        assert mine[name].to_pylist() == theirs[name].to_pylist(), name
