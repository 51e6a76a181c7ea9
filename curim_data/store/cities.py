"""Several cities in one house: the homes that CURIM_HOMES names, each of which stays a home of its own.

    CURIM_HOMES=/srv/cities/piraeus:/srv/cities/lancashire

separated as paths are on this computer (a semicolon on Windows). Each is a folder as CURIM_HOME names one; `*` and `?`
stand for any folders that hold a city (`/srv/cities/*`). The name of the folder is the city's word in links. Without
CURIM_HOMES there is one home, that of CURIM_HOME. Commands work on one home and know nothing of the others.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from curim_data.model import Message, MessageError
from curim_data.store.home import Home

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
        return next((one.word for one in cities() if _same(one.home, home)), "")
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


def _same(one: Home, other: Home) -> bool:
    return one.path.resolve() == other.path.resolve()
