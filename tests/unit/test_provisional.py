"""A profile from the first data: the place gives projection and time zone, the points the area; how it is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import sample_data
from curim_data.importing import pipeline
from curim_data.model import Answers, CityProfile, ImportProblem, Question
from curim_data.model.city import load_city
from curim_data.profile.provisional import (
    NewCity,
    category_list,
    choose_profile,
    ensure_city,
    gathered,
    names_for,
    provisional_profile,
    time_zone,
    utm,
)
from curim_data.store import Home, Store, StoreError

RNG = np.random.default_rng(7)


def cloud(longitude: float, latitude: float, n: int, spread: float = 0.03) -> np.ndarray:
    return np.column_stack([RNG.normal(longitude, spread, n), RNG.normal(latitude, spread, n)])


def profile_of(folder: Path, points: Any, categories: dict[str, int], name: str) -> CityProfile:
    return provisional_profile(folder, NewCity(points, categories, name), *gathered(points))


def inside(land: shapely.Geometry, points: np.ndarray) -> float:
    return float(shapely.intersects_xy(land, points[:, 0], points[:, 1]).mean())


@pytest.mark.parametrize(
    ("place", "epsg", "zone"),
    [
        ((-123.1, 49.25), 32610, "America/Vancouver"), ((-3.70, 40.42), 32630, "Europe/Madrid"),
        ((23.73, 37.98), 32634, "Europe/Athens"), ((151.2, -33.87), 32756, "Australia/Sydney"),
        ((-43.2, -22.9), 32723, "America/Sao_Paulo"),
    ],
)  # fmt: skip
def test_projection_and_time_zone_come_from_the_place(
    tmp_path: Path, place: tuple[float, float], epsg: int, zone: str
) -> None:
    points = cloud(*place, 3000)
    city = profile_of(tmp_path, points, {"Noise": 3}, "Here")
    assert (city.provisional, city.illustrative, city.epsg, city.timezone) == (True, False, epsg, zone)
    assert inside(city.land, points) > 0.95
    x, y = city.project([place[0], place[0]], [place[1], place[1] + 0.01])
    assert np.hypot(np.diff(x), np.diff(y))[0] == pytest.approx(1110, rel=0.01)
    assert city.land_metres.area / 1e6 < 800


def test_strays_and_piles_stay_out(tmp_path: Path) -> None:
    strays = np.column_stack([RNG.uniform(-180, 180, 60), RNG.uniform(-85, 85, 60)])
    pile = np.tile([[10.0, 50.0]], (300, 1))
    city = profile_of(tmp_path, np.vstack([cloud(2.35, 48.85, 5000), strays, pile]), {}, "Paris")
    assert inside(city.land, np.array([[2.35, 48.85]])) == 1
    assert not shapely.intersects_xy(city.land, 10.0, 50.0)
    west, south, east, north = city.land.bounds
    assert east - west < 1
    assert north - south < 1


def test_two_parts_of_a_city_stay(tmp_path: Path) -> None:
    city = profile_of(tmp_path, np.vstack([cloud(23.7, 38, 3000), cloud(24.6, 38, 300)]), {}, "Two")
    assert shapely.intersects_xy(city.land, [23.7, 24.6], [38, 38]).all()


def test_a_hole_in_the_middle_is_filled(tmp_path: Path) -> None:
    angle = RNG.uniform(0, 2 * np.pi, 4000)
    ring = np.column_stack([23.7 + 0.05 * np.cos(angle), 38 + 0.05 * np.sin(angle)])
    assert shapely.intersects_xy(profile_of(tmp_path, ring, {}, "Ring").land, 23.7, 38)


def test_no_point_is_refused_with_a_way_on(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="--city"):
        profile_of(tmp_path / "a", np.array([[np.nan, 1.0], [200.0, 5.0]]), {}, "Nowhere")
    with pytest.raises(ImportProblem):
        ensure_city(Home(tmp_path / "home"), NewCity(iter(()), {}, "Nowhere"))
    assert not Home(tmp_path / "home").has_city()
    assert [path.name for path in (tmp_path / "home").iterdir()] == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-85, 85)), min_size=1, max_size=12), st.integers(1, 30))
def test_any_points_give_a_city(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, float]], n: int
) -> None:
    city = profile_of(tmp_path_factory.mktemp("city"), np.array(places * n), {"x": 1}, "Any")
    assert city.land.is_valid
    assert city.land.area > 0
    assert set(shapely.get_type_id(shapely.get_parts(city.land))) == {3}
    west, south, east, north = city.land.bounds
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90
    assert east - west < 180


def test_blocks_give_what_the_whole_gives(tmp_path: Path) -> None:
    points = cloud(23.7, 38, 4000)
    whole = profile_of(tmp_path / "a", points, {}, "One")
    parts = profile_of(tmp_path / "b", iter(np.array_split(points, 7)), {}, "One")
    assert whole.version == parts.version


def test_categories_are_those_of_the_file(tmp_path: Path) -> None:
    told = {"Theft": 5, " theft": 1, "Sexual harassment": 3, "Noise, loud": 9, "": 4, "!!": 1}
    city = profile_of(tmp_path, cloud(2.3, 48.8, 50), told, "Paris")
    assert list(city.categories) == ["noise_loud", "theft", "sexual_harassment", "category"]
    assert city.categories["noise_loud"].labels == {"en": "Noise, loud"}
    assert city.sensitive == {"sexual_harassment"}
    many = profile_of(tmp_path / "m", cloud(2.3, 48.8, 50), {f"Kind {n}": n for n in range(300)}, "Paris")
    assert len(many.categories) == 200
    assert "kind_299" in many.categories
    assert "kind_99" not in many.categories


def test_a_shipped_city_is_taken_where_its_data_are(tmp_path: Path) -> None:
    piraeus = cloud(23.645, 37.945, 500, 0.004)
    paris = cloud(2.3, 48.8, 50)
    assert choose_profile(tmp_path / "a", NewCity(piraeus, {}, "file")) == sample_data.PROFILE
    assert choose_profile(tmp_path / "b", NewCity(paris, {}, "file")) == tmp_path / "b"
    assert choose_profile(tmp_path / "c", NewCity(paris, {}, "file", city="Πειραιάς")) == sample_data.PROFILE
    named = choose_profile(tmp_path / "d", NewCity(piraeus, {}, "file", city="Drapetsona"))
    assert load_city(named).names == {"en": "Drapetsona"}


def test_zones_at_the_edges() -> None:
    assert (utm(180, 10), utm(-180, -10), utm(0, 89), utm(0, -89)) == (32660, 32701, 32661, 32761)
    assert time_zone((-30.0, 0.0), (23.7, 38.0)) == "Europe/Athens"
    assert time_zone((-30.0, 0.0)).startswith("Etc/")


def test_cells_that_parts_of_the_land_share_are_counted_once(tmp_path: Path) -> None:
    city = profile_of(tmp_path, cloud(2.35, 48.85, 500), {}, "Two banks")
    banks = shapely.MultiPolygon([shapely.box(2.30, 48.8, 2.35, 48.85), shapely.box(2.3501, 48.8, 2.40, 48.85)])
    city = replace(city, land=banks)
    cells = city.land_cells(9)
    assert cells.index.is_unique
    assert cells.sum() == pytest.approx(city.land_metres.area / 1e6, rel=1e-9)


def test_a_category_without_a_kind_of_its_own_has_that_of_most_alerts() -> None:
    accidents = {"Caída": 270, "Colisión lateral": 98, "Alcance": 116, "Otro": 7}
    assert {one.kind for one in category_list(accidents)} == {"risk"}
    assert [one.kind for one in category_list({"Theft": 60, "Graffiti": 50})] == ["offence", "incivility"]


def test_of_two_first_imports_at_once_the_slower_one_does_not_stay_with_a_city_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export(longitude: float, latitude: float) -> bytes:
        lines = [
            f"{n},2025-03-{n % 28 + 1:02d}T10:00,Noise,{y},{x}"
            for n, (x, y) in enumerate(cloud(longitude, latitude, 200))
        ]
        return "\n".join(["id,date,category,lat,lon", *lines]).encode()

    home = Home(tmp_path / "home")
    madrid, vancouver = export(-3.70, 40.42), export(-123.1, 49.25)
    compare = pipeline.compare_with_previous

    def overtaken(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(pipeline, "compare_with_previous", compare)
        pipeline.import_file(home, madrid, "madrid.csv")
        return compare(*given, **more)

    monkeypatch.setattr(pipeline, "compare_with_previous", overtaken)
    with pytest.raises(StoreError, match="its city"):
        pipeline.import_file(home, vancouver, "vancouver.csv")
    assert home.city().timezone == "Europe/Madrid"
    assert [batch.file_name for batch in Store(home).batches()] == ["madrid.csv"]
    with pytest.raises(Question, match="right city"):
        pipeline.import_file(home, vancouver, "vancouver.csv")


def test_a_part_of_a_city_that_is_known_is_refused_and_not_ignored(tmp_path: Path) -> None:
    rows = [f"a{at},2025-03-{1 + at % 28:02d} 10:15,theft,37.94{at % 10},23.64{at % 7}" for at in range(40)]
    file = tmp_path / "march.csv"
    file.write_text("\n".join(["id,date,category,latitude,longitude", *rows]) + "\n", "utf-8")
    circle = Answers(area="23.643,37.945,2")
    with pytest.raises(ImportProblem, match="Piraeus"):
        pipeline.import_file(Home(tmp_path / "refused"), file, "march.csv", answers=circle)
    assert not Home(tmp_path / "refused").has_city()
    own = Home(tmp_path / "own")
    assert pipeline.import_file(own, file, "march.csv", answers=circle, city_name="Own").batch.accepted == 40
    assert own.city().part


@pytest.mark.parametrize(
    ("file", "place", "names"),
    [
        ("chicago_aggravated_assaults", (-87.7, 41.9), {"en": "Chicago", "el": "Σικάγο", "fr": "Chicago"}),
        ("2018-11-city-of-london-street", (-0.1, 51.5), {"en": "London", "el": "Λονδίνο", "fr": "Londres"}),
        ("Calls new york 2024", (-73.9, 40.7), {"en": "New York", "el": "Νέα Υόρκη", "fr": "New York"}),
        ("nypd_shootings_historic", (-73.9, 40.7), {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}),
        ("reports of paris", (-95.5, 33.7), {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}),
        ("", (0.0, 0.0), {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}),
    ],
)
def test_no_city_is_called_by_its_file(file: str, place: tuple[float, float], names: dict[str, str]) -> None:
    """The city of that name where it lies there; Paris in Texas is not it."""
    assert names_for(file, *place) == names
