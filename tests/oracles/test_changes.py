"""The e-test against published values."""

from __future__ import annotations

import pytest

from analysis.trends.changes import e_test


@pytest.mark.parametrize(
    ("counts", "exposures", "difference", "p", "digits"),
    [
        ((0, 3), (1, 1), 0, 0.0884, 4),
        ((6, 2), (1, 1), 0, 0.1749, 4),
        ((10, 5), (1, 1), 0, 0.20616441, 8),
        ((25, 16), (1, 1), 0, 0.165, 3),
        ((6, 3), (2, 1), 0, 0.99987659, 8),
        ((100, 25), (10, 5), 0, 0.00153807, 8),
        ((15, 5), (1, 1), 0, 0.02503511, 8),
        ((15, 5), (1, 1), 5, 0.20184567, 8),
        ((20, 20), (1, 1), 0, 1.0, 9),
    ],
)
def test_the_nine_published_p_values_of_wheelers_form(counts, exposures, difference, p, digits):
    assert round(e_test(*counts, *exposures, difference=difference), digits) == p


@pytest.mark.parametrize(
    ("counts", "exposures", "difference", "p", "digits"),
    [((100, 25), (10, 5), 0, 0.00057, 5), ((15, 5), (1, 1), 5, 0.2727, 4), ((6, 2), (1, 1), 0, 0.1749, 4)],
)
def test_the_pivot_of_krishnamoorthy_and_thomson(counts, exposures, difference, p, digits):
    assert round(e_test(*counts, *exposures, difference=difference, form="pivot"), digits) == p
