"""The command line as tests use it: what it prints, answers and refuses, in English."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from curim_data.cli import main
from curim_data.store import Home


@dataclass(frozen=True)
class Curim:
    """`curim` in this process."""

    capsys: pytest.CaptureFixture[str]

    def says(self, home: Home, *words: str) -> str:
        """What it prints for a reader."""
        assert main([*words, "--home", str(home.path)]) == 0
        return self.capsys.readouterr().out

    def answer(self, home: Home, *words: str) -> dict[str, Any]:
        """The object that it prints, and nothing beside it."""
        printed = self.says(home, *words, "--json")
        assert printed.count("\n") == 1
        return dict(json.loads(printed))

    def refuses(self, *words: str) -> str:
        """The line of a refusal: exit code 2, one line on standard error, nothing on standard output."""
        assert main(list(words)) == 2
        printed = self.capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        return printed.err
