"""The process from which readers are forked, and what a reader does: whatever a file does, it does it there.

Run as `python -m curim_data.containers._reader FD`: it holds the libraries, reads no file itself, and ends with its
parent. On the socket FD come two descriptors for each file: a socket on which the order waits and the reader answers,
and an open file for its blocks. Each reader is watched over by a process of its own, which ends it where whoever waits
is gone, says how it ended, and removes its folder where nobody listens any more.

A reader may not take more memory or time than its limits, leave a core, open a connection, run a program, or touch a
file other than its own folder and the one that it reads. Memory and time are limits of the system and hold on every
system with POSIX limits. The rest is Linux alone (Landlock and seccomp), and where a kernel lacks it, the reader goes
without: it is a second wall.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import json
import os
import platform
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import pyarrow as pa

from curim_data.containers.base import Limits
from curim_data.containers.isolation import (
    MEMORY_CODE,
    ROOT,
    STDERR,
    TEXT_CODE,
    as_json,
    block_tables,
    problem_values,
    write_stream,
)
from curim_data.containers.opening import open_table
from curim_data.model import ImportProblem

_SLACK: Final = 1 << 30  # bytes of addresses that are not memory: files that are mapped, stacks
_DEATH_SIGNAL, _NO_NEW_PRIVILEGES, _SET_SECCOMP = 1, 38, 22
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ: Final = 1 << 0 | 1 << 2 | 1 << 3  # execute (libraries are mapped so), read a file, read a folder
_READ_FILE: Final = 1 << 2
# Rights over files that each version of Landlock knows: 13 of the first one, then refer, truncate, ioctl.
_KNOWN: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")
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
    yield from _SYSTEM
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
    opened = open_table(source, name, more["sheet"], one_column=more["one_column"])
    tables = (table for block in opened.blocks() for table in block_tables(block))
    return asdict(opened.facts), tables


if __name__ == "__main__":
    main()
