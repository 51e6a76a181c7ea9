"""The same place keeps its id and its name under other periods, categories, cells and methods."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import pytest
from pyproj import Geod

import sample_data
from analysis.spots.naming import (
    _metres,
    _metres_per_radian,
    as_known_places,
    match_places,
    name_spots,
    with_known_ids,
)
from analysis.stats.intervals import CellPlace
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator
from curim_data.studies.hot_spots import cluster_study, hot_spot_study, known_places
from tests.stored import seen_by

TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
QUAY = (23.6507, 37.9385)  # Pasalimani


@dataclass(frozen=True)
class Place:
    id: str
    cells: tuple[int, ...]
    longitude: float
    latitude: float
    n: int = 10


def place(name: str, longitude: float, latitude: float, resolution: int = 10, rings: int = 0, n: int = 10) -> Place:
    middle = h3.latlng_to_cell(latitude, longitude, resolution)
    return Place(name, tuple(h3.grid_disk(middle, rings)), longitude, latitude, n)


def metres_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Metres from each point to each (degrees, longitude first)."""
    return _metres(first[:, None], second, _metres_per_radian(first, second))


@pytest.mark.parametrize("latitude", [0.0, 37.94, -33.9, 60.2])
def test_metres_within_a_city_are_those_of_the_ellipsoid(latitude: float) -> None:
    rng = np.random.default_rng(3)
    first, second = (np.array([23.65, latitude]) + rng.uniform(-0.02, 0.02, (count, 2)) for count in (5, 7))
    told = metres_between(first, second)
    for i, j in np.ndindex(5, 7):
        assert told[i, j] == pytest.approx(Geod(ellps="WGS84").inv(*first[i], *second[j])[2], rel=1e-3)


def east(metres: float) -> float:
    return QUAY[0] + metres / 87_800


def test_a_place_is_the_known_one_that_it_overlaps_or_lies_next_to() -> None:
    places = as_known_places([place("a", *QUAY, rings=1), place("b", east(600), QUAY[1])])
    moved = [place("x", east(120), QUAY[1]), place("y", east(560), QUAY[1], 12, 2), place("z", east(1_200), QUAY[1])]
    assert match_places(moved, places) == {0: 0, 1: 1}
    assert [spot.id for spot in with_known_ids(moved, places)] == ["a", "b", "z"]
    coarse = [place("c", east(40), QUAY[1], 9)]
    assert [spot.id for spot in with_known_ids(coarse, places)] == ["a"]


def test_new_places_of_one_id_get_two() -> None:
    spots = [place("x", *QUAY, rings=1), place("x", east(600), QUAY[1])]
    assert [spot.id for spot in with_known_ids(spots, ())] == ["x", f"{spots[1].cells[0]:x}"]


def test_a_place_that_splits_leaves_its_id_to_the_better_half() -> None:
    places = as_known_places([place("a", *QUAY, rings=2)])
    halves = [place("x", east(240), QUAY[1]), place("a", east(60), QUAY[1], rings=1)]
    first, second = with_known_ids(halves, places)
    assert second.id == "a"
    assert first.id == "x"
    third, fourth = with_known_ids([halves[1], replace(halves[0], id="a")], places)
    assert third.id == "a"
    assert fourth.id == f"{halves[0].cells[0]:x}"


def match_every_pair(spots: list[Place], places: tuple[CellPlace, ...]) -> dict[int, int]:
    """What `match_places` gives, by scoring every place with every known one."""
    if not spots or not places:
        return {}
    first, second = ([[one.longitude, one.latitude] for one in some] for some in (spots, places))
    away = metres_between(np.array(first), np.array(second))
    pairs = []
    for one, spot in enumerate(spots):
        for other, known in enumerate(places):
            size = min(
                (h3.get_resolution(cell) for cells in (spot.cells, known.cells) for cell in cells[:1]), default=0
            )
            mine, theirs = ({h3.cell_to_parent(cell, size) for cell in some.cells} for some in (spot, known))
            overlap = len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0
            score = overlap + max(0.0, 1 - away[one, other] / 200)
            if score > 0:
                pairs.append((-score, one, other))
    found: dict[int, int] = {}
    for _, one, other in sorted(pairs):
        if one not in found and other not in found.values():
            found[one] = other
    return found


@pytest.mark.parametrize("seed", range(12))
def test_places_match_as_if_every_pair_were_scored(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spread = (0.004, 0.02, 0.1)[seed % 3]

    def scattered(count: int, sizes: tuple[int, ...]) -> list[Place]:
        points = np.round(QUAY + rng.uniform(-spread, spread, (count, 2)), 3)  # some of them on one point
        found = []
        for at, (longitude, latitude) in enumerate(points):
            one = place(str(at), longitude, latitude, int(rng.choice(sizes)), int(rng.integers(0, 4)))
            found.append(replace(one, cells=()) if rng.random() < 0.1 else one)
        return found

    known = as_known_places(scattered(60, (10,)) if seed % 2 else scattered(60, (9, 10, 11)))
    spots = scattered(80, (8, 9, 10, 12))
    matched = match_places(spots, known)
    assert matched == match_every_pair(spots, known)
    assert len(matched) > 5


def test_names_stay_with_known_places_and_new_ones_come_after(city: CityProfile, t: Translator) -> None:
    places = as_known_places([place("a", *QUAY, n=90), place("b", east(-260), QUAY[1], n=50)])
    assert [one.id for one in places] == ["a", "b"]
    both = name_spots([place("b", east(-250), QUAY[1]), place("a", *QUAY)], city, places)
    alone = name_spots([place("b", east(-240), QUAY[1])], city, places)
    assert both["b"](t) == alone["b"](t)
    assert both["a"](t) == "Pasalimani"
    new = name_spots([place("n", QUAY[0], QUAY[1] + 0.0021)], city, places)
    assert new["n"](t).startswith("Pasalimani, ")
    assert new["n"](t) not in {name(t) for name in both.values()}
    assert name_spots([], city, places) == {}


FILTERS = {
    "a year": AlertFilter(),
    "half a year": AlertFilter(start=dt.date(2026, 5, 1), end=dt.date(2026, 10, 31)),
    "two years before": AlertFilter(start=dt.date(2023, 5, 1), end=dt.date(2025, 4, 30)),
    "all": AlertFilter(period="all"),
    "women": AlertFilter(affected=("woman",)),
    "dark": AlertFilter(dark=True),
    "day": AlertFilter(dark=False, period="all"),
    "offences": AlertFilter(kinds=("offence",)),
}


@pytest.fixture(scope="module")
def named(source: Source) -> dict[str, dict[str, tuple[float, float, str]]]:
    """By filter: the places by id, with their point in metres and their name."""
    places = known_places(source)
    found = {}
    for label, f in FILTERS.items():
        spots = hot_spot_study(source, f).spots
        found[label] = _table(spots, source, places)
    found["clusters"] = _table(cluster_study(source, AlertFilter()).found, source, places)
    return found


def _table(spots: Any, source: Source, places: tuple[CellPlace, ...]) -> dict[str, tuple[float, float, str]]:
    names = name_spots(spots, source.city, places)
    x, y = source.city.project([s.longitude for s in spots], [s.latitude for s in spots])
    return {spot.id: (a, b, names[spot.id].by_language["en"]) for spot, a, b in zip(spots, x, y, strict=True)}


def test_planted_places_keep_id_and_name_under_every_filter(
    named: dict[str, dict[str, tuple[float, float, str]]], city: CityProfile
) -> None:
    for spot in TRUTHS["hot_spot"]:
        at = city.project([spot["longitude"]], [spot["latitude"]])
        seen = set()
        for table in named.values():
            for name, (x, y, told) in table.items():
                if np.hypot(x - at[0][0], y - at[1][0]) < 150:
                    seen.add((name, told))
        assert len(seen) <= 1, seen
    shared = [set(first) & set(second) for first, second in pairwise(named.values())]
    assert all(len(ids) >= 5 for ids in shared)


def test_ids_and_names_are_distinct_under_a_filter(named: dict[str, dict[str, tuple[float, float, str]]]) -> None:
    for table in named.values():
        assert len({told for _, _, told in table.values()}) == len(table)


def test_all_audiences_have_the_same_known_places(source: Source) -> None:
    exact = known_places(source)
    assert {h3.get_resolution(cell) for one in exact for cell in one.cells} == {10}
    assert known_places(seen_by(replace(source, exact=source), Audience.COUNCIL)) is exact
