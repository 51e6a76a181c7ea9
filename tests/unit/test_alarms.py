"""Alarm rules by the length of the data, slow rises, steps of the level: found where planted, seldom elsewhere."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis.trends.alarms import RULES, weekly_course
from analysis.trends.change_points import SHORTEST, _partition, dispersion_by_differences, level_steps
from analysis.trends.cusum import LEVEL, slow_rise
from analysis.trends.dynamic_season import HALF_A_YEAR, dynamic_season
from analysis.trends.expected_range import ears_band
from analysis.trends.farrington import farrington
from analysis.trends.time_series import weekly
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.store import Home
from curim_data.studies.trends import course_study
from tests.effort import effort
from tests.simulations.bands import A_YEAR, World

MONDAY = dt.date(2020, 1, 6)


def course(counts):
    days = pd.date_range(MONDAY, periods=len(counts), freq="7D")
    series = pd.DataFrame({"week": days.date, "n": np.asarray(counts, dtype=float)})
    return weekly_course(weekly(series, (MONDAY, series["week"].iloc[-1] + dt.timedelta(days=6))).frame)


def factor(counts):
    season = dynamic_season(counts, A_YEAR).season
    return np.exp(season - season.mean())


@pytest.mark.parametrize(
    ("size", "names"),
    [(9, []), (12, ["ears"]), (51, ["ears"]), (60, []), (79, ["cusum"]), (160, ["farrington", "cusum"])],
)
def test_the_rules_follow_the_length_of_the_data(size, names, t):
    found = course(np.random.default_rng(1).poisson(30, size))
    assert [alarm.rule.name for alarm in found.alarms] == names
    for alarm in found.alarms:
        assert t(alarm.rule.title) in alarm.sentence(t)


@pytest.mark.parametrize("size", [40, 208])
def test_a_week_of_far_too_many_is_said_by_each_rule_of_weeks(size, t):
    y = np.random.default_rng(2).poisson(30, size)
    y[-1] = 90
    found = course(y).alarms[0]
    assert found.found
    assert "90 in the week of" in found.sentence(t)
    assert "too many (at most" in found.sentence(t)


def test_the_shares_that_are_told_are_those_of_the_rules(t):
    for rule in RULES.values():
        told = t(rule.explanation)
        of, per = (100, "in 100") if rule.name == "cusum" else (1000, "in 1,000")
        assert f"{of * rule.usual:.0f} {per} quiet" in told
        assert f"{of * rule.overdispersed:.0f} " in told


def test_what_the_cusum_tells_is_what_was_measured():
    docs = Path(__file__).parents[2] / "docs" / "bands-and-alarms.md"
    row = next(line for line in docs.read_text().splitlines() if line.startswith("| CUSUM"))
    independent, bursts, drift = (float(re.search(r"–([\d.]+) in 100", cell)[1]) for cell in row.split("|")[3:6])
    assert max(independent, bursts) <= 100 * RULES["cusum"].usual
    assert drift <= 100 * RULES["cusum"].overdispersed


@pytest.mark.parametrize(("mean", "season"), [(20, 0.0), (120, 0.3)])
def test_farrington_and_ears_err_as_often_as_told(mean, season):
    """One seed a series; bursts and drift are in the long table."""
    rng = np.random.default_rng(3)
    far = ears = weeks = early = 0
    for y in World(mean, 1, season).draw(rng, effort(40, 300), 313):
        for position in range(205, 313, 18):
            found = farrington(y, position)
            far, weeks = far + (found.score > 1), weeks + 1
        band = ears_band(y[:52], 2, poisson_floor=True)
        ears, early = ears + int((y[:52] > band.upper)[9:].sum()), early + 43
    assert stats.binom.sf(far - 1, weeks, RULES["farrington"].usual) > 0.01
    assert stats.binom.sf(ears - 1, early, RULES["ears"].usual) > 0.01


@pytest.mark.parametrize(("mean", "reports", "drift"), [(20, 1, 0.0), (120, 2, 0.0), (120, 2, 0.4)])
def test_quiet_half_years_are_seldom_called_rising(mean, reports, drift):
    rng = np.random.default_rng(4)
    series = effort(40, 300)
    found = sum(
        slow_rise(y, dynamic_season(y, A_YEAR).outlook).found
        for y in World(mean, reports, 0.3, drift).draw(rng, series, 156)
    )
    assert stats.binom.sf(found - 1, series, RULES["cusum"].overdispersed if drift else LEVEL) > 0.01


def test_a_slow_rise_is_found_and_dated():
    rng = np.random.default_rng(5)
    world, found, dated = World(120, 1, 0.3), 0, []
    rise = np.concatenate([np.zeros(156), np.linspace(0, 0.5, HALF_A_YEAR)])
    for y in world.draw(rng, 20, 182):
        z = y + rng.poisson(y * rise)
        told = slow_rise(z, dynamic_season(z, A_YEAR).outlook)
        found += told.found
        dated.append(told.since)
    assert found >= 17
    assert 156 <= np.median(dated) <= 170


def test_weeks_that_are_not_known_add_nothing():
    y = World(60, 1, 0.3).draw(np.random.default_rng(6), 1, 156)[0]
    y[-5:-2] = np.nan
    told = slow_rise(y, dynamic_season(y, A_YEAR).outlook)
    assert told.sums[-3] == told.sums[-6]
    assert 0 < told.p <= 1


@pytest.mark.parametrize(("mean", "reports", "drift"), [(20, 2, 0.0), (120, 1, 0.0), (120, 2, 0.4)])
def test_series_without_a_step_get_none(mean, reports, drift):
    series = effort(25, 200)
    rng = np.random.default_rng(7)
    false = sum(bool(level_steps(y, factor(y))) for y in World(mean, reports, 0.3, drift).draw(rng, series, 208))
    # With drift a level that moves fast may pass for a step: 12 in 100 where the level halves and doubles in a year.
    assert stats.binom.sf(false - 1, series, 0.15 if drift else 0.05) > 0.01


@pytest.mark.parametrize(("mean", "power"), [(120, 0.8), (30, 0.5)])
def test_a_step_is_found_and_lies_in_its_interval(mean, power):
    rng = np.random.default_rng(8)
    found = covered = 0
    runs = effort(40, 300)
    world = World(mean, 1, 0.3)
    for _ in range(runs):
        at = int(rng.integers(40, 168))
        y = world.draw(rng, 1, 208)[0]
        y[at:] += rng.poisson(0.5 * y[at:])
        steps = level_steps(y, factor(y))
        if steps:
            near = min(steps, key=lambda step: abs(step.at - at))
            found, covered = found + 1, covered + (near.first <= at <= near.last)
            assert near.after / near.before == pytest.approx(1.5, abs=0.35)
    assert found >= power * runs
    assert stats.binom.cdf(covered, found, 0.95) > 0.01


@given(
    arrays(float, st.integers(0, 160), elements=st.sampled_from([0.0, 0.0, 0.0, 1.0, 7.0, 900.0, np.nan])),
    st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_any_series_has_steps_in_order_within_their_intervals(y, size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps = level_steps(y, np.exp(size * np.sin(np.arange(len(y)) / 8)))
    assert [step.at for step in steps] == sorted({step.at for step in steps})
    for step in steps:
        assert 0 < step.first <= step.at <= step.last < len(y)
        assert np.isfinite([step.before, step.after]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 40.0])
def test_a_series_that_stands_still_has_no_step(level):
    assert level_steps(np.full(200, level), np.ones(200)) == ()


@pytest.mark.parametrize("weeks", [8, 13, 30])
def test_a_step_at_the_end_of_zeros_is_one_and_a_spike_is_none(weeks):
    y = np.zeros(200)
    y[-weeks:] = np.random.default_rng(3).poisson(6, weeks)
    (step,) = level_steps(y, np.ones(200))
    assert step.at == 200 - weeks
    assert step.before == 0
    spike = np.zeros(200)
    spike[50] = 9
    assert level_steps(spike, np.ones(200)) == ()


@pytest.mark.parametrize("mean", [0.05, 0.3, 1.0])
def test_bursts_among_zeros_are_no_steps(mean):
    rng, series = np.random.default_rng(13), effort(40, 300)
    found = 0
    for _ in range(series):
        incidents = rng.poisson(mean, 208)
        found += bool(level_steps([rng.geometric(1 / 3, n).sum() for n in incidents], np.ones(208)))
    assert stats.binom.sf(found - 1, series, 0.05) > 0.01


def slow_partition(y, e, penalty):
    """All partitions by recursion over the last segment, without any table."""

    def gain(i, j):
        total, mass = y[i:j].sum(), e[i:j].sum()
        return 2 * total * np.log(total / mass) if total else 0.0

    @cache
    def best(end):
        options = [(gain(0, end), ())]
        for start in range(SHORTEST, end - SHORTEST + 1):
            value, edges = best(start)
            options.append((value + gain(start, end) - penalty, (*edges, start)))
        return max(options)

    return list(best(len(y))[1])


def test_the_partition_is_the_best_of_all():
    rng = np.random.default_rng(9)
    for _ in range(5):
        y = rng.poisson(np.repeat([8, 15, 9], [30, 20, 30])).astype(float)
        e = np.exp(0.2 * np.sin(np.arange(80) / 8))
        total, mass = (np.concatenate([[0.0], np.cumsum(x)]) for x in (y, e))
        assert _partition(total, mass, 12.0) == slow_partition(y, e, 12.0)


@pytest.mark.parametrize(("mean", "reports"), [(5, 2), (60, 1), (60, 3)])
def test_the_dispersion_is_that_of_the_bursts_and_no_step_inflates_it(mean, reports):
    rng = np.random.default_rng(10)
    found = [dispersion_by_differences(y, np.ones(400)) for y in World(mean, reports, 0).draw(rng, 40, 400)]
    assert np.mean(found) == pytest.approx(2 * reports - 1, rel=0.3)
    y = World(60, 1, 0).draw(rng, 1, 400)[0]
    stepped = y + np.where(np.arange(400) > 200, rng.poisson(60, 400), 0)
    assert dispersion_by_differences(stepped, np.ones(400)) < 1.6


def test_steps_are_told_with_their_levels(t):
    y = np.random.default_rng(11).poisson(np.repeat([20, 60], [100, 60]))
    found = course(y)
    assert len(found.steps) == 1
    told = found.step_sentences(t)[0]
    assert t.date(MONDAY + dt.timedelta(weeks=100)) in told
    assert "from about 20 to about 60 alerts a week" in told or "from about 2" in told


def test_nothing_is_said_without_weeks(sample: Home):
    assert course([np.nan] * 20).alarms == ()
    source = open_source(sample)
    assert course_study(source, AlertFilter(dark=True), Audience.ANALYST) is None
    found = course_study(source, AlertFilter(), Audience.ANALYST)
    assert [alarm.rule.name for alarm in found.alarms] == ["farrington", "cusum"]
