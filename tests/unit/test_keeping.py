"""The keeper: backups, their check and the way back; a secret that is never made a second time by itself."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from curim_data import keeping
from curim_data.keeping import KeepError, backup, draw_anew, faults, restore, upgrade, verify_backup
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home, Store, StoreError
from curim_data.store.erase import draws_folder, erase
from curim_data.store.home import create_home


@pytest.fixture
def own(sample: Home, tmp_path: Path) -> Home:
    """The sample as a home of its own, which may be changed."""
    shutil.copytree(sample.path, tmp_path / "own", ignore=shutil.ignore_patterns("prepared", "sample.txt"))
    return Home(tmp_path / "own")


def council(home: Home) -> int:
    return open_for(home, Audience.COUNCIL).count


def test_a_home_comes_back_from_its_backup_and_later_ones_store_what_is_new(own: Home, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    seen, made = council(own), backup(own, first)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert verify_backup(first).holds == made.holds
    with pytest.raises(KeepError, match="there already"):
        backup(own, first)
    draw_anew(own)  # changes the log and the secret, not the alerts
    later = backup(own, second, first)
    assert 0 < later.stored < later.files == verify_backup(second).files
    home = Home(tmp_path / "elsewhere" / "home")
    restore(second, home)
    assert faults(home) == []
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert Store(home).read().equals(Store(own).read())
    with pytest.raises(KeepError, match="already"):
        restore(first, home)
    restore(first, Home(tmp_path / "third"))
    assert council(Home(tmp_path / "third")) == seen


def test_what_was_erased_after_the_backup_is_erased_again(own: Home, tmp_path: Path) -> None:
    ids = Store(own).read(["alert_id"])["alert_id"].to_pylist()[:3]
    backup(own, tmp_path / "one.zip")
    erase(own, ids)
    home = Home(tmp_path / "home")
    restore(tmp_path / "one.zip", home, own.path)
    assert Store(home).count() == Store(own).count()
    assert set(ids).isdisjoint(Store(home).read(["alert_id"])["alert_id"].to_pylist())


def test_a_damaged_backup_is_told_and_leaves_nothing(own: Home, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.zip", tmp_path / "broken.zip"
    backup(own, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"batch", b"patch") if "_delta_log" in name else content)
    for file in (broken, tmp_path / "none.zip", own.path / "plans.sqlite"):
        with pytest.raises(KeepError, match=r"damaged|no backup"):
            restore(file, Home(tmp_path / "home"))
        assert not (tmp_path / "home").exists()
    assert not list(tmp_path.glob(".curim-*"))


def test_nothing_is_drawn_anew_where_the_secret_is_gone_or_another_one(own: Home) -> None:
    seen, folder = council(own), draws_folder(own)
    shutil.move(folder, folder.with_name("aside"))
    assert any("secret" in fault.text for fault in faults(own))
    with pytest.raises(StoreError, match="Nothing is drawn anew"):
        council(own)
    assert open_for(own, Audience.ANALYST).count
    assert not folder.exists() or not (folder / "secret").exists()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.move(folder.with_name("aside"), folder)
    assert council(own) == seen
    draw_anew(own)
    assert council(own)
    (folder / "secret").write_bytes(bytes(32))
    with pytest.raises(StoreError, match="Nothing is drawn anew"):
        keeping.secret(own)


def test_a_home_of_before_gets_what_it_lacks(own: Home) -> None:
    for path in (own.path, own.path / "city" / "city.toml"):
        path.chmod(0o755)
    assert any("Others" in fault.text for fault in faults(own))
    upgrade(own)
    upgrade(own)
    assert faults(own) == []
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in own.path.rglob("*")} == {0}


def test_nobody_else_reads_what_a_command_writes(tmp_path: Path) -> None:
    home, file = tmp_path / "home", Path(__file__).parents[1] / "unseen" / "files" / "fr3_open311.csv"
    subprocess.run([Path(sys.executable).with_name("curim"), "import", file, "--home", home], check=True)
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (home, *home.rglob("*"))} == {0}


def test_the_home_of_the_first_version_is_upgraded_backed_up_and_given_back(tmp_path: Path) -> None:
    with zipfile.ZipFile(Path(__file__).parents[1] / "homes" / "first.zip") as made:
        made.extractall(tmp_path / "earlier")
    earlier, again = create_home(tmp_path / "earlier"), Home(tmp_path / "again")
    upgrade(earlier)
    assert faults(earlier) == []
    backup(earlier, tmp_path / "one.zip")
    restore(tmp_path / "one.zip", again)
    assert faults(again) == []
    assert Store(again).read().equals(Store(earlier).read())
    assert council(again) == council(earlier)
