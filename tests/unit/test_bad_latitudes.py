"""Latitudes out of range: bad coordinates under a heading that says latitude, never a projection."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.model import Reason
from curim_data.store import Home
from curim_data.store.home import create_home

HEADERS = {
    "en": ("id", "date", "offence", "Latitude", "Longitude"),
    "es": ("id", "fecha", "delito", "latitud", "longitud"),
    "de": ("id", "Datum", "Delikt", "Breitengrad", "Längengrad"),
    "pt": ("id", "data", "crime", "Latitude", "Longitude"),
}


def export(header: tuple[str, ...], bad: int, of: int = 60) -> bytes:
    """`bad` of the rows have lost the decimal mark of their latitude."""
    lines = [",".join(header)]
    for n in range(of):
        latitude = f"37.94{n % 100:02d}"
        written = latitude.replace(".", "") if n % of < bad else latitude
        lines.append(f"c{n},2025-03-{1 + n % 28:02d} 10:15,Theft,{written},23.64{n % 90:02d}")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("bad", [1, 20, 33, 50])
@pytest.mark.parametrize("lang", HEADERS)
def test_out_of_range_is_bad_whatever_the_share(tmp_path: Path, lang: str, bad: int) -> None:
    home = create_home(tmp_path / "home")
    report = import_file(home, export(HEADERS[lang], bad), "export.csv")
    assert (report.batch.accepted, report.batch.quarantined) == (60 - bad, bad)
    assert dict(report.batch.reasons) == {Reason.BAD_COORDINATES.value: bad}
    assert report.mapped == 60 - bad


def test_a_new_home_takes_the_good_ones_for_its_city(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    report = import_file(home, export(HEADERS["es"], 40), "export.csv", city_name="Ciudad")
    assert (report.batch.accepted, report.batch.quarantined, report.outside) == (20, 40, 0)


def test_a_file_in_which_hardly_any_is_in_range_has_no_coordinates(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    report = import_file(home, export(HEADERS["en"], 60), "export.csv")
    assert (report.batch.accepted, report.batch.unmapped) == (60, 60)
