"""What is worked out once for a city and kept in its home."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pandas as pd
import pytest

from curim_data.engine import open_source
from curim_data.model import Audience
from curim_data.model.city import load_city
from curim_data.model.prepared import FOLDER, read_cells
from curim_data.store import Home
from curim_data.store.home import _city
from curim_data.studies import hot_spots, preparation
from curim_data.studies.hot_spots import known_places
from curim_data.studies.preparation import prepare


@pytest.fixture
def home(sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the sample's home, prepared however small it is."""
    shutil.copytree(sample.path, tmp_path / "home", ignore=shutil.ignore_patterns(FOLDER))
    monkeypatch.setattr(preparation, "WORTH_ALERTS", 0)
    monkeypatch.setattr(preparation, "WORTH_CELLS", 0)
    hot_spots._known_places.clear()
    return Home(tmp_path / "home")


def test_what_was_prepared_is_read_and_equal(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(home)
    fresh = load_city(home.city_folder)
    for resolution in range(8, 12):
        pd.testing.assert_series_equal(
            read_cells(home.prepared(fresh.version), resolution), fresh.land_cells(resolution)
        )
    worked_out = {audience: known_places(open_source(home), audience) for audience in preparation.AUDIENCES}
    hot_spots._known_places.clear()
    monkeypatch.setattr(hot_spots, "_hot_spots", None)  # nothing is worked out
    for audience, places in worked_out.items():
        assert places
        assert known_places(open_source(home), audience) == places


def test_a_second_time_writes_nothing_and_another_version_takes_its_place(home: Home) -> None:
    prepare(home)
    version = home.city().version
    files = {path: path.stat().st_mtime_ns for path in home.prepared(version).iterdir()}
    assert files
    prepare(home)
    assert {path: path.stat().st_mtime_ns for path in home.prepared(version).iterdir()} == files
    head = home.city_folder / "city.toml"
    head.write_text(head.read_text("utf-8").replace("zoom = ", "zoom = 1"), "utf-8")
    assert home.city().version != version
    prepare(home)
    assert [path.name for path in (home.path / FOLDER).iterdir()] == [home.city().version]


@pytest.mark.parametrize("harm", ["removed", "broken"])
def test_what_is_missing_or_broken_is_worked_out(home: Home, harm: str) -> None:
    prepare(home)
    source = open_source(home)
    before = known_places(source, Audience.ANALYST)
    for path in home.prepared(source.city.version).iterdir():
        if harm == "removed":
            path.unlink()
        else:
            path.write_bytes(b"PAR1 [1]")
    hot_spots._known_places.clear()
    _city.cache_clear()
    assert known_places(open_source(home), Audience.ANALYST) == before
    assert len(home.city().land_cells(9))


def test_several_may_prepare_at_once(home: Home) -> None:
    troubles: list[BaseException] = []

    def one() -> None:
        try:
            prepare(home)
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles
    names = sorted(path.name for path in home.prepared(home.city().version).iterdir())
    assert len(names) == 4 + len(preparation.AUDIENCES)
    assert not [name for name in names if name.startswith(".")]


def test_a_small_home_is_left_as_it_is(sample: Home, tmp_path: Path) -> None:
    shutil.copytree(sample.path, tmp_path / "home")
    prepare(Home(tmp_path / "home"))
    assert not list((tmp_path / "home" / FOLDER).rglob("places-*"))
