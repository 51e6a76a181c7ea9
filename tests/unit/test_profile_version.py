"""The version of a profile follows its files' content, whatever is remembered of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from curim_data.model import city
from curim_data.model.city import profile_version
from curim_data.store import Home


@pytest.fixture
def folder(sample: Home, tmp_path: Path) -> Path:
    shutil.copytree(sample.city_folder, tmp_path / "city")
    return tmp_path / "city"


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files count as written long ago."""
    monkeypatch.setattr(city, "SETTLED", -1)
    assert profile_version(folder)


def test_settled_files_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(folder, monkeypatch)
    version = profile_version(folder)
    monkeypatch.setattr(city, "_content_version", None)
    assert profile_version(folder) == version


def test_files_written_just_now_are_read_again(folder: Path) -> None:
    head = folder / "city.toml"
    text, version = head.read_text("utf-8"), profile_version(folder)
    times = head.stat()
    head.write_text(text.replace("zoom", "ZOOM", 1), "utf-8")
    os.utime(head, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert profile_version(folder) != version


@pytest.mark.parametrize("change", ["edit", "same size and time", "another file in its place", "removed", "added"])
def test_every_change_gives_another_version(folder: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    settle(folder, monkeypatch)
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
