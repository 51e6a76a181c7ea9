"""What people come for, done as they do it: click a hot spot, draft a plan, bring an export, take it back."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import sample_data
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study
from pages.parts.frame import Room
from pages.parts.maps.basemap import fitted_view
from tests.browser.conftest import PATIENCE, Visit, forked, ready, watch
from tests.browser.map_labels import mercator

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def own_address(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A second server, with a copy of the sample city that may be changed."""
    home = tmp_path_factory.mktemp("own")
    shutil.copytree(sample.path, home / "sample")
    with forked(home) as address:
        yield address


@pytest.fixture
def own(browser: Browser, own_address: str) -> Iterator[Open]:
    """`own("data?lang=en")` opens a page of the dashboard whose data may be changed, in a session of its own."""
    troubles: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)

    def go(path: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, own_address, troubles)
        page.goto(f"{own_address}/{path}")
        ready(page)
        return page

    yield go
    context.close()
    assert not troubles, "\n".join(troubles)


def _at(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key}")


def _panel(page: Page) -> Locator:
    return page.get_by_test_id("stMain").locator("h3").first


def _click_on_map(page: Page, city: CityProfile, longitude: float, latitude: float) -> None:
    """Click a place on the map, where Web Mercator puts it."""
    canvas = _at(page, "hotspots_map").locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    state = fitted_view(city.land, room=Room.of_window(1280), span=0.62, height=540)
    scale = 512 * 2**state.zoom / (2 * math.pi)
    x = box["x"] + box["width"] / 2 + math.radians(longitude - state.longitude) * scale
    y = box["y"] + box["height"] / 2 - (mercator(latitude) - mercator(state.latitude)) * scale
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y)
    page.wait_for_timeout(900)
    page.mouse.down()
    page.wait_for_timeout(80)
    page.mouse.up()


def test_map_and_list_select_the_same_place(visit: Visit, sample: Home, city: CityProfile) -> None:
    spots = hot_spot_study(open_source(sample), AlertFilter()).spots
    page = visit("hotspots", lang="en")
    expect(_panel(page)).to_have_text(re.compile("^1 ·"))
    for _ in range(5):  # a map that is still being painted does not answer a click
        _click_on_map(page, city, spots[3].longitude, spots[3].latitude)
        try:
            expect(_panel(page)).to_have_text(re.compile("^4 ·"), timeout=6_000)
            break
        except AssertionError:
            continue
    expect(_panel(page)).to_have_text(re.compile("^4 ·"))
    page.wait_for_url(re.compile(f"spot={spots[3].id}"))
    ready(page)
    table = page.locator("[class*='st-key-hotspots_list']")
    table.scroll_into_view_if_needed()
    box = table.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 35 * 2 + 17)  # the box of the second row, below the heading
    expect(_panel(page)).to_have_text(re.compile("^2 ·"))
    page.wait_for_url(re.compile(f"spot={spots[1].id}"))


def test_a_plan_is_drafted_from_a_hot_spot_kept_and_taken_along(own: Open, tmp_path: Path) -> None:
    page = own("hotspots?lang=el")
    place = _panel(page).inner_text().split("·")[1].strip()
    _at(page, "spot_draft").get_by_role("button").click()
    page.wait_for_url("**/interventions**")
    ready(page)
    expect(page.locator("h1").first).to_contain_text(place)
    _at(page, "plan_save").get_by_role("button").click()
    ready(page)
    kept = _document(page, tmp_path, "plan_json")
    plan = json.loads(kept.read_text("utf-8"))
    assert place in plan["statement"]["el"]
    assert plan["areas"]["treated"]
    assert _document(page, tmp_path, "plan_pdf").read_bytes().startswith(b"%PDF")
    assert _document(page, tmp_path, "plan_docx").read_bytes().startswith(b"PK")


def test_what_is_typed_in_a_plan_is_kept_without_enter(own: Open, tmp_path: Path) -> None:
    """A partner left with Tab; a text, and a click right after the last letter."""
    page = own("interventions?lang=en")
    page.get_by_role("button", name=re.compile("^Open")).first.click()
    ready(page)
    steps = page.get_by_test_id("stButtonGroup").first.get_by_role("radio")
    steps.filter(has_text="Who, when, cost").click()
    ready(page)
    partners = page.get_by_label("Partners, one a line")
    partners.fill("")
    partners.press_sequentially("Society of the harbour")
    partners.press("Tab")
    lead = page.get_by_label("Lead", exact=True)
    lead.fill("Office for equality")
    steps.filter(has_text="Gender check").click()
    ready(page)
    page.get_by_role("textbox", name="Your name or office").fill("Me")
    consulted = page.get_by_label("Who was asked, and how?")
    consulted.fill("The students")
    _at(page, "plan_save").get_by_role("button").click()
    expect(page.get_by_text("There are changes that are not saved.")).to_have_count(0)
    ready(page)
    plan = json.loads(_document(page, tmp_path, "plan_json").read_text("utf-8"))
    assert plan["partners"] == ["Society of the harbour"]
    assert plan["lead"] == "Office for equality"
    assert plan["gender_check"]["consulted"] == "The students"
    assert plan["version"] > 1


def _document(page: Page, folder: Path, key: str) -> Path:
    button = _at(page, key).get_by_role("button")
    if not button.is_visible():
        page.get_by_test_id("stButtonGroup").get_by_role("radio").last.click()
        ready(page)
    with page.expect_download() as found:
        button.click()
    target = folder / found.value.suggested_filename
    found.value.save_as(target)
    return target


def test_a_dirty_export_is_understood_imported_and_undone(own: Open) -> None:
    answers = pd.read_csv(sample_data.DIRTY_ANSWERS, sep=";", encoding="utf-8-sig")["outcome"].value_counts()
    page = own("data?lang=en&home=own")
    page.locator("input[type=file]").set_input_files(str(sample_data.DIRTY_EXPORT))
    _at(page, "data_import").get_by_role("button").wait_for()
    ready(page)
    main = page.get_by_test_id("stMain")
    for outcome in ("accepted", "duplicate", "quarantined"):
        expect(main).to_contain_text(f"{answers[outcome]:,}")
    _at(page, "data_import").get_by_role("button").click()
    expect(main).to_contain_text("Imported")
    ready(page)
    page.get_by_role("tab", name="Imports so far").click()
    ready(page)
    expect(main).to_contain_text(sample_data.DIRTY_EXPORT.name)
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("button", name="Yes, undo it").click()
    expect(main).to_contain_text("was undone: ")
