"""Reading of files that somebody else made, in a process of its own.

A file of a few kilobytes can make its reader ask for hundreds of gigabytes, run for days, or crash. So no byte of a
file is looked at in the process that serves pages: a reader is forked from a process that holds the libraries, bound to
its limits (`_reader`), and writes what it read to a file without a name. Where it dies, it dies alone, and the file is
refused with one sentence.

Reader and dashboard exchange lines of JSON and a file of Arrow IPC streams, one for each block, checked on arrival.
Nothing of it is run, unpacked or believed: streams are read only where they are not compressed, texts are checked to be
UTF-8, and a message may hold names in braces and nothing else there.
"""

from __future__ import annotations

import atexit
import errno
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from curim_data.containers import base
from curim_data.containers.base import NoRecords, ending
from curim_data.model import Block, Facts, ImportProblem, Message, Question, Reason
from curim_data.model.reasons import Choice, RejectedRecord

STDERR: Final = "stderr"  # a file in a reader's folder: its last words
MEMORY_CODE, TEXT_CODE = 75, 76  # with which a reader ends that asked for too much memory, or wrote too much
LARGE: Final = 1 << 26  # bytes of a block that is written in pieces
LONGEST: Final = 1 << 28  # bytes of the stream of a block
_MARKS: Final = {"rows": pa.int64(), "repaired": pa.bool_(), "cut": pa.bool_()}  # columns beside the texts of a block
_UNSTORED: Final = "unstored "  # before the number of a column of texts: its lines without a stored result
_ABOUT: Final = b"refused"
_DEEPEST: Final = 4  # messages in one another
_NAMES: Final = re.compile(r"(?:[^{}]|\{[a-z][a-z_0-9]*\})*")
# What is raised where something that was sent is not as it should be.
LIES: Final = (
    pa.ArrowException, ValueError, LookupError, TypeError, OSError, AttributeError, RecursionError, struct.error,
)  # fmt: skip


def as_json(value: Any) -> bytes:
    """A value as one line of JSON; halves of characters that no text may hold become question marks."""
    return b"%b\n" % json.dumps(
        value, ensure_ascii=False, default=lambda one: one.item() if isinstance(one, np.generic) else str(one)
    ).encode("utf-8", "replace")


def _checked(value: Any, right: object = True) -> Any:
    """The value. ValueError where it is not as it should be."""
    if not right:
        raise ValueError(value)
    return value


def problem_values(problem: ImportProblem) -> dict[str, Any]:
    """A refusal or a question as plain values."""
    told: dict[str, Any] = {"message": asdict(problem.message), "empty": isinstance(problem, NoRecords)}
    if isinstance(problem, Question):
        told["question"] = [problem.about, problem.flag, [asdict(choice) for choice in problem.choices]]
    return told


def problem_of(told: dict[str, Any]) -> ImportProblem:
    """The refusal or question of such values. One of `LIES` where they are none."""
    message = _message_of(told["message"])
    if "question" not in told:
        return NoRecords(message) if told.get("empty") is True else ImportProblem(message)
    about, flag, choices = told["question"]
    made = tuple(Choice(_text(one["value"]), _message_of(one["label"])) for one in choices)
    return Question(_text(about), _text(flag), message, made)


def _message_of(told: Any, depth: int = 0) -> Message:
    text, values = _checked(told["text"], depth <= _DEEPEST), told["values"]
    made = {name: _message_of(one, depth + 1) if isinstance(one, dict) else one for name, one in values.items()}
    _checked(values, all(isinstance(one, str | int | float | Message) for one in made.values()))
    return Message(_checked(text, _NAMES.fullmatch(text)), made)


def _text(value: Any) -> str:
    return str(_checked(value, isinstance(value, str)))


def write_stream(sink: Any, table: pa.Table) -> None:
    """Write a table to an open file, as an Arrow IPC stream of its own. MemoryError where that is too long."""
    if table.nbytes > LONGEST // 2:
        raise MemoryError
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)


def read_stream(content: bytes) -> pa.Table:
    """The table of such a stream. One of `LIES` where it is none, is compressed, or holds texts that are none."""
    buffer = pa.py_buffer(content)
    for message in pa.ipc.MessageReader.open_stream(buffer):
        _checked(message, message.type != "record batch" or not _compressed(memoryview(message.metadata)))
    table = pa.ipc.open_stream(buffer).read_all()
    table.validate(full=True)
    return _checked(table, not any(column.null_count for column in table.columns))


def _compressed(metadata: memoryview) -> bool:
    """Whether the head of a record batch (a FlatBuffers table) names a compression: so little may stand for a lot."""

    def member(table: int, number: int) -> int:
        known = table - struct.unpack_from("<i", metadata, table)[0]
        size = struct.unpack_from("<H", metadata, known)[0]
        offset = struct.unpack_from("<H", metadata, known + 4 + 2 * number)[0] if size > 4 + 2 * number else 0
        return table + offset if offset else 0

    header = member(struct.unpack_from("<I", metadata, 0)[0], 2)
    return bool(member(header + struct.unpack_from("<I", metadata, header)[0], 3))


def block_tables(block: Block) -> Iterator[pa.Table]:
    """A block as a table, or as several where it is larger than `LARGE`: its texts and marks are columns; the records
    that were refused stand in the metadata of the first one's schema."""
    unstored = {f"{_UNSTORED}{place}": pa.array(mask) for place, mask in sorted(block.unstored.items())}
    marks = map(pa.array, (block.rows, block.encoding_repaired, block.trailing_cut), _MARKS.values())
    columns = [*block.table.columns, *marks, *unstored.values()]
    table = pa.table(columns, names=[*block.table.column_names, *_MARKS, *unstored])
    size = table.num_rows
    rows = max(1, size * LARGE // max(table.nbytes, LARGE, 1))
    refused = [(one.row, one.reason.value, one.fields) for one in block.refused]
    for start in range(0, max(size, 1), rows):
        about = as_json([] if start else refused)
        yield table.slice(start, rows).replace_schema_metadata({_ABOUT: about})


def block_of(table: pa.Table, width: int) -> Block:
    """The block of such a table with `width` columns of texts. One of `LIES` where its parts do not fit together."""
    names = [str(at) for at in range(width)]
    places = [place for place in range(width) if f"{_UNSTORED}{place}" in table.column_names]
    known = [*((name, pa.large_string()) for name in names), *_MARKS.items()]
    known += [(f"{_UNSTORED}{place}", pa.bool_()) for place in places]
    _checked(table, table.schema == pa.schema(known))
    refused = tuple(
        RejectedRecord(_checked(row, type(row) is int), Reason(reason), tuple(map(_text, fields)))
        for row, reason, fields in json.loads(table.schema.metadata[_ABOUT])
    )
    rows, repaired, cut, *unstored = (column.to_numpy() for column in table.columns[width:])
    bare = table.select(names).replace_schema_metadata()
    return Block(bare, rows, repaired, cut, refused, dict(zip(places, unstored, strict=True)))


ROOT: Final = Path(__file__).resolve().parents[2]
TABLE: Final = "curim_data.containers._reader:table_of"
_LONGEST_LINE: Final = 1 << 26  # bytes
_PARTS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")  # files that lie beside each other and are one
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
        self._lock = threading.RLock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def forget(self) -> None:
        """Have none, in a forked process: the host stays the other one's."""
        self._lock = threading.RLock()
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.returncode = 0  # it is no child of this process
        self._control = None

    def start(self) -> socket.socket:
        """Start it, unless it runs: the socket for orders."""
        with self._lock:
            if self._control is None:
                mine, its = socket.socketpair()
                paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
                passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
                with its:
                    self._process = subprocess.Popen(
                        [sys.executable, "-P", "-m", "curim_data.containers._reader", str(its.fileno())],
                        pass_fds=[its.fileno()],
                        env={**passed, **_SET, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths))},
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        start_new_session=True,
                    )
                self._control = mine
            return self._control

    def order(self, order: Mapping[str, Any], blocks: int) -> socket.socket:
        """Have a reader forked that writes to the file `blocks`: the socket on which it answers."""
        line, its = socket.socketpair()
        line.sendall(json.dumps(order).encode() + b"\n")
        with its, self._lock:
            try:
                socket.send_fds(self.start(), [b"x"], [its.fileno(), blocks])
            except (BrokenPipeError, ConnectionResetError):
                self.stop()
                socket.send_fds(self.start(), [b"x"], [its.fileno(), blocks])
        return line

    def stop(self) -> None:
        """End it: it ends by itself when nobody can give it orders."""
        with self._lock:
            if self._control is not None and self._process is not None:
                self._control.close()
                self._process.wait(10)
            self._control = None


_HOST: Final = _Host()
os.register_at_fork(after_in_child=_HOST.forget)
atexit.register(_HOST.stop)


def warm_up() -> None:
    """Start what readers are forked from, so that the first file does not wait for it; returns at once."""
    _HOST.start()


def uploaded(source: Path | bytes, name: str, folder: Path) -> Path:
    """The path of a file; what was uploaded is put into the folder, with its ending."""
    if isinstance(source, Path):
        return source
    path = folder / f"upload{ending(name)}"
    path.write_bytes(source)
    return path


_Made = TypeVar("_Made")


class Reader:
    """A reader's process that was given a task on a file, the folder that is its own, and what it wrote.

    `head`: the plain values that the task gave. ImportProblem where the file was refused, or its reader died of it.
    """

    def __init__(self, task: str, source: Path | bytes, name: str, more: Mapping[str, Any]) -> None:
        self.name, self.limits = name, base.limits_for(base.size_of(source))
        self._lock = threading.Lock()
        self._ends, self._over = [0], False  # where each block ends in the file; whether no more will come
        self._problem: ImportProblem | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="curim-"))
        try:
            self._written: IO[bytes] = tempfile.TemporaryFile(prefix="curim-")  # noqa: SIM115
            path = os.path.abspath(uploaded(source, name, self._folder))
            beside = isinstance(source, Path) and source.suffix.lower() in _PARTS
            readable = [os.path.realpath(path), *([os.path.dirname(path)] if beside else [])]
            room = shutil.disk_usage(self._folder).free // 2  # so that files that are read at once never fill the disk
            self._full = room < self.limits.text
            limits = replace(self.limits, text=min(self.limits.text, room))
            order = {
                "task": task, "source": path, "name": name, "more": dict(more), "folder": str(self._folder),
                "readable": [] if isinstance(source, bytes) else readable, "limits": asdict(limits),
            }  # fmt: skip
            line = _HOST.order(order, self._written.fileno())
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            full = error.errno == errno.ENOSPC
            raise base.refusal("no_room" if full else "no_process", name, why=error.strerror or str(error)) from error
        self._line, self._lines = line, line.makefile("rb")
        self.close = weakref.finalize(
            self, _end, line, self._lines, self._folder
        )  # ends the reader, removes its folder
        self._deadline = time.monotonic() + self.limits.clock
        self.head: dict[str, Any] = self.believed(lambda: self._next()["head"])

    def believed(self, make: Callable[..., _Made], *given: Any) -> _Made:
        """What is made of something that was sent. ImportProblem where it is not as it should be."""
        try:
            return make(*given)
        except ImportProblem:
            raise
        except LIES:
            self._problem = base.refusal("reader_stopped", self.name)
            self.close()
            raise self._problem from None

    def read(self, make: Callable[[pa.Table], _Made]) -> Iterator[_Made]:
        """What is made of each table that the reader wrote, from the beginning, as often as wanted; waits for what is
        not there yet."""
        at = 1
        while self.believed(self._has, at):
            start, end = self._ends[at - 1 : at + 1]
            made = self.believed(
                lambda sent: make(read_stream(sent)), os.pread(self._written.fileno(), end - start, start)
            )
            yield made
            del made  # before the next one is read
            at += 1

    def _has(self, at: int) -> bool:
        """Whether there is a block of that number, once all lines up to it have come."""
        with self._lock:
            while len(self._ends) <= at and not self._over:
                told = self._next()
                self._over = told.get("end") is True
                if self._over:
                    self.close()
                else:
                    size = told["block"]
                    self._ends.append(self._ends[-1] + _checked(size, type(size) is int and 0 < size <= LONGEST))
            return len(self._ends) > at

    def _next(self) -> dict[str, Any]:
        """The next line of the reader that is no bad news; those are raised, now and whenever it is asked again."""
        if self._problem is None:
            try:
                self._line.settimeout(max(0.1, self._deadline - time.monotonic()))
                told = json.loads(self._lines.readline(_LONGEST_LINE))
                if not _checked(told, isinstance(told, dict)).keys() & {"problem", "exit"}:
                    return dict(told)
                self._problem = problem_of(told["problem"]) if "problem" in told else self._why_ended(told["exit"])
            except TimeoutError:
                self._problem = base.refusal("too_much_time", self.name, limit=self.limits.seconds)
            except LIES:
                self._problem = base.refusal("reader_stopped", self.name)
            self.close()
        raise self._problem

    def _why_ended(self, code: object) -> ImportProblem:
        """Why a reader ended, as far as its exit code and its last words say."""
        if code in (TEXT_CODE, -signal.SIGXFSZ):
            full = base.refusal("no_room", self.name, why=os.strerror(errno.ENOSPC))
            return full if self._full else base.refusal("too_much_text", self.name)
        if code == -signal.SIGXCPU:
            return base.refusal("too_much_time", self.name, limit=self.limits.seconds)
        with (self._folder / STDERR).open("rb") as last:
            last.seek(max(0, last.seek(0, os.SEEK_END) - 10_000))
            words = last.read()
        # The system ends who takes the last of the memory.
        if code in (MEMORY_CODE, -signal.SIGKILL) or any(sign in words for sign in _EXCEEDED):
            return base.refusal("too_much_memory", self.name, limit=self.limits.memory // 1_000_000)
        return base.refusal("reader_stopped", self.name)


def _end(line: socket.socket, lines: IO[bytes], folder: Path) -> None:
    """End a reader, wait until it is gone, and remove its folder."""
    try:
        line.shutdown(socket.SHUT_WR)
        line.settimeout(10)
        while line.recv(1 << 16):
            pass
    except OSError:  # it ended before
        pass
    lines.close()
    line.close()
    shutil.rmtree(folder, ignore_errors=True)


def result_of(task: str, source: Path | bytes, name: str, more: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The plain values and the columns that a function gives for a file, called in a reader of its own.

    `task`: its module and name with a colon between; it is called with the path of the file, `name` and `more`.
    ImportProblem where the file is refused.
    """
    reader = Reader(task, source, name, more)
    try:
        return reader.head, list(reader.read(lambda table: table.column(0)))
    finally:
        reader.close()


def open_isolated(source: Path | bytes, name: str, more: Mapping[str, Any]) -> base.TableFile:
    """A file of records that is read in a process of its own, once; what was read is kept on disk as long as this."""
    reader = Reader(TABLE, source, name, more)
    facts = reader.believed(lambda: TypeAdapter(Facts).validate_python(reader.head))
    return base.TableFile(facts, lambda: reader.read(lambda table: block_of(table, len(facts.labels))))
