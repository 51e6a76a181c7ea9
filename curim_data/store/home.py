"""Where a city's data lives: one folder, one city.

<home>/city/            the city's profile, as in `city`
<home>/city_versions/   every version of it that was uploaded through `profile.edit`, each in a folder named after it
<home>/place_names.csv  what positions are called, learnt from exports (`model.place_names`)
<home>/alerts/          Delta table of alerts
<home>/quarantine/      rows that could not be accepted, one Parquet file for each import
<home>/work             what an import that is under way has read so far; left behind only by one that was cut short
<home>/erased.txt       keyed hashes of alerts erased for good (`erased`), with erased.key
<home>/protected/       what the protected copy says instead of each alert's place and time, and the secret that it
                        was drawn with (`draws`): kept with the alerts, never given away
<home>/annotations.jsonl  notes on the time line, corrections of the days covered, and their history (`annotations`)
<home>/settings.toml    the city's public address, mail server, sign-in and record (`settings`); written by hand
<home>/briefs.json      which findings the last briefs had (`studies.brief_history`)
<home>/meetings.json    the council's meetings, a copy for counting (`meetings`); meetings.toml is its older form
<home>/roles.toml       who has which role, where readers sign in (`model.access`); written by hand
<home>/plans.sqlite     intervention plans, meetings, sessions of who signed in, and the record of who looked at what,
                        unless CURIM_PLANS_URL names another database
<home>/prepared/        what is worked out once for a version of the profile or of the alerts, columns of alerts
                        included, see `model.prepared`; may be deleted
<home>/sample/          the home of the made-up sample city, which never mixes with real data (sample.txt marks it)
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from curim_data.model import CityProfile
from curim_data.model.city import FILES, load_city, profile_version
from curim_data.model.place_names import FILE as PLACE_NAMES
from curim_data.model.place_names import read_place_names
from curim_data.model.prepared import FOLDER

SAMPLE_MARK: Final = "sample.txt"


@dataclass(frozen=True)
class Home:
    """A folder that holds one city and its alerts."""

    path: Path

    @classmethod
    def default(cls) -> Home:
        """The folder that CURIM_HOME names, or `var` in the checkout."""
        named = os.environ.get("CURIM_HOME")
        return cls(Path(named).expanduser() if named else Path(__file__).resolve().parents[2] / "var")

    @property
    def city_folder(self) -> Path:
        """The folder of the city's profile."""
        return self.path / "city"

    @property
    def alerts(self) -> Path:
        """The Delta table of alerts."""
        return self.path / "alerts"

    @property
    def quarantine(self) -> Path:
        """The folder of quarantined rows, one Parquet file for each import."""
        return self.path / "quarantine"

    @property
    def work(self) -> Path:
        """The folder of imports that are under way."""
        return self.path / "work"

    @property
    def lock(self) -> Path:
        """The file whose lock writers of alerts share, and an erasure has for itself."""
        return self.path / "alerts.lock"

    @property
    def preparing(self) -> Path:
        """The file whose lock one process has that prepares the alerts or removes what was prepared of earlier ones."""
        return self.path / "prepare.lock"

    @property
    def copying(self) -> Path:
        """The file whose lock one process has that makes a protected copy or removes earlier ones."""
        return self.path / "copies.lock"

    @property
    def plans_url(self) -> str:
        """SQLAlchemy address of the plans; those of the sample never go to the database of real ones."""
        here = f"sqlite:///{self.path / 'plans.sqlite'}"
        return here if self.is_sample else os.environ.get("CURIM_PLANS_URL") or here

    @property
    def sample(self) -> Home:
        """The home of the sample city inside this one, made or not."""
        return Home(self.path / "sample")

    @property
    def is_sample(self) -> bool:
        """Whether this is the finished home of the sample city."""
        return (self.path / SAMPLE_MARK).exists()

    def city(self) -> CityProfile:
        """The city's profile, read once for each version; ProfileError where it is missing or broken."""
        return _city(self.path, profile_version(self.city_folder), _stamp(self.path / PLACE_NAMES))

    def prepared(self, version: str) -> Path:
        """The folder of what is worked out once for a version of the city's profile, made or not."""
        return self.path / FOLDER / version

    def has_city(self) -> bool:
        """Whether a profile stands here."""
        return (self.city_folder / "city.toml").exists()


def create_home(path: Path, profile_folder: Path | None = None) -> Home:
    """Make a home with a copy of a profile (of Piraeus by default); one that has a city keeps it."""
    home = Home(Path(path))
    if not home.has_city():
        home.path.mkdir(parents=True, exist_ok=True)
        copy_profile(profile_folder or sample_profile(), home.city_folder)
    return home


def sample_profile() -> Path:
    """The folder of the profile of Piraeus that comes with the program."""
    import sample_data

    return Path(sample_data.PROFILE)


def copy_profile(source: Path, target: Path) -> None:
    """Copy the files of a profile; the folder appears whole or not at all."""
    part = Path(tempfile.mkdtemp(prefix="city-", dir=target.parent))
    part.chmod(0o755)
    for name in FILES:
        if (source / name).exists():
            shutil.copyfile(source / name, part / name)
    load_city(part)
    try:
        part.rename(target)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        if not (target / "city.toml").exists():
            raise


def replace_files(source: Path, target: Path) -> None:
    """Make the files of one profile those of another."""
    for name in FILES:
        (target / name).unlink(missing_ok=True)
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)


@lru_cache(maxsize=64)
def _city(home: Path, version: str, names: tuple[int, int]) -> CityProfile:  # noqa: ARG001 (a key of the cache)
    """A profile with what it works out once, such as the land of each map cell, and with the names of positions."""
    city = replace(load_city(Home(home).city_folder), place_names=read_place_names(home))
    city.__dict__["_prepared"] = Home(home).prepared(version)
    return city


def _stamp(file: Path) -> tuple[int, int]:
    """What changes with a file: when it was written, and its size; zeros where there is none."""
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
