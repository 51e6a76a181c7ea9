"""Changes at every level and events of their own: what is told, what is not, against the slow way; their words."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats.dispersion import burst_factor
from analysis.trends.changes import (
    ALPHA,
    CANDIDATE_KEYS,
    NO_NEWS,
    Changes,
    Counts,
    LevelName,
    Past,
    burst_factors,
    change_of,
    distinct_changes,
    judge,
)
from analysis.trends.changes import _city as city_change
from analysis.trends.changes import _p_beyond as p_beyond
from analysis.trends.changes import _window as window
from analysis.trends.reporting import HOURS, find_events
from curim_data.engine import source_from_files
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.privacy import FEWER_THAN
from curim_data.studies.changes import ChangeStudy, counts_in_words, ratios_in_words, surest_first, written_changes
from curim_data.studies.periods import ComparedPeriods
from tests.effort import effort
from tests.small import small_city
from tests.stored import seen_by

WEEKS = 112
K = 8
D, C = 5, 6


def tables(cube: np.ndarray[Any, Any]) -> dict[LevelName, Counts]:
    """Counts of all levels out of counts by district, category and week; places are the districts' halves."""
    d, c, weeks = cube.shape
    split = weeks - K

    def of(rows: np.ndarray[Any, Any], category: Any, parents: Any = None) -> Counts:
        year = rows[:, split - 52 : split - 52 + K].sum(axis=1)
        return Counts(rows[:, :split], rows[:, split:].sum(axis=1), year, np.asarray(category), parents)

    own = np.tile(np.arange(c), d), np.repeat(np.arange(d), c)
    return {
        "city": of(cube.sum(axis=(0, 1))[None], [-1]),
        "district": of(cube.sum(axis=1), [-1] * d),
        "category": of(cube.sum(axis=0), range(c)),
        "district_category": of(cube.reshape(d * c, weeks), own[0], (own[1], own[0])),
    }


def judged(cube: np.ndarray[Any, Any]) -> dict[LevelName, pd.DataFrame]:
    found = tables(cube)
    past = Past("week", K, cube.shape[2] - K)
    bursts = burst_factors(found["district_category"], found["city"], cube.shape[1])
    return {level: judge(level, table, found, past, bursts) for level, table in found.items()}


def quiet(seed: int, mean: float = 6.0, reports: float = 1.0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    events = rng.poisson(mean / reports, (D, C, WEEKS))
    if reports == 1:
        return events.astype(float)
    return np.array([rng.geometric(1 / reports, n).sum() for n in events.ravel()], float).reshape(events.shape)


@pytest.mark.parametrize("reports", [1.0, 2.0, 3.0])
def test_the_burst_factor_is_the_variance_by_the_mean_of_reports(reports: float) -> None:
    cube = quiet(1, 20.0, reports)
    found = burst_factor(cube.reshape(-1, WEEKS))
    # A geometric number of reports with the mean m makes the variance of counts 2m - 1 times their mean.
    assert found[0] == pytest.approx(2 * reports - 1, rel=0.1)


def test_the_burst_factor_knows_no_season_that_all_rows_share() -> None:
    rng = np.random.default_rng(2)
    rate = 30 * (1 + 0.6 * np.sin(np.arange(WEEKS)))
    rows = rng.poisson(np.tile(rate, (8, 1)))
    assert burst_factor(rows)[0] > 3
    assert burst_factor(rows, totals=rows.sum(axis=0))[0] == pytest.approx(1, abs=0.15)


def test_the_burst_factor_by_the_slow_way() -> None:
    rows = quiet(3, 3.0, 2.0).reshape(-1, WEEKS)[:7]
    squares, spread, weights = [], [], []
    for row in rows:
        pairs = [(a, b) for a, b in itertools.pairwise(row) if a + b]
        squares.append([(a - b) ** 2 / 4 for a, b in pairs])
        spread.append([(a + b) / 4 for a, b in pairs])
        weights.append(1 / (1 + np.mean(spread[-1])))
    factor = 1.0
    for _ in range(8):
        top = bottom = 0.0
        for own, v, w in zip(squares, spread, weights, strict=True):
            top += w * sum(min(s, 9 * max(factor, 1) * x + 1) for s, x in zip(own, v, strict=True))
            bottom += w * sum(v)
        factor = top / bottom
    assert burst_factor(rows)[0] == pytest.approx(max(1, factor))


def test_p_is_the_largest_probability_under_any_change_that_is_no_news() -> None:
    x, error = 0.4, 0.15
    rng = np.random.default_rng(4)
    draws = rng.standard_normal(400_000) * error
    largest = max(float((np.abs(draws + true) >= x).mean()) for true in np.linspace(-NO_NEWS, NO_NEWS, 9))
    (p,) = p_beyond(np.array([x]), np.array([error]), NO_NEWS, np.array([np.inf]))
    assert p == pytest.approx(largest, rel=0.05)
    (plain,) = p_beyond(np.array([x]), np.array([error]), 0.0, np.array([np.inf]))
    assert plain == pytest.approx(2 * stats.norm.sf(x / error), rel=1e-6)


def test_a_doubled_city_is_clear_and_its_parts_are_not_told_and_a_doubled_district_alone_is() -> None:
    cube = quiet(6)
    cube[2, :, -K:] *= 2
    grades = judged(cube)["district"]["grade"].tolist()
    assert [grade == "clear" for grade in grades] == [False, False, True, False, False]
    cube = quiet(5)
    cube[:, :, -K:] *= 2
    found = judged(cube)
    assert found["city"]["grade"].tolist() == ["clear"]
    assert not any((found[level]["grade"] == "clear").any() for level in ("district", "category"))


def test_others_are_measured_by_what_did_not_surely_move() -> None:
    """A category that fell somewhat is not expected to have twice as many because the largest one doubled."""
    cube = quiet(8)
    cube[:, 0] *= 8
    cube[:, 1, -K:] = np.floor(0.8 * cube[:, 1, -K:])
    calm, doubled = judged(cube)["category"], cube.copy()
    doubled[:, 0, -K:] *= 2
    loud = judged(doubled)["category"]
    assert loud["grade"].tolist() == ["clear", *["open"] * (C - 1)]  # the largest one does not hide behind itself
    without = judged(np.delete(cube, 0, axis=1))["category"]
    assert loud["expected"].iloc[1:].to_numpy() == pytest.approx(without["expected"].to_numpy(), rel=1e-9)
    assert loud["expected"].iloc[1] == pytest.approx(calm["expected"].iloc[1], rel=0.2)


def test_weeks_that_are_not_covered_count_nowhere() -> None:
    cube = quiet(10, 20.0)
    cube[:, :, -30:-20] = np.nan
    known = tables(cube)
    found = {
        level: replace(table, past=np.where(np.isnan(known[level].past), np.nan, table.past))
        for level, table in tables(np.nan_to_num(cube)).items()
    }
    past = Past("week", K, WEEKS - K - 10)
    bursts = burst_factors(found["district_category"], found["city"], C)
    grades = {level: judge(level, table, found, past, bursts)["grade"] for level, table in found.items()}
    assert not any((grade == "clear").any() for grade in grades.values())


@pytest.mark.slow
@pytest.mark.parametrize("reports", [1.0, 2.0])
def test_quiet_cities_have_hardly_any_clear_change(reports: float) -> None:
    cities = effort(30, 60)
    any_clear = sum(
        any((found["grade"] == "clear").any() for found in judged(quiet(100 + seed, 4.0, reports)).values())
        for seed in range(cities)
    )
    assert any_clear <= stats.binom.isf(1e-3, cities, sum(ALPHA.values()))


def frame_of(cube: np.ndarray[Any, Any]) -> pd.DataFrame:
    found, parts = judged(cube), []
    names = {
        "city": [{}],
        "district": [{"district": f"d{d}"} for d in range(D)],
        "category": [{"category": f"c{c}"} for c in range(C)],
        "district_category": [{"district": f"d{d}", "category": f"c{c}"} for d in range(D) for c in range(C)],
    }
    for level, rows in found.items():
        keys = pd.DataFrame([{**dict.fromkeys(CANDIDATE_KEYS), **name} for name in names[level]], dtype=object)
        parts.append(pd.concat([keys, rows], axis=1))
    return pd.concat(parts, ignore_index=True)


def test_the_error_of_the_whole_city_is_that_of_the_counts_it_rests_on() -> None:
    past = np.full((1, 104), 5.0)  # no burst, no drift: 40 after, 40 a year before, 260 in each of two years
    found = city_change(Counts(past, np.array([40.0]), np.array([40.0]), np.array([-1])), Past("week", K, 104), 1.0)
    assert found["error"].item() == pytest.approx(np.sqrt(2 / 40.5 + 2 / 260.5))


def test_districts_that_wandered_before_have_larger_errors() -> None:
    cube = quiet(22, 20.0)
    wild = cube * np.random.default_rng(23).lognormal(0, 0.4, (D, 1, WEEKS // K)).repeat(K, axis=2)
    steady, wandering = (judged(one)["district"]["error"] for one in (cube, wild))
    assert wandering.min() > 2 * steady.max()


def test_a_row_within_half_an_alert_of_its_share_has_not_moved() -> None:
    """10 of 100 before and 11 of 108 after: 21 drawn out of 208, of which 108 came after."""
    counts = ((np.array([after]), np.array([before])) for after, before in ((11.0, 10.0), (108.0, 100.0)))
    row, city = (Counts(np.zeros((1, 104)), *both, np.array([-1])) for both in counts)
    _, deviance, spread, _ = window(row, {"city": city}, Past("week", K, 104), None, 0)
    assert deviance.item() == 0
    assert spread.item() == pytest.approx(21 * 100 * 108 / 208**2 * (1 - 21 / 208))


def test_a_district_that_rose_makes_no_others_fall() -> None:
    cube = quiet(21, 20.0)
    cube[0, :, -K:] *= 4
    rest = judged(cube)["district"].iloc[1:]
    assert (rest["after"] / rest["expected"]).between(0.85, 1.15).all()


def test_a_change_is_listed_once_at_the_smallest_unit_that_carries_it() -> None:
    cube = quiet(11, 10.0)
    cube[1, 3, -K:] *= 6
    found = distinct_changes(frame_of(cube), CANDIDATE_KEYS, {}, lambda _: 0.0)
    first = found[0]
    assert (first.key["district"], first.key["category"], first.grade) == ("d1", "c3", "clear")
    assert not [one for one in found[1:] if one.grade == "clear"]


def test_what_would_be_visible_is_what_is_clear_in_four_of_five_cities() -> None:
    frame = frame_of(quiet(13))
    error = float(judged(quiet(13))["city"]["error"].iloc[0])
    rise, fall = Changes(frame, CANDIDATE_KEYS, {}, (), error).visible() or (0, 0)
    assert rise == pytest.approx(1 / fall)
    z = (np.log(rise) - NO_NEWS) / error
    assert stats.norm.sf(stats.norm.isf(ALPHA["city"]) - z) == pytest.approx(0.8)
    assert change_of(frame.to_dict("records")[0], CANDIDATE_KEYS).level == "city"


TELLING = ["expected", "ratio", "low", "high", "p", "q"]
ROWS = pd.DataFrame(
    [
        ("lighting_poor", 480, 21, "open"),
        ("harassment_sexual", 9, 66, "clear"),
        ("harassment_sexual", 100, 4, "probable"),
        ("noise", 50, 5, "open"),
        (None, 50, 1, "open"),
    ],
    columns=["category", "base", "after", "grade"],
).assign(
    expected=9.5, ratio=2.0, low=0.5, high=8.0, p=[0.5, 0.001, 0.01, 0.4, 0.3], q=[0.5, 0.001, 0.01, 0.4, 0.3],
    level="category", compared="past", district=None, area=None, place=None, cell=None,
)  # fmt: skip
SENSITIVE = AlertFilter(categories=("harassment_sexual",))
SOURCE = source_from_files((), "no alerts", small_city())
DAY = dt.date(2025, 6, 2)
STUDY = ChangeStudy(ComparedPeriods((DAY, DAY), (DAY, DAY), same_season=True), Changes(ROWS, CANDIDATE_KEYS, {}, ()))


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC])
def test_beside_a_small_count_nothing_is_left_that_tells_it(audience: Audience) -> None:
    told, t = written_changes(STUDY, seen_by(SOURCE, audience), AlertFilter()), translator("en")
    few = [False, True, True, False, True]
    assert told[FEWER_THAN].isna().tolist() == [not one for one in few]
    assert told[TELLING].isna().all(axis=1).tolist() == few
    assert counts_in_words(t, told, "after") == ["21", "66", "fewer than 10", "5", "fewer than 5"]
    assert counts_in_words(t, told, "base") == ["480", "fewer than 10", "100", "50", "50"]
    assert ratios_in_words(t, told, ("ratio", "low", "high")) == ["2.00 (0.50–8.00)" if not one else "–" for one in few]
    assert set(told["q"].dropna()).isdisjoint(ROWS["q"])
    assert told["grade"].tolist() == ROWS["grade"].tolist()
    sensitive = written_changes(STUDY, seen_by(SOURCE, audience), SENSITIVE)  # every row has its threshold
    assert counts_in_words(t, sensitive, "after")[3] == "fewer than 10"
    for reader in (Audience.ANALYST, Audience.SPECIALIST):
        assert written_changes(STUDY, seen_by(SOURCE, reader), SENSITIVE) is ROWS


def test_rows_stand_by_their_grade_and_then_in_the_order_of_what_is_read() -> None:
    assert surest_first(ROWS).tolist() == [1, 2, 4, 3, 0]
    told = written_changes(STUDY, seen_by(SOURCE, Audience.COUNCIL), AlertFilter())
    assert surest_first(ROWS, told).tolist() == [1, 2, 3, 0, 4]  # the p of the last one is not there
    assert surest_first(ROWS.assign(p=np.nan)).empty


FIRST, SINCE = dt.date(2022, 1, 3), dt.date(2024, 1, 1)


def city(seed: int, n: int = 6_000, reports: float = 2.0) -> pd.DataFrame:
    """Alerts of two years and eight weeks in 40 squares and 6 categories, an event reported twice on average."""
    rng = np.random.default_rng(seed)
    events = int(n / reports)
    of = np.repeat(np.arange(events), rng.geometric(1 / reports, events))
    hours = rng.uniform(0, WEEKS * 168, events)[of] + rng.exponential(3, len(of))
    moment = pd.Timestamp(FIRST) + pd.to_timedelta(hours, unit="h")
    cell, category = rng.integers(40, size=events)[of], rng.integers(6, size=events)[of]
    return pd.DataFrame({"moment": moment, "cell": cell, "category": category.astype(str), "hourly": True})


def put(alerts: pd.DataFrame, n: int, hours: float, *, hourly: bool = True, seed: int = 1) -> pd.DataFrame:
    """So many alerts more, within some hours of a night of the period, in one square."""
    rng = np.random.default_rng(seed)
    moment = pd.Timestamp("2024-01-20 20:00") + pd.to_timedelta(np.sort(rng.uniform(0, hours, n)), unit="h")
    more = pd.DataFrame({"moment": moment, "cell": 7, "category": "3", "hourly": hourly})
    return pd.concat([alerts, more], ignore_index=True)


@pytest.mark.parametrize(("n", "hours", "span"), [(60, 3.9, 4), (100, 167, 168)])
def test_a_night_of_sixty_and_a_week_of_a_hundred_are_clear(n: int, hours: float, span: int) -> None:
    found = [find_events(put(city(seed), n, hours), FIRST, SINCE) for seed in range(8)]
    first = [one[0] for one in found]
    assert all((one.cell, one.category, one.grade) == (7, "3", "clear") for one in first)
    assert all(n <= one.n <= n + 4 for one in first)
    assert sum(one.hours == span for one in first) >= 7


def test_an_event_is_told_once_and_by_the_day_where_hours_are_not_known() -> None:
    found = find_events(put(city(5), 60, 3), FIRST, SINCE)
    assert len([one for one in found if one.cell == 7]) == 1
    assert find_events(put(city(6), 60, 3, hourly=False), FIRST, SINCE)[0].hours == 24


def test_quiet_cities_have_hardly_any_event() -> None:
    found = [find_events(city(seed), FIRST, SINCE) for seed in range(effort(30, 60))]
    assert sum(any(one.grade == "clear" for one in events) for events in found) <= 2


def test_the_record_by_the_slow_way() -> None:
    alerts = put(city(3, 900), 30, 3)
    for hours in HOURS:
        most = 0
        for _, group in alerts[alerts["moment"] < pd.Timestamp(SINCE)].groupby(["cell", "category"]):
            times = group["moment"].dt.floor("min").sort_values().to_list()
            for end in times:
                most = max(most, sum(end - pd.Timedelta(hours=hours) < one <= end for one in times))
        for event in find_events(alerts, FIRST, SINCE):
            if event.hours == hours and event.grade == "clear":
                assert event.record == most
                assert event.n >= most + 2 * most**0.5


def test_in_a_category_of_its_own_a_record_is_probable_from_four_of_its_deviations_on() -> None:
    """Three and four of its roots are just under ten; thirty and two of its roots under 41, a quarter more 37.5."""
    days = pd.date_range(FIRST, SINCE, freq="14D", inclusive="left")
    busy = pd.DataFrame({"moment": days.repeat(30), "cell": 1, "category": "0", "hourly": True})
    own = pd.DataFrame({"moment": days.repeat(3), "cell": 2, "category": "3", "hourly": True})
    past = pd.concat([busy, own], ignore_index=True)
    found = {n: [one.grade for one in find_events(put(past, n, 3.5), FIRST, SINCE)] for n in (9, 10, 40, 41)}
    assert found == {9: [], 10: ["probable"], 40: ["probable"], 41: ["clear"]}


@pytest.mark.parametrize(
    ("n", "grade"), [(15, "clear"), (14, "probable"), (13, "probable"), (12, "probable"), (9, None)]
)
def test_a_record_is_clear_from_two_of_its_deviations_on(n: int, grade: str | None) -> None:
    quiet = pd.DataFrame(
        {"moment": pd.date_range(FIRST, SINCE, freq="7D", inclusive="left"), "cell": 1, "category": "3", "hourly": True}
    )
    past = quiet.assign(moment=quiet["moment"].iloc[0])  # all in one hour of one square
    past = pd.concat([past.head(8), quiet], ignore_index=True)
    found = [one.grade for one in find_events(put(past, n, 3.5), FIRST, SINCE) if one.cell == 7]
    assert found == ([] if grade is None else [grade])
