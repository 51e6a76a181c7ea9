"""What is learnt of places and columns of a file: names, default coordinates, what a column means in a later one."""

from __future__ import annotations

import io
from pathlib import Path

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest

from curim_data.geo.enrichment import default_coordinates, usual_count
from curim_data.importing.first_city import place_name
from curim_data.importing.pipeline import ImportReport, import_file, preview
from curim_data.model import Answers, translator
from curim_data.model.place_names import PlaceNames
from curim_data.store import Home, Store
from tests.effort import FULL
from tests.in_texts import export

ROWS = 240


def places_export(**columns: list[str]) -> bytes:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "id": [f"A{at}" for at in range(ROWS)],
            "date": pd.date_range("2025-01-01", periods=ROWS, freq="7h").strftime("%Y-%m-%d %H:%M"),
            "category": "theft",
            "latitude": 48.85 + np.repeat([0.0, 0.02, 0.04], ROWS // 3) + rng.normal(0, 0.0004, ROWS),
            "longitude": 2.35 + rng.normal(0, 0.0004, ROWS),
            **columns,
        }
    )
    out = io.StringIO()
    table.to_csv(out, index=False)
    return out.getvalue().encode()


def learnt(home: Home, content: bytes) -> tuple[pd.DataFrame, list[str]]:
    report = import_file(home, content, "alerts.csv")
    return home.city().place_names.table, [translator("en")(message) for message in report.decisions]


def thirds(*names: str) -> list[str]:
    return [name for name in names for _ in range(ROWS // 3)]


def test_streets_areas_and_numbered_districts_are_learnt(tmp_path) -> None:
    streets = [f"{at}XX {name}" for at, name in enumerate(thirds("RUE DE RIVOLI", "QUAI SAINT-MICHEL", "RUE MONGE"))]
    content = places_export(
        hundred_block=streets, NEIGHBOURHOOD=thirds("Châtelet", "Pigalle", "Clichy"), precinct=thirds("4", "18", "18")
    )
    names, told = learnt(Home(tmp_path), content)
    by_kind = {kind: set(rows["name"]) for kind, rows in names.groupby("kind")}
    assert by_kind == {
        "street": {"Rue de Rivoli", "Quai Saint-Michel", "Rue Monge"},
        "area": {"Châtelet", "Pigalle", "Clichy"},
        "precinct": {"4", "18"},
    }
    assert any("hundred_block, NEIGHBOURHOOD, precinct" in sentence for sentence in told)
    words = Home(tmp_path).city().place_names.at(2.35, 48.89)
    assert (words.street, words.area, words.numbered) == ("Rue Monge", "Clichy", ("precinct", "18"))


@pytest.mark.parametrize(
    "texts",
    [
        ["somebody stood at the corner of our street again"] * ROWS,
        [f"{at} Villa {chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(ROWS)],
        thirds("anna@example.org", "6912345678", "home!"),
        thirds("NK_LOC ST", "NOT_KNOWN", "x_y"),
        [""] * ROWS,
    ],
)
def test_free_text_and_what_does_not_recur_is_not_kept(tmp_path, texts: list[str]) -> None:
    names, told = learnt(Home(tmp_path), places_export(location=texts))
    assert names.empty
    assert not (tmp_path / "place_names.csv").exists()
    assert not any("without house numbers" in sentence for sentence in told)


def test_rare_names_are_not_kept_and_a_file_that_is_read_again_changes_nothing(tmp_path) -> None:
    texts = thirds("Rue Monge", "Rue Monge", "Quai Voltaire")
    texts[5:9] = ["Villa Anna"] * 4
    names, _ = learnt(Home(tmp_path), places_export(location=texts))
    assert set(names["name"]) == {"Rue Monge", "Quai Voltaire"}
    assert names["n"].min() >= 3
    content = places_export(location=thirds("Rue Monge", "Rue de Rivoli", "Quai Voltaire"))
    import_file(Home(tmp_path / "dry"), content, "alerts.csv", dry_run=True)
    assert not (tmp_path / "dry" / "place_names.csv").exists()
    first, _ = learnt(Home(tmp_path / "home"), content)
    second, _ = learnt(Home(tmp_path / "home"), content)
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("text", "street", "name"),
    [
        ("On or near Supermarket", True, ""), ("On or near ", True, ""), ("OFFSET TO PROTECT PRIVACY", True, ""),
        ("052XX W HURON ST", True, "W Huron St"), ("38-17 254 STREET", True, "254 Street"),
        ("128 MOTT STREET", True, "Mott Street"),
        ("AVDA. GRAN VIA DE HORTALEZA / GTA. LUIS ROSALES", True, "Avda. Gran Via de Hortaleza"),
        ("Dhaula Kuan, Dhaula Kuan Enclave I, New Delhi, Delhi 110010, India", True, "Dhaula Kuan"),
        ("Λεωφ. Συγγρού 12", True, "Λεωφ. Συγγρού"), ("FUENCARRAL-EL PARDO", False, "Fuencarral-El Pardo"),
        ("STATEN ISLAND", False, "Staten Island"), ("011", False, "11"), ("call 555 123 4567", True, ""),
    ],
)  # fmt: skip
def test_a_cell_gives_the_name_of_the_place_in_it(text: str, street: bool, name: str) -> None:
    assert place_name(text, street=street) == name


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


@pytest.mark.slow
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
    assert said.startswith("col1")
    assert "march.csv" in said
    silent = month(places, places, 120)
    third = import_file(home, silent, "may.csv")
    assert category(third) == "col1"
    assert len(findings(third)) == 1
    assert findings(import_file(home, month(events, places, 180), "june.csv")) == []


@pytest.mark.slow
def test_a_column_that_holds_no_names_any_more_is_left_and_that_is_said(tmp_path: Path) -> None:
    home = Home(tmp_path)
    import_file(home, month(("theft", "noise"), ("north", "south")), "march.csv")
    texts = tuple(f"a long story number {at} of what happened to me on that day" for at in range(60))
    second = import_file(home, month(texts, ("theft", "noise"), 60), "april.csv")
    assert category(second) == "col2"
    assert ["col1 holds no list of names" in text for text in findings(second)] == [True]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("counts", "listed"),
    [
        ([60], [60]),
        ([30, 30], [30, 30]),
        ([1] * 500 + [21], [21]),
        ([1] * 500 + [20], []),
        ([1] * 5000 + [40], []),  # less than 1 %
        # Snapped positions: many points of ten alerts, the busiest of fifty is a corner and one of fifty-one a pile.
        ([10] * 100 + [50], []),
        ([10] * 100 + [51], [51]),
        ([1] * 94 + [10] * 6 + [45], []),
        # Few corners, each of many alerts.
        ([50] * 280 + [100] * 20 + [400], []),
        ([50] * 280 + [60] * 20 + [400], [400]),
        ([1] * 97 + [10] * 4 + [45], [45]),
    ],
)
def test_a_pile_holds_far_more_than_other_points(counts: list[int], listed: list[int]) -> None:
    points = pd.DataFrame({"longitude": np.arange(len(counts)) / 1000, "latitude": 38.0, "inside": True, "n": counts})
    spread = points.groupby("n").size().rename("points").reset_index()
    assert default_coordinates(points, sum(counts), 0, usual_count(spread))["n"].tolist() == listed


def test_usual_count_equals_the_slow_way() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        counts = rng.geometric(rng.uniform(0.05, 0.9), rng.integers(1, 60))
        slow = next(int(n) for n in np.sort(counts) if (counts <= n).mean() >= 0.95 - 1e-12)
        values, points = np.unique(counts, return_counts=True)
        assert usual_count(pd.DataFrame({"n": values, "points": points})) == (slow if len(counts) >= 20 else 0)


def names(*rows: tuple[str, str, float, int]) -> PlaceNames:
    """What positions are called: kind, name, longitude (latitude 38) and alerts."""
    table = pd.DataFrame(rows, columns=["kind", "name", "cell", "n"])
    cells = [h3.latlng_to_cell(38.0, at, 10) for at in table["cell"]]
    return PlaceNames(table.assign(cell=np.array(cells, np.int64)))


HIGH_STREET = [("street", "High Street", at / 100, 3) for at in (1, 2)]


@pytest.mark.parametrize(
    ("called", "kept"),
    [
        (names(), False),
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 40)), True),
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 29)), False),  # of less than half of the alerts there
        (names(("street", "High Street", 0.0, 40), ("street", "High Street", 0.01, 3)), False),  # in two cells alone
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 40), ("area", "High Street", 0.5, 3)), False),
        (names(*HIGH_STREET, ("street", "High Street", 0.0, 12), ("street", "New Town", 0.0, 48)), False),
        (names(("area", "New Town", 0.0, 60), ("area", "New Town", 0.5, 60), ("area", "New Town", 0.7, 60)), False),
    ],
)
def test_a_point_on_a_street_is_a_place(called: PlaceNames, kept: bool) -> None:
    points = pd.DataFrame({"longitude": [0.0], "latitude": 38.0, "inside": True, "n": 60})
    assert default_coordinates(points, 560, 0, 1, called).empty is kept
