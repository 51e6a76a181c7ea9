"""First reports of incidents that are kept for a filter: the same answers as without, made once, and bounded."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import Source, first_reports
from curim_data.engine import columns as narrow_table
from curim_data.engine.first_reports import FirstReports
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.query._aggregate import Rows
from curim_data.query._layout import dates
from curim_data.query.question import Question, ask
from tests.reliability.world import World, piraeus, simulate, source_of

WHO = Audience.ANALYST
EVERYTHING = AlertFilter(period="all")
FILTERS = {
    "women": EVERYTHING.replace(affected=("woman",)),
    "a category": EVERYTHING.replace(categories=("theft", "vandalism")),
    "men in the dark": EVERYTHING.replace(affected=("man",), dark=True),
    "women in an area": EVERYTHING.replace(affected=("woman",), districts=(piraeus().districts[0].id,)),
    "a group on some days": EVERYTHING.replace(groups=(next(iter(piraeus().groups)),), weekdays=(1, 2, 5)),
}
TABLES: tuple[tuple[str, ...], ...] = ((), ("month", "category"), ("affected_gender", "district"), ("weekday", "hour"))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """400 alerts of 150 incidents, whose alerts differ in place, time, category and gender."""
    rng = np.random.default_rng(5)
    alerts = simulate(World(alerts=400, weeks=8), rng)
    ids = rng.integers(0, 150, size=len(alerts["x"]))
    return source_of({**alerts, "incident_id": [None if one % 5 == 0 else f"i{one}" for one in ids]}, tmp_path)


def tables_of(source: Source) -> list[str]:
    """The names of the kept tables in the database."""
    listed = source.cache["database"].cursor().execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return sorted(name for (name,) in listed if name.startswith("first_reports_"))


def without(question: Question) -> Question:
    """The same question, which finds the first reports itself."""
    source, f = question.source, question.filter
    table = source.once
    tests = tuple(f.tests(table, dates(source, f), source.city))
    return replace(
        question, rows=Rows(table, lambda: tests, once=True, reports=tuple(f.report_tests(table, source.city)))
    )


@pytest.mark.parametrize("as_codes", [False, True])
@pytest.mark.parametrize("name", FILTERS)
def test_kept_first_reports_give_what_each_question_finds_itself(
    source: Source, name: str, as_codes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the files and from the table of codes, of incidents alone and with all their alerts."""
    if as_codes:
        monkeypatch.setattr(narrow_table, "TABLE_FROM", 1)
        for _ in range(narrow_table.AT_QUESTION + 1):
            _ = source.once
    question = ask(source, FILTERS[name], WHO, once=True)
    assert question.rows.held is not None
    for by in TABLES:
        layout = question.layout(by)
        for both in (False, True):
            (kept,), (found,) = (one.count([layout], with_alerts=both) for one in (question, without(question)))
            pd.testing.assert_frame_equal(kept, found)
            assert kept["n"].sum() > 0
    assert question.rows.chosen.count().execute() == without(question).rows.chosen.count().execute()
    assert question.rows.held.rows > 0
    assert len(tables_of(source)) == 1


def test_where_the_first_of_all_reports_always_counts_nothing_is_joined(tmp_path: Path) -> None:
    """Reports of one incident that are alike in what is asked: the engine looks up no others."""
    rng = np.random.default_rng(6)
    alerts = simulate(World(alerts=400, weeks=8), rng)
    ids, women = rng.integers(0, 150, size=len(alerts["x"])), rng.random(150) < 0.5
    source = source_of({**alerts, "incident_id": [f"i{one}" for one in ids], "woman": women[ids]}, tmp_path)
    question = ask(source, FILTERS["women"], WHO, once=True)
    assert question.rows.held is not None
    assert question.rows.held.rows == 0
    (kept,), (found,) = (
        one.count([one.layout(["district"])], with_alerts=True) for one in (question, without(question))
    )
    pd.testing.assert_frame_equal(kept, found)
    assert kept["alerts"].sum() > kept["n"].sum() > 0
    views = source.cache["database"].cursor().execute("SELECT sql FROM duckdb_views() WHERE view_name LIKE 'first%'")
    assert "JOIN" not in views.fetchall()[0][0].upper()


def test_one_table_serves_all_dates_and_places(source: Source) -> None:
    for f in (FILTERS["women"], FILTERS["women in an area"], FILTERS["women"].replace(period="quarter", dark=True)):
        query.counts(source, f, ["district"], WHO, once=True)
        query.counts(source, f, ["month"], Audience.COUNCIL, once=True)
    assert tables_of(source) == ["first_reports_0"]


def test_each_filter_has_its_own(source: Source) -> None:
    """Whatever was asked before, of whatever dates and places: found again, the answer is the same."""
    for _ in range(2):
        for f in FILTERS.values():
            question = ask(source, f, WHO, once=True)
            layout = question.layout(["district", "category"])
            (kept,), (found,) = question.count([layout]), without(question).count([layout])
            pd.testing.assert_frame_equal(kept, found)
    assert len(tables_of(source)) == len(FILTERS) - 1  # women, and women in an area, have one


def test_nothing_is_kept_where_the_first_of_all_reports_counts(source: Source) -> None:
    assert ask(source, EVERYTHING.replace(dark=True), WHO, once=True).rows.held is None
    assert ask(source, FILTERS["women"], WHO).rows.held is None


def test_tables_go_after_the_last_question_that_holds_them(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_reports, "MOST_KEPT", 2)
    held = ask(source, FILTERS["women"], WHO, once=True)
    (want,) = held.count([held.layout(["district"])])
    for name in ("a category", "men in the dark", "a group on some days"):
        query.counts(source, FILTERS[name], [], WHO, once=True)
    gc.collect()
    assert "first_reports_0" in tables_of(source)
    (again,) = held.count([held.layout(["district"])])
    pd.testing.assert_frame_equal(again, want)
    del held
    gc.collect()
    query.counts(source, FILTERS["women"], ["month"], WHO, once=True)
    query.counts(source, FILTERS["a category"], ["month"], WHO, once=True)
    assert "first_reports_0" not in tables_of(source)
    assert len(tables_of(source)) <= 3  # two that are kept, and one that goes with the next
    views = source.cache["database"].cursor().execute("SELECT view_name FROM duckdb_views()").fetchall()
    assert sum(name.startswith("first_reports_") for (name,) in views) == len(tables_of(source))


def test_many_rows_leave_room_for_the_last_filter_alone(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_reports, "MOST_ROWS", 1)
    kept: FirstReports = source.cache["first_reports"]
    for name in ("women", "men in the dark", "a category"):
        query.counts(source, FILTERS[name], [], WHO, once=True)
    last = kept.rows
    assert last > 1
    kept.of("another")
    assert kept.rows == 0


def test_a_question_finds_them_itself_where_no_table_can_be_made(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def cursor(self) -> Full:
            return self

        def execute(self, *_: object) -> None:
            raise duckdb.OutOfMemoryException("no room")

    monkeypatch.setitem(source.cache, "first_reports", FirstReports(Full()))  # type: ignore[arg-type]
    question = ask(source, FILTERS["women"], WHO, once=True)
    layout = question.layout(["district", "category"])
    (kept,), (found,) = question.count([layout]), without(question).count([layout])
    pd.testing.assert_frame_equal(kept, found)
    assert not tables_of(source)


def test_threads_share_one_table(source: Source) -> None:
    """Each with a source of its own, as pages have."""
    _ = source.once
    answers: list[float] = []

    def count() -> None:
        cursor = ibis.duckdb.from_connection(source.cache["database"].cursor())
        own = replace(source, table=cursor.table("alerts"))
        answers.append(query.counts(own, FILTERS["women"], [], WHO, once=True).total)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert tables_of(source) == ["first_reports_0"]
