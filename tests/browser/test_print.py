"""What paper gets: light colours also of a dark page, and tables with all their columns; and what a map tells."""

from __future__ import annotations

import io
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from matplotlib.image import imread

from tests.browser.conftest import Visit
from tests.effort import FULL, in_full

pytestmark = pytest.mark.browser
TABLES = ".for-print table"


@pytest.mark.parametrize("dark", [False, True] if FULL else [True])
def test_a_page_is_printed_light_with_its_colours_and_all_columns_of_its_tables(visit: Visit, dark: bool) -> None:
    page = visit("trends", lang="el", dark=dark, open="changes")
    assert page.locator(TABLES).count() >= 1
    assert not page.locator(TABLES).first.is_visible()
    assert page.locator('[data-testid="stDataFrame"]').first.is_visible()
    page.emulate_media(media="print", color_scheme="dark" if dark else "light")
    page.set_viewport_size({"width": 794, "height": 1123})
    table = page.locator(TABLES).first
    assert table.is_visible()
    assert table.locator("th").count() >= 10
    assert page.locator(TABLES).last.is_visible()
    wide = table.evaluate("table => table.getBoundingClientRect().right")
    assert wide <= 794
    assert not page.locator('[data-testid="stDataFrame"]').last.is_visible()
    picture = imread(io.BytesIO(page.screenshot()))[..., :3]
    assert np.median(picture.mean(axis=2)) > 0.9
    if not dark:
        return
    page = visit("trends", lang="el", dark=True, open="week")
    page.emulate_media(media="print", color_scheme="dark")
    twice = page.locator(".heatmaplayer").first
    assert twice.evaluate("layer => getComputedStyle(layer).filter") != "none"
    assert page.locator(".stMain").evaluate("main => getComputedStyle(main).filter") != "none"
    layers = page.locator(".js-plotly-plot").first.locator(".main-svg")
    grounds = layers.evaluate_all("layers => layers.map(layer => getComputedStyle(layer).backgroundColor)")
    assert len(grounds) >= 2
    assert grounds[0] == "rgb(0, 0, 0)"
    assert set(grounds[1:]) == {"rgba(0, 0, 0, 0)"}  # they lie on the first and would hide it


@in_full
def test_a_maps_tooltip_stays_inside_it_and_paper_has_no_boxes_to_choose_with_and_each_table_once(visit: Visit) -> None:
    """The list of hot spots, which is drawn anew once its classes are there, stood on paper twice, cut."""
    page = visit("hotspots", lang="el", tab="concentration")
    page.wait_for_selector('[data-testid="stDeckGlJsonChart"] canvas')
    page.wait_for_timeout(1_000)
    # deck.gl puts a tooltip right of and below the pointer: as if the pointer stood in the corner of the map.
    box = page.evaluate(
        """async () => {
          const tip = document.querySelector('.deck-tooltip');
          const map = tip.closest('[data-testid="stDeckGlJsonChart"]');
          const frame = map.getBoundingClientRect();
          tip.innerText = 'Αναφορές: 12\\nGi* (z): 3,1\\nΠερισσότερες από όσες εξηγεί η τύχη, μαζί με τα γύρω κελιά';
          tip.style.display = 'block';
          tip.style.transform = `translate(${frame.width - 10}px, ${frame.height - 10}px)`;
          document.dispatchEvent(new PointerEvent('pointermove', {bubbles: true}));
          await new Promise(done => setTimeout(done, 1500));
          const told = tip.getBoundingClientRect();
          return {right: frame.right - told.right, bottom: frame.bottom - told.bottom, wide: told.width};
        }"""
    )
    assert box["right"] >= 0
    assert box["bottom"] >= 0
    assert box["wide"] > 100
    boxes = page.locator(".stSelectbox, .stButtonGroup, .stTabs [role=tablist]")
    assert boxes.first.is_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.wait_for_timeout(2_000)
    assert not any(box.is_visible() for box in boxes.all())
    assert not any(found.is_visible() for found in page.locator(".stDataFrame").all())
    assert page.locator(TABLES).count() >= 2
    for part in page.locator(f"{TABLES}, .js-plotly-plot .main-svg").all():
        assert part.evaluate("part => part.getBoundingClientRect().right") <= 794


@in_full
def test_the_keys_for_printing_print_a_dark_page_in_the_light_theme(visit: Visit) -> None:
    page = visit("trends", lang="el", dark=True, alone=True, by="month")
    page.context.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1 }")
    for _ in range(60):  # the page is at rest before its script listens to the keys
        page.keyboard.press("Control+p")
        page.wait_for_timeout(500)
        if len(page.context.pages) > 1:
            break
    paper = page.context.pages[1]
    paper.wait_for_url("**embed_options**")
    words = dict(parse_qsl(urlsplit(paper.url).query))
    assert (words["embed_options"], words["by"], words["lang"]) == ("light_theme", "month", "el")
    for _ in range(180):  # a wait for a function would evaluate a string, which no page allows
        if paper.evaluate("window.printed"):
            break
        paper.wait_for_timeout(500)
    assert paper.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor") == "rgb(255, 255, 255)"
    assert paper.locator(".js-plotly-plot").count() >= 3
    paper.wait_for_timeout(5_000)
    assert paper.evaluate("window.printed") == 1


@in_full
def test_the_print_view_is_light_for_a_reader_of_the_dark_theme(visit: Visit) -> None:
    page = visit("gender", lang="el", dark=True)
    assert not page.locator(".print-audience").is_visible()
    link = page.locator('[data-testid="stSidebar"] a[data-testid="stBaseLinkButton-tertiary"]')
    address = str(link.get_attribute("href"))
    assert "embed_options=light_theme" in address
    words = dict(parse_qsl(urlsplit(address).query))
    light = visit("gender", dark=True, **{**words, "as": "council"})
    assert light.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor") == "rgb(255, 255, 255)"
    light.emulate_media(media="print", color_scheme="dark")
    assert light.evaluate("getComputedStyle(document.querySelector('.stMain')).filter") == "none"
    assert light.locator(".print-audience").is_visible()
    assert light.locator(".print-audience").inner_text() == "Όπως το βλέπει το Συμβούλιο"
