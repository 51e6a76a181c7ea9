"""The city profile on the Data page: provisional until a city's own is given; every change can be taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from curim_data.importing.pipeline import import_file
from curim_data.model import Translator
from curim_data.model.labels import provisional_note
from curim_data.profile import versions as profile_versions
from curim_data.profile.provisional import NewCity, ensure_city
from curim_data.store import Home, Store
from tests.app.conftest import PAGES, SHELL, TIMEOUT, fine, texts_of, visit
from tests.effort import some

SQUARES = {"West": shapely.box(2.33, 48.83, 2.35, 48.87), "East": shapely.box(2.35, 48.83, 2.37, 48.87)}


def geojson(shapes: dict[str, shapely.Geometry] = SQUARES) -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}
        for name, shape in shapes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.fixture(scope="module")
def lutetia(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A provisional city of 60 alerts."""
    rng = np.random.default_rng(4)
    points = np.column_stack([rng.uniform(2.34, 2.36, 60), rng.uniform(48.84, 48.86, 60)])
    home = Home(tmp_path_factory.mktemp("lutetia"))
    ensure_city(home, NewCity(points, {"Noise": 60}, "Lutetia"))
    rows = [f"A{n};2025-0{n % 9 + 1}-11T20:15;noise;{lat};{lon}" for n, (lon, lat) in enumerate(points.tolist())]
    import_file(home, "\n".join(["alert_id;reported_at;category;latitude;longitude", *rows]).encode(), "a.csv")
    return home


@pytest.fixture
def home(lutetia: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of it that one test may change."""
    shutil.copytree(lutetia.path, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    return Home(tmp_path)


def opened(part: str = "") -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=TIMEOUT)
    app.query_params["lang"] = "en"
    app.query_params["part"] = "city"
    app.switch_page("data.py")
    if part:
        app.session_state["data_city_part"] = part
    fine(app.run())
    return app


def test_the_smallest_counts_can_be_raised_and_not_lowered(home: Home) -> None:
    app = opened("counts")
    ordinary, sensitive = app.number_input
    assert (ordinary.value, ordinary.min, sensitive.value, sensitive.min) == (5, 5, 10, 10)
    ordinary.set_value(8)
    sensitive.set_value(15)
    click(app, "data_city_least_save")
    assert home.city().least_counts == (8, 15)
    assert "8, in sensitive categories 15" in str([one.value for one in app.table])


def bring(app: AppTest, part: str, name: str, content: bytes) -> AppTest:
    (uploader,) = [one for one in app.file_uploader if str(one.key).startswith(f"data_city_{part}_")]
    file = (name, content, "application/octet-stream")
    uploader.set_value([file] if uploader.accept_multiple_files else file)
    return fine(app.run())


def click(app: AppTest, key: str) -> AppTest:
    return fine(app.button(key=key).click().run())


@pytest.mark.usefixtures("home")
@some("name", PAGES)
def test_a_provisional_city_is_said_on_every_page_and_no_page_needs_districts(name: str, t: Translator) -> None:
    app = visit(name)
    assert provisional_note(t) in texts_of(app)


def test_districts_are_looked_at_then_given_and_taken_back(home: Home) -> None:
    first = home.city().version
    app = bring(opened(), "districts", "d.geojson", geojson())
    assert home.city().version == first
    shown = [table.value for table in app.dataframe if "km2" in table.value]
    assert shown[0]["name"].tolist() == ["West", "East"]
    click(app, "data_city_use")
    assert "60 alerts were updated" in texts_of(app)
    city = home.city()
    assert [area.id for area in city.districts] == ["west", "east"]
    assert not city.provisional
    assert "provisional" not in texts_of(app)
    assert set(Store(home).read(["district"])["district"].to_pylist()) == {"west", "east"}
    app = opened("versions")
    click(app, "data_city_restore")
    assert home.city().version == first
    assert "provisional" in texts_of(app)


def test_residents_landmarks_and_categories(home: Home) -> None:
    click(bring(opened(), "districts", "d.geojson", geojson()), "data_city_use")
    app = bring(opened("population"), "population", "p.csv", b"district,women,men\nWest,10,9\nMoon,1,1\n")
    assert "Names in the file that are no district: Moon." in texts_of(app)
    assert "Districts without a number: East." in texts_of(app)
    click(app, "data_city_use")
    people = home.city().population
    assert people is not None
    assert people["total"].tolist() == [19]
    app = bring(opened("landmarks"), "landmarks", "l.csv", b"name,longitude,latitude\nTower,2.35,48.85\n")
    click(app, "data_city_use")
    assert [mark.id for mark in home.city().landmarks] == ["tower"]
    app = bring(opened("categories"), "categories", "c.csv", b"id,kind,label_en\nnoise,incivility,Loud noise\n")
    click(app, "data_city_use")
    assert home.city().categories["noise"].labels["en"] == "Loud noise"
    assert len(profile_versions.versions(home)) == 5


def test_name_and_zone_are_saved_and_the_profile_accepted(home: Home) -> None:
    app = opened("names")
    version = home.city().version
    app.text_input(key=f"data_city_name_el_{version}").set_value("Λουτέτια")
    click(app, "data_city_save")
    assert home.city().names == {"el": "Λουτέτια"}  # the others only stood for a name
    click(app, "data_city_accept")
    assert not home.city().provisional


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("part", ["land", "streets"])
def test_parts_that_no_other_test_opens(part: str) -> None:
    assert any(str(one.key).startswith(f"data_city_{part}_") for one in opened(part).file_uploader)


def test_a_change_that_was_cut_short_is_told_once(home: Home) -> None:
    versions = profile_versions.versions_folder(home)
    versions.mkdir()
    (versions / profile_versions.NEXT).write_text(json.dumps({"from": "a", "to": "b"}), "utf-8")
    app = opened()
    assert "was cut short and had no effect" in texts_of(app)
    assert "was cut short" not in texts_of(app.run())
