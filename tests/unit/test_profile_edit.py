"""Edits of a city's profile: understood, repaired, refused whole, a version each, and the alerts go along;
residents, landmarks, streets and categories from tables; the version of a profile, by what its files hold."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from curim_data.importing.pipeline import import_file, preview
from curim_data.model import ImportProblem, Translator, translator
from curim_data.model.city import profile_version
from curim_data.profile import edit, versions
from curim_data.profile.edit import districts_of
from curim_data.profile.provisional import names_table
from curim_data.profile.shapes import propose_name_column, read_areas
from curim_data.profile.tables import categories_table, read_table
from curim_data.store import Home, Store, StoreError
from curim_data.store import home as store_home
from curim_data.store.home import create_home
from tests.edited import HALVES, begun, column, files, geojson, halves, square
from tests.effort import FULL, some

BOUNDARIES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "boundaries"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A provisional city of 40 alerts in a square of about a kilometre."""
    rng = np.random.default_rng(3)
    return begun(tmp_path / "home", np.column_stack([rng.uniform(2.345, 2.355, 40), rng.uniform(48.845, 48.855, 40)]))


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
    assert edit.stale_count(home) == 0
    assert halves(home).changed is False


def test_districts_of_another_place_are_told(home: Home) -> None:
    """And the land can be kept."""
    land = home.city().land
    areas = read_areas(geojson({**HALVES, "Far away": square(10.0, 50.0)}), "areas.geojson")
    notes = edit.set_districts(home, areas, with_land=False).notes
    assert home.city().land.equals(land)
    assert home.city().provisional
    assert [note.values for note in notes if "study area" in note.text] == [{"away": 1, "of": 3}]


def test_every_version_can_be_given_back(home: Home) -> None:
    first, content = home.city().version, files(home)
    halves(home)
    edit.set_names(home, "Lutetia", timezone="Europe/Brussels")
    last = home.city().version
    listed = edit.versions(home)
    assert [version.id for version in listed if version.current] == [last]
    assert {version.what for version in listed} == {"first", "districts", "names"}
    made = edit.restore_version(home, first[:6])
    assert (made.version, made.alerts) == (first, 40)
    assert files(home) == content
    assert set(column(home, "district")) == {None}
    edit.restore_version(home, last)
    assert home.city().timezone == "Europe/Brussels"
    assert len(edit.versions(home)) == 3
    with pytest.raises(ImportProblem, match="city versions"):
        edit.restore_version(home, "ffff")


def test_a_commit_that_fails_leaves_the_old_profile(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    content, log = files(home), Store(home).version()

    def fail(*_: Any) -> int:
        raise StoreError(edit.Message("busy"))

    monkeypatch.setattr(Store, "rewrite", fail)
    with pytest.raises(StoreError):
        halves(home)
    monkeypatch.undo()
    assert (files(home), Store(home).version()) == (content, log)
    assert edit.finish_interrupted_change(home) is None
    assert halves(home).alerts == 40


class Killed(BaseException):
    pass


def test_a_process_killed_before_the_commit_has_changed_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    content = files(home)

    def die(*_: Any) -> int:
        raise Killed

    monkeypatch.setattr(Store, "rewrite", die)
    monkeypatch.setattr(versions, "_heal", lambda _: None)
    with pytest.raises(Killed):
        halves(home)
    monkeypatch.undo()
    told = edit.finish_interrupted_change(home)
    assert told is not None
    assert "had no effect" in told.text
    assert files(home) == content
    assert edit.finish_interrupted_change(home) is None


@pytest.mark.parametrize("swapped", [0, 1, 3])
def test_a_process_killed_after_the_commit_is_finished(
    home: Home, monkeypatch: pytest.MonkeyPatch, swapped: int
) -> None:
    write, done = store_home.write_whole, []

    def die(path: Path, content: Any) -> None:
        if path.parent == home.city_folder:
            if len(done) == swapped:
                raise Killed
            done.append(path)
        write(path, content)

    monkeypatch.setattr(store_home, "write_whole", die)
    with pytest.raises(Killed):
        halves(home)
    monkeypatch.undo()
    told = edit.finish_interrupted_change(home)
    assert told is not None
    assert "finished" in told.text
    city = home.city()
    assert [area.id for area in city.districts] == ["west_side", "est_ete"]
    assert set(column(home, "profile_version")) == {city.version}
    assert not city.provisional


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
    if form == "zip":
        (layer,) = areas.layers
        assert len(read_areas(content, "in.zip", layer=f"{layer}.shp")) == len(areas)


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
        (geojson({}), "no Polygon"),
        (geojson({"a": shapely.Point(1, 1)}), "no Polygon"),
        (geojson({"a": square(400000, 200000, 10)}), "coordinate system"),
    ],
)
def test_what_is_no_file_of_areas_is_refused(home: Home, content: bytes, match: str) -> None:
    before = files(home)
    with pytest.raises(ImportProblem, match=match):
        edit.set_districts(home, read_areas(content, "x"))
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
        edit.set_districts(home, areas, "name")
    with pytest.raises(ImportProblem, match="Which column"):
        edit.set_districts(home, areas, "nothing")


def test_districts_elsewhere_are_said(home: Home, t: Translator) -> None:
    report = edit.set_districts(home, read_areas(geojson({"A": square(10, 10)}), "x.geojson"))
    assert "Is it the right file?" in t(report.notes[-1])


@pytest.fixture(params=["vancouver_neighbourhoods.geojson", *(["lancashire_wards.gpkg"] if FULL else [])])
def borders(request: pytest.FixtureRequest) -> Path:
    path = BOUNDARIES / str(request.param)
    if not path.exists():
        pytest.skip("../shared/data is not here")
    return path


@pytest.mark.slow
def test_a_second_city_works_without_code(tmp_path: Path, borders: Path) -> None:
    frame = gpd.read_file(borders).to_crs(4326)
    name = "ward_name" if "ward_name" in frame else "name"
    some = frame.drop_duplicates(name, keep=False).iloc[::3]
    inside = some.geometry.representative_point()
    home = begun(tmp_path / "home", np.repeat(np.column_stack([inside.x, inside.y]), 3, axis=0), borders.stem)
    assert home.city().provisional
    report = edit.set_districts(home, read_areas(borders, borders.name))
    city = home.city()
    assert not city.provisional
    assert report.n == len(frame)
    labels = {area.id: area.labels["en"] for area in city.districts}
    assert [labels[key] for key in column(home, "district")] == np.repeat(some[name].to_numpy(), 3).tolist()
    assert all(column(home, "inside"))
    assert city.timezone == ("Europe/London" if name == "ward_name" else "America/Vancouver")


def test_areas_of_one_name_in_several_towns_stay_apart_by_their_codes() -> None:
    rows = {
        "ward_name": ["Park", "Park", "Quay"],
        "ward_code": ["E05000001", "E05000002", "E05000003"],
        "fid": [1, 2, 3],
    }
    shapes = [square(2.0, 48.0), square(3.0, 48.0), square(4.0, 48.0)]
    areas = read_areas(gpd.GeoDataFrame(rows, geometry=shapes, crs=4326).to_json().encode(), "wards.geojson")
    found = districts_of(areas)
    assert [area.labels["en"] for area in found] == ["Park (E05000001)", "Park (E05000002)", "Quay"]
    (note,) = edit.area_notes(areas, found)
    assert translator("en")(note).startswith("2 districts share their name")
    assert [area.labels["en"] for area in districts_of(areas, apart=None)] == ["Park", "Quay"]
    parts = areas.frame.drop(columns="ward_code")
    one = read_areas(parts.to_json().encode(), "islands.geojson")
    assert len(districts_of(one)) == 2


def test_categories_named_after_an_export_are_no_repair_once_the_city_has_districts(home: Home) -> None:
    halves(home)
    content = b"ref,when,type of event,lat,lon\n" + b"\n".join(
        b"R%d,2026-01-%02d 10:00,Other Theft,48.85%d,2.35%d" % (n, 1 + n % 28, n % 10, n % 7) for n in range(40)
    )
    edit.set_categories(home, b"id,label_en,kind\nother_theft,Other Theft,offence\n", "list.csv")
    report = preview(content, "thefts.csv", home.city(), home=home).report
    assert (report.batch.accepted, report.batch.repaired) == (40, 0)
    assert not report.unknown


def test_a_new_kind_of_a_category_reaches_stored_alerts_but_not_those_whose_kind_the_source_told(
    tmp_path: Path,
) -> None:
    home = create_home(tmp_path / "home")
    derived = b"id,date,category,latitude,longitude\n1,2025-03-01,graffiti,37.943,23.647\n"
    told = b"id,date,kind,category,latitude,longitude\n2,2025-03-01,offence,graffiti,37.943,23.647\n"
    for name, content in (("derived.csv", derived), ("told.csv", told)):
        import_file(home, content, name)
    assert sorted(column(home, "kind")) == ["incivility", "offence"]
    edit.set_categories(home, b"id,label_en,kind\ngraffiti,Graffiti,risk\n", "list.csv")
    assert sorted(column(home, "kind")) == ["offence", "risk"]
    assert [import_file(home, content, name).batch.duplicate for name, content in (("d", derived), ("t", told))] == [
        1,
        1,
    ]


def cells(rows: list[list[Any]], form: str) -> bytes:
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    if form == "xlsx":
        out = io.BytesIO()
        frame.to_excel(out, index=False)
        return out.getvalue()
    encoding = {"csv": "utf-8", "semicolon": "cp1253", "utf16": "utf-16"}[form]
    return frame.to_csv(index=False, sep=";" if form == "semicolon" else ",").encode(encoding)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "semicolon", "utf16", "xlsx"])
@some(
    "heads",
    [
        ["district", "women", "men"], ["Περιοχή", "Γυναίκες", "Άνδρες"], ["Quartier", "femmes", "hommes"],
        ["barrio", "Mujeres", "Hombres"], ["x", "Population, female", "Population, male"],
    ],
)  # fmt: skip
def test_residents_by_district_and_gender(home: Home, form: str, heads: list[str], t: Translator) -> None:
    halves(home)
    rows = [
        heads, ["WEST SIDE", "1.200", "1 100"], ["est_ete", "900", "1,000"], ["Total", "2100", "2100"],
        ["Mars", 1, 1],
    ]  # fmt: skip
    report = edit.set_population(home, cells(rows, form), "p")
    people = home.city().population
    assert people is not None
    assert people.to_dict("list") == {
        "district": ["west_side", "est_ete"], "women": [1200, 900], "men": [1100, 1000], "total": [2300, 1900],
    }  # fmt: skip
    assert [t(note) for note in report.notes] == ["Names in the file that are no district: Mars."]
    assert set(column(home, "profile_version")) == {report.version}


def test_residents_in_the_long_form(home: Home, t: Translator) -> None:
    halves(home)
    rows = [["district", "age", "sex", "population"]]
    rows += [["West side", age, sex, n] for age in ("0-17", "18+") for sex, n in (("F", 10), ("M", 10), ("All", 21))]
    report = edit.set_population(home, cells(rows, "csv"), "p.csv")
    people = home.city().population
    assert people is not None
    assert people.to_dict("records") == [{"district": "west_side", "women": 20, "men": 20, "total": 42}]
    assert [t(note) for note in report.notes] == ["Districts without a number: Est Été."]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_one_column_is_a_table(form: str) -> None:
    table = read_table(cells([["label"], ["Noise"], ["Litter"]], form), "categories")
    assert table["label"].tolist() == ["Noise", "Litter"]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([["district", "women"], ["Mars", "1"]], "None of the districts"),
        ([["district", "women"], ["West side", "many"]], "row 2, column women"),
        ([["district", "women"], ["West side", "-3"]], "row 2, column women"),
        ([["district", "colour"], ["West side", "1"]], "lacks columns"),
        ([["district", "women"], ["West side", "1"], ["west_side", "2"]], "stands twice"),
        ([["district", "women", "men", "total"], ["West side", "5", "5", "7"]], "more than the total"),
        ([["district", "women"]], "no rows"),
    ],
)
def test_unusable_residents_are_refused(home: Home, rows: list[list[str]], match: str) -> None:
    halves(home)
    before = files(home)
    with pytest.raises(ImportProblem, match=match):
        edit.set_population(home, cells(rows, "csv"), "p.csv")
    assert files(home) == before


def test_new_districts_drop_residents_of_old_ones(home: Home, t: Translator) -> None:
    halves(home)
    edit.set_population(home, cells([["district", "total"], ["West side", "5"], ["Est Été", "6"]], "csv"), "p.csv")
    report = edit.set_districts(home, read_areas(geojson({"West side": square(2.33, 48.83)}), "x.geojson"))
    people = home.city().population
    assert people is not None
    assert people["district"].tolist() == ["west_side"]
    assert any("Residents" in t(note) for note in report.notes)
    edit.set_districts(home, read_areas(geojson({"New": square(2.33, 48.83)}), "x.geojson"))
    assert home.city().population is None


def test_landmarks_from_a_table_and_from_points(home: Home) -> None:
    rows = [
        ["Name", "name_el", "lon", "lat", "radius"],
        ["Tower", "Πύργος", "2.35", "48.85", "5000"],
        ["Bridge", "", "2,4", "48,8", ""],
    ]
    edit.set_landmarks(home, cells(rows, "semicolon"), "l.csv")
    first, second = home.city().landmarks
    assert (first.id, first.labels, first.radius) == ("tower", {"el": "Πύργος", "en": "Tower"}, 5000)
    assert (second.longitude, second.latitude, second.radius) == (2.4, 48.8, 300)
    assert set(column(home, "place")) == {"tower"}
    edit.set_landmarks(home, geojson({"Column": shapely.Point(2.35, 48.85)}), "l.geojson")
    assert [mark.id for mark in home.city().landmarks] == ["column"]
    for bad, match in (
        ([["name", "lon"], ["x", "1"]], "name, longitude, latitude"),
        ([["name", "lon", "lat"], ["x", "1", "91"]], "row 2, column lat"),
        ([["name", "lon", "lat"], ["", "1", "1"]], "row 2"),
    ):
        with pytest.raises(ImportProblem, match=match):
            edit.set_landmarks(home, cells(bad, "csv"), "l.csv")


def test_categories_there_and_back(home: Home, t: Translator) -> None:
    table = categories_table(home.city().categories.values())
    assert edit.set_categories(home, table, "categories.csv").changed is False
    table.loc[0, ["kind", "sensitive", "group", "label_el"]] = ["incivility", "ναι", "Quiet", "Θόρυβος"]
    table.loc[1] = ["", "Offence", "quiet", "no", "", "Broken lamp", ""]
    edit.set_categories(home, cells([list(table), *table.to_numpy().tolist()], "xlsx"), "c.xlsx")
    city = home.city()
    assert city.groups == {"quiet": {"en": "Quiet"}}
    assert {key: (c.kind, c.group, c.sensitive) for key, c in city.categories.items()} == {
        "noise": ("incivility", "quiet", True),
        "broken_lamp": ("offence", "quiet", False),
    }
    assert city.categories["noise"].labels == {"el": "Θόρυβος", "en": "Noise"}
    toml = (home.city_folder / "categories.toml").read_bytes()
    weighed = toml.replace(b"sensitive = true", b"sensitive = true\nharm = 2.5")  # an entry that earlier versions had
    assert weighed != toml
    assert edit.set_categories(home, weighed, "categories.toml").changed is False
    (home.city_folder / "categories.toml").write_bytes(weighed)
    assert home.city().categories == city.categories
    (home.city_folder / "categories.toml").write_bytes(toml)
    assert edit.set_categories(home, table.assign(harm="much"), "c.csv").changed is False
    report = edit.set_categories(home, table.iloc[1:], "c.csv")
    assert "No longer in the list: Noise." in t(report.notes[0])
    assert column(home, "flags")[0] is not None
    assert "unknown_category" in column(home, "flags")[0]
    for change, match in (({"kind": "noise"}, "column kind"), ({"sensitive": "perhaps"}, "column sensitive")):
        with pytest.raises(ImportProblem, match=match):
            edit.set_categories(home, table.assign(**change), "c.csv")
    with pytest.raises(ImportProblem, match="stands twice"):
        edit.set_categories(home, pd.concat([table.iloc[:1]] * 2), "c.csv")
    with pytest.raises(ImportProblem, match="list of categories"):
        edit.set_categories(home, b"category = 3", "c.toml")


def test_names_are_checked(home: Home) -> None:
    before = files(home)
    for wrong, match in (
        ({"timezone": "Europe/Lutetia"}, "time zone"),
        ({"epsg": 99}, "no coordinate system"),
        ({"epsg": 4326}, "metres"),
        ({"epsg": 2100}, "where this city is not"),
    ):
        with pytest.raises(ImportProblem, match=match):
            edit.set_names(home, **wrong)  # type: ignore[arg-type]
    assert files(home) == before
    x = column(home, "x")[0]
    edit.set_names(home, names={"el": 'Παρί"σι', "fr": "Paris"}, epsg=2154)
    city = home.city()
    assert (city.names, city.epsg, city.provisional) == ({"el": 'Παρί"σι', "fr": "Paris"}, 2154, True)
    assert column(home, "x")[0] != x
    edit.confirm_provisional(home)
    assert not home.city().provisional


def test_an_edit_of_an_empty_home(tmp_path: Path) -> None:
    home = create_home(tmp_path)
    assert halves(home).alerts == 0
    assert Store(home).version() == "empty"
    assert edit.finish_interrupted_change(home) is None


@pytest.mark.parametrize("form", ["frame", "csv", "toml"])
def test_a_table_without_a_column_of_what_is_sensitive_leaves_it_as_it_was(
    home: Home, form: str, t: Translator
) -> None:
    def held() -> dict[str, bool]:
        return {one.id: one.sensitive for one in home.city().categories.values()}

    first = categories_table(home.city().categories.values()).assign(sensitive="yes")
    edit.set_categories(home, pd.concat([first, names_table(["Theft"])]), "c.csv")
    table, before = categories_table(home.city().categories.values()), held()
    assert len(set(before.values())) == 2
    other = table.drop(columns="sensitive")
    other["label_en"] = other["label_en"] + " (new)"
    toml = (home.city_folder / "categories.toml").read_text()
    toml = "\n".join(line for line in toml.splitlines() if not line.startswith("sensitive"))
    content = {"frame": other, "csv": other.to_csv(index=False).encode(), "toml": toml.encode()}[form]
    report = edit.set_categories(home, content, f"c.{form.replace('frame', 'csv')}")
    assert held() == before
    assert any("no column sensitive" in t(note) for note in report.notes)
    edit.set_categories(home, table.assign(sensitive="no"), "c.csv")
    assert not any(held().values())  # a column that is there takes it away


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_filled_cells_beyond_the_headings_are_an_error_that_names_the_row(form: str, t: Translator) -> None:
    """A comma in a name without quotation marks shifted the cells, and the last one was lost without a word."""
    lines = ["name,longitude,latitude", "Square,2.35,48.85,,", "Hall, the old one,2.351,48.851", "Gate,2.352,48.852"]
    content = "\n".join(lines).encode()
    if form == "xlsx":
        out = io.BytesIO()
        frame = pd.DataFrame(
            {at: pd.Series([line.split(",")[at : at + 1] for line in lines]).str[0] for at in range(5)}
        )
        frame.to_excel(out, index=False, header=False)
        content = out.getvalue()
    with pytest.raises(ImportProblem) as refused:
        read_table(content, f"l.{form}")
    said = t(refused.value.message)
    assert "row 3:" in said
    assert "“48.851” stands beyond the last heading" in said
    kept = read_table("\n".join(lines[:2]).encode(), "l.csv")
    assert kept.to_dict("records") == [{"name": "Square", "longitude": "2.35", "latitude": "48.85"}]


@pytest.fixture
def folder(sample: Home, tmp_path: Path) -> Path:
    shutil.copytree(sample.city_folder, tmp_path / "city")
    return tmp_path / "city"


def test_files_that_did_not_change_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = profile_version(folder)
    monkeypatch.setattr(Path, "read_bytes", None)
    assert profile_version(folder) == version


@pytest.mark.parametrize("change", ["edit", "same size and time", "another file in its place", "removed", "added"])
def test_every_change_gives_another_version(folder: Path, change: str) -> None:
    version, head = profile_version(folder), folder / "city.toml"
    text, times = head.read_text("utf-8"), head.stat()
    if change == "removed":
        (folder / "landmarks.toml").unlink()
    elif change == "added":
        (folder / "water.geojson").write_text("{}", "utf-8")
    else:
        written = folder / "new" if change == "another file in its place" else head
        written.write_text(text + "\n" if change == "edit" else text.replace("zoom", "ZOOM", 1), "utf-8")
        if change != "edit":
            os.utime(written, ns=(times.st_atime_ns, times.st_mtime_ns))
        written.replace(head)
    assert profile_version(folder) != version
