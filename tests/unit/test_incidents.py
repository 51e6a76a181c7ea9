"""Alerts linked to incidents: against plain loops, for what must not matter, on what is hard, and in quiet cities."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.incidents import Linking, learn_linking, link_reports
from analysis.incidents.background import Background, daily_pattern
from analysis.incidents.bands import AREAS, METRES, Lags, distance_band, in_steps, known_step, share_of_minute
from analysis.incidents.learning import more_than_chance
from analysis.incidents.mixture import Candidates, Trigger, falling, maximise, most_probable, sure_excess
from analysis.incidents.pairs import NearPairs, Pairs, Points, Squares
from analysis.incidents.reports import at_default_coordinates
from curim_data.model import translator
from tests.reliability.bursts import SIDE_M, City, Scatter, quiet_city

TIGHT, LOOSE = Scatter(2, 30, 3), Scatter(2, 60, 24)


def learned(city: City) -> Linking:
    return learn_linking(city.x, city.y, city.hours, city.category)


def linked(city: City, linking: Linking | None = None) -> Any:
    return link_reports(city.x, city.y, city.hours, city.category, linking or learned(city))


def city(seed: int = 1, alerts: int = 400, scatter: Scatter = TIGHT, **more: Any) -> City:
    return quiet_city(np.random.default_rng(seed), alerts, scatter, **more)


def same_partition(one: Any, other: Any) -> bool:
    """Whether two labellings put the same alerts together."""
    both = np.unique(np.stack([one, other]), axis=1).shape[1]
    return both == len(np.unique(one)) == len(np.unique(other))


# Against plain loops.

small = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=30
)


def points(rows: Any) -> Points:
    x, y, hours, category = np.array(sorted(rows, key=lambda row: row[2]), dtype=float).T
    return Points(x * 40, y * 40, hours, category.astype(int))


@settings(max_examples=60)
@given(small, st.integers(-8, 8), st.integers(0, 10))
def test_pairs_are_those_of_a_double_loop(rows: Any, since: int, longer: int) -> None:
    alerts = points(rows)
    until = since + longer
    found = Pairs.together(list(NearPairs(alerts, 100.0).pairs(np.arange(len(alerts)), since, until)))
    wanted = {
        (i, j)
        for i in range(len(alerts))
        for j in range(len(alerts))
        if i != j
        and alerts.category[i] == alerts.category[j]
        and math.hypot(alerts.x[i] - alerts.x[j], alerts.y[i] - alerts.y[j]) <= 100
        and since <= alerts.hours[i] - alerts.hours[j] <= until
    }
    assert len(found) == len(wanted)
    assert set(zip(found.row.tolist(), found.other.tolist(), strict=True)) == wanted
    assert np.allclose(found.hours, alerts.hours[found.row] - alerts.hours[found.other])


def test_equal_times_make_a_pair_however_many_squares_and_years_there_are() -> None:
    """Ten years by the minute in 20,000 squares: each alert has a twin 50 m away at the same time."""
    rng = np.random.default_rng(10)
    n = 20_000
    x, y = rng.random(n) * 90_000, rng.random(n) * 90_000
    hours = 500_000 + np.floor(rng.random(n) * 87_600 * 60) / 60
    twin = np.argsort(np.concatenate([hours, hours]), kind="stable")
    number = np.tile(np.arange(n), 2)[twin]
    here = Points(np.append(x, x + 50)[twin], np.append(y, y)[twin], hours[number], np.zeros(2 * n, dtype=int))
    found = Pairs.together(list(NearPairs(here, 300.0).pairs(np.arange(2 * n), 0.0, 72.0)))
    assert (number[found.row] == number[found.other]).sum() == 2 * n


@settings(max_examples=60)
@given(small)
def test_sums_around_are_those_of_a_double_loop(rows: Any) -> None:
    alerts = points(rows)
    weights = np.arange(1.0, len(alerts) + 1)
    squares = Squares(alerts, 60.0, (10.0, -5.0))
    column, row = np.floor((alerts.x - 10) / 60), np.floor((alerts.y + 5) / 60)
    for i, found in enumerate(squares.sums(weights)[squares.number]):
        near = (abs(column - column[i]) <= 1) & (abs(row - row[i]) <= 1) & (alerts.category == alerts.category[i])
        assert found == pytest.approx(weights[near].sum())


@settings(max_examples=60)
@given(small, st.integers(0, 1000))
def test_probabilities_are_those_of_plain_loops(rows: Any, seed: int) -> None:
    alerts = points(rows)
    rng = np.random.default_rng(seed)
    found = Pairs.together(list(NearPairs(alerts, 100.0).pairs(np.arange(len(alerts)), 0.0, 72.0)))
    found = found.where((found.hours > 0) | (found.other < found.row))
    lags = Lags.of_step(1 / 60)
    metre, lag = distance_band(found.metres), lags.band(found.hours)
    hazard = rng.random(len(found)) / 100
    pairs = Candidates(len(alerts), found.row, alerts.category[found.row], metre, lag, hazard)
    trigger = Trigger(rng.random((3, len(METRES), len(lags.edges))) / 100)
    probability, repeats = trigger.parents(pairs)
    for i in range(len(alerts)):
        mine = [k for k in range(len(found)) if found.row[k] == i]
        rates = {k: trigger.rates[alerts.category[i], metre[k], lag[k]] / hazard[k] for k in mine}
        total = sum(rates.values())
        assert repeats[i] == pytest.approx(total / (1 + total))
        for k in mine:
            assert probability[k] == pytest.approx(rates[k] / (1 + total))
    best = most_probable(pairs, probability, repeats)
    likely = probability > 1 - repeats[found.row]
    assert sorted(found.row[best]) == sorted(set(found.row[likely].tolist()))
    for k in best:
        assert probability[k] == max(probability[found.row == found.row[k]])


def test_bands_hold_their_upper_ends() -> None:
    assert list(distance_band(np.array([0.0, 0.5, 0.51, 10.0, 10.1, 300.0]))) == [0, 0, 1, 1, 2, len(METRES) - 1]
    lags = Lags.of_step(1 / 60)
    assert list(lags.band(np.array([0.0, 0.01, 0.25, 0.26, 72.0]))) == [0, 1, 1, 2, len(lags.edges) - 1]
    assert AREAS.sum() == pytest.approx(np.pi * 300**2)
    assert lags.durations.sum() == 72


def test_falling_is_the_isotonic_regression() -> None:
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(3)
    for _ in range(20):
        values, weights = rng.random(12), rng.random(12) + 0.1
        wanted = IsotonicRegression(increasing=False).fit_transform(np.arange(12), values, sample_weight=weights)
        assert np.allclose(falling(values, weights), wanted)


def test_the_trigger_holds_no_more_than_the_excess() -> None:
    lags = Lags.of_step(24.0)
    n = 2000
    child, none = np.arange(n), np.zeros(n, dtype=int)
    pairs = Candidates(n, child, none, none + 3, none + 1, np.ones(n))
    excess = np.zeros((len(METRES), len(lags.edges)))
    excess[3, 1] = 500
    trigger = maximise(pairs, np.ones(n), np.array([10_000.0]), lags, excess)
    assert trigger.rates.sum() == pytest.approx(500 / 10_000)
    assert trigger.rates[0, 3, 1] == pytest.approx(500 / 10_000)


def test_an_excess_is_sure_from_two_standard_deviations_on() -> None:
    found = sure_excess(np.array([100.0, 119.0, 140.0, 3.0]), np.array([100.0, 100.0, 100.0, 0.0]))
    assert np.allclose(found, [0, 0, 40 - 400 / 40, 3])
    even = np.full((4, 5), 30.0)
    assert not more_than_chance(even + 5, even)
    more = even.copy()
    more[0, 0] = 80
    assert more_than_chance(more, even)


# Times and places as they are known.


def test_times_are_known_in_days_hours_or_minutes() -> None:
    rng = np.random.default_rng(2)
    days = rng.integers(0, 400, 300) * 24.0
    summer = np.where(days % 8760 < 4000, 21.0, 22.0)
    assert known_step(days + summer) == 24
    assert known_step(days + 5.5 + rng.integers(0, 24, 300)) == 1
    assert known_step(days + rng.random(300) * 24) == 1 / 60
    assert len(np.unique(in_steps(days + summer, 24.0) - days)) == 1
    assert (in_steps(days + summer, 1.0) == days + summer).all()


def test_halves_of_days_are_not_dates() -> None:
    """Shifts written as midnight and noon: taken as dates, noon would be of this day or the next."""
    halves = np.arange(600) * 12.0
    assert known_step(halves) == 1
    assert known_step(np.repeat(halves, 3) + np.tile([0, 6, 6.5], 600)) == 1 / 60
    assert known_step(np.where(np.arange(600) % 2, 23.5, 0.0) + np.arange(600) * 24) == 24


def test_a_minute_that_many_have_is_met_more_often() -> None:
    hours = np.concatenate([np.arange(500) * 24.0 + 12, np.arange(500) * 24.37])
    share = share_of_minute(hours, 1 / 60)
    assert share[0] == pytest.approx((1 + np.sum(np.round(hours % 24 * 60) % 1440 == 720)) / (1000 + 1440))
    assert (share_of_minute(hours, 24.0) == 1).all()


def test_default_coordinates_are_not_linked_by_nearness() -> None:
    here = city()
    rng = np.random.default_rng(5)
    rows = rng.choice(len(here.x), len(here.x) // 10, replace=False)
    x, y = here.x.copy(), here.y.copy()
    x[rows], y[rows] = 2000.0, 2000.0
    pile = (x == 2000) & (y == 2000)
    assert (at_default_coordinates(x, y) == pile).all()
    linking = learn_linking(x, y, here.hours, here.category)
    found = link_reports(x, y, here.hours, here.category, linking)
    assert linking.linked
    assert (found[rows] == rows).all()
    assert len(np.unique(found)) < 0.8 * len(found)


def test_the_background_of_even_ground_is_its_rate() -> None:
    """1,000 incidents of one category in a year on 9 km²: in each band the rate times the area."""
    rng = np.random.default_rng(8)
    n, side, hours = 20_000, 3000.0, 8760.0
    here = Points(rng.random(n) * side, rng.random(n) * side, np.sort(rng.random(n) * hours), np.zeros(n, dtype=int))
    background = Background(here, (0.0, 0.0))
    inner = np.flatnonzero((abs(here.x - 1500) < 1000) & (abs(here.y - 1500) < 1000))
    none = Pairs.together([])
    rates = background.expected(inner, np.ones(n), none, np.ones(len(METRES)), hours)
    assert rates[:, 1:].mean(axis=0) == pytest.approx(n / side**2 / hours * AREAS[1:], rel=0.05)
    half = background.expected(inner, np.full(n, 0.5), none, np.ones(len(METRES)), hours)
    assert half[:, 1:].mean() == pytest.approx(rates[:, 1:].mean() / 2, rel=0.05)


def test_the_daily_pattern_of_evenings() -> None:
    """Alerts evenly between 18 h and 24 h: lags of whole days are four times as frequent as of even hours."""
    rng = np.random.default_rng(9)
    n = 4000
    hours = np.sort(rng.integers(0, 60, n) * 24 + 18 + rng.random(n) * 6)
    here = Points(rng.random(n) * 100, rng.random(n) * 100, hours, np.zeros(n, dtype=int))
    pairs = Pairs.together(list(NearPairs(here, 300.0).pairs(np.arange(0, n, 20), 84.0, 252.0)))
    daily = daily_pattern(here, pairs, np.ones(n), 1 / 60)
    assert daily[0] == pytest.approx(4 * (1 - 0.25 / 6), rel=0.1)
    assert daily[3] == pytest.approx(2, rel=0.15)
    assert daily[8:].max() < 0.1
    assert (daily_pattern(here, pairs, np.ones(n), 24.0) == 1).all()


# What must not matter.

CITY_COLUMNS: Final = ("x", "y", "hours", "category", "incident")


def test_the_order_of_rows_does_not_matter() -> None:
    here = city()
    found = linked(here)
    assert len(np.unique(found)) < 0.6 * len(found)
    order = np.random.default_rng(4).permutation(len(found))
    turned = City(*(getattr(here, name)[order] for name in CITY_COLUMNS))
    assert same_partition(linked(turned), found[order])


@pytest.mark.parametrize("in_all", [8_000_000, 20_000, 300])
def test_how_many_alerts_are_looked_at_together_does_not_matter(monkeypatch: pytest.MonkeyPatch, in_all: int) -> None:
    here = city()
    again = np.arange(0, len(here.x), 9)  # equal rows
    here = City(*(np.append(getattr(here, name), getattr(here, name)[again]) for name in CITY_COLUMNS))
    monkeypatch.setattr("analysis.incidents.pairs.IN_ALL", in_all)
    probabilities = list[Any]()

    def watched(pairs: Any, probability: Any, repeats: Any) -> Any:
        probabilities.append(probability)
        return most_probable(pairs, probability, repeats)

    monkeypatch.setattr("analysis.incidents.linking.most_probable", watched)
    linking = learn_linking(here.x, here.y, here.hours, here.category)
    seen = []
    for rows, candidates in ((1_000_000, 1_000_000), (41, 1_000_000), (41, 97), (1_000_000, 97)):
        monkeypatch.setattr("analysis.incidents.pairs.ROWS_AT_A_TIME", rows)
        monkeypatch.setattr("analysis.incidents.pairs.AT_A_TIME", candidates)
        monkeypatch.setattr("analysis.incidents.linking.MOST_KEPT", 0 if rows == 41 else 1_000_000)
        probabilities.clear()
        found = link_reports(here.x, here.y, here.hours, here.category, linking)
        seen.append((found, np.sort(np.concatenate(probabilities))))
    for found, likely in seen[1:]:
        assert np.array_equal(found, seen[0][0])
        assert np.array_equal(likely, seen[0][1])


def test_places_times_and_codes_may_be_shifted() -> None:
    here = city()
    found = linked(here)
    assert len(np.unique(found)) < 0.6 * len(found)
    moved = replace(here, x=here.x + 4_200_037.3, y=here.y - 300_061.9, hours=here.hours + 24 * 20_000)
    assert same_partition(linked(moved), found)
    assert same_partition(linked(replace(here, category=99 - here.category)), found)


def test_a_far_alert_changes_nothing() -> None:
    here = city()
    linking = learned(here)
    found = link_reports(
        np.append(here.x, 5e5),
        np.append(here.y, 5e5),
        np.append(here.hours, 5000.0),
        np.append(here.category, 3),
        linking,
    )
    assert found[-1] == len(found) - 1
    assert len(np.unique(found)) < 0.6 * len(found)
    assert (found[:-1] == linked(here, linking)).all()


def test_alerts_without_place_or_time_stand_alone() -> None:
    here = city()
    x, hours = here.x.copy(), here.hours.copy()
    x[::7], hours[::5] = np.nan, np.nan
    found = link_reports(x, here.y, hours, here.category, learn_linking(x, here.y, hours, here.category))
    lost = np.isnan(x) | np.isnan(hours)
    assert (found[lost] == np.flatnonzero(lost)).all()
    assert len(np.unique(found)) < 0.9 * len(found)
    nothing = learn_linking(x, here.y, np.full(len(x), np.nan), here.category)
    assert not nothing.linked
    assert nothing.reason == "few"


def test_the_sources_own_incidents_are_one_whatever_lies_between() -> None:
    here = city(scatter=Scatter(1))
    linking = learned(here)
    same = np.full(len(here.x), -1)
    same[[5, 900, 1700]] = 4
    same[[6, 8]] = 0
    x = here.x.copy()
    x[8] = np.nan
    found = link_reports(x, here.y, here.hours, here.category, linking, same)
    first = min((5, 900, 1700), key=lambda row: here.hours[row])
    assert (found[[5, 900, 1700]] == first).all()
    assert found[6] == found[8] == min((6, 8), key=lambda row: here.hours[row])
    assert len(np.unique(found)) == len(found) - 3


def test_labels_are_rows_of_the_earliest_report() -> None:
    here = city()
    found = linked(here)
    assert (found[found] == found).all()
    for label in np.unique(found):
        members = np.flatnonzero(found == label)
        assert here.hours[label] == here.hours[members].min()
        assert len(set(here.category[members])) == 1


# What is hard.


@pytest.mark.parametrize("n", [0, 1, 2, 150])
def test_few_or_identical_alerts(n: int) -> None:
    one = np.zeros(n)
    several = np.arange(n) * 10.0
    assert learn_linking(several, several, several / 10, one.astype(int)).reason == ("short" if n > 99 else "few")
    linking = learn_linking(one, one, one, one.astype(int))
    assert not linking.linked
    assert (link_reports(one, one, one, one.astype(int), linking) == np.arange(n)).all()
    assert linking.incidents == n


def test_very_many_at_one_point_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default coordinate, and a square so dense that pairs must be left out: those next in time are kept."""
    rng = np.random.default_rng(1)
    n = 200_000
    hours, one = rng.random(n) * 2000, np.zeros(n, dtype=int)
    learned_elsewhere = learned(city())
    begun = time.process_time()
    for spread in (0.0, 30.0):
        x, y = (rng.random(n) * spread for _ in range(2))
        linking = learn_linking(x, y, hours, one)
        assert (link_reports(x, y, hours, one, linking) == np.arange(n)).all()
        assert len(np.unique(link_reports(x, y, hours, one, learned_elsewhere))) > 0.9 * n
    assert time.process_time() - begun < 60
    monkeypatch.setattr("analysis.incidents.pairs.IN_ALL", 9 * 500 * 5)
    some = Points(rng.random(500) + 10, rng.random(500) + 10, np.arange(500.0), np.zeros(500, dtype=int))
    found = Pairs.together(list(NearPairs(some, 100.0).pairs(np.arange(500), 1.0, 400.0)))
    assert len(found) == 5 * 495 + 1 + 2 + 3 + 4
    assert found.hours.max() == 5


def test_where_pairs_are_left_out_no_more_is_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of all incidents within 150 m of 30 points: so many neighbours that a part of them has to do."""
    rng = np.random.default_rng(0)
    n, side = 12_000, 2000.0
    centre, dense = rng.random((30, 2)) * side, rng.random(n) < 0.5
    spots = centre[rng.integers(0, 30, n)] + rng.normal(0, 150, (n, 2))
    place = np.where(dense[:, None], spots, rng.random((n, 2)) * side)
    hours = rng.random(n) * 4380
    of = np.append(np.arange(n), np.flatnonzero(rng.random(n) < 0.5))
    place = place[of] + np.where(np.arange(len(of)) < n, 0, 1)[:, None] * rng.normal(0, 30, (len(of), 2))
    hours = hours[of] + np.where(np.arange(len(of)) < n, 0, rng.exponential(3, len(of)))
    alerts = *place.T, hours, np.zeros(len(of), dtype=int)
    linking = learn_linking(*alerts)
    whole = len(np.unique(link_reports(*alerts, linking)))
    monkeypatch.setattr("analysis.incidents.pairs.IN_ALL", 200_000)
    assert len(np.unique(link_reports(*alerts, linking))) == pytest.approx(whole, rel=0.02)
    assert whole == pytest.approx(n, rel=0.03)


def test_rows_of_one_event_are_one() -> None:
    """An export with a row for each victim: same place, same time."""
    here = city(scatter=Scatter(1))
    number = np.random.default_rng(2).geometric(0.7, len(here.x))
    rows = np.repeat(np.arange(len(here.x)), number)
    repeated = [getattr(here, name)[rows] for name in ("x", "y", "hours", "category")]
    linking = learn_linking(*repeated)
    assert "same category, place and time" in linking.sentence(translator("en"))
    found = link_reports(*repeated, linking)
    assert len(np.unique(np.stack([found, rows]), axis=1).T) == len(here.x)
    assert len(np.unique(found)) > 0.99 * len(here.x)


def test_dates_alone_are_enough_for_bursts_that_are_near() -> None:
    """Only dates are known: 24 hours are one step, and the share of further reports is still found."""
    here = city(alerts=1100)
    dates = np.floor(here.hours / 24) * 24
    linking = learn_linking(here.x, here.y, dates, here.category)
    assert linking.time_step_h == 24
    assert linking.hours % 24 == 0
    found = link_reports(here.x, here.y, dates, here.category, linking)
    assert len(np.unique(found)) / len(np.unique(here.incident)) == pytest.approx(1, abs=0.05)


def test_dates_alone_do_not_link_what_stands_alone() -> None:
    here = city(alerts=6400, scatter=Scatter(1))
    dates, x, y = np.floor(here.hours / 24) * 24, np.round(here.x, -2), np.round(here.y, -2)
    found = link_reports(x, y, dates, here.category, learn_linking(x, y, dates, here.category))
    assert len(np.unique(found)) > 0.99 * len(found)


def near_repeats(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Burglaries that raise the risk within 200 m for four weeks: place and hour."""
    n = 3000
    x, y, hours = rng.random(n) * SIDE_M, rng.random(n) * SIDE_M, rng.random(n) * 8760
    again = rng.random(n) < 0.4
    x = np.concatenate([x, x[again] + rng.normal(0, 80, again.sum())])
    y = np.concatenate([y, y[again] + rng.normal(0, 80, again.sum())])
    return x, y, np.concatenate([hours, hours[again] + rng.random(again.sum()) * 4 * 168])


def test_a_near_repeat_pattern_of_weeks_is_not_one_incident() -> None:
    x, y, hours = near_repeats(np.random.default_rng(6))
    one = np.zeros(len(x), dtype=int)
    found = link_reports(x, y, hours, one, learn_linking(x, y, hours, one))
    assert len(np.unique(found)) > 0.98 * len(found)


def test_near_repeats_stay_apart_where_reports_are_linked() -> None:
    """Every second burglary is reported twice within hours: those reports are linked, the near repeats are not."""
    rng = np.random.default_rng(6)
    x, y, hours = near_repeats(rng)
    n = len(x)
    twice = np.flatnonzero(rng.random(n) < 0.5)
    incident = np.append(np.arange(n), twice)
    x, y = (np.append(place, place[twice] + rng.normal(0, 30, len(twice))) for place in (x, y))
    hours, one = np.append(hours, hours[twice] + rng.exponential(3, len(twice))), np.zeros(len(x), dtype=int)
    found = link_reports(x, y, hours, one, learn_linking(x, y, hours, one))
    assert (found[n:] == found[twice]).mean() > 0.95
    mixed = np.unique(np.stack([found, incident]), axis=1).shape[1] - len(np.unique(found))
    assert mixed < 0.02 * n


def test_a_hot_spot_of_all_times_is_not_linked_away() -> None:
    """Sixty times as dense within 90 m, evenings only: chance gives near pairs there, no two are one incident."""
    here = city(alerts=1100, scatter=Scatter(1), spot=60.0)
    evening = np.floor(here.hours / 24) * 24 + 18 + here.hours % 24 / 4
    one = here.category * 0
    found = link_reports(here.x, here.y, evening, one, learn_linking(here.x, here.y, evening, one))
    assert len(np.unique(found)) > 0.99 * len(found)


def test_a_category_of_its_own_is_told_apart() -> None:
    """Of one category each incident has one report, of the other three."""
    once, often = city(2, 6400, Scatter(1)), city(3, 3200, Scatter(3, 30, 3))
    x, y, hours = (np.concatenate([getattr(once, name), getattr(often, name)]) for name in ("x", "y", "hours"))
    category = np.repeat([0, 1], [len(once.x), len(often.x)])
    found = link_reports(x, y, hours, category, learn_linking(x, y, hours, category))
    assert len(np.unique(found[category == 0])) > 0.99 * len(once.x)
    assert len(np.unique(found[category == 1])) / len(np.unique(often.incident)) == pytest.approx(1, abs=0.05)


# Quiet cities.


@pytest.mark.parametrize("spot", [1.0, 5.0])
@pytest.mark.parametrize("alerts", [1100, 6400])
@pytest.mark.parametrize(
    "scatter", [Scatter(1), Scatter(1.5, 30, 3), TIGHT, Scatter(3, 30, 3), LOOSE, Scatter(3, 60, 24)]
)
def test_incidents_are_as_many_as_they_are(alerts: int, scatter: Scatter, spot: float) -> None:
    here = city(7, alerts, scatter, spot=spot)
    linking = learned(here)
    found = linked(here, linking)
    true = len(np.unique(here.incident))
    assert linking.linked == (scatter.reports > 1)
    assert len(np.unique(found)) == pytest.approx(true, rel=0.03 if scatter.reports > 1 else 0)
    assert linking.incidents == pytest.approx(len(np.unique(found)), rel=0.01)


def test_pairs_are_put_together_rightly() -> None:
    """Of the pairs of alerts linked, nearly all are of one incident; of those of one incident, most are linked."""
    here = city(7, 6400)
    found = linked(here)

    def pairs_in(labels: Any) -> float:
        counts = np.bincount(labels).astype(float)
        return float((counts * (counts - 1) / 2).sum())

    both = pairs_in(np.unique(np.stack([found, here.incident]), axis=1, return_inverse=True)[1])
    assert both / pairs_in(found) > 0.95
    assert both / pairs_in(here.incident) > 0.9


def test_it_says_what_it_does() -> None:
    linking = learned(city(7, 1100))
    said = linking.sentence(translator("en"))
    assert f"{linking.n:,} alerts report about" in said
    assert f"{round(linking.metres)} m" in said
    assert linking.choices[0].value == linking.incidents
    alone = learned(city(7, 1100, Scatter(1)))
    assert "not more frequent than chance" in alone.sentence(translator("en"))
    assert alone.incidents == alone.n
    short = replace(alone, reason="short").sentence(translator("en"))
    few = replace(alone, reason="few").sentence(translator("en"))
    assert len({said, short, few, alone.sentence(translator("en"))}) == 4
    assert linking.excess[0].max() > 2 or linking.excess[2].max() > 2
