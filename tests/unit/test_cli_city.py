"""The commands of the city's profile: one JSON object each, one line for what cannot be used, a way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from curim_data.store import Home
from tests.commands import Curim


def shapes(path: Path, **named: shapely.Geometry) -> Path:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}
        for name, shape in named.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


@pytest.mark.slow
def test_a_city_from_its_districts_on(curim: Curim, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    def answer(*words: str) -> dict[str, Any]:
        return curim.answer(home, "city", *words)

    west, east = shapely.box(2.33, 48.83, 2.35, 48.87), shapely.box(2.35, 48.83, 2.37, 48.87)
    areas = shapes(tmp_path / "Lutetia.geojson", West=west, East=east)
    told = answer("districts", str(areas), "--names-in", "fr")
    assert (told["n"], told["alerts"], told["notes"]) == (2, 0, [])
    shown = answer("show")
    assert (shown["city"], shown["provisional"], shown["districts"]) == ("Lutetia", False, ["west", "east"])
    assert (shown["epsg"], shown["timezone"]) == (32631, "Europe/Paris")
    people = tmp_path / "p.csv"
    people.write_text("district;women;men\nwest;10;11\neast;5;4\n", "utf-8")
    assert answer("population", str(people))["n"] == 2
    (tmp_path / "l.csv").write_text("name,longitude,latitude\nTower,2.35,48.85\n", "utf-8")
    assert answer("landmarks", str(tmp_path / "l.csv"))["n"] == 1
    line = shapely.LineString([(2.33, 48.83), (2.37, 48.87)])
    assert answer("streets", str(shapes(tmp_path / "s.geojson", Main=line)))["n"] == 1
    (tmp_path / "c.csv").write_text("id,kind,label_en\nnoise,incivility,Noise\n", "utf-8")
    assert answer("categories", str(tmp_path / "c.csv"))["n"] == 1
    answer("land", str(shapes(tmp_path / "land.geojson", all=west)))
    answer("name", "Paris", "--timezone", "Europe/Brussels", "--epsg", "2154")
    shown = answer("show")
    assert (shown["city"], shown["landmarks"], shown["streets"], shown["population"]) == ("Paris", ["tower"], 1, True)
    assert (shown["epsg"], shown["timezone"], shown["categories"]) == (2154, "Europe/Brussels", ["noise"])
    listed = answer("versions")["versions"]
    assert len(listed) == 8
    assert [version["current"] for version in listed] == [True] + [False] * 7
    assert answer("restore", told["profile_version"])["before"] == shown["version"]
    assert answer("show")["version"] == told["profile_version"]
    assert answer("refresh")["profile_version"] == told["profile_version"]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["districts", "FILE"], "cannot be read as shapes"),
        (["population", "FILE"], "There is no city"),
        (["restore", "abc"], "There is no city"),
    ],
)
def test_what_cannot_be_used_is_one_line(curim: Curim, tmp_path: Path, words: list[str], match: str) -> None:
    (tmp_path / "file").write_bytes(b"nothing of use")
    given = [str(tmp_path / "file") if word == "FILE" else word for word in words]
    assert match in curim.refuses("city", *given, "--home", str(tmp_path / "home"))
    assert not Home(tmp_path / "home").has_city()
