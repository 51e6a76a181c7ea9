"""Several processes of the dashboard behind one address, started together for a trial.

haproxy stands in front: it keeps a reader on one process (a cookie), asks each for its health every second, and sends
readers of a process that died to another one. It refuses what is for the machine's keeper alone (`/_stcore/metrics`),
gives each request an id that stands in its log and in the answer (`X-Request-ID`), and tells Prometheus of requests,
sessions and health on a port of its own. What is asked over an open connection the processes tell themselves, with the
same id: a line for each run of a page (`pages.parts.frame.record`). For a service systemd starts and replaces the
processes: `deploy/` has its units and the settings of haproxy.

Where readers sign in haproxy says who connected, whatever a request itself says of that. Where nobody does it leaves
the headers of another proxy as they are: by them the processes know a request that does not come from this computer,
and refuse it.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

from curim_data.model import N_, Message, MessageError

LOG: Final = logging.getLogger("curim")
SCRIPT: Final = Path(__file__).resolve().parents[1] / "dashboard.py"
HEALTH: Final = "/healthz"
READY: Final = "ready\n"  # what a process says there when it knows what readers ask first
PREPARING: Final = 45.0  # seconds that readers are kept waiting for that, at most
LOCAL: Final = "127.0.0.1"
LOOK: Final = 0.5  # seconds between two looks at the processes
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
_NOT_STARTED: Final = Message("The process {name} of the dashboard does not start; its log says why.", {"name": "p1"})
_NO_ADDRESS: Final = N_("The proxy does not run on {host}:{port}; its log says why (is the port taken?).")


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
    """The settings of haproxy. `ports`: where the processes listen, on this computer; `control`: the socket by which
    haproxy is told to take one out.
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
    timeout check 15s

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
            if file.exists() and "auth" in tomllib.loads(file.read_text("utf-8")):
                return True
        except (OSError, ValueError) as error:  # of another user, or not TOML
            LOG.warning("%s cannot be read: %s", file, error)
    return False


def free_ports(number: int, first: int = 0) -> list[int]:
    """So many ports of this computer that nobody listens on; OSError where that is not so of the one asked for."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind((LOCAL, first))
        return [int(probe.getsockname()[1]) for probe in probes]


def start_child(
    command: Sequence[str], environment: dict[str, str] | None = None, **settings: Any
) -> subprocess.Popen[bytes]:
    """A process that Linux ends when this one ends, even killed: none is left that nobody watches. `settings`: more of
    `Popen`.
    """
    tie = end_with_parent if sys.platform == "linux" else None
    return subprocess.Popen(command, env=environment, preexec_fn=tie, **settings)


def end_with_parent() -> None:
    """Have Linux end this process when the thread that started it ends."""
    _PRCTL(1, signal.SIGTERM)  # PR_SET_PDEATHSIG of prctl(2)


_PRCTL: Final = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0


def serve(address: Address, processes: int, environment: Mapping[str, str]) -> None:
    """Serve until SIGTERM or SIGINT. `environment`: what the processes get beside that of this one.

    ServingError where haproxy is missing or ends, or the first process does not start.
    """
    proxy = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if proxy is None:
        raise ServingError(_NO_PROXY)
    ports = free_ports(processes)
    shared = {RUN_LOG: "on", **os.environ, "STREAMLIT_SERVER_COOKIE_SECRET": secrets.token_hex(32), **environment}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="curim-")))
        settings, running = folder / "haproxy.cfg", dict[str, subprocess.Popen[bytes]]()
        settings.write_text(proxy_settings(address, ports, folder / "control"), "utf-8")
        stack.callback(_end, running)
        end_on_signals(stack)
        for at, port in enumerate(ports, 1):
            running[f"p{at}"] = _start(f"p{at}", port, shared)
            while at == 1 and not _answer(port):  # it prepares the city for all
                _check(running["p1"], _NOT_STARTED)
        haproxy, until = None, time.monotonic() + PREPARING
        while True:
            if haproxy is not None:
                _check(haproxy, Message(_NO_ADDRESS, {"host": address.host, "port": address.port}))
            elif time.monotonic() > until or all(_answer(port) == READY for port in ports):
                haproxy = running["haproxy"] = start_child([proxy, "-W", "-f", str(settings)])
                LOG.info("%s processes on %s:%s", processes, address.host, address.port)
            else:
                time.sleep(LOOK)
            for at, port in enumerate(ports, 1):
                if running[f"p{at}"].poll() is not None:
                    LOG.warning("process %s ended and is started anew", f"p{at}")
                    running[f"p{at}"] = _start(f"p{at}", port, shared)


def end_on_signals(stack: ExitStack) -> None:
    """Have Ctrl-C and the like, unless ignored, end this process as `sys.exit` does, until the stack ends."""
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if (before := signal.getsignal(name)) != signal.SIG_IGN:
            stack.callback(signal.signal, name, before)
            signal.signal(name, lambda *_: sys.exit(0))


@contextmanager
def serve_alone(
    environment: Mapping[str, str], port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """One process on a free port of this computer, without haproxy: its address, once it answers, and the process.

    It is ended afterwards; Ctrl-C does not reach it. ServingError where it does not start, or the `port` that was asked
    for is not free.
    """
    try:
        (port,), running = free_ports(1, port or 0), dict[str, subprocess.Popen[bytes]]()
    except OSError:
        raise ServingError(Message("Port {port} is taken: choose another.", {"port": f"{port}"})) from None
    with ExitStack() as stack:
        stack.callback(_end, running)
        running["p1"] = _start(
            "p1",
            port,
            {**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
        while not _answer(port):
            _check(running["p1"], _NOT_STARTED)
        yield f"http://{LOCAL}:{port}", running["p1"]


def _start(name: str, port: int, environment: Mapping[str, str], **settings: Any) -> subprocess.Popen[bytes]:
    """A process of the dashboard."""
    own = {"STREAMLIT_SERVER_ADDRESS": LOCAL, "STREAMLIT_SERVER_PORT": str(port), PROCESS_NAME: name}
    return start_child([sys.executable, str(SCRIPT)], {**environment, **own}, **settings)


def _check(process: subprocess.Popen[bytes], ended: Message) -> None:
    """Wait a moment; ServingError where the process has ended."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(LOOK)
        raise ServingError(ended)


def _answer(port: int) -> str:
    """What a process says that is well, whatever proxy this computer uses for other addresses; empty if it does not."""
    try:
        with build_opener(ProxyHandler({})).open(f"http://{LOCAL}:{port}{HEALTH}", timeout=2) as answer:
            return str(answer.read().decode())
    except (OSError, HTTPException):
        return ""


def _end(running: dict[str, subprocess.Popen[bytes]]) -> None:
    """End all processes, haproxy first."""
    for child in reversed(running.values()):
        child.terminate()
    for child in running.values():
        try:
            child.wait(10)  # seconds, in which it could end by itself
        except subprocess.TimeoutExpired:
            child.kill()
