"""The command `curim brief`: the sentences of the briefing on the terminal, and the document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from docx import Document

from curim_data import query
from curim_data.cli.app import main
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Plan, PlanStatus, translator
from curim_data.plans.plan_store import PlanStore
from curim_data.store import Home

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def copied(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("brief") / "home"
    shutil.copytree(sample.path, path)
    return Home(path)


@pytest.mark.slow
def test_the_brief_tells_what_became_of_a_plan(capsys: Capture, copied: Home, tmp_path: Path) -> None:
    """On the terminal and on paper."""
    out = tmp_path / "brief.docx"
    store = PlanStore(copied.plans_url)
    try:
        store.create(Plan(title="Light the steps", status=PlanStatus.EVALUATED, result={"en": "22 fewer."}), "test")
    finally:
        store.close()
    assert main(["brief", "--home", str(copied.path), "--lang", "en", "--out", str(out)]) == 0
    assert "- Light the steps (Evaluated): 22 fewer." in capsys.readouterr().out.splitlines()
    paper = " ".join(cell.text for table in Document(str(out)).tables for row in table.rows for cell in row.cells)
    assert "Light the steps" in paper
    assert "22 fewer." in paper


def test_the_brief_says_what_changed_and_since_when(capsys: Capture, copied: Home, tmp_path: Path) -> None:
    out = tmp_path / "brief.docx"
    words = [
        "brief",
        "--period",
        "all",
        "--since",
        "2025-05-05",
        "--out",
        str(out),
        "--home",
        str(copied.path),
        "--json",
    ]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["since"] == "2025-05-05"
    assert answer["out"] == str(out)
    assert all(isinstance(line, str) and line for line in answer["told"])
    assert out.read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("since", "words"), [("2035-01-01", []), ("2020-01-01", []), ("2025-05-05", ["--to", "2025-04-30"])]
)
def test_a_day_outside_the_period_is_refused_with_the_period(
    capsys: Capture, copied: Home, since: str, words: list[str]
) -> None:
    source = open_source(copied)
    asked = {"to": "2025-04-30"} if words else {}
    f, _ = AlertFilter.from_query(asked, source.city)
    first, last = (translator("en").date(day) for day in query.dates(source, f))
    assert main(["brief", "--since", since, *words, "--home", str(copied.path), "--lang", "en"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    for part in (f"--since {since} is outside the period looked at, {first} to {last}", "--from"):
        assert part in printed.err
