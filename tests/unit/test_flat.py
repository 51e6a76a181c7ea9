"""The flat table answers alike from its file and from memory, and SQL says what alerts hold, to the last digit."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import flat, open_source, source_from_files
from curim_data.engine.flat import database, open_flat
from curim_data.filters import AlertFilter
from curim_data.model import SCHEMA, sql
from curim_data.store import Home
from tests.engine_questions import FILTERS, QUESTIONS, assert_equal
from tests.stored import stored_alerts

ALL = AlertFilter(period="all")


@pytest.mark.slow
@pytest.mark.parametrize("question", ["counts", "hours", "tables with cells", "options"])
def test_a_file_answers_as_a_table_in_memory_does(
    sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    held = open_source(sample)
    monkeypatch.setattr(flat, "IN_MEMORY", 0)
    read = source_from_files(held.cache["files"], f"read {tmp_path}", held.city, meeting=held.meeting)
    for f in FILTERS.values():
        ask = QUESTIONS[question]
        assert_equal(ask(held, f), ask(read, f))


def test_hours_and_categories_are_those_of_the_lists(sample: Home) -> None:
    source = open_source(sample)
    stored = stored_alerts(source).to_pandas()
    late = {20, 21, 22, 23}
    inside = stored["hours"].map(lambda hours: hours is not None and 2 * len(late.intersection(hours)) >= len(hours))
    asked = query.total(source, ALL.replace(hours=(20, 23)))
    assert asked.n == inside.sum() > 0
    lists = stored["more_categories"].map(lambda more: [] if more is None else list(more))
    noise = [("noise" in (one, *more)) for one, more in zip(stored["category"], lists, strict=True)]
    assert query.total(source, ALL.replace(categories=("noise",))).n == sum(noise) > 0


def test_a_folder_that_nobody_can_write_leaves_the_table_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    connection = database()
    connection.register("given", SCHEMA.empty_table())
    relation = open_flat(connection, "SELECT * FROM given", tmp_path / "file" / "alerts.parquet")
    assert relation.one("count(*) AS n") == {"n": 0}


@pytest.mark.parametrize("value", [0.1, 23.647, 1e-7, -1.5e300, 5e-324, 2.0**53 + 2])
def test_numbers_come_back_to_the_last_digit(value: float) -> None:
    assert database().execute(f"SELECT {sql.number(value)}").fetchall() == [(value,)]


def test_texts_dates_and_conditions_as_sql_writes_them() -> None:
    assert database().execute("SELECT " + sql.text("it's") + ", " + sql.day(dt.date(2024, 2, 29))).fetchall() == [
        ("it's", dt.date(2024, 2, 29))
    ]
    assert sql.is_one_of("kind", []) == "1 = 0"
    assert sql.is_one_of("dark", [True]) == "dark IN (TRUE)"
    assert sql.coded("place", {"place": ("a", "b", "c")}, {"a", "c"}.__contains__) == "place_code IN (0, 2)"
    assert sql.all_of([]) == ""
    assert sql.at_points(pd.DataFrame({"longitude": [], "latitude": []})) == "FALSE"
