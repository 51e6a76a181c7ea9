"""The table of numbers in docs/decisions.md is that of the code, and settings that stand twice agree."""

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
ROWS = re.findall(r"\| ([^|]+) \| `([\w.]+):([\w.]+)` \|", (ROOT / "docs" / "decisions.md").read_text("utf-8"))


@pytest.mark.parametrize(("value", "module", "name"), ROWS)
def test_a_number_is_decided_where_the_table_says(value: str, module: str, name: str) -> None:
    assert reduce(getattr, name.split("."), import_module(module)) == ast.literal_eval(value), "mend docs/decisions.md"


def test_the_server_takes_files_as_large_as_the_page() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["maxUploadSize"] == MAX_MB
    assert len(ROWS) > 20
