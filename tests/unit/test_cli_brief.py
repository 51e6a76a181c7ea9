"""The command `curim brief`: the sentences of the briefing on the terminal, and the document."""

from __future__ import annotations

import json
import re
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
from curim_data.studies import brief_text

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def copied(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("brief") / "home"
    shutil.copytree(sample.path, path)
    return Home(path)


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
    ("words", "said"),
    [(["--since", "May"], "“May” is not a date such as 2025-03-31."), (["--out", "brief.txt"], ".pdf")],
)
def test_what_cannot_be_used_is_one_line(capsys: Capture, copied: Home, words: list[str], said: str) -> None:
    assert main(["brief", *words, "--home", str(copied.path), "--lang", "en"]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1


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


@pytest.mark.parametrize("end", [0, 1])
def test_the_first_and_last_day_of_the_period_are_in_it(capsys: Capture, copied: Home, end: int) -> None:
    day = query.dates(open_source(copied), AlertFilter())[end].isoformat()
    assert main(["brief", "--since", day, "--home", str(copied.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["since"] == day


@pytest.mark.parametrize(("lang", "heading"), [("en", "Hot spots"), ("el", "Εστίες"), ("fr", "Points chauds")])
def test_hot_spots_have_a_heading_and_their_counts(capsys: Capture, copied: Home, lang: str, heading: str) -> None:
    assert main(["brief", "--home", str(copied.path), "--lang", lang]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index(heading)
    for rank in range(1, 4):
        assert re.fullmatch(rf"{rank}\. .+?\u00a0?: [\d.,\s]+ \w+", lines[at + rank])


def test_a_change_goes_on_in_small_letters_after_its_name(
    capsys: Capture, copied: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief_text, "counts_words", lambda *_: "Plus d’incidents qu’attendu (nombres protégés)")
    assert main(["brief", "--home", str(copied.path), "--lang", "fr"]) == 0
    told = capsys.readouterr().out
    assert "\u00a0: plus d’incidents" in told
    assert ": Plus d’incidents" not in told
