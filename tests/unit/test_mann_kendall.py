"""Mann–Kendall for many series: against a slow twin, gaps, ties, and permutation."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, permutations
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, kendalltau, norm

from analysis.emerging.cube import lagged_sums
from analysis.stats.mann_kendall import block_permutation, kendall_s, sen_slope

VALUES = st.one_of(st.just(math.nan), st.integers(0, 4).map(float), st.floats(-5, 5, width=16))


def slow(series: list[float]) -> tuple[float, float]:
    """S and Sen's slope, pair by pair."""
    known = [(step, value) for step, value in enumerate(series) if not math.isnan(value)]
    pairs = list(combinations(known, 2))
    s = sum((b > a) - (b < a) for (_, a), (_, b) in pairs)
    slopes = [(b - a) / (j - i) for (i, a), (j, b) in pairs]
    return s, median(slopes) if slopes else math.nan


@given(st.integers(2, 9).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_many_series_are_as_each_alone_pair_by_pair(rows: list[list[float]]) -> None:
    for row, s, slope in zip(rows, kendall_s(rows), sen_slope(rows), strict=True):
        expected = slow(row)
        assert s == expected[0]
        assert slope == pytest.approx(expected[1], nan_ok=True)


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=20))
def test_turned_round_it_falls_as_much_as_it_rose(series: list[int]) -> None:
    assert kendall_s(series).item() == -kendall_s(series[::-1]).item()
    assert sen_slope(series).item() == -sen_slope(series[::-1]).item()


def test_without_ties_s_is_scipys_tau_times_the_pairs() -> None:
    series = np.random.default_rng(2).normal(size=30)
    assert kendall_s(series).item() / (30 * 29 / 2) == pytest.approx(kendalltau(range(30), series).statistic)


def test_without_series_there_is_no_test() -> None:
    assert len(kendall_s(np.zeros((0, 5)))) == 0
    assert len(block_permutation(np.zeros((0, 5)), block=1)) == 0
    with pytest.raises(ValueError, match="rows, steps"):
        kendall_s(np.zeros((2, 2, 2)))


def test_with_blocks_of_one_step_it_is_the_permutation_test() -> None:
    series = [1.0, 3.0, 2.0, 5.0, 4.0]
    s = abs(slow(series)[0])
    exact = np.mean([abs(slow(list(order))[0]) >= s for order in permutations(series)])
    found = block_permutation(series, block=1, runs=4000, seed=1)
    assert found.item() == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000))


def test_the_smallest_p_counts_the_series_itself_among_the_runs() -> None:
    assert block_permutation(np.arange(30.0), block=1, runs=99).item() == 1 / 100


def test_blocks_stay_whole_and_the_first_takes_the_rest() -> None:
    seen: set[tuple[float, ...]] = set()

    def watch(values: np.ndarray) -> np.ndarray:
        seen.add(tuple(values[0].tolist()))
        return values

    block_permutation([np.arange(8.0)], block=3, runs=200, rebuild=watch)
    blocks = [(0.0, 1.0), (2.0, 3.0, 4.0), (5.0, 6.0, 7.0)]
    assert seen == {sum(order, ()) for order in permutations(blocks)}
    seen.clear()
    block_permutation([np.arange(6.0)], block=3, runs=50, rebuild=watch)
    assert seen == {(0.0, 1.0, 2.0, 3.0, 4.0, 5.0), (3.0, 4.0, 5.0, 0.0, 1.0, 2.0)}


def test_what_can_no_longer_be_small_is_permuted_no_further_and_the_rest_is_as_it_was() -> None:
    rng = np.random.default_rng(4)
    series = rng.normal(size=(60, 20)) + rng.choice([0, 0.08], 60)[:, None] * np.arange(20)
    whole = block_permutation(series, block=1, runs=499)
    short = block_permutation(series, block=1, runs=499, enough=50)
    small = whole < 50 / 500
    assert 5 < small.sum() < 55
    assert (short[small] == whole[small]).all()
    assert (short[~small] >= 50 / 500).all()
    assert np.abs(short[~small] / whole[~small] - 1).max() < 0.6
    assert not np.array_equal(short, whole)


def test_the_same_seed_gives_the_same_p() -> None:
    series = np.random.default_rng(0).normal(size=(3, 12))
    first, again = (block_permutation(series, block=2, runs=50, seed=7) for _ in range(2))
    assert first.tolist() == again.tolist()
    with pytest.raises(ValueError, match="at least 1"):
        block_permutation(series, block=0)


def plain_p(series: np.ndarray) -> np.ndarray:
    """The normal tail of S for independent steps, with ties and continuity correction: what a plain test says."""
    n = series.shape[1]
    ties = [sum(t * (t - 1) * (2 * t + 5) for t in Counter(row.tolist()).values()) for row in series]
    variance = (n * (n - 1) * (2 * n + 5) - np.array(ties)) / 18
    return np.asarray(2 * norm.sf(np.maximum(np.abs(kendall_s(series)) - 1, 0) / np.sqrt(variance)))


@pytest.mark.parametrize("block", [1, 3])
def test_series_made_of_windows_show_false_trends_unless_the_windows_are_made_anew(block: int) -> None:
    """The reason for `rebuild`: sums of two neighbouring steps, without any trend."""
    rng = np.random.default_rng(9)
    steps = rng.poisson(4, (300, 30)).astype(float)
    plain = int((plain_p(lagged_sums(steps, 1)) <= 0.05).sum())
    anew = int((block_permutation(steps, block=block, runs=199, rebuild=lambda x: lagged_sums(x, 1)) <= 0.05).sum())
    assert plain / 300 == pytest.approx(0.158, abs=0.05)
    assert binom.sf(anew - 1, 300, 0.05) >= 0.01


def test_sens_slope_of_many_series_needs_no_more_memory() -> None:
    series = np.tile(np.arange(300.0), (400, 1))  # more pairs than one pass holds
    assert sen_slope(series) == pytest.approx(np.ones(400))
