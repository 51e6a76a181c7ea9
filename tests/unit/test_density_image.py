from __future__ import annotations

import base64
import io
from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.density.image import DensityImage, _between, class_breaks, colours_for, density_image
from analysis.density.kernel_density import Density
from analysis.grid.baseline import raster_from_polygon
from curim_data.model import CityProfile, Translator
from tests.density_of_points import kernel_density

TOWN = (23.6465, 37.9430)


@pytest.fixture(scope="module")
def surface(city: CityProfile) -> Density:
    x, y = city.project([TOWN[0]], [TOWN[1]])
    cluster = np.random.default_rng(0).normal(0, 150, (2, 400))
    return kernel_density(
        x + cluster[0], y + cluster[1], land=raster_from_polygon(city.land_metres), bandwidth=100, months=6
    )


@pytest.fixture(scope="module")
def picture(surface: Density, city: CityProfile) -> DensityImage:
    return density_image(surface, city)


def pixel(picture: DensityImage, longitude: float, latitude: float) -> tuple[int, int]:
    """Where a web map shows a place: even in longitude and in Web Mercator."""
    west, south, east, north = picture.bounds
    rows, columns = picture.rgba.shape[:2]
    low, at, high = (np.log(np.tan(np.pi / 4 + np.radians(angle) / 2)) for angle in (south, latitude, north))
    return int((high - at) / (high - low) * rows), int((longitude - west) / (east - west) * columns)


def test_each_place_has_the_colour_of_its_class(city: CityProfile, surface: Density, picture: DensityImage) -> None:
    rng = np.random.default_rng(1)
    longitude, latitude = TOWN[0] + rng.normal(0, 0.004, 400), TOWN[1] + rng.normal(0, 0.003, 400)
    values = surface.at(*city.project(longitude, latitude))
    wrong = checked = 0
    for place in zip(longitude, latitude, values, strict=True):
        row, column = pixel(picture, *place[:2])
        if not np.isfinite(place[2]) or not (0 <= row < len(picture.rgba) and 0 <= column < picture.rgba.shape[1]):
            continue
        shade = picture.rgba[row, column]
        number = int(np.searchsorted(picture.breaks, place[2]))
        expected = [0] if number == 0 else list(bytes.fromhex(picture.colours[number - 1][1:]))
        wrong += list(shade[:3]) != expected if number else shade[3] != 0
        checked += 1
    assert checked > 150
    assert wrong / checked < 0.15  # only at the borders of classes, by a pixel


def test_between_the_centres_of_the_grid_the_picture_is_linear(surface: Density) -> None:
    raster = surface.raster
    row, column = np.unravel_index(surface.values.argmax(), surface.values.shape)
    four = surface.values[row : row + 2, column : column + 2]
    assert surface.land[row : row + 2, column : column + 2].all()
    x = raster.x0 + raster.cell_m * (column + 0.5 + np.array([0, 1, 0, 0.25]))
    y = raster.y0 + raster.cell_m * (row + 0.5 + np.array([0, 0, 1, 0.5]))
    middle = (0.75 * four[:, 0] + 0.25 * four[:, 1]).mean()
    assert _between(surface, x, y) == pytest.approx([four[0, 0], four[0, 1], four[1, 0], middle])


def test_the_densest_place_is_where_the_alerts_are(picture: DensityImage) -> None:
    darkest = list(bytes.fromhex(picture.colours[-1][1:]))
    rows, columns = np.nonzero((picture.rgba[:, :, :3] == darkest).all(axis=2) & (picture.rgba[:, :, 3] > 0))
    row, column = pixel(picture, *TOWN)
    assert abs(rows.mean() - row) < 4
    assert abs(columns.mean() - column) < 4


def test_the_sea_is_clear_and_blends_with_no_black(picture: DensityImage) -> None:
    opaque = picture.rgba[:, :, 3] > 0
    assert set(np.unique(picture.rgba[:, :, 3])) == {0, 215}
    assert 0.02 < opaque.mean() < 0.5
    assert (picture.rgba[~opaque][:, :3] == list(bytes.fromhex(picture.colours[0][1:]))).all()


def test_the_file_holds_the_picture(picture: DensityImage) -> None:
    read = matplotlib.image.imread(io.BytesIO(picture.png))
    assert np.array_equal((read * 255).round().astype(np.uint8), picture.rgba)
    head, data = picture.data_url.split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == picture.png
    assert len(picture.png) < 60_000


@given(st.floats(1e-4, 1e6), st.integers(5, 7))
def test_breaks_are_nice_and_hold_the_peak(peak: float, classes: int) -> None:
    breaks = class_breaks(peak, classes)
    assert len(breaks) == classes + 1
    assert breaks[-2] < peak <= breaks[-1]
    assert all(1.9 < high / low < 2.6 for low, high in pairwise(breaks))
    assert {f"{limit:e}"[0] for limit in breaks} <= {"1", "2", "5"}


def test_the_scale_grows_darker_throughout() -> None:
    for classes in (5, 6, 7):
        light = [
            sum(part * weight for part, weight in zip(bytes.fromhex(c[1:]), (0.299, 0.587, 0.114), strict=True))
            for c in colours_for(classes)
        ]
        assert light == sorted(light, reverse=True)
        assert min(a - b for a, b in pairwise(light)) > 15


def test_the_legend_prints_each_class(picture: DensityImage, t: Translator) -> None:
    legend = picture.legend(t)
    assert [colour for colour, _ in legend] == list(picture.colours)
    assert [words for _, words in legend] == ["10–20", "20–50", "50–100", "100–200", "200–500"]
    thin = DensityImage(picture.rgba, class_breaks(1.5), colours_for(5), picture.bounds)
    assert [words for _, words in thin.legend(t)] == ["0.05–0.1", "0.1–0.2", "0.2–0.5", "0.5–1", "1–2"]


def test_a_flat_surface_is_of_one_class_and_no_alerts_are_clear(city: CityProfile) -> None:
    land = raster_from_polygon(city.land_metres)
    column, row = np.meshgrid(*(np.arange(side) + 0.5 for side in land.land_km2.shape[::-1]))
    at = land.x0 + column.ravel() * land.cell_m, land.y0 + row.ravel() * land.cell_m
    flat = density_image(kernel_density(*at, land.land_km2.ravel() * 90, land=land, bandwidth=100, months=1), city)
    assert len(np.unique(flat.rgba.reshape(-1, 4)[flat.rgba.reshape(-1, 4)[:, 3] > 0], axis=0)) == 1
    nothing = density_image(kernel_density([], [], land=land, bandwidth=100, months=1), city)
    assert (nothing.rgba[:, :, 3] == 0).all()
    assert (nothing.breaks, nothing.colours) == ((), ())


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="classes"):
        class_breaks(5, 4)
