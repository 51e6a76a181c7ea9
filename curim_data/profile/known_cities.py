"""Cities that are known by name: the places after which time zones are called, in seven languages.

The IANA time zone database names each zone after its largest city and says where that lies (`zone.tab`, public domain);
the Unicode CLDR (as Babel ships it) has these names in other languages. A name that several cities share is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from babel import Locale

from curim_data.formats.base import fold
from curim_data.model import LANGUAGES as READERS
from curim_data.model import Message, translator

LANGUAGES: Final = ("en", "el", "fr", "es", "it", "pt", "de")
# Two well-known cities of one name at least: which is meant, only a person can say.
SHARED: Final = frozenset(
    {
        "cordoba", "merida", "santarem", "vincennes", "san juan", "la rioja", "halifax", "perth", "monticello",
        "center", "petersburg", "knox", "louisville", "guadalupe", "victoria", "st johns", "salta", "barbados",
        "jersey", "troll",
    }
)  # fmt: skip
YOUR_CITY: Final = Message("Your city")
NEAR: Final = 1.0
_AT: Final = re.compile(r"([+-]\d+)([+-]\d+)")  # degrees, minutes, perhaps seconds of latitude and of longitude


@dataclass(frozen=True)
class KnownCity:
    """A city with its time zone (IANA name) and where it lies (degrees, WGS84)."""

    timezone: str
    longitude: float
    latitude: float


def known_city(name: str) -> KnownCity | None:
    """The city of a name in one of seven languages; None where there is none, or where several share the name."""
    return None if fold(name) in SHARED else _cities().get(fold(name))


def names_for(file_name: str, longitude: float, latitude: float) -> dict[str, str]:
    """What a city is called of which only a file and a position (degrees, WGS84) are known, by language of readers.

    A file is no city: its name gives that of a known city among its words that lies there (`NEAR` degrees at most), as
    “chicago_aggravated_assaults” does; else it is “your city” until a person says better.
    """
    words = re.split(r"[\W_]+", fold(file_name))
    parts = [words[at : at + length] for length in (3, 2, 1) for at in range(len(words) - length + 1)]
    for part in parts:
        city = known_city(" ".join(part))
        if city is not None and max(abs(city.longitude - longitude), abs(city.latitude - latitude)) <= NEAR:
            told = {lang: Locale(lang).time_zones.get(city.timezone, {}).get("city") for lang in READERS}
            english = told["en"] or city.timezone.rpartition("/")[2].replace("_", " ")
            return {lang: name or english for lang, name in told.items()}
    return {lang: translator(lang)(YOUR_CITY) for lang in READERS}


def given_names(names: Mapping[str, str]) -> dict[str, str]:
    """The names of a city that a person has given: without those that only stand for one."""
    return {lang: name for lang, name in names.items() if lang not in READERS or name != translator(lang)(YOUR_CITY)}


@lru_cache(maxsize=1)
def _cities() -> dict[str, KnownCity]:
    zones = dict(_zones())
    named: dict[str, set[str]] = {}
    for zone in zones:
        named.setdefault(fold(zone.rpartition("/")[2].replace("_", " ")), set()).add(zone)
    for language in LANGUAGES:
        words = Locale(language).time_zones
        for zone in zones:
            city = words[zone].get("city") if zone in words else None
            if city:
                named.setdefault(fold(city), set()).add(zone)
    return {name: zones[next(iter(found))] for name, found in named.items() if len(found) == 1}


def _zones() -> Iterator[tuple[str, KnownCity]]:
    """The zones of the time zone database with the place after which each is called."""
    for line in resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            _, place, zone, *_ = line.split("\t")
            north, east = _AT.fullmatch(place).groups()  # type: ignore[union-attr]
            yield zone, KnownCity(zone, _degrees(east, 3), _degrees(north, 2))


def _degrees(text: str, digits: int) -> float:
    sign, degrees, rest = text[0], text[1 : 1 + digits], text[1 + digits :]
    value = int(degrees) + int(rest[:2]) / 60 + int(rest[2:] or 0) / 3600
    return round(-value if sign == "-" else value, 4)
