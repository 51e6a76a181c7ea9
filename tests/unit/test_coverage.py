"""Which days the sources cover: empty runs against simulation and a slow twin, gaps of real exports, corrections."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.stats.significance import empty_runs
from curim_data.engine import Source, open_source
from curim_data.engine.flat import learn
from curim_data.filters import AlertFilter
from curim_data.model import translator
from curim_data.model.absence import CalendarUnit
from curim_data.model.coverage import Annotation, AnnotationKind, Coverage, Gap
from curim_data.store import Home
from curim_data.studies.changes import change_study
from curim_data.studies.evaluation import comparison_windows
from curim_data.studies.hot_spots import emerging_study
from curim_data.studies.plan import Calendar
from curim_data.studies.trends import NO_WEEK, forecast_study, whole_weeks
from tests.small import alert, small_source

EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "exports"
START = dt.date(2024, 1, 1)
real = pytest.mark.skipif(not EXPORTS.exists(), reason="the public exports are not beside the project")


# empty runs


def test_all_alerts_lie_beside_the_run_as_often_as_the_formula_says() -> None:
    """(1 + g / d)^-k is the share of Poisson counts with k alerts in d + g days of which none is in the g days."""
    random = np.random.default_rng(1)
    beside, run = random.poisson(0.2 * 30, 400_000), random.poisson(0.2 * 10, 400_000)
    six = beside + run == 6
    assert np.mean(run[six] == 0) == pytest.approx((1 + 10 / 30) ** -6, rel=0.03)


def test_the_chance_of_an_empty_run_holds_under_bursts_and_seasons() -> None:
    """Named gaps of quiet sources that cover all days: nominally one of twenty."""
    random, named = np.random.default_rng(20261130), 0
    for rate, mean in itertools.product((0.15, 0.5, 2.0, 20.0), (1.0, 2.0, 3.0)):
        for _ in range(10):
            season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(731) / 365.25)
            events = random.poisson(rate * season / mean)
            days = np.repeat(np.arange(731), events)
            counts = np.bincount(days, random.geometric(1 / mean, len(days)), 731)
            named += bool(empty_runs(np.trim_zeros(counts)))
    assert named <= 10  # of 120; at the nominal rate more have a probability of 0.04


@pytest.mark.parametrize("rate", [0.7, 2.0, 16.0, 60.0])
@pytest.mark.parametrize("length", [20, 31])
def test_a_missing_month_is_found_where_there_are_enough_alerts(rate: float, length: int) -> None:
    counts = np.random.default_rng(3).poisson(rate, 1100)
    counts[500 : 500 + length] = 0
    found = empty_runs(counts)
    if rate < 2.0 and length < 31:
        assert len(found) <= 1
    else:
        (run,) = found
        assert run[0] <= 500
        assert run[1] >= 500 + length


def test_what_is_no_gap() -> None:
    random = np.random.default_rng(4)
    days = np.arange(365 * 5)
    growing = random.poisson(0.02 * np.exp(days / 300))
    assert empty_runs(np.trim_zeros(growing)) == []
    faded = [np.trim_zeros(3 * random.poisson(7 * np.exp(-days[:600] / 40))) for _ in range(40)]
    assert sum(bool(empty_runs(one)) for one in faded) <= 2
    summers = random.poisson(np.where((days % 365 > 150) & (days % 365 < 240), 8.0, 0.0))
    assert empty_runs(np.trim_zeros(summers)) == []
    office = random.poisson(np.where((days % 7 < 5) & (days % 365 < 357), 20.0, 0.0))
    assert empty_runs(office, weekday=0) == []
    christmas = random.poisson(np.where((days[:365] % 7 < 5) & (abs(days[:365] - 180) > 5), 20.0, 0.0))
    assert empty_runs(christmas) == []  # in one year alone
    one_day = random.poisson(40.0, 400)
    one_day[200] = 0
    assert empty_runs(one_day) == []  # a holiday, or a day without the app


def test_a_missing_month_of_an_office_and_of_a_season_is_found() -> None:
    random = np.random.default_rng(5)
    days = np.arange(365 * 3)
    office = random.poisson(np.where(days % 7 < 5, 20.0, 0.0))
    office[403:431] = 0
    assert empty_runs(office) == [(401, 431)] or empty_runs(office) == [(403, 431)]
    season = random.poisson(3 + 2.5 * np.sin(2 * np.pi * days / 365))
    season[450:480] = 0
    (run,) = empty_runs(season)
    assert run[0] in (448, 449, 450)
    assert 480 <= run[1] <= 482


def test_neighbouring_gaps_are_all_found_and_a_burst_hides_none() -> None:
    """The shortest is found only where the others are left out of its surroundings."""
    counts = np.random.default_rng(6).poisson(1.5, 900)
    counts[300:360] = counts[368:408] = counts[416:437] = 0
    counts[460] = 900
    assert len(empty_runs(counts)) == 3


@pytest.mark.parametrize("after", [5, 14])
def test_a_month_is_found_soon_before_the_data_end(after: int) -> None:
    counts = np.random.default_rng(8).poisson(4.0, 700)
    counts[-30 - after : -after] = 0
    assert empty_runs(counts)[-1][1] >= 700 - after


@given(st.lists(st.integers(0, 30), max_size=120), st.integers(0, 6), st.booleans())
def test_runs_are_empty_longest_and_in_order(counts: list[int], weekday: int, edges: bool) -> None:
    found = empty_runs(counts, weekday=weekday, edges=edges)
    assert found == sorted(found)
    for first, stop in found:
        assert stop - first >= 2
        assert not any(counts[first:stop])
        assert first == 0 or counts[first - 1]
        assert stop == len(counts) or counts[stop]
    if not edges:
        assert all(first > 0 and stop < len(counts) for first, stop in found)


@given(st.lists(st.sampled_from([0, 0, 1, 3, 9]), min_size=60, max_size=200), st.integers(10, 40))
def test_a_slow_twin_says_the_same_of_one_run(counts: list[int], length: int) -> None:
    half = len(counts) // 2
    counts = [*counts[:half], 1, *[0] * length, 1, *counts[half:]]
    first, stop = half + 1, half + 1 + length
    assert ((first, stop) in empty_runs(counts)) == _twin(counts, first, stop)


def _twin(counts: list[int], first: int, stop: int) -> bool:
    """The formula of `analysis.stats.significance` for one run of days, less than a year, in loops; with other runs."""
    named: set[tuple[int, int]] = set()
    runs, at = [], 0
    for value, group in itertools.groupby(counts):
        n = len(list(group))
        if value == 0:
            runs.append((at, at + n))
        at += n
    by_weekday = [sum(counts[day::7]) for day in range(7)]
    least = 15 if min(by_weekday) < 0.05 * sum(by_weekday) / 7 else 2
    while True:
        gone = {day for run in named for day in range(*run)}
        known = [day for day in range(len(counts)) if day not in gone]
        now = {
            run
            for run in runs
            if run[0] > 0 and run[1] < len(counts) and run[1] - run[0] >= least and _rare(counts, known, run, len(runs))
        }
        if now == named:
            return (first, stop) in named
        named = now


def _rare(counts: list[int], known: list[int], run: tuple[int, int], many: int) -> bool:
    wide = min(365, max(56, 3 * (run[1] - run[0])))
    year = [[day for day in reversed(known) if day < run[0]][:365], [day for day in known if day >= run[1]][:365]]
    near = [days[:wide] for days in year]
    values = sorted(counts[day] for days in near for day in days)
    place = 0.9 * (len(values) - 1)
    low = values[int(place)] + (place % 1) * (values[min(int(place) + 1, len(values) - 1)] - values[int(place)])
    most = max(1.0, low)
    pace = []
    for weekday in range(7):
        those = [min(counts[day], most) for days in near for day in days if day % 7 == weekday]
        pace.append((sum(those) + 0.5) / (len(those) + 1))
    pairs = []
    for days in year:
        weeks = [sum(min(counts[day], most) for day in days[at : at + 7]) for at in range(0, len(days) - 6, 7)]
        pairs.append([(b - a) ** 2 / (a + b) for a, b in itertools.pairwise(weeks) if a + b])
    for days, own in zip(near, pairs, strict=True):
        z = own if len(own) >= 26 else pairs[0] + pairs[1]
        a = max(1.0, sum(z) / len(z)) if z else 1.0
        k = sum(min(counts[day], most) for day in days) / a
        active = sum(counts[day] > 0 for day in days)
        k = min(k, -len(days) * math.log(1 - (active + 0.5) / (len(days) + 1)))
        ratio = sum(pace[day % 7] for day in range(run[0] + 1, run[1])) / sum(pace[day % 7] for day in days)
        v = max(2.0, len(z) / 3)
        limit = 0.05 / many if len(days) > run[1] - run[0] - 1 else max(0.05 / many, 0.003)
        if (1 + k * math.log(1 + ratio) / v) ** -v >= limit:
            return False
    return True


# gaps of sources


def _frame(*sources: tuple[str, dt.date, list[int]], months: bool = False) -> pd.DataFrame:
    rows = [
        (name, day, months, float(n))
        for name, first, counts in sources
        for day, n in zip(pd.date_range(first, periods=len(counts), freq="MS" if months else "D"), counts, strict=True)
        if n
    ]
    return pd.DataFrame(rows, columns=["source", "day", "months", "n"])


def test_a_source_that_ends_and_one_that_begins() -> None:
    coverage = learn(_frame(("a", START, [3] * 300), ("b", dt.date(2024, 7, 1), [4] * 400)))
    assert coverage.complete
    assert [(one.source, one.day, one.begins) for one in coverage.breaks] == [
        ("b", dt.date(2024, 7, 1), True),
        ("a", dt.date(2024, 10, 27), False),
    ]
    assert coverage.breaks_in(dt.date(2024, 7, 1), dt.date(2024, 10, 27)) == coverage.breaks[1:]


def test_a_gap_of_a_source_that_hardly_matters_is_none_of_the_city() -> None:
    few = [1] * 100 + [0] * 60 + [1] * 100
    assert not learn(_frame(("few", START, few), ("many", START, [2] * 260))).complete
    assert learn(_frame(("few", START, few), ("many", START, [90] * 260))).complete


def test_days_between_two_sources_are_a_gap() -> None:
    coverage = learn(_frame(("a", START, [2] * 60), ("b", dt.date(2024, 6, 1), [2] * 60)))
    assert coverage.gaps == (Gap("", dt.date(2024, 3, 1), dt.date(2024, 5, 31)),)


def test_a_missing_month_where_months_alone_are_known() -> None:
    coverage = learn(_frame(("policeuk", START, [700, 650, 0, 720, 690]), months=True))
    assert coverage.gaps == (Gap("policeuk", dt.date(2024, 3, 1), dt.date(2024, 3, 31)),)
    assert coverage.by_month
    assert coverage.spans["policeuk"] == (START, dt.date(2024, 5, 31))
    (told,) = map(translator("en"), coverage.sentences())
    assert told == "The alerts do not cover this time: March 2024. Nothing is concluded from it."
    assert coverage.untouched(pd.date_range(START, periods=5, freq="MS"), "month").tolist() == [1, 1, 0, 1, 1]


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), max_size=5), st.integers(-20, 220))
def test_shares_are_those_of_single_days(unit: CalendarUnit, gaps: list[tuple[int, int]], at: int) -> None:
    def day(number: int) -> dt.date:
        return START + dt.timedelta(days=number)

    coverage = Coverage({"a": (START, day(200))}, tuple(Gap("a", day(g), day(g + more)) for g, more in gaps))
    start, end = day(at), day(at + 9)
    single = [0 <= at + n <= 200 and not any(g <= at + n <= g + more for g, more in gaps) for n in range(10)]
    assert coverage.covered([day(at + n) for n in range(10)]).tolist() == single
    assert coverage.share([start], [end])[0] == pytest.approx(np.mean(single))
    assert coverage.whole([start], [end])[0] == all(single)
    length = {"day": 1, "week": 7, "month": 31}[unit]
    first = start.replace(day=1) if unit == "month" else start
    inside = [first + dt.timedelta(days=n) for n in range(length)]
    inside = [one for one in inside if unit != "month" or one.month == first.month]
    touched = any(gap.first <= one <= gap.last for gap in coverage.gaps for one in inside)
    assert coverage.untouched([first], unit).tolist() == [not touched]


def _note(kind: AnnotationKind, first: int, last: int, source: str | None = None) -> Annotation:
    days = (START + dt.timedelta(days=first), START + dt.timedelta(days=last))
    return Annotation("00000000", *days, kind, "so", source=source)


def test_what_an_analyst_says_holds() -> None:
    gap = Gap("a", START + dt.timedelta(days=10), START + dt.timedelta(days=29))
    coverage = Coverage({"a": (START, START + dt.timedelta(days=99))}, (gap,))
    assert coverage.corrected([_note("nothing_happened", 0, 99)]).complete
    assert coverage.corrected([_note("nothing_happened", 0, 99, "b")]) == coverage
    parts = coverage.corrected([_note("nothing_happened", 15, 19)]).gaps
    assert [(part.first - START).days for part in parts] == [10, 20]
    assert [part.days for part in parts] == [5, 10]
    more = coverage.corrected([_note("not_covered", 50, 52, "a"), _note("campaign", 60, 61)])
    assert [one.days for one in more.gaps] == [20, 3]
    assert more.as_json()["gaps"] == [
        {"source": "a", "from": "2024-01-11", "to": "2024-01-30"},
        {"source": "a", "from": "2024-02-20", "to": "2024-02-22"},
    ]


def test_a_source_knows_its_coverage(tmp_path: Path) -> None:
    rows = [
        alert(n, day=START + dt.timedelta(days=n // 3), time_precision="month" if n % 50 == 0 else "exact")
        for n in range(900)
        if not 100 <= n // 3 < 130
    ]
    coverage = small_source(tmp_path, rows).coverage
    assert coverage.gaps == (Gap("test", START + dt.timedelta(days=100), START + dt.timedelta(days=129)),)
    assert small_source(tmp_path, []).coverage.complete


# studies


@pytest.fixture(scope="module")
def alerts(sample: Home) -> Source:
    return open_source(sample)


def _with_gap(source: Source, first: dt.date, days: int) -> Source:
    note = Annotation("00000000", first, first + dt.timedelta(days=days - 1), "not_covered", "so")
    return replace(source, annotations=(note,))


def test_a_forecast_begins_after_a_long_gap(alerts: Source) -> None:
    f, start = AlertFilter(), alerts.as_of - dt.timedelta(days=300)
    cut = _with_gap(alerts, start, 40)
    assert whole_weeks(cut, f)[0].date() >= start + dt.timedelta(days=40)
    told = forecast_study(cut, f)
    assert any("do not cover" in translator("en")(note) for note in told.notes)
    gone = forecast_study(_with_gap(alerts, alerts.first, 9999), f)
    assert (gone.cells, gone.refused) == (None, NO_WEEK)
    assert gone.notes


def test_classes_over_time_begin_after_a_long_gap(alerts: Source) -> None:
    start = alerts.as_of - dt.timedelta(days=400)
    told = emerging_study(_with_gap(alerts, start, 40), AlertFilter())
    assert told.period is not None
    assert told.period[0] >= start + dt.timedelta(days=40)
    assert [one.name for one in told.choices].count("coverage") == 1


def test_changes_of_a_category_without_alerts_are_unknown_beside_a_gap(alerts: Source) -> None:
    f = AlertFilter(categories=("no such category",))
    cut = _with_gap(alerts, alerts.as_of - dt.timedelta(days=40), 10)
    assert change_study(cut, f, alerts.as_of - dt.timedelta(days=60)).changes.found == ()


def test_a_plan_is_judged_on_covered_days(alerts: Source) -> None:
    start = alerts.as_of - dt.timedelta(days=150)
    whole = comparison_windows(alerts, start, None)
    later = comparison_windows(_with_gap(alerts, start + dt.timedelta(days=60), 30), start, None)
    assert (later.lengths, later.before[0]) == ((60, 60), whole.before[0])
    before = _with_gap(alerts, whole.before[0] + dt.timedelta(days=20), 30)
    assert comparison_windows(before, start, None).before[1] == start - dt.timedelta(days=1)
    calendar = Calendar(start, 100)
    days = calendar.placebo_starts(alerts.first, 0, alerts.coverage)
    fewer = calendar.placebo_starts(alerts.first, 0, _with_gap(alerts, days[1], 20).coverage)
    assert fewer == [days[0], *days[2:]]


# real exports


def _days(name: str, column: str, form: str, **options: str) -> pd.Series:
    """Alerts by day of a public export."""
    path = EXPORTS / name
    with gzip.open(path, "rt") if name.endswith("gz") else path.open(encoding="utf-8-sig") as file:
        dates = [
            row[column][: len(dt.datetime(2000, 12, 12).strftime(form))] for row in csv.DictReader(file, **options)
        ]
    days = pd.Series(pd.to_datetime(dates, format=form, errors="coerce")).dropna().dt.normalize()
    counts = days.value_counts().sort_index()
    return counts.reindex(pd.date_range(counts.index[0], counts.index[-1]), fill_value=0)


REAL = {
    "chicago": ("chicago_aggravated_assaults.csv.gz", "date", "%Y-%m-%d"),
    "cincinnati": ("cincinnati_burglary.csv.gz", "offense_date", "%Y-%m-%d"),
    "nypd": ("nypd_shootings_historic.csv", "OCCUR_DATE", "%m/%d/%Y"),
    "madrid": ("madrid_bike_accidents_2019.csv", "fecha", "%d/%m/%Y"),
    "nyc_311": ("nyc_311_illegal_animals.csv", "Created Date", "%m/%d/%Y"),
    "safecity": ("safecity_reports_no_text.csv", "date", "%Y-%m-%d"),
    "haiti": ("ushahidi_haiti_2010_no_text.csv", "INCIDENT DATE", "%m/%d/%Y"),
}


@pytest.mark.slow
@real
@pytest.mark.parametrize("name", list(REAL))
def test_a_month_taken_out_of_a_real_export_is_a_gap_and_the_export_has_none(name: str) -> None:
    options = {"delimiter": ";"} if name == "madrid" else {}
    days = _days(*REAL[name], **options)
    assert empty_runs(days, weekday=days.index[0].weekday()) == []
    months = pd.period_range(days.index[0], days.index[-1], freq="M")[1:-1]
    found = []
    for month in months[:: max(1, len(months) // 12)]:
        first, last = month.start_time, month.end_time.normalize()
        cut = days.copy()
        cut[first:last] = 0
        runs = [(cut.index[a], cut.index[b - 1]) for a, b in empty_runs(cut, weekday=cut.index[0].weekday())]
        assert len(runs) <= 1
        found += [start <= first and last <= end for start, end in runs]
    least = {"nyc_311": 0.6, "safecity": 0.4, "haiti": 0.0}.get(name, 1.0)  # a month of few alerts may be quiet
    assert all(found)
    assert len(found) >= least * len(months[:: max(1, len(months) // 12)])


@real
def test_a_month_taken_out_of_lancashire_is_a_gap() -> None:
    with (EXPORTS / "lancashire_asb.csv").open() as file:
        months = pd.Series([row["month"] for row in csv.DictReader(file)]).value_counts().sort_index().to_numpy()
    assert empty_runs(months, "month") == []
    for at in range(1, len(months) - 1):
        cut = months.copy()
        cut[at] = 0
        assert empty_runs(cut, "month") == [(at, at + 1)]
