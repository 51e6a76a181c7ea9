"""A browser that finds no name but this computer's, for the walk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, need_chromium
from tests.real.walk import ALONE, SPARING


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    need_chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, ALONE, SPARING])
        yield running
        running.close()
