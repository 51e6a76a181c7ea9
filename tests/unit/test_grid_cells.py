from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pytest

from analysis.grid.cells import neighbours, resolution_for, ring, square_side
from curim_data.model import CityProfile, Translator


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


def test_no_cells_have_no_neighbours() -> None:
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
    assert "too large" in t(choice.explanation)


def test_a_city_without_land_is_refused() -> None:
    with pytest.raises(ValueError, match="land_km2"):
        resolution_for(100, 0)
