"""Places: names in words a reader knows, ids that stay under other filters, and profiles."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from h3.api import basic_str
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

import sample_data
from analysis.hotspots.grouping import Spot, published_q
from analysis.spots import naming
from analysis.spots.naming import (
    LEAST_LENGTH,
    MOST_STREETS,
    SpotName,
    _metres,
    _metres_per_radian,
    area_in_words,
    as_known_places,
    match_places,
    name_area,
    name_spot,
    name_spots,
    with_known_ids,
)
from analysis.spots.profile import problem_for, profile_spot
from analysis.stats.intervals import CellPlace, Result
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, CityProfile, Translator, cell_polygons, translator
from curim_data.model.city import Area, load_city
from curim_data.model.place_names import COLUMNS, PlaceNames, merged, read_place_names, write_place_names
from curim_data.model.plan import Caution, Interval
from curim_data.studies.hot_spots import cluster_study, hot_spot_study, known_places
from sample_data import PROFILE
from tests.effort import effort
from tests.small import small_city
from tests.stored import seen_by

CITY = small_city()
BARE = replace(CITY, landmarks=(), districts=(), streets=(), view={"longitude": 23.65, "latitude": 37.945})
EAST, NORTH = 1 / 87_800, 1 / 111_000  # degrees a metre


@dataclass(frozen=True)
class Place:
    id: str
    longitude: float
    latitude: float
    cells: tuple[int, ...] = ()
    n: int = 10


def learnt(*rows: tuple[str, str, float, float, int]) -> PlaceNames:
    sizes = {"street": 10}
    made = [(kind, name, h3.latlng_to_cell(lat, lon, sizes.get(kind, 9)), n) for kind, name, lon, lat, n in rows]
    return PlaceNames(pd.DataFrame(made, columns=list(COLUMNS)))


def test_without_any_names_a_place_lies_so_far_from_the_centre_or_the_middle_of_the_alerts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = name_spot(23.65 + 850 * EAST, 37.945 + 850 * NORTH, BARE)
    assert there(translator("en")) == "Agios Ioannis Rentis, 1.4 km south of its centre"  # a town of the gazetteer
    monkeypatch.setattr(naming, "nearest_town", lambda *_: None)
    there = name_spot(23.65 + 850 * EAST, 37.945 + 850 * NORTH, BARE)
    told = {lang: there(translator(lang)) for lang in LANGUAGES}
    assert told["en"] == "1.2 km north-east of the centre"
    assert told["el"] == "1,2 km βορειοανατολικά του κέντρου"
    assert told["fr"].replace("\xa0", " ") == "à 1,2 km au nord-est du centre"
    assert name_spot(23.65, 37.945 + 100 * NORTH, BARE)(translator("el")) == "Κέντρο της πόλης"
    city = replace(BARE, provisional=True)
    there = name_spot(23.65 + 850 * EAST, 37.945 + 850 * NORTH, city)
    assert there(translator("en")) == "1.2 km north-east of the middle of the alerts"
    assert there(translator("el")) == "1,2 km βορειοανατολικά του μέσου των αναφορών"
    assert name_area(23.65, 38.241, city)(translator("el")) == "33 km βόρεια του μέσου των αναφορών"
    assert name_spot(23.65, 37.945 + 100 * NORTH, city)(translator("en")) == "Middle of the alerts"


def test_a_district_and_its_street_or_the_part_of_it(t: Translator) -> None:
    square = shapely.box(23.64, 37.94, 23.66, 37.955)
    city = replace(BARE, districts=(Area("p", {"en": "Preston", "el": "Πρέστον"}, square),))
    assert name_spot(23.65, 37.9535, city)(t) == "Preston, in the north"
    assert name_spot(23.65, 37.9535, city)(translator("el")) == "Πρέστον, στα βόρεια"
    assert name_spot(23.65, 37.9475 + 200 * NORTH, city)(t) == "Preston, middle"
    street = Area("f", {"en": "Friargate"}, shapely.LineString([(23.645, 37.953), (23.655, 37.953)]))
    streets = replace(city, streets=(street,))
    assert name_spot(23.65, 37.9532, streets)(t) == "Friargate, Preston"
    assert name_spot(23.65, 37.9475, streets)(t) == "Preston, middle"


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("en", "District 6, 1.5 km east of its centre"),
        ("el", "Τομέας 6, 1,5 km ανατολικά του κέντρου της περιοχής"),
        ("fr", "Secteur 6, à 1,5 km à l’est de son centre"),
    ],
)
def test_a_distance_within_an_area_says_from_where(lang: str, told: str) -> None:
    """Two parts of one district: "2.4 km east" beside "east" left open of what."""
    labels = {"en": "District 6", "el": "Τομέας 6", "fr": "Secteur 6"}
    name = SpotName("", labels, direction="east", metres=1500)
    assert name(translator(lang)).replace("\xa0", " ").replace("\u202f", " ") == told
    part = replace(name, metres=0)(translator(lang)).replace("\xa0", " ")
    far = replace(name, metres=1_245_500)(translator(lang)).replace("\xa0", " ").replace("\u202f", " ")
    assert {"en": "1,246 km", "el": "1.246 km", "fr": "1 246 km"}[lang] in far
    assert "1 km" in replace(name, metres=1_000)(translator(lang)).replace("\xa0", " ").replace("\u202f", " ")
    assert part == {"en": "District 6, in the east", "el": "Τομέας 6, στα ανατολικά", "fr": "Secteur 6, à l’est"}[lang]


def test_names_learnt_from_an_export(t: Translator) -> None:
    names = learnt(("street", "Star Yard", 23.65, 37.945, 9), ("street", "Long Lane", 23.65, 37.945, 4))
    assert name_spot(23.65, 37.945, replace(BARE, place_names=names))(t) == "Star Yard"
    rows = [("area", "Brooklyn", 23.65, 37.945 + at * 300 * NORTH, 20) for at in range(8)]
    areas = learnt(*rows, ("precinct", "75", 23.65, 37.945 + 1_500 * NORTH, 20))
    city = replace(BARE, place_names=areas)
    assert name_spot(23.65, 37.945 + 1_500 * NORTH, city)(t) == "Brooklyn, Precinct 75, in the north-west"
    assert name_spot(23.65, 37.945, city)(t) == "Brooklyn, in the south"
    assert name_spot(23.65, 37.9, city)(t).endswith("of the centre")
    assert PlaceNames().at(23.65, 37.945).street == ""


def test_a_street_of_another_town_says_which_or_how_far(t: Translator) -> None:
    """An export over many towns: "Clifton Street" alone is found in each of them."""
    lon, lat = 23.65 - 24_000 * EAST, 37.945
    street = ("street", "Clifton Street", lon, lat, 9)
    near = ("street", "Fishergate", 23.65 + 900 * EAST, 37.945, 9)
    alone = replace(BARE, place_names=learnt(street, near))
    assert name_spot(lon, lat, alone)(t) == "Clifton Street, Mégara"
    assert name_spot(lon, lat - 0.4, alone)(t).endswith("of the centre")  # at sea
    assert name_spot(23.65 + 900 * EAST, 37.945, alone)(t) == "Fishergate"
    with_towns = replace(BARE, place_names=learnt(street, ("area", "Blackpool", lon, lat, 40)))
    assert name_spot(lon, lat, with_towns)(t) == "Clifton Street, Blackpool"
    mark = replace(CITY.landmarks[0], labels={"en": "Town hall"}, longitude=lon, latitude=lat)
    landmarks = replace(with_towns, landmarks=(mark,))
    assert name_spot(lon, lat, landmarks)(t) == "Town hall, Blackpool"
    here = replace(landmarks, view={"longitude": lon, "latitude": lat})
    assert name_spot(lon, lat, here)(t) == "Town hall"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3_000, 3_000), st.floats(-3_000, 3_000)), min_size=1, max_size=40, unique=True),
    st.sampled_from(["bare", "landmarks", "streets"]),
)
def test_names_in_a_list_are_distinct_and_never_bare_numbers(offsets: list[tuple[float, float]], kind: str) -> None:
    street = [("street", "High Street", 23.65 + x * 90 * EAST, 37.945, 5) for x in range(-30, 31)]
    city = {"bare": BARE, "landmarks": CITY, "streets": replace(BARE, place_names=learnt(*street))}[kind]
    spots = [Place(str(at), 23.65 + x * EAST, 37.945 + y * NORTH) for at, (x, y) in enumerate(offsets)]
    names = name_spots([*spots, Place("twin", spots[0].longitude, spots[0].latitude)], city)
    for lang in LANGUAGES:
        told = [name(translator(lang)) for name in names.values()]
        assert len(set(told)) == len(told)
        assert all(re.search(r"[^\W\d_]{2}", name) for name in told)
        assert not any(re.search(r"(Place|Σημείο|Lieu) \d", name) for name in told)


def test_names_do_not_depend_on_the_order_of_other_places(t: Translator) -> None:
    spots = [Place(str(at), 23.65 + at * 400 * EAST, 37.945 + at * 50 * NORTH) for at in range(8)]
    there = name_spots(spots, BARE)
    back = name_spots(spots[::-1], BARE)
    assert {key: name(t) for key, name in there.items()} == {key: name(t) for key, name in back.items()}


def test_the_table_of_names_is_written_read_and_merged(tmp_path) -> None:
    one = learnt(("street", "Star Yard", 23.65, 37.945, 9), ("precinct", "75", 23.65, 37.945, 30))
    assert read_place_names(tmp_path).table.empty
    write_place_names(tmp_path, one)
    back = read_place_names(tmp_path)
    assert back.at(23.65, 37.945) == one.at(23.65, 37.945)
    assert back.at(23.65, 37.945).numbered == ("precinct", "75")
    again = merged(back, one)
    pd.testing.assert_frame_equal(
        again.table.reset_index(drop=True), back.table.sort_values(["kind", "name", "cell"]).reset_index(drop=True)
    )
    more = merged(back, learnt(("street", "Star Yard", 23.65, 37.945, 12)))
    assert more.table.set_index("name").loc["Star Yard", "n"] == 12
    (tmp_path / "place_names.csv").write_text("nonsense\n1\n")
    assert read_place_names(tmp_path).table.empty
    middle = learnt(("area", "A", 23.65, 37.945, 10), ("area", "A", 23.70, 37.945, 30)).centres["area", "A"]
    assert np.allclose(middle, (23.6875, 37.945), atol=0.003)


def test_two_readers_may_ask_for_names_of_different_known_places_at_once() -> None:
    """What one keeps, the other may throw away at any moment (as another audience's list of places does)."""

    class Lost(dict):  # type: ignore[type-arg]
        def __setitem__(self, key: object, value: object) -> None:
            super().__setitem__(key, value)
            self.clear()

    city = replace(CITY)
    city.__dict__["_known_names"] = Lost()
    places = (CellPlace("a", (), 23.63, 37.945), CellPlace("b", (), 23.65, 37.945))
    names = name_spots([place("new", 23.64, 37.95)], city, places)
    assert set(names) == {"new"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_areas_under_one_name_are_told_apart_by_where_they_lie(lang: str) -> None:
    steps = (-900, 0, 900)
    points = [(23.65 + east * EAST, 37.945 + north * NORTH) for east in steps for north in steps]
    words = (("area", "Brooklyn"), ("precinct", "120"))
    city = replace(BARE, place_names=learnt(*[(*word, lon, lat, 5) for word in words for lon, lat in points]))
    told = [name_area(lon, lat, city)(translator(lang)) for lon, lat in points]
    assert len(set(told)) == len(points)
    assert all("Brooklyn" in name and "120" in name for name in told)
    assert len({name_spot(lon, lat, city)(translator(lang)) for lon, lat in points}) == len(points)


@pytest.fixture(scope="module")
def piraeus() -> CityProfile:
    return load_city(Path(PROFILE))


def around(city: CityProfile, at: int, rings: int) -> tuple[str, ...]:
    mark = city.landmarks[at]
    return tuple(sorted(basic_str.grid_disk(basic_str.latlng_to_cell(mark.latitude, mark.longitude, 10), rings)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("at", range(4))
def test_the_streets_of_an_area_are_those_that_run_longest_in_it(piraeus: CityProfile, at: int, lang: str) -> None:
    """Against an overlay of all streets by geopandas, cell by cell."""
    t, cells = translator(lang), around(piraeus, at, 2)
    names = [t.label(street.labels) for street in piraeus.streets]
    streets = gpd.GeoDataFrame({"name": names}, geometry=[s.polygon for s in piraeus.streets], crs=4326)
    hexagons = gpd.GeoDataFrame(geometry=list(cell_polygons([basic_str.str_to_int(cell) for cell in cells])), crs=4326)
    within = gpd.overlay(streets.to_crs(piraeus.epsg), hexagons.to_crs(piraeus.epsg), keep_geom_type=True)
    lengths = within.length.groupby(within["name"]).sum().sort_values(ascending=False)
    lengths = lengths[(lengths >= LEAST_LENGTH) & (lengths.index != "")]
    assert len(lengths)
    told = area_in_words(cells, piraeus, t)
    for name in lengths.index[:MOST_STREETS]:
        assert name in told
    assert told.index(lengths.index[0]) == 0
    more = len(lengths) - MOST_STREETS
    if more > 0:
        assert t.n("{streets} and {n} more street", "{streets} and {n} more streets", more, streets="").strip() in told
    assert "19" in told


def test_without_streets_the_nearest_place_names_an_area(piraeus: CityProfile) -> None:
    t, cells = translator("en"), around(piraeus, 1, 1)
    mark = piraeus.landmarks[1]
    bare = replace(piraeus, streets=())
    assert area_in_words(cells, bare, t) == f"{name_spot(mark.longitude, mark.latitude, bare)(t)} (7 cells of the map)"
    assert area_in_words(cells[:1], bare, t).endswith("(1 cell of the map)")


TRUTHS: dict[str, Any] = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
QUAY = (23.6507, 37.9385)  # Pasalimani


def place(name: str, longitude: float, latitude: float, resolution: int = 10, rings: int = 0, n: int = 10) -> Place:
    middle = h3.latlng_to_cell(latitude, longitude, resolution)
    return Place(name, longitude, latitude, tuple(h3.grid_disk(middle, rings)), n)


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


def test_a_place_that_splits_leaves_its_id_to_the_better_half() -> None:
    places = as_known_places([place("a", *QUAY, rings=2)])
    halves = [place("x", east(240), QUAY[1]), place("a", east(60), QUAY[1], rings=1)]
    first, second = with_known_ids(halves, places)
    assert (first.id, second.id) == ("x", "a")
    third, fourth = with_known_ids([halves[1], replace(halves[0], id="a")], places)
    assert (third.id, fourth.id) == ("a", f"{halves[0].cells[0]:x}")
    spots = [place("x", *QUAY, rings=1), place("x", east(600), QUAY[1])]
    assert [spot.id for spot in with_known_ids(spots, ())] == ["x", f"{spots[1].cells[0]:x}"]


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


@pytest.mark.parametrize("seed", range(effort(4, 12)))
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
    assert (both["b"](t), both["a"](t)) == (alone["b"](t), "Pasalimani")
    new = name_spots([place("n", QUAY[0], QUAY[1] + 0.0021)], city, places)
    assert new["n"](t).startswith("Pasalimani, ")
    assert new["n"](t) not in {name(t) for name in both.values()}
    assert name_spots([], city, places) == {}
    cells = h3.grid_disk(h3.latlng_to_cell(QUAY[1], QUAY[0], 10), 4)  # a quarter with the place at its edge
    quarter = replace(place("q", QUAY[0], QUAY[1] + 0.005), cells=tuple(cells))
    known = [replace(places[0], cells=(h3.latlng_to_cell(QUAY[1], QUAY[0], 10),))]
    assert name_spots([quarter], city, known)["q"](t) != "Pasalimani"


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


def test_planted_places_keep_id_and_name_of_their_own_under_every_filter(
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
    for table in named.values():
        assert len({told for _, _, told in table.values()}) == len(table)


def test_all_audiences_have_the_same_known_places(source: Source) -> None:
    exact = known_places(source)
    assert {h3.get_resolution(cell) for one in exact for cell in one.cells} == {10}
    assert known_places(seen_by(replace(source, exact=source), Audience.COUNCIL)) is exact


SPOT = Spot("8a1", (0x8A1EDA753C07FFF,), 23.6507, 37.9385, 1, 40, 10.0, 4.0, 2.5, 6.0, 0.001, 0.017)


def frame(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    hours = pd.DataFrame({"weekday": [4] * 24, "hour": range(24), "n": 0.0})
    hours.loc[hours["hour"].isin([23, 0]), "n"] = 10.0
    hours.loc[hours["hour"] == 1, "n"] = 8.0
    hours.loc[hours["hour"] == 12, "n"] = 5.0
    return {
        "categories": frame(category=["noise", "harassment_verbal", "following"], n=[4.0, 30.0, 6.0]),
        "hours": hours,
        "affected": frame(affected_gender=["woman", "man", "undisclosed", "unknown"], n=[24.0, 8.0, 6.0, 2.0]),
        "dark": frame(dark=[True, False, None], n=[30.0, 6.0, 4.0]),
    }


def test_a_profile_holds_the_figures_and_says_them(
    city: CityProfile, t: Translator, tables: dict[str, pd.DataFrame]
) -> None:
    told = profile_spot(city, n=40, **tables)
    assert isinstance(told, Result)
    assert (told.categories[0].id, told.categories[0].share) == ("harassment_verbal", 0.75)
    assert told.hours == (23, 0)
    assert told.dark_share == pytest.approx(30 / 36)
    assert (told.women.value, round(told.women.low, 4), round(told.women.high, 4)) == (0.75, 0.5789, 0.8675)
    assert told.unknown_gender == 0.2
    label = city.categories["harassment_verbal"].labels["en"]
    assert told.sentence(t).startswith(
        f"Most often {label} (75\u00a0%). At least half of the alerts fall between 23:00 and 01:00."
    )
    assert "more alerts than is usual for this place since April 2025" in replace(
        told, since=dt.date(2025, 4, 1)
    ).sentence(t)


def test_what_is_unknown_stays_so(city: CityProfile, t: Translator) -> None:
    empty = profile_spot(city, n=3)
    assert empty.sentence(t) == ""
    assert (empty.hours, empty.dark_share, empty.women, empty.since) == (None, None, None, None)
    nobody = frame(affected_gender=["woman", "unknown"], n=[0.0, 12.0])
    some = frame(category=["noise", "vandalism"], n=[0.0, 10.0])
    told = profile_spot(city, n=12, categories=some, dark=frame(dark=[None], n=[3.0]), affected=nobody)
    assert told.categories[0].share == pytest.approx(10 / 12)
    assert told.dark_share is None
    assert [part.id for part in told.categories] == ["vandalism"]
    assert (told.women, told.unknown_gender) == (None, 1)
    told = profile_spot(city, n=10, categories=frame(category=["uncategorised", "noise"], n=[6.0, 4.0]))
    assert told.labels["en"] == "Not stated"
    assert "uncategorised" not in told.sentence(t)
    assert "For 60\N{NO-BREAK SPACE}% of the alerts no category is stated." in told.sentence(t)
    several = profile_spot(city, n=10, categories=frame(category=["noise", "vandalism"], n=[6.0, 5.0]))
    assert [part.share for part in several.categories] == pytest.approx([0.6, 0.5])  # of alerts, not of all mentions


def test_a_problem_takes_everything_over(city: CityProfile, tables: dict[str, pd.DataFrame]) -> None:
    told = replace(profile_spot(city, n=40, **tables), since=dt.date(2025, 4, 1))
    name = name_spot(SPOT.longitude, SPOT.latitude, city)
    start, end = dt.date(2025, 11, 1), dt.date(2026, 10, 31)
    problem = problem_for(SPOT, name, told, query={"period": "12m"}, start=start, end=end, women_city=0.5)
    assert (problem.spot, problem.place, problem.cells, problem.n) == ("8a1", "pasalimani", ("8a1eda753c07fff",), 40)
    assert problem.ratio == Interval(4.0, 2.5, 6.0)
    assert problem.names["en"] == "Pasalimani"
    assert (problem.hours, problem.since, problem.cautions) == (told.hours, told.since, ())
    assert problem.women == Interval(told.women.value, told.women.low, told.women.high)
    assert (problem.women_city, problem.unknown_gender, problem.dark_share) == (0.5, 0.2, told.dark_share)
    assert (problem.start, problem.end, problem.query, problem.q) == (start, end, {"period": "12m"}, SPOT.q)
    open_ended = replace(SPOT, high=float("inf"), ratio=float("inf"), expected=float("nan"))
    cautions = (Caution.PILED, Caution.PILED)
    without = replace(told, women=None)
    problem = problem_for(open_ended, name, without, query={}, start=start, end=end, cautions=cautions)
    assert (problem.ratio, problem.expected, problem.cautions) == (None, None, (Caution.PILED,))
    assert problem.women is None
    assert replace(name, near=True, number=2)(translator("en")) == "Near: Pasalimani (2)"


@pytest.mark.parametrize(("q", "step"), [(0.0, 0.001), (0.001, 0.001), (0.004, 0.01), (0.02, 0.05), (0.06, 1.0)])
def test_a_q_is_published_as_the_step_that_it_reaches(q: float, step: float) -> None:
    assert published_q(q) == step
