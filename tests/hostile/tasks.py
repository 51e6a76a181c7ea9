"""Tasks for a reader that try what no reader may do, or come to grief."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Told = tuple[dict[str, Any], list[Any]]


def escape(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Which of the attempts succeeded."""
    outside = Path(more["outside"])
    attempts: dict[str, Callable[[], object]] = {
        "read a file": lambda: (outside / "secret").read_text(), "list a folder": lambda: list(outside.iterdir()),
        "write a file": lambda: (outside / "new").write_text("x"),
        "remove a file": lambda: (outside / "secret").unlink(), "change a file": lambda: (outside / "secret").open("a"),
        "read the parent's environment": lambda: Path(f"/proc/{more['parent']}/environ").read_bytes(),
        "open a connection": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "run a program": lambda: subprocess.run(["/bin/true"], check=True),
        "end the parent": lambda: os.kill(more["parent"], 0),
        "write to the source": lambda: source.open("ab").write(b"x") if more["source"] else _fail(),
        "know a password": lambda: os.environ["CURIM_SMTP_PASSWORD"],
    }  # fmt: skip
    done = []
    for words, attempt in attempts.items():
        try:
            attempt()
        except (OSError, KeyError, subprocess.SubprocessError):
            continue
        done.append(words)
    (Path.cwd() / "own").write_text("x")  # its own folder is the one place where it may write
    return {"done": done, "read": source.read_bytes().decode("latin-1")}, []


def _fail() -> None:
    raise OSError


def grow(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Ask for memory, piece by piece."""
    held = []
    while True:
        held.append(bytearray(50_000_000))


def spin(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Compute for ever."""
    while True:
        pass


def sleep(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Wait for ever."""
    while True:
        time.sleep(1)


def crash(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Read from no address."""
    return {"value": ctypes.string_at(0)}, []


def fail(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Raise what nobody expects."""
    raise RuntimeError("unexpected")


def fill(source: Path, name: str, more: dict[str, Any]) -> Told:  # noqa: ARG001
    """Write without end."""
    with Path("large").open("wb") as out:
        while True:
            out.write(bytes(1 << 20))
