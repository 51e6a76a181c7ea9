"""Pages stand on public exports and on made-up ones of other shapes, in languages and widths in turns.

On a push on three of them, in `make test-full` on all. `make real` opens every page in both languages at both widths,
and takes pictures of whole pages.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.browser.conftest import PAGES
from tests.effort import FULL
from tests.real.cities import CITIES, EXPORTS, HEADERS, MADE_UP, REAL, City, Headers, ImportFailed, walked
from tests.real.twins import TWINS, write_twin
from tests.real.walk import OUT, Tab, sample_of_stops, table, walk_city

needs_exports = pytest.mark.skipif(not EXPORTS.exists(), reason="the public exports are not beside the project")


@pytest.mark.browser
@pytest.mark.parametrize(
    "city",
    [*(pytest.param(city, marks=needs_exports) for city in walked(REAL)), *walked(MADE_UP)],
    ids=lambda city: city.name,
)
def test_pages_stand(city: City, tab: Tab) -> None:
    seen = walk_city(city, tab, sample_of_stops(city)[:: 1 if FULL else 3], OUT, whole=False)
    assert not seen.findings, "\n" + table(seen.findings)


@pytest.mark.browser
@needs_exports
@pytest.mark.parametrize("headers", HEADERS if FULL else HEADERS[1::12], ids=lambda headers: headers.name)
def test_first_rows_of_other_exports_are_imported(headers: Headers, tmp_path: Path) -> None:
    if headers.refused:
        with pytest.raises(ImportFailed, match=headers.refused):
            headers.imported(tmp_path)
    else:
        counts = headers.imported(tmp_path)
        assert counts["read"] == sum(counts[kind] for kind in ("accepted", "updated", "duplicate", "quarantined")) > 0
        assert counts["accepted"] == counts["read"], counts["reasons"]


def test_all_cities_together_show_every_page_in_both_languages_at_both_widths() -> None:
    shown = {(stop.page, stop.lang, stop.width) for city in CITIES for stop in sample_of_stops(city)}
    assert shown == set(product(PAGES, ("en", "el"), (1280, 390)))
    assert all({"briefing", "hotspots"} <= {stop.page for stop in sample_of_stops(city)} for city in REAL)
    assert (
        len({(stop.page, stop.lang) for city in REAL for stop in sample_of_stops(city) if stop.audience != "analyst"})
        > 2
    )


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, again = write_twin(name, tmp_path), write_twin(name, tmp_path / "again")
    assert first.read_bytes() == again.read_bytes()
    assert len(first.read_text("utf-8").splitlines()) == TWINS[name].rows + 1
