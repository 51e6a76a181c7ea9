"""Reading of files that somebody else made, in a process of its own.

A file of a few kilobytes can make its reader ask for hundreds of gigabytes, run for days, or crash. So no byte of a
file is looked at in the process that serves pages: a reader is forked from a process that holds the libraries
(`_host`), bound to its limits (`limits`, `_confine`), and tells on a socket what it read, as plain buffers that are
checked on arrival (`_wire`). Where it dies, it dies alone, and the file is refused with one sentence.

Where the system cannot fork (Windows), files are read in this process.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from curim_data.containers import _wire as wire
from curim_data.containers import limits as rules
from curim_data.containers._confine import ROOT
from curim_data.containers.base import UPLOAD
from curim_data.model import Block, Facts, ImportProblem, Message

POSSIBLE: Final = hasattr(os, "fork") and hasattr(socket, "AF_UNIX") and hasattr(socket, "send_fds")
TABLE: Final = "curim_data.containers._reader"
_PARTS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")  # files that lie beside each other and are one
STAYS: Final = 2_000_000_000  # bytes of text; the reader of a smaller file ends with its first walk through it
_END_WAIT: Final = 10.0  # seconds for the word of how a reader ended
_EXCEEDED: Final = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"Cannot allocate memory", b"out of memory")
# What readers get of the environment: no addresses, no passwords.
_PASSED: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "PROJ_DATA", "GDAL_DATA", "SYSTEMROOT")
_SET: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # others take a gigabyte of addresses at once
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a process that forks should have no other thread
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 23),  # a piece of 8 MB, as a block of text, goes back at once
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
    "PYTHONUTF8": "1",
}


class _Host:
    """The process that readers are forked from: started when it is needed first, and again where it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            self._started()

    def order(self, order: Mapping[str, Any]) -> tuple[socket.socket, socket.socket]:
        """Have a reader forked: the sockets on which it talks, and on which it is ended."""
        (line, its_line), (watch, its_watch) = socket.socketpair(), socket.socketpair()
        told = json.dumps(order).encode()
        told = wire.ORDER_LENGTH.pack(len(told)) + told
        with self._lock, its_line, its_watch:
            for attempt in (0, 1):
                try:
                    control = self._started()
                    sent = socket.send_fds(control, [told], [its_line.fileno(), its_watch.fileno()])
                    control.sendall(told[sent:])
                    break
                except (BrokenPipeError, ConnectionResetError):
                    self._stopped()
                    if attempt:
                        raise
        return line, watch

    def _started(self) -> socket.socket:
        if self._control is None:
            mine, its = socket.socketpair()
            paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
            passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
            with its:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "curim_data.containers._host", str(its.fileno())],
                    pass_fds=[its.fileno()],
                    env={**passed, **_SET, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths))},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._control = mine
        return self._control

    def _stopped(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait(_END_WAIT)
        self._control = self._process = None

    def stop(self) -> None:
        """End it: it ends by itself when nobody can give it orders."""
        with self._lock:
            self._stopped()

    def forget(self) -> None:
        """In a forked process: the host stays the other one's."""
        self._lock = threading.Lock()
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.returncode = 0  # it is no child of this process
        self._control = self._process = None


_HOST: Final = _Host()
if POSSIBLE:
    os.register_at_fork(after_in_child=_HOST.forget)
    atexit.register(_HOST.stop)


def warm_up() -> None:
    """Start what readers are forked from, so that the first file does not wait for it; returns at once."""
    if POSSIBLE:
        _HOST.start()


class ReaderGone(ImportProblem):
    """A reader that waited for another task for long enough and left, or ended with the process it was forked from."""


class Reader:
    """A reader's process that was given a task on a file, and the folder that is its own.

    `receive` gives its frames and turns its end, whatever it was, into an ImportProblem.
    """

    def __init__(self, task: str, source: Path | bytes, name: str, more: Mapping[str, Any]) -> None:
        size = rules.size_of(source)
        self.name, self.limits = name, rules.limits_for(size)
        self._folder = Path(tempfile.mkdtemp(prefix="curim-"))
        self._waited = 0.0
        self.text = 0
        try:
            path, readable = self._place(source)
            told = {"folder": str(self._folder), "readable": readable, "limits": asdict(self.limits)}
            self._line, self._watch = _HOST.order({"task": task, **told})
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise _no_process(name, error) from error
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._end = weakref.finalize(self, _end, self._line, self._watch, self._folder)
        self._send(wire.RESULT, [wire.as_json({"source": path, "name": name, "more": dict(more)})])

    def _send(self, kind: bytes, parts: Sequence[Any] = ()) -> None:
        try:
            self._line.settimeout(self.limits.clock)
            wire.send(self._line, kind, parts)
        except OSError:  # `receive` says why
            pass

    def _place(self, source: Path | bytes) -> tuple[str, list[str]]:
        """The path of the file for the reader, and what it may read."""
        if isinstance(source, bytes):
            try:
                (self._folder / UPLOAD).write_bytes(source)
            except OSError as error:
                raise _no_room(self.name, error) from error
            return str(self._folder / UPLOAD), []
        path = os.path.abspath(source)
        beside = [os.path.dirname(path)] if source.suffix.lower() in _PARTS else []
        return path, [os.path.realpath(path), *beside]

    def ask(self) -> tuple[bytes, memoryview]:
        """Ask for all records, which the next frames hold; the first of them. ReaderGone where none is there to ask."""
        self._waited, self.text = 0.0, 0
        self._send(wire.ASK)
        return self.receive()

    def receive(self) -> tuple[bytes, memoryview]:
        """The next frame. ImportProblem where the reader refused the file, or died of it."""
        start = time.monotonic()
        try:
            kind, content = wire.receive(self._line, max(0.1, self.limits.clock - self._waited))
        except TimeoutError:
            self.close()
            raise rules.too_much_time(self.name, self.limits) from None
        except (EOFError, ConnectionResetError):
            raise self._ended() from None
        except wire.WireError:
            self.close()
            raise rules.reader_stopped(self.name) from None
        self._waited += time.monotonic() - start
        self.text += len(content)
        if kind == wire.MEMORY or self.text > self.limits.text:
            self.close()
            memory = kind == wire.MEMORY
            raise rules.too_much_memory(self.name, self.limits) if memory else rules.too_much_text(self.name)
        if kind == wire.PROBLEM:
            raise self.problem(content)
        return kind, content

    def problem(self, content: memoryview) -> ImportProblem:
        """The refusal that a reader told."""
        self.close()
        try:
            return wire.problem_of(wire.from_json(content))
        except wire.WireError:
            return rules.reader_stopped(self.name)

    def _ended(self) -> ImportProblem:
        """Why the reader ended, as far as its exit code and its last words say."""
        code = self._exit_code()
        words = b""
        try:
            with (self._folder / wire.STDERR).open("rb") as last:
                last.seek(max(0, last.seek(0, os.SEEK_END) - 10_000))
                words = last.read()
        except OSError:
            pass
        self.close()
        if code == 0:
            return ReaderGone(rules.reader_stopped(self.name).message)
        if code == -_signal("SIGXCPU"):
            return rules.too_much_time(self.name, self.limits)
        if code == -_signal("SIGKILL") or any(sign in words for sign in _EXCEEDED):
            return rules.too_much_memory(self.name, self.limits)  # the system ends who takes the last of it
        if code == -_signal("SIGXFSZ"):
            return rules.too_much_text(self.name)
        return rules.reader_stopped(self.name)

    def _exit_code(self) -> int:
        self._watch.settimeout(_END_WAIT)
        try:
            return int(self._watch.recv(16) or b"0")
        except (OSError, ValueError):
            return 1

    def close(self) -> None:
        """End the reader and remove its folder."""
        self._end()


def _signal(name: str) -> int:
    import signal

    return int(getattr(signal, name, 0))


def _end(line: socket.socket, watch: socket.socket, folder: Path) -> None:
    """End a reader, wait until it is gone, and remove its folder."""
    line.close()
    try:
        watch.settimeout(_END_WAIT)
        watch.send(b"x")
        watch.recv(16)
    except OSError:  # it ended before
        pass
    watch.close()
    shutil.rmtree(folder, ignore_errors=True)


def _no_room(name: str, error: OSError) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: the file cannot be put aside to be read ({why}). Make room on the disk and import it again.",
            {"name": name, "why": error.strerror or str(error)},
        )
    )


def _no_process(name: str, error: OSError) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: no process can be started to read the file ({why}). Ask whoever runs the dashboard.",
            {"name": name, "why": error.strerror or str(error)},
        )
    )


def result_of(task: str, source: Path | bytes, name: str, more: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The head and the columns that a function gives for a file, called in a reader of its own.

    `task`: its module and name with a colon between; it is called with the path of the file, `name` and `more`.
    ImportProblem where the file is refused.
    """
    reader = Reader(task, source, name, more)
    try:
        kind, content = reader.receive()
        if kind != wire.RESULT:
            raise rules.reader_stopped(name)
        return wire.unpacked(content)
    except wire.WireError:
        raise rules.reader_stopped(name) from None
    finally:
        reader.close()


class IsolatedFile:
    """An `Opened` whose file is read in a process of its own.

    The reader of a large file stays for a while after each walk through it, since importers keep what smaller ones hold
    on disk; where it is gone, the file is opened again.
    """

    def __init__(self, source: Path | bytes, name: str, sheet: str | None, *, one_column: bool = False) -> None:
        self._source, self._name = source, name
        self._more = {"sheet": sheet, "one_column": one_column}
        self._free: list[Reader] = []
        reader, self.facts = self._open()
        self._free.append(reader)
        weakref.finalize(self, _close_all, self._free)

    def _open(self) -> tuple[Reader, Facts]:
        reader = Reader(TABLE, self._source, self._name, self._more)
        try:
            kind, content = reader.receive()
            if kind != wire.FACTS:
                raise wire.WireError
            return reader, wire.facts_of(wire.from_json(content))
        except wire.WireError:
            reader.close()
            raise rules.reader_stopped(self._name) from None
        except BaseException:
            reader.close()
            raise

    def blocks(self) -> Iterator[Block]:
        """The records. ImportProblem where the rest cannot be read, or the file is another one by now."""
        reader, first = self._asked()
        try:
            kind, content = first
            while kind == wire.BLOCK:
                block = wire.block_of(content)
                if block.table.num_columns != len(self.facts.labels):
                    raise wire.WireError
                del content
                yield block
                del block  # before the next one comes
                kind, content = reader.receive()
            if kind != wire.END:
                raise wire.WireError
        except wire.WireError:
            reader.close()
            raise rules.reader_stopped(self._name) from None
        except BaseException:
            reader.close()
            raise
        if reader.text >= STAYS:
            self._free.append(reader)
        else:
            reader.close()

    def _asked(self) -> tuple[Reader, tuple[bytes, memoryview]]:
        """A reader that was asked for its records, and its first answer."""
        while self._free:
            reader = self._free.pop()
            try:
                return reader, reader.ask()
            except ReaderGone:
                continue
        reader, facts = self._open()
        if facts != self.facts:
            reader.close()
            raise ImportProblem(
                Message("{name}: the file was changed while it was read. Import it again.", {"name": self._name})
            )
        return reader, reader.ask()


def _close_all(readers: list[Reader]) -> None:
    while readers:
        readers.pop().close()
