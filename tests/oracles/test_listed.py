"""The list of published results in docs/oracles.md names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = (ROOT / "docs" / "oracles.md").read_text("utf-8")


def test_every_test_that_the_list_names_is_there() -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`(?:tests/\w+/)?(test_\w+)`", LIST))
    assert named
    assert named - defined == set()
    assert set(re.findall(r"(test_\w+\.py)", LIST)) - files <= {"test_spacetime.py", "test_getisord.py"}


def test_at_least_sixteen_results_are_listed() -> None:
    published = LIST.split("## Where a known tool")[0]
    assert len(re.findall(r"^\| (?!result|---)", published, re.MULTILINE)) >= 16
