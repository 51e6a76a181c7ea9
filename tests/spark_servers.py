"""Servers of Sail and Spark for tests: processes of their own in a temporary folder, which listen on loopback alone."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from curim_data.engine import remote
from curim_data.store import Home

PATIENCE = 90.0
WORKERS = 2


def required(engine: str, *modules: str, java: bool = False) -> None:
    """Skip the tests of an engine where something that they need is missing, unless `CURIM_TEST_ENGINES` names it."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if java and shutil.which("java") is None:
        missing.append("java")
    if missing:
        told = f"{engine} was not asked, since {', '.join(missing)} is missing (make engines)"
        assert engine not in os.environ.get("CURIM_TEST_ENGINES", "").split(","), told
        pytest.skip(told, allow_module_level=True)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server with the processes that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def sail_server(port: int = 0, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of Sail: its URL and its process."""
    port = port or free_port()
    command = [sys.executable, "-m", "pysail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    with _started([*command, *options], port, {}) as process:
        yield f"sc://127.0.0.1:{port}", process


@contextmanager
def spark_master(
    folder: Path, workers: int = WORKERS
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]], dict[str, str]]]:
    """A standalone master of Spark with its workers of one core each: its URL, the processes of the workers, and the
    environment in which it is asked.
    """
    around = _environment(folder)
    run, at, port = str(Path(around["SPARK_HOME"]) / "bin" / "spark-class"), "org.apache.spark.deploy", free_port()
    master = [run, f"{at}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())]
    with _started(master, port, around):
        url, started = f"spark://127.0.0.1:{port}", list[subprocess.Popen[bytes]]()
        try:
            for _ in range(workers):
                own, web = free_port(), str(free_port())
                worker = [run, f"{at}.worker.Worker", "--host", "127.0.0.1", "--port", str(own), "--webui-port", web]
                started.append(_start([*worker, "-c", "1", "-m", "1g", url], around))
                _await(started[-1], own)
            yield url, started, around
        finally:
            for process in started:
                end(process)


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """Spark's own server of Spark Connect, with two cores of this computer: its URL."""
    around, port = _environment(folder), free_port()
    submit = [str(Path(around["SPARK_HOME"]) / "bin" / "spark-submit"), "--master", f"local[{WORKERS}]"]
    settings = {"spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": str(port)}
    named = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    server = ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    with _started([*submit, *named, *server], port, {**around, "SPARK_DAEMON_MEMORY": "1g"}):
        yield f"sc://127.0.0.1:{port}"


def _environment(folder: Path) -> dict[str, str]:
    """Settings of Spark in a folder, and what names them; everything listens on loopback alone."""
    import pyspark

    conf = folder / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    settings = {
        **dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1"),
        **dict.fromkeys(("spark.driver.memory", "spark.executor.memory"), "1g"),
        "spark.ui.enabled": "false",
        "spark.local.dir": folder / "local",
        "spark.sql.warehouse.dir": folder / "warehouse",
    }
    (conf / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return {
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONF_DIR": str(conf),
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_DAEMON_MEMORY": "256m",
    }


def bare(home: Home, folder: Path) -> Home:
    """A copy of a home without what was worked out of its alerts."""
    shutil.copytree(home.path, folder, ignore=shutil.ignore_patterns("prepared"))
    return Home(folder)


@contextmanager
def _started(command: list[str], port: int, around: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = _start(command, around)
    try:
        _await(process, port)
        yield process
    finally:
        end(process)


def _start(command: list[str], around: dict[str, str]) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as log:
        how: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True}
        return subprocess.Popen(command, env={**os.environ, **around}, **how)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not listen")


def forget(url: str) -> None:
    """End this process's session of a URL, if it has one."""
    known = remote._sessions.pop(url, None)
    if known is not None:
        known.close()
