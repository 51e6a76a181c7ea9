"""The cities of the net: their homes, and the filters under which they are looked at."""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final, NamedTuple

import h3

from curim_data.cli import main
from curim_data.sample import sample_home
from curim_data.store import Home
from tests.net.neutral import NOW, as_json
from tests.real.cities import REAL

Filter = dict[str, str]
SAMPLE: Final = "sample"
NAMES: Final = (SAMPLE, "chicago", "lancashire", "nypd", "safecity", "vancouver")
HARBOUR: Final = (37.9425, 23.6465)
OF_SAMPLE: Final[tuple[Filter, ...]] = (
    *({}, {"period": "28d"}, {"period": "quarter"}, {"period": "all"}, {"period": "meeting"}),
    *({"from": "2025-03-03", "to": "2025-06-29"}, {"from": "2001-01-01", "to": "2001-01-02"}),
    *({"light": "dark"}, {"light": "day", "weekday": "sat,sun"}, {"hours": "20-5"}),
    *({"hours": "7-9", "weekday": "mon,tue,wed,thu,fri"}, {"weekday": "fri"}),
    *({"affected": "woman"}, {"affected": "man", "period": "all"}, {"affected": "woman", "light": "dark"}),
    *({"affected": "undisclosed,unknown"}, {"reporter": "woman"}),
    {"reporter": "man", "affected": "woman", "period": "all"},
    *({"category": "lighting_poor"}, {"category": "harassment_verbal,following"}),
    *({"category": "sexual_assault", "period": "all"}, {"category": "graffiti,noise", "hours": "22-6"}),
    *({"group": "theft"}, {"group": "gender_based"}, {"group": "gender_based", "affected": "woman", "period": "all"}),
    *(
        {"group": "nuisance", "district": "zone_2"},
        {"kind": "incivility"},
        {"kind": "risk,unknown", "period": "quarter"},
    ),
    *({"district": "zone_1"}, {"district": "zone_3,zone_4", "period": "all"}),
    {"district": "zone_5", "affected": "woman", "light": "dark"},
    *({"place": "pasalimani"}, {"place": "university,piraeus_station", "period": "all"}),
    {"cells": h3.latlng_to_cell(*HARBOUR, 9)},
    {"cells": ",".join(sorted(h3.grid_disk(h3.latlng_to_cell(*HARBOUR, 8), 1))), "period": "all"},
    {"cells": h3.latlng_to_cell(*HARBOUR, 7), "category": "theft_bag,pickpocketing"},
    *({"status": "open"}, {"status": "confirmed,resolved", "period": "all"}, {"severity": "4,5"}),
    {"severity": "1", "kind": "incivility", "hours": "18-23", "weekday": "thu,fri,sat"},
    *({"category": "atlantis"}, {"from": "2024-02-30"}),
)
OF_EXPORTS: Final[tuple[Filter, ...]] = (
    *({}, {"period": "all"}, {"period": "quarter"}, {"light": "dark"}),
    *({"hours": "20-5", "period": "all"}, {"weekday": "sat,sun"}, {"affected": "woman", "period": "all"}),
)


def curim(*words: object) -> str:
    """What the command ends with, its output (JSON with one entry a line), and what it says on standard error."""
    output, complaints = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(complaints):
        ended = main([str(word) for word in words])
    told = output.getvalue()
    told = as_json(json.loads(told)) if told.startswith("{") else told
    return f"{told}\nended with {ended}\n{complaints.getvalue()}"


def answer(*words: object) -> dict[str, Any]:
    """The JSON that the command answers."""
    return dict(json.loads(curim(*words, "--json").rpartition("\nended with")[0]))


def build(name: str, folder: Path) -> str:
    """Make the city's home in the folder; gives what the import says. The files of its profile are of the fixed day."""
    if name == SAMPLE:
        said = curim("batches", "--json", "--home", sample_home(Home(folder / SAMPLE)).path)
    else:
        city = next(city for city in REAL if city.name == name)
        said = curim("import", *city.files(folder), *city.options, "--json", "--home", folder / name)
    for path in (home_of(name, folder) / "city").rglob("*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return said


def home_of(name: str, folder: Path) -> Path:
    """Where the city's home is among the homes of the folder."""
    return folder / name / "sample" if name == SAMPLE else folder / name


class Looked(NamedTuple):
    """A city whose home is made: `filters` are those under which it is looked at.

    `every`: of views one of so many is looked at, and so are texts and files.
    """

    name: str
    home: Path
    filters: tuple[Filter, ...]
    every: int = 1

    @property
    def plans(self) -> list[str]:
        """The ids of its plans, in order of their titles."""
        listed = answer("plan", "list", "--home", self.home)["plans"]
        return [str(plan["id"]) for plan in sorted(listed, key=lambda plan: str(plan["title"]))]


def looked(name: str, folder: Path, *, quick: bool) -> Looked:
    """The city with its filters, one in five of them where it is to be quick; the sample is looked at most."""
    home = home_of(name, folder)
    filters = OF_SAMPLE if name == SAMPLE else (*OF_EXPORTS, *_own_filters(home))
    every = 7 if quick else 1 if name == SAMPLE else 10
    return Looked(name, home, filters[::5] if quick else filters, every)


def _own_filters(home: Path) -> list[Filter]:
    """Filters of values that the home's alerts have: the two of most alerts, of categories, districts and cells."""
    found = []
    for field, dimension in (("category", "category"), ("district", "district"), ("cells", "cell")):
        rows = answer("counts", "--by", dimension, "--period", "all", "--home", home)["rows"]
        most = sorted(rows, key=lambda row: (-row["n"], str(row[dimension])))
        found += [{field: str(row[dimension]), "period": "all"} for row in most[:2] if row[dimension] is not None]
    return found
