"""A real browser against a real server: no request may leave the server's origin, no error of ours in the console."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from curim_data.store import Home

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("briefing", "hotspots", "trends", "gender", "interventions", "evaluation", "data", "methods")
EXISTING = PAGES
CHROMIUM = Path(os.environ.get("CURIM_CHROMIUM", "/usr/bin/chromium"))
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
def running(home: Path, script: Path = ROOT / "dashboard.py", port: int = 0, **environment: str) -> Iterator[Running]:
    """The same, with its process and its log; on `port` where one is given."""
    port = port or free_port()
    settings = {**os.environ, "CURIM_HOME": str(home), "STREAMLIT_SERVER_PORT": str(port), **environment}
    log = home / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, str(script)], cwd=home, env=settings, stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/_stcore/health", process, log)
            yield Running(address, process.pid, log)
        finally:
            process.terminate()
            process.wait(timeout=15)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300  # it ends sooner where the process ends
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            process_wait(process)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")


def process_wait(process: subprocess.Popen[bytes]) -> None:
    """A fifth of a second, or less if the process ends."""
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return


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
    with serving(sample.path.parent) as url:
        yield url


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """`visit("trends", lang="el", width=390)` opens a page and waits until it is there.

    Fails at the end where a request left the origin, a script was blocked or the console holds an error of ours.
    """
    troubles: list[str] = []
    opened = []

    def go(name: str = "", *, width: int = 1280, height: int = 900, dark: bool = False, **words: str) -> Page:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, address, troubles)
        query = "&".join(f"{word}={value}" for word, value in words.items())
        page.goto(f"{address}/{'' if name == 'briefing' else name}" + (f"?{query}" if query else ""))
        ready(page)
        return page

    yield go
    for context in opened:
        context.close()
    assert not troubles, "\n".join(troubles)


def watch(page: Page, address: str, troubles: list[str]) -> None:
    """Stop and note every request that leaves the origin; note the console's errors."""

    def check(route: object) -> None:
        url = route.request.url  # type: ignore[attr-defined]
        if url.startswith((address, "data:", "blob:")):
            route.continue_()  # type: ignore[attr-defined]
        else:
            troubles.append(f"request to {url}")
            route.abort()  # type: ignore[attr-defined]

    def listen(message: object) -> None:
        if message.type == "error":  # type: ignore[attr-defined]
            where = (message.location or {}).get("url", "")  # type: ignore[attr-defined]
            if not PROBES.search(where):
                troubles.append(f"console: {message.text} {where}")  # type: ignore[attr-defined]

    page.route("**/*", check)
    page.on("console", listen)
    page.on("pageerror", lambda error: troubles.append(f"page error: {error}"))


def ready(page: Page) -> None:
    """Wait until the run has ended and charts, maps and tables stand."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function(
        '() => !document.querySelector(\'[data-testid="stSkeleton"], [data-testid="stSpinner"]\')'
        ' && document.querySelector(\'[data-testid="stMain"] [data-testid="stElementContainer"]\')'
    )
    page.wait_for_load_state("networkidle")
