"""What the server loads before its first reader comes."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import sample_data
from curim_data import sample as sample_city
from curim_data.model.prepared import FOLDER
from curim_data.store import Home, Store
from pages.parts.frame import web
from tests.effort import in_full

CHECK = """
import gc, pkgutil, sys
from pages import parts
from pages.parts.frame.web import warm_up
warm_up()
found = [part.name for part in pkgutil.walk_packages(parts.__path__, "pages.parts.")]
missing = [name for name in found if name not in sys.modules]
print(missing, gc.get_freeze_count() > 100_000)
print(*({"sklearn", "statsmodels.api", "matplotlib", "docx", "typst"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_all_parts_are_loaded_and_out_of_the_collectors_sight_without_what_few_answers_need() -> None:
    told = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-2:] == ["[] True", ""]


def test_a_home_that_cannot_be_prepared_does_not_stop_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[Home] = []

    def fails(home: Home) -> None:
        asked.append(home)
        raise OSError("read only")

    monkeypatch.setattr(web, "prepare_city", fails)
    web.prepare_home(Home(tmp_path))
    assert asked == [Home(tmp_path)]
    assert "the city was not prepared" in caplog.text


@pytest.mark.slow
def test_the_sample_city_is_prepared_before_its_first_reader(sample: Home, tmp_path: Path) -> None:
    shutil.copytree(sample.path, tmp_path / sample.path.name, ignore=shutil.ignore_patterns(FOLDER))
    web.prepare_sample(Home(tmp_path))
    home = Home(tmp_path).sample
    names = {path.name.split("-")[0] for path in home.prepared(home.city().version).iterdir()}
    assert {"alerts", "facts", "places"} <= names


@pytest.mark.parametrize("error", [errno.EACCES, errno.EROFS])
def test_a_new_home_that_cannot_be_written_ends_the_start_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuses(*_given: object, **_named: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setenv("CURIM_HOME", str(tmp_path / "home"))
    web.check_cities()
    monkeypatch.setattr(web, "TemporaryFile", refuses)
    with pytest.raises(SystemExit, match=f"{tmp_path / 'home'}: The folder of the data cannot be written"):
        web.check_cities()
    monkeypatch.setattr(Home, "has_city", lambda _: True)  # with a profile alone the sample city is made too
    with pytest.raises(SystemExit):
        web.check_cities()
    monkeypatch.setattr(web, "has_alerts", lambda _: True)  # one that was filled before is read
    web.check_cities()


def _must_not_run(*_given: object, **_named: object) -> None:
    raise OSError("imported here")


@in_full
def test_a_missing_sample_city_is_made_once_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For two that ask at the same time, each of which has a process begin it."""
    monkeypatch.setattr(sample_city, "import_file", _must_not_run)
    asked: list[Path] = []
    monkeypatch.setattr(web, "prepare_city", lambda home: asked.extend(home.prepared(home.city().version).iterdir()))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(web.prepare_sample, [Home(tmp_path)] * 2))
    assert {"alerts", "facts", "places"} <= {path.name.split("-")[0] for path in asked}
    store = Store(Home(tmp_path).sample)
    assert len(store.batches()) == 1
    assert store.count() == sample_data.MAIN_EXPORT.read_bytes().count(b"\r\n") - 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["sample", "sample.lock"]
