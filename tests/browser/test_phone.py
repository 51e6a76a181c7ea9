"""The Briefing on a phone: what a council member needs before the meeting stands within two screens."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.effort import FULL

SCREEN = 844
# Left and right ends of what is drawn in the page's main column, and the words of what reaches out of the window.
CLIPPED = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  const out = [];
  for (const one of main.querySelectorAll('h1, h2, h3, p, button, a, canvas, table, .js-plotly-plot, .main-svg')) {
    const box = one.getBoundingClientRect();
    if (box.width && (box.left < -1 || box.right > window.innerWidth + 1)) out.push(one.tagName + ' ' + one.innerText);
  }
  return {out, scrolls: main.scrollWidth > main.clientWidth + 1};
}"""


def box(page: Page, selector: str) -> dict[str, Any]:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, selector
    return dict(found)


@pytest.mark.parametrize("lang", ["el", "en", "fr"] if FULL else ["el"])
def test_what_counts_stands_within_two_screens_and_nothing_is_clipped_on_a_small_phone(visit: Visit, lang: str) -> None:
    """Headline, first cards, map and download; then all of it on the narrowest phones."""
    page = visit("briefing", lang=lang, width=390, height=2 * SCREEN)
    page.wait_for_selector('[data-testid="stDeckGlJsonChart"] canvas')
    for selector in (
        "h1",
        ".st-key-briefing_card_1",
        ".st-key-briefing_pdf button:visible",
        '[data-testid="stDeckGlJsonChart"]',
    ):
        found = box(page, selector)
        assert found["y"] >= 0, selector
        assert found["y"] + found["height"] <= 2 * SCREEN, f"{selector} ends at {found['y'] + found['height']:.0f}"
    assert not page.locator(".st-key-briefing_card_2").is_visible()
    page.locator(".st-key-fold_more summary").click()
    page.wait_for_selector(".st-key-briefing_card_2", state="visible")
    page.set_viewport_size({"width": 360, "height": SCREEN})
    page.wait_for_timeout(500)
    found = page.evaluate(CLIPPED)
    assert not found["scrolls"]
    assert not found["out"]
