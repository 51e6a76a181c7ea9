"""Questions that were written once give what they do as they are written each time, and are not written again."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend

from curim_data.engine import Source, columns
from curim_data.engine.source import on_own_cursor
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.query import _written
from curim_data.query._layout import Layout
from curim_data.query.question import Question, ask
from tests.reliability.world import World, piraeus, simulate, source_of

EVERYTHING = AlertFilter(period="all")
FILTERS = (
    EVERYTHING,
    AlertFilter(period="quarter"),
    EVERYTHING.replace(affected=("woman",)),
    EVERYTHING.replace(hours=(20, 3), weekdays=(0, 5, 6)),
    AlertFilter(period="quarter", categories=("theft", "vandalism"), dark=True),
    EVERYTHING.replace(cells=tuple(f"{cell:x}" for cell in piraeus().land_cells(9).index[:40])),
)
LAYOUTS = (
    Layout(()),
    Layout(("district",)),
    Layout(("category", "week", "place")),
    Layout(("hour", "weekday")),
    Layout(("cell", "at_default"), 8),
    Layout(("inside", "year", "local_date")),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """900 alerts, in a table of codes."""
    rng = np.random.default_rng(3)
    alerts = simulate(World(alerts=900, weeks=40), rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "TABLE_FROM", 1)
        patch.setattr(columns, "AT_QUESTION", 1)
        found = source_of(alerts, tmp_path_factory.mktemp("w"))
        assert found.narrow.op().name == columns.TABLE
        yield found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with each text that Ibis writes."""
    found: list[str] = []
    write = Backend.compile

    def noted(self: Backend, *args: object, **names: object) -> str:
        found.append(str(write(self, *args, **names)))
        return found[-1]

    monkeypatch.setattr(Backend, "compile", noted)
    return found


def counted(question: Question, layout: Layout, *, written: bool) -> pd.DataFrame:
    """A table of a question, asked of the engine, as it was written once or as Ibis writes it now."""
    rows = replace(question.rows, counted=None)
    assert rows.written is not None
    asked = replace(question, rows=rows if written else replace(rows, written=None))
    return asked.count([layout])[0]


@pytest.mark.parametrize("f", FILTERS)
def test_a_written_question_is_answered_alike(source: Source, f: AlertFilter) -> None:
    for layout in (*LAYOUTS, *LAYOUTS):
        question = ask(source, f, Audience.ANALYST)
        question = question.on_land() if "cell" in layout.by else question
        for one in (question, question.without_default_points()):
            new, old = (counted(one, layout, written=written) for written in (True, False))
            pd.testing.assert_frame_equal(new, old)


def test_neither_dates_nor_a_known_part_are_written_again(
    source: Source, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(f: AlertFilter, *by: str) -> int:
        before = len(written)
        counted(ask(source, f, Audience.ANALYST), Layout(by), written=True)
        return len(written) - before

    late, early = (EVERYTHING.replace(hours=hours) for hours in ((19, 23), (4, 9)))
    assert put(late, "district", "week") == 2  # which alerts, and by what
    assert put(late, "district", "week") == put(late.replace(period="quarter"), "district", "week") == 0
    assert put(early, "district", "week") == put(early, "district", "month") == 1
    monkeypatch.delattr(AlertFilter, "tests")  # nor is the filter made an expression
    assert put(early.replace(period="quarter"), "district", "week") == 0


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest stay, and nothing long does."""
    monkeypatch.setattr(_written, "MOST_KEPT", 3)
    kept = _written.Written()
    table = ibis.duckdb.connect().create_table("alerts", pd.DataFrame({"category": ["noise"]}))
    for number in range(5):
        assert "alerts" in kept.alerts(number, table, lambda: table)
    long = kept.alerts("long", table, lambda: table.filter(table.category != "x" * _written.LONGEST))
    assert len(long) > _written.LONGEST
    assert [key[-1] for key in kept.kept] == [2, 3, 4]  # type: ignore[index]


def test_another_profile_has_questions_of_its_own(source: Source) -> None:
    """The alerts of a group are those of the categories that the city has in it."""
    city = source.city
    group = next(iter(city.groups))
    empty = {name: replace(one, group="" if one.group == group else one.group) for name, one in city.categories.items()}
    f = EVERYTHING.replace(groups=(group,))
    of_group = ask(source, f, Audience.ANALYST)
    other = replace(source, city=replace(city, version="another", categories=empty))
    layout = Layout(("category",))
    assert counted(of_group, layout, written=True)["n"].sum() > 0
    assert counted(ask(other, f, Audience.ANALYST), layout, written=True)["n"].sum() == 0


def test_a_cursor_for_another_thread_reads_no_installed_files(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(name: str) -> str:
        raise AssertionError(f"the installed files of {name} were read")

    monkeypatch.setattr(importlib.metadata, "version", read)
    assert on_own_cursor(source).table.count().execute() == source.count
