"""What is known of all alerts of a version."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pytest

from curim_data.engine.flat import Facts, database, measure, open_flat
from curim_data.model import SCHEMA, KnownTime
from curim_data.model.absence import ASKED_FIELDS
from tests.small import alert

UNASKED: dict[str, Any] = {"affected_gender": "unknown", "reporter_gender": "unknown", "feeling": None}
BY_DAY: dict[str, Any] = {"hours": None, "dark": None, "time_precision": "day"}
BY_MONTH: dict[str, Any] = BY_DAY | {"time_precision": "month"}


def some(n: int, **told: Any) -> list[dict[str, Any]]:
    """So many equal alerts."""
    return [alert(number, **told) for number in range(n)]


GROUPS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "timed": some(10, day=dt.date(2025, 3, 9)),
    "by day": some(11, day=dt.date(2024, 12, 30), category="odd", more_categories=["odder", "noise"], **BY_DAY),
    "by month": some(2, day=dt.date(2024, 2, 1), **BY_MONTH),
    "later by month": some(30, day=dt.date(2026, 2, 1), **BY_MONTH),
    "unasked": some(50, day=dt.date(2025, 11, 5), **UNASKED),
    "affected alone": some(5, day=dt.date(2023, 1, 31), **(UNASKED | {"affected_gender": "woman"})),
    "feeling alone": some(5, day=dt.date(2025, 1, 1), **(UNASKED | {"feeling": 1})),
}


def measured(*groups: str) -> Facts:
    rows = [row for name in groups for row in GROUPS[name]]
    connection = database()
    connection.register("given", pa.Table.from_pylist(rows, schema=SCHEMA))
    return measure(open_flat(connection, "SELECT * FROM given", None))


def test_known_time_and_days_follow_from_the_sums() -> None:
    """Two of twelve alerts by month alone are too many, two of 62 are not; the days are whole months only there."""
    few = measured("timed", "by month")
    assert (few.known_time, few.first, few.last) == (KnownTime.MONTH, dt.date(2024, 2, 1), dt.date(2025, 3, 31))
    more = measured("timed", "by month", "unasked")
    assert (more.known_time, more.first, more.last) == (KnownTime.HOUR, dt.date(2024, 2, 1), dt.date(2025, 11, 5))
    assert measured("timed", "by day").known_time is KnownTime.DAY


def test_nothing_was_asked_where_every_field_is_empty() -> None:
    assert measured("unasked").asked == ()
    assert measured("none").asked == ASKED_FIELDS
    assert measured("affected alone", "feeling alone").asked == ("affected_gender", "feeling")


def test_json_keeps_them() -> None:
    found = measured("by day", "later by month")
    told = json.loads(json.dumps(found.as_json()))
    assert Facts.from_json(told) == found
    earlier = told | {"known_time": "month", "first": found.first.isoformat(), "last": found.last.isoformat()}
    read = Facts.from_json(earlier)
    assert (read.first, read.last, read.known_time) == (found.first, found.last, found.known_time)
    with pytest.raises(KeyError):
        Facts.from_json({})
    with pytest.raises(TypeError):
        Facts.from_json(None)  # type: ignore[arg-type]
