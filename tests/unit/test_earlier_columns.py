"""A later file with the same headings is read by the columns of the earlier one, whatever its own values suggest."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import ImportReport, import_file, preview
from curim_data.model import Answers, translator
from curim_data.store import Home, Store
from tests.effort import FULL
from tests.in_texts import export

pytestmark = pytest.mark.slow

T = translator("en")
# Which column names the event is told by its values: of which most speak of events.
SPEAKING = {
    "en": (("theft", "noise", "litter"), ("north", "south", "west")),
    "el": (("Κλοπή", "Θόρυβος", "Σκουπίδια"), ("Βορράς", "Νότος", "Δύση")),
    "es": (("Robo", "Ruido", "Basura"), ("Norte", "Sur", "Oeste")),
    "de": (("Diebstahl", "Lärm", "Müll"), ("Nord", "Süd", "West")),
}


def month(first: tuple[str, ...], second: tuple[str, ...], start: int = 0) -> bytes:
    rows = [{"col1": first[at % len(first)], "col2": second[at // 2 % len(second)]} for at in range(start, start + 60)]
    return export(rows)


def category(report: ImportReport) -> str:
    return report.facts.labels[report.layout.place("category")] if "category" in report.layout.roles else ""


def findings(report: ImportReport) -> list[str]:
    return [text for text in map(T, report.decisions) if "which has the same columns" in text]


@pytest.mark.parametrize("language", SPEAKING if FULL else ["el"])
def test_the_category_stays_in_the_column_of_the_file_before(language: str, tmp_path: Path) -> None:
    events, places = SPEAKING[language]
    home = Home(tmp_path)
    first = import_file(home, month(events, places), "march.csv")
    assert category(first) == "col1"
    assert findings(first) == []
    other_way = month(places, events, 60)
    assert category(preview(other_way, "april.csv", None).report) == "col2"  # by itself
    second = import_file(home, other_way, "april.csv", answers=Answers(elsewhere=True))
    assert category(second) == "col1"
    (said,) = findings(second)
    assert "march.csv" in said
    assert "col2" in said
    silent = month(places, places, 120)
    third = import_file(home, silent, "may.csv")
    assert category(third) == "col1"
    assert len(findings(third)) == 1
    assert findings(import_file(home, month(events, places, 180), "june.csv")) == []


def test_a_column_that_holds_no_names_any_more_is_left_and_that_is_said(tmp_path: Path) -> None:
    home = Home(tmp_path)
    import_file(home, month(("theft", "noise"), ("north", "south")), "march.csv")
    texts = tuple(f"a long story number {at} of what happened to me on that day" for at in range(60))
    second = import_file(home, month(texts, ("theft", "noise"), 60), "april.csv")
    assert category(second) == "col2"
    assert ["col1 holds no list of names" in text for text in findings(second)] == [True]


def test_other_headings_and_undone_imports_decide_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    events, places = SPEAKING["en"]
    first = import_file(home, month(events, places), "march.csv")
    wider = export(
        [{"col1": places[at % 3], "col2": events[at // 2 % 3], "col3": str(at % 2)} for at in range(60, 120)]
    )
    assert category(import_file(home, wider, "wider.csv")) == "col2"
    renamed = month(places, events, 60).replace(b"col1", b"col3")
    assert category(import_file(home, renamed, "april.csv")) == "col2"
    Store(home).undo(first.batch.id)
    assert category(import_file(home, month(places, events, 120), "may.csv")) == "col2"


@pytest.mark.parametrize("heading", ["Φύλο", *(["Gender", "Sexe", "Geschlecht"] if FULL else [])])
def test_a_gender_stays_that_of_the_same_person(heading: str, tmp_path: Path) -> None:
    """By the words of the first file citizens report; by those of the second it is a record of offences."""
    home, genders = Home(tmp_path), ("F", "M")

    def file(names: tuple[str, ...], start: int) -> bytes:
        rows = [
            {"report": names[at % 3], "app": "web", heading: genders[at // 3 % 2]} for at in range(start, start + 60)
        ]
        return export(rows)

    first = import_file(home, file(("Noise", "Litter", "Graffiti"), 0), "march.csv")
    assert "reporter_gender" in first.layout.roles
    later = file(("Theft", "Robbery", "Burglary"), 60)
    assert "affected_gender" in preview(later, "april.csv", None).report.layout.roles
    second = import_file(home, later, "april.csv")
    assert "reporter_gender" in second.layout.roles
    assert "affected_gender" not in second.layout.roles
    assert any(heading in text and "person who reports" in text for text in findings(second))
