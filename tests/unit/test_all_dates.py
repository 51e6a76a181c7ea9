"""Counts of all dates: whatever is a sum of them is what the engine gives, and needs no question of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source, columns, packed
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.query import _aggregate, _all_dates, _default_points
from curim_data.query._aggregate import Rows
from curim_data.query._layout import Layout
from curim_data.query.question import ask
from curim_data.studies import cells
from curim_data.studies.cells import count_all_dates
from curim_data.studies.emerging import emerging_classes
from curim_data.studies.hot_spots import hot_spot_size, hot_spot_study
from tests.reliability.world import World, piraeus, simulate, source_of

EVERYTHING = AlertFilter(period="all")
FILTERS = (EVERYTHING, EVERYTHING.replace(affected=("woman",)), EVERYTHING.replace(hours=(20, 3), dark=True))
DIMENSIONS = ("cell", "week", "month", "inside", "at_default", "district", "place", "category")
ANALYST = Audience.ANALYST


def _with_table(folder: pytest.TempPathFactory, alerts: int, weeks: int) -> Iterator[Source]:
    rng = np.random.default_rng(11)
    made = simulate(World(alerts=alerts, weeks=weeks), rng)
    n = len(made["x"])
    x = np.where(np.arange(n) % 11 == 0, np.nan, made["x"] + np.where(np.arange(n) % 7 == 0, 30_000, 0))
    hours = made["hours"] + 60  # from a Wednesday on
    made |= {"x": x, "hours": hours}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "TABLE_FROM", 1)
        patch.setattr(columns, "AT_QUESTION", 1)
        found = source_of(made, folder.mktemp("w"))
        assert found.narrow.op().name == columns.TABLE
        yield found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """Alerts in a table of codes, some without a position and some off the land."""
    yield from _with_table(tmp_path_factory, 900, 40)


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """The same of two years and a half, which begin and end within a month."""
    yield from _with_table(tmp_path_factory, 400, 130)


@pytest.fixture(autouse=True)
def nothing_kept(source: Source) -> None:
    """Questions are written for one set of default points."""
    for name in ("counted", "all dates", "written"):
        source.cache.pop(name, None)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Grows with each question that is put to the engine, by what it is."""
    found: list[tuple[str, ...]] = []
    put = _aggregate._asked

    def counted(rows: Rows, grouping: _aggregate._Grouping, **names: object) -> object:
        found.append(tuple(grouping.asked))
        return put(rows, grouping, **names)  # type: ignore[arg-type]

    monkeypatch.setattr(_aggregate, "_asked", counted)
    return found


def periods(source: Source) -> list[AlertFilter]:
    """Periods of whole weeks and months, one that ends after the last alert, and three that part a week."""
    monday = source.first + dt.timedelta(days=70 - source.first.weekday())
    month = (source.first + dt.timedelta(days=64)).replace(day=1)
    days = (
        (monday, monday + dt.timedelta(days=69)),
        (month, (month + dt.timedelta(days=100)).replace(day=1) - dt.timedelta(days=1)),
        (monday, source.as_of + dt.timedelta(days=9)),
        (source.first, month - dt.timedelta(days=1)),
        (source.first, source.as_of),
        (monday + dt.timedelta(days=2), monday + dt.timedelta(days=99)),
        (monday + dt.timedelta(days=8), monday + dt.timedelta(days=97)),
        (monday, monday + dt.timedelta(days=7)),
    )
    return [AlertFilter(start=start, end=end) for start, end in days]


def points_of(source: Source, number: int) -> pd.DataFrame:
    """The coordinates of some alerts on the map, as default coordinates."""
    mapped = source.table.filter(source.table.inside)
    found: pd.DataFrame = mapped[["longitude", "latitude"]].limit(number).to_pandas()
    return found.drop_duplicates(ignore_index=True).assign(stored=50)


@pytest.mark.parametrize("points", [0, 12])
@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_a_sum_of_all_dates_is_the_same(
    source: Source, seed: int, points: int, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random questions, on the map and off it, in cells, with default points and without."""
    monkeypatch.setitem(source.cache, _default_points.POINTS, points_of(source, points))
    rng = np.random.default_rng(seed)
    for f in FILTERS:
        for size in (9, None):
            query.count_all_dates(source, f.replace(period="", start=periods(source)[6].start), size, ANALYST)
    named = {size: [f"{cell:x}" for cell in piraeus().land_cells(size).index[:60]] for size in (6, 8, 9)}
    saved = 0
    for _ in range(60):
        f, period = FILTERS[rng.integers(len(FILTERS))], periods(source)[rng.integers(8)]
        f = f.replace(period="", start=period.start, end=period.end)
        if rng.integers(3) == 0:
            f = f.replace(cells=tuple(named[(6, 8, 9)[rng.integers(3)]]))
        question = ask(source, f, ANALYST)
        by = tuple(str(name) for name in rng.choice(DIMENSIONS, size=rng.integers(0, 4), replace=False))
        if rng.integers(3):
            question = question.on_land()
        if rng.integers(2):
            question = question.without_default_points()
        layout = Layout(by, int(rng.integers(7, 11)) if "cell" in by else None)
        before = len(asked)
        question = replace(question, rows=replace(question.rows, counted=None))
        found = question.count([layout])[0]
        saved += len(asked) == before
        plain = replace(question, rows=replace(question.rows, all_dates=None)).count([layout])[0]
        pd.testing.assert_frame_equal(found, plain)
    assert saved > 12


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("size", [4, 7])
def test_cells_that_alerts_have_no_column_of_are_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    asked: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    crowded: bool,
) -> None:
    """Crowded: where the number of areas and categories has no room for months."""
    if crowded:
        alike = tuple(name for name in packed.WORDS["packed_alike"] if name != "month")
        monkeypatch.setitem(packed.WORDS, "packed_alike", alike)
    for coarse in _with_table(tmp_path_factory, 900, 40):
        query.count_all_dates(coarse, EVERYTHING, size, ANALYST)
        question = ask(coarse, EVERYTHING, ANALYST).on_land()
        question = replace(question, rows=replace(question.rows, counted=None))
        layouts = [Layout(("cell", "at_default"), size)]
        before = len(asked)
        found = question.count(layouts)[0]
        assert len(asked) == before
        plain = replace(question, rows=replace(question.rows, all_dates=None)).count(layouts)[0]
        pd.testing.assert_frame_equal(found, plain)


def test_what_is_no_sum_is_asked(source: Source, asked: list[tuple[str, ...]]) -> None:
    query.count_all_dates(source, EVERYTHING, 9, ANALYST)
    query.count_all_dates(source, EVERYTHING.replace(cells=("8928308280fffff",)), 8, ANALYST)
    assert len(asked) == 1  # the second is known
    whole = periods(source)[0]
    query.counts(source, whole, ["week"], ANALYST)
    assert len(asked) == 1
    assert whole.end is not None
    query.counts(source, whole.replace(end=whole.end - dt.timedelta(days=1)), ["week"], ANALYST)
    query.counts(source, whole, ["week", "category"], ANALYST)
    query.counts(source, whole, ["cell"], ANALYST, resolution=10)
    query.counts(source, whole.replace(affected=("woman",)), ["week"], ANALYST)
    assert len(asked) == 5


def test_all_of_a_map_and_its_classes_is_counted_at_once(years: Source, asked: list[tuple[str, ...]]) -> None:
    f = AlertFilter(affected=("woman",))
    hot_spot_study(years, AlertFilter(), ANALYST)  # what every filter needs of all alerts
    asked.clear()
    count_all_dates(years, f, ANALYST)
    hot_spot_size(years, f, ANALYST)
    assert emerging_classes(years, f, ANALYST, hot_spot_study(years, f, ANALYST).resolution).counts is not None
    spot = f.replace(period="all", cells=tuple(f"{cell:x}" for cell in piraeus().land_cells(9).index[:5]))
    query.tables(years, spot, [["week"], ["month"]], ANALYST, complete=True)
    assert [by for by in asked if not {"cell", "week", "month"}.isdisjoint(by)] == [asked[1]]


def test_nothing_is_counted_where_it_would_be_too_much(
    source: Source, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    query.count_all_dates(source, EVERYTHING, 11, ANALYST)  # no packed number holds such cells
    monkeypatch.setattr(_all_dates, "MOST_CELLS", 3)
    query.count_all_dates(source, EVERYTHING, 9, ANALYST)
    assert asked == []


def test_what_is_kept_is_bounded(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last ones stay, as many as fit."""
    for f in FILTERS:
        query.count_all_dates(source, f, 9, ANALYST)
        query.count_all_dates(source, f, 8, ANALYST)
    kept = _all_dates.kept_all_dates(source.cache)._kept
    one, *_ = kept.values()
    assert len(kept) == len(FILTERS)
    monkeypatch.setattr(_all_dates, "MOST_ROWS", len(one.words) + 1)
    few = _all_dates.KeptAllDates()
    for name in "abc":
        few.keep(name, one)
    assert [name for name in "abc" if few.find(name)] == ["c"]
    few.keep("c", replace(one, finest=one.finest - 1))
    assert few.find("c") is one


def test_what_alone_is_too_much_is_asked_once_and_drives_nothing_out(
    source: Source, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = FILTERS[1], FILTERS[0]
    query.count_all_dates(source, few, 8, ANALYST)
    (one,) = _all_dates.kept_all_dates(source.cache)._kept.values()
    monkeypatch.setattr(_all_dates, "MOST_ROWS", len(one.words))
    for _ in range(2):
        for size in (8, 9):
            query.count_all_dates(source, many, size, ANALYST)
    assert len(asked) == 2
    assert list(_all_dates.kept_all_dates(source.cache)._kept.values()) == [one]


def test_cells_that_are_picked_are_counted_as_the_land_affords_them(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "affordable_size", lambda *_: Choice("resolution", 8, Message("")))
    count_all_dates(source, EVERYTHING, ANALYST, 10)
    assert [one.finest for one in _all_dates.kept_all_dates(source.cache)._kept.values()] == [8]
