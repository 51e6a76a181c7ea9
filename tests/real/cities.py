"""The cities of the walk: public exports beside the project where they are there, and made-up twins everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sample_data
from tests.effort import FULL
from tests.real.forked import forked_command
from tests.real.twins import TWINS, write_twin

ROOT: Final = Path(__file__).resolve().parents[2]
EXPORTS: Final = Path(os.environ.get("CURIM_EXPORTS", ROOT.parent / "shared" / "data" / "exports"))
CURIM: Final = (sys.executable, "-m", "curim_data.cli.app")


class ImportFailed(Exception):
    """The command did not take the file; the text is what it said."""


@dataclass(frozen=True)
class City:
    """A city of the walk: how its home is made.

    `files` finds (or writes, into the folder it is given) what is imported; `options` go to `curim import`;
    `afterwards` are commands of `curim city`, with names of files in the same folder. `sample_profile`: whether the
    home has the profile of Piraeus, since its file does not tell where it is.
    """

    name: str
    files: Callable[[Path], list[Path]]
    options: tuple[str, ...] = ()
    afterwards: tuple[tuple[str, ...], ...] = ()
    made_up: bool = False
    sample_profile: bool = False

    @property
    def there(self) -> bool:
        return self.made_up or EXPORTS.exists()

    def build(self, folder: Path) -> Path:
        """Make the home in `folder` by the commands that an analyst would type; gives its path.

        Those of a real city are processes from their first line on, those of a made-up one begin with modules loaded.
        """
        home = folder / "home"
        if home.exists():
            return home
        folder.mkdir(parents=True, exist_ok=True)
        run = curim_forked if self.made_up else curim
        run(["import", *map(str, self.files(folder)), *self.options], home)
        for command in self.afterwards:
            run(["city", *(str(folder / word) if (folder / word).exists() else word for word in command)], home)
        return home


PATIENCE: Final = 300.0  # seconds for a command


def curim(words: list[str], home: Path) -> str:
    """Run the command as a process of its own and give its output."""
    command = [*CURIM, *words, "--home", str(home), "--lang", "en"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    return _told(words, done.returncode, done.stdout, done.stderr)


def curim_forked(words: list[str], home: Path) -> str:
    """The same, in a process that has the modules already."""
    return _told(words, *forked_command([*words, "--home", str(home), "--lang", "en"], home.parent, PATIENCE))


def _told(words: list[str], ended: int, output: str, complaints: str) -> str:
    if ended:
        told = (complaints or output).strip().splitlines()
        raise ImportFailed(f"curim {words[0]} ended with {ended}: {' '.join(told[-3:])[:400]}")
    return output


def _export(*names: str) -> Callable[[Path], list[Path]]:
    return lambda _: [EXPORTS / name for name in names]


def _twin(name: str) -> Callable[[Path], list[Path]]:
    return lambda folder: [write_twin(name, folder)]


# The answers to what is asked of files that hold several cities.
WHOLE: Final = ("--area", "whole")
DENSEST: Final = ("--area", "densest")
REAL: Final = (
    City("lancashire", _export("lancashire_asb.csv")),
    City("chicago", _export("chicago_aggravated_assaults.csv.gz")),
    City("cincinnati", _export("cincinnati_burglary.csv.gz")),
    City("madrid", _export("madrid_bike_accidents_2019.csv"), ("--crs", "EPSG:25830")),
    City("vancouver", _export("vancouver_thefts.csv.gz"), ("--crs", "EPSG:26910")),
    City("london", _export("2018-11-city-of-london-street.csv", "2018-12-city-of-london-street.csv")),
    City("nyc311", _export("nyc_311_illegal_animals.csv")),
    City("nypd", _export("nypd_shootings_historic.csv")),
    City("haiti", _export("ushahidi_haiti_2010_no_text.csv")),
    City("safecity", _export("safecity_reports_no_text.csv"), DENSEST),
)
AREAS: Final = {"several_cities": WHOLE}
MADE_UP: Final = tuple(
    City(
        name,
        _twin(name),
        AREAS.get(name, ()) if twin.coordinates else ("--profile", str(sample_data.PROFILE)),
        afterwards=(("districts", "districts.geojson", "--name-column", "name"),) if twin.districts else (),
        made_up=True,
        sample_profile=not twin.coordinates,
    )
    for name, twin in TWINS.items()
)
CITIES: Final = REAL + MADE_UP
# What the tests walk through on a push: genders and a projection; a country with sensitive categories; no coordinates.
SHORT: Final = ("madrid", "safecity", "no_coordinates")


def walked(cities: tuple[City, ...]) -> list[City]:
    """The cities that the tests walk through, which are all of them in `make test-full`."""
    return [city for city in cities if FULL or city.name in SHORT]


@dataclass(frozen=True)
class Headers:
    """The header and first rows of an export, and what is answered where the command asks.

    `refused`: what the command says to a file that holds no alert.
    """

    name: str
    options: tuple[str, ...] = ()
    refused: str = ""

    def imported(self, folder: Path) -> dict[str, Any]:
        """Import it into a home of its own; gives the counts of its rows."""
        told = curim_forked(["import", str(EXPORTS / "headers" / self.name), *self.options, "--json"], folder / "home")
        return dict(json.loads(told)["files"][0])


ELSEWHERE: Final = ("--profile", str(sample_data.PROFILE))
HEADERS: Final = (
    Headers("chicago_crimes_2001_present.csv", ELSEWHERE),
    Headers("lapd_crime_2020_present.csv"),
    Headers("madrid_accidents_semicolon_bom.csv", ("--dates", "day-first", "--crs", "EPSG:25830")),
    Headers("nyc_311.csv"),
    Headers("nypd_complaint_header_only.csv", refused="has a header and no rows"),
    Headers("nypd_hate_crimes.csv", ("--dates", "month-first", *ELSEWHERE)),
    Headers("nypd_shooting_historic.csv", ("--dates", "month-first")),
    Headers("open311_georeport_v2_requests.json"),
    Headers("open311_georeport_v2_requests.xml"),
    Headers("policeuk_street.csv"),
    Headers("safecity_scrape.csv"),
    Headers("seeclickfix_api_csv.csv"),
    Headers("seeclickfix_api_v2_issue.json"),
    Headers("seeclickfix_city_export_xlsx_as_csv.csv"),
    Headers("ushahidi_v2_haiti.csv"),
    Headers("vancouver_utm.csv", ("--crs", "EPSG:26910")),
)
