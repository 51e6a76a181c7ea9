"""Several processes of the dashboard behind one address: started, watched, replaced one after the other.

haproxy stands in front: it keeps a reader on one process (a cookie), asks each for its health every second, and sends
readers of a process that died to another one. Where a process ends it is started anew. It refuses what is for the
machine's keeper alone (`/_stcore/metrics`), gives each request an id that stands in its log and in the answer
(`X-Request-ID`), and tells Prometheus of requests, sessions and health on a port of its own. What is asked over an open
connection the processes tell themselves, with the same id: a line for each run of a page (`pages.parts.frame.run_log`).

Where readers sign in it says who connected, whatever a request itself says of that. Where nobody does it leaves the
headers of another proxy as they are: by them the processes know a request that does not come from this computer, and
refuse it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from curim_data.model import Message, MessageError

LOG: Final = logging.getLogger("curim")
SCRIPT: Final = Path(__file__).resolve().parents[1] / "dashboard.py"
HEALTH: Final = "/healthz"
LOCAL: Final = "127.0.0.1"
READY: Final = 120.0  # seconds that a process may take until it answers
PREPARED: Final = 3600.0  # the same for one that may have to prepare the city, as the first one of new code has
DRAINING: Final = 10.0  # seconds in which readers of a process that is to be replaced end what they do
ENDING: Final = 10.0  # seconds after which a process that was asked to end is ended
ANSWER: Final = 5.0  # seconds in which the proxy answers
LOOK: Final = 0.3  # seconds between two looks at the processes
AGAIN: Final = 2.0  # seconds before one that ended is started anew
# Of one address, which a whole town hall may share, in ten seconds. A first page takes about sixty, most of them files.
REQUESTS: Final = 400  # but files
WITH_FILES: Final = 6000
FILES: Final = "/static/"  # where the files of the page lie, which the browser keeps
RUN_LOG: Final = "CURIM_RUN_LOG"  # "on" or "off": whether a process writes a line for each run of a page
PROCESS_NAME: Final = "CURIM_PROCESS"  # how that line names the process, as the line of the proxy does
# A line of the log: neither who asked nor a filter; the paths of files that readers have (`txn.path`) are cut off.
_LINE: Final = (
    '{"id":"%ID","at":"%trl","status":%ST,"ms":%Ta,"bytes":%B,"process":"%s","method":"%HM","path":"%[var(txn.path)]"}'
)
_NO_PROXY: Final = Message(
    "Several processes need haproxy in front of them, which is not installed here (Debian and Ubuntu: apt install "
    "haproxy). One process needs none: python dashboard.py."
)


class ServingError(MessageError, RuntimeError):
    """The dashboard could not be served; `message` says why."""


@dataclass(frozen=True)
class Address:
    """Where readers connect. `certificate`: a PEM file with key, for TLS. `metrics`: the port for Prometheus, on this
    computer. `known`: whether readers sign in, so that other computers may connect.
    """

    host: str = LOCAL
    port: int = 8501
    certificate: Path | None = None
    metrics: int | None = None
    known: bool = False


def proxy_settings(address: Address, ports: Sequence[int], control: Path) -> str:
    """The settings of haproxy. `ports`: where the processes listen, on this computer; `control`: the socket by which a
    process is taken out before it ends.
    """
    secure = f" ssl crt {address.certificate} alpn h2,http/1.1" if address.certificate else ""
    told = (
        "    http-request del-header ^(x-forwarded-.*|forwarded|via|x-real-ip)$ -m reg\n"
        "    http-request set-header X-Forwarded-For %[src]\n"
        f"    http-request set-header X-Forwarded-Proto {'https' if secure else 'http'}\n"
        if address.known
        else ""
    )
    servers = "\n".join(f"    server p{at} {LOCAL}:{port} cookie p{at}" for at, port in enumerate(ports, 1))
    metrics = (
        f"""
frontend metrics
    bind {LOCAL}:{address.metrics}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    http-request deny
"""
        if address.metrics
        else ""
    )
    return f"""global
    maxconn 4000
    log stdout format raw local0
    stats socket {control} mode 600 level admin

defaults
    mode http
    log global
    option dontlognull
    option redispatch 1
    retries 3
    timeout connect 3s
    timeout client 60s
    timeout server 180s
    timeout tunnel 12h
    timeout http-request 20s
    timeout queue 20s
    timeout check 5s

frontend readers
    bind {address.host}:{address.port}{secure}
    monitor-uri {HEALTH}
    monitor fail if {{ nbsrv(dashboards) lt 1 }}
    unique-id-format %[uuid()]
    log-format '{_LINE}'
    http-request set-var(txn.path) path,json(utf8s)
    http-request set-var(txn.path) str(/media) if {{ path_beg /media/ }}
    http-request set-var(txn.path) str(/_stcore/upload_file) if {{ path_beg /_stcore/upload_file/ }}
    stick-table type ip size 100k expire 30s store http_req_rate(10s),gpc0,gpc0_rate(10s)
    http-request track-sc0 src
    http-request sc-inc-gpc0(0) unless {{ path_beg {FILES} }}
    http-request deny deny_status 429 if {{ sc0_gpc0_rate gt {REQUESTS} }} or {{ sc0_http_req_rate gt {WITH_FILES} }}
    http-request deny if {{ path,url_dec -m beg /_stcore/metrics }}
{told}    http-request set-header X-Request-ID %[unique-id]
    http-response set-header X-Request-ID %[unique-id]
    default_backend dashboards

backend dashboards
    balance leastconn
    cookie curim_process insert indirect nocache httponly attr SameSite=Lax{" secure" if secure else ""}
    option httpchk
    http-check send meth GET uri {HEALTH} ver HTTP/1.1 hdr Host localhost
    default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
{metrics}"""


def signs_in() -> bool:
    """Whether readers sign in: where the secrets that the processes will read name an identity provider."""
    for folder in dict.fromkeys((Path.home(), Path.cwd())):  # as Streamlit looks for them
        file = folder / ".streamlit" / "secrets.toml"
        try:
            if "auth" in tomllib.loads(file.read_text("utf-8")):
                return True
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:  # of another user, or not TOML
            LOG.warning("%s cannot be read: %s", file, error)
    return False


def free_ports(number: int) -> list[int]:
    """So many ports of this computer that nobody listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind((LOCAL, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


_DIRECT: Final = build_opener(ProxyHandler({}))  # whatever proxy this computer uses for other addresses


def start_child(command: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process that Linux ends when this one ends, even killed: none is left that nobody watches."""
    tie = end_with_parent if sys.platform == "linux" else None
    return subprocess.Popen(command, env=environment, preexec_fn=tie)


def end_with_parent() -> None:
    """Have Linux end this process when the thread that started it ends."""
    _PRCTL(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of prctl(2)
_PRCTL: Final = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0


@dataclass
class _Process:
    """One process of the dashboard. `begun`: when it was started last."""

    name: str
    port: int
    running: subprocess.Popen[bytes] | None = None
    begun: float = 0.0

    def start(self, environment: dict[str, str]) -> None:
        """Start it, or start it anew."""
        self.begun = time.monotonic()
        self.running = start_child(
            [sys.executable, str(SCRIPT)],
            {**environment, "STREAMLIT_SERVER_PORT": str(self.port), PROCESS_NAME: self.name},
        )

    def answers(self) -> bool:
        """Whether it says that it is well."""
        try:
            with _DIRECT.open(f"http://{LOCAL}:{self.port}{HEALTH}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def ended(self) -> bool:
        """Whether it has ended, of itself or by something else."""
        return self.running is not None and self.running.poll() is not None

    def stop(self) -> None:
        """Ask it to end, and end it where it does not."""
        _stop(self.running)


@dataclass
class Serving:
    """Processes and the proxy before them. `environment`: what the processes get beside that of this one."""

    address: Address
    processes: int
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    _all: list[_Process] = field(default_factory=list)
    _proxy: subprocess.Popen[bytes] | None = None
    _stopping: bool = False
    _replacing: bool = False
    _folder: Path = Path()
    _cookie_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP replaces the processes one after the other. ServingError where haproxy
        is missing, or a process or the proxy does not start.
        """
        proxy = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if proxy is None:
            raise ServingError(_NO_PROXY)
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="curim-")))
            for name, do in (("SIGTERM", self._end), ("SIGINT", self._end), ("SIGHUP", self._replace_all)):
                stack.callback(signal.signal, getattr(signal, name), signal.signal(getattr(signal, name), do))
            stack.callback(self._stop_all)
            self._all = [_Process(f"p{at}", port) for at, port in enumerate(free_ports(self.processes), 1)]
            self._start_all()
            settings = self._folder / "haproxy.cfg"
            control = self._folder / "control"
            settings.write_text(proxy_settings(self.address, [one.port for one in self._all], control), "utf-8")
            self._proxy = start_child([proxy, "-W", "-f", str(settings)])
            LOG.info("%s processes on %s:%s", self.processes, self.address.host, self.address.port)
            while not self._stopping:
                self._look()
                time.sleep(LOOK)

    def _start_all(self) -> None:
        """The first one alone, which prepares the city for all; then the others."""
        environment = self._for_processes()
        for part, seconds in ((self._all[:1], PREPARED), (self._all[1:], READY)):
            for one in part:
                one.start(environment)
            for one in part:
                self._wait_for(one, seconds)

    def _for_processes(self) -> dict[str, str]:
        shared = {"CURIM_HOME": str(self.home), "STREAMLIT_SERVER_COOKIE_SECRET": self._cookie_secret}
        return {RUN_LOG: "on", **os.environ, **shared, "STREAMLIT_SERVER_ADDRESS": LOCAL, **self.environment}

    def _wait_for(self, one: _Process, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not one.answers():
            if self._stopping:
                return
            if one.ended() or time.monotonic() > until:
                why = Message(
                    "The process {name} of the dashboard does not start; its log says why.", {"name": one.name}
                )
                raise ServingError(why)
            time.sleep(LOOK)

    def _look(self) -> None:
        """Start anew what ended, and replace all where that was asked for."""
        if self._proxy is not None and self._proxy.poll() is not None:
            raise ServingError(
                Message(
                    "The proxy does not run on {host}:{port}; its log says why (is the port taken?).",
                    {"host": self.address.host, "port": self.address.port},
                )
            )
        for one in self._all:
            if one.ended() and time.monotonic() - one.begun > AGAIN:
                LOG.warning("process %s ended and is started anew", one.name)
                one.start(self._for_processes())
        if self._replacing:
            self._replacing = False
            self._replace()

    def _replace(self) -> None:
        """Replace the processes one after the other: its new readers go elsewhere, then it ends and starts anew.

        Where one does not start, as with code that is broken, the others stay as they are.
        """
        for one in self._all:
            self._tell(f"set server dashboards/{one.name} state drain")
            self._sleep(DRAINING)
            self._tell(f"set server dashboards/{one.name} state maint")
            one.stop()
            one.start(self._for_processes())
            started = self._has_started(one)
            self._tell(f"set server dashboards/{one.name} state ready")  # from here on its health decides
            if self._stopping or not started:
                return

    def _has_started(self, one: _Process) -> bool:
        """Whether a process that takes the place of another one starts."""
        try:
            self._wait_for(one, PREPARED)
        except ServingError as error:
            LOG.error("%s The processes after it were not replaced.", error)
            return False
        return True

    def _tell(self, words: str) -> None:
        """Tell the proxy something; where it cannot be told, its looks at the health of the processes have to do."""
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(ANSWER)
                control.connect(str(self._folder / "control"))
                control.sendall(f"{words}\n".encode())
                answer = control.recv(4096).decode("utf-8", "replace").strip()
        except OSError as error:
            answer = str(error)
        if answer:
            LOG.warning("the proxy did not do “%s”: %s", words, answer)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping:
            time.sleep(LOOK)

    def _end(self, *_: Any) -> None:
        self._stopping = True

    def _replace_all(self, *_: Any) -> None:
        self._replacing = True

    def _stop_all(self) -> None:
        _stop(self._proxy)
        for one in self._all:
            if one.running is not None:
                one.running.terminate()
        for one in self._all:
            one.stop()


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
