"""Which homes CURIM_HOMES names, and what it is refused for."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from curim_data.filters import AlertFilter
from curim_data.store import Home
from curim_data.store.home import CitiesError, HouseCity, cities, city_word, homes, how_many
from curim_data.studies.brief_content import public_link


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURIM_HOMES", "CURIM_PLANS_URL", "CURIM_ALERTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CURIM_HOME", str(tmp_path / "own"))


def name_homes(monkeypatch: pytest.MonkeyPatch, *entries: Path | str) -> None:
    monkeypatch.setenv("CURIM_HOMES", os.pathsep.join(map(str, entries)))


@pytest.mark.parametrize("named", ["", " ", os.pathsep])
def test_without_cities_the_home_is_the_one_of_curim_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("CURIM_HOMES", named)
    assert (cities(), homes(), how_many()) == ((), (Home(tmp_path / "own"),), 1)
    assert city_word(Home(tmp_path / "own")) == ""


def test_the_word_of_a_city_is_the_name_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name_homes(monkeypatch, tmp_path / "piraeus", f"{tmp_path}/lancashire/")
    assert cities() == tuple(HouseCity(word, Home(tmp_path / word)) for word in ("piraeus", "lancashire"))
    assert city_word(Home(tmp_path / "x" / ".." / "piraeus")) == "piraeus"
    assert city_word(Home(tmp_path / "own")) == ""


def test_a_pattern_names_the_folders_that_hold_a_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("b", "a", "lost+found"):
        (tmp_path / word).mkdir()
    for word in ("b", "a"):
        (tmp_path / word / "city").mkdir()
        (tmp_path / word / "city" / "city.toml").touch()
    name_homes(monkeypatch, tmp_path / "*")
    assert [city.word for city in cities()] == ["a", "b"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (("x/a", "y/a"), "one name"),
        (("x/Πειραιάς",), "Latin letters"),
        (("x/a b",), "Latin letters"),
        (("x/none*",), "no folder"),
    ],
)
def test_what_cannot_tell_cities_apart_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: tuple[str, ...], said: str
) -> None:
    name_homes(monkeypatch, *(tmp_path / entry for entry in entries))
    with pytest.raises(CitiesError, match=said):
        cities()
    assert how_many() == 1


@pytest.mark.parametrize("name", ["CURIM_PLANS_URL", "CURIM_ALERTS_URL"])
def test_one_database_for_several_cities_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "postgresql+psycopg://localhost/curim")
    name_homes(monkeypatch, tmp_path / "a", tmp_path / "b")
    with pytest.raises(CitiesError, match=f"{name} names one database"):
        cities()
    name_homes(monkeypatch, tmp_path / "a")
    assert len(cities()) == 1


def test_the_address_in_a_brief_names_the_city_where_there_are_several() -> None:
    asked = ("https://alerts.example", AlertFilter(), "el", dt.date(2026, 5, 3))
    assert public_link(*asked) == "https://alerts.example/?lang=el&since=2026-05-03"
    assert public_link(*asked, "alpha") == "https://alerts.example/?lang=el&city=alpha&since=2026-05-03"
