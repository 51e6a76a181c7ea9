from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

import sample_data
from curim_data.model.city import ProfileError
from curim_data.sample import sample_home
from curim_data.store import Home, Store, has_alerts
from curim_data.store.home import create_home


def test_the_default_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CURIM_HOME", raising=False)
    assert Home.default().path.name == "var"
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    assert Home.default().path == tmp_path


def test_plans_have_their_own_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CURIM_PLANS_URL", raising=False)
    assert Home(tmp_path).plans_url == f"sqlite:///{tmp_path / 'plans.sqlite'}"
    monkeypatch.setenv("CURIM_PLANS_URL", "postgresql://db/plans")
    assert Home(tmp_path).plans_url == "postgresql://db/plans"


def test_a_new_home_has_a_profile_and_keeps_it(tmp_path: Path) -> None:
    home = create_home(tmp_path / "own")
    assert home.city().epsg == 2100
    toml = home.city_folder / "city.toml"
    toml.write_text(toml.read_text("utf-8").replace("Piraeus", "Elsewhere"), "utf-8")
    assert "Elsewhere" in create_home(tmp_path / "own").city().names.values()
    assert not has_alerts(home)


def test_a_broken_profile_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        create_home(tmp_path / "own", tmp_path / "nothing")
    assert not Home(tmp_path / "own").has_city()


def _build(path: Path) -> None:
    sample_home(Home(path))


@pytest.mark.slow
def test_the_sample_is_built_once_by_two_processes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_build, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(180)
        assert worker.exitcode == 0
    home = sample_home(Home(tmp_path))
    lines = sample_data.MAIN_EXPORT.read_bytes().count(b"\r\n") - 1
    assert len(Store(home).batches()) == 1
    assert Store(home).count() == lines
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["sample", "sample.lock"]
