"""The exact test of a share against the tables counted one by one, Fisher's test, and what shares cannot show."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import binom, hypergeom

from analysis.stats.exact_ratios import larger_rate, larger_share, share_ratio_interval, smaller_share


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
    """Also where the rest is no larger than the place, and its own share is uncertain."""
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


def test_without_a_margin_it_is_fishers_test():
    table = np.array([[243, 2593, 332, 5791], [60, 40_000, 100, 90_000], [9, 80, 9, 900]])
    x, rest, own, other = table.T
    expected = hypergeom.sf(x - 1, own + other, x + rest, own)
    assert larger_share(x, rest, own, other) == pytest.approx(expected, rel=1e-6)


def test_a_rest_of_one_alert_is_a_rest():
    """Of ten alerts one is of the part, and it is the one outside: one table in ten has none in the place."""
    assert smaller_share([0], [1], [9], [1])[0] == pytest.approx(1 / 10)
    assert larger_share([1], [0], [9], [1])[0] == pytest.approx(9 / 10)


def test_where_the_part_is_small_it_is_the_test_of_counts_and_where_it_is_half_it_finds_far_more():
    few = larger_share([30], [300], [10_000], [200_000], 1.25)[0]
    assert few == pytest.approx(larger_rate([30], [300], [10_000], [200_000], 1.25)[0], rel=0.05)
    half = larger_share([243], [2593], [332], [5791], 1.25)[0]
    assert half < 1e-5 * larger_rate([243], [2593], [332], [5791], 1.25)[0]


def test_a_rest_that_is_nearly_all_of_the_part_can_hold_no_place_with_more():
    assert larger_share([50], [900], [50], [1_000], 1.25)[0] == 1
    assert smaller_share([5], [1_000], [50], [1_000], 1.25)[0] < 1e-5
    assert larger_share([0, 3], [0, 0], [0, 3], [0, 0], 1.25).tolist() == [1, 1]


def test_the_interval_of_the_ratio_of_shares_is_koopmans():
    """Ratio 36/40 over 16/80 of the worked example of his paper: 2.94 to 7.15."""
    ratio, low, high = share_ratio_interval(36, 16, 40, 80)
    assert (ratio, round(low, 2), round(high, 2)) == (pytest.approx(4.5), 2.94, 7.15)
    assert share_ratio_interval(0, 5, 10, 100)[:2] == (0, 0)
    assert share_ratio_interval(3, 0, 10, 100)[2] == np.inf
    assert np.isnan(share_ratio_interval(0, 0, 10, 100)).all()
