"""Several processes behind one address: readers stay on theirs, go on where one dies, and see nobody else's session."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import sample_data
from curim_data.cli import main
from curim_data.serving import Address, proxy_settings
from curim_data.store import Home, Store
from curim_data.store.home import SAMPLE_MARK
from tests.browser.conftest import PATIENCE, ready, several
from tests.browser.test_sign_in import ROLES, links, provider, sign_in
from tests.effort import effort, in_full
from tests.processes import children, told
from tests.spark_servers import free_port

pytestmark = pytest.mark.browser

PROCESSES = effort(1, 2)
COOKIE = "curim_process"


def need_haproxy() -> None:
    """Skip the tests where there is no haproxy; fail them where there must be one."""
    if shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("haproxy is not installed")
        pytest.skip("haproxy is not installed")


@dataclass
class Served:
    """An installation of several processes: its address, the port for Prometheus, its home, and who started them."""

    address: str
    metrics: str
    home: Path
    pid: int

    def processes(self) -> dict[str, int]:
        """The process id of each dashboard, by its port."""
        found = {}
        for pid in children(self.pid, b"dashboard.py"):
            words = told(pid, "environ").split(b"\0")
            port = next(word for word in words if word.startswith(b"STREAMLIT_SERVER_PORT="))
            found[port.partition(b"=")[2].decode()] = pid
        return found

    def process_of(self, page: Page) -> int:
        """The process that a reader is on: the proxy calls them p1, p2 in the order in which they were started."""
        name = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE)
        return self.processes()[self.ports[int(name.removeprefix("p")) - 1]]

    @property
    def ports(self) -> list[str]:
        """The ports of p1, p2, …: from the settings that the proxy was started with."""
        (proxy,) = children(self.pid, b"haproxy")
        command = told(proxy, "cmdline").split(b"\0")
        settings = Path(command[command.index(b"-f") + 1].decode()).read_text("utf-8")
        servers = [line.split() for line in settings.splitlines() if line.strip().startswith("server p")]
        return [words[2].rpartition(":")[2] for words in servers]

    def well(self) -> int:
        """How many processes the proxy takes for well."""
        with urllib.request.urlopen(f"{self.metrics}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        start = 'haproxy_server_status{proxy="dashboards",'
        return sum(line.startswith(start) and 'state="UP"' in line and line.endswith(" 1") for line in lines)

    def status(self, path: str) -> int:
        """What is answered to a request."""
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


@pytest.fixture(scope="module")
def served(sample: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    need_haproxy()
    home = tmp_path_factory.mktemp("served")
    shutil.copytree(sample.path, home, dirs_exist_ok=True)
    (home / SAMPLE_MARK).unlink()
    (home / "roles.toml").write_text(ROLES, "utf-8")
    port, metrics = free_port(), free_port()
    proxy = several(home, PROCESSES, port, home / "serve.log", "--metrics", str(metrics))
    with pytest.MonkeyPatch.context() as patch, provider(home, f"http://127.0.0.1:{port}"):
        patch.setenv("CURIM_SHARED_RESULTS", "on")  # for it the proxy waits
        with proxy as started:
            yield Served(started.address, f"http://127.0.0.1:{metrics}", home, started.pid)


@pytest.fixture
def reader(browser: Browser, served: Served) -> Iterator[Callable[[str, str], Page]]:
    """Opens a page as somebody, in a browser of their own, and signs in through the proxy."""
    contexts = []

    def opened(name: str, path: str) -> Page:
        context = browser.new_context()
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        sign_in(page, f"{served.address}/{path}", name)
        return page

    yield opened
    for context in contexts:
        context.close()


def _apart(served: Served, one: Page, opened: Callable[[], Page]) -> Page:
    """A reader on another process than `one`: the proxy gives a new reader to the process with fewer connections, and
    of two with as many it may be either.
    """
    for _ in range(5):
        if served.process_of(page := opened()) != served.process_of(one):
            return page
    raise AssertionError("five new readers on the same process")


def _until(holds: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.2)
    return False


def _go(page: Page, name: str) -> None:
    before = page.url
    page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
    page.wait_for_url(lambda url: url != before)  # until then the page before it stands, and its run has ended
    ready(page)


def test_what_is_for_the_keeper_alone_is_refused(served: Served) -> None:
    for port in served.ports:  # the proxy opens when what readers ask first is known
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.read() == b"ready\n"
    assert served.status("/_stcore/metrics") == 403
    assert served.status("/_stcore/metrics?x=1") == 403
    assert served.status("/_stcore/health") == 200
    assert _until(lambda: served.well() == PROCESSES)


@in_full
def test_readers_go_on_where_a_process_is_killed_and_stay_themselves(
    served: Served, reader: Callable[[str, str], Page]
) -> None:
    assert _until(lambda: served.well() == PROCESSES)
    mine = reader("council", "methods?lang=fr")
    other = _apart(served, mine, lambda: reader("analyst", "methods?lang=en"))
    before = served.processes()
    _go(mine, "Tendances")
    killed = served.process_of(mine)
    os.kill(killed, signal.SIGKILL)
    _go(other, "Trends")  # while the other process is dead
    expect(other.get_by_test_id("stSidebar").get_by_text("analyst@city.example")).to_be_visible()
    assert "Data" in links(other)
    _go(mine, "Genre")
    expect(mine.get_by_test_id("stSidebar").get_by_text("council@city.example")).to_be_visible()
    assert "lang=fr" in mine.url
    assert not [name for name in links(mine) if name == "Data"]
    assert _until(lambda: served.well() == PROCESSES), "the one that was killed is there again"
    now = served.processes()
    assert now.keys() == before.keys()
    assert killed not in now.values()
    assert sum(before[port] == now[port] for port in now) == PROCESSES - 1


@in_full
def test_an_upload_and_an_import_reach_readers_of_all(served: Served, reader: Callable[[str, str], Page]) -> None:
    assert _until(lambda: served.well() == PROCESSES)
    analyst = reader("analyst", "data?lang=en")
    council = _apart(served, analyst, lambda: reader("council", "methods?lang=en"))
    analyst.locator("input[type=file]").set_input_files(str(sample_data.DIRTY_EXPORT))
    expect(analyst.get_by_test_id("stMain")).to_contain_text("quarantined")
    ready(analyst)
    version = Store(Home(served.home)).alerts_version()
    imports = threading.Thread(
        target=main, args=(["import", str(sample_data.DIRTY_EXPORT), "--home", str(served.home), "--json"],)
    )
    imports.start()
    for _ in range(3):  # both read while it runs
        _go(council, "Trends")
        _go(council, "Help")
    imports.join(120)
    assert Store(Home(served.home)).alerts_version() != version
    for page, name in ((analyst, "Trends"), (council, "Trends")):
        _go(page, name)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()


@in_full
def test_the_log_has_each_run_under_the_id_of_its_connection(
    served: Served, reader: Callable[[str, str], Page]
) -> None:
    page = reader("analyst", "trends?lang=en&affected=woman")
    _go(page, "Gender")
    process = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE)
    page.context.close()

    def told() -> list[dict[str, object]]:
        lines = (served.home / "serve.log").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def connections() -> set[object]:
        return {line["id"] for line in told() if line.get("path") == "/_stcore/stream" and line["process"] == process}

    assert _until(
        lambda: any(line.get("page") == "gender" and line["id"] in connections() for line in told())
    )  # the line of a connection is written when it has ended
    run = [line for line in told() if line.get("page") == "gender" and line["id"] in connections()][-1]
    assert (run["process"], run["outcome"], run["error"]) == (process, "ok", "")
    assert "analyst" not in json.dumps(run)
    assert "woman" not in json.dumps(run)


@in_full
def test_processes_are_replaced_one_after_the_other_without_a_gap(served: Served) -> None:
    """As systemd restarts one, waits until it is well, and goes on with the next."""
    assert _until(lambda: served.well() == PROCESSES)
    refused, done = list[int](), threading.Event()

    def ask() -> None:
        while not done.is_set():
            if (status := served.status("/_stcore/health")) != 200:
                refused.append(status)
            time.sleep(0.1)

    asking = threading.Thread(target=ask)
    asking.start()
    for process in served.processes().values():
        os.kill(process, signal.SIGTERM)
        assert _until(lambda: served.well() < PROCESSES)
        assert _until(lambda: served.well() == PROCESSES, 150)
    done.set()
    asking.join()
    assert not refused


def test_settings_in_deploy_are_those_that_the_command_writes() -> None:
    written = proxy_settings(
        Address("0.0.0.0", 443, Path("/etc/curim/tls.pem"), 9101, known=True), [8601, 8602], Path("/run/curim/control")
    )
    shipped = (Path(__file__).parents[2] / "deploy" / "haproxy.cfg").read_text("utf-8")
    assert shipped.partition("\n\n")[2] == written
