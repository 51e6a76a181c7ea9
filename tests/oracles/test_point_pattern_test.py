"""The point pattern test by hand."""

import numpy as np
import pytest
from scipy import stats

from analysis.stats.point_pattern_test import point_pattern_test


def test_the_pattern_test_by_hand() -> None:
    first, second = [40, 10, 6, 4, 0, 0], [12, 10, 20, 4, 1, 0]
    found = point_pattern_test(first, second)
    expected = []
    for a, b in zip(first, second, strict=True):
        table = [[a, b], [sum(first) - a, sum(second) - b]]
        tails = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        expected.append(min(1.0, 2 * min(tails)) if a + b else np.nan)
    assert found.p == pytest.approx(np.array(expected), nan_ok=True)
    assert found.differs.tolist() == [True, False, True, False, False, False]
    assert found.more.tolist() == [1, -1, -1, -1, -1, 0]
    assert (found.s, found.robust_s) == (pytest.approx(4 / 6), pytest.approx(3 / 5))
    assert found.q[:5] == pytest.approx(stats.false_discovery_control(found.p[:5]))
    wider = point_pattern_test(first, second, dispersion=4)
    assert (wider.p[:5] >= found.p[:5]).all()
    assert not wider.differs[2]


def test_two_samples_of_one_map_seldom_differ() -> None:
    rng = np.random.default_rng(4)
    share = rng.dirichlet(np.full(80, 0.5))
    differ = [point_pattern_test(rng.multinomial(900, share), rng.multinomial(500, share)).differs for _ in range(150)]
    assert sum(one.any() for one in differ) <= stats.binom.ppf(0.99, 150, 0.05)


@pytest.mark.parametrize(
    ("first", "second"),
    [([1, 2], [1]), ([], []), ([1.0, np.nan], [1.0, 1.0]), ([-1], [1]), ([1.5, 2], [1, 2]), ([3, 2], [1, np.inf])],
)
def test_what_no_pattern_is(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="counts"):
        point_pattern_test(first, second)
