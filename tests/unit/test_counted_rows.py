"""A column that says how many events a row stands for is named, not passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import import_file, preview
from curim_data.model import translator
from curim_data.store import Home

T = translator("en")


def export(heading: str, numbers: list[int]) -> bytes:
    """One row a day and place, of which the last column says a number."""
    rows = [f"{1 + at % 28:02d}.03.2025;Theft;38.2{at % 9};21.7{at % 7};{n}" for at, n in enumerate(numbers)]
    return "\n".join([f"date;offence;lat;lon;{heading}", *rows]).encode()


def told(data: bytes) -> list[str]:
    shown = preview(data, "export.csv", None)
    assert shown.report.proof is not None
    concerns = [one.sentence(T, shown.city) for one in shown.report.proof.concerns]
    said = [T(one) for one in shown.report.decisions]
    return [one for one in said if "stands for" in one and one in concerns]


@pytest.mark.parametrize(
    "heading",
    ["Anzahl", "Πλήθος περιστατικών", "nombre de faits", "Nº de hechos", "number of incidents", "numero di reati"],
)
def test_a_count_of_events_is_a_concern(heading: str, tmp_path: Path) -> None:
    numbers = [1 + at % 5 for at in range(40)]
    assert len(told(export(heading, numbers))) == 1
    assert told(export(heading, numbers))[0].startswith(f"{heading} says how many events a row stands for")
    report = import_file(Home(tmp_path), export(heading, numbers), "export.csv")
    assert any(heading in T(one) and "stands for" in T(one) for one in report.decisions)


@pytest.mark.parametrize(
    ("heading", "numbers"),
    [
        ("Anzahl", [1] * 40),  # one row for each event all the same
        ("Anzahl Opfer", [1 + at % 4 for at in range(40)]),
        ("αριθμός θυμάτων", [1 + at % 4 for at in range(40)]),
        ("nombre de véhicules", [at % 4 for at in range(40)]),
        ("Nº", list(range(1, 41))),
        ("district", [1 + at % 5 for at in range(40)]),
    ],
)
def test_other_numbers_are_none(heading: str, numbers: list[int]) -> None:
    assert told(export(heading, numbers)) == []
