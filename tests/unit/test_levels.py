"""Levels of a line: every partition of short series, both directions, time reversed and rescaled, events left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import xlogy

from analysis.trends.line import PENALTY, neighbour_dispersion, partition, read_line, without_events

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


def test_a_series_read_backwards_has_the_same_levels():
    rng = np.random.default_rng(4)
    for _ in range(20):
        y = rng.poisson(np.repeat(rng.uniform(5, 80, 5), rng.integers(2, 30, 5))).astype(float)
        mass = rng.uniform(0.7, 1.3, len(y))
        there, back = partition(y, mass), partition(y[::-1], mass[::-1])
        assert [len(y) - at for at in back.starts[:0:-1]] == there.starts[1:]
        assert back.levels[::-1] == pytest.approx(there.levels)


def test_another_unit_of_time_gives_the_same_levels():
    rng = np.random.default_rng(5)
    y = rng.poisson(np.repeat([20, 45, 30], 30)).astype(float)
    days, weeks = partition(y, np.full(90, 7.0)), partition(y, np.ones(90))
    assert days.starts == weeks.starts == [0, 30, 60]
    assert 7 * days.levels == pytest.approx(weeks.levels)


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


def test_few_counts_and_none():
    assert partition(np.zeros(30), np.ones(30)).starts == [0]
    assert partition(np.array([]), np.array([])).starts == []
    assert partition(np.array([3.0]), np.ones(1)).starts == [0]
    assert neighbour_dispersion(np.zeros(9), np.ones(9)) == 1
    rare = np.zeros(150)
    rare[[20, 75, 110]] = 3  # one incident, reported three times
    assert partition(rare, np.ones(150)).starts == [0]
