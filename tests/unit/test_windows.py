"""Periods that are compared: never a day in both; where only the month is known they are whole months."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.report.papers import compose_brief
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import Audience, KnownTime, UnknownTimeError, translator
from curim_data.model.absence import DIMENSION_UNITS, some_hours, too_few_hours
from curim_data.model.coverage import Coverage
from curim_data.model.plan import Areas, Plan, PlanStatus
from curim_data.query import dates
from curim_data.studies import brief_text
from curim_data.studies.alert_points import density_study
from curim_data.studies.brief import brief_study
from curim_data.studies.brief_content import brief_content
from curim_data.studies.brief_text import finding_sentences, headline
from curim_data.studies.compare import CompareError, filter_pair
from curim_data.studies.evaluation import comparison_windows, evaluation_obstacle, windows_sentence
from curim_data.studies.gender import light_study
from curim_data.studies.hot_spots import emerging_study
from curim_data.studies.periods import compared_periods
from curim_data.studies.trends import forecast_study, trend_study
from tests.small import alert, small_source
from tests.stored import seen_by

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


T = translator("en")
ANALYST = Audience.ANALYST


def by_month(folder: Path, *months: tuple[int, int]) -> Source:
    """A source of two alerts a month by their month alone."""
    rows = [
        alert(2 * at + twin, day=dt.date(year, month, 1), hours=None, dark=None, time_precision="month")
        for at, (year, month) in enumerate(months)
        for twin in range(2)
    ]
    return small_source(folder, rows)


def months(first: tuple[int, int], number: int) -> list[tuple[int, int]]:
    """So many months in a row."""
    return [divmod(12 * first[0] + first[1] - 1 + step, 12) for step in range(number)]


def source_of(folder: Path, first: tuple[int, int], number: int) -> Source:
    return by_month(folder, *((year, month + 1) for year, month in months(first, number)))


def busier_last(folder: Path) -> Source:
    """Thirty alerts a month for two years, sixty in each of the last three months."""
    rows, number = [], 0
    for year, month in months((2019, 3), 24):
        for _ in range(60 if (year, month + 1) >= (2020, 12) else 30):
            day = dt.date(year, month + 1, 1)
            rows.append(alert(number, day=day, hours=None, dark=None, time_precision="month"))
            number += 1
    return small_source(folder, rows)


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
    assert source.known_time is KnownTime.MONTH
    assert source.as_of == dt.date(2021, 2, 28)
    assert query.sentence(source, chosen, T, query.total(source, chosen)) == said


def with_hours(folder: Path, timed: int, of: int) -> Source:
    """So many alerts with an hour among all."""
    nothing: dict[str, object] = {"hours": None, "dark": None, "time_precision": "day"}
    return small_source(folder, [alert(at, **({} if at < timed else nothing)) for at in range(of)])


@pytest.mark.parametrize(
    ("timed", "of", "said"),
    [
        (1, 40, "Fewer than half of all alerts"),
        (10, 40, "Fewer than half of all alerts"),
        (30, 40, "Some alerts have no time of day"),
        (6, 12, "Some alerts have no time of day"),
    ],
)
def test_no_share_tells_how_few_alerts_have_a_time_of_day_or_have_none(timed: int, of: int, said: str) -> None:
    message = too_few_hours(timed, of) or some_hours(timed, of)
    assert message is not None
    assert T(message).startswith(said)


@pytest.mark.parametrize(
    ("timed", "known", "said"),
    [
        (0, KnownTime.DAY, "gives the date of an alert, not its hour"),
        (1, KnownTime.DAY, "Fewer than half of all alerts have a time of day"),
        (99, KnownTime.DAY, "Fewer than half of all alerts have a time of day"),
        (100, KnownTime.HOUR, "Some alerts have no time of day"),
        (189, KnownTime.HOUR, "Some alerts have no time of day"),
        (190, KnownTime.HOUR, None),
        (200, KnownTime.HOUR, None),
    ],
)
def test_hours_are_known_where_half_of_the_alerts_have_one(
    tmp_path: Path, timed: int, known: KnownTime, said: str | None
) -> None:
    every = AlertFilter(period="all")
    source = with_hours(tmp_path, timed, 200)
    assert (source.known_time, source.timed) == (known, timed)
    light = light_study(source, every)
    if known is KnownTime.DAY:
        assert source.some_hours is None
        lacking = source.lacks("hour")
        assert said is not None
        assert lacking is not None
        assert said in T(lacking)
        assert said in light.sentence(T)
        with pytest.raises(UnknownTimeError, match=said):
            query.counts(source, every, ["dark"])
        with pytest.raises(CompareError):
            filter_pair(source, every, "light")
        return
    assert source.lacks("hour") is None
    assert query.counts(source, every, ["hour"]).total == 200
    sentences = [T(choice.explanation) for choice in light.choices if choice.name == "hours"]
    assert (sentences == []) if said is None else (len(sentences) == 1 and said in sentences[0])


@pytest.mark.parametrize("dimension", sorted(DIMENSION_UNITS))
@pytest.mark.parametrize("audience", [ANALYST, Audience.COUNCIL])
def test_nothing_is_counted_by_a_time_that_is_not_known(tmp_path: Path, dimension: str, audience: Audience) -> None:
    source = source_of(tmp_path, (2019, 2), 3)
    with pytest.raises(UnknownTimeError, match="only the month of an alert"):
        query.counts(seen_by(source, audience), AlertFilter(), [dimension])
    with pytest.raises(UnknownTimeError):
        query.counts(seen_by(source, audience), AlertFilter(), ["category", dimension])


def test_months_are_compared_with_as_many_months(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2019, 2), 25)
    found = compared_periods(source, (dt.date(2020, 12, 4), source.as_of))
    assert found.before == (dt.date(2019, 12, 1), dt.date(2020, 2, 29))
    assert "same time of the year before (December 2019 – February 2020)" in T(found.choice.explanation)


def test_months_before_the_data_are_no_comparison(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2018, 11), 2)
    found = compared_periods(source, (dt.date(2018, 12, 1), dt.date(2018, 12, 31)))
    assert (found.before, found.same_season) == ((dt.date(2018, 11, 1), dt.date(2018, 11, 30)), False)
    assert "time just before (November 2018)" in T(found.choice.explanation)
    assert compared_periods(source, (dt.date(2018, 11, 1), dt.date(2018, 12, 31))).before is None
    source = source_of(tmp_path, (2018, 3), 36)  # and more than a year is compared with the months just before
    longer = compared_periods(source, (dt.date(2020, 2, 1), source.as_of))
    assert (longer.before, longer.same_season) == ((dt.date(2019, 1, 1), dt.date(2020, 1, 31)), False)
    assert "just before (January 2019 – January 2020), because the period is longer" in T(longer.choice.explanation)


def test_nothing_is_told_by_the_week(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2018, 10), 9)
    told = forecast_study(source, AlertFilter())
    assert told.cells is None
    assert told.refused is not None
    assert "only the month" in T(told.refused)
    trend = trend_study(source, AlertFilter(), "week")
    assert trend.unit == "month"
    assert bool(trend.frame["complete"].all())
    over_time = emerging_study(source, AlertFilter())
    assert over_time.emerging is None or over_time.emerging.unit == "month"
    width = density_study(source, AlertFilter()).bandwidth
    assert width.method == "reach"
    assert "rule of thumb" in T(width.explanation)


def test_the_briefing_speaks_of_months(tmp_path: Path) -> None:
    source = busier_last(tmp_path)
    study = brief_study(source, AlertFilter(period="quarter"))
    assert headline(study, T).startswith("December 2020 – February 2021: 180 alerts, where 90 were expected")
    assert study.findings
    for finding in study.findings:
        assert finding.series.unit == "month"
        tested = finding.series.frame[finding.series.frame["tested"]]
        assert (
            tested[["n", "before"]].to_numpy().tolist() == [[60, 30]] * 3
        )  # each month against the same a year before
        assert brief_text.tested_sentence(finding, T).endswith("year before.")
        assert "week" not in " ".join(finding_sentences(finding, source.city, T))
    brief = brief_content(study, AlertFilter(period="quarter"), source.city, T, made=source.as_of)
    document = compose_brief(brief, source.city, T)
    assert document.kicker.endswith("December 2020 – February 2021")
    assert "week" not in repr(brief)


def test_a_plan_of_days_has_no_months_to_compare(tmp_path: Path) -> None:
    source = source_of(tmp_path, (2019, 2), 25)
    areas = Areas(("8a3f6d0000",), (), ("8a3f6d0001",))
    plan = Plan(
        title="x", status=PlanStatus.RUNNING, start=dt.date(2020, 5, 3), finish=dt.date(2020, 5, 28), areas=areas
    )
    told = evaluation_obstacle(source, plan)
    assert told is not None
    assert "whole days (or months)" in T(told)
    assert evaluation_obstacle(source, dataclasses.replace(plan, finish=dt.date(2020, 8, 28))) is None
    windows = comparison_windows(source, dt.date(2020, 5, 3), dt.date(2020, 8, 28))
    assert windows_sentence(windows, T) == "Before: June 2019 – July 2019. After: June 2020 – July 2020."
