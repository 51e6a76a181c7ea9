"""The cities of the net: their homes, and the filters under which they are looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h3

from curim_data.sample.home import sample_home
from curim_data.store import Home
from tests.net.console import curim
from tests.real.cities import EXPORTS, REAL, City

Filter = dict[str, str]
SAMPLE: Final = "sample"
NAMES: Final = (SAMPLE, "chicago", "lancashire", "nypd", "safecity", "vancouver")
HARBOUR: Final = (37.9425, 23.6465)
PERIODS: Final[tuple[Filter, ...]] = (
    {},
    {"period": "28d"},
    {"period": "quarter"},
    {"period": "all"},
    {"period": "meeting"},
    {"from": "2025-03-03", "to": "2025-06-29"},
    {"from": "2001-01-01", "to": "2001-01-02"},
)
HOURS: Final[tuple[Filter, ...]] = (
    {"light": "dark"},
    {"light": "day", "weekday": "sat,sun"},
    {"hours": "20-5"},
    {"hours": "7-9", "weekday": "mon,tue,wed,thu,fri"},
    {"weekday": "fri"},
)
PEOPLE: Final[tuple[Filter, ...]] = (
    {"affected": "woman"},
    {"affected": "man", "period": "all"},
    {"affected": "woman", "light": "dark"},
    {"affected": "undisclosed,unknown"},
    {"reporter": "woman"},
    {"reporter": "man", "affected": "woman", "period": "all"},
)
KINDS: Final[tuple[Filter, ...]] = (
    {"category": "lighting_poor"},
    {"category": "harassment_verbal,following"},
    {"category": "sexual_assault", "period": "all"},
    {"category": "graffiti,noise", "hours": "22-6"},
    {"group": "theft"},
    {"group": "gender_based"},
    {"group": "gender_based", "affected": "woman", "period": "all"},
    {"group": "nuisance", "district": "zone_2"},
    {"kind": "incivility"},
    {"kind": "risk,unknown", "period": "quarter"},
)
PLACES: Final[tuple[Filter, ...]] = (
    {"district": "zone_1"},
    {"district": "zone_3,zone_4", "period": "all"},
    {"district": "zone_5", "affected": "woman", "light": "dark"},
    {"place": "pasalimani"},
    {"place": "university,piraeus_station", "period": "all"},
    {"cells": h3.latlng_to_cell(*HARBOUR, 9)},
    {"cells": ",".join(sorted(h3.grid_disk(h3.latlng_to_cell(*HARBOUR, 8), 1))), "period": "all"},
    {"cells": h3.latlng_to_cell(*HARBOUR, 7), "category": "theft_bag,pickpocketing"},
)
OTHERS: Final[tuple[Filter, ...]] = (
    {"status": "open"},
    {"status": "confirmed,resolved", "period": "all"},
    {"severity": "4,5"},
    {"severity": "1", "kind": "incivility", "hours": "18-23", "weekday": "thu,fri,sat"},
    {"category": "atlantis"},
    {"from": "2024-02-30"},
)
OF_SAMPLE: Final = (*PERIODS, *HOURS, *PEOPLE, *KINDS, *PLACES, *OTHERS)
OF_EXPORTS: Final[tuple[Filter, ...]] = (
    *({}, {"period": "all"}, {"period": "quarter"}, {"light": "dark"}),
    *({"hours": "20-5", "period": "all"}, {"weekday": "sat,sun"}, {"affected": "woman", "period": "all"}),
)


@dataclass(frozen=True)
class Looked:
    """A city whose home is made: `filters` are those under which it is looked at."""

    name: str
    home: Path
    filters: tuple[Filter, ...]

    @property
    def plans(self) -> list[dict[str, Any]]:
        """Its plans, in order of their titles."""
        listed = json.loads(curim("plan", "list", "--json", "--home", self.home).output)["plans"]
        return sorted(listed, key=lambda plan: str(plan["title"]))


def there(name: str) -> bool:
    """Whether the city's export is on this machine."""
    return name == SAMPLE or EXPORTS.exists()


def build(name: str, folder: Path) -> str:
    """Make the city's home; gives what the import says."""
    if name == SAMPLE:
        home = sample_home(Home(folder / SAMPLE))
        return curim("batches", "--json", "--home", home.path).text
    city = _city(name)
    return curim("import", *city.files(folder), *city.options, "--json", "--home", home_of(name, folder)).text


def home_of(name: str, folder: Path) -> Path:
    """Where the city's home is."""
    return folder / name / "sample" if name == SAMPLE else folder / name


def looked(name: str, folder: Path, *, quick: bool) -> Looked:
    """The city with its filters, one in five of them where it is to be quick."""
    filters = OF_SAMPLE if name == SAMPLE else (*OF_EXPORTS, *_own_filters(home_of(name, folder)))
    return Looked(name, home_of(name, folder), filters[::5] if quick else filters)


def _city(name: str) -> City:
    return next(city for city in REAL if city.name == name)


def _own_filters(home: Path) -> list[Filter]:
    """Filters of values that the home's alerts have: two categories, a district, and the cell of most alerts."""
    found = []
    for field, dimension in (("category", "category"), ("district", "district"), ("cells", "cell")):
        asked = ("counts", "--by", dimension, "--period", "all", "--json", "--home", home)
        rows = [row for row in json.loads(curim(*asked).output)["rows"] if row.get(dimension) is not None]
        most = sorted(rows, key=lambda row: (-row["n"], str(row[dimension])))
        found += [{field: str(row[dimension]), "period": "all"} for row in most[:2]]
    return found
