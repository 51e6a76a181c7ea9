"""Differences of shares against Newcombe's published intervals and against statsmodels, and slow twins of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, norm
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.comparison import (
    LEAST,
    CountedRate,
    CountedShare,
    by_own_mean,
    compare_rates,
    compare_shares,
    share_difference,
    share_p,
)
from analysis.stats.dispersion import Dispersion
from analysis.stats.intervals import rate_ratio

TWICE = Dispersion(2.0, float("inf"))

# Newcombe (1998), table II, method 10: a of m, b of n, the interval of the difference.
PUBLISHED = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), PUBLISHED)
def test_differences_are_those_that_newcombe_published(a: int, m: int, b: int, n: int, low: float, high: float) -> None:
    found = share_difference(CountedShare(a, m), CountedShare(b, n))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


counts = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_differences_are_those_of_statsmodels(first: tuple[int, int], second: tuple[int, int]) -> None:
    found = share_difference(CountedShare(*first), CountedShare(*second))
    expected = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
    back = share_difference(CountedShare(*second), CountedShare(*first))
    assert (found.value, found.low, found.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert found.low <= found.value <= found.high


def test_overdispersed_counts_have_the_interval_of_effective_ones_and_a_larger_p() -> None:
    overdispersed = share_difference(CountedShare(112, 140, TWICE), CountedShare(48, 80))
    assert overdispersed == share_difference(CountedShare(56, 70), CountedShare(48, 80))
    first, second = CountedShare(112, 140, TWICE), CountedShare(96, 160, TWICE)
    exact = fisher_exact([[112, 28], [96, 64]])[1]
    assert share_p(first, second) == pytest.approx(2 * norm.sf(norm.isf(exact / 2) / np.sqrt(2)), rel=1e-6)
    assert share_p(CountedShare(112, 140), CountedShare(96, 160)) == pytest.approx(exact, rel=1e-9)


def test_the_dispersion_of_a_difference_is_weighted_by_what_each_city_adds_to_its_variance() -> None:
    exact = fisher_exact([[30, 70], [5_000, 5_000]])[1]
    found = share_p(CountedShare(30, 100, TWICE), CountedShare(5_000, 10_000))
    assert found == pytest.approx(2 * norm.sf(norm.isf(exact / 2) / np.sqrt((2 / 100 + 1 / 10_000) / 0.0101)), rel=1e-6)


def test_differences_are_corrected_for_all_that_were_compared_and_too_few_are_not() -> None:
    same, apart = (CountedShare(50, 100), CountedShare(50, 100)), (CountedShare(90, 100), CountedShare(10, 100))
    few = CountedShare(1, LEAST - 1), CountedShare(90, 100)
    frame = compare_shares([same, apart, few, few])
    assert frame["differs"].tolist() == [False, True, False, False]
    p = [fisher_exact([[50, 50], [50, 50]])[1], fisher_exact([[90, 10], [10, 90]])[1]]
    assert frame["q"].tolist()[:2] == pytest.approx([min(1, p[0]), 2 * p[1]], rel=1e-6)
    assert frame[["difference", "low", "high", "p", "q"]].iloc[2].isna().all()
    assert frame.loc[2, "share_first"] == pytest.approx(1 / (LEAST - 1))
    assert compare_shares([]).empty


def test_nothing_is_no_share() -> None:
    frame = compare_shares([(CountedShare(0, 0), CountedShare(3, 50))])
    assert frame[["share_first", "difference", "p"]].isna().all(axis=None)
    assert np.isnan(share_p(CountedShare(0, 0), CountedShare(3, 50)))


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=40))
def test_lines_by_their_own_mean_have_the_mean_one(counts: list[int]) -> None:
    found = by_own_mean([float(n) for n in counts])
    if any(counts):
        assert found.mean() == pytest.approx(1)
        assert found * np.mean(counts) == pytest.approx(counts)
    else:
        assert np.isnan(found).all()


def test_rates_are_for_a_thousand_inhabitants_in_a_year() -> None:
    rate = CountedRate(500, 50_000, 365 * 4 + 1)
    assert rate.estimate.value == pytest.approx(500 / 50 / 4)
    other = CountedRate(900, 30_000, 365)
    found = compare_rates(rate, other)
    assert found.value == pytest.approx(rate.estimate.value / other.estimate.value)
    plain = rate_ratio(500, 900, 50 * 1461 / 365.25, 30 * 365 / 365.25)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    wide = compare_rates(CountedRate(500, 50_000, 1461, TWICE), CountedRate(900, 30_000, 365, TWICE))
    assert wide.value == pytest.approx(found.value)
    assert wide.low < found.low < found.high < wide.high
