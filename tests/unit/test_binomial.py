"""The binomial test of many counts at once: scipy's, count by count."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from analysis.stats.significance import binomial_two_sided


@pytest.mark.parametrize("share", [0.001, 0.1, 0.37, 0.5, 0.62, 0.9, 0.999])
def test_each_is_what_scipy_gives_for_it_alone(share: float) -> None:
    rng = np.random.default_rng(int(1000 * share))
    n = np.concatenate([rng.integers(1, 40, 150), rng.integers(40, 5000, 50)])
    k = np.concatenate([rng.integers(0, n[:150] + 1), rng.binomial(n[150:], share)])
    want = [binomtest(int(one), int(of), share).pvalue for one, of in zip(k, n, strict=True)]
    assert binomial_two_sided(k, n, share).tolist() == pytest.approx(want, rel=1e-12)


def test_all_counts_of_small_samples_by_definition() -> None:
    """The sum over all counts that are no more probable."""
    for n in range(1, 15):
        for share in (0.0, 0.2, 0.5, 0.7, 1.0):
            of_all = binom.pmf(np.arange(n + 1), n, share)
            want = [of_all[of_all <= one * (1 + 1e-7)].sum() for one in of_all]
            found = binomial_two_sided(np.arange(n + 1), np.full(n + 1, n), share)
            assert found.tolist() == pytest.approx([min(p, 1.0) for p in want], abs=1e-12), (n, share)


def test_nothing_to_test() -> None:
    assert binomial_two_sided(np.array([], int), np.array([], int), 0.5).tolist() == []
