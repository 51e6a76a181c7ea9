"""Periods that are compared: never a day in both, whatever the period, the data and the calendar."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import KnownTime
from curim_data.model.coverage import Coverage
from curim_data.query import dates
from curim_data.studies.compare import CompareError, _earlier
from curim_data.studies.evaluation import comparison_windows
from curim_data.studies.periods import compared_periods
from tests.small import alert, small_source

DAY = dt.timedelta(days=1)
days = st.dates(dt.date(2015, 1, 1), dt.date(2026, 12, 31))
spans = st.integers(0, 4200)
presets = st.sampled_from(["28d", "quarter", "12m", "meeting", "all"])


@pytest.fixture(scope="module")
def any_source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A source whose days the tests set."""
    folder: Path = tmp_path_factory.mktemp("windows")
    return small_source(folder, [alert(0, day=dt.date(2020, 1, 1))])


def over(source: Source, first: dt.date, last: dt.date, by_month: bool) -> Source:
    """The source as if its alerts reached from one day to another."""
    if by_month:
        first, last = month_bounds(first, 0)[0], month_bounds(last, 0)[1]
    known = KnownTime.MONTH if by_month else KnownTime.HOUR
    meeting = max(first, last - dt.timedelta(weeks=8))
    found = dataclasses.replace(
        source, first=first, as_of=last, meeting=meeting, known_time=known, cache={**source.cache, "coverage": {}}
    )
    found.once("coverage", "", lambda: Coverage({"test": (first, last)}, by_month=by_month))
    return found


def check(before: tuple[dt.date, dt.date], after: tuple[dt.date, dt.date], source: Source) -> None:
    assert source.first <= before[0] <= before[1] < after[0] <= after[1]
    if source.by_month:
        assert before[0].day == after[0].day == 1
        assert (before[1] + DAY).day == (after[1] + DAY).day == 1


@given(last=days, reach=spans, length=spans, ago=st.integers(-40, 1500), by_month=st.booleans())
@example(last=dt.date(2024, 12, 31), reach=1460, length=365, ago=0, by_month=False)
@example(last=dt.date(2024, 12, 31), reach=1460, length=730, ago=0, by_month=False)
@settings(max_examples=300, deadline=None)
def test_no_day_lies_in_both_periods(any_source, last, reach, length, ago, by_month) -> None:
    source = over(any_source, last - reach * DAY, last, by_month)
    end = last - ago * DAY
    after = end - length * DAY, end
    found = compared_periods(source, after)
    if found.before is None:
        assert found.lengths[0] == 0
        return
    check(found.before, found.after, source)
    wanted, had = found.lengths[1], found.lengths[0]
    assert had == (found.before[1] - found.before[0]).days + 1
    cut = found.before[0] == source.first
    assert cut or abs(had - wanted) <= (31 * (wanted // 300 + 1) if by_month else 2)
    assert not (found.same_season and wanted > 366)


@given(last=days, reach=spans, period=presets, by_month=st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_day_lies_in_both_periods_of_a_filter(any_source, last, reach, period, by_month) -> None:
    source = over(any_source, last - reach * DAY, last, by_month)
    asked = dates(source, AlertFilter(period=period))
    found = compared_periods(source, asked)
    if found.before is not None:
        check(found.before, found.after, source)
    for a_year in (False, True):
        try:
            now, then, _ = _earlier(source, AlertFilter(period=period), a_year=a_year)
        except CompareError:
            continue
        check(dates(source, then), dates(source, now), source)


@given(last=days, reach=st.integers(2, 4200), begun=st.integers(1, 1500), length=spans, by_month=st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_day_of_a_plan_lies_before_and_after_its_start(any_source, last, reach, begun, length, by_month) -> None:
    source = over(any_source, last - reach * DAY, last, by_month)
    start = source.as_of - min(begun, reach - 1) * DAY
    for finish in (None, start + length * DAY):
        windows = comparison_windows(source, start, finish)
        before, after = windows.before, windows.after
        if after[1] < after[0] or before[1] < before[0]:
            assert by_month  # no whole month: the obstacle of the evaluation says so
            continue
        check(before, after, source)
        assert after[0] >= start
        if finish is not None:
            assert after[1] <= finish
        assert windows.lengths == tuple((last - first).days + 1 for first, last in (before, after))
