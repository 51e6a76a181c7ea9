"""The line: no count makes its own band, the band holds, shifts are found both ways, gaps and breaks are respected.

Levels of a line: every partition of short series, both directions, time reversed and rescaled, events left out.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import xlogy

from analysis.trends.line import (
    ALPHA,
    FIRST_JUDGED,
    PENALTY,
    neighbour_dispersion,
    partition,
    quantiles,
    read_line,
    without_events,
)
from tests.simulations.lines import A_YEAR, LENGTHS, World


def seasonal(rng, weeks, mean=60.0, size=0.3):
    return rng.poisson(mean * np.exp(size * np.sin(2 * np.pi * np.arange(weeks) / A_YEAR))).astype(float)


def test_no_count_makes_the_band_that_it_is_judged_by():
    y = seasonal(np.random.default_rng(1), 190)
    told = read_line(y, A_YEAR)
    for at in (8, 30, 103, 104, 150, 188):
        other = y.copy()
        other[at:] = np.random.default_rng(at).poisson(500, len(y) - at)
        changed = read_line(other, A_YEAR)
        assert changed.expected[: at + 1] == pytest.approx(told.expected[: at + 1], nan_ok=True)
        assert changed.variance[: at + 1] == pytest.approx(told.variance[: at + 1], nan_ok=True)
        assert read_line(y[: at + 1], A_YEAR).expected == pytest.approx(told.expected[: at + 1], nan_ok=True)


@pytest.mark.parametrize(
    "world", [World(5, 2, 0.3), World(20, 1, 0), World(20, 3, 0.3), World(120, 1, 0.3), World(120, 2, 0, 0.4)], ids=str
)
def test_quiet_weeks_lie_within_the_band(world):
    """At most 10 in 1,000; the rows of the table are of many more series (docs/bands-and-alarms.md)."""
    rng, outside, weeks = np.random.default_rng(3), 0, 0
    for y in world.draw(rng, 5, 300):
        low, high = read_line(y, A_YEAR).bounds()
        outside += int(((y < low) | (y > high)).sum())
        weeks += len(y) - FIRST_JUDGED
    assert stats.binom.sf(outside - 1, weeks, ALPHA) > 0.001
    assert set(LENGTHS) >= {"½", "10"}


@pytest.mark.parametrize("factor", [0.5, 1.6])
@pytest.mark.parametrize("known", [20, 60, 150])
def test_a_step_is_an_alarm_within_weeks_in_both_directions(factor, known):
    rng = np.random.default_rng(4)
    weeks = []
    for _ in range(10):
        y = rng.poisson(np.repeat([140, 140 * factor], [known, 8])).astype(float)
        seen = [read_line(y[: known + k], A_YEAR).shifts for k in range(1, 9)]
        first = [k for k, shifts in enumerate(seen, 1) if shifts and shifts[-1].recent]
        weeks.append(min(first, default=99))
        shift = read_line(y, A_YEAR).shifts[-1]
        assert abs(shift.at - known) <= 1
        assert (shift.after > shift.before) == (factor > 1)
        assert shift.after / shift.before == pytest.approx(factor, rel=0.15)
        assert not shift.recent
    assert np.median(weeks) == 2


def test_a_season_is_no_shift_once_it_is_known_and_is_learned_through_a_shift():
    y = seasonal(np.random.default_rng(5), 260, 200)
    assert read_line(y, A_YEAR).shifts == ()
    halved = y.copy()
    halved[200:] = np.random.default_rng(6).binomial(halved[200:].astype(int), 0.5)
    told = read_line(halved, A_YEAR)
    assert [shift.at for shift in told.shifts] == [200]
    truth = np.exp(0.3 * np.sin(2 * np.pi * np.arange(260) / A_YEAR))
    assert told.season == pytest.approx(truth / truth[:52].mean(), rel=0.12)


def test_one_wild_week_is_outside_and_moves_nothing():
    y = np.random.default_rng(7).poisson(40, 90).astype(float)
    wild = y.copy()
    wild[60] = 400
    told, plain = read_line(wild, A_YEAR), read_line(y, A_YEAR)
    assert wild[60] > told.bounds()[1][60]
    assert told.shifts == ()
    assert told.expected[61:] == pytest.approx(plain.expected[61:], rel=0.12)
    assert (told.variance[61:] < 1.5 * plain.variance[61:]).all()


def test_weeks_that_are_not_covered_are_neither_judged_nor_learned_from():
    y = seasonal(np.random.default_rng(8), 160)
    covered = np.ones(160, dtype=bool)
    covered[70:90] = covered[130] = False
    told = read_line(np.where(covered, y, np.nan), A_YEAR)
    assert np.isnan(told.expected[~covered]).all()
    assert np.isfinite(told.expected[FIRST_JUDGED:][covered[FIRST_JUDGED:]]).all()
    assert told.shifts == ()
    assert len(read_line(np.where(covered, y, 0), A_YEAR).shifts) >= 2


def test_after_a_break_the_band_is_wide_and_learns_again():
    y = np.random.default_rng(9).poisson(np.repeat([30, 70], [120, 20])).astype(float)
    plain, told = read_line(y, A_YEAR), read_line(y, A_YEAR, breaks=[120])
    low, high = told.bounds()
    assert ((low <= y) & (y <= high))[120:].all()
    assert high[120] - low[120] > 2 * (plain.bounds()[1] - plain.bounds()[0])[120]
    assert told.expected[:120] == pytest.approx(plain.expected[:120], nan_ok=True)
    assert high[-1] - low[-1] < 0.5 * (high[120] - low[120])
    assert [(shift.at, shift.noted) for shift in plain.shifts] == [(120, False)]
    assert [(shift.at, shift.noted) for shift in told.shifts] == [(120, True)]


def test_what_is_half_reported_is_judged_by_the_half():
    y = np.random.default_rng(10).poisson(60, 100).astype(float)
    part = np.ones(100)
    part[-1] = 0.5
    y[-1] = 30
    whole, half = read_line(y, A_YEAR), read_line(y, A_YEAR, reported=part)
    assert y[-1] < whole.bounds()[0][-1]
    assert y[-1] > half.bounds()[0][-1]
    assert half.expected[-1] == pytest.approx(whole.expected[-1] / 2)


def test_days_have_their_weekdays():
    rate = np.tile([10, 10, 10, 10, 30, 60, 50], 20)
    y = np.random.default_rng(11).poisson(rate).astype(float)
    told = read_line(y, 365.25, shortest=14, weekdays=True)
    assert told.expected[60:] == pytest.approx(rate[60:], rel=0.25)
    assert told.shifts == ()
    y[-1] = 10  # as on a Monday
    assert y[-1] < read_line(y, 365.25, shortest=14, weekdays=True).bounds()[0][-1]


def test_the_variance_of_a_sum_ahead_is_that_of_simulated_sums():
    """Level with weight a, moved each period as the model says, counts with variance phi times their mean."""
    y = seasonal(np.random.default_rng(14), 156, 80)
    line = read_line(y, A_YEAR)
    ahead = line.ahead([156], 8)
    rate, weight, memory, phi = line._states[156]
    rng, size = np.random.default_rng(15), 200_000
    relative = phi / weight
    level = rng.normal(1, np.sqrt(relative), size)
    counts = np.empty((size, 8))
    for step in range(8):
        mean = np.maximum(level * ahead.mean[0, step], 1e-9)
        counts[:, step] = rng.normal(mean, np.sqrt(phi * mean))
        level = level + rng.normal(0, np.sqrt(relative * (1 - memory)), size)
    assert counts.var(axis=0) == pytest.approx(ahead.variance[0], rel=0.03)
    assert counts.sum(axis=1).var() == pytest.approx(ahead.total[0], rel=0.03)
    assert rate > 0


def test_quantiles_of_counts_without_bursts_are_those_of_poisson():
    mean = np.array([0.5, 4.0, 60.0, np.nan])
    low, high = quantiles(0.005, mean, mean)
    assert low[:3].tolist() == stats.poisson.ppf(0.005, mean[:3]).tolist()
    assert high[:3].tolist() == stats.poisson.ppf(0.995, mean[:3]).tolist()
    assert np.isnan([low[3], high[3]]).all()


# Explosions in British coal mines that killed ten or more, by year, 1851 to 1962 (Jarrett 1979, Biometrika 66).
YEARS = (
    "4541043406334026335453144155342522342132211113001011003103220111010100021000110233112111123300014000100000100101"
)
COAL = np.array([*YEARS], dtype=float)


def best_of_all(y, mass, cost, shortest, free):
    """The slow way: the value of every partition, by recursion from the end."""

    def value(end):
        if end == 0:
            return 0.0, []
        found = (-np.inf, [])
        for start in range(end - shortest + 1):
            before, starts = value(start)
            n, e = y[start:end].sum(), mass[start:end].sum()
            total = before + 2 * float(xlogy(n, n / e)) - (cost if start and start not in free else 0)
            if total > found[0] + 1e-9:
                found = (total, [*starts, start])
        return found

    return value(len(y))[1]


@pytest.mark.parametrize("seed", range(12))
def test_the_partition_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    size, shortest = int(rng.integers(6, 13)), int(rng.integers(1, 4))
    y = rng.poisson(np.repeat([4, 30, 10], 5)[:size]).astype(float)
    mass = rng.uniform(0.5, 2, size)
    free = (int(rng.integers(1, size)),)
    found = partition(y, mass, shortest, free=free)
    cost = PENALTY * np.log(size) * found.dispersion
    assert found.starts == best_of_all(found.counts, mass, cost, shortest, free)
    # Of each beginning of the series too: the last level by what lies before alone.
    for end in range(shortest, size + 1):
        assert found.last[end] == best_of_all(found.counts[:end], mass[:end], cost, shortest, free)[-1]


def test_coal_mining_changed_in_1892():
    """Published: 1890 or 1891 is the last year of the old level, three a year before and one after."""
    assert (len(COAL), COAL.sum()) == (112, 191)
    (shift,) = read_line(COAL, np.inf).shifts
    assert 1851 + shift.at == 1892
    assert shift.after < shift.before
    assert (shift.before, shift.after) == pytest.approx((3.1, 0.9), abs=0.05)


@pytest.mark.parametrize("factor", [0.0, 10.0])
def test_one_week_is_an_event_and_two_are_a_level(factor):
    y = np.random.default_rng(6).poisson(60, 80).astype(float)
    one, two = y.copy(), y.copy()
    one[50:51] *= factor
    two[50:52] *= factor
    assert partition(one, np.ones(80)).starts == [0]
    assert partition(two, np.ones(80)).starts == [0, 50, 52]
    limited = without_events(one, np.ones(80), 1.0)
    assert abs(limited[50] - 60) < 40
    assert (limited != one).sum() <= 4


@pytest.mark.parametrize("phi", [1.0, 3.0])
def test_the_dispersion_is_that_of_the_counts_whatever_the_level_does(phi):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(40):
        rate = np.repeat([20.0, 60.0], 80)
        y = rng.poisson(rate) if phi == 1 else rng.negative_binomial(rate / (phi - 1), 1 / phi)
        y[30] *= 8
        found.append(neighbour_dispersion(y.astype(float), np.ones(160)))
    assert phi < np.median(found) < 1.5 * phi  # the largest of three, so a little above
