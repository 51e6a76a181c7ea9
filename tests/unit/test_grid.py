"""Cells, their land and their neighbours, and the land on squares, against slow twins."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from analysis.grid import centres, covered_share, neighbours, resolution_for, ring, square_side
from curim_data.model import CityProfile, Translator, cell_polygons


def rings(cells: np.ndarray, k: int) -> np.ndarray:
    """The slow twin: grid steps between every pair of cells, one by one."""
    found = np.zeros((len(cells), len(cells)))
    for i, one in enumerate(cells.astype(np.uint64)):
        for j, other in enumerate(cells.astype(np.uint64)):
            found[i, j] = h3.grid_distance(one, other) <= k
    return found


@pytest.fixture
def cells(city: CityProfile) -> np.ndarray:
    mask = np.asarray(city.land_cells(9).index)
    return np.random.default_rng(0).permutation(mask)[:60]


@pytest.mark.parametrize("k", [0, 1, 3])
def test_neighbours_are_those_of_the_slow_twin_in_the_order_given(cells: np.ndarray, k: int) -> None:
    assert np.array_equal(neighbours(cells, k).toarray(), rings(cells, k))


def test_a_ring_leaves_out_the_place_and_what_is_too_far(cells: np.ndarray) -> None:
    assert np.array_equal(ring(cells, 1, 3).toarray(), rings(cells, 3) - rings(cells, 1))
    assert neighbours(np.array([], dtype=np.int64), 1).shape == (0, 0)


def test_cells_in_piraeus_are_as_large_as_known_squares(city: CityProfile) -> None:
    cells = np.asarray(city.land_cells(10).index)
    assert [round(square_side(resolution, cells)) for resolution in (8, 9, 10, 11, 12)] == [923, 349, 132, 50, 19]
    assert square_side(10) == pytest.approx(122.6, abs=0.1)


@pytest.mark.parametrize(
    ("n", "precision", "finest", "expected", "why"),
    [
        (6_000, 1, 12, 10, "an intervention serves a place of that size"),
        (60, 1, 12, 10, "an intervention serves a place of that size"),
        (20, 1, 12, 9, "too few alerts for finer cells: 20"),
        (6_000, 1, 9, 9, "finer cells could point at single persons"),
        (6_000, 110, 12, 9, "the coordinates are only precise to 110 m"),
        (0, 1, 12, 8, "too few alerts for finer cells: 0"),
    ],
)
def test_the_resolution_is_chosen_and_told(
    city: CityProfile, t: Translator, n: int, precision: float, finest: int, expected: int, why: str
) -> None:
    land = city.land_cells(10)
    choice = resolution_for(n, float(land.sum()), precision, finest, np.asarray(land.index))
    assert choice.value == expected
    assert why in t(choice.explanation)
    if expected == 10:
        assert t(choice.explanation).startswith("Cells are as large as a square of 132 m")


def test_a_region_gets_cells_that_a_map_can_hold(t: Translator) -> None:
    choice = resolution_for(10_000_000, 60_000)
    assert choice.value == 8
    assert "because the area is 60,000 km²" in t(choice.explanation)


def test_centres_and_polygons_of_cells_are_those_of_the_slow_twin(cells: np.ndarray) -> None:
    twin = np.array([h3.cell_to_latlng(cell) for cell in cells.astype(np.uint64)])
    np.testing.assert_allclose(np.column_stack(centres(cells)), twin[:, ::-1], rtol=0, atol=1e-9)
    pentagon = np.array(h3.get_pentagons(5)[:1]).astype(np.int64)
    for some in (cells, pentagon, cells[:0]):
        twin = [shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]) for cell in some.astype("u8")]
        polygons = cell_polygons(some)
        assert len(polygons) == len(twin)
        assert all(a.equals_exact(b, 1e-9) for a, b in zip(polygons, twin, strict=True))


@pytest.mark.parametrize("resolution", [7, 8, 9, 10])
def test_cells_of_the_land_and_their_areas_are_those_of_the_slow_twin(city: CityProfile, resolution: int) -> None:
    touched = h3.h3shape_to_cells_experimental(h3.geo_to_h3shape(city.land), resolution, contain="overlap")
    index = np.unique(np.asarray(touched, dtype=np.uint64)).astype(np.int64)
    land = city.land_cells(resolution)
    np.testing.assert_array_equal(land.index.to_numpy(), index)
    twin = []
    for cell in index.astype(np.uint64):
        lat, lon = zip(*h3.cell_to_boundary(cell), strict=True)
        hexagon = shapely.Polygon(np.column_stack(city.to_metres.transform(lon, lat)))
        twin.append(hexagon.intersection(city.land_metres).area / 1e6)
    np.testing.assert_allclose(land.to_numpy(), twin, rtol=1e-6, atol=1e-9)


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
    for nothing in (shapely.Polygon(), shapely.box(500, 500, 600, 600)):
        assert covered_share(nothing, 0, 0, 1, 3, 4).tolist() == [[0.0] * 4] * 3
    assert (covered_share(shapely.box(-5, -5, 9, 9), 0, 0, 1, 3, 3) == 1).all()
