"""The exact tests of counts against sums by hand; Gi without its star."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.stats.exact_ratios import (
    larger_rate,
    smaller_rate,
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
