"""A real browser against a real server: no request may leave the server's origin, no error of ours in the console."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect
from playwright.sync_api import Error as PlaywrightError

from curim_data.store import Home
from tests.spark_servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("briefing", "hotspots", "trends", "gender", "interventions", "evaluation", "data", "methods")
CHROMIUM = Path(os.environ.get("CURIM_CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    # No name but the server's own is found, so that nothing leaves this computer; `watch` notes the requests.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # Maps are drawn in software here, and so is the page round them then: half the processor time.
    "--disable-gpu-compositing",
)
# Streamlit probes these below the page's own path and finds them at the root afterwards.
PROBES = re.compile(r"/\w+/_stcore/(health|host-config)")
PATIENCE = 60_000
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Running:
    """A server: its address, its process, and the file that it writes its log to."""

    address: str
    pid: int
    log: Path


@contextmanager
def serving(home: Path, script: Path = ROOT / "dashboard.py", **environment: str) -> Iterator[str]:
    """Start the dashboard (`script`) on a free port and give its address; stopped afterwards."""
    with running(home, script, **environment) as server:
        yield server.address


@contextmanager
def forked(home: Path, port: int = 0, **environment: str) -> Iterator[str]:
    """The same in a process that begins with its modules loaded."""
    from tests.real.forked import forked_server  # which takes from this module

    with forked_server(home, port or free_port(), **environment) as server:
        yield server.address


def running(
    home: Path, script: Path = ROOT / "dashboard.py", port: int = 0, **environment: str
) -> AbstractContextManager[Running]:
    """The same, with its process and its log; on `port` where one is given."""
    port = port or free_port()
    settings = {"CURIM_HOME": str(home), "STREAMLIT_SERVER_PORT": str(port), **environment}
    url = f"http://127.0.0.1:{port}"
    return started([str(script)], home, url, "_stcore/health", home / "server.log", settings)


def several(home: Path, processes: int, port: int, log: Path, *options: str) -> AbstractContextManager[Running]:
    """`curim serve` with several processes behind a port, from the home's folder."""
    words = ["serve", "--home", str(home), "--processes", str(processes), "--port", str(port), *options]
    script = "import sys; from curim_data.cli import main; sys.exit(main())"
    return started(["-c", script, *words], home, f"http://127.0.0.1:{port}", "healthz", log)


@contextmanager
def started(
    words: list[str], folder: Path, address: str, health: str, log: Path, settings: dict[str, str] | None = None
) -> Iterator[Running]:
    """A program of Python in a folder, once it answers; ended afterwards."""
    with log.open("w") as output:
        around = {**os.environ, **(settings or {})}
        process = subprocess.Popen([sys.executable, *words], cwd=folder, env=around, stdout=output, stderr=output)
        try:
            wait_for(f"{address}/{health}", lambda seconds: process_ended(process, seconds), log)
            yield Running(address, process.pid, log)
        finally:
            process.terminate()
            process.wait(timeout=60)


def wait_for(url: str, ended: Callable[[float], bool], log: Path) -> None:
    """Wait until a server answers; `ended` waits so many seconds for its end and says whether it came."""
    deadline = time.monotonic() + 300  # it ends sooner where the process ends
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if ended(0.2):
            break
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")


def process_ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def need_chromium() -> None:
    """Skip the test where there is no Chromium; fail it where there must be one."""
    if not CHROMIUM.exists():
        reason = f"no Chromium at {CHROMIUM}; set CURIM_CHROMIUM to one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    need_chromium()
    running = playwright_driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
    yield running
    running.close()


@pytest.fixture(scope="session")
def address(sample: Home) -> Iterator[str]:
    """The dashboard with the sample city."""
    with forked(sample.path.parent) as url:
        yield url


class Tab:
    """A tab in which one test after the other opens its page, so that Streamlit's scripts are compiled once: most of
    what a page costs the browser. Cookies and what pages stored go with each test.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None

    def take(self) -> Page:
        if self._page is None:
            self._page = self._browser.new_context().new_page()
        return self._page

    def clean(self) -> None:
        """Leave the page and what it stored; a tab that cannot be left is closed."""
        if self._page is None:
            return
        try:
            self._page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
            self._page.goto("about:blank")
            self._page.emulate_media(media="null", color_scheme="light")
            self._page.context.clear_cookies()
        except PlaywrightError:
            self._page.context.close()
            self._page = None


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Tab:
    return Tab(browser)


@pytest.fixture
def page(tab: Tab) -> Iterator[Page]:
    """The tab that all tests share, without cookies."""
    taken = tab.take()
    taken.context.clear_cookies()
    taken.set_viewport_size({"width": 1280, "height": 900})
    taken.set_default_timeout(PATIENCE)
    yield taken
    tab.clean()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, tab: Tab, address: str) -> Iterator[Visit]:
    """`visit("trends", lang="el", width=390)` opens a page and waits until it is there: the first page of a test in
    the tab that all tests share, a further one, or an `alone` one, in a context of its own.

    Fails at the end where a request left the origin, a script was blocked or the console holds an error of ours.
    """
    troubles: list[str] = []
    opened: list[BrowserContext] = []
    unwatch: list[Callable[[], None]] = []

    def go(
        name: str = "", *, width: int = 1280, height: int = 900, dark: bool = False, alone: bool = False, **words: str
    ) -> Page:
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        if alone or unwatch:
            opened.append(browser.new_context(color_scheme=scheme))
            page = opened[-1].new_page()
        else:
            page = tab.take()
            page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        unwatch.append(watch(page, address, troubles))
        query = "&".join(f"{word}={value}" for word, value in words.items())
        page.goto(f"{address}/{'' if name == 'briefing' else name}" + (f"?{query}" if query else ""))
        ready(page)
        return page

    yield go
    for stop in unwatch:
        stop()
    for context in opened:
        context.close()
    tab.clean()
    assert not troubles, "\n".join(troubles)


def watch(page: Page, address: str, troubles: list[str]) -> Callable[[], None]:
    """Note every request that would leave the origin, and the console's errors, until what it gives back is called.

    Playwright's routes would stop such requests too, but they turn the browser's cache off.
    """

    def requested(request: Request) -> None:
        if not request.url.startswith((address, address.replace("http", "ws", 1), "data:", "blob:", "about:")):
            troubles.append(f"request to {request.url}")

    def written(message: ConsoleMessage) -> None:
        where = (message.location or {}).get("url", "")
        if message.type == "error" and not PROBES.search(where):
            troubles.append(f"console: {message.text} {where}")

    def failed(error: PlaywrightError) -> None:
        troubles.append(f"page error: {error}")

    page.on("request", requested)
    page.on("console", written)
    page.on("pageerror", failed)

    def stop() -> None:
        page.remove_listener("request", requested)
        page.remove_listener("console", written)
        page.remove_listener("pageerror", failed)

    return stop


def ready(page: Page) -> None:
    """Wait until the run has ended and charts, maps and tables stand."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function(
        '() => !document.querySelector(\'[data-testid="stSkeleton"], [data-testid="stSpinner"]\')'
        ' && document.querySelector(\'[data-testid="stMain"] [data-testid="stElementContainer"]\')'
    )
    page.wait_for_load_state("networkidle")
