from __future__ import annotations

import pytest

from tests.browser.conftest import Visit
from tests.browser.map_labels import ALLOWED, label_boxes, label_collisions, map_names


@pytest.mark.parametrize(("name", "width"), [("briefing", 1280), ("hotspots", 1280), ("hotspots", 390)])
def test_names_on_maps_keep_apart_at_every_zoom(visit: Visit, name: str, width: int) -> None:
    page = visit(name, lang="el", width=width)
    page.wait_for_selector('[data-testid="stDeckGlJsonChart"] canvas')
    page.wait_for_timeout(1_500)
    assert len(label_boxes(page)[0]) >= 3
    assert label_collisions(page) <= ALLOWED
    chart = page.locator('[data-testid="stDeckGlJsonChart"]').first
    chart.scroll_into_view_if_needed()
    before = map_names(page)[0]["view"]["zoom"]
    for wheel in (-200, -200, -400, 3_000):
        chart.hover()
        page.mouse.wheel(0, wheel)
        page.wait_for_timeout(400)
        assert label_collisions(page) <= ALLOWED
    assert map_names(page)[0]["view"]["zoom"] != before
