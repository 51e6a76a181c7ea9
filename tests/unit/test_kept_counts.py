"""Counts that are kept between questions: sums of them are what the engine gives, and each is of its own alerts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.query import _aggregate, _kept_counts
from curim_data.query._aggregate import Rows
from curim_data.query._kept_counts import FineCounts, KeptCounts
from curim_data.query._layout import Layout
from curim_data.query.categoricals import Categorical
from curim_data.query.question import Question, ask
from tests.reliability.world import World, piraeus, simulate, source_of

EVERYTHING = AlertFilter(period="all")
FILTERS = (
    EVERYTHING,
    EVERYTHING.replace(affected=("woman",)),
    EVERYTHING.replace(categories=("theft", "vandalism")),
    EVERYTHING.replace(districts=(piraeus().districts[0].id,), dark=True),
    AlertFilter(period="quarter"),
)
DIMENSIONS = ("district", "place", "affected_gender", "dark", "week", "category", "hour", "weekday", "cell", "inside")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """600 alerts."""
    return source_of(simulate(World(alerts=600, weeks=30), np.random.default_rng(8)), tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each question that is put to the engine."""
    found: list[int] = []
    put = _aggregate._asked

    def counted(rows: Rows, *args: object, **names: object) -> object:
        found.append(1)
        return put(rows, *args, **names)  # type: ignore[arg-type]

    monkeypatch.setattr(_aggregate, "_asked", counted)
    return found


def alone(question: Question) -> Question:
    """The same question, for which nothing is kept."""
    return replace(question, rows=replace(question.rows, counted=None))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_was_asked_before_the_answer_is_the_same(source: Source, seed: int, asked: list[int]) -> None:
    """Random questions one after another, on the map and off it, for both audiences."""
    rng = np.random.default_rng(seed)
    saved = 0
    for _ in range(60):
        f = FILTERS[rng.integers(len(FILTERS))]
        who = (Audience.ANALYST, Audience.COUNCIL)[rng.integers(2)]
        question = ask(source, f, who)
        if rng.integers(2):
            question = question.on_land()
        if rng.integers(2):
            question = question.without_default_points()
        by = tuple(str(name) for name in rng.choice(DIMENSIONS, size=rng.integers(0, 3), replace=False))
        layout = Layout(by, (8, 9)[rng.integers(2)] if "cell" in by else None)
        beside = tuple(str(name) for name in rng.choice(("district", "dark", "week"), rng.integers(3), replace=False))
        before = len(asked)
        kept = question.beside(beside).count([layout])[0]
        saved += len(asked) == before
        pd.testing.assert_frame_equal(kept, alone(question).count([layout])[0])
    assert saved > 5


def test_what_is_asked_beside_needs_no_question_of_its_own(source: Source, asked: list[int]) -> None:
    who = Audience.ANALYST
    query.counts(source, EVERYTHING, ["place", "affected_gender"], who, beside=("dark",))
    for by in (["affected_gender"], ["dark", "affected_gender"], ["place"], []):
        query.counts(source, EVERYTHING, by, who)
    assert len(asked) == 1
    query.counts(source, FILTERS[1], ["affected_gender"], who)
    assert len(asked) == 2


def test_one_period_said_in_two_ways_is_counted_once(source: Source, asked: list[int]) -> None:
    quarter = AlertFilter(period="quarter")
    start, end = query.dates(source, quarter)
    for f in (quarter, AlertFilter(period="", start=start, end=end)):
        query.counts(source, f, ["district"], Audience.ANALYST)
    assert len(asked) == 1


def test_only_the_last_tables_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kept_counts, "MOST_ROWS", 10)
    kept = KeptCounts()

    def table(rows: int) -> FineCounts:
        codes = Categorical(np.arange(rows), pd.RangeIndex(rows))
        return FineCounts({"place": codes}, np.ones(rows), None)

    for key, rows in (("a", 4), ("b", 5), ("b", 5), ("c", 4), ("too large", 11)):
        kept.keep(key, table(rows))
    found = [kept.find(key, frozenset({"place"}), None) for key in ("a", "b", "c", "too large")]
    assert [one is not None for one in found] == [False, True, True, False]


def test_the_smallest_table_answers() -> None:
    kept = KeptCounts()
    codes = Categorical(np.zeros(3, np.int64), pd.RangeIndex(1))
    fine = FineCounts({"place": codes, "week": codes}, np.ones(3), None)
    coarse = FineCounts({"place": codes.take(np.arange(1))}, np.array([3.0]), None)
    kept.keep("a", fine)
    kept.keep("a", coarse)
    assert kept.find("a", frozenset({"place"}), None) is coarse
    assert kept.find("a", frozenset({"week"}), None) is fine
    assert kept.find("a", frozenset({"cell"}), 9) is None
