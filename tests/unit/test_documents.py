"""Numbers in docs/decisions.md are those of the code, docs/oracles.md names tests that there are, settings agree."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest

from pages.parts.data.uploads import MAX_MB

ROOT = Path(__file__).resolve().parents[2]
LIST = (ROOT / "docs" / "oracles.md").read_text("utf-8")
ROWS = re.findall(r"\| ([^|]+) \| `([\w.]+):([\w.]+)` \|", (ROOT / "docs" / "decisions.md").read_text("utf-8"))


@pytest.mark.parametrize(("value", "module", "name"), ROWS)
def test_a_number_is_decided_where_the_table_says(value: str, module: str, name: str) -> None:
    assert reduce(getattr, name.split("."), import_module(module)) == ast.literal_eval(value), "mend docs/decisions.md"


def test_the_server_takes_files_as_large_as_the_page() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["maxUploadSize"] == MAX_MB
    assert len(ROWS) > 20


def test_every_test_that_the_list_names_is_there() -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    asvs = (ROOT / "docs" / "asvs.md").read_text("utf-8")
    named = set(re.findall(r"`(?:tests/\w+/)?(test_\w+)`", LIST + asvs))
    assert named
    assert named - defined == set()
    assert set(re.findall(r"(test_\w+\.py)", LIST)) - files <= {"test_spacetime.py", "test_getisord.py"}
    published = LIST.split("## Where a known tool")[0]
    assert len(re.findall(r"^\| (?!result|---)", published, re.MULTILINE)) >= 16
