"""Fisher's exact test of many tables: each as the library tests it alone, and Fisher's own tea."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.significance import fisher_two_sided

COUNTS = st.integers(0, 12) | st.integers(0, 3000)
LARGE = st.integers(0, 40) | st.integers(0, 60_000)


def _turned(most: int) -> st.SearchStrategy[tuple[int, int, int, int]]:
    """Tables of two rows of one sum, of which a table and its mirror image are as probable."""
    return st.tuples(st.integers(0, most), st.integers(0, most)).map(lambda ab: (ab[0], ab[1], ab[1], ab[0]))


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=12))
def test_each_table_has_the_p_value_that_it_has_alone(tables: list[tuple[int, int, int, int]]) -> None:
    found = fisher_two_sided(*np.array(tables).T)
    alone = [stats.fisher_exact(np.array(table).reshape(2, 2)).pvalue for table in tables]
    assert found.tolist() == alone  # the same in every digit


@given(st.lists(st.tuples(LARGE, LARGE, LARGE, LARGE) | LARGE.flatmap(_turned), min_size=1, max_size=6))
def test_tables_of_a_city_have_the_p_value_that_they_have_alone(tables: list[tuple[int, int, int, int]]) -> None:
    found = fisher_two_sided(*np.array(tables).T)
    alone = [stats.fisher_exact(np.array(table).reshape(2, 2)).pvalue for table in tables]
    assert found.tolist() == alone


def test_a_table_and_its_mirror_images_have_one_p_value() -> None:
    a, b, c, d = np.array([[3], [21], [14], [9]])
    expected = fisher_two_sided(a, b, c, d)
    for turned in ((b, a, d, c), (c, d, a, b), (a, c, b, d)):
        np.testing.assert_allclose(fisher_two_sided(*turned), expected, rtol=1e-9)


def test_the_lady_who_tastes_tea() -> None:
    """Eight cups, three of four named rightly: 34/70 (Fisher 1935)."""
    np.testing.assert_allclose(fisher_two_sided(*np.array([[3], [1], [1], [3]])), [34 / 70])


def test_no_table_has_no_p_value() -> None:
    assert not len(fisher_two_sided(*np.zeros((4, 0), int)))
