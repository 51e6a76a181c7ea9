"""Every page stands on made-up exports of other shapes, Greek and English in turns.

`make real` opens all pages of these too, in both languages.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.real.cities import MADE_UP, City
from tests.real.twins import TWINS, write_twin
from tests.real.walk import OUT, alternating, table, walk_city

DRAWING = ("briefing", "hotspots", "trends", "gender")  # the pages that draw what an export holds


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("turn", "city"), list(enumerate(MADE_UP)), ids=[city.name for city in MADE_UP])
def test_every_page_stands(turn: int, city: City, browser: Browser) -> None:
    seen = walk_city(city, browser, alternating(turn, DRAWING), OUT, whole=False)
    assert not seen.findings, "\n" + table(seen.findings)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, again = write_twin(name, tmp_path), write_twin(name, tmp_path / "again")
    assert first.read_bytes() == again.read_bytes()
    assert len(first.read_text("utf-8").splitlines()) == TWINS[name].rows + 1
