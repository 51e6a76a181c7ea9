"""Dispersion from the past: what it measures, what does not inflate it, and what tests and intervals do with it."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.trends.smallest_change import smallest_change
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.dispersion import (
    INDEPENDENT,
    LEAST_OF_BOTH,
    UNKNOWN,
    Dispersion,
    GroupFactor,
    dispersion_from_past,
    dispersion_of_pairs,
    group_factors,
    interval_dispersion,
    spread_of,
    spread_p,
)
from analysis.stats.exact_rates import larger_rate, ratio_interval, ratio_intervals, smaller_rate
from analysis.stats.exact_shares import larger_share, share_ratio_interval, smaller_share
from analysis.trends.changes import e_test, fisher_exact, overdispersed_e_test, relative_change
from tests.effort import effort

ROWS, WINDOWS = 150, 9


def bursts(rng: np.random.Generator, mean, reports: float = 2.0):
    """Counts of reports: Poisson alerts of this mean number of reports, each reported a geometric number of times.

    Their variance is 2 reports - 1 times the mean.
    """
    incidents = rng.poisson(np.asarray(mean) / reports)
    further = rng.negative_binomial(np.maximum(incidents, 1), 1 / reports)
    return incidents + np.where(incidents > 0, further, 0)


def levels(rng: np.random.Generator, rows: int = ROWS):
    """Means of rows, from 2 to 100 a window."""
    return np.exp(rng.uniform(np.log(2), np.log(100), rows))[:, None]


def slow_ratio(counts, lag, totals):
    """The pooled ratio of one row by its definition."""
    squares = spread = 0.0
    for at in range(lag, len(counts)):
        y, m = counts[at], counts[at] + counts[at - lag]
        if totals is None:
            mean, variance = m / 2, m / 4
        else:
            whole = totals[at] + totals[at - lag]
            law = stats.hypergeom(int(whole), int(totals[at]), int(m))
            mean, variance = law.mean(), law.var()
        squares, spread = squares + (y - mean) ** 2, spread + variance
    return squares / spread


@pytest.mark.parametrize("lag", [1, 3])
@pytest.mark.parametrize("of_a_whole", [False, True])
def test_equal_rows_give_the_ratio_of_their_squares_to_their_variance(lag: int, of_a_whole: bool) -> None:
    row = np.array([3, 14, 5, 12, 29, 6, 1, 12, 19, 4, 17, 8])
    totals = 60 + 3 * np.arange(12) if of_a_whole else None
    found = dispersion_from_past(np.tile(row, (20, 1)), lag=lag, totals=totals)
    assert found.drift == 0
    # Equal rows are not winsorised; what is taken back for it is a few parts in a thousand.
    assert found.phi == pytest.approx(slow_ratio(row, lag, totals), rel=0.02)


@pytest.mark.parametrize(("reports", "true"), [(1.0, 1.0), (1.5, 2.0), (2.0, 3.0), (3.0, 5.0)])
def test_bursts_are_measured_whatever_the_season_and_however_hot_a_row_is(reports: float, true: float) -> None:
    rng = np.random.default_rng(1)
    season = 1 + 0.3 * np.sin(np.arange(WINDOWS))
    counts = bursts(rng, levels(rng) * season, reports)
    counts[0] = bursts(rng, 5000 * season, reports)
    found = dispersion_from_past(counts, totals=counts.sum(axis=0))
    assert found.phi + found.drift * found.typical == pytest.approx(true, rel=0.15)
    assert found.drift < 0.02


def test_a_step_of_one_row_in_the_past_hardly_counts() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(levels(rng) * np.ones(WINDOWS))
    counts[7, 5:] *= 6
    found = dispersion_from_past(counts, totals=counts.sum(axis=0))
    assert found.value < 1.15


def test_reports_that_wander_have_a_drift() -> None:
    """A log ratio of variance .16: a standard deviation of .4 that loses half of its memory over the lag."""
    rng = np.random.default_rng(3)
    risk = np.exp(rng.normal(0, np.sqrt(0.08), (400, WINDOWS)))
    counts = bursts(rng, levels(rng, 400) * risk, 1.5)
    found = dispersion_from_past(counts)
    assert found.drift == pytest.approx(0.16, abs=0.05)
    assert found.phi == pytest.approx(2, abs=0.5)
    assert found.at(25) == pytest.approx(2 + 0.16 * 25, rel=0.2)


def test_the_interval_of_a_dispersion_holds_it() -> None:
    """Counts of a negative binomial law of three times the variance: on a push misses of more than 14 % would show."""
    runs, held = effort(120, 800), 0
    rng = np.random.default_rng(4)
    for _ in range(runs):
        mean = levels(rng, 60) * np.ones(7)
        found = dispersion_from_past(rng.negative_binomial(mean / 2, 1 / 3), drift=False)
        held += found.low <= 3 <= found.high
    assert held >= stats.binom.ppf(0.001, runs, 0.92)


@pytest.mark.parametrize("few", [[[1, 0]], [[1, 0, 2]], [[3, 0, 0, 1]], [[40, 95]]])
def test_what_a_prior_knows_is_not_lost_where_rows_hold_next_to_nothing(few: list[list[int]]) -> None:
    """With less than a square of one's own the allowance was 10^34, and intervals "155,386,989,879,279,230 times"."""
    prior = Dispersion(3.0, 2.5, 3.6, 0.0, 200.0)
    found = dispersion_from_past(few, prior=prior)
    assert found.freedom >= LEAST_OF_BOTH
    assert 1 < found.allowance < 6
    assert found.widening < 6


def test_a_short_past_is_unknown_and_a_prior_stands_in() -> None:
    few = np.array([[4, 9, 3]])
    assert not dispersion_from_past(few).known
    assert dispersion_from_past(few).value == pytest.approx(
        (5**2 / 13 + 6**2 / 12) / 2, rel=0.1
    )  # weights hardly differ
    assert dispersion_from_past(few, lag=3) == UNKNOWN
    assert dispersion_from_past(np.zeros((5, 9))) == UNKNOWN
    prior = Dispersion(3.0, 2.5, 3.6, 0.0, 200.0)
    assert dispersion_from_past(few, lag=3, prior=prior) is prior
    both = dispersion_from_past(np.array([[40, 95, 30, 70]]), prior=prior)
    assert both.known
    assert both.phi > prior.phi
    assert both.allowance > prior.allowance
    with pytest.raises(ValueError, match="lag"):
        dispersion_from_past(few, lag=0)


def test_groups_that_differ_have_a_factor_each_and_others_none() -> None:
    rng = np.random.default_rng(12)
    groups = np.repeat(list("abcdefgh"), 20)
    even = bursts(rng, levels(rng, 160) * np.ones(WINDOWS), 2.0)
    pairs = even[:, :-1], even[:, 1:]
    same = group_factors(*pairs, None, dispersion_of_pairs(*pairs), list(groups))
    assert all(0.7 < factor.times < 1.5 for factor in same.values())
    reports = np.repeat([1.0, 1, 1, 1, 1, 1, 2, 4], 20)[:, None]
    uneven = np.where(
        reports == 1,
        rng.poisson(levels(rng, 160) * np.ones(WINDOWS)),
        bursts(rng, levels(rng, 160) * np.ones(WINDOWS), reports),
    )
    pairs = uneven[:, :-1], uneven[:, 1:]
    fitted = dispersion_of_pairs(*pairs, drift=False)
    factors = group_factors(*pairs, None, fitted, list(groups))
    found = [fitted.phi * factors[name].times for name in "agh"]
    assert found == pytest.approx([1, 3, 7], rel=0.4)
    assert group_factors(*pairs, None, UNKNOWN, list(groups)) == {}
    assert group_factors(*pairs, None, fitted, ["a", "b"] * 80) == {}  # two groups say nothing of how groups differ


def test_a_factor_is_allowed_for_once() -> None:
    """Student's quantile with the squares of a group is the whole allowance: of a nominal .05, .03 lie beyond it.

    With the dispersion raised by the same quantile besides, .01 did.
    """
    rng = np.random.default_rng(14)
    scale = np.repeat([1.0, 1, 1, 3, 3, 7], 6)[:, None]
    groups = np.repeat(list("abcdef"), 6)
    below, tested = 0, 0
    for _ in range(effort(150, 600)):
        rate = rng.gamma(20 / np.maximum(scale - 1, 1e-3), np.maximum(scale - 1, 1e-3), (36, 5))
        counts = rng.poisson(rate)
        pairs = counts[:, :2], counts[:, 1:3]
        fitted = dispersion_of_pairs(*pairs, drift=False)
        factors = group_factors(*pairs, None, fitted, list(groups))
        if not factors:
            continue
        times = np.array([factors[name].times for name in groups])
        squares = np.array([factors[name].freedom(fitted.freedom) for name in groups])
        chance = np.sqrt(counts[:, 3:].sum(axis=1) / 4 * fitted.phi)
        z = (counts[:, 4] - counts[:, 3]) / 2 / chance / np.sqrt(times)
        below += int((2 * stats.t.sf(np.abs(z), squares) < 0.05).sum())
        tested += len(z)
    assert 0.02 < below / tested < 0.05


def test_the_squares_of_a_group_are_its_own_and_what_was_fitted() -> None:
    factor = GroupFactor(1.6, 24.0, 0.5)
    assert factor.freedom(np.inf) == 24
    assert factor.freedom(12.0) == pytest.approx(1 / (1 / 24 + 0.25 / 12))


def test_windows_that_are_not_known_do_not_enter() -> None:
    rng = np.random.default_rng(5)
    counts = bursts(rng, levels(rng) * np.ones(WINDOWS)).astype(float)
    with_gap = np.column_stack([counts, np.full(ROWS, np.nan)])
    assert dispersion_from_past(with_gap) == dispersion_from_past(counts)


def test_the_variance_of_independent_counts_is_hypergeometric() -> None:
    law = stats.hypergeom(300, 120, 40)
    assert spread_of(15, 25, 180, 120) == pytest.approx(law.var())
    assert spread_of(15, 25) == 10


def test_a_dispersion_tells_itself(t) -> None:
    assert Dispersion(2.0, 1.8, 2.2, 0.0, float("inf")).widening == pytest.approx(2**0.5)
    burst = Dispersion(2.0, 1.8, 2.2, 0.0, 5000.0)
    assert burst.sentence(t) == "Reports here come in bursts, as they did in the past: intervals are 1.4 times as wide."
    wander = Dispersion(1.0, 1.0, 1.2, 0.1, 5000.0, typical=30.0)
    assert "wander more than chance explains" in wander.sentence(t)
    assert "2.0 times" in wander.sentence(t)
    assert "scatter more than chance explains" in Dispersion(4.0, 1.8, 8.2, 0.0, 20.0, rows=1).sentence(t)
    assert "one by one" in Dispersion(1.02, 1.0, 1.2, 0.0, 500.0).sentence(t)
    assert "short: intervals are 1.4 times as wide" in Dispersion(1.02, 1.0, 1.2, 0.0, 9.0).sentence(t)
    assert "may be less sure than it looks" in UNKNOWN.sentence(t)
    assert INDEPENDENT.value == 1
    assert UNKNOWN.value == 1


def test_a_dispersion_from_little_is_raised_as_students_law_says() -> None:
    found = Dispersion(2.0, 1.0, 4.0, 0.0, 10.0)
    # one in 1,000: t with ten degrees of freedom 4.144, normal 3.090 (tables)
    assert found.value == pytest.approx(2 * (4.144 / 3.090) ** 2, rel=1e-3)


@given(st.floats(0, 1), st.floats(1, 9), st.sampled_from([1, 2]))
@settings(max_examples=80, deadline=None)
def test_a_p_value_grows_with_the_dispersion(p: float, phi: float, tails: int) -> None:
    assert spread_p(p, 1.0, tails=tails) == p
    assert 0 <= p <= spread_p(p, phi, tails=tails) + 1e-12 <= 1 + 1e-12
    assert spread_p(p, phi, tails=tails) <= spread_p(p, phi + 1, tails=tails) + 1e-12


def test_a_p_value_is_spread_by_its_normal_quantile() -> None:
    assert spread_p(2 * stats.norm.sf(3.0), 4.0) == pytest.approx(2 * stats.norm.sf(1.5))
    assert spread_p(stats.norm.sf(3.0), 4.0, tails=1) == pytest.approx(stats.norm.sf(1.5))
    assert spread_p(0.8, 4.0, tails=1) == 0.8
    assert spread_p(2 * stats.norm.sf(3.0), 4.0, freedom=7) == pytest.approx(2 * stats.t.sf(1.5, 7))
    assert spread_p(2 * stats.norm.sf(3.0), 1.0, freedom=7) == pytest.approx(2 * stats.t.sf(3.0, 7))
    assert interval_dispersion(4.0, 7) == pytest.approx(4 * (stats.t.isf(0.025, 7) / stats.norm.isf(0.025)) ** 2)
    assert interval_dispersion(4.0, np.inf) == 4


few = st.integers(0, 40)


@given(few, few, st.floats(0.2, 5), st.floats(0.2, 5), st.sampled_from([1.0, 1.2]), st.floats(1.01, 6))
@settings(max_examples=80, deadline=None)
def test_rates_with_a_dispersion_are_those_of_effective_counts(x, rest, a, b, margin, phi) -> None:
    for test in (larger_rate, smaller_rate):
        plain = float(test(x, rest, a, b, margin))
        assert float(test(x, rest, a, b, margin, 1.0)) == plain
        wider = float(test(x, rest, a, b, margin, phi))
        assert 0 <= wider <= 1
        if plain < 0.05:
            assert wider > plain or wider == plain == 0
    tail = (a * margin) / (a * margin + b)
    if x:
        assert larger_rate(x, rest, a, b, margin, phi) == pytest.approx(stats.beta.cdf(tail, x / phi, rest / phi + 1))
    plain, wide = ratio_interval(x, rest, a, b), ratio_interval(x, rest, a, b, dispersion=phi)
    assert ratio_interval(x, rest, a, b, dispersion=1.0) == plain or x + rest == 0
    if x + rest:
        assert wide[0] == pytest.approx(plain[0])
        assert wide[1] <= plain[1] + 1e-12
        assert wide[2] >= plain[2] * (1 - 1e-12)
        many = ratio_intervals([x], [rest], [a], [b], dispersion=[phi])
        np.testing.assert_allclose([found[0] for found in many], wide, rtol=1e-7)


def test_a_dispersion_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        larger_rate(3, 4, 1, 1, 1, 0.5)


@given(few, few, few, few, st.floats(1.1, 6))
@settings(max_examples=50, deadline=None)
def test_shares_with_a_dispersion_are_less_sure(x, rest, more_in, more_out, phi) -> None:
    table = [x], [rest], [x + more_in], [rest + more_out]
    for test in (larger_share, smaller_share):
        plain = test(*table)
        np.testing.assert_array_equal(test(*table, 1.0, 1.0), plain)
        assert (test(*table, 1.0, phi) >= plain - 1e-12).all()
    plain, wide = (share_ratio_interval(x, rest, x + more_in, rest + more_out, scale) for scale in (1.0, phi))
    assert plain == pytest.approx(share_ratio_interval(x, rest, x + more_in, rest + more_out), nan_ok=True)
    if x and rest and more_in and more_out:
        assert wide[1] <= plain[1] + 1e-6
        assert wide[2] >= plain[2] - 1e-6


def test_the_e_test_of_overdispersed_counts_goes_on_where_its_sums_are_lost() -> None:
    assert overdispersed_e_test(25, 10, dispersion=1.0) == e_test(25, 10)
    assert overdispersed_e_test(25, 10, dispersion=2.0) == pytest.approx(float(spread_p(e_test(25, 10), 2.0)))
    before = [overdispersed_e_test(after, 100, dispersion=9.0) for after in range(220, 900, 20)]
    assert (np.diff(before) < 0).all()
    assert before[-1] < 1e-12


def test_the_interval_of_a_relative_change_is_as_many_times_as_wide() -> None:
    table = np.array([[40.0, 60.0, 500.0, 520.0]])
    plain, wide = relative_change(table), relative_change(table, 4.0)
    assert np.log(wide[2] / wide[1]) == pytest.approx(2 * np.log(plain[2] / plain[1]))


def test_the_smallest_change_grows_with_the_dispersion() -> None:
    plain, wide = smallest_change(100), smallest_change(100, dispersion=3.0)
    assert smallest_change(100, dispersion=1.0) == plain
    assert wide.rise > plain.rise
    assert wide.fall is not None
    assert plain.fall is not None
    assert wide.fall < plain.fall
    base = smallest_change(100, base=(900, 900), dispersion=3.0)
    assert base.rise > smallest_change(100, base=(900, 900)).rise


@pytest.mark.parametrize("law", ["negative binomial", "bursts"])
def test_intervals_of_overdispersed_counts_hold_the_ratio(law: str) -> None:
    """Within three points of 95 %, for counts of three times the variance; plain ones hold it in under 80 %."""
    rng = np.random.default_rng(6)
    runs = effort(1500, 10_000)
    before, after = (
        rng.negative_binomial(mean / 2, 1 / 3, runs) if law == "negative binomial" else bursts(rng, np.full(runs, mean))
        for mean in (40, 60)
    )
    held = []
    for phi in (1.0, 3.0):
        _, low, high = ratio_intervals(after, before, np.ones(runs), np.ones(runs), dispersion=phi)
        held.append(float(np.mean((low <= 1.5) & (high >= 1.5))))
    assert held[0] < 0.8
    assert 0.95 - 0.03 - 3 * np.sqrt(0.95 * 0.05 / runs) <= held[1] <= 0.98


@pytest.mark.parametrize("reports", [1.5, 2.0, 3.0])
def test_p_values_of_bursts_keep_their_level_far_out(reports: float) -> None:
    """At 5 % and at 1 in 1,000, about where one of a few hundred comparisons has to be."""
    rng = np.random.default_rng(7)
    runs = effort(20_000, 200_000)
    table = np.column_stack([bursts(rng, np.full(runs, mean), reports) for mean in (20, 20, 400, 400)]).astype(float)
    p = spread_p(fisher_exact(table), 2 * reports - 1)
    for level in (0.05, 0.001):
        assert (p <= level).sum() <= stats.binom.ppf(0.999, runs, level)


def test_p_values_and_intervals_are_spread_by_the_quantiles_of_scipy() -> None:
    random = np.random.default_rng(8)
    p = np.concatenate([random.random(500) ** 6, [0.0, 1.0, np.nan]])
    phi, freedom = random.gamma(2, 2, len(p)) + 0.5, random.choice([1.0, 3.5, 60, np.inf], len(p))
    root, known = np.sqrt(np.maximum(phi, 1)), np.isfinite(freedom)
    for tails in (1, 2):
        quantile = stats.norm.isf(np.minimum(p / tails, 0.5)) / root
        tail = np.where(known, stats.t.sf(quantile, freedom), stats.norm.sf(quantile))
        as_is = ((phi <= 1) & ~known) | ~(p / tails < 0.5)
        expected = np.where(as_is, p, np.minimum(1, tails * tail))
        np.testing.assert_array_equal(spread_p(p, phi, tails=tails, freedom=freedom), expected)
    wider = (stats.t.isf(0.025, np.where(known, freedom, 1)) / stats.norm.isf(0.025)) ** 2
    np.testing.assert_array_equal(interval_dispersion(phi, freedom), phi * np.where(known, wider, 1))
