"""haproxy as it is set up: what it refuses, what it tells the processes, its log; and processes that do not start."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from curim_data import serving
from curim_data.serving import HEALTH, LOCAL, REQUESTS, RUN_LOG, Address, ServingError, free_ports, proxy_settings

HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
needs_haproxy = pytest.mark.skipif(
    HAPROXY is None and os.environ.get("CI") != "true", reason="haproxy is not installed"
)


class Handler(BaseHTTPRequestHandler):
    """Answers with the request: its path and headers; about its health after `delay` seconds."""

    protocol_version = "HTTP/1.1"
    delay = 0.0

    def do_GET(self) -> None:
        if self.path == HEALTH:
            time.sleep(type(self).delay)
        body = json.dumps({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def answering(delay: float = 0.0) -> Iterator[int]:
    """Something that answers as a process would; its port."""
    handler = type("Delayed", (Handler,), {"delay": delay})
    with ThreadingHTTPServer((LOCAL, 0), handler) as server:
        server.handle_error = lambda *_: None  # connections that the proxy's checks cut
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Proxy:
    """haproxy before one process, and what it wrote."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log

    def ask(self, path: str, *headers: str) -> tuple[int, str]:
        """Status and body of the answer to a request as it stands here."""
        with socket.create_connection((LOCAL, self.port), timeout=10) as asking:
            lines = (f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", "")
            asking.sendall("\r\n".join(lines).encode())
            answer = b""
            while part := asking.recv(65536):
                answer += part
        head, _, body = answer.decode().partition("\r\n\r\n")
        return int(head.split()[1]), body

    def lines(self) -> list[dict[str, object]]:
        """The requests in its log."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]


@contextmanager
def proxied(tmp_path: Path, *, known: bool, delay: float = 0.0, others: Sequence[int] = ()) -> Iterator[Proxy]:
    """haproxy before the processes at the ports `others`, and one more."""
    assert HAPROXY is not None
    (port,), log, settings = free_ports(1), tmp_path / "log", tmp_path / "haproxy.cfg"
    with answering(delay=delay) as behind, log.open("w") as output:
        ports = [*others, behind]
        settings.write_text(proxy_settings(Address(port=port, known=known), ports, tmp_path / "control"), "utf-8")
        process = subprocess.Popen([HAPROXY, "-f", str(settings)], stdout=output, stderr=output)
        try:
            proxy, until = Proxy(port, log), time.monotonic() + 10
            while time.monotonic() < until:
                try:
                    if proxy.ask("/")[0] == 200:
                        break
                except OSError:
                    time.sleep(0.05)
            yield proxy
        finally:
            process.terminate()
            process.wait(10)


SPOOFED = ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: gopher", "Forwarded: for=203.0.113.9", "Via: 1.1 other")


@needs_haproxy
def test_with_sign_in_no_request_says_where_it_comes_from_and_without_it_all_do(tmp_path: Path) -> None:
    with proxied(tmp_path, known=True) as proxy:
        told = json.loads(proxy.ask("/", *SPOOFED)[1])
        assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == (LOCAL, "http")
        assert not {"forwarded", "via"} & told.keys()
    with proxied(tmp_path, known=False) as proxy:
        told = json.loads(proxy.ask("/", *SPOOFED)[1])
        assert told["x-forwarded-for"] == "203.0.113.9"
        assert {"forwarded", "via"} <= told.keys()
        assert not {"x-forwarded-for", "forwarded", "via"} & json.loads(proxy.ask("/")[1]).keys()


@needs_haproxy
def test_the_numbers_of_a_process_are_refused_however_they_are_spelt(tmp_path: Path) -> None:
    paths = ("/_stcore/metrics", "/_stcore/metrics?x=1", "/_stcore/%6detrics", "/%5Fstcore/metrics")
    with proxied(tmp_path, known=True) as proxy:
        assert [proxy.ask(path)[0] for path in paths] == [403] * 4
        assert proxy.ask("/_stcore/health")[0] == 200


@needs_haproxy
def test_readers_behind_one_address_get_their_files_and_no_flood_goes_through(tmp_path: Path) -> None:
    with proxied(tmp_path, known=True) as proxy:
        files = Counter(proxy.ask("/static/page.js")[0] for _ in range(REQUESTS + 100))
        assert set(files) == {200}
        assert 429 in Counter(proxy.ask("/")[0] for _ in range(REQUESTS + 100))


@needs_haproxy
def test_the_log_is_json_whatever_is_asked_and_tells_no_file_and_no_session(tmp_path: Path) -> None:
    odd = '/a"b\\c],"status":"1'
    with proxied(tmp_path, known=True) as proxy:
        for path in (odd, "/_stcore/upload_file/session/file", "/media/0a1b.csv", "/trends?category=x"):
            assert proxy.ask(path)[0] == 200
        told, until = Counter[object](), time.monotonic() + 10
        while told.total() < 4 and time.monotonic() < until:
            time.sleep(0.05)  # a line is written after its answer, by one of several threads
            told = Counter(line["path"] for line in proxy.lines() if line["path"] != "/")
    assert told == Counter([odd, "/_stcore/upload_file", "/media", "/trends"])


@pytest.mark.slow
@needs_haproxy
def test_readers_of_a_process_that_died_are_answered_before_the_proxy_has_noticed(tmp_path: Path) -> None:
    with ExitStack() as living, proxied(tmp_path, known=True, others=[living.enter_context(answering())]) as proxy:
        time.sleep(2)  # it was found well
        living.close()
        with ThreadPoolExecutor(8) as readers:
            asked = [readers.submit(proxy.ask, "/", "Cookie: curim_process=p1") for _ in range(8)]
            assert {one.result()[0] for one in asked} == {200}


@pytest.mark.parametrize("setting", ["off", None])
def test_processes_write_the_log_of_runs_unless_it_is_off_and_know_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    """One that does not start ends the command, with what it had told."""
    monkeypatch.delenv(RUN_LOG, raising=False)
    if setting:
        monkeypatch.setenv(RUN_LOG, setting)
    script, told = tmp_path / "dashboard.py", tmp_path / "told"
    script.write_text(
        f"import os; open({str(told)!r}, 'w').write(os.environ['{RUN_LOG}'] + os.environ['CURIM_PROCESS'])"
    )
    monkeypatch.setattr(serving, "SCRIPT", script)
    monkeypatch.setattr(serving.shutil, "which", lambda *_, **__: "haproxy")
    with pytest.raises(ServingError, match="p1 of the dashboard does not start"):
        serving.serve(Address(), 2, {})
    assert told.read_text() == f"{setting or 'on'}p1"


def test_unreadable_secrets_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.chdir(tmp_path)
    assert not serving.signs_in()
    assert not caplog.text
    file = tmp_path / ".streamlit" / "secrets.toml"
    file.mkdir(parents=True)  # as a bind mount makes it where there is no such file
    assert not serving.signs_in()
    assert f"{file} cannot be read" in caplog.text
    file.rmdir()
    file.write_text("[auth]\n", "utf-8")
    assert serving.signs_in()


SERVER = """
import sys, time
from curim_data.serving import start_child
print(start_child([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends children with their parent; others do not")
def test_a_killed_server_leaves_no_process_behind() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    child = os.pidfd_open(int(server.stdout.readline()))
    assert not select.select([child], [], [], 0)[0]
    server.kill()
    server.wait()
    assert select.select([child], [], [], 10)[0]  # readable once it has ended
    os.close(child)
