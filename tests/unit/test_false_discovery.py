"""Benjamini and Hochberg's q-values against the step-up rule itself."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from analysis.stats.false_discovery import StepUp, benjamini_hochberg, largest_corrected


def by_definition(p: np.ndarray) -> np.ndarray:
    """The smallest p_(j) m / j among the p-values that are not smaller."""
    m = len(p)
    rank = np.array([(p <= value).sum() for value in p])
    return np.array(
        [min(1.0, *(p[other] * m / rank[other] for other in range(m) if p[other] >= p[at])) for at in range(m)]
    )


@pytest.mark.parametrize("seed", range(20))
def test_q_values_follow_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(rng.integers(2, 60)) ** 3, rng.integers(2, 9))
    assert benjamini_hochberg(p) == pytest.approx(by_definition(p), rel=1e-12, abs=1e-300)


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


def test_a_negative_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([0.2, -0.1])


@pytest.mark.parametrize("seed", range(20))
def test_sorted_once_the_q_values_and_the_marks_are_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(np.where(rng.random((30, 12)) < 0.5, 1.0, rng.random((30, 12)) ** 4), rng.integers(2, 9))
    q, corrected = benjamini_hochberg(p), StepUp.of(p)
    assert np.array_equal(corrected.q_of(p), q)
    for alpha in (1e-6, 0.05, 0.5, *np.unique(q[q < 1])):
        assert np.array_equal(p <= corrected.limit(alpha), q <= alpha)


def test_sorted_once_where_nothing_is_below_one() -> None:
    corrected = StepUp.of(np.ones((3, 2)))
    assert corrected.limit(0.05) == -1
    assert (corrected.q_of(np.ones(4)) == 1).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        StepUp.of([0.2, -0.1])


@pytest.mark.parametrize("seed", range(20))
def test_what_is_beyond_the_limit_has_a_q_value_of_one(seed: int) -> None:
    """Also where bounds alone are known: what of them lies beyond it need not be worked out."""
    rng = np.random.default_rng(seed)
    p = np.where(rng.random(3_000) < 0.1 * (seed % 3), rng.random(3_000) ** 8, rng.random(3_000) ** 0.7)
    p[rng.random(3_000) < 0.6] = 1.0
    bounds = np.where(p < 1, p * rng.uniform(0.7, 1, 3_000), 1.0)
    q = benjamini_hochberg(p)
    logs, log_bounds = (np.where(p < 1, np.log(values), np.inf) for values in (p, bounds))
    limit = largest_corrected(p, len(p))
    assert (q[p >= limit] == 1).all()
    assert np.exp(largest_corrected(logs, len(p), logarithms=True)) == pytest.approx(limit, rel=1e-5, abs=1e-9)
    with_bounds = np.exp(largest_corrected(log_bounds, len(p), logarithms=True))
    assert limit <= with_bounds * (1 + 1e-5)
    some = np.where(bounds < with_bounds, p, 1.0)
    assert np.array_equal(StepUp.of(some).q_of(some), q)
    if not seed % 3:
        assert (bounds >= with_bounds).mean() > 0.9


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_beyond_the_limit_does_not_pass(seed: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    p = np.where(rng.random(3_000) < 0.2, rng.random(3_000) ** 8, rng.random(3_000))
    bounds = p * rng.uniform(0.7, 1, 3_000)
    q = benjamini_hochberg(p)
    limit = largest_corrected(p, len(p), alpha)
    assert (q[p >= limit] > alpha).all()
    assert np.exp(largest_corrected(np.log(p), len(p), alpha, logarithms=True)) == pytest.approx(limit, rel=1e-5)
    known = bounds < np.exp(largest_corrected(np.log(bounds), len(p), alpha, logarithms=True))
    assert known.mean() < 0.5
    some = np.where(known, p, 1.0)
    passed = StepUp.of(some).q_of(some)
    assert np.array_equal(passed <= alpha, q <= alpha)
    assert np.array_equal(passed[q <= alpha], q[q <= alpha])


def test_without_tests_nothing_is_below_the_limit() -> None:
    assert largest_corrected(np.array([]), 5) == 0
    assert largest_corrected(np.full(4, np.inf), 5, logarithms=True) == -np.inf
    assert largest_corrected(np.zeros(5), 5) > 0
