"""Poisson z and the e-test against published values."""

from __future__ import annotations

import pytest

from analysis.change import e_test, poisson_z


@pytest.mark.parametrize(
    ("count", "expected", "z", "digits"),
    [
        (25, 16, 2.0, 6),
        (9, 4, 2.0, 6),
        (33, 54, -3.207813, 6),
        (1815, 1863, -1.119334, 6),
        (7, 6, 0.392523, 6),
        (71, 106, -3.738961, 6),
        (897, 1085, -5.978760, 6),
        (190, 185, 0.365156, 6),
        (1, 0, 2.0, 6),
        (7, 12, -1.636701, 6),
    ],
)
def test_poisson_z_as_wheeler_prints_it(count, expected, z, digits):
    assert round(poisson_z(count, expected), digits) == z


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
