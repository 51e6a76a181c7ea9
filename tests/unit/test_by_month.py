"""Alerts of which only the month is known: periods are months, and nothing is told by week, day or hour."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.model.i18n import Span
from curim_data.studies.compare import CompareError, filter_pair
from curim_data.studies.density import density_study
from curim_data.studies.emerging import emerging_study
from curim_data.studies.forecast import forecast_study
from curim_data.studies.periods import compared_periods
from curim_data.studies.trends import trend_study
from tests.small import alert, small_source

T = translator("en")
ANALYST = Audience.ANALYST


def by_month(folder: Path, *months: tuple[int, int], of_days: int = 0) -> Source:
    """A source of two alerts a month by their month alone, and some of which the hour is known."""
    rows = [
        alert(2 * at + twin, day=dt.date(year, month, 1), hours=None, dark=None, time_precision="month")
        for at, (year, month) in enumerate(months)
        for twin in range(2)
    ]
    rows += [alert(1000 + at, day=dt.date(2018, 11, 20)) for at in range(of_days)]
    return small_source(folder, rows)


def months(first: tuple[int, int], number: int) -> list[tuple[int, int]]:
    """So many months in a row."""
    return [divmod(12 * first[0] + first[1] - 1 + step, 12) for step in range(number)]


def source_of(folder: Path, first: tuple[int, int], number: int) -> Source:
    return by_month(folder, *((year, month + 1) for year, month in months(first, number)))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (AlertFilter(period="28d"), "All alerts, February 2021: 2 of 50"),
        (AlertFilter(period="quarter"), "All alerts, December 2020 – February 2021: 6 of 50"),
        (AlertFilter(), "All alerts, March 2020 – February 2021: 24 of 50"),
        (AlertFilter(period="all"), "All alerts, February 2019 – February 2021: 50 of 50"),
        (AlertFilter(start=dt.date(2020, 11, 5), end=dt.date(2020, 11, 20)), "All alerts, November 2020: 2 of 50"),
    ],
)
def test_periods_are_whole_months(tmp_path: Path, chosen: AlertFilter, said: str) -> None:
    source = source_of(tmp_path, (2019, 2), 25)
    assert source.by_month
    assert source.as_of == dt.date(2021, 2, 28)
    assert query.sentence(source, chosen, T, query.total(source, chosen, ANALYST)) == said


def test_days_are_told_where_one_alert_has_one(tmp_path: Path) -> None:
    source = by_month(tmp_path, (2018, 11), of_days=1)
    assert not source.by_month
    assert not source.knows_weeks
    assert query.sentence(source, AlertFilter(period="all"), T) == "All alerts, 1 November 2018 – 20 November 2018"


def test_few_alerts_by_month_leave_the_weeks_alone(tmp_path: Path) -> None:
    assert by_month(tmp_path, (2018, 11), of_days=39).knows_weeks


def test_spans_are_written_in_each_language() -> None:
    first, last = dt.date(2018, 11, 1), dt.date(2019, 1, 31)
    assert translator("el").span(Span(first, dt.date(2018, 11, 30), by_month=True)) == "Νοέμβριος 2018"
    assert translator("fr").span(Span(first, last, by_month=True)) == "novembre 2018 – janvier 2019"


def test_months_are_compared_with_as_many_months(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2019, 2), 25)
    quarter = AlertFilter(period="quarter")
    before = filter_pair(source, quarter, "before")
    assert (before.second.start, before.second.end) == (dt.date(2020, 9, 1), dt.date(2020, 11, 30))
    assert "Compared with September 2020 – November 2020." in [T(choice.explanation) for choice in before.choices]
    year = filter_pair(source, quarter, "year")
    assert (year.second.start, year.second.end) == (dt.date(2019, 12, 1), dt.date(2020, 2, 29))
    found = compared_periods(source, (dt.date(2020, 12, 4), source.as_of))
    assert found.before == (dt.date(2019, 12, 1), dt.date(2020, 2, 29))
    assert "months of the year before (December 2019 – February 2020)" in T(found.choice.explanation)


def test_months_before_the_data_are_no_comparison(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2018, 11), 2)
    found = compared_periods(source, (dt.date(2018, 12, 1), dt.date(2018, 12, 31)))
    assert (found.before, found.same_season) == ((dt.date(2018, 11, 1), dt.date(2018, 11, 30)), False)
    assert "months just before (November 2018)" in T(found.choice.explanation)
    assert compared_periods(source, (dt.date(2018, 11, 1), dt.date(2018, 12, 31))).before is None
    with pytest.raises(CompareError):
        filter_pair(source, AlertFilter(period="all"), "before")


def test_nothing_is_told_by_the_week(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2018, 10), 9)
    told = forecast_study(source, AlertFilter(), ANALYST)
    assert told.city is None
    assert told.cells is None
    assert told.city_refused is not None
    assert "the month alone is known" in T(told.city_refused)
    trend = trend_study(source, AlertFilter(), ANALYST, "week")
    assert trend is not None
    assert trend.unit == "month"
    assert bool(trend.frame["complete"].all())
    over_time = emerging_study(source, AlertFilter(), ANALYST)
    assert over_time.emerging is None or over_time.emerging.unit == "month"


def test_the_day_of_a_month_is_no_weekday(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2018, 11), 2)
    every = AlertFilter(weekdays=tuple(range(7)))
    assert query.total(source, every, ANALYST).n == 0


def test_no_width_is_tried_on_weeks_that_are_not_known(tmp_path: Path) -> None:
    told = density_study(source_of(tmp_path, (2018, 10), 12), AlertFilter(), ANALYST)
    assert told.bandwidth.method == "reach"
    assert "the month alone is known" in T(told.bandwidth.explanation)


def test_large_ratios_have_no_more_digits_than_they_know() -> None:
    assert [T.times(ratio) for ratio in (12.66, 99.94, 630.0, 25_585.6)] == ["12.7", "99.9", "630", "25,600"]


@given(n=st.integers(1, 100_000), expected=st.floats(0.001, 10_000))
def test_what_was_expected_divides_into_the_ratio_beside_it(n: int, expected: float) -> None:
    told, ratio = (float(words.replace(",", "")) for words in (T.expected(expected), T.times(n / expected)))
    assert n / told == pytest.approx(ratio, rel=0.02 if expected < 0.01 else 0.01, abs=0.051)


def test_no_expectation_is_a_dash_and_none_at_all_a_naught() -> None:
    assert [T.expected(value) for value in (None, float("nan"), 0.0, 0.5, 3.14159, 41.27, 123.4)] == [
        "–", "–", "0", "0.500", "3.14", "41.3", "123",
    ]  # fmt: skip
