"""The dashboard and the command in processes that begin with their modules loaded.

Loading them takes seconds of the processor, a fork of a process that has them milliseconds: one such process is kept by
the standard library's fork server for all cities of a walk.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from tests.browser.conftest import ROOT, Running, wait_for

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.real.loaded"])


@contextmanager
def forked_server(home: Path, port: int, **environment: str) -> Iterator[Running]:
    """The dashboard of a home on a port, stopped afterwards; its log lies in the home."""
    log, address = home / "server.log", f"http://127.0.0.1:{port}"
    process = _started(_serve, home, port, log, environment)
    try:
        wait_for(f"{address}/_stcore/health", lambda seconds: _ended(process, seconds), log)
        yield Running(address, process.pid or 0, log)
    finally:
        process.terminate()
        process.join(15)


def forked_command(words: list[str], folder: Path, patience: float) -> tuple[int, str, str]:
    """Run the command; gives what it ended with, its output and its complaints, which are kept in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    output, complaints = folder / "command.out", folder / "command.err"
    process = _started(_run, words, output, complaints)
    if not _ended(process, patience):
        process.kill()
        raise TimeoutError(f"curim {words[0]} did not end in {patience:.0f} s")
    return process.exitcode or 0, output.read_text("utf-8"), complaints.read_text("utf-8")


def _started(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = _FORKS.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def _ended(process: BaseProcess, seconds: float) -> bool:
    process.join(seconds)
    return process.exitcode is not None


def _serve(home: Path, port: int, log: Path, environment: dict[str, str]) -> None:
    _write_to(log, log)
    os.environ.update(CURIM_HOME=str(home), STREAMLIT_SERVER_PORT=str(port), **environment)
    os.chdir(home)
    script = str(ROOT / "dashboard.py")
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")


def _run(words: list[str], output: Path, complaints: Path) -> None:
    from curim_data.cli.app import main

    _write_to(output, complaints)
    os.chdir(ROOT)
    sys.argv = ["curim", *words]
    sys.exit(main(words))


def _write_to(output: Path, complaints: Path) -> None:
    """Have all that this process writes, whoever writes it, in files."""
    for number, path in ((1, output), (2, complaints)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
