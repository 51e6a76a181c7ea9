"""The Briefing, Hot spots and another page stand on made-up exports of other shapes, Greek and English in turns.

`make real` opens every page of these too, in both languages.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.cities import MADE_UP, City
from tests.real.twins import TWINS, write_twin
from tests.real.walk import OUT, Tab, sample_of_stops, table, walk_city


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("turn", "city"), list(enumerate(MADE_UP)), ids=[city.name for city in MADE_UP])
def test_pages_stand(turn: int, city: City, tab: Tab) -> None:
    seen = walk_city(city, tab, sample_of_stops(turn, council=False), OUT, whole=False)
    assert not seen.findings, "\n" + table(seen.findings)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, again = write_twin(name, tmp_path), write_twin(name, tmp_path / "again")
    assert first.read_bytes() == again.read_bytes()
    assert len(first.read_text("utf-8").splitlines()) == TWINS[name].rows + 1
