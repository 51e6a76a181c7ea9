"""The Briefing, Hot spots and other pages stand on public exports, in languages and widths in turns.

On a push on two of them, in `make test-full` on all. `make real` opens every page in both languages at both widths,
and takes pictures of whole pages.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.cities import EXPORTS, HEADERS, REAL, City, Headers, ImportFailed, walked
from tests.real.walk import OUT, Tab, sample_of_stops, table, walk_city

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not EXPORTS.exists(), reason="the public exports are not beside the project"),
]


@pytest.mark.parametrize("city", walked(REAL), ids=lambda city: city.name)
def test_pages_stand(city: City, tab: Tab) -> None:
    seen = walk_city(city, tab, sample_of_stops(city), OUT, whole=False)
    assert not seen.findings, "\n" + table(seen.findings)


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: headers.name)
def test_first_rows_of_other_exports_are_imported(headers: Headers, tmp_path: Path) -> None:
    if headers.refused:
        with pytest.raises(ImportFailed, match=headers.refused):
            headers.imported(tmp_path)
    else:
        counts = headers.imported(tmp_path)
        assert counts["read"] == sum(counts[kind] for kind in ("accepted", "updated", "duplicate", "quarantined")) > 0
        assert counts["accepted"] == counts["read"], counts["reasons"]
