"""The exact tests of counts against sums by hand; Gi without its star."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.stats.exact_ratios import (
    LogFactorials,
    larger_rate,
    larger_rate_bound,
    smaller_rate,
    smaller_rate_bound,
)

count = st.integers(0, 30)
size = st.floats(0.1, 5)


def tail(kept: range, n: int, share: float) -> float:
    """Sum of the binomial probabilities of the counts kept."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in kept)


@given(count, count, size, size, st.floats(1, 3))
def test_both_tails_with_a_margin_are_sums_by_hand(x: int, rest: int, inside: float, outside: float, m: float) -> None:
    up = tail(range(x, x + rest + 1), x + rest, m * inside / (m * inside + outside))
    down = tail(range(x + 1), x + rest, inside / m / (inside / m + outside))
    assert larger_rate([x], [rest], [inside], [outside], m)[0] == pytest.approx(up, rel=1e-9, abs=1e-15)
    assert smaller_rate([x], [rest], [inside], [outside], m)[0] == pytest.approx(down, rel=1e-9, abs=1e-15)


def test_without_surroundings_there_is_no_test() -> None:
    assert larger_rate([9], [0], [1.0], [0.0]).tolist() == smaller_rate([0], [0], [1.0], [0.0]).tolist() == [1.0]


@pytest.mark.parametrize("dispersion", [1.0, 1.3, 6.5])
@pytest.mark.parametrize(("exact", "bound"), [(larger_rate, larger_rate_bound), (smaller_rate, smaller_rate_bound)])
def test_the_bound_is_below_the_p_value_and_equal_to_it_where_one_count_says_all(exact, bound, dispersion) -> None:
    rng = np.random.default_rng(1)
    inside, outside = rng.poisson(3, (200, 30)), rng.poisson(rng.choice([0.5, 20, 400], (200, 1)), (200, 30))
    sizes = rng.uniform(0, 1, (200, 1)) * (rng.random((200, 1)) < 0.9), rng.uniform(0, 9, (200, 1)) + 0.1
    p = exact(inside, outside, *sizes, 1.2, dispersion)
    log = bound(inside, outside, *sizes, 1.2, LogFactorials(dispersion))
    tested = np.isfinite(log)
    assert tested.any()
    assert (np.exp(log[tested]) <= p[tested] * (1 + 1e-9)).all()
    assert (p[log == np.inf] == 1).all()
    whole = np.broadcast_to(sizes[0], p.shape), np.broadcast_to(sizes[1], p.shape)
    assert np.array_equal(bound(inside, outside, *whole, 1.2, LogFactorials(dispersion)), log)
    none = (outside if exact is larger_rate else inside) == 0  # the tail has one term
    assert log[tested & none & (p > 0)] == pytest.approx(np.log(p[tested & none & (p > 0)]), rel=1e-9, abs=1e-12)
