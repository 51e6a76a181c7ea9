"""Cells, their land and their neighbours, and how many an area has, against slow twins."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

from analysis.grid import _wide_disc, centres, covered_share, neighbours, resolution_for, ring, square_side
from curim_data.model import MAP_RESOLUTIONS, AreaTooLargeError, CityProfile, Translator, cell_polygons
from curim_data.model.extent import (
    MOST_LAND_CELLS,
    cell_side_m,
    finest_affordable,
    geodesic_area_km2,
    most_cells,
    sampled_cells,
)


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


def test_cells_are_as_large_as_known_squares_and_not_more_than_a_map_can_hold(city: CityProfile, t: Translator) -> None:
    cells = np.asarray(city.land_cells(10).index)
    assert [round(square_side(resolution, cells)) for resolution in (8, 9, 10, 11, 12)] == [923, 349, 132, 50, 19]
    assert square_side(10) == pytest.approx(122.6, abs=0.1)
    choice = resolution_for(10_000_000, 60_000)
    assert choice.value == 8
    assert "because the area is 60,000 km²" in t(choice.explanation)


@pytest.mark.parametrize(
    ("n", "precision", "finest", "expected", "why"),
    [
        (6_000, 1, 12, 10, "an intervention serves a place of that size"),
        (60, 1, 12, 10, "an intervention serves a place of that size"),
        (20, 1, 12, 9, "too few alerts for finer cells"),
        (6_000, 1, 9, 9, "finer cells could point at single persons"),
        (6_000, 110, 12, 9, "the coordinates are only precise to 110 m"),
        (0, 1, 12, 8, "too few alerts for finer cells"),
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
drawn_rings = st.lists(st.lists(st.tuples(at, at), min_size=3, max_size=8), min_size=1, max_size=3)


def slow(shape: BaseGeometry, rows: int, columns: int) -> np.ndarray:
    left, low = np.meshgrid(np.arange(columns), np.arange(rows))
    return shapely.area(shapely.intersection(shapely.box(left, low, left + 1, low + 1), shape))


@given(drawn_rings)
def test_the_share_of_each_square_is_that_of_the_slow_twin(rings: list[list[tuple[float, float]]]) -> None:
    """Polygons with holes, of several parts, touching lines of the grid and reaching over its edges."""
    whole = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
    shape = shapely.buffer(whole[0], 0)
    for number, other in enumerate(whole[1:]):
        shape = shapely.difference(shape, other) if number % 2 else shapely.symmetric_difference(shape, other)
    shape = shapely.buffer(shape, 0)
    assert covered_share(shape, 0, 0, 1, 8, 9) == pytest.approx(slow(shape, 8, 9), abs=1e-9)


def test_a_wide_disc_is_round_and_as_large_as_its_radius_says() -> None:
    disc = _wide_disc(20.0, 4)
    assert disc.sum() == pytest.approx(np.pi * 5**2)
    for turned in (disc[::-1], disc[:, ::-1], disc.T):
        np.testing.assert_allclose(turned, disc)


def test_a_grid_of_other_squares_elsewhere() -> None:
    shape = shapely.Point(1_030, 2_040).buffer(70, quad_segs=16).difference(shapely.Point(1_040, 2_040).buffer(20))
    share = covered_share(shape, 1_000, 2_000, 20, 10, 12)
    assert share.shape == (10, 12)
    assert share == pytest.approx(slow(shapely.affinity.affine_transform(shape, [0.05, 0, 0, 0.05, -50, -100]), 10, 12))
    for nothing in (shapely.Polygon(), shapely.box(500, 500, 600, 600)):
        assert covered_share(nothing, 0, 0, 1, 3, 4).tolist() == [[0.0] * 4] * 3
    assert (covered_share(shapely.box(-5, -5, 9, 9), 0, 0, 1, 3, 3) == 1).all()


MIDDLE = st.tuples(st.floats(-100, 100), st.floats(-70, 70))
CORNERS = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=9)


def shape_of(middle: tuple[float, float], corners: list[tuple[float, float]], size: float) -> BaseGeometry:
    """A polygon of any shape (thin, cut up, with several parts), `size` degrees of latitude wide."""
    x, y = middle
    wide = size / np.cos(np.radians(y))
    ring = shapely.Polygon([(x + wide * across, min(max(y + size * up, -89), 89)) for across, up in corners])
    ring = shapely.transform(ring, lambda at: at.round(6))  # as files have them
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(ring)))
    areas = [part for part in parts if isinstance(part, shapely.Polygon)]
    return shapely.union_all(areas) if areas else shapely.box(x, y, x + size / 10, y + size)


def shapes(least: float, most: float) -> st.SearchStrategy[BaseGeometry]:
    return st.builds(shape_of, MIDDLE, CORNERS, st.floats(least, most))


def area_slowly(shape: BaseGeometry) -> float:
    """The oracle: an equal-area projection (EASE-Grid 2.0, EPSG:6933) of sides that are divided finely."""
    project = Transformer.from_crs(4326, 6933, always_xy=True)
    fine = shapely.segmentize(shape, 0.01)
    metres = shapely.transform(fine, lambda at: np.column_stack(project.transform(at[:, 0], at[:, 1])))
    return float(metres.area) / 1e6


@given(shapes(0.01, 8))
@settings(max_examples=60, deadline=None)
def test_the_area_is_that_of_an_equal_area_projection(shape: BaseGeometry) -> None:
    sides = 111 * shape.length  # the geodesic leaves a side by some decimetres, which is much of a sliver
    assert geodesic_area_km2(shape) == pytest.approx(area_slowly(shape), rel=1e-4, abs=2e-4 * sides)


def test_the_area_of_a_degree_is_the_published_one() -> None:
    # Zone of the ellipsoid between the equator and 1° (WGS84): 2πb² (…) / 360, by the closed form of the authalic
    # latitude (Snyder 1987, Map projections, equation 3-12).
    a, f = 6378.137, 1 / 298.257223563
    e = np.sqrt(f * (2 - f))
    s = np.sin(np.radians(1))
    q = (1 - e**2) * (s / (1 - (e * s) ** 2) - np.log((1 - e * s) / (1 + e * s)) / (2 * e))
    zone = a**2 * q * np.pi / 360
    assert geodesic_area_km2(shapely.box(20, 0, 21, 1)) == pytest.approx(zone, rel=1e-5)
    assert geodesic_area_km2(shapely.LineString([(20, 0), (21, 1)])) == 0
    ring = shapely.box(20, 0, 21, 1).difference(shapely.box(20.4, 0.4, 20.6, 0.6))
    both = geodesic_area_km2(ring) + geodesic_area_km2(shapely.box(20.4, 0.4, 20.6, 0.6))
    assert both == pytest.approx(zone, rel=1e-5)


@pytest.mark.slow
@given(shapes(0.002, 4), st.sampled_from(MAP_RESOLUTIONS))
def test_no_area_takes_more_cells_than_the_bound_says(shape: BaseGeometry, resolution: int) -> None:
    if most_cells(shape, resolution) > 100_000:
        return
    found = set[int]()
    for part in shapely.get_parts(shape):
        cells = h3.h3shape_to_cells_experimental(h3.geo_to_h3shape(part), resolution, contain="overlap")
        found.update(cells.tolist())
    assert len(found) <= most_cells(shape, resolution)


@pytest.mark.parametrize("resolution", [7, 9])
def test_the_bound_is_the_stated_one(resolution: int) -> None:
    """Of two areas, one with a hole: three rings, whose lengths are those of another way to measure them."""
    ring = shapely.box(20, 40, 20.2, 40.1).difference(shapely.box(20.05, 40.02, 20.1, 40.06))
    other = shapely.box(20.3, 40, 20.4, 40.1)
    shape = shapely.union_all([ring, other])
    rings = [ring.exterior, *ring.interiors, other.exterior]
    length = sum(Geod(ellps="WGS84").geometry_length(shapely.segmentize(one, 0.001)) for one in rings) / 1000
    parents = {h3.cell_to_parent(cell, resolution) for cell in sampled_cells(shape).astype(np.uint64)}
    sizes = [h3.cell_area(cell, unit="km^2") for cell in parents]
    wide = 2 * 0.75 * max(sizes) ** 0.5
    stated = (area_slowly(shape) + wide * length + 3 * np.pi * wide**2) / (0.95 * min(sizes))
    assert most_cells(shape, resolution) == pytest.approx(stated, rel=1e-4)
    assert cell_side_m(shape, resolution) == pytest.approx(1000 * np.mean(sizes) ** 0.5)


@given(shapes(0.01, 20), st.integers(5_000, 500_000))
@settings(max_examples=60, deadline=None)
def test_the_finest_size_that_is_affordable_is_the_finest(shape: BaseGeometry, most: int) -> None:
    chosen = finest_affordable(shape, most)
    assert chosen == min(MAP_RESOLUTIONS) or most_cells(shape, chosen) <= most
    assert chosen == max(MAP_RESOLUTIONS) or most_cells(shape, chosen + 1) > most


@given(shapes(0.001, 30))
@settings(max_examples=60, deadline=None)
def test_few_cells_are_sampled_whatever_the_area(shape: BaseGeometry) -> None:
    cells = sampled_cells(shape)
    assert 1 <= len(cells) <= 500
    assert {h3.get_resolution(cell) for cell in cells.astype(np.uint64)} == {max(MAP_RESOLUTIONS)}


@given(MIDDLE, st.floats(0.01, 15), st.sampled_from(MAP_RESOLUTIONS))
@settings(max_examples=40, deadline=None)
def test_cells_of_the_land_are_refused_before_they_are_made(
    city: CityProfile, middle: tuple[float, float], size: float, resolution: int
) -> None:
    x, y = middle
    land = shapely.box(x - size, max(y - size, -85), x + size, min(y + size, 85))
    vast = replace(city, land=land, epsg=3857)

    def never(*_: object) -> None:
        raise AssertionError("cells are made")

    if most_cells(land, resolution) <= MOST_LAND_CELLS:
        return
    with patch("h3ronpy.vector.geometry_to_cells", never), pytest.raises(AreaTooLargeError) as told:
        vast.land_cells(resolution)
    assert told.value.message.values["resolution"] == resolution
    assert told.value.message.values["area"] == round(geodesic_area_km2(land))


def test_the_land_of_the_sample_is_measured_and_told_from_the_water(city: CityProfile) -> None:
    assert city.area_km2 == pytest.approx(float(city.land_cells(9).sum()), rel=1e-3)
    assert city.finest_affordable() == 12
    assert most_cells(city.land, 10) > len(city.land_cells(10)) > 0.6 * most_cells(city.land, 10)
    land = city.land_cells(10).index.to_numpy()
    disks = [h3.grid_disk(cell, 2) for cell in land[::40].astype(np.uint64)]
    around = np.unique(np.concatenate(disks)).astype(np.int64)
    assert np.array_equal(city.on_land(around), np.isin(around, land))
