"""Where a city's data lives: one folder, one city.

<home>/city/            the city's profile, as in `city`
<home>/city_versions/   every version of it that was uploaded through `profile.edit`, each in a folder named after it
<home>/place_names.csv  what positions are called, learnt from exports (`model.place_names`)
<home>/alerts/          Delta table of alerts
<home>/quarantine/      rows that could not be accepted, one Parquet file for each import
<home>/work             what an import that is under way has read so far; left behind only by one that was cut short
<home>/erased.txt       keyed hashes of alerts erased for good (`commits`), with erased.key
<home>/protected/       what the protected copy says instead of each alert's place and time, and the secret that it
                        was drawn with (`erase`): kept with the alerts, never given away
<home>/annotations.jsonl  notes on the time line, corrections of the days covered, and their history (`annotations`)
<home>/settings.toml    the city's public address, mail server, sign-in and record (`settings`); written by hand
<home>/briefs.json      which findings the last briefs had (`studies.brief`)
<home>/meetings.json    the council's meetings, a copy for counting (`annotations`); meetings.toml is its older form
<home>/roles.toml       who has which role, where readers sign in (`model.access`); written by hand
<home>/plans.sqlite     intervention plans, meetings, sessions of who signed in, and the record of who looked at what,
                        unless CURIM_PLANS_URL names another database
<home>/prepared/        what is worked out once for a version of the profile or of the alerts, columns of alerts
                        included, see `model.prepared`; may be deleted
<home>/sample/          the home of the made-up sample city, which never mixes with real data (sample.txt marks it)

Several cities in one house: the homes that CURIM_HOMES names, each of which stays a home of its own.

    CURIM_HOMES=/srv/cities/piraeus:/srv/cities/lancashire

separated by colons. Each is a folder as CURIM_HOME names one; `*` and `?` stand for any folders that hold a city
(`/srv/cities/*`). The name of the folder is the city's word in links. Without CURIM_HOMES there is one home, that of
CURIM_HOME. Commands work on one home and know nothing of the others.

Locks between processes on one computer are files locked with flock, which ends with the process that holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from glob import glob, has_magic
from pathlib import Path
from typing import IO, Any, Final

from curim_data.model import CityProfile, Message, MessageError
from curim_data.model.city import FILES, file_stamp, load_city, profile_version
from curim_data.model.place_names import FILE as PLACE_NAMES
from curim_data.model.place_names import read_place_names
from curim_data.model.prepared import FOLDER, write_whole


@contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Wait for the lock of a file, which is made where it is missing, and hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def try_lock(handle: IO[Any]) -> bool:
    """Take the lock of an open file without waiting; whether it was free. It ends when the file is closed."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_note(path: Path) -> dict[str, Any]:
    """What the note of a change that was begun says; empty where there is none, or it was cut short itself."""
    try:
        note = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


SAMPLE_MARK: Final = "sample.txt"


@dataclass(frozen=True)
class Home:
    """A folder that holds one city and its alerts."""

    path: Path

    @classmethod
    def default(cls) -> Home:
        """The folder that CURIM_HOME names, or `var`: in the checkout, or where an installed `curim` is run."""
        named, checkout = os.environ.get("CURIM_HOME"), Path(__file__).resolve().parents[2]
        around = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
        return cls(Path(named).expanduser() if named else around / "var")

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
        return _city(self.path, profile_version(self.city_folder), file_stamp(self.path / PLACE_NAMES))

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
    part = draft_of(source, target.parent, "city-")
    load_city(part)
    try:
        part.rename(target)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        if not (target / "city.toml").exists():
            raise


def draft_of(source: Path, parent: Path, prefix: str) -> Path:
    """A new folder beside others with a copy of the files of a profile."""
    part = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    replace_files(source, part)
    return part


def replace_files(source: Path, target: Path) -> None:
    """Make the files of one profile those of another, one by one; the head, which names the city, comes last."""
    for name in (*FILES[1:], FILES[0]):
        if (source / name).exists():
            write_whole(target / name, partial(shutil.copyfile, source / name))
        else:
            (target / name).unlink(missing_ok=True)


@lru_cache(maxsize=64)
def _city(home: Path, version: str, names: tuple[int, ...]) -> CityProfile:  # noqa: ARG001 (a key of the cache)
    """A profile with what it works out once, such as the land of each map cell, and with the names of positions."""
    city = replace(load_city(Home(home).city_folder), place_names=read_place_names(home))
    city.__dict__["_prepared"] = Home(home).prepared(version)
    return city


HOMES: Final = "CURIM_HOMES"
# Each names one database, in which the cities of a house would mix.
ONE_DATABASE: Final = ("CURIM_PLANS_URL", "CURIM_ALERTS_URL")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


class CitiesError(MessageError, ValueError):
    """CURIM_HOMES cannot be used; `message` says why, and how to mend it."""


@dataclass(frozen=True)
class HouseCity:
    """One city of the house: its `word` in links, which is the name of its folder, and its home."""

    word: str
    home: Home


def cities() -> tuple[HouseCity, ...]:
    """The cities that CURIM_HOMES names, in its order; none where it names none. CitiesError where it cannot be used.

    Folders that a pattern stands for are looked up once in a process: a new one counts from the next start on.
    """
    named = os.environ.get(HOMES, "")
    if not named.strip(os.pathsep + " "):
        return ()
    found = _cities(named)
    taken = next((name for name in ONE_DATABASE if os.environ.get(name, "duckdb") not in ("", "duckdb")), "")
    if taken and len(found) > 1:
        raise CitiesError(
            Message(
                "{name} names one database, in which the cities of CURIM_HOMES would mix. Leave it out: each city "
                "then keeps its alerts and plans in its own folder. A city that needs another database is served "
                "alone, by CURIM_HOME.",
                {"name": taken},
            )
        )
    return found


def city_word(home: Home) -> str:
    """The word in links of the city that lives in a home; empty where CURIM_HOMES does not name it."""
    try:
        return next((one.word for one in cities() if one.home.path.resolve() == home.path.resolve()), "")
    except CitiesError:
        return ""


def homes() -> tuple[Home, ...]:
    """All homes of the house: those of CURIM_HOMES, or the one of CURIM_HOME."""
    return tuple(one.home for one in cities()) or (Home.default(),)


def how_many() -> int:
    """How many homes a process may have open."""
    try:
        return len(homes())
    except CitiesError:  # of a command, which works on one
        return 1


@lru_cache(maxsize=16)
def _cities(named: str) -> tuple[HouseCity, ...]:
    found: dict[str, HouseCity] = {}
    for entry in (part.strip() for part in named.split(os.pathsep)):
        for path in _folders(entry) if entry else ():
            word = path.name
            if not _WORD.fullmatch(word):
                raise CitiesError(
                    Message(
                        "CURIM_HOMES: the folder {folder} cannot stand in links under its name. Give it a name of "
                        "Latin letters, digits, hyphens and underscores.",
                        {"folder": str(path)},
                    )
                )
            if word in found:
                raise CitiesError(
                    Message(
                        "CURIM_HOMES: {first} and {second} have one name, which has to tell cities apart in links. "
                        "Rename one of the folders.",
                        {"first": str(found[word].home.path), "second": str(path)},
                    )
                )
            found[word] = HouseCity(word, Home(path))
    return tuple(found.values())


def _folders(entry: str) -> list[Path]:
    """The folders that one entry names."""
    plain = str(Path(entry).expanduser())
    if not has_magic(plain):
        return [Path(os.path.abspath(plain))]
    paths = (Path(os.path.abspath(name)) for name in sorted(glob(plain)))
    held = [path for path in paths if Home(path).has_city()]
    if not held:
        raise CitiesError(Message("CURIM_HOMES: no folder of {pattern} holds a city.", {"pattern": entry}))
    return held
