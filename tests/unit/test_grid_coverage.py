from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from analysis.grid import covered_share

at = st.integers(-6, 46).map(lambda value: value / 4)
shapes = st.lists(st.lists(st.tuples(at, at), min_size=3, max_size=8), min_size=1, max_size=3)


def slow(shape: BaseGeometry, rows: int, columns: int) -> np.ndarray:
    left, low = np.meshgrid(np.arange(columns), np.arange(rows))
    return shapely.area(shapely.intersection(shapely.box(left, low, left + 1, low + 1), shape))


@given(shapes)
def test_the_share_of_each_square_is_that_of_the_slow_twin(rings: list[list[tuple[float, float]]]) -> None:
    """Polygons with holes, of several parts, touching lines of the grid and reaching over its edges."""
    whole = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
    shape = shapely.buffer(whole[0], 0)
    for number, other in enumerate(whole[1:]):
        shape = shapely.difference(shape, other) if number % 2 else shapely.symmetric_difference(shape, other)
    shape = shapely.buffer(shape, 0)
    assert covered_share(shape, 0, 0, 1, 8, 9) == pytest.approx(slow(shape, 8, 9), abs=1e-9)


def test_a_grid_of_other_squares_elsewhere() -> None:
    shape = shapely.Point(1_030, 2_040).buffer(70, quad_segs=16).difference(shapely.Point(1_040, 2_040).buffer(20))
    share = covered_share(shape, 1_000, 2_000, 20, 10, 12)
    assert share.shape == (10, 12)
    assert share == pytest.approx(slow(shapely.affinity.affine_transform(shape, [0.05, 0, 0, 0.05, -50, -100]), 10, 12))
    assert (covered_share(shapely.Polygon(), 0, 0, 1, 3, 3) == 0).all()
    assert (covered_share(shapely.box(-5, -5, 9, 9), 0, 0, 1, 3, 3) == 1).all()


def test_land_outside_the_squares_and_no_land_cover_none_of_them() -> None:
    for nothing in (shapely.Polygon(), shapely.box(500, 500, 600, 600)):
        assert covered_share(nothing, 0, 0, 10, 3, 4).tolist() == [[0.0] * 4] * 3
