"""The smallest change that would have been seen: its slow twin, and that it is what it says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.trends import smallest_change as module
from analysis.trends.changes import e_test
from analysis.trends.smallest_change import MANY, smallest_change


def power(before: int, mean: float, exposure: tuple[float, float], base: tuple[int, int] | None, level: float) -> float:
    """The slow twin: the probability, count by count, that a mean after gives a p-value at most the level."""
    found = 0.0
    for after in range(int(mean + 12 * mean**0.5 + 30)):
        if base is None:
            p = e_test(after, before, exposure[1], exposure[0])
        else:
            table = [[before, after], [base[0], base[1]]]
            law = stats.hypergeom(sum(map(sum, table)), after + base[1], before + after)
            p = min(1.0, 2 * min(law.cdf(after), law.sf(after - 1)))
        if p <= level:
            found += stats.poisson.pmf(after, mean)
    return float(found)


@settings(max_examples=12)
@given(
    before=st.integers(0, 40),
    lengths=st.sampled_from([(1.0, 1.0), (1.0, 0.5), (91.0, 90.0)]),
    base=st.none() | st.tuples(st.integers(5, 90), st.integers(5, 90)),
    level=st.sampled_from([0.05, 0.001]),
)
def test_a_change_so_large_is_seen_four_times_in_five(
    before: int, lengths: tuple[float, float], base: tuple[int, int] | None, level: float
) -> None:
    found = smallest_change(before, lengths, base=base, level=level)
    # The twin also counts the other side, which adds next to nothing.
    assert power(before, found.rise, lengths, base, level) == pytest.approx(0.8, abs=0.005)
    if found.fall is not None:
        assert power(before, found.fall, lengths, base, level) == pytest.approx(0.8, abs=0.005)
        assert found.fall < found.expected
    assert found.rise > found.expected


def test_where_the_count_before_varies_too_fewer_are_seen_as_the_methods_page_says() -> None:
    """Both counts drawn: about seven of ten; with that count before four of five.

    A second e-test found 69 to 75 % in 1,500 draws each of 10 to 300 alerts before.
    """
    before, draws, rng = 40, 600, np.random.default_rng(1)
    found = smallest_change(before)
    assert found.fall is not None
    seen = cache(lambda after, earlier: e_test(after, earlier, 1, 1) <= 0.05)
    for mean in (found.rise, found.fall):
        after, earlier = rng.poisson(mean, draws).tolist(), rng.poisson(before, draws).tolist()
        given_before = sum(seen(count, before) for count in after)
        both = sum(seen(count, was) for count, was in zip(after, earlier, strict=True))
        assert 0.75 * draws < given_before < 0.85 * draws
        assert 0.63 * draws < both < 0.77 * draws


@given(before=st.integers(0, 300), level=st.floats(1e-5, 0.05))
def test_a_stricter_level_and_less_data_see_less(before: int, level: float) -> None:
    loose, strict = smallest_change(before, level=0.05), smallest_change(before, level=level)
    assert strict.rise >= loose.rise
    assert strict.fall is None or (loose.fall is not None and strict.fall <= loose.fall)


def test_many_alerts_tell_and_few_do_not() -> None:
    assert smallest_change(3, level=0.05 / 200).too_few
    assert smallest_change(3, level=0.05 / 200).fall is None
    assert not smallest_change(400, level=0.05 / 200).too_few
    assert smallest_change(0).too_few


def test_no_fall_can_be_seen_where_zero_is_no_surprise() -> None:
    assert smallest_change(3).fall is None
    assert smallest_change(20).fall is not None


def test_the_two_exact_tests_agree_where_one_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = smallest_change(MANY, level=0.05 / 300)
    monkeypatch.setattr(module, "MANY", MANY - 1)
    conditional = smallest_change(MANY, level=0.05 / 300)
    assert conditional.rise == pytest.approx(exact.rise, rel=0.01)
    assert conditional.fall == pytest.approx(exact.fall, rel=0.01)


@pytest.mark.parametrize(("before", "base"), [(-1, None), (5, (0, 10)), (5, (10, 0))])
def test_counts_that_cannot_be_are_refused(before: int, base: tuple[int, int] | None) -> None:
    with pytest.raises(ValueError, match="counts must not be negative"):
        smallest_change(before, base=base)


@given(
    border=st.integers(0, 5000),
    start=st.integers(0, 5000),
    at_once=st.sampled_from([1, 2, 3, 12]),
)
def test_however_many_counts_are_looked_at_together_the_first_that_is_seen_is_found(
    border: int, start: int, at_once: int
) -> None:
    looked: list[int] = []

    def risen(counts: np.ndarray) -> np.ndarray:
        looked.extend(counts.tolist())
        return counts >= border

    assert module._first(start, risen, at_once) == max(start, border)
    assert min(looked) >= start
    fallen = module._last_fall(start, lambda counts: counts <= border, at_once)
    assert fallen == min(start, border)
    assert module._last_fall(start, lambda counts: counts < 0, at_once) is None
    assert module._last_fall(-1, lambda counts: counts >= 0, at_once) is None


def test_one_tail_of_the_binomial_law_gives_the_p_of_the_smaller_of_both():
    random = np.random.default_rng(3)
    for part in (0.5, 28 / 393, 0.97):
        both = np.concatenate([random.integers(0, 60, 3_000), random.integers(20_000, 90_000, 300)])
        after = random.binomial(both, random.beta(1, 1, len(both)) * 0.2 + part * 0.8)
        law = stats.binom(both, part)
        expected = np.minimum(1.0, 2 * np.minimum(law.cdf(after), law.sf(after - 1)))
        np.testing.assert_array_equal(module._binomial_p(after, both, part), expected)
