"""The process from which readers are forked, and what a reader does: whatever a file does, it does it there.

Run as `python -m curim_data.containers._reader FD`: it holds the libraries, reads no file itself, and ends with its
parent. On the socket FD come two descriptors for each file: a socket on which the order waits and the reader answers,
and an open file for its blocks. Each reader is watched over by a process of its own, which ends it where whoever asked
is gone, says how it ended, and removes its folder where nobody listens any more.
"""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import pyarrow as pa

from curim_data.containers import _wire as wire
from curim_data.containers._confine import confine
from curim_data.containers.limits import Limits
from curim_data.containers.opening import open_table
from curim_data.model import ImportProblem

END_WAIT: Final = 5.0  # seconds beyond its limit of the clock after which a reader is ended

# A function that reads a file: (path, name, more) -> plain values, and columns or tables that are made one by one.
Task = Callable[[Path, str, dict[str, Any]], tuple[dict[str, Any], Iterable[Any]]]


def main() -> None:
    """Load what readers need, and have one forked for each order until nobody can send orders any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch over readers
    control = socket.socket(fileno=int(sys.argv[1]))
    gc.collect()
    while ends := socket.recv_fds(control, 1, 2)[1]:
        line, blocks = socket.socket(fileno=ends[0]), ends[1]
        order = json.loads(line.makefile("rb").readline() or b"{}")
        if order:
            importlib.import_module(order["task"].partition(":")[0])  # once, for all readers after it
            gc.freeze()
            if not os.fork():
                control.close()
                _watch(line, blocks, order)
        line.close()
        os.close(blocks)


def _watch(line: socket.socket, blocks: int, order: dict[str, Any]) -> NoReturn:
    """Fork a reader; end it where whoever asked is gone, say how it ended, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended, held = os.pipe()
    reader = os.fork()
    if not reader:
        os.close(ended)
        _become_reader(line, blocks, order)
    os.close(held)
    select.select([line.fileno(), ended], [], [], order["limits"]["clock"] + END_WAIT)
    os.kill(reader, signal.SIGKILL)  # one that ended has its exit code already
    code = os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])
    try:
        line.sendall(wire.as_json({"exit": code}))
    except OSError:
        shutil.rmtree(order["folder"], ignore_errors=True)
    os._exit(0)


def _become_reader(line: socket.socket, blocks: int, order: dict[str, Any]) -> NoReturn:
    """Do what an order says, within its limits, and end."""
    code = 1
    try:
        folder = Path(order["folder"])
        _redirect(folder)
        module, _, function = order["task"].partition(":")
        task: Task = getattr(importlib.import_module(module), function)
        confine(Limits(**order["limits"]), folder, order["readable"])
        with os.fdopen(blocks, "wb") as sink:
            line.sendall(wire.as_json(_outcome(task, order, sink, line)))
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _redirect(folder: Path) -> None:
    """Leave nothing but its folder to work in, and a file there for its last words."""
    for place, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, os.devnull, os.O_WRONLY),
        (2, folder / wire.STDERR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        end = os.open(path, flags, 0o600)
        os.dup2(end, place)
        os.close(end)
    os.chdir(folder)
    tempfile.tempdir = str(folder)


def _outcome(task: Task, order: dict[str, Any], sink: IO[bytes], line: socket.socket) -> dict[str, Any]:
    """Do a task: tell its values, write its columns. The last line: that this is the end, or why it came early."""
    try:
        head, parts = task(Path(order["source"]), order["name"], order["more"])
        line.sendall(wire.as_json({"head": head}))
        for part in parts:
            before = sink.tell()
            wire.write_stream(sink, part if isinstance(part, pa.Table) else pa.table({"0": part}))
            sink.flush()
            line.sendall(wire.as_json({"block": sink.tell() - before}))
            del part  # before the next one is made
    except ImportProblem as problem:
        return {"problem": wire.problem_values(problem)}
    except MemoryError:
        return {"exceeded": "memory"}
    except OSError as error:
        if error.errno not in (errno.EFBIG, errno.ENOSPC):
            raise
        return {"exceeded": "text"}
    return {"end": True}


def table_of(source: Path, name: str, more: dict[str, Any]) -> tuple[dict[str, Any], Iterator[pa.Table]]:
    """The facts of a file of records, and its blocks as tables."""
    opened = open_table(source, name, more["sheet"], one_column=more["one_column"])
    tables = (table for block in opened.blocks() for table in wire.block_tables(block))
    return asdict(opened.facts), tables


if __name__ == "__main__":
    main()
