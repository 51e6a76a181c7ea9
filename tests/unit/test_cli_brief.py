"""The command `curim brief`: the sentences of the briefing on the terminal, and the document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from curim_data.cli.app import main
from curim_data.store import Home

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def copied(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("brief") / "home"
    shutil.copytree(sample.path, path)
    return Home(path)


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
