from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit, ready
from tests.browser.map_labels import ALLOWED, label_boxes, label_collisions, map_names
from tests.effort import FULL


@pytest.mark.parametrize(
    ("name", "width"), [("hotspots", 390), *((("briefing", 1280), ("hotspots", 1280)) if FULL else ())]
)
def test_names_on_maps_keep_apart_at_every_zoom(visit: Visit, name: str, width: int) -> None:
    page = visit(name, lang="el", width=width)
    page.wait_for_selector('[data-testid="stDeckGlJsonChart"] canvas')
    page.wait_for_timeout(1_500)
    assert all("Tritsarolis" in credit for credit in credits_of_maps(page)), "the sources of the sample's coast"
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


def credits_of_maps(page: Page) -> list[str]:
    """What the browser writes into the corner of each map."""
    charts = page.locator('[data-testid="stDeckGlJsonChart"]')
    return charts.evaluate_all("charts => charts.map(chart => getComputedStyle(chart, '::after').content)")


@pytest.mark.parametrize("home", ["sample", "own"] if FULL else ["own"])
def test_a_preview_of_another_city_is_not_credited_to_the_samples_sources(visit: Visit, home: str) -> None:
    rows = [
        f"a{n},2025-03-{1 + n % 28:02d} 18:00,Noise,{48.2 + n % 10 / 987:.5f},{16.3 + n % 7 / 876:.5f}"
        for n in range(60)
    ]
    file = "\n".join(["ref,when,category,lat,lon", *rows, ""]).encode()
    page = visit("data", lang="en", home=home)
    upload = page.locator('input[type="file"]').first
    upload.set_input_files({"name": "vienna.csv", "mimeType": "text/csv", "buffer": file})
    page.wait_for_selector('[data-testid="stDeckGlJsonChart"] canvas')
    ready(page)
    assert credits_of_maps(page) == ["none"]
