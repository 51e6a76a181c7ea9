"""What is worked out once for a city and kept in its home."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sample_data
from curim_data import query
from curim_data.cli import main
from curim_data.engine import flat, open_source
from curim_data.engine import source as engine
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience, prepared
from curim_data.model.city import load_city
from curim_data.model.prepared import FOLDER, read_arrays
from curim_data.protection import open_for
from curim_data.quality import study as positions
from curim_data.store import Home, Store
from curim_data.store.erase import erase
from curim_data.store.home import _city, create_home
from curim_data.studies import hot_spots, preparation
from curim_data.studies.hot_spots import known_places
from curim_data.studies.preparation import prepare

pytestmark = pytest.mark.slow

ALL = AlertFilter(period="all")
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)  # after all dates of the sample
LINES = sample_data.MAIN_EXPORT.read_text("utf-8-sig").splitlines(keepends=True)
EXPORT = "".join(LINES[:2_001]).encode()


def forget() -> None:
    engine._versions.clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = create_home(tmp_path_factory.mktemp("made") / "home")
    import_file(made, EXPORT, "main.csv", now=NOW)
    return made


@pytest.fixture
def home(made: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    shutil.copytree(made.path, tmp_path / "home", ignore=shutil.ignore_patterns(FOLDER))
    monkeypatch.setattr(preparation, "WORTH_ALERTS", 0)
    monkeypatch.setattr(preparation, "WORTH_CELLS", 0)
    forget()
    return Home(tmp_path / "home")


def test_what_was_prepared_is_read_and_equal(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(home)
    fresh = load_city(home.city_folder)
    for resolution in range(8, 12):
        kept, land = read_arrays(home.prepared(fresh.version), str(resolution)), fresh.land_cells(resolution)
        assert np.array_equal(kept["cell"], land.index)
        assert np.array_equal(kept["land_km2"], land)
    worked_out = known_places(open_source(home))
    forget()
    monkeypatch.setattr(hot_spots, "_hot_spots", None)  # nothing is worked out
    assert worked_out
    for audience in Audience:
        assert known_places(open_for(home, audience)) == worked_out


def written(home: Home, pattern: str = "*") -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in home.prepared(home.city().version).glob(pattern)}


def test_what_was_prepared_stays_until_profile_or_alerts_change(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(home)
    version, source, made = Store(home).version(), open_source(home), written(home)
    assert made
    prepare(home)
    assert written(home) == made
    import_file(home, EXPORT, "again.csv", now=NOW)
    assert Store(home).version() != version
    assert open_source(home).version == source.version
    forget()
    with monkeypatch.context() as patch:
        patch.setattr(hot_spots, "_hot_spots", None)
        prepare(home)
    assert written(home) == made
    head = home.city_folder / "city.toml"
    head.write_text(head.read_text("utf-8").replace("zoom = ", "zoom = 1"), "utf-8")
    assert home.city().version != source.city.version
    prepare(home)
    assert [path.name for path in (home.path / FOLDER).iterdir()] == [home.city().version]
    Store(home).undo(Store(home).batches()[0].id)
    assert Store(home).alerts_version() != source.version


def test_several_may_prepare_at_once(home: Home) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, [home] * 4))
    # four sizes of cells, the places, five of the alerts and four of the copy
    assert len(written(home)) == 4 + 1 + 5 + 4
    assert not [path for path in written(home) if path.name.startswith(".")]


def test_files_that_cannot_be_used_prepare_nothing_and_one_among_them_that_can_does(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared_homes: list[Home] = []
    monkeypatch.setattr(preparation, "prepare", prepared_homes.append)
    bad = tmp_path / "bad.csv"
    bad.write_text("name;colour\nsea;blue\n")
    words = ["--home", str(home.path)]
    assert main(["import", str(bad), *words]) == 2
    assert not prepared_homes
    assert main(["import", str(sample_data.LATER_EXPORT), str(bad), *words]) == 2
    assert prepared_homes == [home]


@pytest.mark.parametrize("harm", ["removed", "broken"])
def test_what_is_missing_or_broken_is_worked_out(home: Home, harm: str) -> None:
    prepare(home)
    source = open_source(home)
    before = known_places(source)
    for path in written(home):
        if harm == "removed":
            path.unlink()
        else:
            path.write_bytes(b"PAR1 [1]")
    forget()
    _city.cache_clear()
    assert known_places(open_source(home)) == before
    assert len(home.city().land_cells(9))


def test_the_first_question_is_answered_from_what_was_prepared(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    by = ["category", "week"]
    source = open_source(home)
    usual = query.counts(source, ALL, by).frame
    points, step = query.default_points(source), positions.coordinate_step(source)
    prepare(home)
    forget()
    for module, name in ((engine, "measure"), (query, "_find"), (positions, "precision")):
        monkeypatch.setattr(module, name, None)  # nothing is worked out
    monkeypatch.setattr(flat, "_flattened", None)
    fresh = open_source(home)
    pd.testing.assert_frame_equal(query.counts(fresh, ALL, by).frame, usual)
    pd.testing.assert_frame_equal(query.default_points(fresh), points)
    assert positions.coordinate_step(fresh) == step
    for name in ("first", "as_of", "count", "month_only", "known_time", "asked", "other_categories"):
        assert getattr(fresh, name) == getattr(source, name)


def test_other_code_does_not_read_what_was_prepared(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(home)
    folder, before = home.prepared(home.city().version), written(home)
    assert read_arrays(folder, "9") is not None
    assert open_source(home).kept("facts") is not None
    monkeypatch.setattr(prepared, "code_version", lambda: "0123456789ab")
    assert read_arrays(folder, "9") is None
    assert open_source(home).kept("facts") is None
    forget()
    prepare(home)
    assert len(written(home)) == len(before)
    assert all("0123456789ab" in path.name for path in written(home))


def test_the_version_of_the_code_follows_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "ROOT", tmp_path)
    module = tmp_path / "curim_data" / "model" / "city.py"
    module.parent.mkdir(parents=True)
    found = []
    for seconds in (1, 2):
        module.touch()
        os.utime(module, (seconds, seconds))
        found.append(prepared.program_version.__wrapped__())
    monkeypatch.setattr(prepared, "version", lambda _: "another one")
    found.append(prepared.program_version.__wrapped__())
    (tmp_path / "installed").mkdir()
    monkeypatch.setattr(prepared.sysconfig, "get_path", lambda _: tmp_path / "installed")
    found.append(prepared.program_version.__wrapped__())
    assert len(set(found)) == 4


def test_an_erasure_leaves_nothing_that_was_prepared_of_the_alerts(home: Home) -> None:
    prepare(home)
    source = open_source(home)
    assert written(home, "alerts-*.parquet")
    erase(home, [Store(home).read(["alert_id"])["alert_id"][0].as_py()])
    assert not [path for path in (home.path / FOLDER).rglob("*") if path.is_file()]
    preparation._keep(home, source, source, query.keep_default_points)  # one that was under way before it
    assert not list((home.path / FOLDER).rglob("alerts-*"))
    prepare(home)
    forget()
    assert query.total(open_source(home), ALL).n == source.count - 1


def test_undoing_the_last_import_finds_what_was_prepared_before_it(home: Home) -> None:
    prepare(home)
    source = open_source(home)
    counted = query.counts(source, ALL, ["category"]).frame
    own = prepared.alerts_name("", source.version)
    files = {path: path.stat().st_mtime_ns for path in home.prepared(source.city.version).glob(f"*{own}*")}
    assert {path.suffix for path in files} == {".parquet", ".json"}
    header, *lines = sample_data.MAIN_EXPORT.read_text("utf-8-sig").splitlines(keepends=True)
    more = "".join((header, *(f"more-{line}" for line in lines[:50])))
    batch = import_file(home, more.encode(), "more.csv", now=NOW).batch
    assert batch.accepted == 50
    prepare(home)
    assert Store(home).version_without_last_import() == source.version != Store(home).alerts_version()
    Store(home).undo(batch.id)
    prepare(home)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    forget()
    again = open_source(home)
    assert again.version == source.version
    pd.testing.assert_frame_equal(query.counts(again, ALL, ["category"]).frame, counted)


def test_what_was_prepared_of_newer_alerts_is_left(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    source, find = open_source(home), hot_spots._hot_spots

    def changed_meanwhile(*asked: Any) -> Any:
        found = find(*asked)
        monkeypatch.setattr(hot_spots, "_hot_spots", find)
        erase(home, [Store(home).read(["alert_id"])["alert_id"][0].as_py()])
        prepare(home)
        return found

    monkeypatch.setattr(hot_spots, "_hot_spots", changed_meanwhile)
    prepare(home)
    current = Store(home).alerts_version()
    assert [path for path in written(home, "alerts-*") if prepared.is_current(path, current)]
    assert not [path for path in written(home, "places-*") if prepared.is_current(path, source.version)]


def test_a_small_home_is_left_as_it_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    prepare(home)
    assert not list((home.path / FOLDER).rglob("places-*"))
