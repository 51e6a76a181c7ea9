"""What is worked out once for a city and kept on disk, so that the first reader does not wait for it.

A folder for each version of the city's profile holds files that follow from it alone, or from it and one version of the
alerts, which their names say. Their names also say by which code they were made: other code may give another answer, so
it never reads them. A file appears whole or not at all, so that any number of processes may write it at once; one that
is missing or cannot be read is worked out again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sysconfig
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

FOLDER: Final = "prepared"
PLACES: Final = "places"  # what the known places are kept by
ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("analysis", "curim_data", "pages")
KINDS: Final = frozenset({".po", ".py", ".toml", ".typ"})  # of files of which the program consists
_LAND: Final = "land-"


@cache
def program_version() -> str:
    """The version of the package, with when its files and the installed libraries were changed last."""
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.suffix in KINDS)
    changed = max(path.stat().st_mtime_ns for path in files)
    return f"{version('curim-dashboard')} {changed} {Path(sysconfig.get_path('purelib')).stat().st_mtime_ns}"


@cache
def code_version() -> str:
    """Twelve hex digits of the program's version, for names of files."""
    return hashlib.sha256(program_version().encode()).hexdigest()[:12]


def alerts_name(name: str, version: str) -> str:
    """The name of something that follows from one version of the alerts."""
    return f"{name}-{hashlib.sha256(version.encode()).hexdigest()[:16]}"


def is_current(path: Path, *versions: str) -> bool:
    """Whether a kept file was made by this code, and of the land or of one of those versions of the alerts."""
    name, _, code = path.stem.rpartition("-")
    of_alerts = name.endswith(tuple(alerts_name("", version) for version in versions))
    return code == code_version() and (name.startswith(_LAND) or of_alerts)


def prepared_file(folder: Path, name: str, suffix: str) -> Path:
    """Where something that this code made is kept: `suffix` with its dot."""
    return folder / f"{name}-{code_version()}{suffix}"


def read_json(folder: Path | None, name: str) -> Any:
    """A value of JSON as it was written by the same code; None where it was not, or cannot be read."""
    try:
        return None if folder is None else json.loads(prepared_file(folder, name, ".json").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def write_json(folder: Path, name: str, value: Any) -> None:
    """Write a value of JSON."""
    write_whole(prepared_file(folder, name, ".json"), lambda path: path.write_text(json.dumps(value), "utf-8"))


def read_arrays(folder: Path | None, name: str) -> dict[str, np.ndarray] | None:
    """Arrays of the land by their names, as they were written; None where they were not, or cannot be read."""
    if folder is None:
        return None
    try:
        with np.load(arrays_file(folder, name)) as kept:  # refuses what would be unpickled
            return dict(kept)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None


def write_arrays(folder: Path, name: str, **arrays: npt.ArrayLike) -> None:
    """Write arrays of the land; does nothing where they are there."""

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    path = arrays_file(folder, name)
    if not path.exists():
        write_whole(path, write)


def arrays_file(folder: Path, name: str) -> Path:
    """Where arrays of the land are kept."""
    return prepared_file(folder, f"{_LAND}{name}", ".npz")


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a file beside `path`, which nobody else can read, then put it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.chmod(0o600)
        part.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
