"""Cells grow until the test of hot spots can tell, and the size makes no more false places than a given one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from shapely.geometry import Polygon, box

from analysis.hotspots.cell_significance import hot_cells, planned_power
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.studies import hot_spots
from curim_data.studies.cells import cell_size
from curim_data.studies.hot_spots import COARSEST_TESTED, LEAST_TESTED, hot_spot_size, hot_spot_study
from curim_data.studies.spot_profiles import concentration_study
from tests.small import alert, small_city, small_source
from tests.stored import seen_by

EVERY = AlertFilter(period="all")
# Some 30 km square: 170 cells of 2.3 km.
WIDE = box(23.4, 37.8, 23.74, 38.07)
SMALL = box(23.58, 37.93, 23.62, 37.96)
CROWDED = (23.60, 37.95)


def source_of(folder: Path, n: int, land: Polygon = WIDE, reports: int = 1) -> Source:
    """So many alerts all over a city, every eighth of them in one quarter, each of so many reports."""
    rng = np.random.default_rng(2)
    west, south, east, north = land.bounds
    rows = []
    for number in range(n):
        point = (rng.uniform(west, east), rng.uniform(south, north))
        if number % 8 == 0:
            point = (CROWDED[0] + rng.uniform(-0.007, 0.007), CROWDED[1] + rng.uniform(-0.006, 0.006))
        day = dt.date(2024, 6, 3) + dt.timedelta(days=int(rng.integers(360)))
        rows += [
            alert(reports * number + at, incident_id=f"i{number}", point=point, day=day, category="noise")
            for at in range(reports)
        ]
    return small_source(folder, rows, replace(small_city(), land=land, districts=()))


def test_cells_grow_until_the_test_can_tell(tmp_path: Path, t: Translator) -> None:
    source = source_of(tmp_path, 400)
    first = int(cell_size(source, EVERY, None).value)
    study = hot_spot_study(source, EVERY)
    assert COARSEST_TESTED <= study.resolution < first
    assert not study.power.too_few
    for size in range(first, study.resolution, -1):
        assert hot_spot_study(source, EVERY, size).power.too_few
    assert [h3.latlng_to_cell(*CROWDED[::-1], study.resolution) in spot.cells for spot in study.spots] == [True]
    told = t(study.choices[0].explanation)
    assert "are too small for 400 alerts" in told
    assert study.choices[0] == hot_spot_size(source, EVERY)
    (size, *_) = concentration_study(source, EVERY).choices
    assert size == study.choices[0]


def test_the_size_stays_where_it_was_given_and_where_no_other_tells(tmp_path: Path) -> None:
    source = source_of(tmp_path, 400)
    given = hot_spot_study(source, EVERY, 9)
    assert (given.resolution, given.power.too_few) == (9, True)
    assert hot_spot_size(seen_by(source, Audience.COUNCIL), EVERY) == hot_spot_size(source, EVERY)
    for n in (0, 5):
        few = source_of(tmp_path, n)
        assert hot_spot_size(few, EVERY) == cell_size(few, EVERY, None)
    many = source_of(tmp_path, 1_500, SMALL)
    assert hot_spot_size(many, EVERY) == cell_size(many, EVERY, None)


def test_a_town_is_not_cut_into_a_handful_of_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(tmp_path, 400)
    chosen = hot_spot_size(source, EVERY)
    assert len(source.city.land_cells(int(chosen.value))) >= LEAST_TESTED
    monkeypatch.setattr(hot_spots, "LEAST_TESTED", 100_000)
    source.cache.clear()
    assert hot_spot_size(source, EVERY) == cell_size(source, EVERY, None)


@pytest.mark.parametrize("n", [250, 750])
def test_a_quiet_city_has_no_more_false_places_than_meant(n: int) -> None:
    """Alerts that fall anywhere, on maps whose size is chosen each by its power: at most 5 % hold a hot cell."""
    middle = h3.latlng_to_cell(40.7, -73.9, 9)
    fine = np.sort(np.asarray(h3.grid_disk(middle, 48), dtype=np.int64))
    parents = {size: _parents(fine, size) for size in (9, 8, 7)}
    rng, runs, wrong, sizes = np.random.default_rng(11), 80, 0, set()
    for _ in range(runs):
        counts = np.bincount(rng.integers(len(fine), size=n), minlength=len(fine)).astype(float)
        for size in (9, 8, 7):
            cells = pd.DataFrame({"n": counts, "land_km2": 0.105}).groupby(parents[size]).sum()
            if not planned_power(cells).too_few:
                break
        sizes.add(size)
        wrong += bool(hot_cells(cells).frame["hot"].any())
    assert min(sizes) < 9
    assert binom.sf(wrong - 1, runs, 0.05) > 0.01


def _parents(cells: np.ndarray, size: int) -> pd.Index:
    return pd.Index([int(h3.cell_to_parent(cell, size)) for cell in cells.astype(np.uint64)], name="cell")


def test_the_list_says_how_little_it_holds_and_why(tmp_path: Path, t: Translator) -> None:
    source = source_of(tmp_path, 400)
    study = hot_spot_study(source, EVERY)
    held, counts = {cell for spot in study.spots for cell in spot.cells}, study.hot.frame["n"]
    inside = sum(spot.n for spot in study.spots)
    others = [int(n) for cell, n in counts.items() if cell not in held for _ in range(int(n))]
    values = study.elsewhere.values
    assert values["n"] == sorted(others)[(len(others) - 1) // 2]  # each incident with the number of its cell
    told = t(study.elsewhere)
    assert told.startswith(f"The list holds {round(100 * inside / 400)} % of the alerts of the city")
    of_council = hot_spot_study(seen_by(source, Audience.COUNCIL), EVERY).elsewhere
    assert of_council.values == {"percent": values["percent"], "k": 5}  # the number of a cell is too small for it
    assert values["n"] < 5
    assert replace(study, spots=()).elsewhere is None  # no list leaves nothing out
    held_most = replace(study, spots=tuple(replace(spot, cells=tuple(counts.index)) for spot in study.spots))
    assert held_most.elsewhere is None
