"""The command `curim forecast` on the sample city."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from curim_data.cli import main
from curim_data.store import Home

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURIM_LANG", "en")


def answer(capsys: Capture, home: Home, *words: str) -> dict[str, Any]:
    assert main(["forecast", *words, "--home", str(home.path), "--json"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    return dict(json.loads(printed))


def test_the_analyst_gets_places_with_their_backtest(sample: Home, capsys: Capture) -> None:
    told = answer(capsys, sample, "--weeks", "2")
    assert told["shown"]
    assert told["weeks"] == 2
    assert len(told["city"]["weeks"]) == 2
    assert {row["method"] for row in told["backtest"]} == {"naive", "decay", "blend"}
    assert {row["area"] for row in told["backtest"]} == {0.01, 0.02, 0.05}
    assert told["method"] in ("naive", "decay", "blend")
    assert told["cells"][0]["expected"] >= told["cells"][-1]["expected"] > 0
    assert told["covered"] <= told["tried"]


def test_the_council_gets_no_cells(sample: Home, capsys: Capture) -> None:
    told = answer(capsys, sample, "--audience", "council")
    assert told["cells"] == []
    assert told["backtest"] == []
    assert told["city"]["expected"] > 0
    assert "specialists" in told["told"]


def test_words_and_file(sample: Home, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "cells.csv"
    assert main(["forecast", "--home", str(sample.path), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Expected in the next 4 weeks" in said
    assert "plain counting" in said
    table = pd.read_csv(out)
    assert list(table)[:5] == ["cell", "name", "expected", "low", "high"]
    assert len(table) > 5


@pytest.mark.parametrize("words", [["--weeks", "5"], ["--weeks", "0"], ["--resolution", "3"]])
def test_refused(sample: Home, words: list[str], capsys: Capture) -> None:
    assert main(["forecast", *words, "--home", str(sample.path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
