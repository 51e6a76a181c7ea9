"""Benjamini and Hochberg's q-values against the step-up rule itself."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from analysis.stats.significance import benjamini_hochberg


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
