"""Commands that look at places, on a home whose alerts have no position: they say so and claim nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curim_data.cli.app import main
from curim_data.model import translator
from curim_data.model.absence import NO_POSITIONS
from curim_data.store import Home
from tests.unit.test_city_without_outline import bring

Capture = pytest.CaptureFixture[str]
COMMANDS = {
    **{f"hotspots {m}": ["hotspots", "--method", m] for m in ("significance", "clusters", "emerging", "density")},
    "concentration": ["concentration"],
    "near-repeat": ["near-repeat"],
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("nowhere") / "home")
    bring(made, "el", "Xanadu")
    return made


@pytest.mark.parametrize("lang", ["en", "el", "fr"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_study_of_places_says_that_no_alert_is_on_the_map(capsys: Capture, bare: Home, name: str, lang: str) -> None:
    assert main([*COMMANDS[name], "--home", str(bare.path), "--lang", lang]) == 0
    lines = capsys.readouterr().out.replace("\n", " ")
    assert "240" in lines
    assert lines.strip().endswith(translator(lang)(NO_POSITIONS))  # nothing after it


@pytest.mark.parametrize("name", COMMANDS)
def test_the_answer_for_programs_is_empty_and_no_file_is_written(
    capsys: Capture, bare: Home, tmp_path: Path, name: str
) -> None:
    assert main([*COMMANDS[name], "--home", str(bare.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n"], told["told"], told["choices"]) == (0, translator("en")(NO_POSITIONS), [])
    assert not any(told.get(found) for found in ("spots", "places", "shares", "bands"))
    out = tmp_path / "cells.csv"
    assert main([*COMMANDS[name], "--home", str(bare.path), "--out", str(out)]) == 2
    assert "None of these alerts is on the map" in capsys.readouterr().err
    assert not out.exists()
