"""The command `curim forecast` on the sample city."""

from __future__ import annotations

import json
from typing import Any

import pytest

from curim_data.cli import main
from curim_data.store import Home

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("english")


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
