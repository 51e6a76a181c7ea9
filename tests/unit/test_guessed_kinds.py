"""A new city says of which kind it took its categories to be, where their names alone said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.model import translator
from curim_data.store import Home


@pytest.mark.parametrize(
    ("category", "told"),
    [
        ("Bicycle accident", "taken as dangers (accidents, unsafe places), not as offences: Bicycle accident."),
        ("Noise at night", "taken as incivilities (noise, litter and the like), not as offences: Noise at night."),
        ("Theft", ""),
    ],
)
def test_a_guessed_kind_is_said_once(tmp_path: Path, category: str, told: str) -> None:
    rows = [f"a{at},2025-03-{1 + at % 28:02d} 10:15,{category},48.20{at % 10},16.37{at % 7}" for at in range(40)]
    export = ("ref,when,category,lat,lon\n" + "\n".join(rows) + "\n").encode()
    home = Home(tmp_path / "home")
    first, again = (import_file(home, export, f"{name}.csv") for name in ("first", "again"))
    t = translator("en")
    assert not told or any(told in t(line) for line in first.decisions)
    assert any("taken as" in t(line) for line in first.decisions) is bool(told)
    assert not any("taken as" in t(line) for line in again.decisions)
