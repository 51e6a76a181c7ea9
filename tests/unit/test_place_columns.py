from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from curim_data.importing.first_city import place_name
from curim_data.importing.pipeline import import_file
from curim_data.model import translator
from curim_data.store import Home

ROWS = 240


def export(**columns: list[str]) -> bytes:
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
    content = export(
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
    names, told = learnt(Home(tmp_path), export(location=texts))
    assert names.empty
    assert not (tmp_path / "place_names.csv").exists()
    assert not any("without house numbers" in sentence for sentence in told)


def test_rare_names_are_not_kept_beside_those_that_recur(tmp_path) -> None:
    texts = thirds("Rue Monge", "Rue Monge", "Quai Voltaire")
    texts[5:9] = ["Villa Anna"] * 4
    names, _ = learnt(Home(tmp_path), export(location=texts))
    assert set(names["name"]) == {"Rue Monge", "Quai Voltaire"}
    assert names["n"].min() >= 3


def test_a_file_that_is_read_again_changes_nothing_and_a_dry_run_keeps_nothing(tmp_path) -> None:
    content = export(location=thirds("Rue Monge", "Rue de Rivoli", "Quai Voltaire"))
    import_file(Home(tmp_path / "dry"), content, "alerts.csv", dry_run=True)
    assert not (tmp_path / "dry" / "place_names.csv").exists()
    first, _ = learnt(Home(tmp_path / "home"), content)
    second, _ = learnt(Home(tmp_path / "home"), content)
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("text", "street", "name"),
    [
        ("On or near Supermarket", True, ""),
        ("On or near ", True, ""),
        ("OFFSET TO PROTECT PRIVACY", True, ""),
        ("052XX W HURON ST", True, "W Huron St"),
        ("38-17 254 STREET", True, "254 Street"),
        ("128 MOTT STREET", True, "Mott Street"),
        ("AVDA. GRAN VIA DE HORTALEZA / GTA. LUIS ROSALES", True, "Avda. Gran Via de Hortaleza"),
        ("Dhaula Kuan, Dhaula Kuan Enclave I, New Delhi, Delhi 110010, India", True, "Dhaula Kuan"),
        ("Λεωφ. Συγγρού 12", True, "Λεωφ. Συγγρού"),
        ("FUENCARRAL-EL PARDO", False, "Fuencarral-El Pardo"),
        ("STATEN ISLAND", False, "Staten Island"),
        ("011", False, "11"),
        ("call 555 123 4567", True, ""),
    ],
)
def test_a_cell_gives_the_name_of_the_place_in_it(text: str, street: bool, name: str) -> None:
    assert place_name(text, street=street) == name
