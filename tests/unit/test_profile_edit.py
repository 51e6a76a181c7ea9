"""Edits of a city's profile: understood, repaired, refused whole, a version each, and the alerts go along."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from curim_data import profile_edit, profile_versions
from curim_data.city import FILES
from curim_data.home import Home, create_home
from curim_data.i18n import Translator
from curim_data.ingest import import_file
from curim_data.profile_areas import propose_name_column, read_areas
from curim_data.profile_edit import districts_of
from curim_data.profile_tables import categories_table
from curim_data.provisional import home_for
from curim_data.reasons import ImportProblem
from curim_data.refresh import refresh
from curim_data.store import Store, StoreError

BOUNDARIES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "boundaries"
HERE = (2.35, 48.85)


def export(points: np.ndarray) -> bytes:
    rows = [
        f"A{n};2025-0{n % 9 + 1}-11T20:15;Noise;{lat:.6f};{lon:.6f}" for n, (lon, lat) in enumerate(points.tolist())
    ]
    return "\n".join(["alert_id;reported_at;category;latitude;longitude", *rows, ""]).encode()


def begun(path: Path, points: np.ndarray, name: str = "Town") -> Home:
    home = Home(path)
    home_for(home, points, {"Noise": len(points)}, name)
    import_file(home, export(points), "first.csv")
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A provisional city of 40 alerts in a square of about a kilometre."""
    rng = np.random.default_rng(3)
    return begun(tmp_path / "home", np.column_stack([rng.uniform(2.345, 2.355, 40), rng.uniform(48.845, 48.855, 40)]))


def square(west: float, south: float, side: float = 0.02) -> shapely.Polygon:
    return shapely.box(west, south, west + side, south + side)


def geojson(shapes: dict[str, Any], **more: Any) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": name, "code": f"D{n}"}, "geometry": shapely.geometry.mapping(shape)}
        for n, (name, shape) in enumerate(shapes.items())
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


HALVES = {"West side": shapely.box(2.33, 48.83, 2.35, 48.87), "Est Été": shapely.box(2.35, 48.83, 2.37, 48.87)}


def halves(home: Home) -> profile_edit.EditReport:
    return profile_edit.set_districts(home, read_areas(geojson(HALVES), "halves.geojson"))


def files(home: Home) -> dict[str, bytes]:
    return {name: (home.city_folder / name).read_bytes() for name in FILES if (home.city_folder / name).exists()}


def column(home: Home, name: str) -> list[Any]:
    return Store(home).read([name])[name].to_pylist()


def test_districts_are_a_version_and_the_alerts_follow_in_one_commit(home: Home) -> None:
    before, log = home.city().version, Store(home).version()
    assert set(column(home, "district")) == {None}
    report = halves(home)
    city = home.city()
    assert [area.id for area in city.districts] == ["west_side", "est_ete"]
    assert city.districts[1].labels == {"en": "Est Été"}
    assert (report.before, report.version, report.alerts, report.n) == (before, city.version, 40, 2)
    assert set(column(home, "district")) == {"west_side", "est_ete"}
    assert set(column(home, "profile_version")) == {city.version}
    assert int(Store(home).version().rpartition("-")[2]) == int(log.rpartition("-")[2]) + 1
    assert not city.provisional
    assert city.land.equals(shapely.union_all(list(HALVES.values())))
    assert profile_edit.stale(home) == 0
    assert halves(home).changed is False


def test_land_can_be_kept(home: Home) -> None:
    land = home.city().land
    areas = read_areas(geojson(HALVES), "halves.geojson")
    profile_edit.set_districts(home, areas, with_land=False)
    assert home.city().land.equals(land)
    assert home.city().provisional


def test_districts_of_another_place_are_told(home: Home) -> None:
    areas = read_areas(geojson({**HALVES, "Far away": square(10.0, 50.0)}), "areas.geojson")
    notes = profile_edit.set_districts(home, areas, with_land=False).notes
    assert [note.values for note in notes if "study area" in note.text] == [{"away": 1, "of": 3}]


def test_every_version_can_be_given_back(home: Home) -> None:
    first, content = home.city().version, files(home)
    halves(home)
    profile_edit.set_names(home, "Lutetia", timezone="Europe/Brussels")
    last = home.city().version
    listed = profile_edit.versions(home)
    assert [version.id for version in listed if version.current] == [last]
    assert {version.what for version in listed} == {"first", "districts", "names"}
    made = profile_edit.restore(home, first[:6])
    assert (made.version, made.alerts) == (first, 40)
    assert files(home) == content
    assert set(column(home, "district")) == {None}
    profile_edit.restore(home, last)
    assert home.city().timezone == "Europe/Brussels"
    assert len(profile_edit.versions(home)) == 3
    with pytest.raises(ImportProblem, match="city versions"):
        profile_edit.restore(home, "ffff")


def test_a_commit_that_fails_leaves_the_old_profile(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    content, log = files(home), Store(home).version()

    def fail(*_: Any) -> int:
        raise StoreError(profile_edit.Message("busy"))

    monkeypatch.setattr(Store, "rewrite", fail)
    with pytest.raises(StoreError):
        halves(home)
    monkeypatch.undo()
    assert (files(home), Store(home).version()) == (content, log)
    assert profile_edit.heal(home) is None
    assert halves(home).alerts == 40


class Killed(BaseException):
    pass


def test_a_process_killed_before_the_commit_has_changed_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    content = files(home)

    def die(*_: Any) -> int:
        raise Killed

    monkeypatch.setattr(Store, "rewrite", die)
    monkeypatch.setattr(profile_versions, "_heal", lambda _: None)
    with pytest.raises(Killed):
        halves(home)
    monkeypatch.undo()
    told = profile_edit.heal(home)
    assert told is not None
    assert "had no effect" in told.text
    assert files(home) == content
    assert profile_edit.heal(home) is None


@pytest.mark.parametrize("swapped", [0, 1, 3])
def test_a_process_killed_after_the_commit_is_finished(
    home: Home, monkeypatch: pytest.MonkeyPatch, swapped: int
) -> None:
    write, done = profile_versions._write, []

    def die(path: Path, content: Any) -> None:
        if path.parent == home.city_folder:
            if len(done) == swapped:
                raise Killed
            done.append(path)
        write(path, content)

    monkeypatch.setattr(profile_versions, "_write", die)
    with pytest.raises(Killed):
        halves(home)
    monkeypatch.undo()
    told = profile_edit.heal(home)
    assert told is not None
    assert "finished" in told.text
    city = home.city()
    assert [area.id for area in city.districts] == ["west_side", "est_ete"]
    assert set(column(home, "profile_version")) == {city.version}
    assert not city.provisional


def test_alerts_of_another_version_are_counted_and_refreshed(home: Home) -> None:
    toml = home.city_folder / "city.toml"
    toml.write_text(toml.read_text("utf-8").replace("Europe/Paris", "Europe/Athens"), "utf-8")
    assert profile_edit.stale(home) == 40
    refresh(home)
    assert profile_edit.stale(home) == 0


@pytest.mark.parametrize("crs", [4326, 27700, 2154])
@pytest.mark.parametrize("form", ["geojson", "gpkg", "zip"])
def test_every_form_and_projection_gives_the_same_districts(tmp_path: Path, form: str, crs: int) -> None:
    frame = gpd.GeoDataFrame({"code": ["D1", "D2"], "label": list(HALVES)}, geometry=list(HALVES.values()), crs=4326)
    shape = tmp_path / f"in.{'shp' if form == 'zip' else form}"
    frame.to_crs(crs).to_file(shape)
    content = shape.read_bytes()
    if form == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path in tmp_path.glob("in.*"):
                archive.write(path, f"folder/{path.name}")
        content = packed.getvalue()
    areas = read_areas(content, f"in.{form}")
    assert propose_name_column(areas) == "label"
    assert areas.samples["code"] == ("D1", "D2")
    found = districts_of(areas)
    assert [area.labels["en"] for area in found] == list(HALVES)
    for area, shape_ in zip(found, HALVES.values(), strict=True):
        assert area.polygon.symmetric_difference(shape_).area < 1e-8
    assert str(crs) in areas.crs or crs == 4326


def test_broken_areas_are_repaired_counted_and_dissolved() -> None:
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    shapes = {"A": bow, "B": square(2, 2), "C": shapely.Point(1, 1), "D": shapely.Polygon()}
    areas = read_areas(geojson(shapes), "x.geojson")
    assert (len(areas), areas.repaired, areas.left_out) == (2, 1, 2)
    first = districts_of(areas, "name")[0].polygon
    assert first.is_valid
    assert first.area == pytest.approx(0.5)
    frame = gpd.GeoDataFrame({"name": ["A", "A"]}, geometry=[square(0, 0), square(5, 5)], crs=4326)
    (one,) = districts_of(read_areas(frame.to_json().encode(), "x.geojson"))
    assert one.id == "a"
    assert len(one.polygon.geoms) == 2


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 nothing", "cannot be read"),
        (b"SQLite format 3\0 nothing", "cannot be read"),
        (b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}', "cannot be read"),
        (b'<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>', "cannot be read"),
        (geojson({}), "no areas"),
        (geojson({"a": shapely.Point(1, 1)}), "no areas"),
        (geojson({"a": square(400000, 200000, 10)}), "coordinate system"),
    ],
)
def test_what_is_no_file_of_areas_is_refused(home: Home, content: bytes, match: str) -> None:
    before = files(home)
    with pytest.raises(ImportProblem, match=match):
        profile_edit.set_districts(home, read_areas(content, "x"))
    assert files(home) == before


def test_a_projection_can_be_told() -> None:
    shape = {"a": square(600000, 6800000, 100)}
    areas = read_areas(geojson(shape), "x.geojson", epsg=2154)
    assert areas.frame.geometry.iloc[0].centroid.x == pytest.approx(1.6, abs=0.2)
    with pytest.raises(ImportProblem, match="EPSG:1"):
        read_areas(geojson(shape), "x.geojson", epsg=1)


def test_names_that_are_missing_or_unknown_are_refused(home: Home) -> None:
    areas = read_areas(geojson({"A": square(2.3, 48.8), "": square(2.4, 48.8)}), "x.geojson")
    with pytest.raises(ImportProblem, match="area 2 has no name"):
        profile_edit.set_districts(home, areas, "name")
    with pytest.raises(ImportProblem, match="Which column"):
        profile_edit.set_districts(home, areas, "nothing")


def test_districts_elsewhere_are_said(home: Home, t: Translator) -> None:
    report = profile_edit.set_districts(home, read_areas(geojson({"A": square(10, 10)}), "x.geojson"))
    assert "Is it the right file?" in t(report.notes[-1])


def cells(rows: list[list[Any]], form: str) -> bytes:
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    if form == "xlsx":
        out = io.BytesIO()
        frame.to_excel(out, index=False)
        return out.getvalue()
    encoding = {"csv": "utf-8", "semicolon": "cp1253", "utf16": "utf-16"}[form]
    return frame.to_csv(index=False, sep=";" if form == "semicolon" else ",").encode(encoding)


@pytest.mark.parametrize("form", ["csv", "semicolon", "utf16", "xlsx"])
@pytest.mark.parametrize(
    "heads",
    [
        ["district", "women", "men"],
        ["Περιοχή", "Γυναίκες", "Άνδρες"],
        ["Quartier", "femmes", "hommes"],
        ["barrio", "Mujeres", "Hombres"],
        ["x", "Population, female", "Population, male"],
    ],
)
def test_residents_by_district_and_gender(home: Home, form: str, heads: list[str], t: Translator) -> None:
    halves(home)
    rows = [
        heads,
        ["WEST SIDE", "1.200", "1 100"],
        ["est_ete", "900", "1,000"],
        ["Total", "2100", "2100"],
        ["Mars", 1, 1],
    ]
    report = profile_edit.set_population(home, cells(rows, form), "p")
    people = home.city().population
    assert people is not None
    assert people.to_dict("list") == {
        "district": ["west_side", "est_ete"],
        "women": [1200, 900],
        "men": [1100, 1000],
        "total": [2300, 1900],
    }
    assert [t(note) for note in report.notes] == ["Names in the file that are no district: Mars."]
    assert set(column(home, "profile_version")) == {report.version}


def test_residents_in_the_long_form(home: Home, t: Translator) -> None:
    halves(home)
    rows = [["district", "age", "sex", "population"]]
    rows += [["West side", age, sex, n] for age in ("0-17", "18+") for sex, n in (("F", 10), ("M", 10), ("All", 21))]
    report = profile_edit.set_population(home, cells(rows, "csv"), "p.csv")
    people = home.city().population
    assert people is not None
    assert people.to_dict("records") == [{"district": "west_side", "women": 20, "men": 20, "total": 42}]
    assert [t(note) for note in report.notes] == ["Districts without a number: est_ete."]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([["district", "women"], ["Mars", "1"]], "None of the districts"),
        ([["district", "women"], ["West side", "many"]], "row 2, column women"),
        ([["district", "women"], ["West side", "-3"]], "row 2, column women"),
        ([["district", "colour"], ["West side", "1"]], "no column"),
        ([["district", "women"], ["West side", "1"], ["west_side", "2"]], "stands twice"),
        ([["district", "women", "men", "total"], ["West side", "5", "5", "7"]], "more than the total"),
        ([["district", "women"]], "no rows"),
    ],
)
def test_unusable_residents_are_refused(home: Home, rows: list[list[str]], match: str) -> None:
    halves(home)
    before = files(home)
    with pytest.raises(ImportProblem, match=match):
        profile_edit.set_population(home, cells(rows, "csv"), "p.csv")
    assert files(home) == before


def test_new_districts_drop_residents_of_old_ones(home: Home, t: Translator) -> None:
    halves(home)
    profile_edit.set_population(
        home, cells([["district", "total"], ["West side", "5"], ["Est Été", "6"]], "csv"), "p.csv"
    )
    report = profile_edit.set_districts(home, read_areas(geojson({"West side": square(2.33, 48.83)}), "x.geojson"))
    people = home.city().population
    assert people is not None
    assert people["district"].tolist() == ["west_side"]
    assert any("Residents" in t(note) for note in report.notes)
    profile_edit.set_districts(home, read_areas(geojson({"New": square(2.33, 48.83)}), "x.geojson"))
    assert home.city().population is None


def test_landmarks_from_a_table_and_from_points(home: Home) -> None:
    rows = [
        ["Name", "name_el", "lon", "lat", "radius"],
        ["Tower", "Πύργος", "2.35", "48.85", "5000"],
        ["Bridge", "", "2,4", "48,8", ""],
    ]
    profile_edit.set_landmarks(home, cells(rows, "semicolon"), "l.csv")
    first, second = home.city().landmarks
    assert (first.id, first.labels, first.radius) == ("tower", {"el": "Πύργος", "en": "Tower"}, 5000)
    assert (second.longitude, second.latitude, second.radius) == (2.4, 48.8, 300)
    assert set(column(home, "place")) == {"tower"}
    profile_edit.set_landmarks(home, geojson({"Column": shapely.Point(2.35, 48.85)}), "l.geojson")
    assert [mark.id for mark in home.city().landmarks] == ["column"]
    for bad, match in (
        ([["name", "lon"], ["x", "1"]], "longitude and latitude"),
        ([["name", "lon", "lat"], ["x", "1", "91"]], "row 2, column lat"),
        ([["name", "lon", "lat"], ["", "1", "1"]], "row 2"),
    ):
        with pytest.raises(ImportProblem, match=match):
            profile_edit.set_landmarks(home, cells(bad, "csv"), "l.csv")


def test_streets_are_lines(home: Home) -> None:
    lines = {
        "Main": shapely.LineString([(2.34, 48.84), (2.36, 48.86)]),
        "": shapely.LineString([(2.3, 48.8), (2.4, 48.9)]),
    }
    report = profile_edit.set_streets(home, read_areas(geojson(lines), "s.geojson", kind="line"), "name")
    assert report.n == 2
    assert [(street.id, street.labels["en"]) for street in home.city().streets] == [
        ("main", "Main"),
        ("street", "street"),
    ]
    with pytest.raises(ImportProblem, match="no lines"):
        read_areas(geojson(HALVES), "s.geojson", kind="line")


def test_categories_there_and_back(home: Home, t: Translator) -> None:
    table = categories_table(home.city())
    assert profile_edit.set_categories(home, table, "categories.csv").changed is False
    table.loc[0, ["kind", "sensitive", "group", "label_el"]] = ["incivility", "ναι", "Quiet", "Θόρυβος"]
    table.loc[1] = ["", "Offence", "quiet", "no", "", "Broken lamp", ""]
    profile_edit.set_categories(home, cells([list(table), *table.to_numpy().tolist()], "xlsx"), "c.xlsx")
    city = home.city()
    assert city.groups == {"quiet": {"en": "Quiet"}}
    assert {key: (c.kind, c.group, c.sensitive) for key, c in city.categories.items()} == {
        "noise": ("incivility", "quiet", True),
        "broken_lamp": ("offence", "quiet", False),
    }
    assert city.categories["noise"].labels == {"el": "Θόρυβος", "en": "Noise"}
    toml = (home.city_folder / "categories.toml").read_bytes()
    assert profile_edit.set_categories(home, toml, "categories.toml").changed is False
    report = profile_edit.set_categories(home, table.iloc[1:], "c.csv")
    assert "noise" in t(report.notes[0])
    assert column(home, "flags")[0] is not None
    assert "unknown_category" in column(home, "flags")[0]
    for change, match in (({"kind": "noise"}, "column kind"), ({"sensitive": "perhaps"}, "column sensitive")):
        with pytest.raises(ImportProblem, match=match):
            profile_edit.set_categories(home, table.assign(**change), "c.csv")
    with pytest.raises(ImportProblem, match="stands twice"):
        profile_edit.set_categories(home, pd.concat([table.iloc[:1]] * 2), "c.csv")
    with pytest.raises(ImportProblem, match="list of categories"):
        profile_edit.set_categories(home, b"category = 3", "c.toml")


def test_names_are_checked(home: Home) -> None:
    before = files(home)
    for wrong, match in (
        ({"timezone": "Europe/Lutetia"}, "time zone"),
        ({"epsg": 99}, "no coordinate system"),
        ({"epsg": 4326}, "metres"),
        ({"epsg": 2100}, "where this city is not"),
    ):
        with pytest.raises(ImportProblem, match=match):
            profile_edit.set_names(home, **wrong)  # type: ignore[arg-type]
    assert files(home) == before
    x = column(home, "x")[0]
    profile_edit.set_names(home, names={"el": 'Παρί"σι', "fr": "Paris"}, epsg=2154)
    city = home.city()
    assert (city.names, city.epsg, city.provisional) == ({"el": 'Παρί"σι', "fr": "Paris"}, 2154, True)
    assert column(home, "x")[0] != x
    profile_edit.confirm(home)
    assert not home.city().provisional


def test_an_edit_of_an_empty_home(tmp_path: Path) -> None:
    home = create_home(tmp_path)
    assert halves(home).alerts == 0
    assert Store(home).version() == "empty"
    assert profile_edit.heal(home) is None


@pytest.fixture(params=["lancashire_wards.gpkg", "vancouver_neighbourhoods.geojson"])
def borders(request: pytest.FixtureRequest) -> Path:
    path = BOUNDARIES / str(request.param)
    if not path.exists():
        pytest.skip("../shared/data is not here")
    return path


def test_a_second_city_works_without_code(tmp_path: Path, borders: Path) -> None:
    frame = gpd.read_file(borders).to_crs(4326)
    name = "ward_name" if "ward_name" in frame else "name"
    some = frame.drop_duplicates(name, keep=False).iloc[::3]
    inside = some.geometry.representative_point()
    home = begun(tmp_path / "home", np.repeat(np.column_stack([inside.x, inside.y]), 3, axis=0), borders.stem)
    assert home.city().provisional
    report = profile_edit.set_districts(home, read_areas(borders, borders.name))
    city = home.city()
    assert not city.provisional
    assert report.n == frame[name].nunique()
    labels = {area.id: area.labels["en"] for area in city.districts}
    assert [labels[key] for key in column(home, "district")] == np.repeat(some[name].to_numpy(), 3).tolist()
    assert all(column(home, "inside"))
    assert city.timezone == ("Europe/London" if name == "ward_name" else "America/Vancouver")
