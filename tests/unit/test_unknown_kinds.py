"""New categories whose kind nothing says are named after the import, not only before it."""

from __future__ import annotations

from pathlib import Path

from curim_data.importing.pipeline import MOST_NAMED, ImportReport, import_file
from curim_data.model import translator
from curim_data.store.home import create_home

T = translator("en")


def export(*categories: str) -> bytes:
    rows = [f"{1 + at % 28:02}/03/2025 1{at % 9}:15,{one},37.94{at},23.64{at}" for at, one in enumerate(categories)]
    return "\n".join(["date,category,latitude,longitude", *rows]).encode()


def said(report: ImportReport) -> list[str]:
    return [one for one in map(T, report.decisions) if "kind" in one and "is not known" in one]


def test_a_home_with_a_city_says_which_categories_have_no_kind(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    data = export(*["Zarple"] * 8, *["Theft"] * 8, *["Mumble"] * 3)
    report = import_file(home, data, "alerts.csv")
    assert said(report) == [
        "Alerts whose kind (danger, incivility or offence) is not known: 11, such as those of Zarple, Mumble. Give "
        "these categories a kind in the city profile on the Data page."
    ]
    assert said(report)[0] in report.sentence(T)


def test_many_categories_without_a_kind_are_not_all_named(tmp_path: Path) -> None:
    names = [f"Zarple{letter}" for letter in "abcdefgh"]
    report = import_file(create_home(tmp_path / "home"), export(*names * 2), "alerts.csv")
    (sentence,) = said(report)
    assert sum(name in sentence for name in names) == MOST_NAMED


def test_nothing_is_said_where_every_kind_is_known(tmp_path: Path) -> None:
    report = import_file(create_home(tmp_path / "home"), export(*["Theft", "Graffiti"] * 8), "alerts.csv")
    assert said(report) == []
