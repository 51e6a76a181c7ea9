"""Streets and landmarks out of extracts of OpenStreetMap, in every form that a city brings them."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

import sample_data
from curim_data.model import CityProfile, ImportProblem, translator
from curim_data.model.city import MAJOR, MINOR, PATH, Area, load_city, streets_in
from curim_data.profile import edit, shapes
from curim_data.profile.shapes import OSM_ATTRIBUTION, landmarks_of, read_areas, streets_of
from curim_data.store import Home
from pages.parts.frame.look import LIGHT
from pages.parts.maps.basemap import drawn, street_layers, streets_near, streets_of_city
from tests.effort import effort
from tests.osm_extract import Point, Way, geojson, geopackage, network, osm_pbf, osm_xml

STATION = (23.6430, 37.9480)
BOX = (23.630, 37.938, 23.660, 37.956)


@pytest.fixture
def own_home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    shutil.copytree(sample_data.PROFILE, home.city_folder)
    return home


def ways() -> list[Way]:
    """Two parts of one street, a main road by its number, a path, a river, an unnamed way, and a street far away."""
    x, y = STATION
    return [
        Way({"highway": "residential", "name": "Οδός Α", "name:en": "A Street"}, ((x, y), (x + 0.002, y))),
        Way({"highway": "residential", "name": "Οδός Α", "name:en": "A Street"}, ((x + 0.002, y), (x + 0.004, y))),
        Way({"highway": "primary_link", "ref": "EO 1"}, ((x, y - 0.001), (x + 0.004, y - 0.001))),
        Way({"highway": "steps", "name": 'Scala "9"'}, ((x, y), (x, y + 0.001))),
        Way({"waterway": "river", "name": "Ποταμός"}, ((x, y), (x, y - 0.002))),
        Way({"highway": "residential"}, ((x, y), (x + 0.001, y + 0.001))),
        Way({"highway": "residential", "name": "Far"}, ((22.0, 39.0), (22.1, 39.0))),
    ]


POINTS = [
    Point({"railway": "station", "name": "Σταθμός", "name:en": "Station"}, STATION),
    Point({"amenity": "bench", "name": "Bench"}, (STATION[0] + 0.001, STATION[1])),
    Point({"amenity": "school"}, (STATION[0] + 0.002, STATION[1])),
    Point({"amenity": "school", "name": "Far school"}, (22.0, 39.0)),
    Point({"place": "square", "name": "Πλατεία"}, (STATION[0] + 0.003, STATION[1])),
]


def in_form(form: str, folder: Path) -> Path:
    path = folder / f"streets.{form}"
    if form == "gpkg":
        return geopackage(path, ways())
    made = {"geojson": lambda: geojson(ways()), "osm": lambda: osm_xml(ways(), POINTS)}
    path.write_bytes(made.get(form, lambda: osm_pbf(ways(), POINTS))())
    return path


@pytest.mark.parametrize("form", ["geojson", "gpkg", "osm", "osm.pbf"])
def test_an_extract_gives_named_streets_by_class(city: CityProfile, tmp_path: Path, form: str) -> None:
    areas = read_areas(in_form(form, tmp_path), f"streets.{form}", kind="line", bounds=city.land.bounds)
    streets, notes, attribution = streets_of(areas, city, language="el")
    assert [(street.labels["el"], street.kind) for street in streets] == [
        ("Οδός Α", MINOR), ("EO 1", MAJOR), ('Scala "9"', PATH)
    ]  # fmt: skip
    street = streets[0]
    assert street.labels.get("en") == "A Street"
    assert street.polygon.geom_type == "LineString", "two parts of one name are one line"
    assert street.polygon.length == pytest.approx(0.004)
    assert attribution == OSM_ATTRIBUTION
    from_osm = form.startswith("osm")  # there what lies elsewhere, and rivers, are not even read
    assert tuple(notes[0].values.values()) == ((1, 0, 0) if from_osm else (1, 1, 1))


def test_streets_are_a_version_of_the_profile_with_their_attribution(own_home: Home, tmp_path: Path) -> None:
    before = own_home.city().version
    path = in_form("osm.pbf", tmp_path)
    report = edit.set_streets(own_home, read_areas(path, path.name, kind="line"), language="el")
    assert (report.changed, report.n) == (True, 3)
    told = " ".join(map(translator("en"), report.notes))
    assert "Lines that were left out: 1 without a name, " in told
    assert "© OpenStreetMap contributors (ODbL)" in told
    written = json.loads((own_home.city_folder / "streets.geojson").read_text("utf-8"))
    assert written["attribution"] == OSM_ATTRIBUTION
    city = load_city(own_home.city_folder)
    assert [street.kind for street in city.streets] == [MINOR, MAJOR, PATH]
    edit.restore_version(own_home, before)
    assert own_home.city().version == before


@pytest.mark.parametrize("form", ["osm", "osm.pbf"])
def test_an_extract_gives_landmarks_too(own_home: Home, tmp_path: Path, form: str) -> None:
    path = in_form(form, tmp_path)
    assert edit.set_landmarks(own_home, path, path.name).n == 2
    marks = own_home.city().landmarks
    assert [mark.labels["en"] for mark in marks] == ["Station", "Πλατεία"]
    assert (marks[0].longitude, marks[0].latitude) == pytest.approx(STATION, abs=1e-5)
    head = tomllib.loads((own_home.city_folder / "landmarks.toml").read_text("utf-8"))
    assert head["attribution"] == OSM_ATTRIBUTION


def test_more_landmarks_than_a_map_can_use_are_refused(city: CityProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = STATION
    points = [Point({"railway": "station", "name": f"Station {at}"}, (x + at * 1e-5, y)) for at in range(4)]
    many = read_areas(osm_xml([], points), "many.osm", kind="point", bounds=city.land.bounds)
    monkeypatch.setattr(shapes, "MOST_LANDMARKS", 4)
    assert len(landmarks_of(many, city)) == 4
    monkeypatch.setattr(shapes, "MOST_LANDMARKS", 3)
    with pytest.raises(ImportProblem, match=r"^many.osm holds 4 landmarks on the study area; 3 are the most\."):
        landmarks_of(many, city)


def test_lines_of_ones_own_are_cut_at_the_border_and_streets_keep_their_names(city: CityProfile) -> None:
    x, y = STATION
    lines = [Way({"street": "Own"}, ((x, y), (x + 0.001, y))), Way({}, ((x, y), (x, y + 0.001)))]
    streets, _, attribution = streets_of(read_areas(geojson(lines), "own.geojson", kind="line"), city, "street")
    assert [(street.labels, street.kind) for street in streets] == [({"en": "Own"}, ""), ({}, "")]
    assert attribution == ""
    x, y = STATION
    long = [Way({"highway": "primary", "name": "Long"}, ((x - 0.5, y), (x + 0.5, y)))]
    ((street,), _, _) = streets_of(read_areas(geojson(long), "long.geojson", kind="line"), city)
    assert street.polygon.length < 0.2
    assert city.land.buffer(0.001).covers(street.polygon)
    made = network(400, BOX)
    streets, _, _ = streets_of(read_areas(geojson(made), "net.geojson", kind="line"), city)
    land = city.land.buffer(30 / 111_320)
    assert len(streets) == len({way.tags["name"] for way in made if land.intersects(shapely.LineString(way.at))})
    assert {street.kind for street in streets} == {MAJOR, MINOR, PATH}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([Way({"highway": "residential", "name": "Far"}, ((2.0, 48.0), (2.1, 48.0)))], "lies on the study area"),
        ([Way({"highway": "residential"}, (STATION, (23.65, 37.95)))], "has a name"),
    ],
)
def test_a_file_without_streets_says_why(city: CityProfile, lines: list[Way], words: str) -> None:
    with pytest.raises(ImportProblem, match=f"bad.geojson.*{words}"):
        streets_of(read_areas(geojson(lines), "bad.geojson", kind="line"), city)


@pytest.mark.parametrize(
    "content",
    [osm_pbf(ways())[:200], b"<osm version='0.6'><node id=", b"\0\0\0\x0d\n\tOSMHeader\x18\x7fgarbage", b"<osm></osm>"],
)
def test_a_broken_extract_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(ImportProblem, match=r"broken\.osm\.pbf"):
        read_areas(content, "broken.osm.pbf", kind="line")


@pytest.fixture(scope="module")
def large(city: CityProfile) -> CityProfile:
    areas = read_areas(geojson(network(effort(15_000, 50_000), city.land.bounds)), "large.geojson", kind="line")
    return replace(city, streets=streets_of(areas, city)[0])


@pytest.mark.slow
def test_a_map_carries_a_large_network(large: CityProfile) -> None:
    corners = sum(len(shapely.get_coordinates(street.polygon)) for street in large.streets)
    assert corners > 2 * len(large.streets)
    layers = street_layers(streets_of_city(large), LIGHT)
    told = json.dumps([layer.data for layer in layers])
    assert len(told) < 600_000
    assert [layer.id for layer in layers] == ["streets-major"], "others would hide the cells"
    major = shapely.union_all([street.polygon for street in large.streets if street.kind == MAJOR])
    drawn_major = next(shape for kind, shape in streets_of_city(large) if kind == MAJOR)
    assert drawn_major.length == pytest.approx(major.length, rel=0.05), "room for main roads first"
    assert drawn_major.hausdorff_distance(major) < 2e-5
    near = dict(streets_near(large, (23.640, 37.945, 23.646, 37.950)))
    inside = shapely.box(23.640, 37.945, 23.646, 37.950)
    every = sum(shapely.clip_by_rect(street.polygon, *inside.bounds).length for street in large.streets)
    assert sum(shape.length for shape in near.values()) == pytest.approx(every, rel=0.05), "all of them, close up"


def test_streets_in_a_place_are_those_of_the_slow_twin(large: CityProfile) -> None:
    place = shapely.Point(STATION).buffer(0.002)
    reach = shapely.transform(place, lambda at: np.column_stack(large.project(at[:, 0], at[:, 1]))).buffer(10)
    slow = {
        street.id
        for street, line in zip(large.streets, large.street_lines, strict=True)
        if shapely.intersection(line, reach).length > 0
    }
    found = streets_in(large, place)
    assert {street.id for street in found} == slow
    assert found


def test_streets_come_by_their_length_in_the_shape_and_one_on_its_edge_counts(city: CityProfile) -> None:
    lines = {
        "corner": [(23.6449, 37.9440), (23.6449, 37.9452)],
        "across": [(23.640, 37.945), (23.650, 37.945)],
        "far": [(23.60, 37.90), (23.61, 37.90)],
        "edge": [(23.64245, 37.9440), (23.64245, 37.94481)],
    }
    city = replace(city, streets=tuple(Area(name, {"en": name}, shapely.LineString(at)) for name, at in lines.items()))
    shape = shapely.box(23.6425, 37.9448, 23.6450, 37.9460)
    assert [street.id for street in streets_in(city, shape)] == ["across", "corner", "edge"]
    assert streets_in(replace(city, streets=()), shape) == ()


def test_a_class_of_streets_is_drawn_whole_or_not_at_all(city: CityProfile) -> None:
    west, south, east, north = box = (23.64, 37.94, 23.65, 37.95)
    main = Area("main", {}, shapely.LineString([(west, south), (east, north)]), MAJOR)
    across = np.linspace(south, north, 40)
    minor = [Area(f"{n}", {}, shapely.LineString([(west, y), (east, y)]), MINOR) for n, y in enumerate(across)]
    path = Area("path", {}, shapely.LineString([(west, north), (east, south)]), PATH)
    assert [kind for kind, _ in drawn([main, path, *minor], box)] == [PATH, MINOR, MAJOR]
    assert [kind for kind, _ in drawn([main, path, *minor], box, most=40)] == [MAJOR], "no room for all"
    dense = [replace(street, id=f"{n}-{street.id}") for n in range(4) for street in minor]
    assert [kind for kind, _ in drawn([main, *dense], box)] == [MAJOR], "they would hide the cells"
    assert drawn([], box) == ()
    assert [kind for kind, _ in streets_of_city(city)] == [""]
    assert streets_near(city, city.land.bounds) == ()
    assert streets_of_city(replace(city, streets=())) == ()
