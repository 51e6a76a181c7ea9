"""Where the areas of a plan lie, in words a reader knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from h3.api import basic_int, basic_str
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.spots.naming import LEAST_LENGTH, MOST_STREETS, SpotName, area_in_words, name_area, name_spot, name_spots
from analysis.stats.intervals import CellPlace
from curim_data.model import LANGUAGES, CityProfile, Translator, cell_polygons, translator
from curim_data.model.city import Area, load_city
from curim_data.model.place_names import COLUMNS, PlaceNames, merged, read_place_names, write_place_names
from sample_data import PROFILE
from tests.small import small_city

CITY = small_city()
BARE = replace(CITY, landmarks=(), districts=(), streets=(), view={"longitude": 23.65, "latitude": 37.945})
EAST, NORTH = 1 / 87_800, 1 / 111_000  # degrees a metre


@dataclass(frozen=True)
class Place:
    id: str
    longitude: float
    latitude: float


def learnt(*rows: tuple[str, str, float, float, int]) -> PlaceNames:
    sizes = {"street": 10}
    made = [(kind, name, basic_int.latlng_to_cell(lat, lon, sizes.get(kind, 9)), n) for kind, name, lon, lat, n in rows]
    return PlaceNames(pd.DataFrame(made, columns=list(COLUMNS)))


def test_without_any_names_a_place_lies_so_far_from_the_centre() -> None:
    there = name_spot(23.65 + 850 * EAST, 37.945 + 850 * NORTH, BARE)
    told = {lang: there(translator(lang)) for lang in LANGUAGES}
    assert told["en"] == "1.2 km north-east of the centre"
    assert told["el"] == "1,2 km βορειοανατολικά του κέντρου"
    assert told["fr"].replace("\xa0", " ") == "à 1,2 km au nord-est du centre"
    assert name_spot(23.65, 37.945 + 100 * NORTH, BARE)(translator("el")) == "Κέντρο της πόλης"


def test_a_district_and_its_street_or_the_part_of_it(t: Translator) -> None:
    square = shapely.box(23.64, 37.94, 23.66, 37.955)
    city = replace(BARE, districts=(Area("p", {"en": "Preston", "el": "Πρέστον"}, square),))
    assert name_spot(23.65, 37.9535, city)(t) == "Preston, in the north"
    assert name_spot(23.65, 37.9535, city)(translator("el")) == "Πρέστον, στα βόρεια"
    assert name_spot(23.65, 37.9475, city)(t) == "Preston, middle"
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
    assert part == {"en": "District 6, in the east", "el": "Τομέας 6, στα ανατολικά", "fr": "Secteur 6, à l’est"}[lang]


def test_the_middle_of_the_alerts_is_not_called_the_centre() -> None:
    """The view of a provisional profile is turned to the middle of its alerts, wherever the centre of the city lies."""
    city = replace(BARE, provisional=True)
    there = name_spot(23.65 + 850 * EAST, 37.945 + 850 * NORTH, city)
    assert there(translator("en")) == "1.2 km north-east of the middle of the alerts"
    assert there(translator("el")) == "1,2 km βορειοανατολικά του μέσου των αναφορών"
    assert name_spot(23.65, 37.945 + 100 * NORTH, city)(translator("en")) == "Middle of the alerts"


def test_names_learnt_from_an_export(t: Translator) -> None:
    names = learnt(("street", "Star Yard", 23.65, 37.945, 9), ("street", "Long Lane", 23.65, 37.945, 4))
    assert name_spot(23.65, 37.945, replace(BARE, place_names=names))(t) == "Star Yard"
    rows = [("area", "Brooklyn", 23.65, 37.945 + at * 300 * NORTH, 20) for at in range(8)]
    areas = learnt(*rows, ("precinct", "75", 23.65, 37.945 + 1_500 * NORTH, 20))
    city = replace(BARE, place_names=areas)
    assert name_spot(23.65, 37.945 + 1_500 * NORTH, city)(t) == "Brooklyn, Precinct 75"
    assert name_spot(23.65, 37.945, city)(t) == "Brooklyn, in the south"
    assert name_spot(23.65, 37.9, city)(t).endswith("of the centre")
    assert PlaceNames().at(23.65, 37.945).street == ""


def test_a_street_of_another_town_says_which_or_how_far(t: Translator) -> None:
    """An export over many towns: "Clifton Street" alone is found in each of them."""
    lon, lat = 23.65 - 24_000 * EAST, 37.945
    street = ("street", "Clifton Street", lon, lat, 9)
    near = ("street", "Fishergate", 23.65 + 900 * EAST, 37.945, 9)
    alone = replace(BARE, place_names=learnt(street, near))
    assert name_spot(lon, lat, alone)(t) == "Clifton Street, 24 km west of the centre"
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
    names = name_spots([Place("new", 23.64, 37.95)], city, places)
    assert set(names) == {"new"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_areas_under_one_name_are_told_apart_by_where_they_lie(lang: str) -> None:
    steps = (-900, 0, 900)
    points = [(23.65 + east * EAST, 37.945 + north * NORTH) for east in steps for north in steps]
    words = (("area", "Brooklyn"), ("precinct", "120"))
    city = replace(BARE, place_names=learnt(*[(*word, lon, lat, 5) for word in words for lon, lat in points]))
    t = translator(lang)
    told = [name_area(lon, lat, city)(t) for lon, lat in points]
    assert len(set(told)) == len(points)
    assert all("Brooklyn" in name and "120" in name for name in told)
    assert len({name_spot(lon, lat, city)(t) for lon, lat in points}) == 1


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
