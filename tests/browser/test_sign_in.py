"""Signing in through a provider that speaks OpenID Connect, in a real browser: who gets in, to what, for how long."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from curim_data.model import LANGUAGES, translator
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.plans.database import Database
from curim_data.plans.record import Deed, SessionLimits, SignIns, read_record
from curim_data.store import Home
from curim_data.store.home import SAMPLE_MARK
from pages.parts.frame.door import SESSIONS
from tests.browser.conftest import PATIENCE, ROOT, forked, ready, started, watch
from tests.effort import some
from tests.spark_servers import free_port

pytestmark = pytest.mark.browser

CLIENT, SECRET = "curim", "a secret of this test alone"
COUNCIL = ["Briefing", "Hot spots", "Trends", "Gender", "Interventions", "Evaluation", "Help"]
OPEN_TO = {
    "public": ["Briefing", "Hot spots", "Trends", "Gender", "Help"],
    "council": COUNCIL,
    "specialist": COUNCIL,
    "analyst": [*COUNCIL[:-1], "Data", "Help"],
}
ROLES = "".join(f'"{name}@city.example" = "{name}"\n' for name in OPEN_TO)
GROUPS = '[claims.groups]\n"safety-analysts" = "analyst"\n"safety-council" = "council"\n'


def person(name: str, **more: Any) -> dict[str, Any]:
    return {"email": f"{name.title()}@City.example", "email_verified": True, "name": name, **more}


PEOPLE = {
    **{name: person(name) for name in OPEN_TO},
    "unknown": person("unknown"),
    "unverified": person("analyst", email_verified=False),
    "grouped": person("grouped", groups=["everybody", "safety-council", "safety-analysts"]),
}


@dataclass
class Installation:
    """A dashboard with sign-in: its address, its home, and the provider's people."""

    address: str
    home: Path

    def database(self) -> sa.Engine:
        return sa.create_engine(f"sqlite:///{self.home / 'plans.sqlite'}", connect_args={"timeout": 20})

    def change(self, statement: str) -> None:
        """Change what the server has written down, as time would."""
        engine = self.database()
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()

    def roles(self, text: str) -> None:
        (self.home / "roles.toml").write_text(text, "utf-8")


@contextmanager
def provider(folder: Path, address: str) -> Iterator[None]:
    """Start the provider on a free port, and write the settings by which a dashboard in `folder`, to be found at
    `address`, signs in there.
    """
    port, return_to = free_port(), f"{address}/oauth2callback"
    (folder / "people.json").write_text(json.dumps(PEOPLE), "utf-8")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "{return_to}"\ncookie_secret = "long enough for a test"\n'
        f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
        f'server_metadata_url = "http://127.0.0.1:{port}/.well-known/openid-configuration"\n',
        "utf-8",
    )
    told = [str(port), CLIENT, SECRET, return_to, str(folder / "people.json")]
    words = ["-m", "tests.browser.provider", *told]
    with started(words, ROOT, f"http://127.0.0.1:{port}", "keys", folder / "provider.log"):
        yield


@pytest.fixture(scope="module")
def installation(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A dashboard that asks for sign-in, with the sample's alerts as those of a city of its own."""
    home = tmp_path_factory.mktemp("signed")
    shutil.copytree(sample.path, home, dirs_exist_ok=True)
    (home / SAMPLE_MARK).unlink()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with provider(home, address), forked(home, port):
        yield Installation(address, home)


@pytest.fixture(autouse=True)
def usual_roles(installation: Installation) -> None:
    installation.roles(ROLES + GROUPS)


def sign_in(page: Page, address: str, name: str, *, let_in: bool = True) -> None:
    """Open an address, be asked to sign in, and come back; who is not `let_in` stands at the door again."""
    page.goto(address)
    page.locator("main a.act").first.click()
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(f"{address.split('?')[0]}**")
    if let_in:
        ready(page)


def links(page: Page) -> list[str]:
    return page.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink").all_inner_texts()


def said(page: Page, text: str) -> None:
    expect(page.locator("main, [data-testid=stMain]").get_by_text(text)).to_be_visible()


def test_pages_are_guarded_on_a_fresh_server(installation: Installation, browser: Browser) -> None:
    """The very first requests go to addresses of pages: nothing is shown."""
    troubles: list[str] = []
    for path in ("data", "shell"):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, installation.address, troubles)
        page.goto(f"{installation.address}/{path}?lang=en")
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        text = page.locator("main").inner_text()
        assert "Import" not in text
        assert "Help" not in text
        page.close()
    assert not troubles


@some("role", OPEN_TO, every=2)
def test_each_role_gets_to_the_page_asked_for_and_its_own(installation: Installation, page: Page, role: str) -> None:
    troubles: list[str] = []
    stop = watch(page, installation.address, troubles)
    asked = f"{installation.address}/methods?lang=en&affected=woman&light=dark"
    page.goto(asked)
    said(page, "Sign in with your account")
    assert links(page) == []
    stop()
    assert not troubles, troubles
    sign_in(page, asked, role)
    assert page.url == asked
    assert links(page) == OPEN_TO[role]
    expect(page.get_by_test_id("stSidebar").get_by_text(f"{role}@city.example")).to_be_visible()
    page.goto(f"{installation.address}/data?lang=en")
    ready(page)
    if role == "analyst":
        expect(page.get_by_test_id("stMain").get_by_role("tab").first).to_be_visible()
    else:
        said(page, "Your role does not include this page.")


@some("name", ["unverified", "unknown"])
def test_who_has_no_role_is_told_why_and_finds_the_way_out(installation: Installation, page: Page, name: str) -> None:
    sign_in(page, f"{installation.address}/trends?lang=fr", name, let_in=False)
    for lang in LANGUAGES:
        t = translator(lang)
        page.get_by_role("link", name=LANGUAGE_NAMES[lang]).click()
        why = {
            "unknown": t(
                "The address {address} has no role here yet. Ask the person who runs the dashboard to add it, or sign "
                "in with another account.",
                address="unknown@city.example",
            ),
            "unverified": t(
                "Your account confirms no e-mail address as yours. Confirm it with your account's provider and sign in "
                "again, or sign in with another account."
            ),
        }
        said(page, why[name])
        assert links(page) == []
        way_out = page.get_by_role("button", name=t("Sign in with another account"))
        expect(way_out).to_be_visible()
    way_out.click()
    expect(page.get_by_role("link", name=translator("el")("Sign in"), exact=True)).to_be_visible()


def test_signing_out_ends_every_copy_of_the_cookie(installation: Installation, page: Page, browser: Browser) -> None:
    sign_in(page, f"{installation.address}/methods?lang=en", "specialist")
    copied = page.context.cookies()
    assert any("_streamlit_user" in cookie["name"] for cookie in copied)
    thief = browser.new_context()
    thief.set_default_timeout(PATIENCE)
    thief.add_cookies(copied)
    stolen = thief.new_page()
    stolen.goto(f"{installation.address}/methods?lang=en")
    ready(stolen)
    assert links(stolen) == COUNCIL, "the copy is as good as the cookie while the session lasts"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Σύνδεση")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if "_streamlit_user" in cookie["name"]]
    stolen.get_by_test_id("stSidebar").get_by_role("link", name="Trends").click()
    said(stolen, "Your session has ended")
    expect(stolen.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink")).to_have_count(0)
    stolen.goto(f"{installation.address}/trends?lang=en")
    said(stolen, "Your session has ended")
    assert [cookie for cookie in thief.cookies() if "_streamlit_user" in cookie["name"]], "the copy was refused as such"
    thief.close()
    sign_in(page, f"{installation.address}/methods?lang=en", "specialist")
    assert links(page) == COUNCIL, "the same person signs in anew"


def test_a_session_ends_without_use_and_goes_on_where_it_was(installation: Installation, page: Page) -> None:
    asked = f"{installation.address}/methods?lang=en&affected=man"
    sign_in(page, asked, "council")
    installation.change("UPDATE sign_in SET seen = seen - 20 * 60")
    page.reload()
    ready(page)
    assert links(page) == COUNCIL
    installation.change("UPDATE sign_in SET seen = seen - 31 * 60")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Help").click()
    said(page, "Your session has ended")
    installation.change("UPDATE sign_in SET seen = seen + 31 * 60")
    page.reload()
    said(page, "Your session has ended")
    sign_in(page, asked, "council")
    assert page.url == asked


def test_a_session_ends_whatever_its_use(installation: Installation, page: Page) -> None:
    sign_in(page, f"{installation.address}/methods?lang=en", "council")
    settings = installation.home / "settings.toml"
    settings.write_text("[sign_in]\nabsolute_hours = 0.0005\n", "utf-8")
    try:
        time.sleep(2)
        page.get_by_test_id("stSidebar").get_by_role("link", name="Help").click()
        said(page, "Your session has ended")
    finally:
        settings.unlink()


def test_a_role_that_was_taken_away_is_gone_at_the_next_click(installation: Installation, page: Page) -> None:
    sign_in(page, f"{installation.address}/data?lang=en&part=history", "analyst")
    button = page.get_by_test_id("stMain").get_by_role("button", name="CSV", exact=True)
    with page.expect_download() as got:
        button.click()
    assert got.value.path().read_bytes().startswith(b"\xef\xbb\xbf")
    installation.roles(ROLES.replace('= "analyst"', '= "council"'))
    downloads: list[object] = []
    page.on("download", lambda got: downloads.append(got))
    button.click()
    page.wait_for_timeout(1_500)
    assert not downloads, "a button that was drawn before hands out nothing after"
    page.get_by_test_id("stMain").get_by_role("tab", name="Quality").click()
    said(page, "Your role does not include this page.")
    assert links(page) == COUNCIL
    installation.roles("")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Briefing").click()
    said(page, "has no role here yet")


def test_a_group_gives_a_role_and_a_line_for_the_address_takes_it(installation: Installation, page: Page) -> None:
    sign_in(page, f"{installation.address}/methods?lang=en", "grouped")
    assert links(page) == OPEN_TO["analyst"]
    installation.roles(f'"grouped@city.example" = "none"\n{GROUPS}')
    page.reload()
    said(page, "has no role here yet")


def test_the_record_says_who_looked_at_what_and_who_was_refused(installation: Installation, page: Page) -> None:
    began = time.time()
    sign_in(page, f"{installation.address}/methods?lang=en&affected=woman", "council")
    page.goto(f"{installation.address}/data?lang=en")
    said(page, "Your role does not include this page.")
    page.context.clear_cookies()
    sign_in(page, f"{installation.address}/data?lang=en&part=record", "analyst")
    table = page.get_by_test_id("stMain").get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    with page.expect_download() as got:
        page.get_by_test_id("stMain").get_by_role("button", name="Download the data").click()
    assert "council@city.example,council,view,methods,lang=en&affected=woman" in got.value.path().read_text("utf-8-sig")
    database = Database(f"sqlite:///{installation.home / 'plans.sqlite'}")
    for _ in range(50):  # it is written a moment later
        rows = [(one.who, one.role, one.deed, one.subject) for one in read_record(database, since=began)]
        if rows[0][2] is Deed.DOWNLOAD:
            break
        time.sleep(0.1)
    database.close()
    assert [row for row in rows if row[2] is not Deed.CHANGE] == [
        ("analyst@city.example", "analyst", Deed.DOWNLOAD, "record.csv"),
        ("analyst@city.example", "analyst", Deed.VIEW, "data"),
        ("analyst@city.example", "analyst", Deed.SIGN_IN, ""),
        ("council@city.example", "council", Deed.REFUSED, "data"),
        ("council@city.example", "council", Deed.VIEW, "methods"),
        ("council@city.example", "council", Deed.SIGN_IN, ""),
    ]


def asked(installation: Installation, method: str, path: str, of: Page | None = None, **headers: str) -> int:
    """The status of an answer to a request with the cookies `of` a page, or with none."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in (of.context.cookies() if of else []))
    connection = HTTPConnection(installation.address.removeprefix("http://"), timeout=20)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers={"cookie": cookies, **names})
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_door_opens_for_a_session_and_a_role_alone(installation: Installation, browser: Browser) -> None:
    pages = {}
    for name in ("analyst", "grouped", "council"):
        pages[name] = browser.new_context().new_page()
        pages[name].set_default_timeout(PATIENCE)
        sign_in(pages[name], f"{installation.address}/trends?lang=en", name)
    analyst = pages["analyst"]
    others = (None, pages["grouped"], pages["council"])
    # A connection
    socket = {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13"}
    socket |= {"sec_websocket_key": "AAAAAAAAAAAAAAAAAAAAAA==", "origin": installation.address}
    assert [asked(installation, "GET", "/_stcore/stream", of, **socket) for of in (None, analyst)] == [403, 101]
    # A file that a button made
    analyst.goto(f"{installation.address}/data?lang=en&part=history")
    with analyst.expect_download() as got:
        analyst.get_by_test_id("stMain").get_by_role("button", name="CSV", exact=True).click()
    file = got.value.url.removeprefix(installation.address)
    assert [asked(installation, "GET", file, of) for of in (*others, analyst)] == [403, 403, 403, 200]
    installation.roles(ROLES.replace('= "analyst"', '= "council"'))
    assert asked(installation, "GET", file, analyst) == 403
    installation.roles(ROLES + GROUPS)
    # An upload
    analyst.goto(f"{installation.address}/data?lang=en")
    ready(analyst)
    given = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"id,date\n1,2026-01-01\n"}
    with analyst.expect_response(lambda got: got.request.method == "PUT") as put:
        analyst.locator("input[type=file]").first.set_input_files(given)
    assert put.value.status == 204
    to = put.value.url.removeprefix(installation.address)
    assert [asked(installation, "PUT", to, of, content_length=str(302 << 20)) for of in others] == [403, 403, 403]
    assert asked(installation, "PUT", to, analyst, transfer_encoding="chunked") == 411
    assert asked(installation, "PUT", to, analyst, content_length=str(302 << 20)) == 413
    # Signing out, and ending a session that was left open elsewhere
    foreign, own = {"origin": "https://else.example"}, {"origin": installation.address}
    assert asked(installation, "GET", "/auth/logout", analyst) == 200
    assert [asked(installation, "POST", path, analyst, **foreign) for path in ("/auth/logout", SESSIONS)] == [403, 403]
    with closing(Database(f"sqlite:///{installation.home / 'plans.sqlite'}")) as database:
        open_now = SignIns(database).of(None, SessionLimits(1e6, 1e6))
    keys = {one.who.partition("@")[0]: one.key for one in reversed(open_now)}
    assert asked(installation, "POST", f"{SESSIONS}?end={keys['council']}", analyst, **own) == 303
    assert asked(installation, "GET", "/trends", pages["council"], accept="text/html") == 200
    again = browser.new_context().new_page()
    sign_in(again, f"{installation.address}/trends?lang=en", "analyst")
    again.get_by_role("link", name="Your sessions").click()
    for _ in range(again.get_by_role("button", name="End").count()):
        again.get_by_role("button", name="End").first.click()
    expect(again.get_by_role("button", name="End")).to_have_count(0)
    assert asked(installation, "GET", file, analyst) == 403
    assert asked(installation, "GET", "/_stcore/stream", pages["council"], **socket) == 101, "of another person"
    for page in (*pages.values(), again):
        page.context.close()
