"""The version of a profile follows its files' content, whatever is remembered of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from curim_data.model.city import profile_version
from curim_data.store import Home


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
    if change == "edit":
        head.write_text(text + "\n", "utf-8")
    elif change == "same size and time":
        head.write_text(text.replace("zoom", "ZOOM", 1), "utf-8")
        os.utime(head, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif change == "another file in its place":
        other = folder / "new"
        other.write_text(text.replace("zoom", "ZOOM", 1), "utf-8")
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
        other.replace(head)
    elif change == "removed":
        (folder / "landmarks.toml").unlink()
    else:
        (folder / "water.geojson").write_text("{}", "utf-8")
    assert profile_version(folder) != version
    shutil.rmtree(folder)
