from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

from curim_data.model import MAP_RESOLUTIONS, AreaTooLargeError, CityProfile
from curim_data.model.extent import (
    MOST_LAND_CELLS,
    cell_side_m,
    finest_affordable,
    geodesic_area_km2,
    most_cells,
    sampled_cells,
)

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


def area_slowly(shape: BaseGeometry) -> float:
    """The oracle: an equal-area projection (EASE-Grid 2.0, EPSG:6933) of sides that are divided finely."""
    project = Transformer.from_crs(4326, 6933, always_xy=True)
    fine = shapely.segmentize(shape, 0.01)
    metres = shapely.transform(fine, lambda at: np.column_stack(project.transform(at[:, 0], at[:, 1])))
    return float(metres.area) / 1e6


@given(MIDDLE, CORNERS, st.floats(0.01, 8))
@settings(max_examples=60, deadline=None)
def test_the_area_is_that_of_an_equal_area_projection(
    middle: tuple[float, float], corners: list[tuple[float, float]], size: float
) -> None:
    shape = shape_of(middle, corners, size)
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
@given(MIDDLE, CORNERS, st.floats(0.002, 4), st.sampled_from(MAP_RESOLUTIONS))
@settings(max_examples=150, deadline=None)
def test_no_area_takes_more_cells_than_the_bound_says(
    middle: tuple[float, float], corners: list[tuple[float, float]], size: float, resolution: int
) -> None:
    shape = shape_of(middle, corners, size)
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


@given(MIDDLE, CORNERS, st.floats(0.01, 20), st.integers(5_000, 500_000))
@settings(max_examples=60, deadline=None)
def test_the_finest_size_that_is_affordable_is_the_finest(
    middle: tuple[float, float], corners: list[tuple[float, float]], size: float, most: int
) -> None:
    shape = shape_of(middle, corners, size)
    chosen = finest_affordable(shape, most)
    assert chosen == min(MAP_RESOLUTIONS) or most_cells(shape, chosen) <= most
    assert chosen == max(MAP_RESOLUTIONS) or most_cells(shape, chosen + 1) > most


@given(MIDDLE, CORNERS, st.floats(0.001, 30))
@settings(max_examples=60, deadline=None)
def test_few_cells_are_sampled_whatever_the_area(
    middle: tuple[float, float], corners: list[tuple[float, float]], size: float
) -> None:
    cells = sampled_cells(shape_of(middle, corners, size))
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


def test_the_city_of_the_sample_is_measured(city: CityProfile) -> None:
    assert city.area_km2 == pytest.approx(float(city.land_cells(9).sum()), rel=1e-3)
    assert city.finest_affordable() == 12
    assert most_cells(city.land, 10) > len(city.land_cells(10)) > 0.6 * most_cells(city.land, 10)


def test_cells_on_land_are_those_of_the_land(city: CityProfile) -> None:
    land = city.land_cells(10).index.to_numpy()
    around = np.unique(np.concatenate([h3.grid_disk(cell, 2) for cell in land[::40].astype(np.uint64)])).astype(
        np.int64
    )
    assert np.array_equal(city.on_land(around), np.isin(around, land))
