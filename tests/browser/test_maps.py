"""Maps: sources are credited, and the city fits again where a map's room changes."""

from __future__ import annotations

import math
from typing import Any

import pytest
from playwright.sync_api import Page

from curim_data.model import CityProfile
from curim_data.model.gazetteer import CREDIT
from tests.browser.conftest import Visit, ready
from tests.browser.map_labels import TILE, map_names, mercator
from tests.effort import in_full


def credits_of_maps(page: Page) -> list[str]:
    """What the browser writes into the corner of each map."""
    charts = page.locator('[data-testid="stDeckGlJsonChart"]')
    return charts.evaluate_all("charts => charts.map(chart => getComputedStyle(chart, '::after').content)")


@in_full
@pytest.mark.parametrize("home", ["sample", "own"])
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
    assert credits_of_maps(page) == [f'"{CREDIT}"'], "the towns that are named are of GeoNames"


PATIENCE = 60  # half seconds
MARK = "() => { document.querySelector('[data-testid=\"stDeckGlJsonChart\"] canvas').first = true }"
MARKED = "() => document.querySelector('[data-testid=\"stDeckGlJsonChart\"] canvas').first === true"
FILLED = 0.6  # of the map's width or height that the city's land has to take


def land_on_map(city: CityProfile, found: dict[str, Any]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the city's land on a map, as shares of the map's width and height."""
    view = found["view"]
    world = TILE * 2 ** view["zoom"]
    west, south, east, north = city.land.bounds
    left, right = (0.5 + (x - view["longitude"]) / 360 * world / found["width"] for x in (west, east))
    up = [0.5 - (mercator(y) - mercator(view["latitude"])) / math.tau * world / found["height"] for y in (north, south)]
    return left, up[0], right, up[1]


def fits(city: CityProfile, found: dict[str, Any]) -> bool:
    left, top, right, bottom = land_on_map(city, found)
    return min(left, top) >= 0 and max(right, bottom) <= 1 and max(right - left, bottom - top) >= FILLED


def wait_until_fitted(page: Page, city: CityProfile, zoom: float = 0.0) -> dict[str, Any]:
    """The first map once it fits at this zoom or closer and the page is at rest."""
    for _ in range(PATIENCE):
        page.wait_for_timeout(500)
        found = map_names(page)
        if found and fits(city, found[0]) and found[0]["view"]["zoom"] >= zoom:
            ready(page)
            at_rest = map_names(page)
            if at_rest and fits(city, at_rest[0]):
                return at_rest[0]
    raise AssertionError(f"the map does not fit: {[land_on_map(city, map_) for map_ in map_names(page)]}")


@in_full
@pytest.mark.parametrize("name", ["hotspots", "briefing"])
def test_a_map_fits_again_in_a_smaller_window(visit: Visit, city: CityProfile, name: str) -> None:
    page = visit(name, lang="en", width=1280)
    page.wait_for_selector('[data-testid="stDeckGlJsonChart"] canvas')
    wide = wait_until_fitted(page, city)
    assert all("Tritsarolis" in credit for credit in credits_of_maps(page)), "the sources of the sample's coast"
    page.evaluate(MARK)
    page.set_viewport_size({"width": 390, "height": 844})
    narrow = wait_until_fitted(page, city)
    assert narrow["width"] < 390 < wide["width"]
    assert narrow["view"]["zoom"] < wide["view"]["zoom"] - 0.3
    page.set_viewport_size({"width": 1280, "height": 900})
    wait_until_fitted(page, city, wide["view"]["zoom"] - 0.15)
    assert page.evaluate(MARKED), "the map was drawn anew on another surface, which takes seconds"
