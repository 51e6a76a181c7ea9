"""A browser that finds no name but this computer's, for the walk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import browser as browser
from tests.real.walk import Tab, new_tab


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Tab]:
    """The tab in which all cities of this process are walked through."""
    with new_tab(browser, scale=0.5) as opened:
        yield opened
