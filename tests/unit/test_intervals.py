"""Shares, ratios and smoothed rates: edges and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from analysis.hotspots.surroundings import empirical_bayes
from analysis.stats.intervals import poisson_rate, rate_ratio, share_ratio, wilson

counts = st.integers(0, 400)


@given(counts, counts)
def test_wilson_stays_inside_zero_and_one_and_holds_its_share(k, more):
    share = wilson(k, k + more)
    assert 0 <= share.low <= share.high <= 1
    if k + more:
        assert share.low <= share.value + 1e-12
        assert share.value <= share.high + 1e-12


def test_wilson_of_nothing_knows_nothing():
    share = wilson(0, 0)
    assert not share.known
    assert (share.low, share.high) == (0, 1)


@given(st.integers(0, 300), st.integers(0, 300))
def test_turning_a_ratio_round_turns_its_interval_round(a, b):
    ratio, turned = rate_ratio(a, b, 3, 7), rate_ratio(b, a, 7, 3)
    if a and b:
        assert ratio.value == pytest.approx(1 / turned.value)
        assert ratio.low == pytest.approx(1 / turned.high)
        assert ratio.low < ratio.value < ratio.high


def test_ratios_with_zeros():
    assert rate_ratio(0, 12).value == 0
    assert rate_ratio(0, 12).high < 0.4
    assert math.isinf(rate_ratio(12, 0).high)
    assert rate_ratio(12, 0).low > 2.5
    assert not rate_ratio(0, 0).known


@pytest.mark.parametrize(("a", "b"), [(8, 8), (10, 16)])
def test_the_exact_interval_covers_at_least_its_level(a, b):
    # The true ratio is a / b; every pair of counts within reach, weighed with its chance.
    i, j = np.arange(3 * a + 20), np.arange(3 * b + 20)
    covered = 0.0
    for x in i:
        for y in j:
            ratio = rate_ratio(int(x), int(y))
            chance = stats.poisson.pmf(x, a) * stats.poisson.pmf(y, b)
            covered += chance * (ratio.low <= a / b <= ratio.high)
    assert covered >= 0.95


def test_share_ratio_with_zeros_has_a_finite_side():
    none_here = share_ratio(0, 50, 5, 50)
    assert none_here.value == none_here.low == 0
    assert 0 < none_here.high < 2
    assert share_ratio(5, 50, 0, 50).high == math.inf
    assert not share_ratio(0, 50, 0, 50).known


def slow_empirical_bayes(events, base):
    mean = sum(events) / sum(base)
    spread = sum(b * (e / b - mean) ** 2 for e, b in zip(events, base, strict=True)) / sum(base)
    a = max(0.0, spread - mean / (sum(base) / len(base)))
    rates = []
    for e, b in zip(events, base, strict=True):
        weight = a / (a + mean / b) if a else 0.0
        rates.append(weight * e / b + (1 - weight) * mean)
    return rates


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(30, 3000)), min_size=2, max_size=12))
def test_empirical_bayes_equals_its_slow_twin_and_draws_inwards(rows):
    events, base = [e for e, _ in rows], [b for _, b in rows]
    smoothed = empirical_bayes(events, base)
    assert smoothed.rates == pytest.approx(slow_empirical_bayes(events, base), rel=1e-9, abs=1e-12)
    assert ((smoothed.weights >= 0) & (smoothed.weights <= 1)).all()
    assert (np.abs(smoothed.rates - smoothed.mean) <= np.abs(smoothed.raw - smoothed.mean) + 1e-12).all()


def slow_shares(events, base):
    """The mean of the beta distribution that each area's share comes from, given its count."""
    mean, size = sum(events) / sum(base), sum(base) / len(base)
    spread = sum(b * (e / b - mean) ** 2 for e, b in zip(events, base, strict=True)) / sum(base)
    variance = (spread - mean * (1 - mean) / size) / (1 - 1 / size)
    if variance <= 0:
        return [mean] * len(base)
    if variance >= mean * (1 - mean):
        return [e / b for e, b in zip(events, base, strict=True)]
    both = mean * (1 - mean) / variance - 1  # the two parameters of the beta distribution together
    return [(mean * both + e) / (both + b) for e, b in zip(events, base, strict=True)]


@given(
    st.lists(st.integers(2, 300).flatmap(lambda b: st.tuples(st.integers(0, b), st.just(b))), min_size=2, max_size=12)
)
def test_shares_equal_their_slow_twin_and_those_of_all_else_make_them_whole(rows):
    events, base = np.array([e for e, _ in rows]), np.array([b for _, b in rows])
    found, others = empirical_bayes(events, base, shares=True), empirical_bayes(base - events, base, shares=True)
    assert found.rates == pytest.approx(slow_shares(events.tolist(), base.tolist()), rel=1e-6, abs=1e-9)
    assert found.rates + others.rates == pytest.approx(np.ones(len(rows)))
    assert ((found.weights >= 0) & (found.weights <= 1)).all()


def test_the_spread_of_shares_is_found_and_brings_them_nearer_to_the_truth():
    """Shares around one half, standard deviation 0.15, nine alerts a place: the form for rare events sees no spread."""
    rng = np.random.default_rng(5)
    spreads, nearer = [], 0
    for _ in range(40):
        truth, base = rng.beta(5.06, 5.06, 700), rng.poisson(9, 700) + 1
        events = rng.binomial(base, truth)
        found, rare = empirical_bayes(events, base, shares=True), empirical_bayes(events, base)
        spreads.append(found.variance)
        errors = [((rates - truth) ** 2).mean() for rates in (found.rates, found.raw, rare.rates)]
        nearer += errors[0] == min(errors)
    assert np.mean(spreads) == pytest.approx(truth.var(), rel=0.1)
    assert np.mean(spreads) == pytest.approx(0.15**2, rel=0.05)
    assert nearer == 40


def test_a_place_that_is_surely_above_the_city_keeps_its_share():
    rng = np.random.default_rng(6)
    base = np.append(rng.poisson(8, 600) + 1, 332)
    events = np.append(rng.binomial(base[:-1], rng.beta(6, 7, 600)), 243)
    assert empirical_bayes(events, base, shares=True).rates[-1] == pytest.approx(0.72, abs=0.01)


def test_no_more_events_than_their_base():
    assert empirical_bayes([1, 0], [1, 1], shares=True).rates == pytest.approx([0.5, 0.5])  # single alerts say nothing


def test_a_spread_below_chance_gives_every_area_the_mean():
    smoothed = empirical_bayes([5, 5, 5], [100, 100, 100])
    assert smoothed.variance == 0
    assert smoothed.rates == pytest.approx([0.05, 0.05, 0.05])


def test_wilson_and_garwood_equal_statsmodels() -> None:
    rng = np.random.default_rng(95)
    for n in rng.integers(1, 100_000, 100):
        k = int(rng.integers(0, n + 1))
        share, rate = wilson(k, int(n)), poisson_rate(k, 2.5)
        assert (share.low, share.high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
        assert (rate.low, rate.high) == pytest.approx(confint_poisson(k, 2.5, method="exact-c"), rel=1e-10)
