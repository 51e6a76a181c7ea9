"""Walk every page in every language in a real browser."""

from __future__ import annotations

import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from curim_data.model import LANGUAGES
from tests.browser.conftest import PAGES, Visit, ready
from tests.effort import FULL, in_full

pytestmark = pytest.mark.browser


@in_full
@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_stand_one_after_the_other(visit: Visit, lang: str) -> None:
    """From page to page by the links of the side bar, within one session."""
    page = visit(lang=lang)
    for number, name in enumerate(PAGES):
        if number:
            page.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink").nth(number).click()
            page.wait_for_url(f"**/{name}?**")
            ready(page)
        assert page.locator("html").get_attribute("lang") == lang, name
        expect(page.get_by_test_id("stException"), name).to_have_count(0)
        expect(page.locator("[class*=st-key-failed_]"), name).to_have_count(0)
        expect(page.get_by_test_id("stMain").locator("h1").first, name).to_be_visible()


@pytest.mark.parametrize("name", PAGES if FULL else ("gender", "data"))
def test_a_page_stands_at_its_address_without_barriers_and_nothing_scrolls_sideways_on_a_phone(
    visit: Visit, name: str
) -> None:
    page = visit(name, width=390, height=800, lang="el")
    wide = page.evaluate("() => document.querySelector('[data-testid=\"stMain\"]').scrollWidth")
    assert wide <= 390
    assert page.locator("html").get_attribute("lang") == "el"
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator("[class*=st-key-failed_]")).to_have_count(0)
    expect(page.get_by_test_id("stMain").locator("h1").first).to_be_visible()
    assert barriers(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.reload()
    ready(page)
    assert barriers(page) == []
    english = page.locator("[aria-label='Collapse sidebar'], [aria-label^='Help for '], [aria-label='Close']")
    expect(english).to_have_count(0)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Μετάβαση στο περιεχόμενο")).to_be_focused()


def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its best practices, without what is Streamlit's own."""
    page.wait_for_function("() => [...document.querySelectorAll('.stMain h3')].every((head) => head.ariaLevel)")
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [
        f"{broken['id']}: {node['html'][:300]} {node['failureSummary']}"
        for broken in found.response["violations"]
        for node in broken["nodes"]
        if "stFileUploaderDropzone" not in node["html"]
    ]


def test_policy_is_sent_and_kept(browser: Browser, address: str) -> None:
    request = urllib.request.Request(address, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request) as answer:
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = browser.new_page()
    page.goto(address)
    blocked = page.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.broken = true";
            document.head.append(script);
        })"""
    )
    assert blocked == "script-src-elem"
    assert page.evaluate("() => window.broken") is None
    page.close()


def test_filter_goes_along_and_back_works(visit: Visit) -> None:
    page = visit("trends", lang="en", light="dark")
    light = page.get_by_role("combobox", name="Light")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Help").click()
    page.wait_for_url("**/methods?**light=dark**")
    page.go_back()
    ready(page)  # a click while the run of a page gone back to goes on is taken for one on the page left
    expect(light).to_have_value("After dark")
    page.get_by_role("button", name="After dark ×").click()
    page.wait_for_function("() => !location.search.includes('light')")
    expect(light).to_have_value("Day and night")
    page.go_back()
    expect(page.get_by_role("button", name="After dark ×")).to_be_visible()
    expect(light).to_have_value("After dark")
    expect(visit("trends", height=500, open="week").locator(".st-key-fold_week")).to_be_in_viewport()
