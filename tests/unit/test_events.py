"""Events of their own: a record of one place, against the slow way, and what makes none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.trends.reporting import HOURS, find_events

FIRST, SINCE = dt.date(2022, 1, 3), dt.date(2024, 1, 1)
WEEKS = 112


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


def test_quiet_cities_have_hardly_any_event() -> None:
    found = [find_events(city(seed), FIRST, SINCE) for seed in range(60)]
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


def test_an_event_is_told_once() -> None:
    found = find_events(put(city(5), 60, 3), FIRST, SINCE)
    assert len([one for one in found if one.cell == 7]) == 1


def test_of_alerts_without_a_time_of_day_hours_tell_nothing() -> None:
    found = find_events(put(city(6), 60, 3, hourly=False), FIRST, SINCE)
    assert found[0].hours == 24
