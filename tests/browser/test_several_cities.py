"""Two cities behind one sign-in, in a real browser: links keep the city, each has its roles, the switch loads anew."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from curim_data.plans.database import Database
from curim_data.plans.record import Deed, Entry, read_record
from curim_data.store import Home
from tests.browser.conftest import forked, ready, watch
from tests.browser.test_sign_in import links, provider, said, sign_in
from tests.houses import House, make_house
from tests.spark_servers import free_port

pytestmark = pytest.mark.browser

# The specialist of the provider is an analyst of one city and on the council of the other; the council sees one alone.
ALPHA = '"specialist@city.example" = "analyst"\n'
BETA = '"specialist@city.example" = "council"\n"council@city.example" = "council"\n'


@dataclass
class Served:
    """A dashboard with two cities: its address and their homes."""

    address: str
    house: House


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("house")
    house = make_house(folder)
    (house.alpha.path / "roles.toml").write_text(ALPHA, "utf-8")
    (house.beta.path / "roles.toml").write_text(BETA, "utf-8")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with provider(folder, address), forked(folder, port, CURIM_HOMES=house.names):
        yield Served(address, house)


def switch(page: Page) -> Locator:
    return page.get_by_role("navigation", name="City").get_by_role("link")


def looked(home: Home, who: str) -> list[tuple[Deed, str, str]]:
    """What the record of a city has of somebody, the earliest first."""
    database = Database(home.plans_url)
    found: list[Entry] = read_record(database)
    database.close()
    return [(one.deed, one.role, one.subject) for one in reversed(found) if one.who == who]


def test_a_link_keeps_its_city_through_signing_in_and_the_switch_keeps_the_page(served: Served, page: Page) -> None:
    troubles: list[str] = []
    asked = f"{served.address}/methods?lang=en&city=beta&affected=woman"
    sign_in(page, asked, "specialist")
    assert page.url == asked
    assert "Data" not in links(page)
    assert "Compare cities" in links(page)
    expect(page.get_by_test_id("stSidebar").get_by_text("CURiM · BETAN Piraeus")).to_be_visible()
    stop = watch(page, served.address, troubles)
    switch(page).filter(has_text="ALPHAN").click()
    page.wait_for_url(re.compile(r"/methods\?.*city=alpha"))
    ready(page)
    assert "affected=woman" in page.url
    assert "Data" in links(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Data", exact=True).click()
    page.wait_for_url(re.compile(r"/data\?.*city=alpha"))
    ready(page)
    address = switch(page).filter(has_text="BETAN").get_attribute("href")
    assert address is not None
    assert address.startswith("./?")
    page.go_back()
    page.wait_for_url(re.compile(r"/methods\?.*city=alpha"))
    ready(page)
    page.go_back()
    page.wait_for_url(re.compile(r"/methods\?.*city=beta"))
    expect(page.get_by_test_id("stSidebar").get_by_text("CURiM · BETAN Piraeus")).to_be_visible()
    ready(page)
    assert "Another city" not in page.get_by_test_id("stMain").inner_text()
    stop()
    assert not troubles, troubles
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    ready(page)
    expect(page.get_by_test_id("stMain").get_by_role("navigation", name="City")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})


def test_who_may_see_one_city_sees_no_other_and_its_record_alone_holds_the_look(served: Served, page: Page) -> None:
    who = "council@city.example"
    sign_in(page, f"{served.address}/methods?lang=en", "council")
    expect(page.get_by_test_id("stSidebar").get_by_text("CURiM · BETAN Piraeus")).to_be_visible()
    assert switch(page).count() == 0
    assert "Compare cities" not in links(page)
    for word in ("alpha", "nowhere"):
        page.goto(f"{served.address}/methods?lang=en&city={word}")
        said(page, "No city that you may see has the name in this link.")
        assert "ALPHAN" not in page.content()
        assert links(page) == []
    for _ in range(60):
        seen = looked(served.house.beta, who)
        refused = looked(served.house.alpha, who)
        if seen and refused:
            break
        time.sleep(0.5)
    assert seen == [(Deed.SIGN_IN, "council", ""), (Deed.VIEW, "council", "methods")]
    assert refused == [(Deed.NOT_ADMITTED, "", "unknown")]
