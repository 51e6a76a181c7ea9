"""Local Moran's I of map cells: planted classes, the shore left out, groups, and words."""

from __future__ import annotations

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.grid.cells import neighbours, square_side
from analysis.hotspots.moran_cells import CLASSES, MIN_LAND, moran_cells
from curim_data.model import LANGUAGES, translator

MIDDLE = h3.latlng_to_cell(37.94, 23.64, 10)
DISC = np.sort(h3.grid_disk(MIDDLE, 11)).astype(np.int64)
SIDE = square_side(10, DISC)


def city(counts: np.ndarray, land: np.ndarray | None = None) -> pd.DataFrame:
    whole = np.full(len(DISC), SIDE**2 / 1e6)
    return pd.DataFrame({"n": counts.astype(float), "land_km2": whole if land is None else whole * land}, index=DISC)


def around(cell: int, rings: int = 1) -> np.ndarray:
    return np.isin(DISC, h3.grid_disk(np.uint64(cell), rings).astype(np.int64))


def test_each_class_is_found_where_it_was_planted() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(6, len(DISC))
    full, empty = (int(h3.latlng_to_cell(37.94, longitude, 10)) for longitude in (23.633, 23.647))
    counts[around(full)] += 25
    counts[around(empty, 2)] = 0
    counts[full == DISC], counts[empty == DISC] = 1, 40
    counts[around(int(MIDDLE))] += 25
    found = moran_cells(city(counts))
    cls = found.frame["cls"]
    assert cls[int(MIDDLE)] == "high-high"
    assert cls[full] == "low-high"
    assert cls[empty] == "high-low"
    assert (cls == "low-low").sum() >= 3
    assert set(cls.unique()) == {"", *CLASSES}
    assert found.n == counts.sum()


def test_figures_are_those_of_the_cells() -> None:
    counts = np.random.default_rng(4).poisson(3, len(DISC))
    counts[around(int(MIDDLE))] += 20
    found = moran_cells(city(counts))
    near = neighbours(DISC, 1).toarray() - np.eye(len(DISC))
    assert found.frame["around"].to_numpy() == pytest.approx(near @ counts / near.sum(axis=1))
    (place,) = [one for one in found.places if one.cls == "high-high"]
    assert set(place.cells) == set(found.frame.index[found.frame["cls"] == "high-high"])
    assert place.n == found.frame["n"][list(place.cells)].sum()
    assert place.q == found.frame["q"][list(place.cells)].min()
    assert [one.rank for one in found.places] == list(range(1, len(found.places) + 1))
    assert int(place.id, 16) in place.cells


def test_a_shore_with_little_land_is_no_group_of_few_incidents() -> None:
    """Alerts placed uniformly by land, of which a coast in the south has a third in three rows of cells."""
    rng, latitude = np.random.default_rng(5), np.array([h3.cell_to_latlng(np.uint64(cell))[0] for cell in DISC])
    land = np.where(latitude < np.quantile(latitude, 0.1), 0.3, 1.0)
    maps = [city(rng.poisson(20 * land), land) for _ in range(60)]
    false = sum(bool(moran_cells(one).places) for one in maps)
    assert false <= stats.binom.ppf(0.99, len(maps), 0.05)
    whole = [one.assign(land_km2=SIDE**2 / 1e6) for one in maps]
    assert sum(bool(moran_cells(one).places) for one in whole) > 50
    assert set(moran_cells(maps[0]).frame.index) == set(DISC[land >= MIN_LAND].tolist())


def test_maps_without_a_finding_say_so_in_every_language() -> None:
    flat, empty = moran_cells(city(np.full(len(DISC), 4))), moran_cells(city(np.zeros(len(DISC))))
    assert not flat.places
    assert not empty.places
    for lang in LANGUAGES:
        t = translator(lang)
        assert t.number(len(DISC)) in flat.sentence(t)
        assert empty.sentence(t)
        assert all(t(choice.explanation) for choice in flat.choices)
    with pytest.raises(ValueError, match="empty"):
        moran_cells(city(np.zeros(len(DISC))).iloc[:0])
    with pytest.raises(ValueError, match="value"):
        moran_cells(city(np.full(len(DISC), np.nan)))
