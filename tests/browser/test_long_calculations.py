"""A long calculation in two browsers: shared, with its progress at its place, stopped by each for itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from curim_data.store import Home
from tests.browser.conftest import PATIENCE, ROOT, serving
from tests.effort import in_full


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def slow_address(sample: Home, marks: Path) -> Iterator[str]:
    slow = ROOT / "tests" / "browser" / "slow_dashboard.py"
    with serving(sample.path.parent, script=slow, CURIM_GO=str(marks / "go")) as url:
        yield url


def read(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/hotspots?lang=en&tab=repeats&category=vandalism")
    expect(page.get_by_test_id("stProgress")).to_contain_text("Counting", timeout=PATIENCE)
    return page


@in_full
def test_a_long_calculation_is_shared_shown_stopped_and_ends(browser: Browser, slow_address: str, marks: Path) -> None:
    first, second = (read(browser, slow_address) for _ in range(2))
    for page in (first, second):
        expect(page.get_by_test_id("stProgress")).to_contain_text("Counting")
        expect(page.get_by_test_id("stProgress")).to_contain_text("%")
        expect(page.locator("h1").first).to_be_visible()
        expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    assert len(list(marks.glob("started-*"))) == 1

    first.get_by_role("button", name="Stop").click()
    expect(first.get_by_role("button", name="Calculate")).to_be_visible()
    expect(second.get_by_test_id("stProgress")).to_be_visible()
    assert not list(marks.glob("ended-*")), "another reader still waits for it"

    second.context.close()
    deadline = time.monotonic() + 30
    while not (marks / "ended-0").exists() and time.monotonic() < deadline:
        first.wait_for_timeout(100)
    assert (marks / "ended-0").exists(), "it ends when the last reader has gone"

    (marks / "go").touch()
    first.get_by_role("button", name="Calculate", exact=True).click()
    expect(first.get_by_text("as many further incidents as expected by chance")).to_be_visible()
    first.context.close()
