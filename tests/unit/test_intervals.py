"""Exact tests, q-values, intervals and smoothed rates, against SciPy, statsmodels and slow twins."""

from __future__ import annotations

import math
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import binom, false_discovery_control
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from analysis.hotspots.surroundings import empirical_bayes
from analysis.stats.dispersion import HARDLY, Dispersion, dispersion_of_series, neighbours
from analysis.stats.intervals import poisson_rate, rate_ratio, share_ratio, share_ratio_interval, wilson
from analysis.stats.significance import (
    benjamini_hochberg,
    fisher_two_sided,
    larger_rate,
    larger_share,
    smaller_rate,
    smaller_share,
)


def test_the_lady_who_tastes_tea() -> None:
    """Eight cups, three of four named rightly: 34/70 (Fisher 1935)."""
    np.testing.assert_allclose(fisher_two_sided(*np.array([[3], [1], [1], [3]])), [34 / 70])


def test_shape_gaps_and_rounding_are_kept() -> None:
    p = np.array([[0.01, np.nan, 1 + 1e-12], [0.02, 0.03, np.nan]])
    q = benjamini_hochberg(p)
    assert q.shape == p.shape
    assert q[np.isfinite(p)] == pytest.approx([0.04, 1.0, 0.04, 0.04], rel=1e-12)
    assert np.isnan(q[~np.isfinite(p)]).all()
    assert benjamini_hochberg([]).size == 0


@pytest.mark.parametrize("seed", range(5))
def test_many_tests_with_nothing_to_see_are_as_scipy_has_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.where(rng.random((400, 12)) < 0.7, 1.0, rng.random((400, 12)) ** 6)
    assert np.array_equal(benjamini_hochberg(p).ravel(), false_discovery_control(p, axis=None))
    assert np.array_equal(benjamini_hochberg(np.ones(5)), np.ones(5))


count = st.integers(0, 30)
size = st.floats(0.1, 5)


def tail(kept: range, n: int, share: float) -> float:
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in kept)


@given(count, count, size, size, st.floats(1, 3))
def test_both_tails_with_a_margin_are_sums_by_hand(x: int, rest: int, inside: float, outside: float, m: float) -> None:
    up = tail(range(x, x + rest + 1), x + rest, m * inside / (m * inside + outside))
    down = tail(range(x + 1), x + rest, inside / m / (inside / m + outside))
    assert larger_rate([x], [rest], [inside], [outside], m)[0] == pytest.approx(up, rel=1e-9, abs=1e-15)
    assert smaller_rate([x], [rest], [inside], [outside], m)[0] == pytest.approx(down, rel=1e-9, abs=1e-15)


def test_without_surroundings_there_is_no_test_and_of_a_large_part_more_is_found() -> None:
    assert larger_rate([9], [0], [1.0], [0.0]).tolist() == smaller_rate([0], [0], [1.0], [0.0]).tolist() == [1.0]
    assert smaller_share([0], [1], [9], [1])[0] == pytest.approx(1 / 10)
    assert larger_share([1], [0], [9], [1])[0] == pytest.approx(9 / 10)
    assert larger_share([50], [900], [50], [1_000], 1.25)[0] == 1
    assert smaller_share([5], [1_000], [50], [1_000], 1.25)[0] < 1e-5
    assert larger_share([0, 3], [0, 0], [0, 3], [0, 0], 1.25).tolist() == [1, 1]
    few = larger_share([30], [300], [10_000], [200_000], 1.25)[0]
    assert few == pytest.approx(larger_rate([30], [300], [10_000], [200_000], 1.25)[0], rel=0.05)
    half = larger_share([243], [2593], [332], [5791], 1.25)[0]
    assert half < 1e-5 * larger_rate([243], [2593], [332], [5791], 1.25)[0]


def tables(own: int, other: int, total: int, odds: Fraction, wanted) -> float:
    """The probability of the wanted counts of the place, every possible table weighed in fractions."""
    possible = range(max(0, total - other), min(own, total) + 1)
    weights = {x: comb(own, x) * comb(other, total - x) * odds**x for x in possible}
    return float(sum(weight for x, weight in weights.items() if wanted(x)) / sum(weights.values()))


def likeliest(x, rest, own, other, ratio):
    """The share of the rest under which both counts are likeliest, the place's being `ratio` times as large."""

    def unlikely(p):
        return -sum(
            float(xlogy(k, q) + xlog1py(n - k, -q)) for k, n, q in ((x, own, min(ratio * p, 1)), (rest, other, p))
        )

    return minimize_scalar(unlikely, bounds=(0, min(1, 1 / ratio)), method="bounded", options={"xatol": 1e-13}).x


def test_true_shares_at_the_border_pass_no_more_often_than_the_level_says():
    rng = np.random.default_rng(5)
    for own, other, share in ((500, 500, 0.5), (1_000, 5_000, 0.7)):
        x, rest = rng.binomial(own, 1.25 * share, 1_500), rng.binomial(other, share, 1_500)
        p = larger_share(x, rest, np.full(1_500, own), np.full(1_500, other), 1.25)
        assert (p <= 0.05).sum() <= binom.ppf(0.999, 1_500, 0.05)
        assert (p <= 0.01).sum() <= binom.ppf(0.999, 1_500, 0.01)


@given(st.integers(1, 40), st.integers(1, 80), st.data(), st.sampled_from([Fraction(1), Fraction(5, 4), Fraction(2)]))
def test_both_tails_are_those_of_all_tables(own, other, data, margin):
    x, rest = data.draw(st.integers(0, own)), data.draw(st.integers(0, other))
    share = Fraction(rest, other)
    if margin * share < 1 and x > margin * share * own:
        p = likeliest(x, rest, own, other, float(margin))
        if 1 - margin * p > 1e-6:
            slow = tables(own, other, x + rest, float(margin) * (1 - p) / (1 - float(margin) * p), lambda n: n >= x)
            assert larger_share([x], [rest], [own], [other], float(margin))[0] == pytest.approx(slow, rel=1e-4)
    else:
        assert larger_share([x], [rest], [own], [other], float(margin))[0] == 1
    assume(rest < other)
    if x < share / margin * own:
        p = likeliest(x, rest, own, other, 1 / float(margin))
        slow = tables(own, other, x + rest, (1 - p) / (float(margin) - p), lambda n: n <= x)
        assert smaller_share([x], [rest], [own], [other], float(margin))[0] == pytest.approx(slow, rel=1e-4)
    else:
        assert smaller_share([x], [rest], [own], [other], float(margin))[0] == 1


def test_the_interval_of_the_ratio_of_shares_is_koopmans():
    """Ratio 36/40 over 16/80 of the worked example of his paper: 2.94 to 7.15."""
    ratio, low, high = share_ratio_interval(36, 16, 40, 80)
    assert (ratio, round(low, 2), round(high, 2)) == (pytest.approx(4.5), 2.94, 7.15)
    assert share_ratio_interval(0, 5, 10, 100)[:2] == (0, 0)
    assert share_ratio_interval(3, 0, 10, 100)[2] == np.inf
    assert np.isnan(share_ratio_interval(0, 0, 10, 100)).all()


counts = st.integers(0, 400)


@given(counts, counts)
def test_wilson_stays_inside_zero_and_one_and_holds_its_share(k, more):
    share = wilson(k, k + more)
    assert 0 <= share.low <= share.high <= 1
    if k + more:
        assert share.low <= share.value + 1e-12
        assert share.value <= share.high + 1e-12


@given(st.integers(0, 300), st.integers(0, 300))
def test_turning_a_ratio_round_turns_its_interval_round(a, b):
    ratio, turned = rate_ratio(a, b, 3, 7), rate_ratio(b, a, 7, 3)
    if a and b:
        assert ratio.value == pytest.approx(1 / turned.value)
        assert ratio.low == pytest.approx(1 / turned.high)
        assert ratio.low < ratio.value < ratio.high


def test_of_zeros_what_is_known_is_said():
    assert rate_ratio(0, 12).value == 0
    assert rate_ratio(0, 12).high < 0.4
    assert math.isinf(rate_ratio(12, 0).high)
    assert rate_ratio(12, 0).low > 2.5
    assert not rate_ratio(0, 0).known
    none_here = share_ratio(0, 50, 5, 50)
    assert none_here.value == none_here.low == 0
    assert 0 < none_here.high < 2
    assert share_ratio(5, 50, 0, 50).high == math.inf
    assert not share_ratio(0, 50, 0, 50).known
    share = wilson(0, 0)
    assert not share.known
    assert (share.low, share.high) == (0, 1)


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


def test_wilson_and_garwood_equal_statsmodels() -> None:
    rng = np.random.default_rng(95)
    for n in rng.integers(1, 100_000, 100):
        k = int(rng.integers(0, n + 1))
        share, rate = wilson(k, int(n)), poisson_rate(k, 2.5)
        assert (share.low, share.high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
        assert (rate.low, rate.high) == pytest.approx(confint_poisson(k, 2.5, method="exact-c"), rel=1e-10)


def test_neighbouring_periods_by_hand() -> None:
    squares, spread = neighbours([[2.0, 6.0], [0.0, 0.0]])
    assert (squares.tolist(), spread.tolist()) == ([[4.0], [0.0]], [[2.0], [0.0]])
    assert dispersion_of_series([[2.0, 6.0], [0.0, 0.0]]).freedom == pytest.approx(2 / 3 * 2 / (2 + 2))
    # Three quarters of all alerts came in the second period: 6 of 8 are as expected, the rest of the city is 32 of 40.
    squares, spread = neighbours([[2.0, 6.0]], [10.0, 30.0])
    assert (squares.tolist(), spread.tolist()) == ([[0.0]], [[pytest.approx(8 * 0.75 * 0.25 * 0.8)]])


@pytest.mark.parametrize(
    ("phi", "freedom", "said"), [(1.0, np.inf, False), (HARDLY, np.inf, True), (1.0, 5.0, True), (1.05, 500.0, False)]
)
def test_bursts_are_told_where_they_or_what_is_allowed_for_them_widen_intervals(phi, freedom, said) -> None:
    assert bool(Dispersion(phi, freedom).choices) == said
