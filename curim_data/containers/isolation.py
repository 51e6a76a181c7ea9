"""Reading of files that somebody else made, in a process of its own.

A file of a few kilobytes can make its reader ask for hundreds of gigabytes, run for days, or crash. So no byte of a
file is looked at in the process that serves pages: a reader is forked from a process that holds the libraries, bound to
its limits (`confine`), and writes what it read to a file without a name. Where it dies, it dies alone, and the file is
refused with one sentence.

Reader and dashboard exchange lines of JSON and a file of Arrow IPC streams, one for each block, checked on arrival.
Nothing of it is run, unpacked or believed: streams are read only where they are not compressed, texts are checked to be
UTF-8, and a message may hold names in braces and nothing else there.

A reader may not take more memory or time than its limits, leave a core, open a connection, run a program, or touch a
file other than its own folder and the one that it reads. Memory and time are limits of the system and hold on every
system with POSIX limits. The rest is Linux alone (Landlock and seccomp), and where a kernel lacks it, the reader goes
without: it is a second wall.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import gc
import importlib
import json
import os
import platform
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Final, NoReturn, TypeVar

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from curim_data.containers import base
from curim_data.containers.base import Limits, NoRecords, ending
from curim_data.model import Block, Choice, Facts, ImportProblem, Message, Question, Reason, RejectedRecord

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
TABLE: Final = f"{__name__}:table_of"
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
                        [sys.executable, "-P", "-c", f"from {__name__} import main; main()", str(its.fileno())],
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
            if isinstance(source, bytes):
                (self._folder / f"upload{ending(name)}").write_bytes(source)
            path = os.path.abspath(source if isinstance(source, Path) else self._folder / f"upload{ending(name)}")
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
                self._problem = base.refusal("too_much", self.name, limit=f"{self.limits.seconds} s")
            except LIES:
                self._problem = base.refusal("reader_stopped", self.name)
            self.close()
        raise self._problem

    def _why_ended(self, code: object) -> ImportProblem:
        """Why a reader ended, as far as its exit code and its last words say."""
        if code in (TEXT_CODE, -signal.SIGXFSZ):
            full = base.refusal("no_room", self.name, why=os.strerror(errno.ENOSPC))
            return (
                full if self._full else base.refusal("too_much", self.name, limit=f"{self.limits.text // 1_000_000} MB")
            )
        if code == -signal.SIGXCPU:
            return base.refusal("too_much", self.name, limit=f"{self.limits.seconds} s")
        with (self._folder / STDERR).open("rb") as last:
            last.seek(max(0, last.seek(0, os.SEEK_END) - 10_000))
            words = last.read()
        # The system ends who takes the last of the memory.
        if code in (MEMORY_CODE, -signal.SIGKILL) or any(sign in words for sign in _EXCEEDED):
            return base.refusal("too_much", self.name, limit=f"{self.limits.memory // 1_000_000} MB")
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


def open_file(source: Path | bytes, name: str, sheet: str | None = None, *, one_column: bool = False) -> base.TableFile:
    """Look at a file of alerts, whatever it is in, in a process of its own; what was read stays on disk.

    The content decides what it is; `name` is shown in messages and is a hint at most. `sheet` names the sheet, layer or
    member to read; `one_column`: a text without delimiters is a table, too. Raises `Question` where one must be named,
    ImportProblem where the file holds no table, or its reading takes more memory or time than it may.
    """
    reader = Reader(TABLE, source, name, {"sheet": sheet, "one_column": one_column})
    facts = reader.believed(lambda: TypeAdapter(Facts).validate_python(reader.head))
    return base.TableFile(facts, lambda: reader.read(lambda table: block_of(table, len(facts.labels))))


_SLACK: Final = 1 << 30  # bytes of addresses that are not memory: files that are mapped, stacks
_DEATH_SIGNAL, _NO_NEW_PRIVILEGES, _SET_SECCOMP = 1, 38, 22
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ: Final = 1 << 0 | 1 << 2 | 1 << 3  # execute (libraries are mapped so), read a file, read a folder
_READ_FILE: Final = 1 << 2
# Rights over files that each version of Landlock knows: 13 of the first one, then refer, truncate, ioctl.
_KNOWN: Final = {1: 13, 2: 14, 3: 15, 4: 15}
# Calls by machine: socket, connect, bind, listen, execve, execveat, ptrace, process_vm_readv and _writev, kill,
# rt_sigqueueinfo, pidfd_send_signal, io_uring_setup.
_FORBIDDEN: Final = {
    "x86_64": (0xC000003E, (41, 42, 49, 50, 59, 322, 101, 310, 311, 62, 129, 424, 425)),
    "aarch64": (0xC00000B7, (198, 203, 200, 201, 221, 281, 117, 270, 271, 129, 138, 424, 425)),
}


def confine(limits: Limits, folder: Path, readable: Iterable[str]) -> None:
    """Bind this process to its limits, to the files it may read and to the folder it may write to; for good."""
    memory, addresses = _own_memory()
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.text)
    _lower(resource.RLIMIT_CPU, limits.seconds, 5)  # SIGXCPU says why, SIGKILL follows
    _lower(resource.RLIMIT_AS, addresses + limits.memory + _SLACK)
    _lower(resource.RLIMIT_DATA, memory + limits.memory)
    if sys.platform == "linux":
        call = ctypes.CDLL(None, use_errno=True)
        _control(call, _DEATH_SIGNAL, signal.SIGKILL)
        _control(call, _NO_NEW_PRIVILEGES, 1)
        _restrict_files(call, folder, readable)
        _restrict_calls(call)


def _own_memory() -> tuple[int, int]:
    """Bytes of data and of addresses that the libraries take before anything is read."""
    try:
        told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
        return tuple(int(told[name].split()[0]) * 1024 for name in ("VmData", "VmSize"))  # type: ignore[return-value]
    except (OSError, KeyError, ValueError):
        return 1 << 29, 1 << 33


def _lower(kind: int, value: int, more: int = 0) -> None:
    """Set a limit, below that which the process has already; `more`: how far beyond it the system ends the process."""
    _, most = resource.getrlimit(kind)
    soft, hard = (one if most == resource.RLIM_INFINITY else min(one, most) for one in (value, value + more))
    with suppress(ValueError, OSError):  # macOS knows no limit of data
        resource.setrlimit(kind, (soft, hard))


def _restrict_files(call: ctypes.CDLL, folder: Path, readable: Iterable[str]) -> None:
    version = call.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return
    every = (1 << _KNOWN.get(version, 16)) - 1
    about = struct.pack("<Q", every)
    if version >= 4:  # no port may be bound or reached either
        about += struct.pack("<Q", 3)
    if version >= 6:  # nor a signal be sent to, nor a socket be reached of, a process outside
        about += struct.pack("<Q", 3)
    rules = call.syscall(ctypes.c_long(_CREATE_RULESET), about, ctypes.c_size_t(len(about)), ctypes.c_uint32(0))
    if rules < 0:
        return
    for path, rights in [*((path, _READ) for path in (*_libraries(), *readable)), (str(folder), every)]:
        with suppress(OSError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = rights if os.path.isdir(path) else rights & (_READ_FILE | 1)
            rule = struct.pack("<Qi", allowed, place)
            call.syscall(ctypes.c_long(_ADD_RULE), ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint32(0))
            os.close(place)
    call.syscall(ctypes.c_long(_RESTRICT_SELF), ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def _libraries() -> Iterable[str]:
    """Where programs and their data lie; of the project its code alone, beside which there may be the city's data."""
    yield from ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")
    yield from (sys.prefix, sys.base_prefix)
    for entry in filter(None, sys.path):
        if Path(entry).resolve() == ROOT:
            yield from (str(ROOT / "curim_data"), str(ROOT / "analysis"))
        else:
            yield entry


def _restrict_calls(call: ctypes.CDLL) -> None:
    """A filter of seccomp: calls that a reader never needs fail as not permitted."""
    machine = _FORBIDDEN.get(platform.machine())
    if machine is None:
        return
    architecture, numbers = machine
    allow, refuse = 0x7FFF0000, 0x00050001
    code = [(0x20, 0, 0, 4), (0x15, 0, len(numbers) + 2, architecture), (0x20, 0, 0, 0)]
    code += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    code += [(0x06, 0, 0, allow), (0x06, 0, 0, refuse)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in code))
    about = struct.pack("@HP", len(code), ctypes.addressof(program))
    place = ctypes.create_string_buffer(about)
    _control(call, _SET_SECCOMP, 2, ctypes.addressof(place))


def _control(call: ctypes.CDLL, what: int, *values: int) -> None:
    call.prctl(ctypes.c_int(what), *(ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]))


END_WAIT: Final = 5.0  # seconds beyond its limit of the clock after which a reader is ended

# A function that reads a file: (path, name, more) -> plain values, and columns or tables that are made one by one.
Task = Callable[[Path, str, dict[str, Any]], tuple[dict[str, Any], Iterable[Any]]]


def main() -> None:
    """Load what readers need, and have one forked for each order until nobody can send orders any more: the process
    from which readers are forked, which holds the libraries, reads no file itself, and ends with its parent.

    On the socket whose number it is started with come two descriptors for each file: a socket on which the order waits
    and the reader answers, and an open file for its blocks. Each reader is watched over by a process of its own, which
    ends it where whoever waits is gone, says how it ended, and removes its folder where nobody listens any more.
    """
    importlib.import_module("curim_data.containers.opening")
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
        line.sendall(as_json({"exit": code}))
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
            code = _do(task, order, sink, line)
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
        (2, folder / STDERR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        end = os.open(path, flags, 0o600)
        os.dup2(end, place)
        os.close(end)
    os.chdir(folder)
    tempfile.tempdir = str(folder)


def _do(task: Task, order: dict[str, Any], sink: IO[bytes], line: socket.socket) -> int:
    """Do a task: tell its values, write its columns, and say that this is the end, or why the file is refused.

    The exit code: of too much memory or text, or 0.
    """
    try:
        head, parts = task(Path(order["source"]), order["name"], order["more"])
        line.sendall(as_json({"head": head}))
        for part in parts:
            before = sink.tell()
            write_stream(sink, part if isinstance(part, pa.Table) else pa.table({"0": part}))
            sink.flush()
            line.sendall(as_json({"block": sink.tell() - before}))
            del part  # before the next one is made
        line.sendall(as_json({"end": True}))
    except ImportProblem as problem:
        line.sendall(as_json({"problem": problem_values(problem)}))
    except MemoryError:
        return MEMORY_CODE
    except OSError as error:
        if error.errno not in (errno.EFBIG, errno.ENOSPC):
            raise
        return TEXT_CODE
    return 0


def table_of(source: Path, name: str, more: dict[str, Any]) -> tuple[dict[str, Any], Iterator[pa.Table]]:
    """The facts of a file of records, and its blocks as tables."""
    from curim_data.containers.opening import open_table  # what readers need is not loaded by who waits for them

    opened = open_table(source, name, more["sheet"], one_column=more["one_column"])
    tables = (table for block in opened.blocks() for table in block_tables(block))
    return asdict(opened.facts), tables
